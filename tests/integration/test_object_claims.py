"""An upload replaces and removes only objects that its partial receipt names, never those of another program."""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.archives import packed
from together_ext import ArchiveError, LeaseLostError, TargetExistsError, Together
from together_ext.destinations.listing import Stored
from together_ext.destinations.object_state import PARTIAL, Found
from together_ext.destinations.partial_receipt import PartialReceipt
from together_ext.destinations.store import WRITE_TEST, Store
from together_ext.destinations.urls import parse_url
from together_ext.simulator import DOWNLOAD_PATH, LORA_JOB, BytesArchive, Fault, Simulator
from together_ext.simulator.records import Request
from together_ext.transfer.window import BLOCK

from .stores import RECEIPT, content, names, put

FIRST = secrets.token_bytes(9 << 20)
FILES = {"a.safetensors": FIRST, "b.safetensors": secrets.token_bytes(9 << 20), "config.json": b"{}"}
MIDDLE = 12 << 20
"""Bytes of the archive, after the first file and before the last one."""


class StopError(Exception):
    """Ends a download."""


def stalls() -> Iterator[Fault]:
    """Faults by which no response sends what comes more than a block after the middle, wherever it begins."""
    for start in range(0, MIDDLE, BLOCK):
        here = range(start, start + BLOCK)
        yield Fault(stall=MIDDLE - start, times=None, when=lambda request, here=here: start_of(request) in here)  # type: ignore[misc]
    yield Fault(stall=0, times=None, when=lambda request: start_of(request) >= MIDDLE)


def start_of(request: Request) -> int:
    """The first byte that a request asks for."""
    found = re.match(r"bytes=(\d+)-", request.headers.get("range", ""))
    return int(found[1]) if found else 0


def download_meanwhile(
    client: Together,
    sim: Simulator,
    place: str,
    act: Callable[[], object],
    *,
    files: Mapping[str, bytes] = FILES,
    overwrite: bool = False,
) -> None:
    """Download, and act in the middle of the archive, once its first file is uploaded."""
    first = next(iter(files))
    sim.add_archive(LORA_JOB, BytesArchive(packed(files)))
    sim.script(*stalls())

    def report(now: object) -> None:
        found = names(place)
        if sim.faults and getattr(now, "done", 0) >= MIDDLE and first in found and RECEIPT not in found:
            try:
                act()
            finally:
                sim.faults.clear()
                sim.release()

    client.fine_tuning.download(
        LORA_JOB, extract=True, connections=1, output=place, overwrite=overwrite, progress=report
    )


def interrupt(client: Together, sim: Simulator, place: str, *, overwrite: bool = False) -> None:
    """Begin an upload and end it in the middle of the archive."""

    def stop() -> None:
        raise StopError

    with pytest.raises(StopError):
        download_meanwhile(client, sim, place, stop, overwrite=overwrite)


@pytest.fixture
def place(url: str) -> str:
    """The prefix of the weights."""
    return f"{url}x"


@pytest.fixture
def interrupted(sync_client: Together, sim: Simulator, place: str) -> None:
    """An upload that was interrupted after its first file."""

    interrupt(sync_client, sim, place)


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["notes.txt", "config.json"])
def test_an_object_that_was_added_after_an_interruption_is_refused_and_kept(
    sync_client: Together, sim: Simulator, place: str, name: str, *, overwrite: bool
) -> None:
    put(place, name, b"of another program")
    before = content(place)
    asked = len(sim.requests)

    with pytest.raises(TargetExistsError, match=rf"no receipt in it names \({name}\)"):
        sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place, overwrite=overwrite)

    assert content(place) == before
    assert not any(request.path.endswith(DOWNLOAD_PATH) for request in sim.requests[asked:])


