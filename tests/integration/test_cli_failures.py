"""Failures on the command line: one sentence, the right exit code, never a secret."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from together_ext.cli import main
from together_ext.simulator import FAILED_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, Fault, Simulator
from tools.json_documents import Check

if TYPE_CHECKING:
    from tests.integration.conftest import Clock

SMALL = b"\x28\xb5\x2f\xfd\x20\x5b\xd9\x02\x00" + bytes(range(91))
KEY = "sk-this-must-be-shown-nowhere"
NOW = {"retry-after": "0"}


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def error(self) -> Any:  # noqa: ANN401 -- any JSON
        """The error in the one document on standard output."""
        document = json.loads(self.out)
        assert list(document) == ["error"]
        assert sorted(document["error"]) == ["code", "message"]
        return document["error"]


class Cli:
    """The program, in this process; whatever happens, it shows neither a traceback nor the key."""

    def __init__(
        self, sim: Simulator, folder: Path, clock: Clock, capsys: pytest.CaptureFixture[str], conforms: Check
    ) -> None:
        self.sim, self.folder, self._clock, self._capsys, self._conforms = sim, folder, clock, capsys, conforms

    def __call__(self, *args: str) -> Outcome:
        """Run a command."""
        code = main(args, clock=self._clock)
        captured = self._capsys.readouterr()
        assert KEY not in captured.out + captured.err
        if not {"-v", "--verbose"} & set(args):
            assert "Traceback" not in captured.err
        self._conforms(args, captured.out)
        return Outcome(code, captured.out, captured.err)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(api_key=KEY) as simulator:
        for job_id in (LORA_JOB, FULL_JOB, RUNNING_JOB):
            simulator.add_archive(job_id, SMALL)
        yield simulator


@pytest.fixture
def cli(
    sim: Simulator,
    tmp_path: Path,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    conforms: Check,
) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOGETHER_API_KEY", KEY)
    monkeypatch.setenv("TOGETHER_BASE_URL", sim.url)
    return Cli(sim, tmp_path, clock, capsys, conforms)


DOWNLOAD = ("ft", "download", LORA_JOB)
BUSY = Fault(path="/fine-tunes", status=429, headers=NOW, times=None)
BROKEN = Fault(path="/fine-tunes", status=500, headers=NOW, times=None)
FORBIDDEN = Fault(path="/fine-tunes", status=403, times=None)
ODD = Fault(path="/fine-tunes", status=409, headers=NOW, times=None)
SKEWED = Fault(path="/fine-tunes", status=200, body=b'{"events": []}', times=None)
PAGE = Fault(path="/fine-tunes", status=200, body=b"<html>", times=None)


@pytest.mark.parametrize(
    ("args", "faults", "exit_", "word", "part"),
    [
        # Usage, and the rules.
        (("ft", "dowload"), (), 2, "usage", "(Possible commands: download); see together-ext ft --help"),
        (("ft", "list_checkpoint"), (), 2, "usage", "(Possible commands: list-checkpoints, "),
        (("verfy", "x"), (), 2, "usage", "(Possible commands: verify); see together-ext --help"),
        (("xyzzy",), (), 2, "usage", "No such command 'xyzzy'; see together-ext --help"),
        (("ft", "list", "--xyzzy"), (), 2, "usage", "; see together-ext ft list --help"),
        (("ft", "lst"), (), 2, "usage", "'lst'"),
        (("ft", "status"), (), 2, "usage", "'ID'"),
        (("ft",), (), 2, "usage", "a command is missing"),
        ((), (), 2, "usage", "a command is missing"),
        ((*DOWNLOAD, "-s", "many"), (), 2, "usage", "--checkpoint-step"),
        ((*DOWNLOAD, "-o", "a", "--output", "b"), (), 2, "usage", "not both"),
        ((*DOWNLOAD, "--output", "."), (), 2, "usage", "--output . is a folder"),
        ((*DOWNLOAD, "--output", "new/"), (), 2, "usage", "--output new/ is a folder"),
        ((*DOWNLOAD, "-o", ""), (), 2, "invalid_request", "output"),
        ((*DOWNLOAD, "--connections", "0"), (), 2, "invalid_configuration", "connections"),
        ((*DOWNLOAD, "--checkpoint-type", "best"), (), 2, "invalid_checkpoint_type", "'best'"),
        (("ft", "download", f"{LORA_JOB}:500", "-s", "250"), (), 2, "invalid_checkpoint_name", "250"),
        (("ft", "download", FULL_JOB, "--checkpoint-type", "adapter"), (), 2, "invalid_checkpoint_type", "full"),
        (("ft", "retrieve", "job-1"), (), 2, "invalid_checkpoint_name", "'job-1'"),
        (("ft", "delete", f"{LORA_JOB}:500", "-y"), (), 2, "invalid_checkpoint_name", "names a checkpoint"),
        (("ft", "cancel", "../x", "-y"), (), 2, "invalid_checkpoint_name", "'../x'"),
        (("ft", "list", "--base-url", "ftp://x"), (), 2, "invalid_configuration", "base URL"),
        (("ft", "create", "--model", "m"), (), 2, "usage", "--training-file"),
        (("ft", "create", "--model", "m", "--training-file", "f", "--wandb"), (), 2, "usage", "WANDB_API_KEY"),
        (("ft", "create", "--model", "m", "--training-file", "f"), (), 2, "usage", "pass --yes"),
        (("ft", "create", "-M", "m", "-t", "f", "--wandb-api-key", KEY, "-y"), (), 2, "usage", "set WANDB_API_KEY"),
        (("ft", "create", "-M", "m", "-t", "f", "--hf-api-token", KEY, "-y"), (), 2, "usage", "set HF_TOKEN"),
        (("ft", "create", "-M", "m", "-t", "f", "--dpo-beta", "0.1", "-y"), (), 2, "invalid_request", "dpo-beta"),
        (("ft", "create", "-M", "m", "-t", "f", "-b", "many", "-y"), (), 2, "invalid_request", "'many'"),
        (("ft", "create", "-t", "f", "-y"), (), 2, "invalid_request", "from-checkpoint"),
        (("ft", "limits", "none"), (), 4, "not_found", "none"),
        (("simulator", "--rate-limit", "fast"), (), 2, "usage", "'fast'"),
        (("simulator", "--port", "99999"), (), 2, "usage", "--port"),
        # The key.
        (("ft", "list"), (FORBIDDEN,), 3, "permission_denied", "403"),
        # What is not there.
        (("ft", "status", "ft-none"), (), 4, "not_found", "ft-none"),
        (("ft", "download", "ft-none"), (), 4, "not_found", "ft-none"),
        (("ft", "download", f"{LORA_JOB}:251"), (), 4, "checkpoint_not_found", "250, 500, 750"),
        # What is not ready.
        (("ft", "download", RUNNING_JOB), (), 5, "job_not_ready", "running"),
        (("ft", "download", FAILED_JOB), (), 5, "job_not_ready", "has no final weights; it has no checkpoints either"),
        # What is not what it should be.
        (
            ("ft", "download", LORA_JOB),
            (Fault(status=200, body=b"<html>sorry</html>", times=None),),
            6,
            "integrity",
            "",
        ),
        # The disk.
        (("extract", "."), (), 6, "archive", "is a folder, not a regular file"),
        ((*DOWNLOAD, "-o", "occupied"), (), 2, "usage", "is a file: pass a folder"),
        (("verify", "occupied"), (), 2, "usage", "DIR occupied is not a folder: name an extracted folder"),
        (("ls", "occupied"), (), 2, "usage", "is not a folder: name the folder that downloads are saved in"),
        (("prune", "occupied", "--keep", "last"), (), 2, "usage", "is not a folder"),
        (("verify", "nothing"), (), 4, "no_such_path", "check the path"),
        (("verify", "."), (), 6, "archive", "has no together-ext.json"),
        ((*DOWNLOAD, "-o", "occupied/below"), (), 7, "storage", "parents are folders"),
        ((*DOWNLOAD, "--output", "occupied"), (), 7, "target_exists", "(--overwrite)"),
        # The network.
        (("ft", "list"), (BUSY,), 8, "rate_limited", "429"),
        (("ft", "list"), (BROKEN,), 8, "server_error", "500"),
        (
            ("ft", "create", "--model", "m", "--training-file", "f", "--yes", "-q"),
            (Fault(path="/", drop=True, times=None),),
            8,
            "connection_error",
            "",
        ),
        # Everything else.
        (("ft", "list"), (PAGE,), 1, "invalid_response", "not JSON"),
        (("ft", "list"), (ODD,), 1, "conflict", "409"),
        (("ft", "retrieve", LORA_JOB), (SKEWED,), 1, "invalid_response", "does not have the form"),
        (("ft", "cancel", LORA_JOB, "-y"), (), 1, "bad_request", "cannot be cancelled"),
    ],
)
def test_a_failure_is_one_message_and_an_exit_code(
    args: tuple[str, ...], faults: tuple[Fault, ...], exit_: int, word: str, part: str, cli: Cli
) -> None:
    (cli.folder / "occupied").write_bytes(b"something else")
    cli.sim.script(*faults)
    plain, as_json = cli(*args), cli(*args, "--json")
    assert (plain.code, plain.out) == (exit_, "")
    sentence = plain.err.splitlines()[-1]
    assert sentence.startswith("error: ")
    assert part in sentence
    if args not in {(), ("ft",)}:
        assert plain.err.count("\n") == 1
    assert as_json.code == exit_
    assert as_json.error["code"] == word
    assert part in as_json.error["message"]
    assert sorted(path.name for path in cli.folder.iterdir()) == ["occupied"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((*DOWNLOAD, "-s", "-1"), "--checkpoint-step is -1: expected a whole number"),
        ((*DOWNLOAD, "-s", "x"), "Invalid value for '--checkpoint-step' / '-s': 'x' is not a whole number"),
        (("ft", "download", f"{LORA_JOB}:5", "-s", "6"), "give it once, in the ID or as --checkpoint-step"),
        ((*DOWNLOAD, "--connections", "0"), "--connections is 0: expected a whole number from 1 to 64"),
        ((*DOWNLOAD, "--parallel", "0"), "Invalid value for '--parallel': 0 is not in the range"),
        (
            (*DOWNLOAD, "--limit-rate", "fast"),
            "Invalid value for '--limit-rate': invalid size 'fast' (examples",
        ),
        (
            (*DOWNLOAD, "--lock-timeout", "soon"),
            "Invalid value for '--lock-timeout': invalid duration 'soon'",
        ),
        ((*DOWNLOAD, "--base-model", "x"), "--base-model requires --extract"),
        ((*DOWNLOAD, "--extract", "--spool", "-o", "memory://x"), "--spool needs a local folder"),
        (("ft", "download", "--from", "nowhere"), "(no such file or directory): name a file with IDs or a manifest"),
        (("ft", "download", RUNNING_JOB), "wait until it is completed (--wait), or download one of its checkpoints"),
        (("ft", "metrics", LORA_JOB, "--resolution", "0"), "--resolution is 0: expected a whole number from 1"),
        (("--max-retries", "-1", "ft", "list"), "--max-retries is -1: expected a whole number from 0"),
        (
            ("ft", "create", "-t", "file-1", "-M", "m", "--n-epochs", "0", "--yes"),
            "--n-epochs is 0: expected a whole number",
        ),
        (("prune", ".", "--keep", "worst"), "--keep is 'worst': expected best, last, a number from 1"),
        (("ft", "create", "-t", "f", "-y"), "--model is missing: pass model, or --from-checkpoint to continue a job"),
        (
            ("ft", "create", "-M", "m", "-t", "f", "--n-evals", "3", "-y"),
            "--n-evals is 3 without a --validation-file: pass both or neither",
        ),
        (
            ("ft", "create", "-M", "m", "-t", "f", "--dpo-beta", "0.1", "-y"),
            "--dpo-beta is for --training-method='dpo': add that",
        ),
        (
            ("ft", "create", "-M", "m", "-t", "f", "--early-stopping-patience", "2", "-y"),
            "--early-stopping-patience is given without --early-stopping-enabled: pass both or neither",
        ),
        ((*DOWNLOAD, "-o", "s3://"), "--output-dir is not a URL of an object store"),
        (("models", "download", "ml_1", "-o", "s3://"), "--output-dir is not a URL of an object store"),
        ((*DOWNLOAD, "--output", "s3://b/.."), "--output has the path '..'"),
        (("ft", "list", "--limit", "x"), "Invalid value for '--limit' / '-n': 'x' is not a whole number; see"),
        (("ft", "list", "--timeout", "x"), "Invalid value for '--timeout': 'x' is not a number; see"),
        (("simulator", "--port", "99999"), "99999 is not in the range"),
        (("--timeout", "-1", "ft", "list"), "--timeout is -1.0: expected a number of seconds above 0"),
        (("ft", "retrieve", "file-1"), "to use this ID: together-ext files retrieve file-1"),
    ],
)
def test_a_mistake_is_named_as_it_was_typed(args: tuple[str, ...], message: str, cli: Cli) -> None:
    """The options of the command line, not the keywords of the Python API; and no advice on what is not wrong."""
    outcome = cli(*args)
    assert message in outcome.err
    assert outcome.code in {2, 5}
    assert ("to use this ID" in outcome.err) == ("to use this ID" in message)


@pytest.mark.parametrize("content", [None, b"", b"{}\n"], ids=["folder", "empty", "no type"])
def test_a_path_that_looks_like_a_keyword_is_not_shown_as_an_option(content: bytes | None, cli: Cli) -> None:
    path = cli.folder / "my_data"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    for command in ("upload", "check"):
        outcome = cli("files", command, path.name)
        assert outcome.code == 2
        assert "'my_data' " in outcome.err
        assert "--my-data" not in outcome.err


def test_the_id_of_a_model_is_not_shown_as_an_option(cli: Cli) -> None:
    model = cli.sim.registry.add("some", {"config.json": b"{}"}).id
    outcome = cli("models", "download", model, "--files", "none")
    assert outcome.err == f"error: model {model} has no file 'none': its files are config.json\n"


def test_a_step_of_a_job_without_checkpoints_is_named(cli: Cli) -> None:
    failed = cli("ft", "download", f"{FAILED_JOB}:100")
    assert failed.err.endswith("has no checkpoint at step 100: it has no checkpoints\n")


def test_an_unknown_job_has_the_advice_to_check_id_and_base_url(cli: Cli) -> None:
    assert "check the ID and the base URL" in cli("ft", "retrieve", "ft-unknown").err


def test_a_group_without_a_command_shows_its_help(cli: Cli) -> None:
    assert "  list-checkpoints  " in cli("ft").err


def test_a_missing_key_names_the_variable(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", "")
    outcome = cli("ft", "list", "--json")
    assert (outcome.code, outcome.error["code"]) == (3, "authentication_failed")
    assert outcome.err == (
        "error: no API key: set the environment variable TOGETHER_API_KEY, or pass --api-key-file FILE; "
        "create a key at https://api.together.ai/settings/api-keys\n"
    )
    assert cli.sim.requests == []


def test_a_wrong_key_is_not_repeated(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", "sk-an-older-one")
    outcome = cli("ft", "list", "-v")
    assert outcome.code == 3
    assert "sk-an-older-one" not in outcome.err


@pytest.mark.parametrize("option", ["--json", "-v", "-q"])
@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_a_key_that_the_server_repeats_is_not_shown(option: str, status: int, cli: Cli) -> None:
    body = json.dumps({"error": {"message": f"Bearer {KEY} may not do this, {KEY}!"}}).encode()
    cli.sim.script(Fault(path="/", status=status, body=body, headers={"x-request-id": KEY, **NOW}, times=None))
    assert cli("ft", "list", option).code != 0
    assert cli(*DOWNLOAD, option).code != 0


@pytest.mark.parametrize("option", ["--json", "-v", "--quiet", "--overwrite"])
def test_no_command_shows_the_key(option: str, cli: Cli) -> None:
    """`Cli` looks at all that is printed."""
    assert cli(*DOWNLOAD, option).code == 0
    common = () if option == "--overwrite" else (option,)
    for command in ("retrieve", "status", "list-events", "list-checkpoints"):
        assert cli("ft", command, LORA_JOB, *common).code == 0
    assert cli("ft", "list", *common).code == 0


def test_an_unexpected_error_is_one_message_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here: an installation that lacks a package of httpx."""
    monkeypatch.setitem(sys.modules, "httpcore", None)
    outcome = cli("ft", "list")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert "unexpected error (ModuleNotFoundError: " in outcome.err
    assert cli("ft", "list", "--json").error["code"] == "unexpected"


