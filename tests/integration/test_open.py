"""`fine_tuning.open` in both clients: the archive in order, under the rules of a download; on asyncio and trio."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import httpx
import pytest

from tests.waits import PATIENCE
from together_ext import (
    AsyncTogether,
    CheckpointNotFoundError,
    CheckpointTypeError,
    RemoteChangedError,
    RuleError,
    Together,
)
from together_ext.simulator import FULL_JOB, LORA_JOB, BytesArchive, Fault, Simulator
from together_ext.transfer import DownloadProgress

MIB = 1 << 20
DATA = hashlib.shake_128(b"weights").digest(20 * MIB)
LIMIT = PATIENCE


@pytest.fixture
def client(sim: Simulator) -> Together:
    sim.add_archive(LORA_JOB, BytesArchive(DATA))
    return Together(base_url=sim.url, api_key=sim.api_key)


@pytest.fixture
def other(client: Together, sim: Simulator) -> AsyncTogether:
    del client  # the archive is there
    return AsyncTogether(base_url=sim.url, api_key=sim.api_key)


class TestSync:
    def test_the_archive_comes_in_order(self, client: Together) -> None:
        with client, client.fine_tuning.open(LORA_JOB) as stream:
            assert stream.size == len(DATA)
            assert b"".join(stream) == DATA

    @pytest.mark.parametrize(("kind", "sent"), [("default", "merged"), ("merged", "merged"), ("adapter", "adapter")])
    def test_the_rules_choose_what_is_requested(self, client: Together, sim: Simulator, kind: str, sent: str) -> None:
        with client, client.fine_tuning.open(LORA_JOB, checkpoint_type=kind) as stream:  # type: ignore[arg-type] # a str
            assert stream.read(10) == DATA[:10]
        assert f"checkpoint={sent}" in sim.requests[-1].target

    def test_a_violated_rule_is_an_error_before_the_download(self, client: Together, sim: Simulator) -> None:
        with client, pytest.raises(CheckpointTypeError):
            client.fine_tuning.open(FULL_JOB, checkpoint_type="adapter")
        with client, pytest.raises(RuleError):
            client.fine_tuning.open(f"{LORA_JOB}:5", checkpoint_step=6)
        assert not [request for request in sim.requests if "download" in request.path]

    def test_a_missing_step_names_those_that_exist(self, client: Together) -> None:
        with client, pytest.raises(CheckpointNotFoundError):
            client.fine_tuning.open(f"{LORA_JOB}:999999")

    @pytest.mark.parametrize("window", [0, MIB - 1])
    def test_a_window_that_is_too_small_is_refused(self, client: Together, window: int) -> None:
        with client, pytest.raises(RuleError, match="expected a whole number of bytes from 1,048,576"):
            client.fine_tuning.open(LORA_JOB, window=window)

    def test_its_keywords_reach_the_transfer(self, client: Together, sim: Simulator) -> None:
        seen: list[DownloadProgress] = []
        with client, client.fine_tuning.open(LORA_JOB, connections=1, window=MIB, progress=seen.append) as stream:
            assert stream.read() == DATA
        assert sim.requests[-1].headers["range"].endswith(f"-{len(DATA) - 1}")
        assert all(request.sent <= MIB for request in sim.requests[1:])
        assert (seen[-1].done, seen[-1].total) == (len(DATA), len(DATA))


async def hashed(client: AsyncTogether) -> str:
    digest = hashlib.sha256()
    async with client, client.fine_tuning.open(LORA_JOB) as stream:
        assert stream.size == len(DATA)
        async for view in stream.views():
            digest.update(view)
        assert stream.tell() == len(DATA)
    return digest.hexdigest()


def run(backend: str, work: Callable[[], Awaitable[object]]) -> object:
    """Run a coroutine function, within a limit."""

    async def limited() -> object:
        with anyio.fail_after(LIMIT):
            return await work()

    return anyio.run(limited, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
class TestAsync:
    def test_the_archive_comes_in_order(self, other: AsyncTogether, backend: str) -> None:
        assert run(backend, partial(hashed, other)) == hashlib.sha256(DATA).hexdigest()

    def test_it_yields_bytes_to_keep(self, other: AsyncTogether, backend: str) -> None:
        async def work() -> None:
            async with other, other.fine_tuning.open(LORA_JOB) as stream:
                first = await stream.read(7)
                blocks = [block async for block in stream]
                assert first + b"".join(blocks) == DATA
                assert await stream.read() == b""

        run(backend, work)

    def test_the_loop_stays_free_while_the_server_is_silent(
        self, other: AsyncTogether, sim: Simulator, backend: str
    ) -> None:
        sim.script(Fault(stall=MIB, times=None))

        async def work() -> None:
            async with other, other.fine_tuning.open(LORA_JOB) as stream:
                with anyio.move_on_after(0.3) as scope:
                    await stream.read()
                # It was this loop that ended the wait.
                assert scope.cancelled_caught

        run(backend, work)

    def test_errors_come_from_the_iteration(self, other: AsyncTogether, sim: Simulator, backend: str) -> None:
        sim.script(Fault(headers={"etag": '"another"'}, skip=1, times=None))

        async def work() -> None:
            async with other, other.fine_tuning.open(LORA_JOB) as stream:
                with pytest.raises(RemoteChangedError):
                    _ = [block async for block in stream]

        run(backend, work)

    def test_a_violated_rule_is_an_error_when_it_is_opened(self, other: AsyncTogether, backend: str) -> None:
        async def work() -> None:
            with pytest.raises(CheckpointTypeError):
                async with other, other.fine_tuning.open(FULL_JOB, checkpoint_type="adapter"):
                    pass

        run(backend, work)

    def test_a_reader_that_leaves_early_ends_it(self, other: AsyncTogether, backend: str) -> None:
        async def work() -> None:
            async with other, other.fine_tuning.open(LORA_JOB) as stream:
                async for _ in stream:
                    break
            with pytest.raises(ValueError, match="closed"):
                await stream.read(1)

        run(backend, work)

    def test_progress_is_called_in_the_loop(self, other: AsyncTogether, backend: str) -> None:
        threads = set()

        async def work() -> None:
            def progress(_: DownloadProgress) -> None:
                threads.add(threading.get_ident())

            async with other, other.fine_tuning.open(LORA_JOB, progress=progress) as stream:
                await stream.read()

        run(backend, work)
        assert threads == {threading.get_ident()}

    @pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # httpx leaves its own behind
    def test_it_uses_the_callers_client(self, client: Together, sim: Simulator, backend: str) -> None:
        del client

        async def work() -> None:
            async with (
                httpx.AsyncClient(headers={"x-own": "yes"}) as own,
                AsyncTogether(base_url=sim.url, api_key=sim.api_key, http_client=own) as found,
                found.fine_tuning.open(LORA_JOB, connections=2) as stream,
            ):
                assert await stream.read() == DATA

        run(backend, work)
        assert sim.requests[-1].headers["x-own"] == "yes"


def test_it_writes_nothing_to_the_disk(client: Together, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with client, client.fine_tuning.open(LORA_JOB) as stream:
        stream.read()
    assert list(tmp_path.iterdir()) == []
