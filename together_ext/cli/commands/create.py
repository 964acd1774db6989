"""`together-ext fine-tuning create`."""

import os
from typing import Annotated, Any

import typer

from together_ext.cli.confirm import confirm_action, require_terminal
from together_ext.cli.exits import BadUsageError
from together_ext.cli.render.documents import document_of
from together_ext.cli.render.screen import show, tell
from together_ext.cli.render.views import Lines, cell
from together_ext.cli.session import connect
from together_ext.cli.settings import settings_of

from .price import price_lines, refuse_model_as_method
from .training_files import uploads


def _option(metavar: str | None, help: str, *names: str) -> Any:  # noqa: ANN401 -- as `typer.Option` is declared
    return typer.Option(*names, metavar=metavar, help=help, show_default=False)


Text = str | None
Number = float | None
Count = int | None
Choice = bool | None


def create(  # noqa: PLR0913 -- an option for each field of the request
    context: typer.Context,
    *,
    training_file: Annotated[
        str, _option("FILE", "Training file: an ID, or a path to upload.", "--training-file", "-t")
    ],
    model: Annotated[Text, _option("NAME", "Base model.", "--model", "-M")] = None,
    validation_file: Annotated[
        Text, _option("FILE", "Validation file: an ID, or a path to upload.", "--validation-file", "-v")
    ] = None,
    suffix: Annotated[Text, _option("TEXT", "Suffix of the new model's name.")] = None,
    n_epochs: Annotated[Count, _option("N", "Number of epochs.", "--n-epochs", "--ne")] = None,
    n_checkpoints: Annotated[Count, _option("N", "Number of checkpoints to save.", "--n-checkpoints", "-c")] = None,
    n_evals: Annotated[Count, _option("N", "Number of evaluations on the validation file.")] = None,
    batch_size: Annotated[Text, _option("N", "Samples per step, or max.", "--batch-size", "-b")] = None,
    gradient_accumulation_steps: Annotated[Count, _option("N", "Batches per step.")] = None,
    max_seq_length: Annotated[Count, _option("N", "Maximum sequence length in tokens.")] = None,
    packing: Annotated[Choice, _option(None, "Pack short samples into one sequence.")] = None,
    learning_rate: Annotated[Number, _option("X", "Peak learning rate.", "--learning-rate", "--lr")] = None,
    lr_scheduler_type: Annotated[Text, _option("TYPE", "Learning rate schedule: cosine or linear.")] = None,
    min_lr_ratio: Annotated[Number, _option("X", "Final learning rate as a fraction of the peak.")] = None,
    scheduler_num_cycles: Annotated[Number, _option("X", "Number of cosine cycles (0.5: one decay).")] = None,
    warmup_ratio: Annotated[Number, _option("X", "Fraction of the steps used for warmup.")] = None,
    weight_decay: Annotated[Number, _option("X", "Weight decay.")] = None,
    max_grad_norm: Annotated[Number, _option("X", "Maximum gradient norm (0: no clipping).")] = None,
    random_seed: Annotated[Count, _option("N", "Random seed.")] = None,
    early_stopping: Annotated[
        bool,
        _option(None, "Stop when the validation loss stops improving.", "--early-stopping", "--early-stopping-enabled"),
    ] = False,
    early_stopping_patience: Annotated[Count, _option("N", "Evaluations without improvement before the stop.")] = None,
    early_stopping_min_delta: Annotated[Number, _option("X", "Minimum improvement of the validation loss.")] = None,
    early_stopping_warmup_evals: Annotated[Count, _option("N", "Number of first evaluations to ignore.")] = None,
    lora: Annotated[Choice, _option(None, "Train a LoRA adapter, or all weights.")] = None,
    lora_r: Annotated[Count, _option("N", "LoRA rank.")] = None,
    lora_alpha: Annotated[Count, _option("N", "LoRA alpha (scaling).")] = None,
    lora_dropout: Annotated[Number, _option("X", "LoRA dropout.")] = None,
    lora_trainable_modules: Annotated[Text, _option("NAMES", "Modules to train, separated by commas.")] = None,
    training_method: Annotated[
        Text, _option("METHOD", "Training method: sft or dpo.", "--training-method", "-m")
    ] = None,
    train_on_inputs: Annotated[Text, _option("WHEN", "Train on prompts too: true, false or auto.")] = None,
    dpo_beta: Annotated[Number, _option("X", "DPO beta: weight of the reference model.")] = None,
    dpo_normalize_logratios_by_length: Annotated[
        Choice, _option(None, "DPO: divide log-ratios by the response length.", "--dpo-normalize-logratios-by-length")
    ] = None,
    dpo_reference_free: Annotated[
        Choice, _option(None, "DPO without a reference model.", "--dpo-reference-free")
    ] = None,
    rpo_alpha: Annotated[Number, _option("X", "Weight of the likelihood term of RPO.")] = None,
    simpo_gamma: Annotated[Number, _option("X", "Reward margin of SimPO.")] = None,
    train_vision: Annotated[Choice, _option(None, "Also train the vision encoder.")] = None,
    from_checkpoint: Annotated[Text, _option("NAME", "Job or checkpoint (ft-...:STEP) to continue from.")] = None,
    from_hf_model: Annotated[Text, _option("REPO", "Hugging Face model to start from.")] = None,
    hf_model_revision: Annotated[Text, _option("REV", "Branch, tag or commit of the Hugging Face model.")] = None,
    hf_output_repo_name: Annotated[Text, _option("REPO", "Hugging Face repository for the result.")] = None,
    hf_token_from_env: Annotated[bool, _option(None, "Send the token in HF_TOKEN.", "--hf-token-from-env")] = False,
    wandb: Annotated[bool, _option(None, "Send the key in WANDB_API_KEY.", "--wandb")] = False,
    wandb_base_url: Annotated[Text, _option("URL", "URL of a self-hosted Weights & Biases server.")] = None,
    wandb_project_name: Annotated[Text, _option("NAME", "Weights & Biases project.")] = None,
    wandb_name: Annotated[Text, _option("NAME", "Weights & Biases run.")] = None,
    wandb_entity: Annotated[Text, _option("NAME", "Weights & Biases entity.")] = None,
    wandb_api_key: Annotated[Text, typer.Option(hidden=True)] = None,
    hf_api_token: Annotated[Text, typer.Option(hidden=True)] = None,
    yes: Annotated[bool, _option(None, "Do not ask for confirmation.", "--yes", "-y", "--confirm")] = False,
) -> None:
    """Create a job.

    A local file is checked and uploaded first. Shows the estimated price and asks for confirmation. Omitted options
    take the server's default. Keys of other services are read from the environment, and sent only on request, because
    command lines are visible to all users.
    """
    from together_ext.fine_tuning.creation import creation_request

    settings = settings_of(context)
    _refuse_keys(wandb_api_key, hf_api_token)
    refuse_model_as_method(training_method)
    parameters = _parameters(context, batch_size, train_on_inputs)
    parameters |= {
        "early_stopping_enabled": early_stopping or None,
        "hf_api_token": _secret("HF_TOKEN", "--hf-token-from-env") if hf_token_from_env else None,
        "wandb_api_key": _secret("WANDB_API_KEY", "--wandb") if wandb else None,
    }
    if not yes:
        require_terminal(settings, "create the job")
    creation_request(parameters)  # refused before a file is uploaded
    with connect(settings) as client:
        parameters |= uploads(client, settings, training_file=training_file, validation_file=validation_file)
        if not (yes and (settings.quiet or settings.json)):
            for line in price_lines(client, parameters):
                tell(line)
        confirm_action(settings, "create the job", yes=yes)
        job = client.fine_tuning.create(**parameters)
    show(settings, document_of(job), Lines([cell(job.id)]))
    if not settings.quiet and not settings.json:
        tell(f"status: {cell(job.status)}; to wait for the job, run:", f"together-ext ft wait {cell(job.id)}")


