from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.download_file import DownloadFile


T = TypeVar("T", bound="ModelDownload")


@_attrs_define
class ModelDownload:
    """The URLs of files.

    Attributes:
        revision_id (None | str | Unset): ID of the revision.
        files (list[DownloadFile] | None | Unset): The files.
    """

    revision_id: None | str | Unset = UNSET
    files: list[DownloadFile] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        revision_id: None | str | Unset
        if isinstance(self.revision_id, Unset):
            revision_id = UNSET
        else:
            revision_id = self.revision_id

        files: list[dict[str, Any]] | None | Unset
        if isinstance(self.files, Unset):
            files = UNSET
        elif isinstance(self.files, list):
            files = []
            for files_type_0_item_data in self.files:
                files_type_0_item = (
                    files_type_0_item_data.to_dict()
                    if hasattr(files_type_0_item_data, "to_dict")
                    else files_type_0_item_data
                )
                files.append(files_type_0_item)

        else:
            files = self.files

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if revision_id is not UNSET:
            field_dict["revisionId"] = revision_id
        if files is not UNSET:
            field_dict["files"] = files

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.download_file import DownloadFile  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_revision_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        revision_id = _parse_revision_id(d.pop("revisionId", UNSET))

        def _parse_files(data: object) -> list[DownloadFile] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                files_type_0 = []
                _files_type_0 = data
                for files_type_0_item_data in _files_type_0:
                    try:
                        if not isinstance(files_type_0_item_data, dict):
                            raise TypeError()
                        files_type_0_item = DownloadFile.from_dict(files_type_0_item_data)

                        files_type_0.append(files_type_0_item)
                    except (TypeError, ValueError, AttributeError, KeyError):
                        files_type_0.append(files_type_0_item_data)
                if files_type_0 and not any(
                    hasattr(files_type_0_item, "to_dict") for files_type_0_item in files_type_0
                ):
                    raise TypeError()

                return files_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[DownloadFile] | None | Unset, data)

        files = _parse_files(d.pop("files", UNSET))

        model_download = cls(
            revision_id=revision_id,
            files=files,
        )

        model_download.additional_properties = d
        return model_download

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
