"""The program around the commands: every failure becomes one sentence and an exit code."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import typer

from together_ext.errors import MissingKeyError, TargetExistsError, TogetherExtError, printable

from .app import PROGRAM, app
from .exits import Exit, code_of, exit_of
from .logs import logs
from .screen import print_document, stderr_is_terminal, tell, without_secrets
from .settings import Settings
from .signals import sigterm_interrupts

# Older versions of Typer have it from click, newer ones bring it along; this name for it holds in both.
UsageError: Final = typer.BadParameter.__mro__[1]

COMPLETION: Final = "_TOGETHER_EXT_COMPLETE"
"""Set by the shell when it wants to know how a command line may go on."""


def run(args: Sequence[str] | None) -> int:
    """Run one command; returns the exit code, and raises nothing."""
    if args is None:
        args = sys.argv[1:]
        if os.environ.get(COMPLETION):
            app(prog_name=PROGRAM)
    settings = Settings()
    code = _outcome(list(args), settings)
    _finish_stdout()
    return code


def _outcome(args: list[str], settings: Settings) -> int:
    try:
        with sigterm_interrupts(), logs(settings):
            return _command(args, settings)
    except KeyboardInterrupt:
        return _stopped(args, settings)
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` does.
        return Exit.DONE
    except Exception as error:  # noqa: BLE001 -- no traceback reaches anyone who has not asked for it
        # The line may be one that could not be taken apart.
        return _failed(error, settings, json=settings.json or "--json" in args)


def _command(args: list[str], settings: Settings) -> int:
    command = typer.main.get_command(app)
    # Not `app()`: that turns Ctrl-C and errors into exits before they can be told apart.
    try:
        with command.make_context(PROGRAM, args, obj=settings) as context:
            command.invoke(context)
    except typer.Exit as exit_:
        code = exit_.exit_code
    else:
        code = Exit.DONE
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _failed(error: Exception, settings: Settings, *, json: bool) -> int:
    code, exit_, message = code_of(error), exit_of(error), _sentence(error)
    if isinstance(error, UsageError):
        code, exit_, message = "usage", Exit.USAGE, _usage_message(error)
    elif settings.verbose and not isinstance(error, TogetherExtError):
        # Without local variables: the key is among them.
        tell("".join(traceback.format_exception(error)).rstrip())
    _report(code, message, json=json, prefix="error: ", document=getattr(error, "document", None))
    return exit_


def _usage_message(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    said = printable(error.format_message()).rstrip(".")  # type: ignore[attr-defined]  # all of that class have it
    return said if context is None else f"{said}; see {context.command_path} --help"


def _sentence(error: Exception) -> str:
    """The error's own sentence, in the words of the command line where those of the Python API would not help."""
    match error:
        case MissingKeyError():
            return "no API key: set the environment variable TOGETHER_API_KEY"
        case TargetExistsError(replaceable=True):
            return f"{error} (--overwrite)"
        case TogetherExtError():
            return str(error)
        case OSError():
            return f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}"
    said = printable(f"{type(error).__name__}: {error}", 300)
    return f"something unforeseen happened ({said}): run it with --verbose, and please report what it prints"


def _stopped(args: Sequence[str], settings: Settings) -> int:
    message = "stopped"
    if settings.waiting is not None:
        message += f"; the job goes on: to wait again, run: {shlex.join([*_program(), *args])}"
    elif settings.resumable:
        message += f": what has arrived is kept; to go on, run: {shlex.join([*_program(), *args])}"
    if stderr_is_terminal():
        # The terminal has written ^C at the start of the line.
        tell("")
    _report("interrupted", message, json=settings.json, prefix="")
    return Exit.STOPPED


def _program() -> list[str]:
    """The words that started this program."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py" and started.parent.name in {"cli", "together_ext"}:
        return [Path(sys.executable).name, "-m", "together_ext"]
    return [PROGRAM]


def _report(code: str, message: str, *, json: bool, prefix: str, document: object = None) -> None:
    message = without_secrets(message)
    if json:
        with suppress(OSError):
            from .documents import plain  # noqa: PLC0415 -- not for `--help`

            found = plain(document)
            print_document({"error": {"code": code, "message": message}, **(found if isinstance(found, dict) else {})})
    tell(f"{prefix}{message}")


def _finish_stdout() -> None:
    """See that nothing is left to be written, else a failure at the interpreter's end would change the exit code."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
