"""Jobs as the service sends them: every field with its type, and nothing lost on the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeAlias

import attrs
import pytest

from together_generated.api.fine_tuning import (
    cancel_fine_tune,
    create_fine_tune,
    list_fine_tunes,
    retrieve_fine_tune,
)
from together_generated.models.batch_size_max import BatchSizeMax
from together_generated.models.cosine_lr_scheduler_args import CosineLRSchedulerArgs
from together_generated.models.fine_tune_event import FineTuneEvent
from together_generated.models.fine_tune_progress import FineTuneProgress
from together_generated.models.finetune_create_request import FinetuneCreateRequest
from together_generated.models.finetune_event_type import FinetuneEventType
from together_generated.models.finetune_job_status import FinetuneJobStatus
from together_generated.models.finetune_response import FinetuneResponse
from together_generated.models.finetune_response_truncated import FinetuneResponseTruncated
from together_generated.models.finetune_truncated_list import FinetuneTruncatedList
from together_generated.models.full_training_type import FullTrainingType
from together_generated.models.linear_lr_scheduler_args import LinearLRSchedulerArgs
from together_generated.models.lo_ra_training_type import LoRATrainingType
from together_generated.models.lr_scheduler import LRScheduler
from together_generated.models.lr_scheduler_type import LRSchedulerType
from together_generated.models.multimodal_params import MultimodalParams
from together_generated.models.train_on_inputs_auto import TrainOnInputsAuto
from together_generated.models.training_method_dpo import TrainingMethodDPO
from together_generated.models.training_method_sft import TrainingMethodSFT
from together_generated.models.unknown_object import UnknownObject
from together_generated.types import UNSET, Unset

from .conftest import Api
from .payloads import FULL_ID, FULL_JOB, LORA_ID, LORA_JOB, ODD_JOB, SHORT_JOB
from .semantics import Json, meaning

Job: TypeAlias = FinetuneResponse | FinetuneResponseTruncated


def retrieved(api: Api, payload: dict[str, Json]) -> FinetuneResponse:
    """The job that the server sent in its full form, after proof that it writes back as it came."""
    api.answer(payload)
    job = api.call(retrieve_fine_tune, LORA_ID, client=api.client)
    assert meaning(job.to_dict()) == meaning(payload)
    return job


def created(api: Api, payload: dict[str, Json]) -> FinetuneResponseTruncated:
    """The job that the server sent after a creation."""
    api.answer(payload)
    body = FinetuneCreateRequest(training_file="file-1", model="m")
    job = api.call(create_fine_tune, client=api.client, body=body)
    assert meaning(job.to_dict()) == meaning(payload)
    return job


def cancelled(api: Api, payload: dict[str, Json]) -> FinetuneResponseTruncated:
    """The job that the server sent after a cancellation."""
    api.answer(payload)
    job = api.call(cancel_fine_tune, LORA_ID, client=api.client)
    assert meaning(job.to_dict()) == meaning(payload)
    return job


def listed(api: Api, *payloads: Json) -> FinetuneTruncatedList:
    """The list of jobs that the server sent."""
    api.answer({"data": payloads})
    jobs = api.call(list_fine_tunes, client=api.client)
    assert meaning(jobs.to_dict()) == meaning({"data": payloads})
    return jobs


def listed_alone(api: Api, payload: dict[str, Json]) -> FinetuneResponseTruncated:
    """The job that the server sent as a list of one."""
    jobs = listed(api, payload).data
    assert isinstance(jobs, list)
    (job,) = jobs
    assert isinstance(job, FinetuneResponseTruncated)
    return job


@pytest.fixture(params=[retrieved, listed_alone])
def read(request: pytest.FixtureRequest, api: Api) -> Callable[[dict[str, Json]], Job]:
    """Send a job's fields to the client in each of the two forms a job has, and get what it makes of them."""

    def read(fields: dict[str, Json]) -> Job:
        job: Job = request.param(api, {"id": LORA_ID, **fields})
        return job

    return read


Read: TypeAlias = Callable[[dict[str, Json]], Job]


# Whole jobs -----------------------------------------------------------------------------------------------------


