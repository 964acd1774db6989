from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.dataset_format import DatasetFormat
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.preview_row import PreviewRow


T = TypeVar("T", bound="FinetunePreview")


@_attrs_define
class FinetunePreview:
    """The first examples of a training file, tokenized.

    Attributes:
        model (None | str | Unset): Name of the base model.
        dataset_format (DatasetFormat | None | str | Unset): Format of the examples.
        max_seq_length (int | None | Unset): Maximum length of an example in tokens.
        train_on_inputs (bool | None | Unset): Whether prompts count for the loss.
        rows (list[PreviewRow] | None | Unset): The examples, in the order of the file.
    """

    model: None | str | Unset = UNSET
    dataset_format: DatasetFormat | None | str | Unset = UNSET
    max_seq_length: int | None | Unset = UNSET
    train_on_inputs: bool | None | Unset = UNSET
    rows: list[PreviewRow] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model: None | str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        else:
            model = self.model

        dataset_format: None | str | Unset
        if isinstance(self.dataset_format, Unset):
            dataset_format = UNSET
        elif isinstance(self.dataset_format, DatasetFormat):
            dataset_format = self.dataset_format.value
        else:
            dataset_format = self.dataset_format

        max_seq_length: int | None | Unset
        if isinstance(self.max_seq_length, Unset):
            max_seq_length = UNSET
        else:
            max_seq_length = self.max_seq_length

        train_on_inputs: bool | None | Unset
        if isinstance(self.train_on_inputs, Unset):
            train_on_inputs = UNSET
        else:
            train_on_inputs = self.train_on_inputs

        rows: list[dict[str, Any]] | None | Unset
        if isinstance(self.rows, Unset):
            rows = UNSET
        elif isinstance(self.rows, list):
            rows = []
            for rows_type_0_item_data in self.rows:
                rows_type_0_item = (
                    rows_type_0_item_data.to_dict()
                    if hasattr(rows_type_0_item_data, "to_dict")
                    else rows_type_0_item_data
                )
                rows.append(rows_type_0_item)

        else:
            rows = self.rows

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if model is not UNSET:
            field_dict["model"] = model
        if dataset_format is not UNSET:
            field_dict["dataset_format"] = dataset_format
        if max_seq_length is not UNSET:
            field_dict["max_seq_length"] = max_seq_length
        if train_on_inputs is not UNSET:
            field_dict["train_on_inputs"] = train_on_inputs
        if rows is not UNSET:
            field_dict["rows"] = rows

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.preview_row import PreviewRow  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_model(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model = _parse_model(d.pop("model", UNSET))

        def _parse_dataset_format(data: object) -> DatasetFormat | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                dataset_format_type_0 = DatasetFormat(data)

                return dataset_format_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DatasetFormat | None | str | Unset, data)

        dataset_format = _parse_dataset_format(d.pop("dataset_format", UNSET))

        def _parse_max_seq_length(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_seq_length = _parse_max_seq_length(d.pop("max_seq_length", UNSET))

        def _parse_train_on_inputs(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        train_on_inputs = _parse_train_on_inputs(d.pop("train_on_inputs", UNSET))

        def _parse_rows(data: object) -> list[PreviewRow] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                rows_type_0 = []
                _rows_type_0 = data
                for rows_type_0_item_data in _rows_type_0:
                    try:
                        if not isinstance(rows_type_0_item_data, dict):
                            raise TypeError()
                        rows_type_0_item = PreviewRow.from_dict(rows_type_0_item_data)

                        rows_type_0.append(rows_type_0_item)
                    except (TypeError, ValueError, AttributeError, KeyError):
                        rows_type_0.append(rows_type_0_item_data)
                if rows_type_0 and not any(hasattr(rows_type_0_item, "to_dict") for rows_type_0_item in rows_type_0):
                    raise TypeError()

                return rows_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[PreviewRow] | None | Unset, data)

        rows = _parse_rows(d.pop("rows", UNSET))

        finetune_preview = cls(
            model=model,
            dataset_format=dataset_format,
            max_seq_length=max_seq_length,
            train_on_inputs=train_on_inputs,
            rows=rows,
        )

        finetune_preview.additional_properties = d
        return finetune_preview

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
