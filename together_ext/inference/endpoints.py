"""The endpoints resource of both clients: models on dedicated hardware, billed by the minute."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Required, TypedDict, Unpack

from together_ext.api import keywords
from together_ext.api.flow import AsyncRunner, Call, Flow, Runner, ask
from together_ext.api.identifiers import checked_id
from together_ext.api.responses import items
from together_ext.errors import Numbers, RuleError
from together_ext.text import printable
from together_generated import models

if TYPE_CHECKING:
    from together_ext.api.lists import EndpointList, HardwareList

Autoscaling = Mapping[str, int] | models.Autoscaling
State = Literal["STARTED", "STOPPED"] | models.EndpointTarget
Kind = Literal["dedicated", "serverless"]

COUNTS = Numbers(0, whole=True)
"""Numbers of replicas."""


log = logging.getLogger("together_ext")


def _warn() -> None:
    """Log, once for each client, that the operations are deprecated, as the documentation of November 2026 says."""
    log.warning(
        "the API deprecates these endpoint operations by the end of 2026; the official SDK 3 supports their successor"
    )


class EndpointSettings(TypedDict, total=False):
    """Keywords of `update`. A keyword that is absent or None is not sent."""

    display_name: str | None
    """A name for people."""
    state: State | None
    """`STARTED` or `STOPPED`; `STOPPED` in `create` for an endpoint that is not started yet (default: `STARTED`)."""
    autoscaling: Autoscaling | None
    """`{"min_replicas": 1, "max_replicas": 2}` (default of `create`: one replica)."""
    inactive_timeout: int | None
    """Minutes without a request after which it stops; 0 for never."""


class EndpointOptions(EndpointSettings, total=False):
    """Keywords of `create`: those of `EndpointSettings`, and the following."""

    model: Required[str]
    """The model's name; for a fine-tuned model, the `model_output_name` of its job."""
    hardware: Required[str]
    """Such as `1x_nvidia_h100_80gb_sxm`; `list_hardware` returns what is available, with prices."""
    disable_speculative_decoding: bool | None
    """Whether to disable speculative decoding."""
    availability_zone: str | None
    """The zone to run in."""


class Endpoints:
    """Endpoints of the account. Every method may raise `ApiError` and, before any request, `RuleError`."""

    def __init__(self, run: Runner) -> None:
        self._run = run
        _warn()

    @keywords.shows(EndpointOptions)
    def create(self, **options: Unpack[EndpointOptions]) -> models.Endpoint:
        """Serve a model on dedicated hardware. It starts at once, and is billed by the minute.

        Args:
            **options: The keywords of `EndpointOptions`; `model` and `hardware` are required.

        Returns:
            The endpoint; pass its `name` as the model of a request.
        """
        return self._run(_create(options))

    def list(self, *, mine: bool | None = None, type: Kind | None = None) -> EndpointList:
        """List endpoints, in `.data`.

        Args:
            mine: Only endpoints of the account.
            type: Only `dedicated` or `serverless` ones.
        """
        return self._run(_list(mine, type))

    def retrieve(self, id: str) -> models.Endpoint:
        """Retrieve an endpoint.

        Args:
            id: The endpoint's ID, `endpoint-...`.
        """
        return self._run(_retrieve(id))

    @keywords.shows(EndpointSettings)
    def update(self, id: str, **settings: Unpack[EndpointSettings]) -> models.Endpoint:
        """Change an endpoint; settings that are not given are unchanged.

        Args:
            id: The endpoint's ID, `endpoint-...`.
            **settings: The keywords of `EndpointSettings`, at least one.
        """
        return self._run(_update(id, settings))

    def delete(self, id: str) -> None:
        """Remove an endpoint for good.

        Args:
            id: The endpoint's ID, `endpoint-...`.
        """
        return self._run(_delete(id))

    def list_hardware(self, model: str | None = None) -> HardwareList:
        """List the hardware that endpoints can run on, with prices, in `.data`.

        Args:
            model: Only hardware that this model can run on, with its availability.
        """
        return self._run(_list_hardware(model))


class AsyncEndpoints:
    """Endpoints of the account: the methods of `Endpoints`, awaited."""

    def __init__(self, run: AsyncRunner) -> None:
        self._run = run
        _warn()

    @keywords.shows(EndpointOptions)
    async def create(self, **options: Unpack[EndpointOptions]) -> models.Endpoint:
        """See `Endpoints.create`."""
        return await self._run(_create(options))

    async def list(self, *, mine: bool | None = None, type: Kind | None = None) -> EndpointList:
        """See `Endpoints.list`."""
        return await self._run(_list(mine, type))

    async def retrieve(self, id: str) -> models.Endpoint:
        """See `Endpoints.retrieve`."""
        return await self._run(_retrieve(id))

    @keywords.shows(EndpointSettings)
    async def update(self, id: str, **settings: Unpack[EndpointSettings]) -> models.Endpoint:
        """See `Endpoints.update`."""
        return await self._run(_update(id, settings))

    async def delete(self, id: str) -> None:
        """See `Endpoints.delete`."""
        return await self._run(_delete(id))

    async def list_hardware(self, model: str | None = None) -> HardwareList:
        """See `Endpoints.list_hardware`."""
        return await self._run(_list_hardware(model))


