"""Every public keyword that takes a number: a value that cannot work is refused before any request and any file."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from together_ext import AsyncTogether, Limits, RuleError, Together, token_count
from together_ext.archive import extract
from together_ext.simulator import LORA_JOB, Simulator
from together_ext.transfer import Options, Remote, StreamOptions, fetch
from together_ext.transfer import open as open_stream

NEVER: Final = (math.nan, math.inf, -math.inf, True, "1", [1])
"""What no keyword accepts."""

SIGNED: Final = frozenset(
    {
        "random_seed",
        "seed",
        "chat.completions.create: top_k",
        "repetition_penalty",
        "presence_penalty",
        "frequency_penalty",
    }
)
"""Keywords that accept negative numbers, where only one function does, with its name."""

FROM_ZERO: Final = SIGNED | {
    "checkpoint_step",
    "early_stopping_min_delta",
    "early_stopping_warmup_evals",
    "global_step_from",
    "global_step_to",
    "headers",
    "inactive_timeout",
    "lock_timeout",
    "logprobs",
    "lora_dropout",
    "max_grad_norm",
    "max_retries",
    "max_tokens",
    "min_lr_ratio",
    "min_p",
    "n_evals",
    "ratio",
    "retries",
    "room",
    "rpo_alpha",
    "simpo_gamma",
    "size",
    "temperature",
    "token_count: n_epochs",
    "top_p",
    "training_tokens",
    "validation_tokens",
    "fine_tuning.wait: timeout",
    "warmup_ratio",
    "weight_decay",
}
"""Keywords that accept 0."""


def calls(client: Together, url: str, folder: Path) -> dict[str, Callable[..., object]]:
    """Every public function that takes numbers, with valid values of what else it needs."""
    tuning, archive = client.fine_tuning, folder / "missing.tar"
    job: Mapping[str, Any] = {"model": "org/model", "training_file": "file-1"}
    return {
        "Together": partial(Together, api_key="x"),
        "AsyncTogether": partial(AsyncTogether, api_key="x"),
        "token_count": partial(token_count, n_epochs=1, training_tokens=1),
        "Limits": Limits,
        "extract": partial(extract, archive, folder / "model"),
        "transfer.fetch": partial(fetch, url, folder / "file"),
        "transfer.open": partial(open_stream, url),
        "transfer.Options": Options,
        "transfer.StreamOptions": StreamOptions,
        "transfer.Remote": partial(Remote, httpx.Client(verify=False), url, headers={}, action="try", timeout=1.0),  # noqa: S501 -- nothing is sent
        "fine_tuning.content": partial(tuning.content, ft_id=LORA_JOB),
        "fine_tuning.create": partial(tuning.create, **job),
        "fine_tuning.download": partial(tuning.download, LORA_JOB, output=folder),
        "fine_tuning.download_many": lambda **given: list(tuning.download_many([LORA_JOB], output=folder, **given)),
        "fine_tuning.estimate_price": partial(tuning.estimate_price, **job),
        "fine_tuning.follow_events": lambda **given: list(tuning.follow_events(LORA_JOB, **given)),
        "fine_tuning.list_metrics": partial(tuning.list_metrics, LORA_JOB),
        "fine_tuning.open": partial(tuning.open, LORA_JOB),
        "fine_tuning.plan_downloads": partial(tuning.plan_downloads, [LORA_JOB], output=folder),
        "fine_tuning.preview": partial(tuning.preview, model="org/model", training_file="file-1"),
        "fine_tuning.wait": partial(tuning.wait, LORA_JOB),
        "chat.completions.create": partial(
            client.chat.completions.create, model="org/model", messages=[{"role": "user"}]
        ),
        "endpoints.create": partial(
            client.endpoints.create,
            model="org/model",
            hardware="1x",
            autoscaling={"min_replicas": 1, "max_replicas": 1},
        ),
        "endpoints.update": partial(client.endpoints.update, "endpoint-1"),
        "models.download": partial(client.models.download, "ml_1", output=folder),
    }


def numeric(function: Callable[..., object]) -> list[str]:
    """The keywords of a function that take a number."""
    found = inspect.signature(function).parameters.values()
    return [one.name for one in found if re.match(r"'?(int|float)\b", str(one.annotation))]


def methods(client: Together) -> dict[str, Callable[..., object]]:
    """The public methods of every resource."""
    found: dict[str, Callable[..., object]] = {}
    homes = {name: getattr(client, name) for name in ("fine_tuning", "files", "endpoints", "models")}
    for home, resource in {**homes, "chat.completions": client.chat.completions}.items():
        found |= {
            f"{home}.{name}": one for name, one in inspect.getmembers(resource, inspect.ismethod) if name[0] != "_"
        }
    return found


CLIENT: Final = Together(api_key="x")
SIGNATURES: Final[Mapping[str, Callable[..., object]]] = {
    "Together": Together,
    "AsyncTogether": AsyncTogether,
    "token_count": token_count,
    "Limits": Limits,
    "extract": extract,
    "transfer.fetch": fetch,
    "transfer.open": open_stream,
    "transfer.Options": Options,
    "transfer.StreamOptions": StreamOptions,
    "transfer.Remote": Remote,
    **methods(CLIENT),
}
OF_ONE: Final = {("fine_tuning.download_many", "checkpoint_step"), ("fine_tuning.plan_downloads", "checkpoint_step")}
"""Keywords that `download` shares, and that are refused whatever their value."""

KEYWORDS: Final = [
    (name, keyword)
    for name, function in SIGNATURES.items()
    for keyword in numeric(function)
    if (name, keyword) not in OF_ONE
]


@pytest.mark.parametrize(("name", "keyword"), KEYWORDS)
def test_a_number_that_cannot_work_is_refused(sim: Simulator, tmp_path: Path, name: str, keyword: str) -> None:
    """The error names the keyword, its value and the numbers that it may have."""
    names = {keyword, f"{name}: {keyword}"}
    values = [*NEVER, *([] if names & SIGNED else [-1]), *([] if names & FROM_ZERO else [0])]
    with Together(base_url=sim.url, api_key=sim.api_key) as client:
        call = calls(client, sim.url, tmp_path)[name]
        for value in values:
            with pytest.raises(RuleError, match=rf"^{keyword} is {re.escape(repr(value))}: expected a (whole )?number"):
                call(**{keyword: value})
    assert (sim.requests, list(tmp_path.iterdir())) == ([], [])


def test_the_table_has_every_kind_of_keyword() -> None:
    found = {keyword for _, keyword in KEYWORDS}
    assert {"timeout", "lock_timeout", "limit_rate", "connections", "n_epochs", "max_tokens", "members"} <= found
    every = {name for name, _ in KEYWORDS}
    assert {one for one in FROM_ZERO if one.rpartition(": ")[2] not in found} == set()
    assert every <= calls(CLIENT, "http://storage.example", Path()).keys()


@pytest.mark.parametrize("autoscaling", [{"min_replicas": low, "max_replicas": 1} for low in (-1, 0.5, True, "1", 2)])
def test_an_invalid_number_of_replicas_is_refused(sim: Simulator, autoscaling: Any) -> None:  # noqa: ANN401 -- wrong on purpose
    with Together(base_url=sim.url, api_key=sim.api_key) as client, pytest.raises(RuleError, match="autoscaling is"):
        client.endpoints.update("endpoint-1", autoscaling=autoscaling)
    assert sim.requests == []
