"""The part of the fine-tuning resource that downloads weights. Each method runs a flow of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Literal, Unpack

from together_ext.api import keywords
from together_ext.api.flow import Archive, Runner
from together_ext.checkpoints import CheckpointType

from .download_options import DEFAULT_PARALLEL, DEFAULTS, DownloadOptions, StreamRequest, download_request

if TYPE_CHECKING:
    import os

    import httpx

    from together_ext.bulk import DownloadPlan, Outcomes
    from together_ext.registry.project import Project
    from together_ext.transfer import Fetched, OrderedStream, ProgressCallback

    from .download_many import Connect, Executors
    from .download_many import Names as ManyNames
    from .download_options import CheckpointForm
    from .download_result import DownloadResult


class Weights:
    """The weights of jobs and checkpoints."""

    def __init__(
        self,
        run: Runner,
        stream: Callable[[Archive], AbstractContextManager[httpx.Response]],
        connect: Connect | None,
        project: Project,
    ) -> None:
        self._run, self._stream, self._connect, self._project = run, stream, connect, project
        self.with_streaming_response = StreamingResponses(run, stream)

    @keywords.shows(DownloadOptions, DEFAULTS)
    def download(self, id: str, **options: Unpack[DownloadOptions]) -> DownloadResult:
        """Download the archive of a job's weights; the same call again resumes, unless `spool` keeps it off the disk.

        Args:
            id: A job's ID for its final weights, `ft-...:<step>` for a checkpoint, `ft-...:best` for the best one.
            **options: The keywords of `DownloadOptions`, all optional.

        Returns:
            The path of the archive, its size, the bytes that were resumed, and the extracted folder.

        Raises:
            RuleError: The request does not fit the job (`JobNotReadyError`, `CheckpointTypeError`, ...), or the job has
                no such checkpoint.
            ApiError: The server refused the request or did not respond.
            TransferError: The network, the content or the disk; the final path is unchanged. An archive that cannot be
                extracted (`ArchiveError`) is kept if it was written to the disk.
        """
        from .download import download

        return self._run(download(self._project, id, download_request(options)))

    @keywords.shows(DownloadOptions, DEFAULTS)
    def download_many(
        self,
        names: ManyNames,
        *,
        parallel: int = DEFAULT_PARALLEL,
        executor: Executors | None = None,
        **options: Unpack[DownloadOptions],
    ) -> Outcomes[DownloadResult]:
        """Download many archives, several at once. One failure never ends the others; the same call again resumes.

        Close the iterator, from any thread, or interrupt it to end all downloads; what was written is kept.

        Args:
            names: Names as `download` takes them, and selections: `together_ext.bulk.all_checkpoints("ft-...")`,
                `together_ext.bulk.jobs(suffix=...)`. Each is downloaded once.
            parallel: Maximum number of downloads at once.
            executor: Where the downloads run, such as a process pool or `dask.distributed.Client.get_executor()`
                (default: threads of this process). Its processes read the key from their own environment, and must
                reach the folder by the same path. A dictionary of executors by host: each host gets its copy, and
                `parallel`, `connections` and `limit_rate` are those of each host.
            **options: The keywords of `download`, without `checkpoint_step`. `output` is a folder, or the URL of a
                prefix; `connections` and `limit_rate` are totals, divided among the downloads that run at once.

        Returns:
            An iterator over the outcomes, each as its download ends.

        Raises:
            RuleError: A name or an option is invalid; nothing was requested.
            ApiError: A selection could not be listed.
        """
        from .download_many import many

        found = many(names, options, parallel=parallel, executor=executor, connect=self._connect, project=self._project)
        return found.outcomes(self._run)

    @keywords.shows(DownloadOptions, DEFAULTS)
    def plan_downloads(
        self, names: ManyNames, *, parallel: int = DEFAULT_PARALLEL, **options: Unpack[DownloadOptions]
    ) -> DownloadPlan:
        """Report what `download_many` would do: path, size and state of each download, and the space that it needs.

        Nothing is written. Of each archive, only the first 512 bytes are requested, which show its format and size.

        Args:
            names: Names and selections, as for `download_many`.
            parallel: Maximum number of requests at once.
            **options: The keywords that `download_many` would get.

        Returns:
            One entry for each name, also for those that would fail, and the free space.

        Raises:
            RuleError: A name or an option is invalid; nothing was requested.
            ApiError: A selection could not be listed.
        """
        from .download_many import many
        from .planning import Planning

        found = many(names, options, parallel=parallel, executor=None, connect=None, project=self._project)
        return Planning(found, self._run).plan()

    def open(  # noqa: PLR0913 -- keywords, each with a default
        self,
        name: str,
        *,
        checkpoint_type: CheckpointType | Literal["default", "merged", "adapter"] = CheckpointType.DEFAULT,
        checkpoint_step: int | None = None,
        connections: int | None = None,
        window: int = 64 << 20,
        limit_rate: float | None = None,
        progress: ProgressCallback | None = None,
    ) -> OrderedStream:
        """Open the archive of a job's weights as a readable file: its bytes in order, without a file on the disk.

        Args:
            name: A job's ID for its final weights, `ft-...:<step>` for a checkpoint, `ft-...:best` for the best one.
            checkpoint_type: `merged` or `adapter` for a LoRA job (`default` is `merged`); a full training job has only
                `default`.
            checkpoint_step: The step, if `name` does not name one.
            connections: Maximum number of connections (default: `TOGETHER_EXT_CONNECTIONS`, else 8).
            window: Maximum number of bytes in memory (default: 64 MiB; minimum: 1 MiB).
            limit_rate: Maximum number of bytes a second, for all connections together (default: no limit).
            progress: Called with a `DownloadProgress` about ten times a second by the thread that reads, while it
                reads; `done` counts the bytes that were read.

        Returns:
            The stream: use it in a `with` statement, and before the client is closed. It cannot be resumed.

        Raises:
            RuleError: The request does not fit the job, or the job has no such checkpoint.
            ApiError: The server refused the request or did not respond.
            TransferError: The network, or the content; also raised by the stream while it is read.
        """
        from .download import open_stream

        wanted = StreamRequest(
            checkpoint_type=checkpoint_type,
            checkpoint_step=checkpoint_step,
            connections=connections,
            window=window,
            limit_rate=limit_rate,
            progress=progress,
        )
        return self._run(open_stream(name, wanted))

    def download_tokenized_dataset(
        self,
        id: str,
        *,
        output: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        progress: ProgressCallback | None = None,
    ) -> Fetched:
        """Download the archive of a job's tokenized training data; the same call again resumes.

        Args:
            id: The job's ID, `ft-...`.
            output: None for the current folder; an existing folder, or a path that ends in a separator, to save the
                archive inside under the server's name for it; anything else is the path of the file.
            overwrite: Whether a different file at that path may be replaced.
            progress: Called with a `DownloadProgress` at each change of state and about ten times a second; an
                exception from it stops the download.

        Returns:
            The path and the size, in bytes.

        Raises:
            NotFoundError: The job has no tokenized dataset.
            TransferError: The network, the content or the disk; the final path is unchanged.
        """
        from .datasets import download_tokenized_dataset

        return self._run(download_tokenized_dataset(id, output, overwrite=overwrite, progress=progress))

    def content(
        self,
        ft_id: str,
        *,
        checkpoint: CheckpointForm | None = None,
        checkpoint_step: int | None = None,
    ) -> httpx.Response:
        """Load an archive into memory. For large ones use `download`, or `with_streaming_response.content`.

        Args:
            ft_id: A job's ID, or `ft-...:<step>`.
            checkpoint: `merged`, `adapter` or `model_output_path`; by default the one that `download` requests.
            checkpoint_step: The step, if `ft_id` does not name one.

        Returns:
            The whole response; its bytes are in `.content`.
        """
        with self.with_streaming_response.content(ft_id, checkpoint=checkpoint, checkpoint_step=checkpoint_step) as got:
            got.read()
            return got


class StreamingResponses:
    """The raw download as an open response, whose body the caller reads."""

    def __init__(self, run: Runner, stream: Callable[[Archive], AbstractContextManager[httpx.Response]]) -> None:
        self._run, self._stream = run, stream

    @contextmanager
    def content(
        self,
        ft_id: str,
        *,
        checkpoint: CheckpointForm | None = None,
        checkpoint_step: int | None = None,
    ) -> Iterator[httpx.Response]:
        """The archive as an open response: `iter_bytes()`, `iter_lines()`, `read()`. Arguments as in `content`."""
        from .download import content

        archive = self._run(content(ft_id, checkpoint, checkpoint_step))
        with self._stream(archive) as response:
            yield response
