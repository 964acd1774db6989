"""The rule table of the design, case by case, through both clients; what was asked is read at the server."""

from __future__ import annotations

import enum
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from together_ext import (
    ApiStatusError,
    BadRequestError,
    CheckpointNameError,
    CheckpointNotFoundError,
    CheckpointType,
    CheckpointTypeError,
    JobNotReadyError,
    NotFoundError,
    RuleError,
    Together,
    UnknownTrainingTypeError,
)
from together_ext.simulator import (
    DOWNLOAD_PATH,
    DPO_JOB,
    FAILED_JOB,
    FULL_JOB,
    LORA_JOB,
    RUNNING_JOB,
    Fault,
    Simulator,
)
from together_ext.simulator.archives import pack
from together_generated.models import DownloadCheckpoint

if TYPE_CHECKING:
    from tests.integration.conftest import World


class Foreign(enum.Enum):
    """The enum of another package."""

    ADAPTER = "Adapter"
    NUMBER = 1


def downloads(sim: Simulator) -> list[dict[str, str]]:
    """The queries of the download requests, each once."""
    found: list[dict[str, str]] = []
    for request in sim.requests:
        if request.path == DOWNLOAD_PATH and dict(request.query) not in found:
            found.append(dict(request.query))
    return found


def asked(sim: Simulator) -> list[str]:
    """Method and path of every request, without repetitions."""
    return list(dict.fromkeys(f"{request.method} {request.path}" for request in sim.requests))


# Names ----------------------------------------------------------------------------------------------------------------


def test_the_documentations_own_id_with_letters_past_f_works_with_a_step(
    client: Together, sim: Simulator, folder: Path
) -> None:
    result = client.fine_tuning.download("ft-12345678-abcd-1234-efgh-123456789012:500")
    assert (result.id, result.checkpoint_step) == ("ft-12345678-abcd-1234-efgh-123456789012", 500)
    assert Path(result.filename).parent == folder
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint_step": "500", "checkpoint": "merged"}]


def test_checkpoint_step_is_the_same_as_a_step_in_the_id(client: Together, sim: Simulator, folder: Path) -> None:
    result = client.fine_tuning.download(LORA_JOB, checkpoint_step=500)
    assert (result.id, result.checkpoint_step) == (LORA_JOB, 500)
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint_step": "500", "checkpoint": "merged"}]
    assert [found.name for found in folder.iterdir()] == [Path(result.filename).name]


def test_step_0_is_a_step(client: Together, sim: Simulator, folder: Path) -> None:
    job_id = sim.add_job(steps=(0, 10), archive=b"\x1f\x8b" + bytes(30))
    assert client.fine_tuning.download(job_id, checkpoint_step=0).checkpoint_step == 0
    assert downloads(sim) == [{"ft_id": job_id, "checkpoint_step": "0", "checkpoint": "merged"}]
    assert [found.name for found in folder.glob("*checkpoint-0*")]


def test_two_steps_are_refused_and_both_are_named(client: Together, sim: Simulator) -> None:
    with pytest.raises(ValueError, match=r"ft-1234.*:500.*250") as caught:
        client.fine_tuning.download(f"{LORA_JOB}:500", checkpoint_step=250)
    assert isinstance(caught.value, CheckpointNameError)
    assert sim.requests == []


def test_the_same_step_twice_is_refused_too(client: Together, sim: Simulator) -> None:
    with pytest.raises(CheckpointNameError, match="once"):
        client.fine_tuning.download(f"{LORA_JOB}:500", checkpoint_step=500)
    assert sim.requests == []


