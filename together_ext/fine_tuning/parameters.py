"""The keywords of `create` and `estimate_price`."""

from __future__ import annotations

from typing import Literal, Required, TypedDict

from together_generated import models


class JobParameters(TypedDict, total=False):
    """Keywords of `create`. A keyword that is absent or None is not sent, so the server's default applies."""

    training_file: Required[str]
    """ID of the uploaded training file."""
    model: str | None
    """Name of the base model; required unless the job continues a checkpoint."""
    validation_file: str | None
    """ID of the uploaded validation file."""
    packing: bool | None
    """Pack several short samples into one sequence."""
    max_seq_length: int | None
    """Maximum length of a sequence, in tokens."""
    n_epochs: int | None
    """Passes over the training file."""
    n_checkpoints: int | None
    """Number of checkpoints to save."""
    n_evals: int | None
    """Number of evaluations on the validation file."""
    batch_size: int | Literal["max"] | None
    """Samples per step, or "max" for the maximum."""
    gradient_accumulation_steps: int | None
    """Number of batches whose gradients are accumulated before a step."""
    learning_rate: float | None
    """Peak learning rate."""
    lr_scheduler_type: Literal["cosine", "linear"] | None
    """Learning rate schedule after the peak."""
    min_lr_ratio: float | None
    """Final learning rate as a fraction of the peak, from 0 to 1; requires `lr_scheduler_type`."""
    scheduler_num_cycles: float | None
    """Number of cosine cycles; 0.5 is one decay."""
    lr_scheduler: models.LRScheduler | None
    """The three settings above as an object."""
    warmup_ratio: float | None
    """Fraction of the steps used for warmup, from 0 to 1."""
    max_grad_norm: float | None
    """Maximum gradient norm; 0 disables clipping."""
    weight_decay: float | None
    """Weight decay of the optimizer."""
    random_seed: int | None
    """Seed of the run."""
    early_stopping_enabled: bool | None
    """Stop the training when the evaluation loss stops improving."""
    early_stopping_patience: int | None
    """Number of evaluations without improvement before the training stops."""
    early_stopping_min_delta: float | None
    """Minimum decrease of the evaluation loss that counts as an improvement."""
    early_stopping_warmup_evals: int | None
    """Number of first evaluations to ignore."""
    suffix: str | None
    """Part of the fine-tuned model's name."""
    wandb_api_key: str | None
    """Weights & Biases key."""
    wandb_base_url: str | None
    """URL of a self-hosted Weights & Biases server."""
    wandb_project_name: str | None
    """Weights & Biases project."""
    wandb_name: str | None
    """Weights & Biases run name."""
    wandb_entity: str | None
    """Weights & Biases entity."""
    lora: bool | None
    """True for an adapter, False for all weights (default of the server: an adapter)."""
    lora_r: int | None
    """Rank of the adapter; 64 if another setting of it is given."""
    lora_alpha: int | None
    """Scaling of the adapter; 16 if another setting of it is given."""
    lora_dropout: float | None
    """Dropout of the adapter, from 0 to less than 1."""
    lora_trainable_modules: str | None
    """Modules to adapt, separated by commas, or `all-linear`."""
    training_type: models.FullTrainingType | models.LoRATrainingType | None
    """The five settings above as an object."""
    training_method: Literal["sft", "dpo"] | models.TrainingMethodSFT | models.TrainingMethodDPO | None
    """Supervised fine-tuning or direct preference optimization; with its settings below, or as an object."""
    train_on_inputs: bool | Literal["auto"] | None
    """SFT: also train on the prompts; "auto" depends on the data."""
    dpo_beta: float | None
    """DPO: weight of the divergence from the reference model, from 0.05 to 0.9."""
    rpo_alpha: float | None
    """DPO: weight of the likelihood term of the preferred response."""
    simpo_gamma: float | None
    """DPO: reward margin of SimPO; more than 0 implies the next two."""
    dpo_normalize_logratios_by_length: bool | None
    """DPO: divide the log ratios by the response's length."""
    dpo_reference_free: bool | None
    """DPO: train without a reference model."""
    train_vision: bool | None
    """Also train the vision encoder; only for vision models."""
    multimodal_params: models.MultimodalParams | None
    """The setting above as an object."""
    from_checkpoint: str | None
    """A job ID or a fine-tuned model's name to continue, each with `:<step>` for one checkpoint."""
    from_hf_model: str | None
    """Hugging Face repository to start from."""
    hf_model_revision: str | None
    """Branch, tag or commit of that repository."""
    hf_api_token: str | None
    """Hugging Face token."""
    hf_output_repo_name: str | None
    """Hugging Face repository to upload the result to."""
