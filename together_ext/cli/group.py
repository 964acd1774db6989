"""Features of all commands: common options before and after the name, underscores, an example in the help text."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from .exits import BadUsageError
from .render.screen import print_lines, tell
from .settings import settings_of
from .spellings import NONE, Spellings, suggestions

# click's class: older versions of Typer import it, newer ones bundle it. This works with both.
USAGE_ERROR: Final[Any] = typer.BadParameter.__mro__[1]

NORMALIZED: Final[dict[str, Any]] = {
    "help_option_names": ["-h", "--help"],
    # The official CLI spells options with underscores. This also applies to the names of commands.
    "token_normalize_func": lambda name: name.replace("_", "-"),
}
"""Settings of the outermost context; nested contexts inherit them."""


class _Help:
    """Help texts that report a failure of standard output like all other output."""

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 -- click has another name in some versions of Typer
        """The option `--help`."""
        option = super().get_help_option(ctx)  # type: ignore[misc]  # both subclasses have it from click
        if option is not None:
            option.callback = _print_help
        return option


def _print_help(context: typer.Context, _: object, wanted: bool) -> None:  # noqa: FBT001 -- a callback of click
    if wanted and not context.resilient_parsing:
        print_lines([context.get_help()])
        raise typer.Exit


class Command(_Help, TyperCommand):
    """A command that accepts the common options."""

    def __init__(self, name: str | None, **settings: Any) -> None:  # noqa: ANN401 -- passed on unchanged
        settings["params"] = _with_common(settings.get("params") or [])
        super().__init__(name, **settings)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 -- click has another name for it
        """The arguments in the usage line, without the braces that newer versions of Typer put around required ones."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 -- the same
        """Parse the arguments; from here on, errors name the options of this command."""
        settings_of(ctx).options = frozenset(name for option in self.params for name in option.opts)
        return super().parse_args(ctx, args)


Entry = tuple[str, str, str]
"""A command: its name, `module:function` in `commands`, and an example for its help text."""


class Group(_Help, TyperGroup):
    """A group of commands that accepts the common options before the command's name.

    A command is loaded when it is used: loading all of them takes longer than most commands.

    Attributes:
        entries: The commands.
        spellings: Other spellings of their names.
        below: The names of the commands in the groups below, by the name of the group.
    """

    entries: tuple[Entry, ...] = ()
    spellings: Spellings = NONE
    below: Mapping[str, Sequence[str]] = MappingProxyType({})

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 -- passed on unchanged
        settings["params"] = _with_common(settings.get("params") or [])
        super().__init__(**settings)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 -- click has another name in some versions of Typer
        """The names of its commands, in the order of `entries`."""
        own = [name for name, _, _ in self.entries]
        return [*own, *(name for name in super().list_commands(ctx) if name not in own)]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 -- the same
        """Find the command that the arguments name.

        Raises:
            UsageError: Unknown command; the message suggests similar names.
        """
        # Typer suggests only commands that are already loaded.
        self.suggest_commands = False
        names = self.list_commands(ctx)
        name = NORMALIZED["token_normalize_func"](args[0])
        args = self.spellings.resolved([name if name in self.spellings.names else args[0], *args[1:]], names)
        try:
            return super().resolve_command(ctx, args)
        except USAGE_ERROR as error:
            if name in self.spellings.absent:
                error.message = f"{error.message.rstrip('.')} ({self.spellings.absent[name]})"
            elif near := suggestions(name, names, self.below):
                error.message = f"{error.message.rstrip('.')} (Possible commands: {', '.join(near)})"
            raise

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 -- the same
        """The command with a name, or None."""
        name = NORMALIZED["token_normalize_func"](cmd_name)
        entry = next((entry for entry in self.entries if entry[0] == name), None)
        if entry is not None and name not in self.commands:
            self.commands[name] = _made(*entry)
        return super().get_command(ctx, name)


def _made(name: str, place: str, line: str) -> Any:  # noqa: ANN401 -- the same
    module, _, function = place.partition(":")
    # With one command and no callback, Typer returns the command itself, not a group.
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    found = getattr(importlib.import_module(f".commands.{module}", __package__), function)
    app.command(name, cls=Command, epilog=example(line))(found)
    return typer.main.get_command(app)


