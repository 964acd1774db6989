from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.hardware_availability import HardwareAvailability
    from ..models.hardware_pricing import HardwarePricing
    from ..models.hardware_specs import HardwareSpecs
    from ..models.unknown_object import UnknownObject


T = TypeVar("T", bound="Hardware")


@_attrs_define
class Hardware:
    """Hardware for endpoints.

    Attributes:
        id (str): Its name, such as `1x_nvidia_h100_80gb_sxm`.
        object_ (None | str | Unset): `hardware`.
        pricing (HardwarePricing | None | UnknownObject | Unset): Price.
        specs (HardwareSpecs | None | UnknownObject | Unset): Specification.
        availability (HardwareAvailability | None | UnknownObject | Unset): Availability.
        updated_at (datetime.datetime | None | str | Unset): Time of the last update of the availability.
    """

    id: str
    object_: None | str | Unset = UNSET
    pricing: HardwarePricing | None | UnknownObject | Unset = UNSET
    specs: HardwareSpecs | None | UnknownObject | Unset = UNSET
    availability: HardwareAvailability | None | UnknownObject | Unset = UNSET
    updated_at: datetime.datetime | None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.hardware_availability import HardwareAvailability  # noqa: PLC0415
        from ..models.hardware_pricing import HardwarePricing  # noqa: PLC0415
        from ..models.hardware_specs import HardwareSpecs  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        id = self.id

        object_: None | str | Unset
        if isinstance(self.object_, Unset):
            object_ = UNSET
        else:
            object_ = self.object_

        pricing: dict[str, Any] | None | Unset
        if isinstance(self.pricing, Unset):
            pricing = UNSET
        elif isinstance(self.pricing, HardwarePricing):
            pricing = self.pricing.to_dict()
        elif isinstance(self.pricing, UnknownObject):
            pricing = self.pricing.to_dict()
        else:
            pricing = self.pricing

        specs: dict[str, Any] | None | Unset
        if isinstance(self.specs, Unset):
            specs = UNSET
        elif isinstance(self.specs, HardwareSpecs):
            specs = self.specs.to_dict()
        elif isinstance(self.specs, UnknownObject):
            specs = self.specs.to_dict()
        else:
            specs = self.specs

        availability: dict[str, Any] | None | Unset
        if isinstance(self.availability, Unset):
            availability = UNSET
        elif isinstance(self.availability, HardwareAvailability):
            availability = self.availability.to_dict()
        elif isinstance(self.availability, UnknownObject):
            availability = self.availability.to_dict()
        else:
            availability = self.availability

        updated_at: None | str | Unset
        if isinstance(self.updated_at, Unset):
            updated_at = UNSET
        elif isinstance(self.updated_at, datetime.datetime):
            updated_at = self.updated_at.isoformat()
        else:
            updated_at = self.updated_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if object_ is not UNSET:
            field_dict["object"] = object_
        if pricing is not UNSET:
            field_dict["pricing"] = pricing
        if specs is not UNSET:
            field_dict["specs"] = specs
        if availability is not UNSET:
            field_dict["availability"] = availability
        if updated_at is not UNSET:
            field_dict["updated_at"] = updated_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.hardware_availability import HardwareAvailability  # noqa: PLC0415
        from ..models.hardware_pricing import HardwarePricing  # noqa: PLC0415
        from ..models.hardware_specs import HardwareSpecs  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_object_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        object_ = _parse_object_(d.pop("object", UNSET))

        def _parse_pricing(data: object) -> HardwarePricing | None | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                pricing_type_0 = HardwarePricing.from_dict(data)

                return pricing_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                pricing_type_1 = UnknownObject.from_dict(data)

                return pricing_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(HardwarePricing | None | UnknownObject | Unset, data)

        pricing = _parse_pricing(d.pop("pricing", UNSET))

        def _parse_specs(data: object) -> HardwareSpecs | None | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                specs_type_0 = HardwareSpecs.from_dict(data)

                return specs_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                specs_type_1 = UnknownObject.from_dict(data)

                return specs_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(HardwareSpecs | None | UnknownObject | Unset, data)

        specs = _parse_specs(d.pop("specs", UNSET))

        def _parse_availability(data: object) -> HardwareAvailability | None | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                availability_type_0 = HardwareAvailability.from_dict(data)

                return availability_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                availability_type_1 = UnknownObject.from_dict(data)

                return availability_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(HardwareAvailability | None | UnknownObject | Unset, data)

        availability = _parse_availability(d.pop("availability", UNSET))

        def _parse_updated_at(data: object) -> datetime.datetime | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                updated_at_type_0 = datetime.datetime.fromisoformat(data)

                return updated_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | str | Unset, data)

        updated_at = _parse_updated_at(d.pop("updated_at", UNSET))

        hardware = cls(
            id=id,
            object_=object_,
            pricing=pricing,
            specs=specs,
            availability=availability,
            updated_at=updated_at,
        )

        hardware.additional_properties = d
        return hardware

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
