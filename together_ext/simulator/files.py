"""Uploaded files, kept in memory."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from together_ext.simulator.catalog import TRAINING_FILE

_EXAMPLE = b'{"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello!"}]}\n'


@dataclass(frozen=True)
class StoredFile:
    """A file, with its content."""

    id: str
    name: str
    purpose: str
    type: str
    content: bytes = field(repr=False)
    at: datetime

    def payload(self) -> dict[str, object]:
        """The file as the API writes it."""
        return {
            "id": self.id,
            "object": "file",
            "created_at": int(self.at.timestamp()),
            "filename": self.name,
            "bytes": len(self.content),
            "purpose": self.purpose,
            "FileType": self.type,
            "Processed": True,
            "LineCount": self.content.count(b"\n"),
        }


class Files:
    """The account's files by ID; for use from several threads."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock, self._lock, self._numbers = clock, threading.Lock(), itertools.count(1)
        first = StoredFile(TRAINING_FILE, "conversations.jsonl", "fine-tune", "jsonl", _EXAMPLE * 4210, clock())
        self._files = {first.id: first}

    def all(self) -> list[StoredFile]:
        """Every file, in the order of their coming."""
        with self._lock:
            return list(self._files.values())

    def get(self, file_id: str) -> StoredFile | None:
        """The file of that ID."""
        return self._files.get(file_id)

    def add(self, name: str, purpose: str, kind: str, content: bytes) -> StoredFile:
        """Take a file in."""
        with self._lock:
            digits = hashlib.sha256(f"file {next(self._numbers)}".encode()).hexdigest()
            file_id = f"file-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
            self._files[file_id] = StoredFile(file_id, name, purpose, kind, content, self._clock())
            return self._files[file_id]

    def delete(self, file_id: str) -> None:
        """Forget a file."""
        with self._lock:
            self._files.pop(file_id, None)
