from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="HardwareSpecs")


@_attrs_define
class HardwareSpecs:
    """Specification of hardware.

    Attributes:
        gpu_type (None | str | Unset): The GPU.
        gpu_link (None | str | Unset): How the GPUs are connected.
        gpu_memory (float | None | Unset): Memory of each GPU in GB.
        gpu_count (int | None | Unset): Number of GPUs.
    """

    gpu_type: None | str | Unset = UNSET
    gpu_link: None | str | Unset = UNSET
    gpu_memory: float | None | Unset = UNSET
    gpu_count: int | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        gpu_type: None | str | Unset
        if isinstance(self.gpu_type, Unset):
            gpu_type = UNSET
        else:
            gpu_type = self.gpu_type

        gpu_link: None | str | Unset
        if isinstance(self.gpu_link, Unset):
            gpu_link = UNSET
        else:
            gpu_link = self.gpu_link

        gpu_memory: float | None | Unset
        if isinstance(self.gpu_memory, Unset):
            gpu_memory = UNSET
        else:
            gpu_memory = self.gpu_memory

        gpu_count: int | None | Unset
        if isinstance(self.gpu_count, Unset):
            gpu_count = UNSET
        else:
            gpu_count = self.gpu_count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if gpu_type is not UNSET:
            field_dict["gpu_type"] = gpu_type
        if gpu_link is not UNSET:
            field_dict["gpu_link"] = gpu_link
        if gpu_memory is not UNSET:
            field_dict["gpu_memory"] = gpu_memory
        if gpu_count is not UNSET:
            field_dict["gpu_count"] = gpu_count

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_gpu_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        gpu_type = _parse_gpu_type(d.pop("gpu_type", UNSET))

        def _parse_gpu_link(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        gpu_link = _parse_gpu_link(d.pop("gpu_link", UNSET))

        def _parse_gpu_memory(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        gpu_memory = _parse_gpu_memory(d.pop("gpu_memory", UNSET))

        def _parse_gpu_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        gpu_count = _parse_gpu_count(d.pop("gpu_count", UNSET))

        hardware_specs = cls(
            gpu_type=gpu_type,
            gpu_link=gpu_link,
            gpu_memory=gpu_memory,
            gpu_count=gpu_count,
        )

        hardware_specs.additional_properties = d
        return hardware_specs

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
