"""The fields of requests and their types: a value of another type would be part of later responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .answers import ApiError

Kinds = tuple[type, ...]

_TEXT: Final[Kinds] = (str,)
_WHOLE: Final[Kinds] = (int,)
_NUMBER: Final[Kinds] = (int, float)
_FLAG: Final[Kinds] = (bool,)
_OBJECT: Final[Kinds] = (dict,)

JOB: Final[Mapping[str, Kinds]] = {
    **dict.fromkeys(("training_file", "model", "validation_file", "suffix", "from_checkpoint"), _TEXT),
    **dict.fromkeys(("wandb_api_key", "wandb_base_url", "wandb_project_name", "wandb_name", "wandb_entity"), _TEXT),
    **dict.fromkeys(("from_hf_model", "hf_model_revision", "hf_api_token", "hf_output_repo_name"), _TEXT),
    **dict.fromkeys(("n_epochs", "n_checkpoints", "n_evals", "max_seq_length", "random_seed"), _WHOLE),
    **dict.fromkeys(("gradient_accumulation_steps", "early_stopping_patience", "early_stopping_warmup_evals"), _WHOLE),
    **dict.fromkeys(("learning_rate", "warmup_ratio", "max_grad_norm", "weight_decay"), _NUMBER),
    "early_stopping_min_delta": _NUMBER,
    **dict.fromkeys(("packing", "early_stopping_enabled"), _FLAG),
    **dict.fromkeys(("lr_scheduler", "training_method", "training_type", "multimodal_params"), _OBJECT),
    "batch_size": (int, str),
    "train_on_inputs": (bool, str),
}
"""Those of a new job."""

ENDPOINT: Final[Mapping[str, Kinds]] = {
    **dict.fromkeys(("model", "hardware", "display_name", "state", "availability_zone"), _TEXT),
    "autoscaling": _OBJECT,
    "inactive_timeout": _WHOLE,
    "disable_speculative_decoding": _FLAG,
}
"""Those of an endpoint, new or changed."""


def check_fields(wanted: Mapping[str, object], fields: Mapping[str, Kinds]) -> None:
    """Refuse values of another type; unknown fields and null are ignored.

    Raises:
        ApiError: A field has another type.
    """
    for name, kinds in fields.items():
        value = wanted.get(name)
        is_odd_flag = isinstance(value, bool) and bool not in kinds
        if value is not None and (is_odd_flag or not isinstance(value, kinds)):
            expected = " or ".join(kind.__name__ for kind in kinds)
            raise ApiError(400, f"{name} has to be of type {expected}", param=name)
