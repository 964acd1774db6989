from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ModelDownloadRequest")


@_attrs_define
class ModelDownloadRequest:
    """The files to download.

    Attributes:
        object_id (str): The model's ID, which starts with `ml_`, or its name.
        revision_id (str | Unset): ID of the revision (default: the latest revision).
        paths (list[str] | Unset): Paths of the files; all files if it is empty.
    """

    object_id: str
    revision_id: str | Unset = UNSET
    paths: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_id = self.object_id

        revision_id = self.revision_id

        paths: list[str] | Unset = UNSET
        if not isinstance(self.paths, Unset):
            paths = self.paths

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "objectId": object_id,
            }
        )
        if revision_id is not UNSET:
            field_dict["revisionId"] = revision_id
        if paths is not UNSET:
            field_dict["paths"] = paths

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_id = d.pop("objectId")

        revision_id = d.pop("revisionId", UNSET)

        paths = cast(list[str], d.pop("paths", UNSET))

        model_download_request = cls(
            object_id=object_id,
            revision_id=revision_id,
            paths=paths,
        )

        model_download_request.additional_properties = d
        return model_download_request

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
