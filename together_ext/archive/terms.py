"""The options of an extraction and its result."""

from __future__ import annotations

from dataclasses import dataclass

from .limits import Limits
from .weights.base_model import BaseChoice
from .weights.layout import Layout


@dataclass(frozen=True)
class Terms:
    """The options of an extraction.

    Attributes:
        base: The base model that an adapter is to name.
        limits: The limits of the archive (default: `Limits()`).
        overwrite: Whether an existing folder may be replaced.
        expected: The required layout; None accepts any.
        durable: Whether everything is flushed to the disk before the folder appears.
    """

    base: BaseChoice
    limits: Limits | None = None
    overwrite: bool = False
    expected: Layout | None = None
    durable: bool = True


@dataclass(frozen=True)
class UnpackedFile:
    """An extracted file.

    Attributes:
        path: Its path inside the folder, with `/` between its parts.
        size: Its size in bytes.
        sha256: The SHA-256 of its content, in hexadecimal.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Extracted:
    """An extracted folder.

    Attributes:
        folder: Its absolute path.
        layout: `adapter`, `model` or `unknown`.
        files: The files in it, sorted by path, without the receipt.
    """

    folder: str
    layout: Layout
    files: tuple[UnpackedFile, ...]