def test_verbose_shows_a_traceback_without_values(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpcore", None)
    outcome = cli("ft", "list", "-v")
    assert "Traceback" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("error: ")


def test_a_deleted_current_folder_is_a_storage_error(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    outcome = cli(*DOWNLOAD)
    monkeypatch.chdir(tmp_path)
    assert outcome.code == 7


JUNK = Fault(path="/fine-tunes", status=200, body=b'{"data": [7]}', times=None)


def test_warnings_are_lines_on_standard_error(cli: Cli) -> None:
    cli.sim.script(JUNK)
    outcome = cli("ft", "list")
    assert (outcome.code, outcome.out) == (0, "")
    warning, outcome_line = outcome.err.splitlines()
    assert warning.startswith("warning: the server sent an item")
    assert outcome_line == "no jobs"


def test_quiet_hides_warnings(cli: Cli) -> None:
    cli.sim.script(JUNK)
    assert cli("ft", "list", "--quiet") == Outcome(0, "", "")
    assert "warning" in cli("ft", "list", "--quiet", "--verbose").err


def test_only_the_log_of_the_package_is_shown(cli: Cli) -> None:
    """httpx logs addresses, and a signed address is as good as a key."""
    cli.sim.redirect_downloads = True
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    try:
        outcome = cli(*DOWNLOAD, "-v")
    finally:
        logging.getLogger("httpx").setLevel(logging.NOTSET)
    assert outcome.code == 0
    assert "http" not in outcome.err
    assert "signature" not in outcome.err


def test_the_log_level_is_restored(cli: Cli) -> None:
    logger = logging.getLogger("together_ext")
    before = (logger.level, list(logger.handlers))
    cli("ft", "list", "-v")
    assert (logger.level, list(logger.handlers)) == before


def test_the_simulator_needs_an_unused_port(cli: Cli) -> None:
    for option in ("--port", "--storage-port"):
        outcome = cli("simulator", option, str(cli.sim.port), "--json")
        assert (outcome.code, outcome.error["code"]) == (1, "port_unavailable")
        assert outcome.error["message"].startswith(f"cannot listen on 127.0.0.1, port {cli.sim.port}: address already")
