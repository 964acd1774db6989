from enum import StrEnum


class PriceUnavailableReason(StrEnum):
    EVAL_FILE_INVALID = "eval_file_invalid"
    EVAL_FILE_NOT_VALIDATED = "eval_file_not_validated"
    MULTIMODAL_DATASET = "multimodal_dataset"
    TRAIN_FILE_INVALID = "train_file_invalid"
    TRAIN_FILE_NOT_VALIDATED = "train_file_not_validated"

    def __str__(self) -> str:
        return str(self.value)
