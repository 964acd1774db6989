"""Waiting for a job and following its events, in three worlds, on a clock that only advances during a wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext import (
    ApiConnectionError,
    AuthenticationError,
    InternalServerError,
    JobFailedError,
    NotFoundError,
    RuleError,
    Together,
    WaitTimeoutError,
)
from together_ext.fine_tuning.waiting import PATIENCE, EventLog, Polls
from together_ext.simulator import FAILED_JOB, LORA_JOB, RUNNING_JOB, Fault, Simulator
from together_ext.simulator.catalog import MODEL, TRAINING_FILE
from together_generated.models import FineTuneEvent, FinetuneResponse

if TYPE_CHECKING:
    from tests.integration.conftest import Clock, Outcome


@pytest.fixture
def lives(sim: Simulator) -> Callable[[], str]:
    """Moves the running job on by one state; used as what happens during a wait."""
    return lambda: sim.advance(RUNNING_JOB)


class TestWait:
    def test_a_completed_job_is_returned_at_once(self, client: Together, clock: Clock, sim: Simulator) -> None:
        assert client.fine_tuning.wait(LORA_JOB).status == "completed"
        assert (clock.waits, len(sim.requests)) == ([], 1)

    def test_each_status_is_reported_once_until_the_job_is_completed(
        self, client: Together, clock: Clock, lives: Callable[[], str]
    ) -> None:
        told: list[object] = []
        clock.then = lambda: lives() if len(clock.waits) % 2 == 0 else None
        job = client.fine_tuning.wait(RUNNING_JOB, on_update=lambda now: told.append(now.status))
        assert (job.id, told) == (RUNNING_JOB, ["running", "compressing", "uploading", "completed"])

    def test_a_new_job_is_waited_for_from_its_start(self, client: Together, clock: Clock, sim: Simulator) -> None:
        new = client.fine_tuning.create(training_file="file-1", model="acme/Tiny")
        clock.then = lambda: sim.advance(new.id)
        assert client.fine_tuning.wait(new.id).status == "completed"

    @pytest.mark.parametrize("status", ["error", "user_error", "ERROR"])
    def test_a_job_that_fails_is_an_error_with_its_reason(
        self, client: Together, clock: Clock, sim: Simulator, status: str
    ) -> None:
        clock.then = lambda: sim.fail(RUNNING_JOB, "line 3 is no JSON", status)
        with pytest.raises(JobFailedError, match=r"has ended as (user_)?error \(line 3 is no JSON\)") as caught:
            client.fine_tuning.wait(RUNNING_JOB)
        assert caught.value.job.id == RUNNING_JOB
        assert caught.value.event is not None
        assert caught.value.event.message == "line 3 is no JSON"

    def test_a_missing_reason_is_requested(self, client: Together, clock: Clock, sim: Simulator) -> None:
        sim.job(FAILED_JOB).absent.add("events")
        with pytest.raises(JobFailedError, match="line 118 of the training file"):
            client.fine_tuning.wait(FAILED_JOB)
        sim.faults.append(Fault(status=500, path=f"/fine-tunes/{FAILED_JOB}/events", times=None))
        with pytest.raises(JobFailedError, match="has ended as error: see"):
            client.fine_tuning.wait(FAILED_JOB)
        assert clock.waits == []

    def test_a_reason_that_quotes_the_key_does_not_show_it(self, client: Together, sim: Simulator) -> None:
        sim.fail(RUNNING_JOB, f"no quota for {sim.api_key}\x1b[2J")
        with pytest.raises(JobFailedError, match=r"no quota for \*\*\* \[2J") as caught:
            client.fine_tuning.wait(RUNNING_JOB)
        assert sim.api_key not in str(caught.value)

    @pytest.mark.off_contract
    def test_a_job_without_an_id_is_named_by_the_requested_one(self, client: Together, sim: Simulator) -> None:
        sim.job(FAILED_JOB).overrides["id"] = None
        with pytest.raises(JobFailedError, match=f"{FAILED_JOB} has ended"):
            client.fine_tuning.wait(FAILED_JOB)

    def test_a_cancelled_job_is_an_error(self, client: Together, clock: Clock, lives: Callable[[], str]) -> None:
        client.fine_tuning.cancel(RUNNING_JOB)
        clock.then = lives
        with pytest.raises(JobFailedError, match="has ended as cancelled") as caught:
            client.fine_tuning.wait(RUNNING_JOB)
        assert caught.value.event is None

    @pytest.mark.off_contract
    @pytest.mark.parametrize("status", ["hibernating", "", None, 7])
    def test_an_unknown_status_does_not_end_the_wait(
        self, client: Together, clock: Clock, sim: Simulator, status: object
    ) -> None:
        sim.job(LORA_JOB).overrides["status"] = status
        clock.then = sim.job(LORA_JOB).overrides.clear
        assert client.fine_tuning.wait(LORA_JOB).status == "completed"
        assert len(clock.waits) == 1

    def test_the_timeout_is_exact_to_the_second(self, client: Together, clock: Clock) -> None:
        with pytest.raises(WaitTimeoutError, match="is running after 100 seconds") as caught:
            client.fine_tuning.wait(RUNNING_JOB, timeout=100)
        assert isinstance(caught.value, TimeoutError)
        assert (caught.value.job.id, clock.time) == (RUNNING_JOB, 100)

    def test_the_time_that_a_poll_takes_counts(self, client: Together, clock: Clock) -> None:
        def slow(_: object) -> None:
            clock.time += 25

        with pytest.raises(WaitTimeoutError):
            client.fine_tuning.wait(RUNNING_JOB, timeout=30, on_update=slow, poll_interval=20)
        assert (clock.waits, clock.time) == ([5], 30)

    def test_a_timeout_of_zero_polls_once(self, client: Together, clock: Clock, sim: Simulator) -> None:
        with pytest.raises(WaitTimeoutError):
            client.fine_tuning.wait(RUNNING_JOB, timeout=0)
        assert (clock.waits, len(sim.requests)) == ([], 1)

    def test_the_polls_become_less_frequent(self, client: Together, clock: Clock, sim: Simulator) -> None:
        sim.job(RUNNING_JOB).overrides["progress"] = None
        with pytest.raises(WaitTimeoutError):
            client.fine_tuning.wait(RUNNING_JOB, timeout=60, poll_interval=10)
        assert clock.waits[:3] == [1, 1.5, 2.25]
        assert max(clock.waits) == 10

    def test_the_job_is_polled_when_the_server_expects_its_end(
        self, client: Together, clock: Clock, sim: Simulator
    ) -> None:
        sim.job(RUNNING_JOB).overrides["progress"] = {"estimate_available": True, "seconds_remaining": 12.5}
        with pytest.raises(WaitTimeoutError):
            client.fine_tuning.wait(RUNNING_JOB, timeout=20)
        assert clock.waits == [12.5, 7.5]

    @pytest.mark.parametrize("seconds", [0, -5, 1e300, "soon", None, True])
    def test_the_estimate_of_the_server_is_limited(
        self, client: Together, clock: Clock, sim: Simulator, seconds: object
    ) -> None:
        sim.job(RUNNING_JOB).overrides["progress"] = {"estimate_available": True, "seconds_remaining": seconds}
        with pytest.raises(WaitTimeoutError):
            client.fine_tuning.wait(RUNNING_JOB, timeout=100)
        assert min(clock.waits[:-1]) >= 1
        assert max(clock.waits) <= 30

    @pytest.mark.parametrize(
        "fault", [Fault(status=503), Fault(status=429), Fault(drop=True), Fault(status=200, body=b"<html>")]
    )
    def test_network_errors_are_tolerated(self, client: Together, clock: Clock, sim: Simulator, fault: Fault) -> None:
        sim.script(*(Fault(**{**vars(fault), "path": "/fine-tunes", "times": 5}) for _ in range(1)))
        assert client.fine_tuning.wait(LORA_JOB).status == "completed"
        assert len(clock.waits) == 5

    def test_network_errors_without_end_are_raised(self, client: Together, clock: Clock, sim: Simulator) -> None:
        sim.script(Fault(drop=True, path="/fine-tunes", times=None))
        with pytest.raises(ApiConnectionError):
            client.fine_tuning.wait(LORA_JOB)
        assert PATIENCE <= clock.time < PATIENCE + 31

    def test_a_network_error_is_raised_at_the_timeout_if_no_job_was_received(
        self, client: Together, clock: Clock, sim: Simulator
    ) -> None:
        sim.script(Fault(status=500, path="/fine-tunes", times=None))
        with pytest.raises(InternalServerError):
            client.fine_tuning.wait(LORA_JOB, timeout=5)
        assert clock.time == 5

    @pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (404, NotFoundError)])
    def test_an_error_status_ends_the_wait(
        self, client: Together, clock: Clock, sim: Simulator, status: int, error: type[Exception]
    ) -> None:
        sim.script(Fault(status=status, path="/fine-tunes"))
        with pytest.raises(error):
            client.fine_tuning.wait(LORA_JOB)
        assert clock.waits == []

    @pytest.mark.parametrize(
        "arguments",
        [
            {"id": "ft-x:5"},
            {"id": "x"},
            {"timeout": -1},
            {"timeout": float("nan")},
            {"timeout": "60"},
            {"timeout": True},
            {"poll_interval": 0},
            {"poll_interval": float("inf")},
        ],
    )
    def test_invalid_arguments_are_refused_before_any_request(
        self, client: Together, sim: Simulator, arguments: dict[str, Any]
    ) -> None:
        with pytest.raises(RuleError):
            client.fine_tuning.wait(**{"id": LORA_JOB, **arguments})
        assert sim.requests == []

    def test_an_exception_of_the_callback_ends_the_wait(self, client: Together) -> None:
        def update(job: FinetuneResponse) -> None:
            raise LookupError(job.id)

        with pytest.raises(LookupError, match=LORA_JOB):
            client.fine_tuning.wait(LORA_JOB, on_update=update)


class TestFollow:
    def test_each_event_is_returned_once_until_the_job_has_ended(
        self, client: Together, clock: Clock, sim: Simulator, lives: Callable[[], str]
    ) -> None:
        clock.then = lives
        told = [event.message for event in client.fine_tuning.follow_events(RUNNING_JOB)]
        assert told == [event.message for event in sim.job(RUNNING_JOB).events]
        assert told[-1] == "Job finished"

    def test_the_events_of_an_ended_job_are_returned_without_a_wait(
        self, client: Together, clock: Clock, sim: Simulator
    ) -> None:
        assert len(list(client.fine_tuning.follow_events(LORA_JOB))) == len(sim.job(LORA_JOB).events)
        assert clock.waits == []

    def test_network_errors_are_tolerated(self, client: Together, clock: Clock, sim: Simulator) -> None:
        sim.script(Fault(drop=True, path=f"/fine-tunes/{LORA_JOB}/events", times=3))
        assert len(list(client.fine_tuning.follow_events(LORA_JOB))) == len(sim.job(LORA_JOB).events)
        assert len(clock.waits) == 3

    def test_an_error_status_ends_the_wait(self, client: Together) -> None:
        with pytest.raises(NotFoundError):
            list(client.fine_tuning.follow_events("ft-nothing"))

    def test_invalid_arguments_of_follow_are_refused_before_any_request(self, client: Together, sim: Simulator) -> None:
        with pytest.raises(RuleError):
            client.fine_tuning.follow_events("nothing")
        with pytest.raises(RuleError):
            client.fine_tuning.follow_events(LORA_JOB, poll_interval=0)
        assert sim.requests == []


# What is new ----------------------------------------------------------------------------------------------------------

events = st.builds(
    FineTuneEvent,
    message=st.sampled_from(["a", "b"]),
    created_at=st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "soon", None]),
    hash_=st.sampled_from(["", "x"]),
)


@given(st.lists(events, max_size=8), st.data())
def test_every_event_is_returned_once_whatever_the_lists_are(found: list[FineTuneEvent], data: st.DataObject) -> None:
    """Growing lists, in any order, and sometimes shorter than before."""
    log, told = EventLog(), list[FineTuneEvent]()
    for _ in range(4):
        part = data.draw(st.lists(st.sampled_from(range(len(found))), unique=True)) if found else []
        told += log.new([found[index] for index in part])
    told += log.new(found)
    assert sorted(map(repr, told)) == sorted(map(repr, found))
    assert log.new(found[::-1]) == []


@given(st.floats(1, 1000), st.lists(st.none() | st.floats(allow_nan=True), max_size=30))
def test_a_pause_never_exceeds_the_poll_interval(interval: float, expected: list[float | None]) -> None:
    polls = Polls(interval)
    for seconds in expected:
        job = FinetuneResponse.from_dict(
            {"id": "ft-x", "progress": {"estimate_available": True, "seconds_remaining": seconds}}
        )
        assert 1 <= polls.pause(job) <= interval


def test_a_paced_job_trains_as_time_passes() -> None:
    """Checkpoints appear one after another, and the server estimates when the state ends."""
    now = 0.0
    with Simulator(pace=100, timer=lambda: now, clock=lambda: datetime.now(UTC)) as sim:
        client = Together(sim.api_key, sim.url)
        new = client.fine_tuning.create(training_file=TRAINING_FILE, model=MODEL, lora_r=8, n_checkpoints=4)
        steps = []
        for now in range(0, 600, 20):
            job = client.fine_tuning.retrieve(new.id)
            steps.append(len(client.fine_tuning.list_checkpoints(new.id)))
            if now == 260:
                assert job.status == "running"
                assert job.progress.seconds_remaining == 40  # type: ignore[union-attr]
        assert steps == sorted(steps)
        assert set(steps) == {0, 1, 2, 3, 4}
        assert job.status == "completed"
        client.close()


# The command line -----------------------------------------------------------------------------------------------------


class TestCommands:
    def test_wait_reports_each_change_and_prints_the_status(
        self, command: Callable[..., Outcome], clock: Clock, lives: Callable[[], str]
    ) -> None:
        clock.then = lives
        outcome = command("ft", "wait", RUNNING_JOB)
        assert (outcome.code, outcome.out) == (0, "completed\n")
        told = [line.split(" ", 1)[1] for line in outcome.err.splitlines()]
        assert told == ["running, about 17:24 to the next state", "compressing", "uploading", "completed"]

    def test_quiet_prints_the_status_and_json_the_job(self, command: Callable[..., Outcome]) -> None:
        assert command("ft", "wait", LORA_JOB, "--quiet") == type(command("ft"))(0, "completed\n", "")
        outcome = command("ft", "wait", LORA_JOB, "--json")
        assert (outcome.json["id"], outcome.err) == (LORA_JOB, "")

    def test_a_failed_job_is_exit_code_5(self, command: Callable[..., Outcome]) -> None:
        outcome = command("ft", "wait", FAILED_JOB, "--json")
        assert outcome.code == 5
        assert outcome.json["error"]["code"] == "job_failed"
        assert "line 118 of the training file" in outcome.json["error"]["message"]

    def test_the_timeout_is_enforced(self, command: Callable[..., Outcome], clock: Clock) -> None:
        outcome = command("ft", "wait", RUNNING_JOB, "--timeout", "1h30m", "--poll-interval", "10m", "-q")
        assert (outcome.code, outcome.out) == (5, "")
        assert clock.time == 5400
        assert "is running after 5400 seconds" in outcome.err

    @pytest.mark.parametrize("time", ["", "soon", "5d", "-1", "h", "1.5h"])
    def test_an_invalid_duration_is_refused(self, command: Callable[..., Outcome], time: str) -> None:
        assert command("ft", "wait", RUNNING_JOB, f"--timeout={time}").code == 2

    def test_events_are_followed(
        self, command: Callable[..., Outcome], clock: Clock, sim: Simulator, lives: Callable[[], str]
    ) -> None:
        clock.then = lives
        outcome = command("ft", "list-events", RUNNING_JOB, "--follow")
        messages = [line.split("\t")[2] for line in outcome.out.splitlines()]
        assert messages == [event.message for event in sim.job(RUNNING_JOB).events]

    def test_on_a_terminal_each_event_that_is_followed_is_shown_once(
        self, on_a_terminal: Callable[..., str], sim: Simulator
    ) -> None:
        lines = on_a_terminal("ft", "list-events", LORA_JOB, "--follow").splitlines()
        events = sim.job(LORA_JOB).events
        assert lines[0] == f"{events[0].at:%Y-%m-%d %H:%M}  info     {events[0].message}"
        assert len([line for line in lines if line.startswith("2026-")]) == len(events)

    def test_followed_events_are_one_json_document_at_the_end(
        self, command: Callable[..., Outcome], sim: Simulator
    ) -> None:
        outcome = command("ft", "list-events", LORA_JOB, "--follow", "--json")
        assert len(outcome.json["data"]) == len(sim.job(LORA_JOB).events)

    def test_a_download_waits_for_its_job(
        self, command: Callable[..., Outcome], clock: Clock, lives: Callable[[], str]
    ) -> None:
        clock.then = lives
        assert command("ft", "download", RUNNING_JOB, "--quiet").code == 5
        outcome = command("ft", "download", RUNNING_JOB, "--wait", "--timeout", "2h", "--quiet")
        assert outcome.code == 0
        assert outcome.out.endswith("nightly-90abcdef.tar.zst\n")

    def test_a_timeout_without_wait_is_refused(self, command: Callable[..., Outcome]) -> None:
        assert command("ft", "download", RUNNING_JOB, "--timeout", "2h").code == 2
