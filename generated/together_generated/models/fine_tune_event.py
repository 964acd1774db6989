from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.finetune_event_levels import FinetuneEventLevels
from ..models.finetune_event_type import FinetuneEventType
from ..types import UNSET, Unset

T = TypeVar("T", bound="FineTuneEvent")


@_attrs_define
class FineTuneEvent:
    """An event of a job.

    Attributes:
        object_ (None | str | Unset): `fine-tune-event`.
        created_at (None | str | Unset): Time of the event.
        level (FinetuneEventLevels | None | str | Unset): Severity; may be empty.
        message (None | str | Unset): Message for people.
        type_ (FinetuneEventType | None | str | Unset): Type of the event; in upper case on older servers.
        param_count (int | None | Unset): Number of parameters of the model.
        token_count (int | None | Unset): Number of processed tokens.
        total_steps (int | None | Unset): Total number of steps.
        wandb_url (None | str | Unset): URL of the Weights & Biases run.
        step (int | None | Unset): Training step.
        checkpoint_path (None | str | Unset): Path of the checkpoint on the server.
        model_path (None | str | Unset): Path of the weights on the server.
        tokenized_dataset_path (None | str | Unset): Path of the tokenized dataset on the server.
        training_offset (int | None | Unset): Position in the training data.
        early_stopping_best_step (int | None | Unset): In an `early_stopped` event, the chosen step.
        early_stopping_best_metric_value (float | None | Unset): In an `early_stopped` event, the evaluation loss at
            that step.
        hash_ (None | str | Unset): Identifier of the event.
    """

    object_: None | str | Unset = UNSET
    created_at: None | str | Unset = UNSET
    level: FinetuneEventLevels | None | str | Unset = UNSET
    message: None | str | Unset = UNSET
    type_: FinetuneEventType | None | str | Unset = UNSET
    param_count: int | None | Unset = UNSET
    token_count: int | None | Unset = UNSET
    total_steps: int | None | Unset = UNSET
    wandb_url: None | str | Unset = UNSET
    step: int | None | Unset = UNSET
    checkpoint_path: None | str | Unset = UNSET
    model_path: None | str | Unset = UNSET
    tokenized_dataset_path: None | str | Unset = UNSET
    training_offset: int | None | Unset = UNSET
    early_stopping_best_step: int | None | Unset = UNSET
    early_stopping_best_metric_value: float | None | Unset = UNSET
    hash_: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_: None | str | Unset
        if isinstance(self.object_, Unset):
            object_ = UNSET
        else:
            object_ = self.object_

        created_at: None | str | Unset
        if isinstance(self.created_at, Unset):
            created_at = UNSET
        else:
            created_at = self.created_at

        level: None | str | Unset
        if isinstance(self.level, Unset):
            level = UNSET
        elif isinstance(self.level, FinetuneEventLevels):
            level = self.level.value
        else:
            level = self.level

        message: None | str | Unset
        if isinstance(self.message, Unset):
            message = UNSET
        else:
            message = self.message

        type_: None | str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        elif isinstance(self.type_, FinetuneEventType):
            type_ = self.type_.value
        else:
            type_ = self.type_

        param_count: int | None | Unset
        if isinstance(self.param_count, Unset):
            param_count = UNSET
        else:
            param_count = self.param_count

        token_count: int | None | Unset
        if isinstance(self.token_count, Unset):
            token_count = UNSET
        else:
            token_count = self.token_count

        total_steps: int | None | Unset
        if isinstance(self.total_steps, Unset):
            total_steps = UNSET
        else:
            total_steps = self.total_steps

        wandb_url: None | str | Unset
        if isinstance(self.wandb_url, Unset):
            wandb_url = UNSET
        else:
            wandb_url = self.wandb_url

        step: int | None | Unset
        if isinstance(self.step, Unset):
            step = UNSET
        else:
            step = self.step

        checkpoint_path: None | str | Unset
        if isinstance(self.checkpoint_path, Unset):
            checkpoint_path = UNSET
        else:
            checkpoint_path = self.checkpoint_path

        model_path: None | str | Unset
        if isinstance(self.model_path, Unset):
            model_path = UNSET
        else:
            model_path = self.model_path

        tokenized_dataset_path: None | str | Unset
        if isinstance(self.tokenized_dataset_path, Unset):
            tokenized_dataset_path = UNSET
        else:
            tokenized_dataset_path = self.tokenized_dataset_path

        training_offset: int | None | Unset
        if isinstance(self.training_offset, Unset):
            training_offset = UNSET
        else:
            training_offset = self.training_offset

        early_stopping_best_step: int | None | Unset
        if isinstance(self.early_stopping_best_step, Unset):
            early_stopping_best_step = UNSET
        else:
            early_stopping_best_step = self.early_stopping_best_step

        early_stopping_best_metric_value: float | None | Unset
        if isinstance(self.early_stopping_best_metric_value, Unset):
            early_stopping_best_metric_value = UNSET
        else:
            early_stopping_best_metric_value = self.early_stopping_best_metric_value

        hash_: None | str | Unset
        if isinstance(self.hash_, Unset):
            hash_ = UNSET
        else:
            hash_ = self.hash_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if object_ is not UNSET:
            field_dict["object"] = object_
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if level is not UNSET:
            field_dict["level"] = level
        if message is not UNSET:
            field_dict["message"] = message
        if type_ is not UNSET:
            field_dict["type"] = type_
        if param_count is not UNSET:
            field_dict["param_count"] = param_count
        if token_count is not UNSET:
            field_dict["token_count"] = token_count
        if total_steps is not UNSET:
            field_dict["total_steps"] = total_steps
        if wandb_url is not UNSET:
            field_dict["wandb_url"] = wandb_url
        if step is not UNSET:
            field_dict["step"] = step
        if checkpoint_path is not UNSET:
            field_dict["checkpoint_path"] = checkpoint_path
        if model_path is not UNSET:
            field_dict["model_path"] = model_path
        if tokenized_dataset_path is not UNSET:
            field_dict["tokenized_dataset_path"] = tokenized_dataset_path
        if training_offset is not UNSET:
            field_dict["training_offset"] = training_offset
        if early_stopping_best_step is not UNSET:
            field_dict["early_stopping_best_step"] = early_stopping_best_step
        if early_stopping_best_metric_value is not UNSET:
            field_dict["early_stopping_best_metric_value"] = early_stopping_best_metric_value
        if hash_ is not UNSET:
            field_dict["hash"] = hash_

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_object_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        object_ = _parse_object_(d.pop("object", UNSET))

        def _parse_created_at(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        created_at = _parse_created_at(d.pop("created_at", UNSET))

        def _parse_level(data: object) -> FinetuneEventLevels | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                level_type_0 = FinetuneEventLevels(data)

                return level_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FinetuneEventLevels | None | str | Unset, data)

        level = _parse_level(d.pop("level", UNSET))

        def _parse_message(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        message = _parse_message(d.pop("message", UNSET))

        def _parse_type_(data: object) -> FinetuneEventType | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                type_type_0 = FinetuneEventType(data)

                return type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FinetuneEventType | None | str | Unset, data)

        type_ = _parse_type_(d.pop("type", UNSET))

        def _parse_param_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        param_count = _parse_param_count(d.pop("param_count", UNSET))

        def _parse_token_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        token_count = _parse_token_count(d.pop("token_count", UNSET))

        def _parse_total_steps(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        total_steps = _parse_total_steps(d.pop("total_steps", UNSET))

        def _parse_wandb_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        wandb_url = _parse_wandb_url(d.pop("wandb_url", UNSET))

        def _parse_step(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        step = _parse_step(d.pop("step", UNSET))

        def _parse_checkpoint_path(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        checkpoint_path = _parse_checkpoint_path(d.pop("checkpoint_path", UNSET))

        def _parse_model_path(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model_path = _parse_model_path(d.pop("model_path", UNSET))

        def _parse_tokenized_dataset_path(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tokenized_dataset_path = _parse_tokenized_dataset_path(d.pop("tokenized_dataset_path", UNSET))

        def _parse_training_offset(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        training_offset = _parse_training_offset(d.pop("training_offset", UNSET))

        def _parse_early_stopping_best_step(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        early_stopping_best_step = _parse_early_stopping_best_step(d.pop("early_stopping_best_step", UNSET))

        def _parse_early_stopping_best_metric_value(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        early_stopping_best_metric_value = _parse_early_stopping_best_metric_value(
            d.pop("early_stopping_best_metric_value", UNSET)
        )

        def _parse_hash_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hash_ = _parse_hash_(d.pop("hash", UNSET))

        fine_tune_event = cls(
            object_=object_,
            created_at=created_at,
            level=level,
            message=message,
            type_=type_,
            param_count=param_count,
            token_count=token_count,
            total_steps=total_steps,
            wandb_url=wandb_url,
            step=step,
            checkpoint_path=checkpoint_path,
            model_path=model_path,
            tokenized_dataset_path=tokenized_dataset_path,
            training_offset=training_offset,
            early_stopping_best_step=early_stopping_best_step,
            early_stopping_best_metric_value=early_stopping_best_metric_value,
            hash_=hash_,
        )

        fine_tune_event.additional_properties = d
        return fine_tune_event

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
