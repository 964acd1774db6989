"""`TOGETHER_CUSTOM_HEADERS`: sent to the API only, and never shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from together_ext import ApiStatusError, ConfigurationError, Together
from together_ext.config import Settings
from together_ext.simulator import LORA_JOB, Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import Outcome, World

SECRET: Final = "gateway-token-0123456789"
VARIABLE: Final = "TOGETHER_CUSTOM_HEADERS"


@pytest.fixture
def client(world: World, monkeypatch: pytest.MonkeyPatch) -> Together:
    monkeypatch.setenv(VARIABLE, f"X-Gateway: Token {SECRET}\n\n user-agent : Mine \r\nX-Empty:\n")
    return world.client()


def test_the_api_alone_gets_them(client: Together, sim: Simulator, folder: Path) -> None:
    (folder / "train.jsonl").write_text('{"text": "x"}\n')
    sim.redirect_downloads = True
    client.files.upload("train.jsonl")
    client.fine_tuning.list()
    client.fine_tuning.download(LORA_JOB)
    with client.fine_tuning.with_streaming_response.content(ft_id=LORA_JOB) as response:
        response.read()
    sent = [(request.headers.get("x-gateway"), request.headers["user-agent"]) for request in sim.requests]
    assert set(sent) == {(f"Token {SECRET}", "Mine")}
    assert {request.headers["x-empty"] for request in sim.requests} == {""}
    stored = sim.storage_requests
    assert len(stored) >= 3
    assert not [one for one in stored if "x-gateway" in one.headers or "Mine" in one.headers["user-agent"]]


def test_they_are_in_no_error(client: Together, sim: Simulator) -> None:
    sim.script(Fault(path="/files", status=400, body=f"bad {SECRET}, Token {SECRET}".encode()))
    sim.script(Fault(status=400, body=f"bad {SECRET}".encode()))
    for call in (client.files.list, lambda: client.fine_tuning.download(LORA_JOB)):
        with pytest.raises(ApiStatusError, match="bad") as caught:
            call()
        assert SECRET not in f"{caught.value!r} {caught.value.args} {caught.value.body}"


def test_the_command_line_does_not_show_them(
    command: Callable[..., Outcome], sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f"X-Gateway: Token {SECRET}")
    sim.script(Fault(path="/files", status=400, body=f"bad {SECRET}".encode()))
    outcome = command("files", "list", "--verbose")
    assert ("bad" in outcome.err, SECRET in outcome.err) == (True, False)


def test_they_replace_our_own_headers() -> None:
    """As in the official SDK 3.1.1, where they replace those of the same name, also `Authorization`."""
    with Simulator(api_key="the-key-of-the-gateway") as sim, pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "authorization: Bearer the-key-of-the-gateway")
        with Together("another-key", sim.url) as client:
            assert client.fine_tuning.list().data


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (SECRET, "line 2 is not a header: expected 'Name: value'"),
        (f": {SECRET}", "line 2 is not a header"),
        (f"X Y: {SECRET}", "line 2 is not a header"),
        (f"X-Y: {SECRET}\r{SECRET}", "line 2 has a value with characters other than printable ASCII"),
        (f"X-Y: {SECRET}\N{BULLET}", "line 2 has a value"),
        (f"content-length: {SECRET}", "line 2 sets content-length, which each request sets itself"),
    ],
)
def test_an_invalid_line_is_refused_by_its_number_and_not_shown(line: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        Settings.resolve("k", environ={VARIABLE: f"X-A: b\n{line}"})
    assert SECRET not in str(caught.value)


def test_the_last_line_of_a_name_counts_and_none_is_in_the_repr() -> None:
    settings = Settings.resolve("k", environ={VARIABLE: f"X-A: b\nx-a: {SECRET}"})
    assert settings.headers == (("x-a", SECRET),)
    assert SECRET not in repr(settings)
