"""`together-ext fine-tuning metrics`: what a job has recorded, as a table, curves, a picture or CSV."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Final

import typer

from together_ext.errors import printable

from .documents import document_of
from .exits import BadUsageError, CommandError, Exit
from .plot import DOTS, check_picture, curve_lines, label, save_picture
from .screen import print_document, print_lines, show, stdout_is_terminal, stdout_takes, tell
from .session import connect
from .settings import settings_of
from .views import NOTHING, Lines, Table, cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from together_ext.client import Together
    from together_ext.metrics import BestCheckpoint, Point

    from .plot import Curve
    from .settings import Settings

USUAL: Final = ("train_loss", "eval_loss", "train_learning_rate", "learning_rate")
ROWS: Final = 20
"""Rows of a table on a terminal; the steps between are left out evenly."""

TITLE: Final = 20
"""Characters of a metric's name that people are shown: three of them fit a terminal."""


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
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a picture that is there.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all of it as CSV.")] = False,
) -> None:
    """Show what a job has recorded.

    On a terminal: a table, curves, and the best checkpoint. Elsewhere: the step and the metrics, with tabs between, one
    line for each step. With --quiet: the name of the best checkpoint.
    """
    from together_ext.judging import points_of  # noqa: PLC0415 -- not for `--help`

    settings = settings_of(context)
    if as_csv and (settings.json or settings.quiet):
        raise BadUsageError("--csv is given with --json or --quiet: choose one of them")
    if plot is not None:
        check_picture(plot, overwrite=overwrite)
    elif overwrite:
        raise BadUsageError("--overwrite is given without --plot: add it, or leave --overwrite out")
    people = stdout_is_terminal() and not (as_csv or settings.json or settings.quiet)
    with connect(settings) as client:
        listed = client.fine_tuning.list_metrics(id, global_step_from=global_step_from, global_step_to=global_step_to)
        recorded = points_of(listed)
        columns = _columns(id, recorded, metric or [])
        wanted = recorded and (people or settings.json or plot is not None)
        best = _best(client, id, settings) if wanted or settings.quiet else None
    curves = {
        name: [(point.step, point.values[name]) for point in recorded if name in point.values] for name in columns
    }
    if plot is not None:
        _draw(plot, {name: curve for name, curve in curves.items() if curve}, id, best)
    if settings.json:
        print_document({**document_of(listed), "best": best})
    elif settings.quiet:
        print_lines([] if best is None else [best.checkpoint.name])
    elif as_csv:
        print_lines(_csv(recorded, columns if metric else _names(recorded)))
    elif not recorded:
        tell(
            f"{id} has recorded no metrics {'yet' if global_step_from is global_step_to is None else 'at these steps'}"
        )
    else:
        said = [point for point in recorded if any(name in point.values for name in columns)]
        show(settings, None, _table(_sampled(said, columns, best) if people else said, columns, best))
        if people:
            drawn = {name: curve for name, curve in curves.items() if metric or "loss" in name}
            show(settings, None, Lines(_curves(drawn, best)))


def _best(client: Together, id: str, settings: Settings) -> BestCheckpoint | None:
    """The best checkpoint, if there is one; where nothing else is asked for, it is an error if there is none."""
    from together_ext.errors import ApiError, NoBestCheckpointError  # noqa: PLC0415 -- not for `--help`

    try:
        return client.fine_tuning.best_checkpoint(id)
    except (NoBestCheckpointError, ApiError) as error:
        if settings.quiet and not settings.json:
            raise
        if isinstance(error, ApiError):
            tell(f"the best checkpoint is not known: {error}")
        return None


def _names(recorded: Sequence[Point]) -> list[str]:
    from together_ext.metrics import names  # noqa: PLC0415 -- not for `--help`

    return names(recorded)


def _columns(id: str, recorded: Sequence[Point], asked: Sequence[str]) -> list[str]:
    """The metrics that are shown: those that are asked for, or the usual ones, or else the first.

    Raises:
        BadUsageError: One that is asked for was not recorded.
    """
    from together_ext.metrics import metric_name  # noqa: PLC0415 -- not for `--help`

    there = _names(recorded)
    for name in asked if recorded else ():
        if metric_name(name) not in there:
            choice = printable(", ".join(there), 300)
            raise BadUsageError(f"{id} has recorded no {name}: choose of {choice}")
    return list(dict.fromkeys(map(metric_name, asked))) or [name for name in USUAL if name in there] or there[:3]


def _draw(path: str, curves: Mapping[str, Curve], id: str, best: BestCheckpoint | None) -> None:
    if not curves:
        raise CommandError(f"{id} has recorded nothing that could be drawn", code="no_metrics", exit=Exit.NOT_FOUND)
    save_picture(path, curves, id, None if best is None else (best.checkpoint.step, best.checkpoint.name))
    tell(f"drawn: {path}")


def _curves(curves: Mapping[str, Curve], best: BestCheckpoint | None) -> list[str]:
    lines = []
    for name, curve in curves.items() if stdout_takes(DOTS) else ():
        if len(curve) > 1:
            lines += ["", *curve_lines(name, curve, None if best is None else best.step)]
    return lines if best is None else [*lines, "", best.reason]


def _sampled(recorded: Sequence[Point], columns: Sequence[str], best: BestCheckpoint | None) -> list[Point]:
    """As many as are read at a glance: of even stretches the last one that says most, the first, and the best.

    Evaluations are few among many steps, and would hardly ever be met otherwise.
    """
    bounds = (
        [len(recorded) * row // ROWS for row in range(ROWS + 1)] if len(recorded) > ROWS else range(len(recorded) + 1)
    )
    kept = {0} | {
        max(range(start, stop), key=lambda at: (sum(name in recorded[at].values for name in columns), at))
        for start, stop in pairwise(bounds)
    }
    return [point for at, point in enumerate(recorded) if at in kept or (best is not None and best.step == point.step)]


def _table(recorded: Sequence[Point], columns: list[str], best: BestCheckpoint | None) -> Table:
    people = stdout_is_terminal()
    rows = [
        (
            str(point.step),
            *(_number(point.values[name], people) if name in point.values else NOTHING for name in columns),
            *(("best" if best is not None and best.step == point.step else "",) if people else ()),
        )
        for point in recorded
    ]
    titles = ("STEP", *(label(name, TITLE).upper() for name in columns), *(("",) if people else ()))
    return Table(titles, rows, key=0, flexible=len(titles) - 1)


def _number(value: float, people: bool) -> str:  # noqa: FBT001 -- for whom it is
    return f"{value:.6g}" if people else str(value)


def _csv(recorded: Sequence[Point], columns: list[str]) -> list[str]:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    timed = any(point.at for point in recorded)
    writer.writerow(["step", *(["logged_at"] if timed else []), *map(cell, columns)])
    for point in recorded:
        at = [point.at.isoformat() if point.at else ""] if timed else []
        writer.writerow([point.step, *at, *(point.values.get(name, "") for name in columns)])
    return written.getvalue().splitlines()
