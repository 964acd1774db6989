"""A job as one type, the text of a completion, and keywords of a TypedDict in `help()`."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import UTC, datetime
from typing import Any, TypedDict, Unpack

import pytest

from together_ext import AsyncTogether, DownloadOptions, Job, JobParameters, ModelDownloadOptions, Together
from together_ext.api import keywords
from together_ext.fine_tuning.download_options import DownloadRequest, download_request
from together_ext.fine_tuning.waiting import seconds_left
from together_ext.inference.completion import Completion
from together_ext.registry.download_options import ModelRequest
from together_generated import models

WHOLE = {
    "id": "ft-1",
    "status": "COMPLETED",
    "model": "base",
    "model_output_name": "account/model",
    "training_file": "file-1",
    "training_type": {"type": "Lora", "lora_r": 8, "lora_alpha": 16},
    "n_epochs": 3,
    "total_price": 5,
    "created_at": "2026-01-31T12:00:00Z",
}


@pytest.mark.parametrize("model", [models.FinetuneResponse, models.FinetuneResponseTruncated])
def test_a_job_has_the_same_fields_whichever_operation_returned_it(model: Any) -> None:  # noqa: ANN401
    job = Job.of(model.from_dict(WHOLE))
    assert job == Job(
        id="ft-1",
        status="completed",
        model="base",
        model_output_name="account/model",
        training_file="file-1",
        training_type="Lora",
        n_epochs=3,
        total_price=5.0,
        created_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
    )
    assert type(job.status) is str
    assert job.ended


@pytest.mark.parametrize("model", [models.FinetuneResponse, models.FinetuneResponseTruncated])
@pytest.mark.parametrize("value", [None, [], {}, True, float("nan")], ids=repr)
def test_a_field_that_is_missing_null_or_of_another_type_is_none(model: Any, value: object) -> None:  # noqa: ANN401
    names = [field.name for field in dataclasses.fields(Job) if field.name != "id"]
    assert Job.of(model.from_dict({"id": "ft-1"})) == Job("ft-1")
    assert Job.of(model.from_dict({"id": "ft-1", **dict.fromkeys(names, value)})) == Job("ft-1")
    assert not Job("ft-1").ended


def test_a_number_that_is_too_large_is_none() -> None:
    huge = 10**400
    job = models.FinetuneResponse.from_dict(
        {"id": "ft-1", "total_price": huge, "progress": {"estimate_available": True, "seconds_remaining": huge}}
    )
    assert (Job.of(job).total_price, seconds_left(job)) == (None, None)


@pytest.mark.parametrize(
    ("choices", "text", "count"),
    [
        ([{"message": {"role": "assistant", "content": "Hello"}}, {"message": {"content": "more"}}], "Hello", 2),
        ([{"message": {"role": "assistant", "content": None}}], "", 1),
        ([{"message": None}], "", 1),
        (["odd"], "", 0),
        ([], "", 0),
        (None, "", 0),
    ],
)
def test_the_text_of_a_completion_is_that_of_its_first_choice(choices: object, text: str, count: int) -> None:
    completion = Completion.of(models.ChatCompletion.from_dict({"id": "c", "choices": choices, "new": 1}))
    assert (completion.text, len(completion.choices)) == (text, count)
    assert completion.id == "c"
    assert completion.additional_properties == {"new": 1}
    # As code for the official client reads it.
    assert "".join(choice.message.content or "" for choice in completion.choices[:1]) == text


def test_the_options_of_a_download_and_their_defaults_are_one_list() -> None:
    assert list(DownloadOptions.__annotations__) == [field.name for field in dataclasses.fields(DownloadRequest)]
    assert list(ModelDownloadOptions.__annotations__) == [field.name for field in dataclasses.fields(ModelRequest)]
    assert download_request({"overwrite": True}) == DownloadRequest(overwrite=True)
    with pytest.raises(TypeError, match=r"download\(\) got an unexpected keyword argument 'outptu'"):
        Together("key").fine_tuning.download("ft-1", outptu="models/")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"download\(\) got an unexpected keyword argument 'revison'"):
        Together("key").models.download("ml_1", revison="rv_1")  # type: ignore[call-arg]


@pytest.mark.parametrize("client", [Together("key"), AsyncTogether("key")], ids=["sync", "async"])
def test_help_shows_the_keywords(client: Together | AsyncTogether) -> None:
    shown = {name: inspect.signature(getattr(client.fine_tuning, name)).parameters for name in ("create", "download")}
    assert list(shown["create"]) == list(JobParameters.__annotations__)
    assert shown["create"]["training_file"].default is inspect.Parameter.empty
    assert shown["create"]["n_epochs"].annotation == "int | None"
    assert list(shown["download"]) == ["id", *DownloadOptions.__annotations__]
    assert shown["download"]["fix_base"].default is True
    model = inspect.signature(client.models.download).parameters
    assert list(model) == ["model", *ModelDownloadOptions.__annotations__]
    assert model["durable"].default is True
    assert inspect.signature(client.fine_tuning.estimate_price).parameters == shown["create"]
    assert "temperature" in inspect.signature(client.chat.completions.create).parameters


def test_a_signature_keeps_its_own_parameters_first() -> None:
    class Options(TypedDict, total=False):
        size: int

    @keywords.shows(Options, {"size": 3})
    def function(name: str, **options: Unpack[Options]) -> None: ...

    assert str(inspect.signature(function)).startswith("(name: 'str', *, size: 'int' = 3)")
