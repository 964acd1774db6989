"""`together-ext files`: training and validation data."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from together_ext.identifiers import checked_id

from .amounts import size_text
from .confirm import Yes, confirm_action
from .documents import document_of
from .exits import BadUsageError
from .fields import date_of, pairs_of
from .screen import show
from .session import connect
from .settings import settings_of
from .views import NOTHING, Lines, Record, Table, cell

FileId = Annotated[str, typer.Argument(metavar="ID", help="The file's ID, file-...", show_default=False)]


def upload(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help=".jsonl, .parquet or .csv.", show_default=False)],
    *,
    purpose: Annotated[str, typer.Option(metavar="WHAT", help="fine-tune, eval or batch-api.")] = "fine-tune",
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Look at every line of training data first.")
    ] = True,
) -> None:
    """Upload a file.

    Prints its ID, which is what a job takes.
    """
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.files.upload(file, purpose=purpose, check=check)
    show(settings, document_of(found), Lines([cell(found.id)]))


def list_files(context: typer.Context) -> None:
    """List the account's files."""
    settings = settings_of(context)
    with connect(settings) as client:
        files = client.files.list()
    rows = [(cell(file.id), _size(file.bytes_), _date(file.created_at), cell(file.filename)) for file in files.data]
    show(settings, document_of(files), Table(("ID", "SIZE", "UPLOADED (UTC)", "NAME"), rows, key=0, flexible=3))


def retrieve_file(context: typer.Context, id: FileId) -> None:
    """Show what the server knows of a file."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = document_of(client.files.retrieve(id))
    show(settings, found, Record(pairs_of(found)))


def content(
    context: typer.Context,
    id: FileId,
    *,
    output: Annotated[
        str | None, typer.Option("--output", metavar="FILE", help="Where to; else standard output.")
    ] = None,
) -> None:
    """Fetch the bytes of a file."""
    settings = settings_of(context)
    if settings.json:
        raise BadUsageError("the bytes of a file are no JSON document: leave --json out")
    target = None if output is None else _target(output)
    with connect(settings) as client:
        found = client.files.content(id)
    if target is None:
        sys.stdout.buffer.write(found)
        sys.stdout.flush()
        return
    _write(target, found)
    show(settings, None, Lines([str(target.absolute())]))


def _target(output: str) -> Path:
    target = Path(os.path.expanduser(output))  # noqa: PTH111 -- that of pathlib raises for a user that nobody knows
    if not target.name or output.endswith(os.sep):
        raise BadUsageError(f"--output {output!r} names no file: add its name")
    if os.path.lexists(target):
        raise BadUsageError(f"--output {output} is there already: name another file, or move it away")
    return target


def _write(target: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        scratch.write_bytes(content)
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)


def delete_file(context: typer.Context, id: FileId, *, yes: Yes = False) -> None:
    """Remove a file from the account."""
    settings = settings_of(context)
    checked_id(id, "file-")
    confirm_action(f"delete {cell(id)}", yes=yes)
    with connect(settings) as client:
        answer = document_of(client.files.delete(id))
    show(settings, answer, Lines([f"{cell(id)} is deleted"]))


def _size(value: object) -> str:
    return size_text(value) if isinstance(value, int) and 0 <= value < 1 << 63 else NOTHING


def _date(value: object) -> str:
    usable = isinstance(value, int) and 0 <= value < 1 << 33
    return date_of(datetime.fromtimestamp(value, UTC)) if usable and isinstance(value, int) else NOTHING
