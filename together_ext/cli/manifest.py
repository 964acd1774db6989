"""Lists of names and manifests: text with one name, or one JSON object, on each line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from together_ext.destinations.urls import is_object_url, parse_url
from together_ext.errors import TogetherExtError
from together_ext.storage import storage_errors

from .exits import BadUsageError, code_of, sentence_of
from .paths import path_of
from .render.documents import plain

if TYPE_CHECKING:
    from together_ext.bulk import Outcome
    from together_ext.fine_tuning.download_result import DownloadResult

LONGEST_LINE: Final = 16 << 20
"""Maximum number of characters of a line; an entry of a manifest has the hash of each extracted file."""


def names_of(path: str) -> list[str]:
    """The names of a file: one on each line, or a manifest.

    Args:
        path: The file; `-` for standard input. Empty lines and lines that begin with `#` are ignored.

    Raises:
        BadUsageError: A line is not a name, or the file cannot be read.
    """
    try:
        if path == "-":
            if sys.stdin is None:
                raise BadUsageError("--from - cannot be read: standard input is closed")
            return list(_names(sys.stdin, "standard input"))
        with Path(path_of(path, "--from")).open(encoding="utf-8") as lines:
            return list(_names(lines, path))
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is not text in UTF-8"
        raise BadUsageError(f"--from {path} cannot be read ({reason}): name a file with IDs or a manifest") from error


def _names(lines: TextIO, source: str) -> Iterator[str]:
    for number, line in enumerate(iter(partial(lines.readline, LONGEST_LINE + 1), ""), 1):
        if len(line) > LONGEST_LINE:
            raise BadUsageError(f"line {number} of {source} is longer than {LONGEST_LINE:,} characters")
        # Editors on Windows begin a file with a byte order mark.
        text = line.removeprefix("\ufeff").strip()
        if text.startswith("{"):
            yield _name_of_entry(text, f"line {number} of {source}")
        elif text and not text.startswith("#"):
            yield text


def _name_of_entry(line: str, place: str) -> str:
    try:
        found = json.loads(line)["name"]
    except (ValueError, KeyError, RecursionError):
        found = None
    if not isinstance(found, str):
        raise BadUsageError(f"{place} is not an entry of a manifest: expected a JSON object with a name")
    return found


@contextmanager
def manifest(
    path: str | None, storage: Mapping[str, str] | None = None, options: Collection[str] = ()
) -> Iterator[Callable[[Outcome[DownloadResult]], object]]:
    """A function that adds an outcome to the manifest, which is written line by line.

    Args:
        path: The manifest; None for none.
        storage: The settings of the object store that the downloads go to.
        options: The options of the running command, for the messages of errors.

    Raises:
        StorageError: The manifest cannot be written; also raised by the function.
    """
    if path is None:
        yield lambda _: None
        return
    place = Path(path_of(path, "--manifest"))

    def add(outcome: Outcome[DownloadResult]) -> None:
        with storage_errors(place, "write to"):
            _write(file, json.dumps(plain(entry_of(outcome, storage, options)), ensure_ascii=True).encode() + b"\n")

    with storage_errors(place, "write to"):
        file = place.open("ab", buffering=0)
    with file:
        if _is_cut(place):
            _write(file, b"\n")
        yield add


def _is_cut(path: Path) -> bool:
    """Whether the last line has no end: of a process that was killed, or of an editor."""
    # Not of a pipe, whose reader would wait.
    if path.is_file():
        with suppress(OSError), path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    return False


def _write(file: FileIO, data: bytes) -> None:
    while data:
        data = data[file.write(data) :]


def entry_of(
    outcome: Outcome[DownloadResult], storage: Mapping[str, str] | None = None, options: Collection[str] = ()
) -> Mapping[str, object]:
    """An outcome as a document: of a folder or a prefix, with the hash of each file."""
    entry: dict[str, object] = {"name": outcome.name, "seconds": round(outcome.seconds, 3)}
    if outcome.host is not None:
        entry["host"] = outcome.host
    if outcome.error is not None:
        return {**entry, "error": {"code": code_of(outcome.error), "message": sentence_of(outcome.error, options)}}
    result = outcome.unwrap()
    entry |= {"result": plain(result)}
    if result.extracted_to is not None:
        entry["files"] = _receipt(result.extracted_to, storage).get("files")
    return entry


def _receipt(place: str, storage: Mapping[str, str] | None) -> Mapping[str, object]:
    """The receipt of a folder or a prefix; empty if it cannot be read."""
    if not is_object_url(place):
        from together_ext.archive.receipt import origin

        return origin(Path(place)) or {}
    from together_ext.destinations.object_state import look
    from together_ext.destinations.store import Store

    try:
        return look(Store(parse_url(place, "output"), storage)).document
    except TogetherExtError:
        return {}
