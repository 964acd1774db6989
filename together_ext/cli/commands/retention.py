"""`together-ext ls` and `prune`: the extracted folders below a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from together_ext.cli.paths import path_of
from together_ext.cli.render.amounts import counted, size_text
from together_ext.cli.render.screen import show, tell
from together_ext.cli.render.views import NOTHING, Table, cell
from together_ext.cli.settings import settings_of

if TYPE_CHECKING:
    from together_ext.archive.retention import Choice, Extraction

Folder = Annotated[str, typer.Argument(metavar="DIR", help="Folder with extracted folders.", show_default=False)]


def list_extracted(context: typer.Context, folder: Folder) -> None:
    """List the extracted folders below a folder, by their receipts.

    Works offline. VERIFIED is when a folder was extracted and its files were hashed; to verify it again, run
    together-ext verify.
    """
    from together_ext.archive.retention import extractions  # noqa: PLC0415 -- not for `--help`

    settings = settings_of(context)
    found = extractions(path_of(folder, "DIR"))
    titles = ("JOB", "STEP", "TYPE", "SIZE", "VERIFIED", "PATH")
    rows = [(*_cells(one), cell(one.verified_at), cell(one.folder)) for one in found]
    show(settings, {"data": found}, Table(titles, rows, key=5, flexible=5), empty="no extracted folders")
    for one in found:
        if one.problem and not settings.quiet and not settings.json:
            tell(f"warning: {cell(one.folder)}: {one.problem}")


def prune(
    context: typer.Context,
    folder: Folder,
    *,
    keep: Annotated[
        str,
        typer.Option(
            "--keep",
            metavar="best,last,N",
            help="What to keep of each job and type: the best checkpoint, the last step, the last N steps.",
            show_default=False,
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove the folders (default: only show them).")] = False,
) -> None:
    """Remove extracted folders of older checkpoints.

    Without --yes, nothing is removed. Only folders with a valid receipt and without other files are removed. The best
    checkpoint is known if it was downloaded as ft-...:best.
    """
    from together_ext.archive import retention  # noqa: PLC0415 -- not for `--help`

    settings = settings_of(context)
    wanted = retention.Keep.parse(keep)
    choices = retention.planned(retention.extractions(path_of(folder, "DIR")), wanted)
    unneeded = [choice for choice in choices if not choice.keep]
    if yes:
        for choice in unneeded:
            retention.prune(choice.folder)
    document = {"data": choices, "removed": yes}
    table = _actions(unneeded if settings.quiet else choices, "removed" if yes else "would remove")
    show(settings, document, table, empty="no extracted folders")
    if unneeded and not (settings.quiet or settings.json):
        total = sum(choice.size for choice in unneeded)
        folders = f"{counted(len(unneeded), 'folder', 'folders')}, {size_text(total)}"
        tell(f"removed {folders}" if yes else f"dry run: would remove {folders}; to remove them, add --yes")


def _actions(choices: list[Choice], word: str) -> Table:
    rows = [("keep" if one.keep else word, size_text(one.size), cell(one.reason), cell(one.folder)) for one in choices]
    return Table(("ACTION", "SIZE", "REASON", "PATH"), rows, key=3, flexible=3)


def _cells(one: Extraction) -> tuple[str, str, str, str]:
    step = NOTHING if one.job is None else "final" if one.step is None else str(one.step)
    return cell(one.job), step, cell(one.type or one.layout), size_text(one.size)
