"""`together-ext doctor`: a set-up that works, and broken ones, whose cause each is named."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from together_ext.cli.doctor import network
from together_ext.cli.doctor.findings import Finding, State, shareable
from together_ext.cli.doctor.objects import Bucket, uploads
from together_ext.cli.doctor.running import attempt
from together_ext.destinations.incomplete import MOST
from together_ext.destinations.store import Store
from together_ext.destinations.urls import parse_url
from together_ext.leases import Owner
from together_ext.simulator import FAILED_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, BytesArchive, Fault, Simulator

from .conftest import Outcome, RawServer
from .transfer.test_tls import OPENSSL, TlsFront

Doctor = Callable[..., dict[str, dict[str, str]]]

CHECKS = ["versions", "proxy", "certificates", "base URL", "clock", "API key", "project"]
DOWNLOAD = ["job", "storage", "ranges", "validator", "rate"]
DISK = ["destination", "disk space", "disk speed", "locks"]


@pytest.fixture
def doctor(command: Callable[..., Outcome]) -> Doctor:
    """Runs the command; returns the findings by name."""

    def run(*arguments: str, code: int = 1) -> dict[str, dict[str, str]]:
        outcome = command("doctor", *arguments, "--json")
        assert outcome.code == code, outcome.out
        assert ("error" in outcome.json) == bool(code)
        without_advice = [one for one in outcome.json["data"] if one["state"] in {"warn", "fail"} and not one["advice"]]
        assert without_advice == []
        found = {one["name"]: one for one in outcome.json["data"]}
        # Whatever fails, each check that the page lists is in the output, with a reason if it was skipped.
        assert {*CHECKS, *(DOWNLOAD if arguments[:1] and arguments[0].startswith("ft-") else ())} <= set(found)
        return found

    return run


def refusing_port() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def wrong(found: dict[str, dict[str, str]]) -> list[str]:
    """The names of the checks that failed or warn."""
    return [name for name, one in found.items() if one["state"] in {"warn", "fail"}]


def test_a_set_up_that_works(doctor: Doctor, sim: Simulator, folder: Path) -> None:
    sim.redirect_downloads = True
    sim.add_archive(LORA_JOB, BytesArchive(os.urandom(16 << 20)))
    found = doctor(LORA_JOB, code=0)
    assert list(found) == [*CHECKS, *DOWNLOAD, *DISK]
    assert found["storage"]["seen"].startswith("the storage host 127.0.0.1 sends the archive (16.8 MB)")
    assert "1 connection: " in found["rate"]["seen"]
    assert "8 connections: " in found["rate"]["seen"]
    assert sim.bytes_sent <= 14 << 20
    assert list(folder.iterdir()) == []


def test_what_is_printed_can_be_read_and_parsed(
    command: Callable[..., Outcome], sim: Simulator, on_a_terminal: Callable[..., str]
) -> None:
    outcome = command("doctor")
    assert outcome.code == 0
    assert [line.split("\t")[0] for line in outcome.out.splitlines()] == [*CHECKS, *DISK]
    assert command("doctor", "-q").out == ""
    assert "API key" in on_a_terminal("doctor")
    assert sim.api_key not in outcome.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("ft-x:best",),
        ("nonsense",),
        ("ft-x:1:2",),
        ("-o", "ftp://bucket/x"),
        ("-o", "s3:///x"),
        ("--storage-option", "a=b"),
        ("--api-key-file", "nowhere"),
    ],
)
def test_bad_input_is_refused_before_any_request(
    arguments: tuple[str, ...], command: Callable[..., Outcome], sim: Simulator
) -> None:
    assert command("doctor", *arguments).code == 2
    assert not sim.requests


# Broken set-ups -------------------------------------------------------------------------------------------------------


def test_no_key(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOGETHER_API_KEY")
    found = doctor(LORA_JOB)
    assert wrong(found) == ["API key"]
    assert found["API key"]["seen"] == "there is no API key"
    assert "TOGETHER_API_KEY" in found["API key"]["advice"]
    assert found["job"]["state"] == "skipped"


def test_a_wrong_key(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", "another-key-0123456789")
    found = doctor()
    assert wrong(found) == ["API key"]
    assert found["API key"]["seen"] == "refused by the API with status 401 (22 characters)"


def test_a_wrong_url(doctor: Doctor, raw: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    raw.answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    monkeypatch.setenv("TOGETHER_BASE_URL", raw.url)
    found = doctor()
    assert wrong(found) == ["base URL"]
    assert "is not the API: it responds with status 200 and text/html" in found["base URL"]["seen"]
    assert "TOGETHER_BASE_URL" in found["base URL"]["advice"]


@pytest.mark.parametrize(
    ("head", "seen"),
    [
        ("404 Not Found\r\nContent-Type: application/json", "responds with status 404 and application/json"),
        ("503 Busy\r\nContent-Type: application/json", "responds with status 503"),
        ("301 Moved\r\nLocation: https://elsewhere.example/v1?token=s3cret-word", "redirects to https://elsewhere"),
    ],
)
def test_other_responses(head: str, seen: str, doctor: Doctor, raw: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    raw.answer = f"HTTP/1.1 {head}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    monkeypatch.setenv("TOGETHER_BASE_URL", raw.url)
    found = doctor()
    assert wrong(found) == ["base URL"]
    assert seen in found["base URL"]["seen"]
    assert "s3cret-word" not in json.dumps(found)


def test_nothing_listens(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_BASE_URL", f"http://127.0.0.1:{refusing_port()}")
    found = doctor()
    assert wrong(found) == ["base URL"]
    assert "connection refused" in found["base URL"]["seen"]


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("TOGETHER_BASE_URL", "ftp://x", "base URL"),
        ("TOGETHER_API_KEY", "two words-0123456789", "API key"),
        ("TOGETHER_PROJECT_ID", "a/b", "settings"),
        ("TOGETHER_EXT_CONNECTIONS", "many", "settings"),
        ("TOGETHER_EXT_SOURCE", "moon", "settings"),
        ("TOGETHER_CUSTOM_HEADERS", "two words-0123456789", "settings"),
    ],
)
def test_an_invalid_variable(
    variable: str, value: str, name: str, doctor: Doctor, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    found = doctor(LORA_JOB)
    assert wrong(found) == [name]
    assert (found["clock"]["state"], found["rate"]["seen"]) == ("skipped", "a setting is invalid")
    assert "two words" not in json.dumps(found)
    assert found["destination"]["state"] == "ok"
    assert not sim.requests


def test_a_proxy_that_refuses(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    port = refusing_port()
    monkeypatch.setenv("http_proxy", f"http://user:s3cret-word@127.0.0.1:{port}")
    found = doctor()
    assert found["proxy"]["state"] == "fail"
    assert f"http://127.0.0.1:{port} from http_proxy: connection refused" in found["proxy"]["seen"]
    assert wrong(found) == ["proxy"]
    assert "s3cret-word" not in json.dumps(found)


def test_a_proxy_that_wants_a_password(doctor: Doctor, raw: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    raw.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    monkeypatch.setenv("http_proxy", raw.url)
    found = doctor()
    assert "requires a user name and password (status 407)" in found["proxy"]["seen"]
    assert wrong(found) == ["proxy"]


@pytest.mark.parametrize("kind", ["", "; charset=utf-8"])
def test_a_login_page(kind: str, doctor: Doctor, raw: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    raw.answer = f"HTTP/1.1 403 No\r\nContent-Type: text/html{kind}\r\nContent-Length: 3\r\n\r\n<p>".encode()
    monkeypatch.setenv("http_proxy", raw.url)
    assert "is not the API: it responds with status 403 and text/html" in doctor()["base URL"]["seen"]


def test_an_invalid_proxy(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:s3cret/word@127.0.0.1")
    found = doctor()
    assert wrong(found) == ["proxy"]
    assert "http_proxy is not a valid proxy address" in found["proxy"]["seen"]


@pytest.mark.skipif(OPENSSL is None, reason="there is nothing to make a certificate with")
def test_an_expired_certificate(
    doctor: Doctor, sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = _expired_certificate(tmp_path)
    front = TlsFront(sim.port, certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("TOGETHER_BASE_URL", f"https://127.0.0.1:{front.port}")
    found = doctor()
    front.close()
    assert wrong(found) == ["certificates"]
    assert "certificate has expired" in found["certificates"]["seen"]
    assert "date of this machine" in found["certificates"]["advice"]


def _expired_certificate(folder: Path) -> Path:
    """A self-signed certificate of 2001, with its key."""
    path, config = folder / "both.pem", folder / "ca.cnf"
    for name in ("index.txt", "serial"):
        (folder / name).write_text("" if name == "index.txt" else "01\n")
    config.write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndir={folder}\ndatabase={folder}/index.txt\nserial={folder}/serial\n"
        f"new_certs_dir={folder}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
        "[x]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=CA:TRUE\n[req]\ndistinguished_name=n\n[n]\n"
    )
    key, request = folder / "key.pem", folder / "request.pem"
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test"
    made = f"{OPENSSL} req -new {curve} -config {config} -keyout {key} -out {request}"
    dates = "-startdate 20010101000000Z -enddate 20010201000000Z"
    signed = (
        f"{OPENSSL} ca -batch -selfsign -config {config} -keyfile {key} -in {request} -extensions x {dates} -notext"
    )
    for line in (made, f"{signed} -out {path}"):
        subprocess.run(line.split(), check=True, capture_output=True)  # noqa: S603 -- our own paths
    path.write_bytes(key.read_bytes() + path.read_bytes())
    return path


def test_missing_certificates(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    monkeypatch.setenv("TOGETHER_BASE_URL", "https://127.0.0.1:9")
    found = doctor()
    assert wrong(found) == ["certificates"]
    assert "SSL_CERT_FILE is '/nowhere.pem'" in found["certificates"]["seen"]


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (-120, "warn"), (365 * 86400, "fail")])
def test_a_clock_that_is_off(
    seconds: int, state: str, doctor: Doctor, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    date = datetime.fromtimestamp(datetime.now(UTC).timestamp() + seconds, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: 2"
    raw.answer = f"{head}\r\n\r\n{{}}".encode()
    monkeypatch.setenv("TOGETHER_BASE_URL", raw.url)
    found = doctor(code=int(state != "ok"))
    assert found["clock"]["state"] == state
    assert wrong(found) == ([] if state == "ok" else ["clock"])
    assert state == "ok" or "timedatectl" in found["clock"]["advice"]


def test_another_project(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_PROJECT_ID", "project-other")
    assert doctor()["project"]["seen"] == "project-other is set, and the key belongs to project-acme, acme-research"


def test_headers_of_the_settings_are_sent_and_not_shown(
    doctor: Doctor, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOGETHER_CUSTOM_HEADERS", "X-Gateway: token s3cret-word")
    found = doctor(LORA_JOB, code=0)
    assert all(request.headers["x-gateway"] == "token s3cret-word" for request in sim.requests)
    assert "s3cret-word" not in json.dumps(found)


def test_a_server_without_ranges(doctor: Doctor, sim: Simulator) -> None:
    sim.script(Fault(ignore_range=True, times=None))
    found = doctor(LORA_JOB)
    assert wrong(found) == ["ranges"]
    assert "ignores byte ranges" in found["ranges"]["seen"]
    assert "connections" not in found["rate"]["seen"]


def test_one_connection_is_measured_once(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_EXT_CONNECTIONS", "1")
    assert "connections" not in doctor(LORA_JOB, code=0)["rate"]["seen"]


def test_a_broken_measurement_is_one_finding(doctor: Doctor, sim: Simulator) -> None:
    sim.script(Fault(skip=1, status=500, times=None))
    found = doctor(LORA_JOB)
    assert wrong(found) == ["rate"]
    assert list(found)[-4:] == DISK


def test_a_server_without_validators(doctor: Doctor, sim: Simulator) -> None:
    sim.script(Fault(no_validator=True, times=None))
    assert wrong(doctor(LORA_JOB)) == ["validator"]


def test_a_storage_host_that_refuses(doctor: Doctor, sim: Simulator) -> None:
    sim.redirect_downloads = True
    sim.script(Fault(path="/archive/", status=403, body=b"<Code>AccessDenied</Code>", times=None))
    found = doctor(LORA_JOB)
    assert wrong(found) == ["storage"]
    assert "403" in found["storage"]["seen"]
    assert {found[name]["seen"] for name in ("ranges", "validator", "rate")} == {"the archive cannot be requested"}


@pytest.mark.parametrize(("job", "state"), [(RUNNING_JOB, "skipped"), (FAILED_JOB, "fail"), ("ft-unknown", "fail")])
def test_a_job_without_weights(job: str, state: str, doctor: Doctor) -> None:
    found = doctor(job, code=int(state == "fail"))
    assert found["job"]["state"] == state
    assert found["rate"]["state"] == "skipped"


def test_a_step_and_a_full_job(doctor: Doctor) -> None:
    assert doctor(f"{LORA_JOB}:500", code=0)["storage"]["state"] == "ok"
    assert doctor(FULL_JOB, code=0)["job"]["seen"] == f"{FULL_JOB} is completed, training type full"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB without free space."""
    mount, place = shutil.which("mount"), tmp_path / "disk"
    place.mkdir()
    command = [str(mount), "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("only root can mount a file system here")
    (place / "file").write_bytes(bytes(64 << 10))
    yield place
    subprocess.run([str(shutil.which("umount")), str(place)], check=True)  # noqa: S603


def test_a_full_disk(doctor: Doctor, small_disk: Path) -> None:
    found = doctor("-o", str(small_disk))
    assert wrong(found) == ["destination", "disk space"]
    assert "no space left on device" in found["destination"]["seen"]
    assert found["disk space"]["seen"] == "0 B free of 65.5 kB"
    assert "make room" in found["destination"]["advice"]


def test_a_stale_lock(doctor: Doctor, folder: Path) -> None:
    owner = replace(Owner.this_process(), started="1")  # an earlier process with this ID
    (folder / "model.tar.zst.part.lock").write_text(json.dumps(asdict(owner)))
    found = doctor()
    assert wrong(found) == ["lock"]
    assert f"process {os.getpid()} on {socket.gethostname()}" in found["lock"]["seen"]
    assert "which has ended" in found["lock"]["seen"]
    assert "run the same command again" in found["lock"]["advice"]


def test_other_leftovers(command: Callable[..., Outcome], folder: Path) -> None:
    (folder / "a.part").write_bytes(bytes(2000))
    (folder / "a.part.json").touch()
    (folder / "b.part").touch()
    (folder / "c.part.lock").touch()
    (folder / "d.part.lock").touch()
    os.utime(folder / "d.part.lock", (0, 0))
    (folder / ".e.unpacking-x1").mkdir()
    (folder / ".f.unpacking-x1").mkdir()
    (folder / ".f.unpacking.lock").touch()
    found = [(one["name"], one["state"]) for one in command("doctor", "--json").json["data"] if one["seen"].count("/")]
    assert found[-6:] == [
        ("temporary folder", "warn"),
        ("lock", "ok"),
        ("partial file", "ok"),
        ("partial file", "warn"),
        ("lock", "ok"),
        ("lock", "warn"),
    ]


def test_an_unwritable_folder(doctor: Doctor, folder: Path) -> None:
    """A file in place of a folder: root may write to any folder."""
    (folder / "file").touch()
    found = doctor("-o", "file/models")
    assert wrong(found) == ["destination"]
    assert found["destination"]["seen"] == f"{folder / 'file'} is not a folder"
    assert found["disk speed"]["state"] == "skipped"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_a_folder_without_permission(doctor: Doctor, folder: Path) -> None:
    folder.chmod(0o500)
    found = doctor()
    folder.chmod(0o700)
    assert "permission denied" in found["destination"]["seen"]


def test_a_folder_that_does_not_exist_is_not_made(doctor: Doctor, folder: Path) -> None:
    found = doctor("-o", "new/models", code=0)
    assert "a download creates it" in found["destination"]["seen"]
    assert list(folder.iterdir()) == []


# Object stores -------------------------------------------------------------------------------------------------------

S3_KEYS = ("access_key_id=TESTKEYTESTKEY", "secret_access_key=secret-of-the-test", "region=us-east-1")


def test_a_bucket_that_can_be_written_to(doctor: Doctor, folder: Path) -> None:
    found = doctor("-o", "memory://doctor/models/", code=0)
    assert list(found) == [*CHECKS, "destination", "incomplete uploads"]
    assert found["incomplete uploads"]["state"] == State.SKIPPED
    assert found["destination"]["seen"] == "memory://doctor/models is writable: an object was written and removed"
    assert Store(parse_url("memory://doctor", "url")).list() == {}
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "code", "seen"),
    [
        ("403 Forbidden", "AccessDenied", "no permission to write to s3://bucket/models/"),
        ("403 Forbidden", "InvalidAccessKeyId", "s3://bucket refuses the credentials (403 InvalidAccessKeyId)"),
        ("404 Not Found", "NoSuchBucket", "s3://bucket does not exist (404 NoSuchBucket): create it"),
        ("405 Not Allowed", "Odd", "the store refuses it (405"),
    ],
)
def test_a_bucket_that_refuses(
    status: str, code: str, seen: str, doctor: Doctor, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_DIR")  # it has no certificates, which obstore refuses
    body = f"<Error><Code>{code}</Code></Error>"
    raw.answer = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    options = [f"--storage-option={setting}" for setting in (*S3_KEYS, f"endpoint={raw.url}")]
    found = doctor("-o", "s3://bucket/models/", *options)
    assert wrong(found) == ["destination"]
    assert seen in found["destination"]["seen"]
    assert "resume" not in found["destination"]["seen"]
    assert not any(setting.partition("=")[2] in str(found) for setting in S3_KEYS)


LISTED = "<ListMultipartUploadsResult>{}</ListMultipartUploadsResult>"
UPLOADS = [
    f"<Upload><Key>models/a&amp;{number}</Key><Initiated>2026-01-0{number}T00:00:00.000Z</Initiated></Upload>"
    for number in (4, 3, 2, 1)
]


@pytest.mark.parametrize(
    ("status", "body", "state", "seen"),
    [
        (200, LISTED.format(""), State.OK, "no incomplete multipart uploads below s3://bucket/a b"),
        (200, LISTED.format(UPLOADS[0]), State.WARN, "1 multipart upload is incomplete: models/a&4 of 2026-01-04T"),
        (200, LISTED.format("".join(UPLOADS)), State.WARN, "4 multipart uploads are incomplete: models/a&1 of 2026-01"),
        (200, LISTED.format("<Upload><Key>k</Key></Upload><Upload/>"), State.WARN, "incomplete: k of an unknown time"),
        # Of linear time: an expression that looked for each end took hours, and no check ended meanwhile.
        (200, LISTED.format("<Upload>" * 400_000), State.OK, "no incomplete multipart uploads"),
        (200, LISTED.format(f"<Upload>{'<Key>' * 400_000}</Upload>"), State.OK, "no incomplete multipart uploads"),
        (200, "<html>", State.SKIPPED, "s3://bucket/a b does not list them"),
        (200, LISTED.format("x" * (MOST + 1)), State.SKIPPED, "s3://bucket/a b does not list them"),
        (403, LISTED.format(""), State.SKIPPED, "s3://bucket/a b does not list them"),
    ],
)
def test_incomplete_uploads_are_listed_by_a_signed_request(
    raw: RawServer, status: int, body: str, state: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_DIR")  # as above
    raw.answer = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    options = dict(setting.split("=") for setting in (*S3_KEYS, f"endpoint={raw.url}"))

    found = uploads(Bucket(parse_url("s3://bucket/a b", "url"), options))

    assert (found.state, seen in found.seen) == (state, True)
    target = raw.received[0].split()[1].decode()
    assert target.startswith("/bucket?uploads&prefix=a%20b%2F&x-id=/&X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert "Signature" not in str(found)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 X\r\nContent-Encoding: gzip, gzip\r\n\r\n"
        + gzip.compress(gzip.compress(LISTED.format("").encode())),
        b"HTTP/1.1 301 X\r\nLocation: http://xn--/\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["compressed-twice", "redirect-to-no-host"],
)
def test_a_list_of_uploads_that_cannot_be_read_is_skipped(
    raw: RawServer, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was compressed twice used to take all memory."""
    monkeypatch.delenv("SSL_CERT_DIR")  # as above
    raw.answer = answer
    options = dict(setting.split("=") for setting in (*S3_KEYS, f"endpoint={raw.url}"))
    found = uploads(Bucket(parse_url("s3://bucket/a", "url"), options))
    assert (found.state, found.seen) == (State.SKIPPED, "s3://bucket/a does not list them")


def test_a_store_without_certificates(doctor: Doctor) -> None:
    """The environment of the tests has an SSL_CERT_DIR without certificates."""
    found = doctor("-o", "s3://bucket")
    assert wrong(found) == ["destination"]
    assert "no trusted certificates: check SSL_CERT_FILE" in found["destination"]["seen"]


def test_a_store_without_its_extra(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    found = doctor("-o", "gs://bucket")
    assert wrong(found) == ["destination"]
    assert "needs the extra 'objects'" in found["destination"]["seen"]


# The frame -----------------------------------------------------------------------------------------------------------


def test_a_check_that_fails_or_blocks_is_a_finding() -> None:
    def fails() -> Any:  # noqa: ANN401 -- never returns
        raise RuntimeError("odd")

    found = attempt("a", fails)
    assert isinstance(found, Finding)
    assert "odd" in found.seen
    blocked = threading.Event()
    late = attempt("b", blocked.wait, 0.01)
    blocked.set()
    assert isinstance(late, Finding)
    assert (late.name, late.state, late.seen) == ("b", State.FAIL, "no result after 0.01 seconds")
    assert found.advice == late.advice != ""


@pytest.mark.parametrize(
    "location",
    [
        "/login?token=s3cret-word",
        "//elsewhere.example/x?sig=s3cret-word",
        "HTTPS://elsewhere.example/x?sig=s3cret-word",
        "https://elsewhere.example/x?sig='(1)s3cret-word",
        "//me:s3cret-word@elsewhere.example/",
    ],
)
def test_the_secrets_of_a_redirect_are_not_shown(location: str) -> None:
    base = httpx.URL("https://api.example/v3/whoami")
    found = shareable(network.address(network.Contact(base, 302, {"location": location})), [])
    assert "s3cret-word" not in found.seen
    assert "redirects to" in found.seen


def test_secrets_and_signed_addresses_are_hidden() -> None:
    found = Finding("a", State.OK, "https://u:pass@host/x?sig=abc is key-0123456789", "see https://host/y#z")
    assert shareable(found, ["key-0123456789"]) == Finding(
        "a", State.OK, "https://***@host/x?*** is ***", "see https://host/y?***"
    )
