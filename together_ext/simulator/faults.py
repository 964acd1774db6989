"""What can go wrong, as values: a test writes a script of faults, and matching requests use it up in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from together_ext.simulator.records import Request

DOWNLOAD_PATH = "/finetune/download"
STORAGE_PATH = "/archive/"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong, for one request or several.

    Three groups of fields. *Which requests*: ``path`` (a prefix, without ``/v1``; None means the download), ``method``
    and ``when`` have to match; ``skip`` matching requests pass unharmed, then ``times`` of them (None: all) meet the
    fault. *Another answer*: ``status`` with ``headers`` and ``body``, ``location`` (302), or ``drop`` (the
    connection is reset before any answer). *A spoilt download*: all the others; they combine freely.

    With redirects on, a spoilt download without a ``path`` waits for the storage host's answer, where the bytes are.
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
    """Headers in place of the usual ones, by lower-case name; None leaves the usual one out."""
    hold: bool = False
    """Not even the status line leaves before `Simulator.release`."""
    cut: int | None = None
    """After so many body bytes the connection closes, whatever length was declared."""
    reset: int | None = None
    """After so many body bytes the connection is reset (RST), and what is still on its way may be lost."""
    stall: int | None = None
    """After so many body bytes nothing more comes before `Simulator.release`; the connection stays open."""
    rate: float | None = None
    """Bytes a second, whatever the simulator's own limit."""
    corrupt: int | None = None
    """The byte at this position of the archive has its bits flipped."""
    ignore_range: bool = False
    """Answers with everything and 200."""
    shift: int = 0
    """``Content-Range`` lies by so many bytes about where the content begins; the content is the right one."""
    total: int | None = None
    """``Content-Range`` lies about the size of the whole."""
    weak_etag: bool = False
    no_validator: bool = False
    """Neither ETag nor Last-Modified."""
    chunked: bool = False
    """No ``Content-Length``: transfer encoding chunked."""
    gzip: bool = False
    """``Content-Encoding: gzip``, for the bytes that were asked for."""
    replace: bool = False
    """From this answer on the job's archives have new content and new validators."""

    @property
    def answers(self) -> bool:
        """Whether this is another answer in place of the usual one."""
        return self.status is not None or self.location is not None or self.drop

    def concerns(self, request: Request, *, delivers: bool) -> bool:
        """Whether ``request``, which would be answered with an archive's bytes if ``delivers``, is one for this."""
        if self.path is not None:
            concerned = request.path.startswith(self.path)
        else:
            concerned = request.path == DOWNLOAD_PATH if self.answers or self.hold else delivers
        return (
            concerned and self.method in {None, request.method} and (self.when is None or self.when(request))
        )  # `when` comes last: it may count its calls.


class Script:
    """The faults to come, in order; for use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []

    def append(self, *faults: Fault) -> None:
        """Let ``faults`` happen after those already scripted."""
        with self._lock:
            self._entries += [_Entry(fault, fault.skip, fault.times) for fault in faults]

    def clear(self) -> None:
        """From now on all goes well."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Fault]:
        return iter([entry.fault for entry in self._entries])

    def take(self, request: Request, *, delivers: bool) -> Fault | None:
        """Use up and return the first fault for ``request``."""
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
    """A fault and what is left of it."""

    fault: Fault
    skip: int
    left: int | None
