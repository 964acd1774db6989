"""Every kind of response against every way to use it: a verdict for each cell, within a limit of time."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from tests.waits import CELL
from together_ext import DownloadResult, Together, TogetherExtError, verify
from together_ext.api.flow import Fetch, Open, Step, Streamed, run
from together_ext.checkpoints import CheckpointType
from together_ext.fine_tuning.download import download, open_stream
from together_ext.fine_tuning.download_options import DownloadRequest, StreamRequest
from together_ext.registry.project import Project
from together_ext.simulator import LORA_JOB, BytesArchive, Fault, Simulator

FILES = {"adapter_config.json": b"{}", "adapter_model.safetensors": hashlib.shake_128(b"weights").digest(600_000)}
MIDDLE = 200_000
"""Bytes after which a connection is cut: behind the first look at the file, and before its end."""


def packed(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


TAR = packed(FILES)
ARCHIVE = zstd.compress(TAR)


class Clock:
    """Time that jumps forward during a wait."""

    def __init__(self) -> None:
        self._time = 0.0

    def now(self) -> float:
        return self._time

    def wait(self, stop: threading.Event, seconds: float) -> None:
        del stop
        self._time += seconds


@dataclass(frozen=True)
class Behaviour:
    """What a server does.

    Attributes:
        name: What it is called in the test's name.
        faults: What goes wrong.
        error: The code of the error that the download ends with; None if it succeeds.
        archive: What the server has.
    """

    name: str
    faults: tuple[Fault, ...] = ()
    error: str | None = None
    archive: bytes = ARCHIVE


@dataclass(frozen=True)
class Kind:
    """How the archive is sent when nothing goes wrong."""

    name: str
    fault: Fault = field(default_factory=Fault)

    def whole(self) -> Behaviour:
        return Behaviour(f"{self.name}, whole", (replace(self.fault, times=None),))

    def cut_once(self) -> Behaviour:
        return Behaviour(f"{self.name}, cut once", (replace(self.fault, cut=MIDDLE), replace(self.fault, times=None)))

    def cut_always(self) -> Behaviour:
        # Each try must bring less than what counts as progress, or a server with ranges would be done in the end.
        return Behaviour(f"{self.name}, cut always", (replace(self.fault, cut=20_000, times=None),), "network_failed")

    def reset_once(self) -> Behaviour:
        return Behaviour(
            f"{self.name}, reset once", (replace(self.fault, reset=MIDDLE), replace(self.fault, times=None))
        )


KINDS = [
    Kind("ranges"),
    Kind("no ranges", Fault(ignore_range=True)),
    Kind("chunked", Fault(chunked=True, ignore_range=True)),
    Kind("chunked ranges", Fault(chunked=True)),
    Kind("gzip-encoded", Fault(gzip=True, ignore_range=True)),
    Kind("weak validator", Fault(weak_etag=True)),
    Kind("no validator", Fault(no_validator=True)),
    Kind("no validator, no ranges", Fault(no_validator=True, ignore_range=True)),
]

NOW = {"retry-after": "0"}
BEHAVIOURS = [
    *(kind.whole() for kind in KINDS),
    *(kind.cut_once() for kind in KINDS),
    *(kind.cut_always() for kind in KINDS),
    *(kind.reset_once() for kind in KINDS),
    Behaviour("500 once", (Fault(status=500, headers=NOW),)),
    Behaviour("500 always", (Fault(status=500, headers=NOW, times=None),), "server_error"),
    Behaviour("429 once", (Fault(status=429, headers=NOW),)),
    Behaviour("dropped once", (Fault(drop=True),)),
    Behaviour("dropped always", (Fault(drop=True, times=None),), "network_failed"),
    Behaviour("404", (Fault(status=404, times=None),), "not_found"),
    Behaviour("another range than requested", (Fault(shift=7, times=None),), "integrity"),
    Behaviour("another archive in the middle", (Fault(cut=MIDDLE), Fault(replace=True))),
    Behaviour("a page instead of an archive", (Fault(status=200, body=b"<html>", times=None),), "integrity"),
    Behaviour("a cut archive with its own length", (), "integrity", ARCHIVE[:-1000]),
    Behaviour("a cut archive, chunked", (Fault(chunked=True, times=None),), "integrity", ARCHIVE[:-1000]),
    Behaviour("a cut tar", (), "integrity", TAR[:-9000]),
    Behaviour("an empty body", (Fault(status=200, times=None),), "integrity"),
]

MODES: Mapping[str, Mapping[str, Any]] = {
    "archive": {"extract": False, "keep_archive": False},
    "folder": {"extract": True, "keep_archive": False},
    "folder, spooled": {"extract": True, "keep_archive": False, "spool": True},
    "folder and archive": {"extract": True, "keep_archive": True},
}


def on_a_test_clock(step: Step) -> Step:
    """A step with one retry and, if it transfers, without real waits."""
    match step:
        case Fetch():
            return replace(step, options=replace(step.options, retries=1, jitter=lambda: 0.0, clock=Clock()))
        case Streamed() | Open():
            return replace(step, options=replace(step.options, retries=1, jitter=lambda: 0.0, clock=Clock()))
    return step


def downloaded(client: Together, folder: Path, connections: int, mode: Mapping[str, Any]) -> DownloadResult:
    """Download with one retry, on a clock without real waits."""

    def do(step: Step) -> object:
        return client._do(on_a_test_clock(step))

    wanted = DownloadRequest(output=folder, checkpoint_type=CheckpointType.ADAPTER, connections=connections, **mode)
    flow = download(Project(None), LORA_JOB, wanted)
    return run(flow, do)


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda found: found.name)
def test_each_response_ends_in_weights_or_in_an_error(
    sim: Simulator, tmp_path: Path, behaviour: Behaviour, mode: str, connections: int
) -> None:
    sim.add_archive(LORA_JOB, BytesArchive(behaviour.archive))
    sim.faults.append(*behaviour.faults)
    with Together(base_url=sim.url, api_key=sim.api_key) as client, ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(downloaded, client, tmp_path, connections, MODES[mode])
        error = outcome.exception(CELL)
    if behaviour.error is not None:
        assert isinstance(error, TogetherExtError), error
        # Without a file, extraction itself finds that an archive was cut.
        assert error.code in {
            behaviour.error,
            {"folder": "archive"}.get(mode) if behaviour.error == "integrity" else None,
        }
        assert not [path for path in tmp_path.iterdir() if ".part" not in path.name]
        return
    result = outcome.result()
    replaced = any(fault.replace for fault in behaviour.faults)
    if result.extracted_to is not None:
        assert verify(result.extracted_to).good
    if result.filename != result.extracted_to and not replaced:
        assert Path(result.filename).read_bytes() == ARCHIVE
    kept = 2 if mode == "folder and archive" else 1
    assert len(list(tmp_path.iterdir())) == kept


def streamed(client: Together, connections: int, read: bytearray) -> None:
    """Read a stream with one retry, on a clock without real waits."""

    def do(step: Step) -> object:
        return client._do(on_a_test_clock(step))

    wanted = StreamRequest(checkpoint_type=CheckpointType.ADAPTER, connections=connections)
    with run(open_stream(LORA_JOB, wanted), do) as stream:
        for view in stream.views():
            read += view


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda found: found.name)
def test_a_stream_of_each_response_is_a_beginning_and_an_error_or_everything(
    sim: Simulator, behaviour: Behaviour, connections: int
) -> None:
    pages = [fault.body for fault in behaviour.faults if fault.status == HTTPStatus.OK]
    content = pages[0] if pages else behaviour.archive
    read = bytearray()
    sim.add_archive(LORA_JOB, BytesArchive(behaviour.archive))
    sim.faults.append(*behaviour.faults)
    with Together(base_url=sim.url, api_key=sim.api_key) as client, ThreadPoolExecutor(1) as pool:
        error = pool.submit(streamed, client, connections, read).exception(CELL)
    assert content.startswith(read)
    if error is None:
        assert len(read) == len(content)
    else:
        assert isinstance(error, TogetherExtError), error
        assert len(read) < len(content)
