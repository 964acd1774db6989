"""From an archive on the server to an object store: through memory alone, as one object or one for each file."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from together_ext.api.flow import Archive, Flow, Streamed, Survey, local, surveyed
from together_ext.archive.extraction import unpack_to
from together_ext.archive.follow import extract_arriving
from together_ext.archive.formats.sniff import ArchiveFormat
from together_ext.archive.formats.source import ArchiveSource
from together_ext.archive.receipt import RECEIPT
from together_ext.archive.terms import Extracted
from together_ext.destinations.listing import Stored
from together_ext.destinations.local import UNKNOWN, archive_extension
from together_ext.destinations.object_state import Found, existing
from together_ext.destinations.objects import Prefix, objects
from together_ext.destinations.partial_receipt import prepare
from together_ext.destinations.store import Store
from together_ext.destinations.urls import Location, parse_url
from together_ext.errors import ConfigurationError, TargetExistsError
from together_ext.transfer import Fetched, Head
from together_ext.transfer.target import HEAD

from .download_options import DownloadRequest
from .download_result import DownloadResult, result_of
from .extraction import check_base_model, found_before, in_order, stream_options
from .prepared import Extraction, Saving
from .refusals import explained

if TYPE_CHECKING:
    from together_ext.transfer import OrderedStream
    from together_ext.transfer.options import StreamOptions
    from together_ext.transfer.survey import Surveyed

PIECE = 1 << 20
"""Number of bytes that are handed to the store at once."""

WINDOW = 32 << 20
"""Maximum number of bytes of the archive in memory; the parts of the objects take more than that."""


def store_at(location: Location, storage: Mapping[str, str] | None) -> Store:
    """The store at a location, with these settings."""
    return Store(location, storage)


def _stream_options(saving: Saving) -> StreamOptions:
    return replace(stream_options(saving.options, saving.stem), window=WINDOW)


def saved(saving: Saving, extraction: Extraction | None, wanted: DownloadRequest) -> Flow[DownloadResult]:
    """Download to an object store; without an extraction, the archive as one object."""
    if extraction is None:
        return (yield from saved_as_object(saving, overwrite=wanted.overwrite))
    return (yield from extracted_to_objects(saving, extraction))


# Extracted ------------------------------------------------------------------------------------------------------------


def extracted_to_objects(saving: Saving, wanted: Extraction) -> Flow[DownloadResult]:
    """Extract an archive below a prefix while it arrives."""
    location = saving.location(saving.stem)
    store = store_at(location, saving.storage)
    found, complete = yield from local(lambda cancel: _prepared(store.until(cancel), wanted))
    if complete:
        return found_before(saving.archive, str(location), found.document)
    archived = _archived(saving, store, wanted)
    if wanted.registry is None:
        return (yield from archived)
    from together_ext.registry.making import ObjectsMaking

    making = ObjectsMaking(store, found, wanted.origin)
    result, _ = yield from wanted.registry.or_archive(saving.archive, making, saving.options, archived)
    return result


def _archived(saving: Saving, store: Store, wanted: Extraction) -> Flow[DownloadResult]:
    """Upload the files of the archive."""

    def read(stream: OrderedStream) -> DownloadResult:
        return _extracted(saving, stream, store, wanted)

    reading = Streamed(saving.archive, read, _stream_options(saving))
    result: DownloadResult = yield from in_order(reading, str(store.location))
    return result


def _prepared(store: Store, wanted: Extraction) -> tuple[Found, bool]:
    """What is stored, and whether it is these weights completely; else the access has been tested by a small object."""
    found, complete = existing(store, wanted.origin, overwrite=wanted.terms.overwrite)
    if complete:
        check_base_model(str(store.location), found.document, wanted.terms)
    else:
        prepare(store, found, wanted.origin)
    return found, complete


def _extracted(saving: Saving, stream: OrderedStream, store: Store, wanted: Extraction) -> DownloadResult:
    size = stream.size
    if size is None:
        raise ConfigurationError(
            "the server does not send the size of the archive, which limits its expansion: download it to a folder"
        )
    # Again, since an earlier attempt may have uploaded a part, or another run all of it.
    found, complete = existing(store, wanted.origin, overwrite=wanted.terms.overwrite)
    if complete:
        return found_before(saving.archive, str(store.location), found.document)
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


# As one object --------------------------------------------------------------------------------------------------------


def saved_as_object(saving: Saving, *, overwrite: bool) -> Flow[DownloadResult]:
    """Upload an archive as one object while it arrives."""
    folder = store_at(parse_url(saving.url, "output"), saving.storage)
    if not overwrite and (yield from local(partial(_any_there, saving))):
        found = yield from compared(saving)
        if found.error is not None:
            raise found.error
        if found.state != "new":
            size = found.content.size or 0
            return _result(saving.archive, found.place, size, found.content.etag, size)
    yield from local(lambda cancel: folder.until(cancel).try_writing())

    def read(stream: OrderedStream) -> DownloadResult:
        return _saved(saving, stream, overwrite=overwrite)

    reading = Streamed(saving.archive, read, _stream_options(saving))
    result: DownloadResult = yield from in_order(reading, saving.url)
    return result


State = Literal["complete", "unverified", "new", "different"]


@dataclass(frozen=True)
class Compared:
    """An archive, and the object that has its name.

    Attributes:
        place: The URL of the object.
        content: The remote file.
        state: `complete`: its mark names this version of the archive. `unverified`: it has the size of the archive, and
            no mark. `new`: there is no object. `different`: it is another file.
    """

    place: Location
    content: Surveyed
    state: State

    @property
    def error(self) -> TargetExistsError | None:
        """Why the archive is not saved there, unless that is allowed; else None."""
        return _differs(self.place) if self.state == "different" else None


def compared(saving: Saving) -> Flow[Compared]:
    """Compare an archive, by its first bytes, with the object that has its name; nothing is written."""
    found = yield from explained(saving.archive, surveyed(Survey(saving.archive, None, saving.options)))
    place = saving.location(f"{saving.stem}{archive_extension(found.head)}")
    stored = yield from local(lambda cancel: _at(place, saving.storage, cancel))
    return Compared(place, found, _state(stored, found.size, _mark(saving.archive, found.size, found.etag)))


def _state(stored: Stored | None, size: int | None, mark: str | None) -> State:
    """What an object is, compared with an archive of this size and mark."""
    if stored is None:
        return "new"
    if stored.size != size or (None not in {stored.mark, mark} and stored.mark != mark):
        return "different"
    return "complete" if mark is not None and stored.mark == mark else "unverified"


def _differs(place: Location) -> TargetExistsError:
    return TargetExistsError(f"{place} exists and differs from the archive: choose another path, or allow overwriting")


def _mark(archive: Archive, size: int | None, etag: str | None) -> str | None:
    """The mark of an archive's object: one version of it; None if the version is not certain (see `transfer.mark`)."""
    if size is None or etag is None or not etag.startswith('"'):
        return None
    return hashlib.sha256(json.dumps([archive.identity, size, etag]).encode()).hexdigest()


