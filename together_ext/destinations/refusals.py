"""What an error of obstore becomes. Its text has signatures, key IDs and addresses: only status and code are used."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import Final

from together_ext.errors import (
    ConfigurationError,
    MissingPathError,
    StorageError,
    StoreCredentialsError,
    TogetherExtError,
    TransferInterruptedError,
)

from .urls import Location

_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>([A-Za-z]{1,60})</Code>|\"reason\": ?\"([A-Za-z]{1,60})\"")

UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403

_NO_BUCKET: Final = {"NoSuchBucket", "ContainerNotFound"}
_CREDENTIALS: Final = {
    "AuthenticationFailed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidAuthenticationInfo",
    "InvalidToken",
    "NoAuthenticationInformation",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "authError",
}
_FOUND_NONE: Final = ("169.254.169.254", "metadata.google.internal", "MissingAccessKey", "CredentialProvider")

_FAILURES: Final = {
    "kind: Timeout": "the store does not respond",
    "kind: TimedOut": "the store does not respond",
    "kind: ConnectionRefused": "the store refuses the connection",
    "failed to lookup address": "the host name of the store does not resolve",
    "kind: ConnectionReset": "the store closed the connection",
    "IncompleteMessage": "the store closed the connection",
    "IncompleteBody": "the store's response was cut",
    "Connect": "no connection to the store: check its endpoint and TLS",
}
"""What reqwest's description of an error contains, in the order in which it is looked for, and what that means."""

WAYS: Final = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "memory": "",
}
"""The variables that usually have the credentials."""


@dataclass(frozen=True)
class _Seen:
    """What is used of an error: obstore's class, HTTP status and the store's code."""

    kind: str
    status: int
    reason: str
    text: str

    @property
    def said(self) -> str:
        """The response, to follow the problem in a message."""
        return f" ({f'{self.status} {self.reason}'.strip()})" if self.status else ""


def _seen(error: Exception) -> _Seen:
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    reason = (code[1] or code[2]) if code else ""
    return _Seen(type(error).__name__, int(status[1]) if status else 0, reason, text)


def refusal(error: Exception, location: Location, action: str) -> TogetherExtError:
    """The error for one of obstore.

    Args:
        error: That of obstore.
        location: What was accessed.
        action: What was done with it, to follow "could not".
    """
    seen = _seen(error)
    bucket = f"{location.scheme}://{location.bucket}"
    return (
        _credentials(seen, location.scheme, bucket)
        or _missing(seen, location, bucket)
        or _other(seen, location, bucket, action)
    )


def _credentials(seen: _Seen, scheme: str, bucket: str) -> StoreCredentialsError | None:
    """The error if the credentials are the problem."""
    if seen.reason in _CREDENTIALS or seen.status == UNAUTHORIZED or seen.kind == "UnauthenticatedError":
        return StoreCredentialsError(
            f"{bucket} refuses the credentials{seen.said}: check {WAYS[scheme]}, or the storage options"
        )
    if any(sign in seen.text for sign in _FOUND_NONE):
        return StoreCredentialsError(
            f"no credentials for {bucket} were found: set {WAYS[scheme]}, or pass storage options"
        )
    return None


def _missing(seen: _Seen, location: Location, bucket: str) -> MissingPathError | None:
    """The error if something does not exist."""
    if seen.reason in _NO_BUCKET:
        error = MissingPathError(bucket)
        error.args = (f"{bucket} does not exist{seen.said}: create it, or name another one",)
        return error
    return MissingPathError(str(location)) if seen.kind in {"FileNotFoundError", "NotFoundError"} else None


def _other(seen: _Seen, location: Location, bucket: str, action: str) -> TogetherExtError:
    if seen.status == FORBIDDEN or seen.kind == "PermissionDeniedError":
        message = f"no permission to {action} {location}{seen.said}: grant it, or name another bucket"
        return StorageError(message, errno.EACCES)
    if "non-partial" in seen.text:
        message = f"could not {action} {location}: the store does not support byte ranges; download it to a folder"
        return StorageError(message, errno.ENOTSUP)
    if "redirect" in seen.text.lower():
        return StorageError(
            f"could not {action} {location}: {bucket} is in another region: set the region", errno.EINVAL
        )
    if seen.kind == "InvalidPathError" and action == "list":
        return ConfigurationError(
            f"could not {action} {location}: the name of an object in it has control characters, or parts that are "
            "empty, '.' or '..': remove the object, or choose another prefix"
        )
    if seen.kind in {"UnknownConfigurationKeyError", "InvalidPathError", "NotSupportedError"}:
        return ConfigurationError(f"could not {action} {location}: the store does not support it; choose another name")
    problem = f"the store responded{seen.said}" if seen.status else _failure(seen.text)
    return TransferInterruptedError(f"could not {action} {location}: {problem}; run it again to resume")


def _failure(text: str) -> str:
    """What became of a request without a response."""
    return next((failure for sign, failure in _FAILURES.items() if sign in text), "the store's response is invalid")
