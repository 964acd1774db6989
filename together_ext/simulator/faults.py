"""Faults as values: a test writes a script of faults, which matching requests consume in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from .records import Request

DOWNLOAD_PATH = "/finetune/download"
STORAGE_PATH = "/archive/"
PARTS_PATH = "/parts/"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault of one or more requests.

    Four groups of fields. *Which requests*: ``path`` (a prefix, without ``/v1``; None means the download), ``method``
    and ``when`` have to match; the first ``skip`` matching requests are unaffected, then the fault applies to ``times``
    of them (None: all). *Another response*: ``status`` with ``headers`` and ``body``, ``location`` (302), or ``drop``
    (the connection is reset before any response). *A late or broken response*: ``delay``, ``hold``, ``cut``, ``reset``,
    ``stall`` and ``bad_chunk``. *A broken download*: all other fields; they can be combined.

    With redirects, a broken download without a ``path`` applies to the response of the storage host, which has the
    bytes.
    """

    path: str | None = None
    method: str | None = None
    when: Callable[[Request], bool] | None = None
    times: int | None = 1
    skip: int = 0

    status: int | None = None
    body: bytes = b""
    location: str | None = None
    drop: bool = False

    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Headers that replace the usual ones, by lower-case name; None omits a header."""
    delay: float = 0
    """Seconds before the response."""
    hold: bool = False
    """Nothing is sent before `Simulator.release`, not even the status line."""
    cut: int | None = None
    """The connection is closed after this number of body bytes, whatever length was declared."""
    reset: int | None = None
    """The connection is reset (RST) after this number of body bytes; bytes in transit may be lost."""
    stall: int | None = None
    """After this number of body bytes nothing is sent before `Simulator.release`; the connection stays open."""
    bad_chunk: int | None = None
    """After this number of body bytes the chunk is malformed, and the connection ends; implies ``chunked``."""
    rate: float | None = None
    """Bytes per second, in place of the simulator's limit."""
    corrupt: int | None = None
    """The bits of the byte at this position of the archive are flipped."""
    ignore_range: bool = False
    """The whole archive is sent with status 200."""
    shift: int = 0
    """``Content-Range`` is wrong by this number of bytes; the content is correct."""
    total: int | None = None
    """The total size in ``Content-Range``."""
    weak_etag: bool = False
    no_validator: bool = False
    """Neither ETag nor Last-Modified."""
    chunked: bool = False
    """No ``Content-Length``: transfer encoding chunked."""
    gzip: bool = False
    """``Content-Encoding: gzip``, for the requested bytes."""
    replace: bool = False
    """From this response on, the job's archives have new content and validators."""

    @property
    def answers(self) -> bool:
        """Whether the fault is another response in place of the usual one."""
        return self.status is not None or self.location is not None or self.drop

    @property
    def is_chunked(self) -> bool:
        """Whether the body is sent in chunks, without a declared length."""
        return self.chunked or self.bad_chunk is not None

    @property
    def breaks(self) -> bool:
        """Whether the body is broken off."""
        return any(at is not None for at in (self.cut, self.reset, self.stall, self.bad_chunk))

    def concerns(self, request: Request, *, delivers: bool) -> bool:
        """Whether the fault applies to a request.

        Args:
            request: The request.
            delivers: Whether the usual response has the bytes of an archive.
        """
        if self.path is not None:
            concerned = request.path.startswith(self.path)
        else:
            concerned = request.path == DOWNLOAD_PATH if self.answers or self.hold else delivers
        return (
            concerned and self.method in {None, request.method} and (self.when is None or self.when(request))
        )  # `when` comes last: it may count its calls.


class Script:
    """The faults to come, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []

    def append(self, *faults: Fault) -> None:
        """Add faults after those already scripted."""
        with self._lock:
            self._entries += [_Entry(fault, fault.skip, fault.times) for fault in faults]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Fault]:
        return iter([entry.fault for entry in self._entries])

    def take(self, request: Request, *, delivers: bool) -> Fault | None:
        """Consume and return the first fault that applies to a request; None if there is none."""
        with self._lock:
            for entry in self._entries:
                if not entry.fault.concerns(request, delivers=delivers):
                    continue
                if entry.skip:
                    entry.skip -= 1
                    continue
                if entry.left is not None:
                    entry.left -= 1
                    if entry.left <= 0:
                        self._entries.remove(entry)
                return entry.fault
        return None


@dataclass(eq=False)
class _Entry:
    """A fault and how often it still applies."""

    fault: Fault
    skip: int
    left: int | None
