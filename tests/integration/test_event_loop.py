"""The async client never holds up its event loop: others beat on while a server, or the disk, takes its time."""

from __future__ import annotations

import asyncio
import gc
import inspect
import io
import os
import random
import sys
import threading
import types
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest

from tests.waits import PATIENCE
from together_ext import AsyncTogether, ConfigurationError, DownloadResult, Together
from together_ext.simulator import LORA_JOB, TRAINING_FILE, BytesArchive, Fault, Simulator
from together_ext.simulator.archives import pack

BEATS = 1000

# What can be compressed would be over at once.
NOISE = random.Random(3).randbytes(1 << 18)  # noqa: S311 -- nothing secret
FILES = {"adapter_config.json": b"{}", "adapter_model.bin": NOISE}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("extract", [False, True], ids=["fetched", "unpacked"])
def test_the_event_loop_is_not_blocked_during_a_download(
    sim: Simulator, folder: Path, backend: str, *, extract: bool
) -> None:
    """If the download blocked the loop, nothing would ever release it."""
    sim.add_archive(LORA_JOB, BytesArchive(pack(FILES)))
    sim.faults.append(Fault(stall=100_000))
    outcome: list[DownloadResult] = []

    async def download(client: AsyncTogether) -> None:
        outcome.append(
            await client.fine_tuning.download(LORA_JOB, output=folder, checkpoint_type="adapter", extract=extract)
        )

    async def main() -> None:
        with anyio.fail_after(PATIENCE):
            async with AsyncTogether(sim.api_key, sim.url) as client, anyio.create_task_group() as tasks:
                tasks.start_soon(download, client)
                while not sim.stalled:
                    await anyio.lowlevel.checkpoint()
                for _ in range(BEATS):
                    await anyio.lowlevel.checkpoint()
                assert outcome == []
                sim.release()

    anyio.run(main, backend=backend)
    assert Path(outcome[0].extracted_to or outcome[0].filename).exists()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_event_loop_is_not_blocked_during_a_call(sim: Simulator, backend: str) -> None:
    sim.faults.append(Fault(path="/fine-tunes", hold=True))
    beats = 0

    async def call(client: AsyncTogether, scope: anyio.CancelScope) -> None:
        await client.fine_tuning.list()
        scope.cancel()

    async def main() -> None:
        nonlocal beats
        with anyio.fail_after(PATIENCE):
            async with AsyncTogether(sim.api_key, sim.url) as client, anyio.create_task_group() as tasks:
                tasks.start_soon(call, client, tasks.cancel_scope)
                while not sim.stalled:
                    await anyio.lowlevel.checkpoint()
                for beats in range(1, BEATS + 1):  # noqa: B007 -- counted for whoever looks from outside
                    await anyio.lowlevel.checkpoint()
                sim.release()

    anyio.run(main, backend=backend)
    assert beats == BEATS


REPORTING = {
    ("fine_tuning", "download"): LORA_JOB,
    ("fine_tuning", "download_many"): LORA_JOB,
    ("fine_tuning", "download_tokenized_dataset"): LORA_JOB,
    ("fine_tuning", "open"): LORA_JOB,
    ("files", "download"): TRAINING_FILE,
    ("files", "upload"): "train.jsonl",
    ("models", "download"): "acme-research/small",
}
"""The methods of an async client that take `progress`, and what each is called with."""


async def _used(called: object) -> None:
    """Use what a method has returned, to its end."""
    match called:
        case AbstractAsyncContextManager():
            async with called as stream:
                await stream.read()
        case AsyncIterator():
            async for _ in called:
                pass
        case Awaitable():
            await called


def test_every_method_that_reports_progress_is_tried() -> None:
    client = AsyncTogether("key")
    found = {
        (resource, name)
        for resource in ("fine_tuning", "files", "chat", "models")
        for name, method in inspect.getmembers(getattr(client, resource), callable)
        if not name.startswith("_") and "progress" in inspect.signature(method).parameters
    }
    assert found - {("fine_tuning", "plan_downloads")} == REPORTING.keys()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(("resource", "name"), REPORTING)
