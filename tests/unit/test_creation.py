"""The keywords of `create` and the request's body."""

from __future__ import annotations

from decimal import Decimal
from typing import Required, get_origin, get_type_hints

import attrs
import pytest

from together_ext.creation import JobParameters, creation_request, creation_secrets
from together_ext.errors import RuleError
from together_generated.models import FinetuneCreateRequest, LoRATrainingType, LoRATrainingTypeType


def test_every_field_of_the_request_has_a_keyword() -> None:
    """A field that the specification gains must not be forgotten here."""
    fields = {field.name for field in attrs.fields(FinetuneCreateRequest)} - {"additional_properties"}
    assert set(JobParameters.__annotations__) == fields


def test_what_the_request_needs_is_needed_here() -> None:
    hints = get_type_hints(JobParameters, include_extras=True)
    required = {name for name, hint in hints.items() if get_origin(hint) is Required}
    given = {field.name for field in attrs.fields(FinetuneCreateRequest) if field.default is attrs.NOTHING}
    assert required == given == {"training_file"}


def test_only_what_was_given_is_sent() -> None:
    """A default of ours would hide one of the server's."""
    request = creation_request({"training_file": "f", "model": "m", "n_epochs": None, "suffix": "", "n_evals": 0})
    assert request.to_dict() == {"training_file": "f", "model": "m", "suffix": "", "n_evals": 0}


def test_values_are_sent_as_the_api_spells_them() -> None:
    lora = LoRATrainingType(type_=LoRATrainingTypeType.LORA, lora_r=8, lora_alpha=16)
    request = creation_request({"training_file": "f", "model": "m", "batch_size": "max", "training_type": lora})
    sent = request.to_dict()
    assert sent["batch_size"] == "max"
    assert sent["training_type"] == {"type": "Lora", "lora_r": 8, "lora_alpha": 16}


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal(1), {1}, b"x", object()], ids=lambda value: type(value).__name__
)
def test_a_value_that_json_cannot_carry_is_refused(value: float) -> None:
    with pytest.raises(RuleError, match="cannot be sent"):
        creation_request({"training_file": "f", "model": "m", "learning_rate": value})


def test_a_missing_or_unknown_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="training_file"):
        creation_request({"model": "m"})  # type: ignore[typeddict-item]
    with pytest.raises(TypeError, match="modle"):
        creation_request({"training_file": "f", "model": "m", "modle": "x"})  # type: ignore[typeddict-unknown-key]


def test_keys_of_other_services_are_known_as_secrets() -> None:
    parameters: JobParameters = {"training_file": "f", "model": "m"}
    assert creation_secrets(parameters) == ()
    assert creation_secrets({**parameters, "wandb_api_key": "w", "hf_api_token": None}) == ("w",)
    assert creation_secrets({**parameters, "wandb_api_key": "", "hf_api_token": "h"}) == ("h",)
