"""A job to create."""

from typing import Any


class FineTunesPostRequest(dict[str, Any]):
    """The keywords of `create`; checked when it is sent."""
