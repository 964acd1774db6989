"""For any response of a server, every method returns or raises an error of the package, and nothing shows the key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from together_ext import Together, TogetherExtError
from together_ext.simulator import Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import Clock

KEY = "sk-secret-key-0123456789"
NAMES = st.sampled_from(
    [
        "id",
        "status",
        "data",
        "events",
        "created_at",
        "updated_at",
        "progress",
        "seconds_remaining",
        "estimate_available",
        "message",
        "type",
        "level",
        "metrics",
        "step",
        "checkpoint_type",
        "path",
        "train/loss",
        "eval_loss",
        "global_step",
        "logged_at",
        "models",
        "max_num_epochs",
        "lora_training",
        "max_rank",
        "target_modules",
        "full_training",
        "estimated_total_price",
        "allowed_to_proceed",
        "user_limit",
        "estimation_available",
        "choices",
        "content",
        "pricing",
        "cents_per_minute",
        "specs",
        "state",
        "name",
        "hardware",
        "autoscaling",
        "model",
        "model_output_name",
        "training_type",
        "bytes",
        "deleted",
        "early_stopping_best_step",
        "early_stopping_best_metric",
        "filename",
        "FileType",
        "purpose",
        "availability",
        "hash",
    ]
)
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 5, 2.5, 1e308, 10**400, float("nan"), "", "completed", "error", "running", "ft-x", [], {}, KEY]
) | st.sampled_from(["\x1b[2J", "\ud800", "9999-99-99", "2026-01-01T00:00:00Z"])
VALUES = st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6))
LISTS = st.lists(st.dictionaries(NAMES, VALUES, max_size=8) | VALUES, max_size=4)
ANSWERS = st.builds(
    lambda answer, lists: answer | lists,
    st.dictionaries(NAMES, VALUES, max_size=10),
    st.dictionaries(st.sampled_from(["data", "metrics", "choices", "models"]), LISTS, max_size=2),
)


def calls(client: Together, folder: Path) -> list[Callable[[], Any]]:
    """Something with every operation."""
    tuning, file = client.fine_tuning, folder / "x.jsonl"
    file.write_text('{"text": "x"}\n')
    job: dict[str, Any] = {"training_file": "f", "model": "m"}
    return [
        lambda: list(tuning.list().data),
        lambda: tuning.list().to_dict(),
        lambda: tuning.retrieve("ft-x"),
        lambda: tuning.wait("ft-x", timeout=60),
        lambda: tuning.list_events("ft-x"),
        lambda: tuning.list_checkpoints("ft-x"),
        lambda: tuning.list_metrics("ft-x", global_step_from=1, logged_at_to="2030-01-01"),
        lambda: tuning.best_checkpoint("ft-x"),
        lambda: tuning.create(**job, n_epochs=1, lora=True, batch_size=8, train_vision=True),
        lambda: tuning.estimate_price(**job),
        tuning.list_models,
        lambda: tuning.model_limits("m"),
        lambda: tuning.cancel("ft-x"),
        lambda: tuning.delete("ft-x"),
        lambda: client.files.upload(file),
        client.files.list,
        lambda: client.files.delete("file-x"),
        lambda: client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}]),
        lambda: client.endpoints.create(model="m", hardware="h"),
        client.endpoints.list,
        client.endpoints.list_hardware,
    ]


def test_any_response_is_accepted_or_reported(tmp_path: Path, clock: Clock) -> None:
    with Simulator(api_key=KEY) as sim, Together(KEY, sim.url, max_retries=0, clock=clock) as client:
        everything = calls(client, tmp_path)

        @settings(suppress_health_check=list(HealthCheck))
        @given(ANSWERS)
        def answered(document: dict[str, Any]) -> None:
            sim.faults.clear()
            body = json.dumps(document).encode("utf-8", "surrogatepass")
            sim.script(Fault(path="/", status=200, body=body, times=None))
            for call in everything:
                said = ""
                try:
                    call()
                except TogetherExtError as error:
                    said = str(error)
                assert KEY not in said
                assert said.isprintable()

        answered()
    assert clock.time >= 0
