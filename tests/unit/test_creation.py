"""The keywords of `create`, the rules between them, and the request's body."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Required, get_origin, get_type_hints

import attrs
import pytest

from together_ext.errors import CheckpointNameError, ModelLimitError, RuleError
from together_ext.fine_tuning import training
from together_ext.fine_tuning.creation import creation_request, creation_secrets, price_request
from together_ext.fine_tuning.job_rules import check_limits, fit_rank, needs_limits
from together_ext.fine_tuning.parameters import JobParameters
from together_ext.fine_tuning.pricing import token_count
from together_generated.models import (
    FinetuneCreateRequest,
    FinetuneModelLimits,
    FullTrainingType,
    FullTrainingTypeType,
    LoRATrainingType,
    LoRATrainingTypeType,
    TrainingMethodDPO,
    TrainingMethodDPOMethod,
)

LORA = LoRATrainingType(LoRATrainingTypeType.LORA, lora_r=8, lora_alpha=16)
DPO = TrainingMethodDPO(TrainingMethodDPOMethod.DPO, dpo_beta=0.1)


def request(**given: Any) -> FinetuneCreateRequest:  # noqa: ANN401 -- any keyword, right or wrong
    return creation_request({"training_file": "f", "model": "m", **given})  # type: ignore[typeddict-item]


def sent(**given: Any) -> dict[str, Any]:  # noqa: ANN401 -- the same
    """What is sent beside the file and the model."""
    body = request(**given).to_dict()
    assert (body.pop("training_file"), body.pop("model")) == ("f", "m")
    return body


# Keywords -------------------------------------------------------------------------------------------------------------


def test_every_field_of_the_request_has_a_keyword() -> None:
    """A field that the specification gains must not be forgotten here."""
    fields = {field.name for field in attrs.fields(FinetuneCreateRequest)} - {"additional_properties"}
    assert set(JobParameters.__annotations__) == fields | training.FLAT


def test_what_the_request_needs_is_needed_here() -> None:
    hints = get_type_hints(JobParameters, include_extras=True)
    required = {name for name, hint in hints.items() if get_origin(hint) is Required}
    given = {field.name for field in attrs.fields(FinetuneCreateRequest) if field.default is attrs.NOTHING}
    assert required == given == {"training_file"}


def test_only_what_was_given_is_sent() -> None:
    """A default of ours would hide one of the server's."""
    assert sent() == {}
    assert sent(n_epochs=None, suffix="", n_evals=0, lora=None) == {"suffix": "", "n_evals": 0}


@pytest.mark.parametrize(
    ("given", "body"),
    [
        # The tables of the service's guide.
        (
            {"validation_file": "v", "suffix": "s", "n_epochs": 3, "n_checkpoints": 2, "batch_size": "max"},
            {"validation_file": "v", "suffix": "s", "n_epochs": 3, "n_checkpoints": 2, "batch_size": "max"},
        ),
        ({"learning_rate": 1e-5, "warmup_ratio": 0}, {"learning_rate": 1e-5, "warmup_ratio": 0}),
        ({"lora": True}, {"training_type": {"type": "Lora", "lora_r": 64, "lora_alpha": 16}}),
        ({"lora": False}, {"training_type": {"type": "Full"}}),
        ({"lora_r": 8}, {"training_type": {"type": "Lora", "lora_r": 8, "lora_alpha": 16}}),
        ({"lora_alpha": 32}, {"training_type": {"type": "Lora", "lora_r": 64, "lora_alpha": 32}}),
        (
            {"lora": True, "lora_dropout": 0.1, "lora_trainable_modules": "q_proj"},
            {
                "training_type": {
                    "type": "Lora",
                    "lora_r": 64,
                    "lora_alpha": 16,
                    "lora_dropout": 0.1,
                    "lora_trainable_modules": "q_proj",
                }
            },
        ),
        ({"train_on_inputs": "auto"}, {"training_method": {"method": "sft", "train_on_inputs": "auto"}}),
        ({"train_on_inputs": False}, {"training_method": {"method": "sft", "train_on_inputs": False}}),
        ({"wandb_api_key": "w"}, {"wandb_api_key": "w"}),
        ({"training_method": "sft"}, {"training_method": {"method": "sft"}}),
        ({"training_method": "dpo"}, {"training_method": {"method": "dpo"}}),
        ({"training_method": "dpo", "dpo_beta": 0.9}, {"training_method": {"method": "dpo", "dpo_beta": 0.9}}),
        ({"train_vision": True}, {"multimodal_params": {"train_vision": True}}),
        # SimPO has no reference, and goes by length.
        (
            {"training_method": "dpo", "simpo_gamma": 1.0},
            {
                "training_method": {
                    "method": "dpo",
                    "simpo_gamma": 1.0,
                    "dpo_reference_free": True,
                    "dpo_normalize_logratios_by_length": True,
                }
            },
        ),
        ({"training_method": "dpo", "simpo_gamma": 0}, {"training_method": {"method": "dpo", "simpo_gamma": 0}}),
        (
            {"lr_scheduler_type": "cosine", "min_lr_ratio": 0.1},
            {
                "lr_scheduler": {
                    "lr_scheduler_type": "cosine",
                    "lr_scheduler_args": {"num_cycles": 0.5, "min_lr_ratio": 0.1},
                }
            },
        ),
        (
            {"lr_scheduler_type": "linear"},
            {"lr_scheduler": {"lr_scheduler_type": "linear", "lr_scheduler_args": {}}},
        ),
        ({"from_checkpoint": "ft-1:500"}, {"from_checkpoint": "ft-1:500"}),
        # The same as objects.
        ({"training_type": LORA}, {"training_type": {"type": "Lora", "lora_r": 8, "lora_alpha": 16}}),
        ({"training_method": DPO}, {"training_method": {"method": "dpo", "dpo_beta": 0.1}}),
        (
            {
                "validation_file": "v",
                "n_evals": 4,
                "early_stopping_enabled": True,
                "early_stopping_patience": 2,
                "early_stopping_warmup_evals": 1,
            },
            {
                "validation_file": "v",
                "n_evals": 4,
                "early_stopping_enabled": True,
                "early_stopping_patience": 2,
                "early_stopping_warmup_evals": 1,
            },
        ),
    ],
)
def test_keywords_become_the_request(given: dict[str, Any], body: dict[str, Any]) -> None:
    assert sent(**given) == body


