from enum import StrEnum


class FullTrainingTypeType(StrEnum):
    FULL = "Full"

    def __str__(self) -> str:
        return str(self.value)
