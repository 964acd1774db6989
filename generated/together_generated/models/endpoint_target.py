from enum import StrEnum


class EndpointTarget(StrEnum):
    STARTED = "STARTED"
    STOPPED = "STOPPED"

    def __str__(self) -> str:
        return str(self.value)
