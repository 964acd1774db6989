from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.lr_scheduler_type import LRSchedulerType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.cosine_lr_scheduler_args import CosineLRSchedulerArgs
    from ..models.linear_lr_scheduler_args import LinearLRSchedulerArgs
    from ..models.unknown_object import UnknownObject


T = TypeVar("T", bound="LRScheduler")


@_attrs_define
class LRScheduler:
    """The learning rate schedule after the peak.

    Attributes:
        lr_scheduler_type (LRSchedulerType | str): Type of the schedule.
        lr_scheduler_args (CosineLRSchedulerArgs | LinearLRSchedulerArgs | None | UnknownObject | Unset):
    """

    lr_scheduler_type: LRSchedulerType | str
    lr_scheduler_args: CosineLRSchedulerArgs | LinearLRSchedulerArgs | None | UnknownObject | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.cosine_lr_scheduler_args import CosineLRSchedulerArgs  # noqa: PLC0415
        from ..models.linear_lr_scheduler_args import LinearLRSchedulerArgs  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        lr_scheduler_type: str
        if isinstance(self.lr_scheduler_type, LRSchedulerType):
            lr_scheduler_type = self.lr_scheduler_type.value
        else:
            lr_scheduler_type = self.lr_scheduler_type

        lr_scheduler_args: dict[str, Any] | None | Unset
        if isinstance(self.lr_scheduler_args, Unset):
            lr_scheduler_args = UNSET
        elif isinstance(self.lr_scheduler_args, CosineLRSchedulerArgs):
            lr_scheduler_args = self.lr_scheduler_args.to_dict()
        elif isinstance(self.lr_scheduler_args, LinearLRSchedulerArgs):
            lr_scheduler_args = self.lr_scheduler_args.to_dict()
        elif isinstance(self.lr_scheduler_args, UnknownObject):
            lr_scheduler_args = self.lr_scheduler_args.to_dict()
        else:
            lr_scheduler_args = self.lr_scheduler_args

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lr_scheduler_type": lr_scheduler_type,
            }
        )
        if lr_scheduler_args is not UNSET:
            field_dict["lr_scheduler_args"] = lr_scheduler_args

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.cosine_lr_scheduler_args import CosineLRSchedulerArgs  # noqa: PLC0415
        from ..models.linear_lr_scheduler_args import LinearLRSchedulerArgs  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_lr_scheduler_type(data: object) -> LRSchedulerType | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                lr_scheduler_type_type_0 = LRSchedulerType(data)

                return lr_scheduler_type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LRSchedulerType | str, data)

        lr_scheduler_type = _parse_lr_scheduler_type(d.pop("lr_scheduler_type"))

        def _parse_lr_scheduler_args(
            data: object,
        ) -> CosineLRSchedulerArgs | LinearLRSchedulerArgs | None | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                lr_scheduler_args_type_0 = CosineLRSchedulerArgs.from_dict(data)

                return lr_scheduler_args_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                lr_scheduler_args_type_1 = LinearLRSchedulerArgs.from_dict(data)

                return lr_scheduler_args_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                lr_scheduler_args_type_2 = UnknownObject.from_dict(data)

                return lr_scheduler_args_type_2
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CosineLRSchedulerArgs | LinearLRSchedulerArgs | None | UnknownObject | Unset, data)

        lr_scheduler_args = _parse_lr_scheduler_args(d.pop("lr_scheduler_args", UNSET))

        lr_scheduler = cls(
            lr_scheduler_type=lr_scheduler_type,
            lr_scheduler_args=lr_scheduler_args,
        )

        lr_scheduler.additional_properties = d
        return lr_scheduler

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
