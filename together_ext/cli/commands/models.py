"""`together-ext models` and `whoami`: models in the registry, and the owner of the API key."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from together_ext.cli.exits import BadUsageError
from together_ext.cli.options.lock import LockTimeout
from together_ext.cli.options.storage import StorageOptions, storage_options
from together_ext.cli.paths import path_of
from together_ext.cli.render.amounts import counted, size_text
from together_ext.cli.render.documents import document_of
from together_ext.cli.render.fields import date_of, pairs_of, word_of
from together_ext.cli.render.progress import progress
from together_ext.cli.render.screen import show
from together_ext.cli.render.views import NOTHING, Lines, Record, Table, cell
from together_ext.cli.session import connect
from together_ext.cli.settings import settings_of
from together_ext.destinations.urls import is_object_url, prefix_url

Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="ID of the model, ml_..., or its name, PROJECT/MODEL.", show_default=False),
]
Revision = Annotated[
    str | None,
    typer.Option("--revision", metavar="REVISION", help="ID of the revision, rv_... (default: the latest revision)."),
]


def list_models(context: typer.Context) -> None:
    """List the models of the project in the registry."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.models.list()
    rows = [
        (cell(one.id), _word(getattr(one.weights, "type_", None), "weights_type"), cell(one.name)) for one in found.data
    ]
    show(settings, document_of(found), Table(("ID", "WEIGHTS", "NAME"), rows, key=0, flexible=2), empty="no models")


def retrieve_model(context: typer.Context, model: Model) -> None:
    """Show the details of a model."""
    settings = settings_of(context)
    with connect(settings) as client:
        document = document_of(client.models.retrieve(model))
    show(settings, document, Record(pairs_of(document)))


def list_files(context: typer.Context, model: Model, *, revision: Revision = None) -> None:
    """List the files of a revision."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.models.list_files(model, revision=revision)
    rows = [(_size(one.size_bytes), cell(one.hash_), cell(one.path)) for one in found.data]
    show(settings, document_of(found), Table(("SIZE", "HASH", "PATH"), rows, key=2, flexible=2), empty="no files")


def list_revisions(context: typer.Context, model: Model) -> None:
    """List the revisions of a model, newest first."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.models.list_revisions(model)
    rows = [
        (
            cell(one.revision_id),
            date_of(one.created_at),
            _word(one.validation_status, "revision_validation_status"),
            _errors(one.validation_errors),
        )
        for one in found.data
    ]
    table = Table(("REVISION", "CREATED (UTC)", "VALIDATION", "ERRORS"), rows, key=0, flexible=3)
    show(settings, document_of(found), table, empty="no revisions")


def download(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    model: Model,
    folder: Annotated[
        str | None, typer.Argument(metavar="[DIR]", help="The model's folder, as --output.", show_default=False)
    ] = None,
    *,
    output_dir: Annotated[
        str | None,
        typer.Option(
            "--output-dir",
            "-o",
            metavar="DIR|URL",
            help="Folder, or prefix of an object store (s3://bucket/prefix/), to make the model's folder in (default: "
            "the current folder).",
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", metavar="DIR|URL", help="The model's folder itself.")
    ] = None,
    revision: Revision = None,
    files: Annotated[
        list[str] | None,
        typer.Option("--files", metavar="PATH,...", help="Download only these files; repeatable (default: all)."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="PATTERN", help="Download only files that match; repeatable."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PATTERN", help="Do not download files that match; repeatable."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder of another download.")] = False,
    connections: Annotated[
        int | None, typer.Option("--connections", metavar="N", help="Maximum number of connections (default: 32).")
    ] = None,
    lock_timeout: LockTimeout = None,
    storage_option: StorageOptions = None,
) -> None:
    """Download the files of a model, each verified by its hash.

    Run the same command again to resume.
    """
    settings = settings_of(context)
    place = _place(folder, output, output_dir)
    settings.uploading = is_object_url(place)
    with connect(settings) as client, progress(settings) as report:
        found = client.models.download(
            model,
            output=place,
            revision=revision,
            files=_paths(files),
            include=include or None,
            exclude=exclude or None,
            overwrite=overwrite,
            connections=connections,
            progress=report,
            lock_timeout=lock_timeout,
            storage_options=storage_options(storage_option),
        )
    settings.resumable = False
    files_text = f"{counted(len(found.files), 'file', 'files')}, {size_text(found.size)}; verified by {found.verified}"
    show(settings, found, Lines([cell(found.folder), files_text]))


def _place(folder: str | None, output: str | None, output_dir: str | None) -> str:
    """The model's folder, or the folder that it is made in, which ends in a separator."""
    if sum(given is not None for given in (folder, output, output_dir)) > 1:
        raise BadUsageError("DIR, --output and --output-dir exclude each other: pass one of them")
    itself = folder if output is None else output
    if itself is not None:
        return itself if is_object_url(itself) else path_of(itself, "DIR" if output is None else "--output")
    inside = output_dir or "."
    if is_object_url(inside):
        return prefix_url(inside, "--output-dir")
    # The trailing separator marks a folder, also one that does not exist yet.
    return os.path.join(path_of(inside, "--output-dir"), "")  # noqa: PTH118


def _paths(given: list[str] | None) -> list[str] | None:
    """The paths in comma-separated lists; None for no list."""
    return [path.strip() for path in ",".join(given).split(",") if path.strip()] if given else None


def whoami(context: typer.Context) -> None:
    """Identify the API key: its organization and project.

    With --quiet, print only the ID of the project, or nothing for a key of a whole organization.
    """
    settings = settings_of(context)
    with connect(settings) as client:
        document = document_of(client.whoami())
    project = document.get("project")
    found = project.get("id") if isinstance(project, dict) else None
    show(settings, document, Record(pairs_of(document), result=cell(found) if isinstance(found, str) else ""))


def _word(value: object, name: str) -> str:
    """A value of an enum as a word, such as `adapter` for `WEIGHTS_TYPE_ADAPTER`."""
    return word_of(value, name) if isinstance(value, str) else cell(value)


def _size(value: object) -> str:
    """A size, which the server sends as text or as a number."""
    text = str(value)
    return size_text(int(text)) if text.isascii() and text.isdigit() and len(text) < len(str(1 << 63)) else NOTHING


def _errors(found: Any) -> str:  # noqa: ANN401 -- whatever the server sent
    messages = [getattr(one, "message", None) for one in (found if isinstance(found, list) else ())]
    return cell("; ".join(one for one in messages if isinstance(one, str)))
