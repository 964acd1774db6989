"""Files, chat and endpoints, in three worlds and on the command line."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from together_ext import (
    ApiConnectionError,
    ApiResponseError,
    MissingPathError,
    NotFoundError,
    RuleError,
    StorageError,
    TargetExistsError,
    Together,
    TrainingFileError,
)
from together_ext.simulator import LORA_JOB, Fault, Simulator
from together_generated import models

if TYPE_CHECKING:
    from tests.integration.conftest import Outcome, RawServer, World

Command = Callable[..., "Outcome"]
LINE = b'{"text": "Once upon a time"}\n'
MODEL = "acme-research/Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d"
HARDWARE = "1x_nvidia_h100_80gb_sxm"
HELLO = [{"role": "user", "content": "Hello!"}]


def _answer(encoding: str, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-encoding: %s\r\ncontent-length: %d\r\n\r\n%s" % (
        encoding.encode(),
        len(body),
        body,
    )


class Terminal(io.StringIO):
    """A user who confirms."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def data(folder: Path) -> Path:
    path = folder / "train.jsonl"
    path.write_bytes(LINE * 100)
    return path


class TestFiles:
    def test_a_file_is_uploaded_and_downloaded(self, client: Together, data: Path) -> None:
        found = client.files.upload(data)
        assert (found.filename, found.bytes_, found.file_type, found.purpose) == (
            "train.jsonl",
            2900,
            "jsonl",
            "fine-tune",
        )
        assert client.files.content(found.id) == data.read_bytes()
        assert client.files.retrieve(found.id).id == found.id
        assert found.id in [file.id for file in client.files.list().data]
        assert client.files.delete(found.id).deleted is True
        with pytest.raises(NotFoundError):
            client.files.retrieve(found.id)

    def test_a_file_that_contains_a_boundary_is_uploaded_completely(self, client: Together, folder: Path) -> None:
        path = folder / "odd.csv"
        path.write_bytes(b"a,b\r\n--+++\r\nContent-Disposition: form-data\r\n\r\n--+++--\r\n" + bytes(range(256)))
        assert client.files.content(client.files.upload(path).id) == path.read_bytes()

    def test_a_file_is_downloaded_once(self, client: Together, data: Path, folder: Path, sim: Simulator) -> None:
        found = client.files.upload(data)
        result = client.files.download(found.id, "made/again.jsonl")
        assert (result.path, result.size) == (folder / "made" / "again.jsonl", 2900)
        assert result.path.read_bytes() == data.read_bytes()
        assert client.files.download(found.id, Path("made/again.jsonl")).found
        assert [path.name for path in result.path.parent.iterdir()] == ["again.jsonl"]
        assert {request.headers["authorization"] for request in sim.requests} == {f"Bearer {sim.api_key}"}

    def test_a_file_that_is_cut_on_its_way_is_downloaded_whole(
        self, client: Together, data: Path, sim: Simulator
    ) -> None:
        found = client.files.upload(data)
        sim.script(Fault(path="/files/", cut=1000))
        assert client.files.download(found.id, "again.jsonl").path.read_bytes() == data.read_bytes()

    def test_a_different_file_is_replaced_only_if_allowed(self, client: Together, data: Path) -> None:
        other = client.files.list().data[0].id
        before = data.read_bytes()
        with pytest.raises(TargetExistsError):
            client.files.download(other, data)
        assert data.read_bytes() == before
        assert client.files.download(other, data, overwrite=True).size == data.stat().st_size != len(before)

    @pytest.mark.parametrize("output", [None, "", "a\0b", 5])
    def test_an_invalid_output_is_refused_before_any_request(
        self,
        client: Together,
        sim: Simulator,
        output: Any,  # noqa: ANN401
    ) -> None:
        with pytest.raises(RuleError, match="output is"):
            client.files.download("file-1", output)
        assert sim.requests == []

    def test_a_file_too_large_for_memory_refers_to_download(self, world: World, raw: RawServer) -> None:
        raw.answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (1 << 40)
        with pytest.raises(ApiResponseError, match=r"`files\.download` has no limit.* exceeds the limit of 1024 MiB"):
            world.client(base_url=raw.url).files.content("file-1")

    def test_a_file_can_be_read_while_it_arrives(self, client: Together, data: Path) -> None:
        found = client.files.upload(data)
        with client.files.with_streaming_response.content(found.id) as response:
            assert b"".join(response.iter_bytes()) == data.read_bytes()

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (b"HTTP/1.0 200 OK\r\n\r\nhalf of the fi", "truncated file would not be noticed"),
            (b"HTTP/1.1 206 X\r\ncontent-range: bytes 0-3/9\r\ncontent-length: 4\r\n\r\npart", "sent a part"),
            (_answer("gzip", gzip.compress(LINE * 9)[:-9]), "is truncated"),
            (_answer("gzip, gzip", gzip.compress(gzip.compress(bytes(1 << 28)))), "compressed 2 times"),
        ],
        ids=["without-an-end", "a-part", "truncated-gzip", "compressed-twice"],
    )
    def test_a_file_that_may_be_truncated_is_refused(
        self, world: World, raw: RawServer, answer: bytes, reason: str
    ) -> None:
        """They used to be taken for the whole file, or to take all memory."""
        raw.answer = answer
        client = world.client(base_url=raw.url)
        with pytest.raises((ApiResponseError, ApiConnectionError), match=reason):
            client.files.content("file-1")
        with (
            pytest.raises((ApiResponseError, ApiConnectionError), match=reason),
            client.files.with_streaming_response.content("file-1") as response,
        ):
            list(response.iter_bytes())

    def test_a_compressed_file_is_decompressed_while_it_arrives(self, world: World, raw: RawServer) -> None:
        raw.answer = _answer("gzip", gzip.compress(LINE * 9))
        client = world.client(base_url=raw.url)
        with client.files.with_streaming_response.content("file-1") as response:
            assert response.read() == LINE * 9 == client.files.content("file-1")
            assert "content-encoding" not in response.headers

    @pytest.mark.parametrize("name", ["x.parquet", "x.CSV"])
    def test_only_jsonl_files_are_checked(self, client: Together, folder: Path, name: str) -> None:
        (folder / name).write_bytes(b"PAR1\x00")
        assert client.files.upload(folder / name).bytes_ == 5

    def test_an_invalid_line_is_refused_before_any_request(self, client: Together, data: Path, sim: Simulator) -> None:
        data.write_bytes(LINE * 3 + b"oops\n")
        with pytest.raises(TrainingFileError, match="line 4 is not JSON"):
            client.files.upload(data)
        assert sim.requests == []
        assert client.files.upload(data, check=False).bytes_ == 92
        assert client.files.upload(data, purpose="eval").purpose == "eval"

    @pytest.mark.parametrize(
        ("name", "content", "error"),
        [
            ("empty.jsonl", b"", RuleError),
            ("notes.txt", b"x", RuleError),
            ("folder.jsonl", None, RuleError),
            ("nothing.jsonl", ..., MissingPathError),
        ],
    )
    def test_an_unsuitable_file_is_refused_before_any_request(
        self, client: Together, folder: Path, sim: Simulator, name: str, content: object, error: type[Exception]
    ) -> None:
        if content is None:
            (folder / name).mkdir()
        elif isinstance(content, bytes):
            (folder / name).write_bytes(content)
        with pytest.raises(error):
            client.files.upload(folder / name)
        assert sim.requests == []

    @pytest.mark.parametrize("file", [None, 5, "", "a\0.jsonl", "~nobody-of-that-name/train.jsonl"])
    def test_an_invalid_path_is_refused(self, client: Together, sim: Simulator, file: Any) -> None:  # noqa: ANN401
        with pytest.raises((RuleError, MissingPathError)):
            client.files.upload(file)
        assert sim.requests == []

    def test_a_pipe_is_refused_without_waiting_for_a_writer(
        self, client: Together, folder: Path, sim: Simulator
    ) -> None:
        os.mkfifo(folder / "pipe.jsonl")
        with pytest.raises(RuleError, match="is a pipe or a device"):
            client.files.upload(folder / "pipe.jsonl")
        assert sim.requests == []

    def test_a_file_that_cannot_be_opened_is_reported_with_the_reason(
        self, client: Together, folder: Path, sim: Simulator
    ) -> None:
        (folder / "loop.jsonl").symlink_to("loop.jsonl")
        with pytest.raises(StorageError, match=r"could not read .*loop\.jsonl: too many levels"):
            client.files.upload(folder / "loop.jsonl")
        assert sim.requests == []

    def test_the_name_of_a_file_cannot_control_the_terminal(self, client: Together, folder: Path) -> None:
        (folder / "\x1b[2J.jsonl").touch()
        with pytest.raises(RuleError) as caught:
            client.files.upload(folder / "\x1b[2J.jsonl")
        assert str(caught.value).isprintable()

    def test_a_file_name_in_another_encoding_is_uploaded(self, client: Together, folder: Path) -> None:
        path = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jsonl"))
        path.write_bytes(LINE)
        assert client.files.upload(path).filename == "caf\N{REPLACEMENT CHARACTER}.jsonl"

    @pytest.mark.parametrize("content", [LINE, LINE * 101, b"x" * len(LINE * 100)], ids=["shorter", "longer", "other"])
    def test_a_file_that_changes_during_the_upload_is_reported_as_such(
        self, world: World, data: Path, content: bytes
    ) -> None:
        def change(_request: object) -> None:
            data.write_bytes(content)
            os.utime(data, (1, 1))  # a clock of a few milliseconds may not have moved on

        client = world.client(http_client=world.http_client(transport=world.transport(change)), max_retries=2)
        before = world.client().files.list().data
        with pytest.raises(StorageError, match=r"train\.jsonl changed during the upload"):
            client.files.upload(data)
        assert world.client().files.list().data == before

    @pytest.mark.off_contract  # openapi.yaml lists the purposes of today
    @pytest.mark.parametrize("older", [False, True])
    def test_an_unknown_purpose_is_left_to_the_server(
        self, *, older: bool, client: Together, data: Path, sim: Simulator, caplog: pytest.LogCaptureFixture
    ) -> None:
        if older:  # one that gets the file in one request
            sim.script(Fault(path="/files", method="POST", status=404))
        found = client.files.upload(data, purpose="evals")  # type: ignore[arg-type]  # what is tested
        assert found.purpose == "evals"
        assert "the API documents fine-tune, eval and batch-api" in caplog.text

    @pytest.mark.parametrize("purpose", ["", "two words", "fun\n", "x" * 101, 7, None])
    def test_a_purpose_that_is_not_a_word_is_refused(
        self, purpose: str, client: Together, data: Path, sim: Simulator
    ) -> None:
        with pytest.raises(RuleError, match=r"invalid purpose .*: expected a word, such as fine-tune"):
            client.files.upload(data, purpose=purpose)  # type: ignore[arg-type]  # what is tested
        assert sim.requests == []

    @pytest.mark.parametrize("body", [b"{}", b'{"data": null}', b'{"data": [{"id": 1}, null, {"bytes": "x"}]}'])
    def test_invalid_lists_are_empty_lists(self, client: Together, sim: Simulator, body: bytes) -> None:
        for path in ("/files", "/endpoints", "/hardware"):
            sim.script(Fault(path=path, status=200, body=body))
        assert isinstance(client.files.list().data, list)
        assert isinstance(client.endpoints.list().data, list)
        assert isinstance(client.endpoints.list_hardware().data, list)

    @pytest.mark.parametrize("name", ["", "file-", "x", "file-a/b", "file-a:1", "file-\x1b", None])
    def test_an_invalid_id_is_refused_before_any_request(self, client: Together, sim: Simulator, name: Any) -> None:  # noqa: ANN401
        for method in (client.files.retrieve, client.files.delete, client.files.content, client.endpoints.retrieve):
            with pytest.raises(RuleError, match="is not an ID"):
                method(name)
        with pytest.raises(RuleError, match="is not an ID"):
            client.files.download(name, "x.jsonl")
        with pytest.raises(RuleError, match="is not an ID"), client.files.with_streaming_response.content(name):
            pass
        assert sim.requests == []


