"""The drivers of flows: what goes in, what comes out, and what an exception becomes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from together_ext.api.flow import Archive, Call, Flow, Step, arun, ask, run


def call(action: str) -> Call[str]:
    """A call that is never made."""

    def sync() -> str:
        raise AssertionError

    async def other() -> str:
        raise AssertionError

    return Call(action, sync, other, {"api_key": "hidden"}, ("hidden",))


def drive_sync(flow: Flow[Any], do: Callable[[Step], object]) -> object:
    return run(flow, do)


def drive_async(flow: Flow[Any], do: Callable[[Step], object]) -> object:
    async def ado(step: Step) -> object:
        await asyncio.sleep(0)
        return do(step)

    return asyncio.run(arun(flow, ado))


Drive = Callable[[Flow[Any], Callable[[Step], object]], object]
BOTH = pytest.mark.parametrize("drive", [drive_sync, drive_async])


def shout(step: Step) -> object:
    assert isinstance(step, Call)
    if step.action == "fail":
        raise KeyError(step.action)
    return step.action.upper()


def plain(*actions: str) -> Flow[list[str]]:
    found: list[str] = []
    for action in actions:
        answer = yield from ask(call(action))
        found.append(answer)
    return found


@BOTH
def test_outcomes_are_sent_in_and_the_result_is_returned(drive: Drive) -> None:
    assert drive(plain("a", "b"), shout) == ["A", "B"]
    assert drive(plain(), shout) == []


@BOTH
def test_a_flow_can_handle_a_failure(drive: Drive) -> None:
    def careful() -> Flow[str]:
        try:
            yield from ask(call("fail"))
        except KeyError:
            return (yield from ask(call("instead")))
        raise AssertionError

    assert drive(careful(), shout) == "INSTEAD"


@BOTH
def test_a_failure_is_raised_unchanged(drive: Drive) -> None:
    with pytest.raises(KeyError, match="fail"):
        drive(plain("a", "fail", "b"), shout)


@BOTH
def test_a_refused_failure_is_raised_again_after_another_step(drive: Drive) -> None:
    def stubborn() -> Flow[str]:
        try:
            yield from ask(call("fail"))
        except KeyError:
            yield from ask(call("look"))
            raise
        raise AssertionError

    with pytest.raises(KeyError, match="fail"):
        drive(stubborn(), shout)


@BOTH
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_a_flow_does_not_handle_the_exit_of_the_program(drive: Drive, error: type[BaseException]) -> None:
    def careless() -> Flow[str]:
        try:
            return (yield from ask(call("a")))
        except Exception:  # noqa: BLE001 -- what must not catch it
            return "caught"

    def stop(_: Step) -> object:
        raise error

    with pytest.raises(error):
        drive(careless(), stop)


def test_a_call_shows_neither_arguments_nor_secrets() -> None:
    assert "hidden" not in repr(call("a"))


def test_an_archive_has_a_name_and_an_identity() -> None:
    assert str(Archive("ft-x", None, "merged")) == "ft-x"
    assert str(Archive("ft-x", 0, "merged")) == "ft-x:0"
    identities = [
        Archive(job, step, form).identity
        for job in ("ft-x", "ft-y")
        for step in (None, 0, 1)
        for form in ("merged", "adapter", "model_output_path")
    ]
    assert all(one != two for index, one in enumerate(identities) for two in identities[:index])
