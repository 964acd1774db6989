from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="HardwarePricing")


@_attrs_define
class HardwarePricing:
    """Price of hardware.

    Attributes:
        cents_per_minute (float | None | Unset): US cents per minute.
    """

    cents_per_minute: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cents_per_minute: float | None | Unset
        if isinstance(self.cents_per_minute, Unset):
            cents_per_minute = UNSET
        else:
            cents_per_minute = self.cents_per_minute

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if cents_per_minute is not UNSET:
            field_dict["cents_per_minute"] = cents_per_minute

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_cents_per_minute(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        cents_per_minute = _parse_cents_per_minute(d.pop("cents_per_minute", UNSET))

        hardware_pricing = cls(
            cents_per_minute=cents_per_minute,
        )

        hardware_pricing.additional_properties = d
        return hardware_pricing

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
