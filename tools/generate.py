"""Regenerate `generated/together_generated` from `openapi.yaml`: what `make generate` runs."""

from __future__ import annotations

import importlib.resources
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "openapi.yaml"
CONFIG = ROOT / "generator-config.yml"
TEMPLATES = ROOT / "tools" / "templates"
PACKAGE = ROOT / "generated" / "together_generated"


Generate: TypeAlias = Callable[[Path, Path], None]
"""Writes a client: the package folder to make, and the specification."""
Run: TypeAlias = Callable[[list[str]], tuple[int, str]]
"""Runs the generator with arguments: its exit code, and what it printed."""


class GenerationError(Exception):
    """The generator refused the specification, or warned about it."""


OBJECTS: Final = re.compile(r"\s*<[\w.]+ object at 0x[0-9a-f]+>")
"""Addresses of objects, which the generator prints in place of texts."""
SUBJECT: Final = re.compile(r"parsing (?P<operation>[A-Z]+ \S+) within|Unable to \w+ schema (?P<schema>\S+?):?(?: |$)")
"""Begins a complaint of the generator."""
REASON: Final = 200
"""Maximum number of characters of the reason why a document is invalid."""


@dataclass(frozen=True)
class Correction:
    """A correction of one of the generator's own templates.

    Attributes:
        template: Its path among the generator's templates.
        reason: What is wrong with it.
        old: The text that is replaced, wherever it occurs.
        new: The text in its place.
    """

    template: str
    reason: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """Correct the text of the template.

        Raises:
            GenerationError: The text to replace is not in the template.
        """
        if self.old not in text:
            raise GenerationError(
                f"the generator's {self.template} has changed: check whether its correction in tools/generate.py is "
                f"still needed ({self.reason})"
            )
        return text.replace(self.old, self.new)


def _one_odd_item(depth: int) -> Correction:
    """The correction for lists of objects, at so many levels of indentation.

    If no item can be parsed, it is a list of something else: another member of a union may know of what.
    """
    lines = (
        "{% set name, item = property.python_name, inner_property.python_name %}",
        '{% if inner_property.template == "model_property.py.jinja" %}',
        "    try:",
        "        if not {{ inner_template.check_type_for_construct(inner_property, inner_source) }}:",
        "            raise TypeError()",
        f"        {{{{ inner_template.construct(inner_property, inner_source) | indent({4 * depth + 4}) }}}}",
        "        {{ name }}.append({{ item }})",
        "    except (TypeError, ValueError, AttributeError, KeyError):",
        "        {{ name }}.append({{ inner_source }})",
        '{{ "if" }} {{ name }} and not any(hasattr({{ item }}, "to_dict") for {{ item }} in {{ name }}):',
        "    raise TypeError()",
        "{% else %}",
        f"    {{{{ inner_template.construct(inner_property, inner_source) | indent({4 * depth}) }}}}",
        "    {{ name }}.append({{ item }})",
        "{% endif %}",
    )
    outer = "    " * (depth - 1)
    return Correction(
        "property_templates/list_property.py.jinja",
        "an item that cannot be parsed costs all others their type, and what is no object becomes one",
        f"{outer}    {{{{ inner_template.construct(inner_property, inner_source) | indent({4 * depth}) }}}}\n"
        f"{outer}    {{{{ property.python_name }}}}.append({{{{ inner_property.python_name }}}})\n",
        "".join(f"{outer}{line}\n" for line in lines),
    )


CORRECTIONS: Final = (
    Correction(
        "client.py.jinja",
        "the repr of a client shows the token",
        'namespace(type="str", default="", docstring="The token',
        'namespace(type="str", default="field(repr=False)", docstring="The token',
    ),
    *(
        Correction(
            "client.py.jinja",
            f"the repr of a client shows its {name}, which may contain the token",
            f'kw_only=True, alias="{name}")',
            f'kw_only=True, repr=False, alias="{name}")',
        )
        for name in ("cookies", "headers", "httpx_args")
    ),
    Correction(
        "endpoint_module.py.jinja",
        "the boundary between the parts of an upload is fixed, so that a file that contains it is cut in two; without "
        "this line httpx chooses a random one",
        'headers["Content-Type"] = "multipart/form-data; boundary=+++"',
        "",
    ),
    *(_one_odd_item(depth) for depth in (1, 2)),
    Correction(
        "property_templates/list_property.py.jinja",
        "a list with an item that cannot be parsed keeps its items as they came, and to_dict fails on them",
        "    {{ inner_template.transform("
        "inner_property, inner_source, inner_property.python_name, transform_method) | indent(4) }}\n",
        """    {% if inner_property.template == "model_property.py.jinja" %}
    {{ inner_property.python_name }} = (
        {{ inner_source }}.to_dict() if hasattr({{ inner_source }}, "to_dict") else {{ inner_source }}
    )
    {% else %}
    {{ inner_template.transform("""
        """inner_property, inner_source, inner_property.python_name, transform_method) | indent(4) }}
    {% endif %}
""",
    ),
)
"""The corrections, in the order in which they are applied."""