def test_a_lora_job_is_read_with_its_types(api: Api) -> None:
    job = retrieved(api, LORA_JOB)

    assert job.id == LORA_ID
    assert job.status is FinetuneJobStatus.COMPLETED
    assert job.model_output_name == "acme/Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d"
    assert job.model_output_path == "s3://together-dev/finetune/support-bot/final"
    assert job.created_at == datetime(2026, 4, 27, 8, 14, 2, 117_000, tzinfo=UTC)
    assert job.updated_at == datetime(2026, 4, 27, 10, 31, 55, 902_834, tzinfo=UTC)
    assert job.started_at == datetime(2026, 4, 27, 8, 15, 31, tzinfo=UTC)
    assert job.batch_size is BatchSizeMax.MAX
    assert job.train_on_inputs is TrainOnInputsAuto.AUTO
    assert (job.total_price, type(job.total_price)) == (4.53, float)
    assert (job.trainingfile_size, type(job.trainingfile_size)) == (9_871_022, int)
    assert isinstance(job.training_type, LoRATrainingType)
    assert (job.training_type.lora_r, job.training_type.lora_alpha) == (64, 128)
    assert job.training_type.lora_dropout == 0.05
    assert job.training_type.lora_trainable_modules == "q_proj,k_proj,v_proj,o_proj"
    assert isinstance(job.training_method, TrainingMethodSFT)
    assert job.training_method.train_on_inputs is TrainOnInputsAuto.AUTO
    assert isinstance(job.multimodal_params, MultimodalParams)
    assert job.multimodal_params.train_vision is False
    assert isinstance(job.progress, FineTuneProgress)
    assert (job.progress.estimate_available, job.progress.seconds_remaining) == (True, 12.5)
    assert isinstance(job.events, list)
    start, save = job.events
    assert isinstance(start, FineTuneEvent)
    assert isinstance(save, FineTuneEvent)
    assert (start.type_, save.type_) == (FinetuneEventType.JOB_START, FinetuneEventType.CHECKPOINT_SAVE)
    assert (save.step, save.param_count) == (500, 8_030_261_248)


def test_a_full_job_is_read_with_its_types(api: Api) -> None:
    job = retrieved(api, FULL_JOB)

    assert job.id == FULL_ID
    assert job.status is FinetuneJobStatus.RUNNING
    assert job.created_at == datetime(2026, 4, 20, 22, tzinfo=timezone(timedelta(hours=2)))
    assert job.updated_at == datetime(2026, 4, 21, 3, 12, 44, 500_000, tzinfo=UTC)
    assert (job.batch_size, type(job.batch_size)) == (16, int)
    assert job.total_price == 1500
    assert job.train_on_inputs is False
    assert job.validation_file is None
    assert job.started_at is UNSET
    assert job.model_output_path is UNSET
    assert job.events == []
    assert isinstance(job.training_type, FullTrainingType)
    assert isinstance(job.training_method, TrainingMethodDPO)
    assert (job.training_method.dpo_beta, job.training_method.rpo_alpha) == (0.1, None)
    assert job.training_method.dpo_normalize_logratios_by_length is False
    assert job.training_method.dpo_reference_free is True
    assert job.training_method.simpo_gamma == 0.5


@pytest.mark.parametrize("receive", [created, cancelled, listed_alone])
def test_a_job_in_its_short_form_is_read_with_its_types(
    api: Api, receive: Callable[[Api, dict[str, Json]], FinetuneResponseTruncated]
) -> None:
    job = receive(api, SHORT_JOB)

    assert job.id == LORA_ID
    assert job.status is FinetuneJobStatus.QUEUED
    assert job.created_at == datetime(2026, 4, 27, 8, 14, 2, 117_000, tzinfo=UTC)
    assert job.started_at is None
    assert (job.total_price, job.token_count) == (0.75, 850_000)
    assert (job.packing, job.max_seq_length, job.random_seed) == (True, 8192, 42)
    assert (job.suffix, job.validation_file) == ("support-bot", "")
    assert (job.batch_size, type(job.batch_size)) == (8, int)
    assert isinstance(job.training_type, LoRATrainingType)
    assert (job.training_type.lora_r, job.training_type.lora_dropout) == (8, UNSET)
    assert isinstance(job.training_method, TrainingMethodSFT)
    assert job.training_method.train_on_inputs is False
    assert isinstance(job.lr_scheduler, LRScheduler)
    assert job.lr_scheduler.lr_scheduler_args is None
    assert job.progress is None
    assert isinstance(job.events, list)
    assert [event.type_ for event in job.events if isinstance(event, FineTuneEvent)] == [FinetuneEventType.JOB_START]


