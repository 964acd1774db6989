"""`together-ext fine-tuning metrics`: the metrics of a job, as a table, curves, an image or CSV."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Final

import typer

from together_ext.cli.exits import BadUsageError, CommandError, Exit
from together_ext.cli.render.documents import document_of
from together_ext.cli.render.plot import DOTS, MARGIN, NARROWEST, WIDTH, check_image, curve_lines, label, save_image
from together_ext.cli.render.screen import print_document, print_lines, show, stdout_is_terminal, stdout_takes, tell
from together_ext.cli.render.views import NOTHING, Prose, Table, cell
from together_ext.cli.render.wrapping import columns_of
from together_ext.cli.session import connect
from together_ext.cli.settings import settings_of
from together_ext.errors import ApiError, NoBestCheckpointError
from together_ext.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from together_ext.api.lists import MetricList
    from together_ext.cli.render.plot import Curve
    from together_ext.cli.settings import Settings
    from together_ext.client import Together
    from together_ext.fine_tuning.metrics import BestCheckpoint, Point

USUAL: Final = ("train_loss", "eval_loss", "train_learning_rate", "learning_rate")
FIXED: Final = [
    ("train_loss", ("train_loss",)),
    ("eval_loss", ("eval_loss",)),
    ("learning_rate", ("train_learning_rate", "learning_rate")),
]
"""Columns of the lines that scripts read, each with the names that servers have for it."""

ROWS: Final = 20
"""Rows of the table on a terminal; steps between them are omitted evenly."""

TITLE: Final = 20
"""Maximum length of a metric's name on a terminal, which has room for three."""


@dataclass(frozen=True)
class Report:
    """The metrics of a job, ready to be shown in any form.

    Attributes:
        id: The job's ID.
        listed: The response of the server.
        points: The metrics by training step.
        names: The names of all metrics.
        chosen: The names given with `--metric`.
        columns: The names of the metrics to show.
        narrowed: Whether only some steps were requested.
        best: The best checkpoint, if it was requested and there is one.
    """

    id: str
    listed: MetricList
    points: Sequence[Point]
    names: list[str]
    chosen: list[str]
    columns: list[str]
    narrowed: bool
    best: BestCheckpoint | None

    @property
    def shown(self) -> list[Point]:
        """The points that have a metric to show."""
        return [point for point in self.points if any(name in point.values for name in self.columns)]

    @property
    def curves(self) -> dict[str, Curve]:
        """The curves of the metrics to show; none is empty."""
        curves = {
            name: [(point.step, point.values[name]) for point in self.points if name in point.values]
            for name in self.columns
        }
        return {name: curve for name, curve in curves.items() if curve}


def metrics(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="ID of the job, ft-...", show_default=False)],
    *,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", "-m", metavar="NAME", help="Show only this metric; repeatable.")
    ] = None,
    global_step_from: Annotated[int | None, typer.Option(metavar="STEP", help="First step.")] = None,
    global_step_to: Annotated[int | None, typer.Option(metavar="STEP", help="Last step.")] = None,
    logged_at_from: Annotated[
        str | None, typer.Option(metavar="TIME", help="First time, such as 2026-01-31T12:00.")
    ] = None,
    logged_at_to: Annotated[str | None, typer.Option(metavar="TIME", help="Last time.")] = None,
    resolution: Annotated[
        int | None, typer.Option(metavar="N", help="Maximum number of training points (default: all).")
    ] = None,
    plot: Annotated[
        str | None, typer.Option("--plot", metavar="FILE", help="Write a plot (.png, .svg or .pdf).")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing plot.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all metrics as CSV.")] = False,
) -> None:
    """Show the metrics of a job.

    On a terminal: a table, curves and the best checkpoint. Otherwise: a header and one line per step, separated by
    tabs. With --quiet, print only the name of the best checkpoint.
    """
    settings = settings_of(context)
    _check(settings, plot, overwrite=overwrite, as_csv=as_csv)
    render = _renderer(settings, as_csv=as_csv)
    shows_best = plot is not None or render in (_print_json, _draw_on_terminal)
    with connect(settings) as client:
        listed = client.fine_tuning.list_metrics(
            id,
            global_step_from=global_step_from,
            global_step_to=global_step_to,
            logged_at_from=logged_at_from,
            logged_at_to=logged_at_to,
            resolution=resolution,
        )
        bounds = (global_step_from, global_step_to, logged_at_from, logged_at_to)
        narrowed = any(bound is not None for bound in bounds)
        report = _report(client, settings, id, listed, metric or [], narrowed=narrowed, shows_best=shows_best)
    if plot is not None:
        _save(plot, report)
    render(settings, report)


def _check(settings: Settings, plot: str | None, *, overwrite: bool, as_csv: bool) -> None:
    """Check the options before any request.

    Raises:
        BadUsageError: Options that cannot be combined, or a plot that cannot be written.
    """
    if as_csv and (settings.json or settings.quiet):
        raise BadUsageError("--csv cannot be combined with --json or --quiet: choose one of them")
    if plot is not None:
        check_image(plot, overwrite=overwrite)
    elif overwrite:
        raise BadUsageError("--overwrite requires --plot: add --plot, or omit --overwrite")


def _renderer(settings: Settings, *, as_csv: bool) -> Callable[[Settings, Report], None]:
    """The form in which the options ask for the metrics."""
    if settings.json:
        return _print_json
    if settings.quiet:
        return _print_best
    if as_csv:
        return _print_csv
    return _draw_on_terminal if stdout_is_terminal() else _print_lines


