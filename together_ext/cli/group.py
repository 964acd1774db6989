"""The form of every command: the common options before its name and behind it, underscores, an example at the end."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from .exits import BadUsageError
from .screen import tell
from .settings import settings_of

NORMALIZED: Final[dict[str, Any]] = {
    "help_option_names": ["-h", "--help"],
    # The official command line spells its options with underscores. Commands are found through this, too.
    "token_normalize_func": lambda name: name.replace("_", "-"),
}
"""Settings of the outermost context; inner ones inherit them."""


class Command(TyperCommand):
    """A command with the common options behind its own."""

    def __init__(self, name: str | None, **settings: Any) -> None:  # noqa: ANN401 -- handed on as they are
        settings["params"] = [*(settings.get("params") or []), *_common_options()]
        super().__init__(name, **settings)


Entry = tuple[str, str, str]
"""A command: its name, `module:function` in this package, and an example for the end of its help text."""


class Group(TyperGroup):
    """A group of commands with the common options before the command's name.

    Its own commands are loaded and made when they are asked for: to make all of them takes as long as most commands.

    Attributes:
        entries: The commands.
    """

    entries: tuple[Entry, ...] = ()

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 -- handed on as they are
        settings["params"] = [*(settings.get("params") or []), *_common_options()]
        super().__init__(**settings)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 -- Typer brings click along under a name of its own
        """The names, those of its own commands first."""
        own = [name for name, _, _ in self.entries]
        return [*own, *(name for name in super().list_commands(ctx) if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 -- the same
        """The command of a name; None if there is none."""
        name = NORMALIZED["token_normalize_func"](cmd_name)
        entry = next((entry for entry in self.entries if entry[0] == name), None)
        if entry is not None and name not in self.commands:
            self.commands[name] = _made(*entry)
        return super().get_command(ctx, name)


def _made(name: str, place: str, line: str) -> Any:  # noqa: ANN401 -- the same
    module, _, function = place.partition(":")
    # With one command and without a callback, Typer makes the command itself, and no group around it.
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    found = getattr(importlib.import_module(f".{module}", __package__), function)
    app.command(name, cls=Command, epilog=example(line))(found)
    return typer.main.get_command(app)


def group(help: str, line: str, *entries: Entry) -> typer.Typer:
    """A group of commands.

    Args:
        help: What its commands are about.
        line: An example for the end of its help text.
        *entries: Its commands.
    """
    kind = type("Group", (Group,), {"entries": entries})
    return typer.Typer(cls=kind, invoke_without_command=True, callback=require_command, help=help, epilog=example(line))


def example(line: str) -> str:
    r"""The end of a help text; `\b` keeps click from breaking the line."""
    return f"\b\nExample:\n  {line}"


def require_command(context: typer.Context) -> None:
    """What a group itself does: without a command, show its help.

    Raises:
        BadUsageError: There is no command.
    """
    if context.invoked_subcommand is None:
        tell(context.get_help() + "\n")
        raise BadUsageError("a command is missing")


def _common_options() -> list[Any]:
    """The options of every command, as Typer itself would make them of a function's parameters."""

    # Eager: an error in another option shall know already whether it has to be JSON.
    def declared(
        *,
        json: Annotated[bool, _common("--json", help="Print one JSON document, errors included.")] = False,
        quiet: Annotated[
            bool, _common("--quiet", "-q", help="Print the essence alone (a path, IDs), no warnings.")
        ] = False,
        verbose: Annotated[bool, _common("--verbose", "-v", help="Tell more on standard error.")] = False,
        base_url: Annotated[
            str | None, _common("--base-url", help="The API's address; else TOGETHER_BASE_URL.", metavar="URL")
        ] = None,
    ) -> None: ...

    app = typer.Typer(add_completion=False)
    app.command()(declared)
    return typer.main.get_command(app).params


def _common(*names: str, help: str, metavar: str | None = None) -> Any:  # noqa: ANN401 -- Typer's word for it
    return typer.Option(
        *names, help=help, metavar=metavar, callback=_noted(names[0]), expose_value=False, is_eager=True
    )


def _noted(option: str) -> Callable[[typer.Context, object, object], None]:
    name = option.removeprefix("--").replace("-", "_")

    def note(context: typer.Context, _: object, value: object) -> None:
        if value:
            setattr(settings_of(context), name, value)

    return note
