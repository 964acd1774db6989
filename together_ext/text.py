"""Untrusted text for people: on one line, without control characters and secrets. Imports nothing of the package."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final
from urllib.parse import unquote

NOTICE: Final = 25
"""Level of log records that the command line prints unless `--quiet` is given; below a warning."""

BODY_LIMIT: Final = 500
"""Maximum number of characters of a response that an error keeps."""

READ_LIMIT: Final = 16 << 10
"""Maximum number of bytes of a response that are read for an error."""

NAME_BYTES: Final = 200
"""UTF-8 bytes of a name that a file name keeps; the rest of the 255 is for suffixes."""

LEAST_SECRET: Final = 8
"""Minimum length of a secret that is hidden, in characters; hiding shorter ones would mask ordinary words."""

SHOWN: Final = 3
"""Maximum number of names in a message: enough to see which."""

_KEYS: Final = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
"""Endings of the names of environment variables whose values are secrets."""

_USER: Final = re.compile(r"(?<=://)[^\s/?#@]*@")
"""The user name and the password of a URL."""

_LONGEST_SPELLING: Final = 12
"""Maximum number of visible characters that one character of a secret is written with, as in `&amp;#x0041;`."""


def printable(text: str, limit: int = BODY_LIMIT) -> str:
    """Make untrusted text safe for a terminal.

    Args:
        text: The text.
        limit: Maximum number of characters; an ellipsis marks a cut.

    Returns:
        The text on one line, without control characters.
    """
    if len(text) <= limit and " " not in text and text.isprintable():
        return text  # the common case
    clean = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text by three asterisks.

    Secrets are also found in another letter case, with invisible characters inside, as JSON, a URL or HTML escapes
    them, and cut off by `printable`.

    Args:
        text: The text.
        secrets: The secrets; those of fewer than `LEAST_SECRET` characters are not hidden.

    Returns:
        The text without the secrets.
    """
    for secret in secrets:
        if len(secret.replace("\\", "")) >= LEAST_SECRET:
            text = "***".join(_split(text, secret))
            *cut, rest = text.split("…")
            text = "…".join([*(_without_beginning(part, secret) for part in cut), rest])
    return text


def without_userinfo(text: str) -> str:
    """Replace the user name and the password of every URL in a text by three asterisks."""
    return _USER.sub("***@", text)


def readable(body: bytes, secrets: Iterable[str]) -> str:
    """Decode the beginning of a response for an error message, without secrets, also if the limit cuts one in two.

    Args:
        body: The body of the response, or its beginning.
        secrets: The secrets to hide.

    Returns:
        The text of the first `READ_LIMIT` bytes.
    """
    secrets = tuple(secrets)
    text = body[:READ_LIMIT].decode("utf-8", "replace")
    if len(body) >= READ_LIMIT:
        visible = [place for place, char in enumerate(text) if "!" <= char <= "~"]
        least = _LONGEST_SPELLING * max(map(len, secrets), default=0)
        text = text[: visible[-least] if least < len(visible) else 0] if least else text
    return redacted(text, secrets)


def environment_secrets(environ: Mapping[str, str]) -> list[str]:
    """Find the secrets of an environment: keys, tokens, passwords, values of headers, and the credentials of proxies.

    Args:
        environ: The environment.

    Returns:
        The secrets, longest first, so that a part of another one is replaced after it.
    """
    found: set[str] = set()
    for name, value in environ.items():
        if name.upper().endswith(_KEYS):
            found.add(value.strip())
        elif name.upper().endswith("_HEADERS"):
            values = [line.partition(":")[2].strip() for line in value.splitlines()]
            found.update(part for one in values for part in (one, one.rpartition(" ")[2]))
        elif name.upper().endswith("_PROXY") and "@" in value:
            found.update(_user_and_password(value))
    return sorted(found - {""}, key=len, reverse=True)


def _user_and_password(address: str) -> Iterator[str]:
    """The credentials of a proxy's URL, and the pieces that an error may quote if they are parsed as another part."""
    user = address.rpartition("@")[0].partition("://")[2] or address.rpartition("@")[0]
    password = user.partition(":")[2]
    yield from (user, unquote(user), password, unquote(password), *re.split(r"[/?#@:]", password))


