from enum import StrEnum


class DownloadCheckpoint(StrEnum):
    ADAPTER = "adapter"
    MERGED = "merged"
    MODEL_OUTPUT_PATH = "model_output_path"

    def __str__(self) -> str:
        return str(self.value)
