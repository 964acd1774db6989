"""From an archive on the server to an extracted folder: by way of the disk (spooled), or of memory alone (direct)."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from together_ext.api.flow import Archive, Fetch, Flow, Streamed, fetch, local, streamed
from together_ext.api.responses import text
from together_ext.archive import folders, receipt
from together_ext.archive.extraction import folder_for, unpack_archive
from together_ext.archive.follow import Follower, Unpack, extract_arriving
from together_ext.archive.formats.source import ArchiveSource, StoredArchive
from together_ext.archive.terms import Extracted, Terms
from together_ext.archive.weights.layout import Layout
from together_ext.errors import ConfigurationError, NotEnoughSpaceError, RemoteChangedError, TargetExistsError
from together_ext.text import printable
from together_ext.transfer import DownloadProgress, Fetched, Front, Head, Options, ProgressCallback, StreamOptions
from together_ext.transfer.progress import Reporter, Standing
from together_ext.transfer.responses import NotResumableError, UndelimitedError
from together_ext.transfer.target import HEAD

from .download_result import DownloadResult, result_of
from .prepared import Extraction
from .refusals import explained

if TYPE_CHECKING:
    from together_ext.leases import Lease
    from together_ext.transfer import OrderedStream

log = logging.getLogger("together_ext")

SMALL: Final = 1 << 30
"""Maximum size of an archive, in bytes, that is extracted directly by default: starting over costs little."""

MOST_TRIES: Final = 3
"""Maximum number of direct extractions of an archive that changes, or breaks off on a server without resumption."""


def extracted(step: Fetch[Archive], wanted: Extraction) -> Flow[DownloadResult]:
    """Download an archive and extract it to the folder beside its path."""
    folder = folder_for(step.target.folder / f"{step.target.stem}{step.target.extensions[0]}")
    with ExitStack() as stack:
        # Two processes that extract to the same folder take turns from here on: the second one finds it complete.
        reporter = Reporter(step.options.progress, step.options.clock)
        reporter.file = folder.name
        lock = partial(
            folders.locked,
            folder,
            timeout=step.options.lock_timeout,
            waiting=lambda waiting: reporter.report(Standing(holder=waiting.holder)),
        )
        lease = yield from local(lambda cancel: stack.enter_context(lock(cancel)))
        there = yield from local(lambda cancel: _unpacked_before(folder, wanted.origin, wanted.terms, cancel))
        if there is not None:
            return (yield from _kept(step, folder, there, keep_archive=wanted.keep_archive))
        archived = _archived(step, folder, wanted, lease)
        if wanted.registry is None:
            return (yield from archived)
        return (yield from _of_registry(step, folder, wanted, lease, archived))


def _of_registry(
    step: Fetch[Archive], folder: Path, wanted: Extraction, lease: Lease, archived: Flow[DownloadResult]
) -> Flow[DownloadResult]:
    """Make the folder of the files in the registry, or of the archive."""
    from together_ext.registry.folder import Finish
    from together_ext.registry.making import FolderMaking

    assert wanted.registry is not None  # noqa: S101 -- see `extracted`
    making = FolderMaking(folder, Finish(lease.check, wanted.terms.overwrite, wanted.terms.durable))
    result, of_registry = yield from wanted.registry.or_archive(step.archive, making, step.options, archived)
    if of_registry:
        # Those that an earlier download of the archive has left.
        step.target.discard_partials()
    return result


def _archived(step: Fetch[Archive], folder: Path, wanted: Extraction, lease: Lease) -> Flow[DownloadResult]:
    """Make the folder of the archive."""
    return (yield from _direct(step, folder, wanted, lease)) or (yield from _spooled(step, folder, wanted, lease))


def _kept(step: Fetch[Archive], folder: Path, record: Mapping[str, Any], *, keep_archive: bool) -> Flow[DownloadResult]:
    """The result for weights that were extracted before; downloads an archive that is to be kept."""
    unpacked = replace(found_before(step.archive, str(folder), record), verified="hash")
    if keep_archive:
        fetched = yield from explained(step.archive, fetch(step))
        return replace(unpacked, filename=str(fetched.path), size=fetched.size, resumed_from=fetched.resumed_from)
    # A process that was killed right after it had created the folder leaves its partial file.
    step.target.discard_partials()
    return unpacked


# Direct ---------------------------------------------------------------------------------------------------------------


def _direct(step: Fetch[Archive], folder: Path, wanted: Extraction, lease: Lease) -> Flow[DownloadResult | None]:
    """Extract an archive while it arrives, without writing it; None if it is to be written."""
    if wanted.spool or (wanted.spool is None and (wanted.keep_archive or step.target.was_begun())):
        return None
    options = stream_options(step.options, folder.name)
    reading = Streamed(step.archive, lambda stream: _from_stream(step, stream, folder, wanted, lease), options)
    try:
        result: DownloadResult | None = yield from in_order(reading, folder.name)
    except UndelimitedError:
        if wanted.spool is None:
            # Its structure may prove that it is complete, once it is on the disk.
            return None
        raise
    return result


def in_order(reading: Streamed[Archive], name: str) -> Flow[Any]:
    """Read an archive while it arrives; start over if it changes, or breaks off on a server without resumption.

    Args:
        reading: The archive, and what reads it.
        name: What a warning calls it.
    """
    left = MOST_TRIES
    while True:
        left -= 1
        try:
            return (yield from explained(reading.archive, streamed(reading)))
        except (RemoteChangedError, NotResumableError) as error:
            if not left:
                raise
            log.warning("restarting %s: %s", name, error)


def _from_stream(
    step: Fetch[Archive], stream: OrderedStream, folder: Path, wanted: Extraction, lease: Lease
) -> DownloadResult | None:
    size = stream.size
    if size is None:
        if wanted.spool is None:
            return None
        raise ConfigurationError(
            "spool is False, and the server does not send the size of the archive, which limits its expansion: "
            "omit spool=False (--no-spool)"
        )
    free = shutil.disk_usage(folder.parent).free
    if free < size:
        raise NotEnoughSpaceError(str(folder.parent), needed=size, free=free)
    if not goes_directly(size, free, spool=wanted.spool):
        return None

    def origin(beginning: bytes) -> Mapping[str, Any]:
        path = step.target.path(Head(beginning[:HEAD], stream.media_type))
        return wanted.entries(path.name, size, stream.etag)

    name = f"the archive of {step.archive}"
    unpack = into(folder, wanted.terms, lease, name)
    made, sha256 = extract_arriving(stream, size, unpack, origin=origin, cancel=step.options.cancel)
    # Those that an earlier, spooled run has left.
    step.target.discard_partials()
    fetched = Fetched(folder, size, 0, stream.etag, verified="structure")
    return replace(_with_folder(result_of(step.archive, fetched), made), sha256=sha256)


def goes_directly(size: int, free: int, *, spool: bool | None) -> bool:
    """Whether an archive is extracted without writing it.

    Args:
        size: The size of the archive in bytes; the extracted files are at least as large.
        free: The free bytes of the disk; not fewer.
        spool: The caller's choice; None for the default.
    """
    if spool is not None:
        return not spool
    return size <= SMALL or free < 2 * size


def stream_options(options: Options, name: str) -> StreamOptions:
    """The options of a stream for those of a download, whose reports get this name."""
    return StreamOptions(
        connections=options.connections,
        limit_rate=options.limit_rate,
        progress=_naming(options.progress, name),
        cancel=options.cancel,
        clock=options.clock,
        pauses=options.pauses,
    )


def _naming(progress: ProgressCallback | None, name: str) -> ProgressCallback | None:
    """A callback that adds the name of the folder to each report."""
    if progress is None:
        return None

    def named(now: DownloadProgress) -> object:
        return progress(replace(now, file=name))

    return named


# Spooled --------------------------------------------------------------------------------------------------------------


def _spooled(step: Fetch[Archive], folder: Path, wanted: Extraction, lease: Lease) -> Flow[DownloadResult]:
    """Download an archive while it is extracted beside it."""
    # An archive that existed before is not removed.
    there_before = step.target.exists()
    front = Front()
    follower = Follower(front, into(folder, wanted.terms, lease))

    def said(fetched: Fetched) -> Mapping[str, Any]:
        return wanted.entries(fetched.path.name, fetched.size, fetched.etag)

    def consume(fetched: Fetched) -> bool:
        return follower.finish(said(fetched), step.options.cancel) is not None

    try:
        # The extracted files are at least as large as the archive.
        options = replace(
            step.options, front=front, consume=None if wanted.keep_archive or there_before else consume, room=1.0
        )
        fetched = yield from explained(step.archive, fetch(replace(step, options=options)))
        made = yield from local(lambda cancel: follower.finish(said(fetched), cancel))
        if made is None:
            again = partial(unpack_archive, fetched.path, StoredArchive(fetched.path), folder, wanted.terms, lease)
            made = yield from local(lambda cancel: again(origin=lambda: said(fetched), cancel=cancel))
    finally:
        follower.abandon()
    result = replace(_with_folder(result_of(step.archive, fetched), made), filename=str(fetched.path))
    if wanted.keep_archive:
        return result
    if there_before or fetched.found:
        log.warning("%s existed before, so it is kept", fetched.path)
        return result
    if follower.made is None:
        fetched.path.unlink(missing_ok=True)
    return replace(result, filename=made.folder)


# Folders --------------------------------------------------------------------------------------------------------------


def into(folder: Path, terms: Terms, lease: Lease, name: str = "") -> Unpack:
    """Extracts an archive to a folder; `name` is that of the archive in errors."""

    def unpack(
        source: ArchiveSource, /, *, origin: Callable[[], Mapping[str, Any]], cancel: threading.Event
    ) -> Extracted:
        return unpack_archive(name, source, folder, terms, lease, origin=origin, cancel=cancel)

    return unpack


def _with_folder(result: DownloadResult, made: Extracted) -> DownloadResult:
    files = tuple(file.path for file in made.files)
    return replace(result, extracted_to=made.folder, layout=made.layout.value, files=files)


def found_before(archive: Archive, place: str, receipt: Mapping[str, Any]) -> DownloadResult:
    """The result for weights at a path or URL that have this receipt."""
    size = size_of(receipt) or 0
    files = tuple(file["path"] for file in receipt["files"])
    layout = str(receipt.get("layout", Layout.UNKNOWN))
    found = result_of(archive, Fetched(Path(), size, size, None))
    source: Literal["archive", "registry"] = "registry" if receipt.get("source") == "registry" else "archive"
    return replace(found, filename=place, extracted_to=place, layout=layout, files=files, source=source)


def size_of(receipt: Mapping[str, Any]) -> int | None:
    """The size of what was downloaded, the archive or the files; None if the receipt does not have it."""
    if receipt.get("source") == "registry":
        return sum(int(file["size"]) for file in receipt["files"])
    size = receipt["archive"].get("size") if isinstance(receipt.get("archive"), dict) else None
    return size if isinstance(size, int) else None


def _unpacked_before(
    folder: Path, origin: Mapping[str, Any], terms: Terms, cancel: threading.Event
) -> Mapping[str, Any] | None:
    """The receipt of these weights, if the folder has them completely; None if they must be downloaded.

    Raises:
        TargetExistsError: The folder has something else.
    """
    if terms.overwrite:
        folders.check_place(folder, overwrite=True)
        return None
    said = receipt.origin(folder)
    if not said or any(said.get(name) != origin[name] for name in ("job", "step", "type")):
        folders.check_place(folder, overwrite=False)
        return None
    found = receipt.verify(folder, cancel=cancel)
    if not found.good or size_of(said) is None:
        raise TargetExistsError(
            f"{folder} was extracted before, and has changed since: choose another folder, or allow it to be replaced"
        )
    check_base_model(str(folder), said, terms)
    return said


def check_base_model(place: str, said: Mapping[str, Any], terms: Terms) -> None:
    """Check that weights that were extracted before have the base model that is wanted now.

    Args:
        place: Their path or URL.
        said: Their receipt.
        terms: The options of the extraction.

    Raises:
        TargetExistsError: They have another one.
    """
    base = said.get("base_model")
    if terms.base.of(text(said.get("base_model_alias")) or text(base)) != base:
        raise TargetExistsError(
            f"{place} was extracted before, with the base model {printable(str(base), 200)}: choose another path, "
            "or allow it to be replaced"
        )
