"""Streams and signals in this process: terminals, odd encodings, readers that leave, Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.waits import PATIENCE
from together_ext.cli import main
from together_ext.cli.signals import signals_interrupt
from together_ext.simulator import LORA_JOB, RUNNING_JOB, Fault, Simulator
from tools.json_documents import check_document

FULL = "error: could not write to standard output: no space left on device; check where it is redirected to\n"
SMALL = b"\x28\xb5\x2f\xfd\x20\x5b\xd9\x02\x00" + bytes(range(91))


class Terminal(io.StringIO):
    """A reader of the stream."""

    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    """A stream that cannot be written to."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, _: str) -> int:
        raise self._error


class Listener(io.StringIO):
    """A reader that reacts to a word."""

    def __init__(self, word: str, act: Callable[[], None]) -> None:
        super().__init__()
        self._word, self._act = word, act

    def write(self, text: str) -> int:
        count = super().write(text)
        if self._word in text:
            self._act()
        return count


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        simulator.add_archive(LORA_JOB, SMALL)
        simulator.add_file(file_id="f")
        simulator.add_model("m")
        yield simulator


@pytest.fixture(autouse=True)
def _a_place_to_work(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    monkeypatch.setenv("TOGETHER_BASE_URL", sim.url)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")


def lines_in_a_terminal(monkeypatch: pytest.MonkeyPatch, *args: str) -> list[str]:
    """What a command without colours shows, line by line."""
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    assert main(args) == 0
    text = out.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "\x1b" not in text
    return [line.rstrip() for line in text.splitlines()]


# Terminals ------------------------------------------------------------------------------------------------------------


def test_jobs_fit_80_columns_with_complete_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_in_a_terminal(monkeypatch, "ft", "list")
    assert max(map(len, lines)) <= 80
    assert lines[:2] == [f"{'ID':39}  STATUS     CREATED (UTC)     TYPE", "  MODEL"]
    assert lines[2] == f"{RUNNING_JOB}  running    2026-01-17 08:30  LoRA"
    assert lines[3].startswith("  acme-research/Meta-Llama")
    assert lines[3].endswith("-90abcdef")


def test_checkpoints_fit_80_columns_with_complete_names(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_in_a_terminal(monkeypatch, "ft", "list-checkpoints", LORA_JOB)
    assert max(map(len, lines)) <= 80
    assert lines[2].split() == ["750", "Intermediate", f"{LORA_JOB}:750", "2026-01-15", "08:51"]


def test_events_and_details_fit_too(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sim.job(LORA_JOB).overrides = {"started_at": "yesterday", "created_at": "2026-01-15T08:30:00"}
    events = lines_in_a_terminal(monkeypatch, "ft", "list-events", LORA_JOB)
    assert max(map(len, events)) <= 80
    shown = lines_in_a_terminal(monkeypatch, "ft", "retrieve", LORA_JOB)
    details = dict(line.split(maxsplit=1) for line in shown if re.match(r"\S+ +\S", line))
    assert details["id"] == LORA_JOB
    assert details["started_at"] == "yesterday"


def test_an_invalid_date_is_shown_unchanged(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sim.job(RUNNING_JOB).overrides = {"created_at": "Tuesday"}
    sim.job(LORA_JOB).absent = {"created_at"}
    shown = lines_in_a_terminal(monkeypatch, "ft", "list")
    rows = {line.split()[0]: line.split()[2] for line in shown if line.startswith("ft-")}
    assert rows[RUNNING_JOB] == "Tuesday"
    assert rows[LORA_JOB] == "-"


def spoil_dates(sim: Simulator, date: str, paths: tuple[str, ...]) -> None:
    """Have another date in place of every date in the responses at these paths."""
    for path in paths:
        found = httpx.get(f"{sim.url}{path}", headers={"authorization": f"Bearer {sim.api_key}"}).text
        spoilt = re.sub(r'"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[^"]*"', json.dumps(date), found)
        spoilt = spoilt.replace('{"train/loss"', f'{{"logged_at": {json.dumps(date)}, "train/loss"')
        assert date in spoilt
        exact = path
        sim.script(
            Fault(
                path=path,
                when=lambda request, exact=exact: request.path == exact,  # type: ignore[misc]
                status=200,
                body=spoilt.encode(),
                headers={"content-type": "application/json"},
                times=None,
            )
        )


ENDS = {
    "0001-01-01T00:00:00+14:00": "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-00:01": "9999-12-31T23:59:59-00:01",
    "0001-01-01T14:00:00+14:00": "0001-01-01 00:00",
    "9999-12-31T24:00:00Z": "9999-12-31T24:00:00Z",
    "0000-01-01": "0000-01-01",
    "10000-01-01T00:00:00Z": "10000-01-01T00:00:00Z",
    "9999-W53-7": "9999-W53-7",
    "2026-01-01T00:00:00+99:00": "2026-01-01T00:00:00+99:00",
    "0001-02-03": "0001-02-03 00:00",
}


JOB_PATHS = ("/fine-tunes", *(f"/fine-tunes/{LORA_JOB}{rest}" for rest in ("", "/checkpoints", "/events", "/metrics")))


@pytest.mark.parametrize("date", ENDS)
def test_every_list_accepts_the_first_and_last_date(
    date: str, sim: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil_dates(sim, date, JOB_PATHS)
    for command in ("retrieve", "wait", "list-checkpoints", "list-events", "metrics"):
        with monkeypatch.context() as patched:
            lines_in_a_terminal(patched, "ft", command, LORA_JOB)
        assert main(["ft", command, LORA_JOB]) == main(["ft", command, LORA_JOB, "--json"]) == 0, command
    assert main(["ft", "metrics", LORA_JOB, "--csv"]) == main(["ft", "list"]) == 0, capsys.readouterr().err
    assert ENDS[date] in " ".join(lines_in_a_terminal(monkeypatch, "ft", "list"))


def test_a_progress_bar_is_removed_at_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out, err = io.StringIO(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["ft", "download", LORA_JOB, "-o", "models"]) == 0
    assert "100 %" in err.getvalue()
    assert "100 B of 100 B" in err.getvalue()
    assert err.getvalue().endswith("\x1b[2K")
    assert out.getvalue().startswith(str(tmp_path / "models"))


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_the_progress_bar_can_be_disabled(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["ft", "download", LORA_JOB, option]) == 0
    assert err.getvalue() == ""


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["ft", "download", LORA_JOB]) == 0
    assert err.getvalue() == ""


# Odd streams ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "folder", "printed"),
    [("ascii", "modèles", b"mod\\xe8les"), ("latin-1", "modèles", b"mod\xe8les"), ("utf-8", "\udcff", b"\xff")],
)
def test_a_path_is_printed_in_every_encoding(
    encoding: str, folder: str, printed: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding=encoding))
    assert main(["ft", "download", LORA_JOB, "-o", folder, "-q"]) == 0
    assert data.getvalue().startswith(os.fsencode(tmp_path) + b"/" + printed + b"/acme")
    assert data.getvalue().endswith(b".tar.zst\n")


def test_a_closed_pipe_is_not_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError(32, "Broken pipe")))
    assert main(["ft", "list"]) == 0
    assert main(["ft", "status", "ft-none", "--json"]) == 4
    assert capsys.readouterr().err.startswith("error: could not retrieve ft-none")


