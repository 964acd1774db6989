"""New jobs: what is asked before, what is sent, and what it costs; in three worlds and on the command line."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from together_ext import ModelLimitError, NotFoundError, RuleError, Together
from together_ext.simulator import LORA_JOB, RUNNING_JOB, Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import Outcome

Command = Callable[..., "Outcome"]
MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct-Reference"
JOB = {"training_file": "file-1", "model": MODEL}
OPTIONS = ("--training-file", "file-1", "--model", MODEL)


def asked(sim: Simulator) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in sim.requests]


LIMITS = ("GET", "/fine-tunes/models/limits")
CREATE = ("POST", "/fine-tunes")
PRICE = ("POST", "/fine-tunes/estimate-price")


class TestCreate:
    def test_a_plain_job_is_one_request(self, client: Together, sim: Simulator) -> None:
        job = client.fine_tuning.create(training_file="file-1", model=MODEL, suffix="s", batch_size="max")
        assert asked(sim) == [CREATE]
        assert job.status == "pending"

    def test_limits_are_requested_when_a_rule_needs_them(self, client: Together, sim: Simulator) -> None:
        client.fine_tuning.create(training_file="file-1", model=MODEL, n_epochs=3, lora_r=16)
        assert asked(sim) == [LIMITS, CREATE]
        assert dict(sim.requests[0].query) == {"model_name": MODEL}
        with pytest.raises(ModelLimitError, match=r"n_epochs is 21; the maximum for \S+ is 20"):
            client.fine_tuning.create(training_file="file-1", model=MODEL, n_epochs=21)
        assert asked(sim)[2:] == [LIMITS]

    @pytest.mark.parametrize(
        "fault",
        [Fault(status=404), Fault(status=500), Fault(drop=True), Fault(status=200, body=b"<html>")],
        ids=["404", "500", "no network", "no JSON"],
    )
    def test_without_limits_the_server_decides(
        self, client: Together, sim: Simulator, fault: Fault, caplog: pytest.LogCaptureFixture
    ) -> None:
        sim.script(Fault(**{**vars(fault), "path": "/fine-tunes/models/limits"}))
        with caplog.at_level(logging.WARNING, "together_ext"):
            client.fine_tuning.create(training_file="file-1", model=MODEL, n_epochs=21)
        assert "the server decides" in caplog.text
        assert asked(sim)[-1] == CREATE

    def test_the_default_rank_is_lowered_to_the_limit_of_the_model(self, client: Together, sim: Simulator) -> None:
        sim.limits[MODEL]["lora_training"]["max_rank"] = 32
        client.fine_tuning.create(training_file="file-1", model=MODEL, lora=True)
        assert json.loads(sim.requests[-1].body)["training_type"]["lora_r"] == 32
        with pytest.raises(ModelLimitError, match="lora_r"):
            client.fine_tuning.create(training_file="file-1", model=MODEL, lora_r=64)

    def test_a_job_continues_a_checkpoint_without_a_model(self, client: Together, sim: Simulator) -> None:
        job = client.fine_tuning.create(training_file="file-2", from_checkpoint=f"{LORA_JOB}:500", n_epochs=99)
        assert (job.model, job.from_checkpoint) == (MODEL, f"{LORA_JOB}:500")
        # Nobody here knows the model, so that its limits cannot be asked for.
        assert asked(sim) == [CREATE]

    def test_a_job_continues_the_best_checkpoint(self, client: Together, sim: Simulator) -> None:
        client.fine_tuning.create(training_file="file-2", model=MODEL, from_checkpoint=f"{LORA_JOB}:best")
        assert json.loads(sim.requests[-1].body)["from_checkpoint"] == f"{LORA_JOB}:750"

    @pytest.mark.parametrize(
        "given",
        [{"dpo_beta": 0.1}, {"lora": False, "lora_r": 8}, {"warmup_ratio": 2}, {"model": None}, {"suffix": "x" * 50}],
    )
    def test_invalid_arguments_are_refused_before_any_request(
        self, client: Together, sim: Simulator, given: dict[str, Any]
    ) -> None:
        for method in (client.fine_tuning.create, client.fine_tuning.estimate_price):
            with pytest.raises(RuleError):
                method(**{**JOB, **given})
        assert sim.requests == []


class TestPrice:
    def test_a_price_is_estimated_with_the_keywords_of_the_job(self, client: Together, sim: Simulator) -> None:
        found = client.fine_tuning.estimate_price(training_file="file-1", model=MODEL, n_epochs=2, suffix="s", lora_r=8)
        assert (found.estimated_total_price, found.allowed_to_proceed) == (1.42, True)
        assert json.loads(sim.requests[-1].body) == {
            **JOB,
            "n_epochs": 2,
            "training_type": {"type": "Lora", "lora_r": 8, "lora_alpha": 16},
        }

    def test_a_missing_estimate_has_a_reason(self, client: Together, sim: Simulator) -> None:
        sim.set_price({"estimation_available": False, "unavailable_reason": "multimodal_dataset"})
        found = client.fine_tuning.estimate_price(training_file="file-1", model=MODEL)
        assert (found.estimation_available, found.unavailable_reason) == (False, "multimodal_dataset")

    def test_models_and_their_limits_are_listed(self, client: Together) -> None:
        assert MODEL in client.fine_tuning.list_models()
        found = client.fine_tuning.model_limits(MODEL)
        assert (found.model_name, found.max_num_epochs, found.lora_training.max_rank) == (MODEL, 20, 64)  # type: ignore[union-attr]
        with pytest.raises(NotFoundError, match="is not supported for fine-tuning"):
            client.fine_tuning.model_limits("none")
        with pytest.raises(RuleError):
            client.fine_tuning.model_limits(" ")

    @pytest.mark.parametrize("body", [b"{}", b'{"models": null}', b'{"models": [1, null]}', b'{"models": {}}'])
    def test_invalid_lists_of_models_are_empty(self, client: Together, sim: Simulator, body: bytes) -> None:
        sim.script(Fault(path="/fine-tunes/models", status=200, body=body))
        assert client.fine_tuning.list_models() == []


# The command line -----------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A user at a keyboard."""

    def isatty(self) -> bool:
        return True


