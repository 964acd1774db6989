from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.revision_validation_status import RevisionValidationStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.validation_error import ValidationError


T = TypeVar("T", bound="Revision")


@_attrs_define
class Revision:
    """A revision of a model.

    Attributes:
        revision_id (None | str | Unset): The revision's ID, which starts with `rv_`.
        created_at (datetime.datetime | None | str | Unset): Date of its creation.
        last_validated_at (datetime.datetime | None | str | Unset): Date of its last validation.
        validation_status (None | RevisionValidationStatus | str | Unset): Status of its validation.
        validation_errors (list[ValidationError] | None | Unset): Errors of its validation.
    """

    revision_id: None | str | Unset = UNSET
    created_at: datetime.datetime | None | str | Unset = UNSET
    last_validated_at: datetime.datetime | None | str | Unset = UNSET
    validation_status: None | RevisionValidationStatus | str | Unset = UNSET
    validation_errors: list[ValidationError] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        revision_id: None | str | Unset
        if isinstance(self.revision_id, Unset):
            revision_id = UNSET
        else:
            revision_id = self.revision_id

        created_at: None | str | Unset
        if isinstance(self.created_at, Unset):
            created_at = UNSET
        elif isinstance(self.created_at, datetime.datetime):
            created_at = self.created_at.isoformat()
        else:
            created_at = self.created_at

        last_validated_at: None | str | Unset
        if isinstance(self.last_validated_at, Unset):
            last_validated_at = UNSET
        elif isinstance(self.last_validated_at, datetime.datetime):
            last_validated_at = self.last_validated_at.isoformat()
        else:
            last_validated_at = self.last_validated_at

        validation_status: None | str | Unset
        if isinstance(self.validation_status, Unset):
            validation_status = UNSET
        elif isinstance(self.validation_status, RevisionValidationStatus):
            validation_status = self.validation_status.value
        else:
            validation_status = self.validation_status

        validation_errors: list[dict[str, Any]] | None | Unset
        if isinstance(self.validation_errors, Unset):
            validation_errors = UNSET
        elif isinstance(self.validation_errors, list):
            validation_errors = []
            for validation_errors_type_0_item_data in self.validation_errors:
                validation_errors_type_0_item = (
                    validation_errors_type_0_item_data.to_dict()
                    if hasattr(validation_errors_type_0_item_data, "to_dict")
                    else validation_errors_type_0_item_data
                )
                validation_errors.append(validation_errors_type_0_item)

        else:
            validation_errors = self.validation_errors

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if revision_id is not UNSET:
            field_dict["revisionId"] = revision_id
        if created_at is not UNSET:
            field_dict["createdAt"] = created_at
        if last_validated_at is not UNSET:
            field_dict["lastValidatedAt"] = last_validated_at
        if validation_status is not UNSET:
            field_dict["validationStatus"] = validation_status
        if validation_errors is not UNSET:
            field_dict["validationErrors"] = validation_errors

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.validation_error import ValidationError  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_revision_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        revision_id = _parse_revision_id(d.pop("revisionId", UNSET))

        def _parse_created_at(data: object) -> datetime.datetime | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                created_at_type_0 = datetime.datetime.fromisoformat(data)

                return created_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | str | Unset, data)

        created_at = _parse_created_at(d.pop("createdAt", UNSET))

        def _parse_last_validated_at(data: object) -> datetime.datetime | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_validated_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_validated_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | str | Unset, data)

        last_validated_at = _parse_last_validated_at(d.pop("lastValidatedAt", UNSET))

        def _parse_validation_status(data: object) -> None | RevisionValidationStatus | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                validation_status_type_0 = RevisionValidationStatus(data)

                return validation_status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RevisionValidationStatus | str | Unset, data)

        validation_status = _parse_validation_status(d.pop("validationStatus", UNSET))

        def _parse_validation_errors(data: object) -> list[ValidationError] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                validation_errors_type_0 = []
                _validation_errors_type_0 = data
                for validation_errors_type_0_item_data in _validation_errors_type_0:
                    try:
                        if not isinstance(validation_errors_type_0_item_data, dict):
                            raise TypeError()
                        validation_errors_type_0_item = ValidationError.from_dict(validation_errors_type_0_item_data)

                        validation_errors_type_0.append(validation_errors_type_0_item)
                    except (TypeError, ValueError, AttributeError, KeyError):
                        validation_errors_type_0.append(validation_errors_type_0_item_data)
                if validation_errors_type_0 and not any(
                    hasattr(validation_errors_type_0_item, "to_dict")
                    for validation_errors_type_0_item in validation_errors_type_0
                ):
                    raise TypeError()

                return validation_errors_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[ValidationError] | None | Unset, data)

        validation_errors = _parse_validation_errors(d.pop("validationErrors", UNSET))

        revision = cls(
            revision_id=revision_id,
            created_at=created_at,
            last_validated_at=last_validated_at,
            validation_status=validation_status,
            validation_errors=validation_errors,
        )

        revision.additional_properties = d
        return revision

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
