"""Where the archives stand: each one is packed when it is first asked for, and kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from together_ext.simulator.archives import MODIFIED, Archive, BytesArchive, pack
from together_ext.simulator.jobs import Job
from together_ext.simulator.models import Form, adapter_files, model_files


@dataclass(frozen=True)
class Label:
    """Which archive: a job's weights of one step in one form."""

    job_id: str
    step: int
    form: Form

    @property
    def filename(self) -> str:
        """The name that the storage host gives it."""
        return f"{self.job_id}-step-{self.step}-{self.form}.tar.zst"


class Shelf:
    """Archives by label; for use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._packed: dict[tuple[Label, int], Archive] = {}
        self._placed: dict[tuple[str, int | None, Form | None], Archive] = {}
        self._versions: dict[str, int] = {}

    def place(self, archive: Archive, job_id: str, step: int | None = None, form: Form | None = None) -> None:
        """Serve ``archive`` from now on for a job: for one step or every one, in one form or all of them."""
        with self._lock:
            self._placed[job_id, step, form] = archive

    def replace(self, job_id: str) -> None:
        """Give all the job's packed archives new content, as a server does that has built them anew."""
        with self._lock:
            self._versions[job_id] = self._versions.get(job_id, 0) + 1

    def get(self, job: Job, label: Label) -> Archive:
        """The archive of that label, which may take a moment at first."""
        with self._lock:
            for step, form in ((label.step, label.form), (label.step, None), (None, label.form), (None, None)):
                if (placed := self._placed.get((job.id, step, form))) is not None:
                    return placed
            version = self._versions.get(job.id, 0)
            if (label, version) not in self._packed:
                self._packed[label, version] = _packed(job, label, version)
            return self._packed[label, version]


def _packed(job: Job, label: Label, version: int) -> Archive:
    seed = f"{label.job_id}/{label.step}/{label.form}/{version}"
    if label.form == "adapter":
        files = adapter_files(seed)
    else:  # numpy has no bf16, so the merged models are kept readable for everyone.
        files = model_files(seed, dtype="F32" if label.form == "merged" else "BF16")
    return BytesArchive(pack(files, root=job.archive_root), MODIFIED + version)
