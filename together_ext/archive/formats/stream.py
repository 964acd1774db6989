"""The uncompressed bytes of an archive, in pieces; a separate thread decompresses ahead of the reader."""

from __future__ import annotations

import queue
import re
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from together_ext.archive.limits import FREE_EXPANSION, Limits
from together_ext.clock import TURN, started
from together_ext.errors import ArchiveError, OutOfMemoryError, StorageError, TogetherExtError, TransferCancelledError

from .frame import LONGEST, SKIPPABLE_HEADER, FrameHeader, is_skippable, skippable_size
from .sniff import HEAD, ArchiveFormat, sniff
from .source import ArchiveSource, OpenArchive

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

PIECE: Final = 1 << 20
"""Maximum size of a piece, in bytes, so that a decompression bomb cannot exhaust memory."""

SMALL: Final = 64 << 10
"""Smaller pieces, in bytes, are joined: handing over a small piece takes longer than decompressing it."""

CHUNK: Final = 512 << 10
"""Bytes that are read at once: smaller chunks cost more calls, larger ones exceed the processor's cache."""

FIRST: Final = 64
"""Input of a new frame in bytes, which doubles with each call: a decompressor copies the input after the end of its
frame, so that with larger inputs the cost of many tiny frames would be quadratic."""

AHEAD: Final = 8
"""Maximum number of pieces that are decompressed ahead."""

RETAINED: Final = 8 << 20
"""Bytes of a block that is allocated and freed at the start. From then on glibc keeps freed memory of twice its size,
rather than returning it to the system with each piece and asking for it again (mallopt(3), "M_MMAP_THRESHOLD"): with
three threads that took 200,000 page faults, or 0.8 s, for an archive of 1.3 GB."""

_OTHERS: Final = {
    b"BZh": "a bzip2",
    b"\xfd7zXZ\0": "an xz",
    b"PK\x03\x04": "a zip",
    b"\x04\x22\x4d\x18": "an lz4",
    b"7z\xbc\xaf\x27\x1c": "a 7z",
}
"""Unsupported formats by their magic bytes: downloading such a file again would not help."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_NOT_ZERO: Final = re.compile(rb"[^\0]")


@contextmanager
def uncompressed(
    source: ArchiveSource, name: str, limits: Limits, cancel: threading.Event
) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Open an archive of any supported format.

    Args:
        source: The archive.
        name: Its name in errors.
        limits: Its limits; `window` is checked here.
        cancel: When set, from any thread, the iterator raises `TransferCancelledError`.

    Yields:
        The size of the archive in bytes, and an iterator over its uncompressed bytes.

    Raises:
        ArchiveError: The format is not supported, or the archive is damaged (the latter from the iterator).
        StorageError: The archive cannot be read (from the iterator).
        OutOfMemoryError: There is not enough memory (from the iterator).
        OSError: The archive cannot be opened.
    """
    with source.open() as file:
        head = file.read(HEAD)
        file.seek(0)
        format_ = sniff(head)
        if format_ is None:
            raise ArchiveError(f"{name} {_objection(head)}")
        worker = _Ahead(lambda stop: _decompressed(Input(file, stop), format_, name, limits), name, cancel)
        try:
            yield file.size, iter(worker)
        finally:
            source.interrupt()
            worker.close()


def _objection(head: bytes) -> str:
    if not head:
        return "is empty; download it again"
    other = next((kind for magic, kind in _OTHERS.items() if head.startswith(magic)), None)
    if other is None:
        return "is not a zstd, gzip or tar archive; download it again"
    return f"is {other} archive, which is not supported (supported: zstd, gzip, tar): extract it with another program"


def bounded(pieces: Iterator[bytes], size: int, limits: Limits) -> Iterator[bytes]:
    """Pass pieces on, up to the limit of their total size.

    Args:
        pieces: The uncompressed bytes of an archive.
        size: The size of the archive in bytes.
        limits: Its limits; `ratio` is checked here.

    Raises:
        ArchiveError: The archive expands to more than the limit.
    """
    most, seen = int(max(size * limits.ratio, FREE_EXPANSION)), 0
    for piece in pieces:
        seen += len(piece)
        if seen > most:
            raise ArchiveError(
                f"the archive expands to more than {limits.ratio:g} times its size ({most:,} bytes); it was not "
                "extracted: to allow more, use --max-ratio, in Python Limits(ratio=...)"
            )
        yield piece


class StoppedError(Exception):
    """The reader has stopped reading."""


