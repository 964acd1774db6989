"""The files resource of both clients: training and validation data."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from together_generated import models

from .errors import RuleError, printable
from .flow import AsyncRunner, Call, Flow, Runner, ask, local
from .identifiers import checked_id

if TYPE_CHECKING:
    from .lists import FileList

TYPES: Final = {".jsonl": models.FileType.JSONL, ".parquet": models.FileType.PARQUET, ".csv": models.FileType.CSV}


class Files:
    """Files of the account. Every method may raise `ApiError` and, before any request, `RuleError`."""

    def __init__(self, run: Runner) -> None:
        self._run = run

    def upload(
        self, file: str | os.PathLike[str], *, purpose: str = "fine-tune", check: bool = True
    ) -> models.FileObject:
        """Upload a file, straight from the disk.

        Args:
            file: A `.jsonl`, `.parquet` or `.csv` file.
            purpose: What it is for: `fine-tune`, `eval` or `batch-api`.
            check: Whether the lines of a `.jsonl` file to train on are looked at first.

        Returns:
            What the server knows of it; its `id` is what a job takes. It is sent again only if the server said that it
            had done nothing.

        Raises:
            RuleError: It is empty, no file, or of another kind.
            TrainingFileError: A line cannot be trained on.
            MissingPathError: There is no such file.
            StorageError: It cannot be read, or changed before all of it was sent.
        """
        return self._run(_upload(file, purpose, check=check))

    def list(self) -> FileList:
        """All files of the account, in `.data`."""
        return self._run(_list())

    def retrieve(self, id: str) -> models.FileObject:
        """What the server knows of a file.

        Args:
            id: The file's ID, `file-...`.
        """
        return self._run(_retrieve(id))

    def content(self, id: str) -> bytes:
        """The bytes of a file.

        Args:
            id: The file's ID, `file-...`.
        """
        return self._run(_content(id))

    def delete(self, id: str) -> models.FileDeleteResponse:
        """Remove a file from the account.

        Args:
            id: The file's ID, `file-...`.
        """
        return self._run(_delete(id))


class AsyncFiles:
    """Files of the account: the methods of `Files`, awaited."""

    def __init__(self, run: AsyncRunner) -> None:
        self._run = run

    async def upload(
        self, file: str | os.PathLike[str], *, purpose: str = "fine-tune", check: bool = True
    ) -> models.FileObject:
        """See `Files.upload`."""
        return await self._run(_upload(file, purpose, check=check))

    async def list(self) -> FileList:
        """See `Files.list`."""
        return await self._run(_list())

    async def retrieve(self, id: str) -> models.FileObject:
        """See `Files.retrieve`."""
        return await self._run(_retrieve(id))

    async def content(self, id: str) -> bytes:
        """See `Files.content`."""
        return await self._run(_content(id))

    async def delete(self, id: str) -> models.FileDeleteResponse:
        """See `Files.delete`."""
        return await self._run(_delete(id))


# The requests ---------------------------------------------------------------------------------------------------------


def _upload(file: str | os.PathLike[str], purpose: str, *, check: bool) -> Flow[models.FileObject]:
    from together_generated.api.files import upload_file as endpoint
    from together_generated.types import File

    from .uploads import Steady, look, opened, path_of

    path = path_of(file)
    kind = TYPES.get(path.suffix.lower())
    if kind is None:
        raise RuleError(f"{printable(str(path), 200)} is of another kind: expected {', '.join(TYPES)}")
    if purpose not in list(models.FilePurpose):
        raise RuleError(f"there is no purpose {purpose!r}: choose one of {', '.join(models.FilePurpose)}")
    lines = check and kind is models.FileType.JSONL and purpose == models.FilePurpose.FINE_TUNE.value
    seen = yield from local(lambda cancel: look(path, cancel, lines=lines))
    name = os.fsencode(path.name).decode("utf-8", "replace")  # it may be of another encoding, and the request is not
    with opened(path) as content:
        body = models.FileUpload(models.FilePurpose(purpose), name, File(Steady(content, path, seen), name), kind)
        action = f"upload {printable(path.name, 200)}"
        return (yield from ask(Call(action, endpoint.sync, endpoint.asyncio, {"body": body})))


def _list() -> Flow[FileList]:
    from together_generated.api.files import list_files as endpoint

    from .lists import FileList
    from .operations import items

    answer = yield from ask(Call("list the files", endpoint.sync, endpoint.asyncio, {}))
    found = FileList(items(answer.data, models.FileObject, {"id": ""}))
    found.additional_properties = answer.additional_properties
    return found


def _retrieve(file_id: str) -> Flow[models.FileObject]:
    from together_generated.api.files import retrieve_file as endpoint

    arguments = {"id": _checked(file_id)}
    return (yield from ask(Call(f"retrieve {file_id}", endpoint.sync, endpoint.asyncio, arguments)))


def _content(file_id: str) -> Flow[bytes]:
    from together_generated.api.files import retrieve_file_content as endpoint

    arguments = {"id": _checked(file_id)}
    found = yield from ask(Call(f"fetch {file_id}", endpoint.sync, endpoint.asyncio, arguments))
    return found.payload.read()


def _delete(file_id: str) -> Flow[models.FileDeleteResponse]:
    from together_generated.api.files import delete_file as endpoint

    arguments = {"id": _checked(file_id)}
    return (yield from ask(Call(f"delete {file_id}", endpoint.sync, endpoint.asyncio, arguments)))


def _checked(file_id: str) -> str:
    return checked_id(file_id, "file-")
