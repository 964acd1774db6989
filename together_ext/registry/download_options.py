"""The keywords of `download`, and the frozen value that they make."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypedDict

from together_ext.api import keywords

if TYPE_CHECKING:
    from together_ext.transfer import ProgressCallback


class ModelDownloadOptions(TypedDict, total=False):
    """Keywords of `models.download`."""

    output: str | os.PathLike[str] | None
    """None for the current folder; an existing folder, or a path that ends in a separator, to make the folder in it
    under the model's name; anything else is the path of the folder. The URL of an object store (`s3://bucket/prefix/`)
    saves each file as an object; nothing is written locally."""
    revision: str | None
    """ID of the revision, `rv_...` (default: the latest revision). One that failed its validation is downloaded only if
    it is named."""
    files: Sequence[str] | None
    """Paths of the files (default: all)."""
    include: Sequence[str] | None
    """Patterns of which a file must match one, such as `*.safetensors`."""
    exclude: Sequence[str] | None
    """Patterns of which a file must match none."""
    overwrite: bool
    """Whether a folder that was downloaded before may be replaced (default: False)."""
    connections: int | None
    """Maximum number of connections (default: `TOGETHER_EXT_CONNECTIONS`, else 32)."""
    limit_rate: float | None
    """Maximum number of bytes a second for all connections together (default: no limit)."""
    progress: ProgressCallback | None
    """Called with a `DownloadProgress` about ten times a second; an exception from it stops the download."""
    lock_timeout: float | None
    """Maximum number of seconds to wait for another process that makes the same folder (default: no limit)."""
    durable: bool
    """Whether to wait until each file is on the disk (default: True)."""
    storage_options: Mapping[str, str] | None
    """With the URL of an object store: its settings, as obstore names them, such as `endpoint`."""


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """What `download` was called with: the fields of `ModelDownloadOptions`, with their defaults."""

    output: str | os.PathLike[str] | None = None
    revision: str | None = None
    files: Sequence[str] | None = None
    include: Sequence[str] | None = None
    exclude: Sequence[str] | None = None
    overwrite: bool = False
    connections: int | None = None
    limit_rate: float | None = None
    progress: ProgressCallback | None = None
    lock_timeout: float | None = None
    durable: bool = True
    storage_options: Mapping[str, str] | None = field(default=None, repr=False)


DEFAULTS: Final = MappingProxyType({field.name: field.default for field in dataclasses.fields(ModelRequest)})
"""The default of each keyword."""


def model_request(options: ModelDownloadOptions) -> ModelRequest:
    """What `download` was called with.

    Raises:
        TypeError: A keyword that does not exist.
    """
    keywords.check("download", options, ModelDownloadOptions)
    return ModelRequest(**options)
