from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="MultimodalParams")


@_attrs_define
class MultimodalParams:
    """Settings of vision models.

    Attributes:
        train_vision (bool | None | Unset): Also train the vision encoder.
    """

    train_vision: bool | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        train_vision: bool | None | Unset
        if isinstance(self.train_vision, Unset):
            train_vision = UNSET
        else:
            train_vision = self.train_vision

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if train_vision is not UNSET:
            field_dict["train_vision"] = train_vision

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_train_vision(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        train_vision = _parse_train_vision(d.pop("train_vision", UNSET))

        multimodal_params = cls(
            train_vision=train_vision,
        )

        multimodal_params.additional_properties = d
        return multimodal_params

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
