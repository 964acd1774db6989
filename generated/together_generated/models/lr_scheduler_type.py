from enum import StrEnum


class LRSchedulerType(StrEnum):
    COSINE = "cosine"
    LINEAR = "linear"

    def __str__(self) -> str:
        return str(self.value)
