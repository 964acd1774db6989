"""The keywords of `download`, and the frozen value that they make."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypedDict

from together_ext.api import keywords
from together_ext.checkpoints import CheckpointType

if TYPE_CHECKING:
    from together_ext.archive import Limits
    from together_ext.config import Source
    from together_ext.transfer import ProgressCallback
    from together_generated.models import DownloadCheckpoint

    CheckpointForm = Literal["merged", "adapter", "model_output_path"] | DownloadCheckpoint
    """The form of the weights, as the API names it in a download request."""


DEFAULT_PARALLEL: Final = 4
"""Maximum number of downloads at once, of many."""


class DownloadOptions(TypedDict, total=False):
    """Keywords of `download`."""

    output: str | os.PathLike[str] | None
    """None for the current folder; an existing folder, or a path that ends in a separator, to save the archive inside
    under its own name; anything else is the path of the file. Missing folders are created. Or the URL of an object
    store: `s3://`, `gs://` or `az://`, with a slash at its end for a prefix to save in."""
    checkpoint_step: int | None
    """The step, if `id` does not name one."""
    checkpoint_type: CheckpointType | Literal["default", "merged", "adapter"]
    """`merged` or `adapter` for a LoRA job (`default` is `merged`); a full training job has only `default`."""
    overwrite: bool
    """Whether a different file at the final path may be replaced (default: False). Without it, such a file is an error,
    and the same file is not downloaded again."""
    connections: int | None
    """Maximum number of connections (default: `TOGETHER_EXT_CONNECTIONS`, else 8, or 32 from the registry)."""
    limit_rate: float | None
    """Maximum number of bytes a second, for all connections together (default: no limit)."""
    progress: ProgressCallback | None
    """Called with a `DownloadProgress` at each change of state and about ten times a second; an exception from it stops
    the download."""
    extract: bool
    """Whether to extract the archive into a folder beside it, named like it without its extension, with a receipt
    (default: False). Weights that were extracted there before and have not changed are not downloaded again."""
    keep_archive: bool
    """With `extract`: whether to keep the archive (default: False)."""
    spool: bool | None
    """With `extract`: whether the archive is written to the disk, so that an interrupted download resumes (True), or
    its bytes are extracted as they arrive, which takes half the space and half the writes, and starts over after an
    interruption (False). Default: not written up to 1 GiB, and where there is no room for archive and folder both."""
    fix_base: bool
    """With `extract`: whether an adapter's base model that only the service can load is replaced by its public name,
    where that is known for certain (default: True); the receipt keeps the original name."""
    base_model: str | None
    """With `extract`: the base model to write into the adapter, `org/name` or a folder."""
    durable: bool
    """Whether to wait until everything is on the disk (default: True). Without it, the final path appears once all
    bytes are written, which is sooner; after a power failure within about a minute, files may be incomplete."""
    lock_timeout: float | None
    """Maximum number of seconds to wait for another process that downloads the same file (default: no limit). A process
    that has not renewed its lock for a minute is replaced."""
    limits: Limits | None
    """With `extract`: limits of the archive's content (default: `Limits()`)."""
    source: Source | None
    """With `extract`: where the weights come from (default: `TOGETHER_EXT_SOURCE`, else `archive`): the `archive`, the
    files in the model `registry`, or `auto`, which is the registry where the job has weights there, else the archive.
    The folder is the same. The registry has not been tried with a live account."""
    storage_options: Mapping[str, str] | None
    """With the URL of an object store: its settings, as obstore names them, such as `{"endpoint": "https://..."}`
    (default: those of the environment)."""


@dataclass(frozen=True, kw_only=True)
class DownloadRequest:
    """What `download` was called with: the fields of `DownloadOptions`, with their defaults."""

    output: str | os.PathLike[str] | None = None
    checkpoint_step: int | None = None
    checkpoint_type: CheckpointType | str = CheckpointType.DEFAULT
    overwrite: bool = False
    connections: int | None = None
    limit_rate: float | None = None
    progress: ProgressCallback | None = None
    extract: bool = False
    keep_archive: bool = False
    spool: bool | None = None
    fix_base: bool = True
    base_model: str | None = None
    durable: bool = True
    lock_timeout: float | None = None
    limits: Limits | None = None
    source: Source | None = None
    storage_options: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class StreamRequest:
    """What `open` was called with."""

    checkpoint_type: CheckpointType | str = CheckpointType.DEFAULT
    checkpoint_step: int | None = None
    connections: int | None = None
    window: int = 64 << 20
    limit_rate: float | None = None
    progress: ProgressCallback | None = None


DEFAULTS: Final = MappingProxyType({field.name: field.default for field in dataclasses.fields(DownloadRequest)})
"""The default of each keyword."""


def download_request(options: DownloadOptions) -> DownloadRequest:
    """What `download` was called with.

    Raises:
        TypeError: A keyword that does not exist.
    """
    keywords.check("download", options, DownloadOptions)
    return DownloadRequest(**options)
