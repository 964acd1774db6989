"""The files of small models: real formats and shapes, with generated weights.

All content is derived from a ``seed`` string, identically on every machine and Python version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

BASE_MODEL = "togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT"
"""The private alias that real adapters name as their base model; only the service can load it."""

Form = Literal["merged", "adapter", "model_output_path"]
DType = Literal["BF16", "F32"]
Shapes = Mapping[str, tuple[int, ...]]

_WIDTH: Mapping[DType, int] = {"BF16": 2, "F32": 4}
_TORCH: Mapping[DType, str] = {"BF16": "bfloat16", "F32": "float32"}
_SPECIAL = {"<|begin_of_text|>": 256, "<|end_of_text|>": 257, "<|eot_id|>": 258, "<|finetune_right_pad_id|>": 259}

# The high byte of a float is the sign and seven bits of the exponent. Trained weights are mostly between 2^-9 and
# 2^-3 in size, of either sign, and this table maps 256 random values accordingly. The lower bytes are random, as in
# trained weights, so that the weights compress about as poorly.
_EXPONENTS = bytes([0x3B] * 12 + [0x3C] * 64 + [0x3D] * 48 + [0x3E] * 4)
_HIGH_BYTES = _EXPONENTS + bytes(value | 0x80 for value in _EXPONENTS)


@dataclass(frozen=True)
class Shape:
    """The dimensions of a small Llama."""

    hidden: int = 256
    intermediate: int = 512
    layers: int = 3
    heads: int = 4
    kv_heads: int = 2
    vocabulary: int = 512
    rank: int = 64
    alpha: int = 16

    def linears(self) -> Iterator[tuple[str, int, int]]:
        """The linear modules of one layer, each with its output and input size."""
        kv = self.hidden // self.heads * self.kv_heads
        yield "self_attn.q_proj", self.hidden, self.hidden
        yield "self_attn.k_proj", kv, self.hidden
        yield "self_attn.v_proj", kv, self.hidden
        yield "self_attn.o_proj", self.hidden, self.hidden
        yield "mlp.gate_proj", self.intermediate, self.hidden
        yield "mlp.up_proj", self.intermediate, self.hidden
        yield "mlp.down_proj", self.hidden, self.intermediate


SMALL = Shape()


def model_files(seed: str, *, dtype: DType = "BF16", shape: Shape = SMALL) -> dict[str, bytes]:
    """A whole model: configuration, tokenizer, and weights in two shards with their index."""
    tensors = _model_shapes(shape)
    names = list(tensors)
    half = len(names) // 2
    shards = {
        "model-00001-of-00002.safetensors": names[:half],
        "model-00002-of-00002.safetensors": names[half:],
    }
    total = sum(_size(tensors[name], dtype) for name in names)
    index = {
        "metadata": {"total_size": total},
        "weight_map": {name: file for file, members in shards.items() for name in members},
    }
    return {
        "config.json": _json(_config(shape, dtype)),
        "generation_config.json": _json(
            {"_from_model_config": True, "bos_token_id": 256, "eos_token_id": 258, "transformers_version": "4.51.3"}
        ),
        **tokenizer_files(),
        **{
            file: safetensors({name: tensors[name] for name in members}, seed, dtype)
            for file, members in shards.items()
        },
        "model.safetensors.index.json": _json(index),
    }


def adapter_files(seed: str, *, dtype: DType = "F32", shape: Shape = SMALL) -> dict[str, bytes]:
    """A LoRA adapter as peft saves it."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(shape.layers):
        for module, rows, columns in shape.linears():
            prefix = f"base_model.model.model.layers.{layer}.{module}"
            shapes[f"{prefix}.lora_A.weight"] = (shape.rank, columns)
            shapes[f"{prefix}.lora_B.weight"] = (rows, shape.rank)
    config = {
        "base_model_name_or_path": BASE_MODEL,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": shape.alpha,
        "lora_dropout": 0.0,
        "modules_to_save": None,
        "peft_type": "LORA",
        "r": shape.rank,
        "target_modules": sorted(module.rpartition(".")[2] for module, _, _ in shape.linears()),
        "task_type": "CAUSAL_LM",
    }
    return {
        "adapter_config.json": _json(config),
        "adapter_model.safetensors": safetensors(shapes, seed, dtype),
        **tokenizer_files(),
    }


