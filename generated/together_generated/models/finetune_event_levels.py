from enum import StrEnum


class FinetuneEventLevels(StrEnum):
    ERROR = "error"
    INFO = "info"
    LEGACY_IERROR = "legacy_ierror"
    LEGACY_INFO = "legacy_info"
    LEGACY_IWARNING = "legacy_iwarning"
    WARNING = "warning"

    def __str__(self) -> str:
        return str(self.value)
