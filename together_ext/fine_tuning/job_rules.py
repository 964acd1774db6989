"""The rules of a new job: bounds of each parameter, and the limits of the base model.

The bounds are those of the service's documentation (docs/creating.md). The server checks the other parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeGuard

from together_ext.checkpoints import parse_checkpoint_name
from together_ext.errors import ModelLimitError, Numbers, RuleError, shown_value
from together_ext.text import printable
from together_generated.models import (
    FinetuneCreateRequest,
    FinetuneFullLimits,
    FinetuneLoRALimits,
    FinetuneModelLimits,
    FullTrainingType,
    LoRATrainingType,
    MultimodalParams,
    TrainingMethodDPO,
)
from together_generated.types import Unset

LONGEST_SUFFIX: Final = 40
"""Maximum number of characters of a suffix (the service's documentation)."""

LEAST_BETA: Final = 0.05
MOST_BETA: Final = 0.9
"""Bounds of `dpo_beta` (the service's documentation)."""

PATIENCE: Final = 2
WARMUP: Final = 1
"""Default patience of early stopping, in evaluations."""

_MODEL_NAME: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?::[0-9]{1,12})?")

Rule = tuple[Callable[[object], bool], str]
"""The check of a value, and what it expects, for the message."""


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in(numbers: Numbers) -> Rule:
    return numbers.__contains__, str(numbers)


def _whole(least: int) -> Rule:
    return _in(Numbers(least, whole=True))


_POSITIVE: Final = _in(Numbers(0, above=True))
_NOT_NEGATIVE: Final = _in(Numbers(0))
_SHARE: Final = _in(Numbers(0, 1))
_FLAG: Final[Rule] = (lambda value: isinstance(value, bool), "True or False")

_CHECKED: Final[Mapping[str, Rule]] = {
    "n_epochs": _whole(1),
    "n_checkpoints": _whole(1),
    "n_evals": _whole(0),
    "batch_size": (lambda value: value == "max" or _whole(1)[0](value), "a whole number from 1, or 'max'"),
    "max_seq_length": _whole(1),
    "gradient_accumulation_steps": _whole(1),
    "random_seed": _in(Numbers(whole=True)),
    "lora_r": _whole(1),
    "lora_alpha": _whole(1),
    "early_stopping_patience": _whole(1),
    "early_stopping_warmup_evals": _whole(0),
    "early_stopping_min_delta": _NOT_NEGATIVE,
    "learning_rate": _POSITIVE,
    "scheduler_num_cycles": _POSITIVE,
    "num_cycles": _POSITIVE,
    "warmup_ratio": _SHARE,
    "min_lr_ratio": _SHARE,
    "max_grad_norm": _NOT_NEGATIVE,
    "weight_decay": _NOT_NEGATIVE,
    "lora_dropout": (lambda value: value in Numbers(0, 1) and value != 1, "a number from 0 to less than 1"),
    "dpo_beta": _in(Numbers(LEAST_BETA, MOST_BETA)),
    "rpo_alpha": _NOT_NEGATIVE,
    "simpo_gamma": _NOT_NEGATIVE,
    "train_on_inputs": (lambda value: isinstance(value, bool) or value == "auto", "True, False or 'auto'"),
    "packing": _FLAG,
    "lora": _FLAG,
    "train_vision": _FLAG,
    "early_stopping_enabled": _FLAG,
    "dpo_normalize_logratios_by_length": _FLAG,
    "dpo_reference_free": _FLAG,
}
"""The rules by keyword, and by the names inside objects."""

_OBJECTS: Final = frozenset({"training_method", "training_type", "lr_scheduler", "multimodal_params"})


def check(given: Mapping[str, Any]) -> None:
    """Refuse parameters that are invalid for every model.

    Args:
        given: The keywords of `create`, without those that are None.

    Raises:
        RuleError: The first invalid parameter.
    """
    check_values(given)
    for name, value in given.items():
        if name not in _CHECKED and (expected := _expected_text(name, value)) is not None:
            raise RuleError(f"{name} is {shown_value(value)}: expected {expected}")
    for problem in (*_start(given), *_evaluation(given)):
        raise RuleError(problem)


