"""The commands that load extracted weights. They are printed, never run. No I/O.

Names and paths come from archives and servers, so each is quoted in a command.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from together_ext.text import printable

from .findings import Tool, loads_nowhere, obstacle, way_out
from .inspect import Inspection
from .weights.base_model import is_loadable, is_path, public_name
from .weights.layout import Layout

MAX_LORA_RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The values that vLLM accepts for `--max-lora-rank` (its `vllm.config.lora.MaxLoRARanks`)."""

LONGEST_NAME: Final = 80
"""Maximum number of characters of a model's name in Ollama."""

# The architectures that llama.cpp converts, among those that the service trains.
_CONVERTIBLE: Final = frozenset(
    f"{family}ForCausalLM"
    for family in ("Llama", "Mistral", "Mixtral", "Qwen2", "Qwen3", "Qwen3Moe", "Gemma", "Gemma2", "Gemma3", "Phi3")
)

# Ollama's names of unquantized models: an adapter was trained on unquantized weights.
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
    """A way to use the weights.

    Attributes:
        tool: The tool, such as `vllm`.
        command: A command for a POSIX shell, or lines of Python for `peft` and `transformers`; None if no command can
            work.
        note: Why there is no command, or a remark on it; may be empty.
    """

    tool: str
    command: str | None
    note: str = ""


def next_steps(folder: str, found: Inspection) -> tuple[NextStep, ...]:
    """The commands that load the weights in a folder.

    Args:
        folder: Its path, preferably absolute; or its URL in an object store.
        found: The result of `inspect` for it.

    Returns:
        One step for each tool that applies; empty if the layout is unknown.
    """
    if found.layout is not Layout.UNKNOWN and not found.configured:
        name = "adapter_config.json" if found.layout is Layout.ADAPTER else "config.json"
        note = f"no tool can load the weights: {name} is missing or cannot be read; extract the archive again"
        return (NextStep("configuration", None, note),)
    if (finding := loads_nowhere(found.findings)) is not None:
        note = f"no tool can load the weights ({finding}): {way_out(finding)}"
        return (NextStep("weights", None, note),)
    if "://" in folder:
        return tuple(_possible(_for_bucket(folder, found), found))
    name = _name(folder)
    match found.layout:
        case Layout.ADAPTER:
            steps = _for_adapter(folder, name, found)
        case Layout.MODEL:
            steps = _for_model(folder, name, found)
        case _:
            return ()
    upload = f"hf upload YOUR-NAME/{name} {_quoted(folder)} --private"
    return (*steps, NextStep("hugging face", upload, "replace YOUR-NAME with the name of your account"))


def steps_for_archive(archive: str) -> tuple[NextStep, ...]:
    """The command for an archive: to extract it. Further commands depend on what it contains.

    Args:
        archive: Its path.
    """
    return (NextStep("together-ext", f"together-ext extract {_quoted(archive)}"),)


def _for_bucket(url: str, found: Inspection) -> Iterator[NextStep]:
    """The steps for weights in an object store: vLLM streams models from S3; other tools need a folder."""
    if found.layout is Layout.MODEL and url.startswith("s3://"):
        command = f"vllm serve {_quoted(url.rstrip('/') + '/')} --load-format runai_streamer"
        yield NextStep(Tool.VLLM, command, "needs vllm[runai]")


def _for_model(folder: str, name: str, found: Inspection) -> Iterator[NextStep]:
    quoted = _quoted(folder)
    note = "" if found.tokenizer else "the folder has no tokenizer: copy it from the base model first"
    python = (
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        f'model = AutoModelForCausalLM.from_pretrained({folder!r}, torch_dtype="auto")\n'
        f"tokenizer = AutoTokenizer.from_pretrained({folder!r})"
    )
    steps = [
        NextStep(Tool.VLLM, f"vllm serve {quoted}", note),
        NextStep(Tool.SGLANG, f"python -m sglang.launch_server --model-path {quoted}", note),
        NextStep(Tool.TGI, f"text-generation-launcher --model-id {quoted}", note),
        NextStep(Tool.TRANSFORMERS, python, note),
    ]
    if found.architecture in _CONVERTIBLE and found.tokenizer:
        steps += _converted(f"python convert_hf_to_gguf.py {quoted} --outfile {name}.gguf", name, f"FROM ./{name}.gguf")
    yield from _possible(steps, found)


