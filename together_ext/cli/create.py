"""`together-ext fine-tuning create`."""

import os
from typing import Annotated, Any

import typer

from .confirm import confirm_action, require_somebody
from .documents import document_of
from .exits import BadUsageError
from .price import price_lines
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
    training_file: Annotated[str, _option("FILE-ID", "The uploaded training file.", "--training-file", "-t")],
    model: Annotated[Text, _option("NAME", "The base model.", "--model", "-m", "-M")] = None,
    validation_file: Annotated[Text, _option("FILE-ID", "The uploaded validation file.")] = None,
    suffix: Annotated[Text, _option("TEXT", "Becomes part of the new model's name.")] = None,
    n_epochs: Annotated[Count, _option("N", "Passes over the training file.", "--n-epochs", "--ne")] = None,
    n_checkpoints: Annotated[Count, _option("N", "Checkpoints to save.", "--n-checkpoints", "-c")] = None,
    n_evals: Annotated[Count, _option("N", "Evaluations on the validation file.")] = None,
    batch_size: Annotated[Text, _option("N", "Samples in a step, or max.", "--batch-size", "-b")] = None,
    gradient_accumulation_steps: Annotated[Count, _option("N", "Batches that make a step.")] = None,
    max_seq_length: Annotated[Count, _option("N", "Longest sequence in tokens.")] = None,
    packing: Annotated[Choice, _option(None, "Pack short samples together.")] = None,
    learning_rate: Annotated[Number, _option("X", "Peak learning rate.", "--learning-rate", "--lr")] = None,
    lr_scheduler_type: Annotated[Text, _option("TYPE", "cosine or linear.")] = None,
    min_lr_ratio: Annotated[Number, _option("X", "Last learning rate as a share of the peak.")] = None,
    scheduler_num_cycles: Annotated[Number, _option("X", "Cycles of the cosine; 0.5 falls once.")] = None,
    warmup_ratio: Annotated[Number, _option("X", "Share of the steps over which the rate rises.")] = None,
    weight_decay: Annotated[Number, _option("X", "Weight decay.")] = None,
    max_grad_norm: Annotated[Number, _option("X", "Norm at which gradients are clipped; 0: never.")] = None,
    random_seed: Annotated[Count, _option("N", "Seed of the run.")] = None,
    early_stopping: Annotated[
        bool, _option(None, "End when it no longer gets better.", "--early-stopping", "--early-stopping-enabled")
    ] = False,
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
    wandb_api_key: Annotated[Text, typer.Option(hidden=True)] = None,
    hf_api_token: Annotated[Text, typer.Option(hidden=True)] = None,
    yes: Annotated[bool, _option(None, "Do not ask.", "--yes", "-y", "--confirm")] = False,
) -> None:
    """Start a job.

    It tells the price first, and asks; --yes answers in advance. What is left out takes the server's default. Keys of
    other services are sent only if asked for, and read from the environment: a command line can be read in every
    process list.
    """
    settings = settings_of(context)
    _refuse_keys(wandb_api_key, hf_api_token)
    parameters = _parameters(context, batch_size, train_on_inputs)
    parameters |= {
        "early_stopping_enabled": early_stopping or None,
        "hf_api_token": _secret("HF_TOKEN", "--hf-token-from-env") if hf_token_from_env else None,
        "wandb_api_key": _secret("WANDB_API_KEY", "--wandb") if wandb else None,
    }
    if not yes:
        require_somebody("create the job")
    with connect(settings) as client:
        if not (yes and (settings.quiet or settings.json)):
            for line in price_lines(client, parameters):
                tell(line)
        confirm_action("create the job", yes=yes)
        job = client.fine_tuning.create(**parameters)
    show(settings, document_of(job), Lines([cell(job.id)]))
    if not settings.quiet and not settings.json:
        tell(f"{cell(job.status)}; together-ext ft wait {cell(job.id)} waits for it")


def _parameters(context: typer.Context, batch_size: str | None, train_on_inputs: str | None) -> dict[str, Any]:
    """The options as keywords of `create`: they have the same names."""
    from together_ext.creation import JobParameters  # noqa: PLC0415 -- not for `--help`

    given = {name: value for name, value in context.params.items() if name in JobParameters.__annotations__}
    return given | {
        "batch_size": _number_or(batch_size, "--batch-size", {"max": "max"}),
        "train_on_inputs": _number_or(train_on_inputs, None, {"true": True, "false": False, "auto": "auto"}),
    }


def _number_or(text: str | None, number: str | None, words: dict[str, Any]) -> object:
    """A word's value, or a whole number if the option takes one; anything else is left for the rules to refuse."""
    if text is None:
        return None
    if text.lower() in words:
        return words[text.lower()]
    return int(text) if number and text.isdecimal() and text.isascii() else text


def _refuse_keys(wandb_api_key: str | None, hf_api_token: str | None) -> None:
    """Refuse what other programs take on their command lines, where anybody on the machine can read it."""
    for given, option, instead, variable in (
        (wandb_api_key, "--wandb-api-key", "--wandb", "WANDB_API_KEY"),
        (hf_api_token, "--hf-api-token", "--hf-token-from-env", "HF_TOKEN"),
    ):
        if given is not None:
            raise BadUsageError(
                f"{option} would show the key in every process list: set {variable}, and give {instead} instead"
            )


def _secret(variable: str, option: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise BadUsageError(f"{option} sends the value of {variable}, and that is not set: set it, or leave it out")
    return value
