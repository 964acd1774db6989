"""A job's events and checkpoints, from servers old and new."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from together_generated.api.fine_tuning import list_fine_tune_checkpoints, list_fine_tune_events
from together_generated.models.fine_tune_checkpoint import FineTuneCheckpoint
from together_generated.models.fine_tune_event import FineTuneEvent
from together_generated.models.finetune_event_levels import FinetuneEventLevels
from together_generated.models.finetune_event_type import FinetuneEventType
from together_generated.models.finetune_list_checkpoints import FinetuneListCheckpoints
from together_generated.models.finetune_list_events import FinetuneListEvents
from together_generated.types import UNSET, Unset

from .conftest import Api
from .payloads import CHECKPOINT_SAVE, CHECKPOINTS, JOB_START, LORA_ID
from .semantics import Json, meaning

LEVELS = ["info", "warning", "error", "legacy_info", "legacy_iwarning", "legacy_ierror"]


def events_of(api: Api, *payloads: dict[str, Json]) -> list[FineTuneEvent]:
    """The events that the server sent, after proof that they write back as they came."""
    api.answer({"data": payloads})
    answer = api.call(list_fine_tune_events, LORA_ID, client=api.client)
    assert meaning(answer.to_dict()) == meaning({"data": payloads})
    assert isinstance(answer.data, list)
    events = [event for event in answer.data if isinstance(event, FineTuneEvent)]
    assert len(events) == len(payloads)
    return events


def checkpoints_of(api: Api, *payloads: dict[str, Json]) -> list[FineTuneCheckpoint]:
    """The checkpoints that the server sent, after proof that they write back as they came."""
    api.answer({"data": payloads})
    answer = api.call(list_fine_tune_checkpoints, LORA_ID, client=api.client)
    assert meaning(answer.to_dict()) == meaning({"data": payloads})
    assert isinstance(answer.data, list)
    checkpoints = [checkpoint for checkpoint in answer.data if isinstance(checkpoint, FineTuneCheckpoint)]
    assert len(checkpoints) == len(payloads)
    return checkpoints


# Events ---------------------------------------------------------------------------------------------------------


def test_events_are_read_with_their_types(api: Api) -> None:
    start, save = events_of(api, JOB_START, CHECKPOINT_SAVE)

    assert start.type_ is FinetuneEventType.JOB_START
    assert start.level is FinetuneEventLevels.INFO
    assert start.object_ == "fine-tune-event"
    assert start.created_at == "2026-04-27T08:15:31.250Z"
    assert (start.hash_, start.wandb_url) == ("", "")
    assert save.type_ is FinetuneEventType.CHECKPOINT_SAVE
    assert save.level is FinetuneEventLevels.LEGACY_INFO
    assert (save.step, save.total_steps, save.training_offset) == (500, 1500, 12_288)
    assert save.checkpoint_path == "s3://together-dev/finetune/support-bot/step_500"
    assert save.hash_ == "3b1f7f0de2"


def test_the_payloads_leave_no_field_of_an_event_out() -> None:
    event = FineTuneEvent.from_dict(CHECKPOINT_SAVE)
    absent = [field.name for field in attrs.fields(FineTuneEvent) if isinstance(getattr(event, field.name), Unset)]
    assert (absent, event.additional_keys) == ([], [])


@pytest.mark.parametrize("kind", [member.value for member in FinetuneEventType])
def test_a_known_event_type_is_a_member(api: Api, kind: str) -> None:
    (event,) = events_of(api, {"type": kind})
    assert isinstance(event.type_, FinetuneEventType)
    assert event.type_ == kind


@pytest.mark.parametrize("kind", ["JOB_START", "solar_flare", ""])
def test_any_other_event_type_is_the_plain_string(api: Api, kind: str) -> None:
    """Older servers write the types in upper case."""
    (event,) = events_of(api, {**JOB_START, "type": kind})
    assert (event.type_, type(event.type_)) == (kind, str)


@pytest.mark.parametrize("level", LEVELS)
def test_a_known_level_is_a_member(api: Api, level: str) -> None:
    (event,) = events_of(api, {**JOB_START, "level": level})
    assert isinstance(event.level, FinetuneEventLevels)
    assert event.level == level


def test_no_level_is_known_that_these_tests_do_not_know() -> None:
    assert set(FinetuneEventLevels) == set(LEVELS)


@pytest.mark.parametrize("level", [None, "", "INFO", "purple"])
def test_any_other_level_is_the_plain_string(api: Api, level: str | None) -> None:
    (event,) = events_of(api, {**JOB_START, "level": level})
    assert (event.level, type(event.level)) == (level, type(level))


def test_an_event_may_have_no_level(api: Api) -> None:
    (event,) = events_of(api, {name: value for name, value in JOB_START.items() if name != "level"})
    assert event.level is UNSET


def test_an_event_may_be_empty_or_all_null(api: Api) -> None:
    empty, null = events_of(api, {}, dict.fromkeys(JOB_START))
    assert (empty.message, null.message) == (UNSET, None)


def test_unknown_fields_of_an_event_are_kept(api: Api) -> None:
    (event,) = events_of(api, {**JOB_START, "node": {"gpu": "H200", "count": 8}, "type_": "not the type"})
    assert event.type_ is FinetuneEventType.JOB_START
    assert event.additional_properties == {"node": {"gpu": "H200", "count": 8}, "type_": "not the type"}


# Checkpoints ----------------------------------------------------------------------------------------------------


def test_checkpoints_of_old_and_new_servers_are_read_with_their_types(api: Api) -> None:
    old, bare, new = checkpoints_of(api, *CHECKPOINTS)

    assert (old.step, type(old.step), old.checkpoint_type) == (500, int, "Intermediate")
    assert old.created_at == "2026-04-27T09:02:11.004Z"
    assert old.path == "s3://together-dev/finetune/support-bot/step_500"
    assert (old.checkpoint, old.object_id) == (UNSET, UNSET)
    assert (bare.step, bare.created_at, bare.checkpoint_type, bare.path) == (1000, None, None, "")
    assert (new.step, new.checkpoint_type, new.checkpoint) == (1500, "Final", "adapter")
    assert (new.object_id, new.object_revision_id) == ("ml-0198c1aa", "mlrev-0198c1ab")
    assert new.object_name == "acme/Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d"


def test_the_payloads_leave_no_field_of_a_checkpoint_out() -> None:
    checkpoint = FineTuneCheckpoint.from_dict(CHECKPOINTS[-1])
    fields = attrs.fields(FineTuneCheckpoint)
    absent = [field.name for field in fields if isinstance(getattr(checkpoint, field.name), Unset)]
    assert (absent, checkpoint.additional_keys) == ([], [])


@pytest.mark.parametrize("form", ["model", "adapter", "quantized"])
def test_the_form_of_a_checkpoint_is_the_label_of_the_server(api: Api, form: str) -> None:
    (checkpoint,) = checkpoints_of(api, {"step": 500, "checkpoint": form})
    assert checkpoint.checkpoint == form


def test_unknown_fields_of_a_checkpoint_are_kept(api: Api) -> None:
    (checkpoint,) = checkpoints_of(api, {**CHECKPOINTS[0], "size": 16_060_522_496})
    assert checkpoint["size"] == 16_060_522_496


def _events(api: Api) -> FinetuneListEvents:
    return api.call(list_fine_tune_events, LORA_ID, client=api.client)


def _checkpoints(api: Api) -> FinetuneListCheckpoints:
    return api.call(list_fine_tune_checkpoints, LORA_ID, client=api.client)


@pytest.mark.parametrize("fetch", [_events, _checkpoints], ids=["events", "checkpoints"])
@pytest.mark.parametrize(
    ("document", "data"), [({"data": []}, []), ({"data": None}, None), ({}, UNSET)], ids=["empty", "null", "absent"]
)
def test_a_job_without_any_has_an_empty_null_or_absent_list(
    api: Api,
    fetch: Callable[[Api], FinetuneListEvents | FinetuneListCheckpoints],
    document: dict[str, Json],
    data: object,
) -> None:
    api.answer(document)
    answer = fetch(api)
    assert (answer.data, answer.to_dict()) == (data, document)


# Odd items ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [{"checkpoint_type": "Final"}, {}, None, [], "500", 7], ids=repr)
def test_one_invalid_checkpoint_does_not_affect_the_others(api: Api, odd: Json) -> None:
    """It is returned as sent: without a step it is not a checkpoint."""
    payload: dict[str, Json] = {"data": [CHECKPOINTS[0], odd, CHECKPOINTS[-1]]}
    api.answer(payload)
    answer = _checkpoints(api)
    assert isinstance(answer.data, list)
    items: list[object] = [*answer.data]
    first, middle, last = items
    assert isinstance(first, FineTuneCheckpoint)
    assert isinstance(last, FineTuneCheckpoint)
    assert middle == odd
    assert meaning(answer.to_dict()) == meaning(payload)


def test_a_list_of_invalid_checkpoints_is_kept_as_sent(api: Api) -> None:
    payload: dict[str, Json] = {"data": [{"path": "s3://one"}, {"path": "s3://two"}]}
    api.answer(payload)
    answer = _checkpoints(api)
    assert answer.to_dict() == payload
    assert not [item for item in answer.data or [] if isinstance(item, FineTuneCheckpoint)]
