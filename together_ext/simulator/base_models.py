"""Base models: names, limits, and the price of training."""

from __future__ import annotations

from collections.abc import Mapping

from .catalog import MODEL

_MODULES = ["k_proj", "o_proj", "q_proj", "v_proj", "gate_proj", "up_proj", "down_proj"]
_PRICE = 0.48
"""US dollars for a million tokens."""

LIMIT = 100.0
"""The balance of the account, in US dollars."""

TOKENS = 1_482_137
"""Number of tokens that is assumed for every training file."""


def limits() -> dict[str, dict[str, object]]:
    """New copies of the limits of all base models, by name."""
    small = _limits(MODEL, rank=64, batch=32, full=16)
    seeing = _limits("Qwen/Qwen2.5-VL-7B-Instruct", rank=64, batch=16, full=None) | {"supports_vision": True}
    large = _limits("meta-llama/Llama-3.3-70B-Instruct-Reference", rank=32, batch=8, full=None)
    return {str(found["model_name"]): found for found in (small, seeing, large)}


def _limits(name: str, *, rank: int, batch: int, full: int | None) -> dict[str, object]:
    return {
        "model_name": name,
        "full_training": full and {"max_batch_size": full, "max_batch_size_dpo": full // 2, "min_batch_size": 8},
        "lora_training": {
            "max_batch_size": batch,
            "max_batch_size_dpo": batch // 2,
            "min_batch_size": 8,
            "default_rank": rank,
            "max_rank": rank,
            "target_modules": _MODULES,
        },
        "max_num_epochs": 20,
        "max_num_evals": 100,
        "max_num_checkpoints": 50,
        "max_learning_rate": 0.01,
        "min_learning_rate": 1e-08,
        "min_max_seq_length": 512,
        "max_seq_length_sft": 32768,
        "max_seq_length_dpo": 16384,
        "default_gradient_accumulation_steps": 1,
        "supports_full_training": full is not None,
        "supports_vision": False,
        "supports_tools": True,
        "supports_reasoning": False,
        "merge_output_lora": True,
    }


def estimate(wanted: Mapping[str, object]) -> dict[str, object]:
    """The price of a job in US dollars, in the format of the API."""
    epochs, evals = (count if isinstance(count := wanted.get(name), int) else 0 for name in ("n_epochs", "n_evals"))
    training, evaluation = TOKENS * (epochs or 1), TOKENS // 20 * evals if wanted.get("validation_file") else 0
    total = round((training + evaluation) / 1e6 * _PRICE, 2)
    return {
        "estimation_available": True,
        "estimated_total_price": total,
        "allowed_to_proceed": total <= LIMIT,
        "user_limit": LIMIT,
        "estimated_train_token_count": training,
        "estimated_eval_token_count": evaluation,
    }