class TestCommands:
    def test_create_shows_the_price_and_requires_confirmation(
        self, command: Command, sim: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
        outcome = command("ft", "create", *OPTIONS)
        assert outcome.code == 0
        assert "estimated price: $0.71 (1,482,137 training tokens)\ncreate the job? [y/N] " in outcome.err
        assert asked(sim) == [PRICE, CREATE]

    @pytest.mark.parametrize("answer", ["n\n", "\n", ""])
    def test_any_reply_but_yes_sends_nothing(
        self, command: Command, sim: Simulator, monkeypatch: pytest.MonkeyPatch, answer: str
    ) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        assert command("ft", "create", *OPTIONS).code == 1
        assert asked(sim) == [PRICE]

    def test_a_missing_confirmation_is_wrong_usage(self, command: Command, sim: Simulator) -> None:
        for options in ([], ["--json"], ["--quiet"]):
            assert command("ft", "create", *OPTIONS, *options).code == 2
        assert sim.requests == []

    def test_quiet_and_yes_request_no_price(self, command: Command, sim: Simulator) -> None:
        outcome = command("ft", "create", *OPTIONS, "--yes", "--quiet")
        assert outcome.out.startswith("ft-")
        assert (outcome.err, asked(sim)) == ("", [CREATE])

    @pytest.mark.parametrize(
        "answer",
        [
            {"estimated_total_price": 500, "allowed_to_proceed": False, "user_limit": 20.5},
            {"estimated_total_price": 500, "user_limit": 20.5},
        ],
    )
    def test_insufficient_funds_are_a_warning(self, command: Command, sim: Simulator, answer: dict[str, Any]) -> None:
        sim.set_price(answer)
        outcome = command("ft", "create", *OPTIONS, "--yes")
        assert outcome.code == 0
        assert "warning: the price exceeds the account's spending limit ($20.50 left)" in outcome.err

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (
                {"estimation_available": False, "unavailable_reason": "train_file_not_validated"},
                "train_file_not_validated",
            ),
            ({}, "the server gave no reason"),
            ({"estimated_total_price": "much"}, "the server gave no reason"),
        ],
    )
    def test_a_missing_price_does_not_prevent_creation(
        self, command: Command, sim: Simulator, answer: dict[str, Any], said: str
    ) -> None:
        sim.script(Fault(path=PRICE[1], status=200, body=json.dumps(answer).encode()))
        outcome = command("ft", "create", *OPTIONS, "--yes")
        assert (outcome.code, asked(sim)[-1]) == (0, CREATE)
        assert f"price unavailable: {said}" in outcome.err

    @pytest.mark.parametrize("fault", [Fault(status=404), Fault(status=400), Fault(drop=True)])
    def test_an_error_of_the_estimate_does_not_prevent_creation(
        self, command: Command, sim: Simulator, fault: Fault
    ) -> None:
        sim.script(Fault(**{**vars(fault), "path": PRICE[1]}))
        outcome = command("ft", "create", *OPTIONS, "--yes")
        assert (outcome.code, asked(sim)[-1]) == (0, CREATE)
        assert "price unavailable: could not estimate" in outcome.err

    def test_price_limits_and_models_are_printed(self, command: Command, sim: Simulator) -> None:
        outcome = command("ft", "price", *OPTIONS, "--n-epochs", "2")
        assert outcome.out == "estimated price: $1.42 (2,964,274 training tokens)\n"
        assert command("ft", "price", *OPTIONS, "--json").json["estimated_total_price"] == 0.71
        assert "max_num_epochs\t20\n" in command("ft", "limits", MODEL).out
        assert command("ft", "limits", MODEL, "--json").json["max_num_epochs"] == 20
        assert command("ft", "models", "QWEN").out == "Qwen/Qwen2.5-VL-7B-Instruct\n"
        assert set(command("ft", "models", "-q").out.splitlines()) == {*sim.limits, "acme/Tiny", "m"}

    def test_options_of_the_official_command_line_work(self, command: Command, sim: Simulator) -> None:
        outcome = command(
            *("ft", "create", "-t", "file-1", "-M", MODEL, "--ne", "2", "-c", "2", "-b", "16", "--lr", "1e-5"),
            *("--lora", "--lora_r", "16", "--training_method", "dpo", "--dpo_beta", "0.2", "--confirm"),
        )
        assert outcome.code == 0, outcome.err
        sent = json.loads(sim.requests[-1].body)
        assert (sent["n_epochs"], sent["n_checkpoints"], sent["batch_size"], sent["learning_rate"]) == (2, 2, 16, 1e-5)
        assert sent["training_method"] == {"method": "dpo", "dpo_beta": 0.2}

    @pytest.mark.usefixtures("waits")
    def test_a_running_job_is_not_deleted(self, command: Command) -> None:
        outcome = command("ft", "delete", RUNNING_JOB, "--yes")
        assert outcome.code == 1
        assert "cancel it before" in outcome.err