def _any_there(saving: Saving, cancel: threading.Event) -> bool:
    """Whether an object has the name that the archive may get."""
    places = [saving.location(f"{saving.stem}{extension}") for extension in (*ArchiveFormat, UNKNOWN)]
    return any(_at(place, saving.storage, cancel) is not None for place in dict.fromkeys(places))


def _at(place: Location, storage: Mapping[str, str] | None, cancel: threading.Event) -> Stored | None:
    store, name = _beside(place, storage)
    return store.until(cancel).find(name)


def _beside(place: Location, storage: Mapping[str, str] | None) -> tuple[Store, str]:
    """The store of an object, and its name there."""
    parent, _, name = place.path.rpartition("/")
    return store_at(replace(place, path=parent), storage), name


def _saved(saving: Saving, stream: OrderedStream, *, overwrite: bool) -> DownloadResult:
    first = stream.read(PIECE)
    extension = archive_extension(Head(first[:HEAD], stream.media_type))
    place = saving.location(f"{saving.stem}{extension}")
    store, name = _beside(place, saving.storage)
    store = store.until(saving.options.cancel)
    mark = _mark(saving.archive, stream.size, stream.etag)
    upload, digest = store.upload(name, stream.size or 1 << 40, mark), hashlib.sha256()
    try:
        piece = first
        while piece:
            digest.update(piece)
            upload.write(piece)
            piece = stream.read(PIECE)
        # Another program may have written the object meanwhile.
        state = "new" if overwrite else _state(store.find(name), stream.tell(), mark)
        if state == "different":
            raise _differs(place)
    except BaseException:
        upload.discard()
        raise
    if state == "new":
        upload.close()
    else:
        upload.discard()
    result = _result(saving.archive, place, stream.tell(), stream.etag)
    return replace(result, sha256=digest.hexdigest())
