"""Uploaded files, kept in memory."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from .catalog import TRAINING_FILE
from .jobs import numbered_id
from .validation import validate

_EXAMPLE = b'{"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello!"}]}\n'


@dataclass(frozen=True)
class StoredFile:
    """A file with its content.

    Attributes:
        processed: Whether the service has processed it, which it does after an upload in steps only on request.
        report: The report of the validation; None if there was none.
    """

    id: str
    name: str
    purpose: str
    type: str
    content: bytes = field(repr=False)
    at: datetime
    processed: bool = True
    report: Mapping[str, object] | None = None

    @property
    def status(self) -> str:
        """The status of the validation."""
        if not self.processed:
            return "PENDING"
        return "COMPLETED" if self.report is None or self.report["valid"] else "INVALID_FORMAT"

    def payload(self) -> dict[str, object]:
        """The file in the format of the API."""
        return {
            "id": self.id,
            "object": "file",
            "created_at": int(self.at.timestamp()),
            "filename": self.name,
            "bytes": len(self.content),
            "purpose": self.purpose,
            "FileType": self.type,
            "Processed": self.processed,
            "LineCount": self.content.count(b"\n"),
            "processing_status": self.status,
            **({} if self.report is None else {"validation_report": {"file_id": self.id, **self.report}}),
        }


class Files:
    """The account's files by ID; ``seed`` changes the IDs of new ones. Thread-safe."""

    def __init__(self, clock: Callable[[], datetime], seed: str = "") -> None:
        self._clock, self._seed, self._lock = clock, seed, threading.Lock()
        self._files: dict[str, StoredFile] = {}
        self.reset()

    def reset(self) -> None:
        """Restore the files of the start."""
        self.restore(
            [StoredFile(TRAINING_FILE, "conversations.jsonl", "fine-tune", "jsonl", _EXAMPLE * 4210, self._clock())]
        )

    def restore(self, files: Iterable[StoredFile]) -> None:
        """Replace all files."""
        with self._lock:
            self._files = {file.id: file for file in files}

    def all(self) -> list[StoredFile]:
        """Every file, in the order in which they were added."""
        with self._lock:
            return list(self._files.values())

    def get(self, file_id: str) -> StoredFile | None:
        """The file with this ID; None if there is none."""
        return self._files.get(file_id)

    def find(self, checksum: str) -> StoredFile | None:
        """The processed file whose content has this SHA-256 (hexadecimal); None if there is none."""
        return next((file for file in self.all() if file.processed and _sha256(file.content) == checksum), None)

    def add(  # noqa: PLR0913 - the fields of a file
        self, name: str, purpose: str, kind: str, content: bytes, file_id: str | None = None, *, processed: bool = True
    ) -> StoredFile:
        """Add a file, with a new ID unless one is given, without validation; returns it."""
        with self._lock:
            file_id = file_id or self._new_id()
            self._files[file_id] = StoredFile(file_id, name, purpose, kind, content, self._clock(), processed)
            return self._files[file_id]

    def _new_id(self) -> str:
        candidates = (numbered_id("file", f"{self._seed}file {number}") for number in itertools.count(1))
        return next(candidate for candidate in candidates if candidate not in self._files)

    def fill(self, file_id: str, content: bytes) -> None:
        """Set the content of a file that is being uploaded; one that was deleted meanwhile stays so."""
        with self._lock:
            if file_id in self._files:
                self._files[file_id] = replace(self._files[file_id], content=content)

    def process(self, file: StoredFile) -> StoredFile:
        """Process and validate a file; returns it with the report."""
        done = replace(file, processed=True, report=validate(file.content, file.type, file.purpose))
        with self._lock:
            self._files[file.id] = done
        return done

    def delete(self, file_id: str) -> None:
        """Delete a file."""
        with self._lock:
            self._files.pop(file_id, None)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
