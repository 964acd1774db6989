"""Text of others: what is left of it when it is shown, and that no secret is."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from together_ext.text import (
    BODY_LIMIT,
    LEAST_SECRET,
    environment_secrets,
    printable,
    redacted,
    without_userinfo,
)


@given(text=st.text(), limit=st.integers(1, 60))
def test_printable_text_is_short_and_on_one_line(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    assert shown == shown.strip()
    assert printable(shown, limit) == shown


@given(text=st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=BODY_LIMIT))
def test_printable_text_is_unchanged(text: str) -> None:
    assert printable(text) == text


keys = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="*\\"), min_size=8, max_size=40)
SPELLED: list[Callable[[str], str]] = [
    str,
    json.dumps,
    lambda key: json.dumps(json.dumps(key)),
    lambda key: json.dumps(key).replace("/", "\\/"),
    lambda key: "".join(f"\\u{ord(char):04x}" for char in key),
    lambda key: quote(key, safe=""),
    quote,
    lambda key: "".join(f"&#{ord(char)};" for char in key),
]


@given(key=keys, before=st.text(max_size=20), after=st.text(max_size=20), spelled=st.sampled_from(SPELLED))
def test_a_secret_is_removed_however_it_is_spelled(
    key: str, before: str, after: str, spelled: Callable[[str], str]
) -> None:
    assume(key not in before + after)
    text = redacted(before + spelled(key) + after, [key])
    assert "***" in text
    assert key not in text
    assert spelled(key) not in text
    assert key not in text.replace("\\/", "/")


@given(text=st.text(), key=keys)
def test_text_without_the_secret_is_unchanged(text: str, key: str) -> None:
    assume(key[:3] not in text and "\\" not in text and "&" not in text and "%" not in text)
    assert redacted(text, [key, ""]) == text


def test_every_secret_is_removed() -> None:
    assert redacted("one-secret two one-secret three-secrets", ["one-secret", "three-secrets"]) == "*** two *** ***"


@given(
    key=keys,
    between=st.sampled_from(
        [
            "",
            "\0",
            "\x1b",
            "\r\n",
            "\u200b",
            "\u00ad\u2060",
            " ",
            "\\",
            "\x7f" * 100,
            "\x1b[m",
            "\x1b[38;5;1m",
            "\x1b]0;t\x07",
            "\x1b(B",
        ]
    ),
)
def test_a_secret_is_removed_in_any_case_and_with_invisible_characters(key: str, between: str) -> None:
    # A control sequence may begin with the last character of the key: then the rest of both stays.
    assume(key[-1] not in between)
    for changed in (key, key.upper(), key.lower(), key.swapcase()):
        assert redacted(f"the key {between.join(changed)}.", [key]) == "the key ***."


@pytest.mark.parametrize(
    "secret",
    ["pass w\u00f6rter", "\u00e9" * 9 + "x", "\\" * 9, "\\a" * 9, "user@domain\\name", "\u0130stanbul-\u00df\u1e9e"],
)
@pytest.mark.parametrize("spelled", SPELLED)
def test_a_secret_of_any_characters_is_removed(secret: str, spelled: Callable[[str], str]) -> None:
    if set(secret) != {"\\"}:
        assert "***" in redacted(f"the password {spelled(secret)}.", [secret])
    # Nor does it take long where it almost stands.
    for text in ("\u00e9" * 4000, "\\" * 4000, "\\a" * 2000, " " * 4000, "u00e9" * 2000):
        redacted(text, [secret])


@pytest.mark.parametrize("between", ["\x1b", "\x1b\\", "\\", "\x1b]", "\x1b[\\"])
@pytest.mark.parametrize("signs", ["\\[a", "0]\\t", "(B\\", "%25\\", "&amp;\\"])
def test_text_that_can_be_read_in_many_ways_is_read_once(between: str, signs: str) -> None:
    """The number of readings doubled with each character: a hostile response delayed the error for hours."""
    secret = "".join(signs[place * place % len(signs)] for place in range(120)) + "abcdefgh"
    assert redacted(between.join(secret[:-1]) + "!", [secret]) == between.join(secret[:-1]) + "!"
    if "]" not in between and "[" not in between:
        assert redacted(between.join(secret), [secret]).lstrip("\x1b\\") == "***"


@pytest.mark.parametrize(
    "spelled", ["\\ud83d\\ude00", "\\U0001f600", "%F0%9F%98%80", "%25F0%259F%2598%2580", "&#128512;"]
)
def test_a_secret_beyond_the_basic_plane_is_removed(spelled: str) -> None:
    assert redacted(f"password: pass-{spelled}-word", ["pass-\U0001f600-word"]) == "password: ***"


@pytest.mark.parametrize("size", range(1, LEAST_SECRET))
def test_text_shorter_than_a_secret_is_unchanged(size: int) -> None:
    """A key of one letter used to turn every message into asterisks."""
    text = "could not list the jobs: aaaaaaaaaaaa"
    assert redacted(text, ["a" * size, "e" * size]) == text


@pytest.mark.parametrize("size", range(LEAST_SECRET, 19))
def test_the_beginning_of_a_cut_secret_is_removed(size: int) -> None:
    secret = "0123456789abcdefghij"
    assert redacted(printable(f"a server says {secret}", 14 + size + 1), [secret]) == "a server says ***…"


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("TOGETHER_API_KEY", " tgp_v1_abcdefgh\n", "tgp_v1_abcdefgh"),
        ("hf_token", "hf_abcdefgh", "hf_abcdefgh"),
        ("HTTP_PROXY", "http://jdoe:S3cretPw#1@proxy.example:8080", "S3cretPw#1"),
        ("HTTP_PROXY", "http://jdoe:S3cretPw#1@proxy.example:8080", "S3cretPw"),
        ("https_proxy", "http://jdoe:S3cretPw/1@proxy.example:8080", "S3cretPw"),
        ("ALL_PROXY", "jdoe:S3cret%20Pw@proxy.example:8080", "S3cret Pw"),
        ("ALL_PROXY", "socks://jdoe:S3cret%20Pw@proxy.example:8080", "S3cret%20Pw"),
        ("FTP_PROXY", "http://jdoe:S3c@ret-Pw!@proxy.example:8080", "S3c@ret-Pw!"),
    ],
)
def test_secrets_of_the_environment_are_found(name: str, value: str, hidden: str) -> None:
    secrets = environment_secrets({name: value, "PATH": "/usr/bin", "NO_PROXY": "localhost", "EMPTY_TOKEN": ""})
    assert hidden in secrets
    assert redacted(f"Invalid port: {hidden!r}", secrets) == "Invalid port: '***'"
    assert "proxy.example" not in "".join(secrets)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no route to http://u:p@host/x", "no route to http://***@host/x"),
        ("socks5://token@host and http://other/@x", "socks5://***@host and http://other/@x"),
        ("mail me@host or see https://host/me@x", "mail me@host or see https://host/me@x"),
    ],
)
def test_addresses_are_shown_without_user_and_password(text: str, shown: str) -> None:
    assert without_userinfo(text) == shown
