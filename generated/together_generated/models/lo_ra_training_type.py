from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.lo_ra_training_type_type import LoRATrainingTypeType
from ..types import UNSET, Unset

T = TypeVar("T", bound="LoRATrainingType")


@_attrs_define
class LoRATrainingType:
    """A low-rank adapter is trained. `lora_r` and `lora_alpha` are required to create a job.

    Attributes:
        type_ (LoRATrainingTypeType):
        lora_r (int | None | Unset): Rank of the adapter.
        lora_alpha (int | None | Unset): Scaling of the adapter.
        lora_dropout (float | None | Unset): Dropout of the adapter, from 0 to 1.
        lora_trainable_modules (None | str | Unset): Modules to adapt, separated by commas, or `all-linear`.
    """

    type_: LoRATrainingTypeType
    lora_r: int | None | Unset = UNSET
    lora_alpha: int | None | Unset = UNSET
    lora_dropout: float | None | Unset = UNSET
    lora_trainable_modules: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_.value

        lora_r: int | None | Unset
        if isinstance(self.lora_r, Unset):
            lora_r = UNSET
        else:
            lora_r = self.lora_r

        lora_alpha: int | None | Unset
        if isinstance(self.lora_alpha, Unset):
            lora_alpha = UNSET
        else:
            lora_alpha = self.lora_alpha

        lora_dropout: float | None | Unset
        if isinstance(self.lora_dropout, Unset):
            lora_dropout = UNSET
        else:
            lora_dropout = self.lora_dropout

        lora_trainable_modules: None | str | Unset
        if isinstance(self.lora_trainable_modules, Unset):
            lora_trainable_modules = UNSET
        else:
            lora_trainable_modules = self.lora_trainable_modules

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
            }
        )
        if lora_r is not UNSET:
            field_dict["lora_r"] = lora_r
        if lora_alpha is not UNSET:
            field_dict["lora_alpha"] = lora_alpha
        if lora_dropout is not UNSET:
            field_dict["lora_dropout"] = lora_dropout
        if lora_trainable_modules is not UNSET:
            field_dict["lora_trainable_modules"] = lora_trainable_modules

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = LoRATrainingTypeType(d.pop("type"))

        def _parse_lora_r(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        lora_r = _parse_lora_r(d.pop("lora_r", UNSET))

        def _parse_lora_alpha(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        lora_alpha = _parse_lora_alpha(d.pop("lora_alpha", UNSET))

        def _parse_lora_dropout(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        lora_dropout = _parse_lora_dropout(d.pop("lora_dropout", UNSET))

        def _parse_lora_trainable_modules(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        lora_trainable_modules = _parse_lora_trainable_modules(d.pop("lora_trainable_modules", UNSET))

        lo_ra_training_type = cls(
            type_=type_,
            lora_r=lora_r,
            lora_alpha=lora_alpha,
            lora_dropout=lora_dropout,
            lora_trainable_modules=lora_trainable_modules,
        )

        lo_ra_training_type.additional_properties = d
        return lo_ra_training_type

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