class TestChat:
    def test_a_fine_tuned_model_responds(self, client: Together, sim: Simulator) -> None:
        found = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hello!"}], max_tokens=5, temperature=None
        )
        assert isinstance(found.choices, list)
        choice = found.choices[0]
        assert isinstance(choice.message, models.ChatMessage)
        assert choice.message.content == "You said: Hello!"
        assert json.loads(sim.requests[-1].body) == {
            "model": MODEL,
            "messages": [{"role": "user", "content": "Hello!"}],
            "max_tokens": 5,
        }

    def test_an_unknown_model_is_an_error(self, client: Together) -> None:
        with pytest.raises(NotFoundError, match="Unable to access model"):
            client.chat.completions.create(model="none", messages=[{"role": "user", "content": "Hello!"}])

    @pytest.mark.parametrize(
        "given",
        [{"model": ""}, {"messages": []}, {"messages": [{"content": "x"}]}, {"messages": ["x"]}, {"stream": "yes"}],
    )
    def test_invalid_arguments_are_refused_before_any_request(
        self, client: Together, sim: Simulator, given: dict[str, Any]
    ) -> None:
        with pytest.raises(RuleError):
            client.chat.completions.create(**{"model": MODEL, "messages": [{"role": "user", "content": "x"}], **given})
        with pytest.raises(TypeError, match="tempreature"):
            client.chat.completions.create(model=MODEL, messages=[{"role": "user"}], tempreature=1)  # type: ignore[call-overload]
        assert sim.requests == []

    @pytest.mark.parametrize(
        "given",
        [
            {"messages": [{"role": "user", "content": b"x"}]},
            {"messages": [{"role": "user", "content": "\udcff"}]},
            {"temperature": float("nan")},
            {"response_format": "json"},
            {"tools": {"type": "function"}},
            {"tools": ["function"]},
            {"messages": 5},
        ],
        ids=str,
    )
    def test_a_request_that_cannot_be_serialized_is_a_rule_error(
        self, client: Together, sim: Simulator, given: dict[str, Any]
    ) -> None:
        with pytest.raises(RuleError):
            client.chat.completions.create(**{"model": MODEL, "messages": HELLO, **given})
        assert sim.requests == []

    def test_messages_can_be_an_iterator(self, client: Together) -> None:
        found = client.chat.completions.create(model=MODEL, messages=(one for one in HELLO))  # type: ignore[call-overload]
        assert found.choices

    def test_a_request_that_cannot_be_serialized_is_not_quoted(self, client: Together) -> None:
        with pytest.raises(RuleError, match="the arguments cannot be sent") as caught:
            client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "private\udcff"}])
        assert "private" not in str(caught.value)
        assert caught.value.__cause__ is None


