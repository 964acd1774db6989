"""Translation of failures of a call into errors of this package, which never contain the key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import httpx

from together_ext.errors import (
    ApiConnectionError,
    ApiResponseError,
    ApiTimeoutError,
    RuleError,
    TogetherExtError,
    status_error,
)
from together_ext.text import printable, redacted
from together_ext.transfer.network.reasons import about
from together_ext.transfer.network.reasons import reason as why
from together_generated.errors import UnexpectedStatus

from .exchange import Overdue, Refused, Unusable
from .retries import REFUSED_CONNECTION
from .whole import LimitError


class UnwritableError(Exception):
    """A request that cannot be serialized, for example because it contains NaN; the cause is the reason."""


class Failures:
    """Raises the errors of this package in place of those of httpx and the generated client.

    Args:
        secrets: Texts that must not appear in an error.
    """

    def __init__(self, *secrets: str) -> None:
        self._secrets = secrets

    @contextmanager
    def of_network(self, action: str, doubt: str = "") -> Iterator[None]:
        """Replace errors of httpx; `doubt` is appended to the message if the request may have had an effect."""
        try:
            yield
        except httpx.TimeoutException as error:
            reason = f"no response within the timeout{about(error)}"
            raise ApiTimeoutError(action, reason + _doubted(error, doubt)) from error
        except Overdue as error:
            way_out = "TOGETHER_EXT_CALL_TIMEOUT sets another limit"
            raise ApiTimeoutError(action, f"{error} ({way_out})" + _doubted(error, doubt)) from error.__cause__
        except (httpx.TransportError, httpx.StreamError, httpx.DecodingError) as error:
            found = why(error) if isinstance(error, httpx.TransportError) else str(error) or type(error).__name__
            reason = printable(redacted(found, self._secrets), 300)
            raise ApiConnectionError(action, reason + _doubted(error, doubt)) from self._showable(error)

    @contextmanager
    def of_body(self, action: str, response: httpx.Response) -> Iterator[None]:
        """The same while a caller reads a body; errors of the caller's own code pass through."""
        try:
            yield
        except httpx.RequestError as error:
            with self.of_network(action) if _is_about(error, response) else nullcontext():
                raise
        except (Unusable, LimitError) as unusable:
            raise ApiResponseError(action, printable(redacted(str(unusable), self._secrets), 300)) from None

    @contextmanager
    def discreetly(self) -> Iterator[None]:
        """Remove the key from errors that quote a server."""
        try:
            yield
        except TogetherExtError as error:
            error.args = tuple(redacted(arg, self._secrets) if isinstance(arg, str) else arg for arg in error.args)
            link: BaseException = error
            while (cause := link.__cause__ or link.__context__) is not None:
                if self._showable(cause) is None:
                    link.__cause__ = link.__context__ = None
                    break
                link = cause
            raise

    def _showable(self, error: BaseException) -> BaseException | None:
        """An error as the cause of ours, or None if a traceback would show the key in it."""
        return error if redacted(str(error), self._secrets) == str(error) else None

    @contextmanager
    def of_call(self, action: str, secrets: tuple[str, ...] = (), doubt: str = "") -> Iterator[None]:
        """Replace errors of the generated client and of httpx."""
        try:
            with self.of_network(action, doubt):
                yield
        except TogetherExtError:
            raise
        except UnwritableError as unwritable:
            # The cause is not chained: it contains the whole body.
            reason = printable(str(unwritable.__cause__), 200)
            raise RuleError(f"could not {action}: the arguments cannot be sent ({reason})") from None
        except Refused as refused:
            response, hidden = refused.response, (*self._secrets, *secrets, *refused.secrets)
            raise status_error(
                action, status=response.status_code, body=refused.body, headers=response.headers, secrets=hidden
            ) from None
        except (Unusable, LimitError) as unusable:
            raise ApiResponseError(action, printable(redacted(str(unusable), self._secrets), 300)) from None
        except UnexpectedStatus as error:
            raise ApiResponseError(action, f"the server returned {int(error.status_code)} without a result") from None
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ApiResponseError(action, "the response is not JSON") from error
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise ApiResponseError(action, "the response does not have the form that the API defines") from error


def _doubted(error: Exception, doubt: str) -> str:
    return "" if isinstance(error, REFUSED_CONNECTION) or not doubt else f" ({doubt})"


def _is_about(error: httpx.RequestError, response: httpx.Response) -> bool:
    try:
        return error.request is response.request
    except RuntimeError:  # it has no request
        return False
