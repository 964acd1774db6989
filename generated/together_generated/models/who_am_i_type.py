from enum import StrEnum


class WhoAmIType(StrEnum):
    ORG_API_KEY = "org_api_key"
    PROJECT_API_KEY = "project_api_key"
    USER_JWT = "user_jwt"
    USER_ORG_JWT = "user_org_jwt"
    USER_ORG_PROJECT_JWT = "user_org_project_jwt"

    def __str__(self) -> str:
        return str(self.value)
