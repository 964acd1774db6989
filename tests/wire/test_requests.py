"""What reaches the server: method, address, query, key and body, and not a byte more than the caller gave."""

from __future__ import annotations

import json
from collections.abc import Callable

import attrs
import pytest

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
from together_generated.models.batch_size_max import BatchSizeMax
from together_generated.models.cosine_lr_scheduler_args import CosineLRSchedulerArgs
from together_generated.models.download_checkpoint import DownloadCheckpoint
from together_generated.models.finetune_create_request import FinetuneCreateRequest
from together_generated.models.full_training_type import FullTrainingType
from together_generated.models.full_training_type_type import FullTrainingTypeType
from together_generated.models.linear_lr_scheduler_args import LinearLRSchedulerArgs
from together_generated.models.lo_ra_training_type import LoRATrainingType
from together_generated.models.lo_ra_training_type_type import LoRATrainingTypeType
from together_generated.models.lr_scheduler import LRScheduler
from together_generated.models.lr_scheduler_type import LRSchedulerType
from together_generated.models.multimodal_params import MultimodalParams
from together_generated.models.train_on_inputs_auto import TrainOnInputsAuto
from together_generated.models.training_method_dpo import TrainingMethodDPO
from together_generated.models.training_method_dpo_method import TrainingMethodDPOMethod
from together_generated.models.training_method_sft import TrainingMethodSFT
from together_generated.models.training_method_sft_method import TrainingMethodSFTMethod
from together_generated.types import UNSET, Unset

from .conftest import KEY, Api
from .payloads import CREATE, LORA_ID, SHORT_JOB
from .semantics import Json, meaning

MINIMAL = FinetuneCreateRequest(training_file="file-1", model="acme/base")

# One row for each operation: how it is called for a job, then the method and the raw address that must arrive.
OPERATIONS: dict[str, tuple[Callable[[Api, str], object], str, str]] = {
    "list": (lambda api, _: api.call(list_fine_tunes, client=api.client), "GET", "/v1/fine-tunes"),
    "create": (lambda api, _: api.call(create_fine_tune, client=api.client, body=MINIMAL), "POST", "/v1/fine-tunes"),
    "retrieve": (
        lambda api, job_id: api.call(retrieve_fine_tune, job_id, client=api.client),
        "GET",
        "/v1/fine-tunes/{job_id}",
    ),
    "delete": (
        lambda api, job_id: api.call(delete_fine_tune, job_id, client=api.client),
        "DELETE",
        "/v1/fine-tunes/{job_id}",
    ),
    "cancel": (
        lambda api, job_id: api.call(cancel_fine_tune, job_id, client=api.client),
        "POST",
        "/v1/fine-tunes/{job_id}/cancel",
    ),
    "events": (
        lambda api, job_id: api.call(list_fine_tune_events, job_id, client=api.client),
        "GET",
        "/v1/fine-tunes/{job_id}/events",
    ),
    "checkpoints": (
        lambda api, job_id: api.call(list_fine_tune_checkpoints, job_id, client=api.client),
        "GET",
        "/v1/fine-tunes/{job_id}/checkpoints",
    ),
    "download": (
        lambda api, job_id: api.call(download_fine_tune, client=api.client, ft_id=job_id),
        "GET",
        "/v1/finetune/download?ft_id={job_id}",
    ),
}
WITH_ID_IN_THE_PATH = ["retrieve", "delete", "cancel", "events", "checkpoints"]

every_operation = pytest.mark.parametrize(("call", "method", "address"), OPERATIONS.values(), ids=OPERATIONS)


@every_operation
def test_each_operation_requests_its_address_with_the_key(
    api: Api, call: Callable[[Api, str], object], method: str, address: str
) -> None:
    api.answer({"id": LORA_ID})
    call(api, LORA_ID)
    assert (api.request.method, api.address) == (method, address.format(job_id=LORA_ID))
    assert api.request.headers.getlist("Authorization") == [f"Bearer {KEY}"]


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "create"])
def test_no_operation_but_create_has_a_body(api: Api, name: str) -> None:
    api.answer({"id": LORA_ID})
    OPERATIONS[name][0](api, LORA_ID)
    assert api.request.get_data() == b""


# Addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job_id", "encoded"),
    [
        ("ft-a/b", "ft-a%2Fb"),
        ("ft-a b", "ft-a%20b"),
        ("ft-1?force=true", "ft-1%3Fforce%3Dtrue"),
        ("ft-1#top", "ft-1%23top"),
        ("ft-100%", "ft-100%25"),
        ("ft-a%2Fb", "ft-a%252Fb"),
        ("ft-x/../../models", "ft-x%2F..%2F..%2Fmodels"),
        ("ft-1:500", "ft-1%3A500"),
        ("ft-größe", "ft-gr%C3%B6%C3%9Fe"),
        ("ft-1\r\nX-Evil: 1", "ft-1%0D%0AX-Evil%3A%201"),
    ],
)
@pytest.mark.parametrize("name", WITH_ID_IN_THE_PATH)
def test_an_id_with_odd_characters_stays_one_part_of_the_path(api: Api, name: str, job_id: str, encoded: str) -> None:
    call, method, address = OPERATIONS[name]
    api.answer({"id": job_id})
    call(api, job_id)
    assert (api.request.method, api.address) == (method, address.format(job_id=encoded))


@pytest.mark.parametrize("job_id", ["ft-a&checkpoint=merged", "ft-a b", "ft-größe", "ft-100%", "ft-a+b", "ft-1:500"])
def test_an_id_with_odd_characters_stays_one_value_of_the_query(api: Api, job_id: str) -> None:
    api.answer_bytes(b"", content_type="application/octet-stream")
    api.call(download_fine_tune, client=api.client, ft_id=job_id)
    assert dict(api.request.args.lists()) == {"ft_id": [job_id]}


# Queries --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "checkpoint", "query"),
    [
        (UNSET, UNSET, {}),
        (UNSET, DownloadCheckpoint.MERGED, {"checkpoint": "merged"}),
        (UNSET, DownloadCheckpoint.ADAPTER, {"checkpoint": "adapter"}),
        (UNSET, DownloadCheckpoint.MODEL_OUTPUT_PATH, {"checkpoint": "model_output_path"}),
        (500, UNSET, {"checkpoint_step": "500"}),
        (500, DownloadCheckpoint.ADAPTER, {"checkpoint_step": "500", "checkpoint": "adapter"}),
        # Zero is a step, and not "no step".
        (0, DownloadCheckpoint.MERGED, {"checkpoint_step": "0", "checkpoint": "merged"}),
    ],
)
def test_a_download_requests_what_the_caller_named(
    api: Api, step: int | Unset, checkpoint: DownloadCheckpoint | Unset, query: dict[str, str]
) -> None:
    api.answer_bytes(b"", content_type="application/octet-stream")
    api.call(download_fine_tune, client=api.client, ft_id=LORA_ID, checkpoint_step=step, checkpoint=checkpoint)
    assert dict(api.request.args.lists()) == {"ft_id": [LORA_ID], **{name: [value] for name, value in query.items()}}


def test_the_known_forms_of_a_download_are_the_three_of_the_service() -> None:
    assert set(DownloadCheckpoint) == {"merged", "adapter", "model_output_path"}


@pytest.mark.parametrize(("force", "query"), [(UNSET, ""), (True, "force=true"), (False, "force=false")])
def test_a_deletion_sends_force_only_if_the_caller_does(api: Api, force: bool | Unset, query: str) -> None:  # noqa: FBT001 -- a row of the table
    api.answer({"message": "gone"})
    api.call(delete_fine_tune, LORA_ID, client=api.client, force=force)
    assert api.request.query_string.decode() == query


# Bodies ---------------------------------------------------------------------------------------------------------


def sent(api: Api, request: FinetuneCreateRequest) -> Json:
    """The JSON document that reaches the server."""
    api.answer(SHORT_JOB)
    api.call(create_fine_tune, client=api.client, body=request)
    assert api.request.content_type == "application/json"
    document: Json = json.loads(api.request.get_data())
    return document


def test_a_minimal_create_sends_only_what_the_caller_gave(api: Api) -> None:
    assert sent(api, MINIMAL) == {"training_file": "file-1", "model": "acme/base"}


