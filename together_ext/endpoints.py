"""The endpoints resource of both clients: models on hardware of their own, paid for by the minute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from together_generated import models

from .errors import RuleError, printable
from .flow import AsyncRunner, Call, Flow, Runner, ask
from .identifiers import checked_id

if TYPE_CHECKING:
    from .lists import EndpointList, HardwareList

Autoscaling = Mapping[str, int] | models.Autoscaling


class Endpoints:
    """Endpoints of the account. Every method may raise `ApiError` and, before any request, `RuleError`."""

    def __init__(self, run: Runner) -> None:
        self._run = run

    def create(  # noqa: PLR0913 -- keywords, most with a default
        self,
        *,
        model: str,
        hardware: str,
        autoscaling: Autoscaling | None = None,
        display_name: str | None = None,
        state: str | None = None,
        inactive_timeout: int | None = None,
        disable_speculative_decoding: bool | None = None,
        availability_zone: str | None = None,
    ) -> models.Endpoint:
        """Serve a model on hardware of its own. It starts at once, and costs for every minute that it runs.

        Args:
            model: The model; of a job, its `model_output_name`.
            hardware: Such as `1x_nvidia_h100_80gb_sxm`; `list_hardware` tells what there is, and what it costs.
            autoscaling: `{"min_replicas": 1, "max_replicas": 2}`; one of each if left out.
            display_name: A name for people.
            state: `STOPPED` for one that does not start yet.
            inactive_timeout: Minutes without a request after which it stops; 0 for never.
            disable_speculative_decoding: Do without speculative decoding.
            availability_zone: Where it shall run.

        Returns:
            The endpoint; requests take its `name` for a model.
        """
        return self._run(
            _create(
                model,
                hardware,
                autoscaling,
                display_name=display_name,
                state=state,
                inactive_timeout=inactive_timeout,
                disable_speculative_decoding=disable_speculative_decoding,
                availability_zone=availability_zone,
            )
        )

    def list(self, *, mine: bool | None = None, type: str | None = None) -> EndpointList:
        """Endpoints, in `.data`.

        Args:
            mine: Whether only those of the account.
            type: Only `dedicated` or `serverless` ones.
        """
        return self._run(_list(mine, type))

    def retrieve(self, id: str) -> models.Endpoint:
        """Everything the server knows of an endpoint.

        Args:
            id: The endpoint's ID, `endpoint-...`.
        """
        return self._run(_retrieve(id))

    def update(
        self,
        id: str,
        *,
        display_name: str | None = None,
        state: str | None = None,
        autoscaling: Autoscaling | None = None,
        inactive_timeout: int | None = None,
    ) -> models.Endpoint:
        """Change an endpoint; what is left out stays.

        Args:
            id: The endpoint's ID, `endpoint-...`.
            display_name: A name for people.
            state: `STARTED` or `STOPPED`.
            autoscaling: `{"min_replicas": 1, "max_replicas": 2}`.
            inactive_timeout: Minutes without a request after which it stops; 0 for never.
        """
        return self._run(
            _update(
                id,
                display_name=display_name,
                state=state,
                autoscaling=autoscaling,
                inactive_timeout=inactive_timeout,
            )
        )

    def delete(self, id: str) -> None:
        """Remove an endpoint for good.

        Args:
            id: The endpoint's ID, `endpoint-...`.
        """
        return self._run(_delete(id))

    def list_hardware(self, model: str | None = None) -> HardwareList:
        """What endpoints can run on, and what it costs, in `.data`.

        Args:
            model: Only what this model can run on, and whether it is free.
        """
        return self._run(_list_hardware(model))


class AsyncEndpoints:
    """Endpoints of the account: the methods of `Endpoints`, awaited."""

    def __init__(self, run: AsyncRunner) -> None:
        self._run = run

    async def create(  # noqa: PLR0913 -- keywords, most with a default
        self,
        *,
        model: str,
        hardware: str,
        autoscaling: Autoscaling | None = None,
        display_name: str | None = None,
        state: str | None = None,
        inactive_timeout: int | None = None,
        disable_speculative_decoding: bool | None = None,
        availability_zone: str | None = None,
    ) -> models.Endpoint:
        """See `Endpoints.create`."""
        return await self._run(
            _create(
                model,
                hardware,
                autoscaling,
                display_name=display_name,
                state=state,
                inactive_timeout=inactive_timeout,
                disable_speculative_decoding=disable_speculative_decoding,
                availability_zone=availability_zone,
            )
        )

    async def list(self, *, mine: bool | None = None, type: str | None = None) -> EndpointList:
        """See `Endpoints.list`."""
        return await self._run(_list(mine, type))

    async def retrieve(self, id: str) -> models.Endpoint:
        """See `Endpoints.retrieve`."""
        return await self._run(_retrieve(id))

    async def update(
        self,
        id: str,
        *,
        display_name: str | None = None,
        state: str | None = None,
        autoscaling: Autoscaling | None = None,
        inactive_timeout: int | None = None,
    ) -> models.Endpoint:
        """See `Endpoints.update`."""
        return await self._run(
            _update(
                id,
                display_name=display_name,
                state=state,
                autoscaling=autoscaling,
                inactive_timeout=inactive_timeout,
            )
        )

    async def delete(self, id: str) -> None:
        """See `Endpoints.delete`."""
        return await self._run(_delete(id))

    async def list_hardware(self, model: str | None = None) -> HardwareList:
        """See `Endpoints.list_hardware`."""
        return await self._run(_list_hardware(model))


# The requests ---------------------------------------------------------------------------------------------------------


def _create(
    model: str,
    hardware: str,
    autoscaling: Autoscaling | None,
    **given: Any,  # noqa: ANN401 -- checked by what follows
) -> Flow[models.Endpoint]:
    from together_generated.api.endpoints import create_endpoint as endpoint

    for name, value in (("model", model), ("hardware", hardware)):
        if not isinstance(value, str) or not value.strip():
            raise RuleError(f"the {name} is {printable(repr(value), 80)}: expected its name")
    scaling = _scaling(autoscaling) or models.Autoscaling(1, 1)
    body = models.EndpointCreateRequest(model, hardware, scaling, **_changes(given))
    action = f"create an endpoint for {printable(model, 100)}"
    doubt = "it may be there all the same, and cost: list the endpoints first"
    return (yield from ask(Call(action, endpoint.sync, endpoint.asyncio, {"body": body}, doubt=doubt)))


def _update(endpoint_id: str, *, autoscaling: Autoscaling | None, **given: Any) -> Flow[models.Endpoint]:  # noqa: ANN401
    from together_generated.api.endpoints import update_endpoint as endpoint

    checked_id(endpoint_id, "endpoint-")
    changes = _changes(given)
    if (scaling := _scaling(autoscaling)) is not None:
        changes["autoscaling"] = scaling
    if not changes:
        raise RuleError("there is nothing to change: give at least one setting")
    arguments = {"endpoint_id": endpoint_id, "body": models.EndpointUpdateRequest(**changes)}
    return (yield from ask(Call(f"update {endpoint_id}", endpoint.sync, endpoint.asyncio, arguments)))


def _changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, checked."""
    found = {name: value for name, value in given.items() if value is not None}
    if (state := found.get("state")) is not None:
        if state not in list(models.EndpointTarget):
            raise RuleError(f"there is no state {state!r} to ask for: choose one of {', '.join(models.EndpointTarget)}")
        found["state"] = models.EndpointTarget(state)
    minutes = found.get("inactive_timeout", 0)
    if not _is_count(minutes):
        raise RuleError(f"inactive_timeout is {minutes!r}: expected minutes, a whole number from 0")
    return found


