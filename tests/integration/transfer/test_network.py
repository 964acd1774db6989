"""What goes wrong between us and the server: the file comes out right, or a clear error does."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from itertools import groupby, pairwise

import httpx
import pytest

from tests.waits import wait_until
from together_ext.api import bridge
from together_ext.errors import (
    ApiStatusError,
    IntegrityError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    TransferInterruptedError,
)
from together_ext.leases import Lease, Patience
from together_ext.simulator import LORA_JOB, Fault
from together_ext.transfer import DownloadProgress, Remote, Target, transfer
from together_ext.transfer.beside import beside

from .lab import LARGE, MIB, SMALL, FakeClock, FastClock, Job, Lab, RawServer, TickingClock, beginning_at, noise


class TestWithoutTrouble:
    @pytest.mark.parametrize("size", [1, 511, 512, 513, SMALL, 8 * MIB, 8 * MIB + 1, 16 * MIB - 1, 16 * MIB, LARGE])
    def test_a_file_of_any_size_is_downloaded_completely(self, lab: Lab, size: int) -> None:
        lab.serve(size)
        fetched = lab.fetch()
        lab.assert_whole()
        assert (fetched.path, fetched.size, fetched.resumed_from) == (lab.path, size, 0)
        assert fetched.etag == lab.sim.archive(LORA_JOB).etag
        assert lab.clock.waits == []

    @pytest.mark.parametrize("connections", [1, 2, 3, 8, 64])
    def test_any_number_of_connections_gives_the_same_file(self, lab: Lab, connections: int) -> None:
        lab.serve(LARGE)
        lab.fetch(connections=connections)
        lab.assert_whole()

    def test_a_small_file_needs_one_request(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.fetch()
        assert lab.ranges() == ["bytes=0-8388607"]
        assert lab.sim.bytes_sent == SMALL

    def test_each_byte_of_a_large_file_is_requested_once(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.connections = 2
        lab.fetch()
        assert lab.sim.bytes_sent <= LARGE * 1.02

    def test_an_empty_file_is_a_file(self, lab: Lab) -> None:
        lab.serve(0)
        assert lab.fetch().size == 0
        lab.assert_whole()

    def test_a_missing_folder_is_created(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.folder /= "a/b"
        lab.fetch()
        lab.assert_whole()


class TestBrokenConnections:
    @pytest.mark.parametrize("size", [SMALL, LARGE])
    @pytest.mark.parametrize(
        "fault",
        [
            Fault(cut=0),
            Fault(cut=100),
            Fault(cut=200_001),
            Fault(reset=0),
            Fault(reset=200_001),
            Fault(drop=True),
            Fault(drop=True, times=3),
            Fault(reset=200_001, chunked=True),
            Fault(cut=200_001, chunked=True),
        ],
    )
    def test_a_broken_connection_is_replaced(self, lab: Lab, size: int, fault: Fault) -> None:
        lab.serve(size)
        lab.sim.script(fault)
        lab.fetch()
        lab.assert_whole()
        assert lab.clock.waits

    def test_bytes_before_a_cut_are_not_requested_again(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(cut=200_000))
        lab.fetch()
        assert lab.ranges() == ["bytes=0-8388607", f"bytes=200000-{SMALL - 1}"]
        assert lab.sim.bytes_sent == SMALL

    def test_a_connection_that_breaks_ten_times_completes(self, lab: Lab) -> None:
        """More failures than the budget has retries: progress gives it back."""
        lab.serve(10 * MIB)
        lab.sim.script(Fault(reset=MIB, times=None))
        lab.fetch(connections=1, retries=2)
        lab.assert_whole()
        assert len(lab.sim.requests) >= 10
        assert set(lab.clock.waits) == {0.5}

    def test_all_connections_may_break_at_once(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(reset=MIB, times=4))
        lab.fetch()
        lab.assert_whole()

    def test_every_connection_may_break_repeatedly(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=3 * MIB, times=None))
        lab.fetch()
        lab.assert_whole()

    def test_a_silent_connection_is_replaced(self, lab: Lab) -> None:
        lab.timeout = 0.3
        lab.serve(SMALL)
        lab.sim.script(Fault(stall=100_000))
        Job(lab.fetch).outcome()
        lab.assert_whole()
        lab.assert_a_wait_before_each_retry()

    def test_a_connection_that_is_silent_before_the_response_is_replaced_too(self, lab: Lab) -> None:
        lab.timeout = 0.3
        lab.serve(SMALL)
        lab.sim.script(Fault(hold=True))
        Job(lab.fetch).outcome()
        lab.assert_whole()

    def test_an_unreachable_server_is_reported(self, lab: Lab) -> None:
        lab.sim.close()
        refused = (
            rf"fetch the weights: connection refused \(127\.0\.0\.1:{lab.sim.port}\), 5 times in a row; run it again"
        )
        with pytest.raises(TransferInterruptedError, match=refused):
            lab.fetch(retries=4)
        lab.assert_nothing()
        assert lab.clock.waits == [0.5, 1.0, 2.0, 4.0]


class TestRefusals:
    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
    @pytest.mark.parametrize("skip", [0, 1])
    def test_a_temporary_error_status_is_retried(self, lab: Lab, status: int, skip: int) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(status=status, skip=skip, times=2))
        lab.fetch()
        lab.assert_whole()
        assert lab.clock.waits

    def test_retry_after_is_obeyed(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(status=429, headers={"retry-after": "7"}))
        lab.fetch()
        lab.assert_whole()
        assert lab.clock.waits == [7.0]

    def test_all_connections_obey_the_retry_after_of_one(self, lab: Lab) -> None:
        """One connection gets a `Retry-After`; another one, which breaks during the wait, does not return earlier."""
        lab.serve(LARGE)
        held = HeldClock()
        second = LARGE // 2 + 1
        lab.sim.script(
            Fault(stall=MIB, cut=MIB, when=beginning_at(0)),
            Fault(status=429, headers={"retry-after": "7"}, when=beginning_at(second)),
        )
        job = Job(lambda: lab.fetch(connections=2, clock=held))
        held.wait_for_waits(1)
        lab.sim.wait_until(lambda sim: sim.stalled == 1)
        lab.sim.release()
        held.wait_for_waits(2)
        assert held.waits == [7.0, 7.0]
        held.release()
        assert not isinstance(job.outcome(), BaseException)
        lab.assert_whole()

    @pytest.mark.parametrize(
        ("status", "kind"),
        [(429, RateLimitError), (500, InternalServerError), (503, InternalServerError)],
    )
    def test_a_server_that_keeps_refusing_is_quoted(self, lab: Lab, status: int, kind: type[Exception]) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(status=status, body=b'{"error": {"message": "too busy"}}', times=None))
        with pytest.raises(kind, match="too busy"):
            lab.fetch(retries=3)
        lab.assert_nothing()
        assert lab.clock.waits == [0.5, 1.0, 2.0]

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422])
    def test_a_permanent_error_is_not_retried(self, lab: Lab, status: int) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(status=status, times=None))
        with pytest.raises(Exception, match=f"the server returned {status}"):
            lab.fetch()
        lab.assert_nothing()
        assert len(lab.sim.requests) == 1

    def test_an_error_status_in_the_middle_ends_it_and_keeps_the_bytes(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(status=403, times=None, skip=1))
        with pytest.raises(PermissionDeniedError):
            lab.fetch()
        lab.assert_partial()
        lab.sim.faults.clear()
        assert lab.fetch().resumed_from > 0
        lab.assert_whole()

    def test_the_key_is_not_repeated_to_the_user(self, lab: Lab) -> None:
        body = f"no such file for key {lab.sim.api_key}".encode()
        lab.sim.script(Fault(status=404, body=body))
        with pytest.raises(NotFoundError) as raised:
            lab.fetch()
        assert lab.sim.api_key not in str(raised.value) + raised.value.body


class TestViolations:
    """What is not HTTP, or does not fit the request: three tries, and then it is the error itself."""

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nweights", "conflicting Content-Length"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "bad Content-Length"),
            (b"HTTP/1.1 200 OK\r\nno header at all\r\n\r\n", "illegal header line"),
            (b"HTTP/1.1 999999 OK\r\n\r\n", "illegal status line"),
            (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "illegal status line"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n", "illegal chunk header"),
            (b"HTTP/1.1 206 OK\r\nContent-Range: bytes 7-9/10\r\nContent-Length: 3\r\n\r\nabc", "7-9 were sent"),
            (b"HTTP/1.1 206 OK\r\nContent-Type: multipart/byteranges; boundary=x\r\n\r\n", "valid Content-Range"),
        ],
    )
    def test_a_violation_is_raised_after_three_attempts(self, lab: Lab, answer: bytes, reason: str) -> None:
        with (
            RawServer(answer) as server,
            pytest.raises(IntegrityError, match=f"could not fetch the weights: .*{reason}"),
        ):
            lab.fetch(url=server.url)
        assert len(server.requests) == 3
        assert lab.clock.waits == [0.5, 1.0]
        lab.assert_nothing()

    def test_a_single_violation_is_retried(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(shift=7, times=2, skip=1))
        lab.fetch()
        lab.assert_whole()

    def test_bytes_before_the_violation_are_kept(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB), Fault(shift=-7, times=None))
        with pytest.raises(IntegrityError, match="were requested, and"):
            lab.fetch(connections=1)
        lab.assert_partial()
        lab.sim.faults.clear()
        assert lab.fetch().resumed_from == 5 * MIB

    def test_text_of_the_server_is_redacted(self, lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
        answer = f"HTTP/1.1 200 OK\r\n{lab.sim.api_key} \x1b[2J\r\n\r\n".encode()
        caplog.set_level(logging.DEBUG, "together_ext")
        with RawServer(answer) as server, pytest.raises(IntegrityError, match="illegal header line") as raised:
            lab.fetch(url=server.url)
        assert lab.sim.api_key not in str(raised.value) + caplog.text
        assert "\x1b" not in str(raised.value) + caplog.text


class TestLastingFailures:
    """A few tries for what another try hardly mends, and a sentence with the reason and the host."""

    def assert_given_up(self, lab: Lab, url: str, message: str) -> None:
        with pytest.raises(TransferInterruptedError, match=f"could not fetch the weights: {message}"):
            lab.fetch(url=url)
        assert lab.clock.waits == [0.5, 1.0]
        lab.assert_nothing()

    def test_a_name_that_does_not_exist(self, lab: Lab) -> None:
        message = r"the host name cannot be resolved: .* \(weights\.invalid:8080\), 3 times in a row; check the address"
        self.assert_given_up(lab, "http://weights.invalid:8080/file?signature=secret", message)

    def test_a_redirect_to_a_name_that_does_not_exist(self, lab: Lab) -> None:
        lab.sim.script(Fault(location="http://storage.invalid/file?signature=secret", times=None))
        self.assert_given_up(lab, lab.url, r"the host name cannot be resolved: .* \(storage\.invalid\)")
        assert len(lab.sim.requests) == 3

    def test_tls_to_a_port_without_it(self, lab: Lab) -> None:
        url = lab.url.replace("http://", "https://")
        self.assert_given_up(lab, url, rf"the server does not use TLS on this port; .* \(127\.0\.0\.1:{lab.sim.port}\)")

    @pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"403 Forbidden"])
    def test_a_proxy_that_refuses(self, lab: Lab, status: bytes) -> None:
        with RawServer(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n") as proxy:
            with httpx.Client(verify=False, trust_env=False, proxy=proxy.url) as lab.client:  # noqa: S501
                self.assert_given_up(lab, "https://storage.example/file", f"the proxy refuses .*: {status.decode()}")
            assert [request.split()[0] for request in proxy.requests] == [b"CONNECT"] * 3

    def test_a_proxy_that_is_overloaded_is_retried(self, lab: Lab) -> None:
        with (
            RawServer(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") as proxy,
            httpx.Client(verify=False, trust_env=False, proxy=proxy.url) as lab.client,  # noqa: S501
            pytest.raises(TransferInterruptedError, match="503 Busy"),
        ):
            lab.fetch(url="https://storage.example/file", retries=4)
        assert len(proxy.requests) == 5

    def test_slow_responses_do_not_use_up_the_attempts_of_others(self, lab: Lab) -> None:
        """A network that comes back: broken connections, then names that are not resolved yet."""
        lab.serve(SMALL)
        nowhere = Fault(location="http://storage.invalid/file", times=2)
        lab.sim.script(Fault(drop=True, times=4), nowhere, Fault(drop=True, times=2))
        lab.fetch()
        lab.assert_whole()


endless_responses = pytest.mark.parametrize(
    ("start", "endless"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;extension=", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + noise(1000) + b"\r\n0\r\nX: ", b"x"),
    ],
    ids=["header", "informational responses", "chunk extension", "trailer"],
)


class TestEndlessResponses:
    """Bytes without end that never become a response, or never become a body: as good as silence."""

    @endless_responses
    def test_slow_responses_are_aborted(self, lab: Lab, start: bytes, endless: bytes) -> None:
        lab.timeout = 0.3
        server = RawServer(start, endless, every=0.01)
        with server, pytest.raises(TransferInterruptedError, match="no data within the timeout"):
            lab.fetch(url=server.url, retries=1)
        wait_until(lambda: len(server.requests) >= 2)  # the server may read a request after the client has gone
        assert len(server.requests) == 2
        lab.assert_nothing()

    @endless_responses
    def test_slow_responses_are_aborted_in_the_callers_async_client(
        self, lab: Lab, start: bytes, endless: bytes
    ) -> None:
        """Its connections belong to the event loop, where nothing can be looked at before each read."""

        async def fetched(url: str) -> None:
            async with httpx.AsyncClient(verify=False, trust_env=False) as client, AsyncExitStack() as stack:  # noqa: S501
                sender = await bridge.sync_view(stack, client)
                remote = Remote(sender, url, headers={}, timeout=0.3, action="fetch the weights")
                call = partial(transfer, remote, Target.exactly(lab.path), {}, lab.options(retries=1))
                await beside(call, threading.Event())

        server = RawServer(start, endless, every=0.01)
        with server, pytest.raises(TransferInterruptedError, match="no data within the timeout"):
            asyncio.run(fetched(server.url))
        wait_until(lambda: len(server.requests) >= 2)  # as above
        assert len(server.requests) == 2
        lab.assert_nothing()

    @pytest.mark.parametrize("status", [404, 503])
    def test_an_endless_error_response_is_that_error(self, lab: Lab, status: int) -> None:
        lab.timeout = 1.0  # in which the head has to come
        head = f"HTTP/1.1 {status} X\r\nContent-Length: 100000\r\n\r\nno file".encode()
        with RawServer(head, b" ", every=0.01) as server, pytest.raises(ApiStatusError, match=rf"{status} .*\(no file"):
            lab.fetch(url=server.url, retries=1)
        lab.assert_nothing()


class TestGivingUp:
    def test_downloaded_bytes_are_kept_and_not_downloaded_again(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB, times=4), Fault(drop=True, times=None))
        with pytest.raises(
            TransferInterruptedError, match=r"4 times in a row; run it again .* \(20,971,520 bytes are kept"
        ):
            lab.fetch(retries=3, connections=1)
        lab.assert_partial()
        lab.sim.faults.clear()
        fetched = lab.fetch()
        lab.assert_whole()
        assert fetched.resumed_from == 20 * MIB
        assert lab.sim.bytes_sent < 1.1 * LARGE

    def test_final_errors_are_quoted_and_the_bytes_are_kept(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB, times=4), Fault(status=503, times=None))
        with pytest.raises(InternalServerError, match="503"):
            lab.fetch(retries=3, connections=1)
        lab.assert_partial()
        lab.sim.faults.clear()
        assert lab.fetch().resumed_from == 20 * MIB
        lab.assert_whole()
        assert lab.sim.bytes_sent < 1.1 * LARGE

    @pytest.mark.parametrize("connections", [1, 8])
    def test_a_server_that_sends_a_trickle_with_each_response_is_an_error(self, lab: Lab, connections: int) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(cut=1000, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=5, connections=connections)
        # Where there are others, one that had nothing to do may still begin what the last one gave back.
        assert len(lab.sim.requests) in ({6} if connections == 1 else {6, 7})

    def test_without_retries_the_first_failure_is_the_last(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(cut=1000))
        with pytest.raises(TransferInterruptedError, match="1 times in a row"):
            lab.fetch(retries=0)
        assert lab.fetch(retries=0).resumed_from == 1000
        lab.assert_whole()


class TestSlowConnections:
    def test_a_connection_that_crawls_is_replaced(self, lab: Lab) -> None:
        """Time runs fast here, so that the watchdog's ten seconds are short."""
        lab.serve(64 * MIB)
        lab.sim.script(Fault(rate=20_000, when=beginning_at(16 * MIB)), Fault(rate=40 * MIB, times=None))
        Job(lambda: lab.fetch(clock=FastClock())).outcome()
        lab.assert_whole()
        (crawling,) = (request for request in lab.sim.requests if beginning_at(16 * MIB)(request))
        assert crawling.sent < 200_000

    def test_a_rate_limit_holds_for_all_connections_together(self, lab: Lab) -> None:
        lab.serve(LARGE)
        began = lab.clock.now()
        lab.fetch(limit_rate=float(MIB))
        lab.assert_whole()
        assert lab.clock.now() - began >= 33.0


