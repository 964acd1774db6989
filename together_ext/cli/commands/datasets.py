"""`together-ext fine-tuning preview` and `download-tokenized-dataset`: tokenized training data."""

import json
import os
from typing import TYPE_CHECKING, Annotated, Final

import typer

from together_ext.cli.paths import path_of
from together_ext.cli.render.documents import document_of
from together_ext.cli.render.progress import progress
from together_ext.cli.render.screen import show
from together_ext.cli.render.views import Lines, Table, cell
from together_ext.cli.session import connect
from together_ext.cli.settings import settings_of

from .fine_tuning import JobId

if TYPE_CHECKING:
    from together_generated.models import PreviewRow

IGNORED: Final = -100
"""The label of a token that does not count for the loss."""

SHOWN: Final = 200
"""Maximum number of characters of the trained text of an example."""


def preview(
    context: typer.Context,
    *,
    training_file: Annotated[
        str, typer.Option("--training-file", "-t", metavar="FILE-ID", help="ID of the training file.")
    ],
    model: Annotated[str, typer.Option("--model", "-M", metavar="NAME", help="Base model, whose tokenizer is used.")],
    top_k: Annotated[
        int | None,
        typer.Option("--top-k", metavar="N", min=1, help="Maximum number of examples (default: the server's)."),
    ] = None,
    train_on_inputs: Annotated[
        bool | None,
        typer.Option(
            "--train-on-inputs/--no-train-on-inputs",
            help="Whether prompts count for the loss (default: the server's).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show the first tokenized examples of a file.

    The text that counts for the loss is shown, too.
    """
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.fine_tuning.preview(
            model=model, training_file=training_file, top_k=top_k, train_on_inputs=train_on_inputs
        )
    examples = [row for row in (found.rows if isinstance(found.rows, list) else ()) if hasattr(row, "trained_spans")]
    rows = [
        (
            str(number),
            _value(row.num_tokens),
            _value(row.num_trained_tokens),
            _value(row.truncated),
            cell(_trained(row)),
        )
        for number, row in enumerate(examples, 1)
    ]
    table = Table(("EXAMPLE", "TOKENS", "TRAINED", "TRUNCATED", "TRAINED TEXT"), rows, key=0, flexible=4)
    show(settings, document_of(found), table, empty="no examples")


def _value(found: object) -> str:
    """A number or a truth value."""
    return cell(json.dumps(found) if isinstance(found, int) else None)


def _trained(row: "PreviewRow") -> str:
    """The text of the tokens that count for the loss."""
    tokens, labels = ([*one] if isinstance(one, list) else [] for one in (row.tokens, row.labels))
    counted = (str(token) for token, label in zip(tokens, labels, strict=False) if label != IGNORED)
    return "".join(counted)[:SHOWN]


def download_tokenized_dataset(
    context: typer.Context,
    id: JobId,
    *,
    output_dir: Annotated[
        str | None,
        typer.Option(
            "--output-dir", "-o", metavar="DIR", help="Output folder, created if missing (default: the current folder)."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a different file of the same name.")] = False,
) -> None:
    """Download a job's tokenized training data.

    Prints the path of the archive.
    """
    settings = settings_of(context)
    folder = None if output_dir is None else os.path.join(path_of(output_dir, "--output-dir"), "")  # noqa: PTH118 -- marks a folder
    with connect(settings) as client, progress(settings) as callback:
        found = client.fine_tuning.download_tokenized_dataset(id, output=folder, overwrite=overwrite, progress=callback)
    settings.resumable = False
    show(settings, {"id": id, "path": str(found.path), "size": found.size}, Lines([str(found.path)]))
