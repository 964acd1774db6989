"""What a download would find: the size of the remote file, its local path, and what exists there. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from together_ext.storage import storage_errors

from .mark import mark_of
from .options import Options
from .partial import Partial
from .session import Session
from .source import Remote
from .target import HEAD, Head, Target


@dataclass(frozen=True)
class Surveyed:
    """A remote file, and what exists of it.

    Attributes:
        path: The final path; None without a local file.
        size: The size of the remote file in bytes; None if the server does not send it.
        state: `complete`; `unverified` (a file of its size and beginning exists, which a download compares with the
            remote one); `resumable`; `new`; or `different` (another file exists at the final path).
        kept: Number of bytes that a download would not request again.
        head: The beginning of the remote file, which determines its format.
        etag: Its entity tag; None if it has none.
    """

    path: Path | None
    size: int | None
    state: Literal["complete", "unverified", "resumable", "new", "different"]
    kept: int
    head: Head
    etag: str | None


def survey(remote: Remote, target: Target | None, identity: Mapping[str, str], options: Options) -> Surveyed:
    """Request the first bytes of a remote file, as many as determine its format, and look at the local path.

    Args:
        remote: The remote file.
        target: The local file; None if only the remote file is wanted.
        identity: What identifies the request, as for `transfer`.
        options: How to transfer.

    Raises:
        ApiStatusError: The server refuses.
        TransferError: The network failed, or the response is invalid.
        TransferCancelledError: The caller stopped it.
    """
    session = Session(remote, options, keeps=False)
    with ExitStack() as stack:
        body, head = session.first(HEAD, stack)
        body.close()
    content, size = body.content, body.content.size
    if target is None:
        return Surveyed(None, size, "new", 0, head, content.validator.etag)
    path = target.path(head)
    found = partial(Surveyed, path, size, head=head, etag=content.validator.etag)
    if os.path.lexists(path) and not options.overwrite:
        if target.marked(remote.fingerprint) == (path, mark_of(remote.fingerprint, content)):
            return found("complete", size or 0)
        alike = size is not None and _begins(path, size, head.data)
        return found("unverified" if alike else "different", 0)
    kept = 0
    if content.partial and size is not None and content.validator.condition is not None:
        kept = Partial(path).kept(identity, size, content.validator.condition)
    return found("resumable" if kept else "new", kept)


def _begins(path: Path, size: int, data: bytes) -> bool:
    """Whether a file has this size and this beginning."""
    with storage_errors(path, "read"):
        if not path.is_file() or path.stat().st_size != size:
            return False
        with path.open("rb") as file:
            return file.read(len(data)) == data
