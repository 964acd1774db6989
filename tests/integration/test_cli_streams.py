"""Streams and signals in this process: terminals, odd encodings, readers that leave, Ctrl-C."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from together_ext.cli import main
from together_ext.simulator import LORA_JOB, RUNNING_JOB, Fault, Simulator

SMALL = b"\x28\xb5\x2f\xfd" + bytes(range(96))


class Terminal(io.StringIO):
    """Somebody who reads along."""

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
    """Somebody who acts on a word."""

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


def test_jobs_fit_80_columns_with_their_ids_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_in_a_terminal(monkeypatch, "ft", "list")
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["ID", "STATUS", "CREATED", "(UTC)", "MODEL"]
    assert lines[1].startswith(f"{RUNNING_JOB} running   2026-01-17 08:30 …")
    assert lines[1].endswith("-90abcdef")


def test_checkpoints_fit_80_columns_with_their_names_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_in_a_terminal(monkeypatch, "ft", "list-checkpoints", LORA_JOB)
    assert max(map(len, lines)) <= 80
    assert lines[2].split() == ["750", "Intermediate", f"{LORA_JOB}:750", "2026-01-15", "08:51"]


def test_events_and_details_fit_too(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sim.job(LORA_JOB).overrides = {"started_at": "yesterday", "created_at": "2026-01-15T08:30:00"}
    events = lines_in_a_terminal(monkeypatch, "ft", "list-events", LORA_JOB)
    assert max(map(len, events)) <= 80
    details = dict(line.split(maxsplit=1) for line in lines_in_a_terminal(monkeypatch, "ft", "retrieve", LORA_JOB))
    assert details["id"] == LORA_JOB
    assert details["started_at"] == "yesterday"


def test_a_date_that_is_none_is_shown_as_it_is(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sim.job(RUNNING_JOB).overrides = {"created_at": "Tuesday"}
    sim.job(LORA_JOB).absent = {"created_at"}
    rows = {line.split()[0]: line.split()[2] for line in lines_in_a_terminal(monkeypatch, "ft", "list")}
    assert rows[RUNNING_JOB] == "Tuesday"
    assert rows[LORA_JOB] == "-"


def test_a_bar_moves_on_a_terminal_and_goes_in_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out, err = io.StringIO(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["ft", "download", LORA_JOB, "-o", "models"]) == 0
    assert "100 %" in err.getvalue()
    assert "100 B of 100 B" in err.getvalue()
    assert err.getvalue().endswith("\x1b[2K")
    assert out.getvalue().startswith(str(tmp_path / "models"))


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_a_bar_can_be_done_without(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["ft", "download", LORA_JOB, option]) == 0
    assert err.getvalue() == ""


def test_a_terminal_that_cannot_move_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_reader_who_leaves_is_no_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError(32, "Broken pipe")))
    assert main(["ft", "list"]) == 0
    assert main(["ft", "status", "ft-none", "--json"]) == 4
    assert capsys.readouterr().err.startswith("error: could not retrieve ft-none")


def test_a_full_disk_is_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(OSError(28, "No space left on device")))
    assert main(["ft", "list"]) == 7
    assert capsys.readouterr().err == "error: No space left on device\n"


def test_nobody_listening_on_standard_error_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", Broken(BrokenPipeError(32, "Broken pipe")))
    assert main(["ft", "create", "--training-file", "f", "--model", "m", "--yes"]) == 0
    assert capsys.readouterr().out.startswith("ft-")
    assert main(["ft", "status", "ft-none"]) == 4


@pytest.mark.parametrize("args", [("ft", "list"), ("ft", "status", "ft-none", "--json"), ("ft", "download", LORA_JOB)])
def test_streams_may_be_missing(args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter has None for a stream that is closed from the start."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(args) == (4 if "ft-none" in args else 0)


def test_a_stream_that_was_closed_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdin", closed)
    assert main(["ft", "cancel", LORA_JOB]) == 2


# Signals --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("option", ["--verbose", "--json"])
def test_a_signal_ends_with_a_hint(
    number: signal.Signals, option: str, sim: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = signal.getsignal(number)

    def stop(_: object) -> bool:
        os.kill(os.getpid(), number)
        return True

    sim.script(Fault(hold=True, when=stop))
    assert main(["ft", "download", LORA_JOB, "-o", "my models", option]) == 130
    out, err = capsys.readouterr()
    hint = f"to go on, run: together-ext ft download {LORA_JOB} -o 'my models' {option}\n"
    assert err.endswith(hint)
    assert "Traceback" not in err
    assert ('"interrupted"' in out) == (option == "--json")
    assert signal.getsignal(number) == handler


def test_a_command_that_left_nothing_behind_promises_nothing(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: object) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return True

    sim.script(Fault(path="/fine-tunes", hold=True, when=stop))
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["ft", "list"]) == 130
    # The terminal itself has written ^C before it.
    assert err.getvalue() == "\nstopped\n"


def test_in_another_thread_signals_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["ft", "status", LORA_JOB])))
    thread.start()
    thread.join()
    assert (codes, capsys.readouterr().out) == ([0], "completed\n")


def test_a_termination_that_is_ignored_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        out = Listener("ft-", lambda: os.kill(os.getpid(), signal.SIGTERM))
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["ft", "list"]) == 0
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_simulator_ends_in_peace(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    err = Listener("Ctrl-C", lambda: os.kill(os.getpid(), number))
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["simulator", "--rate-limit", "8M"]) == 0
    assert LORA_JOB in err.getvalue()
    assert "export TOGETHER_API_KEY=simulator-key\n" in capsys.readouterr().out


def test_the_simulator_as_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Listener("api_key", lambda: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["simulator", "--json"]) == 0
    assert LORA_JOB in out.getvalue()
