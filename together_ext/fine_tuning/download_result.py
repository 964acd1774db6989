"""The result of a download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from together_ext.api.flow import Archive
from together_ext.checkpoints import CheckpointType, type_of
from together_ext.transfer import Fetched

from .metrics import BestCheckpoint


@dataclass(frozen=True)
class DownloadResult:
    """Downloaded weights.

    Attributes:
        object: Always `"local"`.
        id: The job's ID, without the step.
        checkpoint_step: The requested step; None for the final weights.
        checkpoint_type: `merged` or `adapter` of a LoRA job, `default` of a full one or where the server chose.
        filename: Absolute path or URL of the archive; of the extracted folder or prefix, if the archive was not kept.
        size: Bytes of the archive; from the registry, of all files.
        sha256: The archive's hash in hexadecimal; None unless it was computed.
        extracted_to: The folder that it was extracted to; None if it was not.
        layout: What was extracted: `adapter`, `model` or `unknown`; None if nothing was.
        files: The paths of the extracted files, relative to the folder, without the receipt.
        resumed_from: Bytes that were already downloaded.
        source: Where the weights came from: `archive` or `registry`.
        verified: What was compared: `hash` (of an extracted folder's files with its receipt), `structure` (the archive
            ends where its own headers say) or `size`.
        best: The checkpoint that `ft-...:best` stands for, with the reason and the value; None if a step was named.
    """

    id: str
    checkpoint_step: int | None
    checkpoint_type: CheckpointType
    filename: str
    size: int
    resumed_from: int
    sha256: str | None = None
    extracted_to: str | None = None
    layout: str | None = None
    files: tuple[str, ...] = ()
    object: str = "local"
    source: Literal["archive", "registry"] = "archive"
    verified: Literal["hash", "structure", "size"] = "size"
    best: BestCheckpoint | None = None


FinetuneDownloadResult = DownloadResult
"""The official SDK's name for `DownloadResult`."""


def result_of(found: Archive, fetched: Fetched) -> DownloadResult:
    """The result of an archive that was downloaded."""
    return DownloadResult(
        id=found.job_id,
        checkpoint_step=found.step,
        checkpoint_type=type_of(found.checkpoint),
        filename=str(fetched.path),
        size=fetched.size,
        resumed_from=fetched.resumed_from,
        verified=fetched.verified,
    )
