"""The models resource of both clients: models in the registry of a project."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from together_ext.api import keywords

from . import operations
from .download_options import DEFAULTS, ModelDownloadOptions, model_request

if TYPE_CHECKING:
    from together_ext.api.flow import AsyncRunner, Runner
    from together_ext.api.lists import ModelList, RevisionFileList, RevisionList
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

    @keywords.shows(ModelDownloadOptions, DEFAULTS)
    def download(self, model: str, **options: Unpack[ModelDownloadOptions]) -> ModelDownload:
        """Download the files of a revision into a folder with a receipt, each verified by the server's hash.

        Files appear in a private folder beside the final one, which gets its name when every file is right. A rerun
        resumes; a folder that is complete is verified, and nothing is downloaded.

        Args:
            model: The model's ID (`ml_...`) or name (`project/model`).
            **options: The keywords of `ModelDownloadOptions`, all optional.

        Raises:
            IntegrityError: A file cannot be verified: a part stays bad, or what the server says contradicts itself.
            RuleError: Nothing is selected, or the latest revision failed its validation.
            StorageError: The disk refuses, or something else is at the path.
            TransferInterruptedError: The retries are used up; a rerun resumes.
        """
        from .download import download

        return self._run(download(self._project, model, model_request(options)))


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

    @keywords.shows(ModelDownloadOptions, DEFAULTS)
    async def download(self, model: str, **options: Unpack[ModelDownloadOptions]) -> ModelDownload:
        """See `Models.download`. The event loop stays free; `progress` is called in it."""
        from together_ext.api.bridge import in_loop

        from .download import download

        wanted = model_request(options)
        return await self._run(download(self._project, model, replace(wanted, progress=in_loop(wanted.progress))))
