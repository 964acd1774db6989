from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.batch_size_max import BatchSizeMax
from ..models.train_on_inputs_auto import TrainOnInputsAuto
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.full_training_type import FullTrainingType
    from ..models.lo_ra_training_type import LoRATrainingType
    from ..models.lr_scheduler import LRScheduler
    from ..models.multimodal_params import MultimodalParams
    from ..models.training_method_dpo import TrainingMethodDPO
    from ..models.training_method_sft import TrainingMethodSFT


T = TypeVar("T", bound="FinetuneCreateRequest")


@_attrs_define
class FinetuneCreateRequest:
    """The parameters of a new job. An omitted parameter gets the server's default.

    Attributes:
        training_file (str): ID of the uploaded training file.
        model (str | Unset): Name of the base model; required unless the job continues from a checkpoint.
        validation_file (str | Unset): ID of the uploaded validation file.
        packing (bool | Unset): Pack several short samples into one sequence.
        max_seq_length (int | Unset): Maximum length of a sequence in tokens.
        n_epochs (int | Unset): Number of epochs.
        n_checkpoints (int | Unset): Number of checkpoints to save.
        n_evals (int | Unset): Number of evaluations on the validation file.
        batch_size (BatchSizeMax | int | Unset): Samples per step, or `max` for the maximum.
        gradient_accumulation_steps (int | Unset): Number of batches whose gradients are accumulated before a step.
        learning_rate (float | Unset): Peak learning rate.
        lr_scheduler (LRScheduler | Unset): The learning rate schedule after the peak.
        warmup_ratio (float | Unset): Fraction of the steps used for warmup, from 0 to 1.
        max_grad_norm (float | Unset): Maximum gradient norm; 0 disables clipping.
        weight_decay (float | Unset): Weight decay of the optimizer.
        random_seed (int | None | Unset): Random seed (default: chosen by the server).
        early_stopping_enabled (bool | Unset): Stop the training when the evaluation loss stops improving.
        early_stopping_patience (int | Unset): Number of evaluations without improvement before the training stops.
        early_stopping_min_delta (float | Unset): Minimum decrease of the evaluation loss that counts as an improvement.
        early_stopping_warmup_evals (int | Unset): Number of first evaluations to ignore.
        suffix (str | Unset): Part of the fine-tuned model's name.
        wandb_api_key (str | Unset): Weights & Biases API key.
        wandb_base_url (str | Unset): URL of a self-hosted Weights & Biases server.
        wandb_project_name (str | Unset): Weights & Biases project.
        wandb_name (str | Unset): Weights & Biases run name.
        wandb_entity (str | Unset): Weights & Biases entity.
        train_on_inputs (bool | TrainOnInputsAuto | Unset): Also train on the prompts; `auto` depends on the data.
            Superseded by the field of the training method.
        training_method (TrainingMethodDPO | TrainingMethodSFT | Unset): Supervised fine-tuning or direct preference
            optimization.
        training_type (FullTrainingType | LoRATrainingType | None | Unset): Full training or a LoRA adapter (default:
            LoRA).
        multimodal_params (MultimodalParams | Unset): Settings of vision models.
        from_checkpoint (str | Unset): Where to continue from: a job ID or the name of a fine-tuned model, each with
            `:<step>` for one checkpoint.
        from_hf_model (str | Unset): Hugging Face repository to start from; its architecture and size should be those of
            `model`.
        hf_model_revision (str | Unset): Branch, tag or commit of `from_hf_model`.
        hf_api_token (str | Unset): Hugging Face token.
        hf_output_repo_name (str | Unset): Hugging Face repository to upload the result to.
    """

    training_file: str
    model: str | Unset = UNSET
    validation_file: str | Unset = UNSET
    packing: bool | Unset = UNSET
    max_seq_length: int | Unset = UNSET
    n_epochs: int | Unset = UNSET
    n_checkpoints: int | Unset = UNSET
    n_evals: int | Unset = UNSET
    batch_size: BatchSizeMax | int | Unset = UNSET
    gradient_accumulation_steps: int | Unset = UNSET
    learning_rate: float | Unset = UNSET
    lr_scheduler: LRScheduler | Unset = UNSET
    warmup_ratio: float | Unset = UNSET
    max_grad_norm: float | Unset = UNSET
    weight_decay: float | Unset = UNSET
    random_seed: int | None | Unset = UNSET
    early_stopping_enabled: bool | Unset = UNSET
    early_stopping_patience: int | Unset = UNSET
    early_stopping_min_delta: float | Unset = UNSET
    early_stopping_warmup_evals: int | Unset = UNSET
    suffix: str | Unset = UNSET
    wandb_api_key: str | Unset = UNSET
    wandb_base_url: str | Unset = UNSET
    wandb_project_name: str | Unset = UNSET
    wandb_name: str | Unset = UNSET
    wandb_entity: str | Unset = UNSET
    train_on_inputs: bool | TrainOnInputsAuto | Unset = UNSET
    training_method: TrainingMethodDPO | TrainingMethodSFT | Unset = UNSET
    training_type: FullTrainingType | LoRATrainingType | None | Unset = UNSET
    multimodal_params: MultimodalParams | Unset = UNSET
    from_checkpoint: str | Unset = UNSET
    from_hf_model: str | Unset = UNSET
    hf_model_revision: str | Unset = UNSET
    hf_api_token: str | Unset = UNSET
    hf_output_repo_name: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.full_training_type import FullTrainingType  # noqa: PLC0415
        from ..models.lo_ra_training_type import LoRATrainingType  # noqa: PLC0415
        from ..models.training_method_sft import TrainingMethodSFT  # noqa: PLC0415

        training_file = self.training_file

        model = self.model

        validation_file = self.validation_file

        packing = self.packing

        max_seq_length = self.max_seq_length

        n_epochs = self.n_epochs

        n_checkpoints = self.n_checkpoints

        n_evals = self.n_evals

        batch_size: int | str | Unset
        if isinstance(self.batch_size, Unset):
            batch_size = UNSET
        elif isinstance(self.batch_size, BatchSizeMax):
            batch_size = self.batch_size.value
        else:
            batch_size = self.batch_size

        gradient_accumulation_steps = self.gradient_accumulation_steps

        learning_rate = self.learning_rate

        lr_scheduler: dict[str, Any] | Unset = UNSET
        if not isinstance(self.lr_scheduler, Unset):
            lr_scheduler = self.lr_scheduler.to_dict()

        warmup_ratio = self.warmup_ratio

        max_grad_norm = self.max_grad_norm

        weight_decay = self.weight_decay

        random_seed: int | None | Unset
        if isinstance(self.random_seed, Unset):
            random_seed = UNSET
        else:
            random_seed = self.random_seed

        early_stopping_enabled = self.early_stopping_enabled

        early_stopping_patience = self.early_stopping_patience

        early_stopping_min_delta = self.early_stopping_min_delta

        early_stopping_warmup_evals = self.early_stopping_warmup_evals

        suffix = self.suffix

        wandb_api_key = self.wandb_api_key

        wandb_base_url = self.wandb_base_url

        wandb_project_name = self.wandb_project_name

        wandb_name = self.wandb_name

        wandb_entity = self.wandb_entity

        train_on_inputs: bool | str | Unset
        if isinstance(self.train_on_inputs, Unset):
            train_on_inputs = UNSET
        elif isinstance(self.train_on_inputs, TrainOnInputsAuto):
            train_on_inputs = self.train_on_inputs.value
        else:
            train_on_inputs = self.train_on_inputs

        training_method: dict[str, Any] | Unset
        if isinstance(self.training_method, Unset):
            training_method = UNSET
        elif isinstance(self.training_method, TrainingMethodSFT):
            training_method = self.training_method.to_dict()
        else:
            training_method = self.training_method.to_dict()

        training_type: dict[str, Any] | None | Unset
        if isinstance(self.training_type, Unset):
            training_type = UNSET
        elif isinstance(self.training_type, FullTrainingType):
            training_type = self.training_type.to_dict()
        elif isinstance(self.training_type, LoRATrainingType):
            training_type = self.training_type.to_dict()
        else:
            training_type = self.training_type

        multimodal_params: dict[str, Any] | Unset = UNSET
        if not isinstance(self.multimodal_params, Unset):
            multimodal_params = self.multimodal_params.to_dict()

        from_checkpoint = self.from_checkpoint

        from_hf_model = self.from_hf_model

        hf_model_revision = self.hf_model_revision

        hf_api_token = self.hf_api_token

        hf_output_repo_name = self.hf_output_repo_name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "training_file": training_file,
            }
        )
        if model is not UNSET:
            field_dict["model"] = model
        if validation_file is not UNSET:
            field_dict["validation_file"] = validation_file
        if packing is not UNSET:
            field_dict["packing"] = packing
        if max_seq_length is not UNSET:
            field_dict["max_seq_length"] = max_seq_length
        if n_epochs is not UNSET:
            field_dict["n_epochs"] = n_epochs
        if n_checkpoints is not UNSET:
            field_dict["n_checkpoints"] = n_checkpoints
        if n_evals is not UNSET:
            field_dict["n_evals"] = n_evals
        if batch_size is not UNSET:
            field_dict["batch_size"] = batch_size
        if gradient_accumulation_steps is not UNSET:
            field_dict["gradient_accumulation_steps"] = gradient_accumulation_steps
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
        if early_stopping_enabled is not UNSET:
            field_dict["early_stopping_enabled"] = early_stopping_enabled
        if early_stopping_patience is not UNSET:
            field_dict["early_stopping_patience"] = early_stopping_patience
        if early_stopping_min_delta is not UNSET:
            field_dict["early_stopping_min_delta"] = early_stopping_min_delta
        if early_stopping_warmup_evals is not UNSET:
            field_dict["early_stopping_warmup_evals"] = early_stopping_warmup_evals
        if suffix is not UNSET:
            field_dict["suffix"] = suffix
        if wandb_api_key is not UNSET:
            field_dict["wandb_api_key"] = wandb_api_key
        if wandb_base_url is not UNSET:
            field_dict["wandb_base_url"] = wandb_base_url
        if wandb_project_name is not UNSET:
            field_dict["wandb_project_name"] = wandb_project_name
        if wandb_name is not UNSET:
            field_dict["wandb_name"] = wandb_name
        if wandb_entity is not UNSET:
            field_dict["wandb_entity"] = wandb_entity
        if train_on_inputs is not UNSET:
            field_dict["train_on_inputs"] = train_on_inputs
        if training_method is not UNSET:
            field_dict["training_method"] = training_method
        if training_type is not UNSET:
            field_dict["training_type"] = training_type
        if multimodal_params is not UNSET:
            field_dict["multimodal_params"] = multimodal_params
        if from_checkpoint is not UNSET:
            field_dict["from_checkpoint"] = from_checkpoint
        if from_hf_model is not UNSET:
            field_dict["from_hf_model"] = from_hf_model
        if hf_model_revision is not UNSET:
            field_dict["hf_model_revision"] = hf_model_revision
        if hf_api_token is not UNSET:
            field_dict["hf_api_token"] = hf_api_token
        if hf_output_repo_name is not UNSET:
            field_dict["hf_output_repo_name"] = hf_output_repo_name

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.full_training_type import FullTrainingType  # noqa: PLC0415
        from ..models.lo_ra_training_type import LoRATrainingType  # noqa: PLC0415
        from ..models.lr_scheduler import LRScheduler  # noqa: PLC0415
        from ..models.multimodal_params import MultimodalParams  # noqa: PLC0415
        from ..models.training_method_dpo import TrainingMethodDPO  # noqa: PLC0415
        from ..models.training_method_sft import TrainingMethodSFT  # noqa: PLC0415

        d = dict(src_dict)
        training_file = d.pop("training_file")

        model = d.pop("model", UNSET)

        validation_file = d.pop("validation_file", UNSET)

        packing = d.pop("packing", UNSET)

        max_seq_length = d.pop("max_seq_length", UNSET)

        n_epochs = d.pop("n_epochs", UNSET)

        n_checkpoints = d.pop("n_checkpoints", UNSET)

        n_evals = d.pop("n_evals", UNSET)

        def _parse_batch_size(data: object) -> BatchSizeMax | int | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                batch_size_type_1 = BatchSizeMax(data)

                return batch_size_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BatchSizeMax | int | Unset, data)

        batch_size = _parse_batch_size(d.pop("batch_size", UNSET))

        gradient_accumulation_steps = d.pop("gradient_accumulation_steps", UNSET)

        learning_rate = d.pop("learning_rate", UNSET)

        _lr_scheduler = d.pop("lr_scheduler", UNSET)
        lr_scheduler: LRScheduler | Unset
        if isinstance(_lr_scheduler, Unset):
            lr_scheduler = UNSET
        else:
            lr_scheduler = LRScheduler.from_dict(_lr_scheduler)

        warmup_ratio = d.pop("warmup_ratio", UNSET)

        max_grad_norm = d.pop("max_grad_norm", UNSET)

        weight_decay = d.pop("weight_decay", UNSET)

        def _parse_random_seed(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        random_seed = _parse_random_seed(d.pop("random_seed", UNSET))

        early_stopping_enabled = d.pop("early_stopping_enabled", UNSET)

        early_stopping_patience = d.pop("early_stopping_patience", UNSET)

        early_stopping_min_delta = d.pop("early_stopping_min_delta", UNSET)

        early_stopping_warmup_evals = d.pop("early_stopping_warmup_evals", UNSET)

        suffix = d.pop("suffix", UNSET)

        wandb_api_key = d.pop("wandb_api_key", UNSET)

        wandb_base_url = d.pop("wandb_base_url", UNSET)

        wandb_project_name = d.pop("wandb_project_name", UNSET)

        wandb_name = d.pop("wandb_name", UNSET)

        wandb_entity = d.pop("wandb_entity", UNSET)

        def _parse_train_on_inputs(data: object) -> bool | TrainOnInputsAuto | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                train_on_inputs_type_1 = TrainOnInputsAuto(data)

                return train_on_inputs_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(bool | TrainOnInputsAuto | Unset, data)

        train_on_inputs = _parse_train_on_inputs(d.pop("train_on_inputs", UNSET))

        def _parse_training_method(data: object) -> TrainingMethodDPO | TrainingMethodSFT | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                training_method_type_0 = TrainingMethodSFT.from_dict(data)

                return training_method_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            training_method_type_1 = TrainingMethodDPO.from_dict(data)

            return training_method_type_1

        training_method = _parse_training_method(d.pop("training_method", UNSET))

        def _parse_training_type(data: object) -> FullTrainingType | LoRATrainingType | None | Unset:
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
            return cast(FullTrainingType | LoRATrainingType | None | Unset, data)

        training_type = _parse_training_type(d.pop("training_type", UNSET))

        _multimodal_params = d.pop("multimodal_params", UNSET)
        multimodal_params: MultimodalParams | Unset
        if isinstance(_multimodal_params, Unset):
            multimodal_params = UNSET
        else:
            multimodal_params = MultimodalParams.from_dict(_multimodal_params)

        from_checkpoint = d.pop("from_checkpoint", UNSET)

        from_hf_model = d.pop("from_hf_model", UNSET)

        hf_model_revision = d.pop("hf_model_revision", UNSET)

        hf_api_token = d.pop("hf_api_token", UNSET)

        hf_output_repo_name = d.pop("hf_output_repo_name", UNSET)

        finetune_create_request = cls(
            training_file=training_file,
            model=model,
            validation_file=validation_file,
            packing=packing,
            max_seq_length=max_seq_length,
            n_epochs=n_epochs,
            n_checkpoints=n_checkpoints,
            n_evals=n_evals,
            batch_size=batch_size,
            gradient_accumulation_steps=gradient_accumulation_steps,
            learning_rate=learning_rate,
            lr_scheduler=lr_scheduler,
            warmup_ratio=warmup_ratio,
            max_grad_norm=max_grad_norm,
            weight_decay=weight_decay,
            random_seed=random_seed,
            early_stopping_enabled=early_stopping_enabled,
            early_stopping_patience=early_stopping_patience,
            early_stopping_min_delta=early_stopping_min_delta,
            early_stopping_warmup_evals=early_stopping_warmup_evals,
            suffix=suffix,
            wandb_api_key=wandb_api_key,
            wandb_base_url=wandb_base_url,
            wandb_project_name=wandb_project_name,
            wandb_name=wandb_name,
            wandb_entity=wandb_entity,
            train_on_inputs=train_on_inputs,
            training_method=training_method,
            training_type=training_type,
            multimodal_params=multimodal_params,
            from_checkpoint=from_checkpoint,
            from_hf_model=from_hf_model,
            hf_model_revision=hf_model_revision,
            hf_api_token=hf_api_token,
            hf_output_repo_name=hf_output_repo_name,
        )

        finetune_create_request.additional_properties = d
        return finetune_create_request

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
