"""Every exception that this package raises on purpose, and `Numbers`, by which numeric keywords are refused.

    TogetherExtError
    ├── RuleError (ValueError)              bad input, refused before any request
    │   ├── ConfigurationError              base URL, key, timeout or retries, a path that is a URL
    │   │   └── NoProjectError              no project is named, and the key does not belong to one
    │   ├── CheckpointNameError             not a job ID, not `job:step`
    │   ├── CheckpointTypeError             no such type, or not one for this job
    │   ├── UnknownTrainingTypeError        the default type cannot be determined
    │   ├── JobNotReadyError                the job has no final weights
    │   ├── CheckpointNotFoundError         the job has no checkpoint at that step
    │   ├── TrainingFileError               a file to train on has lines that cannot be trained on
    │   ├── ModelLimitError                 a new job exceeds a limit of its base model
    │   ├── NoBestCheckpointError           no checkpoint has a value of the metric
    │   └── NotInRegistryError              the registry does not have the weights
    ├── MissingExtraError (ImportError)     an optional dependency is required
    │   └── MissingSocksError               a SOCKS proxy does; a ConfigurationError, too
    ├── OutOfMemoryError (MemoryError)      there is too little memory
    ├── OutOfThreadsError (RuntimeError)    the system starts no more threads
    ├── JobFailedError                      a job that was waited for has ended without final weights
    ├── WaitTimeoutError (TimeoutError)     a job has not ended in the time that there was
    ├── ApiError
    │   ├── ApiConnectionError              no response
    │   │   └── ApiTimeoutError (TimeoutError)
    │   ├── ApiResponseError                an invalid response
    │   └── ApiStatusError                  an error status
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
        ├── TransferCancelledError          stopped by the caller; `kept` says what a rerun resumes from
        ├── LockTimeoutError (TimeoutError) another process still writes to the same path
        ├── LeaseLostError                  another process took over the work of this one
        ├── IntegrityError                  size, range or content is not what it must be
        │   ├── ArchiveError                an archive, or a folder from one, is damaged or refused
        │   └── RemoteChangedError          the remote file changed again and again
        └── StorageError (OSError)          the local disk refused
            ├── NotEnoughSpaceError
            ├── MissingPathError (FileNotFoundError)
            ├── StoreCredentialsError       an object store refuses the credentials, or none were found
            └── TargetExistsError (FileExistsError)

Each message is one sentence: the thing, the value, the limit, the way out. Facts are attributes. No message, and
no attribute, holds the API key; text of a server is shortened, without control characters.
"""

from __future__ import annotations

import errno
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from .text import printable, readable, redacted

if TYPE_CHECKING:
    from together_generated.models import FineTuneEvent, FinetuneResponse


class TogetherExtError(Exception):
    """The base class of all errors of this package."""

    code: ClassVar[str] = "error"
    """A stable code for programs, as `--json` prints it."""

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
    """An invalid setting."""

    code = "invalid_configuration"


@dataclass(frozen=True)
class Numbers:
    """The numbers that a keyword may have; `value in numbers` is False for booleans, text, NaN and infinity.

    Attributes:
        least: The minimum.
        most: The maximum.
        whole: Whether only whole numbers are allowed.
        above: Whether the minimum itself is not allowed.
        unit: What they count, in the plural; empty for none.
    """

    least: float = -math.inf
    most: float = math.inf
    whole: bool = False
    above: bool = False
    unit: str = ""

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        if not self.whole and not abs(value) <= sys.float_info.max:
            return False  # also an integer that no float can represent
        return self.least <= value <= self.most and not (self.above and value == self.least)

    def __str__(self) -> str:
        kind = f"a {'whole ' * self.whole}number" + (self.unit and f" of {self.unit}")
        least = "" if self.least == -math.inf else f" {'above' if self.above else 'from'} {self.least:,}"
        most = "" if self.most == math.inf else f"{', at most' if self.above else ' to'} {self.most:,}"
        return kind + least + most

    def check(self, name: str, value: object, error: type[RuleError] = RuleError) -> None:
        """Refuse a value that is not one of these numbers.

        Args:
            name: The keyword.
            value: Its value.
            error: The class of the error.

        Raises:
            RuleError: It is not one of these numbers.
        """
        if value not in self:
            raise error(f"{name} is {shown_value(value)}: expected {self}")

    def check_given(self, name: str, value: object, error: type[RuleError] = RuleError) -> None:
        """Refuse a value that is not one of these numbers, except None."""
        if value is not None:
            self.check(name, value, error)