class JumpingClock(FakeClock):
    """Time that jumps by an hour at each look: a machine that sleeps, or whose clock is set."""

    def now(self) -> float:
        """Seconds."""
        return self.time + random.choice([-3600.0, 0.0, 3600.0])  # noqa: S311 -- no secret


class TestClocks:
    def test_a_clock_that_jumps_does_no_harm(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=3 * MIB, times=3), Fault(status=503, headers={"retry-after": "1"}))
        lab.fetch(clock=JumpingClock(), limit_rate=1e9, progress=lambda _: None)
        lab.assert_whole()


class TestProgress:
    def test_progress_grows_to_the_size_of_the_file(self, lab: Lab) -> None:
        lab.serve(LARGE)
        seen: list[DownloadProgress] = []
        lab.sim.script(Fault(cut=2 * MIB, times=3))
        lab.fetch(progress=seen.append, clock=TickingClock())
        assert all(left.done <= right.done for left, right in pairwise(seen))
        assert {progress.total for progress in seen} == {LARGE}
        assert (seen[-1].done, seen[-1].connections) == (LARGE, 0)

    def test_progress_begins_with_the_existing_bytes(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=0)
        lab.sim.faults.clear()
        seen: list[DownloadProgress] = []
        fetched = lab.fetch(progress=seen.append, clock=TickingClock())
        assert fetched.resumed_from > 0
        assert {progress.resumed for progress in seen} == {fetched.resumed_from}
        assert all(progress.done >= fetched.resumed_from for progress in seen)


