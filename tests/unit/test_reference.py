"""The generated references: nothing that is public is missing from them."""

from __future__ import annotations

import dataclasses
import importlib
import re
from functools import cache
from pathlib import Path

import pytest

import together_ext
from together_ext import errors, simulator
from together_ext.cli.exits import Exit
from tools.docs import commands, exits, names, pages
from tools.docs.blocks import blocks
from tools.docs.generated import BLOCKS, filled, markers

ROOT = Path(__file__).parents[2]
TEXTS = {path: path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")}


@cache
def site() -> str:
    """The text of all pages, with their generated parts."""
    return "\n".join(filled(text) for text in TEXTS.values())


def directives() -> list[str]:
    """The names that the pages describe."""
    return re.findall(r"^::: (\S+)$", site(), re.MULTILINE)


@pytest.mark.parametrize(
    "package", ["together_ext", "together_ext.transfer", "together_ext.archive", "together_ext.simulator"]
)
def test_every_public_name_is_in_the_reference(package: str) -> None:
    public = {f"{package}.{name}" for name in importlib.import_module(package).__all__} - {"together_ext.__version__"}
    assert public - set(directives()) == set()


def test_no_name_is_in_the_reference_twice() -> None:
    assert sorted(directives()) == sorted(set(directives()))


@pytest.mark.parametrize("client", [together_ext.Together, together_ext.AsyncTogether])
def test_every_resource_of_a_client_is_in_the_reference(client: type) -> None:
    found = dict(names.resources(client("key")))
    assert {"fine_tuning", "files", "chat", "chat.completions", "endpoints"} <= set(found)
    assert {"fine_tuning.with_streaming_response", "files.with_streaming_response"} <= set(found)
    assert set(found.values()) <= set(directives())
    for name in found:
        assert f"## client.{name}\n" in site()


def test_every_command_and_option_is_in_the_reference() -> None:
    page = commands.reference()
    sections = dict(
        zip(
            re.findall(r"^###+ (.+)$", page, re.MULTILINE),
            re.split(r"^###+ .+\n", page, flags=re.MULTILINE)[1:],
            strict=True,
        )
    )
    common = sections["Common options"]
    for entry in commands.entries()[1:]:
        section = sections[entry.name.removeprefix("together-ext ")]
        text = entry.command.get_help(entry.context)
        listed = re.search(r"^Options:$(.*?)(?:^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        assert listed is not None
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", listed.group(1))) - {"--help"}
        for option in options if not entry.is_group else ():
            assert option in section + common, f"{entry.name} {option}"


def test_the_commands_are_those_that_help_lists() -> None:
    entries = commands.entries()
    found = {entry.name for entry in entries}
    for entry in entries:
        if entry.is_group:
            text = entry.command.get_help(entry.context)
            listed = re.search(r"^Commands:$(.*?)(?:^\S|\Z|\n\n)", text, re.MULTILINE | re.DOTALL)
            assert listed is not None
            assert {f"{entry.name} {name}" for name in re.findall(r"^  (\S+)", listed.group(1), re.MULTILINE)} <= found


def test_every_exit_code_has_a_meaning_and_is_in_the_reference() -> None:
    assert set(exits.meanings()) == set(Exit)
    table = exits.exits()
    for code in Exit:
        assert f"| {code.value} | " in table


def test_every_error_code_is_in_the_reference() -> None:
    source = Path(str(errors.__file__)).read_text(encoding="utf-8")
    own = re.findall(r'^    code(?:: ClassVar\[str\])? = "(\w+)"', source, re.MULTILINE)
    of_commands = [
        code
        for path in exits.PACKAGE.rglob("*.py")
        for code in re.findall(r'code="(\w+)"', path.read_text(encoding="utf-8"))
    ]
    assert own
    assert of_commands
    table = exits.error_codes()
    for code in [*own, *of_commands]:
        assert f"| `{code}` | " in table


def test_every_public_error_is_in_the_tables() -> None:
    table = exits.error_codes()
    for name in together_ext.__all__:
        if name.endswith("Error"):
            assert f"[`{name}`][together_ext.{name}]" in table


def test_every_block_is_on_one_page() -> None:
    used = [name for text in TEXTS.values() for name in markers(text)]
    assert sorted(used) == sorted(BLOCKS)


def page(name: str) -> str:
    return TEXTS[ROOT / "docs" / name]


def test_every_constant_and_fault_of_the_simulator_is_on_its_page() -> None:
    constants = {name for name in simulator.__all__ if name.isupper()}
    faults = {field.name for field in dataclasses.fields(simulator.Fault)}
    assert {name for name in constants | faults if f"`{name}`" not in page("simulator.md")} == set()
    for name in constants:
        assert f"| `{name}` | `{getattr(simulator, name)}` |" in page("simulator.md")


def test_every_environment_variable_is_on_the_page_of_the_command_line() -> None:
    sources = (ROOT / "together_ext").rglob("*.py")
    found = {
        name for path in sources for name in re.findall(r"\"(TOGETHER_[A-Z_]+)\"", path.read_text(encoding="utf-8"))
    }
    assert {"TOGETHER_API_KEY", "TOGETHER_EXT_CONNECTIONS"} <= found
    assert {name for name in found if f"`{name}`" not in page("command-line.md")} == set()


def test_every_command_of_make_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    texts = [*TEXTS.values(), *((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))]
    named = set(re.findall(r"(?:`|^ *)make ([a-z][a-z-]+)", "\n".join(texts), re.MULTILINE))
    assert {"docs", "pictures", "test"} <= named
    assert {name for name in named if f"\n{name}:" not in makefile} == set()


def test_help_texts_are_shown_as_they_are() -> None:
    assert commands._escaped("a|b <c> *d* `e`") == "a\\|b &lt;c&gt; \\*d\\* \\`e\\`"


def test_links_of_the_repository_become_links_of_the_site() -> None:
    text = "[a](../benchmarks/RESULTS.md) [b](rules.md#x) [c](../openapi.yaml) [d](https://e.example) [e](missing.md)"
    assert pages.adapted(text, "calls.md") == (
        "[a](benchmarks.md) [b](rules.md#x) [c](openapi.yaml) [d](https://e.example) [e](missing.md)"
    )
    assert pages.adapted("[a](docs/rules.md) [b](LICENSE)", "index.md") == "[a](rules.md) [b](LICENSE)"
    assert pages.adapted("[a](../calls.md) ![b](../images/benchmarks.svg)", "api/client.md") == (
        "[a](../calls.md) ![b](../images/benchmarks.svg)"
    )
    assert list(pages.linked(text, "calls.md")) == ["benchmarks/RESULTS.md", "openapi.yaml"]


def test_code_and_badges_are_unchanged() -> None:
    assert pages.adapted("```\n[a](docs/rules.md)\n```\n", "index.md") == "```\n[a](docs/rules.md)\n```\n"
    assert pages.adapted("<!-- badges -->\n![x](y.svg)\n<!-- end of badges -->\n\nText", "index.md") == "Text"


def test_the_blocks_of_a_page_are_one_program() -> None:
    found = blocks()
    assert {"README.py", "docs_get_started.py", "docs_guide.py"} <= set(found)
    for name, code in found.items():
        compile(code, name, "exec")


def test_a_placeholder_is_not_shown_as_a_default() -> None:
    html = "(<code>int | None</code>, default:\n  <code>...</code>\n) (<code>int</code>, default: <code>2</code>)"
    assert pages.without_placeholders(html) == "(<code>int | None</code>) (<code>int</code>, default: <code>2</code>)"


def test_short_code_is_not_broken_on_a_narrow_screen() -> None:
    long = "<code>pip install build && python -m build --wheel</code>"
    block = "<pre><span></span><code>make</code></pre>"
    assert pages.marked(f"<code>--extract</code>{long}{block}") == f'<code class="short">--extract</code>{long}{block}'
