"""Fetch fine-tuned weights from Together AI.

from together_ext import Together

client = Together()
result = client.fine_tuning.download("ft-...:500", output="models/", checkpoint_type="adapter")
print(result.filename, result.size)
"""

import importlib
import sys
from typing import TYPE_CHECKING

from .version import __version__

# httpx imports its own command line, and rich with it, whenever that could be used: a third of what it costs to
# import. Told that this one module is missing, it does without.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

if TYPE_CHECKING:
    from .archive import Extracted, extract, verify
    from .archive.receipt import Verification
    from .checkpoints import Checkpoint, CheckpointType
    from .client import AsyncTogether, Together
    from .errors import (
        ApiConnectionError,
        ApiError,
        ApiResponseError,
        ApiStatusError,
        ApiTimeoutError,
        ArchiveError,
        AuthenticationError,
        BadRequestError,
        CheckpointNameError,
        CheckpointNotFoundError,
        CheckpointTypeError,
        ConfigurationError,
        ConflictError,
        IntegrityError,
        InternalServerError,
        JobFailedError,
        JobNotReadyError,
        MissingPathError,
        ModelLimitError,
        NoBestCheckpointError,
        NotEnoughSpaceError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        RemoteChangedError,
        RuleError,
        StorageError,
        TargetExistsError,
        TogetherExtError,
        TrainingFileError,
        TransferCancelledError,
        TransferError,
        TransferInterruptedError,
        UnknownTrainingTypeError,
        UnprocessableEntityError,
        WaitTimeoutError,
    )
    from .metrics import BestCheckpoint
    from .pricing import token_count
    from .transfer import DownloadProgress
    from .weights import DownloadResult

__all__ = [
    "ApiConnectionError",
    "ApiError",
    "ApiResponseError",
    "ApiStatusError",
    "ApiTimeoutError",
    "ArchiveError",
    "AsyncTogether",
    "AuthenticationError",
    "BadRequestError",
    "BestCheckpoint",
    "Checkpoint",
    "CheckpointNameError",
    "CheckpointNotFoundError",
    "CheckpointType",
    "CheckpointTypeError",
    "ConfigurationError",
    "ConflictError",
    "DownloadProgress",
    "DownloadResult",
    "Extracted",
    "IntegrityError",
    "InternalServerError",
    "JobFailedError",
    "JobNotReadyError",
    "MissingPathError",
    "ModelLimitError",
    "NoBestCheckpointError",
    "NotEnoughSpaceError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RemoteChangedError",
    "RuleError",
    "StorageError",
    "TargetExistsError",
    "Together",
    "TogetherExtError",
    "TrainingFileError",
    "TransferCancelledError",
    "TransferError",
    "TransferInterruptedError",
    "UnknownTrainingTypeError",
    "UnprocessableEntityError",
    "Verification",
    "WaitTimeoutError",
    "__version__",
    "extract",
    "token_count",
    "verify",
]

_HOMES = {
    "archive": (
        "Extracted",
        "extract",
        "verify",
    ),
    "archive.receipt": ("Verification",),
    "checkpoints": (
        "Checkpoint",
        "CheckpointType",
    ),
    "client": (
        "AsyncTogether",
        "Together",
    ),
    "errors": (
        "ApiConnectionError",
        "ApiError",
        "ApiResponseError",
        "ApiStatusError",
        "ApiTimeoutError",
        "ArchiveError",
        "AuthenticationError",
        "BadRequestError",
        "CheckpointNameError",
        "CheckpointNotFoundError",
        "CheckpointTypeError",
        "ConfigurationError",
        "ConflictError",
        "IntegrityError",
        "InternalServerError",
        "JobFailedError",
        "JobNotReadyError",
        "MissingPathError",
        "ModelLimitError",
        "NoBestCheckpointError",
        "NotEnoughSpaceError",
        "NotFoundError",
        "PermissionDeniedError",
        "RateLimitError",
        "RemoteChangedError",
        "RuleError",
        "StorageError",
        "TargetExistsError",
        "TogetherExtError",
        "TrainingFileError",
        "TransferCancelledError",
        "TransferError",
        "TransferInterruptedError",
        "UnknownTrainingTypeError",
        "UnprocessableEntityError",
        "WaitTimeoutError",
    ),
    "metrics": ("BestCheckpoint",),
    "pricing": ("token_count",),
    "transfer": ("DownloadProgress",),
    "weights": ("DownloadResult",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker would take any name for one that exists

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used, so that importing the package costs next to nothing."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
