from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.finetune_metrics import FinetuneMetrics


T = TypeVar("T", bound="FinetuneListMetrics")


@_attrs_define
class FinetuneListMetrics:
    """The metrics of a job.

    Attributes:
        metrics (list[FinetuneMetrics] | None | Unset): The items, oldest first.
    """

    metrics: list[FinetuneMetrics] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        metrics: list[dict[str, Any]] | None | Unset
        if isinstance(self.metrics, Unset):
            metrics = UNSET
        elif isinstance(self.metrics, list):
            metrics = []
            for metrics_type_0_item_data in self.metrics:
                metrics_type_0_item = (
                    metrics_type_0_item_data.to_dict()
                    if hasattr(metrics_type_0_item_data, "to_dict")
                    else metrics_type_0_item_data
                )
                metrics.append(metrics_type_0_item)

        else:
            metrics = self.metrics

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if metrics is not UNSET:
            field_dict["metrics"] = metrics

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.finetune_metrics import FinetuneMetrics  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_metrics(data: object) -> list[FinetuneMetrics] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                metrics_type_0 = []
                _metrics_type_0 = data
                for metrics_type_0_item_data in _metrics_type_0:
                    try:
                        if not isinstance(metrics_type_0_item_data, dict):
                            raise TypeError()
                        metrics_type_0_item = FinetuneMetrics.from_dict(metrics_type_0_item_data)

                        metrics_type_0.append(metrics_type_0_item)
                    except (TypeError, ValueError, AttributeError, KeyError):
                        metrics_type_0.append(metrics_type_0_item_data)
                if metrics_type_0 and not any(
                    hasattr(metrics_type_0_item, "to_dict") for metrics_type_0_item in metrics_type_0
                ):
                    raise TypeError()

                return metrics_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[FinetuneMetrics] | None | Unset, data)

        metrics = _parse_metrics(d.pop("metrics", UNSET))

        finetune_list_metrics = cls(
            metrics=metrics,
        )

        finetune_list_metrics.additional_properties = d
        return finetune_list_metrics

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