def templates(into: Path) -> None:
    """Put the templates that replace the generator's own into a folder: ours, and its own that need a correction.

    Raises:
        GenerationError: A template of the generator is not the one that its correction was written for.
    """
    shutil.copytree(TEMPLATES, into, dirs_exist_ok=True)
    for correction in CORRECTIONS:
        target = into / correction.template
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            original = importlib.resources.files("openapi_python_client") / "templates" / correction.template
            target.write_text(original.read_text())
        target.write_text(correction.apply(target.read_text()))


def in_a_process(arguments: list[str]) -> tuple[int, str]:
    """Run the generator in a process of its own."""
    # The generator finds ruff, which its post hooks call, on PATH; take the pinned one beside this interpreter.
    path = str(Path(sys.executable).parent)
    done = subprocess.run(  # noqa: S603 -- a fixed command of our own
        [sys.executable, "-m", "openapi_python_client", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": path, "PYTHONUTF8": "1"},
    )
    return done.returncode, done.stdout + done.stderr


def generate(into: Path, spec: Path = SPEC, *, config: Path = CONFIG, run: Run = in_a_process) -> None:
    """Write the client for `spec` as the new folder `into`.

    Args:
        into: The package folder to make; its parent exists, it does not.
        spec: The OpenAPI document.
        config: The generator's settings.
        run: Runs the generator.

    Raises:
        GenerationError: The document is invalid, or the generator failed or warned; `into` is not complete.
    """
    # Slow to import, and the checks of a client need neither.
    from openapi_spec_validator import validate  # noqa: PLC0415
    from openapi_spec_validator.readers import read_from_filename  # noqa: PLC0415

    try:
        document, _ = read_from_filename(str(spec))
        validate(document)
    except Exception as error:
        raise GenerationError(f"{spec.name} is not a valid OpenAPI document: {_invalid(error)}") from error
    arguments = ["generate", "--meta", "none", "--fail-on-warning"]
    arguments += ["--path", str(spec), "--config", str(config), "--output-path", str(into)]
    with tempfile.TemporaryDirectory() as scratch:
        templates(Path(scratch))
        code, output = run([*arguments, "--custom-template-path", scratch])
    if code != 0:
        raise GenerationError("the generator cannot process it:\n" + "\n".join(complaints(output)))
    # PEP 561: without this marker the types of an installed copy are not used.
    (into / "py.typed").touch()


def complaints(output: str) -> list[str]:
    """What the generator complains about, a line for each thing that it cannot process.

    Args:
        output: What it has printed: paragraphs, with parts of the document and addresses of its own objects among them.
    """
    paragraphs = [" ".join(OBJECTS.sub("", paragraph).split()) for paragraph in output.split("\n\n")]
    types: list[str] = []
    operations: list[str] = []
    for paragraph, reason in zip(paragraphs, [*paragraphs[1:], ""], strict=True):
        if match := SUBJECT.search(paragraph):
            subject = (match["operation"] or match["schema"]).removeprefix("/components/schemas/")
            (operations if match["operation"] else types).append(f"  {subject}: {reason}")
    # A type that cannot be processed is the cause, the operations that refer to it follow from it.
    return [*types, *operations] or [f"  {paragraph}" for paragraph in paragraphs if paragraph]


def _invalid(error: Exception) -> str:
    """What is invalid, and where, without the schema of OpenAPI that it is checked with."""
    where = ".".join(map(str, getattr(error, "absolute_path", ())))
    first = (str(getattr(error, "message", error)).splitlines() or ["it has no `openapi: 3.1.0`"])[0][:REASON]
    return f"{where}: {first}" if where else first


def main(root: Path = ROOT, generate: Generate = generate) -> int:
    """Replace the committed package by a fresh one.

    Args:
        root: The repository.
        generate: Writes the fresh one.
    """
    package = root / PACKAGE.relative_to(ROOT)
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / package.name
        try:
            generate(fresh, root / SPEC.name)
        except GenerationError as error:
            print(error, file=sys.stderr)
            return 1
        shutil.rmtree(package, ignore_errors=True)
        shutil.copytree(fresh, package)
    print(f"regenerated {package.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
