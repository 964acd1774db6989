"""Where things lie: the scratch folder, and what is measured in."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SCRATCH: Final = ROOT / ".bench"
"""Ignored by git; sources, the peers' environments, nginx's files and raw figures. May be deleted at any time."""

OUTPUT: Final = SCRATCH / "output"
SOURCES: Final = SCRATCH / "sources"
DRIVERS: Final = Path(__file__).resolve().parent / "drivers"

MIB: Final = 1 << 20
GIB: Final = 1 << 30

_UNITS: Final = {"KiB": 1 << 10, "MiB": MIB, "GiB": GIB}


def parse_size(text: str) -> int:
    """Bytes of `20MiB`, `1GiB` and the like.

    Raises:
        ValueError: It is nothing of the kind.
    """
    match = re.fullmatch(r"([1-9][0-9]*)\s*(KiB|MiB|GiB)", text)
    if match is None:
        raise ValueError(f"{text!r} is no size: expected one such as 20MiB or 1GiB")
    return int(match[1]) * _UNITS[match[2]]


def shown_size(size: int) -> str:
    """A size as people write it."""
    unit = next(name for name in ("GiB", "MiB", "KiB") if size % _UNITS[name] == 0 or name == "KiB")
    return f"{size // _UNITS[unit]} {unit}"


def emptied(folder: Path) -> Path:
    """A folder without anything in it; made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return folder


def replaced(path: Path, text: str) -> None:
    """Write a text file that is whole at every moment, so that an interrupted run spoils no results."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    scratch = Path(file.name)
    scratch.chmod(0o644)
    os.replace(scratch, path)  # noqa: PTH105 -- both are paths already