SECONDS: Final = Numbers(0, 10**9, unit="seconds")
TIMEOUT: Final = Numbers(0, 10**9, above=True, unit="seconds")
"""Thirty years at most: operating systems accept no more."""


def shown_value(value: object, limit: int = 60) -> str:
    """A value that a caller gave, for a message of at most so many characters."""
    # Python refuses to write an integer of more than 4300 digits.
    return printable(repr(value), limit) if not isinstance(value, int) or abs(value) < 1 << 64 else "too large"


class NoProjectError(ConfigurationError):
    """No project is named, and the API key does not belong to one."""

    code = "no_project"


class CheckpointNameError(RuleError):
    """Neither a job ID nor `job:step`, or a step given twice."""

    code = "invalid_checkpoint_name"


class CheckpointTypeError(RuleError):
    """A checkpoint type that does not exist, or that this job cannot have."""

    code = "invalid_checkpoint_type"


class UnknownTrainingTypeError(RuleError):
    """The training type of the job is absent or unknown, so there is no default checkpoint type."""

    code = "unknown_training_type"

    def __init__(self, job_id: str, training_type: str | None) -> None:
        self.job_id, self.training_type = job_id, training_type
        said = "no training type" if training_type is None else f"the unknown training type {printable(training_type)}"
        super().__init__(f"{job_id} has {said}: pass the checkpoint type 'merged' or 'adapter'")


class JobNotReadyError(RuleError):
    """The job has no final weights, and no step was requested.

    Attributes:
        status: The job's status.
        ended: Whether it has failed or was cancelled.
        available: What can be downloaded of it instead, by name; None if that is not known.
    """

    code = "job_not_ready"

    def __init__(self, job_id: str, status: str, *, ended: bool, available: Sequence[str] | None = None) -> None:
        self.job_id, self.status, self.ended = job_id, status, ended
        self.available = None if available is None else tuple(available)
        if not ended:
            state = f"is {printable(status)} and has no final weights yet"
            way_out = f"wait until it is completed, or download one of its checkpoints: {job_id}:<step>"
        else:
            state = f"{'was cancelled' if status == 'cancelled' else 'failed'}, so it has no final weights"
            way_out = f"download one of its checkpoints: {', '.join(self.available or [f'{job_id}:<step>'])}"
            if self.available == ():
                way_out = "it has no checkpoints either"
        super().__init__(f"{job_id} {state}; {way_out}")


class CheckpointNotFoundError(RuleError):
    """The job's checkpoint list does not have the step."""

    code = "checkpoint_not_found"

    def __init__(self, job_id: str, step: int, available: Sequence[int]) -> None:
        self.job_id, self.step, self.available = job_id, step, tuple(available)
        steps = ", ".join(map(str, self.available))
        has = f"its checkpoints are at the steps {steps}" if steps else "it has no checkpoints"
        super().__init__(f"{job_id} has no checkpoint at step {step}: {has}")


class TrainingFileError(RuleError):
    """A training file has invalid lines.

    Attributes:
        path: The file.
        problems: All problems, up to a thousand, each with the number of its line; the message shows five.
        forms: The forms that a line may have; empty if the lines have one of them.
    """

    code = "training_file"

    def __init__(self, path: str, problems: Sequence[str], forms: str = "") -> None:
        self.path, self.problems, self.forms = path, tuple(problems), forms
        shown = "; ".join(self.problems[:5])
        more = len(self.problems) - 5
        rest = f"; and {more:,} more, which `together-ext files check` lists" if more > 0 else ""
        expected = f" (a line has the keys of one form: {forms})" if forms else ""
        super().__init__(f"{printable(repr(path), 200)} is not valid training data: {shown}{rest}{expected}")


