"""Contains all the data models used in inputs/outputs"""

from .batch_size_max import BatchSizeMax
from .cosine_lr_scheduler_args import CosineLRSchedulerArgs
from .download_checkpoint import DownloadCheckpoint
from .fine_tune_checkpoint import FineTuneCheckpoint
from .fine_tune_event import FineTuneEvent
from .fine_tune_progress import FineTuneProgress
from .finetune_create_request import FinetuneCreateRequest
from .finetune_delete_response import FinetuneDeleteResponse
from .finetune_event_levels import FinetuneEventLevels
from .finetune_event_type import FinetuneEventType
from .finetune_job_status import FinetuneJobStatus
from .finetune_list_checkpoints import FinetuneListCheckpoints
from .finetune_list_events import FinetuneListEvents
from .finetune_response import FinetuneResponse
from .finetune_response_truncated import FinetuneResponseTruncated
from .finetune_truncated_list import FinetuneTruncatedList
from .full_training_type import FullTrainingType
from .full_training_type_type import FullTrainingTypeType
from .linear_lr_scheduler_args import LinearLRSchedulerArgs
from .lo_ra_training_type import LoRATrainingType
from .lo_ra_training_type_type import LoRATrainingTypeType
from .lr_scheduler import LRScheduler
from .lr_scheduler_type import LRSchedulerType
from .multimodal_params import MultimodalParams
from .train_on_inputs_auto import TrainOnInputsAuto
from .training_method_dpo import TrainingMethodDPO
from .training_method_dpo_method import TrainingMethodDPOMethod
from .training_method_sft import TrainingMethodSFT
from .training_method_sft_method import TrainingMethodSFTMethod
from .unknown_object import UnknownObject

__all__ = (
    "BatchSizeMax",
    "CosineLRSchedulerArgs",
    "DownloadCheckpoint",
    "FineTuneCheckpoint",
    "FinetuneCreateRequest",
    "FinetuneDeleteResponse",
    "FineTuneEvent",
    "FinetuneEventLevels",
    "FinetuneEventType",
    "FinetuneJobStatus",
    "FinetuneListCheckpoints",
    "FinetuneListEvents",
    "FineTuneProgress",
    "FinetuneResponse",
    "FinetuneResponseTruncated",
    "FinetuneTruncatedList",
    "FullTrainingType",
    "FullTrainingTypeType",
    "LinearLRSchedulerArgs",
    "LoRATrainingType",
    "LoRATrainingTypeType",
    "LRScheduler",
    "LRSchedulerType",
    "MultimodalParams",
    "TrainingMethodDPO",
    "TrainingMethodDPOMethod",
    "TrainingMethodSFT",
    "TrainingMethodSFTMethod",
    "TrainOnInputsAuto",
    "UnknownObject",
)
