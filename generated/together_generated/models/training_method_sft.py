from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.train_on_inputs_auto import TrainOnInputsAuto
from ..models.training_method_sft_method import TrainingMethodSFTMethod
from ..types import UNSET, Unset

T = TypeVar("T", bound="TrainingMethodSFT")


@_attrs_define
class TrainingMethodSFT:
    """Supervised fine-tuning.

    Attributes:
        method (TrainingMethodSFTMethod):
        train_on_inputs (bool | None | str | TrainOnInputsAuto | Unset): Also train on the prompts; `auto` depends on
            the data.
    """

    method: TrainingMethodSFTMethod
    train_on_inputs: bool | None | str | TrainOnInputsAuto | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        method = self.method.value

        train_on_inputs: bool | None | str | Unset
        if isinstance(self.train_on_inputs, Unset):
            train_on_inputs = UNSET
        elif isinstance(self.train_on_inputs, TrainOnInputsAuto):
            train_on_inputs = self.train_on_inputs.value
        else:
            train_on_inputs = self.train_on_inputs

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "method": method,
            }
        )
        if train_on_inputs is not UNSET:
            field_dict["train_on_inputs"] = train_on_inputs

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        method = TrainingMethodSFTMethod(d.pop("method"))

        def _parse_train_on_inputs(data: object) -> bool | None | str | TrainOnInputsAuto | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                train_on_inputs_type_1 = TrainOnInputsAuto(data)

                return train_on_inputs_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(bool | None | str | TrainOnInputsAuto | Unset, data)

        train_on_inputs = _parse_train_on_inputs(d.pop("train_on_inputs", UNSET))

        training_method_sft = cls(
            method=method,
            train_on_inputs=train_on_inputs,
        )

        training_method_sft.additional_properties = d
        return training_method_sft

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
