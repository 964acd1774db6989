"""What is made of the files of a revision: a local folder, or objects below a prefix of an object store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from together_ext.api.flow import Flow, local
from together_ext.archive.folders import FolderPlace
from together_ext.archive.places import Place
from together_ext.archive.receipt import RECEIPT
from together_ext.archive.terms import UnpackedFile
from together_ext.transfer import Options

from .fetching import Fetching
from .folder import Finish, PartialFolder
from .revision import Revision
from .taking import Arrived, Taking

if TYPE_CHECKING:
    from together_ext.destinations.object_state import Found
    from together_ext.destinations.objects import ObjectPlace
    from together_ext.destinations.store import Store

    from .uploading import Uploading

Change = Callable[[Place, Sequence[UnpackedFile]], tuple[Sequence[UnpackedFile], Mapping[str, Any]]]
"""Changes files before the receipt is written; returns the files after it, and further entries of the receipt."""


class Making(Protocol):
    """Makes something of the files of a revision."""

    @property
    def where(self) -> str:
        """The path of the folder, or the URL."""

    @property
    def received(self) -> int:
        """Number of bytes that hosts have sent."""

    @property
    def kept(self) -> int:
        """Number of bytes of earlier runs that were right."""

    def download(self, revision: Revision, options: Options) -> Flow[list[Arrived]]:
        """Download the files."""

    def finish(
        self, files: Sequence[UnpackedFile], origin: Mapping[str, Any], change: Change, cancel: threading.Event
    ) -> Sequence[UnpackedFile]:
        """Write the receipt; returns the files that it names."""

    def discard(self) -> None:
        """Remove what is not finished."""


class _Counted:
    """What is made counts the bytes of what takes the files."""

    _taking: Taking | None = None

    @property
    def received(self) -> int:
        """Number of bytes that hosts have sent."""
        return self._taking.received if self._taking else 0

    @property
    def kept(self) -> int:
        """Number of bytes of earlier runs that were right."""
        return self._taking.kept if self._taking else 0


class FolderMaking(_Counted):
    """Makes a folder; its caller holds the lease.

    Args:
        folder: The absolute path of the folder.
        how: How it gets its final name.
    """

    def __init__(self, folder: Path, how: Finish) -> None:
        self._partial, self._how = PartialFolder(folder), how

    @property
    def where(self) -> str:
        """The path of the folder."""
        return str(self._partial.final)

    def download(self, revision: Revision, options: Options) -> Flow[list[Arrived]]:
        """Download the files into the partial folder."""
        self._taking = Fetching(self._partial, revision.identity)
        return (yield from revision.download(self._taking, options))

    def finish(
        self, files: Sequence[UnpackedFile], origin: Mapping[str, Any], change: Change, cancel: threading.Event
    ) -> Sequence[UnpackedFile]:
        """Write the receipt, and give the folder its name."""
        files, entries = change(FolderPlace(self._partial.inside), files)
        self._partial.finish(files, {**origin, **entries}, self._how, cancel)
        return files

    def discard(self) -> None:
        """Remove the partial folder."""
        self._partial.discard()


class ObjectsMaking(_Counted):
    """Makes objects below a prefix that is prepared.

    Args:
        store: The store, at the prefix.
        found: What it has.
        origin: The entries of the receipt that name the weights.
    """

    def __init__(self, store: Store, found: Found, origin: Mapping[str, Any]) -> None:
        self._store, self._found, self._origin = store, found, origin
        self._uploading: Uploading | None = None
        self._place: ObjectPlace | None = None
        self._cancel = threading.Event()

    @property
    def where(self) -> str:
        """The URL."""
        return str(self._store.location)

    def download(self, revision: Revision, options: Options) -> Flow[list[Arrived]]:
        """Upload the files while they arrive."""
        from together_ext.destinations.objects import ObjectPlace, Prefix

        from .uploading import Uploading

        entries = {**self._origin, "source": "registry", **revision.identity}
        prefix = Prefix(self._store, self._found, entries, strip=False)
        self._place = yield from local(lambda _cancel: ObjectPlace(prefix, self._cancel))
        self._taking = self._uploading = Uploading(
            self._place, self._store.location.path.rpartition("/")[2], self._start
        )
        try:
            return (yield from revision.download(self._uploading, options))
        except Exception:
            yield from local(lambda _cancel: self._stop())
            raise
        except BaseException:
            self._stop()
            raise

    def _start(self) -> None:
        """Remove the receipt of the weights that are replaced."""
        if self._found.complete:
            self._store.remove([RECEIPT])

    def _stop(self) -> None:
        """Abort what has not ended; the partial receipt names the rest."""
        self._cancel.set()
        if self._uploading is not None and self._place is not None:
            self._uploading.abandon()
            self._place.stop(keep=True)
            self._place.close()

    def finish(
        self, files: Sequence[UnpackedFile], origin: Mapping[str, Any], change: Change, cancel: threading.Event
    ) -> Sequence[UnpackedFile]:
        """Wait for the uploads, and write the receipt."""
        del cancel
        assert self._place is not None  # noqa: S101 -- see `download`
        try:
            self._place.finish()
            files, entries = change(self._place, files)
            self._place.seal(files, {**origin, **entries})
        except BaseException:
            self._stop()
            raise
        self._place.close()
        return files

    def discard(self) -> None:
        """Do nothing: what is uploaded is replaced."""
