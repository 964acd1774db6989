"""Where settings come from, and which are refused."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.config import (
    DEFAULT_BASE_URL,
    Settings,
    download_connections,
    download_limit_rate,
    normalized_base_url,
)
from together_ext.errors import ConfigurationError

NOTHING: dict[str, str] = {}


def test_the_defaults_are_those_of_the_service() -> None:
    settings = Settings.resolve(environ=NOTHING)
    assert settings == Settings(None, "https://api.together.ai/v1", 60.0, 2)


def test_the_environment_overrides_the_defaults() -> None:
    environ = {"TOGETHER_API_KEY": " key\n", "TOGETHER_BASE_URL": "http://host/"}
    assert Settings.resolve(environ=environ) == Settings("key", "http://host/v1", 60.0, 2)


def test_arguments_override_the_environment() -> None:
    environ = {"TOGETHER_API_KEY": "theirs", "TOGETHER_BASE_URL": "nonsense"}
    settings = Settings.resolve("mine", "http://mine", 1, 0, environ=environ)
    assert settings == Settings("mine", "http://mine/v1", 1.0, 0)


@pytest.mark.parametrize("empty", ["", " ", "\n"])
def test_an_empty_variable_is_ignored(empty: str) -> None:
    environ = {"TOGETHER_API_KEY": empty, "TOGETHER_BASE_URL": empty}
    assert Settings.resolve(environ=environ) == Settings.resolve(environ=NOTHING)


def test_an_empty_key_is_none_even_beside_a_variable() -> None:
    assert Settings.resolve("", environ={"TOGETHER_API_KEY": "theirs"}).api_key is None


@pytest.mark.parametrize("key", ["a b", "a\nb", "a\x00b", "é", "a\u200bb", b"ab", 5], ids=ascii)
def test_an_invalid_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigurationError, match="the API key") as caught:
        Settings.resolve(key, environ=NOTHING)
    assert "ab" not in str(caught.value).replace("bytes", "")
    assert not isinstance(key, str) or key not in str(caught.value)


def test_the_key_is_in_no_repr() -> None:
    assert "secret" not in repr(Settings.resolve("secret", environ=NOTHING))


@pytest.mark.parametrize("timeout", [0, -1, 0.0, math.nan, math.inf, 1e300, 10**400, True, None, "60", [60]], ids=repr)
def test_an_invalid_timeout_is_refused(timeout: float) -> None:
    """Infinity used to end in an OverflowError of the first call."""
    with pytest.raises(ConfigurationError, match=r"timeout is .*: expected a number of seconds above 0"):
        Settings.resolve(timeout=timeout, environ=NOTHING)


@pytest.mark.parametrize("timeout", [1, 0.001, 1e9])
def test_a_timeout_is_a_number_of_seconds(timeout: float) -> None:
    assert Settings.resolve(timeout=timeout, environ=NOTHING).timeout == timeout


@pytest.mark.parametrize("retries", [-1, 1.0, True, None, "2"], ids=repr)
def test_an_invalid_number_of_retries_is_refused(retries: int) -> None:
    with pytest.raises(ConfigurationError, match=r"max_retries is .*: expected a whole number from 0"):
        Settings.resolve(max_retries=retries, environ=NOTHING)


# The base URL ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://api.together.ai/v1", DEFAULT_BASE_URL),
        ("https://api.together.ai", DEFAULT_BASE_URL),
        ("https://api.together.ai/", DEFAULT_BASE_URL),
        ("https://api.together.ai/v1/", DEFAULT_BASE_URL),
        ("https://api.together.ai//v1//", DEFAULT_BASE_URL),
        (" https://api.together.ai/v1\n", DEFAULT_BASE_URL),
        ("HTTPS://api.together.xyz/v1", "https://api.together.xyz/v1"),
        ("http://localhost:8080", "http://localhost:8080/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("https://proxy.example/together/v1", "https://proxy.example/together/v1"),
        ("https://proxy.example/together/", "https://proxy.example/together/v1"),
        ("https://proxy.example/v10", "https://proxy.example/v10/v1"),
        ("https://my_host", "https://my_host/v1"),
        ("https://bücher.example", "https://bücher.example/v1"),
    ],
)
def test_a_base_url_ends_in_its_version(url: str, normal: str) -> None:
    assert normalized_base_url(url) == normal
    assert normalized_base_url(normal) == normal


BAD_URLS = [
    "",
    "v1",
    "api.together.ai",
    "//api.together.ai",
    "https:",
    "https://",
    "https:///v1",
    "https://:443",
    "ftp://host",
    "file:///etc/passwd",
    "https://host:0",
    "https://host:-1",
    "https://host:99999",
    "https://host:port",
    "https://user@host",
    "https://@host",
    "https://user:secret@host",
    "https://user:sec/ret@host",
    "user:secret@host",
    "https://user:secret@ho\u2100st",
    "https://host/v1?key=secret",
    "https://host/v1#secret",
    "https://[::1",
    "https://a..b",
    "https://" + "a" * 64 + ".example",
    "https://xn--a",
    "https://ho\x00st",
    "https://host/\x7f",
    "https://" + "a" * 100_000,
]


@pytest.mark.parametrize("url", BAD_URLS, ids=lambda url: ascii(url)[:40])
def test_an_invalid_base_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the base URL .*: expected an address such as") as caught:
        normalized_base_url(url)
    assert "sec" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("url", [5, b"https://host", ["https://host"], object()], ids=lambda url: type(url).__name__)
def test_a_base_url_is_text(url: str) -> None:
    with pytest.raises(ConfigurationError, match="the base URL is not an address"):
        Settings.resolve(base_url=url, environ=NOTHING)


@given(text=st.text() | st.text().map("https://".__add__))
def test_any_text_is_a_base_url_or_a_configuration_error(text: str) -> None:
    try:
        url = normalized_base_url(text)
    except ConfigurationError:
        return
    assert url.startswith(("http://", "https://"))
    assert url.endswith("/v1")
    assert normalized_base_url(url) == url


@pytest.mark.parametrize(
    ("argument", "variable", "expected"), [(None, None, 8), (None, "", 8), (None, "3", 3), (5, "3", 5), (64, "x", 64)]
)
def test_an_argument_overrides_the_variable_which_overrides_the_default(
    argument: int | None, variable: str | None, expected: int
) -> None:
    environ = {} if variable is None else {"TOGETHER_EXT_CONNECTIONS": variable}
    assert download_connections(argument, 8, environ=environ) == expected


@pytest.mark.parametrize(
    ("argument", "variable", "named"),
    [
        (0, "3", "connections is 0"),
        (65, None, "connections is 65"),
        (True, None, "connections is True"),
        (None, "many", "TOGETHER_EXT_CONNECTIONS is 'many'"),
        (None, "0", "TOGETHER_EXT_CONNECTIONS is '0'"),
        (None, "9" * 5000, "TOGETHER_EXT_CONNECTIONS is '999"),
    ],
)
def test_invalid_connections_are_refused_by_name(argument: int | None, variable: str | None, named: str) -> None:
    environ = {} if variable is None else {"TOGETHER_EXT_CONNECTIONS": variable}
    with pytest.raises(ConfigurationError, match=re.escape(named)):
        download_connections(argument, 8, environ=environ)


@pytest.mark.parametrize("argument", [None, 1000, 8e6])
def test_a_rate_limit_is_accepted_unchanged(argument: float | None) -> None:
    assert download_limit_rate(argument) == argument


@pytest.mark.parametrize("argument", [0, -1, 999, math.inf, math.nan, True, "8M"])
def test_an_invalid_rate_limit_is_refused(argument: float) -> None:
    with pytest.raises(ConfigurationError, match="limit_rate is"):
        download_limit_rate(argument)
