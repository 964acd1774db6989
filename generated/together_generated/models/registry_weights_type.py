from enum import StrEnum


class RegistryWeightsType(StrEnum):
    WEIGHTS_TYPE_ADAPTER = "WEIGHTS_TYPE_ADAPTER"
    WEIGHTS_TYPE_DEFAULT = "WEIGHTS_TYPE_DEFAULT"
    WEIGHTS_TYPE_SPECULATOR = "WEIGHTS_TYPE_SPECULATOR"

    def __str__(self) -> str:
        return str(self.value)
