"""Regenerate `generated/together_generated` from `openapi.yaml`: what `make generate` runs."""

from __future__ import annotations

import importlib.resources
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


# The generator writes the boundary between the parts of an upload into the code, and a file that holds it is cut in
# two. Without that line httpx makes one that nobody can guess.
FIXED_BOUNDARY = 'headers["Content-Type"] = "multipart/form-data; boundary=+++"'


def templates(into: Path) -> None:
    """Put the templates that replace the generator's own into a folder: ours, and its own that need a correction.

    Raises:
        GenerationError: The generator's template is not as it was, so that nobody knows whether it is right.
    """
    shutil.copytree(TEMPLATES, into, dirs_exist_ok=True)
    name = "endpoint_module.py.jinja"
    found = (importlib.resources.files("openapi_python_client") / "templates" / name).read_text()
    if FIXED_BOUNDARY not in found:
        raise GenerationError(
            f"the generator's {name} has no fixed boundary any more: see whether tools/generate.py needs it"
        )
    (into / name).write_text(found.replace(FIXED_BOUNDARY, ""))


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
    # The generator finds ruff, which its post hooks call, on PATH; take the pinned one beside this interpreter.
    path = str(Path(sys.executable).parent)
    with tempfile.TemporaryDirectory() as scratch:
        templates(Path(scratch))
        command += ["--custom-template-path", scratch]
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
