"""Exit codes: the one place that says which failure ends with which."""

from __future__ import annotations

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
    MissingPathError,
    NoBestCheckpointError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RuleError,
    StorageError,
    TogetherExtError,
    TransferCancelledError,
    TransferInterruptedError,
    WaitTimeoutError,
)


class Exit(IntEnum):
    """What the program tells its caller; part of the interface, so no number ever changes its meaning."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    KEY = 3
    NOT_FOUND = 4
    NOT_READY = 5
    INTEGRITY = 6
    STORAGE = 7
    NETWORK = 8
    STOPPED = 130


class CommandError(TogetherExtError):
    """A command cannot do what it was asked for, for a reason of the command line itself.

    Attributes:
        code: A stable word for programs.
        exit: How the program ends.
        document: What `--json` tells beside the error: what was found out all the same.
    """

    def __init__(self, message: str, *, code: str, exit: Exit = Exit.FAILED, document: object = None) -> None:
        super().__init__(message)
        self.document = document
        self.code = code  # type: ignore[misc]  # a class variable of every other error
        self.exit = exit


class BadUsageError(CommandError):
    """Options that contradict one another, or that lack something."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="usage", exit=Exit.USAGE)


# The first that fits counts, so what is special stands before what is general.
_EXITS: Final[tuple[tuple[type[Exception], Exit], ...]] = (
    (JobNotReadyError, Exit.NOT_READY),
    (JobFailedError, Exit.NOT_READY),
    (WaitTimeoutError, Exit.NOT_READY),
    (CheckpointNotFoundError, Exit.NOT_FOUND),
    (NoBestCheckpointError, Exit.NOT_FOUND),
    (RuleError, Exit.USAGE),
    (AuthenticationError, Exit.KEY),
    (PermissionDeniedError, Exit.KEY),
    (NotFoundError, Exit.NOT_FOUND),
    (IntegrityError, Exit.INTEGRITY),
    (MissingPathError, Exit.NOT_FOUND),
    (StorageError, Exit.STORAGE),
    (ApiConnectionError, Exit.NETWORK),
    (InternalServerError, Exit.NETWORK),
    (RateLimitError, Exit.NETWORK),
    (TransferInterruptedError, Exit.NETWORK),
    (TransferCancelledError, Exit.STOPPED),
    (TogetherExtError, Exit.FAILED),
    # Not one of ours: standard output on a full disk, a current folder that is gone.
    (OSError, Exit.STORAGE),
)


def exit_of(error: Exception) -> Exit:
    """How the program ends after an error."""
    if isinstance(error, CommandError):
        return error.exit
    return next((code for kind, code in _EXITS if isinstance(error, kind)), Exit.FAILED)


def code_of(error: Exception) -> str:
    """The stable word for an error."""
    if isinstance(error, TogetherExtError):
        return error.code
    return StorageError.code if isinstance(error, OSError) else "unexpected"