class ModelLimitError(RuleError):
    """A new job exceeds a limit of its base model."""

    code = "model_limit"

    def __init__(self, model: str, parameter: str, reason: str) -> None:
        self.model, self.parameter = model, parameter
        super().__init__(f"{parameter} {reason}")


class NoBestCheckpointError(RuleError):
    """The best checkpoint of a job cannot be determined."""

    code = "no_best_checkpoint"

    def __init__(self, job_id: str, metric: str, reason: str) -> None:
        self.job_id, self.metric = job_id, metric
        super().__init__(f"cannot determine the best checkpoint of {job_id} by {printable(metric, 80)}: {reason}")


class NotInRegistryError(RuleError):
    """The model registry does not have the weights of a job or checkpoint."""

    code = "not_in_registry"

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(
            f"{name} cannot be downloaded from the registry ({reason}): download the archive (source='archive', "
            "--source archive)"
        )


# Optional dependencies ------------------------------------------------------------------------------------------------


class MissingExtraError(TogetherExtError, ImportError):
    """An optional dependency is required and not installed.

    Attributes:
        extra: The extra that installs it.
    """

    code = "missing_extra"

    def __init__(self, purpose: str, extra: str, *, way_out: str = "") -> None:
        self.extra = extra
        super().__init__(
            f"{purpose} needs the extra '{extra}': run pip install '.[{extra}]' in the source folder{way_out}"
        )


class MissingSocksError(MissingExtraError, ConfigurationError):
    """A proxy variable names a SOCKS proxy, and the package for it is not installed."""

    def __init__(self, variable: str, scheme: str) -> None:
        super().__init__(
            f"{variable} has the form {scheme}://..., which", "socks", way_out=", or list the host in NO_PROXY"
        )


# Memory ---------------------------------------------------------------------------------------------------------------


class OutOfMemoryError(TogetherExtError, MemoryError):
    """There is not enough memory.

    Attributes:
        action: What was attempted; continues "could not".
    """

    code = "out_of_memory"

    def __new__(cls, *args: object) -> Self:
        """Create the exception like others; the constructor of `MemoryError` does not accept its arguments."""
        return Exception.__new__(cls, *args)

    def __init__(self, action: str) -> None:
        self.action = action
        super().__init__(
            f"could not {action}: there is not enough memory; free some, or raise the limit of the process"
        )


class OutOfThreadsError(TogetherExtError, RuntimeError):
    """The system starts no more threads: a limit of threads or of memory is reached."""

    code = "out_of_threads"

    def __init__(self) -> None:
        super().__init__(
            "could not start a thread: the limit of threads (ulimit -u, or pids.max of the container) or of memory "
            "(ulimit -v) is reached; raise it, or use fewer connections and downloads at once"
        )


# Waiting --------------------------------------------------------------------------------------------------------------


class JobFailedError(TogetherExtError):
    """The job that `wait` waited for has failed or was cancelled.

    Attributes:
        job: The last known state of the job.
        event: Its last event that reports an error; None if there is none.
    """

    code = "job_failed"

    def __init__(
        self, job_id: str, status: str, reason: str, *, job: FinetuneResponse, event: FineTuneEvent | None
    ) -> None:
        self.job, self.event = job, event
        said = f" ({printable(reason)})" if reason else ""
        super().__init__(f"{job_id} has ended as {printable(status)}{said}: see its events")


class WaitTimeoutError(TogetherExtError, TimeoutError):
    """The job has not ended within the timeout. It continues on the server.

    Attributes:
        job: The last known state of the job.
    """

    code = "wait_timeout"

    def __init__(self, job_id: str, status: str, timeout: float, *, job: FinetuneResponse) -> None:
        self.job, self.timeout = job, timeout
        super().__init__(
            f"{job_id} is {printable(status)} after {timeout:g} seconds of waiting: "
            "the job continues on the server, so wait again, or longer"
        )


# The API --------------------------------------------------------------------------------------------------------------


class ApiError(TogetherExtError):
    """A call to the API did not succeed."""

    code = "api_error"


class ApiConnectionError(ApiError):
    """No response: no route, no name, a closed connection, a bad certificate."""

    code = "connection_error"

    def __init__(self, action: str, reason: str) -> None:
        self.action, self.reason = action, reason
        super().__init__(f"could not {action}: {reason}; check the network and the base URL, then try again")


