"""Contains all the data models used in inputs/outputs; each is loaded when its name is first used"""

import importlib
from typing import TYPE_CHECKING

__all__ = (
    "Autoscaling",
    "BatchSizeMax",
    "ChatChoice",
    "ChatCompletion",
    "ChatCompletionRequest",
    "ChatMessage",
    "ChatUsage",
    "CosineLRSchedulerArgs",
    "DownloadCheckpoint",
    "Endpoint",
    "EndpointCreateRequest",
    "EndpointList",
    "EndpointState",
    "EndpointTarget",
    "EndpointUpdateRequest",
    "FileDeleteResponse",
    "FileList",
    "FileObject",
    "FilePurpose",
    "FileType",
    "FileUpload",
    "FineTuneCheckpoint",
    "FinetuneCreateRequest",
    "FinetuneDeleteResponse",
    "FineTuneEvent",
    "FinetuneEventLevels",
    "FinetuneEventType",
    "FinetuneFullLimits",
    "FinetuneJobStatus",
    "FinetuneListCheckpoints",
    "FinetuneListEvents",
    "FinetuneListMetrics",
    "FinetuneLoRALimits",
    "FinetuneMetrics",
    "FinetuneMetricsFilter",
    "FinetuneModelLimits",
    "FinetuneModelList",
    "FinetunePriceEstimate",
    "FinetunePriceRequest",
    "FineTuneProgress",
    "FinetuneResponse",
    "FinetuneResponseTruncated",
    "FinetuneTruncatedList",
    "FullTrainingType",
    "FullTrainingTypeType",
    "Hardware",
    "HardwareAvailability",
    "HardwareList",
    "HardwarePricing",
    "HardwareSpecs",
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

_MODULE_OF = {
    "Autoscaling": ".autoscaling",
    "BatchSizeMax": ".batch_size_max",
    "ChatChoice": ".chat_choice",
    "ChatCompletion": ".chat_completion",
    "ChatCompletionRequest": ".chat_completion_request",
    "ChatMessage": ".chat_message",
    "ChatUsage": ".chat_usage",
    "CosineLRSchedulerArgs": ".cosine_lr_scheduler_args",
    "DownloadCheckpoint": ".download_checkpoint",
    "Endpoint": ".endpoint",
    "EndpointCreateRequest": ".endpoint_create_request",
    "EndpointList": ".endpoint_list",
    "EndpointState": ".endpoint_state",
    "EndpointTarget": ".endpoint_target",
    "EndpointUpdateRequest": ".endpoint_update_request",
    "FileDeleteResponse": ".file_delete_response",
    "FileList": ".file_list",
    "FileObject": ".file_object",
    "FilePurpose": ".file_purpose",
    "FileType": ".file_type",
    "FileUpload": ".file_upload",
    "FineTuneCheckpoint": ".fine_tune_checkpoint",
    "FineTuneEvent": ".fine_tune_event",
    "FineTuneProgress": ".fine_tune_progress",
    "FinetuneCreateRequest": ".finetune_create_request",
    "FinetuneDeleteResponse": ".finetune_delete_response",
    "FinetuneEventLevels": ".finetune_event_levels",
    "FinetuneEventType": ".finetune_event_type",
    "FinetuneFullLimits": ".finetune_full_limits",
    "FinetuneJobStatus": ".finetune_job_status",
    "FinetuneListCheckpoints": ".finetune_list_checkpoints",
    "FinetuneListEvents": ".finetune_list_events",
    "FinetuneListMetrics": ".finetune_list_metrics",
    "FinetuneLoRALimits": ".finetune_lo_ra_limits",
    "FinetuneMetrics": ".finetune_metrics",
    "FinetuneMetricsFilter": ".finetune_metrics_filter",
    "FinetuneModelLimits": ".finetune_model_limits",
    "FinetuneModelList": ".finetune_model_list",
    "FinetunePriceEstimate": ".finetune_price_estimate",
    "FinetunePriceRequest": ".finetune_price_request",
    "FinetuneResponse": ".finetune_response",
    "FinetuneResponseTruncated": ".finetune_response_truncated",
    "FinetuneTruncatedList": ".finetune_truncated_list",
    "FullTrainingType": ".full_training_type",
    "FullTrainingTypeType": ".full_training_type_type",
    "Hardware": ".hardware",
    "HardwareAvailability": ".hardware_availability",
    "HardwareList": ".hardware_list",
    "HardwarePricing": ".hardware_pricing",
    "HardwareSpecs": ".hardware_specs",
    "LinearLRSchedulerArgs": ".linear_lr_scheduler_args",
    "LoRATrainingType": ".lo_ra_training_type",
    "LoRATrainingTypeType": ".lo_ra_training_type_type",
    "LRScheduler": ".lr_scheduler",
    "LRSchedulerType": ".lr_scheduler_type",
    "MultimodalParams": ".multimodal_params",
    "TrainOnInputsAuto": ".train_on_inputs_auto",
    "TrainingMethodDPO": ".training_method_dpo",
    "TrainingMethodDPOMethod": ".training_method_dpo_method",
    "TrainingMethodSFT": ".training_method_sft",
    "TrainingMethodSFTMethod": ".training_method_sft_method",
    "UnknownObject": ".unknown_object",
}

if TYPE_CHECKING:
    from .autoscaling import Autoscaling
    from .batch_size_max import BatchSizeMax
    from .chat_choice import ChatChoice
    from .chat_completion import ChatCompletion
    from .chat_completion_request import ChatCompletionRequest
    from .chat_message import ChatMessage
    from .chat_usage import ChatUsage
    from .cosine_lr_scheduler_args import CosineLRSchedulerArgs
    from .download_checkpoint import DownloadCheckpoint
    from .endpoint import Endpoint
    from .endpoint_create_request import EndpointCreateRequest
    from .endpoint_list import EndpointList
    from .endpoint_state import EndpointState
    from .endpoint_target import EndpointTarget
    from .endpoint_update_request import EndpointUpdateRequest
    from .file_delete_response import FileDeleteResponse
    from .file_list import FileList
    from .file_object import FileObject
    from .file_purpose import FilePurpose
    from .file_type import FileType
    from .file_upload import FileUpload
    from .fine_tune_checkpoint import FineTuneCheckpoint
    from .fine_tune_event import FineTuneEvent
    from .fine_tune_progress import FineTuneProgress
    from .finetune_create_request import FinetuneCreateRequest
    from .finetune_delete_response import FinetuneDeleteResponse
    from .finetune_event_levels import FinetuneEventLevels
    from .finetune_event_type import FinetuneEventType
    from .finetune_full_limits import FinetuneFullLimits
    from .finetune_job_status import FinetuneJobStatus
    from .finetune_list_checkpoints import FinetuneListCheckpoints
    from .finetune_list_events import FinetuneListEvents
    from .finetune_list_metrics import FinetuneListMetrics
    from .finetune_lo_ra_limits import FinetuneLoRALimits
    from .finetune_metrics import FinetuneMetrics
    from .finetune_metrics_filter import FinetuneMetricsFilter
    from .finetune_model_limits import FinetuneModelLimits
    from .finetune_model_list import FinetuneModelList
    from .finetune_price_estimate import FinetunePriceEstimate
    from .finetune_price_request import FinetunePriceRequest
    from .finetune_response import FinetuneResponse
    from .finetune_response_truncated import FinetuneResponseTruncated
    from .finetune_truncated_list import FinetuneTruncatedList
    from .full_training_type import FullTrainingType
    from .full_training_type_type import FullTrainingTypeType
    from .hardware import Hardware
    from .hardware_availability import HardwareAvailability
    from .hardware_list import HardwareList
    from .hardware_pricing import HardwarePricing
    from .hardware_specs import HardwareSpecs
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
else:
    # Out of a type checker's sight: it would take any name for one that exists.
    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(_MODULE_OF[name], __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
