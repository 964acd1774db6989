"""Stores whose responses are not what was requested: more bytes, none, or other objects."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.servers import SocketServer, request_of
from together_ext import StorageError
from together_ext.destinations.checking import inspect_objects
from together_ext.destinations.store import Store
from together_ext.destinations.urls import parse_url

Talk = Callable[[socket.socket, int], object]
DATED = b'Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\nETag: "1"\r\n'
LISTED = (
    b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>%s/model.safetensors</Key><LastModified>"
    b"2025-01-01T00:00:00Z</LastModified><ETag>1</ETag><Size>1000000</Size></Contents></ListBucketResult>"
)


def part(send: Callable[[socket.socket], object], key: bytes = b"x") -> Talk:
    """A store with one object, whose ranges are what `send` sends after their heads."""

    def talk(connection: socket.socket, _: int) -> None:
        while request := request_of(connection):
            found = re.search(rb"[Rr]ange: bytes=(\d+-\d+)", request)
            if found is None:
                document = LISTED % key
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(document), document))
            else:
                head = b"HTTP/1.1 206 X\r\n%sContent-Range: bytes %s/1000000\r\n" % (DATED, found[1])
                connection.sendall(head)
                send(connection)

    return talk


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)  # obstore refuses an empty folder
    return {"access_key_id": "I", "secret_access_key": "S", "region": "r"}


def test_a_range_is_not_read_beyond_its_end(storage: dict[str, str]) -> None:
    """A store that sent two gigabytes for a range took twice as much memory."""

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"Content-Length: 1000000000000000\r\n\r\n")
        with suppress(OSError):
            while True:
                connection.sendall(bytes(1 << 20))

    with SocketServer(part(endless)) as server:
        store = Store(parse_url("s3://bucket/x", "output"), {**storage, "endpoint": f"http://{server.host}"})
        assert store.read("model.safetensors", 5, 1000) == bytes(995)


def test_ranges_without_bytes_are_not_requested_for_ever(storage: dict[str, str]) -> None:
    def nothing(connection: socket.socket) -> None:
        connection.sendall(b"Content-Length: 0\r\n\r\n")

    with (
        SocketServer(part(nothing)) as server,
        pytest.raises(StorageError, match=r"s3://bucket/x/model.safetensors: it has fewer bytes than its store lists"),
    ):
        inspect_objects("s3://bucket/x", storage_options={**storage, "endpoint": f"http://{server.host}"})


def test_a_listing_of_other_objects_is_refused(storage: dict[str, str]) -> None:
    with (
        SocketServer(part(lambda _: None, key=b"other")) as server,
        pytest.raises(StorageError, match=r"the listing has other/model.safetensors, which is not below it"),
    ):
        Store(parse_url("s3://bucket/x", "output"), {**storage, "endpoint": f"http://{server.host}"}).list()