# The requests ---------------------------------------------------------------------------------------------------------


def _create(options: EndpointOptions) -> Flow[models.Endpoint]:
    from together_generated.api.endpoints import create_endpoint as endpoint

    keywords.check("create", options, EndpointOptions)
    for name in ("model", "hardware"):
        value = options.get(name)
        if not isinstance(value, str) or not value.strip():
            raise RuleError(f"the {name} is {printable(repr(value), 80)}: expected its name")
    body = models.EndpointCreateRequest(**{"autoscaling": models.Autoscaling(1, 1), **_changes(options)})
    action = f"create an endpoint for {printable(options['model'], 100)}"
    doubt = "the endpoint may have been created, which costs money: list the endpoints before you retry"
    return (yield from ask(Call(action, endpoint.sync, endpoint.asyncio, {"body": body}, doubt=doubt)))


def _update(endpoint_id: str, settings: EndpointSettings) -> Flow[models.Endpoint]:
    from together_generated.api.endpoints import update_endpoint as endpoint

    keywords.check("update", settings, EndpointSettings)
    checked_id(endpoint_id, "endpoint-")
    changes = _changes(settings)
    if not changes:
        raise RuleError("no setting is given: pass at least one")
    arguments = {"endpoint_id": endpoint_id, "body": models.EndpointUpdateRequest(**changes)}
    return (yield from ask(Call(f"update {endpoint_id}", endpoint.sync, endpoint.asyncio, arguments)))


def _changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """The given settings, checked."""
    found = {name: value for name, value in given.items() if value is not None}
    if (state := found.get("state")) is not None:
        if state not in list(models.EndpointTarget):
            raise RuleError(f"invalid state {state!r}: choose one of {', '.join(models.EndpointTarget)}")
        found["state"] = models.EndpointTarget(state)
    Numbers(0, whole=True, unit="minutes").check_given("inactive_timeout", found.get("inactive_timeout"))
    if "autoscaling" in found:
        found["autoscaling"] = _scaling(found["autoscaling"])
    return found


def _scaling(autoscaling: Autoscaling) -> models.Autoscaling:
    low = high = -1
    if isinstance(autoscaling, models.Autoscaling):
        low, high = autoscaling.min_replicas, autoscaling.max_replicas
    elif isinstance(autoscaling, Mapping) and autoscaling.keys() == {"min_replicas", "max_replicas"}:
        low, high = autoscaling["min_replicas"], autoscaling["max_replicas"]
    if not (low in COUNTS and high in COUNTS and low <= high and high > 0):
        shown = printable(repr(autoscaling), 120)
        raise RuleError(f"autoscaling is {shown}: expected such as {{'min_replicas': 1, 'max_replicas': 2}}")
    return autoscaling if isinstance(autoscaling, models.Autoscaling) else models.Autoscaling(low, high)


def _list(mine: bool | None, kind: str | None) -> Flow[EndpointList]:  # noqa: FBT001 -- as it is sent
    from together_ext.api.lists import EndpointList
    from together_generated.api.endpoints import list_endpoints as endpoint

    given = {name: value for name, value in (("mine", mine), ("type_", kind)) if value is not None}
    answer = yield from ask(Call("list the endpoints", endpoint.sync, endpoint.asyncio, given))
    found = EndpointList(items(answer.data, models.Endpoint, {"id": ""}))
    found.additional_properties = answer.additional_properties
    return found


def _retrieve(endpoint_id: str) -> Flow[models.Endpoint]:
    from together_generated.api.endpoints import retrieve_endpoint as endpoint

    arguments = {"endpoint_id": checked_id(endpoint_id, "endpoint-")}
    return (yield from ask(Call(f"retrieve {endpoint_id}", endpoint.sync, endpoint.asyncio, arguments)))


def _delete(endpoint_id: str) -> Flow[None]:
    from together_generated.api.endpoints import delete_endpoint as endpoint

    arguments = {"endpoint_id": checked_id(endpoint_id, "endpoint-")}
    # The response is empty, so only the function that returns its status can be used.
    call = Call(f"delete {endpoint_id}", endpoint.sync_detailed, endpoint.asyncio_detailed, arguments, success=204)
    yield from ask(call)


def _list_hardware(model: str | None) -> Flow[HardwareList]:
    from together_ext.api.lists import HardwareList
    from together_generated.api.hardware import list_hardware as endpoint

    given = {} if model is None else {"model": model}
    answer = yield from ask(Call("list the hardware", endpoint.sync, endpoint.asyncio, given))
    found = HardwareList(items(answer.data, models.Hardware, {"id": ""}))
    found.additional_properties = answer.additional_properties
    return found
