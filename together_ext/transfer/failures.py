"""Failures that are retried, and the errors that they become when no retry is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import httpx

from together_ext.errors import ApiStatusError, IntegrityError, TransferError, TransferInterruptedError
from together_ext.text import printable, redacted

from .network.reasons import is_lasting, is_violation, reason

FEW: Final = 3
"""Number of attempts for failures that retries rarely cure."""

REPORT: Final = "try again later, or report it to the server's support"


class PassingError(TransferError):
    """A failure that is retried.

    Attributes:
        tries: Maximum number of consecutive attempts; None for the caller's limit.
        way_out: What to do when no retry is left.
        retry_after: Seconds that the server asks clients to wait (`Retry-After`); None if it does not.
        refusal: The server's error response; None if there was none.
        url: The address that refused; None if there was no response.
    """

    tries: ClassVar[int | None] = None
    way_out: ClassVar[str] = "run it again when the network is available"

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        refusal: ApiStatusError | None = None,
        url: httpx.URL | None = None,
    ) -> None:
        self.retry_after, self.refusal, self.url = retry_after, refusal, url
        super().__init__(message)

    def final(self, action: str, times: int, kept: int) -> TransferError | ApiStatusError:
        """The error to raise when no retry is left.

        Args:
            action: What was attempted, to follow "could not".
            times: Number of consecutive failures.
            kept: Number of downloaded bytes that are kept.

        Returns:
            The error.
        """
        if self.refusal is not None:
            return self.refusal
        return TransferInterruptedError(
            f"could not {action}: {self}, {times} times in a row; {self.way_out}"
            + (f" ({kept:,} bytes are kept and will not be downloaded again)" if kept else "")
        )


class DroppedError(PassingError):
    """The watchdog closed a connection that was too slow: its remainder is requested again at once."""


class LastingError(PassingError):
    """A failure of the address, the proxy or TLS: a few attempts, because it may affect only one of many servers."""

    tries = FEW
    way_out = "check the address and the proxy, then run it again"


class ViolationError(PassingError):
    """A response that violates HTTP or does not match its request: a few attempts, then an `IntegrityError`."""

    tries = FEW

    def final(self, action: str, times: int, kept: int) -> TransferError:
        """An `IntegrityError` that names the violation."""
        del times, kept
        return IntegrityError(f"could not {action}: {self}; {REPORT}")


def cut_short(count: int, expected: int) -> ViolationError:
    """The failure of a body that ends properly, as a chunked one can, but before its announced end.

    Args:
        count: Number of bytes that arrived.
        expected: Number of bytes that were announced.
    """
    return ViolationError(f"the response ended after {count:,} of {expected:,} bytes")


def passing(
    error: httpx.TransportError | httpx.StreamError | OSError, host: str = "", secrets: Sequence[str] = ()
) -> PassingError:
    """Classify the failure of a connection.

    Args:
        error: The error of httpx or of the operating system.
        host: The host and port, if the error does not contain them.
        secrets: Secrets to hide, also if the server repeats them.

    Returns:
        The failure to retry, with a message that names the host or the proxy.
    """
    kind = LastingError if is_lasting(error) else ViolationError if is_violation(error) else PassingError
    return kind(printable(redacted(reason(error, host), secrets), 300))
