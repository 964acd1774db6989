"""The demonstration: what `make demo` runs. A user's commands against a local simulator, each shown before it runs."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

from together_ext.simulator import LORA_JOB, Simulator

FOLDER = Path("demo")
STEP = 500
RATE = 4 << 20
"""Bytes per second that the simulator sends, slow enough to show a progress bar."""


def together_ext(*arguments: str, environment: dict[str, str]) -> None:
    """Show a command and run it; if it fails, so does the demonstration."""
    print(f"\n$ {shlex.join(('together-ext', *arguments))}", flush=True)
    command = [sys.executable, "-m", "together_ext.cli", *arguments]
    subprocess.run(command, check=True, env=os.environ | environment)  # noqa: S603 -- our own command


def checked(path: Path, etag: str) -> str:
    """Compare a file with the archive of the server: the simulator's entity tag is the archive's SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if f'"{digest}"' != etag:
        sys.exit(f"{path} differs from the archive of the server: its SHA-256 is {digest}, expected {etag}")
    return digest


def main() -> None:
    """Run the demonstration."""
    with Simulator(rate_limit=RATE) as simulator:
        environment = {"TOGETHER_BASE_URL": simulator.url, "TOGETHER_API_KEY": simulator.api_key}
        print(f"A simulator of the API is listening at {simulator.url}.")
        together_ext("ft", "list", environment=environment)
        together_ext("ft", "list-checkpoints", LORA_JOB, environment=environment)
        before = set(FOLDER.glob("*"))
        together_ext("ft", "download", LORA_JOB, "-o", str(FOLDER), environment=environment)
        checkpoint = f"{LORA_JOB}:{STEP}"
        adapter = ("--checkpoint-type", "adapter", "-o", str(FOLDER))
        together_ext("ft", "download", checkpoint, *adapter, environment=environment)
        wanted = {"merged": simulator.archive(LORA_JOB), "adapter": simulator.archive(LORA_JOB, STEP, "adapter")}
        files = {form: _of_size(archive.size) for form, archive in wanted.items()}
        print("\nBoth files are identical to the archives of the server:")
        for form, path in files.items():
            print(f"  {form:8} {path}\n{'':11}sha256 {checked(path, wanted[form].etag)}")
    if before:
        print("Existing files were not downloaded again; to start over, run `rm -r demo`.")


def _of_size(size: int) -> Path:
    return next(path for path in FOLDER.iterdir() if path.stat().st_size == size)


if __name__ == "__main__":
    main()
