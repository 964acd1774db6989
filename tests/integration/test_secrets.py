"""The key is sent to the API only, and is not in a repr, a log, an error or a traceback."""

from __future__ import annotations

import copy
import gc
import json
import logging
import pickle
import traceback
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from together_ext import ApiError, ApiStatusError, ConfigurationError, Together, TogetherExtError
from together_ext.config import Settings
from together_ext.simulator import DOWNLOAD_PATH, DPO_JOB, LORA_JOB, Fault, Simulator
from together_generated import AuthenticatedClient

if TYPE_CHECKING:
    from tests.integration.conftest import RawServer, World

KEY = "tgp_v1_Ab+c/d=e&f<g>\"h'i%j"
"""With every character that JSON, URLs or HTML spell differently."""


@pytest.fixture
def keyed(world: World, sim: Simulator) -> Together:
    """A client with that key."""
    sim.close()
    sim.api_key = KEY
    sim.start()
    return world.client(api_key=KEY, base_url=sim.url)


def shows_the_key(text: str, key: str = KEY) -> bool:
    """Whether the key can be read there, or enough of it to guess the rest."""
    return key in text or key[7:17] in text


def everything(error: BaseException) -> str:
    """All that a program shows of an error: in a log, on a terminal, in another process."""
    pieces = ["".join(traceback.format_exception(error))]
    while True:
        pieces += [str(error), repr(error), repr(error.args), repr(vars(error))]
        if isinstance(error, TogetherExtError):
            again = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own
            pieces += [str(again), repr(again), repr(vars(again)), pickle.dumps(error).decode("latin-1")]
        if error.__suppress_context__ and error.__cause__ is None:
            return "\n".join(pieces)
        following = error.__cause__ or error.__context__
        if following is None:
            return "\n".join(pieces)
        error = following


SPELLINGS: list[Callable[[str], str]] = [
    lambda key: f"bad key {key}",
    lambda key: json.dumps({"error": {"message": f"bad key {key}"}}),
    lambda key: json.dumps({"error": f"bad key {key}"}).replace("/", "\\/"),
    lambda key: '{"error": "' + "".join(f"\\u{ord(char):04x}" for char in key) + '"}',
    lambda key: '{"error": "' + "".join(f"\\u{ord(char):04X}" for char in key) + '"}',
    lambda key: json.dumps(json.dumps({"error": key})),
    lambda key: f"unknown ?key={quote(key, safe='')}",
    lambda key: f"unknown ?key={quote(key)}",
    lambda key: key.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"),
    lambda key: "".join(f"&#{ord(char)};" for char in key),
    lambda key: "".join(f"&#x{ord(char):X};" for char in key),
    lambda key: "x" * 490 + key + "x" * 490,
    lambda key: "x" * 195 + key,
    lambda key: " " * 31_980 + key,
    lambda key: "\n" * 31_995 + key + "x" * 100_000,
    lambda key: key * 1000,
    lambda key: f"Authorization: Bearer {key}\r\n",
]


# httpx leaves its own generators behind when a body is not read to its end, which trio tells.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("spelling", SPELLINGS, ids=range(len(SPELLINGS)))
def test_a_key_that_the_server_repeats_is_redacted(
    keyed: Together, sim: Simulator, spelling: Callable[[str], str]
) -> None:
    sim.script(Fault(path="/fine", status=400, body=spelling(KEY).encode(), times=None))
    calls: list[Callable[[], object]] = [
        keyed.fine_tuning.list,
        lambda: keyed.fine_tuning.content(LORA_JOB, checkpoint="merged"),
        lambda: keyed.fine_tuning.download(LORA_JOB),
    ]
    for call in calls:
        with pytest.raises(ApiStatusError) as caught:
            call()
        text = everything(caught.value)
        assert not shows_the_key(text)
        assert "bad key ***" in text or "bad key" not in spelling(KEY)


@pytest.mark.parametrize("spelling", SPELLINGS[:6], ids=range(6))
def test_a_key_in_the_error_of_a_download_is_redacted(
    keyed: Together, sim: Simulator, folder: Path, spelling: Callable[[str], str]
) -> None:
    sim.script(Fault(status=403, body=spelling(KEY).encode(), headers={"x-request-id": "abc"}))
    with pytest.raises(ApiStatusError) as caught:
        keyed.fine_tuning.download(LORA_JOB)
    assert not shows_the_key(everything(caught.value))
    assert list(folder.iterdir()) == []


