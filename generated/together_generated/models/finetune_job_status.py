from enum import StrEnum


class FinetuneJobStatus(StrEnum):
    CANCELLED = "cancelled"
    CANCEL_REQUESTED = "cancel_requested"
    COMPLETED = "completed"
    COMPRESSING = "compressing"
    ERROR = "error"
    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    UPLOADING = "uploading"
    USER_ERROR = "user_error"

    def __str__(self) -> str:
        return str(self.value)
