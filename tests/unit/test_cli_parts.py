"""The pure parts of the command line: exit codes, amounts, views, JSON, progress lines."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext import errors
from together_ext.cli.amounts import duration_text, parse_size, rate_text, size_text
from together_ext.cli.documents import plain
from together_ext.cli.exits import BadUsageError, CommandError, Exit, code_of, exit_of
from together_ext.cli.progress import FIRST, INTERVAL, PlainProgress, line
from together_ext.cli.tables import draw
from together_ext.cli.views import Lines, Record, Table, View, cell
from together_ext.transfer import DownloadProgress
from together_generated.models import FinetuneJobStatus

GB = 10**9
JOB = "ft-12345678-abcd-1234-efgh-123456789012"


def status(code: int) -> Exception:
    return errors.status_error("try", status=code)


@pytest.mark.parametrize(
    ("error", "exit_"),
    [
        (errors.RuleError("no"), 2),
        (errors.ConfigurationError("no"), 2),
        (errors.CheckpointNameError("no"), 2),
        (errors.CheckpointTypeError("no"), 2),
        (errors.UnknownTrainingTypeError(JOB, None), 2),
        (BadUsageError("no"), 2),
        (errors.MissingKeyError(), 3),
        (status(401), 3),
        (status(403), 3),
        (status(404), 4),
        (errors.CheckpointNotFoundError(JOB, 1, []), 4),
        (errors.JobNotReadyError(JOB, "running", ended=False), 5),
        (errors.IntegrityError("no"), 6),
        (errors.RemoteChangedError("no"), 6),
        (errors.StorageError("no"), 7),
        (errors.NotEnoughSpaceError("/", needed=2, free=1), 7),
        (errors.TargetExistsError("no"), 7),
        (OSError("no"), 7),
        (errors.ApiConnectionError("try", "no"), 8),
        (errors.ApiTimeoutError("try", "no"), 8),
        (errors.TransferInterruptedError("no"), 8),
        (status(429), 8),
        (status(500), 8),
        (status(503), 8),
        (errors.TransferCancelledError(), 130),
        (status(400), 1),
        (status(409), 1),
        (errors.ApiResponseError("try", "no"), 1),
        (errors.TransferError("no"), 1),
        (CommandError("no", code="declined"), 1),
        (KeyError("no"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_failure_has_its_exit_code(error: Exception, exit_: int) -> None:
    assert exit_of(error) == exit_


def test_every_error_of_the_package_has_an_exit_code_and_a_word() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    for kind in kinds:
        bare = kind.__new__(kind)
        assert exit_of(bare) in set(Exit) - {Exit.DONE}
        assert code_of(bare) == kind.code  # type: ignore[attr-defined]


def test_an_error_of_python_has_a_word_too() -> None:
    assert (code_of(KeyError("x")), code_of(OSError(28, "full"))) == ("unexpected", "storage")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (9_994, "9.99 kB"),
        (9_996, "10.0 kB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"),
        (999_600, "1.00 MB"),
        (1_234_567_890, "1.23 GB"),
        (140 * GB, "140 GB"),
        (10**18, "1000 PB"),
    ],
)
def test_a_size_has_three_digits(size: int, text: str) -> None:
    assert size_text(size) == text


@given(st.integers(0, 10**17))
def test_a_size_is_short_and_close_to_the_truth(size: int) -> None:
    number, unit = size_text(size).split()
    assert len(number) <= 4
    scale = 1000 ** ("B", "kB", "MB", "GB", "TB", "PB").index(unit)
    assert abs(float(number) * scale - size) <= 0.006 * size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (4.24, "4.2 s"), (9.97, "10 s"), (59.4, "59 s"), (59.6, "1:00"), (67, "1:07"), (7290, "2:01:30")],
)
def test_a_duration_is_as_exact_as_it_is_of_use(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [("500000", 500_000), ("8M", 8e6), ("8m", 8e6), ("8MB", 8e6), ("8 MiB", 8 << 20), ("1.5k", 1500), ("2Gi", 2 << 30)],
)
def test_a_size_can_be_written_in_several_ways(text: str, size: float) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "0", "0k", "8X", "8ib", "1e6", "nan"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_size(text)


# What is shown --------------------------------------------------------------------------------------------------------


def test_a_cell_is_one_line_of_printable_text() -> None:
    assert cell("a\x1b[31mb\r\nc\td\u202ee") == "a [31mb c d e"
    assert cell("x" * 5000) == "x" * 5000
    assert cell(FinetuneJobStatus.RUNNING) == "running"
    assert cell("") == cell(None) == cell("\x00") == "-"


def drawn(view: View, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    return [text.rstrip() for text in draw(view, io.StringIO()).splitlines()]


ROWS = [(JOB, "cancel_requested", "2026-01-15 08:30", "acme/Meta-Llama-3.1-8B-support-bot-1a2b3c4d")]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 200])
def test_an_id_is_whole_on_every_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(("ID", "STATUS", "CREATED (UTC)", "MODEL"), ROWS, key=0, flexible=3, keeps="end")
    lines = drawn(table, width, monkeypatch)
    assert JOB in lines[1]
    assert "1a2b3c4d" in lines[1]
    assert max(map(len, lines)) <= max(width, 39 + 16 + 16 + 10 + 3)


def test_a_table_keeps_to_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("1000", "Intermediate", f"{JOB}:1000", "2026-01-15 08:30")]
    lines = drawn(Table(("STEP", "TYPE", "NAME", "CREATED (UTC)"), rows, key=2, flexible=3), 80, monkeypatch)
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == ["1000", "Intermediate", f"{JOB}:1000", "2026-01-15", "08:30"]


def test_a_long_message_goes_on_in_the_next_line(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(("LEVEL", "MESSAGE"), [("info", "word " * 30)], key=1, flexible=1, keeps="all")
    lines = drawn(table, 40, monkeypatch)
    assert "".join(lines).count("word") == 30
    assert max(map(len, lines)) <= 40


def test_the_start_of_a_text_can_be_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(("ID", "WHEN"), [(JOB, "2026-01-15 08:30:00")], key=0, flexible=1)
    assert drawn(table, 54, monkeypatch)[1] == f"{JOB} 2026-01-15 08…"


def test_markup_of_the_server_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(("ID", "MODEL"), [("ft-1", "[bold red]x[/] :smile:")], key=0, flexible=1)
    assert "[bold red]x[/] :smile:" in drawn(table, 80, monkeypatch)[1]
    assert "[red]y" in drawn(Record([("name", "[red]y")]), 80, monkeypatch)[0]


def test_a_path_is_not_broken_into_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/models/" + "x" * 200
    assert drawn(Lines([path]), 40, monkeypatch) == [path]
    assert drawn(Record([("path", path)]), 40, monkeypatch) == [f"path  {path}"]


def test_an_empty_table_is_its_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Table(("ID", "STATUS"), [], key=0, flexible=1)
    assert drawn(empty, 80, monkeypatch) == ["ID  STATUS"]
    assert drawn(Record([]), 80, monkeypatch) == []
    assert (empty.lines(), empty.essence()) == ([], [])


@dataclass(frozen=True)
class Thing:
    at: datetime
    status: FinetuneJobStatus
    rates: tuple[float, ...]


def test_a_document_is_made_of_what_json_has() -> None:
    thing = Thing(datetime(2026, 1, 2, tzinfo=UTC), FinetuneJobStatus.ERROR, (0.5, math.nan, math.inf))
    assert json.loads(json.dumps(plain({"x": [thing]}), allow_nan=False)) == {
        "x": [{"at": "2026-01-02T00:00:00+00:00", "status": "error", "rates": [0.5, None, None]}]
    }


# Progress -------------------------------------------------------------------------------------------------------------


def test_a_progress_line_tells_what_is_known() -> None:
    now = DownloadProgress(int(4.2 * GB), 10 * GB, 0, 100e6, 58.0, 8)
    assert line(now) == "42 %, 4.20 GB of 10.0 GB, 100 MB/s, 58 s left"
    assert line(DownloadProgress(GB, None, 0, 0.0, None, 1)) == "1.00 GB"


def test_a_hundred_percent_is_the_end() -> None:
    assert line(DownloadProgress(GB - 1, GB, 0, 0.0, None, 1)).startswith("99 %")
    assert line(DownloadProgress(GB, GB, 0, 0.0, None, 1)).startswith("100 %")


def test_a_plain_line_comes_every_few_seconds_and_not_at_once() -> None:
    said: list[tuple[float, str]] = []
    now = 100.0
    progress = PlainProgress(lambda text: said.append((now, text)), lambda: now)
    for tick in range(150):
        now = 100.0 + tick / 10
        progress(DownloadProgress(tick, 150, 0, 10.0, None, 1))
    assert [round(at - 100, 1) for at, _ in said] == [FIRST, FIRST + INTERVAL, FIRST + 2 * INTERVAL]
    assert rate_text(10.0) in said[0][1]
