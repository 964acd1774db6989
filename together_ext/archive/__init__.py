"""Archives: what they are, unpacking them safely, and receipts. Nothing of Together's API.

from together_ext.archive import extract, verify

extracted = extract("model.tar.zst", "model")
assert verify(extracted.folder).good
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from together_ext.errors import ArchiveError

from .base_model import BaseChoice
from .layout import Layout, check_layout, layout_of
from .source import StoredArchive

if TYPE_CHECKING:
    from .receipt import Verification
    from .source import ArchiveSource
    from .unpack import Limits, UnpackedFile

__all__ = ["Extracted", "Layout", "extract", "folder_for", "verify"]


@dataclass(frozen=True)
class Terms:
    """How to unpack.

    Attributes:
        base: Which base model an adapter shall name.
        limits: What the archive may ask for; None for the usual.
        overwrite: Whether a folder that is there may be replaced.
        expected: What the weights must be; None if that does not matter.
    """

    base: BaseChoice
    limits: Limits | None = None
    overwrite: bool = False
    expected: Layout | None = None


@dataclass(frozen=True)
class Extracted:
    """A folder that was unpacked.

    Attributes:
        folder: Its absolute path.
        layout: What it is: an adapter, a model, or unknown.
        files: What is in it, sorted by path; the receipt is not among them.
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
) -> Extracted:
    """Unpack an archive into a folder, with a receipt `together-ext.json`.

    The folder appears by one rename when everything is right. One folder around everything is left out.

    Args:
        archive: A zstd, gzip or plain tar archive, told by its first bytes; stays as it is.
        folder: The folder to make; None for the archive's name without its extension, beside it.
        limits: What the archive may ask for.
        overwrite: Whether a folder that is there may be replaced.
        origin: What the receipt shall say of where the archive came from; plain values for JSON.
        expected: What the weights must be; None if that does not matter.
        cancel: Set from anywhere, it ends the work with `TransferCancelledError`.
        fix_base: Whether an adapter's base model that only the service can load is replaced by its public name, where
            that is known for certain (see `base_model`).
        base_model: The base model to write into an adapter's configuration instead: `org/name`, or a folder.

    Returns:
        The folder and its files.

    Raises:
        RuleError: `base_model` is no name, or not for an adapter, or is given although nothing is to be fixed.
        ArchiveError: The archive is damaged or holds what it must not: anything but files and folders, names that lead
            out of the folder or clash, more than the limits allow, other weights than expected.
        TargetExistsError: A folder with something in it is there already.
        MissingPathError: There is no such archive.
        StorageError: The disk or its permissions do not allow it.
    """
    from .unpack import again, locked  # noqa: PLC0415 -- the decompressor comes with it

    terms = Terms(BaseChoice(fix_base, base_model), limits=limits, overwrite=overwrite, expected=expected)
    source = Path(os.path.abspath(Path(archive).expanduser()))  # noqa: PTH100 -- links stay as they are
    target = Path(os.path.abspath(Path(folder).expanduser())) if folder is not None else folder_for(source)  # noqa: PTH100
    said = {"archive": {"name": source.name, "size": _size(source)}, **(origin or {})}
    cancel = cancel or threading.Event()
    with locked(target, cancel, wayout=again(source)):
        return unpack_archive(source, StoredArchive(source), target, terms, origin=lambda: said, cancel=cancel)


def unpack_archive(  # noqa: PLR0913 -- what, from where, to where, how
    archive: Path,
    source: ArchiveSource,
    folder: Path,
    terms: Terms,
    *,
    origin: Callable[[], Mapping[str, Any]],
    cancel: threading.Event,
) -> Extracted:
    """Unpack the bytes of a source, with the folder `locked`.

    Args:
        archive: The archive's path, for errors.
        source: Its bytes.
        folder: The absolute path of the folder to make.
        terms: How.
        origin: What the receipt shall say; asked when everything is unpacked, and raising from it leaves no folder.
        cancel: Set from anywhere, it ends the work with `TransferCancelledError`.
    """
    from . import receipt, rename, unpack  # noqa: PLC0415

    limits = terms.limits or unpack.Limits()
    with unpack.unpacked(archive, source, folder, limits, overwrite=terms.overwrite, cancel=cancel) as (place, members):
        if (place / unpack.RECEIPT).is_dir():
            raise ArchiveError(
                f"the archive has a folder {unpack.RECEIPT}, where the receipt goes; it was not unpacked"
            )
        # One that somebody packed from an unpacked folder says nothing of this one.
        (place / unpack.RECEIPT).unlink(missing_ok=True)
        files = [file for file in members if file.path != unpack.RECEIPT]
        if not files:
            raise ArchiveError(f"{archive} holds no files; fetch it again")
        layout = layout_of({file.path.rpartition("/")[2] for file in files})
        check_layout(layout, terms.expected, str(archive))
        said = origin()
        files, base = rename.named(place, files, layout, terms.base, said.get("base_model"))
        receipt.write(place, files, {**said, **base, "layout": layout})
    return Extracted(str(folder), layout, tuple(files))


def verify(folder: str | os.PathLike[str]) -> Verification:
    """Compare an unpacked folder with its receipt (see `receipt.verify`)."""
    from . import receipt  # noqa: PLC0415

    return receipt.verify(folder)


def _size(archive: Path) -> int:
    from together_ext.errors import MissingPathError, StorageError  # noqa: PLC0415

    try:
        return archive.stat().st_size
    except FileNotFoundError:
        raise MissingPathError(str(archive)) from None
    except OSError as error:
        raise StorageError(f"could not read {archive}: {(error.strerror or '').lower()}; check the path") from error


def folder_for(archive: Path) -> Path:
    """The folder that an archive is unpacked to unless another one is named."""
    name = archive.name
    for ending in (".tar.zst", ".tar.gz", ".tzst", ".tgz", ".tar", ".bin"):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return archive.with_name(name[: -len(ending)])
    return archive.with_name(name + "-unpacked")
