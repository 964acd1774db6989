"""From an archive whose adapter names a private base model to a folder that can be loaded, in Python and by command."""

from __future__ import annotations

import io
import json
import logging
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from together_ext.archive import extract, verify
from together_ext.archive.inspect import inspect
from together_ext.archive.next_steps import next_steps
from together_ext.cli import main
from together_ext.errors import ArchiveError, RuleError
from together_ext.simulator.models import BASE_MODEL, adapter_files, model_files

PUBLIC = "meta-llama/Llama-3.1-8B-Instruct"
UNKNOWN = "togethercomputer/Something-New-9B__TOG__FT"


def packed(path: Path, files: dict[str, bytes]) -> Path:
    """A plain tar archive of these files."""
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"output/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture
def files() -> dict[str, bytes]:
    """An adapter, as the service sends it."""
    return adapter_files("seed")


@pytest.fixture
def archive(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """The adapter's archive."""
    return packed(tmp_path / "bot.tar", files)


def base_of(folder: str | Path) -> object:
    """The base model that a folder's adapter names."""
    return json.loads((Path(folder) / "adapter_config.json").read_text())["base_model_name_or_path"]


def receipt_of(folder: str | Path) -> dict[str, Any]:
    """A folder's receipt."""
    document: dict[str, Any] = json.loads((Path(folder) / "together-ext.json").read_text())
    return document


class TestExtract:
    def test_a_private_base_model_is_replaced_by_its_public_name(self, archive: Path, files: dict[str, bytes]) -> None:
        made = extract(archive)

        written = (Path(made.folder) / "adapter_config.json").read_text()
        assert written == files["adapter_config.json"].decode().replace(BASE_MODEL, PUBLIC)
        receipt = receipt_of(made.folder)
        assert (receipt["base_model"], receipt["base_model_alias"]) == (PUBLIC, BASE_MODEL)
        assert verify(made.folder).good
        sizes = {file.path: file.size for file in made.files}
        assert sizes["adapter_config.json"] == len(written)
        assert inspect(made.folder).warnings == ()

    def test_the_base_model_can_be_left_unchanged(self, archive: Path, files: dict[str, bytes]) -> None:
        made = extract(archive, fix_base=False)

        assert (Path(made.folder) / "adapter_config.json").read_bytes() == files["adapter_config.json"]
        assert receipt_of(made.folder)["base_model"] == BASE_MODEL
        assert "base_model_alias" not in receipt_of(made.folder)
        (warning,) = inspect(made.folder).warnings
        assert f"its public name is {PUBLIC}" in warning

    def test_an_unknown_base_model_is_kept_and_reported(
        self, tmp_path: Path, files: dict[str, bytes], caplog: pytest.LogCaptureFixture
    ) -> None:
        files["adapter_config.json"] = files["adapter_config.json"].replace(BASE_MODEL.encode(), UNKNOWN.encode())

        with caplog.at_level(logging.WARNING, "together_ext"):
            made = extract(packed(tmp_path / "bot.tar", files))

        assert base_of(made.folder) == receipt_of(made.folder)["base_model"] == UNKNOWN
        assert UNKNOWN in caplog.text
        (warning,) = inspect(made.folder).warnings
        assert "its public name is unknown" in warning
        assert not any("vllm" in (step.command or "") for step in next_steps(made.folder, inspect(made.folder)))

    @pytest.mark.parametrize("settings", [{"r": 8}, {"base_model_name_or_path": UNKNOWN, "r": 8}])
    def test_a_given_base_model_is_written(
        self, tmp_path: Path, files: dict[str, bytes], settings: dict[str, object]
    ) -> None:
        files["adapter_config.json"] = json.dumps(settings).encode()

        made = extract(packed(tmp_path / "bot.tar", files), base_model="org/name")

        assert base_of(made.folder) == receipt_of(made.folder)["base_model"] == "org/name"
        assert verify(made.folder).good

    @pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"a": 1}' + b" " * (1 << 20)])
    def test_an_unreadable_configuration_is_unchanged_and_accepts_no_base_model(
        self, tmp_path: Path, files: dict[str, bytes], data: bytes
    ) -> None:
        archive = packed(tmp_path / "bot.tar", files | {"adapter_config.json": data})

        with pytest.raises(ArchiveError, match="is missing or cannot be read"):
            extract(archive, base_model="org/name")
        assert list(tmp_path.iterdir()) == [archive]
        made = extract(archive)
        assert (Path(made.folder) / "adapter_config.json").read_bytes() == data
        assert "base_model" not in receipt_of(made.folder)

    def test_a_full_model_accepts_no_base_model(self, tmp_path: Path) -> None:
        archive = packed(tmp_path / "bot.tar", model_files("seed"))

        with pytest.raises(RuleError, match="only an adapter"):
            extract(archive, base_model="org/name")
        assert list(tmp_path.iterdir()) == [archive]

    def test_an_invalid_name_is_refused_before_anything_is_read(self, tmp_path: Path) -> None:
        with pytest.raises(RuleError, match="invalid base model"):
            extract(tmp_path / "nothing", base_model="org/na\x1bme")