def _parameters(context: typer.Context, batch_size: str | None, train_on_inputs: str | None) -> Any:  # noqa: ANN401 -- `JobParameters`, loaded later
    """The options as keywords of `create`, which have the same names."""
    from together_ext.fine_tuning.parameters import JobParameters

    given = {name: value for name, value in context.params.items() if name in JobParameters.__annotations__}
    return given | {
        "batch_size": _number_or(batch_size, "--batch-size", {"max": "max"}),
        "train_on_inputs": _number_or(train_on_inputs, None, {"true": True, "false": False, "auto": "auto"}),
    }


def _number_or(text: str | None, number: str | None, words: dict[str, Any]) -> object:
    """The value of a word, or an integer if the option takes one; the rules reject anything else."""
    if text is None:
        return None
    if text.lower() in words:
        return words[text.lower()]
    return int(text) if number and text.isdecimal() and text.isascii() else text


def _refuse_keys(wandb_api_key: str | None, hf_api_token: str | None) -> None:
    """Refuse keys on the command line, which is visible to all users of the machine."""
    for given, option, instead, variable in (
        (wandb_api_key, "--wandb-api-key", "--wandb", "WANDB_API_KEY"),
        (hf_api_token, "--hf-api-token", "--hf-token-from-env", "HF_TOKEN"),
    ):
        if given is not None:
            raise BadUsageError(
                f"{option} exposes the key in every process list: set {variable} and pass {instead} instead"
            )


def _secret(variable: str, option: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise BadUsageError(f"{option} requires {variable}, which is not set: set it, or omit {option}")
    return value
