"""`together-ext fine-tuning price`, `limits` and `models`: the price of a job, and the models that can be trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from together_ext.api.responses import number
from together_ext.cli.exits import BadUsageError
from together_ext.cli.render.documents import document_of
from together_ext.cli.render.fields import pairs_of
from together_ext.cli.render.screen import show
from together_ext.cli.render.views import Lines, Record, Results, cell
from together_ext.cli.session import connect
from together_ext.cli.settings import settings_of
from together_ext.errors import ApiError, AuthenticationError
from together_ext.text import printable

from .training_files import is_local

if TYPE_CHECKING:
    from together_ext.client import Together
    from together_generated.models import FinetunePriceEstimate


def price(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    *,
    training_file: Annotated[
        str, typer.Option("--training-file", "-t", metavar="FILE-ID", help="ID of the training file.")
    ],
    model: Annotated[str | None, typer.Option("--model", "-M", metavar="NAME", help="Base model.")] = None,
    validation_file: Annotated[str | None, typer.Option(metavar="FILE-ID", help="ID of the validation file.")] = None,
    n_epochs: Annotated[int | None, typer.Option(metavar="N", help="Number of epochs.")] = None,
    n_evals: Annotated[int | None, typer.Option(metavar="N", help="Number of evaluations.")] = None,
    lora: Annotated[
        bool | None, typer.Option("--lora/--no-lora", help="Train a LoRA adapter, or all weights.", show_default=False)
    ] = None,
    training_method: Annotated[
        str | None,
        typer.Option("--training-method", "-m", metavar="METHOD", help="Training method: sft or dpo."),
    ] = None,
    from_checkpoint: Annotated[
        str | None, typer.Option(metavar="NAME", help="Job or checkpoint (ft-...:STEP) to continue from.")
    ] = None,
) -> None:
    """Estimate the price of a job."""
    settings = settings_of(context)
    refuse_model_as_method(training_method)
    if is_local(training_file):
        raise BadUsageError(
            f"--training-file {training_file} is a local file: run together-ext files upload, and pass the ID"
        )
    given: dict[str, Any] = {
        "training_file": training_file,
        "model": model,
        "validation_file": validation_file,
        "n_epochs": n_epochs,
        "n_evals": n_evals,
        "lora": lora,
        "training_method": training_method,
        "from_checkpoint": from_checkpoint,
    }
    with connect(settings) as client:
        estimate = client.fine_tuning.estimate_price(**given)
    show(settings, document_of(estimate), Lines(list(estimate_lines(estimate))))


def refuse_model_as_method(method: str | None) -> None:
    """Refuse the name of a model after `-m`, which is the training method.

    Raises:
        BadUsageError: It is the name of a model.
    """
    if method is not None and "/" in method:
        raise BadUsageError(f"-m is the training method (sft or dpo): for the model, use -M {method}")


def limits(
    context: typer.Context,
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help="Base model.", show_default=False)] = None,
    *,
    named: Annotated[str | None, typer.Option("--model", "-M", hidden=True)] = None,
) -> None:
    """Show the limits of a base model."""
    settings = settings_of(context)
    if (model is None) == (named is None):
        raise BadUsageError("one MODEL is required: add the name of a base model (see together-ext ft models)")
    model = model or named or ""
    with connect(settings) as client:
        found = document_of(client.fine_tuning.model_limits(model))
    show(settings, found, Record(pairs_of(found)))


def models(
    context: typer.Context,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="Show only names that contain this text.", show_default=False)
    ] = None,
) -> None:
    """List the base models that can be fine-tuned."""
    settings = settings_of(context)
    with connect(settings) as client:
        names = client.fine_tuning.list_models()
    found = [name for name in names if text is None or text.lower() in name.lower()]
    empty = "no base models" if text is None else f"no base model contains {printable(text)!r}"
    show(settings, {"data": found}, Results([cell(name) for name in found]), empty=empty)


def price_lines(client: Together, parameters: Mapping[str, Any]) -> list[str]:
    """The estimated price of a job, to be shown before it is created; an API error becomes a line.

    Args:
        client: The client.
        parameters: The keywords of `create`.

    Raises:
        RuleError: Invalid parameters.
    """
    try:
        return list(estimate_lines(client.fine_tuning.estimate_price(**parameters)))
    except AuthenticationError:
        raise
    except ApiError as error:
        return [f"price unavailable: {error}"]


def estimate_lines(estimate: FinetunePriceEstimate) -> Iterator[str]:
    """An estimate as text."""
    total, limit = _amount(estimate.estimated_total_price), _amount(estimate.user_limit)
    if estimate.estimation_available is False or total is None:
        yield f"price unavailable: {cell(estimate.unavailable_reason or 'the server gave no reason')}"
    else:
        tokens = [
            f"{count:,.0f} {use} tokens"
            for use, count in (
                ("training", _amount(estimate.estimated_train_token_count)),
                ("evaluation", _amount(estimate.estimated_eval_token_count)),
            )
            if count
        ]
        yield f"estimated price: ${total:,.2f}" + (f" ({', '.join(tokens)})" if tokens else "")
    if estimate.allowed_to_proceed is False or (total is not None and limit is not None and total > limit):
        left = "" if limit is None else f" (${limit:,.2f} left)"
        yield f"warning: the price exceeds the account's spending limit{left}"


def _amount(value: object) -> float | None:
    found = number(value)
    return found if found is not None and 0 <= found < 1 << 53 else None