def _scaling(autoscaling: Autoscaling | None) -> models.Autoscaling | None:
    if autoscaling is None:
        return None
    low = high = None
    if isinstance(autoscaling, models.Autoscaling):
        low, high = autoscaling.min_replicas, autoscaling.max_replicas
    elif isinstance(autoscaling, Mapping) and autoscaling.keys() == {"min_replicas", "max_replicas"}:
        low, high = autoscaling["min_replicas"], autoscaling["max_replicas"]
    if not (_is_count(low) and _is_count(high) and low <= high and high > 0):
        shown = printable(repr(autoscaling), 120)
        raise RuleError(f"autoscaling is {shown}: expected such as {{'min_replicas': 1, 'max_replicas': 2}}")
    return autoscaling if isinstance(autoscaling, models.Autoscaling) else models.Autoscaling(low, high)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _list(mine: bool | None, kind: str | None) -> Flow[EndpointList]:  # noqa: FBT001 -- as it is sent
    from together_generated.api.endpoints import list_endpoints as endpoint

    from .lists import EndpointList
    from .operations import items

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
    # The answer is empty, so that there is only the one with its status.
    yield from ask(Call(f"delete {endpoint_id}", endpoint.sync_detailed, endpoint.asyncio_detailed, arguments))


def _list_hardware(model: str | None) -> Flow[HardwareList]:
    from together_generated.api.hardware import list_hardware as endpoint

    from .lists import HardwareList
    from .operations import items

    given = {} if model is None else {"model": model}
    answer = yield from ask(Call("list the hardware", endpoint.sync, endpoint.asyncio, given))
    found = HardwareList(items(answer.data, models.Hardware, {"id": ""}))
    found.additional_properties = answer.additional_properties
    return found
