from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="FinetuneLoRALimits")


@_attrs_define
class FinetuneLoRALimits:
    """Limits of LoRA training.

    Attributes:
        max_batch_size (int | None | Unset): Maximum batch size in supervised fine-tuning.
        max_batch_size_dpo (int | None | Unset): Maximum batch size in direct preference optimization.
        min_batch_size (int | None | Unset): Minimum batch size.
        default_rank (int | None | Unset): The server's default rank.
        max_rank (int | None | Unset): Maximum rank.
        target_modules (list[str] | None | Unset): Modules that can be adapted.
    """

    max_batch_size: int | None | Unset = UNSET
    max_batch_size_dpo: int | None | Unset = UNSET
    min_batch_size: int | None | Unset = UNSET
    default_rank: int | None | Unset = UNSET
    max_rank: int | None | Unset = UNSET
    target_modules: list[str] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        max_batch_size: int | None | Unset
        if isinstance(self.max_batch_size, Unset):
            max_batch_size = UNSET
        else:
            max_batch_size = self.max_batch_size

        max_batch_size_dpo: int | None | Unset
        if isinstance(self.max_batch_size_dpo, Unset):
            max_batch_size_dpo = UNSET
        else:
            max_batch_size_dpo = self.max_batch_size_dpo

        min_batch_size: int | None | Unset
        if isinstance(self.min_batch_size, Unset):
            min_batch_size = UNSET
        else:
            min_batch_size = self.min_batch_size

        default_rank: int | None | Unset
        if isinstance(self.default_rank, Unset):
            default_rank = UNSET
        else:
            default_rank = self.default_rank

        max_rank: int | None | Unset
        if isinstance(self.max_rank, Unset):
            max_rank = UNSET
        else:
            max_rank = self.max_rank

        target_modules: list[str] | None | Unset
        if isinstance(self.target_modules, Unset):
            target_modules = UNSET
        elif isinstance(self.target_modules, list):
            target_modules = self.target_modules

        else:
            target_modules = self.target_modules

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if max_batch_size is not UNSET:
            field_dict["max_batch_size"] = max_batch_size
        if max_batch_size_dpo is not UNSET:
            field_dict["max_batch_size_dpo"] = max_batch_size_dpo
        if min_batch_size is not UNSET:
            field_dict["min_batch_size"] = min_batch_size
        if default_rank is not UNSET:
            field_dict["default_rank"] = default_rank
        if max_rank is not UNSET:
            field_dict["max_rank"] = max_rank
        if target_modules is not UNSET:
            field_dict["target_modules"] = target_modules

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_max_batch_size(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_batch_size = _parse_max_batch_size(d.pop("max_batch_size", UNSET))

        def _parse_max_batch_size_dpo(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_batch_size_dpo = _parse_max_batch_size_dpo(d.pop("max_batch_size_dpo", UNSET))

        def _parse_min_batch_size(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        min_batch_size = _parse_min_batch_size(d.pop("min_batch_size", UNSET))

        def _parse_default_rank(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        default_rank = _parse_default_rank(d.pop("default_rank", UNSET))

        def _parse_max_rank(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_rank = _parse_max_rank(d.pop("max_rank", UNSET))

        def _parse_target_modules(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                target_modules_type_0 = cast(list[str], data)

                return target_modules_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        target_modules = _parse_target_modules(d.pop("target_modules", UNSET))

        finetune_lo_ra_limits = cls(
            max_batch_size=max_batch_size,
            max_batch_size_dpo=max_batch_size_dpo,
            min_batch_size=min_batch_size,
            default_rank=default_rank,
            max_rank=max_rank,
            target_modules=target_modules,
        )

        finetune_lo_ra_limits.additional_properties = d
        return finetune_lo_ra_limits

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
