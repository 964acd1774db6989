from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.batch_size_max import BatchSizeMax
from ..models.finetune_job_status import FinetuneJobStatus
from ..models.train_on_inputs_auto import TrainOnInputsAuto
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.fine_tune_event import FineTuneEvent
    from ..models.fine_tune_progress import FineTuneProgress
    from ..models.full_training_type import FullTrainingType
    from ..models.lo_ra_training_type import LoRATrainingType
    from ..models.lr_scheduler import LRScheduler
    from ..models.multimodal_params import MultimodalParams
    from ..models.training_method_dpo import TrainingMethodDPO
    from ..models.training_method_sft import TrainingMethodSFT
    from ..models.unknown_object import UnknownObject


T = TypeVar("T", bound="FinetuneResponse")


@_attrs_define
class FinetuneResponse:
    """A job with all its details.

    Attributes:
        id (str): The job's ID, which starts with `ft-`.
        training_file (None | str | Unset): ID of the training file.
        validation_file (None | str | Unset): ID of the validation file.
        model (None | str | Unset): Base model.
        model_output_name (None | str | Unset): The fine-tuned model's name, `account/Model-Name-suffix-hash`.
        model_output_path (None | str | Unset): Path of the weights on the server.
        trainingfile_numlines (int | None | Unset): Number of samples in the training file.
        trainingfile_size (int | None | Unset): Size of the training file in bytes.
        created_at (datetime.datetime | None | str | Unset): Time of the job's creation.
        updated_at (datetime.datetime | None | str | Unset): Time of the job's last change.
        started_at (datetime.datetime | None | str | Unset): Time at which the current stage began.
        n_epochs (int | None | Unset): Number of epochs.
        n_checkpoints (int | None | Unset): Number of checkpoints to save.
        n_evals (int | None | Unset): Number of evaluations.
        batch_size (BatchSizeMax | int | None | str | Unset): Samples per step, or `max`.
        learning_rate (float | None | Unset): Peak learning rate.
        lr_scheduler (LRScheduler | None | UnknownObject | Unset): The learning rate schedule.
        warmup_ratio (float | None | Unset): Fraction of the steps used for warmup.
        max_grad_norm (float | None | Unset): Maximum gradient norm.
        weight_decay (float | None | Unset): Weight decay of the optimizer.
        eval_steps (int | None | Unset): Number of steps between two evaluations.
        train_on_inputs (bool | None | str | TrainOnInputsAuto | Unset): Whether prompts count for the loss.
        training_method (None | TrainingMethodDPO | TrainingMethodSFT | UnknownObject | Unset): Supervised fine-tuning,
            direct preference optimization, or a newer method.
        training_type (FullTrainingType | LoRATrainingType | None | UnknownObject | Unset): Full, LoRA, or a newer type.
        multimodal_params (MultimodalParams | None | UnknownObject | Unset): Settings of vision models.
        status (FinetuneJobStatus | None | str | Unset): Status of the job.
        job_id (None | str | Unset): ID of the job that runs the training.
        events (list[FineTuneEvent] | None | Unset): The events so far.
        token_count (int | None | Unset): Number of processed tokens.
        param_count (int | None | Unset): Number of parameters of the model.
        total_price (float | None | Unset): Price of the job.
        epochs_completed (int | None | Unset): Number of completed epochs.
        queue_depth (int | None | Unset): Number of jobs ahead in the queue.
        user_id (None | str | Unset): ID of the user who created the job.
        wandb_project_name (None | str | Unset): Weights & Biases project.
        wandb_url (None | str | Unset): URL of the Weights & Biases run.
        from_checkpoint (None | str | Unset): Checkpoint that the job continued from.
        from_hf_model (None | str | Unset): Hugging Face repository that the job started from.
        hf_model_revision (None | str | Unset): Revision of that repository.
        early_stopped (bool | None | Unset): Whether early stopping ended the training.
        early_stopping_best_step (int | None | Unset): The step that early stopping chose; without a best metric, the
            last step.
        early_stopping_best_metric (float | None | Unset): The evaluation loss at that step; null if none was recorded.
        model_object_id (None | str | Unset): Registry ID of the final model, which starts with `ml_`.
        model_object_name (None | str | Unset): Registry name of the final model, `<project>/<model>`.
        model_object_revision_id (None | str | Unset): Revision of the final model in the registry, which starts with
            `rv_`.
        adapter_object_id (None | str | Unset): Registry ID of the final adapter.
        adapter_object_name (None | str | Unset): Registry name of the final adapter.
        adapter_object_revision_id (None | str | Unset): Revision of the final adapter in the registry.
        tokenized_dataset_path (None | str | Unset): Path of the tokenized dataset on the server.
        tokenized_dataset_uploaded_at (datetime.datetime | None | str | Unset): Date of the upload of the tokenized
            dataset.
        progress (FineTuneProgress | None | UnknownObject | Unset): Progress of the current stage.
    """

    id: str
    training_file: None | str | Unset = UNSET
    validation_file: None | str | Unset = UNSET
    model: None | str | Unset = UNSET
    model_output_name: None | str | Unset = UNSET
    model_output_path: None | str | Unset = UNSET
    trainingfile_numlines: int | None | Unset = UNSET
    trainingfile_size: int | None | Unset = UNSET
    created_at: datetime.datetime | None | str | Unset = UNSET
    updated_at: datetime.datetime | None | str | Unset = UNSET
    started_at: datetime.datetime | None | str | Unset = UNSET
    n_epochs: int | None | Unset = UNSET
    n_checkpoints: int | None | Unset = UNSET
    n_evals: int | None | Unset = UNSET
    batch_size: BatchSizeMax | int | None | str | Unset = UNSET
    learning_rate: float | None | Unset = UNSET
    lr_scheduler: LRScheduler | None | UnknownObject | Unset = UNSET
    warmup_ratio: float | None | Unset = UNSET
    max_grad_norm: float | None | Unset = UNSET
    weight_decay: float | None | Unset = UNSET
    eval_steps: int | None | Unset = UNSET
    train_on_inputs: bool | None | str | TrainOnInputsAuto | Unset = UNSET
    training_method: None | TrainingMethodDPO | TrainingMethodSFT | UnknownObject | Unset = UNSET
    training_type: FullTrainingType | LoRATrainingType | None | UnknownObject | Unset = UNSET
    multimodal_params: MultimodalParams | None | UnknownObject | Unset = UNSET
    status: FinetuneJobStatus | None | str | Unset = UNSET
    job_id: None | str | Unset = UNSET
    events: list[FineTuneEvent] | None | Unset = UNSET
    token_count: int | None | Unset = UNSET
    param_count: int | None | Unset = UNSET
    total_price: float | None | Unset = UNSET
    epochs_completed: int | None | Unset = UNSET
    queue_depth: int | None | Unset = UNSET
    user_id: None | str | Unset = UNSET
    wandb_project_name: None | str | Unset = UNSET
    wandb_url: None | str | Unset = UNSET
    from_checkpoint: None | str | Unset = UNSET
    from_hf_model: None | str | Unset = UNSET
    hf_model_revision: None | str | Unset = UNSET
    early_stopped: bool | None | Unset = UNSET
    early_stopping_best_step: int | None | Unset = UNSET
    early_stopping_best_metric: float | None | Unset = UNSET
    model_object_id: None | str | Unset = UNSET
    model_object_name: None | str | Unset = UNSET
    model_object_revision_id: None | str | Unset = UNSET
    adapter_object_id: None | str | Unset = UNSET
    adapter_object_name: None | str | Unset = UNSET
    adapter_object_revision_id: None | str | Unset = UNSET
    tokenized_dataset_path: None | str | Unset = UNSET
    tokenized_dataset_uploaded_at: datetime.datetime | None | str | Unset = UNSET
    progress: FineTuneProgress | None | UnknownObject | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.fine_tune_progress import FineTuneProgress  # noqa: PLC0415
        from ..models.full_training_type import FullTrainingType  # noqa: PLC0415
        from ..models.lo_ra_training_type import LoRATrainingType  # noqa: PLC0415
        from ..models.lr_scheduler import LRScheduler  # noqa: PLC0415
        from ..models.multimodal_params import MultimodalParams  # noqa: PLC0415
        from ..models.training_method_dpo import TrainingMethodDPO  # noqa: PLC0415
        from ..models.training_method_sft import TrainingMethodSFT  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        id = self.id

        training_file: None | str | Unset
        if isinstance(self.training_file, Unset):
            training_file = UNSET
        else:
            training_file = self.training_file

        validation_file: None | str | Unset
        if isinstance(self.validation_file, Unset):
            validation_file = UNSET
        else:
            validation_file = self.validation_file

        model: None | str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        else:
            model = self.model

        model_output_name: None | str | Unset
        if isinstance(self.model_output_name, Unset):
            model_output_name = UNSET
        else:
            model_output_name = self.model_output_name

        model_output_path: None | str | Unset
        if isinstance(self.model_output_path, Unset):
            model_output_path = UNSET
        else:
            model_output_path = self.model_output_path

        trainingfile_numlines: int | None | Unset
        if isinstance(self.trainingfile_numlines, Unset):
            trainingfile_numlines = UNSET
        else:
            trainingfile_numlines = self.trainingfile_numlines

        trainingfile_size: int | None | Unset
        if isinstance(self.trainingfile_size, Unset):
            trainingfile_size = UNSET
        else:
            trainingfile_size = self.trainingfile_size

        created_at: None | str | Unset
        if isinstance(self.created_at, Unset):
            created_at = UNSET
        elif isinstance(self.created_at, datetime.datetime):
            created_at = self.created_at.isoformat()
        else:
            created_at = self.created_at

        updated_at: None | str | Unset
        if isinstance(self.updated_at, Unset):
            updated_at = UNSET
        elif isinstance(self.updated_at, datetime.datetime):
            updated_at = self.updated_at.isoformat()
        else:
            updated_at = self.updated_at

        started_at: None | str | Unset
        if isinstance(self.started_at, Unset):
            started_at = UNSET
        elif isinstance(self.started_at, datetime.datetime):
            started_at = self.started_at.isoformat()
        else:
            started_at = self.started_at

        n_epochs: int | None | Unset
        if isinstance(self.n_epochs, Unset):
            n_epochs = UNSET
        else:
            n_epochs = self.n_epochs

        n_checkpoints: int | None | Unset
        if isinstance(self.n_checkpoints, Unset):
            n_checkpoints = UNSET
        else:
            n_checkpoints = self.n_checkpoints

        n_evals: int | None | Unset
        if isinstance(self.n_evals, Unset):
            n_evals = UNSET
        else:
            n_evals = self.n_evals

        batch_size: int | None | str | Unset
        if isinstance(self.batch_size, Unset):
            batch_size = UNSET
        elif isinstance(self.batch_size, BatchSizeMax):
            batch_size = self.batch_size.value
        else:
            batch_size = self.batch_size

        learning_rate: float | None | Unset
        if isinstance(self.learning_rate, Unset):
            learning_rate = UNSET
        else:
            learning_rate = self.learning_rate

        lr_scheduler: dict[str, Any] | None | Unset
        if isinstance(self.lr_scheduler, Unset):
            lr_scheduler = UNSET
        elif isinstance(self.lr_scheduler, LRScheduler):
            lr_scheduler = self.lr_scheduler.to_dict()
        elif isinstance(self.lr_scheduler, UnknownObject):
            lr_scheduler = self.lr_scheduler.to_dict()
        else:
            lr_scheduler = self.lr_scheduler

        warmup_ratio: float | None | Unset
        if isinstance(self.warmup_ratio, Unset):
            warmup_ratio = UNSET
        else:
            warmup_ratio = self.warmup_ratio

        max_grad_norm: float | None | Unset
        if isinstance(self.max_grad_norm, Unset):
            max_grad_norm = UNSET
        else:
            max_grad_norm = self.max_grad_norm

        weight_decay: float | None | Unset
        if isinstance(self.weight_decay, Unset):
            weight_decay = UNSET
        else:
            weight_decay = self.weight_decay

        eval_steps: int | None | Unset
        if isinstance(self.eval_steps, Unset):
            eval_steps = UNSET
        else:
            eval_steps = self.eval_steps

        train_on_inputs: bool | None | str | Unset
        if isinstance(self.train_on_inputs, Unset):
            train_on_inputs = UNSET
        elif isinstance(self.train_on_inputs, TrainOnInputsAuto):
            train_on_inputs = self.train_on_inputs.value
        else:
            train_on_inputs = self.train_on_inputs

        training_method: dict[str, Any] | None | Unset
        if isinstance(self.training_method, Unset):
            training_method = UNSET
        elif isinstance(self.training_method, TrainingMethodSFT):
            training_method = self.training_method.to_dict()
        elif isinstance(self.training_method, TrainingMethodDPO):
            training_method = self.training_method.to_dict()
        elif isinstance(self.training_method, UnknownObject):
            training_method = self.training_method.to_dict()
        else:
            training_method = self.training_method

        training_type: dict[str, Any] | None | Unset
        if isinstance(self.training_type, Unset):
            training_type = UNSET
        elif isinstance(self.training_type, FullTrainingType):
            training_type = self.training_type.to_dict()
        elif isinstance(self.training_type, LoRATrainingType):
            training_type = self.training_type.to_dict()
        elif isinstance(self.training_type, UnknownObject):
            training_type = self.training_type.to_dict()
        else:
            training_type = self.training_type

        multimodal_params: dict[str, Any] | None | Unset
        if isinstance(self.multimodal_params, Unset):
            multimodal_params = UNSET
        elif isinstance(self.multimodal_params, MultimodalParams):
            multimodal_params = self.multimodal_params.to_dict()
        elif isinstance(self.multimodal_params, UnknownObject):
            multimodal_params = self.multimodal_params.to_dict()
        else:
            multimodal_params = self.multimodal_params

        status: None | str | Unset
        if isinstance(self.status, Unset):
            status = UNSET
        elif isinstance(self.status, FinetuneJobStatus):
            status = self.status.value
        else:
            status = self.status

        job_id: None | str | Unset
        if isinstance(self.job_id, Unset):
            job_id = UNSET
        else:
            job_id = self.job_id

        events: list[dict[str, Any]] | None | Unset
        if isinstance(self.events, Unset):
            events = UNSET
        elif isinstance(self.events, list):
            events = []
            for events_type_0_item_data in self.events:
                events_type_0_item = (
                    events_type_0_item_data.to_dict()
                    if hasattr(events_type_0_item_data, "to_dict")
                    else events_type_0_item_data
                )
                events.append(events_type_0_item)

        else:
            events = self.events

        token_count: int | None | Unset
        if isinstance(self.token_count, Unset):
            token_count = UNSET
        else:
            token_count = self.token_count

        param_count: int | None | Unset
        if isinstance(self.param_count, Unset):
            param_count = UNSET
        else:
            param_count = self.param_count

        total_price: float | None | Unset
        if isinstance(self.total_price, Unset):
            total_price = UNSET
        else:
            total_price = self.total_price

        epochs_completed: int | None | Unset
        if isinstance(self.epochs_completed, Unset):
            epochs_completed = UNSET
        else:
            epochs_completed = self.epochs_completed

        queue_depth: int | None | Unset
        if isinstance(self.queue_depth, Unset):
            queue_depth = UNSET
        else:
            queue_depth = self.queue_depth

        user_id: None | str | Unset
        if isinstance(self.user_id, Unset):
            user_id = UNSET
        else:
            user_id = self.user_id

        wandb_project_name: None | str | Unset
        if isinstance(self.wandb_project_name, Unset):
            wandb_project_name = UNSET
        else:
            wandb_project_name = self.wandb_project_name

        wandb_url: None | str | Unset
        if isinstance(self.wandb_url, Unset):
            wandb_url = UNSET
        else:
            wandb_url = self.wandb_url

        from_checkpoint: None | str | Unset
        if isinstance(self.from_checkpoint, Unset):
            from_checkpoint = UNSET
        else:
            from_checkpoint = self.from_checkpoint

        from_hf_model: None | str | Unset
        if isinstance(self.from_hf_model, Unset):
            from_hf_model = UNSET
        else:
            from_hf_model = self.from_hf_model

        hf_model_revision: None | str | Unset
        if isinstance(self.hf_model_revision, Unset):
            hf_model_revision = UNSET
        else:
            hf_model_revision = self.hf_model_revision

        early_stopped: bool | None | Unset
        if isinstance(self.early_stopped, Unset):
            early_stopped = UNSET
        else:
            early_stopped = self.early_stopped

        early_stopping_best_step: int | None | Unset
        if isinstance(self.early_stopping_best_step, Unset):
            early_stopping_best_step = UNSET
        else:
            early_stopping_best_step = self.early_stopping_best_step

        early_stopping_best_metric: float | None | Unset
        if isinstance(self.early_stopping_best_metric, Unset):
            early_stopping_best_metric = UNSET
        else:
            early_stopping_best_metric = self.early_stopping_best_metric

        model_object_id: None | str | Unset
        if isinstance(self.model_object_id, Unset):
            model_object_id = UNSET
        else:
            model_object_id = self.model_object_id

        model_object_name: None | str | Unset
        if isinstance(self.model_object_name, Unset):
            model_object_name = UNSET
        else:
            model_object_name = self.model_object_name

        model_object_revision_id: None | str | Unset
        if isinstance(self.model_object_revision_id, Unset):
            model_object_revision_id = UNSET
        else:
            model_object_revision_id = self.model_object_revision_id

        adapter_object_id: None | str | Unset
        if isinstance(self.adapter_object_id, Unset):
            adapter_object_id = UNSET
        else:
            adapter_object_id = self.adapter_object_id

        adapter_object_name: None | str | Unset
        if isinstance(self.adapter_object_name, Unset):
            adapter_object_name = UNSET
        else:
            adapter_object_name = self.adapter_object_name

        adapter_object_revision_id: None | str | Unset
        if isinstance(self.adapter_object_revision_id, Unset):
            adapter_object_revision_id = UNSET
        else:
            adapter_object_revision_id = self.adapter_object_revision_id

        tokenized_dataset_path: None | str | Unset
        if isinstance(self.tokenized_dataset_path, Unset):
            tokenized_dataset_path = UNSET
        else:
            tokenized_dataset_path = self.tokenized_dataset_path

        tokenized_dataset_uploaded_at: None | str | Unset
        if isinstance(self.tokenized_dataset_uploaded_at, Unset):
            tokenized_dataset_uploaded_at = UNSET
        elif isinstance(self.tokenized_dataset_uploaded_at, datetime.datetime):
            tokenized_dataset_uploaded_at = self.tokenized_dataset_uploaded_at.isoformat()
        else:
            tokenized_dataset_uploaded_at = self.tokenized_dataset_uploaded_at

        progress: dict[str, Any] | None | Unset
        if isinstance(self.progress, Unset):
            progress = UNSET
        elif isinstance(self.progress, FineTuneProgress):
            progress = self.progress.to_dict()
        elif isinstance(self.progress, UnknownObject):
            progress = self.progress.to_dict()
        else:
            progress = self.progress

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if training_file is not UNSET:
            field_dict["training_file"] = training_file
        if validation_file is not UNSET:
            field_dict["validation_file"] = validation_file
        if model is not UNSET:
            field_dict["model"] = model
        if model_output_name is not UNSET:
            field_dict["model_output_name"] = model_output_name
        if model_output_path is not UNSET:
            field_dict["model_output_path"] = model_output_path
        if trainingfile_numlines is not UNSET:
            field_dict["trainingfile_numlines"] = trainingfile_numlines
        if trainingfile_size is not UNSET:
            field_dict["trainingfile_size"] = trainingfile_size
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if updated_at is not UNSET:
            field_dict["updated_at"] = updated_at
        if started_at is not UNSET:
            field_dict["started_at"] = started_at
        if n_epochs is not UNSET:
            field_dict["n_epochs"] = n_epochs
        if n_checkpoints is not UNSET:
            field_dict["n_checkpoints"] = n_checkpoints
        if n_evals is not UNSET:
            field_dict["n_evals"] = n_evals
        if batch_size is not UNSET:
            field_dict["batch_size"] = batch_size
        if learning_rate is not UNSET:
            field_dict["learning_rate"] = learning_rate
        if lr_scheduler is not UNSET:
            field_dict["lr_scheduler"] = lr_scheduler
        if warmup_ratio is not UNSET:
            field_dict["warmup_ratio"] = warmup_ratio
        if max_grad_norm is not UNSET:
            field_dict["max_grad_norm"] = max_grad_norm
        if weight_decay is not UNSET:
            field_dict["weight_decay"] = weight_decay
        if eval_steps is not UNSET:
            field_dict["eval_steps"] = eval_steps
        if train_on_inputs is not UNSET:
            field_dict["train_on_inputs"] = train_on_inputs
        if training_method is not UNSET:
            field_dict["training_method"] = training_method
        if training_type is not UNSET:
            field_dict["training_type"] = training_type
        if multimodal_params is not UNSET:
            field_dict["multimodal_params"] = multimodal_params
        if status is not UNSET:
            field_dict["status"] = status
        if job_id is not UNSET:
            field_dict["job_id"] = job_id
        if events is not UNSET:
            field_dict["events"] = events
        if token_count is not UNSET:
            field_dict["token_count"] = token_count
        if param_count is not UNSET:
            field_dict["param_count"] = param_count
        if total_price is not UNSET:
            field_dict["total_price"] = total_price
        if epochs_completed is not UNSET:
            field_dict["epochs_completed"] = epochs_completed
        if queue_depth is not UNSET:
            field_dict["queue_depth"] = queue_depth
        if user_id is not UNSET:
            field_dict["user_id"] = user_id
        if wandb_project_name is not UNSET:
            field_dict["wandb_project_name"] = wandb_project_name
        if wandb_url is not UNSET:
            field_dict["wandb_url"] = wandb_url
        if from_checkpoint is not UNSET:
            field_dict["from_checkpoint"] = from_checkpoint
        if from_hf_model is not UNSET:
            field_dict["from_hf_model"] = from_hf_model
        if hf_model_revision is not UNSET:
            field_dict["hf_model_revision"] = hf_model_revision
        if early_stopped is not UNSET:
            field_dict["early_stopped"] = early_stopped
        if early_stopping_best_step is not UNSET:
            field_dict["early_stopping_best_step"] = early_stopping_best_step
        if early_stopping_best_metric is not UNSET:
            field_dict["early_stopping_best_metric"] = early_stopping_best_metric
        if model_object_id is not UNSET:
            field_dict["model_object_id"] = model_object_id
        if model_object_name is not UNSET:
            field_dict["model_object_name"] = model_object_name
        if model_object_revision_id is not UNSET:
            field_dict["model_object_revision_id"] = model_object_revision_id
        if adapter_object_id is not UNSET:
            field_dict["adapter_object_id"] = adapter_object_id
        if adapter_object_name is not UNSET:
            field_dict["adapter_object_name"] = adapter_object_name
        if adapter_object_revision_id is not UNSET:
            field_dict["adapter_object_revision_id"] = adapter_object_revision_id
        if tokenized_dataset_path is not UNSET:
            field_dict["tokenized_dataset_path"] = tokenized_dataset_path
        if tokenized_dataset_uploaded_at is not UNSET:
            field_dict["tokenized_dataset_uploaded_at"] = tokenized_dataset_uploaded_at
        if progress is not UNSET:
            field_dict["progress"] = progress

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.fine_tune_event import FineTuneEvent  # noqa: PLC0415
        from ..models.fine_tune_progress import FineTuneProgress  # noqa: PLC0415
        from ..models.full_training_type import FullTrainingType  # noqa: PLC0415
        from ..models.lo_ra_training_type import LoRATrainingType  # noqa: PLC0415
        from ..models.lr_scheduler import LRScheduler  # noqa: PLC0415
        from ..models.multimodal_params import MultimodalParams  # noqa: PLC0415
        from ..models.training_method_dpo import TrainingMethodDPO  # noqa: PLC0415
        from ..models.training_method_sft import TrainingMethodSFT  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_training_file(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        training_file = _parse_training_file(d.pop("training_file", UNSET))

        def _parse_validation_file(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        validation_file = _parse_validation_file(d.pop("validation_file", UNSET))

        def _parse_model(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model = _parse_model(d.pop("model", UNSET))

        def _parse_model_output_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model_output_name = _parse_model_output_name(d.pop("model_output_name", UNSET))

        def _parse_model_output_path(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model_output_path = _parse_model_output_path(d.pop("model_output_path", UNSET))

        def _parse_trainingfile_numlines(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        trainingfile_numlines = _parse_trainingfile_numlines(d.pop("trainingfile_numlines", UNSET))

        def _parse_trainingfile_size(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        trainingfile_size = _parse_trainingfile_size(d.pop("trainingfile_size", UNSET))

        def _parse_created_at(data: object) -> datetime.datetime | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                created_at_type_0 = datetime.datetime.fromisoformat(data)

                return created_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | str | Unset, data)

        created_at = _parse_created_at(d.pop("created_at", UNSET))

        def _parse_updated_at(data: object) -> datetime.datetime | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                updated_at_type_0 = datetime.datetime.fromisoformat(data)

                return updated_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | str | Unset, data)

        updated_at = _parse_updated_at(d.pop("updated_at", UNSET))

        def _parse_started_at(data: object) -> datetime.datetime | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                started_at_type_0 = datetime.datetime.fromisoformat(data)

                return started_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | str | Unset, data)

        started_at = _parse_started_at(d.pop("started_at", UNSET))

        def _parse_n_epochs(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        n_epochs = _parse_n_epochs(d.pop("n_epochs", UNSET))

        def _parse_n_checkpoints(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        n_checkpoints = _parse_n_checkpoints(d.pop("n_checkpoints", UNSET))

        def _parse_n_evals(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        n_evals = _parse_n_evals(d.pop("n_evals", UNSET))

        def _parse_batch_size(data: object) -> BatchSizeMax | int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                batch_size_type_1 = BatchSizeMax(data)

                return batch_size_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BatchSizeMax | int | None | str | Unset, data)

        batch_size = _parse_batch_size(d.pop("batch_size", UNSET))

        def _parse_learning_rate(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        learning_rate = _parse_learning_rate(d.pop("learning_rate", UNSET))

        def _parse_lr_scheduler(data: object) -> LRScheduler | None | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                lr_scheduler_type_0 = LRScheduler.from_dict(data)

                return lr_scheduler_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                lr_scheduler_type_1 = UnknownObject.from_dict(data)

                return lr_scheduler_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LRScheduler | None | UnknownObject | Unset, data)

        lr_scheduler = _parse_lr_scheduler(d.pop("lr_scheduler", UNSET))

        def _parse_warmup_ratio(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        warmup_ratio = _parse_warmup_ratio(d.pop("warmup_ratio", UNSET))

        def _parse_max_grad_norm(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        max_grad_norm = _parse_max_grad_norm(d.pop("max_grad_norm", UNSET))

        def _parse_weight_decay(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        weight_decay = _parse_weight_decay(d.pop("weight_decay", UNSET))

        def _parse_eval_steps(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        eval_steps = _parse_eval_steps(d.pop("eval_steps", UNSET))

        def _parse_train_on_inputs(data: object) -> bool | None | str | TrainOnInputsAuto | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                train_on_inputs_type_1 = TrainOnInputsAuto(data)

                return train_on_inputs_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(bool | None | str | TrainOnInputsAuto | Unset, data)

        train_on_inputs = _parse_train_on_inputs(d.pop("train_on_inputs", UNSET))

        def _parse_training_method(
            data: object,
        ) -> None | TrainingMethodDPO | TrainingMethodSFT | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_method_type_0 = TrainingMethodSFT.from_dict(data)

                return training_method_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_method_type_1 = TrainingMethodDPO.from_dict(data)

                return training_method_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_method_type_2 = UnknownObject.from_dict(data)

                return training_method_type_2
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TrainingMethodDPO | TrainingMethodSFT | UnknownObject | Unset, data)

        training_method = _parse_training_method(d.pop("training_method", UNSET))

        def _parse_training_type(data: object) -> FullTrainingType | LoRATrainingType | None | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_type_type_0 = FullTrainingType.from_dict(data)

                return training_type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_type_type_1 = LoRATrainingType.from_dict(data)

                return training_type_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_type_type_2 = UnknownObject.from_dict(data)

                return training_type_type_2
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FullTrainingType | LoRATrainingType | None | UnknownObject | Unset, data)

        training_type = _parse_training_type(d.pop("training_type", UNSET))

        def _parse_multimodal_params(data: object) -> MultimodalParams | None | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                multimodal_params_type_0 = MultimodalParams.from_dict(data)

                return multimodal_params_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                multimodal_params_type_1 = UnknownObject.from_dict(data)

                return multimodal_params_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MultimodalParams | None | UnknownObject | Unset, data)

        multimodal_params = _parse_multimodal_params(d.pop("multimodal_params", UNSET))

        def _parse_status(data: object) -> FinetuneJobStatus | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                status_type_0 = FinetuneJobStatus(data)

                return status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FinetuneJobStatus | None | str | Unset, data)

        status = _parse_status(d.pop("status", UNSET))

        def _parse_job_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        job_id = _parse_job_id(d.pop("job_id", UNSET))

        def _parse_events(data: object) -> list[FineTuneEvent] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                events_type_0 = []
                _events_type_0 = data
                for events_type_0_item_data in _events_type_0:
                    try:
                        if not isinstance(events_type_0_item_data, dict):
                            raise TypeError()
                        events_type_0_item = FineTuneEvent.from_dict(events_type_0_item_data)

                        events_type_0.append(events_type_0_item)
                    except (TypeError, ValueError, AttributeError, KeyError):
                        events_type_0.append(events_type_0_item_data)
                if events_type_0 and not any(
                    hasattr(events_type_0_item, "to_dict") for events_type_0_item in events_type_0
                ):
                    raise TypeError()

                return events_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[FineTuneEvent] | None | Unset, data)

        events = _parse_events(d.pop("events", UNSET))

        def _parse_token_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        token_count = _parse_token_count(d.pop("token_count", UNSET))

        def _parse_param_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        param_count = _parse_param_count(d.pop("param_count", UNSET))

        def _parse_total_price(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        total_price = _parse_total_price(d.pop("total_price", UNSET))

        def _parse_epochs_completed(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        epochs_completed = _parse_epochs_completed(d.pop("epochs_completed", UNSET))

        def _parse_queue_depth(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        queue_depth = _parse_queue_depth(d.pop("queue_depth", UNSET))

        def _parse_user_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user_id = _parse_user_id(d.pop("user_id", UNSET))

        def _parse_wandb_project_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        wandb_project_name = _parse_wandb_project_name(d.pop("wandb_project_name", UNSET))

        def _parse_wandb_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        wandb_url = _parse_wandb_url(d.pop("wandb_url", UNSET))

        def _parse_from_checkpoint(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        from_checkpoint = _parse_from_checkpoint(d.pop("from_checkpoint", UNSET))

        def _parse_from_hf_model(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        from_hf_model = _parse_from_hf_model(d.pop("from_hf_model", UNSET))

        def _parse_hf_model_revision(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hf_model_revision = _parse_hf_model_revision(d.pop("hf_model_revision", UNSET))

        def _parse_early_stopped(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        early_stopped = _parse_early_stopped(d.pop("early_stopped", UNSET))

        def _parse_early_stopping_best_step(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        early_stopping_best_step = _parse_early_stopping_best_step(d.pop("early_stopping_best_step", UNSET))

        def _parse_early_stopping_best_metric(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        early_stopping_best_metric = _parse_early_stopping_best_metric(d.pop("early_stopping_best_metric", UNSET))

        def _parse_model_object_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model_object_id = _parse_model_object_id(d.pop("model_object_id", UNSET))

        def _parse_model_object_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model_object_name = _parse_model_object_name(d.pop("model_object_name", UNSET))

        def _parse_model_object_revision_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model_object_revision_id = _parse_model_object_revision_id(d.pop("model_object_revision_id", UNSET))

        def _parse_adapter_object_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        adapter_object_id = _parse_adapter_object_id(d.pop("adapter_object_id", UNSET))

        def _parse_adapter_object_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        adapter_object_name = _parse_adapter_object_name(d.pop("adapter_object_name", UNSET))

        def _parse_adapter_object_revision_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        adapter_object_revision_id = _parse_adapter_object_revision_id(d.pop("adapter_object_revision_id", UNSET))

        def _parse_tokenized_dataset_path(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tokenized_dataset_path = _parse_tokenized_dataset_path(d.pop("tokenized_dataset_path", UNSET))

        def _parse_tokenized_dataset_uploaded_at(data: object) -> datetime.datetime | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                tokenized_dataset_uploaded_at_type_0 = datetime.datetime.fromisoformat(data)

                return tokenized_dataset_uploaded_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | str | Unset, data)

        tokenized_dataset_uploaded_at = _parse_tokenized_dataset_uploaded_at(
            d.pop("tokenized_dataset_uploaded_at", UNSET)
        )

        def _parse_progress(data: object) -> FineTuneProgress | None | UnknownObject | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                progress_type_0 = FineTuneProgress.from_dict(data)

                return progress_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                progress_type_1 = UnknownObject.from_dict(data)

                return progress_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FineTuneProgress | None | UnknownObject | Unset, data)

        progress = _parse_progress(d.pop("progress", UNSET))

        finetune_response = cls(
            id=id,
            training_file=training_file,
            validation_file=validation_file,
            model=model,
            model_output_name=model_output_name,
            model_output_path=model_output_path,
            trainingfile_numlines=trainingfile_numlines,
            trainingfile_size=trainingfile_size,
            created_at=created_at,
            updated_at=updated_at,
            started_at=started_at,
            n_epochs=n_epochs,
            n_checkpoints=n_checkpoints,
            n_evals=n_evals,
            batch_size=batch_size,
            learning_rate=learning_rate,
            lr_scheduler=lr_scheduler,
            warmup_ratio=warmup_ratio,
            max_grad_norm=max_grad_norm,
            weight_decay=weight_decay,
            eval_steps=eval_steps,
            train_on_inputs=train_on_inputs,
            training_method=training_method,
            training_type=training_type,
            multimodal_params=multimodal_params,
            status=status,
            job_id=job_id,
            events=events,
            token_count=token_count,
            param_count=param_count,
            total_price=total_price,
            epochs_completed=epochs_completed,
            queue_depth=queue_depth,
            user_id=user_id,
            wandb_project_name=wandb_project_name,
            wandb_url=wandb_url,
            from_checkpoint=from_checkpoint,
            from_hf_model=from_hf_model,
            hf_model_revision=hf_model_revision,
            early_stopped=early_stopped,
            early_stopping_best_step=early_stopping_best_step,
            early_stopping_best_metric=early_stopping_best_metric,
            model_object_id=model_object_id,
            model_object_name=model_object_name,
            model_object_revision_id=model_object_revision_id,
            adapter_object_id=adapter_object_id,
            adapter_object_name=adapter_object_name,
            adapter_object_revision_id=adapter_object_revision_id,
            tokenized_dataset_path=tokenized_dataset_path,
            tokenized_dataset_uploaded_at=tokenized_dataset_uploaded_at,
            progress=progress,
        )

        finetune_response.additional_properties = d
        return finetune_response

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
