"""`together-ext files`: training and validation data."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from together_ext.api.identifiers import checked_id
from together_ext.api.responses import whole
from together_ext.cli.confirm import Yes, confirm_action
from together_ext.cli.exits import BadUsageError
from together_ext.cli.paths import path_of, safe_name
from together_ext.cli.render.amounts import size_text
from together_ext.cli.render.documents import document_of
from together_ext.cli.render.fields import date_of, pairs_of
from together_ext.cli.render.progress import progress
from together_ext.cli.render.screen import show, stdout_bytes, stdout_errors, tell
from together_ext.cli.render.views import NOTHING, Lines, Record, Table, cell
from together_ext.cli.session import connect
from together_ext.cli.settings import settings_of
from together_ext.errors import TrainingFileError

from .training_files import uploaded

if TYPE_CHECKING:
    from together_ext.files.resource import Purpose

FileId = Annotated[str, typer.Argument(metavar="ID", help="ID of the file, file-...", show_default=False)]


def upload(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="File to upload (.jsonl, .parquet or .csv).", show_default=False)
    ],
    *,
    purpose: Annotated[
        str,
        typer.Option(
            "--purpose",
            metavar="PURPOSE",
            help="Purpose, such as fine-tune, eval or batch-api (default: fine-tune).",
            show_default=False,
        ),
    ] = "fine-tune",
    check: Annotated[
        bool,
        typer.Option(
            "--check/--no-check",
            help="Validate each line of training data first (default: --check).",
            show_default=False,
        ),
    ] = True,
) -> None:
    """Upload a file, and print its ID."""
    settings = settings_of(context)
    path = path_of(file, "FILE")
    with connect(settings) as client, progress(settings) as callback:
        found = client.files.upload(path, purpose=cast("Purpose", purpose), check=check, progress=callback)
    if found.already_existed and not settings.quiet and not settings.json:
        tell(uploaded(file, found))
    document = {**document_of(found), "already_existed": found.already_existed}
    show(settings, document, Lines([cell(found.id)]))


def list_files(context: typer.Context) -> None:
    """List the account's files."""
    settings = settings_of(context)
    with connect(settings) as client:
        files = client.files.list()
    rows = [
        (cell(file.id), _size(file.bytes_), date_of(_time(file.created_at)), cell(file.filename)) for file in files.data
    ]
    table = Table(("ID", "SIZE", "UPLOADED (UTC)", "NAME"), rows, key=0, flexible=3)
    show(settings, document_of(files), table, empty="no files")


def retrieve_file(context: typer.Context, id: FileId) -> None:
    """Show the details of a file."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = document_of(client.files.retrieve(id))
    created = _time(found.get("created_at"))
    shown = {**found, "created_at": created and created.isoformat()}
    show(settings, found, Record(pairs_of(shown)))


def content(
    context: typer.Context,
    id: FileId,
    *,
    output: Annotated[
        str | None, typer.Option("--output", metavar="FILE", help="Output file (default: standard output).")
    ] = None,
) -> None:
    """Download the content of a file."""
    settings = settings_of(context)
    if settings.json:
        raise BadUsageError("--json is not supported by files content: omit it")
    target = None if output is None else _target(output)
    if target is None:
        standard_output = stdout_bytes()
        with connect(settings) as client, client.files.with_streaming_response.content(id) as response:
            for piece in response.iter_bytes():
                with stdout_errors():
                    standard_output.write(piece)
        return
    with connect(settings) as client, progress(settings) as callback:
        found = client.files.download(id, target, progress=callback)
    settings.resumable = False
    show(settings, None, Lines([str(found.path)]))


def download(
    context: typer.Context,
    id: FileId,
    *,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="Output file or folder (default: the file's name, in this folder)."
        ),
    ] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print the content instead.")] = False,
) -> None:
    """Download a file under its own name, and print the path."""
    if stdout:
        if output is not None:
            raise BadUsageError("--stdout and --output cannot be combined: choose one of them")
        content(context, id)
        return
    settings = settings_of(context)
    folder, name = _place(output)
    with connect(settings) as client:
        target = folder / (name or safe_name(client.files.retrieve(id).filename, id))
        with progress(settings) as callback:
            found = client.files.download(id, target, progress=callback)
    settings.resumable = False
    show(settings, {"id": id, "path": str(found.path), "size": found.size}, Lines([str(found.path)]))


def _place(output: str | None) -> tuple[Path, str]:
    """The folder of a download, and its file name if the output names one.

    As in the official command line, a path without a suffix that does not exist is a folder.
    """
    if output is None:
        return Path(), ""
    path = Path(path_of(output, "--output"))
    if path.is_dir() or output.endswith(os.sep) or not (path.suffix or os.path.lexists(path)):
        return path, ""
    return path.parent, path.name


def check(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="File to check (.jsonl, .parquet or .csv).", show_default=False)
    ],
) -> None:
    """Check a local file of training data, without a request."""
    from together_ext.files.resource import check_file

    settings = settings_of(context)
    try:
        lines = check_file(path_of(file, "FILE"))
    except TrainingFileError as error:
        # All of them for a person; the error itself shows the first ones.
        for problem in () if settings.quiet or settings.json else error.problems:
            tell(f"{cell(file)}: {cell(problem)}")
        raise
    document = {"path": file, "valid": True, "lines": lines}
    text = "not empty; lines are checked in .jsonl files only" if lines is None else f"{lines} lines are valid"
    show(settings, document, Lines([f"OK: {text}"]))


def _target(output: str) -> Path:
    target = Path(path_of(output, "--output"))
    if not target.name or output.endswith(os.sep):
        raise BadUsageError(f"--output {output!r} is a folder: add a file name")
    return target


def delete_file(context: typer.Context, id: FileId, *, yes: Yes = False) -> None:
    """Delete a file from the account."""
    settings = settings_of(context)
    checked_id(id, "file-")
    confirm_action(settings, f"delete {cell(id)}", yes=yes)
    with connect(settings) as client:
        document = document_of(client.files.delete(id))
    show(settings, document, Lines([f"deleted {cell(id)}"]))


def _size(value: object) -> str:
    found = whole(value)
    return size_text(found) if found is not None and 0 <= found < 1 << 63 else NOTHING


def _time(value: object) -> datetime | None:
    found = whole(value)
    return datetime.fromtimestamp(found, UTC) if found is not None and 0 <= found < 1 << 33 else None
