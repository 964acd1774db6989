"""Download fine-tuned weights from Together AI.

from together_ext import Together

client = Together()
result = client.fine_tuning.download("ft-...:500", output="models/", checkpoint_type="adapter")
print(result.filename, result.size)
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .archive import Extracted, Limits, extract, verify
    from .archive.receipt import Verification
    from .checkpoints import Checkpoint, CheckpointType, DownloadCheckpointType
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
        LeaseLostError,
        LockTimeoutError,
        MissingExtraError,
        MissingPathError,
        ModelLimitError,
        NoBestCheckpointError,
        NoProjectError,
        NotEnoughSpaceError,
        NotFoundError,
        NotInRegistryError,
        OutOfMemoryError,
        OutOfThreadsError,
        PermissionDeniedError,
        RateLimitError,
        RemoteChangedError,
        RuleError,
        StorageError,
        StoreCredentialsError,
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
    from .files.upload import UploadedFile
    from .fine_tuning.download_options import DownloadOptions
    from .fine_tuning.download_result import DownloadResult, FinetuneDownloadResult
    from .fine_tuning.job import Job
    from .fine_tuning.metrics import BestCheckpoint
    from .fine_tuning.parameters import JobParameters
    from .fine_tuning.pricing import token_count
    from .registry.download import ModelDownload
    from .registry.download_options import ModelDownloadOptions
    from .transfer import DownloadProgress

__version__ = "0.1.0"
"""The version of the package and of its distribution (`pyproject.toml` reads it here)."""

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
    "DownloadCheckpointType",
    "DownloadOptions",
    "DownloadProgress",
    "DownloadResult",
    "Extracted",
    "FinetuneDownloadResult",
    "IntegrityError",
    "InternalServerError",
    "Job",
    "JobFailedError",
    "JobNotReadyError",
    "JobParameters",
    "LeaseLostError",
    "Limits",
    "LockTimeoutError",
    "MissingExtraError",
    "MissingPathError",
    "ModelDownload",
    "ModelDownloadOptions",
    "ModelLimitError",
    "NoBestCheckpointError",
    "NoProjectError",
    "NotEnoughSpaceError",
    "NotFoundError",
    "NotInRegistryError",
    "OutOfMemoryError",
    "OutOfThreadsError",
    "PermissionDeniedError",
    "RateLimitError",
    "RemoteChangedError",
    "RuleError",
    "StorageError",
    "StoreCredentialsError",
    "TargetExistsError",
    "Together",
    "TogetherExtError",
    "TrainingFileError",
    "TransferCancelledError",
    "TransferError",
    "TransferInterruptedError",
    "UnknownTrainingTypeError",
    "UnprocessableEntityError",
    "UploadedFile",
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
        "Limits",
        "extract",
        "verify",
    ),
    "archive.receipt": ("Verification",),
    "checkpoints": (
        "Checkpoint",
        "CheckpointType",
        "DownloadCheckpointType",
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
        "LeaseLostError",
        "LockTimeoutError",
        "MissingExtraError",
        "MissingPathError",
        "ModelLimitError",
        "NoBestCheckpointError",
        "NoProjectError",
        "NotEnoughSpaceError",
        "NotFoundError",
        "NotInRegistryError",
        "OutOfMemoryError",
        "OutOfThreadsError",
        "PermissionDeniedError",
        "RateLimitError",
        "RemoteChangedError",
        "RuleError",
        "StorageError",
        "StoreCredentialsError",
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
    "fine_tuning.download_options": ("DownloadOptions",),
    "fine_tuning.job": ("Job",),
    "fine_tuning.metrics": ("BestCheckpoint",),
    "fine_tuning.parameters": ("JobParameters",),
    "fine_tuning.pricing": ("token_count",),
    "files.upload": ("UploadedFile",),
    "registry.download": ("ModelDownload",),
    "registry.download_options": ("ModelDownloadOptions",),
    "transfer": ("DownloadProgress",),
    "fine_tuning.download_result": (
        "DownloadResult",
        "FinetuneDownloadResult",
    ),
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
    return sorted({*globals(), *__all__})
