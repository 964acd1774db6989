"""The servers of the tests: none of them serves after its test."""

from __future__ import annotations

import socket

from tests.servers import SocketServer, request_of
from tests.waits import PATIENCE


def test_a_client_that_does_not_stop_loses_its_connection_when_the_server_ends() -> None:
    def talk(connection: socket.socket, _: int) -> None:
        while request_of(connection):
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with SocketServer(talk) as server:
        host, _, port = server.host.partition(":")
        client = socket.create_connection((host, int(port)), timeout=PATIENCE)
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert request_of(client)

    with client:
        assert client.recv(1) == b""
