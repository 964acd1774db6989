"""Metrics and the best checkpoint, in three worlds and on the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from together_ext import CheckpointNameError, NoBestCheckpointError, RuleError, Together
from together_ext.simulator import DOWNLOAD_PATH, DPO_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import Outcome

Command = Callable[..., "Outcome"]


def steps(found: Any) -> list[int]:  # noqa: ANN401 -- of either vocabulary
    return [item["train/global_step"] for item in found.metrics]


class TestList:
    def test_all_metrics_are_requested_without_a_body(self, client: Together, sim: Simulator) -> None:
        found = client.fine_tuning.list_metrics(LORA_JOB)
        assert steps(found) == sorted(steps(found))
        assert len(found.metrics) == 24
        assert (sim.requests[-1].method, sim.requests[-1].body) == ("GET", b"")

    def test_filters_are_sent_in_the_body(self, client: Together, sim: Simulator) -> None:
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

    def test_the_resolution_limits_the_training_points(self, client: Together, sim: Simulator) -> None:
        found = client.fine_tuning.list_metrics(LORA_JOB, resolution=5)
        assert len([item for item in found.metrics if "train/loss" in item and "eval/loss" not in item]) == 5
        assert sim.requests[-1].query == {"resolution": "5"}

    def test_a_lost_body_does_not_change_the_result(self, client: Together, sim: Simulator) -> None:
        """Proxies may drop the body of a GET."""
        every = {"metrics": [{"global_step": step, "logged_at": 1000.0 * step, "eval_loss": 1} for step in range(10)]}
        answer = Fault(path="/fine-tunes", status=200, body=json.dumps(every).encode(), times=None)
        sim.script(answer)
        found = client.fine_tuning.list_metrics(LORA_JOB, global_step_from=3, global_step_to=5)
        assert [item["global_step"] for item in found.metrics] == [3, 4, 5]
        since = datetime.fromtimestamp(7000, UTC)
        found = client.fine_tuning.list_metrics(LORA_JOB, logged_at_from=since)
        assert [item["global_step"] for item in found.metrics] == [7, 8, 9]
        found = client.fine_tuning.list_metrics(LORA_JOB, logged_at_from=since, logged_at_to="1970-01-01T02:13:20Z")
        assert [item["global_step"] for item in found.metrics] == [7, 8]

    def test_metrics_are_added_during_the_training(self, client: Together, sim: Simulator) -> None:
        before = len(client.fine_tuning.list_metrics(RUNNING_JOB).metrics)
        sim.advance(RUNNING_JOB)
        assert 0 < before < len(client.fine_tuning.list_metrics(RUNNING_JOB).metrics)

    @pytest.mark.parametrize(
        "body", [b"{}", b'{"metrics": null}', b'{"metrics": [1, null, "x", []]}', b'{"metrics": 5}']
    )
    def test_invalid_responses_are_empty_lists(self, client: Together, sim: Simulator, body: bytes) -> None:
        sim.script(Fault(path="/fine-tunes", status=200, body=body))
        assert client.fine_tuning.list_metrics(LORA_JOB).metrics == []

    @pytest.mark.parametrize(
        "arguments",
        [
            {"global_step_from": -1},
            {"global_step_to": 1.5},
            {"global_step_from": 5, "global_step_to": 4},
            {"resolution": 0},
            {"logged_at_from": "yesterday"},
            {"logged_at_from": "2026-01-02", "logged_at_to": "2026-01-01"},
        ],
    )
    def test_invalid_arguments_are_refused_before_any_request(
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

    def test_a_metric_that_is_named_like_the_key_does_not_show_it(self, client: Together, sim: Simulator) -> None:
        sim.job(DPO_JOB).metrics = [{sim.api_key: 1, "global_step": 5}]
        with pytest.raises(NoBestCheckpointError, match=r"it has recorded \*\*\*") as caught:
            client.fine_tuning.best_checkpoint(DPO_JOB)
        assert sim.api_key not in str(caught.value)

    def test_the_choice_of_early_stopping_is_used_if_nothing_was_recorded(
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

    def test_values_after_all_checkpoints_are_not_used(self, client: Together, sim: Simulator) -> None:
        sim.job(RUNNING_JOB).metrics = [{"eval_loss": 1, "global_step": step} for step in (210, 220)]
        with pytest.raises(NoBestCheckpointError, match="first recorded at step 210, after all checkpoints; name a"):
            client.fine_tuning.best_checkpoint(RUNNING_JOB)

    def test_a_job_without_checkpoints_is_an_error(self, client: Together, sim: Simulator) -> None:
        new = client.fine_tuning.create(training_file="file-1", model="acme/Tiny", validation_file="file-2", n_evals=2)
        with pytest.raises(NoBestCheckpointError, match="has no checkpoints yet"):
            client.fine_tuning.best_checkpoint(new.id)
        assert sim.requests[-1].path.endswith("/metrics")

    @pytest.mark.parametrize("metric", ["", "  ", None, "speed"])
    def test_a_metric_without_a_known_direction_is_refused_before_any_request(
        self, client: Together, sim: Simulator, metric: str
    ) -> None:
        with pytest.raises(RuleError):
            client.fine_tuning.best_checkpoint(LORA_JOB, metric)
        assert sim.requests == []


class TestSimulator:
    """As a newer client asks: the filters in the query, and a resolution."""

    def answer(self, sim: Simulator, **query: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {sim.api_key}"}
        return httpx.get(f"{sim.url}/fine-tunes/{LORA_JOB}/metrics", params=query, headers=headers)

    def found(self, sim: Simulator, **query: str) -> Any:  # noqa: ANN401 -- any JSON
        return self.answer(sim, **query).json()["metrics"]

    def test_the_query_filters_as_the_body_does(self, sim: Simulator) -> None:
        found = self.found(sim, global_step_from="500", global_step_to="600")
        assert [item["train/global_step"] for item in found] == [500, 550, 600]
        whole = self.found(sim)
        started = sim.job(LORA_JOB).started_at
        assert started is not None
        half = self.found(sim, logged_at_to=(started + timedelta(minutes=15)).isoformat())
        assert half == [item for item in whole if item["train/global_step"] <= 500]
        assert self.found(sim, logged_at_from="2200-01-01") == []

    def test_a_resolution_keeps_all_evaluations(self, sim: Simulator) -> None:
        found = self.found(sim, resolution="4")
        evaluated = [item for item in found if "eval/loss" in item]
        assert (len(evaluated), len(found)) == (8, 12)
        assert self.found(sim, resolution="1000000000") == self.found(sim)

    @pytest.mark.parametrize(
        "query", [{"global_step_from": "x"}, {"global_step_to": "inf"}, {"logged_at_to": "then"}, {"resolution": "-1"}]
    )
    def test_invalid_filters_are_refused(self, sim: Simulator, query: dict[str, str]) -> None:
        assert self.answer(sim, **query).status_code == 400

    @pytest.mark.off_contract
    def test_any_metrics_can_be_listed(self, client: Together, sim: Simulator) -> None:
        sim.job(LORA_JOB).metrics = [5, None, {"eval_loss": float("nan"), "global_step": "x"}, {"step": 10**11}]
        assert len(client.fine_tuning.list_metrics(LORA_JOB, logged_at_from="2000-01-01").metrics) == 2


class TestDownload:
    def test_the_best_checkpoint_is_downloaded_by_name(self, client: Together, folder: Path, sim: Simulator) -> None:
        result = client.fine_tuning.download(f"{LORA_JOB}:best", checkpoint_type="adapter")
        assert (result.id, result.checkpoint_step) == (LORA_JOB, 750)
        assert result.filename.endswith("-checkpoint-750-adapter.tar.zst")
        asked = [dict(request.query) for request in sim.requests if request.path == DOWNLOAD_PATH]
        assert asked == [{"ft_id": LORA_JOB, "checkpoint_step": "750", "checkpoint": "adapter"}]
        assert Path(result.filename).parent == folder

    @pytest.mark.parametrize("extract", [False, True])
    def test_the_result_says_which_was_chosen_and_why(
        self, client: Together, folder: Path, sim: Simulator, *, extract: bool
    ) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("config.json"))
        sim.add_archive(LORA_JOB, packed.getvalue())
        again = [client.fine_tuning.download(f"{LORA_JOB}:best", output=folder, extract=extract) for _ in range(2)]
        assert [result.best for result in again] == [client.fine_tuning.best_checkpoint(LORA_JOB)] * 2
        best = again[0].best
        assert best is not None
        assert best.value is not None
        assert best.reason.startswith(f"{LORA_JOB}:750 has the lowest eval_loss, {best.value:.6g}")
        assert client.fine_tuning.download(f"{LORA_JOB}:750", output=folder, extract=extract).best is None

    def test_the_final_weights_are_downloaded_if_they_are_the_best(
        self, client: Together, folder: Path, sim: Simulator
    ) -> None:
        sim.job(FULL_JOB).metrics = [{"eval_loss": 1, "global_step": 100}, {"eval_loss": 0.5, "global_step": 200}]
        result = client.fine_tuning.download(f"{FULL_JOB}:best")
        assert (result.checkpoint_step, Path(result.filename).parent) == (None, folder)

    def test_the_evaluated_weights_are_downloaded_without_labels_of_the_server(
        self, client: Together, folder: Path, sim: Simulator
    ) -> None:
        """The official client names every checkpoint without a label like the final one."""
        listed = {"data": [{"step": step, "checkpoint_type": None} for step in (250, 500, 750, 1000)]}
        sim.script(Fault(path=f"/fine-tunes/{LORA_JOB}/checkpoints", status=200, body=json.dumps(listed).encode()))
        result = client.fine_tuning.download(f"{LORA_JOB}:best")
        assert (result.checkpoint_step, Path(result.filename).parent) == (750, folder)

    def test_the_bytes_of_the_best_can_be_read(self, client: Together) -> None:
        for checkpoint in (None, "merged"):
            assert len(client.fine_tuning.content(f"{LORA_JOB}:best", checkpoint=checkpoint).content) == 100

    def test_a_step_together_with_best_is_refused(self, client: Together, sim: Simulator) -> None:
        with pytest.raises(CheckpointNameError, match="contains a step"):
            client.fine_tuning.download(f"{LORA_JOB}:best", checkpoint_step=500)
        assert sim.requests == []


class TestCommand:
    def test_lines_have_the_step_and_the_usual_metrics(self, command: Command) -> None:
        outcome = command("ft", "metrics", LORA_JOB)
        header, *rows = [line.split("\t") for line in outcome.out.splitlines()]
        assert (outcome.code, len(rows)) == (0, 24)
        assert header == ["step", "train_loss", "eval_loss", "learning_rate"]
        assert (rows[-1][0], *rows[-1][2:]) == ("1000", "0.77515", "1e-06")
        assert command("ft", "metrics", FULL_JOB).out.splitlines()[0].split("\t") == header

    def test_columns_are_the_same_for_any_metrics(self, command: Command, sim: Simulator) -> None:
        sim.job(LORA_JOB).metrics = [{"rewards/margins": 1, "eval/loss": float("nan"), "global_step": 5}]
        outcome = command("ft", "metrics", LORA_JOB)
        assert outcome.out == "step\ttrain_loss\teval_loss\tlearning_rate\n"
        assert outcome.err.endswith("has only other metrics: pass --metric or --csv\n")
        assert command("ft", "metrics", LORA_JOB, "-m", "rewards/margins").out == "step\trewards_margins\n5\t1.0\n"

    def test_quiet_is_the_name_of_the_best(self, command: Command) -> None:
        assert command("ft", "metrics", LORA_JOB, "-q").out == f"{LORA_JOB}:750\n"

    def test_quiet_without_a_best_is_an_error(self, command: Command, sim: Simulator) -> None:
        """A script that continues with an empty string would download the wrong weights."""
        outcome = command("ft", "metrics", DPO_JOB, "-q")
        assert (outcome.code, outcome.out) == (4, "")
        sim.script(Fault(path=f"/fine-tunes/{LORA_JOB}/checkpoints", status=418, times=None))
        outcome = command("ft", "metrics", LORA_JOB, "-q")
        assert (outcome.code, outcome.out) == (1, "")

    def test_json_has_the_metrics_and_the_best(self, command: Command) -> None:
        document = command("ft", "metrics", LORA_JOB, "--json").json
        assert len(document["data"]) == 24
        assert document["best"]["checkpoint"]["name"] == f"{LORA_JOB}:750"
        assert command("ft", "metrics", DPO_JOB, "--json").json["best"] is None

    def test_csv_has_everything(self, command: Command) -> None:
        rows = list(csv.DictReader(io.StringIO(command("ft", "metrics", LORA_JOB, "--csv").out)))
        assert list(rows[0]) == ["step", "train_loss", "train_learning_rate", "eval_loss"]
        assert rows[-1]["eval_loss"] == "0.77515"
        rows = list(csv.DictReader(io.StringIO(command("ft", "metrics", LORA_JOB, "--csv", "-m", "eval/loss").out)))
        assert list(rows[0]) == ["step", "eval_loss"]

    def test_a_terminal_gets_a_table_curves_and_the_best(self, on_a_terminal: Callable[..., str]) -> None:
        out = on_a_terminal("ft", "metrics", LORA_JOB)
        lines = out.splitlines()
        assert max(map(len, lines)) <= 80
        assert lines[0].split() == ["STEP", "TRAIN_LOSS", "EVAL_LOSS", "TRAIN_LEARNING_RATE"]
        assert next(line for line in lines if line.startswith("750")).rstrip().endswith("best")
        assert "eval_loss" in lines
        assert any(ord(char) > 0x2800 for char in out)
        assert sum(line.endswith("^ best") for line in lines) == 2
        assert "has the lowest eval_loss" in " ".join(lines[-2:])

    def test_a_terminal_of_few_characters_gets_the_table(self, on_a_terminal: Callable[..., str]) -> None:
        out = on_a_terminal("ft", "metrics", LORA_JOB, encoding="latin-1")
        assert out.startswith("STEP")
        assert "has the lowest eval_loss" in out
        assert "\\u28" not in out

    def test_what_the_encoding_of_a_terminal_lacks_is_written_as_an_escape(
        self, on_a_terminal: Callable[..., str], sim: Simulator
    ) -> None:
        sim.job(LORA_JOB).metrics = [{"\u540d": 1, "global_step": 5}]
        assert "\\u540d" in on_a_terminal("ft", "metrics", LORA_JOB, encoding="latin-1")

    def test_of_thousands_of_steps_those_with_an_evaluation_are_shown(
        self, on_a_terminal: Callable[..., str], sim: Simulator
    ) -> None:
        sim.job(LORA_JOB).metrics = [
            item
            for step in range(1, 3001)
            for item in (
                {"train/loss": 1 / step, "train/global_step": step},
                *([{"eval/loss": 2.0, "train/global_step": step}] if step % 300 == 7 else []),
            )
        ]
        rows = [line.split() for line in on_a_terminal("ft", "metrics", LORA_JOB).split("\n\n")[0].splitlines()[1:]]
        assert len(rows) <= 22
        assert (rows[0][0], rows[-1][0]) == ("1", "3000")
        assert [int(row[0]) for row in rows if row[2] == "2"] == list(range(7, 3000, 300))

    def test_only_steps_with_the_metric_are_shown(self, on_a_terminal: Callable[..., str], command: Command) -> None:
        table = on_a_terminal("ft", "metrics", LORA_JOB, "-m", "eval/loss", "-m", "eval_loss").split("\n\n")[0]
        assert [line.split()[0] for line in table.splitlines()] == ["STEP", *map(str, range(125, 1001, 125))]
        assert len(command("ft", "metrics", LORA_JOB, "-m", "eval/loss").out.splitlines()) == 9

    def test_numbers_are_whole_for_programs(self, command: Command, sim: Simulator) -> None:
        sim.job(LORA_JOB).metrics = [{"eval_loss": 0.123456789012, "global_step": 250}]
        assert command("ft", "metrics", LORA_JOB).out.endswith("\n250\t-\t0.123456789012\t-\n")

    def test_names_of_the_server_fit_and_cannot_control_the_terminal(
        self, on_a_terminal: Callable[..., str], sim: Simulator
    ) -> None:
        odd = ["\x1b[2J\n\u202eloss" + "y" * 500, "\x1b]0;loss\x07", "\ud800 loss"]
        sim.job(LORA_JOB).metrics = [dict.fromkeys(odd, step) | {"global_step": step} for step in range(3)]
        out = on_a_terminal("ft", "metrics", LORA_JOB)
        assert all(line.isprintable() and len(line) <= 80 for line in out.splitlines())
        assert "LOSS" in out.splitlines()[0]

    def test_the_table_is_shown_if_the_best_cannot_be_determined(
        self, on_a_terminal: Callable[..., str], sim: Simulator
    ) -> None:
        sim.script(Fault(path=f"/fine-tunes/{LORA_JOB}/checkpoints", status=418, times=None))
        out = on_a_terminal("ft", "metrics", LORA_JOB)
        assert out.startswith("STEP")
        assert "best checkpoint unknown: " in out

    def test_csv_has_the_time_where_it_is_known(self, command: Command, sim: Simulator) -> None:
        rows = list(csv.DictReader(io.StringIO(command("ft", "metrics", FULL_JOB, "--csv").out)))
        assert list(rows[0]) == ["step", "logged_at", "train_loss", "train_learning_rate", "eval_loss"]
        assert datetime.fromisoformat(rows[0]["logged_at"]).tzinfo is not None
        sim.job(FULL_JOB).metrics = [{"logged_at": "=then", "global_step": 1}, {"logged_at": 0, "global_step": 2}]
        assert command("ft", "metrics", FULL_JOB, "--csv").out == "step,logged_at\n1,\n2,1970-01-01T00:00:00+00:00\n"

    def test_missing_metrics_are_reported(self, command: Command, sim: Simulator) -> None:
        sim.job(LORA_JOB).metrics = []
        outcome = command("ft", "metrics", LORA_JOB)
        assert (outcome.code, len(outcome.out.splitlines())) == (0, 1)
        assert "has no metrics yet" in outcome.err
        outcome = command("ft", "metrics", DPO_JOB, "--global-step-from", "5000")
        assert (outcome.code, len(outcome.out.splitlines())) == (0, 1)
        assert "has no metrics at these steps" in outcome.err

    def test_a_link_at_a_temporary_name_is_not_followed(self, command: Command, folder: Path, tmp_path: Path) -> None:
        """Another user can put it in a shared folder, if the name can be guessed."""
        victim = tmp_path / "victim"
        victim.write_bytes(b"precious")
        (folder / f".loss.png.{os.getpid()}").symlink_to(victim)
        assert command("ft", "metrics", LORA_JOB, "--plot", "loss.png").code == 0
        assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
        assert victim.read_bytes() == b"precious"

    @pytest.mark.parametrize("metrics", [[], [{"global_step": 5}], [{"eval_loss": float("nan"), "global_step": 5}]])
    def test_a_plot_without_metrics_is_an_error(
        self, command: Command, folder: Path, sim: Simulator, metrics: list[object]
    ) -> None:
        sim.job(LORA_JOB).metrics = metrics
        outcome = command("ft", "metrics", LORA_JOB, "--plot", "loss.png")
        assert outcome.code == 4
        assert "has no metrics to plot" in outcome.err
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize(
        "values", [[-1.7e308, 1.7e308], [1e308, 1e308], [5e-324, 0.0], [1e-320, 1e300], [10**400, 2], [-1e100, 1e-100]]
    )
    def test_extreme_numbers_are_drawn(
        self, command: Command, folder: Path, sim: Simulator, values: list[float]
    ) -> None:
        sim.job(LORA_JOB).metrics = [{"eval_loss": value, "global_step": step} for step, value in enumerate(values)]
        outcome = command("ft", "metrics", LORA_JOB, "--plot", "loss.png")
        assert (outcome.code, outcome.err) == (0, "plot: loss.png\n")
        assert (folder / "loss.png").is_file()

    def test_a_plot_is_complete_for_any_metric_names(self, command: Command, folder: Path, sim: Simulator) -> None:
        names = ["\x00\x1b[2Jloss", "-->loss", "\u540d loss", "\ud800 loss", "$\\loss{", "x" * 5000 + "loss"]
        sim.job(LORA_JOB).metrics = [dict.fromkeys(names, step) | {"global_step": step} for step in range(3)]
        options = [option for name in names if "\x00" not in name and "\ud800" not in name for option in ("-m", name)]
        for chosen in ([], options):
            outcome = command("ft", "metrics", LORA_JOB, "--plot", "loss.svg", "--overwrite", *chosen)
            assert (outcome.code, outcome.err.splitlines()[0]) == (0, "plot: loss.svg")
            assert ET.parse(folder / "loss.svg").getroot().tag.endswith("svg")  # noqa: S314 -- we made it

    @pytest.mark.parametrize(
        ("name", "magic"), [("loss.png", b"\x89PNG"), ("loss.pdf", b"%PDF"), ("loss.SVG", b"<?xml")]
    )
    def test_a_plot_is_drawn(self, command: Command, folder: Path, name: str, magic: bytes, sim: Simulator) -> None:
        sim.job(LORA_JOB).metrics = [
            {"eval_loss": 1 / (step + 1), "$\\odd{": step, "global_step": step} for step in range(9)
        ]
        outcome = command("ft", "metrics", LORA_JOB, "--plot", name)
        assert outcome.code == 0, outcome.err
        assert (folder / name).read_bytes().startswith(magic)
        assert [path.name for path in folder.iterdir()] == [name]

    def test_an_existing_file_is_replaced_only_if_allowed(self, command: Command, folder: Path, sim: Simulator) -> None:
        (folder / "loss.png").write_bytes(b"precious")
        outcome = command("ft", "metrics", LORA_JOB, "--plot", "loss.png")
        assert (outcome.code, sim.requests) == (7, [])
        assert (
            outcome.err
            == "error: --plot loss.png already exists: choose another file, or allow overwriting (--overwrite)\n"
        )
        assert (folder / "loss.png").read_bytes() == b"precious"
        assert command("ft", "metrics", LORA_JOB, "--plot", "loss.png", "--overwrite").code == 0
        assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
        assert command("ft", "metrics", LORA_JOB, "--overwrite").code == 2

    @pytest.mark.parametrize("name", ["loss.exe", "loss", "nowhere/loss.png"])
    def test_an_unsupported_image_format_is_an_error(
        self, command: Command, folder: Path, sim: Simulator, name: str
    ) -> None:
        outcome = command("ft", "metrics", LORA_JOB, "--plot", name)
        assert (outcome.code, sim.requests) == (2, [])
        assert outcome.err.startswith(f"error: --plot {name} ")
        assert list(folder.iterdir()) == []

    def test_without_matplotlib_the_missing_extra_is_named(
        self, command: Command, monkeypatch: pytest.MonkeyPatch, sim: Simulator
    ) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        outcome = command("ft", "metrics", LORA_JOB, "--plot", "loss.png")
        assert outcome.code == 1
        assert "pip install '.[plot]'" in outcome.err
        assert sim.requests == []

    def test_a_metric_that_was_not_recorded_is_an_error(self, command: Command) -> None:
        outcome = command("ft", "metrics", LORA_JOB, "-m", "speed")
        assert outcome.code == 2
        assert "--metric is speed; " in outcome.err
        assert "has only train_loss" in outcome.err

    def test_names_of_the_server_cannot_control_the_terminal(self, command: Command, sim: Simulator) -> None:
        sim.job(LORA_JOB).metrics = [{"\x1b[2J": 1, "global_step": 5}]
        for options in ([], ["--csv"]):
            assert "\x1b" not in command("ft", "metrics", LORA_JOB, *options).out

    def test_csv_and_json_contradict_each_other(self, command: Command) -> None:
        assert command("ft", "metrics", LORA_JOB, "--csv", "--json").code == 2

    def test_the_best_is_downloaded(self, command: Command) -> None:
        outcome = command("ft", "download", f"{LORA_JOB}:best", "--checkpoint-type", "adapter", "-q")
        assert outcome.out.endswith("-checkpoint-750-adapter.tar.zst\n")
        assert outcome.err == ""

    def test_a_download_reports_the_best_first(self, command: Command, sim: Simulator) -> None:
        reason = command("ft", "metrics", LORA_JOB, "--json").json["best"]["reason"]
        assert reason.startswith(f"{LORA_JOB}:750 has the lowest eval_loss, ")
        assert command("ft", "download", f"{LORA_JOB}:best").err == f"{reason}\n"
        sim.script(Fault(status=404))
        assert command("ft", "download", f"{LORA_JOB}:best", "--overwrite").err.startswith(f"{reason}\nerror: ")

    def test_json_includes_the_best(self, command: Command) -> None:
        outcome = command("ft", "download", f"{LORA_JOB}:best", "--json")
        assert outcome.err == ""
        assert outcome.json["best"] == command("ft", "metrics", LORA_JOB, "--json").json["best"]
        assert command("ft", "download", f"{LORA_JOB}:500", "--json").json["best"] is None
