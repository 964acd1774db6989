"""Output: data to standard output, everything else to standard error, in whatever encoding they have."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, TextIO

from together_ext.cli.settings import Settings
from together_ext.errors import StorageError
from together_ext.text import environment_secrets, redacted, without_userinfo

from .views import View
from .wrapping import columns_of, width_of, wrapped


def show(settings: Settings, document: object, view: View, *, empty: str = "") -> None:
    """Print the outcome of a command.

    Args:
        settings: Decides the form.
        document: The outcome for programs, printed with `--json`.
        view: The outcome for people and for `grep`; with `--quiet` only the result.
        empty: Message on standard error if there is nothing to print; without it, or with `--quiet`, none.
    """
    if settings.json:
        print_document(document)
        return
    lines = view.results() if settings.quiet else view.lines()
    if not lines and empty:
        if not settings.quiet:
            tell(empty)
    elif stdout_is_terminal() and not settings.quiet:
        from .tables import draw

        _write(sys.stdout, draw(view, sys.stdout))
    else:
        print_lines(lines)


def print_document(document: object) -> None:
    """Print one JSON document on standard output."""
    import json

    from .documents import Listed, plain

    if isinstance(document, Listed):
        for piece in document.pieces():
            _write(sys.stdout, piece)
        return
    # ASCII only: no control character of the server's strings reaches a terminal.
    _write(sys.stdout, json.dumps(plain(document), indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def print_lines(lines: list[str]) -> None:
    """Print lines on standard output."""
    _write(sys.stdout, "".join(f"{line}\n" for line in lines))


def print_text(text: str) -> None:
    """Print a piece of text on standard output at once, without an end of line."""
    _write(sys.stdout, text)


def tell(message: str, command: str = "") -> None:
    """Write a message to standard error; a failure to write it is ignored.

    Args:
        message: Wrapped between words on a terminal.
        command: A command to copy at the end of the message, which is never wrapped.
    """
    message, command = without_secrets(message), without_secrets(command)
    text = f"{message} {command}" if command else message
    if _is_terminal(sys.stderr):
        width = columns_of(sys.stderr)
        if max(map(width_of, text.split("\n"))) > width:
            text = "\n".join(piece for line in message.split("\n") for piece in wrapped(line, width))
            text += f"\n  {command}" if command else ""
    with suppress(OSError, ValueError):
        _write(sys.stderr, f"{text}\n")


def without_secrets(message: str) -> str:
    """The message without keys and passwords."""
    return without_userinfo(redacted(message, environment_secrets(os.environ)))


def stderr_is_terminal() -> bool:
    """Whether standard error can show a progress bar."""
    return _is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"


def stdout_is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return _is_terminal(sys.stdout)


def stdout_takes(text: str) -> bool:
    """Whether the encoding of standard output supports all of these characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def stdin_is_terminal() -> bool:
    """Whether a question can be answered on standard input."""
    return _is_terminal(sys.stdin)


def _is_terminal(stream: TextIO | None) -> bool:
    # A stream is None if the program was started without it, and raises ValueError if it was closed since.
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return
    with stdout_errors():
        _put(stream, text)


def stdout_bytes() -> BinaryIO:
    """Standard output for bytes.

    Raises:
        StorageError: It is closed.
    """
    found: BinaryIO | None = getattr(sys.stdout, "buffer", None)
    if found is None:
        raise StorageError("standard output is closed: redirect it to a file or a pipe")
    return found


@contextmanager
def stdout_errors() -> Iterator[None]:
    """Raise an OSError of standard output as an error that names it, except for a closed pipe."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"could not write to standard output: {reason}; check where it is redirected to"
        raise StorageError(message, error.errno) from error


def _put(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        # A path in another encoding is written byte by byte; what cannot be encoded at all, as an escape.
        encoding = stream.encoding or "ascii"
        stream.flush()
        try:
            data = text.encode(encoding, "surrogateescape")
        except UnicodeEncodeError:
            data = text.encode(encoding, "backslashreplace")
        stream.buffer.write(data)
    stream.flush()