BAD_NAMES = [
    "",
    "ft-",
    "ft",
    "FT-abc",
    "abc",
    "model:5",
    " ft-x",
    "ft-x ",
    "ft-x\n",
    "ft-x y",
    "ft-x/y",
    "ft-x:abc",
    "ft-x:",
    "ft-x:1:2",
    "ft-x:-1",
    "ft-x:+1",
    "ft-x:1.5",
    "ft-x:1_0",
    "ft-x:٣",
    "ft-:5",
    "ft-x\x00",
    "ft-x\x1b[31m",
    "ft-\ud800",
    "../ft-x",
    None,
    5,
    b"ft-x",
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_an_invalid_name_is_refused_before_any_request(client: Together, sim: Simulator, name: str) -> None:
    for call in (client.fine_tuning.download, client.fine_tuning.content):
        with pytest.raises(ValueError, match="expected") as caught:
            call(name)
        assert isinstance(caught.value, CheckpointNameError)
        assert "ft-..." in str(caught.value)
        assert str(caught.value).isprintable()
    assert sim.requests == []


@pytest.mark.parametrize("method", ["retrieve", "cancel", "delete", "list_events", "list_checkpoints"])
@pytest.mark.parametrize("name", ["abc", f"{LORA_JOB}:500", "ft-x/../y"])
def test_operations_on_a_job_refuse_a_step(client: Together, sim: Simulator, method: str, name: str) -> None:
    with pytest.raises(CheckpointNameError, match="expected"):
        getattr(client.fine_tuning, method)(name)
    assert sim.requests == []


@pytest.mark.parametrize("step", [-1, True, False, "500", 5.0, 2**63, 10**300, 10**5000, [], object()], ids=type)
def test_an_invalid_step_is_refused_before_any_request(client: Together, sim: Simulator, step: int) -> None:
    with pytest.raises(ValueError, match=r"checkpoint_step is .*: expected a whole number") as caught:
        client.fine_tuning.download(LORA_JOB, checkpoint_step=step)
    assert isinstance(caught.value, CheckpointNameError)
    assert len(str(caught.value)) < 200
    assert sim.requests == []


@pytest.mark.parametrize("name", ["ft-é", "ft-..", "ft-a?b=c", "ft-a#b", "ft-%2e%2e", "ft-a&checkpoint=adapter"])
def test_an_unusual_name_is_sent_unchanged(client: Together, sim: Simulator, folder: Path, name: str) -> None:
    sim.add_job(job_id=name, archive=b"\x1f\x8b" + bytes(30))
    client.fine_tuning.download(name)
    assert asked(sim) == [f"GET /fine-tunes/{name}", f"GET {DOWNLOAD_PATH}"]
    assert downloads(sim) == [{"ft_id": name, "checkpoint": "merged"}]
    assert len(list(folder.iterdir())) == 1


# Types ----------------------------------------------------------------------------------------------------------------

LORA = [
    ("default", "merged"),
    ("merged", "merged"),
    ("adapter", "adapter"),
    ("ADAPTER", "adapter"),
    ("Merged", "merged"),
    ("dEfAuLt", "merged"),
    (CheckpointType.DEFAULT, "merged"),
    (CheckpointType.MERGED, "merged"),
    (CheckpointType.ADAPTER, "adapter"),
    (Foreign.ADAPTER, "adapter"),
    (DownloadCheckpoint.ADAPTER, "adapter"),
]


@pytest.mark.parametrize(("wanted", "sent"), LORA, ids=str)
def test_a_lora_job_returns_the_requested_form(
    client: Together, sim: Simulator, folder: Path, wanted: CheckpointType, sent: str
) -> None:
    result = client.fine_tuning.download(LORA_JOB, checkpoint_type=wanted)
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint": sent}]
    assert result.checkpoint_type is CheckpointType(sent)
    assert result.checkpoint_step is None
    assert Path(result.filename).stem.removesuffix(".tar").endswith("-adapter") is (sent == "adapter")
    assert asked(sim) == [f"GET /fine-tunes/{LORA_JOB}", f"GET {DOWNLOAD_PATH}"]
    assert Path(result.filename).parent == folder


@pytest.mark.parametrize("wanted", ["default", "DEFAULT", CheckpointType.DEFAULT], ids=repr)
def test_a_full_job_gives_its_own_form(client: Together, sim: Simulator, folder: Path, wanted: CheckpointType) -> None:
    result = client.fine_tuning.download(FULL_JOB, checkpoint_type=wanted)
    assert downloads(sim) == [{"ft_id": FULL_JOB, "checkpoint": "model_output_path"}]
    assert result.checkpoint_type is CheckpointType.DEFAULT
    assert len(list(folder.iterdir())) == 1


def test_a_step_of_a_full_job_is_requested_with_both_parameters(client: Together, sim: Simulator, folder: Path) -> None:
    result = client.fine_tuning.download(f"{FULL_JOB}:100")
    assert downloads(sim) == [{"ft_id": FULL_JOB, "checkpoint_step": "100", "checkpoint": "model_output_path"}]
    assert "-checkpoint-100." in result.filename
    assert len(list(folder.iterdir())) == 1


def test_a_step_of_an_adapter_has_both_in_its_name(client: Together, sim: Simulator, folder: Path) -> None:
    result = client.fine_tuning.download(f"{LORA_JOB}:250", checkpoint_type="adapter")
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint_step": "250", "checkpoint": "adapter"}]
    assert result.filename.endswith("-checkpoint-250-adapter.tar.zst")
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("wanted", ["merged", "adapter", "ADAPTER", CheckpointType.MERGED, Foreign.ADAPTER], ids=repr)
@pytest.mark.parametrize("name", [FULL_JOB, f"{FULL_JOB}:100"], ids=["final", "step"])
def test_a_full_job_has_no_other_form(client: Together, sim: Simulator, name: str, wanted: CheckpointType) -> None:
    with pytest.raises(ValueError, match=r"full training job.*'default' is allowed") as caught:
        client.fine_tuning.download(name, checkpoint_type=wanted)
    assert isinstance(caught.value, CheckpointTypeError)
    assert asked(sim) == [f"GET /fine-tunes/{FULL_JOB}"]


@pytest.mark.parametrize(
    "wanted", ["", "lora", "model_output_path", " merged", "merged\n", None, 1, b"merged", Foreign.NUMBER], ids=repr
)
def test_an_unknown_type_is_refused_before_any_request(
    client: Together, sim: Simulator, wanted: CheckpointType
) -> None:
    with pytest.raises(ValueError, match="choose one of default, merged, adapter") as caught:
        client.fine_tuning.download(LORA_JOB, checkpoint_type=wanted)
    assert isinstance(caught.value, CheckpointTypeError)
    assert sim.requests == []


UNTOLD = [
    pytest.param({}, {"training_type"}, None, id="absent"),
    pytest.param({"training_type": None}, set(), None, id="null"),
    pytest.param({"training_type": {"type": "QLora9"}}, set(), "QLora9", id="unknown"),
    pytest.param({"training_type": {"type": "QLora9", "lora_r": 8}}, set(), "QLora9", id="unknown with a known field"),
    pytest.param({"training_type": {}}, set(), None, id="empty"),
    pytest.param({"training_type": {"type": None}}, set(), None, id="null inside"),
    pytest.param({"training_type": {"type": 5}}, set(), None, id="a number inside"),
    pytest.param({"training_type": "QLora9"}, set(), "QLora9", id="a string"),
    pytest.param({"training_type": []}, set(), None, id="a list"),
    pytest.param({"training_type": 7}, set(), None, id="a number"),
]


@pytest.mark.off_contract
@pytest.mark.parametrize(("overrides", "absent", "word"), UNTOLD)
def test_without_a_known_training_type_there_is_no_default(
    client: Together, sim: Simulator, overrides: dict[str, object], absent: set[str], word: str | None
) -> None:
    sim.job(LORA_JOB).overrides.update(overrides)
    sim.job(LORA_JOB).absent.update(absent)
    with pytest.raises(ValueError, match=r"pass the checkpoint type 'merged' or 'adapter'") as caught:
        client.fine_tuning.download(LORA_JOB)
    assert isinstance(caught.value, UnknownTrainingTypeError)
    assert (caught.value.job_id, caught.value.training_type) == (LORA_JOB, word)
    assert asked(sim) == [f"GET /fine-tunes/{LORA_JOB}"]


@pytest.mark.off_contract
@pytest.mark.parametrize(("overrides", "absent", "word"), UNTOLD)
def test_without_a_known_training_type_a_step_is_requested_alone(
    client: Together,
    sim: Simulator,
    folder: Path,
    overrides: dict[str, object],
    absent: set[str],
    word: str | None,
) -> None:
    del word
    sim.job(LORA_JOB).overrides.update(overrides)
    sim.job(LORA_JOB).absent.update(absent)
    result = client.fine_tuning.download(f"{LORA_JOB}:500")
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint_step": "500"}]
    assert (result.checkpoint_type, result.checkpoint_step) == ("default", 500)
    assert [path.name for path in folder.iterdir()] == [Path(result.filename).name]


@pytest.mark.parametrize("name", ["adapter_config.json", "config.json"])
def test_where_the_server_chooses_the_form_either_layout_is_extracted(
    client: Together, sim: Simulator, folder: Path, name: str
) -> None:
    sim.job(LORA_JOB).absent.add("training_type")
    sim.add_archive(LORA_JOB, pack({name: b"{}"}))
    result = client.fine_tuning.download(f"{LORA_JOB}:500", extract=True)
    assert result.files == (name,)
    assert [path.name for path in folder.iterdir()] == [Path(result.filename).name]


@pytest.mark.off_contract
@pytest.mark.parametrize(("overrides", "absent", "word"), UNTOLD)
@pytest.mark.parametrize("wanted", ["merged", "adapter"])
def test_without_a_known_training_type_the_given_form_is_sent(
    client: Together,
    sim: Simulator,
    folder: Path,
    overrides: dict[str, object],
    absent: set[str],
    word: str | None,
    wanted: CheckpointType,
) -> None:
    del word
    sim.job(LORA_JOB).overrides.update(overrides)
    sim.job(LORA_JOB).absent.update(absent)
    result = client.fine_tuning.download(LORA_JOB, checkpoint_type=wanted)
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint": wanted}]
    assert result.checkpoint_type == wanted
    assert len(list(folder.iterdir())) == 1


@pytest.mark.off_contract
@pytest.mark.parametrize(
    ("training_type", "sent"),
    [
        ({"type": "lora"}, "merged"),
        ({"type": "LORA", "lora_r": 8}, "merged"),
        ({"type": "Lora"}, "merged"),
        ({"type": "Lora", "lora_r": None, "novel": {"a": 1}}, "merged"),
        ("Lora", "merged"),
    ],
    ids=str,
)
def test_a_training_type_is_recognized_in_any_spelling(
    client: Together, sim: Simulator, folder: Path, training_type: object, sent: str
) -> None:
    sim.job(LORA_JOB).overrides["training_type"] = training_type
    client.fine_tuning.download(LORA_JOB)
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint": sent}]
    assert len(list(folder.iterdir())) == 1


@pytest.mark.off_contract
@pytest.mark.parametrize("training_type", [{"type": "full"}, {"type": "FULL", "novel": 1}, "Full"], ids=str)
def test_full_training_is_recognized_in_any_spelling(
    client: Together, sim: Simulator, folder: Path, training_type: object
) -> None:
    sim.job(FULL_JOB).overrides["training_type"] = training_type
    client.fine_tuning.download(FULL_JOB)
    assert downloads(sim) == [{"ft_id": FULL_JOB, "checkpoint": "model_output_path"}]
    assert len(list(folder.iterdir())) == 1


# States ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("pending", "wait"),
        ("queued", "wait"),
        ("running", "wait"),
        ("Running", "wait"),
        ("compressing", "wait"),
        ("uploading", "wait"),
        ("cancel_requested", "wait"),
        ("cancelled", "download one of its checkpoints"),
        ("error", "download one of its checkpoints"),
        ("user_error", "download one of its checkpoints"),
    ],
)
def test_missing_final_weights_are_not_requested(client: Together, sim: Simulator, status: str, advice: str) -> None:
    sim.job(LORA_JOB).overrides["status"] = status
    with pytest.raises(ValueError, match=rf"has no final weights.*{advice}") as caught:
        client.fine_tuning.download(LORA_JOB)
    assert isinstance(caught.value, JobNotReadyError)
    assert (caught.value.job_id, caught.value.status) == (LORA_JOB, status.lower())
    assert caught.value.ended is (advice != "wait")
    assert (status.lower() in str(caught.value)) or caught.value.ended
    assert downloads(sim) == []
    assert len(asked(sim)) == 1 + caught.value.ended


