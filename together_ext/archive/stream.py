"""An archive's uncompressed bytes, in pieces, made by a thread of their own while the pieces before are used."""

from __future__ import annotations

import gzip
import queue
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

from together_ext.errors import ArchiveError

from .sniff import ArchiveFormat, sniff
from .source import ArchiveSource, OpenArchive

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

PIECE: Final = 1 << 20
AHEAD: Final = 4
"""Pieces that may wait to be used: enough to even out, little to hold."""

_HEAD: Final = 512


class Pieces(Protocol):
    """What can be read from its front to its end."""

    def read(self, count: int, /) -> bytes:
        """The next bytes; none at the end."""


@contextmanager
def uncompressed(source: ArchiveSource, name: str) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Open an archive of any known format; yields its size and its uncompressed bytes.

    Args:
        source: The archive.
        name: What to call it in errors.

    Raises:
        ArchiveError: It is none, or it is damaged (raised by the iterator).
        OSError: It cannot be read.
    """
    with source.open() as file:
        head = file.read(_HEAD)
        file.seek(0)
        format_ = sniff(head)
        if format_ is None:
            what = "is empty" if not head else "is neither a zstd nor a gzip nor a plain tar archive"
            raise ArchiveError(f"{name} {what}; fetch it again")
        worker = _Ahead(_opened(file, format_), name)
        try:
            yield file.size, iter(worker)
        finally:
            source.interrupt()
            worker.close()


def _opened(file: OpenArchive, format_: ArchiveFormat) -> Pieces:
    readable = cast("IO[bytes]", file)  # neither of them does more than read
    match format_:
        case ArchiveFormat.TAR_ZST:
            return zstd.ZstdFile(readable)
        case ArchiveFormat.TAR_GZ:
            return gzip.GzipFile(fileobj=readable)
        case ArchiveFormat.TAR:
            return file


class _Ahead:
    """Reads on in a thread while others use what was read: decompression releases the interpreter's lock."""

    def __init__(self, source: Pieces, name: str) -> None:
        self._source, self._name = source, name
        self._pieces: queue.Queue[bytes | Exception] = queue.Queue(AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            piece = self._pieces.get()
            if isinstance(piece, Exception):
                raise piece
            if not piece:
                return
            yield piece

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        while self._thread.is_alive():
            with suppress(queue.Empty):
                self._pieces.get_nowait()
            self._thread.join(0.01)

    def _read(self) -> None:
        try:
            while not self._stop.is_set():
                piece = self._source.read(PIECE)
                self._pieces.put(piece)
                if not piece:
                    return
        except (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError) as error:
            failure = ArchiveError(f"{self._name} is damaged or cut short ({error}); fetch it again")
            failure.__cause__ = error
            self._pieces.put(failure)
        except Exception as error:  # noqa: BLE001 -- it is raised again where the pieces are used
            self._pieces.put(error)
