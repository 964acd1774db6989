from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.revision_file import RevisionFile


T = TypeVar("T", bound="RevisionFileList")


@_attrs_define
class RevisionFileList:
    """A page of the files of a revision.

    Attributes:
        data (list[RevisionFile] | None | Unset): The files.
        revision_id (None | str | Unset): ID of the revision.
        revision_created_at (datetime.datetime | None | str | Unset): Date of the revision's creation.
        total_size_bytes (int | None | str | Unset): Size of all files in bytes, usually as text.
        next_cursor (None | str | Unset): Cursor of the next page; null for the last page.
        object_ (None | str | Unset): `list`.
    """

    data: list[RevisionFile] | None | Unset = UNSET
    revision_id: None | str | Unset = UNSET
    revision_created_at: datetime.datetime | None | str | Unset = UNSET
    total_size_bytes: int | None | str | Unset = UNSET
    next_cursor: None | str | Unset = UNSET
    object_: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        data: list[dict[str, Any]] | None | Unset
        if isinstance(self.data, Unset):
            data = UNSET
        elif isinstance(self.data, list):
            data = []
            for data_type_0_item_data in self.data:
                data_type_0_item = (
                    data_type_0_item_data.to_dict()
                    if hasattr(data_type_0_item_data, "to_dict")
                    else data_type_0_item_data
                )
                data.append(data_type_0_item)

        else:
            data = self.data

        revision_id: None | str | Unset
        if isinstance(self.revision_id, Unset):
            revision_id = UNSET
        else:
            revision_id = self.revision_id

        revision_created_at: None | str | Unset
        if isinstance(self.revision_created_at, Unset):
            revision_created_at = UNSET
        elif isinstance(self.revision_created_at, datetime.datetime):
            revision_created_at = self.revision_created_at.isoformat()
        else:
            revision_created_at = self.revision_created_at

        total_size_bytes: int | None | str | Unset
        if isinstance(self.total_size_bytes, Unset):
            total_size_bytes = UNSET
        else:
            total_size_bytes = self.total_size_bytes

        next_cursor: None | str | Unset
        if isinstance(self.next_cursor, Unset):
            next_cursor = UNSET
        else:
            next_cursor = self.next_cursor

        object_: None | str | Unset
        if isinstance(self.object_, Unset):
            object_ = UNSET
        else:
            object_ = self.object_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if data is not UNSET:
            field_dict["data"] = data
        if revision_id is not UNSET:
            field_dict["revisionId"] = revision_id
        if revision_created_at is not UNSET:
            field_dict["revisionCreatedAt"] = revision_created_at
        if total_size_bytes is not UNSET:
            field_dict["totalSizeBytes"] = total_size_bytes
        if next_cursor is not UNSET:
            field_dict["next_cursor"] = next_cursor
        if object_ is not UNSET:
            field_dict["object"] = object_

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.revision_file import RevisionFile  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_data(data: object) -> list[RevisionFile] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                data_type_0 = []
                _data_type_0 = data
                for data_type_0_item_data in _data_type_0:
                    try:
                        if not isinstance(data_type_0_item_data, dict):
                            raise TypeError()
                        data_type_0_item = RevisionFile.from_dict(data_type_0_item_data)

                        data_type_0.append(data_type_0_item)
                    except (TypeError, ValueError, AttributeError, KeyError):
                        data_type_0.append(data_type_0_item_data)
                if data_type_0 and not any(hasattr(data_type_0_item, "to_dict") for data_type_0_item in data_type_0):
                    raise TypeError()

                return data_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[RevisionFile] | None | Unset, data)

        data = _parse_data(d.pop("data", UNSET))

        def _parse_revision_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        revision_id = _parse_revision_id(d.pop("revisionId", UNSET))

        def _parse_revision_created_at(data: object) -> datetime.datetime | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                revision_created_at_type_0 = datetime.datetime.fromisoformat(data)

                return revision_created_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | str | Unset, data)

        revision_created_at = _parse_revision_created_at(d.pop("revisionCreatedAt", UNSET))

        def _parse_total_size_bytes(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        total_size_bytes = _parse_total_size_bytes(d.pop("totalSizeBytes", UNSET))

        def _parse_next_cursor(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        next_cursor = _parse_next_cursor(d.pop("next_cursor", UNSET))

        def _parse_object_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        object_ = _parse_object_(d.pop("object", UNSET))

        revision_file_list = cls(
            data=data,
            revision_id=revision_id,
            revision_created_at=revision_created_at,
            total_size_bytes=total_size_bytes,
            next_cursor=next_cursor,
            object_=object_,
        )

        revision_file_list.additional_properties = d
        return revision_file_list

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
