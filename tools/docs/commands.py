"""The command-line reference, from the commands as Typer has built them."""

from __future__ import annotations

import html
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from together_ext.cli.app import app

# Typer has a copy of click inside, so that its classes have no name that can be relied on.
Anything = Any


@dataclass(frozen=True)
class Entry:
    """A command or a group of commands.

    Attributes:
        name: Its full name, `together-ext fine-tuning list`.
        command: The command itself.
        context: Its context.
        is_group: Whether it has commands of its own.
    """

    name: str
    command: Anything
    context: Anything
    is_group: bool


def entries() -> list[Entry]:
    """Every visible command and group, in the order of `--help`."""
    root = typer.main.get_command(app)
    return list(_walk(root, "together-ext", None))


def _walk(command: Anything, name: str, parent: Anything) -> Iterator[Entry]:
    context = command.context_class(command, info_name=name.rpartition(" ")[2], parent=parent)
    is_group = hasattr(command, "list_commands")
    yield Entry(name, command, context, is_group)
    if is_group:
        children = [command.get_command(context, child) for child in command.list_commands(context)]
        visible = [child for child in children if not child.hidden]
        # Groups last, so that a command is not taken for one of the group before it.
        for child in sorted(visible, key=lambda one: hasattr(one, "list_commands")):
            yield from _walk(child, f"{name} {child.name}", context)


def options(entry: Entry) -> list[Anything]:
    """The visible options of a command, without `--help`."""
    return [one for one in entry.command.params if one.param_type_name == "option" and not one.hidden]


def spelling(option: Anything) -> str:
    """How an option is written: the short form first, then its value's placeholder."""
    names = sorted([*option.opts, *option.secondary_opts], key=lambda name: name.startswith("--"))
    value = "" if option.is_flag or option.count else f" {option.metavar or option.name.upper()}"
    return ", ".join(names) + value


def reference() -> str:
    """All commands, each with its options and an example; the options that every command has stand first."""
    found = entries()
    root, *others = found
    shared = [option for option in options(others[0]) if all(spelling(option) in _spellings(one) for one in others)]
    known = {spelling(option) for option in shared}
    parts = [
        "### Common options\n\nEvery command has these. They can stand before or after the command's name.\n",
        _table([(spelling(option), _text(option.help)) for option in shared]),
        "The program itself also has these:\n",
        _table([(spelling(one), _text(one.help)) for one in options(root) if spelling(one) not in known]),
    ]
    parts += [_section(entry, known) for entry in others]
    return "\n".join(parts)


def _spellings(entry: Entry) -> set[str]:
    return {spelling(option) for option in options(entry)}


def _section(entry: Entry, known: set[str]) -> str:
    level = "###" if entry.is_group or entry.name.count(" ") == 1 else "####"
    title = entry.name.removeprefix("together-ext ")
    short = " (short: `ft`)" if title == "fine-tuning" else ""
    parts = [f"{level} {title}\n", _paragraphs(entry.command.help, short)]
    if entry.is_group:
        return "\n".join(parts)
    usage = " ".join(entry.command.collect_usage_pieces(entry.context))
    parts.append(f"```text\n{entry.name} {usage}\n```\n")
    arguments = [one for one in entry.command.params if one.param_type_name == "argument"]
    rows = [(one.metavar or one.name.upper(), _text(one.help)) for one in arguments]
    rows += [
        (spelling(one), _text(one.help) + (" Required." if one.required else ""))
        for one in options(entry)
        if spelling(one) not in known
    ]
    if rows:
        parts.append(_table(rows))
    example = (entry.command.epilog or "").partition("Example:")[2].strip()
    if example:
        parts.append(f"Example:\n\n```shell\n{inspect.cleandoc(example)}\n```\n")
    return "\n".join(parts)


def _paragraphs(help: str | None, short: str) -> str:
    paragraphs = [" ".join(part.split()) for part in (help or "").replace("\b", "").split("\n\n")]
    if short and "short:" in paragraphs[0]:
        short = ""
    return "\n\n".join(_escaped(part) for part in paragraphs if part) + short + "\n"


def _text(help: str | None) -> str:
    return _escaped(" ".join((help or "").split()))


def _escaped(text: str) -> str:
    """Text as Markdown that shows it as it is, within a table too."""
    for character in "\\`*_[]|":
        text = text.replace(character, f"\\{character}")
    return html.escape(text, quote=False)


def _table(rows: Sequence[tuple[str, str]]) -> str:
    lines = ["| name | meaning |", "| --- | --- |"]
    lines += [f"| `{name.replace('|', chr(92) + '|')}` | {text} |" for name, text in rows]
    return "\n".join(lines) + "\n"
