from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="FineTuneCheckpoint")


@_attrs_define
class FineTuneCheckpoint:
    """Weights that a job has saved.

    Attributes:
        step (int): The training step at which it was saved.
        created_at (None | str | Unset): Time at which it was saved.
        path (None | str | Unset): Path on the server.
        checkpoint_type (None | str | Unset): The server's label, such as `Intermediate` or `Final`.
        checkpoint (None | str | Unset): The form of its weights, `model` or `adapter`.
        object_id (None | str | Unset): ID of the stored object.
        object_name (None | str | Unset): Name of the stored object.
        object_revision_id (None | str | Unset): Revision of the stored object.
    """

    step: int
    created_at: None | str | Unset = UNSET
    path: None | str | Unset = UNSET
    checkpoint_type: None | str | Unset = UNSET
    checkpoint: None | str | Unset = UNSET
    object_id: None | str | Unset = UNSET
    object_name: None | str | Unset = UNSET
    object_revision_id: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        step = self.step

        created_at: None | str | Unset
        if isinstance(self.created_at, Unset):
            created_at = UNSET
        else:
            created_at = self.created_at

        path: None | str | Unset
        if isinstance(self.path, Unset):
            path = UNSET
        else:
            path = self.path

        checkpoint_type: None | str | Unset
        if isinstance(self.checkpoint_type, Unset):
            checkpoint_type = UNSET
        else:
            checkpoint_type = self.checkpoint_type

        checkpoint: None | str | Unset
        if isinstance(self.checkpoint, Unset):
            checkpoint = UNSET
        else:
            checkpoint = self.checkpoint

        object_id: None | str | Unset
        if isinstance(self.object_id, Unset):
            object_id = UNSET
        else:
            object_id = self.object_id

        object_name: None | str | Unset
        if isinstance(self.object_name, Unset):
            object_name = UNSET
        else:
            object_name = self.object_name

        object_revision_id: None | str | Unset
        if isinstance(self.object_revision_id, Unset):
            object_revision_id = UNSET
        else:
            object_revision_id = self.object_revision_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "step": step,
            }
        )
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if path is not UNSET:
            field_dict["path"] = path
        if checkpoint_type is not UNSET:
            field_dict["checkpoint_type"] = checkpoint_type
        if checkpoint is not UNSET:
            field_dict["checkpoint"] = checkpoint
        if object_id is not UNSET:
            field_dict["object_id"] = object_id
        if object_name is not UNSET:
            field_dict["object_name"] = object_name
        if object_revision_id is not UNSET:
            field_dict["object_revision_id"] = object_revision_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        step = d.pop("step")

        def _parse_created_at(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        created_at = _parse_created_at(d.pop("created_at", UNSET))

        def _parse_path(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        path = _parse_path(d.pop("path", UNSET))

        def _parse_checkpoint_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        checkpoint_type = _parse_checkpoint_type(d.pop("checkpoint_type", UNSET))

        def _parse_checkpoint(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        checkpoint = _parse_checkpoint(d.pop("checkpoint", UNSET))

        def _parse_object_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        object_id = _parse_object_id(d.pop("object_id", UNSET))

        def _parse_object_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        object_name = _parse_object_name(d.pop("object_name", UNSET))

        def _parse_object_revision_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        object_revision_id = _parse_object_revision_id(d.pop("object_revision_id", UNSET))

        fine_tune_checkpoint = cls(
            step=step,
            created_at=created_at,
            path=path,
            checkpoint_type=checkpoint_type,
            checkpoint=checkpoint,
            object_id=object_id,
            object_name=object_name,
            object_revision_id=object_revision_id,
        )

        fine_tune_checkpoint.additional_properties = d
        return fine_tune_checkpoint

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
