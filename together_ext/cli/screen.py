"""Where words go: data to standard output, everything else to standard error, in whatever encoding they have."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

from together_ext.errors import redacted

from .settings import Settings
from .views import View

SECRETS = ("TOGETHER_API_KEY", "WANDB_API_KEY", "HF_TOKEN")
"""Variables whose values no message may show."""


def show(settings: Settings, document: object, view: View) -> None:
    """Print a command's outcome.

    Args:
        settings: Which form it takes.
        document: The outcome for programs, printed with `--json`.
        view: The outcome for people and for `grep`; with `--quiet` its essence alone.
    """
    if settings.json:
        print_document(document)
    elif settings.quiet:
        print_lines(view.essence())
    elif stdout_is_terminal():
        from .tables import draw  # noqa: PLC0415 -- rich is for terminals

        _write(sys.stdout, draw(view, sys.stdout))
    else:
        print_lines(view.lines())


def print_document(document: object) -> None:
    """Print one JSON document on standard output."""
    import json  # noqa: PLC0415 -- not for `--help`

    from .documents import Listed, plain  # noqa: PLC0415 -- the same

    if isinstance(document, Listed):
        for piece in document.pieces():
            _write(sys.stdout, piece)
        return
    # ASCII alone: what the server put into its strings reaches no terminal as a control character.
    _write(sys.stdout, json.dumps(plain(document), indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def print_lines(lines: list[str]) -> None:
    """Print lines on standard output."""
    _write(sys.stdout, "".join(f"{line}\n" for line in lines))


def tell(message: str) -> None:
    """Say something on standard error; nobody listening there is no failure."""
    with suppress(OSError, ValueError):
        _write(sys.stderr, f"{without_secrets(message)}\n")


def without_secrets(message: str) -> str:
    """The message without the values of `SECRETS`, whoever put them there."""
    return redacted(message, (os.environ.get(name, "").strip() for name in SECRETS))


def stderr_is_terminal() -> bool:
    """Whether a moving bar makes sense on standard error."""
    return _is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"


def stdout_is_terminal() -> bool:
    """Whether data is read by people."""
    return _is_terminal(sys.stdout)


def stdout_takes(text: str) -> bool:
    """Whether the encoding of standard output has all of these characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def stdin_is_terminal() -> bool:
    """Whether somebody can answer a question."""
    return _is_terminal(sys.stdin)


def _is_terminal(stream: TextIO | None) -> bool:
    # A stream is None if the program was started without it, and refuses to answer if it was closed since.
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        # A path of another encoding goes out byte by byte as it is; what cannot be written at all, as an escape.
        encoding = stream.encoding or "ascii"
        stream.flush()
        try:
            data = text.encode(encoding, "surrogateescape")
        except UnicodeEncodeError:
            data = text.encode(encoding, "backslashreplace")
        stream.buffer.write(data)
    stream.flush()