def _for_adapter(folder: str, name: str, found: Inspection) -> Iterator[NextStep]:
    named = found.base_model
    base = (public_name(named) or named) if named is not None else None
    if base is None or not is_loadable(base):
        why = "the adapter names none" if named is None else f"{_shown(named)} is private or invalid"
        note = f"the base model is unknown ({why}): extract the archive again with --base-model NAME"
        yield NextStep("base model", None, note)
        return
    python = (
        "from peft import PeftModel\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        f'base = AutoModelForCausalLM.from_pretrained({base!r}, torch_dtype="auto")\n'
        f"model = PeftModel.from_pretrained(base, {folder!r})\n"
        f"tokenizer = AutoTokenizer.from_pretrained({folder if found.tokenizer else base!r})"
    )
    option = "--base" if is_path(base) else "--base-model-id"
    convert = f"python convert_lora_to_gguf.py {_quoted(folder)} {option} {_quoted(base)} --outfile {name}.gguf"
    modelfile = (f"FROM {_OLLAMA[base]}", f"ADAPTER ./{name}.gguf") if base in _OLLAMA else ()
    steps = [
        _vllm_lora(folder, name, base, found),
        *_other_servers(folder, name, base),
        NextStep(Tool.PEFT, python),
        *_converted(convert, name, *modelfile),
    ]
    yield from _possible(steps, found)
    why = "MLX cannot load adapters in the format of peft: merge the adapter into its base model with peft first"
    yield NextStep("mlx", None, why)


def _converted(command: str, name: str, *modelfile: str) -> Iterator[NextStep]:
    """The conversion to GGUF and, if there are lines of a Modelfile, loading the result with Ollama."""
    yield NextStep(Tool.LLAMA_CPP, command)
    if modelfile:
        yield NextStep(Tool.OLLAMA, _modelfile(name, *modelfile), "run after the conversion with llama.cpp")


def _possible(steps: Iterable[NextStep], found: Inspection) -> Iterator[NextStep]:
    """The steps; where a command cannot work, the reason in its place."""
    for step in steps:
        reason = obstacle(Tool(step.tool), found.findings)
        yield NextStep(step.tool, None, reason) if reason else step


def _vllm_lora(folder: str, name: str, base: str, found: Inspection) -> NextStep:
    rank = max((*found.ranks, found.rank or 0))
    most = next((allowed for allowed in MAX_LORA_RANKS if 0 < rank <= allowed), None)
    if most is None:
        why = f"its rank is {rank:,}; the maximum is {MAX_LORA_RANKS[-1]}" if rank else "its rank is unknown"
        return NextStep(Tool.VLLM, None, f"vLLM cannot load the adapter: {why}")
    # vLLM splits NAME=PATH at every `=`, and parses anything with a comma as JSON.
    plain = not set("=,") & set(folder)
    module = f"{name}={folder}" if plain else json.dumps({"name": name, "path": folder})
    command = f"vllm serve {_quoted(base)} --enable-lora --max-lora-rank {most} --lora-modules {_quoted(module)}"
    last = _last(folder)
    note = "" if last == name else f"the folder resolver of vLLM would serve it as {printable(last, 100)}"
    return NextStep(Tool.VLLM, command, note)


def _other_servers(folder: str, name: str, base: str) -> Iterator[NextStep]:
    module = _quoted(f"{name}={folder}")
    command = f"python -m sglang.launch_server --model-path {_quoted(base)} --enable-lora --lora-paths {module}"
    yield NextStep(Tool.SGLANG, command)
    # TGI splits its option at every `=` and `,`.
    if set("=,") & set(folder):
        yield NextStep(Tool.TGI, None, "TGI cannot load an adapter whose path contains '=' or ',': rename the folder")
    else:
        yield NextStep(Tool.TGI, f"text-generation-launcher --model-id {_quoted(base)} --lora-adapters {module}")


def _modelfile(name: str, *lines: str) -> str:
    # `_name` leaves no character that is special to printf, the shell or a Modelfile.
    text = "".join(f"{line}\\n" for line in lines)
    return f"printf '{text}' > Modelfile && ollama create {name} -f Modelfile"


def _name(folder: str) -> str:
    """A name for the weights that is valid everywhere: as a file, in vLLM, in Ollama and on Hugging Face."""
    # Hugging Face refuses two of these in a row, or one at an end. A long name loses the words at its beginning:
    # what distinguishes two names, such as the step, is at the end.
    plain = re.sub(r"[-.]{2,}", "-", re.sub(r"[^A-Za-z0-9_.-]+", "-", _last(folder)))
    if len(plain) > LONGEST_NAME:
        plain = re.sub(r"^[^-._]*[-._](?=.)", "", plain[-LONGEST_NAME - 1 :])[-LONGEST_NAME:]
    return plain.strip("-._") or "weights"


def _last(folder: str) -> str:
    return folder.rstrip("/").rpartition("/")[2]


def _quoted(text: str) -> str:
    """A word for the shell; characters that could control a terminal are escaped."""
    if text.isprintable():
        return shlex.quote(text)
    data = text.encode("utf-8", "surrogateescape")
    return "$'" + "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\x{byte:02x}" for byte in data) + "'"  # noqa: PLR2004 -- ASCII


def _shown(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"  # noqa: PLR2004 -- enough to recognize it
