from enum import StrEnum


class EndpointState(StrEnum):
    ERROR = "ERROR"
    PENDING = "PENDING"
    STARTED = "STARTED"
    STARTING = "STARTING"
    STOPPED = "STOPPED"
    STOPPING = "STOPPING"

    def __str__(self) -> str:
        return str(self.value)
