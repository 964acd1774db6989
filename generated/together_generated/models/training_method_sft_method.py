from enum import StrEnum


class TrainingMethodSFTMethod(StrEnum):
    SFT = "sft"

    def __str__(self) -> str:
        return str(self.value)
