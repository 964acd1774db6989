from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.hardware import Hardware


T = TypeVar("T", bound="HardwareList")


@_attrs_define
class HardwareList:
    """Hardware for endpoints.

    Attributes:
        data (list[Hardware] | None | Unset): The items.
    """

    data: list[Hardware] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        data: list[dict[str, Any]] | None | Unset
        if isinstance(self.data, Unset):
            data = UNSET
        elif isinstance(self.data, list):
            data = []
            for data_type_0_item_data in self.data:
                data_type_0_item = (
                    data_type_0_item_data.to_dict()
                    if hasattr(data_type_0_item_data, "to_dict")
                    else data_type_0_item_data
                )
                data.append(data_type_0_item)

        else:
            data = self.data

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if data is not UNSET:
            field_dict["data"] = data

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.hardware import Hardware  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_data(data: object) -> list[Hardware] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                data_type_0 = []
                _data_type_0 = data
                for data_type_0_item_data in _data_type_0:
                    try:
                        if not isinstance(data_type_0_item_data, dict):
                            raise TypeError()
                        data_type_0_item = Hardware.from_dict(data_type_0_item_data)

                        data_type_0.append(data_type_0_item)
                    except (TypeError, ValueError, AttributeError, KeyError):
                        data_type_0.append(data_type_0_item_data)
                if data_type_0 and not any(hasattr(data_type_0_item, "to_dict") for data_type_0_item in data_type_0):
                    raise TypeError()

                return data_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Hardware] | None | Unset, data)

        data = _parse_data(d.pop("data", UNSET))

        hardware_list = cls(
            data=data,
        )

        hardware_list.additional_properties = d
        return hardware_list

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
