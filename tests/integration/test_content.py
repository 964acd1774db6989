"""The raw download: in memory, or as an open response."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from together_ext import (
    ApiConnectionError,
    ApiTimeoutError,
    CheckpointNameError,
    CheckpointType,
    CheckpointTypeError,
    JobNotReadyError,
    NotFoundError,
    Together,
)
from together_ext.simulator import DOWNLOAD_PATH, FULL_JOB, LORA_JOB, RUNNING_JOB, Fault, Simulator
from together_generated.models import DownloadCheckpoint

if TYPE_CHECKING:
    from tests.integration.conftest import World

SIZE = 100


def downloads(sim: Simulator) -> list[dict[str, str]]:
    """The queries of the download requests."""
    return [dict(request.query) for request in sim.requests if request.path == DOWNLOAD_PATH]


def test_the_archive_is_in_memory(client: Together, sim: Simulator, folder: Path) -> None:
    answer = client.fine_tuning.content(ft_id=LORA_JOB)
    assert isinstance(answer, httpx.Response)
    assert answer.status_code == 200
    assert answer.content == sim.archive(LORA_JOB).read(0, SIZE)
    assert answer.is_closed
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint": "merged"}]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "step", "expected"),
    [
        (FULL_JOB, None, {"ft_id": FULL_JOB, "checkpoint": "model_output_path"}),
        (f"{LORA_JOB}:500", None, {"ft_id": LORA_JOB, "checkpoint_step": "500", "checkpoint": "merged"}),
        (LORA_JOB, 500, {"ft_id": LORA_JOB, "checkpoint_step": "500", "checkpoint": "merged"}),
        (f"{RUNNING_JOB}:200", None, {"ft_id": RUNNING_JOB, "checkpoint_step": "200", "checkpoint": "merged"}),
    ],
)
def test_without_a_checkpoint_the_rules_decide(
    client: Together, sim: Simulator, name: str, step: int | None, expected: dict[str, str]
) -> None:
    assert len(client.fine_tuning.content(name, checkpoint_step=step).content) == SIZE
    with client.fine_tuning.with_streaming_response.content(name, checkpoint_step=step) as answer:
        assert len(answer.read()) == SIZE
    assert answer.elapsed
    assert downloads(sim) == [expected, expected]


@pytest.mark.parametrize("checkpoint", ["adapter", DownloadCheckpoint.ADAPTER, CheckpointType.ADAPTER], ids=repr)
def test_a_given_checkpoint_is_sent_without_a_request_for_the_job(
    client: Together, sim: Simulator, checkpoint: DownloadCheckpoint
) -> None:
    client.fine_tuning.content(LORA_JOB, checkpoint=checkpoint)
    assert [request.path for request in sim.requests] == [DOWNLOAD_PATH]
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint": "adapter"}]


@pytest.mark.parametrize("checkpoint", ["default", "", "MERGED", "lora", 5, ["merged"]], ids=repr)
def test_an_unknown_checkpoint_is_refused_before_any_request(
    client: Together, sim: Simulator, checkpoint: DownloadCheckpoint
) -> None:
    with pytest.raises(CheckpointTypeError, match="choose one of adapter, merged, model_output_path"):
        client.fine_tuning.content(LORA_JOB, checkpoint=checkpoint)
    with (
        pytest.raises(CheckpointTypeError),
        client.fine_tuning.with_streaming_response.content(LORA_JOB, checkpoint=checkpoint),
    ):
        pass
    assert sim.requests == []


def test_the_rules_apply_to_content_too(client: Together, sim: Simulator) -> None:
    with pytest.raises(CheckpointNameError, match=r"500.*250"):
        client.fine_tuning.content(f"{LORA_JOB}:500", checkpoint="merged", checkpoint_step=250)
    with pytest.raises(JobNotReadyError):
        client.fine_tuning.content(RUNNING_JOB)
    assert downloads(sim) == []


def test_an_error_status_raises_an_error_of_the_package(client: Together, sim: Simulator) -> None:
    with pytest.raises(NotFoundError, match=rf"could not download {LORA_JOB}:123: .*no checkpoint at step 123"):
        client.fine_tuning.content(f"{LORA_JOB}:123", checkpoint="merged")
    with (
        pytest.raises(NotFoundError),
        client.fine_tuning.with_streaming_response.content("ft-none", checkpoint="merged"),
    ):
        pass
    assert len(downloads(sim)) == 2


# Streaming ------------------------------------------------------------------------------------------------------------


def test_the_body_is_read_in_pieces(client: Together, sim: Simulator) -> None:
    archive = sim.add_archive(LORA_JOB, 3_000_000)
    with client.fine_tuning.with_streaming_response.content(LORA_JOB) as answer:
        pieces = list(answer.iter_bytes())
    assert len(pieces) > 1
    assert b"".join(pieces) == archive.read(0, 3_000_000)


def test_nothing_is_read_in_advance(client: Together, sim: Simulator) -> None:
    sim.add_archive(LORA_JOB, 200_000_000)
    with client.fine_tuning.with_streaming_response.content(LORA_JOB) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-length"] == "200000000"
    assert sim.bytes_sent < 100_000_000


@pytest.mark.parametrize(
    "error",
    [
        ValueError("mine"),
        KeyError("mine"),
        TypeError("mine"),
        RuntimeError("mine"),
        StopIteration("mine"),
        StopAsyncIteration("mine"),
        KeyboardInterrupt(),
        GeneratorExit(),
        TimeoutError("mine"),
        httpx.ReadTimeout("mine"),
        httpx.ConnectError("mine", request=httpx.Request("GET", "http://other")),
        httpx.StreamConsumed(),
        httpx.InvalidURL("mine"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_of_the_caller_is_raised_unchanged(client: Together, error: BaseException) -> None:
    """An error of another `httpx` request of the caller used to come out as one of ours."""
    with (
        pytest.raises(type(error)) as caught,
        client.fine_tuning.with_streaming_response.content(LORA_JOB, checkpoint="merged"),
    ):
        raise error
    assert caught.value is error


def test_leaving_early_is_not_an_error(client: Together, sim: Simulator) -> None:
    sim.add_archive(LORA_JOB, 50_000_000)
    for _ in range(2):
        with client.fine_tuning.with_streaming_response.content(LORA_JOB):
            pass
    assert client.fine_tuning.list().data


def test_reading_twice_is_an_error_of_httpx(client: Together) -> None:
    def read_twice() -> None:
        with client.fine_tuning.with_streaming_response.content(LORA_JOB, checkpoint="merged") as answer:
            list(answer.iter_bytes())
            list(answer.iter_bytes())

    with pytest.raises(httpx.StreamConsumed):
        read_twice()


@pytest.mark.parametrize("fault", [Fault(cut=50_000), Fault(reset=50_000)], ids=["cut", "reset"])
def test_a_truncated_body_raises_an_error_of_the_package(client: Together, sim: Simulator, fault: Fault) -> None:
    sim.add_archive(LORA_JOB, 100_000)
    sim.script(fault)
    with (
        pytest.raises(ApiConnectionError, match=f"could not download {LORA_JOB}"),
        client.fine_tuning.with_streaming_response.content(LORA_JOB) as answer,
    ):
        answer.read()
    sim.script(fault)
    with pytest.raises(ApiConnectionError, match=f"could not download {LORA_JOB}"):
        client.fine_tuning.content(LORA_JOB)


def test_a_body_that_stalls_is_a_timeout(world: World, sim: Simulator) -> None:
    sim.script(Fault(stall=50))
    with pytest.raises(ApiTimeoutError, match=f"could not download {LORA_JOB}"):
        world.client(timeout=0.2).fine_tuning.content(LORA_JOB, checkpoint="merged")
    sim.release()