def group(help: str, line: str, *entries: Entry, spellings: Spellings = NONE) -> typer.Typer:
    """A group of commands.

    Args:
        help: Help text.
        line: Example for the help text.
        *entries: The commands.
        spellings: Other spellings of their names.
    """
    kind = type("Group", (Group,), {"entries": entries, "spellings": spellings})
    return typer.Typer(cls=kind, invoke_without_command=True, callback=require_command, help=help, epilog=example(line))


def example(line: str) -> str:
    r"""The last paragraph of a help text; `\b` keeps click from wrapping the line."""
    return f"\b\nExample:\n  {line}"


def require_command(context: typer.Context) -> None:
    """Show the help of a group that is called without a command.

    Raises:
        BadUsageError: No command was given.
    """
    if context.invoked_subcommand is None:
        tell(context.get_help() + "\n")
        raise BadUsageError("a command is missing")


def _with_common(own: Sequence[Any]) -> list[Any]:
    """The options of a command and the common ones, without the names that the command uses itself."""
    taken = {name for option in own for name in option.opts}
    found = list(own)
    for common in _common_options():
        if common.opts[0] not in taken:
            option = copy(common)
            option.opts = [name for name in common.opts if name not in taken]
            found.append(option)
    return found


@cache
def _common_options() -> tuple[Any, ...]:
    """The common options, as Typer makes them from the parameters of a function; the commands share them."""

    # Eager: whether an error in another option is printed as JSON must be known first.
    def declared(  # noqa: PLR0913 -- the common options
        *,
        json: Annotated[bool, _common("--json", help="Print one JSON document, also for errors.")] = False,
        no_json: Annotated[bool, _common("--no-json", help="Print text, which is the default.", hidden=True)] = False,
        quiet: Annotated[bool, _common("--quiet", "-q", help="Print only the result (a path or IDs).")] = False,
        verbose: Annotated[
            bool, _common("--verbose", "-v", "--debug", help="Print log messages and tracebacks.")
        ] = False,
        base_url: Annotated[
            str | None, _common("--base-url", help="Base URL of the API (default: TOGETHER_BASE_URL).", metavar="URL")
        ] = None,
        project: Annotated[
            str | None,
            _common(
                "--project",
                help="ID of the project in the registry (default: TOGETHER_PROJECT_ID, or that of the key).",
                metavar="ID",
            ),
        ] = None,
        api_key_file: Annotated[
            str | None,
            _common("--api-key-file", help="File with the API key (default: TOGETHER_API_KEY).", metavar="FILE"),
        ] = None,
        api_key: Annotated[str | None, _common("--api-key", help="Refused.", metavar="KEY", hidden=True)] = None,
        timeout: Annotated[
            float | None,
            _common("--timeout", help="Timeout of a request (default: 60).", metavar="SECONDS"),
        ] = None,
        max_retries: Annotated[
            int | None, _common("--max-retries", help="Maximum number of retries (default: 2).", metavar="N")
        ] = None,
        non_interactive: Annotated[bool, _common("--non-interactive", help="Never ask for confirmation.")] = False,
    ) -> None: ...

    app = typer.Typer(add_completion=False)
    app.command()(declared)
    return tuple(typer.main.get_command(app).params)


def _common(*names: str, help: str, metavar: str | None = None, hidden: bool = False) -> Any:  # noqa: ANN401 -- as `typer.Option` is declared
    return typer.Option(
        *names, help=help, metavar=metavar, hidden=hidden, callback=_noted(names[0]), expose_value=False, is_eager=True
    )


def _noted(option: str) -> Callable[[typer.Context, object, object], None]:
    name = option.removeprefix("--").replace("-", "_")

    def note(context: typer.Context, _: object, value: object) -> None:
        if name == "api_key" and value is not None:
            raise BadUsageError(
                "--api-key exposes the key in every process list: set TOGETHER_API_KEY, or pass --api-key-file FILE"
            )
        if name == "no_json":
            if value:
                settings_of(context).json = False
        elif value or (value is not None and value is not False):  # zero retries are a setting
            setattr(settings_of(context), name, value)

    return note
