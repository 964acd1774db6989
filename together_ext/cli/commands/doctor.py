"""`together-ext doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from together_ext.checkpoints import CheckpointName, parse_checkpoint_name
from together_ext.cli.exits import BadUsageError, CommandError
from together_ext.cli.options.storage import StorageOptions, storage_options
from together_ext.cli.paths import path_of
from together_ext.cli.render.amounts import counted
from together_ext.cli.render.screen import show
from together_ext.cli.render.views import Table, cell
from together_ext.cli.settings import settings_of
from together_ext.destinations.urls import SUPPORTED, is_object_url, parse_url
from together_ext.storage import absolute

if TYPE_CHECKING:
    from together_ext.cli.doctor.findings import Finding
    from together_ext.cli.doctor.objects import Bucket


def doctor(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ft-...]", help="Job or checkpoint whose download is checked.", show_default=False),
    ] = None,
    *,
    output_dir: Annotated[
        str,
        typer.Option(
            "--output-dir",
            "-o",
            metavar="DIR",
            help="Folder, or URL of an object store, that downloads are saved in (default: the current folder).",
            show_default=False,
        ),
    ] = ".",
    storage_option: StorageOptions = None,
) -> None:
    """Check the API key, network, download and destination.

    The output has no secrets: paste it into an issue. Reads at most 13 MB of an archive, and writes at most 34 MB,
    which it removes. Exit code 1: a check failed or warns.
    """
    from together_ext.cli.doctor.diagnosis import Wanted, diagnosis

    settings = settings_of(context)
    checkpoint = None if name is None else _checkpoint(name)
    place = _place(output_dir, storage_options(storage_option))
    found = list(diagnosis(Wanted(settings, checkpoint, place)))
    wrong = [one for one in found if not one.good]
    document = {"data": found}
    if not wrong:
        show(settings, document, _table([] if settings.quiet else found))
        return
    if not settings.json:
        show(settings, document, _table(wrong if settings.quiet else found))
    names = ", ".join(dict.fromkeys(one.name for one in wrong))
    raise CommandError(
        f"{counted(len(wrong), 'check', 'checks')} of {len(found)} failed: {names}",
        code="checks_failed",
        document=document,
    )


def _checkpoint(name: str) -> CheckpointName:
    found = parse_checkpoint_name(name)
    if found.best:
        raise BadUsageError(f"{name} is not supported here: name the job, or a step (ft-...:500)")
    return found


def _place(output_dir: str, storage: Mapping[str, str] | None) -> Path | Bucket:
    from together_ext.cli.doctor.objects import Bucket

    if is_object_url(output_dir):
        return Bucket(parse_url(output_dir, "--output-dir"), storage)
    if storage is not None:
        raise BadUsageError("--storage-option needs the URL of an object store, as in -o s3://bucket/prefix/")
    return absolute(Path(path_of(output_dir, "--output-dir", SUPPORTED)))


def _table(found: list[Finding]) -> Table:
    rows = [(one.name, one.state.value, cell("; ".join(filter(None, (one.seen, one.advice))))) for one in found]
    return Table(("CHECK", "STATE", "RESULT"), rows, key=0, flexible=2, wraps=True)
