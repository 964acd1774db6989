"""What is not a local path is refused by every command and every method, before any request."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from together_ext import ConfigurationError, StorageError, Together, extract, verify
from together_ext.archive.inspect import inspect
from together_ext.simulator import FULL_JOB, LORA_JOB, Simulator
from together_ext.transfer import fetch

if TYPE_CHECKING:
    from tests.integration.conftest import Outcome

COMMANDS = {
    "ft download -o": ("ft", "download", LORA_JOB, "-o"),
    "ft download --output": ("ft", "download", LORA_JOB, "--output"),
    "ft download --extract": ("ft", "download", LORA_JOB, "--extract", "-o"),
    "ft metrics --plot": ("ft", "metrics", LORA_JOB, "--plot"),
    "files content": ("files", "content", "file-1", "--output"),
    "files upload": ("files", "upload"),
    "extract": ("extract",),
    "extract -o": ("extract", "model.tar", "-o"),
    "verify": ("verify",),
    "inspect": ("inspect",),
}

METHODS: dict[str, Callable[[Together, str], object]] = {
    "download": lambda client, path: client.fine_tuning.download(LORA_JOB, output=path),
    "download and extract": lambda client, path: client.fine_tuning.download(LORA_JOB, output=path, extract=True),
    "download a path object": lambda client, path: client.fine_tuning.download(LORA_JOB, output=Path(path)),
    "files.download": lambda client, path: client.files.download("file-1", path),
    "files.upload": lambda client, path: client.files.upload(path + ".jsonl"),
    "extract": lambda _, path: extract(path),
    "extract to": lambda _, path: extract("model.tar", path),
    "verify": lambda _, path: verify(path),
    "inspect": lambda _, path: inspect(path),
    "fetch": lambda _, path: fetch("http://127.0.0.1:9/x", path),
}


STORES = ("s3://bucket/x", "gs://b", "az://b/")
TO_STORES = ("ft download -o", "ft download --output", "ft download --extract", "verify", "inspect")
PATHS = [*STORES, "ftp://bucket/x", "S3+X://b", "https://user:s3cret-word@h/m", "-"]
STANDARD_OUTPUT = ("ft download --output", "-")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (name, path)
        for name in COMMANDS
        for path in PATHS
        if (name, path) != STANDARD_OUTPUT and not (name in TO_STORES and path in STORES)
    ],
)
def test_a_url_or_a_dash_is_refused_by_every_command(
    name: str, path: str, command: Callable[..., Outcome], sim: Simulator, folder: Path
) -> None:
    outcome = command(*COMMANDS[name], path)
    assert outcome.code == 2
    assert "not supported here: name a" in outcome.err
    assert "s3cret-word" not in outcome.out + outcome.err
    assert not sim.requests
    assert not list(folder.iterdir())


def test_the_error_names_the_option_and_what_to_do(command: Callable[..., Outcome]) -> None:
    said = {path: command("ft", "download", LORA_JOB, "-o", path).err for path in ("ftp://bucket/x", "-")}
    name = "--output-dir"
    assert said == {
        "ftp://bucket/x": f"error: {name} is 'ftp://bucket/x'; URLs with this scheme are not supported here: "
        "name a local path, or a URL with s3://, gs:// or az://\n",
        "-": f"error: {name} is '-'; standard streams are not supported here: "
        "name a folder, such as ./-, or pass --output -\n",
    }


@pytest.mark.parametrize("name", [*TO_STORES, "doctor"])
def test_the_error_of_a_wrong_scheme_lists_those_that_are_supported(name: str, command: Callable[..., Outcome]) -> None:
    words = COMMANDS.get(name, ("doctor", "-o"))
    assert "'s4://x'" in (said := command(*words, "s4://x").err)
    assert "s3://, gs:// or az://" in said


@pytest.mark.parametrize("option", ["-o", "--output"])
@pytest.mark.parametrize("url", ["s3://", "s3:///", "gs:////", "az:///x"])
def test_a_url_without_a_bucket_is_not_a_path(
    url: str, option: str, command: Callable[..., Outcome], sim: Simulator, folder: Path
) -> None:
    assert command("ft", "download", LORA_JOB, option, url).code == 2
    assert command("ft", "download", LORA_JOB, FULL_JOB, "-o", url).code == 2
    assert command("models", "download", "ml_x", option, url).code == 2
    assert not sim.requests
    assert not list(folder.iterdir())


def test_the_error_of_an_object_store_names_the_option_and_the_url(
    command: Callable[..., Outcome], sim: Simulator
) -> None:
    outcome = command("ft", "download", LORA_JOB, "-o", "memory://x/", "--extract", "--spool")
    assert outcome.code == 2
    assert "--spool needs a local folder, and output is 'memory://x/': omit it" in outcome.err
    assert not sim.requests


@pytest.mark.parametrize("name", METHODS)
def test_a_url_is_refused_by_every_method(name: str, client: Together, sim: Simulator, folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"ftp:/.*URLs .*are not supported here: name a local path"):
        METHODS[name](client, "ftp://bucket/x")
    assert not sim.requests
    assert not list(folder.iterdir())


@pytest.mark.parametrize("path", ["./s3://x", "./-", "s3:x", "a b://x/", "1://x/"])
def test_what_only_looks_like_a_url_is_a_path(path: str, command: Callable[..., Outcome], folder: Path) -> None:
    outcome = command("ft", "download", LORA_JOB, "-o", path, "-q")
    assert outcome.code == 0, outcome.err
    assert Path(outcome.out.rstrip("\n")).parent == Path(os.path.abspath(folder / path))  # noqa: PTH100


def test_an_unknown_user_is_not_a_crash(command: Callable[..., Outcome]) -> None:
    assert command("ft", "download", LORA_JOB, "-o", "~nobody-of-that-name/x", "-q").code == 0
    assert command("extract", "~nobody-of-that-name/y").code == 4


# A current folder that was deleted ------------------------------------------------------------------------------------

GONE = "the current folder no longer exists: change to another folder, or use absolute paths"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "files upload"])
def test_every_command_reports_a_deleted_current_folder(
    name: str, command: Callable[..., Outcome], sim: Simulator, folder: Path
) -> None:
    folder.rmdir()
    outcome = command(*COMMANDS[name], "x.png")
    assert (outcome.code, outcome.err) == (7, f"error: {GONE}\n")
    assert not sim.requests


@pytest.mark.parametrize("name", [name for name in METHODS if name != "files.upload"])
def test_every_method_reports_a_deleted_current_folder(
    name: str, client: Together, sim: Simulator, folder: Path
) -> None:
    folder.rmdir()
    with pytest.raises(StorageError, match=GONE):
        METHODS[name](client, "x")
    assert not sim.requests


def test_no_path_at_all_means_the_current_folder(client: Together, sim: Simulator, folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(StorageError, match=GONE):
        client.fine_tuning.download(LORA_JOB)
    assert not sim.requests


def test_what_needs_no_current_folder_works(
    command: Callable[..., Outcome], client: Together, folder: Path, tmp_path: Path
) -> None:
    folder.rmdir()
    assert command("ft", "list").code == 0
    assert command("files", "content", "file-1").code == 0
    assert command("files", "upload", "train.jsonl").err.startswith("error: there is no train.jsonl")
    assert command("ft", "download", LORA_JOB, "-o", str(tmp_path), "-q").code == 0
    assert client.fine_tuning.download(LORA_JOB, output=tmp_path).size


def test_a_program_can_be_started_there(sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    run = shlex.join([sys.executable, "-P", "-m", "together_ext.cli", "ft", "download", LORA_JOB])
    environment = {**os.environ, "TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url}
    script = f"cd {shlex.quote(str(tmp_path / 'gone'))} && rmdir ../gone && {run}"
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- our own
    assert (done.returncode, done.stderr) == (7, f"error: {GONE}\n")


def test_a_timeout_without_a_wait_is_not_that_of_requests(command: Callable[..., Outcome], sim: Simulator) -> None:
    outcome = command("ft", "download", LORA_JOB, "--timeout", "30")
    assert outcome.code == 2
    assert "together-ext --timeout 30 ft download" in outcome.err
    assert not sim.requests
    assert command("--timeout", "30", "ft", "download", LORA_JOB, "-c", "adapter").code == 0
    for words in ("wait", "download"):
        assert "timeout of requests, put --timeout SECONDS" in " ".join(command("ft", words, "--help").out.split())