def test_a_key_in_a_request_id_is_redacted(keyed: Together, sim: Simulator) -> None:
    sim.script(Fault(path="/fine-tunes", status=500, headers={"x-request-id": f"for-{KEY}-1"}, times=2))
    with pytest.raises(ApiStatusError) as caught:
        keyed.fine_tuning.list()
    assert "for-***-1" in str(caught.value.request_id)
    assert not shows_the_key(everything(caught.value))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=200, body=f'{{"error": "bad key {KEY}"}}'.encode(), times=None),
        Fault(status=200, body=b"<html>", headers={"content-type": f"text/plain {KEY}"}, times=None),
        Fault(status=206, body=b"abc", headers={"content-range": f"bytes {KEY}"}, times=None),
        Fault(location=f"ftp://host/{KEY}", times=None),
    ],
    ids=["text", "type", "range", "address"],
)
def test_a_key_in_an_error_of_the_engine_is_redacted(
    keyed: Together, sim: Simulator, folder: Path, fault: Fault
) -> None:
    """The engine knows nothing of keys: it used to quote the text that came in place of an archive."""
    sim.script(fault)
    with pytest.raises(TogetherExtError) as caught:
        keyed.fine_tuning.download(LORA_JOB, output="file")
    assert not shows_the_key(everything(caught.value))
    assert list(folder.iterdir()) == []


def test_a_key_in_invalid_http_is_redacted(world: World, raw: RawServer) -> None:
    """The underlying error quotes the invalid line, so it must not be shown as the cause."""
    client = world.client(base_url=raw.url, api_key=KEY)
    for line in (f"Bearer {KEY}", KEY):
        raw.answer = f"HTTP/1.1 200 OK\r\n{line}\r\n\r\n".encode()
        with pytest.raises(ApiError) as caught:
            client.fine_tuning.list()
        with pytest.raises(ApiError) as streamed:
            client.fine_tuning.content(LORA_JOB, checkpoint="merged")
        assert not shows_the_key(everything(caught.value))
        assert not shows_the_key(everything(streamed.value))


@pytest.mark.parametrize(
    "body",
    [KEY.encode(), json.dumps({"data": KEY}).encode(), json.dumps([{KEY: KEY}]).encode(), b"\xff" + KEY.encode()],
)
def test_an_invalid_response_is_not_quoted(keyed: Together, sim: Simulator, body: bytes) -> None:
    sim.script(Fault(path="/fine-tunes", status=200, body=body))
    with pytest.raises(ApiError) as caught:
        keyed.fine_tuning.retrieve(LORA_JOB)
    assert not shows_the_key("".join(traceback.format_exception(caught.value)))
    assert not shows_the_key(repr(vars(caught.value)))


def test_keys_of_other_services_are_not_quoted_either(client: Together, sim: Simulator) -> None:
    """Servers repeat the request that they refuse."""
    wandb, hugging_face = "wandb-0123456789", "hf_abcdefgh"
    secrets = {"wandb_api_key": wandb, "hf_api_token": hugging_face}
    refusal = {"detail": [{"msg": "too many epochs", "input": {"n_epochs": 1000} | secrets}]}
    sim.script(Fault(path="/fine-tunes", method="POST", status=422, body=json.dumps(refusal).encode()))
    with pytest.raises(ApiStatusError, match="too many epochs") as caught:
        # Not the texts themselves: a traceback quotes this call.
        client.fine_tuning.create(
            training_file="f", model="m", n_epochs=1000, wandb_api_key=wandb, hf_api_token=hugging_face
        )
    text = everything(caught.value)
    assert wandb not in text
    assert hugging_face not in text


# Reprs and logs -------------------------------------------------------------------------------------------------------


def reachable(start: object) -> Iterator[object]:
    """All that an object refers to, directly or not, without leaving through modules, classes or functions."""
    seen: dict[int, object] = {}
    waiting = [start]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, types.ModuleType | type | types.FunctionType | types.FrameType):
            continue
        seen[id(found)] = found
        waiting += gc.get_referents(found)
        yield found


def test_no_repr_shows_the_key(keyed: Together, sim: Simulator) -> None:
    """Of nothing that the client is made of, down to the connections inside."""
    answer = keyed.fine_tuning.content(LORA_JOB)
    jobs = keyed.fine_tuning.list()
    real = getattr(keyed, "_client", keyed)
    packages = ("together_ext", "together_generated", "httpx", "httpcore")
    parts = [found for found in reachable(real) if type(found).__module__.split(".")[0] in packages]
    assert any(isinstance(found, Settings) for found in parts)
    for found in [*parts, keyed, answer, answer.request, answer.headers, answer.request.headers, jobs]:
        assert not shows_the_key(repr(found)), type(found)
    assert sim.requests


def test_the_address_of_a_download_has_no_key_in_it(keyed: Together, sim: Simulator, folder: Path) -> None:
    keyed.fine_tuning.download(LORA_JOB)
    for request in sim.requests:
        assert not shows_the_key(request.target)
        assert request.headers["authorization"] == f"Bearer {KEY}"
    assert [request.path for request in sim.requests if request.path == DOWNLOAD_PATH]
    assert not any(shows_the_key(path.read_text("latin-1")) for path in folder.iterdir())


