"""Addresses that a server has signed: a host that repeats its request in an error does not make us print it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from tests.servers import serving
from together_ext import ApiStatusError, Together, TogetherExtError
from together_ext.transfer import fetch as fetch_url
from together_ext.transfer import open as open_url
from together_ext.transfer.parts import Part, PartedRemote

SIGNATURE = "deadbeefcafebabe0123456789"
SIGNED = f"/signed?X-Amz-Signature={SIGNATURE}&id=1"


@contextmanager
def repeating(status: int) -> Iterator[str]:
    """A server that redirects to a signed address, whose host responds with its request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            signed = self.path.startswith("/signed")
            said = json.dumps({"message": f"bad request {self.path} {self.headers['authorization']}"}).encode()
            self.send_response(status if signed else 302)
            self.send_header("Location" if not signed else "X-A", SIGNED)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with serving(Handler) as url:
        yield url


def said(error: BaseException | None) -> str:
    """All that a traceback shows of an error, and what its attributes have."""
    if error is None:
        return ""
    shown = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{error} {vars(error)} {said(shown)}"


@pytest.mark.parametrize("status", [400, 403, 404, 418])
def test_downloads_show_no_signature(tmp_path: Path, status: int) -> None:
    with repeating(status) as url, Together("the-key-of-the-test", url) as client:
        for download in (
            lambda: client.fine_tuning.download("ft-x", output=tmp_path, checkpoint_type="adapter"),
            lambda: client.fine_tuning.open("ft-x", checkpoint_type="adapter"),
            lambda: client.files.content("file-1"),
            lambda: client.files.download("file-1", tmp_path / "x"),
            lambda: client.files.retrieve("file-1"),
            lambda: fetch_url(url + SIGNED, tmp_path / "y"),
            lambda: open_url(url + SIGNED),
        ):
            with pytest.raises(TogetherExtError) as caught:
                download()
            assert "***" in str(caught.value)
            assert SIGNATURE not in said(caught.value)


def test_parts_show_no_signature_and_no_header() -> None:
    with repeating(400) as url, httpx.Client() as client:
        part = Part(0, 5, url + SIGNED, {"Authorization": "Bearer key-of-the-part"})
        home = httpx.URL("http://api.example.com/v1")
        remote = PartedRemote(client, home, [part], version="1", agent="a", timeout=30, action="download it")
        with pytest.raises(ApiStatusError, match=r"bad request .*\*\*\*") as caught:
            remote.open(0, 5)
    assert SIGNATURE not in said(caught.value)
    assert "key-of-the-part" not in said(caught.value)