def test_a_checkpoint_may_stand_for_the_model() -> None:
    body = creation_request({"training_file": "f", "from_checkpoint": "acme/Model-x:5"}).to_dict()
    assert body == {"training_file": "f", "from_checkpoint": "acme/Model-x:5"}


@pytest.mark.parametrize(
    "name", ["ft-1", "ft-1:500", "ft-1:best", "acme/Model-Name-suffix-1a2b3c4d", "acme/Model:7", "Model_1.5:0"]
)
def test_a_checkpoint_has_a_name_of_one_of_these_forms(name: str) -> None:
    assert sent(from_checkpoint=name) == {"from_checkpoint": name}


@pytest.mark.parametrize("name", ["ft-1:x", "ft-1:", "ft-1:1:2", "acme/x:abc", "acme/x:", ":5", "a b", "acme//x", "/x"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises((CheckpointNameError, RuleError)):
        request(from_checkpoint=name)


def test_a_missing_or_unknown_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="training_file"):
        creation_request({"model": "m"})  # type: ignore[typeddict-item]
    with pytest.raises(TypeError, match="modle"):
        request(modle="x")


# Rules ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": None}, "pass model, or from_checkpoint"),
        ({"model": " "}, "model is ' ': expected text"),
        ({"n_epochs": 0}, "n_epochs is 0: expected a whole number from 1"),
        ({"n_epochs": True}, "n_epochs is True"),
        ({"n_epochs": 1.5}, "n_epochs is 1.5"),
        ({"n_epochs": 10**400}, None),
        ({"batch_size": 0}, "batch_size is 0: expected a whole number from 1, or 'max'"),
        ({"batch_size": "many"}, "'many'"),
        ({"learning_rate": 0}, "learning_rate is 0: expected a number above 0"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"learning_rate": float("inf")}, "learning_rate is inf"),
        ({"learning_rate": Decimal(1)}, "learning_rate is Decimal"),
        ({"warmup_ratio": 1.01}, "warmup_ratio is 1.01: expected a number from 0 to 1"),
        ({"lr_scheduler_type": "cosine", "min_lr_ratio": -0.1}, "min_lr_ratio is -0.1"),
        ({"lr_scheduler_type": "cosine", "scheduler_num_cycles": 0}, "scheduler_num_cycles is 0"),
        ({"lr_scheduler_type": "linear", "scheduler_num_cycles": 1}, "lr_scheduler_type='cosine'"),
        ({"lr_scheduler_type": "square"}, "invalid lr_scheduler_type 'square'"),
        ({"min_lr_ratio": 0.1}, "needs lr_scheduler_type"),
        ({"max_grad_norm": -1}, "max_grad_norm is -1: expected a number from 0"),
        ({"weight_decay": -1}, "weight_decay is -1"),
        ({"lora_dropout": 1}, "lora_dropout is 1: expected a number from 0 to less than 1"),
        ({"lora_r": 0}, "lora_r is 0"),
        ({"lora": False, "lora_r": 8}, "lora_r is for an adapter, but lora is False"),
        ({"training_type": LORA, "lora_alpha": 8}, "training_type is given as an object together with lora_alpha"),
        ({"training_type": LORA, "lora": True}, "training_type is given as an object together with lora"),
        ({"training_type": {"type": "Lora"}}, "training_type is a dict: expected FullTrainingType or LoRATrainingType"),
        ({"training_method": "rl"}, "invalid training_method 'rl'"),
        ({"dpo_beta": 0.1}, "dpo_beta is for training_method='dpo'"),
        ({"training_method": "sft", "rpo_alpha": 0.1}, "rpo_alpha is for training_method='dpo'"),
        ({"training_method": "dpo", "dpo_beta": 0.04}, "dpo_beta is 0.04: expected a number from 0.05 to 0.9"),
        ({"training_method": "dpo", "dpo_beta": 0.91}, "dpo_beta is 0.91"),
        ({"training_method": "dpo", "train_on_inputs": True}, "train_on_inputs is for training_method='sft'"),
        (
            {"training_method": "dpo", "simpo_gamma": 1, "dpo_reference_free": False},
            "dpo_reference_free is False, which SimPO requires",
        ),
        ({"training_method": DPO, "dpo_beta": 0.2}, "training_method is given as an object"),
        (
            {"training_method": TrainingMethodDPO(TrainingMethodDPOMethod.DPO, dpo_beta=5)},
            "dpo_beta is 5: expected a number from 0.05 to 0.9",
        ),
        ({"train_on_inputs": "maybe"}, "train_on_inputs is 'maybe'"),
        ({"train_vision": "yes"}, "train_vision is 'yes': expected True or False"),
        ({"packing": 1}, "packing is 1"),
        ({"suffix": "x" * 41}, "at most 40 characters, not 41"),
        ({"suffix": 5}, "suffix is 5: expected text"),
        ({"n_evals": 2}, "without a validation_file"),
        ({"early_stopping_patience": 2}, "without early_stopping_enabled=True"),
        ({"early_stopping_enabled": True}, "pass validation_file and n_evals"),
        ({"early_stopping_enabled": True, "validation_file": "v", "n_evals": 3}, "early stopping needs at least 4"),
        (
            {"early_stopping_enabled": True, "validation_file": "v", "n_evals": 5, "early_stopping_patience": 4},
            "early stopping needs at least 6",
        ),
        ({"from_checkpoint": "ft-1", "from_hf_model": "a/b"}, "from_checkpoint and from_hf_model are both given"),
        ({"model": None, "from_hf_model": "a/b", "from_checkpoint": None}, "pass model"),
        ({"hf_model_revision": "main"}, "without from_hf_model"),
        ({"wandb_name": b"x"}, "wandb_name is b'x': expected text"),
        ({"random_seed": "7"}, "random_seed is '7'"),
        ({"training_method": {"method": "dpo"}}, "invalid training_method {'method': 'dpo'}: choose 'sft' or 'dpo'"),
    ],
)
def test_invalid_parameters_are_refused_in_one_sentence(given: dict[str, Any], said: str | None) -> None:
    if said is None:
        request(**given)
        return
    with pytest.raises(RuleError) as caught:
        request(**given)
    assert said in str(caught.value)


