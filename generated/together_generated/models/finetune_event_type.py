from enum import StrEnum


class FinetuneEventType(StrEnum):
    BILLING_LIMIT = "billing_limit"
    CANCEL_REQUESTED = "cancel_requested"
    CHECKPOINT_SAVE = "checkpoint_save"
    EARLY_STOPPED = "early_stopped"
    EPOCH_COMPLETE = "epoch_complete"
    JOB_COMPLETE = "job_complete"
    JOB_ERROR = "job_error"
    JOB_PENDING = "job_pending"
    JOB_RESTARTED = "job_restarted"
    JOB_START = "job_start"
    JOB_STOPPED = "job_stopped"
    JOB_USER_ERROR = "job_user_error"
    MODEL_COMPRESSING = "model_compressing"
    MODEL_COMPRESSION_COMPLETE = "model_compression_complete"
    MODEL_DOWNLOADING = "model_downloading"
    MODEL_DOWNLOAD_COMPLETE = "model_download_complete"
    MODEL_UPLOADING = "model_uploading"
    MODEL_UPLOADING_TO_HF = "model_uploading_to_hf"
    MODEL_UPLOAD_COMPLETE = "model_upload_complete"
    MODEL_UPLOAD_TO_HF_COMPLETE = "model_upload_to_hf_complete"
    REFUND = "refund"
    TOKENIZED_DATASET_UPLOAD_COMPLETE = "tokenized_dataset_upload_complete"
    TRAINING_COMPLETE = "training_complete"
    TRAINING_DATA_DOWNLOADING = "training_data_downloading"
    TRAINING_DATA_DOWNLOAD_COMPLETE = "training_data_download_complete"
    TRAINING_START = "training_start"
    VALIDATION_DATA_DOWNLOADING = "validation_data_downloading"
    VALIDATION_DATA_DOWNLOAD_COMPLETE = "validation_data_download_complete"
    WANDB_INIT = "wandb_init"
    WARNING = "warning"

    def __str__(self) -> str:
        return str(self.value)
