"""Extract an archive: to a folder, or to any place that takes its files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from together_ext.errors import SECONDS, ArchiveError
from together_ext.leases import Lease
from together_ext.storage import absolute, local_path, reading

from .folders import locked
from .formats.sniff import ENDINGS
from .formats.source import ArchiveSource, StoredArchive, open_regular
from .limits import Limits
from .places import Making, Place
from .receipt import RECEIPT
from .terms import Extracted, Terms, UnpackedFile
from .unpack import again, unpacked
from .weights.adapter_config import set_base_model
from .weights.base_model import BaseChoice
from .weights.layout import Layout, check_layout, layout_of


def extract(  # noqa: PLR0913 -- keywords, each with a default
    archive: str | os.PathLike[str],
    folder: str | os.PathLike[str] | None = None,
    *,
    limits: Limits | None = None,
    overwrite: bool = False,
    origin: Mapping[str, Any] | None = None,
    expected: Layout | None = None,
    cancel: threading.Event | None = None,
    fix_base: bool = True,
    base_model: str | None = None,
    lock_timeout: float | None = None,
    durable: bool = True,
) -> Extracted:
    """Extract an archive to a folder, with a receipt `together-ext.json`.

    The folder appears by one rename when extraction is complete. A single top-level folder is left out.

    Args:
        archive: A zstd, gzip or plain tar archive, recognized by its first bytes; it is not changed.
        folder: The folder to make (default: the archive's path without its extension).
        limits: The limits of the archive (default: `Limits()`).
        overwrite: Whether an existing folder that was extracted before may be replaced.
        origin: Where the archive came from, for the receipt; values that JSON can represent.
        expected: The required layout (default: any).
        cancel: When set, from any thread, extraction ends with `TransferCancelledError`.
        fix_base: Whether a private name of an adapter's base model is replaced by its public name, if that is known
            (see `weights.base_model`).
        base_model: The base model to write to an adapter's configuration instead: `org/name`, or the path of a folder.
        lock_timeout: Maximum seconds to wait for another process that extracts to the folder (default: as long as it
            runs).
        durable: Whether to wait until everything is on the disk. Without it, the folder appears once everything is
            written, which is sooner; after a power failure within about a minute, its files may be empty or
            incomplete, which `verify` detects.

    Returns:
        The folder and its files.

    Raises:
        ConfigurationError: A path is a URL.
        RuleError: `base_model` or a number is invalid, or the weights are not an adapter, or `fix_base` is False.
        ArchiveError: The archive is damaged, or contains what is refused: anything but files and folders, names that
            lead out of the folder or clash, more than the limits allow, weights of another layout than expected.
        TargetExistsError: The folder exists and is not empty.
        MissingPathError: The archive does not exist.
        LockTimeoutError: Another process is still extracting to the folder after `lock_timeout` seconds.
        TransferCancelledError: `cancel` was set.
        NotEnoughSpaceError: The disk does not have enough free space.
        StorageError: The disk or its permissions prevent it.
        OutOfMemoryError: There is not enough memory; a large `limits.window` needs as much.
    """
    SECONDS.check_given("lock_timeout", lock_timeout)
    terms = Terms(BaseChoice(fix_base, base_model), limits, overwrite, expected, durable)
    source = absolute(local_path(archive, "archive"))
    target = folder_for(source) if folder is None else absolute(local_path(folder, "folder"))
    with reading(source), open_regular(source) as file:
        size = os.fstat(file.fileno()).st_size
    record = {"archive": {"name": source.name, "size": size}, **(origin or {})}
    cancel = cancel or threading.Event()
    with locked(target, cancel, timeout=lock_timeout, then=again(source)) as lease:
        return unpack_archive(source, StoredArchive(source), target, terms, lease, origin=lambda: record, cancel=cancel)


def unpack_archive(  # noqa: PLR0913 -- all of them are needed
    archive: Path | str,
    source: ArchiveSource,
    folder: Path,
    terms: Terms,
    lease: Lease,
    *,
    origin: Callable[[], Mapping[str, Any]],
    cancel: threading.Event,
) -> Extracted:
    """Extract the bytes of a source.

    Args:
        archive: The archive's path, for errors; the name of one that is not stored.
        source: The bytes of the archive.
        folder: The absolute path of the folder to make.
        terms: The options.
        lease: The lease from `folders.locked` for the folder.
        origin: Returns the receipt's entries about the archive. It is called when everything is extracted; if it
            raises, no folder is left.
        cancel: When set, from any thread, extraction ends with `TransferCancelledError`.

    Returns:
        The folder and its files.

    Raises:
        TogetherExtError: As `extract`, except for what concerns paths and the lock.
    """

    def making(
        source: ArchiveSource, limits: Limits, cancel: threading.Event
    ) -> AbstractContextManager[tuple[Place, list[UnpackedFile]]]:
        overwrite, durable = terms.overwrite, terms.durable
        return unpacked(archive, source, folder, limits, lease, overwrite=overwrite, durable=durable, cancel=cancel)

    return unpack_to(making, str(folder), str(archive), source, terms, origin=origin, cancel=cancel)


def unpack_to(  # noqa: PLR0913 -- all of them are needed
    making: Making,
    place: str,
    archive: str,
    source: ArchiveSource,
    terms: Terms,
    *,
    origin: Callable[[], Mapping[str, Any]],
    cancel: threading.Event,
) -> Extracted:
    """Extract the bytes of a source to any place.

    Args:
        making: Writes the files.
        place: The path or URL of the place.
        archive: The archive's path or name, for errors.
        source: The bytes of the archive.
        terms: The options.
        origin: As in `unpack_archive`.
        cancel: When set, from any thread, extraction ends with `TransferCancelledError`.

    Returns:
        The place and its files.

    Raises:
        TogetherExtError: As `extract`, except for what concerns paths and the lock.
    """
    with making(source, terms.limits or Limits(), cancel) as (made, members):
        if made.has_folder(RECEIPT):
            raise ArchiveError(f"the archive has a folder {RECEIPT}, which is the receipt's path; it was not extracted")
        # The receipt of the folder that the archive was made from does not describe this folder.
        made.remove(RECEIPT)
        files = [file for file in members if file.path != RECEIPT]
        if not files:
            raise ArchiveError(f"{archive} contains no files; download it again")
        layout = layout_of({file.path.rpartition("/")[2] for file in files})
        check_layout(layout, terms.expected, archive)
        entries = origin()
        files, base = set_base_model(made, files, layout, terms.base, entries.get("base_model"))
        made.seal(files, {**entries, **base, "layout": layout})
    return Extracted(place, layout, tuple(files))


def folder_for(archive: Path) -> Path:
    """The folder to which an archive is extracted by default: its path without the extension."""
    name = archive.name
    for ending in ENDINGS:
        if name.lower().endswith(ending) and len(name) > len(ending):
            return archive.with_name(name[: -len(ending)])
    return archive.with_name(name + "-unpacked")
