"""`together-ext fine-tuning price`, `limits` and `models`: what can be trained, within which bounds, for how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .documents import document_of
from .fields import pairs_of
from .screen import show
from .session import connect
from .settings import settings_of
from .views import Lines, Record, cell

if TYPE_CHECKING:
    from together_ext.client import Together
    from together_generated.models import FinetunePriceEstimate


def price(  # noqa: PLR0913 -- what the price depends on
    context: typer.Context,
    *,
    training_file: Annotated[str, typer.Option("--training-file", "-t", metavar="FILE-ID", help="The training file.")],
    model: Annotated[str | None, typer.Option("--model", "-m", "-M", metavar="NAME", help="The base model.")] = None,
    validation_file: Annotated[str | None, typer.Option(metavar="FILE-ID", help="The validation file.")] = None,
    n_epochs: Annotated[int | None, typer.Option(metavar="N", help="Passes over the training file.")] = None,
    n_evals: Annotated[int | None, typer.Option(metavar="N", help="Evaluations.")] = None,
    lora: Annotated[
        bool | None, typer.Option("--lora/--no-lora", help="Train an adapter, or all weights.", show_default=False)
    ] = None,
    training_method: Annotated[str | None, typer.Option(metavar="METHOD", help="sft or dpo.")] = None,
    from_checkpoint: Annotated[str | None, typer.Option(metavar="NAME", help="What to go on from.")] = None,
) -> None:
    """Estimate what a job would cost."""
    settings = settings_of(context)
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


def limits(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The base model's name.", show_default=False)],
) -> None:
    """Show a base model's limits."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = document_of(client.fine_tuning.model_limits(model))
    show(settings, found, Record(pairs_of(found)))


def models(
    context: typer.Context,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="Only names with this in them.", show_default=False)
    ] = None,
) -> None:
    """List the base models."""
    settings = settings_of(context)
    with connect(settings) as client:
        names = client.fine_tuning.list_models()
    found = [name for name in names if text is None or text.lower() in name.lower()]
    show(settings, {"models": found}, Names([cell(name) for name in found]))


class Names(Lines):
    """Names, one to a line, each of which matters."""

    def essence(self) -> list[str]:
        """All of them."""
        return self.text


def price_lines(client: Together, parameters: Mapping[str, Any]) -> list[str]:
    """What to say of a new job's price before it is created; no trouble with that keeps anyone from creating it.

    Args:
        client: Who asks.
        parameters: The job's.

    Raises:
        RuleError: Parameters that cannot be right.
    """
    from together_ext.errors import ApiError, AuthenticationError  # noqa: PLC0415 -- not for `--help`

    try:
        return list(estimate_lines(client.fine_tuning.estimate_price(**parameters)))
    except AuthenticationError:
        raise
    except ApiError as error:
        return [f"the price is not known: {error}"]


def estimate_lines(estimate: FinetunePriceEstimate) -> Iterator[str]:
    """An estimate in words."""
    total, limit = _amount(estimate.estimated_total_price), _amount(estimate.user_limit)
    if estimate.estimation_available is False or total is None:
        yield f"the price is not known: {cell(estimate.unavailable_reason or 'the server does not say why')}"
    else:
        tokens = [
            f"{count:,.0f} tokens to {what}"
            for what, count in (
                ("train on", _amount(estimate.estimated_train_token_count)),
                ("evaluate on", _amount(estimate.estimated_eval_token_count)),
            )
            if count
        ]
        yield f"about ${total:,.2f}" + (f", for {' and '.join(tokens)}" if tokens else "")
    if estimate.allowed_to_proceed is False or (total is not None and limit is not None and total > limit):
        has = "" if limit is None else f", which has ${limit:,.2f} left"
        yield f"warning: that is more than the account may spend{has}"


def _amount(value: object) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1 << 53
    return float(value) if usable and isinstance(value, int | float) else None
