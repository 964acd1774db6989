"""Downloads on the workers of a Dask cluster. Needs the extra `dask`, which only this module loads."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from together_ext.errors import MissingExtraError, TransferError

if TYPE_CHECKING:
    from distributed import Client

PORT: Final = 8786
"""The usual port of a scheduler."""

TIMEOUT: Final = 30.0
"""Seconds to wait for the scheduler."""


@contextmanager
def cluster(address: str) -> Iterator[Client]:
    """A client of a Dask cluster, closed at the end; the cluster keeps running.

    Args:
        address: The address of its scheduler, such as `tcp://scheduler:8786`.

    Raises:
        MissingExtraError: The extra `dask` is not installed.
        TransferError: The scheduler does not respond, or has no workers.
    """
    try:
        import distributed
    except ImportError:
        raise MissingExtraError("Dask", "dask") from None
    try:
        _reach(address)
        client = distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise TransferError(
            f"the Dask scheduler {address} does not respond: check the address, such as "
            "tcp://scheduler:8786, and that the scheduler runs"
        ) from error
    with client:
        if not client.nthreads():
            raise TransferError(f"the Dask scheduler {address} has no workers: start at least one")
        yield client


def _reach(address: str) -> None:
    """Connect to a scheduler and close the connection: a client that fails later prints tracebacks.

    Raises:
        OSError: It does not respond.
        ValueError: The address has another form.
    """
    found = urlsplit(address if "://" in address else f"tcp://{address}")
    if found.scheme in {"tcp", "tls"}:
        socket.create_connection((found.hostname or "", found.port or PORT), timeout=TIMEOUT).close()


def executor(client: Client) -> Executor:
    """Where each download runs once, on any worker."""
    found: Executor = client.get_executor()
    return found


def executors_by_host(client: Client) -> Mapping[str, Executor]:
    """For `download_many(executor=...)`: one worker of each host, by the host's name, so that every host gets its copy.

    Args:
        client: The client of the cluster.
    """
    workers: dict[str, str] = {}
    for address, host in sorted(client.run(socket.gethostname).items()):
        workers.setdefault(host, address)
    return {
        host: client.get_executor(workers=[address], allow_other_workers=False) for host, address in workers.items()
    }
