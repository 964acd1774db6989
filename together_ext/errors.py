"""Every exception that this package raises on purpose.

    TogetherExtError
    ├── RuleError (ValueError)              bad input, refused before any request
    │   ├── ConfigurationError              base URL, key, time-out or retries
    │   ├── CheckpointNameError             not a job ID, not `job:step`
    │   ├── CheckpointTypeError             no such type, or not one for this job
    │   ├── UnknownTrainingTypeError        the default type cannot be told
    │   ├── JobNotReadyError                the job has no final weights
    │   ├── CheckpointNotFoundError         the job has no checkpoint at that step
    │   ├── TrainingFileError               a file to train on has lines that cannot be trained on
    │   ├── ModelLimitError                 a new job goes beyond what its base model allows
    │   └── NoBestCheckpointError           there is nothing to tell a job's best checkpoint by
    ├── JobFailedError                      a job that was waited for has ended without final weights
    ├── WaitTimeoutError (TimeoutError)     a job has not ended in the time that there was
    ├── ApiError
    │   ├── ApiConnectionError              no answer came
    │   │   └── ApiTimeoutError (TimeoutError)
    │   ├── ApiResponseError                an answer that cannot be understood
    │   └── ApiStatusError                  an answer that is a refusal
    │       ├── RedirectedError             3xx, where it must not be followed
    │       ├── BadRequestError             400
    │       ├── AuthenticationError         401, or no key at all
    │       ├── PermissionDeniedError       403
    │       ├── NotFoundError               404
    │       ├── ConflictError               409
    │       ├── UnprocessableEntityError    422
    │       ├── RateLimitError              429
    │       └── InternalServerError         5xx
    └── TransferError
        ├── TransferInterruptedError        retries used up; what has arrived is kept
        ├── TransferCancelledError          stopped by the caller; what has arrived is kept
        ├── IntegrityError                  size, range or content is not what it must be
        │   ├── ArchiveError                an archive, or a folder from one, is damaged or refused
        │   └── RemoteChangedError          the remote file changed again and again
        └── StorageError (OSError)          the local disk refused
            ├── NotEnoughSpaceError
            ├── MissingPathError (FileNotFoundError)
            └── TargetExistsError (FileExistsError)

Each message is one sentence: what was wanted, what was got, what to do next. Facts are attributes. No message, and
no attribute, holds the API key; text of a server is shortened and freed of control characters.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from together_generated.models import FineTuneEvent, FinetuneResponse

BODY_LIMIT = 500
"""Characters of a server's answer that an error keeps."""

READ_LIMIT = 64 * BODY_LIMIT
"""Bytes of it that are looked at."""


class TogetherExtError(Exception):
    """The root: catch this one for everything that goes wrong in a foreseen way."""

    code: ClassVar[str] = "error"
    """A stable word for programs, as `--json` prints it."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by state, since constructors take facts and not the message (process pools pickle errors)."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[TogetherExtError], args: tuple[object, ...], state: dict[str, object]) -> TogetherExtError:
    error = kind.__new__(kind, *args)  # not kind(...): that would want the facts
    error.args = args
    for name, value in state.items():
        setattr(error, name, value)
    return error


# Rules ----------------------------------------------------------------------------------------------------------------


class RuleError(TogetherExtError, ValueError):
    """Bad input, refused before any request."""

    code = "invalid_request"


class ConfigurationError(RuleError):
    """A setting that cannot be right."""

    code = "invalid_configuration"


class CheckpointNameError(RuleError):
    """Neither a job ID nor `job:step`, or a step given twice."""

    code = "invalid_checkpoint_name"


class CheckpointTypeError(RuleError):
    """A checkpoint type that does not exist, or that this job cannot have."""

    code = "invalid_checkpoint_type"


class UnknownTrainingTypeError(RuleError):
    """The server does not say how the job was trained, so there is no default type."""

    code = "unknown_training_type"

    def __init__(self, job_id: str, training_type: str | None) -> None:
        self.job_id, self.training_type = job_id, training_type
        said = "no training type" if training_type is None else f"the unknown training type {printable(training_type)}"
        super().__init__(f"{job_id} has {said}: ask for the checkpoint type 'merged' or 'adapter' by name")


class JobNotReadyError(RuleError):
    """The job has no final weights, and no step was asked for."""

    code = "job_not_ready"

    def __init__(self, job_id: str, status: str, *, ended: bool) -> None:
        self.job_id, self.status, self.ended = job_id, status, ended
        way_out = "name the step of a checkpoint" if ended else "wait until it is completed, or name a step"
        super().__init__(f"{job_id} is {printable(status)} and has no final weights: {way_out} ({job_id}:<step>)")


class CheckpointNotFoundError(RuleError):
    """The job's checkpoint list does not have the step."""

    code = "checkpoint_not_found"

    def __init__(self, job_id: str, step: int, available: Sequence[int]) -> None:
        self.job_id, self.step, self.available = job_id, step, tuple(available)
        steps = ", ".join(map(str, self.available))
        has = f"its checkpoints are at the steps {steps}" if steps else "it has no checkpoints yet"
        super().__init__(f"{job_id} has no checkpoint at step {step}: {has}")


