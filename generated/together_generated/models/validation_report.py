from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ValidationReport")


@_attrs_define
class ValidationReport:
    """Result of the check of a file.

    Attributes:
        valid (bool | None | Unset): Whether the file is valid.
        dataset_format (None | str | Unset): Format of the examples, such as `CONVERSATION`.
        error (None | str | Unset): Message for people.
        error_type (None | str | Unset): Code of the problem.
        file_id (None | str | Unset): The file's ID.
        nlines (int | None | Unset): Number of examples.
        dataset_has_message_weights (bool | None | Unset): Whether messages have weights.
        dataset_has_parallel_tool_calls (bool | None | Unset): Whether messages have parallel tool calls.
        dataset_has_reasoning (bool | None | Unset): Whether messages have reasoning.
        dataset_has_sample_weights (bool | None | Unset): Whether examples have weights.
        dataset_has_tools (bool | None | Unset): Whether examples have tools.
        dataset_is_multimodal (bool | None | Unset): Whether examples have images.
    """

    valid: bool | None | Unset = UNSET
    dataset_format: None | str | Unset = UNSET
    error: None | str | Unset = UNSET
    error_type: None | str | Unset = UNSET
    file_id: None | str | Unset = UNSET
    nlines: int | None | Unset = UNSET
    dataset_has_message_weights: bool | None | Unset = UNSET
    dataset_has_parallel_tool_calls: bool | None | Unset = UNSET
    dataset_has_reasoning: bool | None | Unset = UNSET
    dataset_has_sample_weights: bool | None | Unset = UNSET
    dataset_has_tools: bool | None | Unset = UNSET
    dataset_is_multimodal: bool | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        valid: bool | None | Unset
        if isinstance(self.valid, Unset):
            valid = UNSET
        else:
            valid = self.valid

        dataset_format: None | str | Unset
        if isinstance(self.dataset_format, Unset):
            dataset_format = UNSET
        else:
            dataset_format = self.dataset_format

        error: None | str | Unset
        if isinstance(self.error, Unset):
            error = UNSET
        else:
            error = self.error

        error_type: None | str | Unset
        if isinstance(self.error_type, Unset):
            error_type = UNSET
        else:
            error_type = self.error_type

        file_id: None | str | Unset
        if isinstance(self.file_id, Unset):
            file_id = UNSET
        else:
            file_id = self.file_id

        nlines: int | None | Unset
        if isinstance(self.nlines, Unset):
            nlines = UNSET
        else:
            nlines = self.nlines

        dataset_has_message_weights: bool | None | Unset
        if isinstance(self.dataset_has_message_weights, Unset):
            dataset_has_message_weights = UNSET
        else:
            dataset_has_message_weights = self.dataset_has_message_weights

        dataset_has_parallel_tool_calls: bool | None | Unset
        if isinstance(self.dataset_has_parallel_tool_calls, Unset):
            dataset_has_parallel_tool_calls = UNSET
        else:
            dataset_has_parallel_tool_calls = self.dataset_has_parallel_tool_calls

        dataset_has_reasoning: bool | None | Unset
        if isinstance(self.dataset_has_reasoning, Unset):
            dataset_has_reasoning = UNSET
        else:
            dataset_has_reasoning = self.dataset_has_reasoning

        dataset_has_sample_weights: bool | None | Unset
        if isinstance(self.dataset_has_sample_weights, Unset):
            dataset_has_sample_weights = UNSET
        else:
            dataset_has_sample_weights = self.dataset_has_sample_weights

        dataset_has_tools: bool | None | Unset
        if isinstance(self.dataset_has_tools, Unset):
            dataset_has_tools = UNSET
        else:
            dataset_has_tools = self.dataset_has_tools

        dataset_is_multimodal: bool | None | Unset
        if isinstance(self.dataset_is_multimodal, Unset):
            dataset_is_multimodal = UNSET
        else:
            dataset_is_multimodal = self.dataset_is_multimodal

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if valid is not UNSET:
            field_dict["valid"] = valid
        if dataset_format is not UNSET:
            field_dict["dataset_format"] = dataset_format
        if error is not UNSET:
            field_dict["error"] = error
        if error_type is not UNSET:
            field_dict["error_type"] = error_type
        if file_id is not UNSET:
            field_dict["file_id"] = file_id
        if nlines is not UNSET:
            field_dict["nlines"] = nlines
        if dataset_has_message_weights is not UNSET:
            field_dict["dataset_has_message_weights"] = dataset_has_message_weights
        if dataset_has_parallel_tool_calls is not UNSET:
            field_dict["dataset_has_parallel_tool_calls"] = dataset_has_parallel_tool_calls
        if dataset_has_reasoning is not UNSET:
            field_dict["dataset_has_reasoning"] = dataset_has_reasoning
        if dataset_has_sample_weights is not UNSET:
            field_dict["dataset_has_sample_weights"] = dataset_has_sample_weights
        if dataset_has_tools is not UNSET:
            field_dict["dataset_has_tools"] = dataset_has_tools
        if dataset_is_multimodal is not UNSET:
            field_dict["dataset_is_multimodal"] = dataset_is_multimodal

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_valid(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        valid = _parse_valid(d.pop("valid", UNSET))

        def _parse_dataset_format(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        dataset_format = _parse_dataset_format(d.pop("dataset_format", UNSET))

        def _parse_error(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        error = _parse_error(d.pop("error", UNSET))

        def _parse_error_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        error_type = _parse_error_type(d.pop("error_type", UNSET))

        def _parse_file_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        file_id = _parse_file_id(d.pop("file_id", UNSET))

        def _parse_nlines(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        nlines = _parse_nlines(d.pop("nlines", UNSET))

        def _parse_dataset_has_message_weights(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        dataset_has_message_weights = _parse_dataset_has_message_weights(d.pop("dataset_has_message_weights", UNSET))

        def _parse_dataset_has_parallel_tool_calls(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        dataset_has_parallel_tool_calls = _parse_dataset_has_parallel_tool_calls(
            d.pop("dataset_has_parallel_tool_calls", UNSET)
        )

        def _parse_dataset_has_reasoning(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        dataset_has_reasoning = _parse_dataset_has_reasoning(d.pop("dataset_has_reasoning", UNSET))

        def _parse_dataset_has_sample_weights(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        dataset_has_sample_weights = _parse_dataset_has_sample_weights(d.pop("dataset_has_sample_weights", UNSET))

        def _parse_dataset_has_tools(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        dataset_has_tools = _parse_dataset_has_tools(d.pop("dataset_has_tools", UNSET))

        def _parse_dataset_is_multimodal(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        dataset_is_multimodal = _parse_dataset_is_multimodal(d.pop("dataset_is_multimodal", UNSET))

        validation_report = cls(
            valid=valid,
            dataset_format=dataset_format,
            error=error,
            error_type=error_type,
            file_id=file_id,
            nlines=nlines,
            dataset_has_message_weights=dataset_has_message_weights,
            dataset_has_parallel_tool_calls=dataset_has_parallel_tool_calls,
            dataset_has_reasoning=dataset_has_reasoning,
            dataset_has_sample_weights=dataset_has_sample_weights,
            dataset_has_tools=dataset_has_tools,
            dataset_is_multimodal=dataset_is_multimodal,
        )

        validation_report.additional_properties = d
        return validation_report

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
