from enum import StrEnum


class RegistryModelVisibility(StrEnum):
    VISIBILITY_INTERNAL = "VISIBILITY_INTERNAL"
    VISIBILITY_PRIVATE = "VISIBILITY_PRIVATE"

    def __str__(self) -> str:
        return str(self.value)
