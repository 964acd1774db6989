"""The model registry: models with revisions, each of which has files with S3-style tags as hashes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from .account import Account
from .archives import Archive, BytesArchive, Content, served
from .jobs import Job
from .models import Form
from .owner import PROJECT
from .registry_fields import object_id, object_name, revision_id, weights_of
from .shelf import Label, files_of

PART = 20 * 1024 * 1024
"""Bytes of a part, of which hashes are made."""
SUCCESS = "REVISION_VALIDATION_STATUS_SUCCESS"


@dataclass(frozen=True)
class Slice:
    """A part of a file, served as if it were an archive."""

    whole: Archive
    start: int
    size: int
    etag: str

    @property
    def modified(self) -> float:
        """The modification time of the file."""
        return self.whole.modified

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to ``stop`` of the part."""
        return self.whole.read(self.start + start, self.start + stop)


@dataclass(frozen=True)
class Distortion:
    """What is wrong with a file in the responses; None and empty for what is right.

    Attributes:
        path: Another path.
        hash: Another hash.
        size: Another size of the file.
        missing: The number of the part that is missing.
    """

    path: str | None = None
    hash: str | None = None
    size: int | None = None
    missing: int | None = None


@dataclass(frozen=True)
class StoredFile:
    """A file of a revision."""

    path: str
    content: Archive

    @cached_property
    def hash(self) -> str:
        """The tag: the MD5 of the only part, else the MD5 of the MD5s of all parts and their number (0 if empty)."""
        size = self.content.size
        digests = [
            hashlib.md5(self.content.read(start, min(start + PART, size)), usedforsecurity=False).digest()
            for start in range(0, size, PART)
        ]
        if len(digests) == 1:
            return digests[0].hex()
        return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"

    def parts(self, part: int = PART) -> Iterator[Slice]:
        """The parts of so many bytes, one after the other; an empty file has one."""
        size = self.content.size
        for start in range(0, size, part) or (0,):
            yield Slice(self.content, start, min(part, size - start), f'"{self.hash}"')


@dataclass(frozen=True)
class Revision:
    """A revision of a model, which never changes.

    Attributes:
        id: The ID.
        created_at: The time of its creation.
        files: Returns its files, by path.
        status: The status of its validation.
        errors: The errors of its validation.
    """

    id: str
    created_at: datetime
    files: Callable[[], Mapping[str, StoredFile]]
    status: str = SUCCESS
    errors: tuple[str, ...] = ()


@dataclass(eq=False)
class Model:
    """A model in the registry; its last revision is the latest."""

    id: str
    name: str
    is_adapter: bool
    revisions: list[Revision] = field(default_factory=list)

    def revision(self, revision_id: str | None = None) -> Revision | None:
        """The revision with this ID (default: the latest); None if there is none."""
        wanted = [one for one in self.revisions if revision_id in {None, "", one.id}]
        return wanted[-1] if wanted else None


class Registry:
    """The models of the project: those of completed jobs on newer servers, and those that were added. Thread-safe.

    `page_size` is the maximum number of items in a page, `part_size` the number of bytes of a part that has its own URL
    (hashes are made of parts of 20 MiB whatever it is), `distortions` are by the path of a file; all may be changed.
    """

    def __init__(self, account: Account, clock: Callable[[], datetime], seed: str = "") -> None:
        self._account, self._clock, self._seed, self._lock = account, clock, seed, threading.RLock()
        self._models: dict[str, Model] = {}
        self.distortions: dict[str, Distortion] = {}
        self.reset()

    def reset(self) -> None:
        """Restore the models of the start, and the usual responses."""
        with self._lock:
            self._models.clear()
            self.page_size = 100
            self.part_size = PART
            self.distortions.clear()

    def all(self) -> list[Model]:
        """Every model, in the order in which they were made."""
        with self._lock:
            for job in self._account.all():
                for step, form in weights_of(job):
                    self._of_job(job, step, form)
            return list(self._models.values())

    def get(self, id_or_name: str) -> Model | None:
        """The model with this ID or name; None if there is none."""
        return next((model for model in self.all() if id_or_name in {model.id, model.name}), None)

    def add(
        self,
        name: str,
        files: Mapping[str, Content],
        *,
        status: str = SUCCESS,
        errors: tuple[str, ...] = (),
        is_adapter: bool = False,
    ) -> Model:
        """Add a model, or a revision of one; returns the model.

        Args:
            name: The name, with or without the project before it.
            files: The content of each file, by path.
            status: The status of the revision's validation.
            errors: The errors of its validation.
            is_adapter: Whether the model is an adapter.
        """
        whole = name if "/" in name else f"{PROJECT['slug']}/{name}"
        stored = {path: StoredFile(path, served(content, path)) for path, content in files.items()}
        with self._lock:
            model = self._models.setdefault(whole, Model(object_id(whole), whole, is_adapter))
            number = len(model.revisions) + 1
            revision = Revision(revision_id(whole, number), self._clock(), lambda: stored, status, errors)
            model.revisions.append(revision)
            return model

    def distorted(self, file: StoredFile) -> Distortion:
        """What is wrong with a file in the responses."""
        return self.distortions.get(file.path, Distortion())

    def distort(self, file: str, wrong: Distortion) -> None:
        """Make the responses wrong for a file, which is named by its path."""
        self.distortions[file] = wrong

    def _of_job(self, job: Job, step: int, form: Form) -> None:
        name = object_name(job, step, form)
        if name not in self._models:
            model = Model(object_id(name), name, form == "adapter")
            files = _kept(Label(job.id, step, form), self._seed)
            model.revisions.append(Revision(revision_id(name), job.updated_at, files))
            self._models[name] = model


def _kept(label: Label, seed: str) -> Callable[[], Mapping[str, StoredFile]]:
    """The files of a job's weights, which are made when they are first requested."""
    made: dict[str, StoredFile] = {}
    lock = threading.Lock()

    def files() -> Mapping[str, StoredFile]:
        with lock:
            if not made:
                contents = files_of(label, 0, seed).items()
                made.update({path: StoredFile(path, BytesArchive(content)) for path, content in contents})
            return made

    return files