class ApiTimeoutError(ApiConnectionError, TimeoutError):
    """No response within the timeout."""

    code = "timeout"


class ApiResponseError(ApiError):
    """The status is a success, and the body is not a valid response."""

    code = "invalid_response"

    def __init__(self, action: str, reason: str) -> None:
        self.action, self.reason = action, reason
        super().__init__(
            f"could not {action}: {reason}; check that the base URL is the API's, and that no proxy responds instead"
        )


class ApiStatusError(ApiError):
    """The server returned an error status.

    Attributes:
        status: The HTTP status; None where the request was not sent at all.
        body: The start of the response's text, at most `BODY_LIMIT` characters.
        request_id: The server's ID of the request, for its support; None if it sent none.
    """

    code = "api_status"
    hint: ClassVar[str] = "try again later, or contact the server's support"

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
            f"could not {action}: the server returned {_phrase(status)}"
            + (f" ({said})" if said else "")
            + f"; {hint or self.hint}"
            + (f" [request {self.request_id}]" if self.request_id else "")
        )


class RedirectedError(ApiStatusError):
    """3xx: a request that changes something is not redirected to another host."""

    code = "redirected"
    hint = "check the base URL, since the API does not redirect such requests"


class BadRequestError(ApiStatusError):
    """400: the server does not accept the request."""

    code = "bad_request"
    hint = "check the parameters"


class AuthenticationError(ApiStatusError):
    """401, or no key at all: then `status` is None and nothing was sent."""

    code = "authentication_failed"
    hint = "check the API key in TOGETHER_API_KEY"


KEYS: Final = "https://api.together.ai/settings/api-keys"
"""Where API keys are created and copied."""


class MissingKeyError(AuthenticationError):
    """There is no API key to send.

    Attributes:
        process: The worker without a key; None for this process.
    """

    def __init__(self, process: str | None = None) -> None:
        super().__init__("call the API", status=None)
        self.process = process
        self.args = (
            f"no API key: set the environment variable TOGETHER_API_KEY, or pass api_key=; create a key at {KEYS}"
            if process is None
            else f"{process} has no API key: set TOGETHER_API_KEY in the environment of each worker",
        )


class PermissionDeniedError(ApiStatusError):
    """403: the key is valid and lacks the permission."""

    code = "permission_denied"
    hint = "check that the API key's account may do this"


class NotFoundError(ApiStatusError):
    """404: no such job, checkpoint or file."""

    code = "not_found"
    hint = "check the ID and the base URL, and that the API key belongs to the account that owns it"


class ConflictError(ApiStatusError):
    """409: the state of the job does not allow it."""

    code = "conflict"
    hint = "check the job's status"


class UnprocessableEntityError(ApiStatusError):
    """422: well-formed and invalid."""

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


def status_error(  # noqa: PLR0913 -- the facts of a response
    action: str,
    *,
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
    hint: str | None = None,
) -> ApiStatusError:
    """The exception for an error status.

    Args:
        action: What was attempted; continues "could not".
        status: The HTTP status.
        body: The response's body, or its beginning.
        headers: The response's headers; names in lower case, or a mapping that ignores case.
        secrets: Strings that must not be shown even if the server repeats them.
        hint: What to do next, where the usual advice does not fit.
    """
    kind = _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100, ApiStatusError)
    request_id = (headers or {}).get("x-request-id")
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        hint = "check the user name and the password in the proxy variable, such as HTTPS_PROXY"
    secrets = tuple(secrets)
    text = readable(body, secrets)
    return kind(action, status=status, body=text, request_id=request_id and redacted(request_id, secrets), hint=hint)


# Transfers ------------------------------------------------------------------------------------------------------------


class TransferError(TogetherExtError):
    """A file could not be downloaded."""

    code = "transfer_failed"


class TransferInterruptedError(TransferError):
    """The retries are used up. What has arrived is kept, and the next run resumes from it."""

    code = "network_failed"


