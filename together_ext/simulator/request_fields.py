"""The fields of request bodies and their types; values of other types are refused before an operation reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from .answers import ApiError

Kind: TypeAlias = "type | str | Sequence[type] | Mapping[str, Sequence[Kind]]"
"""A type, a constant, a list whose items have a type, or an object with fields."""

Fields: TypeAlias = Mapping[str, Sequence[Kind]]
"""The possible types of each field."""

_TEXT: Final = (str,)
_WHOLE: Final = (int,)
_NUMBER: Final = (int, float)
_FLAG: Final = (bool,)
_OBJECT: Final = (dict,)
_TEXTS: Final[Sequence[Kind]] = ([str],)
_OBJECTS: Final[Sequence[Kind]] = ([dict],)

_METHOD: Final[Fields] = {
    "method": _TEXT,
    "train_on_inputs": (bool, str),
    **dict.fromkeys(("dpo_beta", "rpo_alpha", "simpo_gamma"), _NUMBER),
    **dict.fromkeys(("dpo_normalize_logratios_by_length", "dpo_reference_free"), _FLAG),
}
_TYPE: Final[Fields] = {
    **dict.fromkeys(("type", "lora_trainable_modules"), _TEXT),
    **dict.fromkeys(("lora_r", "lora_alpha"), _WHOLE),
    "lora_dropout": _NUMBER,
}
_TRAINING: Final[Fields] = {
    **dict.fromkeys(("training_file", "validation_file", "model", "from_checkpoint"), _TEXT),
    **dict.fromkeys(("n_epochs", "n_evals"), _WHOLE),
    "training_method": (_METHOD,),
    "training_type": (_TYPE,),
}

ESTIMATE: Final = _TRAINING
"""Those of an estimate of the price."""

JOB: Final[Fields] = {
    **_TRAINING,
    **dict.fromkeys(("suffix", "wandb_api_key", "wandb_base_url", "wandb_project_name", "wandb_name"), _TEXT),
    **dict.fromkeys(("wandb_entity", "from_hf_model", "hf_model_revision", "hf_api_token"), _TEXT),
    "hf_output_repo_name": _TEXT,
    **dict.fromkeys(("n_checkpoints", "max_seq_length", "random_seed", "gradient_accumulation_steps"), _WHOLE),
    **dict.fromkeys(("early_stopping_patience", "early_stopping_warmup_evals"), _WHOLE),
    **dict.fromkeys(("learning_rate", "warmup_ratio", "max_grad_norm", "weight_decay"), _NUMBER),
    "early_stopping_min_delta": _NUMBER,
    **dict.fromkeys(("packing", "early_stopping_enabled"), _FLAG),
    "lr_scheduler": ({"lr_scheduler_type": _TEXT, "lr_scheduler_args": _OBJECT},),
    "multimodal_params": ({"train_vision": _FLAG},),
    "batch_size": (int, "max"),
    "train_on_inputs": (bool, "auto"),
}
"""Those of a new job."""

METRICS: Final[Fields] = {
    **dict.fromkeys(("global_step_from", "global_step_to", "resolution"), _WHOLE),
    **dict.fromkeys(("logged_at_from", "logged_at_to"), _TEXT),
}
"""Those of the filters of metrics."""

PREVIEW: Final[Fields] = {
    **dict.fromkeys(("model", "training_file", "training_method"), _TEXT),
    "top_k": _WHOLE,
    "train_on_inputs": _FLAG,
}
"""Those of the preview of a training file."""

ENDPOINT: Final[Fields] = {
    **dict.fromkeys(("model", "hardware", "display_name", "availability_zone"), _TEXT),
    "state": ("STARTED", "STOPPED"),
    "autoscaling": (dict.fromkeys(("min_replicas", "max_replicas"), _WHOLE),),
    "inactive_timeout": _WHOLE,
    "disable_speculative_decoding": _FLAG,
}
"""Those of an endpoint, new or changed."""

CHAT: Final[Fields] = {
    "model": _TEXT,
    **dict.fromkeys(("messages", "tools"), _OBJECTS),
    **dict.fromkeys(("max_tokens", "top_k", "n", "seed", "logprobs"), _WHOLE),
    **dict.fromkeys(("temperature", "top_p", "min_p", "repetition_penalty"), _NUMBER),
    **dict.fromkeys(("presence_penalty", "frequency_penalty"), _NUMBER),
    **dict.fromkeys(("echo", "stream"), _FLAG),
    "stop": _TEXTS,
    "response_format": _OBJECT,
    "tool_choice": (str, dict),
}
"""Those of a chat completion."""

MODEL_DOWNLOAD: Final[Fields] = {**dict.fromkeys(("objectId", "revisionId"), _TEXT), "paths": _TEXTS}
"""Those of a download from the registry."""

PARTS: Final[Fields] = {
    **dict.fromkeys(("file_name", "purpose", "file_type", "checksum"), _TEXT),
    **dict.fromkeys(("file_size", "num_parts"), _WHOLE),
}
"""Those of an upload in parts."""

UPLOADED: Final[Fields] = {**dict.fromkeys(("upload_id", "file_id"), _TEXT), "parts": _OBJECTS}
"""Those of the end of an upload in parts."""


def check_fields(sent: Mapping[str, Any], fields: Fields, parent: str = "") -> None:
    """Refuse values of another type; unknown fields and null are ignored.

    Args:
        sent: The JSON object.
        fields: The types of its fields.
        parent: The path of the object in the body; ends in a period.

    Raises:
        ApiError: A field has another type.
    """
    for name, kinds in fields.items():
        value = sent.get(name)
        if value is None:
            continue
        if not any(_fits(value, kind) for kind in kinds):
            expected = " or ".join(map(_described, kinds))
            raise ApiError(400, f"{parent}{name} has to be {expected}", param=f"{parent}{name}")
        for kind in kinds:
            if isinstance(kind, Mapping):
                check_fields(value, kind, f"{parent}{name}.")


def _fits(value: object, kind: Kind) -> bool:
    match kind:
        case type():
            # For Python, true and false are integers.
            return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        case str():
            return value == kind
        case Mapping():
            return isinstance(value, dict)
        case _:
            return isinstance(value, list) and all(_fits(item, kind[0]) for item in value)


def _described(kind: Kind) -> str:
    match kind:
        case type():
            return f"of type {kind.__name__}"
        case str():
            return repr(kind)
        case Mapping():
            return _described(dict)
        case _:
            return f"a list of type {kind[0].__name__}"
