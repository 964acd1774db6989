"""Spellings of the official command line: other names of commands, and IDs in place of a command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final


@dataclass(frozen=True)
class Spellings:
    """The other ways to name the commands of a group.

    Attributes:
        names: Other names of commands, each with the name that the help shows.
        prefix: The beginning of an ID that may stand in place of a command; None if none may.
        by_id: The command that such an ID stands for.
        absent: Commands of the official command line that the group does not have, each with what to use.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    prefix: str | None = None
    by_id: str = "retrieve"
    absent: Mapping[str, str] = field(default_factory=dict)

    def resolved(self, arguments: list[str], known: Iterable[str]) -> list[str]:
        """The arguments of a group with the name of a command in the first place, as far as it is another spelling."""
        first, *rest = arguments
        if first in known:
            return arguments
        if first in self.names:
            return [self.names[first], *rest]
        if self.prefix is not None and first.startswith(self.prefix):
            return [self.by_id, *arguments]
        return arguments


NONE: Final = Spellings()
_OTHERS: Final = "not available here: use the official command line"
_READ: Final = "the registry is read-only here: use the official command line"
ROOT: Final = Spellings(
    absent=dict.fromkeys(
        ("batches", "beta", "clusters", "evals", "jig", "projects", "switch", "training"),
        _OTHERS,
    )
)
_LISTS: Final = {"ls": "list", "get": "retrieve"}
FINE_TUNING: Final = Spellings({**_LISTS, "list-metrics": "metrics", "model-limits": "limits"}, "ft-")
FILES: Final = Spellings({**_LISTS, "retrieve-content": "download"}, "file-")
MODELS: Final = Spellings(
    {**_LISTS, "ls-files": "files", "list-files": "files", "ls-revisions": "revisions", "list-revisions": "revisions"},
    "ml_",
    absent={
        "public": "use together-ext ft models",
        **dict.fromkeys(("configs", "create", "deploy", "org", "remote-uploads", "rm", "update", "upload"), _READ),
    },
)
ENDPOINTS: Final = Spellings({**_LISTS, "rm": "delete"}, "endpoint-")


ABSENT_OPTIONS: Final = {
    "--after": "lists are complete: omit it",
    "--fine-tune-id": "pass the ID without it",
    "--id": "pass the ID without it",
    "--file": "pass the file without it",
}
"""Options of the official command line that no command has, each with what to do."""


def suggestions(name: str, own: Iterable[str], below: Mapping[str, Iterable[str]]) -> list[str]:
    """Commands that may have been meant.

    Args:
        name: The name of an unknown command.
        own: The commands of the same group.
        below: The commands of the groups below, by the name of the group.

    Returns:
        Similar names, and the full names of commands of that or a similar name one level below; at most four.
    """
    near = get_close_matches(name, list(own))
    exact = [f"{group} {command}" for group, commands in below.items() for command in commands if command == name]
    deeper = [
        f"{group} {command}"
        for group, commands in below.items()
        for command in get_close_matches(name, list(commands), cutoff=0.75)
    ]
    return list(dict.fromkeys([*exact, *near, *deeper]))[:4]


_OWNERS: Final = {"ft-": "ft", "file-": "files", "ml_": "models", "endpoint-": "endpoints"}
"""The group of each kind of ID."""


def misplaced(arguments: list[str], message: str) -> str | None:
    """The command for an ID that was given to a command of another group.

    Args:
        arguments: The command line.
        message: The error.

    Returns:
        The command; None if the error is not that of such an ID.
    """
    group = next((each for each in arguments if not each.startswith("-")), "").replace("_", "-")
    group = "ft" if group == "fine-tuning" else group
    if group not in _OWNERS.values():
        return None
    for argument in arguments:
        for prefix, owner in _OWNERS.items():
            if argument.startswith(prefix) and owner != group and message.startswith(f"{argument!r} is not"):
                return f"{owner} retrieve {argument}"
    return None
