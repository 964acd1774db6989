"""What a type checker is told: generated code parses more than it admits, so a narrow annotation would be a lie."""

from __future__ import annotations

import inspect
from types import ModuleType

import attrs
import pytest

from together_generated import AuthenticatedClient
from together_generated.api.fine_tuning import (
    cancel_fine_tune,
    create_fine_tune,
    delete_fine_tune,
    download_fine_tune,
    list_fine_tune_checkpoints,
    list_fine_tune_events,
    list_fine_tunes,
    retrieve_fine_tune,
)
from together_generated.models.fine_tune_checkpoint import FineTuneCheckpoint
from together_generated.models.fine_tune_event import FineTuneEvent
from together_generated.models.finetune_response import FinetuneResponse
from together_generated.models.finetune_response_truncated import FinetuneResponseTruncated
from together_generated.models.lr_scheduler import LRScheduler

JOBS = (FinetuneResponse, FinetuneResponseTruncated)
MAY_BE_ANY_STRING = [
    *((job, name) for job in JOBS for name in ("status", "batch_size", "created_at", "updated_at", "started_at")),
    (FinetuneResponse, "train_on_inputs"),
    (FineTuneEvent, "level"),
    (FineTuneEvent, "type_"),
    (FineTuneCheckpoint, "checkpoint_type"),
    (FineTuneCheckpoint, "checkpoint"),
    (LRScheduler, "lr_scheduler_type"),
]
MAY_BE_OF_AN_UNKNOWN_KIND = [
    *((job, name) for job in JOBS for name in ("training_type", "training_method", "lr_scheduler", "progress")),
    (LRScheduler, "lr_scheduler_args"),
]


def members(model: type, field: str) -> set[str]:
    """The members of a field's union, as the source spells them."""
    return set(inspect.get_annotations(model)[field].split(" | "))


@pytest.mark.parametrize(("model", "field"), MAY_BE_ANY_STRING)
def test_a_set_that_the_server_may_extend_admits_any_string(model: type, field: str) -> None:
    assert "str" in members(model, field)


@pytest.mark.parametrize(("model", "field"), MAY_BE_OF_AN_UNKNOWN_KIND)
def test_a_union_of_objects_admits_an_unknown_kind(model: type, field: str) -> None:
    assert "UnknownObject" in members(model, field)


@pytest.mark.parametrize("model", [*JOBS, FineTuneEvent, FineTuneCheckpoint])
def test_every_field_of_a_response_but_its_id_may_be_null_or_absent(model: type) -> None:
    fields = [field.name for field in attrs.fields(model) if field.name not in {"id", "step", "additional_properties"}]
    assert [name for name in fields if not {"None", "Unset"} <= members(model, name)] == []


@pytest.mark.parametrize(
    "endpoint",
    [
        cancel_fine_tune,
        create_fine_tune,
        delete_fine_tune,
        download_fine_tune,
        list_fine_tune_checkpoints,
        list_fine_tune_events,
        list_fine_tunes,
        retrieve_fine_tune,
    ],
)
@pytest.mark.parametrize("entry_point", ["sync", "sync_detailed", "asyncio", "asyncio_detailed"])
def test_no_function_takes_a_client_without_a_key(endpoint: ModuleType, entry_point: str) -> None:
    client = inspect.signature(getattr(endpoint, entry_point)).parameters["client"]
    assert client.annotation is AuthenticatedClient
