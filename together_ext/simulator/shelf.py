"""The archives: each one is packed when it is first requested, and kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .archives import MODIFIED, Archive, BytesArchive, pack
from .jobs import Job
from .models import Form, adapter_files, model_files


@dataclass(frozen=True)
class Label:
    """Identifies an archive: a job's weights of one step in one form."""

    job_id: str
    step: int
    form: Form

    @property
    def filename(self) -> str:
        """Its file name on the storage host."""
        return f"{self.job_id}-step-{self.step}-{self.form}.tar.zst"


class Shelf:
    """Archives by label; ``seed`` changes their content. Thread-safe."""

    def __init__(self, seed: str = "") -> None:
        self._lock, self._seed = threading.Lock(), seed
        self._packed: dict[tuple[Label, int], Archive] = {}
        self._placed: dict[tuple[str, int | None, Form | None], Archive] = {}
        self._versions: dict[str, int] = {}

    def reset(self) -> None:
        """Serve the archives of the start again."""
        with self._lock:
            self._placed.clear()
            self._versions.clear()

    def place(self, archive: Archive, job_id: str, step: int | None = None, form: Form | None = None) -> None:
        """Serve an archive from now on for a job, for one step or all (None), in one form or all (None)."""
        with self._lock:
            self._placed[job_id, step, form] = archive

    def replace(self, job_id: str) -> None:
        """Give all packed archives of a job new content, as if the service had built them again."""
        with self._lock:
            self._versions[job_id] = self._versions.get(job_id, 0) + 1

    def get(self, job: Job, label: Label) -> Archive:
        """The archive with this label; the first call packs it."""
        with self._lock:
            for step, form in ((label.step, label.form), (label.step, None), (None, label.form), (None, None)):
                if (placed := self._placed.get((job.id, step, form))) is not None:
                    return placed
            version = self._versions.get(job.id, 0)
            if (label, version) not in self._packed:
                self._packed[label, version] = _packed(job, label, version, self._seed)
            return self._packed[label, version]


def files_of(label: Label, version: int, seed: str) -> dict[str, bytes]:
    """The files of the weights with a label."""
    seed = f"{seed}{label.job_id}/{label.step}/{label.form}/{version}"
    if label.form == "adapter":
        return adapter_files(seed)
    # numpy has no bf16, so merged models use F32, which numpy can read.
    return model_files(seed, dtype="F32" if label.form == "merged" else "BF16")


def _packed(job: Job, label: Label, version: int, seed: str) -> Archive:
    return BytesArchive(pack(files_of(label, version, seed), root=job.archive_root), MODIFIED + version)