class States:
    """Remembers what is reported, and acts when a state is reached; the time stands still until then."""

    def __init__(self, state: str, act: Callable[[], object]) -> None:
        self.seen: list[DownloadProgress] = []
        self._state, self._act = state, act

    def __call__(self, now: DownloadProgress) -> None:
        self.seen.append(now)
        if now.state == self._state:
            self._act()

    @property
    def states(self) -> list[str]:
        """The states in their order, each once."""
        return [state for state, _ in groupby(now.state for now in self.seen)]

    def first(self, state: str) -> DownloadProgress:
        """The first report of a state."""
        return next(now for now in self.seen if now.state == state)


class TestStates:
    """While nothing arrives, the reason is reported."""

    @pytest.mark.parametrize("connections", [1, 4])
    def test_a_retry_after_a_lost_connection_is_visible(self, lab: Lab, connections: int) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=MIB, times=connections))
        held = HeldClock()
        states = States("retrying", held.release)
        lab.fetch(connections=connections, clock=held, progress=states)
        lab.assert_whole()
        seen = states.first("retrying")
        assert seen.reason is not None
        assert f"127.0.0.1:{lab.sim.port}" in seen.reason
        assert (seen.retry, seen.retries, seen.retry_in, seen.connections) == (1, 8, 0.5, 0)
        assert 0 < seen.done < LARGE
        assert seen.resumable

    def test_a_retry_before_the_first_byte_is_visible(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(status=503, headers={"retry-after": "77"}))
        held = HeldClock()
        states = States("retrying", held.release)
        lab.fetch(clock=held, progress=states)
        lab.assert_whole()
        seen = states.first("retrying")
        assert (seen.reason, seen.retry_in) == ("the server responded with status 503", 77.0)
        assert (seen.done, seen.total, seen.fraction) == (0, None, None)

    def test_a_retry_of_a_stream_is_visible(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(ignore_range=True, cut=MIB // 8), Fault(drop=True), Fault(ignore_range=True, times=None))
        held = HeldClock()
        states = States("retrying", held.release)
        lab.fetch(clock=held, progress=states)
        lab.assert_whole()
        seen = states.first("retrying")
        assert (seen.done, seen.resumable) == (MIB // 8, False)

    def test_a_violation_has_fewer_retries(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(shift=-1))
        held = HeldClock()
        states = States("retrying", held.release)
        lab.fetch(clock=held, progress=states)
        assert (states.first("retrying").retry, states.first("retrying").retries) == (1, 2)

    def test_each_retry_is_reported(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(drop=True, times=3))
        held = HeldClock()
        seen: list[int] = []

        def progress(now: DownloadProgress) -> None:
            if now.retry is not None and now.retry not in seen:
                seen.append(now.retry)
                held.release_once()

        lab.fetch(clock=held, progress=progress)
        assert seen == [1, 2, 3]
        assert held.waits == [0.5, 1.0, 2.0]

    def test_a_wait_for_a_silent_server_is_visible(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(hold=True))
        states = States("connecting", lab.sim.release)
        lab.fetch(clock=FastClock(), progress=states)
        lab.assert_whole()
        assert states.seen[0].state == "connecting"

    def test_silence_is_shown_and_lowers_the_rate(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(stall=MIB // 8))
        seen: list[DownloadProgress] = []

        def progress(now: DownloadProgress) -> None:
            seen.append(now)
            if now.done and now.silent >= 12.0:  # A busy machine may take as long until the first byte.
                lab.sim.release()

        lab.fetch(clock=FastClock(), progress=progress)
        lab.assert_whole()
        silent = next(now for now in seen if now.done and now.silent >= 12.0)
        assert (silent.state, silent.rate, silent.done) == ("transferring", 0.0, MIB // 8)

    def test_a_wait_for_another_process_is_visible(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lease = Lease.acquire(lab.lock, "downloads weights.tar.zst", Patience())
        states = States("waiting_for_lock", lease.release)
        lab.fetch(progress=states)
        lab.assert_whole()
        assert f"process {os.getpid()} on" in (states.first("waiting_for_lock").reason or "")

    @pytest.mark.parametrize("state", ["retrying", "waiting_for_lock"])
    def test_raising_in_any_state_stops_the_transfer(self, lab: Lab, state: str) -> None:
        class Enough(Exception):  # noqa: N818
            pass

        def enough() -> None:
            raise Enough

        lab.serve(SMALL)
        lab.sim.script(Fault(drop=True, times=None))
        with ExitStack() as stack:
            if state == "waiting_for_lock":
                lab.sim.faults.clear()
                stack.enter_context(Lease.acquire(lab.lock, "downloads weights.tar.zst", Patience()))
            with pytest.raises(Enough):
                lab.fetch(clock=HeldClock(), progress=States(state, enough))
        assert not lab.path.exists()


class HeldClock(FakeClock):
    """A clock whose waits end when the test releases them."""

    def __init__(self) -> None:
        super().__init__()
        self._change = threading.Condition()
        self._open = False
        self._turns = 0

    def wait(self, stop: threading.Event, seconds: float) -> None:
        with self._change:
            self.waits.append(seconds)
            self._change.notify_all()
            self._change.wait_for(lambda: self._open or self._turns > 0 or stop.is_set(), 10)
            self._turns -= 1
            self.time += seconds

    def release_once(self) -> None:
        """Release one of the waits."""
        with self._change:
            self._turns = 1
            self._change.notify_all()

    def wait_for_waits(self, count: int) -> None:
        with self._change:
            assert self._change.wait_for(lambda: len(self.waits) >= count, 10)

    def release(self) -> None:
        with self._change:
            self._open = True
            self._change.notify_all()
