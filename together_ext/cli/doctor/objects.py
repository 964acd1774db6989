"""The check of an object store that downloads are saved in: a write test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from together_ext.destinations.store import Store
from together_ext.destinations.urls import Location
from together_ext.errors import TransferInterruptedError

from .findings import Finding, State

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
