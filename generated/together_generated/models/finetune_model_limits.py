from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.finetune_full_limits import FinetuneFullLimits
    from ..models.finetune_lo_ra_limits import FinetuneLoRALimits


T = TypeVar("T", bound="FinetuneModelLimits")


@_attrs_define
class FinetuneModelLimits:
    """The limits within which a base model can be fine-tuned.

    Attributes:
        model_name (None | str | Unset): The model's name.
        full_training (FinetuneFullLimits | None | Unset): Limits of full training; null if it is not supported.
        lora_training (FinetuneLoRALimits | None | Unset): Limits of LoRA training; null if it is not supported.
        max_num_epochs (int | None | Unset): Maximum number of epochs.
        max_num_evals (int | None | Unset): Maximum number of evaluations.
        max_num_checkpoints (int | None | Unset): Maximum number of checkpoints.
        max_learning_rate (float | None | Unset): Maximum learning rate.
        min_learning_rate (float | None | Unset): Minimum learning rate.
        min_max_seq_length (int | None | Unset): Minimum value of `max_seq_length`, in tokens.
        max_seq_length_sft (int | None | Unset): Maximum length of a sequence in supervised fine-tuning, in tokens.
        max_seq_length_dpo (int | None | Unset): Maximum length of a sequence in direct preference optimization, in
            tokens.
        default_gradient_accumulation_steps (int | None | Unset): The server's default.
        supports_full_training (bool | None | Unset): Whether full training is supported.
        supports_vision (bool | None | Unset): Whether the model supports images.
        supports_tools (bool | None | Unset): Whether the model supports tool calls.
        supports_reasoning (bool | None | Unset): Whether the model supports reasoning.
        merge_output_lora (bool | None | Unset): Whether the server merges the adapter into the model.
    """

    model_name: None | str | Unset = UNSET
    full_training: FinetuneFullLimits | None | Unset = UNSET
    lora_training: FinetuneLoRALimits | None | Unset = UNSET
    max_num_epochs: int | None | Unset = UNSET
    max_num_evals: int | None | Unset = UNSET
    max_num_checkpoints: int | None | Unset = UNSET
    max_learning_rate: float | None | Unset = UNSET
    min_learning_rate: float | None | Unset = UNSET
    min_max_seq_length: int | None | Unset = UNSET
    max_seq_length_sft: int | None | Unset = UNSET
    max_seq_length_dpo: int | None | Unset = UNSET
    default_gradient_accumulation_steps: int | None | Unset = UNSET
    supports_full_training: bool | None | Unset = UNSET
    supports_vision: bool | None | Unset = UNSET
    supports_tools: bool | None | Unset = UNSET
    supports_reasoning: bool | None | Unset = UNSET
    merge_output_lora: bool | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.finetune_full_limits import FinetuneFullLimits  # noqa: PLC0415
        from ..models.finetune_lo_ra_limits import FinetuneLoRALimits  # noqa: PLC0415

        model_name: None | str | Unset
        if isinstance(self.model_name, Unset):
            model_name = UNSET
        else:
            model_name = self.model_name

        full_training: dict[str, Any] | None | Unset
        if isinstance(self.full_training, Unset):
            full_training = UNSET
        elif isinstance(self.full_training, FinetuneFullLimits):
            full_training = self.full_training.to_dict()
        else:
            full_training = self.full_training

        lora_training: dict[str, Any] | None | Unset
        if isinstance(self.lora_training, Unset):
            lora_training = UNSET
        elif isinstance(self.lora_training, FinetuneLoRALimits):
            lora_training = self.lora_training.to_dict()
        else:
            lora_training = self.lora_training

        max_num_epochs: int | None | Unset
        if isinstance(self.max_num_epochs, Unset):
            max_num_epochs = UNSET
        else:
            max_num_epochs = self.max_num_epochs

        max_num_evals: int | None | Unset
        if isinstance(self.max_num_evals, Unset):
            max_num_evals = UNSET
        else:
            max_num_evals = self.max_num_evals

        max_num_checkpoints: int | None | Unset
        if isinstance(self.max_num_checkpoints, Unset):
            max_num_checkpoints = UNSET
        else:
            max_num_checkpoints = self.max_num_checkpoints

        max_learning_rate: float | None | Unset
        if isinstance(self.max_learning_rate, Unset):
            max_learning_rate = UNSET
        else:
            max_learning_rate = self.max_learning_rate

        min_learning_rate: float | None | Unset
        if isinstance(self.min_learning_rate, Unset):
            min_learning_rate = UNSET
        else:
            min_learning_rate = self.min_learning_rate

        min_max_seq_length: int | None | Unset
        if isinstance(self.min_max_seq_length, Unset):
            min_max_seq_length = UNSET
        else:
            min_max_seq_length = self.min_max_seq_length

        max_seq_length_sft: int | None | Unset
        if isinstance(self.max_seq_length_sft, Unset):
            max_seq_length_sft = UNSET
        else:
            max_seq_length_sft = self.max_seq_length_sft

        max_seq_length_dpo: int | None | Unset
        if isinstance(self.max_seq_length_dpo, Unset):
            max_seq_length_dpo = UNSET
        else:
            max_seq_length_dpo = self.max_seq_length_dpo

        default_gradient_accumulation_steps: int | None | Unset
        if isinstance(self.default_gradient_accumulation_steps, Unset):
            default_gradient_accumulation_steps = UNSET
        else:
            default_gradient_accumulation_steps = self.default_gradient_accumulation_steps

        supports_full_training: bool | None | Unset
        if isinstance(self.supports_full_training, Unset):
            supports_full_training = UNSET
        else:
            supports_full_training = self.supports_full_training

        supports_vision: bool | None | Unset
        if isinstance(self.supports_vision, Unset):
            supports_vision = UNSET
        else:
            supports_vision = self.supports_vision

        supports_tools: bool | None | Unset
        if isinstance(self.supports_tools, Unset):
            supports_tools = UNSET
        else:
            supports_tools = self.supports_tools

        supports_reasoning: bool | None | Unset
        if isinstance(self.supports_reasoning, Unset):
            supports_reasoning = UNSET
        else:
            supports_reasoning = self.supports_reasoning

        merge_output_lora: bool | None | Unset
        if isinstance(self.merge_output_lora, Unset):
            merge_output_lora = UNSET
        else:
            merge_output_lora = self.merge_output_lora

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if model_name is not UNSET:
            field_dict["model_name"] = model_name
        if full_training is not UNSET:
            field_dict["full_training"] = full_training
        if lora_training is not UNSET:
            field_dict["lora_training"] = lora_training
        if max_num_epochs is not UNSET:
            field_dict["max_num_epochs"] = max_num_epochs
        if max_num_evals is not UNSET:
            field_dict["max_num_evals"] = max_num_evals
        if max_num_checkpoints is not UNSET:
            field_dict["max_num_checkpoints"] = max_num_checkpoints
        if max_learning_rate is not UNSET:
            field_dict["max_learning_rate"] = max_learning_rate
        if min_learning_rate is not UNSET:
            field_dict["min_learning_rate"] = min_learning_rate
        if min_max_seq_length is not UNSET:
            field_dict["min_max_seq_length"] = min_max_seq_length
        if max_seq_length_sft is not UNSET:
            field_dict["max_seq_length_sft"] = max_seq_length_sft
        if max_seq_length_dpo is not UNSET:
            field_dict["max_seq_length_dpo"] = max_seq_length_dpo
        if default_gradient_accumulation_steps is not UNSET:
            field_dict["default_gradient_accumulation_steps"] = default_gradient_accumulation_steps
        if supports_full_training is not UNSET:
            field_dict["supports_full_training"] = supports_full_training
        if supports_vision is not UNSET:
            field_dict["supports_vision"] = supports_vision
        if supports_tools is not UNSET:
            field_dict["supports_tools"] = supports_tools
        if supports_reasoning is not UNSET:
            field_dict["supports_reasoning"] = supports_reasoning
        if merge_output_lora is not UNSET:
            field_dict["merge_output_lora"] = merge_output_lora

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.finetune_full_limits import FinetuneFullLimits  # noqa: PLC0415
        from ..models.finetune_lo_ra_limits import FinetuneLoRALimits  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_model_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model_name = _parse_model_name(d.pop("model_name", UNSET))

        def _parse_full_training(data: object) -> FinetuneFullLimits | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                full_training_type_0 = FinetuneFullLimits.from_dict(data)

                return full_training_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FinetuneFullLimits | None | Unset, data)

        full_training = _parse_full_training(d.pop("full_training", UNSET))

        def _parse_lora_training(data: object) -> FinetuneLoRALimits | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                lora_training_type_0 = FinetuneLoRALimits.from_dict(data)

                return lora_training_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FinetuneLoRALimits | None | Unset, data)

        lora_training = _parse_lora_training(d.pop("lora_training", UNSET))

        def _parse_max_num_epochs(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_num_epochs = _parse_max_num_epochs(d.pop("max_num_epochs", UNSET))

        def _parse_max_num_evals(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_num_evals = _parse_max_num_evals(d.pop("max_num_evals", UNSET))

        def _parse_max_num_checkpoints(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_num_checkpoints = _parse_max_num_checkpoints(d.pop("max_num_checkpoints", UNSET))

        def _parse_max_learning_rate(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        max_learning_rate = _parse_max_learning_rate(d.pop("max_learning_rate", UNSET))

        def _parse_min_learning_rate(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        min_learning_rate = _parse_min_learning_rate(d.pop("min_learning_rate", UNSET))

        def _parse_min_max_seq_length(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        min_max_seq_length = _parse_min_max_seq_length(d.pop("min_max_seq_length", UNSET))

        def _parse_max_seq_length_sft(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_seq_length_sft = _parse_max_seq_length_sft(d.pop("max_seq_length_sft", UNSET))

        def _parse_max_seq_length_dpo(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_seq_length_dpo = _parse_max_seq_length_dpo(d.pop("max_seq_length_dpo", UNSET))

        def _parse_default_gradient_accumulation_steps(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        default_gradient_accumulation_steps = _parse_default_gradient_accumulation_steps(
            d.pop("default_gradient_accumulation_steps", UNSET)
        )

        def _parse_supports_full_training(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        supports_full_training = _parse_supports_full_training(d.pop("supports_full_training", UNSET))

        def _parse_supports_vision(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        supports_vision = _parse_supports_vision(d.pop("supports_vision", UNSET))

        def _parse_supports_tools(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        supports_tools = _parse_supports_tools(d.pop("supports_tools", UNSET))

        def _parse_supports_reasoning(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        supports_reasoning = _parse_supports_reasoning(d.pop("supports_reasoning", UNSET))

        def _parse_merge_output_lora(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        merge_output_lora = _parse_merge_output_lora(d.pop("merge_output_lora", UNSET))

        finetune_model_limits = cls(
            model_name=model_name,
            full_training=full_training,
            lora_training=lora_training,
            max_num_epochs=max_num_epochs,
            max_num_evals=max_num_evals,
            max_num_checkpoints=max_num_checkpoints,
            max_learning_rate=max_learning_rate,
            min_learning_rate=min_learning_rate,
            min_max_seq_length=min_max_seq_length,
            max_seq_length_sft=max_seq_length_sft,
            max_seq_length_dpo=max_seq_length_dpo,
            default_gradient_accumulation_steps=default_gradient_accumulation_steps,
            supports_full_training=supports_full_training,
            supports_vision=supports_vision,
            supports_tools=supports_tools,
            supports_reasoning=supports_reasoning,
            merge_output_lora=merge_output_lora,
        )

        finetune_model_limits.additional_properties = d
        return finetune_model_limits

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