class Input:
    """The compressed bytes of an archive, with lookahead."""

    def __init__(self, file: OpenArchive, stop: threading.Event) -> None:
        self._file, self._stop = file, stop
        self._chunk, self._at = b"", 0

    def read(self, count: int) -> bytes:
        """The next `count` bytes of the file, past what is buffered; raises `StoppedError`."""
        if self._stop.is_set():
            raise StoppedError
        return self._file.read(count)

    def peek(self, count: int) -> bytes:
        """The next `count` bytes without consuming them; fewer at the end."""
        if len(self._chunk) - self._at < count:
            self._chunk, self._at = self._chunk[self._at :] + self.read(CHUNK), 0
        return self._chunk[self._at : self._at + count]

    def take(self, count: int) -> memoryview:
        """The next bytes, at most `count`; empty at the end."""
        if self._at == len(self._chunk):
            self._chunk, self._at = self.read(CHUNK), 0
        elif self._stop.is_set():
            raise StoppedError
        taken = memoryview(self._chunk)[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def give_back(self, count: int) -> None:
        """Return the last `count` bytes that were taken, so that they are taken again."""
        self._at -= count

    def skip(self, count: int) -> None:
        """Skip the next `count` bytes; raises `EOFError` if there are fewer."""
        while count:
            taken = self.take(count)
            if not taken:
                raise EOFError("it ends inside a skippable frame")
            count -= len(taken)

    def skip_zeros(self) -> None:
        """Skip the zero bytes that come next."""
        while self.peek(1) == b"\0":
            other = _NOT_ZERO.search(self._chunk, self._at)
            self._at = len(self._chunk) if other is None else other.start()


def _decompressed(file: Input, format_: ArchiveFormat, name: str, limits: Limits) -> Iterator[bytes]:
    match format_:
        case ArchiveFormat.TAR_ZST:
            return _gathered(unzstd(file, name, limits))
        case ArchiveFormat.TAR_GZ:
            return _gathered(gunzip(file))
        case ArchiveFormat.TAR:
            # Nothing to decompress.
            return iter(partial(file.read, PIECE), b"")


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, in pieces that are not small, except for the last one."""
    small: list[bytes] = []
    size = 0
    for piece in pieces:
        if not small and len(piece) >= SMALL:
            yield piece
            continue
        small.append(piece)
        size += len(piece)
        if size >= SMALL:
            yield b"".join(small)
            small, size = [], 0
    if small:
        yield b"".join(small)


def unzstd(file: Input, name: str, limits: Limits) -> Iterator[bytes]:
    """Decompress any number of frames. `zstd.ZstdFile` does the same, an eighth slower and without the limits."""
    parameter = zstd.DecompressionParameter.window_log_max
    least, most = parameter.bounds()
    options: dict[int, int] = {parameter: max(least, min((limits.window - 1).bit_length(), most))}
    while head := file.peek(LONGEST):
        if is_skippable(head):
            if len(head) < SKIPPABLE_HEADER:
                raise EOFError("it ends inside a skippable frame")
            file.skip(skippable_size(head))
            continue
        if header := FrameHeader.parse(head):
            _check_frame(header, name, limits, 1 << most)
        frame, share = zstd.ZstdDecompressor(options=options), FIRST
        while not frame.eof:
            data = file.take(share) if frame.needs_input else b""
            if frame.needs_input and not data:
                raise EOFError("it ends inside a frame")
            share = min(share * 2, CHUNK)
            if piece := frame.decompress(data, PIECE):
                yield piece
        file.give_back(len(frame.unused_data))


def _check_frame(header: FrameHeader, name: str, limits: Limits, most: int) -> None:
    """Refuse a valid frame that cannot be decompressed here."""
    if header.window > most:
        raise ArchiveError(
            f"{name} needs a zstd window of {header.window:,} bytes; the maximum on this system is {most:,}: compress "
            "it again with a smaller window (zstd --long=27)"
        )
    if header.window > limits.window:
        raise ArchiveError(
            f"{name} needs a zstd window of {header.window:,} bytes; the limit is {limits.window:,}, so it was not "
            f"extracted: to allow as much memory, use --max-window {header.window}, in Python "
            f"Limits(window={header.window})"
        )
    if header.dictionary:
        raise ArchiveError(
            f"{name} was compressed with a zstd dictionary (ID {header.dictionary}), which it does not contain; it was "
            "not extracted: compress it again without a dictionary"
        )


def gunzip(file: Input) -> Iterator[bytes]:
    """Decompress any number of members, each of which may be followed by zeros, as on tapes."""
    while file.peek(1):
        member, share = zlib.decompressobj(_GZIP), FIRST
        while not member.eof:
            data = member.unconsumed_tail or file.take(share)
            if not data:
                raise EOFError("it ends inside a member")
            share = min(share * 2, CHUNK)
            if piece := member.decompress(data, PIECE):
                yield piece
        file.give_back(len(member.unused_data))
        file.skip_zeros()


class _Ahead:
    """Runs an iterator ahead in a thread: decompression releases the interpreter's lock."""

    def __init__(
        self, source: Callable[[threading.Event], Iterator[bytes]], name: str, cancel: threading.Event
    ) -> None:
        self._name, self._cancel = name, cancel
        self._pieces: queue.Queue[bytes | Exception] = queue.Queue(AHEAD)
        self._stop = threading.Event()
        self._source = source(self._stop)
        self._thread = started(threading.Thread(target=self._read, daemon=True))

    def __iter__(self) -> Iterator[bytes]:
        while True:
            if self._cancel.is_set():
                raise TransferCancelledError
            try:
                piece = self._pieces.get(timeout=TURN)
            except queue.Empty:
                continue
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
        with suppress(MemoryError):  # this block is only for speed
            bytes(RETAINED)
        try:
            for piece in self._source:
                self._pieces.put(piece)
                if self._stop.is_set():
                    return
            self._pieces.put(b"")
        except StoppedError:
            return
        except Exception as error:  # noqa: BLE001 -- raised again in the reading thread
            self._pieces.put(_translated(error, self._name))


def _translated(error: Exception, name: str) -> Exception:
    """The error that the caller gets for an error of the decompressing thread."""
    match error:
        case TogetherExtError():
            return error
        case MemoryError():
            raised: Exception = OutOfMemoryError(f"decompress {name}")
        case zstd.ZstdError() if "Allocation" in str(error):
            raised = OutOfMemoryError(f"decompress {name}")
        case EOFError() | zlib.error() | zstd.ZstdError():
            raised = ArchiveError(f"{name} is damaged or truncated ({error}); download it again")
        case OSError():
            message = f"could not read {name}: {(error.strerror or str(error)).lower()}; check the disk"
            raised = StorageError(message, error.errno)
        case _:
            return error
    raised.__cause__ = error
    return raised
