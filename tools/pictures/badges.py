"""Badges: facts of `pyproject.toml`, so that they are true, and images of our own, so that they are always there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

WIDTH: Final = 6.6
"""Of a character, in pixels."""
PREFIX: Final = "Programming Language :: Python :: 3."


def badges(project: Mapping[str, Any]) -> dict[str, str]:
    """The images by their names.

    Args:
        project: What is in `pyproject.toml`.
    """
    facts = project["project"]
    versions = [name.removeprefix(PREFIX) for name in facts["classifiers"] if name.startswith(PREFIX)]
    floor = project["tool"]["coverage"]["report"]["fail_under"]
    return {
        "python": _badge("python", " | ".join(f"3.{version}" for version in versions)),
        "license": _badge("license", facts["license"]),
        "types": _badge("types", "mypy strict" if project["tool"]["mypy"]["strict"] else "mypy"),
        "coverage": _badge("branch coverage", f"at least {floor} %"),
    }


def _badge(label: str, value: str) -> str:
    left, right = (round(len(text) * WIDTH) + 12 for text in (label, value))
    title = escape(f"{label}: {value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        "<style>text{font:11px Verdana,'DejaVu Sans',sans-serif;fill:#fff}</style>"
        f'<rect width="{left + right}" height="20" rx="3" fill="#4051b5"/>'
        f'<path d="M3 0h{left - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444c56"/>'
        f"{_text(label, 6, left - 12)}{_text(value, left + 6, right - 12)}</svg>\n"
    )


def _text(text: str, x: int, length: int) -> str:
    return f'<text x="{x}" y="14" textLength="{length}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
