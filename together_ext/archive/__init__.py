"""Archives: formats, safe extraction, receipts, and inspection of the weights in them. Nothing of Together's API.

Imports `errors`, `text`, `storage` and `leases`.

To add an archive format: `formats`. To add a finding of `inspect`: `findings` (its effect on each tool) and `weights`
(how it is detected).

from together_ext.archive import extract, verify

extracted = extract("model.tar.zst", "model")
assert verify(extracted.folder).good
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from together_ext.errors import SECONDS, ArchiveError
from together_ext.storage import absolute, local_path

from .formats.reading import reading
from .formats.source import StoredArchive, open_regular
from .limits import Limits
from .weights.base_model import BaseChoice
from .weights.layout import Layout, check_layout, layout_of

if TYPE_CHECKING:
    from together_ext.leases import Lease

    from .formats.source import ArchiveSource
    from .places import Making, Place
    from .receipt import UnpackedFile, Verification

__all__ = ["Extracted", "Layout", "Limits", "extract", "folder_for", "verify"]


@dataclass(frozen=True)
class Terms:
    """The options of an extraction.

    Attributes:
        base: The base model that an adapter is to name.
        limits: The limits of the archive (default: `Limits()`).
        overwrite: Whether an existing folder may be replaced.
        expected: The required layout; None accepts any.
        durable: Whether everything is flushed to the disk before the folder appears.
    """

    base: BaseChoice
    limits: Limits | None = None
    overwrite: bool = False
    expected: Layout | None = None
    durable: bool = True


@dataclass(frozen=True)
class Extracted:
    """An extracted folder.

    Attributes:
        folder: Its absolute path.
        layout: `adapter`, `model` or `unknown`.
        files: The files in it, sorted by path, without the receipt.
    """

    folder: str
    layout: Layout
    files: tuple[UnpackedFile, ...]


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
    # Not at the top: it loads the decompressor and the hash functions, 30 ms that most commands do not need.
    from .folders import locked  # noqa: PLC0415
    from .unpack import again  # noqa: PLC0415

    SECONDS.check_given("lock_timeout", lock_timeout)
    terms = Terms(BaseChoice(fix_base, base_model), limits, overwrite, expected, durable)
    source = absolute(local_path(archive, "archive"))
    target = folder_for(source) if folder is None else absolute(local_path(folder, "folder"))
    with reading(source), open_regular(source) as file:
        size = os.fstat(file.fileno()).st_size
    record = {"archive": {"name": source.name, "size": size}, **(origin or {})}
    cancel = cancel or threading.Event()
    with locked(target, cancel, timeout=lock_timeout, wayout=again(source)) as lease:
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
    # As in `extract`.
    from . import unpack  # noqa: PLC0415

    def making(
        source: ArchiveSource, limits: Limits, cancel: threading.Event
    ) -> AbstractContextManager[tuple[Place, list[UnpackedFile]]]:
        overwrite, durable = terms.overwrite, terms.durable
        return unpack.unpacked(
            archive, source, folder, limits, lease, overwrite=overwrite, durable=durable, cancel=cancel
        )

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
    # As in `extract`.
    from . import receipt  # noqa: PLC0415
    from .weights.adapter_config import set_base_model  # noqa: PLC0415

    with making(source, terms.limits or Limits(), cancel) as (made, members):
        if made.has_folder(receipt.RECEIPT):
            raise ArchiveError(
                f"the archive has a folder {receipt.RECEIPT}, which is the receipt's path; it was not extracted"
            )
        # The receipt of the folder that the archive was made from does not describe this folder.
        made.remove(receipt.RECEIPT)
        files = [file for file in members if file.path != receipt.RECEIPT]
        if not files:
            raise ArchiveError(f"{archive} contains no files; download it again")
        layout = layout_of({file.path.rpartition("/")[2] for file in files})
        check_layout(layout, terms.expected, archive)
        entries = origin()
        files, base = set_base_model(made, files, layout, terms.base, entries.get("base_model"))
        made.seal(files, {**entries, **base, "layout": layout})
    return Extracted(place, layout, tuple(files))


def verify(folder: str | os.PathLike[str], *, cancel: threading.Event | None = None) -> Verification:
    """Compare an extracted folder with its receipt. No network is needed.

    Args:
        folder: A folder that this package extracted.
        cancel: When set, from any thread, the comparison ends with `TransferCancelledError`.

    Returns:
        The files that are missing, changed or extra.

    Raises:
        ArchiveError: The folder has no receipt, or it cannot be read.
        MissingPathError: The folder does not exist.
        StorageError: The folder, or a file or folder in it, cannot be read.
        TransferCancelledError: `cancel` was set.
        OutOfMemoryError: There is not enough memory.
    """
    # As in `extract`.
    from . import receipt  # noqa: PLC0415

    return receipt.verify(folder, cancel=cancel)


def folder_for(archive: Path) -> Path:
    """The folder to which an archive is extracted by default: its path without the extension."""
    name = archive.name
    for ending in (".tar.zst", ".tar.gz", ".tzst", ".tgz", ".tar", ".bin"):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return archive.with_name(name[: -len(ending)])
    return archive.with_name(name + "-unpacked")
