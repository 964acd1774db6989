"""A long way to the server: a TCP relay that hands every chunk on after half a round trip, in each direction.

It stands in for `tc netem`, which not every kernel has. What it models:

- Every chunk arrives half a round trip after it was sent.
- A connection's first bytes wait one round trip more: that is the handshake, which the loopback does at once.
- No more than a window of bytes is on its way in each direction of a connection; the room that a chunk took is free
  again when its acknowledgement would be back, so a connection gets at most a window for each round trip.
- With a `first` window below the largest, the window begins there and grows by every byte that is acknowledged: it
  doubles with each round trip, as in TCP's slow start (RFC 6928 begins with ten segments).

What it leaves out: loss, jitter, and a bottleneck that connections share.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from .places import MIB, ROOT

ROUND_TRIP: Final = 0.05
"""Seconds."""

WINDOW: Final = 4 * MIB
"""Maximum number of bytes in transit: with 50 ms, 84 MB/s for each connection."""

FIRST_WINDOW: Final = 14_600
"""Ten segments."""

CHUNK: Final = 256 << 10


class Window:
    """The bytes that may be on their way."""

    def __init__(self, first: int) -> None:
        self._size, self._used = first, 0
        self._changed = asyncio.Event()

    async def room(self) -> int:
        """Wait until there is some; returns how many bytes."""
        while self._used >= self._size:
            self._changed.clear()
            await self._changed.wait()
        return self._size - self._used

    def take(self, count: int) -> None:
        """Send so many bytes on their way."""
        self._used += count

    def acknowledge(self, count: int) -> None:
        """So many have arrived, and the sender knows."""
        self._used -= count
        self._size = min(self._size + count, WINDOW)
        self._changed.set()


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: Window, handshake: float) -> None:
    """Carry one direction of a connection to its end.

    Args:
        reader: Where the bytes come from.
        writer: Where they go, late.
        window: How many may be on their way.
        handshake: Seconds by which the first chunk is later still.
    """
    clock = asyncio.get_running_loop()
    way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            due, data = await way.get()
            if (wait := due - clock.time()) > 0:
                await asyncio.sleep(wait)
            if not data:
                break
            writer.write(data)
            await writer.drain()
            clock.call_later(ROUND_TRIP / 2, window.acknowledge, len(data))
        if writer.can_write_eof():
            writer.write_eof()

    async def depart() -> None:
        opened, data = clock.time() + handshake, b"-"
        while data:
            data = await reader.read(min(CHUNK, await window.room()))
            window.take(len(data))
            way.put_nowait((max(clock.time(), opened) + ROUND_TRIP / 2, data))

    with suppress(OSError, asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            group.create_task(arrive())
            group.create_task(depart())


async def serve(port: int, upstream: int, first: int) -> None:
    """Listen for ever."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, before = await asyncio.open_connection("127.0.0.1", upstream, limit=WINDOW)
        directions = [
            asyncio.create_task(carry(reader, before, Window(first), ROUND_TRIP)),
            asyncio.create_task(carry(behind, writer, Window(first), 0.0)),
        ]
        await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        # If one end closes the connection, both directions end; data in flight still arrives.
        await asyncio.wait(directions, timeout=ROUND_TRIP)
        for each in (before, writer):
            each.close()
        for direction in directions:
            direction.cancel()

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=WINDOW)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


@contextmanager
def running_relay(port: int, upstream: int, first: int = WINDOW) -> Iterator[None]:
    """Run a relay in a separate process, which measures its time alone.

    Args:
        port: Where it listens.
        upstream: Port of the server.
        first: Bytes of a connection's first window.
    """
    command = [sys.executable, "-m", "benchmarks.relay", str(port), str(upstream), str(first)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603 -- our own command
    try:
        if process.stdout is None or process.stdout.readline() != b"listening\n":
            raise RuntimeError("the relay did not start")
        yield
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(*(int(argument) for argument in sys.argv[1:4])))