@pytest.mark.usefixtures("interrupted")
def test_a_rerun_with_other_content_removes_only_the_objects_of_the_first_run(
    sync_client: Together, sim: Simulator, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert "a.safetensors" in content(place)
    other = {"c.safetensors": FILES["b.safetensors"], "d.safetensors": FIRST, "config.json": b"[]"}

    with caplog.at_level(logging.WARNING, "together_ext"):
        download_meanwhile(sync_client, sim, place, lambda: put(place, "notes.txt", b"of another program"), files=other)

    found = content(place)
    assert found.pop("notes.txt") == b"of another program"
    assert found.keys() == {*other, RECEIPT}
    assert "has 1 objects that do not belong to these weights (notes.txt)" in caplog.text


def test_an_object_that_another_program_writes_during_the_upload_is_not_overwritten(
    sync_client: Together, sim: Simulator, place: str
) -> None:
    with pytest.raises(TargetExistsError, match=r"no receipt in it names \(vocabulary\.txt\)"):
        download_meanwhile(
            sync_client,
            sim,
            place,
            lambda: put(place, "vocabulary.txt", b"of another program"),
            files={**FILES, "vocabulary.txt": b"ours"},
        )
    found = content(place)
    assert found["vocabulary.txt"] == b"of another program"
    assert RECEIPT not in found


def test_a_damaged_archive_removes_its_own_objects_alone(sync_client: Together, sim: Simulator, place: str) -> None:
    with pytest.raises(ArchiveError):
        download_meanwhile(
            sync_client,
            sim,
            place,
            lambda: put(place, "notes.txt", b"of another program"),
            files={**FILES, "../x": b""},
        )
    assert content(place) == {"notes.txt": b"of another program"}


@pytest.mark.parametrize("names", [["a.safetensors", "old.safetensors"], ["old.safetensors"]])
def test_the_objects_of_replaced_weights_are_removed_also_by_the_rerun(
    sync_client: Together, sim: Simulator, place: str, names: list[str]
) -> None:
    sim.add_archive(LORA_JOB, BytesArchive(packed(dict.fromkeys(names, FIRST))))
    sync_client.fine_tuning.download(f"{LORA_JOB}:500", extract=True, output=place)
    interrupt(sync_client, sim, place, overwrite=True)
    left = content(place)
    assert RECEIPT not in left
    assert set(json.loads(left[PARTIAL])["objects"]) >= left.keys() - {PARTIAL}

    # Without permission to replace: the partial receipt is of the same weights.
    sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place)
    assert content(place).keys() == {*FILES, RECEIPT}


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize(
    "partial",
    [
        b"",
        b"[]",
        b"\xff" * 100,
        b"[" * 100_000,
        b'{"format": 1, "files": [], "objects": {"notes.txt": 1}}',
        b'{"format": 1, "files": [], "objects": ["notes.txt"]}',
        b'{"format": 1, "files": [{"path": "../notes.txt", "size": 1, "sha256": ""}]}',
        bytes((64 << 20) + 1),
    ],
    ids=["empty", "list", "no-text", "deep", "object", "lists", "outside", "huge"],
)
def test_an_invalid_partial_receipt_permits_nothing(sync_client: Together, place: str, partial: bytes) -> None:
    put(place, PARTIAL, partial)
    before = content(place)
    with pytest.raises(TargetExistsError, match=r"no receipt in it names"):
        sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place, overwrite=True)
    assert content(place) == before


@pytest.mark.usefixtures("interrupted")
def test_a_forged_partial_receipt_reaches_no_object_outside_the_prefix(
    sync_client: Together, url: str, place: str
) -> None:
    names = ["../y/config.json", "/y/config.json", "y/config.json", "", ".", RECEIPT, PARTIAL, "a" * 5000]
    for other in ("y", "xy"):
        put(f"{url}{other}", "config.json", b"of another program")
    document = {**json.loads(content(place)[PARTIAL]), "objects": dict.fromkeys([*names, "a.safetensors"])}
    put(place, PARTIAL, json.dumps(document).encode())
    sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place)
    assert content(place).keys() == {*FILES, RECEIPT}
    for other in ("y", "xy"):
        assert content(f"{url}{other}") == {"config.json": b"of another program"}


def as_killed(place: str) -> None:
    """Make of an interrupted upload what one leaves that was killed: all names are claimed, no file is complete."""
    document = json.loads(content(place)[PARTIAL])
    put(place, PARTIAL, json.dumps({**document, "files": [], "objects": dict.fromkeys(FILES)}).encode())


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["a.safetensors", "b.safetensors"])
def test_an_object_of_another_program_with_a_claimed_name_is_refused_and_kept(
    sync_client: Together, place: str, name: str, *, overwrite: bool
) -> None:
    as_killed(place)
    put(place, name, b"of another program")
    before = content(place)
    with pytest.raises(TargetExistsError, match=rf"no receipt in it names \({name}\)"):
        sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place, overwrite=overwrite)
    assert content(place) == before


@pytest.mark.usefixtures("interrupted")
def test_an_object_of_a_killed_run_is_known_by_its_mark(sync_client: Together, place: str) -> None:
    as_killed(place)
    assert "a.safetensors" in content(place)
    sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place)
    assert content(place).keys() == {*FILES, RECEIPT}


def test_an_object_of_another_program_in_place_of_replaced_weights_is_kept(
    sync_client: Together, sim: Simulator, place: str
) -> None:
    sim.add_archive(LORA_JOB, BytesArchive(packed({"old.safetensors": FIRST})))
    sync_client.fine_tuning.download(f"{LORA_JOB}:500", extract=True, output=place)
    interrupt(sync_client, sim, place, overwrite=True)
    put(place, "old.safetensors", b"of another program")
    with pytest.raises(TargetExistsError, match=r"no receipt in it names \(old\.safetensors\)"):
        sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place, overwrite=True)
    assert content(place)["old.safetensors"] == b"of another program"


