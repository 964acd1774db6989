"""The result of a check. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from together_ext.text import printable, redacted, without_userinfo

LONGEST: Final = 400
"""Maximum number of characters of a text in a finding."""

_QUERY: Final = re.compile(r"(https?://[^\s?#]*)[?#]\S*", re.IGNORECASE)
"""An address with a query: that of a signed URL is a secret."""


class State(StrEnum):
    """The state of what was checked."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """The result of a check.

    Attributes:
        name: The check.
        state: Its result; `skipped` if it does not apply or something that it needs has failed.
        seen: What was found.
        advice: What to do; empty only if nothing needs to be done.
    """

    name: str
    state: State
    seen: str
    advice: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing needs to be done."""
        return self.state in {State.OK, State.SKIPPED}


_FOLDER: Final = "choose another folder with -o"
_VARIABLE: Final = "correct the variable, or unset it"

_ADVICE: Final = {
    "settings": _VARIABLE,
    "base URL": "correct TOGETHER_BASE_URL or --base-url",
    "API key": "set TOGETHER_API_KEY again",
    "proxy": _VARIABLE,
    "certificates": _VARIABLE,
    "job": "list the jobs of this API key: together-ext ft list",
    "destination": "correct this, or choose another destination with -o",
    "disk space": _FOLDER,
    "disk speed": _FOLDER,
    "locks": _FOLDER,
}
"""What to do if a check fails for a reason that it does not name itself."""


def failed(name: str, seen: str) -> Finding:
    """A check that failed, with the advice for any failure of it."""
    advice = _ADVICE.get(name, "try again later; if it fails again, report it with this output")
    return Finding(name, State.FAIL, seen, advice)


def skipped(name: str, why: str) -> Finding:
    """A check that was not run."""
    return Finding(name, State.SKIPPED, why)


def shareable(found: Finding, secrets: Iterable[str]) -> Finding:
    """A finding that can be published: without keys, passwords, and the queries of addresses."""
    secrets = tuple(secrets)
    return replace(found, seen=_shareable(found.seen, secrets), advice=_shareable(found.advice, secrets))


def _shareable(text: str, secrets: tuple[str, ...]) -> str:
    return printable(_QUERY.sub(r"\1?***", without_userinfo(redacted(text, secrets))), LONGEST)
