"""Metrics and the best checkpoint, in three worlds and on the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from together_ext import CheckpointNameError, NoBestCheckpointError, RuleError, Together
from together_ext.simulator import DOWNLOAD_PATH, DPO_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, Fault, Simulator

if TYPE_CHECKING:
    from conftest import Outcome

Command = Callable[..., "Outcome"]


def steps(found: Any) -> list[int]:  # noqa: ANN401 -- of either vocabulary
    return [item["train/global_step"] for item in found.metrics]


class TestList:
    def test_all_metrics_are_asked_for_without_a_body(self, client: Together, sim: Simulator) -> None:
        found = client.fine_tuning.list_metrics(LORA_JOB)
        assert steps(found) == sorted(steps(found))
        assert len(found.metrics) == 24
        assert (sim.requests[-1].method, sim.requests[-1].body) == ("GET", b"")

    def test_filters_are_a_body(self, client: Together, sim: Simulator) -> None:
        found = client.fine_tuning.list_metrics(
            LORA_JOB,
            global_step_from=100,
            global_step_to=300,
            logged_at_from=datetime(2020, 1, 1),  # noqa: DTZ001 -- without a zone, it is UTC
            logged_at_to="2030-01-01T00:00:00Z",
        )
        assert min(steps(found)) == 100
        assert max(steps(found)) == 300
        assert json.loads(sim.requests[-1].body) == {
            "global_step_from": 100,
            "global_step_to": 300,
            "logged_at_from": "2020-01-01T00:00:00+00:00",
            "logged_at_to": "2030-01-01T00:00:00+00:00",
        }

    def test_a_body_that_was_lost_on_the_way_changes_nothing(self, client: Together, sim: Simulator) -> None:
        """Proxies may drop the body of a GET."""
        every = {"metrics": [{"global_step": step, "logged_at": 1000.0 * step, "eval_loss": 1} for step in range(10)]}
        answer = Fault(path="/fine-tunes", status=200, body=json.dumps(every).encode(), times=None)
        sim.script(answer)
        found = client.fine_tuning.list_metrics(LORA_JOB, global_step_from=3, global_step_to=5)
        assert [item["global_step"] for item in found.metrics] == [3, 4, 5]
        since = datetime.fromtimestamp(7000, UTC)
        found = client.fine_tuning.list_metrics(LORA_JOB, logged_at_from=since)
        assert [item["global_step"] for item in found.metrics] == [7, 8, 9]

    def test_metrics_come_as_the_training_goes_on(self, client: Together, sim: Simulator) -> None:
        before = len(client.fine_tuning.list_metrics(RUNNING_JOB).metrics)
        sim.advance(RUNNING_JOB)
        assert 0 < before < len(client.fine_tuning.list_metrics(RUNNING_JOB).metrics)

    @pytest.mark.parametrize(
        "body", [b"{}", b'{"metrics": null}', b'{"metrics": [1, null, "x", []]}', b'{"metrics": 5}']
    )
    def test_odd_answers_are_empty_lists(self, client: Together, sim: Simulator, body: bytes) -> None:
        sim.script(Fault(path="/fine-tunes", status=200, body=body))
        assert client.fine_tuning.list_metrics(LORA_JOB).metrics == []

    @pytest.mark.parametrize(
        "arguments",
        [
            {"global_step_from": -1},
            {"global_step_to": 1.5},
            {"global_step_from": 5, "global_step_to": 4},
            {"logged_at_from": "yesterday"},
            {"logged_at_from": "2026-01-02", "logged_at_to": "2026-01-01"},
        ],
    )
    def test_what_cannot_be_right_is_refused_before_any_request(
        self, client: Together, sim: Simulator, arguments: dict[str, Any]
    ) -> None:
        with pytest.raises(RuleError):
            client.fine_tuning.list_metrics(LORA_JOB, **arguments)
        assert sim.requests == []


class TestBest:
    def test_the_best_checkpoint_need_not_be_the_last(self, client: Together) -> None:
        found = client.fine_tuning.best_checkpoint(LORA_JOB)
        assert (found.checkpoint.name, found.metric, found.step) == (f"{LORA_JOB}:750", "eval_loss", 750)
        assert "lowest eval_loss" in found.reason

    def test_another_metric_may_have_another_best(self, client: Together) -> None:
        assert client.fine_tuning.best_checkpoint(LORA_JOB, "train/loss").checkpoint.name == LORA_JOB
        assert client.fine_tuning.best_checkpoint(LORA_JOB, metric="train/loss", mode="max").step == 250

    def test_a_job_that_was_never_evaluated_has_none(self, client: Together) -> None:
        with pytest.raises(NoBestCheckpointError, match="it has recorded train_loss, train_learning_rate") as caught:
            client.fine_tuning.best_checkpoint(DPO_JOB)
        assert (caught.value.job_id, caught.value.metric) == (DPO_JOB, "eval_loss")

    def test_what_early_stopping_chose_serves_where_nothing_was_recorded(
        self, client: Together, sim: Simulator
    ) -> None:
        sim.job(DPO_JOB).overrides |= {"early_stopping_best_step": 60, "early_stopping_best_metric": 0.25}
        found = client.fine_tuning.best_checkpoint(DPO_JOB)
        assert (found.checkpoint.name, found.value) == (f"{DPO_JOB}:60", 0.25)
        assert "early stopping" in found.reason
        # Without a value, it is only the step at which the training ended.
        sim.job(DPO_JOB).overrides["early_stopping_best_metric"] = None
        with pytest.raises(NoBestCheckpointError):
            client.fine_tuning.best_checkpoint(DPO_JOB)

    def test_a_job_without_checkpoints_says_so(self, client: Together, sim: Simulator) -> None:
        new = client.fine_tuning.create(training_file="file-1", model="acme/Tiny", validation_file="file-2", n_evals=2)
        with pytest.raises(NoBestCheckpointError, match="has no checkpoints yet"):
            client.fine_tuning.best_checkpoint(new.id)
        assert sim.requests[-1].path.endswith("/metrics")

    @pytest.mark.parametrize("metric", ["", "  ", None, "speed"])
    def test_a_metric_that_cannot_be_judged_is_refused_before_any_request(
        self, client: Together, sim: Simulator, metric: str
    ) -> None:
        with pytest.raises(RuleError):
            client.fine_tuning.best_checkpoint(LORA_JOB, metric)
        assert sim.requests == []


class TestDownload:
    def test_the_best_checkpoint_is_downloaded_by_name(self, client: Together, folder: Path, sim: Simulator) -> None:
        result = client.fine_tuning.download(f"{LORA_JOB}:best", checkpoint_type="adapter")
        assert (result.id, result.checkpoint_step) == (LORA_JOB, 750)
        assert result.filename.endswith("-checkpoint-750-adapter.tar.zst")
        asked = [dict(request.query) for request in sim.requests if request.path == DOWNLOAD_PATH]
        assert asked == [{"ft_id": LORA_JOB, "checkpoint_step": "750", "checkpoint": "adapter"}]
        assert Path(result.filename).parent == folder

    def test_the_final_weights_are_downloaded_if_they_are_the_best(
        self, client: Together, folder: Path, sim: Simulator
    ) -> None:
        sim.job(FULL_JOB).metrics = [{"eval_loss": 1, "global_step": 100}, {"eval_loss": 0.5, "global_step": 200}]
        result = client.fine_tuning.download(f"{FULL_JOB}:best")
        assert (result.checkpoint_step, Path(result.filename).parent) == (None, folder)

    def test_its_bytes_can_be_read(self, client: Together) -> None:
        for checkpoint in (None, "merged"):
            assert len(client.fine_tuning.content(f"{LORA_JOB}:best", checkpoint=checkpoint).content) == 100

    def test_a_step_beside_it_is_one_too_many(self, client: Together, sim: Simulator) -> None:
        with pytest.raises(CheckpointNameError, match="names a step already"):
            client.fine_tuning.download(f"{LORA_JOB}:best", checkpoint_step=500)
        assert sim.requests == []


class TestCommand:
    def test_lines_have_the_step_and_the_usual_metrics(self, command: Command) -> None:
        outcome = command("ft", "metrics", LORA_JOB)
        rows = [line.split("\t") for line in outcome.out.splitlines()]
        assert (outcome.code, len(rows)) == (0, 24)
        assert (rows[-1][0], *rows[-1][2:]) == ("1000", "0.77515", "1e-06")

    def test_quiet_is_the_name_of_the_best(self, command: Command) -> None:
        assert command("ft", "metrics", LORA_JOB, "-q").out == f"{LORA_JOB}:750\n"
        assert command("ft", "metrics", DPO_JOB, "-q").out == ""

    def test_json_has_the_metrics_and_the_best(self, command: Command) -> None:
        document = command("ft", "metrics", LORA_JOB, "--json").json
        assert len(document["metrics"]) == 24
        assert document["best"]["checkpoint"]["name"] == f"{LORA_JOB}:750"
        assert command("ft", "metrics", DPO_JOB, "--json").json["best"] is None

    def test_csv_has_everything(self, command: Command) -> None:
        rows = list(csv.DictReader(io.StringIO(command("ft", "metrics", LORA_JOB, "--csv").out)))
        assert list(rows[0]) == ["step", "train_loss", "train_learning_rate", "eval_loss"]
        assert rows[-1]["eval_loss"] == "0.77515"
        rows = list(csv.DictReader(io.StringIO(command("ft", "metrics", LORA_JOB, "--csv", "-m", "eval/loss").out)))
        assert list(rows[0]) == ["step", "eval_loss"]

    def test_a_terminal_gets_a_table_curves_and_the_best(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("together_ext.cli.screen.stdout_is_terminal", lambda: True)
        monkeypatch.setattr("together_ext.cli.metrics.stdout_is_terminal", lambda: True)
        out = command("ft", "metrics", LORA_JOB).out
        lines = out.splitlines()
        assert max(map(len, lines[:-1])) <= 80
        assert lines[0].split() == ["STEP", "TRAIN_LOSS", "EVAL_LOSS", "TRAIN_LEARNING_RATE"]
        assert next(line for line in lines if line.startswith("750")).endswith("best")
        assert "eval_loss" in lines
        assert any(ord(char) > 0x2800 for char in out)
        assert "has the lowest eval_loss" in lines[-1]

    def test_no_metrics_is_said(self, command: Command, sim: Simulator) -> None:
        sim.job(LORA_JOB).metrics = []
        outcome = command("ft", "metrics", LORA_JOB)
        assert (outcome.code, outcome.out) == (0, "")
        assert "has recorded no metrics yet" in outcome.err

    @pytest.mark.parametrize(
        ("name", "magic"), [("loss.png", b"\x89PNG"), ("loss.pdf", b"%PDF"), ("loss.SVG", b"<?xml")]
    )
    def test_a_picture_is_drawn(self, command: Command, folder: Path, name: str, magic: bytes, sim: Simulator) -> None:
        sim.job(LORA_JOB).metrics = [
            {"eval_loss": 1 / (step + 1), "$\\odd{": step, "global_step": step} for step in range(9)
        ]
        outcome = command("ft", "metrics", LORA_JOB, "--plot", name)
        assert outcome.code == 0, outcome.err
        assert (folder / name).read_bytes().startswith(magic)
        assert [path.name for path in folder.iterdir()] == [name]

    @pytest.mark.parametrize("name", ["loss.exe", "loss", "nowhere/loss.png"])
    def test_a_picture_that_cannot_be_is_an_error(self, command: Command, folder: Path, name: str) -> None:
        assert command("ft", "metrics", LORA_JOB, "--plot", name).code in {2, 7}
        assert list(folder.iterdir()) == []

    def test_without_matplotlib_it_is_said_what_is_missing(
        self, command: Command, monkeypatch: pytest.MonkeyPatch, sim: Simulator
    ) -> None:
        import importlib.util  # noqa: PLC0415

        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        outcome = command("ft", "metrics", LORA_JOB, "--plot", "loss.png")
        assert outcome.code == 2
        assert "pip install 'together-ext[plot]'" in outcome.err
        assert sim.requests == []

    def test_a_metric_that_was_not_recorded_is_an_error(self, command: Command) -> None:
        outcome = command("ft", "metrics", LORA_JOB, "-m", "speed")
        assert outcome.code == 2
        assert "choose of train_loss" in outcome.err

    def test_names_of_the_server_drive_no_terminal(self, command: Command, sim: Simulator) -> None:
        sim.job(LORA_JOB).metrics = [{"\x1b[2J": 1, "global_step": 5}]
        for options in ([], ["--csv"]):
            assert "\x1b" not in command("ft", "metrics", LORA_JOB, *options).out

    def test_csv_and_json_contradict_each_other(self, command: Command) -> None:
        assert command("ft", "metrics", LORA_JOB, "--csv", "--json").code == 2

    def test_the_best_is_downloaded(self, command: Command) -> None:
        outcome = command("ft", "download", f"{LORA_JOB}:best", "--checkpoint-type", "adapter", "-q")
        assert outcome.out.endswith("-checkpoint-750-adapter.tar.zst\n")
