from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.full_training_type import FullTrainingType
    from ..models.lo_ra_training_type import LoRATrainingType
    from ..models.training_method_dpo import TrainingMethodDPO
    from ..models.training_method_sft import TrainingMethodSFT


T = TypeVar("T", bound="FinetunePriceRequest")


@_attrs_define
class FinetunePriceRequest:
    """The job to estimate.

    Attributes:
        training_file (str): ID of the uploaded training file.
        validation_file (str | Unset): ID of the uploaded validation file.
        model (str | Unset): Name of the base model.
        n_epochs (int | Unset): Number of epochs.
        n_evals (int | Unset): Number of evaluations on the validation file.
        training_method (TrainingMethodDPO | TrainingMethodSFT | Unset): Supervised fine-tuning or direct preference
            optimization.
        training_type (FullTrainingType | LoRATrainingType | None | Unset): Full training or a LoRA adapter (default:
            LoRA).
        from_checkpoint (str | Unset): The job or fine-tuned model to continue from, each with `:<step>` for one
            checkpoint.
    """

    training_file: str
    validation_file: str | Unset = UNSET
    model: str | Unset = UNSET
    n_epochs: int | Unset = UNSET
    n_evals: int | Unset = UNSET
    training_method: TrainingMethodDPO | TrainingMethodSFT | Unset = UNSET
    training_type: FullTrainingType | LoRATrainingType | None | Unset = UNSET
    from_checkpoint: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.full_training_type import FullTrainingType  # noqa: PLC0415
        from ..models.lo_ra_training_type import LoRATrainingType  # noqa: PLC0415
        from ..models.training_method_sft import TrainingMethodSFT  # noqa: PLC0415

        training_file = self.training_file

        validation_file = self.validation_file

        model = self.model

        n_epochs = self.n_epochs

        n_evals = self.n_evals

        training_method: dict[str, Any] | Unset
        if isinstance(self.training_method, Unset):
            training_method = UNSET
        elif isinstance(self.training_method, TrainingMethodSFT):
            training_method = self.training_method.to_dict()
        else:
            training_method = self.training_method.to_dict()

        training_type: dict[str, Any] | None | Unset
        if isinstance(self.training_type, Unset):
            training_type = UNSET
        elif isinstance(self.training_type, FullTrainingType):
            training_type = self.training_type.to_dict()
        elif isinstance(self.training_type, LoRATrainingType):
            training_type = self.training_type.to_dict()
        else:
            training_type = self.training_type

        from_checkpoint = self.from_checkpoint

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "training_file": training_file,
            }
        )
        if validation_file is not UNSET:
            field_dict["validation_file"] = validation_file
        if model is not UNSET:
            field_dict["model"] = model
        if n_epochs is not UNSET:
            field_dict["n_epochs"] = n_epochs
        if n_evals is not UNSET:
            field_dict["n_evals"] = n_evals
        if training_method is not UNSET:
            field_dict["training_method"] = training_method
        if training_type is not UNSET:
            field_dict["training_type"] = training_type
        if from_checkpoint is not UNSET:
            field_dict["from_checkpoint"] = from_checkpoint

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.full_training_type import FullTrainingType  # noqa: PLC0415
        from ..models.lo_ra_training_type import LoRATrainingType  # noqa: PLC0415
        from ..models.training_method_dpo import TrainingMethodDPO  # noqa: PLC0415
        from ..models.training_method_sft import TrainingMethodSFT  # noqa: PLC0415

        d = dict(src_dict)
        training_file = d.pop("training_file")

        validation_file = d.pop("validation_file", UNSET)

        model = d.pop("model", UNSET)

        n_epochs = d.pop("n_epochs", UNSET)

        n_evals = d.pop("n_evals", UNSET)

        def _parse_training_method(data: object) -> TrainingMethodDPO | TrainingMethodSFT | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_method_type_0 = TrainingMethodSFT.from_dict(data)

                return training_method_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            training_method_type_1 = TrainingMethodDPO.from_dict(data)

            return training_method_type_1

        training_method = _parse_training_method(d.pop("training_method", UNSET))

        def _parse_training_type(data: object) -> FullTrainingType | LoRATrainingType | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_type_type_0 = FullTrainingType.from_dict(data)

                return training_type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_type_type_1 = LoRATrainingType.from_dict(data)

                return training_type_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FullTrainingType | LoRATrainingType | None | Unset, data)

        training_type = _parse_training_type(d.pop("training_type", UNSET))

        from_checkpoint = d.pop("from_checkpoint", UNSET)

        finetune_price_request = cls(
            training_file=training_file,
            validation_file=validation_file,
            model=model,
            n_epochs=n_epochs,
            n_evals=n_evals,
            training_method=training_method,
            training_type=training_type,
            from_checkpoint=from_checkpoint,
        )

        finetune_price_request.additional_properties = d
        return finetune_price_request

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