def test_keys_of_other_services_are_treated_as_secrets() -> None:
    parameters: JobParameters = {"training_file": "f", "model": "m"}
    assert creation_secrets(parameters) == ()
    assert creation_secrets({**parameters, "wandb_api_key": "w", "hf_api_token": None}) == ("w",)
    assert creation_secrets({**parameters, "wandb_api_key": "", "hf_api_token": "h"}) == ("h",)


# The base model's limits ----------------------------------------------------------------------------------------------

LIMITS: dict[str, Any] = {
    "model_name": "m",
    "full_training": {"max_batch_size": 16, "max_batch_size_dpo": 4, "min_batch_size": 2},
    "lora_training": {
        "max_batch_size": 32,
        "max_batch_size_dpo": 8,
        "min_batch_size": 1,
        "max_rank": 32,
        "target_modules": ["q_proj", "v_proj"],
    },
    "max_num_epochs": 10,
    "max_num_evals": 5,
    "max_num_checkpoints": 7,
    "max_learning_rate": 0.01,
    "min_learning_rate": 1e-6,
    "min_max_seq_length": 512,
    "max_seq_length_sft": 8192,
    "max_seq_length_dpo": 4096,
    "supports_full_training": True,
    "supports_vision": False,
}


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"n_epochs": 11}, "n_epochs"),
        ({"n_evals": 6, "validation_file": "v"}, "n_evals"),
        ({"n_checkpoints": 8}, "n_checkpoints"),
        ({"learning_rate": 0.02}, "learning_rate"),
        ({"learning_rate": 1e-7}, "learning_rate"),
        ({"max_seq_length": 256}, "max_seq_length"),
        ({"max_seq_length": 8193}, "max_seq_length"),
        ({"max_seq_length": 5000, "training_method": "dpo"}, "max_seq_length"),
        ({"lora_r": 33}, "lora_r"),
        ({"lora_r": 8, "batch_size": 33}, "batch_size"),
        ({"lora_r": 8, "batch_size": 9, "training_method": "dpo"}, "batch_size"),
        ({"lora": False, "batch_size": 1}, "batch_size"),
        ({"lora_r": 8, "lora_trainable_modules": "q_proj, o_proj"}, "lora_trainable_modules"),
        ({"train_vision": True}, "train_vision"),
    ],
)
def test_what_the_base_model_does_not_allow_is_refused(given: dict[str, Any], parameter: str) -> None:
    body = request(**given)
    assert needs_limits(body)
    with pytest.raises(ModelLimitError) as caught:
        check_limits(body, FinetuneModelLimits.from_dict(LIMITS))
    assert (caught.value.model, caught.value.parameter) == ("m", parameter)


