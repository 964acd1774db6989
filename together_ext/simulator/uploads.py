"""Uploads in steps: the API signs URLs, the storage host receives the content, the API processes the file."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from .files import Files, StoredFile

MOST_PARTS = 250


@dataclass(eq=False)
class Upload:
    """An upload that has begun.

    Attributes:
        id: The ID of the upload.
        file_id: The file that it makes.
        signatures: The signature of each part's URL, in the order of the parts.
        parts: The content of each part that has arrived, by its number from 1 on.
    """

    id: str
    file_id: str
    signatures: Sequence[str]
    parts: dict[int, bytes] = field(default_factory=dict)


class Uploads:
    """The uploads that have begun. Thread-safe."""

    def __init__(self, files: Files) -> None:
        self._files, self._lock, self._numbers = files, threading.Lock(), itertools.count(1)
        self._by_id: dict[str, Upload] = {}
        self._parts: dict[str, tuple[Upload, int]] = {}

    def reset(self) -> None:
        """Forget all uploads."""
        with self._lock:
            self._by_id.clear()
            self._parts.clear()

    def begin(self, file: StoredFile, count: int = 1) -> Upload:
        """Begin an upload of a file in this number of parts."""
        with self._lock:
            upload_id = hashlib.sha256(f"upload {next(self._numbers)}".encode()).hexdigest()
            signatures = [hashlib.sha256(f"{upload_id} {part}".encode()).hexdigest() for part in range(1, count + 1)]
            upload = self._by_id[upload_id] = Upload(upload_id, file.id, signatures)
            self._parts |= {signature: (upload, number) for number, signature in enumerate(signatures, start=1)}
            return upload

    def put(self, signature: str, content: bytes) -> str | None:
        """Store the content of a part; returns its entity tag, or None if the signature is unknown."""
        with self._lock:
            if signature not in self._parts:
                return None
            upload, number = self._parts[signature]
            upload.parts[number] = content
        if len(upload.signatures) == 1:
            self._files.fill(upload.file_id, content)
        return entity_tag(content)

    def get(self, upload_id: str) -> Upload | None:
        """The upload with this ID; None if there is none."""
        return self._by_id.get(upload_id)

    def has_arrived(self, file_id: str) -> bool:
        """Whether every part of a file has arrived."""
        with self._lock:
            return any(len(one.parts) == len(one.signatures) for one in self._by_id.values() if one.file_id == file_id)

    def complete(self, upload: Upload) -> None:
        """Join the parts."""
        with self._lock:
            parts = dict(upload.parts)
        self._files.fill(upload.file_id, b"".join(parts[number] for number in sorted(parts)))

    def end(self, upload: Upload) -> None:
        """Forget an upload; its URLs end."""
        with self._lock:
            self._by_id.pop(upload.id, None)
            for signature in upload.signatures:
                self._parts.pop(signature, None)


def entity_tag(content: bytes) -> str:
    """The entity tag of a part, without quotes, as object stores compute it."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
