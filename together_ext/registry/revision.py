"""A revision of a model: which one is downloaded, its files, and their bytes with URLs that expire."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import httpx

from together_ext.api.exchange import USER_AGENT
from together_ext.api.flow import Call, Flow, Line, ask, local, transfers
from together_ext.api.responses import text
from together_ext.archive.receipt import RECEIPT
from together_ext.archive.weights.layout import Layout, layout_of
from together_ext.errors import IntegrityError, RuleError, TransferInterruptedError
from together_ext.text import printable
from together_ext.transfer import DEFAULT_TIMEOUT, Options
from together_ext.transfer.parts import ExpiredError
from together_ext.transfer.persistence import PROGRESS
from together_generated import models
from together_generated.api.registry import download_model as endpoint

from . import operations
from .located import LocatedFile, located
from .reading import Connection
from .taking import Arrived, Taking

if TYPE_CHECKING:
    from .project import Project

log = logging.getLogger("together_ext")

MOST_RENEWALS: Final = 3
"""Maximum number of times in a row that URLs expire before there is progress."""

DIGITS: Final = re.compile("[0-9]{1,16}")
"""A size in bytes."""

BAD: Final = frozenset({"REVISION_VALIDATION_STATUS_FAILED", "REVISION_VALIDATION_STATUS_ERROR"})
"""Statuses of a revision that is downloaded only if it is named."""


@dataclass(frozen=True)
class Revision:
    """A revision of a model, and those of its files that are wanted.

    Attributes:
        project: The project of the model.
        object_id: The ID of the model.
        id: The ID of the revision.
        paths: The paths of the files.
        whole: Whether these are all files.
        sizes: The sizes of the files in bytes, by path; without those that the server does not send.
    """

    project: Project
    object_id: str
    id: str
    paths: Sequence[str]
    whole: bool
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def identity(self) -> dict[str, str]:
        """What identifies it in the journal of a partial file."""
        return {"object": self.object_id, "revision": self.id}

    @property
    def layout(self) -> Layout:
        """What the files are, by their names."""
        return layout_of({path.rpartition("/")[2] for path in self.paths})

    def download(self, fetching: Taking, options: Options) -> Flow[list[Arrived]]:
        """Download the files; URLs are renewed as often as they expire.

        Args:
            fetching: Downloads to a folder or an object store; it has what arrived before a failure.
            options: How to transfer.
        """
        files = yield from self._located()
        yield from local(lambda _cancel: fetching.prepare(files))
        failures = 0
        while True:
            before = fetching.done, len(fetching.arrived)
            expired = yield from transfers(partial(_transferred, fetching, files, options))
            if expired is None:
                _report_unverified(files)
                return [fetching.arrived[file.path] for file in files]
            # Not what was received: of a file that is requested again, the same bytes are.
            moved = fetching.done - before[0] >= PROGRESS or len(fetching.arrived) > before[1]
            failures = 1 if moved else failures + 1
            if failures > MOST_RENEWALS:
                raise TransferInterruptedError(
                    f"{expired}, {failures} times in a row, although it was new"
                ) from expired
            files = yield from self._located()

    def _located(self) -> Flow[list[LocatedFile]]:
        body = models.ModelDownloadRequest(self.object_id, self.id, [] if self.whole else list(self.paths))
        arguments = {"project_id": (yield from self.project.id()), "body": body}
        action = f"locate the files of {self.object_id}"
        answer = yield from ask(Call(action, endpoint.sync, endpoint.asyncio, arguments))
        if (text(answer.revision_id) or self.id) != self.id:
            raise IntegrityError(
                f"the server located revision {printable(str(answer.revision_id), 60)} of {self.object_id}: "
                f"expected {self.id}"
            )
        files = located(answer, self.object_id)
        if sorted(file.path for file in files) != sorted(self.paths):
            missing = sorted({*self.paths} ^ {file.path for file in files})
            names = printable(", ".join(missing), 200)
            raise IntegrityError(f"the server lists other files of {self.object_id} than it locates ({names})")
        return files


def revision_of(
    project: Project, object_id: str, named: str | None, select: Callable[[Sequence[str]], Sequence[str]]
) -> Flow[Revision]:
    """The revision that was named, else the latest one if it is valid; with its files.

    Args:
        project: The project of the model.
        object_id: The ID of the model.
        named: The ID of the revision; None for the latest.
        select: Chooses from the paths of all files.

    Raises:
        RuleError: The latest revision failed its validation.
        IntegrityError: The server does not name the revision.
    """
    wanted = yield from _named_or_latest(project, object_id, named)
    listed = yield from operations.list_files(project, object_id, wanted)
    paths = [text(file.path) or "" for file in listed.data]
    # The receipt of the folder that was uploaded does not describe the folder that is made.
    selected = select([path for path in paths if path != RECEIPT])
    revision = text(listed.revision_id) or wanted
    if revision is None:
        raise IntegrityError(f"the server does not name the revision of {object_id}: pass revision, such as rv_...")
    digits = {text(file.path) or "": str(file.size_bytes) for file in listed.data}
    sizes = {path: int(digits[path]) for path in selected if DIGITS.fullmatch(digits[path])}
    return Revision(project, object_id, revision, selected, len(selected) == len(paths), sizes)


def said_of(revision: Revision, arrived: Sequence[Arrived]) -> dict[str, Any]:
    """The receipt's entries about the source of the files."""
    hashes = {one.file.path: one.file.hash for one in arrived if one.file.hash}
    return {"source": "registry", "object": revision.object_id, "revision": revision.id, "hashes": hashes}


def _report_unverified(files: Sequence[LocatedFile]) -> None:
    """Log one line if hashes have an unknown form."""
    odd = [file for file in files if not file.verifiable]
    if odd:
        found = printable(repr(odd[0].hash), 80)
        log.warning("%d files are verified by size alone: the hash of %s is %s", len(odd), odd[0].path, found)


def _named_or_latest(project: Project, object_id: str, named: str | None) -> Flow[str | None]:
    if named is not None:
        return named
    revisions = (yield from operations.list_revisions(project, object_id)).data
    if not revisions:
        return None
    latest = revisions[0]
    if latest.validation_status in BAD:
        errors = latest.validation_errors if isinstance(latest.validation_errors, list) else []
        reasons = [text(getattr(error, "message", None)) for error in errors]
        reason = printable("; ".join(filter(None, reasons)) or "no reason was given", 200)
        raise RuleError(
            f"revision {latest.revision_id} of {object_id} failed its validation ({reason}): name it to download it "
            f"anyway, or another one (revision=..., --revision)"
        )
    return text(latest.revision_id)


def _transferred(fetching: Taking, files: Sequence[LocatedFile], options: Options, line: Line) -> ExpiredError | None:
    """Download the files that are not there yet; returns the error if their URLs have expired."""
    options = replace(options, cancel=line.cancel, clock=line.clock or options.clock)
    try:
        fetching.run(files, Connection(line.sender, httpx.URL(line.home), USER_AGENT, DEFAULT_TIMEOUT, options))
    except ExpiredError as error:
        return error
    return None
