from enum import StrEnum


class DatasetFormat(StrEnum):
    CONVERSATION = "conversation"
    GENERAL = "general"
    INSTRUCTION = "instruction"

    def __str__(self) -> str:
        return str(self.value)
