"""Regenerate `generated/together_generated` from `openapi.yaml`: what `make generate` runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "openapi.yaml"
CONFIG = ROOT / "generator-config.yml"
TEMPLATES = ROOT / "tools" / "templates"
PACKAGE = ROOT / "generated" / "together_generated"


class GenerationError(Exception):
    """The generator refused the specification, or warned about it."""


def generate(into: Path, *, spec: Path = SPEC) -> None:
    """Write the client for `spec` as the new folder `into`.

    Args:
        into: The package folder to make; its parent exists, it does not.
        spec: The OpenAPI document.

    Raises:
        GenerationError: The document is invalid, or the generator failed or warned; `into` is not complete.
    """
    try:
        document, _ = read_from_filename(str(spec))
        validate(document)
    except Exception as error:
        raise GenerationError(f"{spec.name} is not a valid OpenAPI document: {error}") from error
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    command += ["--path", str(spec), "--config", str(CONFIG), "--output-path", str(into)]
    # Ours go before the generator's own of the same name.
    command += ["--custom-template-path", str(TEMPLATES)]
    # The generator finds ruff, which its post hooks call, on PATH; take the pinned one beside this interpreter.
    path = str(Path(sys.executable).parent)
    done = subprocess.run(  # noqa: S603 -- a fixed command of our own
        command, check=False, capture_output=True, text=True, env={"PATH": path, "PYTHONUTF8": "1"}
    )
    if done.returncode != 0:
        raise GenerationError(f"the generator was not content:\n{done.stdout}{done.stderr}")
    # PEP 561: without this marker the types of an installed copy are not used.
    (into / "py.typed").touch()


def main() -> int:
    """Replace the committed package by a fresh one."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / PACKAGE.name
        try:
            generate(fresh)
        except GenerationError as error:
            print(error, file=sys.stderr)
            return 1
        shutil.rmtree(PACKAGE, ignore_errors=True)
        shutil.copytree(fresh, PACKAGE)
    print(f"regenerated {PACKAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
