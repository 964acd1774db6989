from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="FinetunePreviewRequest")


@_attrs_define
class FinetunePreviewRequest:
    """The training file to preview.

    Attributes:
        model (str): Name of the base model, whose tokenizer and chat template are used.
        training_file (str): ID of the training file, which starts with `file-`.
        top_k (int | Unset): Maximum number of examples, from the first.
        train_on_inputs (bool | Unset): Whether prompts count for the loss.
        training_method (str | Unset): Training method; only supervised fine-tuning can be previewed.
    """

    model: str
    training_file: str
    top_k: int | Unset = UNSET
    train_on_inputs: bool | Unset = UNSET
    training_method: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        training_file = self.training_file

        top_k = self.top_k

        train_on_inputs = self.train_on_inputs

        training_method = self.training_method

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model": model,
                "training_file": training_file,
            }
        )
        if top_k is not UNSET:
            field_dict["top_k"] = top_k
        if train_on_inputs is not UNSET:
            field_dict["train_on_inputs"] = train_on_inputs
        if training_method is not UNSET:
            field_dict["training_method"] = training_method

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        model = d.pop("model")

        training_file = d.pop("training_file")

        top_k = d.pop("top_k", UNSET)

        train_on_inputs = d.pop("train_on_inputs", UNSET)

        training_method = d.pop("training_method", UNSET)

        finetune_preview_request = cls(
            model=model,
            training_file=training_file,
            top_k=top_k,
            train_on_inputs=train_on_inputs,
            training_method=training_method,
        )

        finetune_preview_request.additional_properties = d
        return finetune_preview_request

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
