"""From an archive on the server to an object store: through memory alone, as one object or one for each file."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from together_ext.api.flow import Archive, Flow, Streamed, local
from together_ext.archive import Extracted, Layout, unpack_to
from together_ext.destinations.local import archive_extension
from together_ext.destinations.urls import Location, check_options, is_object_url, names_folder, parse_url
from together_ext.errors import ConfigurationError, RuleError, TargetExistsError, TogetherExtError
from together_ext.text import printable
from together_ext.transfer import Fetched, Head, Options
from together_ext.transfer.target import HEAD

from .download_options import DownloadRequest
from .download_result import DownloadResult, result_of
from .extraction import Extraction, check_base_model, in_order, stream_options

if TYPE_CHECKING:
    from together_ext.archive.formats.source import ArchiveSource
    from together_ext.destinations.object_state import Found
    from together_ext.destinations.store import Store
    from together_ext.transfer import OrderedStream

PIECE = 1 << 20
"""Number of bytes that are handed to the store at once."""


def object_url(wanted: DownloadRequest) -> str | None:
    """The URL of the object store that a download goes to; None for a local path.

    Raises:
        RuleError: The URL is invalid, or an option does not fit.
    """
    if not is_object_url(wanted.output):
        if wanted.storage_options is not None:
            raise RuleError(
                "storage_options (--storage-option) is given, and output is not the URL of an object store: omit it"
            )
        return None
    url = str(wanted.output)
    parse_url(url, "output")
    check_options(wanted.storage_options)
    others = (("keep_archive", wanted.keep_archive), ("spool", wanted.spool), ("source", wanted.source == "registry"))
    for keyword, given in others:
        if given:
            option = f"--{keyword.replace('_', '-')}"
            raise RuleError(
                f"{keyword} ({option}) needs a local folder, and output is {printable(url, 200)!r}: "
                "omit it, or name a folder"
            )
    return url


def location_of(url: str, name: str) -> Location:
    """The location of what is saved, which has this name where the URL does not have one."""
    found = parse_url(url, "output")
    return found / name if names_folder(url) else found


@dataclass(frozen=True)
class Saving:
    """A download to an object store.

    Attributes:
        archive: What.
        url: Where to: a prefix to save in, or the path itself.
        stem: The name, where the URL does not have it.
        storage: Settings of the store.
        options: The options of the download.
    """

    archive: Archive
    url: str
    stem: str
    storage: Mapping[str, str] | None = field(repr=False)
    options: Options

    def location(self, name: str) -> Location:
        """The location of what is saved, which has this name where the URL does not have one."""
        return location_of(self.url, name)


def _store(location: Location, storage: Mapping[str, str] | None) -> Store:
    from together_ext.destinations.store import Store  # noqa: PLC0415 -- an extra

    return Store(location, storage)


def saved(saving: Saving, extraction: Extraction | None, wanted: DownloadRequest) -> Flow[DownloadResult]:
    """Download to an object store; without an extraction, the archive as one object."""
    if extraction is None:
        return (yield from saved_as_object(saving, overwrite=wanted.overwrite))
    return (yield from extracted_to_objects(saving, extraction))


# Extracted ------------------------------------------------------------------------------------------------------------


def extracted_to_objects(saving: Saving, wanted: Extraction) -> Flow[DownloadResult]:
    """Extract an archive below a prefix while it arrives."""
    location = saving.location(saving.stem)
    store = _store(location, saving.storage)
    found, complete = yield from local(lambda cancel: _prepared(store.until(cancel), wanted))
    if complete:
        return _found(saving.archive, location, found.document)

    def read(stream: OrderedStream) -> DownloadResult:
        return _extracted(saving, stream, store, wanted)

    reading = Streamed(saving.archive, read, stream_options(saving.options, saving.stem))
    result: DownloadResult = yield from in_order(reading, str(location))
    return result


def _prepared(store: Store, wanted: Extraction) -> tuple[Found, bool]:
    """What is stored, and whether it is these weights completely; else the access has been tested by a small object."""
    from together_ext.destinations.object_state import check_free, look  # noqa: PLC0415 -- with the store alone
    from together_ext.destinations.objects import begin  # noqa: PLC0415

    found = look(store)
    if not wanted.terms.overwrite and found.is_of(wanted.origin) and found.whole:
        check_base_model(str(store.location), found.document, wanted.terms)
        return found, True
    check_free(store, found, wanted.origin, overwrite=wanted.terms.overwrite)
    kept = {} if found.complete or not found.is_of(wanted.origin) else found.uploaded()
    begin(store, wanted.origin, kept, found.replaceable)
    return found, False


def _extracted(saving: Saving, stream: OrderedStream, store: Store, wanted: Extraction) -> DownloadResult:
    from together_ext.archive.follow import extract_arriving  # noqa: PLC0415 -- the decompressor comes with it
    from together_ext.archive.receipt import RECEIPT  # noqa: PLC0415
    from together_ext.destinations.object_state import check_free, look  # noqa: PLC0415
    from together_ext.destinations.objects import Prefix, objects  # noqa: PLC0415

    size = stream.size
    if size is None:
        raise ConfigurationError(
            "the server does not send the size of the archive, which limits its expansion: download it to a folder"
        )
    # Again, since an earlier attempt may have uploaded a part.
    found = look(store)
    check_free(store, found, wanted.origin, overwrite=True)
    if found.complete:
        store.remove([RECEIPT])
    name = f"the archive of {saving.archive}"

    def origin(beginning: bytes) -> Mapping[str, Any]:
        extension = archive_extension(Head(beginning[:HEAD], stream.media_type))
        return wanted.entries(f"{saving.stem}{extension}", size, stream.etag)

    def unpack(
        source: ArchiveSource, /, *, origin: Callable[[], Mapping[str, Any]], cancel: threading.Event
    ) -> Extracted:
        making = partial(objects, name, Prefix(store, found, wanted.origin))
        return unpack_to(making, str(store.location), name, source, wanted.terms, origin=origin, cancel=cancel)

    made, sha256 = extract_arriving(stream, size, unpack, origin=origin, cancel=saving.options.cancel)
    files = tuple(file.path for file in made.files)
    result = _result(saving.archive, store.location, size, stream.etag)
    return replace(
        result, sha256=sha256, verified="structure", extracted_to=made.folder, layout=made.layout.value, files=files
    )


def _result(archive: Archive, location: Location, size: int, etag: str | None, resumed: int = 0) -> DownloadResult:
    return replace(result_of(archive, Fetched(Path(), size, resumed, etag)), filename=str(location))


def _found(archive: Archive, location: Location, receipt: Mapping[str, Any]) -> DownloadResult:
    """Weights that were extracted there before."""
    files = tuple(file["path"] for file in receipt["files"])
    layout = str(receipt.get("layout", Layout.UNKNOWN))
    archived = receipt.get("archive")
    size = archived.get("size") if isinstance(archived, dict) else None
    size = size if isinstance(size, int) else 0
    result = _result(archive, location, size, None, size)
    return replace(result, extracted_to=str(location), layout=layout, files=files)


# As one object --------------------------------------------------------------------------------------------------------


def saved_as_object(saving: Saving, *, overwrite: bool) -> Flow[DownloadResult]:
    """Upload an archive as one object while it arrives."""
    folder = _store(parse_url(saving.url, "output"), saving.storage)
    yield from local(lambda cancel: folder.until(cancel).try_writing())

    def read(stream: OrderedStream) -> DownloadResult:
        return _saved(saving, stream, overwrite=overwrite)

    reading = Streamed(saving.archive, read, stream_options(saving.options, saving.stem))
    result: DownloadResult = yield from in_order(reading, saving.url)
    return result


def _saved(saving: Saving, stream: OrderedStream, *, overwrite: bool) -> DownloadResult:
    first = stream.read(PIECE)
    extension = archive_extension(Head(first[:HEAD], stream.media_type))
    place = saving.location(f"{saving.stem}{extension}")
    parent, _, name = place.path.rpartition("/")
    store = _store(replace(place, path=parent), saving.storage)
    there = store.find(name)
    if there is not None and not overwrite:
        if there.size == stream.size:
            return _result(saving.archive, place, there.size, stream.etag, there.size)
        raise TargetExistsError(
            f"{place} exists and has another size than the archive: choose another path, or allow overwriting"
        )
    upload, digest = store.upload(name, stream.size or 1 << 40), hashlib.sha256()
    try:
        piece = first
        while piece:
            digest.update(piece)
            upload.write(piece)
            piece = stream.read(PIECE)
        upload.close()
    except BaseException:
        _aborted(upload.abort)
        raise
    result = _result(saving.archive, place, stream.tell(), stream.etag)
    return replace(result, sha256=digest.hexdigest())


def _aborted(abort: Callable[[], None]) -> None:
    """Abort; its failure does not hide why."""
    try:
        abort()
    except TogetherExtError:
        return
