from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.registry_weights_type import RegistryWeightsType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.parameter_counts import ParameterCounts
    from ..models.unknown_object import UnknownObject


T = TypeVar("T", bound="RegistryWeights")


@_attrs_define
class RegistryWeights:
    """Details of a model's weights.

    Attributes:
        type_ (None | RegistryWeightsType | str | Unset): Type of the weights.
        architecture (None | str | Unset): Architecture.
        context_length (None | str | Unset): Maximum length of a sequence in tokens, as text.
        parameters (None | ParameterCounts | UnknownObject | Unset): Number of parameters.
        speculator_mechanism (None | str | Unset): Mechanism of speculative decoding.
        draft_speculator_type (None | str | Unset): Kind of the draft model.
    """

    type_: None | RegistryWeightsType | str | Unset = UNSET
    architecture: None | str | Unset = UNSET
    context_length: None | str | Unset = UNSET
    parameters: None | ParameterCounts | UnknownObject | Unset = UNSET
    speculator_mechanism: None | str | Unset = UNSET
    draft_speculator_type: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.parameter_counts import ParameterCounts  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        type_: None | str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        elif isinstance(self.type_, RegistryWeightsType):
            type_ = self.type_.value
        else:
            type_ = self.type_

        architecture: None | str | Unset
        if isinstance(self.architecture, Unset):
            architecture = UNSET
        else:
            architecture = self.architecture

        context_length: None | str | Unset
        if isinstance(self.context_length, Unset):
            context_length = UNSET
        else:
            context_length = self.context_length

        parameters: dict[str, Any] | None | Unset
        if isinstance(self.parameters, Unset):
            parameters = UNSET
        elif isinstance(self.parameters, ParameterCounts):
            parameters = self.parameters.to_dict()
        elif isinstance(self.parameters, UnknownObject):
            parameters = self.parameters.to_dict()
        else:
            parameters = self.parameters

        speculator_mechanism: None | str | Unset
        if isinstance(self.speculator_mechanism, Unset):
            speculator_mechanism = UNSET
        else:
            speculator_mechanism = self.speculator_mechanism

        draft_speculator_type: None | str | Unset
        if isinstance(self.draft_speculator_type, Unset):
            draft_speculator_type = UNSET
        else:
            draft_speculator_type = self.draft_speculator_type

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if type_ is not UNSET:
            field_dict["type"] = type_
        if architecture is not UNSET:
            field_dict["architecture"] = architecture
        if context_length is not UNSET:
            field_dict["contextLength"] = context_length
        if parameters is not UNSET:
            field_dict["parameters"] = parameters
        if speculator_mechanism is not UNSET:
            field_dict["speculatorMechanism"] = speculator_mechanism
        if draft_speculator_type is not UNSET:
            field_dict["draftSpeculatorType"] = draft_speculator_type

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.parameter_counts import ParameterCounts  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_type_(data: object) -> None | RegistryWeightsType | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                type_type_0 = RegistryWeightsType(data)

                return type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RegistryWeightsType | str | Unset, data)

        type_ = _parse_type_(d.pop("type", UNSET))

        def _parse_architecture(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        architecture = _parse_architecture(d.pop("architecture", UNSET))

        def _parse_context_length(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        context_length = _parse_context_length(d.pop("contextLength", UNSET))

        def _parse_parameters(data: object) -> None | ParameterCounts | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                parameters_type_0 = ParameterCounts.from_dict(data)

                return parameters_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                parameters_type_1 = UnknownObject.from_dict(data)

                return parameters_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ParameterCounts | UnknownObject | Unset, data)

        parameters = _parse_parameters(d.pop("parameters", UNSET))

        def _parse_speculator_mechanism(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        speculator_mechanism = _parse_speculator_mechanism(d.pop("speculatorMechanism", UNSET))

        def _parse_draft_speculator_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        draft_speculator_type = _parse_draft_speculator_type(d.pop("draftSpeculatorType", UNSET))

        registry_weights = cls(
            type_=type_,
            architecture=architecture,
            context_length=context_length,
            parameters=parameters,
            speculator_mechanism=speculator_mechanism,
            draft_speculator_type=draft_speculator_type,
        )

        registry_weights.additional_properties = d
        return registry_weights

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