class TrainingFileError(RuleError):
    """A file to train on has lines that cannot be trained on.

    Attributes:
        path: The file.
        problems: What is wrong, each with the number of its line; not more than the first few.
    """

    code = "training_file"

    def __init__(self, path: str, problems: Sequence[str]) -> None:
        self.path, self.problems = path, tuple(problems)
        super().__init__(f"{printable(path, 200)} cannot be trained on: {'; '.join(self.problems)}")


class ModelLimitError(RuleError):
    """A new job goes beyond what its base model allows."""

    code = "model_limit"

    def __init__(self, model: str, parameter: str, reason: str) -> None:
        self.model, self.parameter = model, parameter
        super().__init__(f"{model} does not allow this {parameter}: {reason}; see the model's limits")


class NoBestCheckpointError(RuleError):
    """There is nothing to tell a job's best checkpoint by."""

    code = "no_best_checkpoint"

    def __init__(self, job_id: str, metric: str, reason: str) -> None:
        self.job_id, self.metric = job_id, metric
        super().__init__(f"the best checkpoint of {job_id} by {printable(metric, 80)} cannot be told: {reason}")


# Waiting --------------------------------------------------------------------------------------------------------------


class JobFailedError(TogetherExtError):
    """A job that was waited for has ended without final weights.

    Attributes:
        job: The job as the server told it last.
        event: Its last event that tells of an error; None if there is none.
    """

    code = "job_failed"

    def __init__(
        self, job_id: str, status: str, reason: str, *, job: FinetuneResponse, event: FineTuneEvent | None
    ) -> None:
        self.job, self.event = job, event
        said = f" ({printable(reason)})" if reason else ""
        super().__init__(f"{job_id} has ended as {printable(status)}{said}: look at its events")


class WaitTimeoutError(TogetherExtError, TimeoutError):
    """A job has not ended in the time that there was. It goes on by itself.

    Attributes:
        job: The job as the server told it last.
    """

    code = "wait_timeout"

    def __init__(self, job_id: str, status: str, timeout: float, *, job: FinetuneResponse) -> None:
        self.job, self.timeout = job, timeout
        super().__init__(
            f"{job_id} is {printable(status)} after {timeout:g} seconds of waiting: "
            "it goes on by itself, so wait again, or longer"
        )


# The API --------------------------------------------------------------------------------------------------------------


class ApiError(TogetherExtError):
    """A call to the API did not succeed."""

    code = "api_error"


class ApiConnectionError(ApiError):
    """No answer came: no route, no name, a closed connection, a bad certificate."""

    code = "connection_error"

    def __init__(self, action: str, reason: str) -> None:
        self.action, self.reason = action, reason
        super().__init__(f"could not {action}: {reason}; check the network and the base URL, then try again")


