"""Names beyond ASCII, whatever the locale is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .packing import packed, zstd

FILES = {"größe.txt": b"1", "日本/モデル.safetensors": b"2", "config.json": b"{}"}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
UTF8 = {"LC_ALL": "C.UTF-8"}
LOCALES = pytest.mark.parametrize("locale", [ASCII, UTF8], ids=["ascii", "utf-8"])


def run(locale: dict[str, str], *args: str) -> str:
    """Run the program; returns what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "together_ext", *args, "--json"],
        env={**environment, **locale},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@LOCALES
@pytest.mark.parametrize("around", ["", "größe/"])
def test_non_ascii_names_are_extracted_as_utf_8_and_verified(
    archive: Path, locale: dict[str, str], around: str
) -> None:
    archive.write_bytes(zstd.compress(packed([(around + name, data) for name, data in FILES.items()])))

    made = json.loads(run(locale, "extract", str(archive)))

    assert {file["path"] for file in made["files"]} == FILES.keys()
    folder = archive.parent / "model"
    for name, data in FILES.items():
        assert (folder / name).read_bytes() == data
    for each in (ASCII, UTF8):
        assert json.loads(run(each, "verify", str(folder)))["checked"] == 3
    assert run(ASCII, "inspect", str(folder)) == run(UTF8, "inspect", str(folder))
    assert run(ASCII, "inspect", str(archive)) == run(UTF8, "inspect", str(archive))


@LOCALES
def test_an_archive_with_a_non_ascii_name_is_extracted(archive: Path, locale: dict[str, str]) -> None:
    place = archive.with_name("größe.tar.zst")
    place.write_bytes(zstd.compress(packed(list(FILES.items()))))

    run(locale, "extract", str(place))

    assert json.loads(run(UTF8, "verify", str(archive.with_name("größe"))))["checked"] == 3
