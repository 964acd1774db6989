"""Which file of the repository is which page of the site, and the links between them.

Links in Markdown files point to files of the repository, so that they work in any viewer of it. The site has the same
files under other names, and those outside of `docs/` that pages link to are copied.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = "docs"
"""Where the pages are."""

ELSEWHERE: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "benchmarks/RESULTS.md": "benchmarks.md",
}
"""Pages that are stored outside of `docs/`, by their names on the site."""

_LINK = re.compile(r"(\]\()([^()\s]+)(\))")
_FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_BADGES = re.compile(r"<!-- badges -->.*?<!-- end of badges -->\n*", re.DOTALL)
_PLACEHOLDER = re.compile(r",\s+default:\s+<code>\.\.\.</code>\s*")
_SHORT = re.compile(r"(?<!</span>)<code>(?=[^<\n]{1,36}</code>)")
_OUTSIDE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|#)")


def source_of(page: str) -> str:
    """The file of a page: its path in the repository."""
    return next((source for source, name in ELSEWHERE.items() if name == page), f"{FOLDER}/{page}")


def place_of(source: str) -> str:
    """The path on the site of a file of the repository."""
    return ELSEWHERE.get(source, source.removeprefix(f"{FOLDER}/"))


def adapted(markdown: str, page: str) -> str:
    """A page's text with links to the site's pages, and without the badges, which are for viewers of the repository."""

    def link(found: re.Match[str]) -> str:
        before, target, after = found.groups()
        return f"{before}{_link(target, page)}{after}"

    parts = _FENCE.split(_BADGES.sub("", markdown))
    return "".join(part if part.startswith("```") else _LINK.sub(link, part) for part in parts)


def _link(target: str, page: str) -> str:
    if _OUTSIDE.match(target):
        return target
    path, mark, anchor = target.partition("#")
    source = _resolved(source_of(page), path)
    if not (ROOT / source).exists():
        return target  # MkDocs reports it
    return posixpath.relpath(place_of(source), posixpath.dirname(page) or ".") + mark + anchor


def without_placeholders(html: str) -> str:
    """A page's HTML without `default: ...`: the reference has it for each optional key of a TypedDict."""
    return _PLACEHOLDER.sub("", html)


def marked(html: str) -> str:
    """A page's HTML in which code that fits a line on a narrow screen has the class `short`."""
    return _SHORT.sub('<code class="short">', html)


def linked(markdown: str, page: str) -> Iterator[str]:
    """The files of the repository that a page links to, and that are not part of `docs/`."""
    for part in _FENCE.split(_BADGES.sub("", markdown)):
        for found in () if part.startswith("```") else _LINK.finditer(part):
            target = found.group(2)
            source = _resolved(source_of(page), target.partition("#")[0])
            if not _OUTSIDE.match(target) and not source.startswith(f"{FOLDER}/") and (ROOT / source).is_file():
                yield source


def _resolved(source: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
