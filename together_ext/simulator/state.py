"""The state file: jobs, files and endpoints, so that a simulator that is started again has them."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from together_ext.errors import ConfigurationError

from .account import Account
from .files import Files, StoredFile
from .jobs import Checkpoint, Event, Job
from .serving import Endpoint, Endpoints

_FORMAT = "together-ext simulator 1"


class StateFile:
    """A file with the jobs, files and endpoints.

    Archives, limits and faults that a test has added are not kept.
    """

    def __init__(self, path: Path, account: Account, files: Files, endpoints: Endpoints) -> None:
        self._path = path
        self._account, self._files, self._endpoints = account, files, endpoints
        self._lock = threading.Lock()

    def load(self) -> None:
        """Replace jobs, files and endpoints by those of the file, if there is one.

        Raises:
            ConfigurationError: It is not a state file.
            OSError: It cannot be read.
        """
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            return
        except UnicodeDecodeError:
            text = ""
        try:
            found = json.loads(text)
            if found["format"] != _FORMAT:
                raise ValueError(found["format"])
            jobs = [_job(item) for item in found["jobs"]]
            files = [_file(item) for item in found["files"]]
            endpoints = [_endpoint(item) for item in found["endpoints"]]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise ConfigurationError(
                f"{self._path} is not a state file of this version of the simulator: delete it or name another"
            ) from None
        self._account.restore(jobs)
        self._files.restore(files)
        self._endpoints.restore(endpoints)

    def save(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        with self._lock:
            self._save()

    def _save(self) -> None:
        found = {
            "format": _FORMAT,
            "jobs": [asdict(job) for job in self._account.all()],
            "files": [asdict(file) for file in self._files.all()],
            "endpoints": [asdict(endpoint) for endpoint in self._endpoints.all()],
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}.tmp")
        # Private, since files are training data, and new: another user may have put a link at the path.
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as content:
                json.dump(found, content, default=_as_json)
            scratch.replace(self._path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                scratch.unlink()


def _as_json(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case set() | frozenset():
            return sorted(value)
        case Mapping():
            return dict(value)
    raise TypeError(f"cannot be saved: {type(value).__name__}")


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _at(item: dict[str, Any]) -> dict[str, Any]:
    return item | {"at": datetime.fromisoformat(item["at"])}


def _job(item: dict[str, Any]) -> Job:
    updated_at = datetime.fromisoformat(item.pop("updated_at"))
    job = Job(
        **item
        | {
            "steps": tuple(item["steps"]),
            "created_at": datetime.fromisoformat(item["created_at"]),
            "started_at": _time(item["started_at"]),
            "events": [Event(**_at(event)) for event in item["events"]],
            "checkpoints": [Checkpoint(**_at(checkpoint)) for checkpoint in item["checkpoints"]],
            "absent": set(item["absent"]),
        }
    )
    job.events.pop()  # the first event of a new job, which is in the list
    job.updated_at = updated_at
    return job


def _file(item: dict[str, Any]) -> StoredFile:
    return StoredFile(**_at(item) | {"content": base64.b64decode(item["content"])})


def _endpoint(item: dict[str, Any]) -> Endpoint:
    return Endpoint(**item | {"created_at": datetime.fromisoformat(item["created_at"])})
