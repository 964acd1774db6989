"""The request of a new fine-tuning job, from the keywords of `create`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import attrs

from together_ext.api import keywords
from together_ext.errors import RuleError
from together_generated import models

from . import training
from .job_rules import check, check_values
from .parameters import JobParameters

_INPUTS: Final = "train_on_inputs"

_CLASSES: Final[Mapping[str, tuple[type, ...]]] = {
    "training_type": (models.FullTrainingType, models.LoRATrainingType),
    "training_method": (models.TrainingMethodSFT, models.TrainingMethodDPO),
    "lr_scheduler": (models.LRScheduler,),
    "multimodal_params": (models.MultimodalParams,),
}


def creation_request(parameters: JobParameters) -> models.FinetuneCreateRequest:
    """The body of the request: only what was given, checked and combined.

    Raises:
        TypeError: A keyword that does not exist, or `training_file` is missing.
        RuleError: A value is invalid, or cannot be serialized as JSON.
    """
    given: dict[str, Any] = {name: value for name, value in parameters.items() if value is not None}
    keywords.check("create", given, JobParameters)
    if "training_file" not in given:
        raise TypeError("create() needs the keyword argument 'training_file'")
    check(given)
    together: dict[str, Any] = {
        "training_type": training.training_type(given),
        "training_method": training.training_method(given),
        "lr_scheduler": training.lr_scheduler(given),
        "multimodal_params": training.multimodal_params(given),
    }
    for name, value in together.items():
        if value is None:
            continue
        if not isinstance(value, _CLASSES[name]):
            known = " or ".join(kind.__name__ for kind in _CLASSES[name])
            raise RuleError(f"{name} is a {type(value).__name__}: expected {known}, or the separate keywords")
        known_object: Any = value
        check_values(known_object.to_dict())
    # `train_on_inputs` is part of the training method: the separate field is deprecated.
    plain = {name: value for name, value in given.items() if name not in training.FLAT | together.keys() | {_INPUTS}}
    request = models.FinetuneCreateRequest(
        **plain, **{name: value for name, value in together.items() if value is not None}
    )
    _check_json(request)
    return request


def _check_json(request: models.FinetuneCreateRequest) -> None:
    try:
        json.dumps(request.to_dict(), allow_nan=False)
    except (TypeError, ValueError, AttributeError) as error:
        raise RuleError(f"a parameter of the new job cannot be sent ({error}): check the types of the values") from None


def price_request(parameters: JobParameters) -> models.FinetunePriceRequest:
    """The part of a job that its price depends on; raises like `creation_request`."""
    job = creation_request(parameters)
    names = [field.name for field in attrs.fields(models.FinetunePriceRequest) if field.init]
    return models.FinetunePriceRequest(**{name: getattr(job, name) for name in names})


def creation_secrets(parameters: JobParameters) -> tuple[str, ...]:
    """The keys of other services among the parameters: a server may quote the request in an error."""
    keys = (parameters.get("wandb_api_key"), parameters.get("hf_api_token"))
    return tuple(key for key in keys if key)
