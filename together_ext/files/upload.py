"""Upload a local file to the account, as a flow.

The API returns a signed URL, or one for each part of a large file. The content is sent there without the API key, and
then the API processes the file. A server that does not sign URLs gets the file in one request.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import httpx
from attrs import define

from together_ext.api.flow import Call, Flow, Line, Raw, Reply, ask, local, raw, transfers
from together_ext.clock import SYSTEM
from together_ext.errors import (
    ApiResponseError,
    RuleError,
    TogetherExtError,
    TransferCancelledError,
    status_error,
)
from together_ext.text import printable
from together_ext.transfer.network.headers import without_framing
from together_ext.transfer.network.redirects import RedirectRefused, redirect_target
from together_ext.transfer.options import Conduct
from together_ext.transfer.progress import Reporter, Standing
from together_generated import models
from together_generated.api.files import upload_file as endpoint
from together_generated.types import File

from .local_file import Steady, look, opened, path_of
from .sending import Part, Sending
from .sizes import SIZES, Sizes, spans

if TYPE_CHECKING:
    from together_ext.transfer import ProgressCallback

log: Final = logging.getLogger(__name__)

TYPES: Final = {".jsonl": models.FileType.JSONL, ".parquet": models.FileType.PARQUET, ".csv": models.FileType.CSV}

SIGNED: Final = 302
EXISTS: Final = 409
OLDER: Final = frozenset({404, 405, 501})
"""Statuses of a server that does not sign URLs."""

DOUBT: Final = "the file may be uploaded: see `files list` before you upload it again"

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SUGGESTED: Final = "fine-tune, eval and batch-api"
"""The purposes of files that users upload; the server makes files of the other known ones itself."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""An ID that the server may give to a file; it becomes a part of an address."""


@define
class UploadedFile(models.FileObject):
    """A file after an upload.

    Attributes:
        already_existed: Whether the account had a file with the same content and purpose: this one, and nothing was
            sent.
    """

    already_existed: bool = False