def test_stale_objects_are_removed_unless_another_program_has_replaced_them(
    sync_client: Together, sim: Simulator, place: str
) -> None:
    old = {"old-1.safetensors": b"1", "old-2.safetensors": b"2"}
    sim.add_archive(LORA_JOB, BytesArchive(packed(old)))
    sync_client.fine_tuning.download(f"{LORA_JOB}:500", extract=True, output=place)
    act = lambda: put(place, "old-1.safetensors", b"of another program")  # noqa: E731
    download_meanwhile(sync_client, sim, place, act, overwrite=True)
    assert content(place).keys() == {*FILES, RECEIPT, "old-1.safetensors"}


def test_an_object_that_appears_while_its_file_is_uploaded_is_kept(
    sync_client: Together, sim: Simulator, place: str
) -> None:
    with pytest.raises(TargetExistsError, match=r"no receipt in it names \(b\.safetensors\)"):
        download_meanwhile(sync_client, sim, place, lambda: put(place, "b.safetensors", b"of another program"))
    found = content(place)
    assert found["b.safetensors"] == b"of another program"
    assert RECEIPT not in found


@pytest.mark.parametrize("ends", [True, False])
def test_a_run_stops_when_another_one_has_begun(
    sync_client: Together, sim: Simulator, place: str, *, ends: bool
) -> None:
    left = dict[str, bytes]()

    def other() -> None:
        def stop(_: object) -> None:
            raise StopError

        sim.faults.clear()
        try:
            sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place, progress=None if ends else stop)
        except StopError:
            assert not ends
        left.update(content(place))

    with pytest.raises(LeaseLostError, match=r"another download to memory://.* has begun since"):
        download_meanwhile(sync_client, sim, place, other)
    assert content(place) == left
    assert (RECEIPT in left) == ends
    sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place)
    assert content(place).keys() == {*FILES, RECEIPT}


class Counted(Store):
    """A store that counts its listings."""

    listings = 0

    def list(self) -> dict[str, Stored]:
        self.listings += 1
        return super().list()


def test_only_many_names_at_once_are_checked_by_a_listing(place: str) -> None:
    store = Counted(parse_url(place, "url"))
    partial = PartialReceipt(store, {"job": LORA_JOB}, Found({}))
    partial.write({})
    for number in range(30):
        assert partial.claim([f"{number}.safetensors"])
        partial.write({})
        store.put(f"{number}.safetensors", b"", partial.mark)
        partial.check([f"{number}.safetensors"])
    assert store.listings == 0

    batches = [[f"{number}-{batch}.txt" for number in range(20)] for batch in range(1500)]
    partial.claim(name for batch in batches for name in batch)
    assert store.listings == 1

    # A listing would be of 31 pages.
    partial.claim(batches[0])
    assert store.listings == 1


@pytest.mark.parametrize("same", [True, False])
def test_an_archive_is_not_saved_over_an_object_that_appears_meanwhile(
    sync_client: Together, sim: Simulator, url: str, *, same: bool
) -> None:
    archive = packed(FILES)
    sim.add_archive(LORA_JOB, BytesArchive(archive))
    sim.script(*stalls())
    other = archive if same else b"of another program"
    name = str(sync_client.fine_tuning.plan_downloads([LORA_JOB], output=url).entries[0].path).removeprefix(url)

    def report(now: object) -> None:
        if sim.faults and getattr(now, "done", 0) >= MIDDLE:
            put(url, name, other)
            sim.faults.clear()
            sim.release()

    if same:
        found = sync_client.fine_tuning.download(LORA_JOB, connections=1, output=url, progress=report)
        assert found.size == len(archive)
    else:
        with pytest.raises(TargetExistsError, match="differs from the archive"):
            sync_client.fine_tuning.download(LORA_JOB, connections=1, output=url, progress=report)
    assert content(url) == {name: other}


@pytest.mark.parametrize("name", [PARTIAL, WRITE_TEST])
def test_an_archive_with_a_reserved_name_is_refused(
    sync_client: Together, sim: Simulator, place: str, name: str
) -> None:
    sim.add_archive(LORA_JOB, BytesArchive(packed({"config.json": b"{}", name: b"{}"})))
    with pytest.raises(ArchiveError, match="reserved"):
        sync_client.fine_tuning.download(LORA_JOB, extract=True, output=place)
    assert content(place) == {}
