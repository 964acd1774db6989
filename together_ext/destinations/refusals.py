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
_CODE: Final = re.compile(
    r"<Code>([A-Za-z.]{1,60})</Code>"
    r"|\"reason\": ?\"([A-Za-z]{1,60})\""
    # One of several objects that a request removes.
    r"|request failed for key .*\(code: ([A-Za-z]{1,60})\)"
)

BAD: Final = 400
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
TRANSIENT: Final = frozenset({0, 408, 409, 425, 429, 500, 502, 503, 504})
"""The statuses after which a rerun may succeed; 0 is an error without one."""

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
_EXPIRED: Final = {"ExpiredToken", "TokenRefreshRequired"}
_CLOCK: Final = {"RequestExpired", "RequestTimeTooSkewed"}
_ABORTED: Final = {"NoSuchUpload"}
_FULL: Final = {"InsufficientStorage", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"}
_REGION: Final = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
_AGAIN: Final = {
    "BadDigest",
    "IncompleteBody",
    "InternalError",
    "InvalidBlockList",
    "InvalidPart",
    "RequestTimeout",
    "SlowDown",
}
"""Codes of responses after which a rerun may succeed, whatever their status; two uploads of one object cause some."""

_FOUND_NONE: Final = (
    "169.254.169.254",
    "metadata.google.internal",
    "CredentialProvider",
    "MissingAccessKey",
    "MissingAccount",
    "MissingSecretAccessKey",
)
_UNUSABLE: Final = ("DecodeCredentials", "InvalidAccessKey {", "MissingSasComponent", "OpenCredentials")

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
        found = f"{self.status or ''} {self.reason}".strip()
        return f" ({found})" if found else ""


def _seen(error: BaseException) -> _Seen:
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    reason = next(filter(None, code.groups()), "") if code else ""
    return _Seen(type(error).__name__, int(status[1]) if status else 0, reason, text)


def unexplained(error: Exception) -> bool:
    """Whether an error is a refusal without a code, which the response to a HEAD request does not have."""
    seen = _seen(error)
    return seen.status in {BAD, FORBIDDEN} and not seen.reason


def refusal(error: BaseException, location: Location, action: str) -> TogetherExtError:
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
        or _refused(seen, location, bucket, action)
        or _other(seen, location, action)
    )


def credentials_refusal(error: BaseException, location: Location) -> StoreCredentialsError | None:
    """The error for one of obstore if credentials are missing or cannot be used."""
    return _credentials(_seen(error), location.scheme, f"{location.scheme}://{location.bucket}")


def _credentials(seen: _Seen, scheme: str, bucket: str) -> StoreCredentialsError | None:
    """The error if the credentials are the problem, or the clock, whose time is signed."""
    if seen.reason in _CLOCK:
        return StoreCredentialsError(
            f"{bucket} refuses the time of the request{seen.said}: set the clock of this machine, and run it again"
        )
    if seen.reason in _EXPIRED:
        return StoreCredentialsError(
            f"the credentials for {bucket} have expired{seen.said}: renew them, also AWS_SESSION_TOKEN, and run it "
            "again to resume"
        )
    if seen.reason in _CREDENTIALS or seen.status == UNAUTHORIZED or seen.kind == "UnauthenticatedError":
        return StoreCredentialsError(
            f"{bucket} refuses the credentials{seen.said}: check {WAYS[scheme]}, or the storage options"
        )
    if any(sign in seen.text for sign in _FOUND_NONE):
        return StoreCredentialsError(
            f"no credentials for {bucket} were found: set {WAYS[scheme]}, or pass storage options"
        )
    if any(sign in seen.text for sign in _UNUSABLE):
        return StoreCredentialsError(
            f"the credentials for {bucket} cannot be read: check {WAYS[scheme]}, or the storage options"
        )
    return None


def _missing(seen: _Seen, location: Location, bucket: str) -> MissingPathError | None:
    """The error if something does not exist."""
    problem = ""
    if seen.reason in _NO_BUCKET:
        problem = f"{bucket} does not exist{seen.said}: create it, or name another one"
    elif seen.reason in _ABORTED:
        problem = (
            f"the multipart upload of {location} does not exist{seen.said}: another program or a lifecycle rule has "
            "aborted it; run it again to resume"
        )
    elif seen.kind not in {"FileNotFoundError", "NotFoundError"}:
        return None
    error = MissingPathError(str(location) if seen.reason not in _NO_BUCKET else bucket)
    error.args = (problem or str(error),)
    return error


def _refused(seen: _Seen, location: Location, bucket: str, action: str) -> StorageError | None:
    """The error if the store does not do it, for a reason that has a name."""
    could = f"could not {action} {location}"
    forbidden = seen.status == FORBIDDEN or seen.reason == "AccessDenied" or seen.kind == "PermissionDeniedError"
    elsewhere = seen.reason in _REGION or "redirect" in seen.text.lower()
    problems = (
        (seen.reason in _FULL, f"{could}: the store is full{seen.said}; free space, or raise its quota", errno.ENOSPC),
        (elsewhere, f"{could}: {bucket} is in another region: set the region", errno.EINVAL),
        (
            forbidden,
            f"no permission to {action} {location}{seen.said}: grant it, or name another bucket",
            errno.EACCES,
        ),
        (
            "non-partial" in seen.text,
            f"{could}: the store does not support byte ranges; download it to a folder",
            errno.ENOTSUP,
        ),
    )
    return next((StorageError(message, number) for fits, message, number in problems if fits), None)


def _other(seen: _Seen, location: Location, action: str) -> TogetherExtError:
    could = f"could not {action} {location}"
    if seen.kind == "InvalidPathError" and action == "list":
        return ConfigurationError(
            f"{could}: the name of an object in it has control characters, or parts that are "
            "empty, '.' or '..': remove the object, or choose another prefix"
        )
    if seen.kind in {"UnknownConfigurationKeyError", "InvalidPathError", "NotSupportedError"}:
        return ConfigurationError(f"{could}: the store does not support it; choose another name")
    if seen.status not in TRANSIENT and seen.reason not in _AGAIN:
        return StorageError(f"{could}: the store refuses it{seen.said}; {_advice(seen)}", errno.EINVAL)
    problem = f"the store responded{seen.said}" if seen.said else _failure(seen.text)
    return TransferInterruptedError(f"{could}: {problem}; run it again to resume")


def _advice(seen: _Seen) -> str:
    """What to do after a refusal."""
    if "Object Lock" in seen.text:
        return "for a bucket with object lock, set --storage-option checksum_algorithm=SHA256"
    return "check the bucket, its encryption and the storage options"


def _failure(text: str) -> str:
    """What became of a request without a response."""
    return next((failure for sign, failure in _FAILURES.items() if sign in text), "the store's response is invalid")
