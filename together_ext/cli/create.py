"""`together-ext fine-tuning create`."""

import os
from typing import Annotated, Any

import typer

from .exits import BadUsageError
from .screen import show, tell
from .session import connect
from .settings import settings_of
from .views import Lines, cell


def _option(metavar: str | None, help: str, *names: str) -> Any:  # noqa: ANN401 -- Typer's own word and type
    return typer.Option(*names, metavar=metavar, help=help, show_default=False)


Text = str | None
Number = float | None
Count = int | None
Choice = bool | None


def create(  # noqa: PLR0913 -- an option for each field of the request
    context: typer.Context,
    *,
    training_file: Annotated[str, _option("FILE-ID", "The uploaded training file.")],
    model: Annotated[str, _option("NAME", "The base model.")],
    validation_file: Annotated[Text, _option("FILE-ID", "The uploaded validation file.")] = None,
    suffix: Annotated[Text, _option("TEXT", "Becomes part of the new model's name.")] = None,
    n_epochs: Annotated[Count, _option("N", "Passes over the training file.")] = None,
    n_checkpoints: Annotated[Count, _option("N", "Checkpoints to save.")] = None,
    n_evals: Annotated[Count, _option("N", "Evaluations on the validation file.")] = None,
    batch_size: Annotated[Text, _option("N", "Samples in a step, or max.")] = None,
    gradient_accumulation_steps: Annotated[Count, _option("N", "Batches that make a step.")] = None,
    max_seq_length: Annotated[Count, _option("N", "Longest sequence in tokens.")] = None,
    packing: Annotated[Choice, _option(None, "Pack short samples together.")] = None,
    learning_rate: Annotated[Number, _option("X", "Peak learning rate.")] = None,
    lr_scheduler_type: Annotated[Text, _option("TYPE", "cosine or linear.")] = None,
    min_lr_ratio: Annotated[Number, _option("X", "Last learning rate as a share of the peak.")] = None,
    scheduler_num_cycles: Annotated[Number, _option("X", "Cycles of the cosine; 0.5 falls once.")] = None,
    warmup_ratio: Annotated[Number, _option("X", "Share of the steps over which the rate rises.")] = None,
    weight_decay: Annotated[Number, _option("X", "Weight decay.")] = None,
    max_grad_norm: Annotated[Number, _option("X", "Norm at which gradients are clipped; 0: never.")] = None,
    random_seed: Annotated[Count, _option("N", "Seed of the run.")] = None,
    early_stopping: Annotated[bool, _option(None, "End when it no longer gets better.", "--early-stopping")] = False,
    early_stopping_patience: Annotated[Count, _option("N", "Evaluations without an improvement.")] = None,
    early_stopping_min_delta: Annotated[Number, _option("X", "Least improvement that counts.")] = None,
    early_stopping_warmup_evals: Annotated[Count, _option("N", "First evaluations that do not count.")] = None,
    lora: Annotated[Choice, _option(None, "Train an adapter, or all weights.")] = None,
    lora_r: Annotated[Count, _option("N", "Rank of the adapter.")] = None,
    lora_alpha: Annotated[Count, _option("N", "Scaling of the adapter.")] = None,
    lora_dropout: Annotated[Number, _option("X", "Dropout of the adapter.")] = None,
    lora_trainable_modules: Annotated[Text, _option("NAMES", "Modules, separated by commas.")] = None,
    training_method: Annotated[Text, _option("METHOD", "sft or dpo.")] = None,
    train_on_inputs: Annotated[Text, _option("WHEN", "Train on the prompts too: true, false, auto.")] = None,
    dpo_beta: Annotated[Number, _option("X", "How strongly DPO holds to the reference.")] = None,
    dpo_normalize_logratios_by_length: Annotated[
        Choice, _option(None, "Divide by the answer's length.", "--dpo-normalize-logratios-by-length")
    ] = None,
    dpo_reference_free: Annotated[Choice, _option(None, "No reference model.", "--dpo-reference-free")] = None,
    rpo_alpha: Annotated[Number, _option("X", "Weight of RPO's likelihood term.")] = None,
    simpo_gamma: Annotated[Number, _option("X", "Reward margin of SimPO.")] = None,
    train_vision: Annotated[Choice, _option(None, "Train the vision encoder too.")] = None,
    from_checkpoint: Annotated[Text, _option("NAME", "Job or model to go on from, :STEP may follow.")] = None,
    from_hf_model: Annotated[Text, _option("REPO", "Hugging Face model to start from.")] = None,
    hf_model_revision: Annotated[Text, _option("REV", "Its branch, tag or commit.")] = None,
    hf_output_repo_name: Annotated[Text, _option("REPO", "Hugging Face repository for the result.")] = None,
    hf_token_from_env: Annotated[bool, _option(None, "Send the token in HF_TOKEN.", "--hf-token-from-env")] = False,
    wandb: Annotated[bool, _option(None, "Send the key in WANDB_API_KEY.", "--wandb")] = False,
    wandb_base_url: Annotated[Text, _option("URL", "A self-hosted Weights & Biases.")] = None,
    wandb_project_name: Annotated[Text, _option("NAME", "Weights & Biases project.")] = None,
    wandb_name: Annotated[Text, _option("NAME", "Weights & Biases run.")] = None,
    wandb_entity: Annotated[Text, _option("NAME", "Weights & Biases entity.")] = None,
) -> None:
    """Start a job.

    What is left out takes the server's default. Keys of other services are sent only if asked for, and read from the
    environment: a command line can be read in every process list.
    """
    from . import training  # noqa: PLC0415 -- not for `--help`

    settings = settings_of(context)
    preferences = training.Preferences(
        dpo_beta, rpo_alpha, simpo_gamma, dpo_normalize_logratios_by_length, dpo_reference_free
    )
    with connect(settings) as client:
        job = client.fine_tuning.create(
            training_file=training_file,
            model=model,
            validation_file=validation_file,
            suffix=suffix,
            n_epochs=n_epochs,
            n_checkpoints=n_checkpoints,
            n_evals=n_evals,
            batch_size=training.batch_size(batch_size),
            gradient_accumulation_steps=gradient_accumulation_steps,
            max_seq_length=max_seq_length,
            packing=packing,
            learning_rate=learning_rate,
            lr_scheduler=training.lr_scheduler(lr_scheduler_type, min_lr_ratio, scheduler_num_cycles),
            warmup_ratio=warmup_ratio,
            weight_decay=weight_decay,
            max_grad_norm=max_grad_norm,
            random_seed=random_seed,
            early_stopping_enabled=early_stopping or None,
            early_stopping_patience=early_stopping_patience,
            early_stopping_min_delta=early_stopping_min_delta,
            early_stopping_warmup_evals=early_stopping_warmup_evals,
            training_type=training.training_type(
                training.Lora(lora_r, lora_alpha, lora_dropout, lora_trainable_modules), wanted=lora
            ),
            training_method=training.training_method(training_method, preferences, train_on_inputs),
            multimodal_params=training.multimodal(train_vision=train_vision),
            from_checkpoint=from_checkpoint,
            from_hf_model=from_hf_model,
            hf_model_revision=hf_model_revision,
            hf_output_repo_name=hf_output_repo_name,
            hf_api_token=_secret("HF_TOKEN", "--hf-token-from-env") if hf_token_from_env else None,
            wandb_api_key=_secret("WANDB_API_KEY", "--wandb") if wandb else None,
            wandb_base_url=wandb_base_url,
            wandb_project_name=wandb_project_name,
            wandb_name=wandb_name,
            wandb_entity=wandb_entity,
        )
    show(settings, job.to_dict(), Lines([cell(job.id)]))
    if not settings.quiet and not settings.json:
        tell(f"{cell(job.status)}; together-ext ft status {cell(job.id)} tells how it goes on")


def _secret(variable: str, option: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise BadUsageError(f"{option} sends the value of {variable}, and that is not set: set it, or leave it out")
    return value