@pytest.mark.parametrize(
    ("model", "payload"), [(FinetuneResponse, LORA_JOB), (FinetuneResponseTruncated, SHORT_JOB)], ids=["full", "short"]
)
def test_the_payloads_leave_no_field_of_a_job_out(model: type[Job], payload: dict[str, Json]) -> None:
    """So that a field added to the specification is also added to these tests."""
    job = model.from_dict(payload)
    absent = [field.name for field in attrs.fields(model) if isinstance(getattr(job, field.name), Unset)]
    assert (absent, job.additional_keys) == ([], [])


def test_a_job_of_nothing_but_its_id_is_read(read: Read) -> None:
    job = read({})
    set_fields = [field.name for field in attrs.fields(type(job)) if not isinstance(getattr(job, field.name), Unset)]
    assert set_fields == ["id", "additional_properties"]


@pytest.mark.parametrize(
    ("receive", "payload"), [(retrieved, LORA_JOB), (created, SHORT_JOB)], ids=["full form", "short form"]
)
def test_a_job_with_null_in_every_field_is_read(
    api: Api, receive: Callable[[Api, dict[str, Json]], Job], payload: dict[str, Json]
) -> None:
    job = receive(api, {**dict.fromkeys(payload), "id": LORA_ID})
    assert {getattr(job, name) for name in payload if name != "id"} == {None}


def test_unknown_fields_are_kept(read: Read) -> None:
    job = read({"carbon_grams": 812.5, "owners": [{"id": "u-1"}], "additional_properties": {"a": None}})
    assert job.additional_properties == {
        "carbon_grams": 812.5,
        "owners": [{"id": "u-1"}],
        "additional_properties": {"a": None},
    }


def test_unknown_fields_are_kept_in_nested_objects(read: Read) -> None:
    job = read(
        {
            "training_type": {"type": "Lora", "lora_r": 8, "use_dora": True},
            "training_method": {"method": "dpo", "dpo_beta": 0.1, "loss": "ipo"},
            "progress": {"estimate_available": True, "stage": "training"},
        }
    )
    assert isinstance(job.training_type, LoRATrainingType)
    assert job.training_type["use_dora"] is True
    assert isinstance(job.training_method, TrainingMethodDPO)
    assert job.training_method["loss"] == "ipo"
    assert isinstance(job.progress, FineTuneProgress)
    assert job.progress["stage"] == "training"


# One field at a time --------------------------------------------------------------------------------------------

STATUSES = [
    "pending",
    "queued",
    "running",
    "compressing",
    "uploading",
    "cancel_requested",
    "cancelled",
    "error",
    "user_error",
    "completed",
]


@pytest.mark.parametrize("status", STATUSES)
def test_a_known_status_is_a_member_and_also_its_string(read: Read, status: str) -> None:
    job = read({"status": status})
    assert isinstance(job.status, FinetuneJobStatus)
    assert job.status == status


def test_no_status_is_known_that_these_tests_do_not_know() -> None:
    assert set(FinetuneJobStatus) == set(STATUSES)


@pytest.mark.parametrize("status", ["hibernating", "COMPLETED", "failed", ""])
def test_an_unknown_status_is_the_plain_string(read: Read, status: str) -> None:
    job = read({"status": status})
    assert (job.status, type(job.status)) == (status, str)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-04-27T08:14:02Z", datetime(2026, 4, 27, 8, 14, 2, tzinfo=UTC)),
        ("2026-04-27T08:14:02.1Z", datetime(2026, 4, 27, 8, 14, 2, 100_000, tzinfo=UTC)),
        ("2026-04-27T08:14:02.117Z", datetime(2026, 4, 27, 8, 14, 2, 117_000, tzinfo=UTC)),
        ("2026-04-27T08:14:02.117304Z", datetime(2026, 4, 27, 8, 14, 2, 117_304, tzinfo=UTC)),
        ("2026-04-27T08:14:02.117304000Z", datetime(2026, 4, 27, 8, 14, 2, 117_304, tzinfo=UTC)),
        ("2026-04-27T08:14:02.117-07:00", datetime(2026, 4, 27, 15, 14, 2, 117_000, tzinfo=UTC)),
        ("2026-04-27 08:14:02+00:00", datetime(2026, 4, 27, 8, 14, 2, tzinfo=UTC)),
    ],
)
def test_a_date_is_an_aware_datetime(read: Read, text: str, moment: datetime) -> None:
    job = read({"created_at": text, "updated_at": text, "started_at": text})
    assert (job.created_at, job.updated_at, job.started_at) == (moment, moment, moment)


