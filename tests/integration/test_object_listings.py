"""Listings of an object store that do not end: an error names them, and nothing is written."""

from __future__ import annotations

import itertools
import re
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.servers import SocketServer, request_of
from tests.waits import wait_until
from together_ext import StorageError, TransferInterruptedError
from together_ext.destinations.checking import inspect_objects, verify_objects
from together_ext.destinations.listing import MOST_OBJECTS
from together_ext.destinations.store import Store
from together_ext.destinations.urls import parse_url

Page = Callable[[int], tuple[str, list[str]]]
"""The next token and the keys of a page, by the number of the request."""

PAGE = 1000


def page_of(keys: list[str], token: str) -> bytes:
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><ETag>e</ETag><Size>1</Size>"
        "</Contents>"
        for key in keys
    )
    body = (
        f"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
        f"{contents}</ListBucketResult>"
    ).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Page], dict[str, str]]]:
    """Starts a store with an endless listing; returns the storage options for it."""
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)  # obstore refuses an empty folder
    servers: list[SocketServer] = []

    def start(page: Page) -> dict[str, str]:
        numbers = itertools.count()

        def talk(connection: socket.socket, _: int) -> None:
            while request := request_of(connection):
                assert request.startswith(b"GET ")
                token, keys = page(next(numbers))
                connection.sendall(page_of(keys, token))

        server = SocketServer(talk)
        servers.append(server.__enter__())
        return {"endpoint": f"http://{server.host}", "access_key_id": "K", "secret_access_key": "S", "region": "r"}

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("call", [verify_objects, inspect_objects])
def test_a_listing_that_repeats_its_pages_is_an_error_that_names_the_object(
    listing: Callable[[Page], dict[str, str]], call: Callable[..., object]
) -> None:
    options = listing(lambda _: ("same", ["x/a", "x/b"]))
    with pytest.raises(StorageError, match=r"could not list s3://bucket/x: the listing has a twice"):
        call("s3://bucket/x", storage_options=options)


def test_a_listing_with_ever_more_objects_is_an_error_that_names_the_limit(
    listing: Callable[[Page], dict[str, str]],
) -> None:
    options = listing(lambda number: (f"t{number}", [f"x/{number}-{key}" for key in range(PAGE)]))
    with pytest.raises(StorageError, match=re.escape(f"the listing has more than {MOST_OBJECTS:,} objects")):
        verify_objects("s3://bucket/x", storage_options=options)


def test_a_listing_of_empty_pages_is_an_error_that_names_its_time(listing: Callable[[Page], dict[str, str]]) -> None:
    options = listing(lambda number: (f"t{number}", []))
    store = Store(parse_url("s3://bucket/x", "url"), options, patience=1)
    with pytest.raises(TransferInterruptedError, match=r"could not list s3://bucket/x"):
        store.list()


@pytest.mark.parametrize("call", [Store.list, Store.reach])
def test_a_listing_that_is_abandoned_ends(
    listing: Callable[[Page], dict[str, str]], call: Callable[[Store], object]
) -> None:
    """A store that sends empty pages without end would keep it busy until the process ends."""
    options = listing(lambda number: (f"t{number}", []))
    store = Store(parse_url("s3://bucket/x", "url"), options).within(0.1)
    before = set(threading.enumerate())
    with pytest.raises(TransferInterruptedError):
        call(store)
    # The connection of the server stays open.
    wait_until(lambda: all("_serve" in thread.name for thread in set(threading.enumerate()) - before), "the end")
