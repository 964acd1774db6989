from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.endpoint_state import EndpointState
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.autoscaling import Autoscaling
    from ..models.unknown_object import UnknownObject


T = TypeVar("T", bound="Endpoint")


@_attrs_define
class Endpoint:
    """An endpoint.

    Attributes:
        id (str): The endpoint's ID, which starts with `endpoint-`.
        object_ (None | str | Unset): `endpoint`.
        name (None | str | Unset): Name of the endpoint in requests.
        display_name (None | str | Unset): Display name.
        model (None | str | Unset): Model of the endpoint.
        hardware (None | str | Unset): Hardware of the endpoint.
        type_ (None | str | Unset): `dedicated` or `serverless`.
        owner (None | str | Unset): Owner of the endpoint.
        state (EndpointState | None | str | Unset): State of the endpoint.
        autoscaling (Autoscaling | None | UnknownObject | Unset): Numbers of replicas.
        inactive_timeout (int | None | Unset): Minutes without a request after which it stops.
        created_at (datetime.datetime | None | str | Unset): Time of creation.
    """

    id: str
    object_: None | str | Unset = UNSET
    name: None | str | Unset = UNSET
    display_name: None | str | Unset = UNSET
    model: None | str | Unset = UNSET
    hardware: None | str | Unset = UNSET
    type_: None | str | Unset = UNSET
    owner: None | str | Unset = UNSET
    state: EndpointState | None | str | Unset = UNSET
    autoscaling: Autoscaling | None | UnknownObject | Unset = UNSET
    inactive_timeout: int | None | Unset = UNSET
    created_at: datetime.datetime | None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.autoscaling import Autoscaling  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        id = self.id

        object_: None | str | Unset
        if isinstance(self.object_, Unset):
            object_ = UNSET
        else:
            object_ = self.object_

        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        display_name: None | str | Unset
        if isinstance(self.display_name, Unset):
            display_name = UNSET
        else:
            display_name = self.display_name

        model: None | str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        else:
            model = self.model

        hardware: None | str | Unset
        if isinstance(self.hardware, Unset):
            hardware = UNSET
        else:
            hardware = self.hardware

        type_: None | str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        else:
            type_ = self.type_

        owner: None | str | Unset
        if isinstance(self.owner, Unset):
            owner = UNSET
        else:
            owner = self.owner

        state: None | str | Unset
        if isinstance(self.state, Unset):
            state = UNSET
        elif isinstance(self.state, EndpointState):
            state = self.state.value
        else:
            state = self.state

        autoscaling: dict[str, Any] | None | Unset
        if isinstance(self.autoscaling, Unset):
            autoscaling = UNSET
        elif isinstance(self.autoscaling, Autoscaling):
            autoscaling = self.autoscaling.to_dict()
        elif isinstance(self.autoscaling, UnknownObject):
            autoscaling = self.autoscaling.to_dict()
        else:
            autoscaling = self.autoscaling

        inactive_timeout: int | None | Unset
        if isinstance(self.inactive_timeout, Unset):
            inactive_timeout = UNSET
        else:
            inactive_timeout = self.inactive_timeout

        created_at: None | str | Unset
        if isinstance(self.created_at, Unset):
            created_at = UNSET
        elif isinstance(self.created_at, datetime.datetime):
            created_at = self.created_at.isoformat()
        else:
            created_at = self.created_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if object_ is not UNSET:
            field_dict["object"] = object_
        if name is not UNSET:
            field_dict["name"] = name
        if display_name is not UNSET:
            field_dict["display_name"] = display_name
        if model is not UNSET:
            field_dict["model"] = model
        if hardware is not UNSET:
            field_dict["hardware"] = hardware
        if type_ is not UNSET:
            field_dict["type"] = type_
        if owner is not UNSET:
            field_dict["owner"] = owner
        if state is not UNSET:
            field_dict["state"] = state
        if autoscaling is not UNSET:
            field_dict["autoscaling"] = autoscaling
        if inactive_timeout is not UNSET:
            field_dict["inactive_timeout"] = inactive_timeout
        if created_at is not UNSET:
            field_dict["created_at"] = created_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.autoscaling import Autoscaling  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_object_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        object_ = _parse_object_(d.pop("object", UNSET))

        def _parse_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name = _parse_name(d.pop("name", UNSET))

        def _parse_display_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        display_name = _parse_display_name(d.pop("display_name", UNSET))

        def _parse_model(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model = _parse_model(d.pop("model", UNSET))

        def _parse_hardware(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hardware = _parse_hardware(d.pop("hardware", UNSET))

        def _parse_type_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        type_ = _parse_type_(d.pop("type", UNSET))

        def _parse_owner(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        owner = _parse_owner(d.pop("owner", UNSET))

        def _parse_state(data: object) -> EndpointState | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                state_type_0 = EndpointState(data)

                return state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EndpointState | None | str | Unset, data)

        state = _parse_state(d.pop("state", UNSET))

        def _parse_autoscaling(data: object) -> Autoscaling | None | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                autoscaling_type_0 = Autoscaling.from_dict(data)

                return autoscaling_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                autoscaling_type_1 = UnknownObject.from_dict(data)

                return autoscaling_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Autoscaling | None | UnknownObject | Unset, data)

        autoscaling = _parse_autoscaling(d.pop("autoscaling", UNSET))

        def _parse_inactive_timeout(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        inactive_timeout = _parse_inactive_timeout(d.pop("inactive_timeout", UNSET))

        def _parse_created_at(data: object) -> datetime.datetime | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                created_at_type_0 = datetime.datetime.fromisoformat(data)

                return created_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | str | Unset, data)

        created_at = _parse_created_at(d.pop("created_at", UNSET))

        endpoint = cls(
            id=id,
            object_=object_,
            name=name,
            display_name=display_name,
            model=model,
            hardware=hardware,
            type_=type_,
            owner=owner,
            state=state,
            autoscaling=autoscaling,
            inactive_timeout=inactive_timeout,
            created_at=created_at,
        )

        endpoint.additional_properties = d
        return endpoint

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