@pytest.mark.parametrize("text", ["last Tuesday", "", "2026-13-45T99:00:00Z", "1777277642", "0000-00-00"])
def test_an_invalid_date_is_the_plain_string(read: Read, text: str) -> None:
    job = read({"created_at": text, "updated_at": text, "started_at": text})
    assert [job.created_at, job.updated_at, job.started_at] == [text] * 3


def test_a_date_finer_than_a_microsecond_is_cut_to_it(api: Api) -> None:
    """The one value that is not written back unchanged: a datetime has no more digits."""
    api.answer({"id": LORA_ID, "created_at": "2026-04-27T08:14:02.117304569Z"})
    job = api.call(retrieve_fine_tune, LORA_ID, client=api.client)
    assert job.created_at == datetime(2026, 4, 27, 8, 14, 2, 117_304, tzinfo=UTC)


def test_a_date_without_an_offset_is_a_naive_datetime(read: Read) -> None:
    """The client does not guess an offset; code that compares dates must handle that."""
    job = read({"created_at": "2026-04-27T08:14:02"})
    assert job.created_at == datetime(2026, 4, 27, 8, 14, 2)  # noqa: DTZ001 -- that it is naive is the point


@pytest.mark.parametrize(
    ("sent", "read_as", "kind"),
    [(32, 32, int), ("max", BatchSizeMax.MAX, BatchSizeMax), ("tiny", "tiny", str), (None, None, type(None))],
)
def test_a_batch_size_is_a_number_or_max_or_a_string(read: Read, sent: Json, read_as: object, kind: type) -> None:
    job = read({"batch_size": sent})
    assert (job.batch_size, type(job.batch_size)) == (read_as, kind)


@pytest.mark.parametrize("price", [0, 1500, 4.53, 0.0001])
def test_a_price_may_have_a_fraction(read: Read, price: float) -> None:
    job = read({"total_price": price})
    assert (job.total_price, type(job.total_price)) == (price, type(price))


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"type": "Full"}, FullTrainingType),
        ({"type": "Lora"}, LoRATrainingType),
        ({"type": "Lora", "lora_r": None, "lora_alpha": None, "lora_dropout": None}, LoRATrainingType),
        ({"type": "Lora", "lora_r": 8, "lora_trainable_modules": ""}, LoRATrainingType),
        ({"type": "Prefix", "virtual_tokens": 20}, UnknownObject),
        ({"type": "lora"}, UnknownObject),
        ({"type": None}, UnknownObject),
        ({"type": ["Lora"]}, UnknownObject),
        ({"lora_r": 8}, UnknownObject),
        ({}, UnknownObject),
        ("Full", str),
    ],
)
def test_the_training_type_is_recognized_by_its_tag(read: Read, sent: Json, kind: type) -> None:
    assert type(read({"training_type": sent}).training_type) is kind


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"method": "sft"}, TrainingMethodSFT),
        ({"method": "sft", "train_on_inputs": True}, TrainingMethodSFT),
        ({"method": "sft", "train_on_inputs": "auto"}, TrainingMethodSFT),
        ({"method": "sft", "train_on_inputs": "sometimes"}, TrainingMethodSFT),
        ({"method": "dpo"}, TrainingMethodDPO),
        ({"method": "dpo", "dpo_beta": 0.2, "simpo_gamma": None}, TrainingMethodDPO),
        ({"method": "grpo", "group_size": 16}, UnknownObject),
        ({"train_on_inputs": True}, UnknownObject),
        ("sft", str),
    ],
)
def test_the_training_method_is_recognized_by_its_tag(read: Read, sent: Json, kind: type) -> None:
    assert type(read({"training_method": sent}).training_method) is kind


