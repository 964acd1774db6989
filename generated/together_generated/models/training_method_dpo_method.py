from enum import StrEnum


class TrainingMethodDPOMethod(StrEnum):
    DPO = "dpo"

    def __str__(self) -> str:
        return str(self.value)
