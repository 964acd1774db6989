"""What many downloads would do, before any of them starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PlanState = Literal["new", "resumable", "complete", "unverified", "conflicting", "refused"]
"""What exists of a planned download.

`new`: it would be downloaded. `resumable`: the rest of it would be downloaded. `complete`: nothing would be downloaded.
`unverified`: a file of the right size exists, and the download compares it with the remote one; in an object store,
where it cannot be compared, it counts as complete. `conflicting`: something else is at its path. `refused`: it would
fail for another reason.
"""


@dataclass(frozen=True)
class PlannedDownload:
    """One of many downloads, as it would begin now.

    Attributes:
        name: What was requested, such as `ft-...:500`.
        source: Where the weights come from; `auto` only if that was not determined.
        state: What exists of it.
        path: The absolute path or the URL of the archive, or of the extracted folder; None if it was not determined.
        size: The size of the archive, or of all files in the registry, in bytes; None if the server does not send it.
        present: Number of bytes that exist and would not be downloaded again; in an object store, not uploaded again.
        needed: Number of bytes that the disk must have free for it, at least; an extracted model may be larger. 0 for
            an object store.
        error: Why it would fail; else None.
        files: Number of files in the registry; None of an archive.
    """

    name: str
    source: Literal["archive", "registry", "auto"]
    state: PlanState
    path: str | None = None
    size: int | None = None
    present: int = 0
    needed: int = 0
    error: BaseException | None = None
    files: int | None = None


@dataclass(frozen=True)
class DownloadPlan:
    """Many downloads, as they would begin now.

    Attributes:
        entries: One for each name, in the order of the names.
        free: Number of free bytes of the disk; None for an object store.
    """

    entries: tuple[PlannedDownload, ...]
    free: int | None

    @property
    def remaining(self) -> int:
        """Number of bytes that would be downloaded, as far as the sizes are known."""
        # To an object store, an archive is streamed again from its beginning.
        return sum(
            (entry.size or 0) - (0 if self.free is None and entry.source != "registry" else entry.present)
            for entry in self.entries
            if entry.state in {"new", "resumable"}
        )

    @property
    def needed(self) -> int:
        """Number of bytes that the disk must have free for all of them, at least."""
        return sum(entry.needed for entry in self.entries)

    @property
    def fits(self) -> bool:
        """Whether the disk has room for all of them."""
        return self.free is None or self.needed <= self.free