@pytest.mark.parametrize("name", ["training_type", "training_method", "lr_scheduler", "progress"])
def test_an_object_of_an_unknown_type_keeps_all_fields(read: Read, name: str) -> None:
    strange: dict[str, Json] = {"kind": "Prefix", "deep": {"list": [1, None, {"x": "y"}]}}
    found = getattr(read({name: strange}), name)
    assert found.additional_properties == strange


def test_a_cosine_schedule_has_its_cycles(read: Read) -> None:
    scheduler = read({"lr_scheduler": LORA_JOB["lr_scheduler"]}).lr_scheduler
    assert isinstance(scheduler, LRScheduler)
    assert scheduler.lr_scheduler_type is LRSchedulerType.COSINE
    assert isinstance(scheduler.lr_scheduler_args, CosineLRSchedulerArgs)
    assert (scheduler.lr_scheduler_args.num_cycles, scheduler.lr_scheduler_args.min_lr_ratio) == (0.5, 0.1)


def test_a_linear_schedule_is_not_a_cosine(read: Read) -> None:
    scheduler = read({"lr_scheduler": FULL_JOB["lr_scheduler"]}).lr_scheduler
    assert isinstance(scheduler, LRScheduler)
    assert scheduler.lr_scheduler_type is LRSchedulerType.LINEAR
    assert isinstance(scheduler.lr_scheduler_args, LinearLRSchedulerArgs)
    assert scheduler.lr_scheduler_args.min_lr_ratio == 0.0


@pytest.mark.parametrize("settings", [{"decay": 0.9}, {}, None, "steep", [1, 2]])
def test_an_unknown_schedule_keeps_its_name_and_settings(read: Read, settings: Json) -> None:
    scheduler = read({"lr_scheduler": {"lr_scheduler_type": "polynomial", "lr_scheduler_args": settings}}).lr_scheduler
    assert isinstance(scheduler, LRScheduler)
    assert scheduler.lr_scheduler_type == "polynomial"
    assert meaning(scheduler.to_dict()["lr_scheduler_args"]) == meaning(settings)


@pytest.mark.parametrize("seconds", [0, 90, 12.5, None])
def test_the_remaining_seconds_may_have_a_fraction(read: Read, seconds: float | None) -> None:
    progress = read({"progress": {"estimate_available": True, "seconds_remaining": seconds}}).progress
    assert isinstance(progress, FineTuneProgress)
    assert progress.seconds_remaining == seconds


# Lists ----------------------------------------------------------------------------------------------------------


def test_one_invalid_job_hides_no_other(api: Api) -> None:
    jobs = listed(api, SHORT_JOB, ODD_JOB, {"id": FULL_ID, "status": "running"}).data
    assert isinstance(jobs, list)
    ids = [job.id for job in jobs if isinstance(job, FinetuneResponseTruncated)]
    assert ids == [LORA_ID, "ft-from-the-future", FULL_ID]


def test_an_unusual_job_can_be_retrieved(api: Api) -> None:
    job = retrieved(api, ODD_JOB)
    assert (job.status, job.created_at, job.batch_size) == ("hibernating", "last Tuesday", "tiny")
    assert isinstance(job.training_type, UnknownObject)
    assert job.training_type["virtual_tokens"] == 20
    assert isinstance(job.training_method, UnknownObject)
    assert isinstance(job.lr_scheduler, UnknownObject)


@pytest.mark.parametrize(
    ("document", "data"), [({"data": []}, []), ({"data": None}, None), ({}, UNSET)], ids=["empty", "null", "absent"]
)
def test_an_account_without_jobs_has_an_empty_null_or_absent_list(
    api: Api, document: dict[str, Json], data: object
) -> None:
    api.answer(document)
    jobs = api.call(list_fine_tunes, client=api.client)
    assert jobs.data == data
    assert jobs.to_dict() == document


def test_other_fields_beside_the_list_are_kept(api: Api) -> None:
    api.answer({"data": [], "has_more": True, "next": "cursor-2"})
    jobs = api.call(list_fine_tunes, client=api.client)
    assert jobs.additional_properties == {"has_more": True, "next": "cursor-2"}