@dataclass(frozen=True)
class _Job:
    """One upload.

    Attributes:
        action: What is done, to follow "could not" in errors.
        name: The name of the file, as it is sent.
        kind: Its type.
        purpose: What it is for.
        sha256: The hash of its content.
        content: Its content.
        parts: The start and the stop of each part.
        conduct: How to send it.
    """

    action: str
    name: str
    kind: models.FileType
    purpose: str
    sha256: str
    content: Steady
    parts: list[tuple[int, int]]
    conduct: Conduct = field(repr=False)

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the request for a signed URL."""
        return {
            "purpose": self.purpose,
            "file_name": self.name,
            "file_type": self.kind.value,
            "checksum": self.sha256,
        }


@dataclass(frozen=True)
class _Purpose:
    value: str


def _purpose(given: object) -> str:
    """A purpose as it is sent: the server decides whether it supports it.

    Raises:
        RuleError: It is not a word.
    """
    text = given.value if isinstance(given, models.FilePurpose) else given
    if not isinstance(text, str) or not _WORD.fullmatch(text):
        raise RuleError(f"invalid purpose {printable(repr(given), 80)}: expected a word, such as {_SUGGESTED}")
    if text not in list(models.FilePurpose):
        log.warning("unknown purpose %r is sent unchanged; the API documents %s", text, _SUGGESTED)
    return text


def type_of(path: Path) -> models.FileType:
    """The type of a file, by the end of its name.

    Raises:
        RuleError: Files of this type cannot be uploaded.
    """
    kind = TYPES.get(path.suffix.lower())
    if kind is None:
        raise RuleError(f"{printable(repr(str(path)), 200)} has an unsupported file type (use {', '.join(TYPES)})")
    return kind


def upload(
    file: str | os.PathLike[str],
    purpose: str,
    *,
    check: bool,
    progress: ProgressCallback | None = None,
    sizes: Sizes = SIZES,
) -> Flow[UploadedFile]:
    """Upload a file; `sizes` are the limits, for tests."""
    path = path_of(file)
    kind = type_of(path)
    purpose = _purpose(purpose)
    lines = check and kind is models.FileType.JSONL and purpose == models.FilePurpose.FINE_TUNE.value
    seen = yield from local(lambda cancel: look(path, cancel, lines=lines, most=sizes.most))
    name = os.fsencode(path.name).decode("utf-8", "replace")  # the name may have another encoding than the request
    watch = _Watch(progress, name, seen.size)
    with ExitStack() as stack:
        content = stack.enter_context((yield from local(lambda _: opened(path))))
        steady = stack.enter_context(Steady(content, path, seen, watch))
        action = f"upload {printable(path.name, 200)}"
        parts, conduct = spans(seen.size, sizes), Conduct(progress=progress)
        job = _Job(action, name, kind, purpose, seen.sha256, steady, parts, conduct)
        found = yield from (_signed(job) if len(parts) == 1 else _in_parts(job))
        return found or (yield from _at_once(job, watch))


# In three steps -------------------------------------------------------------------------------------------------------


def _signed(job: _Job) -> Flow[UploadedFile | None]:
    """Upload a file as a whole to a signed URL; None if the server signs none."""
    form = {name: (None, value) for name, value in job.fields.items()}
    reply = yield from _begun(job, "/files", files=form)
    if reply is None or isinstance(reply, UploadedFile):
        return reply
    if reply.status != SIGNED:
        return None
    file_id = _checked(job, reply.headers.get("x-together-file-id"))
    location = reply.headers.get("location")
    cleanup = Raw(f"delete {file_id}", {"method": "DELETE", "url": f"/files/{file_id}"})
    yield from _sent(job, [{"URL": location}], "/files", cleanup)
    return _file(job, (yield from _posted(job, f"/files/{file_id}/preprocess")))


def _in_parts(job: _Job) -> Flow[UploadedFile | None]:
    """Upload a large file, each part to its own signed URL; None if the server signs none."""
    size, count = job.parts[-1][1], len(job.parts)
    wanted = {**job.fields, "file_size": size, "num_parts": count}
    reply = yield from _begun(job, "/files/multipart/initiate", json=wanted)
    if reply is None or isinstance(reply, UploadedFile):
        return reply
    signed = _document(job, reply)
    upload_id, file_id = signed.get("upload_id"), _checked(job, signed.get("file_id"))
    names = {"upload_id": upload_id, "file_id": file_id}
    abort = {"method": "POST", "url": "/files/multipart/abort", "json": names}
    listed = signed.get("parts")
    if not isinstance(listed, list) or [_number(each) for each in listed] != list(range(1, count + 1)):
        _unusable(job, f"it lists no signed URL for each of the {count} parts")
    tags = yield from _sent(job, listed, "/files/multipart/initiate", Raw("abort the upload", abort))
    done = [{"part_number": number, "etag": tag} for number, tag in enumerate(tags, start=1)]
    found = yield from _posted(job, "/files/multipart/complete", json={**names, "parts": done})
    return _file(job, found.get("file", found))


def _begun(job: _Job, path: str, **content: object) -> Flow[Reply | UploadedFile | None]:
    """Request signed URLs.

    Returns:
        The response; the file, if the account has it; None for the upload in one request.
    """
    request = {"method": "POST", "url": path, **content}
    reply = yield from raw(Raw(job.action, request, OLDER | {SIGNED, EXISTS}))
    if reply.status == EXISTS:
        return (yield from _existing(job, reply))
    return None if reply.status in OLDER else reply


def _existing(job: _Job, reply: Reply) -> Flow[UploadedFile | None]:
    """The file of the account with the same content; None if it is for another purpose."""
    try:
        file_id = json.loads(reply.content)["file_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        file_id = None
    if not isinstance(file_id, str) or not _ID.fullmatch(file_id):
        raise status_error(job.action, status=reply.status, body=reply.content[:2000], headers=reply.headers)
    found = yield from raw(Raw(f"retrieve {file_id}", {"method": "GET", "url": f"/files/{file_id}"}))
    file = _file(job, _document(job, found))
    if file.purpose != job.purpose:
        return None
    file.already_existed = True
    return file


def _sent(job: _Job, signed: list[Any], home: str, cleanup: Raw) -> Flow[list[str]]:
    """Send the content; after a failure, remove what was uploaded if the server allows it."""

    def work(line: Line) -> list[str]:
        parts = [
            Part(*span, _address(job, line.home + home, each), _headers(job, each))
            for span, each in zip(job.parts, signed, strict=True)
        ]
        tags = Sending(line, job.content, parts, job.conduct, action=job.action, name=job.name).run()
        if len(parts) > 1 and not all(tags):
            _unusable(job, f"the storage host sent no ETag for part {tags.index('') + 1}")
        return tags

    try:
        return (yield from transfers(work))
    except Exception:
        with suppress(TogetherExtError):  # the first failure is the one to report
            yield from raw(cleanup)
        raise


def _address(job: _Job, base: str, signed: object) -> httpx.URL:
    """The signed URL of a part."""
    found = (signed.get("URL") or signed.get("UploadURL")) if isinstance(signed, Mapping) else None
    if not isinstance(found, str) or not found:
        _unusable(job, "it has no signed URL")
    try:
        return redirect_target(httpx.URL(base), found)
    except RedirectRefused as refused:
        _unusable(job, str(refused))


def _headers(job: _Job, signed: object) -> dict[str, str]:
    found = signed.get("Headers") if isinstance(signed, Mapping) else None
    headers = {str(name): str(value) for name, value in found.items()} if isinstance(found, Mapping) else {}
    if not all(text.isascii() and text.isprintable() for text in (*headers, *headers.values())):
        _unusable(job, "a header of a signed URL has characters other than printable ASCII")
    return without_framing(headers)


def _number(signed: object) -> object:
    return signed.get("PartNumber", signed.get("part_number")) if isinstance(signed, Mapping) else None


def _posted(job: _Job, path: str, **content: object) -> Flow[dict[str, Any]]:
    request = {"method": "POST", "url": path, **content}
    return _document(job, (yield from raw(Raw(job.action, request, doubt=DOUBT))))


# In one request -------------------------------------------------------------------------------------------------------


class _Watch:
    """Reports the progress of an upload in one request, whose content is read by httpx.

    Attributes:
        failure: What the callback has raised.
        on: Whether the content is being sent in one request.
    """

    def __init__(self, callback: ProgressCallback | None, name: str, total: int) -> None:
        self._reporter = Reporter(callback, SYSTEM)
        self._reporter.file = name
        self._total = total
        self.failure: BaseException | None = None
        self.on = False

    def __call__(self, offset: int) -> None:
        """Report that this many bytes were read."""
        if not self.on:
            return
        try:
            self._reporter.report(Standing(offset, self._total, connections=1))
        except BaseException as error:
            self.failure = error
            raise TransferCancelledError from error

    def end(self) -> None:
        """Report the end."""
        self._reporter.report(Standing(self._total, self._total), last=True)


def _at_once(job: _Job, watch: _Watch) -> Flow[UploadedFile]:
    """Upload a file in one request, to a server that does not sign URLs."""
    # The server may support further purposes; the generated model only reads `value`.
    purpose = cast("models.FilePurpose", _Purpose(job.purpose))
    body = models.FileUpload(purpose, job.name, File(job.content, job.name), job.kind)
    job.content.seek(0)
    watch.on = True
    try:
        found = yield from ask(Call(job.action, endpoint.sync, endpoint.asyncio, {"body": body}))
    except TransferCancelledError:
        if watch.failure is not None:
            raise watch.failure from None
        raise
    yield from local(lambda _: watch.end())
    return _file(job, found.to_dict())


# Responses ------------------------------------------------------------------------------------------------------------


def _document(job: _Job, reply: Reply) -> dict[str, Any]:
    try:
        found = json.loads(reply.content)
    except (ValueError, RecursionError):
        _unusable(job, "it is not JSON")
    if not isinstance(found, dict):
        _unusable(job, "it is not a JSON object")
    return found


def _file(job: _Job, found: object) -> UploadedFile:
    try:
        return UploadedFile.from_dict(found)  # type: ignore[arg-type]  # anything may come
    except (KeyError, TypeError, ValueError, AttributeError):
        _unusable(job, "it does not describe a file")


def _checked(job: _Job, file_id: object) -> str:
    if not isinstance(file_id, str) or not _ID.fullmatch(file_id):
        _unusable(job, "it does not name the file")
    return file_id


def _unusable(job: _Job, reason: str) -> NoReturn:
    raise ApiResponseError(job.action, f"the response cannot be used: {reason}")
