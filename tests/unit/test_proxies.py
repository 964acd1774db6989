"""Which proxy an address goes through, by the environment."""

from __future__ import annotations

import os

import httpx
import pytest

from together_ext.errors import ConfigurationError
from together_ext.transfer.network.proxies import Proxies

PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def goes_through(address: str) -> str | None:
    """The address of its proxy."""
    proxy = Proxies.of_environment().proxy_for(httpx.URL(address))
    return None if proxy is None else str(proxy.url)


@pytest.mark.parametrize(
    ("exceptions", "direct", "through"),
    [
        ("localhost", "http://localhost", "http://localhost.example"),
        ("localhost,127.0.0.1,[::1]", "http://[::1]:8000", "http://[::2]"),
        ("::1", "http://[::1]", "http://[::2]"),
        ("[::1]:8000", "http://[::1]:8000", "http://[::1]"),
        ("fe11::/16", "http://[fe11:22::33]", "http://[fe12::1]"),
        ("10.0.0.0/8", "http://10.1.2.3", "http://11.1.2.3"),
        ("10.1.2.3", "http://10.1.2.3", "http://10.1.2.30"),
        ("example.com", "http://example.com", "http://notexample.com"),
        ("example.com", "http://a.b.example.com", "http://example.com.org"),
        ("Example.COM.", "http://example.com", "http://example.org"),
        (".example.com", "http://a.example.com", "http://example.com"),
        ("*.example.com", "http://a.example.com", "http://example.com"),
        ("example.com:8080", "http://example.com:8080", "http://example.com"),
        ("example.com:443", "https://example.com", "http://example.com"),
        ("http://example.com", "http://example.com", "https://example.com"),
        ("https://", "https://example.com", "http://example.com"),
        ("a.example b.example", "http://b.example", "http://c.example"),
        (" , a.example ,,", "http://a.example", "http://b.example"),
        ("m\u00fcnchen.example", "http://xn--mnchen-3ya.example", "http://munchen.example"),
        ("xn--mnchen-3ya.example", "http://m\u00fcnchen.example", "http://munchen.example"),
    ],
)
def test_hosts_of_no_proxy_are_reached_directly(
    monkeypatch: pytest.MonkeyPatch, exceptions: str, direct: str, through: str
) -> None:
    monkeypatch.setenv("all_proxy", PROXY)
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert goes_through(direct) is None
    assert goes_through(through) == PROXY


def test_invalid_entries_do_not_affect_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", "[,:::,a:b:,[]:x,[]:1,http://[,\udcff,10.1.1.1/99,///,:,b.example")
    assert goes_through("http://a.example") == PROXY
    assert goes_through("http://b.example") is None


def test_a_star_means_every_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", "a.example, *")
    assert goes_through("http://b.example") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("proxy.example:3128", PROXY),
        ("  http://proxy.example:3128/ ", "http://proxy.example:3128/"),
        ("HTTP://proxy.example:3128", PROXY),
        ("https://proxy.example", "https://proxy.example"),
        ("socks://proxy.example:1080", "socks5://proxy.example:1080"),
        ("socks5h://proxy.example:1080", "socks5h://proxy.example:1080"),
        ("http://user:p@ss@proxy.example", "http://user:p%40ss@proxy.example"),
        ("   ", None),
        ("", None),
    ],
)
def test_the_usual_forms_of_an_address_are_read(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: str | None
) -> None:
    monkeypatch.setenv("HTTP_PROXY", value)
    assert goes_through("http://api.example") == expected


def test_the_variable_of_the_scheme_overrides_the_general_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://other.example")
    monkeypatch.setenv("https_proxy", PROXY)
    assert goes_through("https://api.example") == PROXY
    assert goes_through("http://api.example") == "socks5://other.example"


@pytest.mark.parametrize(
    "value",
    [
        "http://jdoe:S3cretPw#1@proxy.example:8080",
        "http://jdoe:S3cretPw/1@proxy.example:8080",
        "http://jdoe:S3cretPw?1@proxy.example:8080",
        "http://jdoe:1234#S3cretPw@proxy.example:8080",
        "http://jdoe:1234/S3cretPw@proxy.example:8080",
        "http://jdoe:S3cretPw@proxy.example:port",
        "http://jdoe:S3cretPw@",
        "http://jdoe:S3cretPw@proxy.example:0",
        "http://jdoe:S3cretPw@proxy.example:99999999",
        "jdoe:S3cretPw#1@proxy.example:8080",
        "http://jdoe:S3cretPw@[::1",
        "http://jdoe:S3cretPw@a\x01b",
        "http://jdoe:S3cretPw@\udcff",
        "foo://jdoe:S3cretPw@proxy.example",
        "jdoe:S3cretPw://1@proxy.example",
        "://jdoe:S3cretPw@proxy.example",
        "socks4://jdoe:S3cretPw@proxy.example",
    ],
)
def test_an_unusable_address_is_reported_by_its_variable_only(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    proxy = Proxies.of_environment().proxy_for(httpx.URL("https://api.example"))
    assert proxy is not None
    with pytest.raises(ConfigurationError, match=r"^HTTPS_PROXY (is not a valid proxy address|has the form)") as caught:
        str(proxy.url)
    assert "s3cretpw" not in f"{caught.value}{proxy!r}".lower()
    assert caught.value.__cause__ is None
