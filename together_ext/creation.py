"""What a new fine-tuning job can be given: the keywords of `create`, and the request that they make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, Required, TypedDict

import attrs

from together_generated import models

from . import training
from .errors import RuleError
from .job_rules import check, check_values

_INPUTS: Final = "train_on_inputs"

_CLASSES: Final[Mapping[str, tuple[type, ...]]] = {
    "training_type": (models.FullTrainingType, models.LoRATrainingType),
    "training_method": (models.TrainingMethodSFT, models.TrainingMethodDPO),
    "lr_scheduler": (models.LRScheduler,),
    "multimodal_params": (models.MultimodalParams,),
}


class JobParameters(TypedDict, total=False):
    """Keywords of `create`. Whatever is left out, or None, is not sent: the server has its default."""

    training_file: Required[str]
    """ID of the uploaded training file."""
    model: str | None
    """Name of the base model; needed unless the job goes on from a checkpoint."""
    validation_file: str | None
    """ID of the uploaded validation file."""
    packing: bool | None
    """Pack several short samples into one sequence."""
    max_seq_length: int | None
    """Longest sequence in tokens."""
    n_epochs: int | None
    """Passes over the training file."""
    n_checkpoints: int | None
    """Checkpoints to save while training."""
    n_evals: int | None
    """Evaluations on the validation file while training."""
    batch_size: int | Literal["max"] | None
    """Samples in a step, or "max" for the largest that fits."""
    gradient_accumulation_steps: int | None
    """Batches whose gradients are added up before a step."""
    learning_rate: float | None
    """Peak learning rate."""
    lr_scheduler_type: Literal["cosine", "linear"] | None
    """How the learning rate falls after its peak."""
    min_lr_ratio: float | None
    """Last learning rate as a share of the peak, from 0 to 1; needs the type."""
    scheduler_num_cycles: float | None
    """Cycles of the cosine; 0.5 falls once."""
    lr_scheduler: models.LRScheduler | None
    """The same three as an object."""
    warmup_ratio: float | None
    """Share of the steps, from 0 to 1, over which the learning rate rises."""
    max_grad_norm: float | None
    """Norm at which gradients are clipped; 0 switches clipping off."""
    weight_decay: float | None
    """Weight decay of the optimizer."""
    random_seed: int | None
    """Seed of the run."""
    early_stopping_enabled: bool | None
    """End the training when the evaluations no longer get better."""
    early_stopping_patience: int | None
    """Evaluations without an improvement after which the training ends."""
    early_stopping_min_delta: float | None
    """Least fall of the evaluation loss that counts as an improvement."""
    early_stopping_warmup_evals: int | None
    """First evaluations that do not count."""
    suffix: str | None
    """Becomes part of the fine-tuned model's name."""
    wandb_api_key: str | None
    """Weights & Biases key."""
    wandb_base_url: str | None
    """Address of a self-hosted Weights & Biases."""
    wandb_project_name: str | None
    """Weights & Biases project."""
    wandb_name: str | None
    """Weights & Biases run name."""
    wandb_entity: str | None
    """Weights & Biases entity."""
    lora: bool | None
    """True for an adapter, False for all weights; without it the server trains an adapter."""
    lora_r: int | None
    """Rank of the adapter; 64 if another setting of it is given."""
    lora_alpha: int | None
    """Scaling of the adapter; 16 if another setting of it is given."""
    lora_dropout: float | None
    """Dropout of the adapter, from 0 to less than 1."""
    lora_trainable_modules: str | None
    """Modules to adapt, separated by commas, or `all-linear`."""
    training_type: models.FullTrainingType | models.LoRATrainingType | None
    """The same five as an object."""
    training_method: Literal["sft", "dpo"] | models.TrainingMethodSFT | models.TrainingMethodDPO | None
    """Supervised fine-tuning or direct preference optimization; with its settings below, or as an object."""
    train_on_inputs: bool | Literal["auto"] | None
    """SFT: train on the prompts too; "auto" decides by the data."""
    dpo_beta: float | None
    """DPO: how strongly the model is held to the reference, from 0.05 to 0.9."""
    rpo_alpha: float | None
    """DPO: weight of the likelihood term of the preferred answer."""
    simpo_gamma: float | None
    """DPO: reward margin of SimPO; more than 0 implies the next two."""
    dpo_normalize_logratios_by_length: bool | None
    """DPO: divide the log ratios by the answer's length."""
    dpo_reference_free: bool | None
    """DPO: train without a reference model."""
    train_vision: bool | None
    """Train the vision encoder too; only for models that see."""
    multimodal_params: models.MultimodalParams | None
    """The same as an object."""
    from_checkpoint: str | None
    """A job ID or a fine-tuned model's name to go on from, each with `:<step>` for one checkpoint."""
    from_hf_model: str | None
    """Hugging Face repository to start from."""
    hf_model_revision: str | None
    """Branch, tag or commit of it."""
    hf_api_token: str | None
    """Hugging Face token."""
    hf_output_repo_name: str | None
    """Hugging Face repository to upload the result to."""


def creation_request(parameters: JobParameters) -> models.FinetuneCreateRequest:
    """The request's body: only what was given, checked and put together.

    Raises:
        TypeError: A keyword that does not exist, or `training_file` is missing.
        RuleError: What cannot be right, or a value that JSON cannot carry.
    """
    given: dict[str, Any] = {name: value for name, value in parameters.items() if value is not None}
    if unknown := given.keys() - JobParameters.__annotations__.keys():
        raise TypeError(f"create() got an unexpected keyword argument {min(unknown)!r}")
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
            raise RuleError(f"{name} is a {type(value).__name__}: expected {known}, or the keywords that make one")
        known_object: Any = value
        check_values(known_object.to_dict())
    # Inside the method, where it belongs since the field of its own is deprecated.
    plain = {name: value for name, value in given.items() if name not in training.FLAT | together.keys() | {_INPUTS}}
    request = models.FinetuneCreateRequest(
        **plain, **{name: value for name, value in together.items() if value is not None}
    )
    try:
        json.dumps(request.to_dict(), allow_nan=False)
    except (TypeError, ValueError, AttributeError) as error:
        raise RuleError(f"a parameter of the new job cannot be sent ({error}): check the types of the values") from None
    return request


def price_request(parameters: JobParameters) -> models.FinetunePriceRequest:
    """The part of a job that its price depends on; raises like `creation_request`."""
    job = creation_request(parameters)
    names = [field.name for field in attrs.fields(models.FinetunePriceRequest) if field.init]
    return models.FinetunePriceRequest(**{name: getattr(job, name) for name in names})


def creation_secrets(parameters: JobParameters) -> tuple[str, ...]:
    """The keys of other services among the parameters; servers repeat requests in their refusals."""
    keys = (parameters.get("wandb_api_key"), parameters.get("hf_api_token"))
    return tuple(key for key in keys if key)