class TestEndpoints:
    def test_an_endpoint_is_created_updated_and_deleted(self, client: Together) -> None:
        made = client.endpoints.create(
            display_name="Fine-tuned Model",
            model=MODEL,
            hardware=HARDWARE,
            autoscaling={"min_replicas": 1, "max_replicas": 2},
        )
        assert (made.state, made.display_name, made.model) == ("PENDING", "Fine-tuned Model", MODEL)
        assert [client.endpoints.retrieve(made.id).state for _ in range(3)] == ["STARTING", "STARTED", "STARTED"]
        answer = client.chat.completions.create(model=str(made.name), messages=[{"role": "user", "content": "Hi"}])
        assert answer.model == made.name
        assert client.endpoints.update(made.id, state="STOPPED", inactive_timeout=0).state == "STOPPING"
        assert client.endpoints.retrieve(made.id).state == "STOPPED"
        assert [found.id for found in client.endpoints.list(mine=True).data] == [made.id]
        client.endpoints.delete(made.id)
        with pytest.raises(NotFoundError):
            client.endpoints.retrieve(made.id)

    def test_only_what_was_given_is_sent(self, client: Together, sim: Simulator) -> None:
        made = client.endpoints.create(model=MODEL, hardware=HARDWARE, state="STOPPED")
        assert json.loads(sim.requests[-1].body) == {
            "model": MODEL,
            "hardware": HARDWARE,
            "autoscaling": {"min_replicas": 1, "max_replicas": 1},
            "state": "STOPPED",
        }
        client.endpoints.update(made.id, autoscaling=models.Autoscaling(0, 3))
        assert json.loads(sim.requests[-1].body) == {"autoscaling": {"min_replicas": 0, "max_replicas": 3}}

    def test_hardware_has_a_price(self, client: Together) -> None:
        found = client.endpoints.list_hardware(model=MODEL).data
        assert [one.id for one in found] == [HARDWARE, "4x_nvidia_h100_80gb_sxm"]
        assert isinstance(found[0].pricing, models.HardwarePricing)
        assert found[0].pricing.cents_per_minute == 5.6

    @pytest.mark.parametrize(
        "given",
        [
            {"model": ""},
            {"hardware": None},
            {"autoscaling": {"min_replicas": 2, "max_replicas": 1}},
            {"autoscaling": {"min": 1}},
            {"autoscaling": {"min_replicas": 1, "max_replicas": 1, "more": 1}},
            {"autoscaling": {"min_replicas": True, "max_replicas": True}},
            {"autoscaling": models.Autoscaling(2, 1)},
            {"autoscaling": [1, 2]},
            {"state": "RUNNING"},
            {"state": []},
            {"inactive_timeout": -1},
        ],
    )
    def test_invalid_arguments_are_refused_before_any_request(
        self, client: Together, sim: Simulator, given: dict[str, Any]
    ) -> None:
        with pytest.raises(RuleError):
            client.endpoints.create(**{"model": MODEL, "hardware": HARDWARE, **given})
        with pytest.raises(RuleError, match="no setting is given"):
            client.endpoints.update("endpoint-1")
        assert sim.requests == []

    def test_an_unconfirmed_creation_warns_of_a_second_charge(self, world: World, raw: RawServer) -> None:
        client = world.client(base_url=raw.url)
        with pytest.raises(
            ApiConnectionError, match="the endpoint may have been created, which costs money: list the endpoints before"
        ):
            client.endpoints.create(model=MODEL, hardware=HARDWARE)
        with pytest.raises(
            ApiConnectionError, match="the job may have been created, which costs money: list the jobs before"
        ):
            client.fine_tuning.create(training_file="file-1", model=MODEL, lora=False)

    def test_a_failed_connection_creates_nothing(self, world: World, raw: RawServer) -> None:
        raw.server.close()
        with pytest.raises(ApiConnectionError) as caught:
            world.client(base_url=raw.url).endpoints.create(model=MODEL, hardware=HARDWARE)
        assert "may be there" not in str(caught.value)


