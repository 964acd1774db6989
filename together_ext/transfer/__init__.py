"""A download engine: makes a local file equal to a remote one, and resumes after any interruption.

Imports `errors`, `text`, `storage`, `leases` and `clock`; nothing of Together AI. `engine` runs a download: `plan` and
`responses` decide, `worker`, `body` and `partial` move the bytes, `board` is what the workers share, `journal` records
what has arrived. To retry another failure, add it to `failures`; to add an option, extend `options` and `fetching`.

`stream` reads a file in order, without the disk: `window` plans, `feed` runs the same workers, `ring` holds the bytes.
`session` is what both ways share. `survey` reports what a download would find.

    from together_ext.transfer import fetch

    fetched = fetch("https://host.example/model.tar.zst", "models/model.tar.zst", headers={"Authorization": "..."})
    print(fetched.path, fetched.size)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .async_stream import AsyncOrderedStream
    from .engine import transfer
    from .fetching import fetch
    from .front import Front
    from .options import (
        DEFAULT_CONNECTIONS,
        DEFAULT_RETRIES,
        DEFAULT_TIMEOUT,
        DEFAULT_WINDOW,
        Fetched,
        Options,
        StreamOptions,
    )
    from .progress import DownloadProgress, ProgressCallback, State
    from .source import Remote
    from .stream import OrderedStream, open  # noqa: A004 -- named after the built-in function
    from .target import Head, Target

__all__ = [  # noqa: RUF022 -- in the order of `sorted`
    "AsyncOrderedStream",
    "DEFAULT_CONNECTIONS",
    "DEFAULT_RETRIES",
    "DEFAULT_TIMEOUT",
    "DEFAULT_WINDOW",
    "DownloadProgress",
    "Fetched",
    "Front",
    "Head",
    "Options",
    "OrderedStream",
    "ProgressCallback",
    "Remote",
    "State",
    "StreamOptions",
    "Target",
    "fetch",
    "open",
    "transfer",
]

_HOMES: Final = {
    "async_stream": ("AsyncOrderedStream",),
    "engine": ("transfer",),
    "fetching": ("fetch",),
    "front": ("Front",),
    "options": (
        "DEFAULT_CONNECTIONS",
        "DEFAULT_RETRIES",
        "DEFAULT_TIMEOUT",
        "DEFAULT_WINDOW",
        "Fetched",
        "Options",
        "StreamOptions",
    ),
    "progress": ("DownloadProgress", "ProgressCallback", "State"),
    "source": ("Remote",),
    "stream": ("OrderedStream", "open"),
    "target": ("Head", "Target"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker would take any name for one that exists

    def __getattr__(name: str) -> object:
        """Import a name when it is first used: calls of the API use small modules of this package, not the engine."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
