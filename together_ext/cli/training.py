"""Options of `create` that belong together, put together as the API wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from together_generated.models import (
    CosineLRSchedulerArgs,
    FullTrainingType,
    FullTrainingTypeType,
    LinearLRSchedulerArgs,
    LoRATrainingType,
    LoRATrainingTypeType,
    LRScheduler,
    LRSchedulerType,
    MultimodalParams,
    TrainingMethodDPO,
    TrainingMethodDPOMethod,
    TrainingMethodSFT,
    TrainingMethodSFTMethod,
)

from .exits import BadUsageError

LORA_R: Final = 64
LORA_ALPHA: Final = 16
"""What the official client sends for the one of them that is left out; the API wants both or neither."""

ONE_FALL: Final = 0.5
"""Cycles of a cosine that falls once."""


@dataclass(frozen=True)
class Lora:
    """What was said of the adapter; None for what was not."""

    lora_r: int | None
    lora_alpha: int | None
    lora_dropout: float | None
    lora_trainable_modules: str | None


@dataclass(frozen=True)
class Preferences:
    """What was said of preference optimization; None for what was not."""

    dpo_beta: float | None
    rpo_alpha: float | None
    simpo_gamma: float | None
    dpo_normalize_logratios_by_length: bool | None
    dpo_reference_free: bool | None


def training_type(lora: Lora, *, wanted: bool | None) -> LoRATrainingType | FullTrainingType | None:
    """All weights or an adapter; None leaves it to the server.

    Args:
        lora: The adapter's settings.
        wanted: Whether `--lora` or `--no-lora` was given.

    Raises:
        BadUsageError: Settings of an adapter that is not wanted.
    """
    given = _given(lora)
    if wanted is False:
        if given:
            raise BadUsageError(f"--no-lora trains all weights, so that {_option(given)} has no meaning: leave one out")
        return FullTrainingType(FullTrainingTypeType.FULL)
    if wanted is None and not given:
        return None
    return LoRATrainingType(LoRATrainingTypeType.LORA, **{"lora_r": LORA_R, "lora_alpha": LORA_ALPHA, **given})


def training_method(
    method: str | None, preferences: Preferences, on_inputs: str | None
) -> TrainingMethodSFT | TrainingMethodDPO | None:
    """Supervised fine-tuning or preference optimization; None leaves it to the server.

    Args:
        method: `sft`, `dpo` or nothing.
        preferences: The settings of the second.
        on_inputs: `true`, `false` or `auto`: whether the prompts are trained on, a setting of the first.

    Raises:
        BadUsageError: No such method, or settings of the other one.
    """
    given, inputs = _given(preferences), _tristate(on_inputs)
    if method not in {None, "sft", "dpo"}:
        raise BadUsageError(f"there is no training method {method!r}: choose sft or dpo")
    if method != "dpo" and given:
        raise BadUsageError(f"{_option(given)} is for --training-method dpo: add that, or leave it out")
    if method == "dpo":
        if inputs is not None:
            raise BadUsageError("--train-on-inputs is for --training-method sft: leave one of them out")
        return TrainingMethodDPO(TrainingMethodDPOMethod.DPO, **given)
    if method is None and inputs is None:
        return None
    method_ = TrainingMethodSFTMethod.SFT
    return TrainingMethodSFT(method_) if inputs is None else TrainingMethodSFT(method_, train_on_inputs=inputs)


def lr_scheduler(kind: str | None, min_lr_ratio: float | None, cycles: float | None) -> LRScheduler | None:
    """How the learning rate falls; None leaves it to the server.

    Raises:
        BadUsageError: No such schedule, or a setting without its schedule.
    """
    least: dict[str, Any] = {} if min_lr_ratio is None else {"min_lr_ratio": min_lr_ratio}
    if kind != "cosine" and cycles is not None:
        raise BadUsageError("--scheduler-num-cycles is for --lr-scheduler-type cosine: add that, or leave it out")
    if kind is None:
        if least:
            raise BadUsageError("--min-lr-ratio needs --lr-scheduler-type: choose cosine or linear")
        return None
    if kind == "cosine":
        return LRScheduler(
            LRSchedulerType.COSINE, CosineLRSchedulerArgs(num_cycles=ONE_FALL if cycles is None else cycles, **least)
        )
    if kind == "linear":
        return LRScheduler(LRSchedulerType.LINEAR, LinearLRSchedulerArgs(**least))
    raise BadUsageError(f"there is no schedule {kind!r}: choose cosine or linear")


def multimodal(*, train_vision: bool | None) -> MultimodalParams | None:
    """Settings for models that see; None leaves them to the server."""
    return None if train_vision is None else MultimodalParams(train_vision=train_vision)


def batch_size(text: str | None) -> int | Literal["max"] | None:
    """Samples in a step.

    Raises:
        BadUsageError: Neither a number nor `max`.
    """
    if text is None:
        return None
    if text.lower() == "max":
        return "max"
    try:
        return int(text)
    except ValueError:
        raise BadUsageError(f"--batch-size is {text!r}: expected a whole number, or max") from None


def _tristate(text: str | None) -> bool | Literal["auto"] | None:
    match text and text.lower():
        case None:
            return None
        case "auto":
            return "auto"
        case "true":
            return True
        case "false":
            return False
    raise BadUsageError(f"--train-on-inputs is {text!r}: choose true, false or auto")


def _given(settings: Lora | Preferences) -> dict[str, Any]:
    return {name: value for name, value in vars(settings).items() if value is not None}


def _option(given: dict[str, Any]) -> str:
    return "--" + next(iter(given)).replace("_", "-")
