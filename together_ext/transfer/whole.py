"""The download of a file in one request, from its first byte to its last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from together_ext.errors import IntegrityError

from .body import Body
from .failures import cut_short
from .session import Session
from .sink import BUFFER, Sink

FREE_EXPANSION: Final = 1 << 30
"""Number of bytes that any compressed body may expand to."""

MOST_EXPANSION: Final = 100
"""Maximum expansion of a compressed body beyond that: weights hardly compress, so more is an attack."""


class Whole:
    """Copies one body from its beginning to a sink; a retry needs another body.

    Attributes:
        body: The body that is read.
        done: Number of bytes of the file that have been read.
        open: Whether the body is being read, or was read to its end.
    """

    def __init__(self, sink: Sink, body: Body, session: Session, reach: Callable[[int], object]) -> None:
        """Prepare to copy; nothing is read yet.

        Args:
            sink: Takes the bytes.
            body: The open body.
            session: The requests of the transfer.
            reach: Called with the number of bytes that have been copied.
        """
        self.body, self.done, self.open = body, 0, False
        self._sink, self._session, self._reach = sink, session, reach

    def abort(self) -> None:
        """Wake up the thread that copies; can be called from any thread."""
        self.body.abort()

    def restart(self, body: Body) -> None:
        """Begin again, with another body."""
        self.body, self.done = body, 0

    def copy(self, *, known: int = 0) -> None:
        """Copy the body to its end.

        Args:
            known: Number of bytes at the beginning that the sink has already taken: they are read and skipped.

        Raises:
            PassingError: The connection broke, or the body is shorter than announced.
            IntegrityError: A compressed body expands too much.
            StorageError: The disk failed.
        """
        self.open = True
        try:
            with self.body:
                self._copy(known)
        except BaseException:
            self.open = False
            raise

    def _copy(self, known: int) -> None:
        size, stop = self.body.content.size, self._session.stop
        throttle = self._session.throttle_until(stop)
        portion = min(throttle.portion or BUFFER, BUFFER)
        skipped = memoryview(bytearray(portion if known else 0))
        while True:
            skipping = self.done < known
            buffer = skipped[: known - self.done] if skipping else self._sink.buffer(self.done, portion)
            count = self.body.fill(buffer, stop)
            if count == 0:
                break
            if not skipping:
                self._sink.accept(buffer[:count], self.done)
            self.done += count
            if self.body.content.encoded and self.done > max(FREE_EXPANSION, MOST_EXPANSION * self.body.received):
                raise IntegrityError(
                    f"the compressed body expands to more than {MOST_EXPANSION} times its size "
                    f"({self.done:,} bytes), so it does not contain weights"
                )
            if not skipping:
                self._reach(self.done)
            throttle.take(count)
        expected = max(self.done, known) if size is None else size
        if self.done != expected:
            raise cut_short(self.done, expected)
