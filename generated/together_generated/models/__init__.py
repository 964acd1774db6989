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
    "DatasetFormat",
    "DownloadCheckpoint",
    "DownloadFile",
    "DownloadPart",
    "DownloadPartHeadersType0",
    "DtypeCount",
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
    "FinetunePreview",
    "FinetunePreviewRequest",
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
    "ModelDownload",
    "ModelDownloadRequest",
    "MultimodalParams",
    "ParameterCounts",
    "PreviewRow",
    "PriceUnavailableReason",
    "RegistryModel",
    "RegistryModelList",
    "RegistryModelVisibility",
    "RegistryWeights",
    "RegistryWeightsType",
    "Revision",
    "RevisionFile",
    "RevisionFileList",
    "RevisionList",
    "RevisionValidationStatus",
    "TokenizedDataset",
    "TrainingMethodDPO",
    "TrainingMethodDPOMethod",
    "TrainingMethodSFT",
    "TrainingMethodSFTMethod",
    "TrainOnInputsAuto",
    "UnknownObject",
    "ValidationError",
    "ValidationReport",
    "WhoAmI",
    "WhoAmIIdentity",
    "WhoAmIOrganization",
    "WhoAmIProject",
    "WhoAmIType",
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
    "DatasetFormat": ".dataset_format",
    "DownloadCheckpoint": ".download_checkpoint",
    "DownloadFile": ".download_file",
    "DownloadPart": ".download_part",
    "DownloadPartHeadersType0": ".download_part_headers_type_0",
    "DtypeCount": ".dtype_count",
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
    "FinetunePreview": ".finetune_preview",
    "FinetunePreviewRequest": ".finetune_preview_request",
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
    "ModelDownload": ".model_download",
    "ModelDownloadRequest": ".model_download_request",
    "MultimodalParams": ".multimodal_params",
    "ParameterCounts": ".parameter_counts",
    "PreviewRow": ".preview_row",
    "PriceUnavailableReason": ".price_unavailable_reason",
    "RegistryModel": ".registry_model",
    "RegistryModelList": ".registry_model_list",
    "RegistryModelVisibility": ".registry_model_visibility",
    "RegistryWeights": ".registry_weights",
    "RegistryWeightsType": ".registry_weights_type",
    "Revision": ".revision",
    "RevisionFile": ".revision_file",
    "RevisionFileList": ".revision_file_list",
    "RevisionList": ".revision_list",
    "RevisionValidationStatus": ".revision_validation_status",
    "TokenizedDataset": ".tokenized_dataset",
    "TrainOnInputsAuto": ".train_on_inputs_auto",
    "TrainingMethodDPO": ".training_method_dpo",
    "TrainingMethodDPOMethod": ".training_method_dpo_method",
    "TrainingMethodSFT": ".training_method_sft",
    "TrainingMethodSFTMethod": ".training_method_sft_method",
    "UnknownObject": ".unknown_object",
    "ValidationError": ".validation_error",
    "ValidationReport": ".validation_report",
    "WhoAmI": ".who_am_i",
    "WhoAmIIdentity": ".who_am_i_identity",
    "WhoAmIOrganization": ".who_am_i_organization",
    "WhoAmIProject": ".who_am_i_project",
    "WhoAmIType": ".who_am_i_type",
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
    from .dataset_format import DatasetFormat
    from .download_checkpoint import DownloadCheckpoint
    from .download_file import DownloadFile
    from .download_part import DownloadPart
    from .download_part_headers_type_0 import DownloadPartHeadersType0
    from .dtype_count import DtypeCount
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
    from .finetune_preview import FinetunePreview
    from .finetune_preview_request import FinetunePreviewRequest
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
    from .model_download import ModelDownload
    from .model_download_request import ModelDownloadRequest
    from .multimodal_params import MultimodalParams
    from .parameter_counts import ParameterCounts
    from .preview_row import PreviewRow
    from .price_unavailable_reason import PriceUnavailableReason
    from .registry_model import RegistryModel
    from .registry_model_list import RegistryModelList
    from .registry_model_visibility import RegistryModelVisibility
    from .registry_weights import RegistryWeights
    from .registry_weights_type import RegistryWeightsType
    from .revision import Revision
    from .revision_file import RevisionFile
    from .revision_file_list import RevisionFileList
    from .revision_list import RevisionList
    from .revision_validation_status import RevisionValidationStatus
    from .tokenized_dataset import TokenizedDataset
    from .train_on_inputs_auto import TrainOnInputsAuto
    from .training_method_dpo import TrainingMethodDPO
    from .training_method_dpo_method import TrainingMethodDPOMethod
    from .training_method_sft import TrainingMethodSFT
    from .training_method_sft_method import TrainingMethodSFTMethod
    from .unknown_object import UnknownObject
    from .validation_error import ValidationError
    from .validation_report import ValidationReport
    from .who_am_i import WhoAmI
    from .who_am_i_identity import WhoAmIIdentity
    from .who_am_i_organization import WhoAmIOrganization
    from .who_am_i_project import WhoAmIProject
    from .who_am_i_type import WhoAmIType
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
