"""Runs one command; every error becomes one sentence and an exit code."""

from __future__ import annotations

import os
import re
import shlex
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import typer

from together_ext.errors import RuleError, TogetherExtError
from together_ext.text import printable

from .app import PROGRAM, app
from .exits import Exit, code_of, exit_of, sentence_of
from .group import USAGE_ERROR
from .logs import logs
from .options.storage import hidden
from .render.screen import print_document, stderr_is_terminal, stdout_errors, tell, without_secrets
from .settings import Settings
from .signals import number_of, signals_interrupt
from .spellings import ABSENT_OPTIONS, misplaced

if TYPE_CHECKING:
    from together_ext.clock import AsyncClock

_OF_CLICK: Final = (
    (r"is not a valid int(eger)?( range)?", "is not a whole number"),
    (r"is not a valid float( range)?", "is not a number"),
)
"""Messages of click, in its versions, and what they mean."""

_OF_PYDANTIC: Final = {
    "int_parsing": "{input!r} is not a whole number",
    "float_parsing": "{input!r} is not a number",
    "greater_than_equal": "{input} is not in the range x>={ctx[ge]}",
    "less_than_equal": "{input} is not in the range x<={ctx[le]}",
}
"""Messages for the errors of pydantic, which converts the values for newer versions of Typer."""

COMPLETION: Final = "_TOGETHER_EXT_COMPLETE"
"""Set by the shell to request completions."""


def run(args: Sequence[str] | None, clock: AsyncClock | None = None) -> int:
    """Run one command; returns the exit code and raises nothing."""
    if args is None:
        args = sys.argv[1:]
        if os.environ.get(COMPLETION):
            app(prog_name=PROGRAM)
    settings = Settings(clock=clock)
    code = _outcome(list(args), settings)
    for stream in (sys.stdout, sys.stderr):
        _finish(stream)
    return code


def _outcome(args: list[str], settings: Settings) -> int:
    try:
        with signals_interrupt(), logs(settings):
            return _command(args, settings)
    except KeyboardInterrupt as stop:
        # A second Ctrl-C ends the report, without a traceback.
        with suppress(KeyboardInterrupt):
            _report_stop(args, settings)
        # The convention of shells.
        return Exit(128 + number_of(stop))
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does.
        return Exit.DONE
    except Exception as error:  # noqa: BLE001 -- a traceback is printed only with --verbose
        # The arguments may have failed to parse.
        return _failed(error, settings, args, json=settings.json or "--json" in args)


def _command(args: list[str], settings: Settings) -> int:
    command = typer.main.get_command(app)
    # Not `app()`, which turns Ctrl-C and errors into exits.
    try:
        with command.make_context(PROGRAM, args, obj=settings) as context:
            command.invoke(context)
    except typer.Exit as exit_:
        code = exit_.exit_code
    else:
        code = Exit.DONE
    if sys.stdout is not None:
        with suppress(BrokenPipeError), stdout_errors():
            sys.stdout.flush()
    return code


def _failed(error: Exception, settings: Settings, args: list[str], *, json: bool) -> int:
    code, exit_, message = code_of(error), exit_of(error), sentence_of(error, settings.options)
    if isinstance(error, USAGE_ERROR):
        code, exit_, message = "usage", Exit.USAGE, _usage_message(error)
    elif isinstance(error, RuleError) and (meant := misplaced(args, message)) is not None:
        message = f"{message}; to use this ID: {PROGRAM} {printable(meant, 200)}"
    elif settings.verbose and not isinstance(error, TogetherExtError):
        # Without local variables, which include the key.
        tell("".join(traceback.format_exception(error)).rstrip())
    _report(code, message, json=json, prefix="error: ", document=getattr(error, "document", None))
    return exit_


def _usage_message(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    option = getattr(error, "option_name", None)
    message = (
        f"No such option: {option} ({ABSENT_OPTIONS[option]})"
        if option in ABSENT_OPTIONS
        else printable(error.format_message()).rstrip(".")  # type: ignore[attr-defined]  # a usage error of click
    )
    for theirs, ours in _OF_CLICK:
        message = re.sub(theirs, ours, message)
    for theirs, ours in _of_pydantic(error.__cause__):
        message = message.replace(theirs, ours)
    return message if context is None else f"{message}; see {context.command_path} --help"


def _of_pydantic(cause: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 -- pydantic is no dependency
    for found in cause.errors() if hasattr(cause, "errors") else ():
        if found["type"] in _OF_PYDANTIC:
            # Without the dot, which the message has lost.
            yield found["msg"].rstrip("."), printable(_OF_PYDANTIC[found["type"]].format_map(found))


def _report_stop(args: Sequence[str], settings: Settings) -> None:
    message, command = "stopped", ""
    if settings.waiting is not None:
        message = "stopped; the job continues; to wait again, run:"
    elif settings.uploading:
        message = "stopped; complete objects are kept; to upload the others, run:"
    elif settings.resumable:
        message = "stopped; the partial file is kept; to resume, run:"
    if message != "stopped":
        command = shlex.join([*_program(), *hidden(args)])
    if stderr_is_terminal():
        # The terminal has printed ^C at the start of the line.
        tell("")
    _report("interrupted", message, json=settings.json, prefix="", command=command)


def _program() -> list[str]:
    """The command that starts this program."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py" and started.parent.name in {"cli", "together_ext"}:
        return [Path(sys.executable).name, "-m", "together_ext"]
    return [PROGRAM]


def _report(  # noqa: PLR0913 -- the parts of a report
    code: str, message: str, *, json: bool, prefix: str, command: str = "", document: object = None
) -> None:
    message, command = without_secrets(message), without_secrets(command)
    if json:
        with suppress(OSError):
            from .render.documents import plain

            found = plain(document)
            error = {"code": code, "message": f"{message} {command}".rstrip()}
            print_document({"error": error, **(found if isinstance(found, dict) else {})})
    tell(f"{prefix}{message}", command)


def _finish(stream: TextIO | None) -> None:
    """Flush a stream: a failure at the interpreter's exit would change the exit code."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
