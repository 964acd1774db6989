"""The work of one connection: claim a segment, request it, write its bytes."""

from __future__ import annotations

import logging

from .board import Board
from .body import Body
from .failures import DroppedError, PassingError, cut_short
from .plan import Segment
from .responses import RemoteChangeError, check_same
from .sink import Sink

log = logging.getLogger("together_ext.transfer")


def work(board: Board, segment: Segment | None, first: Body | None) -> None:
    """Download segments until none is left: the target of a worker thread.

    Args:
        board: The state that the workers share.
        segment: The first segment, if it is already claimed; else None.
        first: An open body that starts at that segment; else None.
    """
    failure: BaseException | None = None
    try:
        sink = board.sink()
        while (segment := segment or board.claim()) is not None:
            try:
                body, first = first, None
                _fetch(board, segment, sink, body)
            except DroppedError:
                log.info("a connection was too slow; its remainder is downloaded over another one")
            except PassingError as error:
                board.persistence.tolerate(error, board.budget, done=board.status()[0])
            finally:
                board.release(segment)
            segment = None
    except BaseException as error:  # noqa: BLE001 -- raised again in the waiting thread
        failure = error
    finally:
        board.leave(failure)


def _fetch(board: Board, segment: Segment, sink: Sink, body: Body | None) -> None:
    while segment.left:
        if body is None:
            board.persistence.gate.pass_through()
            body = board.remote.open(segment.position, segment.stop, condition=board.content.validator.condition)
        with body:
            check_same(board.content, body.content, start=segment.position)
            board.connections.add(body, segment)
            try:
                _copy(board, segment, sink, body)
            finally:
                board.connections.remove(body)
        body = None


def _copy(board: Board, segment: Segment, sink: Sink, body: Body) -> None:
    """Copy a body to the sink until the body or the segment ends."""
    stop = body.content.stop
    if stop is None:
        raise RemoteChangeError("the remote file no longer has a known length")
    body.portion = portion = board.portion
    while (wanted := min(segment.stop, stop) - segment.position) > 0:
        buffer = sink.buffer(segment.position, min(wanted, portion))
        count = body.fill(buffer, board.stop)
        if count == 0:
            raise cut_short(segment.position - body.content.start, stop - body.content.start)
        # Without the lock: if another connection has taken over the second half meanwhile, it takes the same bytes.
        sink.accept(buffer[:count], segment.position)
        if not board.advance(segment, count):
            return
        board.throttle.take(count)
