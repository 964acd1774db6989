"""The project whose models are meant: the one that was named, else that of the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from together_ext.api.flow import Flow, ask, call
from together_ext.api.identifiers import checked_part
from together_ext.errors import NoProjectError, NotFoundError, PermissionDeniedError
from together_ext.text import printable
from together_generated import models

if TYPE_CHECKING:
    from together_generated.models import WhoAmI as WhoAmI  # noqa: PLC0414 -- `client` has it from here

HOW: Final = "set TOGETHER_PROJECT_ID, or pass project (--project)"


def whoami() -> Flow[WhoAmI]:
    """The owner of the API key."""
    from together_generated.api.account import whoami as endpoint

    return (yield from ask(call("identify the API key", endpoint.sync, endpoint.asyncio)))


class Project:
    """The project of a client.

    Args:
        named: The ID that the caller or the environment names; None for the project of the API key.
    """

    def __init__(self, named: str | None) -> None:
        self._id = named

    def id(self) -> Flow[str]:
        """Its ID; the first call asks the server, unless it was named.

        Raises:
            NoProjectError: The key belongs to no project, or the server does not support the request.
        """
        if self._id is None:
            self._id = _project_of((yield from self._owner()))
        return self._id

    def _owner(self) -> Flow[WhoAmI]:
        try:
            return (yield from whoami())
        except (NotFoundError, PermissionDeniedError) as error:
            raise NoProjectError(f"the server does not report the project of the API key ({error}): {HOW}") from error


def _project_of(owner: WhoAmI) -> str:
    project = owner.project
    if isinstance(project, models.WhoAmIProject) and project.id:
        return checked_part(project.id, "a project ID")
    kind = printable(owner.type_, 40) if isinstance(owner.type_, str) else "unknown"
    raise NoProjectError(f"the API key (type: {kind}) does not belong to a project: {HOW}")