class ApiTimeoutError(ApiConnectionError, TimeoutError):
    """No answer came in time."""

    code = "timeout"


class ApiResponseError(ApiError):
    """The server answered with success, and with something that is not an answer."""

    code = "invalid_response"

    def __init__(self, action: str, reason: str) -> None:
        self.action, self.reason = action, reason
        super().__init__(
            f"could not {action}: {reason}; check that the base URL is the API's, and that no proxy answers for it"
        )


class ApiStatusError(ApiError):
    """The server refused.

    Attributes:
        status: The HTTP status; None where the request was not sent at all.
        body: The start of the answer's text, at most `BODY_LIMIT` characters.
        request_id: The server's name for the request, to quote to its support; None if it sent none.
    """

    code = "api_status"
    hint: ClassVar[str] = "try again later, or ask the server's support"

    def __init__(
        self,
        action: str,
        *,
        status: int | None,
        body: str = "",
        request_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.action, self.status = action, status
        self.body = printable(body)
        self.request_id = None if request_id is None else printable(request_id, 100)
        said = _server_message(body)
        super().__init__(
            f"could not {action}: the server answered {_phrase(status)}"
            + (f" ({said})" if said else "")
            + f"; {hint or self.hint}"
            + (f" [request {self.request_id}]" if self.request_id else "")
        )


class RedirectedError(ApiStatusError):
    """3xx: the answer to a request that changes something, which is not repeated elsewhere."""

    code = "redirected"
    hint = "check the base URL, for the API itself does not send such requests elsewhere"


class BadRequestError(ApiStatusError):
    """400: the server does not accept the request as it is."""

    code = "bad_request"
    hint = "check the parameters"


class AuthenticationError(ApiStatusError):
    """401, or no key at all: then `status` is None and nothing was sent."""

    code = "authentication_failed"
    hint = "check the API key in TOGETHER_API_KEY"


class MissingKeyError(AuthenticationError):
    """There is no API key to send."""

    def __init__(self) -> None:
        super().__init__("call the API", status=None)
        self.args = ("no API key: set the environment variable TOGETHER_API_KEY, or pass api_key=",)


class PermissionDeniedError(ApiStatusError):
    """403: the key is valid, and not for this."""

    code = "permission_denied"
    hint = "check that the API key's account may do this"


class NotFoundError(ApiStatusError):
    """404: no such job, checkpoint or file."""

    code = "not_found"
    hint = "check the ID, and that the API key is of the account that owns it"


class ConflictError(ApiStatusError):
    """409: the state of the job does not allow it."""

    code = "conflict"
    hint = "look at the job's status"


class UnprocessableEntityError(ApiStatusError):
    """422: well-formed, and still not acceptable."""

    code = "unprocessable"
    hint = "check the parameters"


class RateLimitError(ApiStatusError):
    """429: too many requests, also after waiting."""

    code = "rate_limited"
    hint = "wait a minute, then try again"


class InternalServerError(ApiStatusError):
    """5xx: the server failed, also after retries."""

    code = "server_error"
    hint = "try again later"


_BY_STATUS: Mapping[int, type[ApiStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}
_BY_HUNDRED: Mapping[int, type[ApiStatusError]] = {3: RedirectedError, 5: InternalServerError}


def status_error(  # noqa: PLR0913 -- the facts of an answer
    action: str,
    *,
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
    hint: str | None = None,
) -> ApiStatusError:
    """The exception for an answer that is a refusal.

    Args:
        action: What was tried, to go on from "could not".
        status: The HTTP status.
        body: The answer's body, or its beginning.
        headers: The answer's headers; names in lower case, or a mapping that ignores case.
        secrets: Strings that must not be shown even if the server repeats them.
        hint: What to do next, where the usual advice does not fit.
    """
    kind = _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100, ApiStatusError)
    request_id = (headers or {}).get("x-request-id")
    # A secret that straddles the cut would be shown in half, so it is taken out before anything is shortened.
    secrets = tuple(secrets)
    text = redacted(body[:READ_LIMIT].decode("utf-8", "replace"), secrets)
    if len(body) > READ_LIMIT:
        text = text[: -max(map(len, secrets), default=1)]
    return kind(action, status=status, body=text, request_id=request_id and redacted(request_id, secrets), hint=hint)


# Transfers ------------------------------------------------------------------------------------------------------------


class TransferError(TogetherExtError):
    """A file could not be fetched."""

    code = "transfer_failed"


class TransferInterruptedError(TransferError):
    """The retries are used up. What has arrived is kept, and the next try goes on from it."""

    code = "network_failed"


class TransferCancelledError(TransferError):
    """The caller stopped the transfer. What has arrived is kept, and the next try goes on from it."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("the transfer was stopped: what has arrived is kept, run it again to go on from there")


class IntegrityError(TransferError):
    """What came is not what it must be, so nothing was put at the final path."""

    code = "integrity"


class RemoteChangedError(IntegrityError):
    """The remote file became another one while it was fetched, more often than makes sense."""

    code = "remote_changed"


class ArchiveError(IntegrityError):
    """An archive or an unpacked folder is damaged, or holds what it must not; nothing was unpacked."""

    code = "archive"


class StorageError(TransferError, OSError):
    """The local disk or its permissions do not allow it."""

    code = "storage"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with `errno`, which is not among the attributes of an `OSError` as Python sees them."""
        return _restored, (type(self), self.args, {**self.__dict__, "errno": self.errno})


class NotEnoughSpaceError(StorageError):
    """The file would not fit on its disk."""

    code = "disk_full"

    def __init__(self, folder: str, *, needed: int, free: int, kept: str | None = None) -> None:
        self.folder, self.needed, self.free = folder, needed, free
        super().__init__(
            f"{folder} has {free:,} bytes free and {needed:,} are needed: make room, then run it again"
            + (f" ({kept} is kept)" if kept else "")
        )
        self.errno = errno.ENOSPC


class MissingPathError(StorageError, FileNotFoundError):
    """There is nothing at a path that was to be read."""

    code = "no_such_path"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"there is no {printable(path)}: check the path")
        self.errno = errno.ENOENT


