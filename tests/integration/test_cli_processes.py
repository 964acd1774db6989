"""The command line as processes: signals, pipes, terminals, and what a start costs."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waits import PATIENCE
from together_ext.simulator import FULL_JOB, LORA_JOB, RUNNING_JOB, Fault, Simulator

PROGRAM = (str(Path(sys.executable).with_name("together-ext")),)
MODULE = (sys.executable, "-m", "together_ext.cli")
FULL = "error: could not write to standard output: no space left on device; check where it is redirected to\n"
SIZE = 30_000_000
NAME = "acme-research--Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d.tar.zst"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        simulator.add_archive(LORA_JOB, SIZE)
        yield simulator


@pytest.fixture
def start(sim: Simulator, tmp_path: Path) -> Iterator[Start]:
    """Starts the program in an empty folder; whatever is left of it is ended with the test."""
    processes: list[subprocess.Popen[str]] = []
    environment = {
        **os.environ,
        "TOGETHER_API_KEY": sim.api_key,
        "TOGETHER_BASE_URL": sim.url,
        "TERM": "xterm",
        "COLUMNS": "80",
    }

    def started(*args: str, program: tuple[str, ...] = PROGRAM, **streams: int) -> subprocess.Popen[str]:
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [*program, *args],
            cwd=tmp_path,
            env=environment,
            text=True,
            stdin=given["stdin"],
            stdout=given["stdout"],
            stderr=given["stderr"],
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()


@contextmanager
def terminal() -> Iterator[tuple[int, Callable[[], str]]]:
    """A terminal to start a process in, and what it shows once the process has ended."""
    ours, theirs = pty.openpty()

    def shown() -> str:
        os.close(theirs)
        data = b""
        # Linux reports the end of a terminal that nobody writes to any more as an error.
        try:
            while piece := os.read(ours, 65536):
                data += piece
        except OSError:
            pass
        return data.decode()

    try:
        yield theirs, shown
    finally:
        os.close(ours)


# Interrupted downloads ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "program"),
    [(signal.SIGINT, PROGRAM), (signal.SIGTERM, MODULE), (signal.SIGHUP, PROGRAM)],
    ids=["ctrl-c", "sigterm", "sighup"],
)
def test_a_stopped_download_resumes(
    sent: signal.Signals, program: tuple[str, ...], start: Start, sim: Simulator, tmp_path: Path
) -> None:
    sim.rate_limit = 3_000_000
    process = start("ft", "download", LORA_JOB, "-o", "my models", program=program)
    sim.wait_until(lambda sim: sim.bytes_sent > SIZE / 3)
    sim.rate_limit = 20_000  # so that a busy machine does not get to the end before the signal
    process.send_signal(sent)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (128 + sent, "")
    hint = err.splitlines()[-1]
    assert hint.startswith("stopped; the partial file is kept; to resume, run: ")
    assert "Traceback" not in err
    assert not (tmp_path / "my models" / NAME).exists()
    command = shlex.split(hint.partition("run: ")[2])
    assert command[:-5] == [Path(program[0]).name, *(word.removesuffix(".cli") for word in program[1:])]
    assert command[-5:] == ["ft", "download", LORA_JOB, "-o", "my models"]

    sim.rate_limit = None
    sent_before = sim.bytes_sent
    again = start(*command[-5:], program=program)
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    path, summary = out.splitlines()
    assert Path(path).stat().st_size == SIZE
    assert ", resumed from " in summary
    # What is kept is not sent again; what the sockets of the first process held is, and not kept.
    kept = re.search(r"resumed from ([\d.]+) MB", summary)
    assert kept is not None, summary
    assert sim.bytes_sent - sent_before < 1.1 * SIZE - float(kept[1]) * 1e6
    assert [found.name for found in (tmp_path / "my models").iterdir()] == [NAME]


@pytest.mark.parametrize("names", [(LORA_JOB,), (LORA_JOB, FULL_JOB)], ids=["one", "several"])
@pytest.mark.parametrize("stall", [1 << 20, 10], ids=["partial", "nothing"])
@pytest.mark.parametrize("extract", [(), ("--extract", "--no-spool")], ids=["archive", "direct"])
def test_a_stopped_download_says_that_a_partial_file_is_kept_only_if_one_is(
    names: tuple[str, ...], stall: int, extract: tuple[str, ...], start: Start, sim: Simulator, tmp_path: Path
) -> None:
    sim.script(Fault(stall=stall, times=None))
    process = start("ft", "download", *names, "-o", "out", *extract)
    sim.wait_until(lambda sim: sim.stalled >= len(names))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    kept = [path for path in tmp_path.rglob("*.part") if path.stat().st_blocks]
    assert ("the partial file is kept" in err) == bool(kept)


def test_the_command_that_resumes_an_upload_has_no_secrets_of_the_store(start: Start, sim: Simulator) -> None:
    sim.script(Fault(stall=10, times=None))
    options = (
        "--storage-option",
        "secret_access_key=hush",
        "--storage-option=token=hush",
        "--storage-option",
        "region=r",
    )
    process = start("ft", "download", LORA_JOB, "--extract", "-o", "memory://bucket/", *options)
    sim.wait_until(lambda sim: sim.stalled >= 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "hush" in out + err) == (130, False)
    command = shlex.split(err.splitlines()[-1].partition("run: ")[2])
    shown = ["--storage-option", "secret_access_key=***", "--storage-option=token=***", "--storage-option", "region=r"]
    assert command[-5:] == shown


def test_a_stopped_download_is_json_on_request(start: Start, sim: Simulator) -> None:
    sim.rate_limit = 1_500_000
    process = start("ft", "download", LORA_JOB, "--json")
    sim.wait_until(lambda sim: sim.bytes_sent > 0)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert err.startswith("stopped")
    assert err.count("\n") == 1


def test_a_confirmation_can_be_interrupted(start: Start, sim: Simulator) -> None:
    with terminal() as (theirs, _):
        process = start("ft", "cancel", RUNNING_JOB, stdin=theirs)
        assert process.stderr is not None
        asked = os.read(process.stderr.fileno(), 1000)
        assert asked.decode() == f"cancel {RUNNING_JOB}? [y/N] "
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        os.close(theirs)
    assert (process.returncode, out, err) == (130, "", "stopped\n")
    assert sim.requests == []


def test_a_stopped_wait_reports_that_the_job_continues(start: Start, sim: Simulator) -> None:
    process = start("ft", "wait", RUNNING_JOB)
    sim.wait_until(lambda sim: bool(sim.requests))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, "")
    said = f"stopped; the job continues; to wait again, run: together-ext ft wait {RUNNING_JOB}"
    assert err.splitlines()[-1] == said


# Streams --------------------------------------------------------------------------------------------------------------


def test_the_path_can_be_captured(start: Start, tmp_path: Path) -> None:
    script = f'file=$({shlex.join(PROGRAM)} ft download {LORA_JOB} -o models --quiet) && stat -c %s "$file"'
    process = start("-c", script, program=("/bin/sh",))
    out, err = process.communicate(timeout=PATIENCE)
    assert (out, err) == (f"{SIZE}\n", "")
    assert (tmp_path / "models" / NAME).exists()


def test_a_closed_pipe_is_not_a_failure(start: Start) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start("ft", "list", "--json", stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")


def test_a_closed_pipe_ends_none_of_several_downloads(start: Start, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start("ft", "download", LORA_JOB, f"{LORA_JOB}:500", "ft-unknown", "--parallel", "1", stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 9
    assert "2 of 3 downloaded" in err
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_at_standard_output_is_a_failure(start: Start) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    process = start("ft", "list", "--json", stdout=full)
    os.close(full)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (7, FULL)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("ft", "status", "ft-none"), 4),
        (("ft", "status", "ft-none", "--json"), 4),
        (("ft", "nonsense"), 2),
        (("verify", "nowhere"), 4),
        (("ft", "download", LORA_JOB, "--verbose"), 0),
        (("--help",), 0),
    ],
)
def test_a_full_disk_at_standard_error_does_not_change_the_exit_code(
    args: tuple[str, ...], code: int, start: Start
) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    process = start(*args, stderr=full)
    os.close(full)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == code


@pytest.mark.parametrize(
    "args", [("--help",), ("--version",), ("ft", "--help"), ("ft", "list", "-h"), ("extract", "--help"), ("ft", "list")]
)
def test_a_full_disk_at_standard_output_is_reported(args: tuple[str, ...], start: Start) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    process = start(*args, stdout=full)
    os.close(full)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (7, FULL)


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("ft", "--help"), ("ft", "list"), ("ft", "status", "x")])
def test_both_streams_can_be_full(args: tuple[str, ...], start: Start) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    process = start(*args, stdout=full, stderr=full)
    os.close(full)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == (2 if args[-1] == "x" else 7)


def test_closed_streams_are_not_a_failure(start: Start, tmp_path: Path) -> None:
    script = f"{shlex.join(PROGRAM)} ft download {LORA_JOB} -o models <&- >&- 2>&-"
    process = start("-c", script, program=("/bin/sh",))
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert (tmp_path / "models" / NAME).stat().st_size == SIZE


# Terminals ------------------------------------------------------------------------------------------------------------


def test_a_terminal_gets_a_bar_and_standard_output_stays_clean(start: Start, tmp_path: Path) -> None:
    with terminal() as (theirs, shown):
        process = start("ft", "download", LORA_JOB, stderr=theirs)
        out, _ = process.communicate(timeout=PATIENCE)
        bar = shown()
    assert process.returncode == 0
    assert out.splitlines()[0] == str(tmp_path / NAME)
    assert "\x1b" not in out
    assert "100 %" in bar
    assert "30.0 MB of 30.0 MB" in bar
    assert "━" in bar


def test_no_color_means_no_color(start: Start) -> None:
    colors = re.compile(r"\x1b\[(?:\d+;)*[34]\d(?:;\d+)*m")
    seen = []
    for setting in ("", "1"):
        with terminal() as (theirs, shown):
            process = start("NO_COLOR=" + setting, *PROGRAM, "ft", "list", program=("/usr/bin/env",), stdout=theirs)
            process.communicate(timeout=PATIENCE)
            seen.append(shown())
    assert colors.search(seen[0])
    assert not colors.search(seen[1])
    assert all(LORA_JOB in text for text in seen)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", seen[0])
    assert max(map(len, plain.splitlines())) <= 80


# The simulator --------------------------------------------------------------------------------------------------------


def test_the_simulator_shows_its_address_and_ends_cleanly(start: Start) -> None:
    process = start("simulator", "--limit-rate", "8M", "--pace", "60")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    assert re.fullmatch(r"export TOGETHER_BASE_URL=http://127\.0\.0\.1:\d+/v1\n", lines[0])
    assert re.fullmatch(r"export TOGETHER_API_KEY=sim-[0-9a-f]{32}\n", lines[1])
    url, key = (line.strip().partition("=")[2] for line in lines)
    words = (f"TOGETHER_API_KEY={key}", *PROGRAM, "ft", "list", "-q", "--base-url", url)
    listed = start(*words, program=("/usr/bin/env",))
    assert LORA_JOB in listed.communicate(timeout=PATIENCE)[0]
    process.terminate()
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, "")
    assert LORA_JOB in err


# The start ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_start_up_loads_only_what_is_needed(option: str, start: Start) -> None:
    """What is left takes a tenth of a second; these would take three more."""
    script = (
        "import sys; from together_ext.cli import main; main(sys.argv[1:]); "
        "print({'httpx', 'rich', 'attrs', 'attr', 'starlette', 'together_generated', 'anyio'} & set(sys.modules))"
    )
    out, err = start("-c", script, option, program=(sys.executable,)).communicate(timeout=PATIENCE)
    assert out.splitlines()[-1] == "set()", err


def test_a_shell_can_complete_a_command(start: Start) -> None:
    words = ("_TOGETHER_EXT_COMPLETE=complete_bash", "COMP_WORDS=together-ext ft list-", "COMP_CWORD=2")
    out, err = start(*words, *PROGRAM, program=("/usr/bin/env",)).communicate(timeout=PATIENCE)
    assert (out.split(), err) == (["list-checkpoints", "list-events"], "")
