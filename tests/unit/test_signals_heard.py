"""Signals do not end a wait without a limit: such waits are listed, each with the reason why it may be one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import together_ext

PACKAGE: Final = Path(together_ext.__file__).parent
EXEMPT: Final = {"simulator"}
"""Servers in threads."""

WAITS: Final = {"wait", "join", "result", "exception", "acquire", "get", "wait_for"}
"""Methods that block; with a limit if they get an argument (`wait_for`: two)."""

POOLS: Final = {"ThreadPoolExecutor", "ProcessPoolExecutor"}
"""Classes whose end, as a context or by `shutdown`, waits for all of their calls."""

ALLOWED: Final = {
    "api/connection.py: self._in_first_loop.get": "a ContextVar",
    "api/connection.py: self._owned.get": "blocks no thread",
    "archive/behind.py: self._calls.get": "the thread of the calls",
    "archive/behind.py: self._thread.join": "the thread has ended",
    "archive/folders.py: pool.shutdown": "the flushes that run",
    "archive/follow.py: self._settled.wait": "the thread of the extraction",
    "archive/handover.py: self._changed.wait_for": "the thread that decompresses",
    "archive/receipt.py: pool.shutdown": "its threads look at an event that is set",
    "bulk/running.py: done.result": "of a future that is done",
    "cli/doctor/weights.py: thread.join": "a timer ends the threads",
    "cli/render/tables.py: drawn.get": "a capture of rich",
    "cli/render/progress_text.py: wait(now)": "the words for a wait",
    "clock.py: done.exception": "of a future that is done",
    "clock.py: future.result": "of a future that is done",
    "destinations/objects.py: self._uploads.wait": "waits in turns",
    "destinations/parallel.py: pool.shutdown": "its threads look at an event that is set",
    "destinations/uploads.py: future.exception": "uploads end soon after the cancellation, or have ended",
    "destinations/uploads.py: self._pool.shutdown": "the same",
    "leases.py: self._thread.join": "ends after at most one write",
    "registry/fetching.py: work.result": "of a future that is done",
    "registry/threads.py: self._calls.get": "the thread of the calls",
    "transfer/body.py: socket.socket.shutdown": "of a socket: does not block",
    "transfer/interruptible.py: done.exception": "of a future that is done",
    "transfer/interruptible.py: done.result": "of a future that is done",
    "transfer/interruptible.py: outcome.result": "of a future that is done",
    "transfer/keeper.py: self._flusher.join": "ends after at most one flush",
    "transfer/network/in_time.py: _current.get": "a ContextVar",
    "transfer/ring.py: self._changed.wait": "the thread of a connection",
}
"""Calls that a signal need not end, and why."""


def _unlimited(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) as method, args=args, keywords=[]) if name in WAITS:
                if len(args) == (name == "wait_for"):
                    yield ast.unparse(method)
            case ast.Call(func=ast.Name(id="wait"), args=[_], keywords=[]):
                yield ast.unparse(node)
            case ast.Call(func=ast.Attribute(attr="map", value=ast.Name(id="pool"))):
                yield ast.unparse(node.func)
            case ast.Call(func=ast.Attribute(attr="shutdown") as method, keywords=keywords) if not any(
                keyword.arg == "wait" for keyword in keywords
            ):
                yield ast.unparse(method)
            case ast.withitem(context_expr=ast.Call(func=ast.Name(id=name))) if name in POOLS:
                yield f"with {name}"


def test_every_wait_of_the_main_thread_has_a_limit() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {wait}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in EXEMPT
        for wait in _unlimited(ast.parse(path.read_text()))
    }

    assert found == ALLOWED.keys()