def test_a_checkpoint_of_an_unfinished_job_is_requested(client: Together, sim: Simulator, folder: Path) -> None:
    result = client.fine_tuning.download(f"{RUNNING_JOB}:200")
    assert result.checkpoint_step == 200
    assert downloads(sim) == [{"ft_id": RUNNING_JOB, "checkpoint_step": "200", "checkpoint": "merged"}]
    assert len(list(folder.iterdir())) == 1


@pytest.mark.off_contract
@pytest.mark.parametrize("status", ["archiving", "", None, 5, "absent"], ids=repr)
def test_a_missing_or_unknown_status_lets_the_server_decide(
    client: Together, sim: Simulator, folder: Path, status: object
) -> None:
    job = sim.job(LORA_JOB)
    if status == "absent":
        job.absent.add("status")
    else:
        job.overrides["status"] = status
    assert client.fine_tuning.download(LORA_JOB).size == 100
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint": "merged"}]
    assert len(list(folder.iterdir())) == 1


def test_the_error_of_the_server_for_an_unknown_status_is_raised(client: Together, sim: Simulator) -> None:
    job_id = sim.add_job(status="archiving")
    with pytest.raises(BadRequestError, match="archiving: it has no final weights"):
        client.fine_tuning.download(job_id)


@pytest.mark.parametrize(
    ("status", "state"), [("error", "failed"), ("user_error", "failed"), ("cancelled", "was cancelled")]
)
def test_the_error_for_a_failed_job_lists_its_checkpoints(
    client: Together, sim: Simulator, folder: Path, status: str, state: str
) -> None:
    sim.job(LORA_JOB).overrides["status"] = status
    listed = {"data": [{"step": step, "checkpoint_type": "Intermediate"} for step in (100, 200)]}
    path = f"/fine-tunes/{LORA_JOB}/checkpoints"
    sim.script(Fault(path=path, status=200, body=json.dumps(listed).encode()))
    messages = []
    for available in ((f"{LORA_JOB}:100", f"{LORA_JOB}:200"), (), None):
        with pytest.raises(JobNotReadyError) as caught:
            client.fine_tuning.download(LORA_JOB)
        assert (caught.value.status, set(caught.value.available or ())) == (status, set(available or ()))
        messages.append(str(caught.value))
        sim.faults.clear()
        broken = Fault(path=path, status=500, times=None)
        sim.script(broken if available == () else Fault(path=path, status=200, body=b'{"data": []}'))
    assert messages[0].startswith(
        f"{LORA_JOB} {state}, so it has no final weights; download one of its checkpoints: ft-"
    )
    assert messages[1] == f"{LORA_JOB} {state}, so it has no final weights; it has no checkpoints either"
    assert messages[2].endswith(f"; download one of its checkpoints: {LORA_JOB}:<step>")
    assert downloads(sim) == []
    assert list(folder.iterdir()) == []


