from enum import StrEnum


class FilePurpose(StrEnum):
    BATCH_API = "batch-api"
    BATCH_GENERATED = "batch-generated"
    CALIBRATION = "calibration"
    EVAL = "eval"
    EVAL_OUTPUT = "eval-output"
    EVAL_SAMPLE = "eval-sample"
    EVAL_SUMMARY = "eval-summary"
    FINE_TUNE = "fine-tune"

    def __str__(self) -> str:
        return str(self.value)
