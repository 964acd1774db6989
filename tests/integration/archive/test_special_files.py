"""FIFOs, sockets, devices and folders where a file belongs: never waited for, and named in a sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from together_ext import extract, verify
from together_ext.errors import ArchiveError

from .packing import GOOD

KINDS = {"fifo": "a FIFO", "socket": "a socket", "device": "a character device", "folder": "a folder"}


def put(path: Path, kind: str) -> Path:
    """Put something at a path that is not a file; returns where it is."""
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "socket":
            # The name of a socket is short, and pytest's folders are not.
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(os.path.relpath(path))
        case "device":
            return Path("/dev/zero")
        case "folder":
            path.mkdir()
    return path


def run(*args: str) -> tuple[int, str, str]:
    """Run the program, which must not wait for anything."""
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "together_ext", *args], capture_output=True, text=True, check=False, timeout=30
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(autouse=True)
def inside(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the archive's folder."""
    monkeypatch.chdir(archive.parent)


@pytest.mark.parametrize(("kind", "command"), [(kind, "extract") for kind in KINDS] + [("fifo", "inspect")])
def test_a_special_file_is_refused_as_an_archive(archive: Path, kind: str, command: str) -> None:
    place = put(archive, kind)

    code, out, err = run(command, str(place))

    assert (code, out) == (6, "")
    assert err.startswith(f"error: {place} is {KINDS[kind]}, not a regular file: name ")
    assert err.count("\n") == 1
    assert list(archive.parent.iterdir()) == ([] if kind == "device" else [archive])


@pytest.mark.parametrize("kind", ["socket", "device"])
def test_neither_a_socket_nor_a_device_is_inspected(archive: Path, kind: str) -> None:
    code, out, err = run("inspect", str(put(archive, kind)))

    assert (code, out) == (6, "")
    assert f"is {KINDS[kind]}, not a regular file" in err


@pytest.mark.parametrize("kind", ["fifo", "socket", "folder"])
def test_a_special_file_in_place_of_a_file_is_a_change(archive: Path, kind: str) -> None:
    archive.write_bytes(GOOD)
    folder = Path(extract(archive).folder)
    (folder / "config.json").unlink()
    put(folder / "config.json", kind)
    put(folder / "more", "fifo")

    code, out, _ = run("verify", str(folder))

    assert code == 6
    assert out.splitlines() == [f"{'missing' if kind == 'folder' else 'changed'}\tconfig.json", "extra\tmore"]


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_a_receipt_that_is_not_a_file_is_refused(archive: Path, kind: str) -> None:
    archive.write_bytes(GOOD)
    folder = Path(extract(archive).folder)
    (folder / "together-ext.json").unlink()
    put(folder / "together-ext.json", kind)

    code, out, err = run("verify", str(folder))

    assert (code, out) == (6, "")
    assert f"is {KINDS[kind]}" in err


def test_a_folder_without_a_receipt_names_the_missing_file(tmp_path: Path) -> None:
    code, out, err = run("verify", str(tmp_path))

    assert (code, out) == (6, "")
    assert (
        err == f"error: {tmp_path} has no together-ext.json: only folders extracted by together-ext can be verified\n"
    )


@pytest.mark.parametrize("kind", ["fifo", "socket", "link"])
def test_inspect_lists_what_it_does_not_read(archive: Path, kind: str) -> None:
    archive.write_bytes(GOOD)
    folder = Path(extract(archive).folder)
    place = folder / "more.safetensors"
    if kind == "link":
        place.symlink_to("/dev/zero")
    else:
        put(place, kind)

    code, out, _ = run("inspect", str(folder))

    assert code == 0
    assert f"warning\tmore.safetensors is {KINDS.get(kind, 'a symbolic link')}; it was not read\n" in out


def test_an_archive_is_read_through_a_link(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(GOOD)
    archive.symlink_to(tmp_path / "elsewhere")

    assert verify(extract(archive).folder).good


def test_a_file_is_not_a_folder_to_verify(archive: Path) -> None:
    archive.write_bytes(GOOD)

    with pytest.raises(ArchiveError, match="is not a folder: name the folder that was extracted"):
        verify(archive)
