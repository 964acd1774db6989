from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.endpoint_target import EndpointTarget
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.autoscaling import Autoscaling


T = TypeVar("T", bound="EndpointCreateRequest")


@_attrs_define
class EndpointCreateRequest:
    """The endpoint to create.

    Attributes:
        model (str): The model to serve.
        hardware (str): The hardware to run on, such as `1x_nvidia_h100_80gb_sxm`.
        autoscaling (Autoscaling): Numbers of replicas.
        display_name (str | Unset): Display name.
        state (EndpointTarget | Unset): The requested state of an endpoint.
        inactive_timeout (int | None | Unset): Minutes without a request after which it stops; 0 or null for never.
        disable_speculative_decoding (bool | Unset): Disable speculative decoding.
        availability_zone (str | Unset): Availability zone.
    """

    model: str
    hardware: str
    autoscaling: Autoscaling
    display_name: str | Unset = UNSET
    state: EndpointTarget | Unset = UNSET
    inactive_timeout: int | None | Unset = UNSET
    disable_speculative_decoding: bool | Unset = UNSET
    availability_zone: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        hardware = self.hardware

        autoscaling = self.autoscaling.to_dict()

        display_name = self.display_name

        state: str | Unset = UNSET
        if not isinstance(self.state, Unset):
            state = self.state.value

        inactive_timeout: int | None | Unset
        if isinstance(self.inactive_timeout, Unset):
            inactive_timeout = UNSET
        else:
            inactive_timeout = self.inactive_timeout

        disable_speculative_decoding = self.disable_speculative_decoding

        availability_zone = self.availability_zone

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model": model,
                "hardware": hardware,
                "autoscaling": autoscaling,
            }
        )
        if display_name is not UNSET:
            field_dict["display_name"] = display_name
        if state is not UNSET:
            field_dict["state"] = state
        if inactive_timeout is not UNSET:
            field_dict["inactive_timeout"] = inactive_timeout
        if disable_speculative_decoding is not UNSET:
            field_dict["disable_speculative_decoding"] = disable_speculative_decoding
        if availability_zone is not UNSET:
            field_dict["availability_zone"] = availability_zone

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.autoscaling import Autoscaling  # noqa: PLC0415

        d = dict(src_dict)
        model = d.pop("model")

        hardware = d.pop("hardware")

        autoscaling = Autoscaling.from_dict(d.pop("autoscaling"))

        display_name = d.pop("display_name", UNSET)

        _state = d.pop("state", UNSET)
        state: EndpointTarget | Unset
        if isinstance(_state, Unset):
            state = UNSET
        else:
            state = EndpointTarget(_state)

        def _parse_inactive_timeout(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        inactive_timeout = _parse_inactive_timeout(d.pop("inactive_timeout", UNSET))

        disable_speculative_decoding = d.pop("disable_speculative_decoding", UNSET)

        availability_zone = d.pop("availability_zone", UNSET)

        endpoint_create_request = cls(
            model=model,
            hardware=hardware,
            autoscaling=autoscaling,
            display_name=display_name,
            state=state,
            inactive_timeout=inactive_timeout,
            disable_speculative_decoding=disable_speculative_decoding,
            availability_zone=availability_zone,
        )

        endpoint_create_request.additional_properties = d
        return endpoint_create_request

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