# Steps that do not exist ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [None, 400])
def test_the_error_for_a_missing_step_lists_the_existing_ones(
    client: Together, sim: Simulator, folder: Path, refusal: int | None
) -> None:
    if refusal is not None:
        sim.script(Fault(status=refusal, body=b"no"))
    with pytest.raises(ValueError, match=r"no checkpoint at step 123: .* 250, 500, 750, 1000") as caught:
        client.fine_tuning.download(f"{LORA_JOB}:123")
    error = caught.value
    assert isinstance(error, CheckpointNotFoundError)
    assert (error.job_id, error.step, error.available) == (LORA_JOB, 123, (250, 500, 750, 1000))
    # The list is asked for only after the refusal.
    assert asked(sim)[-2:] == [f"GET {DOWNLOAD_PATH}", f"GET /fine-tunes/{LORA_JOB}/checkpoints"]
    assert list(folder.iterdir()) == []


def test_a_job_without_checkpoints_is_reported(client: Together, sim: Simulator, folder: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match="it has no checkpoints") as caught:
        client.fine_tuning.download(f"{FAILED_JOB}:500")
    assert caught.value.available == ()
    assert list(folder.iterdir()) == []
    assert sim.requests


def test_the_server_error_is_raised_for_a_listed_step(client: Together, sim: Simulator) -> None:
    sim.script(Fault(status=404, body=b'{"error": {"message": "it is being moved"}}'))
    with pytest.raises(NotFoundError, match="it is being moved"):
        client.fine_tuning.download(f"{LORA_JOB}:500")
    assert asked(sim)[-1] == f"GET /fine-tunes/{LORA_JOB}/checkpoints"