def _split(text: str, secret: str) -> Iterator[str]:
    """Split a text at each occurrence of a secret, however it is spelled.

    All ways to read the text are followed at once, which takes time in proportion to its length. A regular expression
    tries them one after the other: for hours, if the text was made for that.
    """
    # JSON puts backslashes before many characters: they count as invisible.
    letters = secret.replace("\\", "")
    signs = [sign.lower() for sign in letters]
    starts = {letters[0].upper(), signs[0], *_spellings()}
    # Of each later place, with how many characters of the secret read it is reached, and where the first one is.
    reached: dict[int, dict[int, int]] = {}
    done = 0
    for place, sign in enumerate(text):
        here = reached.pop(place, {})
        if place < done or not (here or sign in starts):
            continue
        here[0] = place
        for read, end in _readings(text, place):
            after = _after(here, read, signs)
            if len(signs) in after:
                yield text[done : after[len(signs)]]
                done = end
                reached.clear()
                break
            reached[end] = after | reached.get(end, {})
    yield text[done:]


def _after(here: Mapping[int, int], read: str, signs: Sequence[str]) -> dict[int, int]:
    """What is reached when a character was read: one more of the secret, or as much as before if it is invisible."""
    unseen = read in {"", "\\"} or not ("!" <= read <= "~" or read in signs)
    after = {count: start for count, start in here.items() if count and unseen}
    return after | {count + 1: start for count, start in here.items() if read == signs[count]}


def _readings(text: str, place: int) -> Iterator[tuple[str, int]]:
    """What the characters from a place on may stand for: a character in lower case, or "" if invisible; and the end."""
    yield text[place].lower(), place + 1
    for pattern, character in _spellings().get(text[place].lower(), ()):
        if found := pattern.match(text, place):
            yield character(found).lower(), found.end()


def _of_code(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _of_surrogates(found: re.Match[str]) -> str:
    return bytes.fromhex("".join(found.groups())).decode("utf-16-be")


def _of_bytes(found: re.Match[str]) -> str:
    return bytes.fromhex("".join(found.groups())).decode("utf-8", "replace")


def _of_entity(found: re.Match[str]) -> str:
    import html

    return html.unescape(f"&{found[1]}")


def _compiled(*patterns: str) -> list[re.Pattern[str]]:
    return [re.compile(pattern.replace("H", "[0-9a-f]"), re.IGNORECASE) for pattern in patterns]


def _utf8(percent: str) -> list[re.Pattern[str]]:
    more = f"{percent}([89ab]H)"
    leads = f"{percent}([0-7]H)", f"{percent}([cd]H)", f"{percent}(eH)", f"{percent}(f[0-7])"
    return _compiled(*(lead + count * more for count, lead in enumerate(leads)))


Spellings = Mapping[str, Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]]


@cache  # compiled after a failure only: it takes a twentieth of the time of `--help`
def _spellings() -> Spellings:
    """How a character may be spelled, by the first character of the spelling."""
    return {
        # A control sequence, which a terminal executes and does not show (ECMA-48, 5.3 and 5.4).
        "\x1b": [
            (re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"), lambda _: "")
        ],
        # JSON and Python, after the backslash.
        "u": [(pattern, _of_code) for pattern in _compiled("u(HHHH)", "u(000HHHHH)")]
        + [(pattern, _of_surrogates) for pattern in _compiled(r"u(d[89ab]HH)\\{1,4}u(d[c-f]HH)")],
        "x": [(pattern, _of_code) for pattern in _compiled("x(HH)")],
        # A URL, and a URL as a parameter of another one.
        "%": [(pattern, _of_bytes) for percent in ("%", "%25") for pattern in _utf8(percent)],
        # HTML, and HTML that was escaped twice.
        "&": [(pattern, _of_entity) for pattern in _compiled("&(#?[0-9a-z]{1,10};)", "&amp;(#?[0-9a-z]{1,10};)")],
    }


def _without_beginning(text: str, secret: str) -> str:
    for size in range(len(secret) - 1, LEAST_SECRET - 1, -1):
        if text[-size:].lower() == secret[:size].lower():
            return f"{text[:-size]}***"
    return text


def some_of(names: Sequence[str]) -> str:
    """The first names, for a message."""
    return ", ".join(printable(name, 100) for name in names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def file_name(text: str) -> str:
    """A text as one component of a path; empty if nothing of it is usable."""
    text = unicodedata.normalize("NFC", text).replace("/", "--").replace("\\", "--")
    text = "".join(char if char.isalnum() or char in "._-" else "-" for char in text)
    # Neither a hidden file nor something that the next command would take for an option.
    text = text.lstrip(".-")
    return text.encode("utf-8", "ignore")[:NAME_BYTES].decode("utf-8", "ignore")
