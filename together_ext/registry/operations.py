"""The operations on models in the registry, each written once for both clients."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from together_ext.api.flow import Call, Flow, ask, call
from together_ext.api.identifiers import checked_part
from together_ext.api.responses import date
from together_ext.text import printable
from together_generated import models
from together_generated.types import UNSET, Unset

from .paging import pages
from .project import Project

if TYPE_CHECKING:
    from together_ext.api.lists import ModelList, RevisionFileList, RevisionList

ID = "ml_"
"""How the IDs of models begin; a name never does."""


def list_models(project: Project) -> Flow[ModelList]:
    """All models of the project."""
    from together_ext.api.lists import ModelList
    from together_generated.api.registry import list_models as endpoint

    where = yield from project.id()
    found, page = yield from pages(
        lambda after, _first: call("list the models", endpoint.sync, endpoint.asyncio, project_id=where, after=after),
        models.RegistryModel,
        {"id": ""},
    )
    listed = ModelList(data=found, next_cursor=None, object_=page.object_)
    listed.additional_properties = page.additional_properties
    return listed


def retrieve(project: Project, model: str) -> Flow[models.RegistryModel]:
    """One model, by its ID or name."""
    from together_generated.api.registry import retrieve_model as endpoint

    model = checked_model(model)
    where = yield from project.id()
    action = f"retrieve the model {printable(model, 120)}"
    return (yield from ask(call(action, endpoint.sync, endpoint.asyncio, project_id=where, id=model)))


def list_revisions(project: Project, model: str) -> Flow[RevisionList]:
    """All revisions of a model, newest first."""
    from together_ext.api.lists import RevisionList
    from together_generated.api.registry import list_model_revisions as endpoint

    object_id = yield from object_id_of(project, model)
    where = yield from project.id()
    action = f"list the revisions of {object_id}"
    found, page = yield from pages(
        lambda after, _first: call(
            action, endpoint.sync, endpoint.asyncio, project_id=where, id=object_id, after=after
        ),
        models.Revision,
    )
    oldest = datetime.min.replace(tzinfo=UTC)
    newest_first = sorted(found, key=lambda one: date(one.created_at) or oldest, reverse=True)
    listed = RevisionList(data=newest_first, next_cursor=None, object_=page.object_)
    listed.additional_properties = page.additional_properties
    return listed


def list_files(project: Project, model: str, revision: str | None) -> Flow[RevisionFileList]:
    """All files of a revision."""
    from together_ext.api.lists import RevisionFileList
    from together_generated.api.registry import list_model_files as endpoint

    wanted = UNSET if revision is None else checked_part(revision, "a revision ID")
    object_id = yield from object_id_of(project, model)
    where = yield from project.id()
    action = f"list the files of {object_id}"

    def request(after: str | Unset, first: models.RevisionFileList | None) -> Call[models.RevisionFileList]:
        # Another revision may become the latest one between two pages.
        of = first.revision_id or wanted if first else wanted
        return call(
            action, endpoint.sync, endpoint.asyncio, project_id=where, id=object_id, revision_id=of, after=after
        )

    found, page = yield from pages(request, models.RevisionFile)
    listed = RevisionFileList(
        data=found,
        revision_id=page.revision_id,
        revision_created_at=page.revision_created_at,
        total_size_bytes=page.total_size_bytes,
        next_cursor=None,
        object_=page.object_,
    )
    listed.additional_properties = page.additional_properties
    return listed


def object_id_of(project: Project, model: str) -> Flow[str]:
    """The ID of a model that is named by its ID or name."""
    model = checked_model(model)
    if model.startswith(ID):
        return model
    return (yield from retrieve(project, model)).id


def checked_model(model: str) -> str:
    """The ID or name of a model, before it becomes a part of an address.

    Raises:
        RuleError: It is neither.
    """
    name = model if isinstance(model, str) else ""
    first, slash, second = name.partition("/")
    for part in (first, second) if slash else (name,):
        checked_part(part, "the ID (ml_...) or the name (project/model) of a model", given=model)
    return name
