from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.dtype_count import DtypeCount


T = TypeVar("T", bound="ParameterCounts")


@_attrs_define
class ParameterCounts:
    """Numbers of parameters.

    Attributes:
        total (None | str | Unset): Number of all parameters, as text.
        by_dtype (list[DtypeCount] | None | Unset): Number of parameters by data type.
    """

    total: None | str | Unset = UNSET
    by_dtype: list[DtypeCount] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        total: None | str | Unset
        if isinstance(self.total, Unset):
            total = UNSET
        else:
            total = self.total

        by_dtype: list[dict[str, Any]] | None | Unset
        if isinstance(self.by_dtype, Unset):
            by_dtype = UNSET
        elif isinstance(self.by_dtype, list):
            by_dtype = []
            for by_dtype_type_0_item_data in self.by_dtype:
                by_dtype_type_0_item = (
                    by_dtype_type_0_item_data.to_dict()
                    if hasattr(by_dtype_type_0_item_data, "to_dict")
                    else by_dtype_type_0_item_data
                )
                by_dtype.append(by_dtype_type_0_item)

        else:
            by_dtype = self.by_dtype

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if total is not UNSET:
            field_dict["total"] = total
        if by_dtype is not UNSET:
            field_dict["byDtype"] = by_dtype

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.dtype_count import DtypeCount  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_total(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        total = _parse_total(d.pop("total", UNSET))

        def _parse_by_dtype(data: object) -> list[DtypeCount] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                by_dtype_type_0 = []
                _by_dtype_type_0 = data
                for by_dtype_type_0_item_data in _by_dtype_type_0:
                    try:
                        if not isinstance(by_dtype_type_0_item_data, dict):
                            raise TypeError()
                        by_dtype_type_0_item = DtypeCount.from_dict(by_dtype_type_0_item_data)

                        by_dtype_type_0.append(by_dtype_type_0_item)
                    except (TypeError, ValueError, AttributeError, KeyError):
                        by_dtype_type_0.append(by_dtype_type_0_item_data)
                if by_dtype_type_0 and not any(
                    hasattr(by_dtype_type_0_item, "to_dict") for by_dtype_type_0_item in by_dtype_type_0
                ):
                    raise TypeError()

                return by_dtype_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[DtypeCount] | None | Unset, data)

        by_dtype = _parse_by_dtype(d.pop("byDtype", UNSET))

        parameter_counts = cls(
            total=total,
            by_dtype=by_dtype,
        )

        parameter_counts.additional_properties = d
        return parameter_counts

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
