"""`together-ext fine-tuning metrics`: what a job has recorded, as a table, curves, a picture or CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated, Final

import typer

from .exits import BadUsageError
from .plot import check_picture, curve_lines, save_picture
from .screen import print_lines, show, stdout_is_terminal, tell
from .session import connect
from .settings import settings_of
from .views import NOTHING, Lines, Table, cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from together_ext.client import Together
    from together_ext.metrics import BestCheckpoint, Point

USUAL: Final = ("train_loss", "eval_loss", "train_learning_rate", "learning_rate")
ROWS: Final = 20
"""Rows of a table on a terminal; the steps between are left out evenly."""


def metrics(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The job's ID, ft-...", show_default=False)],
    *,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", "-m", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    global_step_from: Annotated[int | None, typer.Option(metavar="STEP", help="The first step.")] = None,
    global_step_to: Annotated[int | None, typer.Option(metavar="STEP", help="The last step.")] = None,
    plot: Annotated[
        str | None, typer.Option("--plot", metavar="FILE", help="Draw a picture: .png, .svg or .pdf.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all of it as CSV.")] = False,
) -> None:
    """Show what a job has recorded.

    On a terminal: a table, curves, and the best checkpoint. Elsewhere: the step and the metrics, with tabs between, one
    line for each step. With --quiet: the name of the best checkpoint.
    """
    from together_ext.judging import points_of  # noqa: PLC0415 -- not for `--help`
    from together_ext.metrics import metric_name, names  # noqa: PLC0415

    settings = settings_of(context)
    if as_csv and (settings.json or settings.quiet):
        raise BadUsageError("--csv is given with --json or --quiet: choose one of them")
    if plot is not None:
        check_picture(plot)
    with connect(settings) as client:
        listed = client.fine_tuning.list_metrics(id, global_step_from=global_step_from, global_step_to=global_step_to)
        wanted = settings.json or settings.quiet or plot is not None or (stdout_is_terminal() and not as_csv)
        best = _best(client, id, listed.metrics) if wanted else None
    recorded = points_of(listed)
    columns = [metric_name(name) for name in metric or []] or _columns(names(recorded))
    if lacking := [name for name in metric or [] if recorded and metric_name(name) not in names(recorded)]:
        there = ", ".join(map(cell, names(recorded)))
        raise BadUsageError(f"{id} has recorded no {lacking[0]}: choose of {there}")
    curves = {
        name: [(point.step, point.values[name]) for point in recorded if name in point.values] for name in columns
    }
    if plot is not None and any(curves.values()):
        drawn = {name: curve for name, curve in curves.items() if curve}
        save_picture(plot, drawn, id, None if best is None else (best.checkpoint.step, best.checkpoint.name))
        tell(f"drawn: {plot}")
    if as_csv:
        print_lines(_csv(recorded, columns if metric else names(recorded)))
        return
    document = {**listed.to_dict(), "best": best}
    if settings.quiet and not settings.json:
        print_lines([] if best is None else [best.checkpoint.name])
        return
    shown = _sampled(recorded, best) if stdout_is_terminal() else recorded
    show(settings, document, _table(shown, columns, best))
    if settings.json:
        return
    if not recorded:
        tell(f"{id} has recorded no metrics yet")
    elif stdout_is_terminal():
        shown_curves = columns if metric else [name for name in columns if "loss" in name]
        lines = [
            line for name in shown_curves if len(curves[name]) > 1 for line in ("", *curve_lines(name, curves[name]))
        ]
        show(settings, None, Lines(lines + (["", best.reason] if best else [])))


def _best(client: Together, id: str, recorded: Sequence[object]) -> BestCheckpoint | None:
    from together_ext.errors import ApiError, NoBestCheckpointError  # noqa: PLC0415 -- not for `--help`

    if not recorded:
        return None
    try:
        return client.fine_tuning.best_checkpoint(id)
    except (NoBestCheckpointError, ApiError):
        return None


def _columns(names: list[str]) -> list[str]:
    """The metrics that are shown unless others are asked for: the usual ones, else the first."""
    return [name for name in USUAL if name in names] or names[:3]


def _sampled(recorded: Sequence[Point], best: BestCheckpoint | None) -> Sequence[Point]:
    """As many as are read at a glance, evenly, and the best in any case."""
    if len(recorded) <= ROWS:
        return recorded
    kept = {round(index * (len(recorded) - 1) / (ROWS - 1)) for index in range(ROWS)}
    return [point for index, point in enumerate(recorded) if index in kept or (best and best.step == point.step)]


def _table(recorded: Sequence[Point], columns: list[str], best: BestCheckpoint | None) -> Table:
    titles = ("STEP", *(name.upper() for name in columns), "")
    rows = [
        (
            str(point.step),
            *(f"{point.values[name]:.6g}" if name in point.values else NOTHING for name in columns),
            "best" if best is not None and best.step == point.step else "",
        )
        for point in recorded
    ]
    if not stdout_is_terminal():
        rows = [row[:-1] for row in rows]
        titles = titles[:-1]
    return Table(titles, rows, key=0, flexible=len(titles) - 1)


def _csv(recorded: Sequence[Point], columns: list[str]) -> list[str]:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["step", *map(cell, columns)])
    writer.writerows([point.step, *(point.values.get(name, "") for name in columns)] for point in recorded)
    return written.getvalue().splitlines()
