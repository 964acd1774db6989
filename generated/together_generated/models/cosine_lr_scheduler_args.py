from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CosineLRSchedulerArgs")


@_attrs_define
class CosineLRSchedulerArgs:
    """Settings of the cosine schedule.

    Attributes:
        num_cycles (float): Number of cosine cycles; 0.5 is one decay.
        min_lr_ratio (float | None | Unset): Final learning rate as a fraction of the peak.
    """

    num_cycles: float
    min_lr_ratio: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        num_cycles = self.num_cycles

        min_lr_ratio: float | None | Unset
        if isinstance(self.min_lr_ratio, Unset):
            min_lr_ratio = UNSET
        else:
            min_lr_ratio = self.min_lr_ratio

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "num_cycles": num_cycles,
            }
        )
        if min_lr_ratio is not UNSET:
            field_dict["min_lr_ratio"] = min_lr_ratio

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        num_cycles = d.pop("num_cycles")

        def _parse_min_lr_ratio(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        min_lr_ratio = _parse_min_lr_ratio(d.pop("min_lr_ratio", UNSET))

        cosine_lr_scheduler_args = cls(
            num_cycles=num_cycles,
            min_lr_ratio=min_lr_ratio,
        )

        cosine_lr_scheduler_args.additional_properties = d
        return cosine_lr_scheduler_args

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
