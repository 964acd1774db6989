"""The checks of an object store that downloads are saved in: a write test, and what killed uploads have left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from together_ext.cli.render.amounts import counted
from together_ext.destinations.incomplete import incomplete_uploads
from together_ext.destinations.store import Store
from together_ext.destinations.urls import Location
from together_ext.errors import TransferInterruptedError
from together_ext.text import SHOWN, printable

from .findings import Finding, State, skipped

PATIENCE: Final = 6.0
"""Maximum number of seconds of all attempts of a request: a check has 20 seconds."""


@dataclass(frozen=True)
class Bucket:
    """Where downloads are saved.

    Attributes:
        location: The bucket, and the prefix in it.
        options: Settings of the store, as `--storage-option` gives them.
    """

    location: Location
    options: Mapping[str, str] | None = field(default=None, repr=False)


def uploads(bucket: Bucket) -> Finding:
    """Whether killed uploads have left parts, which the store keeps and charges for."""
    found = incomplete_uploads(Store(bucket.location, bucket.options, patience=PATIENCE), timeout=PATIENCE)
    if found is None:
        return skipped("incomplete uploads", f"{bucket.location} does not list them")
    if not found:
        return Finding("incomplete uploads", State.OK, f"no incomplete multipart uploads below {bucket.location}")
    oldest = sorted(found, key=lambda one: one.begun)[:SHOWN]
    shown = ", ".join(f"{printable(one.key, 100)} of {one.begun or 'an unknown time'}" for one in oldest)
    more = ", ..." if len(found) > SHOWN else ""
    return Finding(
        "incomplete uploads",
        State.WARN,
        f"{counted(len(found), 'multipart upload is', 'multipart uploads are')} incomplete: {shown}{more}",
        "if no upload runs, abort them (aws s3api abort-multipart-upload), and set a lifecycle rule that does",
    )


def writable(bucket: Bucket) -> Finding:
    """Whether objects can be written and removed, by the write test of a download.

    Raises:
        TogetherExtError: They cannot, and why.
    """
    store = Store(bucket.location, bucket.options, patience=PATIENCE)
    try:
        store.try_writing()
    except TransferInterruptedError as error:
        # Its way out is for a download: to resume.
        problem = str(error).rpartition(";")[0]
        advice = "check the network, and the endpoint and the region of the store (--storage-option)"
        return Finding("destination", State.FAIL, problem, advice)
    return Finding("destination", State.OK, f"{bucket.location} is writable: an object was written and removed")
