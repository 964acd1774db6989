from enum import StrEnum


class TrainOnInputsAuto(StrEnum):
    AUTO = "auto"

    def __str__(self) -> str:
        return str(self.value)