@pytest.mark.parametrize(
    "given",
    [
        {"n_epochs": 10, "n_evals": 5, "validation_file": "v", "learning_rate": 0.01, "max_seq_length": 8192},
        {"lora_r": 32, "batch_size": 32, "lora_trainable_modules": "all-linear"},
        {"lora": False, "batch_size": 16},
        {"batch_size": 1000},
    ],
)
def test_parameters_within_the_limits_are_accepted(given: dict[str, Any]) -> None:
    """The limit of a batch is unknown as long as the training type is."""
    check_limits(request(**given), FinetuneModelLimits.from_dict(LIMITS))


@pytest.mark.parametrize("odd", [None, "many", [], {}, True])
def test_an_invalid_limit_is_ignored(odd: object) -> None:
    limits = FinetuneModelLimits.from_dict(
        {**dict.fromkeys(LIMITS, odd), "lora_training": {"max_rank": odd, "target_modules": odd}}
    )
    check_limits(request(n_epochs=99, learning_rate=5, lora_r=1000, batch_size=999, train_vision=None), limits)


def test_an_unsupported_training_type_is_refused() -> None:
    full = {"training_type": FullTrainingType(FullTrainingTypeType.FULL)}
    with pytest.raises(ModelLimitError, match="supports only LoRA"):
        check_limits(request(**full), FinetuneModelLimits.from_dict({**LIMITS, "full_training": None}))
    with pytest.raises(ModelLimitError, match="supports only full training"):
        check_limits(request(lora=True), FinetuneModelLimits.from_dict({**LIMITS, "lora_training": None}))


def test_a_default_rank_fits_the_model() -> None:
    body = request(lora=True)
    fit_rank(body, FinetuneModelLimits.from_dict(LIMITS))
    assert body.to_dict()["training_type"] == {"type": "Lora", "lora_r": 32, "lora_alpha": 16}


def test_limits_are_not_needed_without_limited_parameters() -> None:
    assert not needs_limits(request(suffix="s", batch_size="max", training_method="dpo", warmup_ratio=0.1))


# Prices ---------------------------------------------------------------------------------------------------------------


def test_a_price_depends_on_a_part_of_the_request() -> None:
    body = price_request({"training_file": "f", "model": "m", "n_epochs": 3, "lora": True, "suffix": "s"})
    assert body.to_dict() == {
        "training_file": "f",
        "model": "m",
        "n_epochs": 3,
        "training_type": {"type": "Lora", "lora_r": 64, "lora_alpha": 16},
    }


def test_tokens_are_counted_by_the_services_rule() -> None:
    assert token_count(n_epochs=3, training_tokens=1000) == 3000
    assert token_count(n_epochs=3, training_tokens=1000, n_evals=4, validation_tokens=50) == 3200
    for odd in (-1, 1.5, True, "3"):
        with pytest.raises(RuleError, match="n_epochs"):
            token_count(n_epochs=odd, training_tokens=1)  # type: ignore[arg-type]