class TargetExistsError(StorageError, FileExistsError):
    """Something else is at the final path.

    Attributes:
        replaceable: Whether it may be replaced if the caller allows that; somebody's own files never are.
    """

    code = "target_exists"

    def __init__(self, message: str, *, replaceable: bool = True) -> None:
        self.replaceable = replaceable
        super().__init__(message)


# Text of servers ------------------------------------------------------------------------------------------------------


def printable(text: str, limit: int = BODY_LIMIT) -> str:
    """The text on one line, without control characters (they could drive a terminal), at most `limit` characters."""
    if len(text) <= limit and " " not in text and text.isprintable():
        return text  # as nearly all are
    clean = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced by three asterisks, also where JSON, a URL or HTML spells it differently."""
    for secret in secrets:
        if secret:
            text = re.sub("".join(map(_spellings, secret)), "***", text)
    return text


def _spellings(char: str) -> str:
    import html  # noqa: PLC0415 -- only needed after a failure

    code, plain = ord(char), re.escape(char)
    return (
        rf"(?:\\*{plain}|{re.escape(html.escape(char))}|(?i:\\+u{code:04x}|%{code:02x}|&\#0*{code};|&\#x0*{code:x};))"
    )


def _phrase(status: int | None) -> str:
    try:
        return f"{status} {HTTPStatus(status or 0).phrase}"
    except ValueError:
        return str(status)


def _server_message(body: str) -> str:
    """The sentence in `{"error": {"message": ...}}` and its relatives; a page of markup says nothing."""
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return "" if body.lstrip("\ufeff \t\r\n").startswith("<") else printable(body, 200)
    for key in ("error", "message", "detail"):
        if isinstance(found, dict):
            found = found.get(key) or found
    return printable(found if isinstance(found, str) else json.dumps(found), 200)
