from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.price_unavailable_reason import PriceUnavailableReason
from ..types import UNSET, Unset

T = TypeVar("T", bound="FinetunePriceEstimate")


@_attrs_define
class FinetunePriceEstimate:
    """The estimated price of a job.

    Attributes:
        estimation_available (bool | None | Unset): Whether there is an estimate; absent on older servers.
        unavailable_reason (None | PriceUnavailableReason | str | Unset): Code of the reason why there is no estimate.
        estimated_total_price (float | None | Unset): The price in US dollars.
        allowed_to_proceed (bool | None | Unset): Whether the account may start the job.
        user_limit (float | None | Unset): The account's spending limit in US dollars.
        estimated_train_token_count (float | None | Unset): Number of training tokens.
        estimated_eval_token_count (float | None | Unset): Number of evaluation tokens.
    """

    estimation_available: bool | None | Unset = UNSET
    unavailable_reason: None | PriceUnavailableReason | str | Unset = UNSET
    estimated_total_price: float | None | Unset = UNSET
    allowed_to_proceed: bool | None | Unset = UNSET
    user_limit: float | None | Unset = UNSET
    estimated_train_token_count: float | None | Unset = UNSET
    estimated_eval_token_count: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        estimation_available: bool | None | Unset
        if isinstance(self.estimation_available, Unset):
            estimation_available = UNSET
        else:
            estimation_available = self.estimation_available

        unavailable_reason: None | str | Unset
        if isinstance(self.unavailable_reason, Unset):
            unavailable_reason = UNSET
        elif isinstance(self.unavailable_reason, PriceUnavailableReason):
            unavailable_reason = self.unavailable_reason.value
        else:
            unavailable_reason = self.unavailable_reason

        estimated_total_price: float | None | Unset
        if isinstance(self.estimated_total_price, Unset):
            estimated_total_price = UNSET
        else:
            estimated_total_price = self.estimated_total_price

        allowed_to_proceed: bool | None | Unset
        if isinstance(self.allowed_to_proceed, Unset):
            allowed_to_proceed = UNSET
        else:
            allowed_to_proceed = self.allowed_to_proceed

        user_limit: float | None | Unset
        if isinstance(self.user_limit, Unset):
            user_limit = UNSET
        else:
            user_limit = self.user_limit

        estimated_train_token_count: float | None | Unset
        if isinstance(self.estimated_train_token_count, Unset):
            estimated_train_token_count = UNSET
        else:
            estimated_train_token_count = self.estimated_train_token_count

        estimated_eval_token_count: float | None | Unset
        if isinstance(self.estimated_eval_token_count, Unset):
            estimated_eval_token_count = UNSET
        else:
            estimated_eval_token_count = self.estimated_eval_token_count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if estimation_available is not UNSET:
            field_dict["estimation_available"] = estimation_available
        if unavailable_reason is not UNSET:
            field_dict["unavailable_reason"] = unavailable_reason
        if estimated_total_price is not UNSET:
            field_dict["estimated_total_price"] = estimated_total_price
        if allowed_to_proceed is not UNSET:
            field_dict["allowed_to_proceed"] = allowed_to_proceed
        if user_limit is not UNSET:
            field_dict["user_limit"] = user_limit
        if estimated_train_token_count is not UNSET:
            field_dict["estimated_train_token_count"] = estimated_train_token_count
        if estimated_eval_token_count is not UNSET:
            field_dict["estimated_eval_token_count"] = estimated_eval_token_count

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_estimation_available(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        estimation_available = _parse_estimation_available(d.pop("estimation_available", UNSET))

        def _parse_unavailable_reason(data: object) -> None | PriceUnavailableReason | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                unavailable_reason_type_0 = PriceUnavailableReason(data)

                return unavailable_reason_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PriceUnavailableReason | str | Unset, data)

        unavailable_reason = _parse_unavailable_reason(d.pop("unavailable_reason", UNSET))

        def _parse_estimated_total_price(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        estimated_total_price = _parse_estimated_total_price(d.pop("estimated_total_price", UNSET))

        def _parse_allowed_to_proceed(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        allowed_to_proceed = _parse_allowed_to_proceed(d.pop("allowed_to_proceed", UNSET))

        def _parse_user_limit(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        user_limit = _parse_user_limit(d.pop("user_limit", UNSET))

        def _parse_estimated_train_token_count(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        estimated_train_token_count = _parse_estimated_train_token_count(d.pop("estimated_train_token_count", UNSET))

        def _parse_estimated_eval_token_count(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        estimated_eval_token_count = _parse_estimated_eval_token_count(d.pop("estimated_eval_token_count", UNSET))

        finetune_price_estimate = cls(
            estimation_available=estimation_available,
            unavailable_reason=unavailable_reason,
            estimated_total_price=estimated_total_price,
            allowed_to_proceed=allowed_to_proceed,
            user_limit=user_limit,
            estimated_train_token_count=estimated_train_token_count,
            estimated_eval_token_count=estimated_eval_token_count,
        )

        finetune_price_estimate.additional_properties = d
        return finetune_price_estimate

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
