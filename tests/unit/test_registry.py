"""What the registry's server says of files, checked; hashes over parts; selections and folders."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext import IntegrityError
from together_ext.registry.digests import digests
from together_ext.registry.download import place, selected
from together_ext.registry.download_options import ModelRequest
from together_ext.registry.located import PART, LocatedFile, located
from together_ext.storage import absolute
from together_generated.models import ModelDownload

URL = "https://storage.example.com/p?X-Signature=1"


def part(number: object = 1, size: object = "5", url: object = URL, headers: object = None) -> dict[str, Any]:
    """A part as the server sends it."""
    return {"partNumber": number, "sizeBytes": size, "url": url, "headers": headers or {}}


def file(path: object = "a/b.bin", size: object = "5", parts: object = None, hash: object = "0" * 32) -> LocatedFile:
    """The only file of a response, checked."""
    item = {"path": path, "sizeBytes": size, "hash": hash, "parts": [part()] if parts is None else parts}
    (found,) = located(ModelDownload.from_dict({"files": [item]}), "ml_1")
    return found


def test_parts_are_put_in_order_without_gaps() -> None:
    found = file(size=12, parts=[part(2, 7, headers={"x-a": "1"}), part(1, "5")])
    assert [(one.start, one.stop) for one in found.parts] == [(0, 5), (5, 12)]
    assert found.parts[1].headers == {"x-a": "1"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"path": None}, "which is refused"),
        ({"path": "a//b"}, "which is refused"),
        ({"path": "./a"}, "which is refused"),
        ({"path": "C:/a"}, "which is refused"),
        ({"path": "a\x1b"}, "which is refused"),
        ({"size": "5.0"}, r"has the size '5\.0': expected a number of bytes"),
        ({"size": None}, "has the size None"),
        ({"size": True}, "has the size True"),
        ({"size": "-5"}, "has the size '-5'"),
        ({"size": "9" * 16}, "has the size"),
        ({"size": "6"}, r"a/b\.bin has 6 bytes, and its parts have 5"),
        ({"parts": []}, "has 5 bytes, and its parts have 0"),
        ({"parts": [part(2)]}, r"has the parts \[2\]: expected all numbers from 1"),
        ({"parts": [part(1, 2), part(1, 3)]}, r"has the parts \[1, 1\]"),
        ({"parts": [7]}, r"has the parts \[None\]"),
        ({"parts": [part("1")]}, r"has the parts \['1'\]"),
        ({"parts": [part(1, "x")]}, r"part 1 of a/b\.bin has the size 'x'"),
        ({"parts": [part(url="file:///etc/passwd")]}, r"part 1 of a/b\.bin has no http or https address"),
        ({"parts": [part(url=None)]}, "has no http or https address"),
        ({"parts": [part(url="/part")]}, "has no http or https address"),
        ({"parts": [part(url="http://[::1")]}, "has no http or https address"),
        ({"parts": [part(url="http://a\x00b/")]}, "has no http or https address"),
        ({"parts": [part(url="http://xn--/")]}, "has no http or https address"),
        ({"parts": [part([])]}, r"has the parts \[\[\]\]: expected all numbers from 1"),
        ({"parts": [part({})]}, r"has the parts \[\{\}\]: expected all numbers from 1"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(IntegrityError, match=sentence):
        file(**wrong)


def test_headers_that_are_no_text_are_not_sent() -> None:
    headers = {"a": "1", "b": 2, "c": "x\r\ny: z", "d": "\u00e9", "\u00e9": "1"}
    assert file(parts=[part(headers=headers)]).parts[0].headers == {"a": "1"}


def test_headers_that_frame_a_request_are_not_sent() -> None:
    """A `Content-Length` used to end the download with an error of h11."""
    headers = {"Content-Length": "5", "transfer-encoding": "chunked", "Host": "x", "X-Key": "1"}
    assert file(parts=[part(headers=headers)]).parts[0].headers == {"X-Key": "1"}


@given(st.text())
def test_any_path_is_plain_and_relative_or_refused(path: str) -> None:
    try:
        found = file(path=path)
    except IntegrityError:
        return
    assert found.path == path
    assert Path("/folder", path).resolve().is_relative_to("/folder")


@pytest.mark.parametrize(
    ("hash", "size", "verifiable"),
    [
        ("0" * 32, 0, True),
        (f"{'0' * 32}-0", 0, True),
        (f"{'0' * 32}-0", 5, False),
        ("0" * 32, PART, True),
        (f"{'0' * 32}-1", PART, True),
        ("0" * 32, PART + 1, False),
        (f"{'0' * 32}-2", PART + 1, True),
        (f"{'0' * 32}-3", PART + 1, False),
        ("", 5, False),
        ("sha256:" + "0" * 64, 5, False),
        ("A" * 32, 5, False),
    ],
)
def test_a_hash_is_compared_only_if_it_has_the_known_form(hash: str, size: int, verifiable: bool) -> None:  # noqa: FBT001 -- a row of the table
    assert LocatedFile("a", size, hash, ()).verifiable is verifiable


@pytest.mark.parametrize("size", [0, 5, PART, PART + 1])
def test_a_file_is_hashed_as_object_stores_do(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "file").write_bytes(content[:size])
    found = digests(tmp_path / "file", lambda: None)
    assert found.sha256 == hashlib.sha256(content[:size]).hexdigest()
    parts = [
        hashlib.md5(content[at : min(at + PART, size)], usedforsecurity=False) for at in range(0, size, PART) or (0,)
    ]
    whole = hashlib.md5(b"".join(one.digest() for one in parts), usedforsecurity=False)
    tag = parts[0].hexdigest() if len(parts) == 1 else f"{whole.hexdigest()}-2"
    assert found.tag == tag
    assert found.match(LocatedFile("file", size, tag, ()))
    assert size or found.match(LocatedFile("file", 0, f"{tag}-0", ()))
    assert not found.match(LocatedFile("file", size, "0" * 32, ()))


def test_a_selection_keeps_the_order_of_the_revision() -> None:
    paths = ["b.json", "a.json", "c.bin"]
    assert selected(paths, ModelRequest(files=["a.json", "b.json"]), "m") == ["b.json", "a.json"]
    assert selected(paths, ModelRequest(include=["*.json"], exclude=["a*"]), "m") == ["b.json"]


def test_the_folder_is_the_path_itself_or_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place(None, "acme/bot") == absolute("acme--bot")
    assert place("new", "acme/bot") == absolute("new")
    assert place("new/", "../..") == absolute("new") / "model"
    (tmp_path / "there").mkdir()
    assert place("there", "acme/bot") == absolute("there") / "acme--bot"
    (tmp_path / "there" / "together-ext.json").touch()
    assert place("there", "acme/bot") == absolute("there")