def test_no_log_shows_the_key(keyed: Together, sim: Simulator, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At any level, of our own loggers and of those below."""
    caplog.set_level(logging.DEBUG)
    sim.add_archive(LORA_JOB, 300_000)
    keyed.fine_tuning.list()
    sim.script(Fault(path="/fine-tunes", status=200, body=json.dumps({"data": [KEY, {"id": 1, "step": KEY}]}).encode()))
    keyed.fine_tuning.list_checkpoints(LORA_JOB)
    sim.script(Fault(path="/fine-tunes", status=400, body=KEY.encode()))
    with pytest.raises(ApiError):
        keyed.fine_tuning.list_events(LORA_JOB)
    sim.script(Fault(reset=100_000))
    keyed.fine_tuning.download(LORA_JOB, connections=2)
    ours = [record for record in caplog.records if record.name.startswith(("together", "httpx"))]
    assert ours
    assert not any(shows_the_key(record.getMessage()) for record in ours)
    assert len(list(folder.iterdir())) == 1


def test_no_log_of_httpx_shows_a_signed_url(
    world: World, sim: Simulator, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An application may log what httpx logs: each request, also those to signed URLs."""
    caplog.set_level(logging.INFO)
    sim.redirect_downloads = True
    client = world.client(api_key=sim.api_key, base_url=sim.url)
    client.fine_tuning.download(LORA_JOB, output=folder)
    client.fine_tuning.download(DPO_JOB, output=folder, extract=True, source="registry")
    (folder / "train.jsonl").write_text('{"text": "one"}\n' * 8)
    client.files.upload(folder / "train.jsonl")
    said = [record.getMessage() for record in caplog.records if record.name == "httpx"]
    assert {"GET", "PUT"} <= {line.split()[2] for line in said if sim.storage.url in line}
    assert not [line for line in said if "signature" in line]


@pytest.mark.parametrize("spelling", [str, str.swapcase, "\x00".join, "\u200b\n".join, "\x1b".join])
def test_a_key_in_another_case_or_with_control_characters_in_it_is_not_quoted(
    keyed: Together, sim: Simulator, spelling: Callable[[str], str]
) -> None:
    sim.script(Fault(path="/fine-tunes", status=400, body=f"bad key {spelling(KEY)}".encode()))
    with pytest.raises(ApiStatusError, match=r"bad key \*\*\*\)") as caught:
        keyed.fine_tuning.list()
    assert not shows_the_key(everything(caught.value).replace(" ", "").swapcase())


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_settings_cannot_be_pickled_with_the_key(keyed: Together, copied: Callable[[object], object]) -> None:
    settings = getattr(keyed, "_client", keyed)._settings
    for found in (settings, getattr(keyed, "_client", keyed)):
        with pytest.raises(TypeError, match="pickle") as caught:
            copied(found)
        assert not shows_the_key(str(caught.value))


def test_the_typed_client_of_the_readme_shows_no_key_in_its_repr() -> None:
    client = AuthenticatedClient("https://host.example", KEY, headers={"x": KEY}, httpx_args={"auth": ("user", KEY)})
    client.get_httpx_client().close()
    for found in (client, client.with_headers({"y": KEY}), client.with_cookies({"session": KEY})):
        assert "AuthenticatedClient(" in repr(found)
        assert not shows_the_key(repr(found))


# Keys that are none ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["abc\ndef", "abc def", "abc\r\nX-Evil: 1", "abc\x00def", "abcdéf", "abc\tdef", "abc\u2028def", b"abcdef", 7]
)
def test_an_invalid_key_is_refused_without_being_shown(world: World, key: str) -> None:
    with pytest.raises(ConfigurationError, match="the API key") as caught:
        world.client(api_key=key)
    assert "abc" not in everything(caught.value)


def test_white_space_around_a_key_is_removed(world: World, sim: Simulator) -> None:
    assert world.client(api_key=f" {sim.api_key}\r\n").fine_tuning.list().data


@pytest.mark.parametrize("key", ["abc\ndef", "abc def"])
def test_a_key_in_the_environment_is_checked_too(world: World, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", key)
    with pytest.raises(ConfigurationError) as caught:
        world.client(api_key=None)
    assert "abc" not in everything(caught.value)


@pytest.mark.parametrize("url", [KEY, f"https://user:{KEY}@host", f"user:{KEY}@host", f"ftp://h/{KEY}"])
def test_a_key_given_as_the_base_url_is_not_shown(world: World, url: str) -> None:
    with pytest.raises(ConfigurationError, match="the base URL") as caught:
        world.client(base_url=url)
    assert not shows_the_key(everything(caught.value))
