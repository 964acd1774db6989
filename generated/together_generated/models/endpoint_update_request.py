from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.endpoint_target import EndpointTarget
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.autoscaling import Autoscaling


T = TypeVar("T", bound="EndpointUpdateRequest")


@_attrs_define
class EndpointUpdateRequest:
    """The changes; an omitted field is unchanged.

    Attributes:
        display_name (str | Unset): Display name.
        state (EndpointTarget | Unset): The requested state of an endpoint.
        autoscaling (Autoscaling | Unset): Numbers of replicas.
        inactive_timeout (int | None | Unset): Minutes without a request after which it stops; 0 or null for never.
    """

    display_name: str | Unset = UNSET
    state: EndpointTarget | Unset = UNSET
    autoscaling: Autoscaling | Unset = UNSET
    inactive_timeout: int | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        display_name = self.display_name

        state: str | Unset = UNSET
        if not isinstance(self.state, Unset):
            state = self.state.value

        autoscaling: dict[str, Any] | Unset = UNSET
        if not isinstance(self.autoscaling, Unset):
            autoscaling = self.autoscaling.to_dict()

        inactive_timeout: int | None | Unset
        if isinstance(self.inactive_timeout, Unset):
            inactive_timeout = UNSET
        else:
            inactive_timeout = self.inactive_timeout

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if display_name is not UNSET:
            field_dict["display_name"] = display_name
        if state is not UNSET:
            field_dict["state"] = state
        if autoscaling is not UNSET:
            field_dict["autoscaling"] = autoscaling
        if inactive_timeout is not UNSET:
            field_dict["inactive_timeout"] = inactive_timeout

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.autoscaling import Autoscaling  # noqa: PLC0415

        d = dict(src_dict)
        display_name = d.pop("display_name", UNSET)

        _state = d.pop("state", UNSET)
        state: EndpointTarget | Unset
        if isinstance(_state, Unset):
            state = UNSET
        else:
            state = EndpointTarget(_state)

        _autoscaling = d.pop("autoscaling", UNSET)
        autoscaling: Autoscaling | Unset
        if isinstance(_autoscaling, Unset):
            autoscaling = UNSET
        else:
            autoscaling = Autoscaling.from_dict(_autoscaling)

        def _parse_inactive_timeout(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        inactive_timeout = _parse_inactive_timeout(d.pop("inactive_timeout", UNSET))

        endpoint_update_request = cls(
            display_name=display_name,
            state=state,
            autoscaling=autoscaling,
            inactive_timeout=inactive_timeout,
        )

        endpoint_update_request.additional_properties = d
        return endpoint_update_request

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
