from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.training_method_dpo_method import TrainingMethodDPOMethod
from ..types import UNSET, Unset

T = TypeVar("T", bound="TrainingMethodDPO")


@_attrs_define
class TrainingMethodDPO:
    """Direct preference optimization.

    Attributes:
        method (TrainingMethodDPOMethod):
        dpo_beta (float | None | Unset): Weight of the reference model.
        rpo_alpha (float | None | Unset): Weight of the likelihood term of the preferred response.
        dpo_normalize_logratios_by_length (bool | None | Unset): Divide the log ratios by the length of the response.
        dpo_reference_free (bool | None | Unset): Train without a reference model.
        simpo_gamma (float | None | Unset): Reward margin of SimPO.
    """

    method: TrainingMethodDPOMethod
    dpo_beta: float | None | Unset = UNSET
    rpo_alpha: float | None | Unset = UNSET
    dpo_normalize_logratios_by_length: bool | None | Unset = UNSET
    dpo_reference_free: bool | None | Unset = UNSET
    simpo_gamma: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        method = self.method.value

        dpo_beta: float | None | Unset
        if isinstance(self.dpo_beta, Unset):
            dpo_beta = UNSET
        else:
            dpo_beta = self.dpo_beta

        rpo_alpha: float | None | Unset
        if isinstance(self.rpo_alpha, Unset):
            rpo_alpha = UNSET
        else:
            rpo_alpha = self.rpo_alpha

        dpo_normalize_logratios_by_length: bool | None | Unset
        if isinstance(self.dpo_normalize_logratios_by_length, Unset):
            dpo_normalize_logratios_by_length = UNSET
        else:
            dpo_normalize_logratios_by_length = self.dpo_normalize_logratios_by_length

        dpo_reference_free: bool | None | Unset
        if isinstance(self.dpo_reference_free, Unset):
            dpo_reference_free = UNSET
        else:
            dpo_reference_free = self.dpo_reference_free

        simpo_gamma: float | None | Unset
        if isinstance(self.simpo_gamma, Unset):
            simpo_gamma = UNSET
        else:
            simpo_gamma = self.simpo_gamma

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "method": method,
            }
        )
        if dpo_beta is not UNSET:
            field_dict["dpo_beta"] = dpo_beta
        if rpo_alpha is not UNSET:
            field_dict["rpo_alpha"] = rpo_alpha
        if dpo_normalize_logratios_by_length is not UNSET:
            field_dict["dpo_normalize_logratios_by_length"] = dpo_normalize_logratios_by_length
        if dpo_reference_free is not UNSET:
            field_dict["dpo_reference_free"] = dpo_reference_free
        if simpo_gamma is not UNSET:
            field_dict["simpo_gamma"] = simpo_gamma

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        method = TrainingMethodDPOMethod(d.pop("method"))

        def _parse_dpo_beta(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        dpo_beta = _parse_dpo_beta(d.pop("dpo_beta", UNSET))

        def _parse_rpo_alpha(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        rpo_alpha = _parse_rpo_alpha(d.pop("rpo_alpha", UNSET))

        def _parse_dpo_normalize_logratios_by_length(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        dpo_normalize_logratios_by_length = _parse_dpo_normalize_logratios_by_length(
            d.pop("dpo_normalize_logratios_by_length", UNSET)
        )

        def _parse_dpo_reference_free(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        dpo_reference_free = _parse_dpo_reference_free(d.pop("dpo_reference_free", UNSET))

        def _parse_simpo_gamma(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        simpo_gamma = _parse_simpo_gamma(d.pop("simpo_gamma", UNSET))

        training_method_dpo = cls(
            method=method,
            dpo_beta=dpo_beta,
            rpo_alpha=rpo_alpha,
            dpo_normalize_logratios_by_length=dpo_normalize_logratios_by_length,
            dpo_reference_free=dpo_reference_free,
            simpo_gamma=simpo_gamma,
        )

        training_method_dpo.additional_properties = d
        return training_method_dpo

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