def test_progress_is_reported_in_the_event_loop(
    sim: Simulator, folder: Path, backend: str, resource: str, name: str
) -> None:
    Path("train.jsonl").write_text('{"text": "Hello"}\n')
    sim.registry.add("acme-research/small", {"config.json": b"{}"})
    threads = set()

    def report(_: object) -> None:
        threads.add(threading.get_ident())

    async def main() -> None:
        async with AsyncTogether(sim.api_key, sim.url) as client:
            method = getattr(getattr(client, resource), name)
            output = {"output": folder / "out"} if "output" in inspect.signature(method).parameters else {}
            await _used(method(REPORTING[resource, name], progress=report, **output))

    anyio.run(main, backend=backend)
    assert threads == {threading.get_ident()}


# What an event loop leaves behind when it is over without a word to the client.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize(
    "backends", [["asyncio", "asyncio"], ["trio", "trio"], ["asyncio", "trio", "asyncio"]], ids=str
)
def test_a_client_works_in_one_event_loop_after_another(sim: Simulator, folder: Path, backends: list[str]) -> None:
    """The second used to fail, since its connections were those of a loop that was closed."""
    client = AsyncTogether(sim.api_key, sim.url)

    async def main() -> None:
        assert (await client.fine_tuning.retrieve(LORA_JOB)).id == LORA_JOB
        assert (await client.fine_tuning.list()).data
        await client.fine_tuning.download(LORA_JOB, output=folder, overwrite=True)

    for backend in backends:
        anyio.run(main, backend=backend)
    gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_the_callers_client_is_refused_in_another_event_loop(sim: Simulator) -> None:
    client = AsyncTogether(sim.api_key, sim.url, http_client=httpx.AsyncClient())

    async def main() -> None:
        await client.fine_tuning.retrieve(LORA_JOB)

    asyncio.run(main())
    with pytest.raises(ConfigurationError, match="http_client was used in another event loop"):
        asyncio.run(main())
    gc.collect()


class Touched:
    """The calls of this thread that open or read a file, during the context."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.calls: list[str] = []

    def _note(self, frame: types.FrameType, event: str, called: object) -> None:
        if event != "c_call":
            return
        name, owner = getattr(called, "__name__", ""), getattr(called, "__self__", None)
        opens = name == "open" and str(self._path) in map(str, frame.f_locals.values())
        reads = name.startswith("read") and isinstance(owner, io.FileIO | io.BufferedReader) and self._is_open_in(owner)
        if opens or reads:
            self.calls.append(name)

    def _is_open_in(self, file: io.FileIO | io.BufferedReader) -> bool:
        return not file.closed and os.path.sameopenfile(file.fileno(), self._descriptor)

    def __enter__(self) -> list[str]:
        self._descriptor = os.open(self._path, os.O_RDONLY)
        sys.setprofile(self._note)
        return self.calls

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        os.close(self._descriptor)


@pytest.fixture
def lines(folder: Path) -> Path:
    """A file to upload."""
    path = folder / "train.jsonl"
    path.write_bytes(b'{"text": "Once upon a time"}\n' * 20_000)
    return path


def test_what_opens_or_reads_a_file_is_noticed(sim: Simulator, lines: Path) -> None:
    with Together(sim.api_key, sim.url) as together, Touched(lines) as calls:
        together.files.upload(lines)
    assert "open" in calls
    with lines.open("rb") as content, Touched(lines) as calls:
        content.read(1)
    assert calls == ["read"]


@pytest.mark.parametrize("own_client", [False, True], ids=["ours", "theirs"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_upload_is_read_in_a_thread(sim: Simulator, lines: Path, backend: str, *, own_client: bool) -> None:
    """From a slow disk it would hold up the loop. Every call of the loop's thread is looked at, for those that read."""

    size = lines.stat().st_size

    async def main() -> list[str]:
        client = httpx.AsyncClient() if own_client else None
        try:
            async with AsyncTogether(sim.api_key, sim.url, http_client=client) as together:
                with Touched(lines) as calls:
                    found = await together.files.upload(lines)
                assert found.bytes_ == size
                return calls
        finally:
            if client is not None:
                await client.aclose()

    assert anyio.run(main, backend=backend) == []