@pytest.mark.parametrize("trouble", [{"status": 403}, {"drop": True}, {"status": 200, "body": b"<html>"}], ids=str)
def test_the_server_error_is_raised_if_the_list_is_unavailable(
    client: Together, sim: Simulator, trouble: dict[str, object]
) -> None:
    sim.script(Fault(path=f"/fine-tunes/{LORA_JOB}/checkpoints", times=None, **trouble))  # type: ignore[arg-type]
    with pytest.raises(NotFoundError, match="no checkpoint at step 123"):
        client.fine_tuning.download(f"{LORA_JOB}:123")


def test_without_a_step_the_list_is_not_requested(client: Together, sim: Simulator) -> None:
    sim.script(Fault(status=404, body=b"gone"))
    with pytest.raises(NotFoundError, match="gone"):
        client.fine_tuning.download(LORA_JOB)
    assert asked(sim) == [f"GET /fine-tunes/{LORA_JOB}", f"GET {DOWNLOAD_PATH}"]


@pytest.mark.parametrize("status", [401, 403, 422])
def test_other_errors_do_not_request_the_list(client: Together, sim: Simulator, status: int) -> None:
    sim.script(Fault(status=status))
    with pytest.raises(ApiStatusError) as caught:
        client.fine_tuning.download(f"{LORA_JOB}:123")
    assert caught.value.status == status
    assert asked(sim)[-1] == f"GET {DOWNLOAD_PATH}"


