"""Paths on the command line."""

from __future__ import annotations

import os
import re

from together_ext.errors import ConfigurationError
from together_ext.storage import local_path
from together_ext.text import printable

from .exits import BadUsageError


def path_of(given: str, option: str, others: str = "") -> str:
    """The path that an option gives, with `~` expanded.

    Args:
        given: The value.
        option: The name of the option or argument, for the error message.
        others: The schemes of URLs that the option supports, for the error message.

    Raises:
        ConfigurationError: The value is a URL, or `-`.
    """
    if given == "-":
        raise ConfigurationError(f"{option} is '-'; standard streams are not supported here: name a path, such as ./-")
    return local_path(given, option, others)


def folder_of(given: str, option: str, wanted: str, others: str = "") -> str:
    """The path of a folder that an argument gives.

    Args:
        given: The value.
        option: The name of the argument, for the error message.
        wanted: What the folder is, for the error message.
        others: The schemes of URLs that the argument supports, for the error message.

    Raises:
        BadUsageError: It is the path of something else. One that does not exist is an error of the command.
        ConfigurationError: The value is a URL, or `-`.
    """
    path = path_of(given, option, others)
    if os.path.exists(path) and not os.path.isdir(path):  # noqa: PTH110, PTH112 -- those of pathlib raise
        raise BadUsageError(f"{option} {printable(given, 200)} is not a folder: name {wanted}")
    return path


def safe_name(given: object, otherwise: str) -> str:
    """A file name for the name that a server sent: never a path, hidden, or with unusual characters.

    Args:
        given: The name; anything else than text counts as none.
        otherwise: The name to use if nothing is left of it.
    """
    last = given.replace("\\", "/").rpartition("/")[2] if isinstance(given, str) else ""
    return re.sub(r"[^A-Za-z0-9._ -]", "-", last).lstrip(". -")[:200] or otherwise
