"""Every example in the help texts of the official command line 3.1.1, typed into ours: `make test-official`."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from together_ext.cli import main
from together_ext.simulator import LORA_JOB, MODEL, RUNNING_JOB, TRAINING_FILE, Simulator

CLIENTS: Final = Path(os.environ.get("OFFICIAL_CLIENTS", ".venv-official")).resolve()
BASE: Final = "Qwen/Qwen2-1.5B"
CHAT: Final = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}\n'
PAIR: Final = (
    '{"input": {"messages": [{"role": "user", "content": "Hi"}]}, '
    '"preferred_output": [{"role": "assistant", "content": "a"}], '
    '"non_preferred_output": [{"role": "assistant", "content": "b"}]}\n'
)

LEFT_OUT: Final = {
    r"(batches|beta|clusters|evals|jig|projects|switch|training)\b": "other products",
    r"endpoints\b": "deployments: dedicated endpoints of version 1 are deprecated by the end of 2026",
    r"models (configs|create|deploy|public|remote-uploads|rm|update|upload)\b": "models are downloaded, not made",
    r"models download .*--format": "one layout of folders",
}
"""Examples that are not tried, as regular expressions, with the reason."""


def examples() -> list[str]:
    """The commands in the help texts, without the name of the program and what a shell does with the output."""
    found = list(CLIENTS.glob("3/lib/python*/site-packages/together/lib/cli/utils/_help_examples.py"))
    if not found:
        return []
    lines = re.findall(r"\[primary\](?:\$ )?tg (.*?)\[/primary\]", found[0].read_text(), re.DOTALL)
    plain = (re.sub(r"\\\\?\n\s*", " ", line).partition(" > ")[0].strip() for line in lines)
    return list(dict.fromkeys(plain))


def reason(example: str) -> str | None:
    return next((why for pattern, why in LEFT_OUT.items() if re.match(pattern, example)), None)


def test_there_are_examples() -> None:
    assert len([example for example in examples() if reason(example) is None]) >= 20


@pytest.mark.parametrize("example", [example for example in examples() if reason(example) is None])
def test_an_example_works_as_typed(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("my-dataset", "updated-dataset"):
        (tmp_path / f"{name}.jsonl").write_text(CHAT)
    (tmp_path / "dpo_train_file.jsonl").write_text(PAIR)
    monkeypatch.chdir(tmp_path)
    job = RUNNING_JOB if " cancel " in example else LORA_JOB
    known = {
        "<ft-job-id>": job,
        "<file-id>": TRAINING_FILE,
        "JOB_ID/OUTPUT_MODEL_NAME:STEP": f"{LORA_JOB}:500",
        "--checkpoint-step 1": "--checkpoint-step 500",
    }
    for theirs, ours in known.items():
        example = example.replace(theirs, ours)
    with Simulator() as simulator:
        model = simulator.registry.all()[0].id
        example = re.sub(r"\bml_[xy]+\b", model, example).replace("tokenizer.json", "tokenizer_config.json")
        simulator.add_model(BASE)
        simulator.limits[BASE] = {**simulator.limits[MODEL], "model_name": BASE}
        monkeypatch.setenv("TOGETHER_BASE_URL", simulator.url)
        monkeypatch.setenv("TOGETHER_API_KEY", simulator.api_key)
        # Questions are answered as the official command line is told to answer them.
        asks = re.match(r"ft (create|cancel|delete)|files delete", example)
        code = main([*shlex.split(example), *(["--yes"] if asks else [])])
    assert code == 0, capsys.readouterr().err


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_a_reason_is_given_only_for_examples_that_there_are(pattern: str) -> None:
    assert [example for example in examples() if re.match(pattern, example)] or not examples()