def safetensors(shapes: Shapes, seed: str, dtype: DType) -> bytes:
    """A safetensors file: the header's length as eight little-endian bytes, the JSON header, the tensors' bytes."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, dimensions in shapes.items():
        size = _size(dimensions, dtype)
        header[name] = {"dtype": dtype, "shape": list(dimensions), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # The format's own writer aligns the data to eight bytes in this way.
    data = (_floats(f"{seed}/{name}", _size(dimensions, dtype), dtype) for name, dimensions in shapes.items())
    return b"".join([len(text).to_bytes(8, "little"), text, *data])


def tokenizer_files() -> dict[str, bytes]:
    """A byte-level tokenizer without merges: every text has tokens, one for each of its bytes."""
    special = [
        {
            "id": number,
            "content": content,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for content, number in _SPECIAL.items()
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": {**_byte_vocabulary(), **_SPECIAL}, "merges": []},
    }
    begin, _, turn, pad = _SPECIAL
    config = {
        "added_tokens_decoder": {
            str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in special
        },
        "bos_token": begin,
        "chat_template": "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '<|eot_id|>' }}{% endfor %}",
        "clean_up_tokenization_spaces": True,
        "eos_token": turn,
        "model_max_length": 131072,
        "pad_token": pad,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    return {
        "special_tokens_map.json": _json({"bos_token": begin, "eos_token": turn, "pad_token": pad}),
        "tokenizer.json": _json(tokenizer),
        "tokenizer_config.json": _json(config),
    }


def _config(shape: Shape, dtype: DType) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "bos_token_id": 256,
        "eos_token_id": 258,
        "hidden_act": "silu",
        "hidden_size": shape.hidden,
        "initializer_range": 0.02,
        "intermediate_size": shape.intermediate,
        "max_position_embeddings": 131072,
        "model_type": "llama",
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.kv_heads,
        "rms_norm_eps": 1e-05,
        "rope_theta": 500000.0,
        "tie_word_embeddings": False,
        "torch_dtype": _TORCH[dtype],
        "transformers_version": "4.51.3",
        "use_cache": True,
        "vocab_size": shape.vocabulary,
    }


def _model_shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (shape.vocabulary, shape.hidden)}
    for layer in range(shape.layers):
        prefix = f"model.layers.{layer}"
        shapes[f"{prefix}.input_layernorm.weight"] = (shape.hidden,)
        shapes |= {f"{prefix}.{module}.weight": (rows, columns) for module, rows, columns in shape.linears()}
        shapes[f"{prefix}.post_attention_layernorm.weight"] = (shape.hidden,)
    return shapes | {"model.norm.weight": (shape.hidden,), "lm_head.weight": (shape.vocabulary, shape.hidden)}


def _floats(seed: str, size: int, dtype: DType) -> bytes:
    """``size`` bytes of little-endian floats that look trained: finite, small, of both signs."""
    width = _WIDTH[dtype]
    data = bytearray(hashlib.shake_128(seed.encode()).digest(size))
    data[width - 1 :: width] = data[width - 1 :: width].translate(_HIGH_BYTES)
    return bytes(data)


def _size(dimensions: Iterable[int], dtype: DType) -> int:
    size = _WIDTH[dtype]
    for dimension in dimensions:
        size *= dimension
    return size


def _byte_vocabulary() -> dict[str, int]:
    """GPT-2's alphabet: the printable bytes stand for themselves, the others for characters from 256 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [value for value in range(256) if value not in printable]
    alphabet = [chr(value) for value in printable] + [chr(256 + position) for position in range(len(others))]
    return {character: number for number, character in enumerate(alphabet)}


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
