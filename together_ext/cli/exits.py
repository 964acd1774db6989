"""What an error becomes on the command line: an exit code, a code for programs, and a sentence."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from together_ext.errors import (
    ApiConnectionError,
    AuthenticationError,
    CheckpointNotFoundError,
    IntegrityError,
    InternalServerError,
    JobFailedError,
    JobNotReadyError,
    LeaseLostError,
    LockTimeoutError,
    MissingExtraError,
    MissingKeyError,
    MissingPathError,
    NoBestCheckpointError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RuleError,
    StorageError,
    StoreCredentialsError,
    TargetExistsError,
    TogetherExtError,
    TransferCancelledError,
    TransferInterruptedError,
    WaitTimeoutError,
)
from together_ext.text import printable

from .render.screen import without_secrets


class Exit(IntEnum):
    """Exit codes. They are part of the interface: the meaning of a number never changes."""

    DONE = 0
    """Success."""
    FAILED = 1
    """Any other failure, such as an extra that is not installed."""
    USAGE = 2
    """Wrong usage, an invalid setting, or a violated rule."""
    KEY = 3
    """The API key, or the credentials of an object store, are missing or were refused."""
    NOT_FOUND = 4
    """No such job, checkpoint, file, path or bucket."""
    NOT_READY = 5
    """The job is not ready, has failed, or did not end in time."""
    INTEGRITY = 6
    """A size, a validator, a hash or an archive is wrong, or a folder does not match its receipt."""
    STORAGE = 7
    """The disk is full, a permission is missing, or something else is stored at the path."""
    NETWORK = 8
    """A network error, a timeout, or all retries failed. Run the command again to resume."""
    PARTLY = 9
    """Of several downloads, some succeeded and some failed. Run the command again for those that failed."""
    HUNG_UP = 129
    """Stopped by SIGHUP, such as a closed terminal. As for 130."""
    STOPPED = 130
    """Stopped by Ctrl-C. Partial files are kept, and the last line says how to resume."""
    TERMINATED = 143
    """Stopped by SIGTERM. As for 130."""


class CommandError(TogetherExtError):
    """An error of the command line itself.

    Attributes:
        code: Stable error code for programs.
        exit: Exit code.
        document: Further members of the JSON document, beside the error.
    """

    def __init__(self, message: str, *, code: str, exit: Exit = Exit.FAILED, document: object = None) -> None:
        super().__init__(message)
        self.document = document
        self.code = code  # type: ignore[misc]  # a class variable of every other error
        self.exit = exit


class BadUsageError(CommandError):
    """Conflicting, missing or invalid options."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="usage", exit=Exit.USAGE)


# The first match counts: subclasses precede their base classes.
_EXITS: Final[tuple[tuple[type[Exception], Exit], ...]] = (
    (JobNotReadyError, Exit.NOT_READY),
    (JobFailedError, Exit.NOT_READY),
    (WaitTimeoutError, Exit.NOT_READY),
    (CheckpointNotFoundError, Exit.NOT_FOUND),
    (NoBestCheckpointError, Exit.NOT_FOUND),
    (MissingExtraError, Exit.FAILED),
    (RuleError, Exit.USAGE),
    (AuthenticationError, Exit.KEY),
    (PermissionDeniedError, Exit.KEY),
    (NotFoundError, Exit.NOT_FOUND),
    (IntegrityError, Exit.INTEGRITY),
    (MissingPathError, Exit.NOT_FOUND),
    (StoreCredentialsError, Exit.KEY),
    (StorageError, Exit.STORAGE),
    (ApiConnectionError, Exit.NETWORK),
    (InternalServerError, Exit.NETWORK),
    (RateLimitError, Exit.NETWORK),
    (TransferInterruptedError, Exit.NETWORK),
    (LockTimeoutError, Exit.NETWORK),
    (LeaseLostError, Exit.NETWORK),
    (TransferCancelledError, Exit.STOPPED),
    (TogetherExtError, Exit.FAILED),
    # Not raised by this package: standard output on a full disk, a deleted current folder.
    (OSError, Exit.STORAGE),
)


def exit_of(error: BaseException) -> Exit:
    """The exit code for an error."""
    if isinstance(error, CommandError):
        return error.exit
    return next((code for kind, code in _EXITS if isinstance(error, kind)), Exit.FAILED)


def code_of(error: BaseException) -> str:
    """The stable error code for an error."""
    if isinstance(error, TogetherExtError):
        return error.code
    return StorageError.code if isinstance(error, OSError) else "unexpected"


def sentence_of(error: BaseException) -> str:
    """The message of an error, with options in place of keywords of the Python API."""
    match error:
        case MissingKeyError():
            return "no API key: set the environment variable TOGETHER_API_KEY"
        case TargetExistsError(replaceable=True):
            return f"{error} (--overwrite)"
        case TogetherExtError():
            return without_secrets(_with_options(error))
        case MemoryError():
            return "out of memory: make more memory available, or request less at once"
        case OSError():
            return f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}"
    found = printable(without_secrets(f"{type(error).__name__}: {error}"), 300)
    return f"unexpected error ({found}): run the command again with --verbose, and report its output"


_KEYWORD: Final = re.compile(
    r"(?P<invalid>(?:invalid )?)(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)*)(?: \((?P<option>--[a-z-]+)\))?(?= )"
)
_WORDS: Final = frozenset({"connections", "keep", "packing", "parallel", "project", "resolution", "suffix", "timeout"})
"""The keywords of options that are words of one part, so that they are replaced only where one is named."""


def _with_options(error: TogetherExtError) -> str:
    """The message of an error, with options in place of keywords: `--connections is 0`."""
    message = str(error)
    if isinstance(error, JobNotReadyError):
        return message.replace("; wait until it is completed", "; wait until it is completed (--wait)")
    if not isinstance(error, RuleError):
        return message
    message = re.sub(r"\bcheckpoint_(step|type)\b", r"--checkpoint-\1", message)
    found = _KEYWORD.match(message)
    if found is not None and found["name"].endswith("_proxy"):
        return message  # an environment variable
    if found is None or not (found["option"] or "_" in found["name"] or found["name"] in _WORDS):
        return message
    option = found["option"] or f"--{found['name'].replace('_', '-')}"
    return f"{found['invalid']}{option}{message[found.end() :]}"
