from enum import StrEnum


class LoRATrainingTypeType(StrEnum):
    LORA = "Lora"

    def __str__(self) -> str:
        return str(self.value)
