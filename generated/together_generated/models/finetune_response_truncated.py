from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.batch_size_max import BatchSizeMax
from ..models.finetune_job_status import FinetuneJobStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.fine_tune_event import FineTuneEvent
    from ..models.fine_tune_progress import FineTuneProgress
    from ..models.full_training_type import FullTrainingType
    from ..models.lo_ra_training_type import LoRATrainingType
    from ..models.lr_scheduler import LRScheduler
    from ..models.training_method_dpo import TrainingMethodDPO
    from ..models.training_method_sft import TrainingMethodSFT
    from ..models.unknown_object import UnknownObject


T = TypeVar("T", bound="FinetuneResponseTruncated")


@_attrs_define
class FinetuneResponseTruncated:
    """A job in its short form, as returned when jobs are listed, created and cancelled.

    Attributes:
        id (str): The job's ID, which starts with `ft-`.
        status (FinetuneJobStatus | None | str | Unset): Status of the job.
        created_at (datetime.datetime | None | str | Unset): Time of the job's creation.
        updated_at (datetime.datetime | None | str | Unset): Time of the job's last change.
        started_at (datetime.datetime | None | str | Unset): Time at which the current stage began.
        user_id (None | str | Unset): ID of the user who created the job.
        owner_address (None | str | Unset): The owner's address.
        total_price (float | None | Unset): Price of the job.
        token_count (int | None | Unset): Number of processed tokens.
        events (list[FineTuneEvent] | None | Unset): The events so far.
        training_file (None | str | Unset): ID of the training file.
        validation_file (None | str | Unset): ID of the validation file.
        packing (bool | None | Unset): Whether samples are packed.
        max_seq_length (int | None | Unset): Maximum length of a sequence in tokens.
        model (None | str | Unset): Base model.
        model_output_name (None | str | Unset): The fine-tuned model's name, `account/Model-Name-suffix-hash`.
        suffix (None | str | Unset): Part of the fine-tuned model's name.
        n_epochs (int | None | Unset): Number of epochs.
        n_evals (int | None | Unset): Number of evaluations.
        n_checkpoints (int | None | Unset): Number of checkpoints to save.
        batch_size (BatchSizeMax | int | None | str | Unset): Samples per step, or `max`.
        training_type (FullTrainingType | LoRATrainingType | None | UnknownObject | Unset): Full, LoRA, or a newer type.
        training_method (None | TrainingMethodDPO | TrainingMethodSFT | UnknownObject | Unset): Supervised fine-tuning,
            direct preference optimization, or a newer method.
        learning_rate (float | None | Unset): Peak learning rate.
        lr_scheduler (LRScheduler | None | UnknownObject | Unset): The learning rate schedule.
        warmup_ratio (float | None | Unset): Fraction of the steps used for warmup.
        max_grad_norm (float | None | Unset): Maximum gradient norm.
        weight_decay (float | None | Unset): Weight decay of the optimizer.
        random_seed (int | None | Unset): Random seed.
        wandb_project_name (None | str | Unset): Weights & Biases project.
        wandb_name (None | str | Unset): Weights & Biases run name.
        wandb_entity (None | str | Unset): Weights & Biases entity.
        from_checkpoint (None | str | Unset): Checkpoint that the job continued from.
        from_hf_model (None | str | Unset): Hugging Face repository that the job started from.
        hf_model_revision (None | str | Unset): Revision of that repository.
        early_stopped (bool | None | Unset): Whether early stopping ended the training.
        early_stopping_best_step (int | None | Unset): The step that early stopping chose; without a best metric, the
            last step.
        early_stopping_best_metric (float | None | Unset): The evaluation loss at that step; null if none was recorded.
        progress (FineTuneProgress | None | UnknownObject | Unset): Progress of the current stage.
    """

    id: str
    status: FinetuneJobStatus | None | str | Unset = UNSET
    created_at: datetime.datetime | None | str | Unset = UNSET
    updated_at: datetime.datetime | None | str | Unset = UNSET
    started_at: datetime.datetime | None | str | Unset = UNSET
    user_id: None | str | Unset = UNSET
    owner_address: None | str | Unset = UNSET
    total_price: float | None | Unset = UNSET
    token_count: int | None | Unset = UNSET
    events: list[FineTuneEvent] | None | Unset = UNSET
    training_file: None | str | Unset = UNSET
    validation_file: None | str | Unset = UNSET
    packing: bool | None | Unset = UNSET
    max_seq_length: int | None | Unset = UNSET
    model: None | str | Unset = UNSET
    model_output_name: None | str | Unset = UNSET
    suffix: None | str | Unset = UNSET
    n_epochs: int | None | Unset = UNSET
    n_evals: int | None | Unset = UNSET
    n_checkpoints: int | None | Unset = UNSET
    batch_size: BatchSizeMax | int | None | str | Unset = UNSET
    training_type: FullTrainingType | LoRATrainingType | None | UnknownObject | Unset = UNSET
    training_method: None | TrainingMethodDPO | TrainingMethodSFT | UnknownObject | Unset = UNSET
    learning_rate: float | None | Unset = UNSET
    lr_scheduler: LRScheduler | None | UnknownObject | Unset = UNSET
    warmup_ratio: float | None | Unset = UNSET
    max_grad_norm: float | None | Unset = UNSET
    weight_decay: float | None | Unset = UNSET
    random_seed: int | None | Unset = UNSET
    wandb_project_name: None | str | Unset = UNSET
    wandb_name: None | str | Unset = UNSET
    wandb_entity: None | str | Unset = UNSET
    from_checkpoint: None | str | Unset = UNSET
    from_hf_model: None | str | Unset = UNSET
    hf_model_revision: None | str | Unset = UNSET
    early_stopped: bool | None | Unset = UNSET
    early_stopping_best_step: int | None | Unset = UNSET
    early_stopping_best_metric: float | None | Unset = UNSET
    progress: FineTuneProgress | None | UnknownObject | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.fine_tune_progress import FineTuneProgress  # noqa: PLC0415
        from ..models.full_training_type import FullTrainingType  # noqa: PLC0415
        from ..models.lo_ra_training_type import LoRATrainingType  # noqa: PLC0415
        from ..models.lr_scheduler import LRScheduler  # noqa: PLC0415
        from ..models.training_method_dpo import TrainingMethodDPO  # noqa: PLC0415
        from ..models.training_method_sft import TrainingMethodSFT  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        id = self.id

        status: None | str | Unset
        if isinstance(self.status, Unset):
            status = UNSET
        elif isinstance(self.status, FinetuneJobStatus):
            status = self.status.value
        else:
            status = self.status

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

        user_id: None | str | Unset
        if isinstance(self.user_id, Unset):
            user_id = UNSET
        else:
            user_id = self.user_id

        owner_address: None | str | Unset
        if isinstance(self.owner_address, Unset):
            owner_address = UNSET
        else:
            owner_address = self.owner_address

        total_price: float | None | Unset
        if isinstance(self.total_price, Unset):
            total_price = UNSET
        else:
            total_price = self.total_price

        token_count: int | None | Unset
        if isinstance(self.token_count, Unset):
            token_count = UNSET
        else:
            token_count = self.token_count

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

        packing: bool | None | Unset
        if isinstance(self.packing, Unset):
            packing = UNSET
        else:
            packing = self.packing

        max_seq_length: int | None | Unset
        if isinstance(self.max_seq_length, Unset):
            max_seq_length = UNSET
        else:
            max_seq_length = self.max_seq_length

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

        suffix: None | str | Unset
        if isinstance(self.suffix, Unset):
            suffix = UNSET
        else:
            suffix = self.suffix

        n_epochs: int | None | Unset
        if isinstance(self.n_epochs, Unset):
            n_epochs = UNSET
        else:
            n_epochs = self.n_epochs

        n_evals: int | None | Unset
        if isinstance(self.n_evals, Unset):
            n_evals = UNSET
        else:
            n_evals = self.n_evals

        n_checkpoints: int | None | Unset
        if isinstance(self.n_checkpoints, Unset):
            n_checkpoints = UNSET
        else:
            n_checkpoints = self.n_checkpoints

        batch_size: int | None | str | Unset
        if isinstance(self.batch_size, Unset):
            batch_size = UNSET
        elif isinstance(self.batch_size, BatchSizeMax):
            batch_size = self.batch_size.value
        else:
            batch_size = self.batch_size

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

        random_seed: int | None | Unset
        if isinstance(self.random_seed, Unset):
            random_seed = UNSET
        else:
            random_seed = self.random_seed

        wandb_project_name: None | str | Unset
        if isinstance(self.wandb_project_name, Unset):
            wandb_project_name = UNSET
        else:
            wandb_project_name = self.wandb_project_name

        wandb_name: None | str | Unset
        if isinstance(self.wandb_name, Unset):
            wandb_name = UNSET
        else:
            wandb_name = self.wandb_name

        wandb_entity: None | str | Unset
        if isinstance(self.wandb_entity, Unset):
            wandb_entity = UNSET
        else:
            wandb_entity = self.wandb_entity

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
        if status is not UNSET:
            field_dict["status"] = status
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if updated_at is not UNSET:
            field_dict["updated_at"] = updated_at
        if started_at is not UNSET:
            field_dict["started_at"] = started_at
        if user_id is not UNSET:
            field_dict["user_id"] = user_id
        if owner_address is not UNSET:
            field_dict["owner_address"] = owner_address
        if total_price is not UNSET:
            field_dict["total_price"] = total_price
        if token_count is not UNSET:
            field_dict["token_count"] = token_count
        if events is not UNSET:
            field_dict["events"] = events
        if training_file is not UNSET:
            field_dict["training_file"] = training_file
        if validation_file is not UNSET:
            field_dict["validation_file"] = validation_file
        if packing is not UNSET:
            field_dict["packing"] = packing
        if max_seq_length is not UNSET:
            field_dict["max_seq_length"] = max_seq_length
        if model is not UNSET:
            field_dict["model"] = model
        if model_output_name is not UNSET:
            field_dict["model_output_name"] = model_output_name
        if suffix is not UNSET:
            field_dict["suffix"] = suffix
        if n_epochs is not UNSET:
            field_dict["n_epochs"] = n_epochs
        if n_evals is not UNSET:
            field_dict["n_evals"] = n_evals
        if n_checkpoints is not UNSET:
            field_dict["n_checkpoints"] = n_checkpoints
        if batch_size is not UNSET:
            field_dict["batch_size"] = batch_size
        if training_type is not UNSET:
            field_dict["training_type"] = training_type
        if training_method is not UNSET:
            field_dict["training_method"] = training_method
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
        if random_seed is not UNSET:
            field_dict["random_seed"] = random_seed
        if wandb_project_name is not UNSET:
            field_dict["wandb_project_name"] = wandb_project_name
        if wandb_name is not UNSET:
            field_dict["wandb_name"] = wandb_name
        if wandb_entity is not UNSET:
            field_dict["wandb_entity"] = wandb_entity
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
        from ..models.training_method_dpo import TrainingMethodDPO  # noqa: PLC0415
        from ..models.training_method_sft import TrainingMethodSFT  # noqa: PLC0415
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

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

        def _parse_user_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user_id = _parse_user_id(d.pop("user_id", UNSET))

        def _parse_owner_address(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        owner_address = _parse_owner_address(d.pop("owner_address", UNSET))

        def _parse_total_price(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        total_price = _parse_total_price(d.pop("total_price", UNSET))

        def _parse_token_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        token_count = _parse_token_count(d.pop("token_count", UNSET))

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

        def _parse_packing(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        packing = _parse_packing(d.pop("packing", UNSET))

        def _parse_max_seq_length(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_seq_length = _parse_max_seq_length(d.pop("max_seq_length", UNSET))

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

        def _parse_suffix(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        suffix = _parse_suffix(d.pop("suffix", UNSET))

        def _parse_n_epochs(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        n_epochs = _parse_n_epochs(d.pop("n_epochs", UNSET))

        def _parse_n_evals(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        n_evals = _parse_n_evals(d.pop("n_evals", UNSET))

        def _parse_n_checkpoints(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        n_checkpoints = _parse_n_checkpoints(d.pop("n_checkpoints", UNSET))

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

        def _parse_random_seed(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        random_seed = _parse_random_seed(d.pop("random_seed", UNSET))

        def _parse_wandb_project_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        wandb_project_name = _parse_wandb_project_name(d.pop("wandb_project_name", UNSET))

        def _parse_wandb_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        wandb_name = _parse_wandb_name(d.pop("wandb_name", UNSET))

        def _parse_wandb_entity(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        wandb_entity = _parse_wandb_entity(d.pop("wandb_entity", UNSET))

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

        finetune_response_truncated = cls(
            id=id,
            status=status,
            created_at=created_at,
            updated_at=updated_at,
            started_at=started_at,
            user_id=user_id,
            owner_address=owner_address,
            total_price=total_price,
            token_count=token_count,
            events=events,
            training_file=training_file,
            validation_file=validation_file,
            packing=packing,
            max_seq_length=max_seq_length,
            model=model,
            model_output_name=model_output_name,
            suffix=suffix,
            n_epochs=n_epochs,
            n_evals=n_evals,
            n_checkpoints=n_checkpoints,
            batch_size=batch_size,
            training_type=training_type,
            training_method=training_method,
            learning_rate=learning_rate,
            lr_scheduler=lr_scheduler,
            warmup_ratio=warmup_ratio,
            max_grad_norm=max_grad_norm,
            weight_decay=weight_decay,
            random_seed=random_seed,
            wandb_project_name=wandb_project_name,
            wandb_name=wandb_name,
            wandb_entity=wandb_entity,
            from_checkpoint=from_checkpoint,
            from_hf_model=from_hf_model,
            hf_model_revision=hf_model_revision,
            early_stopped=early_stopped,
            early_stopping_best_step=early_stopping_best_step,
            early_stopping_best_metric=early_stopping_best_metric,
            progress=progress,
        )

        finetune_response_truncated.additional_properties = d
        return finetune_response_truncated

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
