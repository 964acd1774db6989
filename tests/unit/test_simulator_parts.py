"""The simulator's decisions that need no socket: ranges, faults, jobs, model files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from together_ext.archive.formats.structure import check_structure
from together_ext.simulator.account import Account, planned_steps
from together_ext.simulator.archives import SyntheticArchive, pack
from together_ext.simulator.catalog import LORA_JOB, RUNNING_JOB, catalog
from together_ext.simulator.faults import Fault, Script
from together_ext.simulator.models import adapter_files, model_files, safetensors
from together_ext.simulator.payloads import timestamp
from together_ext.simulator.ranges import Span, UnsatisfiableRangeError, if_range_holds, requested_span
from together_ext.simulator.records import Request

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=0-1", Span(0, 2)),
        ("bytes=90-", Span(90, 100)),
        ("bytes=-10", Span(90, 100)),
        # More than there is means what there is.
        ("bytes=50-999", Span(50, 100)),
        ("bytes=-999", Span(0, 100)),
        ("Bytes = 1 - 2", Span(1, 3)),
        # What is malformed, several, or in another unit counts as not asked for.
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=a-b", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
    ],
)
def test_a_range_header_means_a_span_or_nothing(header: str | None, expected: Span | None) -> None:
    """RFC 9110 14.1 and 14.2."""
    assert requested_span(header, 100) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-5", 0)])
def test_a_range_outside_the_content_cannot_be_satisfied(header: str, size: int) -> None:
    """RFC 9110 15.5.17."""
    with pytest.raises(UnsatisfiableRangeError):
        requested_span(header, size)


@pytest.mark.parametrize(
    ("header", "etag", "holds"),
    [
        (None, '"a"', True),
        ('"a"', '"a"', True),
        ('"b"', '"a"', False),
        ('W/"a"', 'W/"a"', False),
        ('"a"', 'W/"a"', False),
        ('"a"', None, False),
        ("Thu, 01 Jan 2026 00:00:00 GMT", '"a"', True),
        ("Thu, 01 Jan 2026 00:00:01 GMT", '"a"', False),
    ],
)
def test_if_range_is_a_strong_comparison(header: str | None, etag: str | None, *, holds: bool) -> None:
    """RFC 9110 13.1.5."""
    assert if_range_holds(header, etag, "Thu, 01 Jan 2026 00:00:00 GMT") is holds


def request(path: str = "/finetune/download", method: str = "GET", **headers: str) -> Request:
    """A request as the log would hold it."""
    return Request(method, path, path, {}, headers, b"")


def test_faults_happen_in_order_each_as_often_as_it_says() -> None:
    """A script is a queue."""
    script = Script()
    script.append(Fault(status=503, times=2), Fault(cut=5, skip=1), Fault(reset=7, times=None))
    taken = [script.take(request(), delivers=True) for _ in range(6)]
    assert [(fault.status, fault.cut, fault.reset) for fault in taken if fault] == [
        (503, None, None),
        (503, None, None),
        (None, None, 7),  # The cut lets one request pass, and the fault behind it takes that one.
        (None, 5, None),
        (None, None, 7),
        (None, None, 7),
    ]
    assert [fault.reset for fault in script] == [7]
    assert len(script) == 1
    script.clear()
    assert script.take(request(), delivers=True) is None


@pytest.mark.parametrize(
    ("fault", "asked", "delivers", "concerned"),
    [
        (Fault(status=500), request(), False, True),
        (Fault(status=500), request("/fine-tunes"), False, False),
        (Fault(status=500, path="/fine-tunes"), request("/fine-tunes/ft-1"), False, True),
        (Fault(hold=True), request(), False, True),
        # A body can only be spoilt where there is one.
        (Fault(cut=5), request(), False, False),
        (Fault(cut=5), request("/archive/x"), True, True),
        (Fault(cut=5, method="HEAD"), request(), True, False),
        (Fault(cut=5, when=lambda it: "range" in it.headers), request(), True, False),
        (Fault(cut=5, when=lambda it: "range" in it.headers), request(range="bytes=0-0"), True, True),
    ],
)
def test_a_fault_knows_its_requests(fault: Fault, asked: Request, *, delivers: bool, concerned: bool) -> None:
    """By path, method, and whatever else a test wants."""
    assert fault.concerns(asked, delivers=delivers) is concerned


class Timer:
    """Seconds that pass on request of a test."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_with_a_pace_jobs_advance_by_themselves() -> None:
    """Each state lasts as long as the pace."""
    timer = Timer()
    account = Account(lambda: NOON, timer, 10.0)
    job = account.create({"model": "meta/Llama", "training_file": "file-1", "n_checkpoints": 3})
    seen: list[str] = []
    for second in range(0, 60, 10):
        timer.now = float(second)
        found = account.get(job.id)
        assert found is not None
        seen.append(found.status)
    assert seen == ["pending", "queued", "running", "compressing", "uploading", "completed"]
    assert [checkpoint.step for checkpoint in job.checkpoints] == [333, 666, 1000]
    timer.now = 1e6
    assert {job.status for job in account.all()} == {"completed", "error"}


