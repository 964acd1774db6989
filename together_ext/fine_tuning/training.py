"""Keywords of `create` that form one object of the request; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from together_ext.errors import RuleError
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

LORA_R: Final = 64
LORA_ALPHA: Final = 16
"""The documented defaults. The API requires both or neither, so the one that is not given is sent too."""

ONE_FALL: Final = 0.5
"""Cycles of a cosine that falls once."""

LORA: Final = ("lora_r", "lora_alpha", "lora_dropout", "lora_trainable_modules")
DPO: Final = ("dpo_beta", "rpo_alpha", "simpo_gamma", "dpo_normalize_logratios_by_length", "dpo_reference_free")
SCHEDULE: Final = ("lr_scheduler_type", "min_lr_ratio", "scheduler_num_cycles")

FLAT: Final = frozenset({*LORA, *DPO, *SCHEDULE, "lora", "train_vision"})
"""Keywords that are not fields of the request: each becomes part of one."""

Given = Mapping[str, Any]
"""Keywords with values, none of which is None."""


def training_type(given: Given) -> LoRATrainingType | FullTrainingType | None:
    """All weights or an adapter; None leaves it to the server.

    Raises:
        RuleError: The keywords contradict each other.
    """
    shape = _of(given, LORA)
    whole = given.get("training_type")
    if whole is not None:
        _alone("training_type", {**shape, **_of(given, ("lora",))})
        return whole  # type: ignore[no-any-return]  # its class is checked with the others
    if given.get("lora") is False:
        if shape:
            raise RuleError(f"{_named(shape)} is for an adapter, but lora is False: remove one of them")
        return FullTrainingType(FullTrainingTypeType.FULL)
    if not shape and "lora" not in given:
        return None
    return LoRATrainingType(LoRATrainingTypeType.LORA, **{"lora_r": LORA_R, "lora_alpha": LORA_ALPHA, **shape})


def training_method(given: Given) -> TrainingMethodSFT | TrainingMethodDPO | None:
    """Supervised fine-tuning or preference optimization; None leaves it to the server.

    Raises:
        RuleError: No such method, or settings of the other one.
    """
    method, preferences, inputs = given.get("training_method"), _of(given, DPO), _of(given, ("train_on_inputs",))
    if isinstance(method, TrainingMethodSFT | TrainingMethodDPO):
        _alone("training_method", {**preferences, **inputs})
        return method
    if method not in (None, "sft", "dpo"):
        raise RuleError(f"invalid training_method {method!r}: choose 'sft' or 'dpo'")
    if method == "dpo":
        if inputs:
            raise RuleError("train_on_inputs is for training_method='sft', but this is 'dpo': remove it")
        return TrainingMethodDPO(TrainingMethodDPOMethod.DPO, **_simpo(preferences))
    if preferences:
        raise RuleError(f"{_named(preferences)} is for training_method='dpo': add that, or remove it")
    if method is None and not inputs:
        return None
    return TrainingMethodSFT(TrainingMethodSFTMethod.SFT, **inputs)


def _simpo(preferences: dict[str, Any]) -> dict[str, Any]:
    """Add what SimPO implies: no reference model, and normalization by the length of the response."""
    gamma = preferences.get("simpo_gamma")
    if not isinstance(gamma, int | float) or gamma <= 0:
        return preferences
    implied = {"dpo_reference_free": True, "dpo_normalize_logratios_by_length": True}
    for name in implied:
        if preferences.get(name) is False:
            raise RuleError(f"simpo_gamma is {gamma:g}, but {name} is False, which SimPO requires: remove one of them")
    return {**preferences, **implied}


def lr_scheduler(given: Given) -> LRScheduler | None:
    """The schedule of the learning rate; None leaves it to the server.

    Raises:
        RuleError: No such schedule, or a setting without its schedule.
    """
    whole, settings = given.get("lr_scheduler"), _of(given, SCHEDULE)
    if whole is not None:
        _alone("lr_scheduler", settings)
        return whole  # type: ignore[no-any-return]  # its class is checked with the others
    kind, cycles = settings.get("lr_scheduler_type"), settings.get("scheduler_num_cycles")
    least = _of(given, ("min_lr_ratio",))
    if kind not in (None, "cosine", "linear"):
        raise RuleError(f"invalid lr_scheduler_type {kind!r}: choose 'cosine' or 'linear'")
    if kind != "cosine" and cycles is not None:
        raise RuleError("scheduler_num_cycles is for lr_scheduler_type='cosine': add that, or remove it")
    if kind is None:
        if least:
            raise RuleError("min_lr_ratio needs lr_scheduler_type: choose 'cosine' or 'linear'")
        return None
    if kind == "linear":
        return LRScheduler(LRSchedulerType.LINEAR, LinearLRSchedulerArgs(**least))
    arguments = CosineLRSchedulerArgs(num_cycles=ONE_FALL if cycles is None else cycles, **least)
    return LRScheduler(LRSchedulerType.COSINE, arguments)


def multimodal_params(given: Given) -> MultimodalParams | None:
    """Settings for multimodal models; None leaves them to the server.

    Raises:
        RuleError: The same setting twice.
    """
    whole, vision = given.get("multimodal_params"), _of(given, ("train_vision",))
    if whole is not None:
        _alone("multimodal_params", vision)
        return whole  # type: ignore[no-any-return]  # its class is checked with the others
    return MultimodalParams(**vision) if vision else None


def _of(given: Given, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _alone(name: str, others: Given) -> None:
    if others:
        raise RuleError(f"{name} is given as an object together with {_named(others)}: set it in the object")


def _named(given: Given) -> str:
    return next(iter(given))
