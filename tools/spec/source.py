"""Which commit of the public specification `openapi.yaml` is made from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.spec.documents import Node, SpecError

REPOSITORY = "https://github.com/togethercomputer/openapi"
FIELD = "x-made-from"
"""The field of `info` that holds the address of the public specification at its commit."""


def marked(document: Node, commit: str | None) -> Node:
    """The document with the commit that it is made from; without one, if it is not known."""
    info = {name: value for name, value in document["info"].items() if name != FIELD}
    return {**document, "info": {**info, FIELD: address(commit)} if commit else info}


def recorded(document: Node) -> str | None:
    """The commit that a document is made from, None if it says nothing about it."""
    found = document.get("info", {}).get(FIELD)
    return str(found).removeprefix(f"{REPOSITORY}/blob/").partition("/")[0] if found else None


def address(commit: str) -> str:
    """Where the public specification of a commit is.

    Raises:
        SpecError: That is not the name of a commit.
    """
    if not commit.isalnum():
        raise SpecError(f"COMMIT is {commit!r}; use the hash of a commit of {REPOSITORY}")
    return f"{REPOSITORY}/blob/{commit}/openapi.yaml"


def commit_of(file: Path) -> str | None:
    """The last commit that changed a file, if it is in a Git repository and has not been changed since."""
    git = ["git", "-C", str(file.absolute().parent)]
    try:
        status = subprocess.run([*git, "status", "--porcelain", "--", file.name], check=True, capture_output=True)  # noqa: S603 -- a fixed command
        log = subprocess.run([*git, "log", "-1", "--format=%H", "--", file.name], check=True, capture_output=True)  # noqa: S603 -- the same
    except (OSError, subprocess.CalledProcessError):
        return None
    return None if status.stdout.strip() else log.stdout.decode().strip() or None
