"""The models resource of both clients: models in the registry of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import operations

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from together_ext.api.flow import AsyncRunner, Runner
    from together_ext.api.lists import ModelList, RevisionFileList, RevisionList
    from together_ext.transfer import ProgressCallback
    from together_generated import models

    from .download import ModelDownload
    from .project import Project


class Models:
    """Models in the registry. Every method may raise `ApiError`, `NoProjectError` and, before any request, `RuleError`.

    Not tried against a live account: the operations come from the official SDK.
    """

    def __init__(self, run: Runner, project: Project) -> None:
        self._run, self._project = run, project

    def list(self) -> ModelList:
        """Models of the project, in `.data`; all pages are requested."""
        return self._run(operations.list_models(self._project))

    def retrieve(self, model: str) -> models.RegistryModel:
        """Retrieve a model.

        Args:
            model: The model's ID (`ml_...`) or name (`project/model`); of a job, its `model_object_id` or
                `adapter_object_id`.
        """
        return self._run(operations.retrieve(self._project, model))

    def list_revisions(self, model: str) -> RevisionList:
        """Revisions of a model, newest first, in `.data`; a revision never changes.

        Args:
            model: The model's ID (`ml_...`) or name (`project/model`).
        """
        return self._run(operations.list_revisions(self._project, model))

    def list_files(self, model: str, *, revision: str | None = None) -> RevisionFileList:
        """Files of a revision, in `.data`, each with its path, size and hash.

        Args:
            model: The model's ID (`ml_...`) or name (`project/model`).
            revision: ID of the revision, `rv_...` (default: the latest revision).
        """
        return self._run(operations.list_files(self._project, model, revision))

    def download(  # noqa: PLR0913 -- keywords
        self,
        model: str,
        *,
        output: str | os.PathLike[str] | None = None,
        revision: str | None = None,
        files: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        overwrite: bool = False,
        connections: int | None = None,
        limit_rate: float | None = None,
        progress: ProgressCallback | None = None,
        lock_timeout: float | None = None,
        durable: bool = True,
        storage_options: Mapping[str, str] | None = None,
    ) -> ModelDownload:
        """Download the files of a revision into a folder with a receipt, each verified by the server's hash.

        Files appear in a private folder beside the final one, which gets its name when every file is right. A rerun
        resumes; a folder that is complete is verified, and nothing is downloaded.

        Args:
            model: The model's ID (`ml_...`) or name (`project/model`).
            output: None for the current folder; an existing folder, or a path that ends in a separator, to make the
                folder in it under the model's name; anything else is the path of the folder. The URL of an object
                store (`s3://bucket/prefix/`) saves each file as an object; nothing is written locally.
            revision: ID of the revision, `rv_...` (default: the latest revision). One that failed its validation is
                downloaded only if it is named.
            files: Paths of the files (default: all).
            include: Patterns of which a file must match one, such as `*.safetensors`.
            exclude: Patterns of which a file must match none.
            overwrite: Whether a folder that was downloaded before may be replaced.
            connections: Maximum number of connections (default: `TOGETHER_EXT_CONNECTIONS`, else 32).
            limit_rate: Maximum number of bytes a second for all connections together (default: no limit).
            progress: Called with a `DownloadProgress` about ten times a second; an exception from it stops the
                download.
            lock_timeout: Maximum number of seconds to wait for another process that makes the same folder.
            durable: Whether to wait until each file is on the disk.
            storage_options: Settings of the object store, as obstore names them, such as `endpoint`.

        Raises:
            IntegrityError: A file cannot be verified: a part stays bad, or what the server says contradicts itself.
            RuleError: Nothing is selected, or the latest revision failed its validation.
            StorageError: The disk refuses, or something else is at the path.
            TransferInterruptedError: The retries are used up; a rerun resumes.
        """
        from .download import ModelRequest, download

        wanted = ModelRequest(
            output=output,
            revision=revision,
            files=files,
            include=include,
            exclude=exclude,
            overwrite=overwrite,
            connections=connections,
            limit_rate=limit_rate,
            progress=progress,
            lock_timeout=lock_timeout,
            durable=durable,
            storage_options=storage_options,
        )
        return self._run(download(self._project, model, wanted))


class AsyncModels:
    """Models in the registry: the methods of `Models`, awaited."""

    def __init__(self, run: AsyncRunner, project: Project) -> None:
        self._run, self._project = run, project

    async def list(self) -> ModelList:
        """See `Models.list`."""
        return await self._run(operations.list_models(self._project))

    async def retrieve(self, model: str) -> models.RegistryModel:
        """See `Models.retrieve`."""
        return await self._run(operations.retrieve(self._project, model))

    async def list_revisions(self, model: str) -> RevisionList:
        """See `Models.list_revisions`."""
        return await self._run(operations.list_revisions(self._project, model))

    async def list_files(self, model: str, *, revision: str | None = None) -> RevisionFileList:
        """See `Models.list_files`."""
        return await self._run(operations.list_files(self._project, model, revision))

    async def download(  # noqa: PLR0913 -- keywords
        self,
        model: str,
        *,
        output: str | os.PathLike[str] | None = None,
        revision: str | None = None,
        files: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        overwrite: bool = False,
        connections: int | None = None,
        limit_rate: float | None = None,
        progress: ProgressCallback | None = None,
        lock_timeout: float | None = None,
        durable: bool = True,
        storage_options: Mapping[str, str] | None = None,
    ) -> ModelDownload:
        """See `Models.download`."""
        from .download import ModelRequest, download

        wanted = ModelRequest(
            output=output,
            revision=revision,
            files=files,
            include=include,
            exclude=exclude,
            overwrite=overwrite,
            connections=connections,
            limit_rate=limit_rate,
            progress=progress,
            lock_timeout=lock_timeout,
            durable=durable,
            storage_options=storage_options,
        )
        return await self._run(download(self._project, model, wanted))
