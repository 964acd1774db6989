"""`together-ext fine-tuning download --dry-run`: what the downloads would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from together_ext.cli.exits import code_of, sentence_of
from together_ext.cli.render.amounts import counted, size_text
from together_ext.cli.render.documents import Listed, plain
from together_ext.cli.render.screen import print_document, show, tell
from together_ext.cli.render.views import NOTHING, Table, cell
from together_ext.cli.session import connect
from together_ext.cli.settings import Settings
from together_ext.text import printable

from .download_many import LONGEST_NAME, NOTHING_SELECTED, exit_code

if TYPE_CHECKING:
    from together_ext.bulk import DownloadPlan, PlannedDownload, Selection
    from together_ext.fine_tuning.download_options import DownloadOptions


def show_plan(settings: Settings, names: Sequence[str | Selection], options: DownloadOptions, *, parallel: int) -> None:
    """Print the plan of downloads; nothing is written.

    Raises:
        Exit: At least one download would be refused.
    """
    with connect(settings) as client:
        plan = client.fine_tuning.plan_downloads(names, parallel=parallel, **options)
    if settings.json:
        totals = {"remaining": plan.remaining, "needed": plan.needed, "free": plan.free}
        print_document(Listed("data", [_document(entry, settings) for entry in plan.entries], totals))
    elif plan.entries:
        rows = [_row(entry) for entry in plan.entries]
        show(settings, None, Table(("STATE", "SIZE", "PRESENT", "SOURCE", "NAME", "PATH"), rows, key=5, flexible=5))
    if not settings.quiet:
        for entry in plan.entries:
            if entry.error is not None:
                reason = sentence_of(entry.error, settings.options)
                tell(f"{entry.state}: {printable(entry.name, LONGEST_NAME)}: {reason}")
        tell(_summary(plan))
    if code := exit_code([entry.error for entry in plan.entries]):
        raise typer.Exit(code)


def _row(entry: PlannedDownload) -> tuple[str, ...]:
    size = NOTHING if entry.size is None else size_text(entry.size)
    present = size_text(entry.present) if entry.present else NOTHING
    return entry.state, size, present, entry.source, cell(entry.name), cell(entry.path)


def _document(entry: PlannedDownload, settings: Settings) -> Mapping[str, object]:
    found = {name: plain(value) for name, value in vars(entry).items() if name != "error"}
    if entry.error is None:
        return found
    message = sentence_of(entry.error, settings.options)
    return {**found, "error": {"code": code_of(entry.error), "message": message}}


def _summary(plan: DownloadPlan) -> str:
    if not plan.entries:
        return NOTHING_SELECTED
    text = f"{counted(len(plan.entries), 'download', 'downloads')} planned: {size_text(plan.remaining)} to download"
    if plan.free is None:
        return text
    text += f"; {size_text(plan.needed)} needed, {size_text(plan.free)} free"
    return text if plan.fits else f"{text}; make room, or choose another folder"
