"""`together-ext ls` and `prune`: the extracted folders below a folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from together_ext.cli.exits import CommandError, Exit, code_of, sentence_of
from together_ext.cli.paths import folder_of
from together_ext.cli.render.amounts import counted, size_text
from together_ext.cli.render.fields import date_of
from together_ext.cli.render.screen import show, tell
from together_ext.cli.render.views import NOTHING, Table, cell
from together_ext.cli.settings import Settings, settings_of
from together_ext.errors import TogetherExtError

if TYPE_CHECKING:
    from together_ext.archive.retention import Choice, Extraction

SAVED: Final = "the folder that downloads are saved in"

SHOWN: Final = 3
"""Maximum number of reasons in an error."""

Folder = Annotated[str, typer.Argument(metavar="DIR", help="Folder with extracted folders.", show_default=False)]


def list_extracted(context: typer.Context, folder: Folder) -> None:
    """List the extracted folders below a folder, by their receipts.

    Works offline. VERIFIED is the time at which the folder was extracted and its files were hashed. To verify it again,
    run together-ext verify.
    """
    from together_ext.archive.retention import extractions

    settings = settings_of(context)
    found = extractions(folder_of(folder, "DIR", SAVED))
    titles = ("JOB", "STEP", "TYPE", "SIZE", "VERIFIED (UTC)", "PATH")
    rows = [(*_cells(one), date_of(one.verified_at), cell(one.folder)) for one in found]
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
    checkpoint is one that was downloaded as ft-...:best. Exit code 7: some folders could not be removed.
    """
    from together_ext.archive import retention

    settings = settings_of(context)
    wanted = retention.Keep.parse(keep)
    choices = retention.planned(retention.extractions(folder_of(folder, "DIR", SAVED)), wanted)
    unneeded = [choice for choice in choices if not choice.keep]
    failures = _removed(settings, unneeded) if yes else {}
    gone = [choice for choice in unneeded if choice.folder not in failures]
    document = {"data": choices, "removed": yes, "failed": list(failures.values())}
    if not (failures and settings.json):  # else the error has the document
        table = _actions(gone if settings.quiet else choices, "removed" if yes else "would remove", failures)
        show(settings, document, table, empty="no extracted folders")
    if not (settings.quiet or settings.json):
        _summarize(gone, removed=yes)
    _report(list(failures.values()), len(unneeded), document)


def _summarize(gone: list[Choice], *, removed: bool) -> None:
    if gone:
        folders = f"{counted(len(gone), 'folder', 'folders')}, {size_text(sum(choice.size for choice in gone))}"
        tell(f"removed {folders}" if removed else f"dry run: would remove {folders}; to remove them, add --yes")


def _report(failed: list[dict[str, str]], count: int, document: object) -> None:
    """Raise a `CommandError` if some of `count` folders could not be removed."""
    if not failed:
        return
    reasons = "; ".join(one["message"] for one in failed[:SHOWN])
    more = f"; and {len(failed) - SHOWN:,} more" if len(failed) > SHOWN else ""
    raise CommandError(
        f"{len(failed):,} of {counted(count, 'folder', 'folders')} could not be removed ({reasons}{more}): "
        "correct this, and run the command again",
        code="storage_error",
        exit=Exit.STORAGE,
        document=document,
    )


def _removed(settings: Settings, unneeded: list[Choice]) -> dict[str, dict[str, str]]:
    """Remove folders; returns why some could not be removed, by folder."""
    from together_ext.archive import retention

    failures = {}
    for choice in unneeded:
        try:
            retention.prune(choice.folder)
        except TogetherExtError as error:
            failures[choice.folder] = {
                "folder": choice.folder,
                "code": code_of(error),
                "message": sentence_of(error, settings.options),
            }
    return failures


def _actions(choices: list[Choice], word: str, failures: Mapping[str, object]) -> Table:
    rows = [
        (
            "keep" if one.keep else "failed" if one.folder in failures else word,
            size_text(one.size),
            cell(one.reason),
            cell(one.folder),
        )
        for one in choices
    ]
    return Table(("ACTION", "SIZE", "REASON", "PATH"), rows, key=3, flexible=3)


def _cells(one: Extraction) -> tuple[str, str, str, str]:
    step = NOTHING if one.job is None else "final" if one.step is None else str(one.step)
    return cell(one.job), step, cell(one.type or one.layout), size_text(one.size)
