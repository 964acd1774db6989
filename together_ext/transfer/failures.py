"""Failures that may be over when it is tried again."""

from __future__ import annotations

from together_ext.errors import ApiStatusError, TransferError


class PassingError(TransferError):
    """A failure that may be over when it is tried again.

    Attributes:
        retry_after: Seconds that the server asked to be left alone for; None if it did not.
        refusal: The server's answer, where there was one.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, refusal: ApiStatusError | None = None
    ) -> None:
        self.retry_after, self.refusal = retry_after, refusal
        super().__init__(message)


class DroppedError(PassingError):
    """The watchdog let go of a connection that crawled: its rest is asked for again at once."""


def passing(error: Exception) -> PassingError:
    """The failure of a connection, in words."""
    kind = type(error).__name__
    words = {
        "ConnectTimeout": "no connection within the time-out",
        "ReadTimeout": "no data within the time-out",
        "ConnectError": "no connection",
        "ReadError": "the connection broke",
        "ConnectionResetError": "the connection broke",
        "RemoteProtocolError": "the connection was closed in the middle",
    }.get(kind, kind)
    return PassingError(words)
