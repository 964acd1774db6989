"""`ft download --output -`: the archive in a pipeline of processes."""

from __future__ import annotations

import hashlib
import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.waits import PATIENCE
from together_ext.simulator import LORA_JOB, TRAINING_FILE, BytesArchive, Fault, Simulator
from together_ext.simulator.archives import pack

PROGRAM = str(Path(sys.executable).with_name("together-ext"))
FILES = {
    "adapter_config.json": b"{}",
    "adapter_model.safetensors": hashlib.shake_128(b"weights").digest(12_000_000),
}
ARCHIVE = pack(FILES)
FULL = "error: could not write to standard output: no space left on device; check where it is redirected to\n"
LIMIT = PATIENCE

Shell = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def environment(sim: Simulator) -> dict[str, str]:
    sim.add_archive(LORA_JOB, BytesArchive(ARCHIVE))
    return {**os.environ, "TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url, "TERM": "xterm"}


@pytest.fixture
def shell(environment: dict[str, str], tmp_path: Path) -> Shell:
    """Run a script in an empty folder; `$DOWNLOAD` is the command."""

    def run(script: str) -> subprocess.CompletedProcess[bytes]:
        command = f"{shlex.quote(PROGRAM)} ft download {LORA_JOB} --output -"
        script = f"set -o pipefail; {script.replace('DOWNLOAD', command)}"
        return subprocess.run(  # noqa: S603 -- our own script
            ["/bin/bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )

    return run


@pytest.fixture
def download(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command with some streams."""
    processes: list[subprocess.Popen[str]] = []

    def start(*args: str, stdout: int, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [PROGRAM, "ft", "download", LORA_JOB, "--output", "-", *args],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_tar_unpacks_it(shell: Shell, tmp_path: Path) -> None:
    done = shell("DOWNLOAD | tar --zstd -x")
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == FILES


def test_sha256sum_hashes_it(shell: Shell) -> None:
    done = shell("DOWNLOAD | sha256sum")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split()[0] == hashlib.sha256(ARCHIVE).hexdigest()


def test_it_can_be_redirected_to_a_file(shell: Shell, tmp_path: Path) -> None:
    done = shell("DOWNLOAD > here")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here").read_bytes() == ARCHIVE


def test_a_reader_that_has_enough_ends_it_quietly(shell: Shell, tmp_path: Path) -> None:
    done = shell("DOWNLOAD | head -c 100")
    assert (done.returncode, done.stdout) == (0, ARCHIVE[:100])
    assert b"error" not in done.stderr.lower()
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_ends_it_quietly(download: Callable[..., subprocess.Popen[str]]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = download(stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    assert "error" not in err.lower()


def test_a_full_disk_is_an_error(download: Callable[..., subprocess.Popen[str]]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    process = download(stdout=full)
    os.close(full)
    _, err = process.communicate(timeout=LIMIT)
    # A busy machine may have shown progress before.
    assert (process.returncode, err[-len(FULL) :]) == (7, FULL)


def test_a_terminal_is_refused(download: Callable[..., subprocess.Popen[str]], sim: Simulator) -> None:
    ours, theirs = pty.openpty()
    process = download(stdout=theirs)
    os.close(theirs)
    _, err = process.communicate(timeout=LIMIT)
    os.close(ours)
    assert process.returncode == 2
    assert err == "error: --output - would write the archive to the terminal: redirect it to a file or a pipe\n"
    assert sim.requests == []


@pytest.mark.parametrize("command", ["DOWNLOAD", f"{PROGRAM} files content {TRAINING_FILE}"])
def test_a_closed_standard_output_is_an_error(shell: Shell, sim: Simulator, command: str) -> None:
    done = shell(f"{command} >&-")
    assert done.returncode == 7
    assert done.stderr == b"error: standard output is closed: redirect it to a file or a pipe\n"
    assert sim.requests == []


def test_progress_is_shown_on_a_terminal_at_standard_error(
    download: Callable[..., subprocess.Popen[str]], sim: Simulator, tmp_path: Path
) -> None:
    sim.rate_limit = 20_000_000
    ours, theirs = pty.openpty()
    with (tmp_path / "here").open("wb") as file:
        process = download(stdout=file.fileno(), stderr=theirs)
    os.close(theirs)
    shown = b""
    # Linux reports the end of a terminal that nobody writes to any more as an error.
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass
    os.close(ours)
    assert process.wait(LIMIT) == 0
    assert b"12.0 MB" in shown
    assert b" MB/s" in shown
    assert (tmp_path / "here").read_bytes() == ARCHIVE


@pytest.mark.parametrize("quiet", [True, False])
def test_the_summary_is_on_standard_error(shell: Shell, quiet: bool) -> None:  # noqa: FBT001 -- a case
    done = shell(f"DOWNLOAD {'--quiet' if quiet else ''} | wc -c")
    assert done.stdout.split() == [str(len(ARCHIVE)).encode()]
    assert (b"12.0 MB in " in done.stderr) is not quiet


def test_a_download_that_fails_is_an_error_of_the_pipeline(shell: Shell, sim: Simulator) -> None:
    sim.script(Fault(headers={"etag": '"another"'}, skip=1, times=None))
    done = shell("DOWNLOAD | wc -c")
    assert done.returncode == 6
    assert b"changed" in done.stderr
    assert int(done.stdout) < len(ARCHIVE)


def test_ctrl_c_ends_it_and_promises_no_resume(download: Callable[..., subprocess.Popen[str]], sim: Simulator) -> None:
    sim.script(Fault(stall=1_000_000, times=None))
    process = download(stdout=subprocess.DEVNULL)
    sim.wait_until(lambda sim: sim.stalled > 0, LIMIT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err.splitlines()[-1]) == (130, "stopped")


@pytest.mark.parametrize(
    "args",
    [
        ("--output-dir", "x"),
        ("--extract",),
        ("--overwrite",),
        ("--no-durable",),
        ("--lock-timeout", "3s"),
        ("--json",),
    ],
)
def test_options_of_files_are_refused(
    args: tuple[str, ...], download: Callable[..., subprocess.Popen[str]], sim: Simulator
) -> None:
    process = download(*args, stdout=subprocess.PIPE)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert f"{args[0]} " in err
    assert "cannot be combined" in err
    assert sim.requests == []
