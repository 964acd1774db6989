"""The files resource of both clients: training and validation data."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, Literal

from together_ext.api.flow import AsyncRunner, Call, Fetch, Flow, Runner, StoredFile, ask, fetch
from together_ext.api.identifiers import checked_id
from together_ext.api.responses import items
from together_ext.config import download_connections
from together_ext.errors import RuleError
from together_generated import models

if TYPE_CHECKING:
    import httpx

    from together_ext.api.lists import FileList
    from together_ext.transfer import Fetched, ProgressCallback

    from .upload import UploadedFile

Purpose = Literal["fine-tune", "eval", "batch-api"] | models.FilePurpose
"""The known purposes of an uploaded file; the server makes files of the others itself. Another one is sent as it is."""

MOST_IN_MEMORY: Final = 1 << 30
"""Maximum number of bytes of a file that is returned in memory."""


class Files:
    """Files of the account. Every method may raise `ApiError` and, before any request, `RuleError`."""

    def __init__(self, run: Runner, stream: Callable[[StoredFile], AbstractContextManager[httpx.Response]]) -> None:
        self._run = run
        self.with_streaming_response = StreamingFiles(stream)

    def upload(
        self,
        file: str | os.PathLike[str],
        *,
        purpose: Purpose = "fine-tune",
        check: bool = True,
        progress: ProgressCallback | None = None,
    ) -> UploadedFile:
        """Upload a file from the disk, in constant memory.

        Args:
            file: A `.jsonl`, `.parquet` or `.csv` file.
            purpose: What it is for: `fine-tune`, `eval` or `batch-api`. Any other word is sent as it is, since the
                server may support it.
            check: Whether to check the lines of a `.jsonl` training file first (default: True).
            progress: Called with a `DownloadProgress`, whose `done` are the bytes that were sent, at each change of
                state and about ten times a second; raising from it stops the upload.

        Returns:
            The uploaded file; pass its `id` to a job. If the account has a file with the same content and purpose, it
            is that one, with `already_existed`, and nothing is sent.

        Raises:
            RuleError: It is empty, larger than 50.1 GiB, not a file, or of an unsupported type; or the purpose is
                not a word.
            TrainingFileError: A line is invalid.
            MissingPathError: There is no such file.
            StorageError: It cannot be read, or changed during the upload.
        """
        from .upload import upload

        return self._run(upload(file, purpose, check=check, progress=progress))

    def list(self) -> FileList:
        """List all files of the account, in `.data`."""
        return self._run(_list())

    def retrieve(self, id: str) -> models.FileObject:
        """Retrieve the metadata of a file.

        Args:
            id: The file's ID, `file-...`.
        """
        return self._run(_retrieve(id))

    def content(self, id: str) -> bytes:
        """Load a file into memory. For large files use `download`, or `with_streaming_response.content`.

        Args:
            id: The file's ID, `file-...`.

        Raises:
            ApiResponseError: The file exceeds 1 GiB.
        """
        return self._run(_content(id))

    def download(
        self,
        id: str,
        output: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: ProgressCallback | None = None,
    ) -> Fetched:
        """Download a file to the disk, in constant memory; a rerun after an interruption resumes.

        Args:
            id: The file's ID, `file-...`.
            output: The path of the file. Missing folders are created.
            overwrite: Whether a different file at that path may be replaced.
            progress: Called with a `DownloadProgress` at each change of state and about ten times a second; raising
                from it stops the download.

        Returns:
            The path and the size, in bytes.

        Raises:
            TransferError: The network, the content or the disk failed; the path is unchanged.
        """
        return self._run(_download(id, output, overwrite=overwrite, progress=progress))

    def delete(self, id: str) -> models.FileDeleteResponse:
        """Delete a file from the account.

        Args:
            id: The file's ID, `file-...`.
        """
        return self._run(_delete(id))


class AsyncFiles:
    """Files of the account: the methods of `Files`, awaited."""

    def __init__(
        self, run: AsyncRunner, stream: Callable[[StoredFile], AbstractAsyncContextManager[httpx.Response]]
    ) -> None:
        self._run = run
        self.with_streaming_response = AsyncStreamingFiles(stream)

    async def upload(
        self,
        file: str | os.PathLike[str],
        *,
        purpose: Purpose = "fine-tune",
        check: bool = True,
        progress: ProgressCallback | None = None,
    ) -> UploadedFile:
        """See `Files.upload`; `progress` is called in the event loop."""
        from together_ext.api.bridge import in_loop

        from .upload import upload

        return await self._run(upload(file, purpose, check=check, progress=in_loop(progress)))

    async def list(self) -> FileList:
        """See `Files.list`."""
        return await self._run(_list())

    async def retrieve(self, id: str) -> models.FileObject:
        """See `Files.retrieve`."""
        return await self._run(_retrieve(id))

    async def content(self, id: str) -> bytes:
        """See `Files.content`."""
        return await self._run(_content(id))

    async def download(
        self,
        id: str,
        output: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: ProgressCallback | None = None,
    ) -> Fetched:
        """See `Files.download`; `progress` is called in the event loop."""
        from together_ext.api.bridge import in_loop

        return await self._run(_download(id, output, overwrite=overwrite, progress=in_loop(progress)))

    async def delete(self, id: str) -> models.FileDeleteResponse:
        """See `Files.delete`."""
        return await self._run(_delete(id))


class StreamingFiles:
    """The content of files as an open response, whose body the caller reads."""

    def __init__(self, stream: Callable[[StoredFile], AbstractContextManager[httpx.Response]]) -> None:
        self._stream = stream

    @contextmanager
    def content(self, id: str) -> Iterator[httpx.Response]:
        """The file as an open response: `iter_bytes()`, `iter_lines()`, `read()`.

        Args:
            id: The file's ID, `file-...`.
        """
        with self._stream(StoredFile(_checked(id))) as response:
            yield response


class AsyncStreamingFiles:
    """The content of files as an open response, whose body the caller reads."""

    def __init__(self, stream: Callable[[StoredFile], AbstractAsyncContextManager[httpx.Response]]) -> None:
        self._stream = stream

    @asynccontextmanager
    async def content(self, id: str) -> AsyncIterator[httpx.Response]:
        """See `StreamingFiles.content`; the response is read with `aiter_bytes()` and the like."""
        async with self._stream(StoredFile(_checked(id))) as response:
            yield response


# The requests ---------------------------------------------------------------------------------------------------------


def check_file(file: str | os.PathLike[str]) -> int | None:
    """Check a local file of training data, without a request.

    Args:
        file: A `.jsonl`, `.parquet` or `.csv` file.

    Returns:
        The number of examples in a `.jsonl` file; None for other files, which are only checked to have content.

    Raises:
        RuleError: It is empty, not a file, or of an unsupported type.
        TrainingFileError: A line is invalid.
        StorageError: It cannot be read.
    """
    from .local_file import look, path_of
    from .upload import type_of

    path = path_of(file)
    return look(path, threading.Event(), lines=type_of(path) is models.FileType.JSONL).lines


def _list() -> Flow[FileList]:
    from together_ext.api.lists import FileList
    from together_generated.api.files import list_files as endpoint

    response = yield from ask(Call("list the files", endpoint.sync, endpoint.asyncio, {}))
    found = FileList(items(response.data, models.FileObject, {"id": ""}))
    found.additional_properties = response.additional_properties
    return found


def _retrieve(file_id: str) -> Flow[models.FileObject]:
    from together_generated.api.files import retrieve_file as endpoint

    arguments = {"id": _checked(file_id)}
    return (yield from ask(Call(f"retrieve {file_id}", endpoint.sync, endpoint.asyncio, arguments)))


def _content(file_id: str) -> Flow[bytes]:
    from together_generated.api.files import retrieve_file_content as endpoint

    arguments = {"id": _checked(file_id)}
    action = f"load {file_id} into memory (`files.download` has no limit)"
    step = Call(action, endpoint.sync, endpoint.asyncio, arguments, limit=MOST_IN_MEMORY, is_file=True)
    found = yield from ask(step)
    return found.payload.read()


def _download(
    file_id: str, output: str | os.PathLike[str], *, overwrite: bool, progress: ProgressCallback | None
) -> Flow[Fetched]:
    from together_ext.destinations.local import check_output
    from together_ext.transfer import DEFAULT_CONNECTIONS, Options, Target

    path = check_output(output)
    if path is None:
        raise RuleError("output is None: expected the path of the file")
    options = Options(
        connections=download_connections(None, DEFAULT_CONNECTIONS), overwrite=overwrite, progress=progress
    )
    return (yield from fetch(Fetch(StoredFile(_checked(file_id)), Target.exactly(path), options)))


def _delete(file_id: str) -> Flow[models.FileDeleteResponse]:
    from together_generated.api.files import delete_file as endpoint

    arguments = {"id": _checked(file_id)}
    return (yield from ask(Call(f"delete {file_id}", endpoint.sync, endpoint.asyncio, arguments)))


def _checked(file_id: str) -> str:
    return checked_id(file_id, "file-")
