"""Weights that transformers and peft saved give the same numbers after `download(..., extract=True)`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, PreTrainedModel, PreTrainedTokenizerFast

from together_ext import CheckpointType, DownloadResult, Together, verify
from together_ext.archive.inspect import inspect
from together_ext.simulator import LORA_JOB, Simulator
from together_ext.simulator.archives import pack

TEXT = "the last byte is here"
WORDS = {word: number for number, word in enumerate(["<unk>", *TEXT.split()])}
TYPES = [torch.float32, torch.bfloat16]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer that knows a few words."""
    words = Tokenizer(WordLevel(WORDS, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>")


def llama(dtype: torch.dtype) -> PreTrainedModel:
    """A Llama whose weights are noise, the same each time."""
    torch.manual_seed(4)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    # Not `.to(dtype)`: that would round the positions' frequencies too, which are computed anew when a model is loaded.
    model = AutoModelForCausalLM.from_config(LlamaConfig(vocab_size=len(WORDS), **sizes), dtype=dtype)
    model.name_or_path = "acme/tiny"
    return model.eval()


def tuned(base: PreTrainedModel) -> PeftModel:
    """The Llama with an adapter that changes what it says: peft begins with a B of zeros, which does not."""
    settings = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])
    model = get_peft_model(base, settings).eval()
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights)
    return model


def logits(model: torch.nn.Module, tokenizer: PreTrainedTokenizerFast) -> torch.Tensor:
    """What a model makes of a text."""
    with torch.inference_mode():
        found: torch.Tensor = model(**tokenizer(TEXT, return_tensors="pt", return_token_type_ids=False)).logits
    return found


def delivered(sim: Simulator, saved: Path, output: Path, kind: CheckpointType) -> DownloadResult:
    """What comes out of a download of a saved folder."""
    files = {path.name: path.read_bytes() for path in sorted(saved.iterdir())}
    sim.add_archive(LORA_JOB, pack(files, root="output"))
    with Together(api_key=sim.api_key, base_url=sim.url) as client:
        result = client.fine_tuning.download(LORA_JOB, output=output, checkpoint_type=kind, extract=True)
    assert result.extracted_to is not None
    assert verify(result.extracted_to).good
    assert inspect(result.extracted_to).warnings == ()
    return result


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("shard", "several"), [("1GB", False), ("20KB", True)], ids=["one file", "shards"])
def test_a_merged_model_gives_the_same_output_as_before(
    sim: Simulator, tmp_path: Path, tokenizer: PreTrainedTokenizerFast, dtype: torch.dtype, shard: str, *, several: bool
) -> None:
    merged = tuned(llama(dtype)).merge_and_unload()
    merged.save_pretrained(tmp_path / "saved", max_shard_size=shard)
    tokenizer.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved" / "model.safetensors.index.json").exists() is several

    made = delivered(sim, tmp_path / "saved", tmp_path, CheckpointType.MERGED).extracted_to

    loaded = AutoModelForCausalLM.from_pretrained(made, dtype=dtype).eval()
    before = logits(merged, tokenizer)
    assert torch.equal(logits(loaded, AutoTokenizer.from_pretrained(made)), before)
    assert not torch.equal(before, logits(llama(dtype), tokenizer))


@pytest.mark.parametrize("dtype", TYPES)
def test_an_adapter_changes_its_base_as_it_did_before(
    sim: Simulator, tmp_path: Path, tokenizer: PreTrainedTokenizerFast, dtype: torch.dtype
) -> None:
    model = tuned(llama(dtype))
    model.save_pretrained(tmp_path / "saved")
    (tmp_path / "saved" / "README.md").unlink(missing_ok=True)

    made = delivered(sim, tmp_path / "saved", tmp_path, CheckpointType.ADAPTER).extracted_to

    loaded = PeftModel.from_pretrained(llama(dtype), made).eval()
    before = logits(model, tokenizer)
    assert torch.equal(logits(loaded, tokenizer), before)
    assert not torch.equal(before, logits(llama(dtype), tokenizer))
