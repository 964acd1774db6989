"""An archive's uncompressed bytes, in pieces, made by a thread of their own while the pieces before are used."""

from __future__ import annotations

import gzip
import queue
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Final, cast

from together_ext.errors import ArchiveError

from .sniff import ArchiveFormat, sniff
from .source import ArchiveSource, OpenArchive

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

PIECE: Final = 1 << 20
"""Bytes of a piece at the most, whatever a bomb would like."""

CHUNK: Final = 512 << 10
"""Bytes that are read at once: smaller ones cost more handing over, larger ones fall out of the processor's cache."""

AHEAD: Final = 8
"""Pieces that may wait to be used: enough to even out, little to hold."""

_HEAD: Final = 512


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
        worker = _Ahead(_decompressed(file, format_), name)
        try:
            yield file.size, iter(worker)
        finally:
            source.interrupt()
            worker.close()


def _decompressed(file: OpenArchive, format_: ArchiveFormat) -> Iterator[bytes]:
    match format_:
        case ArchiveFormat.TAR_ZST:
            return _zstd(file)
        case ArchiveFormat.TAR_GZ:
            # It does no more than read.
            return iter(partial(gzip.GzipFile(fileobj=cast("IO[bytes]", file)).read, PIECE), b"")
        case ArchiveFormat.TAR:
            return iter(partial(file.read, PIECE), b"")


def _zstd(file: OpenArchive) -> Iterator[bytes]:
    """Any number of frames. `zstd.ZstdFile` does the same, in an eighth more time."""
    frame = zstd.ZstdDecompressor()
    while True:
        data = b""
        if frame.eof:
            data = frame.unused_data or file.read(CHUNK)
            if not data:
                return
            frame = zstd.ZstdDecompressor()
        elif frame.needs_input:
            data = file.read(CHUNK)
            if not data:
                raise EOFError("it ends inside a frame")
        if piece := frame.decompress(data, PIECE):
            yield piece


class _Ahead:
    """Reads on in a thread while others use what was read: decompression releases the interpreter's lock."""

    def __init__(self, source: Iterator[bytes], name: str) -> None:
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
            for piece in self._source:
                self._pieces.put(piece)
                if self._stop.is_set():
                    return
            self._pieces.put(b"")
        except (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError) as error:
            failure = ArchiveError(f"{self._name} is damaged or cut short ({error}); fetch it again")
            failure.__cause__ = error
            self._pieces.put(failure)
        except Exception as error:  # noqa: BLE001 -- it is raised again where the pieces are used
            self._pieces.put(error)
