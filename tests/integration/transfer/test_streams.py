"""Ordered streams over real sockets: what is read is always a prefix of the file, and then its end or an error."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import math
import tarfile
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from tests.waits import PATIENCE
from together_ext.errors import (
    IntegrityError,
    NotFoundError,
    RateLimitError,
    RemoteChangedError,
    RuleError,
    TogetherExtError,
    TransferCancelledError,
    TransferInterruptedError,
)
from together_ext.simulator import Fault, Request
from together_ext.transfer import DownloadProgress, OrderedStream, fetch
from together_ext.transfer import open as open_stream

from .lab import LARGE, MIB, SMALL, FastClock, Lab, RawServer, TickingClock, beginning_at

LIMIT = PATIENCE
"""Seconds after which a test counts as hanging."""


class Reader(threading.Thread):
    """Reads a stream in a thread, until its end, an error, or `most` bytes."""

    def __init__(self, opened: Callable[[], OrderedStream], most: int = 1 << 62) -> None:
        super().__init__(daemon=True)
        self._opened, self._most = opened, most
        self.read = bytearray()
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            with self._opened() as stream:
                for view in stream.views():
                    self.read += view
                    if len(self.read) >= self._most:
                        return
        except BaseException as error:  # noqa: BLE001 -- looked at in the test's thread
            self.error = error

    def outcome(self) -> tuple[bytes, BaseException | None]:
        """What was read, and the error after it."""
        self.join(LIMIT)
        assert not self.is_alive(), "still reading"
        return bytes(self.read), self.error


def everything(lab: Lab, **changes: Any) -> bytes:  # noqa: ANN401 -- keywords of `Lab.stream`
    """Read a stream that has to succeed."""
    found, error = Reader(lambda: lab.stream(**changes)).outcome()
    if error is not None:
        raise error
    return found


def assert_prefix(lab: Lab, **changes: Any) -> BaseException | None:  # noqa: ANN401 -- the same
    """Read a stream: it yields the file, or a part of its beginning and an error, which is returned."""
    found, error = Reader(lambda: lab.stream(**changes)).outcome()
    assert lab.content.startswith(found)
    assert (error is None) == (len(found) == len(lab.content)), error
    if error is not None:
        assert isinstance(error, TogetherExtError), error
    return error


class TestWithoutTrouble:
    @pytest.mark.parametrize("size", [0, 1, 511, 512, MIB - 1, MIB, MIB + 1, 8 * MIB, 8 * MIB + 1, LARGE])
    @pytest.mark.parametrize("connections", [1, 4])
    def test_a_file_of_any_size_is_downloaded_completely(self, lab: Lab, size: int, connections: int) -> None:
        lab.serve(size)
        assert everything(lab, connections=connections) == lab.content
        assert lab.clock.waits == []

    @pytest.mark.parametrize("window", [MIB, 3 * MIB, 5 * MIB + 1, 16 * MIB, 1 << 40])
    def test_any_window_yields_the_same(self, lab: Lab, window: int) -> None:
        lab.serve(LARGE)
        assert everything(lab, window=window) == lab.content

    def test_each_byte_is_requested_once(self, lab: Lab) -> None:
        lab.serve(LARGE)
        everything(lab)
        assert lab.sim.bytes_sent == LARGE

    def test_size_and_etag_are_known_before_the_first_byte(self, lab: Lab) -> None:
        lab.serve(SMALL)
        with lab.stream() as stream:
            assert stream.size == SMALL
            assert stream.etag is not None
            assert stream.tell() == 0

    def test_a_url_and_its_headers_are_enough(self, lab: Lab) -> None:
        lab.serve(SMALL)
        with open_stream(lab.url, headers=lab.headers) as stream:
            assert stream.read() == lab.content


class TestReading:
    """The methods of a binary file."""

    @pytest.fixture
    def stream(self, lab: Lab) -> OrderedStream:
        lab.serve(3 * MIB + 17)
        return lab.stream()

    def test_it_reads_as_much_as_requested(self, lab: Lab, stream: OrderedStream) -> None:
        with stream:
            pieces = [stream.read(0), stream.read(5), stream.read(2 * MIB)]
            assert [len(piece) for piece in pieces] == [0, 5, 2 * MIB]
            assert stream.tell() == 2 * MIB + 5
            pieces += [stream.read(), stream.read(), stream.read(1)]
            assert b"".join(pieces) == lab.content

    def test_it_fills_a_buffer(self, lab: Lab, stream: OrderedStream) -> None:
        with stream:
            buffer = bytearray(2 * MIB)
            assert stream.readinto(buffer) == 2 * MIB
            assert bytes(buffer) == lab.content[: 2 * MIB]
            assert stream.readinto(buffer) == MIB + 17
            assert stream.readinto(buffer) == 0

    def test_it_yields_bytes_to_keep(self, lab: Lab, stream: OrderedStream) -> None:
        with stream:
            assert b"".join(list(stream)) == lab.content

    def test_a_view_is_released_at_the_next_step(self, stream: OrderedStream) -> None:
        with stream:
            views = stream.views()
            first = next(views)
            assert first.readonly
            next(views)
            with pytest.raises(ValueError, match="released"):
                bytes(first)

    def test_it_can_be_read_in_several_ways_one_after_the_other(self, lab: Lab, stream: OrderedStream) -> None:
        with stream:
            found = stream.read(10) + next(stream) + stream.read1(7)
            view = next(stream.views())
            found += bytes(view)
            found += stream.read()
        assert found == lab.content

    def test_hashlib_and_buffers_take_it_for_a_file(self, lab: Lab, stream: OrderedStream) -> None:
        with io.BufferedReader(stream) as buffered:
            assert hashlib.file_digest(buffered, "sha256").digest() == hashlib.sha256(lab.content).digest()

    def test_tarfile_reads_from_it(self, lab: Lab) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            info = tarfile.TarInfo("weights")
            info.size = 5 * MIB
            tar.addfile(info, io.BytesIO(bytes(5 * MIB)))
        lab.sim.script(Fault(status=200, body=packed.getvalue()))
        lab.serve(1)
        with lab.stream() as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            assert [member.size for member in tar] == [5 * MIB]


class TestClosing:
    def test_a_closed_stream_is_not_read(self, lab: Lab) -> None:
        lab.serve(SMALL)
        stream = lab.stream()
        assert len(stream.read(10)) == 10
        stream.close()
        stream.close()
        assert stream.closed
        with pytest.raises(ValueError, match="closed"):
            stream.read(1)

    @pytest.mark.parametrize("fault", [Fault(stall=5 * MIB, times=None), Fault(stall=MIB, ignore_range=True)])
    def test_closing_wakes_up_a_reader_in_another_thread(self, lab: Lab, fault: Fault) -> None:
        lab.serve(LARGE)
        lab.sim.script(fault)
        stream = lab.stream()
        reader = Reader(lambda: stream)
        lab.sim.wait_until(lambda sim: sim.stalled > 0, timeout=LIMIT)
        stream.close()
        found, error = reader.outcome()
        assert lab.content.startswith(found)
        assert isinstance(error, ValueError)
        lab.assert_no_threads()

    def test_a_stream_that_is_forgotten_ends_its_threads(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=MIB, times=None))
        lab.stream().read(10)
        lab.assert_no_threads()

    def test_a_reader_that_stops_early_leaves_no_threads(self, lab: Lab) -> None:
        lab.serve(LARGE)
        reader = Reader(lab.stream, most=1)
        assert reader.outcome()[1] is None
        lab.assert_no_threads()

    def test_it_can_be_cancelled(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=MIB, times=None))
        cancel = threading.Event()
        reader = Reader(lambda: lab.stream(cancel=cancel))
        lab.sim.wait_until(lambda sim: sim.stalled > 0, timeout=LIMIT)
        cancel.set()
        assert isinstance(reader.outcome()[1], TransferCancelledError)
        lab.assert_no_threads()


BREAKS = [
    Fault(cut=0),
    Fault(cut=100),
    Fault(cut=200_001),
    Fault(reset=0),
    Fault(reset=200_001),
    Fault(drop=True),
    Fault(drop=True, times=3),
    Fault(reset=200_001, chunked=True),
    Fault(cut=200_001, chunked=True),
    Fault(status=503),
    Fault(status=429, times=3),
    Fault(status=429, headers={"retry-after": "7"}),
    Fault(cut=MIB + 7, skip=1),
    Fault(reset=MIB + 7, skip=1, times=4),
    Fault(drop=True, skip=2, times=2),
    Fault(status=500, skip=2, times=2),
]


class TestBrokenConnections:
    @pytest.mark.parametrize("size", [SMALL, LARGE])
    @pytest.mark.parametrize("fault", BREAKS, ids=repr)
    def test_a_broken_connection_is_replaced(self, lab: Lab, size: int, fault: Fault) -> None:
        lab.serve(size)
        lab.sim.script(fault)
        assert everything(lab) == lab.content

    def test_what_came_before_a_cut_is_not_requested_again(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(cut=200_000))
        assert everything(lab) == lab.content
        assert lab.sim.bytes_sent == SMALL

    def test_every_connection_may_break_repeatedly(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=3 * MIB, times=None))
        assert everything(lab) == lab.content

    def test_progress_renews_the_retries(self, lab: Lab) -> None:
        lab.serve(10 * MIB)
        lab.sim.script(Fault(reset=MIB, times=None))
        assert everything(lab, connections=1, retries=2) == lab.content

    @pytest.mark.parametrize(
        "fault", [Fault(stall=100_000), Fault(hold=True), Fault(stall=100_000, ignore_range=True), Fault(stall=0)]
    )
    def test_silence_is_broken_off_and_requested_again(self, lab: Lab, fault: Fault) -> None:
        lab.timeout = 0.3
        lab.serve(SMALL)
        lab.sim.script(fault)
        assert everything(lab) == lab.content

    def test_a_storm_of_429_is_waited_for_by_all(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(status=429, headers={"retry-after": "5"}, times=12, skip=1))
        assert everything(lab, retries=20) == lab.content
        assert sum(lab.clock.waits) >= 5

    def test_a_server_that_keeps_refusing_ends_it(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(status=429, times=None, skip=1))
        assert isinstance(assert_prefix(lab, retries=2), RateLimitError)

    def test_a_server_that_is_gone_ends_it_and_nothing_is_said_to_be_kept(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(drop=True, times=None, skip=1))
        error = assert_prefix(lab, retries=2)
        assert isinstance(error, TransferInterruptedError)
        assert "kept" not in str(error)

    def test_a_missing_file_is_an_error_when_it_is_opened(self, lab: Lab) -> None:
        lab.sim.script(Fault(status=404, times=None))
        with pytest.raises(NotFoundError):
            lab.stream()
        lab.assert_no_threads()

    def test_a_connection_that_crawls_is_replaced(self, lab: Lab) -> None:
        """Its siblings have filled the window meanwhile, and have nothing left that could be compared."""
        lab.serve(64 * MIB)
        lab.sim.script(Fault(rate=20_000, when=beginning_at(8 * MIB)), Fault(rate=40 * MIB, times=None))
        assert everything(lab, window=24 * MIB, clock=FastClock()) == lab.content
        (crawling,) = (request for request in lab.sim.requests if beginning_at(8 * MIB)(request))
        assert crawling.sent < 200_000


class TestWithoutRanges:
    @pytest.mark.parametrize("size", [0, 1, SMALL, LARGE])
    @pytest.mark.parametrize(
        "fault",
        [
            Fault(ignore_range=True),
            Fault(ignore_range=True, chunked=True),
            Fault(ignore_range=True, gzip=True),
            Fault(weak_etag=True),
            Fault(no_validator=True),
            Fault(no_validator=True, ignore_range=True, chunked=True),
            Fault(chunked=True),
        ],
        ids=repr,
    )
    def test_the_file_comes_over_one_connection(self, lab: Lab, size: int, fault: Fault) -> None:
        lab.serve(size)
        lab.sim.script(*[fault] * 30)
        assert everything(lab, window=2 * MIB) == lab.content

    @pytest.mark.parametrize("fault", [Fault(ignore_range=True), Fault(ignore_range=True, gzip=True)], ids=repr)
    def test_with_a_strong_validator_it_is_read_again_up_to_the_break(self, lab: Lab, fault: Fault) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(**{**vars(fault), "reset": 20 * MIB}), fault)
        assert everything(lab, window=2 * MIB) == lab.content

    @pytest.mark.parametrize("cut", [0, 1, 100_000])
    def test_without_one_it_is_read_again_only_if_nothing_was_handed_out(self, lab: Lab, cut: int) -> None:
        lab.serve(SMALL)
        fault = Fault(ignore_range=True, no_validator=True)
        lab.sim.script(Fault(ignore_range=True, no_validator=True, cut=cut), fault)
        error = assert_prefix(lab)
        if cut > 512:
            assert isinstance(error, TransferInterruptedError)
            assert "no strong validator" in str(error)

    def test_a_server_that_stops_to_send_parts_is_read_from_the_beginning(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(), Fault(), Fault(ignore_range=True, times=None))
        assert everything(lab) == lab.content

    def test_a_small_file_is_read_from_the_beginning_without_a_retry(self, lab: Lab) -> None:
        """The first response has the whole file, and a part of it is requested over a second connection."""
        lab.serve(7 * MIB + MIB // 2)
        lab.sim.script(Fault(ignore_range=True, when=beginning_at(7 * MIB)))
        assert everything(lab, retries=0) == lab.content
        assert lab.clock.waits == []

    def test_another_file_on_the_second_try_is_an_error(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(ignore_range=True, cut=9 * MIB), Fault(ignore_range=True, when=changed_at(lab, 0)))
        assert isinstance(assert_prefix(lab), RemoteChangedError)

    def test_a_cut_chunked_body_is_noticed(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(ignore_range=True, chunked=True, cut=100_000, times=None))
        assert isinstance(assert_prefix(lab, retries=1), TransferInterruptedError | IntegrityError)

    def test_a_body_that_ends_with_the_connection_is_refused(self, lab: Lab) -> None:
        lab.content = b"weights"
        with RawServer(b"HTTP/1.1 200 OK\r\n\r\nweights") as server, pytest.raises(IntegrityError, match="truncated"):
            lab.stream(url=server.url)

    def test_a_compressed_body_that_is_cut_is_noticed(self, lab: Lab) -> None:
        lab.content = bytes(range(256)) * 1000
        body = gzip.compress(lab.content)[:-300]
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        with RawServer(head.encode() + body) as server:
            assert assert_prefix(lab, url=server.url, retries=1) is not None


def changed_at(lab: Lab, number: int) -> Callable[[Request], bool]:
    """At request number `number`, from 0, the server gets another file."""
    content, numbers = lab.content, itertools.count()

    def change(request: Request) -> bool:
        del request
        if next(numbers) == number:
            lab.serve(len(content), "another")
            lab.content = content
        return False

    return change


class TestChange:
    @pytest.mark.parametrize("skip", [1, 2, 3])
    def test_a_file_that_changes_is_an_error(self, lab: Lab, skip: int) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(when=changed_at(lab, skip)))
        error = assert_prefix(lab)
        assert isinstance(error, RemoteChangedError)
        assert "run it again" in str(error)

    def test_a_server_that_ignores_if_range_is_detected(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(headers={"etag": '"another"'}, skip=1, times=None))
        assert isinstance(assert_prefix(lab), RemoteChangedError)

    @pytest.mark.parametrize("fault", [Fault(shift=7, times=None), Fault(shift=7, skip=1, times=None)])
    def test_another_range_than_requested_is_an_error(self, lab: Lab, fault: Fault) -> None:
        lab.serve(LARGE)
        lab.sim.script(fault)
        assert isinstance(assert_prefix(lab), IntegrityError)

    def test_another_total_is_an_error(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(total=LARGE + 1, skip=1, times=None))
        assert isinstance(assert_prefix(lab), RemoteChangedError)


class TestStorageHost:
    @pytest.fixture
    def lab(self, lab: Lab) -> Lab:
        lab.sim.redirect_downloads = True
        return lab

    @pytest.mark.parametrize("size", [0, SMALL, LARGE])
    def test_the_file_is_downloaded_from_the_redirect_target(self, lab: Lab, size: int) -> None:
        lab.serve(size)
        assert everything(lab) == lab.content

    @pytest.mark.parametrize("uses", [1, 2, 3])
    def test_an_address_that_expires_is_requested_again(self, lab: Lab, uses: int) -> None:
        lab.serve(LARGE)
        lab.sim.storage.max_uses = uses
        assert everything(lab) == lab.content
        assert len(lab.sim.requests) > 1


class TestBackpressure:
    def test_a_reader_that_stops_costs_no_connection_and_no_memory(self, lab: Lab) -> None:
        """The server has nothing left to send, so it may close idle connections."""
        lab.serve(LARGE)
        lab.sim.script(Fault(headers={"connection": "close"}, times=None))
        with lab.stream(window=8 * MIB) as stream:
            found = stream.read(1)
            lab.sim.wait_until(lambda sim: sim.bytes_sent == 8 * MIB, timeout=LIMIT)
            found += stream.read(3 * MIB)
            lab.sim.wait_until(lambda sim: sim.bytes_sent >= 10 * MIB, timeout=LIMIT)
            found += stream.read()
        assert found == lab.content
        assert lab.clock.waits == []

    def test_a_limit_on_the_rate_is_kept(self, lab: Lab) -> None:
        lab.serve(10 * MIB)
        assert everything(lab, limit_rate=2.0 * MIB) == lab.content
        assert sum(lab.clock.waits) >= 4


class TestProgress:
    def test_it_counts_what_was_read_and_ends_with_everything(self, lab: Lab) -> None:
        lab.serve(LARGE)
        seen: list[DownloadProgress] = []
        with lab.stream(progress=seen.append, clock=TickingClock()) as stream:
            assert stream.read(MIB) == lab.content[:MIB]
            assert all(each.done <= MIB for each in seen)
            stream.read()
        counts = [each.done for each in seen]
        assert counts == sorted(counts)
        assert (seen[-1].done, seen[-1].total, seen[-1].connections) == (LARGE, LARGE, 0)
        assert not any(each.resumable for each in seen)

    def test_raising_from_it_stops_the_stream(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=5 * MIB, times=None))

        class StopHereError(Exception):
            """What the callback raises."""

        def progress(seen: DownloadProgress) -> None:
            if seen.done >= MIB:
                raise StopHereError

        with pytest.raises(StopHereError), lab.stream(progress=progress, clock=TickingClock()) as stream:
            stream.read()
        lab.assert_no_threads()

    def test_a_retry_is_reported(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(drop=True, skip=1, times=8))
        states: set[str] = set()
        with lab.stream(progress=lambda seen: states.add(seen.state), retries=20) as stream:
            stream.read()
        assert "transferring" in states


class TestArguments:
    @pytest.mark.parametrize("options", [{"window": MIB - 1}, {"window": 0}, {"window": float(MIB)}])
    def test_a_window_that_is_too_small_is_refused_before_any_request(self, lab: Lab, options: dict[str, Any]) -> None:
        with pytest.raises(RuleError, match=r"window is .*: expected a whole number of bytes from 1,048,576"):
            open_stream(lab.url, headers=lab.headers, **options)
        assert lab.ranges() == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("connections", value) for value in (0, -1, 1.5, "8", True)),
            *(("retries", value) for value in (-1, 1.5)),
            *(("limit_rate", value) for value in (0, -1, math.nan, math.inf, "1M")),
            *(("timeout", value) for value in (0, -1.0, math.nan, math.inf)),
        ],
    )
    def test_a_number_that_cannot_work_is_refused_before_any_request(self, lab: Lab, name: str, value: Any) -> None:  # noqa: ANN401 -- the same
        for call in (partial(open_stream, lab.url), partial(fetch, lab.url, lab.path)):
            with pytest.raises(RuleError, match=f"{name} is .*: expected a"):
                call(headers=lab.headers, **{name: value})
        assert lab.ranges() == []
        lab.assert_nothing()

    def test_the_callers_client_stays_open(self, lab: Lab, client: httpx.Client) -> None:
        lab.serve(SMALL)
        with open_stream(lab.url, headers=lab.headers, client=client) as stream:
            stream.read()
        assert not client.is_closed
