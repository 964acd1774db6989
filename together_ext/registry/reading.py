"""Bytes of the files of a revision, each request with retries, and small files with their hashes compared."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace
from typing import Final

import httpx

from together_ext.errors import IntegrityError, TransferCancelledError
from together_ext.transfer import Options
from together_ext.transfer.failures import cut_short
from together_ext.transfer.parts import PartedRemote
from together_ext.transfer.session import Session
from together_ext.transfer.source import Sender
from together_ext.transfer.throttle import Throttle

from .digests import Digests, digests_of
from .located import LocatedFile

TRIES: Final = 2
"""Number of times that a bad part is requested again."""


@dataclass(frozen=True)
class Connection:
    """How the parts are requested.

    Attributes:
        sender: Sends the requests.
        home: The address of the API, whose secrets no part gets.
        agent: The `User-Agent`.
        timeout: Maximum number of seconds without data.
        options: How to transfer.
    """

    sender: Sender
    home: httpx.URL
    agent: str
    timeout: float
    options: Options


class Reading:
    """Reads parts into memory; thread-safe.

    Attributes:
        received: Number of bytes that hosts have sent.
        nearest: Least number of seconds that a response took, without its connection if that is known.
        stop: Set to end every request and every wait.
    """

    def __init__(self, connection: Connection) -> None:
        self.received = 0
        self.nearest = math.inf
        self.stop = threading.Event()
        self._with = connection
        self._throttle = Throttle(connection.options.limit_rate, connection.options.clock, self.stop)
        self._lock = threading.Lock()

    def look(self) -> None:
        """Raise `TransferCancelledError` after a cancellation."""
        if self.stop.is_set() or self._with.options.cancel.is_set():
            raise TransferCancelledError

    def remote(self, file: LocatedFile) -> PartedRemote:
        """A file as a remote file of the engine."""
        there = self._with
        return PartedRemote(
            there.sender,
            there.home,
            file.parts,
            version=file.hash or "unknown",
            agent=there.agent,
            timeout=there.timeout,
            action=f"download {file.path}",
        )

    def bytes_of(self, file: LocatedFile, start: int, stop: int) -> bytearray:
        """Bytes of one part, with retries."""
        remote = self.remote(file)
        session = Session(remote, replace(self._with.options, progress=None), keeps=False, stop=self.stop)
        content = session.repeat(lambda: self._read(remote, start, stop))
        self._throttle.take(len(content))
        return content

    def _read(self, remote: PartedRemote, start: int, stop: int) -> bytearray:
        """The bytes of one part.

        Raises:
            PassingError: The request failed, or the body is too short.
        """
        content, count = bytearray(stop - start), 0
        began = time.monotonic()
        with remote.open(start, stop) as body:
            elapsed = time.monotonic() - began if body.delay is None else body.delay
            with self._lock:
                self.nearest = min(self.nearest, elapsed)
            while count < len(content) and (more := body.fill(memoryview(content)[count:], self.stop)):
                count += more
                with self._lock:
                    self.received += more
            # The end of the body is read, too, so that its connection is used again.
            body.fill(memoryview(bytearray(1)), self.stop)
        if count < len(content):
            raise cut_short(count, len(content))
        return content

    def whole(self, file: LocatedFile) -> tuple[bytearray, Digests]:
        """The bytes of a small file; again while they are bad.

        Raises:
            IntegrityError: They stay bad.
        """
        for _ in range(TRIES + 1):
            content = bytearray()
            for part in file.parts:
                content += self.bytes_of(file, part.start, part.stop)
            found = digests_of(content)
            if found.match(file) or not file.verifiable:
                return content, found
        raise stays_bad(file, "part 1 of 1" if len(file.parts) == 1 else f"one of {len(file.parts)} parts", found)


def stays_bad(file: LocatedFile, part: str, found: Digests) -> IntegrityError:
    """The error for a file whose hash does not become that of the server."""
    return IntegrityError(
        f"could not download {file.path}: {part} is bad: after {TRIES} more requests the "
        f"hash of the file is {found.tag}, expected {file.hash}; try again later, or download another revision"
    )
