from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.file_purpose import FilePurpose
from ..models.file_type import FileType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.unknown_object import UnknownObject
    from ..models.validation_report import ValidationReport


T = TypeVar("T", bound="FileObject")


@_attrs_define
class FileObject:
    """An uploaded file.

    Attributes:
        id (str): The file's ID, which starts with `file-`.
        object_ (None | str | Unset): `file`.
        created_at (int | None | Unset): Time of the upload, in seconds since 1970.
        filename (None | str | Unset): Name of the file.
        bytes_ (int | None | Unset): Its size in bytes.
        purpose (FilePurpose | None | str | Unset): Purpose of the file.
        file_type (FileType | None | str | Unset): Format of the file.
        processed (bool | None | Unset): Whether the server has validated the file.
        line_count (int | None | Unset): Number of examples.
        processing_status (None | str | Unset): Status of the validation, on newer servers.
        validation_report (None | UnknownObject | Unset | ValidationReport): Result of the validation, on newer servers.
    """

    id: str
    object_: None | str | Unset = UNSET
    created_at: int | None | Unset = UNSET
    filename: None | str | Unset = UNSET
    bytes_: int | None | Unset = UNSET
    purpose: FilePurpose | None | str | Unset = UNSET
    file_type: FileType | None | str | Unset = UNSET
    processed: bool | None | Unset = UNSET
    line_count: int | None | Unset = UNSET
    processing_status: None | str | Unset = UNSET
    validation_report: None | UnknownObject | Unset | ValidationReport = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415
        from ..models.validation_report import ValidationReport  # noqa: PLC0415

        id = self.id

        object_: None | str | Unset
        if isinstance(self.object_, Unset):
            object_ = UNSET
        else:
            object_ = self.object_

        created_at: int | None | Unset
        if isinstance(self.created_at, Unset):
            created_at = UNSET
        else:
            created_at = self.created_at

        filename: None | str | Unset
        if isinstance(self.filename, Unset):
            filename = UNSET
        else:
            filename = self.filename

        bytes_: int | None | Unset
        if isinstance(self.bytes_, Unset):
            bytes_ = UNSET
        else:
            bytes_ = self.bytes_

        purpose: None | str | Unset
        if isinstance(self.purpose, Unset):
            purpose = UNSET
        elif isinstance(self.purpose, FilePurpose):
            purpose = self.purpose.value
        else:
            purpose = self.purpose

        file_type: None | str | Unset
        if isinstance(self.file_type, Unset):
            file_type = UNSET
        elif isinstance(self.file_type, FileType):
            file_type = self.file_type.value
        else:
            file_type = self.file_type

        processed: bool | None | Unset
        if isinstance(self.processed, Unset):
            processed = UNSET
        else:
            processed = self.processed

        line_count: int | None | Unset
        if isinstance(self.line_count, Unset):
            line_count = UNSET
        else:
            line_count = self.line_count

        processing_status: None | str | Unset
        if isinstance(self.processing_status, Unset):
            processing_status = UNSET
        else:
            processing_status = self.processing_status

        validation_report: dict[str, Any] | None | Unset
        if isinstance(self.validation_report, Unset):
            validation_report = UNSET
        elif isinstance(self.validation_report, ValidationReport):
            validation_report = self.validation_report.to_dict()
        elif isinstance(self.validation_report, UnknownObject):
            validation_report = self.validation_report.to_dict()
        else:
            validation_report = self.validation_report

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if object_ is not UNSET:
            field_dict["object"] = object_
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if filename is not UNSET:
            field_dict["filename"] = filename
        if bytes_ is not UNSET:
            field_dict["bytes"] = bytes_
        if purpose is not UNSET:
            field_dict["purpose"] = purpose
        if file_type is not UNSET:
            field_dict["FileType"] = file_type
        if processed is not UNSET:
            field_dict["Processed"] = processed
        if line_count is not UNSET:
            field_dict["LineCount"] = line_count
        if processing_status is not UNSET:
            field_dict["processing_status"] = processing_status
        if validation_report is not UNSET:
            field_dict["validation_report"] = validation_report

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415
        from ..models.validation_report import ValidationReport  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_object_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        object_ = _parse_object_(d.pop("object", UNSET))

        def _parse_created_at(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        created_at = _parse_created_at(d.pop("created_at", UNSET))

        def _parse_filename(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        filename = _parse_filename(d.pop("filename", UNSET))

        def _parse_bytes_(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        bytes_ = _parse_bytes_(d.pop("bytes", UNSET))

        def _parse_purpose(data: object) -> FilePurpose | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                purpose_type_0 = FilePurpose(data)

                return purpose_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FilePurpose | None | str | Unset, data)

        purpose = _parse_purpose(d.pop("purpose", UNSET))

        def _parse_file_type(data: object) -> FileType | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                file_type_type_0 = FileType(data)

                return file_type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FileType | None | str | Unset, data)

        file_type = _parse_file_type(d.pop("FileType", UNSET))

        def _parse_processed(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        processed = _parse_processed(d.pop("Processed", UNSET))

        def _parse_line_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        line_count = _parse_line_count(d.pop("LineCount", UNSET))

        def _parse_processing_status(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        processing_status = _parse_processing_status(d.pop("processing_status", UNSET))

        def _parse_validation_report(data: object) -> None | UnknownObject | Unset | ValidationReport:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                validation_report_type_0 = ValidationReport.from_dict(data)

                return validation_report_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                validation_report_type_1 = UnknownObject.from_dict(data)

                return validation_report_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UnknownObject | Unset | ValidationReport, data)

        validation_report = _parse_validation_report(d.pop("validation_report", UNSET))

        file_object = cls(
            id=id,
            object_=object_,
            created_at=created_at,
            filename=filename,
            bytes_=bytes_,
            purpose=purpose,
            file_type=file_type,
            processed=processed,
            line_count=line_count,
            processing_status=processing_status,
            validation_report=validation_report,
        )

        file_object.additional_properties = d
        return file_object

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
