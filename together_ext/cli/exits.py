"""What an error becomes on the command line: an exit code, a code for programs, and a sentence."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import IntEnum
from typing import Final

from together_ext.errors import (
    KEYS,
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


def sentence_of(error: BaseException, options: Collection[str] = ()) -> str:
    """The message of an error, with options in place of keywords of the Python API.

    Args:
        error: The error.
        options: The options of the running command, such as `--overwrite`. Others are neither named nor advised.
    """
    match error:
        case MissingKeyError(process=None):
            return (
                "no API key: set the environment variable TOGETHER_API_KEY, or pass --api-key-file FILE; "
                f"create a key at {KEYS}"
            )
        case TogetherExtError():
            return without_secrets(_advised(error, options))
        case MemoryError():
            return "out of memory: make more memory available, or request less at once"
        case OSError():
            return f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}"
    found = printable(without_secrets(f"{type(error).__name__}: {error}"), 300)
    return f"unexpected error ({found}): run the command again with --verbose, and report its output"


def _advised(error: TogetherExtError, options: Collection[str]) -> str:
    message = _EXPLAINED.sub(r"\1", str(error))
    match error:
        case TargetExistsError(replaceable=True):
            return f"{message} (--overwrite)" if "--overwrite" in options else _ALLOW.sub("", message)
        case JobNotReadyError() if "--wait" in options:
            return message.replace("; wait until it is completed", "; wait until it is completed (--wait)")
        case RuleError():
            return _with_options(message, options)
    return message


_ALLOW: Final = re.compile(r", or allow (?:overwriting|it to be replaced)$")
"""Advice that a command without `--overwrite` cannot follow."""

_EXPLAINED: Final = re.compile(r"\b[a-z_]+(?:=\S+)? \((--[^)]+)\)")
"""A keyword and the option for it, as in `spool=False (--no-spool)`."""

_KEYWORD: Final = re.compile(r"(?<![^\s(])(?P<name>[a-z0-9]+(?:_[a-z0-9]+)+)(?:=True)?(?![\w/.-])")
"""A name of several parts, not inside a path or quotes."""

_FIRST: Final = re.compile(r"(?P<before>(?:invalid )?)(?P<name>[a-z]+)(?= )")
"""A name of one part, which may be any word elsewhere."""


def _with_options(message: str, options: Collection[str]) -> str:
    """A message with the options of a command in place of keywords: `--connections is 0`."""

    def option(found: re.Match[str]) -> str:
        name = f"--{found['name'].replace('_', '-')}"
        return f"{found.groupdict().get('before', '')}{name}" if name in options else found[0]

    message = _KEYWORD.sub(option, message)
    first = _FIRST.match(message)
    # The keyword `output` is given with either of two options.
    if first is None or (first["name"] == "output" and "--output-dir" in options):
        return message
    return option(first) + message[first.end() :]
