"""The async client never holds up its event loop: others beat on while a server, or the disk, takes its time."""

from __future__ import annotations

import random
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from together_ext import AsyncTogether, DownloadResult
from together_ext.simulator import LORA_JOB, BytesArchive, Fault, Simulator
from together_ext.simulator.archives import pack

BEATS = 1000

# What can be compressed would be over at once.
NOISE = random.Random(3).randbytes(1 << 18)  # noqa: S311 -- nothing secret
FILES = {"adapter_config.json": b"{}", "adapter_model.bin": NOISE}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("extract", [False, True], ids=["fetched", "unpacked"])
def test_a_heartbeat_goes_on_during_a_download(sim: Simulator, folder: Path, backend: str, *, extract: bool) -> None:
    """If the download held the loop, nobody would ever let it go on."""
    sim.add_archive(LORA_JOB, BytesArchive(pack(FILES)))
    sim.faults.append(Fault(stall=100_000))
    outcome: list[DownloadResult] = []

    async def download(client: AsyncTogether) -> None:
        outcome.append(
            await client.fine_tuning.download(LORA_JOB, output=folder, checkpoint_type="adapter", extract=extract)
        )

    async def main() -> None:
        with anyio.fail_after(20):
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
def test_a_heartbeat_goes_on_during_a_call(sim: Simulator, backend: str) -> None:
    sim.faults.append(Fault(path="/fine-tunes", hold=True))
    beats = 0

    async def call(client: AsyncTogether, scope: anyio.CancelScope) -> None:
        await client.fine_tuning.list()
        scope.cancel()

    async def main() -> None:
        nonlocal beats
        with anyio.fail_after(20):
            async with AsyncTogether(sim.api_key, sim.url) as client, anyio.create_task_group() as tasks:
                tasks.start_soon(call, client, tasks.cancel_scope)
                while not sim.stalled:
                    await anyio.lowlevel.checkpoint()
                for beats in range(1, BEATS + 1):  # noqa: B007 -- counted for whoever looks from outside
                    await anyio.lowlevel.checkpoint()
                sim.release()

    anyio.run(main, backend=backend)
    assert beats == BEATS
