"""The pure parts of the command line: exit codes, amounts, views, JSON, progress lines."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext import errors
from together_ext.cli.exits import BadUsageError, CommandError, Exit, code_of, exit_of, sentence_of
from together_ext.cli.render.amounts import duration_text, parse_size, rate_text, size_text
from together_ext.cli.render.documents import plain
from together_ext.cli.render.progress import APART, FIRST, INTERVAL, PlainProgress
from together_ext.cli.render.progress_text import SILENT, line, wait
from together_ext.cli.render.tables import draw
from together_ext.cli.render.views import Lines, Prose, Record, Table, View, cell
from together_ext.cli.render.wrapping import width_of, wrapped
from together_ext.transfer import DownloadProgress
from together_generated.models import FinetuneJobStatus

GB = 10**9
JOB = "ft-12345678-abcd-1234-efgh-123456789012"


def status(code: int) -> Exception:
    return errors.status_error("try", status=code)


OPTIONS = ("--connections", "--checkpoint-step", "--output", "--output-dir", "--source", "--packing")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        # Options of the command, and nothing else that looks like a keyword.
        (errors.RuleError("connections is 0"), "--connections is 0"),
        (errors.RuleError("invalid source 'x'"), "invalid --source 'x'"),
        (errors.RuleError("parallel is 0"), "parallel is 0"),
        (errors.RuleError("packing=True needs checkpoint_step=5"), "packing=True needs --checkpoint-step=5"),
        (errors.RuleError("n_evals is 1 without checkpoint_step"), "n_evals is 1 without --checkpoint-step"),
        (errors.RuleError("checkpoint_step=True is given"), "--checkpoint-step is given"),
        (
            errors.MissingKeyError("process 7 on node"),
            "process 7 on node has no API key: set TOGETHER_API_KEY in the environment of each worker",
        ),
        # Names that are a path, a value or a text of the server.
        (errors.RuleError("'checkpoint_step' is empty"), "'checkpoint_step' is empty"),
        (errors.RuleError("/x/checkpoint_step is empty"), "/x/checkpoint_step is empty"),
        (errors.RuleError("checkpoint_step.jsonl is empty"), "checkpoint_step.jsonl is empty"),
        (errors.ApiError("connections is no checkpoint_step"), "connections is no checkpoint_step"),
        (errors.ConfigurationError("http_proxy is 'x'"), "http_proxy is 'x'"),
        # A keyword of two options.
        (errors.RuleError("output is a file"), "output is a file"),
        # Options that the message names itself.
        (errors.ArchiveError("base_model (--base-model) cannot be set"), "--base-model cannot be set"),
        (errors.RuleError("checkpoint_step (--checkpoint-step) is 0"), "--checkpoint-step is 0"),
        (errors.RuleError("omit spool=False (--no-spool)"), "omit --no-spool"),
        (errors.RuleError("use source='archive' (--source archive)"), "use --source archive"),
        # An option that the command lacks.
        (errors.TargetExistsError("x exists: move it, or allow overwriting"), "x exists: move it"),
        (errors.TargetExistsError("x exists: move it, or allow it to be replaced"), "x exists: move it"),
    ],
)
def test_an_error_names_the_options_of_the_command(error: Exception, sentence: str) -> None:
    assert sentence_of(error, OPTIONS) == sentence


@pytest.mark.parametrize(
    ("error", "option"),
    [
        (errors.TargetExistsError("x is another file"), "--overwrite"),
        (errors.JobNotReadyError(JOB, "running", ended=False), "--wait"),
    ],
)
def test_only_an_option_of_the_command_is_advised(error: Exception, option: str) -> None:
    assert f"({option})" in sentence_of(error, (option,))
    assert option not in sentence_of(error, OPTIONS)


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


def test_every_error_of_the_package_has_an_exit_code_and_a_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    for kind in kinds:
        bare = kind.__new__(kind)
        assert exit_of(bare) in set(Exit) - {Exit.DONE}
        assert code_of(bare) == kind.code  # type: ignore[attr-defined]


def test_an_error_of_python_has_a_code_too() -> None:
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
def test_a_size_is_short_and_accurate(size: int) -> None:
    number, unit = size_text(size).split()
    assert len(number) <= 4
    scale = 1000 ** ("B", "kB", "MB", "GB", "TB", "PB").index(unit)
    assert abs(float(number) * scale - size) <= 0.006 * size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (4.24, "4.2 s"), (9.97, "10 s"), (59.4, "59 s"), (59.6, "1:00"), (67, "1:07"), (7290, "2:01:30")],
)
def test_a_duration_has_a_useful_precision(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [("500000", 500_000), ("8M", 8e6), ("8m", 8e6), ("8MB", 8e6), ("8 MiB", 8 << 20), ("1.5k", 1500), ("2Gi", 2 << 30)],
)
def test_a_size_can_be_written_in_several_ways(text: str, size: float) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "0", "0k", "8X", "8ib", "1e6", "nan"])
def test_an_invalid_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid size"):
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


LIST = Table(("ID", "STATUS", "CREATED (UTC)", "MODEL"), ROWS, key=0, flexible=3)
WIDTHS = (20, 40, 60, 80, 120, 200)


def words(lines: list[str]) -> list[str]:
    return [word for line in lines for word in line.split()]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_is_whole_on_every_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(LIST, width, monkeypatch)
    assert {word for row in ROWS for value in row for word in value.split()} <= set(words(lines))
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)


def test_a_wide_terminal_shows_a_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(LIST, 200, monkeypatch) == [
        f"{'ID':39}  STATUS            CREATED (UTC)     MODEL",
        f"{JOB}  cancel_requested  2026-01-15 08:30  acme/Meta-Llama-3.1-8B-support-bot-1a2b3c4d",
    ]


def test_the_flexible_column_moves_below_on_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(LIST, 80, monkeypatch) == [
        f"{'ID':39}  STATUS            CREATED (UTC)",
        "  MODEL",
        f"{JOB}  cancel_requested  2026-01-15 08:30",
        "  acme/Meta-Llama-3.1-8B-support-bot-1a2b3c4d",
    ]


def test_a_narrow_terminal_shows_one_record_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(LIST, 60, monkeypatch) == [
        JOB,
        "  STATUS         cancel_requested",
        "  CREATED (UTC)  2026-01-15 08:30",
        "  MODEL          acme/Meta-Llama-3.1-8B-support-bot-1a2b3c4d",
    ]


def test_a_table_keeps_to_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("1000", "Intermediate", f"{JOB}:1000", "2026-01-15 08:30")]
    lines = drawn(Table(("STEP", "TYPE", "NAME", "CREATED (UTC)"), rows, key=2, flexible=3), 80, monkeypatch)
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == ["1000", "Intermediate", f"{JOB}:1000", "2026-01-15", "08:30"]


def test_a_long_message_is_wrapped_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(("LEVEL", "MESSAGE"), [("info", "word " * 30)], key=1, flexible=1, wraps=True)
    lines = drawn(table, 40, monkeypatch)
    assert words(lines).count("word") == 30
    assert max(map(len, lines)) <= 40
    assert all(line.startswith(" " * 7) for line in lines[2:])


@pytest.mark.parametrize("width", [40, 60])
def test_a_message_with_a_long_word_is_not_wrapped_inside_it(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    message = f"checkpoint {JOB}:1000 saved"
    table = Table(("TIME", "LEVEL", "MESSAGE"), [("2026-01-15 08:30", "info", message)], key=2, flexible=2, wraps=True)
    assert f"{JOB}:1000" in words(drawn(table, width, monkeypatch))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_record_is_wrapped_between_words(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    value = "lr_scheduler_type=cosine, lr_scheduler_args=(num_cycles=0.5, min_lr_ratio=0.1)"
    lines = drawn(Record([("id", JOB), ("scheduler", value)]), width, monkeypatch)
    assert words(lines) == ["id", JOB, "scheduler", *value.split()]


def test_a_command_is_never_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    command = "together-ext ft download " + "word " * 30 + "end"
    record = Record([("layout", "adapter")], [("next: vllm", command)], "To load the model:")
    lines = drawn(record, 40, monkeypatch)
    assert lines == ["layout  adapter", "", "To load the model:", "  vllm", f"    {command}"]
    assert record.lines() == ["layout\tadapter", f"next: vllm\t{command}"]


def test_prose_is_wrapped_and_a_result_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "word " * 30 + "end"
    assert drawn(Lines([text, "short"]), 40, monkeypatch) == [text, "short"]
    for view in (Lines(["/path", text]), Prose([text])):
        lines = drawn(view, 40, monkeypatch)
        assert max(map(len, lines)) <= 40
        assert words(lines).count("word") == 30


@given(st.text(alphabet="a \u540d\u0301", max_size=80), st.integers(1, 30))
def test_a_wrapped_line_loses_no_word(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert words(lines) == text.split()
    assert all(width_of(line.strip()) <= width or len(line.split()) <= 1 for line in lines if line.strip())


def test_markup_of_the_server_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(("ID", "MODEL"), [("ft-1", "[bold red]x[/] :smile:")], key=0, flexible=1)
    assert "[bold red]x[/] :smile:" in drawn(table, 80, monkeypatch)[1]
    assert "[red]y" in drawn(Record([("name", "[red]y")]), 80, monkeypatch)[0]


def test_a_path_is_not_broken_into_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/models/" + "x" * 200
    assert drawn(Lines([path]), 40, monkeypatch) == [path]
    assert drawn(Record([("path", path)]), 40, monkeypatch) == ["path", f"    {path}"]


def test_an_empty_view_has_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Table(("ID", "STATUS"), [], key=0, flexible=1)
    assert drawn(Record([]), 80, monkeypatch) == []
    assert (empty.lines(), empty.results()) == ([], [])


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


def test_a_progress_line_shows_what_is_known() -> None:
    now = DownloadProgress(int(4.2 * GB), 10 * GB, 0, 100e6, 58.0, 8)
    assert line(now) == "42 %, 4.20 GB of 10.0 GB, 100 MB/s, 58 s left"
    assert line(DownloadProgress(GB, None, 0, 0.0, None, 1)) == "1.00 GB"
    assert line(replace(now, file="model.tar.zst")).startswith("model.tar.zst: 42 %, ")
    assert line(replace(now, state="connecting", file="a\x1b[2Jb")) == "a [2Jb: 42 %, 4.20 GB of 10.0 GB, connecting"


BROKEN = replace(
    DownloadProgress(int(4.2 * GB), 10 * GB, 0, 5e6, 58.0, 0),
    state="retrying",
    reason="connection lost (storage.example)",
    retry=3,
    retries=8,
    retry_in=5.2,
)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BROKEN, "42 %, 4.20 GB of 10.0 GB, connection lost (storage.example), retry 3 of 8 in 6 s"),
        (
            replace(BROKEN, retry_in=119.5),
            "42 %, 4.20 GB of 10.0 GB, connection lost (storage.example), retry 3 of 8 in 2:00",
        ),
        (DownloadProgress(0, None, 0, 0.0, None, 0, state="connecting"), "connecting"),
        (DownloadProgress(GB, 2 * GB, GB, 0.0, None, 0, state="connecting"), "50 %, 1.00 GB of 2.00 GB, connecting"),
        (
            DownloadProgress(0, None, 0, 0.0, None, 0, state="waiting_for_lock", reason="process 7"),
            "waiting for process 7",
        ),
        (
            DownloadProgress(GB, 2 * GB, 0, 5e6, 200.0, 8, silent=SILENT + 4.1),
            "50 %, 1.00 GB of 2.00 GB, no data for 8 s",
        ),
        (
            DownloadProgress(GB, 2 * GB, 0, 5e6, 200.0, 8, silent=SILENT - 0.1),
            "50 %, 1.00 GB of 2.00 GB, 5.00 MB/s, 3:20 left",
        ),
    ],
)
def test_a_progress_line_shows_the_cause_of_a_wait(now: DownloadProgress, said: str) -> None:
    assert line(now) == said


def test_a_reason_fits_beside_a_bar_and_cannot_control_the_terminal() -> None:
    said = wait(replace(BROKEN, reason="\x1b[2J" + "x" * 500), 40)
    assert said == "[2J" + "x" * 36 + "…, retry 3 of 8 in 6 s"


def test_a_retry_is_a_plain_line_at_once_and_once() -> None:
    said: list[tuple[float, str]] = []
    now = 100.0
    progress = PlainProgress(lambda text: said.append((now, text)), lambda: now)
    for tick in range(20):
        now = 100.0 + tick / 10
        progress(replace(BROKEN, retry=1 if tick < 15 else 2, retry_in=2.0 - tick / 10))
    assert [round(at - 100, 1) for at, _ in said] == [0.0, 1.5]


def test_plain_lines_keep_apart_however_often_a_connection_breaks() -> None:
    said: list[float] = []
    now = 100.0
    progress = PlainProgress(lambda _: said.append(now), lambda: now)
    for tick in range(100):
        now = 100.0 + tick / 10
        progress(
            replace(BROKEN, retry=1) if tick % 2 else replace(BROKEN, state="transferring", reason=None, retry=None)
        )
    assert len(said) <= 10
    assert all(right - left >= APART for left, right in pairwise(said))


def test_a_wait_for_a_lock_is_left_to_the_log() -> None:
    said: list[str] = []
    now = 100.0
    progress = PlainProgress(said.append, lambda: now)
    for tick in range(200):
        now = 100.0 + tick / 10
        progress(DownloadProgress(0, None, 0, 0.0, None, 0, state="waiting_for_lock", reason="process 7"))
    assert said == []


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
