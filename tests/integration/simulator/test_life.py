"""Starting and ending."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from tests.waits import PATIENCE
from together_ext.simulator import (
    LORA_JOB,
    Fault,
    Simulator,
    SyntheticArchive,
)

from .asking import ADAPTER, MERGED, PLAIN, download


class TestLife:
    """Beginning and end."""

    def test_it_starts_and_ends_at_once(self) -> None:
        """Even with a download that stalls, one that is slow, and an idle connection.

        None of them ends by itself within days: a stop that waited for one would not end either.
        """
        simulator = Simulator().start()
        simulator.add_archive(LORA_JOB, SyntheticArchive(1 << 30))
        simulator.script(Fault(stall=10), Fault(rate=1000))
        headers = {"Authorization": f"Bearer {simulator.api_key}"}
        with (
            httpx.Client(base_url=simulator.url, headers=headers) as client,
            socket.create_connection(("127.0.0.1", simulator.port)),
            client.stream("GET", "/finetune/download", params=MERGED),
            client.stream("GET", "/finetune/download", params=MERGED),
        ):
            simulator.wait_until(lambda it: it.stalled == 1 and len(it.requests) == 2)
            closing = threading.Thread(target=simulator.close, daemon=True)
            closing.start()
            closing.join(PATIENCE)
            assert not closing.is_alive()
        simulator.close()  # Once more does no harm.
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", simulator.port)).close()

    def test_ending_right_after_the_start(self) -> None:
        """The thread may not have come to life yet."""
        for _ in range(20):
            Simulator().start().close()

    def test_a_port_that_is_taken(self, sim: Simulator) -> None:
        """An error at once, from the caller's own call."""
        with pytest.raises(OSError, match="in use"):
            Simulator(port=sim.port).start()

    def test_a_storage_port_that_is_taken(self, sim: Simulator) -> None:
        """The error names it; the socket of the API is closed, since one that is left open is a warning."""
        with pytest.raises(OSError, match=f"port {sim.port}: address already in use"):
            Simulator(storage_port=sim.port).start()

    def test_a_client_that_hangs_up_ends_its_download(self, sim: Simulator, http: httpx.Client) -> None:
        """No response continues after the client has gone."""
        sim.add_archive(LORA_JOB, 1 << 40)
        with http.stream("GET", "/finetune/download", params=MERGED) as answer:
            next(answer.iter_raw())
        sim.wait_until(lambda it: it.requests[-1].finished)

    def test_connections_share(self, sim: Simulator) -> None:
        """Eight downloads at a time, each whole."""
        archive = sim.add_archive(LORA_JOB, 3_000_000)
        expected = archive.read(0, archive.size)
        results: list[bool] = []

        def fetch() -> None:
            results.append(download(sim, **MERGED).content == expected)

        threads = [threading.Thread(target=fetch) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [True] * 8

    @pytest.mark.parametrize("keep_busy", [False, True])
    def test_in_the_foreground_it_ends_with_ctrl_c(self, *, keep_busy: bool) -> None:
        """In silence, with exit status 0, whatever is under way."""
        program = (
            "from together_ext.simulator import serve\n"
            "serve(rate_limit=1000, started=lambda sim: print(sim.url, sim.api_key, flush=True))\n"
        )
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            url, key = process.stdout.readline().split()
            headers = {"Authorization": f"Bearer {key}"}
            assert PLAIN.get(f"{url}/fine-tunes", headers=headers).status_code == 200
            with httpx.Client(headers=headers) as client:
                if keep_busy:
                    client.send(client.build_request("GET", f"{url}/finetune/download", params=ADAPTER), stream=True)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        assert (process.returncode, out, err) == (0, "", "")
