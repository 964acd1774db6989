from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="LinearLRSchedulerArgs")


@_attrs_define
class LinearLRSchedulerArgs:
    """Settings of the linear schedule.

    Attributes:
        min_lr_ratio (float | None | Unset): Final learning rate as a fraction of the peak.
    """

    min_lr_ratio: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        min_lr_ratio: float | None | Unset
        if isinstance(self.min_lr_ratio, Unset):
            min_lr_ratio = UNSET
        else:
            min_lr_ratio = self.min_lr_ratio

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if min_lr_ratio is not UNSET:
            field_dict["min_lr_ratio"] = min_lr_ratio

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_min_lr_ratio(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        min_lr_ratio = _parse_min_lr_ratio(d.pop("min_lr_ratio", UNSET))

        linear_lr_scheduler_args = cls(
            min_lr_ratio=min_lr_ratio,
        )

        linear_lr_scheduler_args.additional_properties = d
        return linear_lr_scheduler_args

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
