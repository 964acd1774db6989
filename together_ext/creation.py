"""What a new fine-tuning job can be given: the keywords of `create`, one for each field of the request."""

from __future__ import annotations

import json
from typing import Any, Literal, Required, TypedDict

from together_generated import models

from .errors import RuleError


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
    lr_scheduler: models.LRScheduler | None
    """How the learning rate falls after its peak."""
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
    train_on_inputs: bool | Literal["auto"] | None
    """Train on the prompts too; superseded by the training method's field of that name."""
    training_method: models.TrainingMethodSFT | models.TrainingMethodDPO | None
    """Supervised fine-tuning or direct preference optimization."""
    training_type: models.FullTrainingType | models.LoRATrainingType | None
    """All weights or a LoRA adapter."""
    multimodal_params: models.MultimodalParams | None
    """Settings for models that see."""
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
    """The request body: only what was given.

    Raises:
        TypeError: A keyword that does not exist, or `training_file` is missing.
        RuleError: A value that JSON cannot carry, such as NaN.
    """
    # Types were checked where `create` was called; here they would have to be repeated for every field.
    given: dict[str, Any] = {name: value for name, value in parameters.items() if value is not None}
    request = models.FinetuneCreateRequest(**given)
    try:
        json.dumps(request.to_dict(), allow_nan=False)
    except (TypeError, ValueError, AttributeError) as error:
        raise RuleError(f"a parameter of the new job cannot be sent ({error}): check the types of the values") from None
    return request


def creation_secrets(parameters: JobParameters) -> tuple[str, ...]:
    """The keys of other services among the parameters; servers repeat requests in their refusals."""
    keys = (parameters.get("wandb_api_key"), parameters.get("hf_api_token"))
    return tuple(key for key in keys if key)