def test_a_missing_job_is_not_found_and_nothing_is_downloaded(client: Together, sim: Simulator) -> None:
    with pytest.raises(NotFoundError, match=r"could not retrieve ft-none: .*not found"):
        client.fine_tuning.download("ft-none:5")
    assert asked(sim) == ["GET /fine-tunes/ft-none"]


# The other arguments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [0, -1, 65, True, "8", 1.5], ids=repr)
def test_an_invalid_number_of_connections_is_refused_before_any_request(
    client: Together, sim: Simulator, connections: int
) -> None:
    with pytest.raises(RuleError, match="from 1 to 64"):
        client.fine_tuning.download(LORA_JOB, connections=connections)
    assert sim.requests == []


@pytest.mark.parametrize("output", ["", b"", "a\0b", 5, ["x"]], ids=repr)
def test_an_empty_output_is_refused_before_any_request(client: Together, sim: Simulator, output: str) -> None:
    with pytest.raises(RuleError, match="expected a path"):
        client.fine_tuning.download(LORA_JOB, output=output)
    assert sim.requests == []


# The final weights and the checkpoint of the same step ----------------------------------------------------------------


def test_every_listed_name_can_be_downloaded(client: Together, sim: Simulator, folder: Path) -> None:
    for checkpoint in client.fine_tuning.list_checkpoints(DPO_JOB):
        result = client.fine_tuning.download(checkpoint.name, checkpoint_type="adapter")
        assert result.id == DPO_JOB
    assert downloads(sim) == [
        {"ft_id": DPO_JOB, "checkpoint": "adapter"},
        {"ft_id": DPO_JOB, "checkpoint_step": "60", "checkpoint": "adapter"},
    ]
    assert len(list(folder.iterdir())) == 2


def test_a_successful_download_logs_nothing(
    world: World, sim: Simulator, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="together_ext"):
        world.client().fine_tuning.download(LORA_JOB)
    assert [record for record in caplog.records if record.name.startswith("together_ext")] == []
    assert len(list(folder.iterdir())) == 1
    assert sim.requests
