"""The command line at work: real commands against the simulator, in a terminal of a fixed size.

What differs from run to run is left out: measured seconds and rates, and the folder that the run happens in.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from together_ext.simulator import LORA_JOB, Simulator
from tools.pictures.screen import PLAIN, Screen, Style
from tools.pictures.terminal import Line, drawn

COLUMNS: Final = 80
TITLE: Final = "A terminal: checkpoints of a job are listed, the best one is downloaded, extracted and verified"
COMMANDS: Final = (
    f"together-ext ft list-checkpoints {LORA_JOB}",
    f"together-ext ft download {LORA_JOB}:best \\\n    -o models --extract",
    "together-ext verify models/*",
)
_MEASURED: Final = re.compile(r" in [0-9.:]+ (?:ms|s|min|h)\b(?: \([^)]*/s\))?")
_MOST: Final = 12
"""Lines of a command's output."""


def session() -> str:
    """The image."""
    lines: list[Line] = []
    with Simulator() as simulator, tempfile.TemporaryDirectory() as folder:
        simulator.job(LORA_JOB).model_output_name = "acme/support-bot"
        environment = {"TOGETHER_BASE_URL": simulator.url, "TOGETHER_API_KEY": simulator.api_key}
        for command in COMMANDS:
            written = run(command, Path(folder).resolve(), environment)
            first, *others = command.splitlines()
            lines += [[("$ ", Style(color=2, bold=True)), (first, Style(bold=True))]]
            lines += [[(line, Style(bold=True))] for line in others]
            lines += [*shown(written), []]
    return drawn(lines[:-1], COLUMNS, TITLE)


def shown(written: str) -> list[Line]:
    """What a terminal shows of a command's output, without what differs from run to run."""
    screen = Screen(COLUMNS)
    screen.write(_MEASURED.sub("", written))
    lines: list[Line] = list(screen.lines())
    return lines if len(lines) <= _MOST else [*lines[: _MOST - 1], [("...", PLAIN)]]


def run(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """What a command writes to a terminal of `COLUMNS` columns; `folder`, where it runs, is shown as `/data`.

    Raises:
        CalledProcessError: It fails.
    """
    shell = shutil.which("sh") or "/bin/sh"
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own, others = pty.openpty()
    settings = {"TERM": "xterm", "COLUMNS": str(COLUMNS), "LANG": "C.UTF-8", "PATH": programs, **environment}
    process = subprocess.Popen(  # noqa: S603 -- our own commands
        [shell, "-c", f"stty cols {COLUMNS} rows 50; {command}"],
        cwd=folder,
        env=settings,
        stdin=others,
        stdout=others,
        stderr=others,
    )
    os.close(others)
    written = bytearray()
    with os.fdopen(own, "rb", buffering=0) as terminal:
        try:
            while piece := terminal.read(65536):
                written += piece
        except OSError:  # how Linux reports that the other side has closed
            pass
        status = process.wait()
    if status:
        raise subprocess.CalledProcessError(status, command, bytes(written))
    return written.decode().replace(str(folder), "/data")
