"""Which checkpoint is the best, and curves of dots: values in, values out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.checkpoints import Checkpoint
from together_ext.cli.render.plot import curve_lines
from together_ext.errors import RuleError
from together_ext.fine_tuning.metrics import (
    Point,
    best,
    chosen_by_server,
    is_better_lower,
    metric_name,
    names,
    points,
    step_of,
    time_of,
)

JOB = "ft-x"


def checkpoint(step: int, *, final: bool = False) -> Checkpoint:
    name = JOB if final else f"{JOB}:{step}"
    return Checkpoint(step, "Final" if final else "Intermediate", name, None, "", "")


def losses(**values: float) -> list[Point]:
    """Points by step, `s100=0.5`."""
    return [Point(int(step[1:]), {"eval_loss": value}) for step, value in values.items()]


CHECKPOINTS = [checkpoint(300, final=True), checkpoint(200), checkpoint(100)]


def test_the_lowest_loss_is_the_best() -> None:
    found = best(CHECKPOINTS, losses(s100=0.9, s200=0.4, s300=0.6), "eval/loss", None)
    assert found is not None
    assert (found.checkpoint.name, found.metric, found.value, found.step) == ("ft-x:200", "eval_loss", 0.4, 200)
    assert found.reason == "ft-x:200 has the lowest eval_loss, 0.4, of the 3 evaluated checkpoints"


def test_the_final_weights_may_be_the_best() -> None:
    found = best(CHECKPOINTS, losses(s100=0.9, s300=0.1), "eval_loss", None)
    assert found is not None
    assert found.checkpoint.name == JOB


def test_a_checkpoint_has_the_last_value_since_the_previous_one() -> None:
    """An evaluation at step 101 is not one of the weights of step 100."""
    found = best(CHECKPOINTS, losses(s50=0.1, s90=0.9, s101=0.2, s199=0.5, s290=0.8), "eval_loss", None)
    assert found is not None
    assert (found.checkpoint.step, found.step, found.value) == (200, 199, 0.5)
    assert "recorded at step 199" in found.reason


def test_a_checkpoint_without_a_value_since_the_previous_one_is_skipped() -> None:
    found = best(CHECKPOINTS, losses(s100=0.5), "eval_loss", None)
    assert found is not None
    assert found.reason == "ft-x:100 has the lowest eval_loss, 0.5, the only evaluated one"


def test_of_two_equal_checkpoints_the_earlier_one_is_chosen() -> None:
    found = best(CHECKPOINTS, losses(s100=0.5, s200=0.5, s300=0.5), "eval_loss", None)
    assert found is not None
    assert found.checkpoint.step == 100


def test_of_two_at_one_step_the_final_one_is_chosen() -> None:
    for order in (1, -1):
        found = best([checkpoint(5), checkpoint(5, final=True)][::order], losses(s5=1.0), "eval_loss", None)
        assert found is not None
        assert found.checkpoint.name == JOB


def test_the_direction_of_a_metric_follows_from_its_name_or_the_mode() -> None:
    recorded = [Point(100, {"eval_accuracy": 0.1, "x": 1.0}), Point(200, {"eval_accuracy": 0.9, "x": 2.0})]
    assert best(CHECKPOINTS, recorded, "eval/accuracy", None).step == 200  # type: ignore[union-attr]
    assert best(CHECKPOINTS, recorded, "eval/accuracy", "min").step == 100  # type: ignore[union-attr]
    assert best(CHECKPOINTS, recorded, "x", "max").step == 200  # type: ignore[union-attr]
    with pytest.raises(RuleError, match="mode='min' or 'max'"):
        is_better_lower("x", None)
    with pytest.raises(RuleError, match="invalid mode 'best'"):
        is_better_lower("x", "best")


def test_without_values_there_is_no_best_checkpoint() -> None:
    assert best(CHECKPOINTS, losses(s301=0.5), "eval_loss", None) is None
    assert best([], losses(s100=0.5), "eval_loss", None) is None


@pytest.mark.parametrize("value", [None, math.nan, math.inf, True, "0.5"])
def test_without_a_best_value_the_servers_step_is_only_where_it_stopped(value: object) -> None:
    assert chosen_by_server(CHECKPOINTS, 200, value) is None
    assert chosen_by_server(CHECKPOINTS, 150, 0.5) is None
    assert chosen_by_server(CHECKPOINTS, 200, 0.5).checkpoint.step == 200  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("recorded", "step"),
    [
        ({"train/global_step": 7, "train/loss": 1}, 7),
        ({"global_step": 7.0}, 7),
        ({"step": 0}, 0),
        # A step of the epoch may stand beside that of the whole training.
        ({"step": 3, "global_step": 103}, 103),
        ({"global_step": None, "eval/global_step": 7}, 7),
        ({"global_step": 7.5}, None),
        ({"global_step": -1}, None),
        ({"global_step": math.inf}, None),
        ({"global_step": True}, None),
        ({"global_step": "7"}, None),
        ({}, None),
    ],
)
def test_the_step_is_found_under_its_names(recorded: dict[str, Any], step: int | None) -> None:
    assert step_of(recorded) == step


def test_both_vocabularies_are_read_and_other_values_are_left_out() -> None:
    found = points(
        [
            {"eval_loss": 0.5, "global_step": 20, "logged_at": 1_777_277_642.0},
            {"train/loss": 1, "train/global_step": 10, "note": "x", "odd": None, "nan": math.nan, "flag": True},
            {"train/loss": 1},
        ]
    )
    at = datetime(2026, 4, 27, 8, 14, 2, tzinfo=UTC)
    assert found == [Point(10, {"train_loss": 1.0}), Point(20, {"eval_loss": 0.5}, at)]
    assert names(found) == ["train_loss", "eval_loss"]


def test_values_at_one_step_are_one_point() -> None:
    """Training and evaluation come one after the other, and after a restart some steps come again."""
    found = points(
        [
            {"train/loss": 3, "train/global_step": 20},
            {"train/loss": 2, "train/global_step": 10},
            {"eval/loss": 1, "train/global_step": 10},
            {"train/loss": 1.5, "train/global_step": 20},
        ]
    )
    assert found == [Point(10, {"train_loss": 2.0, "eval_loss": 1.0}), Point(20, {"train_loss": 1.5})]


ODD: list[object] = [-1, 1 << 33, 10**400, math.nan, math.inf, True, "then", "", None, [], {}]


@pytest.mark.parametrize(
    ("said", "time"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-01-31T12:00:00.5Z", datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        *[(odd, None) for odd in ODD],
    ],
)
def test_the_time_is_seconds_or_text(said: object, time: datetime | None) -> None:
    assert time_of({"logged_at": said}) == time


def test_a_checkpoint_without_a_label_is_the_final_one_only_if_it_is_the_last() -> None:
    """By its name alone, the final weights would be downloaded instead of the evaluated ones."""
    unlabelled = [Checkpoint(step, "", JOB, None, "", "") for step in (300, 100, 200)]
    assert best(unlabelled, losses(s100=0.9, s200=0.4, s300=0.6), "eval_loss", None).checkpoint.name == "ft-x:200"  # type: ignore[union-attr]
    assert best(unlabelled, losses(s300=0.6), "eval_loss", None).checkpoint.name == JOB  # type: ignore[union-attr]
    assert chosen_by_server(unlabelled, 100, 0.5).checkpoint.name == "ft-x:100"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("metric", "lower"),
    [
        ("eval/loss", True),
        ("eval/rewards/rejected", True),
        ("eval/rewards/chosen", False),
        ("eval/rewards/accuracies", False),
        ("accuracies", False),
    ],
)
def test_the_usual_metrics_need_no_mode(metric: str, lower: bool) -> None:  # noqa: FBT001 -- a parameter of the table
    assert is_better_lower(metric, None) is lower


anything = st.dictionaries(
    st.text(max_size=5) | st.sampled_from(["global_step", "train/global_step", "eval/loss"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    max_size=4,
)


@given(st.lists(anything, max_size=6), st.lists(st.integers(0, 10**12 - 1), max_size=5))
def test_for_any_metrics_the_best_has_a_recorded_value(recorded: list[Any], steps: list[int]) -> None:
    found = best([checkpoint(step) for step in steps], points(recorded), "eval_loss", None)
    if found is not None:
        values = [point.values["eval_loss"] for point in points(recorded) if "eval_loss" in point.values]
        assert found.value in values
        assert found.step <= found.checkpoint.step
        assert metric_name(found.metric) == found.metric


few = st.integers(0, 30)


@given(st.dictionaries(few, st.integers(0, 3)), st.lists(few, max_size=6), st.sampled_from(["min", "max"]))
def test_the_best_is_that_of_the_rule(values: dict[int, int], steps: list[int], mode: str) -> None:
    """By its own step, or else by the last value since the checkpoint before it; of equals the earliest."""
    judged: dict[int, int] = {}
    for before, step in pairwise([-1, *sorted(set(steps))]):
        seen = [at for at in values if before < at <= step]
        if seen:
            judged[step] = values[max(seen)]
    found = best([checkpoint(step) for step in steps], [*_points(values)], "x", mode)
    if found is None:
        assert not judged
    else:
        wanted = (min if mode == "min" else max)(judged.values())
        assert (found.checkpoint.step, found.value) == (min(at for at in judged if judged[at] == wanted), wanted)


def _points(values: dict[int, int]) -> Iterator[Point]:
    return (Point(step, {"x": value}) for step, value in sorted(values.items()))


numbers = st.floats(-1e300, 1e300)


@given(st.lists(st.tuples(st.integers(0, 10**12), numbers), min_size=1, max_size=200))
def test_a_curve_fits_and_shows_every_end(curve: list[tuple[int, float]]) -> None:
    curve = sorted(curve)
    name, *rows, axis = curve_lines("eval_loss", curve)
    assert name == "eval_loss"
    assert max(map(len, [*rows, axis])) < 80
    assert any(ord(char) > 0x2800 for row in rows for char in row)
    # The highest and the lowest value are on the first and the last row, if they differ.
    if curve[0][1] != curve[-1][1] and len({value for _, value in curve}) > 1:
        assert any(ord(char) > 0x2800 for char in rows[0])


def test_of_a_curve_the_best_is_pointed_at_and_steps_are_whole() -> None:
    curve = [(1, 3.0), (1_234_567, 1.0), (3_699_963, 2.0)]
    *_, mark, axis = curve_lines("eval_loss", curve, 1_234_567)
    assert mark == f"{' ' * (11 + 20)}^ best"
    assert axis.split() == ["1", "3699963"]
    assert len(curve_lines("eval_loss", curve, 3_699_963)[-2]) < 80
    assert "best" not in "".join(curve_lines("eval_loss", curve, 4_000_000))


def test_a_curve_shows_small_differences() -> None:
    assert len(curve_lines("eval_loss", [(1, 5e-324), (2, 0.0)])) == 9


def test_the_name_of_a_curve_is_one_short_line() -> None:
    name = curve_lines("\x1b[2J\n\u202e" + "x" * 5000, [(1, 1.0)])[0]
    assert name.isprintable()
    assert len(name) == 40
