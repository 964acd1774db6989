from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="FineTuneProgress")


@_attrs_define
class FineTuneProgress:
    """Progress of the current stage.

    Attributes:
        estimate_available (bool | None | Unset): Whether there is an estimate.
        seconds_remaining (float | None | Unset): Number of seconds until the next status.
    """

    estimate_available: bool | None | Unset = UNSET
    seconds_remaining: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        estimate_available: bool | None | Unset
        if isinstance(self.estimate_available, Unset):
            estimate_available = UNSET
        else:
            estimate_available = self.estimate_available

        seconds_remaining: float | None | Unset
        if isinstance(self.seconds_remaining, Unset):
            seconds_remaining = UNSET
        else:
            seconds_remaining = self.seconds_remaining

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if estimate_available is not UNSET:
            field_dict["estimate_available"] = estimate_available
        if seconds_remaining is not UNSET:
            field_dict["seconds_remaining"] = seconds_remaining

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_estimate_available(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        estimate_available = _parse_estimate_available(d.pop("estimate_available", UNSET))

        def _parse_seconds_remaining(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        seconds_remaining = _parse_seconds_remaining(d.pop("seconds_remaining", UNSET))

        fine_tune_progress = cls(
            estimate_available=estimate_available,
            seconds_remaining=seconds_remaining,
        )

        fine_tune_progress.additional_properties = d
        return fine_tune_progress

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
