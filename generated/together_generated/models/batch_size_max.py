from enum import StrEnum


class BatchSizeMax(StrEnum):
    MAX = "max"

    def __str__(self) -> str:
        return str(self.value)
