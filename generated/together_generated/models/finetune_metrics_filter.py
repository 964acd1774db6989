from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="FinetuneMetricsFilter")


@_attrs_define
class FinetuneMetricsFilter:
    """Filters for the metrics; an omitted filter does not apply.

    Attributes:
        global_step_from (int | Unset): First training step.
        global_step_to (int | Unset): Last training step.
        logged_at_from (datetime.datetime | Unset): Earliest time of recording.
        logged_at_to (datetime.datetime | Unset): Latest time of recording.
    """

    global_step_from: int | Unset = UNSET
    global_step_to: int | Unset = UNSET
    logged_at_from: datetime.datetime | Unset = UNSET
    logged_at_to: datetime.datetime | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        global_step_from = self.global_step_from

        global_step_to = self.global_step_to

        logged_at_from: str | Unset = UNSET
        if not isinstance(self.logged_at_from, Unset):
            logged_at_from = self.logged_at_from.isoformat()

        logged_at_to: str | Unset = UNSET
        if not isinstance(self.logged_at_to, Unset):
            logged_at_to = self.logged_at_to.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if global_step_from is not UNSET:
            field_dict["global_step_from"] = global_step_from
        if global_step_to is not UNSET:
            field_dict["global_step_to"] = global_step_to
        if logged_at_from is not UNSET:
            field_dict["logged_at_from"] = logged_at_from
        if logged_at_to is not UNSET:
            field_dict["logged_at_to"] = logged_at_to

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        global_step_from = d.pop("global_step_from", UNSET)

        global_step_to = d.pop("global_step_to", UNSET)

        _logged_at_from = d.pop("logged_at_from", UNSET)
        logged_at_from: datetime.datetime | Unset
        if isinstance(_logged_at_from, Unset):
            logged_at_from = UNSET
        else:
            logged_at_from = datetime.datetime.fromisoformat(_logged_at_from)

        _logged_at_to = d.pop("logged_at_to", UNSET)
        logged_at_to: datetime.datetime | Unset
        if isinstance(_logged_at_to, Unset):
            logged_at_to = UNSET
        else:
            logged_at_to = datetime.datetime.fromisoformat(_logged_at_to)

        finetune_metrics_filter = cls(
            global_step_from=global_step_from,
            global_step_to=global_step_to,
            logged_at_from=logged_at_from,
            logged_at_to=logged_at_to,
        )

        finetune_metrics_filter.additional_properties = d
        return finetune_metrics_filter

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