def test_without_a_pace_jobs_wait_to_be_moved() -> None:
    """The running job of the catalog stays a running job."""
    timer = Timer()
    account = Account(lambda: NOON, timer, None)
    timer.now = 1e9
    job = account.get(RUNNING_JOB)
    assert job is not None
    assert job.status == "running"


def test_a_cancelled_job_ends_at_the_next_step() -> None:
    """Twice asked is once granted."""
    account = Account(lambda: NOON, Timer(), None)
    job = account.create({"model": "meta/Llama", "training_file": "file-1"})
    account.cancel(job)
    account.cancel(job)
    assert job.status == "cancel_requested"
    assert [account.advance(job.id) for _ in range(2)] == ["cancelled", "cancelled"]
    assert [event.type for event in job.events] == ["job_pending", "cancel_requested", "job_stopped"]


@pytest.mark.parametrize(
    ("wanted", "steps"),
    [(1, (1000,)), (4, (250, 500, 750, 1000)), (None, (1000,)), (0, (1000,)), ("x", (1000,))],
)
def test_checkpoints_are_spread_evenly(wanted: object, steps: tuple[int, ...]) -> None:
    """Without a usable number there is one, the final one."""
    assert planned_steps(wanted) == steps


def test_the_catalog_is_fresh_each_time() -> None:
    """No simulator inherits what happened to another one's jobs."""
    first = next(job for job in catalog() if job.id == LORA_JOB)
    first.status = "odd"
    second = next(job for job in catalog() if job.id == LORA_JOB)
    assert second.status == "completed"
    assert [(item.step, item.final) for item in second.checkpoints] == [
        (250, False),
        (500, False),
        (750, False),
        (1000, True),
    ]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-02-01T12:00:00Z"),
        (NOON + timedelta(milliseconds=250), "2026-02-01T12:00:00.25Z"),
        (NOON + timedelta(microseconds=589_793), "2026-02-01T12:00:00.589793Z"),
    ],
)
def test_a_timestamp_has_as_much_of_a_fraction_as_there_is(moment: datetime, text: str) -> None:
    """As Go's RFC3339Nano writes it."""
    assert timestamp(moment) == text


def test_the_same_seed_gives_the_same_model() -> None:
    """And another one another model, in every file that has weights."""
    assert model_files("a") == model_files("a")
    assert pack(adapter_files("a")) == pack(adapter_files("a"))
    different = {name for name, content in model_files("a").items() if model_files("b")[name] != content}
    assert different == {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}


def test_the_data_of_a_safetensors_file_is_aligned() -> None:
    """The header is padded to eight bytes, as the format's own writer does."""
    content = safetensors({"x": (2, 3)}, "seed", "BF16")
    header = int.from_bytes(content[:8], "little")
    assert header % 8 == 0
    assert len(content) == 8 + header + 12


def pieces(archive: SyntheticArchive, size: int) -> Iterator[bytes]:
    """The archive in pieces of ``size``."""
    for start in range(0, archive.size, size):
        yield archive.read(start, min(archive.size, start + size))


def test_synthetic_bytes_do_not_depend_on_how_they_are_read() -> None:
    """And pieces of equal size are all different."""
    archive = SyntheticArchive(5 * 2**20 + 17, "seed")
    assert check_structure(lambda at, count: archive.read(at, min(at + count, archive.size)), archive.size, list)
    found = list(pieces(archive, 2**20))
    assert b"".join(found) == b"".join(pieces(archive, 777_777)) == archive.read(0, archive.size)
    assert len(set(found)) == len(found)
    assert found[0].startswith(b"\x50\x2a\x4d\x18")
    assert archive.sha256 == hashlib.sha256(b"".join(found)).hexdigest()
    assert archive.etag != SyntheticArchive(archive.size, "other").etag