def _report(  # noqa: PLR0913 -- what a report is made of
    client: Together,
    settings: Settings,
    id: str,
    listed: MetricList,
    chosen: Sequence[str],
    *,
    narrowed: bool,
    shows_best: bool,
) -> Report:
    from together_ext.fine_tuning.best_checkpoint import points_of
    from together_ext.fine_tuning.metrics import metric_name, names

    points = points_of(listed)
    recorded = names(points)
    columns = list(dict.fromkeys(map(metric_name, chosen)))
    if missing := [name for name in chosen if points and metric_name(name) not in recorded]:
        choice = printable(", ".join(recorded), 300)
        raise BadUsageError(f"--metric is {missing[0]}; {id} has only {choice}")
    usual: list[str] = [name for name in USUAL if name in recorded] or recorded[:3]
    best = _best(client, id, settings) if settings.quiet or (points and shows_best) else None
    return Report(id, listed, points, recorded, columns, columns or usual, narrowed, best)


def _best(client: Together, id: str, settings: Settings) -> BestCheckpoint | None:
    """The best checkpoint, or None; an error if only its name is requested."""
    try:
        return client.fine_tuning.best_checkpoint(id)
    except (NoBestCheckpointError, ApiError) as error:
        if settings.quiet and not settings.json:
            raise
        if isinstance(error, ApiError):
            tell(f"best checkpoint unknown: {error}")
        return None


def _print_json(_: Settings, report: Report) -> None:
    document = document_of(report.listed)
    # One name for every list, whatever the server calls it.
    found = document.pop("metrics", [])
    print_document({**document, "data": found, "best": report.best})


def _print_best(_: Settings, report: Report) -> None:
    print_lines([] if report.best is None else [report.best.checkpoint.name])


def _print_csv(_: Settings, report: Report) -> None:
    print_lines(_csv(report.points, report.chosen or report.names))


def _print_lines(_: Settings, report: Report) -> None:
    """A header and the same columns for every job, so that scripts can rely on their position."""
    columns = [(name, (name,)) for name in report.chosen] or FIXED
    rows = [
        (str(point.step), *values)
        for point in report.points
        if set(values := [_value(point, names) for _, names in columns]) != {NOTHING}
    ]
    print_lines(["\t".join(map(cell, row)) for row in (("step", *(title for title, _ in columns)), *rows)])
    if not rows:
        others = report.points and not report.chosen
        tell(f"{report.id} has only other metrics: pass --metric or --csv" if others else _nothing(report))


def _value(point: Point, names: Sequence[str]) -> str:
    return next((str(point.values[name]) for name in names if name in point.values), NOTHING)


def _draw_on_terminal(settings: Settings, report: Report) -> None:
    best, sampled = report.best, _sampled(report.shown, report.columns, report.best)
    rows = [
        (
            str(point.step),
            *(f"{point.values[name]:.6g}" if name in point.values else NOTHING for name in report.columns),
            "best" if best is not None and best.step == point.step else "",
        )
        for point in sampled
    ]
    titles = ("STEP", *(label(name, TITLE).upper() for name in report.columns), "")
    show(settings, None, Table(titles, rows, key=0, flexible=len(titles) - 1), empty=_nothing(report))
    curves = {name: curve for name, curve in report.curves.items() if report.chosen or "loss" in name}
    show(settings, None, Prose(_curves(curves, best)))


def _nothing(report: Report) -> str:
    if report.points:
        return f"{report.id} has none of these metrics"
    return f"{report.id} has no metrics {'at these steps' if report.narrowed else 'yet'}"


def _save(path: str, report: Report) -> None:
    if not report.curves:
        message = f"{report.id} has no metrics to plot"
        raise CommandError(message, code="no_metrics", exit=Exit.NOT_FOUND)
    best = report.best
    save_image(path, report.curves, report.id, None if best is None else (best.checkpoint.step, best.checkpoint.name))
    tell(f"plot: {path}")


def _curves(curves: Mapping[str, Curve], best: BestCheckpoint | None) -> list[str]:
    width = min(WIDTH, columns_of(sys.stdout) - MARGIN - 1)
    lines = []
    for name, curve in curves.items() if stdout_takes(DOTS) and width >= NARROWEST else ():
        if len(curve) > 1:
            lines += ["", *curve_lines(name, curve, None if best is None else best.step, width)]
    return lines if best is None else [*lines, "", best.reason]


def _sampled(recorded: Sequence[Point], columns: Sequence[str], best: BestCheckpoint | None) -> list[Point]:
    """At most about `ROWS` points: the first, the best, and of each of equal ranges the last one with most metrics.

    Evaluations are few among many steps, and would rarely be chosen otherwise.
    """
    bounds = (
        [len(recorded) * row // ROWS for row in range(ROWS + 1)] if len(recorded) > ROWS else range(len(recorded) + 1)
    )
    kept = {0} | {
        max(range(start, stop), key=lambda at: (sum(name in recorded[at].values for name in columns), at))
        for start, stop in pairwise(bounds)
    }
    return [point for at, point in enumerate(recorded) if at in kept or (best is not None and best.step == point.step)]


def _csv(recorded: Sequence[Point], columns: list[str]) -> list[str]:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    timed = any(point.at for point in recorded)
    writer.writerow(["step", *(["logged_at"] if timed else []), *map(cell, columns)])
    for point in recorded:
        at = [point.at.isoformat() if point.at else ""] if timed else []
        writer.writerow([point.step, *at, *(point.values.get(name, "") for name in columns)])
    return written.getvalue().splitlines()
