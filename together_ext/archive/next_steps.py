"""What to do with unpacked weights: the commands that load them, for this very folder. Printed, never run. No I/O.

Names and paths come from archives and servers, so each is quoted where it is put into a command.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .base_model import is_loadable, is_path, public_name
from .inspect import Inspection
from .layout import Layout

MAX_LORA_RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes for `--max-lora-rank` (its `vllm.config.lora.MaxLoRARanks`)."""

# What llama.cpp converts, of what the service trains.
_CONVERTIBLE: Final = frozenset(
    f"{family}ForCausalLM"
    for family in ("Llama", "Mistral", "Mixtral", "Qwen2", "Qwen3", "Qwen3Moe", "Gemma", "Gemma2", "Gemma3", "Phi3")
)

# Ollama's names of unquantized models: an adapter belongs onto the numbers that it was trained on.
_OLLAMA: Final = {
    "meta-llama/Meta-Llama-3-8B-Instruct": "llama3:8b-instruct-fp16",
    "meta-llama/Meta-Llama-3-70B-Instruct": "llama3:70b-instruct-fp16",
    "meta-llama/Llama-3.1-8B-Instruct": "llama3.1:8b-instruct-fp16",
    "meta-llama/Llama-3.1-70B-Instruct": "llama3.1:70b-instruct-fp16",
    "meta-llama/Llama-3.2-1B-Instruct": "llama3.2:1b-instruct-fp16",
    "meta-llama/Llama-3.2-3B-Instruct": "llama3.2:3b-instruct-fp16",
    "meta-llama/Llama-3.3-70B-Instruct": "llama3.3:70b-instruct-fp16",
}


@dataclass(frozen=True)
class NextStep:
    """Something to do next.

    Attributes:
        tool: With what, such as `vllm`.
        command: A command for a POSIX shell, or lines of Python for `peft` and `transformers`; None if there is none
            that could work.
        note: Why there is none, or what to know of it; empty if there is nothing to say.
    """

    tool: str
    command: str | None
    note: str = ""


def next_steps(folder: str, found: Inspection) -> tuple[NextStep, ...]:
    """The commands for a folder.

    Args:
        folder: Its path, best an absolute one.
        found: What is in it.

    Returns:
        One step for each tool that can do something with it; nothing if it cannot be told what the folder is.
    """
    name = _name(folder)
    if found.layout is not Layout.UNKNOWN and not found.configured:
        said = "adapter_config.json" if found.layout is Layout.ADAPTER else "config.json"
        note = f"nothing loads it without its {said}, and there is none that can be read: unpack the archive again"
        return (NextStep("configuration", None, note),)
    match found.layout:
        case Layout.ADAPTER:
            steps = _for_adapter(folder, name, found)
        case Layout.MODEL:
            steps = _for_model(folder, name, found)
        case _:
            return ()
    upload = f"hf upload YOUR-NAME/{name} {_quoted(folder)} --private"
    return (*steps, NextStep("hugging face", upload, "put your account's name for YOUR-NAME"))


def steps_for_archive(archive: str) -> tuple[NextStep, ...]:
    """The command for an archive: what comes after it depends on what was unpacked.

    Args:
        archive: Its path.
    """
    return (NextStep("together-ext", f"together-ext extract {_quoted(archive)}"),)


def _for_model(folder: str, name: str, found: Inspection) -> Iterator[NextStep]:
    quoted = _quoted(folder)
    note = "" if found.tokenizer else "the folder has no tokenizer: take it from the base model first"
    yield NextStep("vllm", f"vllm serve {quoted}", note)
    yield NextStep(
        "transformers",
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        f'model = AutoModelForCausalLM.from_pretrained({folder!r}, torch_dtype="auto")\n'
        f"tokenizer = AutoTokenizer.from_pretrained({folder!r})",
        note,
    )
    if found.architecture in _CONVERTIBLE and found.tokenizer:
        yield NextStep("llama.cpp", f"python convert_hf_to_gguf.py {quoted} --outfile {name}.gguf")
        yield NextStep("ollama", _modelfile(name, f"FROM ./{name}.gguf"), "after llama.cpp's conversion")