def test_a_full_disk_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(OSError(28, "No space left on device")))
    assert main(["ft", "list"]) == 7
    assert capsys.readouterr().err == FULL


def test_a_closed_standard_error_is_not_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", Broken(BrokenPipeError(32, "Broken pipe")))
    assert main(["ft", "create", "--training-file", "f", "--model", "m", "--yes"]) == 0
    assert capsys.readouterr().out.startswith("ft-")
    assert main(["ft", "status", "ft-none"]) == 4


@pytest.mark.parametrize("args", [("ft", "list"), ("ft", "status", "ft-none", "--json"), ("ft", "download", LORA_JOB)])
def test_missing_streams_are_accepted(args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter has None for a stream that is closed from the start."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(args) == (4 if "ft-none" in args else 0)


def test_a_closed_stream_is_not_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdin", closed)
    assert main(["ft", "cancel", LORA_JOB]) == 2


# Signals --------------------------------------------------------------------------------------------------------------


SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
KEPT = f"stopped; the partial file is kept; to resume, run:\n  together-ext ft download {LORA_JOB} -o 'my models'\n"


class Watcher(Listener):
    """A terminal with a reader that reacts to a word."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def stalled(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three million bytes one arrives, and no more."""
    monkeypatch.setenv("TOGETHER_EXT_CONNECTIONS", "1")
    sim.add_archive(LORA_JOB, 3_000_000)
    sim.script(Fault(stall=1_000_000, times=None))


@pytest.mark.usefixtures("stalled")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_with_a_hint(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    handler = signal.getsignal(number)
    err = Watcher("1.00 MB of", lambda: os.kill(os.getpid(), number))
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["ft", "download", LORA_JOB, "-o", "my models"]) == SIGNALS[number]
    assert err.getvalue().endswith(KEPT)
    assert "Traceback" not in err.getvalue()
    assert capsys.readouterr().out == ""
    assert signal.getsignal(number) == handler
    assert list((tmp_path / "my models").glob("*.part"))


@pytest.mark.parametrize("unresumable", [{"no_validator": True}, {"weak_etag": True}, {"ignore_range": True}])
def test_no_hint_to_resume_without_a_partial_file(
    unresumable: dict[str, bool], sim: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sim.add_archive(LORA_JOB, 3_000_000)
    sim.script(Fault(stall=1_000_000, times=None, **unresumable))  # type: ignore[arg-type]
    err = Watcher("1.00 MB of", lambda: os.kill(os.getpid(), signal.SIGINT))
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TOGETHER_EXT_CONNECTIONS", "1")
    assert main(["ft", "download", LORA_JOB, "-o", "my models"]) == 130
    assert err.getvalue().endswith("\nstopped\n")
    assert not list((tmp_path / "my models").iterdir())


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("option", ["--verbose", "--json"])
def test_no_hint_to_resume_before_the_first_byte(
    number: signal.Signals, option: str, sim: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_: object) -> bool:
        os.kill(os.getpid(), number)
        return True

    sim.script(Fault(hold=True, when=stop))
    assert main(["ft", "download", LORA_JOB, option]) == SIGNALS[number]
    out, err = capsys.readouterr()
    assert err.splitlines()[-1] == "stopped"
    assert "Traceback" not in err
    assert ('"interrupted"' in out) == (option == "--json")


class HeldClock:
    """Time that stands still: a wait ends when the test releases it."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def now(self) -> float:
        return 1000.0 if self.released.is_set() else 0.0

    def wait(self, stop: threading.Event, seconds: float) -> None:
        del stop, seconds
        assert self.released.wait(PATIENCE)

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("kind", [Watcher, Listener], ids=["terminal", "plain lines"])
def test_a_lost_connection_is_shown_until_the_retry(
    kind: type[Listener], sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.add_archive(LORA_JOB, 3_000_000)
    sim.script(Fault(cut=1_000_000))
    clock = HeldClock()
    err = kind("retry 1 of 8 in 1 s", clock.released.set)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TOGETHER_EXT_CONNECTIONS", "1")
    assert main(["ft", "download", LORA_JOB], clock=clock) == 0
    shown = next(line for line in re.split(r"[\r\n]", err.getvalue()) if "retry 1 of 8" in line)
    assert "33 %" in shown
    assert "1.00 MB of 3.00 MB" in shown
    assert "MB/s" not in shown
    assert not re.search(r"[0-9] left", shown)


def test_the_progress_of_a_stream_names_the_job(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sim.add_archive(LORA_JOB, 3_000_000)
    sim.script(Fault(cut=1_000_000))
    clock = HeldClock()
    err = Listener("retry 1 of 8 in", clock.released.set)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))
    assert main(["ft", "download", LORA_JOB, "--output", "-"], clock=clock) == 0
    assert re.search(rf"^{LORA_JOB}: .*retry 1 of 8", err.getvalue(), re.MULTILINE)


def test_a_command_without_a_partial_file_gives_no_hint(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: object) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return True

    sim.script(Fault(path="/fine-tunes", hold=True, when=stop))
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["ft", "list"]) == 130
    # The terminal itself has written ^C before it.
    assert err.getvalue() == "\nstopped\n"


def test_signals_are_unchanged_in_another_thread(capsys: pytest.CaptureFixture[str]) -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["ft", "status", LORA_JOB])))
    thread.start()
    thread.join()
    assert (codes, capsys.readouterr().out) == ([0], "completed\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_ignored_signal_stays_ignored(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        out = Listener("ft-", lambda: os.kill(os.getpid(), number))
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["ft", "list"]) == 0
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("second", SIGNALS)
def test_a_second_signal_does_not_end_the_cleanup(second: signal.Signals) -> None:
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    cleaned: list[bool] = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(second)
            cleaned.append(True)

    with pytest.raises(KeyboardInterrupt), signals_interrupt():
        work()
    assert cleaned == [True]
    assert {number: signal.getsignal(number) for number in SIGNALS} == handlers


def test_a_second_interruption_prints_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Listener("ft-", lambda: signal.raise_signal(signal.SIGINT)))
    err = Listener("stopped", lambda: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["ft", "list"]) == 130
    assert err.getvalue().startswith("stopped")


@pytest.mark.parametrize(("number", "option"), [(signal.SIGINT, "--limit-rate"), (signal.SIGTERM, "--rate-limit")])
def test_the_simulator_ends_cleanly(
    number: signal.Signals, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    err = Listener("Ctrl-C", lambda: os.kill(os.getpid(), number))
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["simulator", option, "8M"]) == 0
    assert LORA_JOB in err.getvalue()
    assert re.search(r"^export TOGETHER_API_KEY=sim-[0-9a-f]{32}$", capsys.readouterr().out, re.MULTILINE)


def test_the_simulator_prints_json(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Listener("api_key", lambda: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["simulator", "--json", "--api-key", "key-of-a-test"]) == 0
    assert LORA_JOB in out.getvalue()
    assert json.loads(out.getvalue())["api_key"] == "key-of-a-test"
    check_document(["simulator", "--json"], out.getvalue())