# The command line -----------------------------------------------------------------------------------------------------


class TestCommands:
    def test_files_are_uploaded_and_downloaded(self, command: Command, data: Path, folder: Path) -> None:
        file_id = command("files", "upload", str(data), "-q").out.strip()
        assert command("files", "retrieve", file_id, "--json").json["bytes"] == 2900
        assert f"{file_id}\t2.90 kB\t" in command("files", "list").out
        assert command("files", "content", file_id, "--output", "again.jsonl").code == 0
        assert (folder / "again.jsonl").read_bytes() == data.read_bytes()
        assert command("files", "content", file_id, "--output", "again.jsonl").code == 0
        (folder / "again.jsonl").write_bytes(b"changed")
        outcome = command("files", "content", file_id, "--output", "again.jsonl")
        assert (outcome.code, (folder / "again.jsonl").read_bytes()) == (7, b"changed")
        assert outcome.err.endswith("exists and differs from the remote file: move it or choose another path\n")
        assert command("files", "delete", file_id).code == 2
        assert command("files", "delete", file_id, "--yes").code == 0
        assert command("files", "retrieve", file_id).code == 4

    def test_the_output_folder_of_a_file_is_created_and_nothing_is_replaced(
        self, command: Command, folder: Path, client: Together
    ) -> None:
        (folder / ".new.jsonl.part").write_text("mine")
        (folder / "link.jsonl").symlink_to("nowhere")
        file_id = client.files.list().data[0].id
        assert command("files", "content", file_id, "--output", "made/new.jsonl").code == 0
        assert command("files", "content", file_id, "--output", "new.jsonl").code == 0
        for output, code in (("", 2), ("made/", 2), ("..", 7), ("made", 7), ("link.jsonl", 7)):
            assert command("files", "content", file_id, "--output", output).code == code
        assert (folder / ".new.jsonl.part").read_text() == "mine"
        assert [path.name for path in (folder / "made").iterdir()] == ["new.jsonl"]
        assert (folder / "link.jsonl").is_symlink()

    @pytest.mark.parametrize("options", [["--output", "big.jsonl"], []])
    def test_the_content_of_a_file_is_never_in_memory(self, folder: Path, raw: RawServer, options: list[str]) -> None:
        body = LINE * ((128 << 20) // len(LINE))
        raw.answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        code = (
            "import sys\nfrom together_ext.cli import main\ncode = main(sys.argv[1:])\n"
            "peak = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
            "print(*peak, file=sys.stderr)\nsys.exit(code)"
        )
        environment = os.environ | {"TOGETHER_API_KEY": "key-of-the-api", "TOGETHER_BASE_URL": raw.url}
        with (folder / "stdout").open("wb") as stdout:
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-c", code, "files", "content", "file-1", "--quiet", *options],
                env=environment,
                stdout=stdout,
                stderr=subprocess.PIPE,
                check=True,
            )
        assert int(done.stderr) << 10 < 128 << 20
        assert (folder / (options[-1] if options else "stdout")).read_bytes() == body

    def test_an_invalid_id_is_refused_before_the_confirmation(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
        for words in (("files", "delete"), ("endpoints", "delete"), ("endpoints", "stop")):
            outcome = command(*words, "x")
            assert (outcome.code, "[y/N]" in outcome.err) == (2, False)

    def test_a_bad_line_is_wrong_usage(self, command: Command, data: Path) -> None:
        data.write_bytes(b"no\n")
        outcome = command("files", "upload", str(data), "--json")
        assert outcome.code == 2
        assert outcome.json["error"]["code"] == "training_file"
        assert command("files", "upload", "nothing.jsonl").code == 4

    def test_the_content_of_a_file_cannot_be_json(self, command: Command) -> None:
        assert command("files", "content", "file-1", "--json").code == 2

    def test_a_model_is_called(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        assert command("chat", MODEL, "Hello!").out == "You said: Hello!\n"
        monkeypatch.setattr(sys, "stdin", io.StringIO("two\nlines\n"))
        assert command("chat", MODEL, "-", "--system", "Be brief.", "-q").out == "You said: two\nlines\n"
        assert command("chat", MODEL, "Hi", "--json").json["choices"][0]["message"]["content"] == "You said: Hi"
        assert command("chat", "none", "Hi").code == 4

    @pytest.mark.parametrize("choices", [None, [], [{"message": None}], [{"message": {"content": 5}}], "x"])
    def test_a_response_without_text_is_an_error(self, command: Command, sim: Simulator, choices: object) -> None:
        sim.script(Fault(path="/chat", status=200, body=json.dumps({"choices": choices}).encode()))
        outcome = command("chat", MODEL, "Hi")
        assert outcome.code == 1
        assert "has no text: pass --json to see it" in outcome.err

    def test_the_text_of_a_model_cannot_control_the_terminal(self, command: Command, sim: Simulator) -> None:
        answer = {"choices": [{"message": {"content": "a\x1b[2J\n\nb"}}]}
        sim.script(Fault(path="/chat", status=200, body=json.dumps(answer).encode()))
        assert command("chat", MODEL, "Hi").out == "a [2J\n\nb\n"

    def test_a_response_keeps_its_spaces(self, command: Command, sim: Simulator) -> None:
        code = "def f(x):\n    if x:\n\treturn  1\n\n| a  | b |\n"
        answer = {"choices": [{"message": {"content": code}}]}
        sim.script(Fault(path="/chat", status=200, body=json.dumps(answer).encode()))
        assert command("chat", MODEL, "Hi").out == code

    def test_a_response_is_streamed_to_a_terminal(
        self, command: Command, on_a_terminal: Callable[..., str], sim: Simulator
    ) -> None:
        def was_streamed() -> bool:
            return json.loads(sim.requests[-1].body).get("stream") is True

        assert (on_a_terminal("chat", MODEL, "a b\tc"), was_streamed()) == ("You said: a b\tc\n", True)
        assert (on_a_terminal("chat", MODEL, "a b", "--no-stream"), was_streamed()) == ("You said: a b\n", False)
        assert (command("chat", MODEL, "a b").out, was_streamed()) == ("You said: a b\n", False)
        assert (command("chat", MODEL, "a\x1b[2J", "--stream").out, was_streamed()) == ("You said: a [2J\n", True)
        assert command("chat", MODEL, "a", "--stream", "--json").code == 2

    def test_a_stream_that_breaks_off_ends_its_line(self, command: Command, sim: Simulator) -> None:
        sim.script(Fault(path="/chat", cut=1000))
        outcome = command("chat", MODEL, "a b c d e f g", "--stream")
        assert (outcome.code, outcome.out.startswith("You"), outcome.out.endswith("\n")) == (8, True, True)

    def test_a_stream_without_text_is_an_error(self, command: Command, sim: Simulator) -> None:
        body, event = b"data: [DONE]\n\n", {"content-type": "text/event-stream"}
        sim.script(Fault(path="/chat", status=200, body=body, headers=event))
        outcome = command("chat", MODEL, "a", "--stream")
        assert (outcome.code, outcome.out, "has no text" in outcome.err) == (1, "", True)

    @pytest.mark.parametrize(
        "stdin",
        [None, io.StringIO(" \n"), io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8")],
        ids=["none", "empty", "odd"],
    )
    def test_a_message_that_cannot_be_read_is_wrong_usage(
        self, command: Command, sim: Simulator, monkeypatch: pytest.MonkeyPatch, stdin: io.TextIOBase | None
    ) -> None:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert command("chat", MODEL, "-").code == 2
        assert sim.requests == []

    def test_an_endpoint_is_created_started_stopped_and_deleted(self, command: Command) -> None:
        create = ("endpoints", "create", "--model", MODEL, "--hardware", HARDWARE)
        assert command(*create).code == 2
        outcome = command(*create, "--no-auto-start", "--yes")
        endpoint_id, said = outcome.out.splitlines()
        assert said.startswith("state: STOPPED; model name for requests: acme-research/")
        assert command("endpoints", "start", endpoint_id, "--yes").out == "STARTING\n"
        assert command("endpoints", "retrieve", endpoint_id, "--json").json["state"] == "STARTED"
        assert f"{endpoint_id}\tSTARTED\tacme-research/" in command("endpoints", "list", "--mine").out
        assert command("endpoints", "stop", endpoint_id, "--yes", "-q").out == "STOPPING\n"
        assert command("endpoints", "delete", endpoint_id, "--yes", "--json").json == {
            "id": endpoint_id,
            "deleted": True,
        }

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ((), "$3.36"),
            (("--quiet",), "$3.36"),
            (("--max-replicas", "8"), "$3.36 to $26.88"),
            (("--min-replicas", "2", "--max-replicas", "2"), "$6.72"),
        ],
    )
    def test_the_price_of_an_endpoint_is_shown_before_the_confirmation(
        self, command: Command, sim: Simulator, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], told: str
    ) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
        outcome = command("endpoints", "create", "--model", MODEL, "--hardware", HARDWARE, *given)
        assert outcome.code == 1
        assert f"price per hour while running: {told}\ncreate an endpoint on " in outcome.err
        assert [request.method for request in sim.requests] == ["GET"]

    def test_no_price_of_the_server_prevents_the_confirmation(
        self, command: Command, sim: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listed = {"data": [{"id": {}, "pricing": {"cents_per_minute": 1}}, {"id": HARDWARE, "pricing": None}]}
        sim.script(Fault(path="/hardware", status=200, body=json.dumps(listed).encode()))
        monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
        outcome = command("endpoints", "create", "--model", MODEL, "--hardware", HARDWARE)
        assert f"\nprice unavailable: {HARDWARE} is not listed\ncreate an endpoint on " in outcome.err

    @pytest.mark.parametrize(("status", "code", "asked"), [(403, 1, True), (401, 3, False)])
    def test_only_a_wrong_key_prevents_the_confirmation_without_a_price(
        self,
        command: Command,
        sim: Simulator,
        monkeypatch: pytest.MonkeyPatch,
        status: int,
        code: int,
        asked: bool,  # noqa: FBT001 -- a case's value
    ) -> None:
        sim.script(Fault(path="/hardware", status=status))
        monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
        outcome = command("endpoints", "create", "--model", MODEL, "--hardware", HARDWARE)
        assert (outcome.code, "price unavailable" in outcome.err, "[y/N]" in outcome.err) == (code, asked, asked)

    def test_nothing_is_requested_without_a_terminal_or_with_invalid_replicas(
        self, command: Command, sim: Simulator
    ) -> None:
        create = ("endpoints", "create", "--model", MODEL, "--hardware", HARDWARE)
        assert command(*create).code == 2
        outcome = command(*create, "--min-replicas", "3", "--yes")
        assert (outcome.code, "--min-replicas is 3; the maximum is 1, the value of --max-replicas" in outcome.err) == (
            2,
            True,
        )
        assert sim.requests == []

    def test_hardware_is_listed_with_its_price(self, command: Command) -> None:
        assert command("endpoints", "hardware", "--model", MODEL).out.splitlines() == [
            f"{HARDWARE}\t$3.36\tavailable",
            "4x_nvidia_h100_80gb_sxm\t$13.44\tunavailable",
        ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("files", "list"),
        ("endpoints", "list"),
        ("endpoints", "hardware", "--model", MODEL),
        ("ft", "models"),
        ("ft", "list"),
        ("ft", "list-checkpoints", LORA_JOB),
        ("ft", "list-events", LORA_JOB),
    ],
    ids=" ".join,
)
def test_tables_fit_80_columns(on_a_terminal: Callable[..., str], client: Together, arguments: tuple[str, ...]) -> None:
    client.endpoints.create(model=MODEL, hardware=HARDWARE)
    lines = [line for line in on_a_terminal(*arguments).splitlines() if not line.startswith("warning: ")]
    assert len(lines) > 1
    # A name that is longer than that has a line to itself.
    assert all(len(line.rstrip()) <= 80 or len(line.split()) == 1 for line in lines)


def test_a_fine_tuned_model_is_called_by_its_name(client: Together) -> None:
    job = client.fine_tuning.retrieve(LORA_JOB)
    assert client.chat.completions.create(
        model=str(job.model_output_name), messages=[{"role": "user", "content": "Hi"}]
    ).choices