def _for_adapter(folder: str, name: str, found: Inspection) -> Iterator[NextStep]:
    named = found.base_model
    base = (public_name(named) or named) if named is not None else None
    if base is None or not is_loadable(base):
        said = "it does not say one" if named is None else f"{_shown(named)} is a private name, or none at all"
        note = f"the adapter needs its base model, and {said}: unpack with --base-model NAME to put it in"
        yield NextStep("base model", None, note)
        return
    yield _vllm_lora(folder, name, base, found)
    yield NextStep(
        "peft",
        "from peft import PeftModel\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        f'base = AutoModelForCausalLM.from_pretrained({base!r}, torch_dtype="auto")\n'
        f"model = PeftModel.from_pretrained(base, {folder!r})\n"
        f"tokenizer = AutoTokenizer.from_pretrained({folder if found.tokenizer else base!r})",
    )
    # Its converter knows A and B alone, and so do those who load what it makes.
    if not found.refused_by_vllm:
        option = "--base" if is_path(base) else "--base-model-id"
        convert = f"python convert_lora_to_gguf.py {_quoted(folder)} {option} {_quoted(base)} --outfile {name}.gguf"
        yield NextStep("llama.cpp", convert)
        if base in _OLLAMA:
            modelfile = _modelfile(name, f"FROM {_OLLAMA[base]}", f"ADAPTER ./{name}.gguf")
            yield NextStep("ollama", modelfile, "after llama.cpp's conversion")


def _vllm_lora(folder: str, name: str, base: str, found: Inspection) -> NextStep:
    if found.refused_by_vllm:
        return NextStep("vllm", None, f"vLLM refuses the adapter: {found.refused_by_vllm[0]}; merge it with peft first")
    rank = max((*found.ranks, found.rank or 0))
    most = next((allowed for allowed in MAX_LORA_RANKS if 0 < rank <= allowed), None)
    if most is None:
        why = f"it takes ranks up to {MAX_LORA_RANKS[-1]}, and this is {rank:,}" if rank else "the rank is not known"
        return NextStep("vllm", None, f"vLLM cannot load the adapter: {why}")
    # It splits NAME=PATH at every `=`, and takes anything with a comma for JSON.
    plain = not set("=,") & set(folder)
    module = f"{name}={folder}" if plain else json.dumps({"name": name, "path": folder})
    command = f"vllm serve {_quoted(base)} --enable-lora --max-lora-rank {most} --lora-modules {_quoted(module)}"
    return NextStep("vllm", command)


def _modelfile(name: str, *lines: str) -> str:
    # The name has nothing in it that printf, the shell or a Modelfile would take for something else.
    text = "".join(f"{line}\\n" for line in lines)
    return f"printf '{text}' > Modelfile && ollama create {name} -f Modelfile"


def _name(folder: str) -> str:
    """A name for the weights that is good everywhere: for a file, in vLLM, in Ollama and on Hugging Face."""
    last = folder.rstrip("/").rpartition("/")[2]
    # Hugging Face refuses two of these in a row, or one at an end; Ollama more than 80 characters. What tells one
    # from another, such as the step, stands at the end.
    plain = re.sub(r"[-.]{2,}", "-", re.sub(r"[^A-Za-z0-9_.-]+", "-", last))
    return plain[-80:].strip("-._") or "weights"


def _quoted(text: str) -> str:
    """A word for the shell, also if it has what would drive a terminal."""
    if text.isprintable():
        return shlex.quote(text)
    data = text.encode("utf-8", "surrogateescape")
    return "$'" + "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\x{byte:02x}" for byte in data) + "'"  # noqa: PLR2004 -- ASCII


def _shown(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"  # noqa: PLR2004 -- enough to know it by
