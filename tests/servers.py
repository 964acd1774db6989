"""A server that need not speak HTTP: the one that all raw servers of the tests are made of."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class SocketServer:
    """Accepts connections, and gives each with its number to `talk`, in a thread; closes it in the end.

    Attributes:
        host: Its address, with the port.
        over: Set when the server ends.
    """

    def __init__(self, talk: Callable[[socket.socket, int], object]) -> None:
        self.over = threading.Event()
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._lock, self._open = threading.Lock(), dict[socket.socket, threading.Thread]()

    def _accept(self) -> None:
        with suppress(OSError):
            for number in itertools.count():
                accepted = self._listener.accept()[0]
                thread = threading.Thread(target=self._serve, args=(accepted, number), daemon=True)
                with self._lock:
                    self._open[accepted] = thread
                thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            with suppress(OSError):
                self._talk(connection, number)
        finally:
            with self._lock:
                del self._open[connection]
                connection.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take no more connections, and end those there are: a client that does not stop would keep both busy."""
        self.over.set()
        with suppress(OSError):  # closing alone would not wake up the thread
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            threads = list(self._open.values())
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve HTTP in threads. Yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def request_of(connection: socket.socket) -> bytes:
    """The head of a request, with what came along; less if the client has gone."""
    request = b""
    while b"\r\n\r\n" not in request and (data := connection.recv(1 << 16)):
        request += data
    return request
