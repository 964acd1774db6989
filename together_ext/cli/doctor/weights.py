"""Checks of a job's download: the storage host, byte ranges, validators, and the rate. A few MB are read, not saved."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from together_ext.api.flow import Archive
from together_ext.api.responses import text
from together_ext.checkpoints import CheckpointName, CheckpointType, check_ready, requested_checkpoint, training_label
from together_ext.cli.render.amounts import rate_text, size_text
from together_ext.clock import started
from together_ext.errors import JobNotReadyError, OutOfThreadsError, TransferCancelledError
from together_ext.fine_tuning.job import training_type

from .findings import Finding, State, failed, skipped

if TYPE_CHECKING:
    from together_ext.client import Together
    from together_ext.transfer import Remote
    from together_ext.transfer.responses import Content

ALONE, TOGETHER = 4 << 20, 8 << 20
"""Maximum number of bytes that the rate of one and of all connections is measured with."""

SECONDS: Final = 5.0
"""Maximum number of seconds of each measurement."""

PIECE: Final = 256 << 10


@dataclass(frozen=True)
class Rate:
    """A measured rate.

    Attributes:
        size: Number of bytes that arrived.
        seconds: Duration, with the time until the response.
    """

    size: int
    seconds: float

    def __str__(self) -> str:
        return f"{rate_text(self.size / self.seconds)} ({size_text(self.size)})"


def archive_of(client: Together, name: CheckpointName) -> tuple[Finding, Archive | None]:
    """What a download of a job would request; None if the job has no weights yet."""
    job = client.fine_tuning.retrieve(name.job_id)
    kind, status = training_type(job), text(job.status)
    seen = f"{name.job_id} is {status}, training type {training_label(kind) or 'unknown'}"
    try:
        check_ready(name, status)
    except JobNotReadyError as error:
        return failed("job", str(error)) if error.ended else skipped("job", str(error)), None
    form = requested_checkpoint(name, CheckpointType.DEFAULT, kind)
    return Finding("job", State.OK, seen), Archive(name.job_id, name.step, form)


def head(remote: Remote) -> Content:
    """Size and validator of the archive, from the response to a request for its first byte."""
    with remote.open(0, 1) as body:
        return body.content


def storage(remote: Remote, content: Content) -> Finding:
    """The host that has the archive."""
    size = "unknown size" if content.size is None else size_text(content.size)
    host = f"the storage host {remote.host}" if remote.redirected else remote.host
    return Finding("storage", State.OK, f"{host} sends the archive ({size})")


def ranges(content: Content) -> Finding:
    """Whether the server supports byte ranges."""
    if content.partial:
        return Finding("ranges", State.OK, "the server supports byte ranges")
    advice = "downloads use one connection and cannot resume: report this to the operator of the server or proxy"
    return Finding("ranges", State.WARN, "the server ignores byte ranges: it sends the whole archive", advice)


def validator(content: Content) -> Finding:
    """Whether an interrupted download can resume."""
    found = content.validator
    if found.strong:
        kind = "entity tag" if found.condition == found.etag else "Last-Modified"
        return Finding("validator", State.OK, f"strong ({kind}): an interrupted download can resume")
    seen = "weak" if found.etag or found.last_modified else "none"
    advice = "an interrupted download starts over: report this to the operator of the server or proxy"
    return Finding("validator", State.WARN, f"{seen}: the server sends no strong entity tag", advice)


def rate(remote: Remote, content: Content, connections: int) -> Finding:
    """The rate with one connection, and with several."""
    alone = measured(remote, content, 1, ALONE)
    if connections == 1 or not content.partial or (content.size or 0) < connections:
        return Finding("rate", State.OK, f"1 connection: {alone}")
    several = measured(remote, content, connections, TOGETHER)
    return Finding("rate", State.OK, f"1 connection: {alone}; {connections} connections: {several}")


def measured(remote: Remote, content: Content, connections: int, most: int) -> Rate:
    """Read the beginning of the archive, each connection another part of it.

    Args:
        remote: The archive.
        content: Its size and validator.
        connections: The number of connections.
        most: Maximum number of bytes.
    """
    each = max(min(most, most if content.size is None else content.size) // connections, 1)
    stop = threading.Event()
    results: list[int | Exception] = []

    def read(start: int) -> None:
        try:
            results.append(_read(remote, content, (start, start + each), stop))
        except Exception as error:  # noqa: BLE001 -- raised below
            results.append(error)

    # Not a pool, whose threads would keep the process alive.
    readers = [threading.Thread(target=read, args=(at * each,), daemon=True) for at in range(connections)]
    timer = threading.Timer(SECONDS, stop.set)
    timer.daemon = True
    began = time.monotonic()
    try:
        for thread in (timer, *readers):
            started(thread)
    except OutOfThreadsError:
        stop.set()
        raise
    for thread in readers:
        thread.join()
    timer.cancel()
    seconds = max(time.monotonic() - began, 1e-6)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return Rate(sum(result for result in results if isinstance(result, int)), seconds)


def _read(remote: Remote, content: Content, span: tuple[int, int], stop: threading.Event) -> int:
    start, end = span
    buffer, size = memoryview(bytearray(PIECE)), 0
    with remote.open(start, end if content.partial else None) as body:
        try:
            while size < end - start and (count := body.fill(buffer[: end - start - size], stop)):
                size += count
        except TransferCancelledError:  # the time is over
            pass
    return size
