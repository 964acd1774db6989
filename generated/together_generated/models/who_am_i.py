from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.who_am_i_type import WhoAmIType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.unknown_object import UnknownObject
    from ..models.who_am_i_identity import WhoAmIIdentity
    from ..models.who_am_i_organization import WhoAmIOrganization
    from ..models.who_am_i_project import WhoAmIProject


T = TypeVar("T", bound="WhoAmI")


@_attrs_define
class WhoAmI:
    """The owner of an API key.

    Attributes:
        type_ (None | str | Unset | WhoAmIType): Type of the credential, which determines the other fields.
        api_key (None | UnknownObject | Unset | WhoAmIIdentity): The API key.
        user (None | UnknownObject | Unset | WhoAmIIdentity): The user.
        organization (None | UnknownObject | Unset | WhoAmIOrganization): The organization.
        project (None | UnknownObject | Unset | WhoAmIProject): The project; absent for keys of a whole organization.
    """

    type_: None | str | Unset | WhoAmIType = UNSET
    api_key: None | UnknownObject | Unset | WhoAmIIdentity = UNSET
    user: None | UnknownObject | Unset | WhoAmIIdentity = UNSET
    organization: None | UnknownObject | Unset | WhoAmIOrganization = UNSET
    project: None | UnknownObject | Unset | WhoAmIProject = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415
        from ..models.who_am_i_identity import WhoAmIIdentity  # noqa: PLC0415
        from ..models.who_am_i_organization import WhoAmIOrganization  # noqa: PLC0415
        from ..models.who_am_i_project import WhoAmIProject  # noqa: PLC0415

        type_: None | str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        elif isinstance(self.type_, WhoAmIType):
            type_ = self.type_.value
        else:
            type_ = self.type_

        api_key: dict[str, Any] | None | Unset
        if isinstance(self.api_key, Unset):
            api_key = UNSET
        elif isinstance(self.api_key, WhoAmIIdentity):
            api_key = self.api_key.to_dict()
        elif isinstance(self.api_key, UnknownObject):
            api_key = self.api_key.to_dict()
        else:
            api_key = self.api_key

        user: dict[str, Any] | None | Unset
        if isinstance(self.user, Unset):
            user = UNSET
        elif isinstance(self.user, WhoAmIIdentity):
            user = self.user.to_dict()
        elif isinstance(self.user, UnknownObject):
            user = self.user.to_dict()
        else:
            user = self.user

        organization: dict[str, Any] | None | Unset
        if isinstance(self.organization, Unset):
            organization = UNSET
        elif isinstance(self.organization, WhoAmIOrganization):
            organization = self.organization.to_dict()
        elif isinstance(self.organization, UnknownObject):
            organization = self.organization.to_dict()
        else:
            organization = self.organization

        project: dict[str, Any] | None | Unset
        if isinstance(self.project, Unset):
            project = UNSET
        elif isinstance(self.project, WhoAmIProject):
            project = self.project.to_dict()
        elif isinstance(self.project, UnknownObject):
            project = self.project.to_dict()
        else:
            project = self.project

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if type_ is not UNSET:
            field_dict["type"] = type_
        if api_key is not UNSET:
            field_dict["api_key"] = api_key
        if user is not UNSET:
            field_dict["user"] = user
        if organization is not UNSET:
            field_dict["organization"] = organization
        if project is not UNSET:
            field_dict["project"] = project

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415
        from ..models.who_am_i_identity import WhoAmIIdentity  # noqa: PLC0415
        from ..models.who_am_i_organization import WhoAmIOrganization  # noqa: PLC0415
        from ..models.who_am_i_project import WhoAmIProject  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_type_(data: object) -> None | str | Unset | WhoAmIType:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                type_type_0 = WhoAmIType(data)

                return type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | str | Unset | WhoAmIType, data)

        type_ = _parse_type_(d.pop("type", UNSET))

        def _parse_api_key(data: object) -> None | UnknownObject | Unset | WhoAmIIdentity:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                api_key_type_0 = WhoAmIIdentity.from_dict(data)

                return api_key_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                api_key_type_1 = UnknownObject.from_dict(data)

                return api_key_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UnknownObject | Unset | WhoAmIIdentity, data)

        api_key = _parse_api_key(d.pop("api_key", UNSET))

        def _parse_user(data: object) -> None | UnknownObject | Unset | WhoAmIIdentity:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                user_type_0 = WhoAmIIdentity.from_dict(data)

                return user_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                user_type_1 = UnknownObject.from_dict(data)

                return user_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UnknownObject | Unset | WhoAmIIdentity, data)

        user = _parse_user(d.pop("user", UNSET))

        def _parse_organization(data: object) -> None | UnknownObject | Unset | WhoAmIOrganization:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                organization_type_0 = WhoAmIOrganization.from_dict(data)

                return organization_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                organization_type_1 = UnknownObject.from_dict(data)

                return organization_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UnknownObject | Unset | WhoAmIOrganization, data)

        organization = _parse_organization(d.pop("organization", UNSET))

        def _parse_project(data: object) -> None | UnknownObject | Unset | WhoAmIProject:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                project_type_0 = WhoAmIProject.from_dict(data)

                return project_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                project_type_1 = UnknownObject.from_dict(data)

                return project_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UnknownObject | Unset | WhoAmIProject, data)

        project = _parse_project(d.pop("project", UNSET))

        who_am_i = cls(
            type_=type_,
            api_key=api_key,
            user=user,
            organization=organization,
            project=project,
        )

        who_am_i.additional_properties = d
        return who_am_i

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
