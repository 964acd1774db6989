"""What a failed request to an object store says: why no response came, or what was wrong with it."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.servers import SocketServer, request_of
from together_ext import StorageError, TransferInterruptedError
from together_ext.destinations.checking import verify_objects
from together_ext.destinations.object_state import looked_up
from together_ext.destinations.store import Store
from together_ext.destinations.urls import parse_url

from .stores import RECEIPT

Talk = Callable[[socket.socket, int], object]
DOCUMENT = b'{"format": 1, "files": [{"path": "a.bin", "size": 3, "sha256": "00"}]}'


def cut(connection: socket.socket, _: int) -> None:
    request_of(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<ListBucketResult>")


def hang_up(connection: socket.socket, _: int) -> None:
    request_of(connection)


def reset(connection: socket.socket, _: int) -> None:
    request_of(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def other_protocol(connection: socket.socket, _: int) -> None:
    request_of(connection)
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def failure(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The message of a listing, without its beginning and its end."""
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)  # obstore refuses an empty folder
    options = {"endpoint": endpoint, "access_key_id": "KEYID", "secret_access_key": "SECRET", "region": "r"}
    # Enough for a TLS handshake on a busy machine.
    store = Store(parse_url("s3://bucket/x", "output"), options, patience=2)
    with pytest.raises(TransferInterruptedError) as caught:
        store.list()
    message = str(caught.value)
    begin, end = "could not list s3://bucket/x: ", "; run it again to resume"
    assert message.startswith(begin)
    assert message.endswith(end)
    return message.removeprefix(begin).removesuffix(end)


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (cut, "the store's response was cut"),
        (hang_up, "the store closed the connection"),
        (reset, "the store closed the connection"),
        (other_protocol, "the store's response is invalid"),
        (lambda connection, _: connection.recv(1 << 20) and connection.recv(1 << 20), "the store does not respond"),
    ],
    ids=["cut", "closed", "reset", "another-protocol", "silent"],
)
def test_a_response_that_fails_is_named(talk: Talk, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with SocketServer(talk) as server:
        assert failure(f"http://{server.host}", monkeypatch) == said


@pytest.mark.parametrize("sent", [b"{} and more", b"{", b""])
def test_an_object_whose_size_is_not_the_listed_one_is_changed(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [{"path": "config.json", "size": 2, "sha256": hashlib.sha256(b"{}").hexdigest()}]
    receipt = json.dumps({"format": 1, "files": files}).encode()
    date = "2026-01-01T00:00:00Z"
    listed = "".join(
        f"<Contents><Key>x/{name}</Key><LastModified>{date}</LastModified><ETag>e</ETag><Size>{size}</Size></Contents>"
        for name, size in ((RECEIPT, len(receipt)), ("config.json", 2))
    )
    page = f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>".encode()

    def talk(connection: socket.socket, _: int) -> None:
        while request := request_of(connection):
            path = request.split(b" ")[1]
            body = page if b"?" in path else receipt if path.endswith(RECEIPT.encode()) else sent
            head = f"Content-Length: {len(body)}\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nETag: e\r\n\r\n"
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + head.encode() + body)

    monkeypatch.delenv("SSL_CERT_DIR", raising=False)  # as above
    with SocketServer(talk) as server:
        options = {"endpoint": f"http://{server.host}", "access_key_id": "I", "secret_access_key": "S", "region": "r"}
        assert verify_objects("s3://bucket/x", storage_options=options).changed == ("config.json",)


def test_an_object_that_is_larger_than_it_should_be_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(connection: socket.socket, _: int) -> None:
        request_of(connection)
        dated = b'Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\nETag: "1"\r\n'
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + dated + b"Content-Length: 1000000000000000\r\n\r\n")
        with suppress(OSError):
            while True:
                connection.sendall(bytes(1 << 20))

    monkeypatch.delenv("SSL_CERT_DIR", raising=False)  # as above
    with SocketServer(endless) as server:
        options = {"endpoint": f"http://{server.host}", "access_key_id": "I", "secret_access_key": "S", "region": "r"}
        store = Store(parse_url("s3://bucket/x", "output"), options)
        assert store.content("receipt", 1000) == bytes(1000)
        assert b"".join(store.pieces("small", 10)) == bytes(11)


def readable_in_part(connection: socket.socket, _: int) -> None:
    """A bucket with a receipt and an object that may not be read."""
    request = request_of(connection)
    status, body = "403 Forbidden", b"<Error><Code>AccessDenied</Code></Error>"
    if b"list-type" in request.splitlines()[0]:
        entry = "<Contents><Key>x/{}</Key><LastModified>2025-01-01T00:00:00Z</LastModified><Size>{}</Size></Contents>"
        entries = entry.format("a.bin", 3) + entry.format("together-ext.json", len(DOCUMENT))
        status, body = "200 OK", f"<ListBucketResult>{entries}</ListBucketResult>".encode()
    elif b"together-ext.json" in request.splitlines()[0]:
        status, body = "200 OK", DOCUMENT
    head = f'HTTP/1.1 {status}\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\nETag: "1"\r\nConnection: close\r\n'
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def test_an_object_that_is_refused_ends_the_look_up_of_one_that_does_not_respond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def talk(connection: socket.socket, _: int) -> None:
        if b"silent" in request_of(connection).splitlines()[0]:
            server.over.wait()
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    monkeypatch.delenv("SSL_CERT_DIR", raising=False)  # as above
    with SocketServer(talk) as server:
        options = {"endpoint": f"http://{server.host}", "access_key_id": "I", "secret_access_key": "S", "region": "r"}
        with pytest.raises(StorageError, match="refused"):
            looked_up(Store(parse_url("s3://bucket/x", "output"), options), ["silent", "refused"])


def test_a_failed_comparison_leaves_the_event_of_the_caller_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller may have passed it to other comparisons, too."""
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)  # as above
    cancel = threading.Event()
    with SocketServer(readable_in_part) as server:
        options = {"endpoint": f"http://{server.host}", "access_key_id": "I", "secret_access_key": "S", "region": "r"}
        with pytest.raises(StorageError, match="no permission to read"):
            verify_objects("s3://bucket/x", storage_options=options, cancel=cancel)
    assert not cancel.is_set()


def test_a_connection_that_is_refused_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert failure(f"http://127.0.0.1:{port}", monkeypatch) == "the store refuses the connection"


def test_a_host_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failure("http://store.invalid", monkeypatch) == "the host name of the store does not resolve"


def no_tls(connection: socket.socket, _: int) -> None:
    connection.recv(1)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_tls_with_a_plain_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with SocketServer(no_tls) as server:
        assert (
            failure(f"https://{server.host}", monkeypatch) == "no connection to the store: check its endpoint and TLS"
        )
