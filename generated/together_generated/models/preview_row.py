from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="PreviewRow")


@_attrs_define
class PreviewRow:
    """A tokenized example.

    Attributes:
        input_ids (list[int] | None | Unset): IDs of the tokens.
        tokens (list[str] | None | Unset): Texts of the tokens.
        labels (list[int] | None | Unset): Labels of the tokens; -100 for a token that does not count for the loss.
        trained_spans (list[list[int]] | None | Unset): Pairs of the first token and the token after the last of each
            span that counts for the loss.
        num_tokens (int | None | Unset): Number of tokens.
        num_trained_tokens (int | None | Unset): Number of tokens that count for the loss.
        truncated (bool | None | Unset): Whether the example was longer than the maximum length.
    """

    input_ids: list[int] | None | Unset = UNSET
    tokens: list[str] | None | Unset = UNSET
    labels: list[int] | None | Unset = UNSET
    trained_spans: list[list[int]] | None | Unset = UNSET
    num_tokens: int | None | Unset = UNSET
    num_trained_tokens: int | None | Unset = UNSET
    truncated: bool | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        input_ids: list[int] | None | Unset
        if isinstance(self.input_ids, Unset):
            input_ids = UNSET
        elif isinstance(self.input_ids, list):
            input_ids = self.input_ids

        else:
            input_ids = self.input_ids

        tokens: list[str] | None | Unset
        if isinstance(self.tokens, Unset):
            tokens = UNSET
        elif isinstance(self.tokens, list):
            tokens = self.tokens

        else:
            tokens = self.tokens

        labels: list[int] | None | Unset
        if isinstance(self.labels, Unset):
            labels = UNSET
        elif isinstance(self.labels, list):
            labels = self.labels

        else:
            labels = self.labels

        trained_spans: list[list[int]] | None | Unset
        if isinstance(self.trained_spans, Unset):
            trained_spans = UNSET
        elif isinstance(self.trained_spans, list):
            trained_spans = []
            for trained_spans_type_0_item_data in self.trained_spans:
                trained_spans_type_0_item = trained_spans_type_0_item_data

                trained_spans.append(trained_spans_type_0_item)

        else:
            trained_spans = self.trained_spans

        num_tokens: int | None | Unset
        if isinstance(self.num_tokens, Unset):
            num_tokens = UNSET
        else:
            num_tokens = self.num_tokens

        num_trained_tokens: int | None | Unset
        if isinstance(self.num_trained_tokens, Unset):
            num_trained_tokens = UNSET
        else:
            num_trained_tokens = self.num_trained_tokens

        truncated: bool | None | Unset
        if isinstance(self.truncated, Unset):
            truncated = UNSET
        else:
            truncated = self.truncated

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if input_ids is not UNSET:
            field_dict["input_ids"] = input_ids
        if tokens is not UNSET:
            field_dict["tokens"] = tokens
        if labels is not UNSET:
            field_dict["labels"] = labels
        if trained_spans is not UNSET:
            field_dict["trained_spans"] = trained_spans
        if num_tokens is not UNSET:
            field_dict["num_tokens"] = num_tokens
        if num_trained_tokens is not UNSET:
            field_dict["num_trained_tokens"] = num_trained_tokens
        if truncated is not UNSET:
            field_dict["truncated"] = truncated

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_input_ids(data: object) -> list[int] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                input_ids_type_0 = cast(list[int], data)

                return input_ids_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None | Unset, data)

        input_ids = _parse_input_ids(d.pop("input_ids", UNSET))

        def _parse_tokens(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                tokens_type_0 = cast(list[str], data)

                return tokens_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        tokens = _parse_tokens(d.pop("tokens", UNSET))

        def _parse_labels(data: object) -> list[int] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                labels_type_0 = cast(list[int], data)

                return labels_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None | Unset, data)

        labels = _parse_labels(d.pop("labels", UNSET))

        def _parse_trained_spans(data: object) -> list[list[int]] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                trained_spans_type_0 = []
                _trained_spans_type_0 = data
                for trained_spans_type_0_item_data in _trained_spans_type_0:
                    trained_spans_type_0_item = cast(list[int], trained_spans_type_0_item_data)

                    trained_spans_type_0.append(trained_spans_type_0_item)

                return trained_spans_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[list[int]] | None | Unset, data)

        trained_spans = _parse_trained_spans(d.pop("trained_spans", UNSET))

        def _parse_num_tokens(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        num_tokens = _parse_num_tokens(d.pop("num_tokens", UNSET))

        def _parse_num_trained_tokens(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        num_trained_tokens = _parse_num_trained_tokens(d.pop("num_trained_tokens", UNSET))

        def _parse_truncated(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        truncated = _parse_truncated(d.pop("truncated", UNSET))

        preview_row = cls(
            input_ids=input_ids,
            tokens=tokens,
            labels=labels,
            trained_spans=trained_spans,
            num_tokens=num_tokens,
            num_trained_tokens=num_trained_tokens,
            truncated=truncated,
        )

        preview_row.additional_properties = d
        return preview_row

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