class TransferCancelledError(TransferError):
    """The caller stopped the transfer.

    Attributes:
        kept: Bytes that have arrived and that the next try resumes from; 0 where it cannot, or where it is not known.
    """

    code = "cancelled"

    def __init__(self, kept: int = 0) -> None:
        self.kept = kept
        super().__init__(
            f"the transfer was stopped: what has arrived is kept ({kept:,} bytes); run it again to resume"
            if kept
            else "the transfer was stopped; run it again to complete it"
        )


class LockTimeoutError(TransferError, TimeoutError):
    """Another process still writes to the same file or folder after the time that the caller wanted to wait.

    Attributes:
        path: The lock file.
        holder: The process that holds it, as far as it is known.
    """

    code = "lock_timeout"

    def __init__(self, path: str, *, holder: str, purpose: str, seconds: float) -> None:
        self.path, self.holder = path, holder
        super().__init__(
            f"another process still {purpose} after {seconds:g} s: {holder} ({path}); "
            "wait for it, or choose another path"
        )


class LeaseLostError(TransferError):
    """Another process took over the work of this one, which writes nothing more.

    Attributes:
        path: The lock file, or the URL of a prefix in an object store.
    """

    code = "lease_lost"

    def __init__(self, path: str, message: str | None = None) -> None:
        self.path = path
        super().__init__(
            message
            or f"this process did not renew {path} for too long, and another process may have taken over: "
            "run it again to continue"
        )


class IntegrityError(TransferError):
    """The content is wrong, so nothing was written to the final path."""

    code = "integrity"


class RemoteChangedError(IntegrityError):
    """The remote file changed repeatedly during the download."""

    code = "remote_changed"


class ArchiveError(IntegrityError):
    """An archive or an extracted folder is damaged or not safe; nothing was extracted."""

    code = "archive"


class StorageError(TransferError, OSError):
    """The local disk or its permissions do not allow it.

    Attributes:
        errno: The error number of the operating system; None if there is none.
    """

    code = "storage"

    def __init__(self, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with `errno`, which is not among the attributes of an `OSError` as Python sees them."""
        return _restored, (type(self), self.args, {**self.__dict__, "errno": self.errno})


class NotEnoughSpaceError(StorageError):
    """The file would not fit on its disk."""

    code = "disk_full"

    def __init__(self, folder: str, *, needed: int, free: int, kept: str | None = None, unpacked: int = 0) -> None:
        self.folder, self.needed, self.free = folder, needed, free
        parts = (
            f" ({needed - unpacked:,} for the archive and at least {unpacked:,} for the files extracted from it, "
            "since both are on the disk at the end of the download)"
            if unpacked
            else ""
        )
        wayout = "make room, or download without extracting" if unpacked else "make room"
        super().__init__(
            f"{folder} has {free:,} bytes free and {needed:,} are needed{parts}: {wayout}, then run it again"
            + (f" ({kept} is kept)" if kept else ""),
            errno.ENOSPC,
        )


class MissingPathError(StorageError, FileNotFoundError):
    """A path to read does not exist."""

    code = "no_such_path"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"there is no {printable(path)}: check the path", errno.ENOENT)


class StoreCredentialsError(StorageError):
    """An object store refuses the credentials, or none were found."""

    code = "store_credentials"


class TargetExistsError(StorageError, FileExistsError):
    """Something else is at the final path.

    Attributes:
        replaceable: Whether it may be replaced if the caller allows that; files of the user never are.
    """

    code = "target_exists"

    def __init__(self, message: str, *, replaceable: bool = True) -> None:
        self.replaceable = replaceable
        super().__init__(message)


# Messages of servers --------------------------------------------------------------------------------------------------


def _phrase(status: int | None) -> str:
    try:
        return f"{status} {HTTPStatus(status or 0).phrase}"
    except ValueError:
        return str(status)


def _server_message(body: str) -> str:
    """The sentence in `{"error": {"message": ...}}` and its relatives; empty for a page of markup."""
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return "" if body.lstrip("\ufeff \t\r\n").startswith("<") else printable(body, 200)
    for key in ("error", "message", "detail"):
        if isinstance(found, dict):
            found = found.get(key) or found
    return printable(found if isinstance(found, str) else json.dumps(found), 200)
