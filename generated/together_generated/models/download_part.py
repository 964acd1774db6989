from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.download_part_headers_type_0 import DownloadPartHeadersType0


T = TypeVar("T", bound="DownloadPart")


@_attrs_define
class DownloadPart:
    """A part of a file.

    Attributes:
        part_number (int | None | Unset): Number of the part, from 1.
        size_bytes (int | None | str | Unset): Size in bytes, usually as text.
        url (None | str | Unset): Presigned URL.
        headers (DownloadPartHeadersType0 | None | Unset): Headers to send with the request.
    """

    part_number: int | None | Unset = UNSET
    size_bytes: int | None | str | Unset = UNSET
    url: None | str | Unset = UNSET
    headers: DownloadPartHeadersType0 | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.download_part_headers_type_0 import DownloadPartHeadersType0  # noqa: PLC0415

        part_number: int | None | Unset
        if isinstance(self.part_number, Unset):
            part_number = UNSET
        else:
            part_number = self.part_number

        size_bytes: int | None | str | Unset
        if isinstance(self.size_bytes, Unset):
            size_bytes = UNSET
        else:
            size_bytes = self.size_bytes

        url: None | str | Unset
        if isinstance(self.url, Unset):
            url = UNSET
        else:
            url = self.url

        headers: dict[str, Any] | None | Unset
        if isinstance(self.headers, Unset):
            headers = UNSET
        elif isinstance(self.headers, DownloadPartHeadersType0):
            headers = self.headers.to_dict()
        else:
            headers = self.headers

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if part_number is not UNSET:
            field_dict["partNumber"] = part_number
        if size_bytes is not UNSET:
            field_dict["sizeBytes"] = size_bytes
        if url is not UNSET:
            field_dict["url"] = url
        if headers is not UNSET:
            field_dict["headers"] = headers

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.download_part_headers_type_0 import DownloadPartHeadersType0  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_part_number(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        part_number = _parse_part_number(d.pop("partNumber", UNSET))

        def _parse_size_bytes(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        size_bytes = _parse_size_bytes(d.pop("sizeBytes", UNSET))

        def _parse_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        url = _parse_url(d.pop("url", UNSET))

        def _parse_headers(data: object) -> DownloadPartHeadersType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                headers_type_0 = DownloadPartHeadersType0.from_dict(data)

                return headers_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DownloadPartHeadersType0 | None | Unset, data)

        headers = _parse_headers(d.pop("headers", UNSET))

        download_part = cls(
            part_number=part_number,
            size_bytes=size_bytes,
            url=url,
            headers=headers,
        )

        download_part.additional_properties = d
        return download_part

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
