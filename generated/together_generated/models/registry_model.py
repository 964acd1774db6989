from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.registry_model_visibility import RegistryModelVisibility
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.registry_weights import RegistryWeights
    from ..models.unknown_object import UnknownObject


T = TypeVar("T", bound="RegistryModel")


@_attrs_define
class RegistryModel:
    """A model in the registry.

    Attributes:
        id (str): The model's ID, which starts with `ml_`.
        name (None | str | Unset): The model's name, `<project>/<model>`.
        description (None | str | Unset): Description.
        organization_id (None | str | Unset): ID of the organization.
        project_id (None | str | Unset): ID of the project.
        visibility (None | RegistryModelVisibility | str | Unset): Who can see the model.
        base_model (None | str | Unset): Path of the base model.
        base_model_id (None | str | Unset): ID of the base model.
        weights (None | RegistryWeights | UnknownObject | Unset): The weights.
    """

    id: str
    name: None | str | Unset = UNSET
    description: None | str | Unset = UNSET
    organization_id: None | str | Unset = UNSET
    project_id: None | str | Unset = UNSET
    visibility: None | RegistryModelVisibility | str | Unset = UNSET
    base_model: None | str | Unset = UNSET
    base_model_id: None | str | Unset = UNSET
    weights: None | RegistryWeights | UnknownObject | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.registry_weights import RegistryWeights  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        id = self.id

        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        organization_id: None | str | Unset
        if isinstance(self.organization_id, Unset):
            organization_id = UNSET
        else:
            organization_id = self.organization_id

        project_id: None | str | Unset
        if isinstance(self.project_id, Unset):
            project_id = UNSET
        else:
            project_id = self.project_id

        visibility: None | str | Unset
        if isinstance(self.visibility, Unset):
            visibility = UNSET
        elif isinstance(self.visibility, RegistryModelVisibility):
            visibility = self.visibility.value
        else:
            visibility = self.visibility

        base_model: None | str | Unset
        if isinstance(self.base_model, Unset):
            base_model = UNSET
        else:
            base_model = self.base_model

        base_model_id: None | str | Unset
        if isinstance(self.base_model_id, Unset):
            base_model_id = UNSET
        else:
            base_model_id = self.base_model_id

        weights: dict[str, Any] | None | Unset
        if isinstance(self.weights, Unset):
            weights = UNSET
        elif isinstance(self.weights, RegistryWeights):
            weights = self.weights.to_dict()
        elif isinstance(self.weights, UnknownObject):
            weights = self.weights.to_dict()
        else:
            weights = self.weights

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if description is not UNSET:
            field_dict["description"] = description
        if organization_id is not UNSET:
            field_dict["organizationId"] = organization_id
        if project_id is not UNSET:
            field_dict["projectId"] = project_id
        if visibility is not UNSET:
            field_dict["visibility"] = visibility
        if base_model is not UNSET:
            field_dict["baseModel"] = base_model
        if base_model_id is not UNSET:
            field_dict["baseModelId"] = base_model_id
        if weights is not UNSET:
            field_dict["weights"] = weights

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.registry_weights import RegistryWeights  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name = _parse_name(d.pop("name", UNSET))

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        def _parse_organization_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        organization_id = _parse_organization_id(d.pop("organizationId", UNSET))

        def _parse_project_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_id = _parse_project_id(d.pop("projectId", UNSET))

        def _parse_visibility(data: object) -> None | RegistryModelVisibility | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                visibility_type_0 = RegistryModelVisibility(data)

                return visibility_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RegistryModelVisibility | str | Unset, data)

        visibility = _parse_visibility(d.pop("visibility", UNSET))

        def _parse_base_model(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        base_model = _parse_base_model(d.pop("baseModel", UNSET))

        def _parse_base_model_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        base_model_id = _parse_base_model_id(d.pop("baseModelId", UNSET))

        def _parse_weights(data: object) -> None | RegistryWeights | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                weights_type_0 = RegistryWeights.from_dict(data)

                return weights_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                weights_type_1 = UnknownObject.from_dict(data)

                return weights_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RegistryWeights | UnknownObject | Unset, data)

        weights = _parse_weights(d.pop("weights", UNSET))

        registry_model = cls(
            id=id,
            name=name,
            description=description,
            organization_id=organization_id,
            project_id=project_id,
            visibility=visibility,
            base_model=base_model,
            base_model_id=base_model_id,
            weights=weights,
        )

        registry_model.additional_properties = d
        return registry_model

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
