"""The files of a revision, as the server locates them: nothing that it sends is trusted before it is checked here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

import httpx

from together_ext.api.responses import text
from together_ext.archive.names import Names, checked
from together_ext.errors import ArchiveError, IntegrityError
from together_ext.text import printable
from together_ext.transfer.network.headers import without_framing
from together_ext.transfer.network.redirects import RedirectRefused, redirect_target
from together_ext.transfer.parts import Part
from together_generated import models

PART: Final = 20 * 1024 * 1024
"""Bytes of a part, of which the server's hashes are made."""

KNOWN: Final = re.compile(r"(?P<md5>[0-9a-f]{32})(?:-(?P<parts>[0-9]{1,7}))?")
"""A hash of the known form: an MD5, and the number of parts unless there is one; the official SDK counts none in an
empty file."""

PARTIAL: Final = re.compile(r"\.part(?=[./]|$)")
"""The end of the name of a file, in those of its partial files."""

LARGEST: Final = 1 << 50
"""Maximum size of a file in bytes."""

ANYWHERE: Final = httpx.URL("http:")
"""What the address of a part is relative to: nothing, so that one without a host is refused."""


@dataclass(frozen=True)
class LocatedFile:
    """A file of a revision, and where its parts are.

    Attributes:
        path: Its path below the model's folder, with `/` between its parts.
        size: Its size in bytes.
        hash: The server's hash; empty if there is none.
        parts: Its parts, in order and without gaps; none of an empty file.
    """

    path: str
    size: int
    hash: str
    parts: tuple[Part, ...]

    @property
    def verifiable(self) -> bool:
        """Whether the hash is of the known form, for the size of the file."""
        match = KNOWN.fullmatch(self.hash)
        if match is None:
            return False
        needed = -(-self.size // PART)
        return needed <= 1 if match["parts"] is None else match["parts"] == str(needed)

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """The spans in which it is held in memory: its parts, in pieces of at most `PART` bytes."""
        return [block for part in self.parts for block in blocks_of(part)]


def blocks_of(part: Part) -> list[tuple[int, int]]:
    """A part in pieces of at most `PART` bytes."""
    return [(start, min(start + PART, part.stop)) for start in range(part.start, part.stop, PART)]


def located(answer: models.ModelDownload, model: str) -> list[LocatedFile]:
    """The files of a response, checked.

    Args:
        answer: The response.
        model: The model, for errors.

    Raises:
        IntegrityError: A path leads out of the folder, or sizes and parts contradict each other.
    """
    names, found = Names(), []
    for item in answer.files if isinstance(answer.files, list) else ():
        if not isinstance(item, models.DownloadFile):
            raise IntegrityError(f"the server sent a file of {model} that has no valid form: try again later")
        path = _path(item.path, model, names)
        size, parts = _size(item.size_bytes, path), item.parts if isinstance(item.parts, list) else []
        found.append(LocatedFile(path, size, text(item.hash_) or "", tuple(_parts(parts, size, path))))
    _check_partials({file.path for file in found}, model)
    return found


def _check_partials(paths: set[str], model: str) -> None:
    """Refuse a file at a path that the download of another one uses; one of them would be lost."""
    for path in paths:
        for match in PARTIAL.finditer(path):
            if (other := path[: match.start()]) in paths:
                raise IntegrityError(
                    f"{model} has the file {printable(repr(path), 200)}, which is also the partial file of "
                    f"{printable(repr(other), 200)}: exclude one of them (exclude, --exclude)"
                )


def _path(value: object, model: str, names: Names) -> str:
    path = text(value) or ""
    try:
        if not path or checked(path) != path:
            raise ArchiveError("it is not a plain relative path")
        names.add_file(path)
    except ArchiveError as error:
        shown = printable(repr(path), 200)
        raise IntegrityError(
            f"{model} has a file with the path {shown}, which is refused ({printable(str(error), 200)}); "
            "nothing was downloaded"
        ) from error
    return path


def _size(value: object, path: str) -> int:
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]{1,16}", digits) or int(digits) > LARGEST:
        raise IntegrityError(f"{path} has the size {printable(repr(value), 40)}: expected a number of bytes")
    return int(digits)


def _parts(items: Sequence[object], size: int, path: str) -> list[Part]:
    parts = _numbered(items, path)
    sizes = [_size(one.size_bytes, f"part {number} of {path}") for number, one in enumerate(parts, 1)]
    if sum(sizes) != size:
        raise IntegrityError(f"{path} has {size:,} bytes, and its parts have {sum(sizes):,}: try again later")
    edges = [0, *accumulate(sizes)]
    found = [_part(one, *span, path) for one, span in zip(parts, pairwise(edges), strict=True)]
    return [part for part in found if part.stop > part.start]


def _numbered(items: Sequence[object], path: str) -> list[models.DownloadPart]:
    """The parts by their numbers, of which none is missing."""
    numbered = (one for one in items if isinstance(one, models.DownloadPart) and isinstance(one.part_number, int))
    parts = {one.part_number: one for one in numbered}
    if len(parts) != len(items) or parts.keys() != set(range(1, len(parts) + 1)):
        numbers = [getattr(one, "part_number", None) for one in items]
        raise IntegrityError(f"{path} has the parts {printable(str(numbers), 100)}: expected all numbers from 1")
    return [parts[number] for number in range(1, len(parts) + 1)]


def _part(one: models.DownloadPart, start: int, stop: int, path: str) -> Part:
    url = text(one.url) or ""
    try:
        redirect_target(ANYWHERE, url)
    except RedirectRefused as refused:
        raise IntegrityError(
            f"part {one.part_number} of {path} has no http or https address: try again later"
        ) from refused
    headers = one.headers.to_dict() if isinstance(one.headers, models.DownloadPartHeadersType0) else {}
    texts = {name: f"{name}{it}" for name, it in headers.items() if isinstance(it, str)}
    usable = {name: headers[name] for name, both in texts.items() if both.isprintable() and both.isascii()}
    return Part(start, stop, url, without_framing(usable))