def test_a_full_create_sends_every_field_as_given(api: Api) -> None:
    request = FinetuneCreateRequest(
        training_file="file-5e1fd3c2-0001-4c0e-9d3a-1f2e3d4c5b6a",
        model="meta-llama/Meta-Llama-3.1-8B-Instruct-Reference",
        validation_file="file-5e1fd3c2-0002-4c0e-9d3a-1f2e3d4c5b6a",
        packing=False,
        max_seq_length=4096,
        n_epochs=3,
        n_checkpoints=2,
        n_evals=0,
        batch_size=BatchSizeMax.MAX,
        gradient_accumulation_steps=4,
        learning_rate=2e-05,
        lr_scheduler=LRScheduler(
            lr_scheduler_type=LRSchedulerType.COSINE,
            lr_scheduler_args=CosineLRSchedulerArgs(num_cycles=0.5, min_lr_ratio=0.0),
        ),
        warmup_ratio=0.1,
        max_grad_norm=0.0,
        weight_decay=0.01,
        random_seed=0,
        early_stopping_enabled=True,
        early_stopping_patience=2,
        early_stopping_min_delta=0.0,
        early_stopping_warmup_evals=1,
        suffix="support-bot",
        wandb_api_key="wandb-not-a-key",
        wandb_base_url="https://wandb.acme.example",
        wandb_project_name="support-bot",
        wandb_name="third try",
        wandb_entity="acme",
        train_on_inputs=TrainOnInputsAuto.AUTO,
        training_method=TrainingMethodDPO(
            method=TrainingMethodDPOMethod.DPO,
            dpo_beta=0.1,
            rpo_alpha=0.0,
            dpo_normalize_logratios_by_length=False,
            dpo_reference_free=True,
            simpo_gamma=0.5,
        ),
        training_type=LoRATrainingType(
            type_=LoRATrainingTypeType.LORA,
            lora_r=16,
            lora_alpha=32,
            lora_dropout=0.0,
            lora_trainable_modules="all-linear",
        ),
        multimodal_params=MultimodalParams(train_vision=True),
        from_checkpoint=f"{LORA_ID}:500",
        from_hf_model="acme/earlier-model",
        hf_model_revision="v2",
        hf_api_token="hf-not-a-token",
        hf_output_repo_name="acme/support-bot",
    )
    assert meaning(sent(api, request)) == meaning(CREATE)


def test_the_full_create_leaves_no_field_out() -> None:
    """So that a field added to the specification is also added to the test above."""
    request = FinetuneCreateRequest.from_dict(CREATE)
    fields = attrs.fields(FinetuneCreateRequest)
    absent = [field.name for field in fields if isinstance(getattr(request, field.name), Unset)]
    assert (absent, request.additional_keys) == ([], [])


def test_a_create_read_from_json_sends_that_json(api: Api) -> None:
    """A caller may keep the request in a file."""
    assert meaning(sent(api, FinetuneCreateRequest.from_dict(CREATE))) == meaning(CREATE)


def test_a_create_sends_null_where_the_caller_says_null(api: Api) -> None:
    request = FinetuneCreateRequest(training_file="file-1", model="acme/base", random_seed=None, training_type=None)
    assert sent(api, request) == {
        "training_file": "file-1",
        "model": "acme/base",
        "random_seed": None,
        "training_type": None,
    }


def test_a_create_sends_each_kind_of_training_and_only_its_own_fields(api: Api) -> None:
    request = FinetuneCreateRequest(
        training_file="file-1",
        model="acme/base",
        batch_size=8,
        train_on_inputs=False,
        training_type=FullTrainingType(type_=FullTrainingTypeType.FULL),
        training_method=TrainingMethodSFT(method=TrainingMethodSFTMethod.SFT),
        lr_scheduler=LRScheduler(
            lr_scheduler_type=LRSchedulerType.LINEAR, lr_scheduler_args=LinearLRSchedulerArgs(min_lr_ratio=0.1)
        ),
    )
    expected: Json = {
        "training_file": "file-1",
        "model": "acme/base",
        "batch_size": 8,
        "train_on_inputs": False,
        "training_type": {"type": "Full"},
        "training_method": {"method": "sft"},
        "lr_scheduler": {"lr_scheduler_type": "linear", "lr_scheduler_args": {"min_lr_ratio": 0.1}},
    }
    assert meaning(sent(api, request)) == meaning(expected)


def test_a_create_sends_a_parameter_that_the_specification_does_not_have_yet(api: Api) -> None:
    request = FinetuneCreateRequest(training_file="file-1", model="acme/base")
    request["sharding"] = {"kind": "fsdp"}
    assert sent(api, request) == {"training_file": "file-1", "model": "acme/base", "sharding": {"kind": "fsdp"}}