def check_values(given: Mapping[str, Any]) -> None:
    """Refuse values that are out of bounds or of the wrong type, also inside objects.

    Args:
        given: Keywords of `create`, or an object of the request as a dictionary.

    Raises:
        RuleError: The first invalid parameter.
    """
    for name, value in given.items():
        if isinstance(value, Mapping):
            check_values(value)
        elif value is not None and name in _CHECKED and not _CHECKED[name][0](value):
            raise RuleError(f"{name} is {shown_value(value)}: expected {_CHECKED[name][1]}")


def _expected_text(name: str, value: object) -> str | None:
    """What was expected in place of a text; None if it is valid."""
    if name in _OBJECTS:
        return None
    if not isinstance(value, str) or (not value.strip() and name != "suffix"):
        return "text"
    if name == "suffix" and len(value) > LONGEST_SUFFIX:
        return f"at most {LONGEST_SUFFIX} characters, not {len(value)}"
    return None


def _start(given: Mapping[str, Any]) -> Iterator[str]:
    """Problems with the model or checkpoint that the job starts from."""
    checkpoint = given.get("from_checkpoint")
    if "model" not in given and checkpoint is None:
        yield "model is missing: pass model, or from_checkpoint to continue a job"
    if checkpoint is not None:
        if checkpoint.startswith("ft-"):
            parse_checkpoint_name(checkpoint)
        elif not _MODEL_NAME.fullmatch(checkpoint):
            yield (
                f"from_checkpoint is {printable(checkpoint, 80)!r}: expected a job's ID, or a fine-tuned model's name "
                "(account/model), each with :<step> for one checkpoint"
            )
        if "from_hf_model" in given:
            yield "from_checkpoint and from_hf_model are both given: pass only one of them"
    if "from_hf_model" in given and "model" not in given:
        yield "from_hf_model requires model: pass the base model with the same architecture and size"
    if "hf_model_revision" in given and "from_hf_model" not in given:
        yield "hf_model_revision is given without from_hf_model: pass both or neither"


def _evaluation(given: Mapping[str, Any]) -> Iterator[str]:
    """Problems with evaluations and early stopping."""
    evals, validated = given.get("n_evals", 0), "validation_file" in given
    if evals and not validated:
        yield f"n_evals is {evals} without a validation_file: pass both or neither"
    early = [name for name in given if name.startswith("early_stopping_") and name != "early_stopping_enabled"]
    if not given.get("early_stopping_enabled"):
        if early:
            yield f"{early[0]} is given without early_stopping_enabled=True: pass both or neither"
        return
    if not validated:
        yield "early stopping requires evaluations: pass validation_file and n_evals"
    patience, warmup = given.get("early_stopping_patience", PATIENCE), given.get("early_stopping_warmup_evals", WARMUP)
    needed = patience + warmup + 1
    if evals < needed:
        yield (
            f"n_evals is {evals}; early stopping needs at least {needed} (patience {patience}, warmup {warmup}, and "
            "one to compare with): raise n_evals, or lower the others"
        )


# The base model's limits ----------------------------------------------------------------------------------------------


def needs_limits(request: FinetuneCreateRequest) -> bool:
    """Whether the request has a parameter that the base model limits."""
    sized = (request.n_epochs, request.n_evals, request.n_checkpoints, request.learning_rate, request.max_seq_length)
    sees = isinstance(request.multimodal_params, MultimodalParams) and request.multimodal_params.train_vision is True
    shaped = isinstance(request.training_type, LoRATrainingType | FullTrainingType)
    return shaped or sees or isinstance(request.batch_size, int) or not all(isinstance(size, Unset) for size in sized)


