"""The simulator in the foreground, as the command line runs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from .simulator import Simulator


def serve(  # noqa: PLR0913 - keywords with defaults
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    api_key: str | None = None,
    redirect: bool = False,
    rate_limit: float | None = None,
    pace: float | None = None,
    seed: str | int | None = None,
    state: Path | None = None,
    admin_token: str | None = None,
    names: Sequence[str] = (),
    storage_port: int = 0,
    started: Callable[[Simulator], None] = lambda _: None,
) -> None:
    """Run the simulator in the foreground until Ctrl-C.

    Args:
        port: The port of the API (default: any free port).
        host: The address to listen on.
        api_key: The key that is accepted (default: a random one).
        redirect: Whether downloads are redirected to the storage host.
        rate_limit: Maximum bytes per second of each download (default: unlimited).
        pace: Seconds that an unfinished job spends in each state (default: jobs do not move).
        seed: Changes the IDs of new objects and the content of archives (default: none).
        state: A file that keeps jobs, files and endpoints for the next start (default: they are lost).
        admin_token: The key of the admin interface (default: the API key on a loopback address, else a random one).
        names: Further names of this machine, which requests may have as their Host; the first is that of all URLs if
            the simulator listens on every address.
        storage_port: The port of the storage host (default: any free port).
        started: Called with the simulator when it is ready, for example to print its URL and key.

    Raises:
        OSError: The port is in use, or the state file cannot be read.
        ConfigurationError: The state file is of another format.
    """
    simulator = Simulator(
        port=port,
        host=host,
        api_key=api_key,
        redirect=redirect,
        rate_limit=rate_limit,
        pace=pace,
        seed=seed,
        state=state,
        admin_token=admin_token,
        names=names,
        storage_port=storage_port,
    )
    with simulator:
        try:
            started(simulator)
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
