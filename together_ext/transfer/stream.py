"""A file that comes in one go, from its first byte to its last."""

from __future__ import annotations

from .body import Body
from .failures import PassingError
from .front import Front
from .partial import Partial
from .throttle import Throttle
from .worker import BUFFER, Conditions


class Stream:
    """Copies one body; a further try begins at the front again.

    Attributes:
        body: What is being read.
        done: Bytes that have been written.
    """

    def __init__(
        self, partial: Partial, body: Body, conditions: Conditions, front: Front | None = None, room: float = 0.0
    ) -> None:
        """Name what is to be copied where, and who wants to know what is there."""
        self.body, self.done = body, 0
        self._partial, self._conditions, self._front, self._room = partial, conditions, front, room

    def begin_anew(self, body: Body) -> None:
        """Forget what has come, and take another body."""
        self._partial.truncate()
        self.body, self.done = body, 0

    def copy(self) -> None:
        """Copy the body to its end.

        Raises:
            PassingError: The connection broke, or ended too early.
            StorageError: The disk refused.
        """
        size, stop = self.body.content.size, self._conditions.stop
        throttle = Throttle(self._conditions.limit_rate, self._conditions.clock, stop)
        with self.body:
            if size is not None:
                self._partial.check_space(size, (), room=self._room)
                if self._front is not None:
                    self._front.begin(self._partial.path, size)
            buffer = memoryview(bytearray(min(throttle.portion or BUFFER, BUFFER)))
            while count := self.body.fill(buffer, stop):
                self._partial.write(buffer[:count], self.done)
                self.done += count
                if self._front is not None:
                    self._front.reach(self.done)
                throttle.take(count)
        if size is not None and self.done != size:
            raise PassingError(f"the connection ended after {self.done:,} of {size:,} bytes")