def fit_rank(request: FinetuneCreateRequest, limits: FinetuneModelLimits) -> None:
    """Lower a default rank to the maximum of the base model.

    Args:
        request: The new job. Its rank is the default one, which the API requires.
        limits: The limits of its base model.
    """
    kind, allowed = request.training_type, limits.lora_training
    if isinstance(kind, LoRATrainingType) and isinstance(allowed, FinetuneLoRALimits) and _is_number(kind.lora_r):
        most = allowed.max_rank
        if isinstance(most, int) and kind.lora_r > most:
            kind.lora_r = most


def check_limits(request: FinetuneCreateRequest, limits: FinetuneModelLimits) -> None:
    """Refuse what the base model does not allow. A limit that is missing or not a number is ignored.

    Args:
        request: The new job.
        limits: The limits of its base model.

    Raises:
        ModelLimitError: The first limit that is exceeded.
    """
    model, dpo = printable(str(request.model), 100), isinstance(request.training_method, TrainingMethodDPO)
    longest = limits.max_seq_length_dpo if dpo else limits.max_seq_length_sft
    bounds: list[tuple[str, object, object, object]] = [
        ("n_epochs", request.n_epochs, None, limits.max_num_epochs),
        ("n_evals", request.n_evals, None, limits.max_num_evals),
        ("n_checkpoints", request.n_checkpoints, None, limits.max_num_checkpoints),
        ("learning_rate", request.learning_rate, limits.min_learning_rate, limits.max_learning_rate),
        ("max_seq_length", request.max_seq_length, limits.min_max_seq_length, longest),
        *_shape(request, limits, model, dpo=dpo),
    ]
    for name, value, low, high in bounds:
        if not _is_number(value):
            continue
        if _is_number(high) and value > high:
            raise ModelLimitError(model, name, f"is {value:g}; the maximum for {model} is {high:g}")
        if _is_number(low) and value < low:
            raise ModelLimitError(model, name, f"is {value:g}; the minimum for {model} is {low:g}")
    sees = isinstance(request.multimodal_params, MultimodalParams) and request.multimodal_params.train_vision is True
    if sees and limits.supports_vision is False:
        raise ModelLimitError(model, "train_vision", f"is True, but {model} does not support vision: remove it")


def _shape(
    request: FinetuneCreateRequest, limits: FinetuneModelLimits, model: str, *, dpo: bool
) -> Iterator[tuple[str, object, object, object]]:
    """The bounds that depend on the training type."""
    kind = request.training_type
    if isinstance(kind, FullTrainingType):
        if limits.supports_full_training is False or limits.full_training is None:
            raise ModelLimitError(model, "training_type", f"is full, but {model} supports only LoRA: train an adapter")
        sized: object = limits.full_training
    elif isinstance(kind, LoRATrainingType):
        sized = limits.lora_training
        if sized is None:
            raise ModelLimitError(
                model, "training_type", f"is LoRA, but {model} supports only full training: pass lora=False"
            )
        if isinstance(sized, FinetuneLoRALimits):
            yield "lora_r", kind.lora_r, None, sized.max_rank
            _check_modules(kind.lora_trainable_modules, sized.target_modules, model)
    else:
        # The server chooses the training type.
        return
    if isinstance(sized, FinetuneFullLimits | FinetuneLoRALimits):
        yield (
            "batch_size",
            request.batch_size,
            sized.min_batch_size,
            sized.max_batch_size_dpo if dpo else sized.max_batch_size,
        )


def _check_modules(wanted: object, allowed: object, model: str) -> None:
    if not isinstance(wanted, str) or wanted == "all-linear" or not isinstance(allowed, list) or not allowed:
        return
    for name in filter(None, (part.strip() for part in wanted.split(","))):
        if name not in allowed:
            known = ", ".join(printable(str(module), 40) for module in allowed[:20])
            raise ModelLimitError(model, "lora_trainable_modules", f"contains {name!r}; {model} supports only {known}")