class TestCommands:
    def test_one_line_on_standard_error_points_to_inspect(
        self, archive: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["extract", str(archive)]) == 0

        captured = capsys.readouterr()
        folder, _summary = captured.out.splitlines()
        assert captured.err == f"to see how to load the model, run: together-ext inspect {folder}\n"
        assert main(["inspect", folder]) == 0
        shown = capsys.readouterr().out
        assert f"\tvllm serve {PUBLIC} --enable-lora --max-lora-rank 64 --lora-modules bot={folder}\n" in shown
        assert f"\tmodel = PeftModel.from_pretrained(base, '{folder}')\n" in shown

    def test_loading_problems_are_reported(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["extract", str(archive), "--no-fix-base"]) == 0
        assert "warning: the base model " in capsys.readouterr().err

    def test_quiet_prints_no_warning(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["extract", str(archive), "--quiet"]) == 0

        captured = capsys.readouterr()
        assert captured.out == f"{archive.with_suffix('')}\n"
        assert captured.err == ""

    @pytest.mark.parametrize("more", [[], ["--quiet"]])
    def test_json_includes_the_base_model(
        self, archive: Path, capsys: pytest.CaptureFixture[str], more: list[str]
    ) -> None:
        assert main(["extract", str(archive), "--json", *more]) == 0

        captured = capsys.readouterr()
        document = json.loads(captured.out)
        folder = document["folder"]
        assert captured.err == ""
        assert document["next_steps"][0] == {
            "tool": "vllm",
            "command": f"vllm serve {PUBLIC} --enable-lora --max-lora-rank 64 --lora-modules bot={folder}",
            "note": "",
        }
        assert main(["inspect", folder, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["next_steps"] == document["next_steps"]

    def test_inspect_ends_with_the_base_model(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["inspect", str(archive)]) == 0
        captured = capsys.readouterr()
        assert captured.out.splitlines()[-1] == f"next: together-ext\ttogether-ext extract {archive}"
        assert captured.err == ""

        folder = extract(archive).folder
        assert main(["inspect", folder]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert all(line.count("\t") == 1 for line in lines)
        assert [line for line in lines if line.startswith("next: vllm\tvllm serve ")]
        assert lines[-1] == f"next: hugging face\thf upload YOUR-NAME/bot {folder} --private"

    def test_a_base_model_can_be_given(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["extract", str(archive), "--base-model", "./my llama", "--quiet"]) == 0
        assert base_of(capsys.readouterr().out.strip()) == "./my llama"

    @pytest.mark.parametrize(
        ("options", "word"),
        [
            (["--base-model", "org/name", "--no-fix-base"], "choose one"),
            (["--base-model", "name"], "invalid base model"),
            (["--base-model", ""], "invalid base model"),
        ],
    )
    def test_wrong_usage_is_exit_code_2(
        self, archive: Path, capsys: pytest.CaptureFixture[str], options: list[str], word: str
    ) -> None:
        assert main(["extract", str(archive), *options]) == 2
        assert word in capsys.readouterr().err
        assert not archive.with_suffix("").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
@pytest.mark.parametrize("name", ["a b", "$(touch pwned)", "'\"`;&|", "-rf", "tab\tline\nend", "\x1b[31mé", "a=b,c"])
def test_the_path_of_the_folder_can_be_passed_to_a_shell(files: dict[str, bytes], tmp_path: Path, name: str) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    folder = tmp_path / name
    folder.mkdir()
    for file, data in files.items():
        (folder / file).write_bytes(data)

    for step in next_steps(str(folder), inspect(folder)):
        if step.tool in {"vllm", "llama.cpp", "hugging face"}:
            assert step.command is not None
            script = f"printf '%s\\0' {step.command}"
            told = subprocess.run([bash, "-c", script], check=True, capture_output=True, cwd=tmp_path)  # noqa: S603
            words = told.stdout.decode().split("\0")
            plain = [word for word in words if str(folder) in word or word.startswith('{"name"')]
            assert [
                json.loads(word)["path"] if word.startswith("{") else word[-len(str(folder)) :] for word in plain
            ] == [str(folder)]
    assert not (tmp_path / "pwned").exists()
