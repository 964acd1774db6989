"""The names of the older generated client, `together.generated`, for code that was written with it.

Imports `client`, and the results of `api` and `fine_tuning`. New operations are not added here: this list of names is
complete.

The examples of its documentation work with changed imports:

    import together_ext as together
    import together_ext.generated

New code should use `AsyncTogether`, which these classes call, or the typed endpoints of `together_generated`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from together_ext.client import AsyncTogether
from together_ext.errors import RuleError
from together_ext.api.lists import EventList, JobList
from together_ext.fine_tuning.download import download_form
from together_ext.fine_tuning.download_result import DownloadResult
from together_generated.models import FinetuneResponse, FinetuneResponseTruncated

from .models.fine_tunes_post_request import FineTunesPostRequest
from .rest import ApiException

__all__ = ["ApiClient", "ApiException", "Configuration", "FineTuningApi", "FineTunesPostRequest"]


@dataclass
class Configuration:
    """The base URL of the API, and the key.

    Attributes:
        host: The base URL; None for `TOGETHER_BASE_URL`, else the public one.
        access_token: The key; None for `TOGETHER_API_KEY`.
    """

    host: str | None = None
    access_token: str | None = field(default=None, repr=False)


class ApiClient:
    """A client, for `async with`."""

    def __init__(self, configuration: Configuration | None = None) -> None:
        given = configuration or Configuration()
        self.client = AsyncTogether(given.access_token, given.host)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()


class FineTuningApi:
    """The six operations under their older names; each raises the same errors as its method of `AsyncFineTuning`."""

    def __init__(self, api_client: ApiClient) -> None:
        self._fine_tuning = api_client.client.fine_tuning
        self._run = api_client.client._run  # noqa: SLF001 -- the older download sends forms that the newer one does not

    async def fine_tunes_get(self) -> JobList:
        """List all jobs."""
        return await self._fine_tuning.list()

    async def fine_tunes_post(self, fine_tunes_post_request: FineTunesPostRequest) -> FinetuneResponseTruncated:
        """Create a job."""
        given: Any = fine_tunes_post_request
        if "training_file" not in given:
            raise RuleError("the request has no training_file: pass the ID of an uploaded file")
        return await self._fine_tuning.create(**given)

    async def fine_tunes_id_get(self, id: str) -> FinetuneResponse:
        """Retrieve a job."""
        return await self._fine_tuning.retrieve(id)

    async def fine_tunes_id_cancel_post(self, id: str) -> FinetuneResponseTruncated:
        """Cancel a job."""
        return await self._fine_tuning.cancel(id)

    async def fine_tunes_id_events_get(self, id: str) -> EventList:
        """List a job's events."""
        return await self._fine_tuning.list_events(id)

    async def finetune_download_get(
        self,
        ft_id: str,
        *,
        checkpoint_step: int | None = None,
        checkpoint: str | None = None,
        output: str | os.PathLike[str] | None = None,
    ) -> DownloadResult:
        """Download a job's weights, or a checkpoint's, to the disk.

        Args:
            ft_id: The job's ID.
            checkpoint_step: The step of a checkpoint.
            checkpoint: `merged`, `adapter` or `model_output_path`, which is sent as given; None for the job's default.
            output: The file, or a folder; None for the current one.

        Returns:
            The path and the size of the archive.

        Raises:
            RuleError: The ID or `checkpoint` is invalid, or the job has no final weights yet.
            ApiStatusError: The server refused the request, for example because the job does not have this form.
        """
        if checkpoint is None:
            return await self._fine_tuning.download(ft_id, output=output, checkpoint_step=checkpoint_step)
        return await self._run(download_form(ft_id, checkpoint, checkpoint_step=checkpoint_step, output=output))
