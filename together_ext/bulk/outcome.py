"""What became of one of many downloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The outcome of one of many downloads; exactly one of `result` and `error` is given.

    Attributes:
        name: What was requested, such as `ft-...:500`.
        result: The downloaded weights; None if the download failed.
        error: Why it failed; None if it succeeded.
        seconds: How long it took.
        host: The host that it was for, where every host gets its copy; else None.
    """

    name: str
    result: T | None
    error: BaseException | None
    seconds: float
    host: str | None = None

    def unwrap(self) -> T:
        """The result.

        Raises:
            BaseException: The error, if the download failed.
        """
        if self.error is not None:
            raise self.error
        assert self.result is not None  # noqa: S101 -- one of the two is given
        return self.result
