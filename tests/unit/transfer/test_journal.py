"""The journal: a claim is correct, or there is none."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.clock import boot_id
from together_ext.transfer.journal import (
    FORMAT,
    VERSION,
    Journal,
    JournalError,
    decode,
    encode,
    renewal,
)
from together_ext.transfer.journal_file import JournalFile, load
from together_ext.transfer.plan import Spans

EXAMPLE = Journal(
    identity={"job": "ft-é", "step": ""},
    size=1000,
    condition='"5e3f"',
    flushed=((0, 100), (500, 600)),
    written=((0, 150), (500, 601)),
    boot="27b4",
)


@st.composite
def journals(draw: st.DrawFn) -> Journal:
    size = draw(st.integers(0, 2**50))

    def spans() -> Spans:
        edges = sorted(draw(st.sets(st.integers(0, size), max_size=12)))
        return tuple(span for index, span in enumerate(pairwise(edges)) if index % 2 == 0)

    return Journal(
        identity=draw(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4)),
        size=size,
        condition=draw(st.text(max_size=20)),
        flushed=spans(),
        written=spans(),
        boot=draw(st.none() | st.text(max_size=8)),
    )


def signed(**changes: object) -> bytes:
    """A journal with other fields, and a checksum that fits them."""
    fields: dict[str, object] = json.loads(encode(EXAMPLE))
    del fields["checksum"]
    fields |= changes
    return json.dumps(
        fields | {"checksum": hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()}
    ).encode()


class TestEncoding:
    @given(journal=journals())
    def test_what_was_written_is_read(self, journal: Journal) -> None:
        assert decode(encode(journal)) == journal

    def test_every_flipped_bit_is_refused_or_means_the_same(self) -> None:
        """A bit may change the case of a hex digit in an escape; nothing else gets through."""
        encoded = encode(EXAMPLE)
        for position in range(len(encoded) * 8):
            damaged = bytearray(encoded)
            damaged[position // 8] ^= 1 << position % 8
            try:
                assert decode(bytes(damaged)) == EXAMPLE
            except JournalError:
                continue

    def test_every_truncation_is_refused_or_means_the_same(self) -> None:
        encoded = encode(EXAMPLE)
        for length in range(len(encoded)):
            if encoded[length:].strip():
                with pytest.raises(JournalError):
                    decode(encoded[:length])
            else:
                assert decode(encoded[:length]) == EXAMPLE

    @given(data=st.binary(max_size=200))
    def test_any_bytes_are_refused(self, data: bytes) -> None:
        with pytest.raises(JournalError):
            decode(data)

    @given(
        data=st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=10,
        )
    )
    def test_any_other_json_is_refused(self, data: object) -> None:
        with pytest.raises(JournalError, match="not a journal"):
            decode(json.dumps(data).encode())


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "damaged"),
            (b"\xff\xfe", "damaged"),
            (b"[" * 100_000, "damaged"),
            (b"[]", "not a journal"),
            (b'{"format": "aria2"}', "not a journal"),
            (json.dumps({"format": FORMAT, "version": VERSION + 1}).encode(), "its version is 3"),
            (json.dumps({"format": FORMAT}).encode(), "its version is None"),
            (json.dumps({"format": FORMAT, "version": VERSION}).encode(), "checksum"),
            (signed(version=VERSION + 1, spans="in another form"), "its version is 3"),
            (signed(flushed=[[-1, 10]]), "invalid"),
            (signed(flushed=[[0, 1001]]), "invalid"),
            (signed(flushed=[[10, 10]]), "invalid"),
            (signed(flushed=[[10, 5]]), "invalid"),
            (signed(written=[[10, 20], [0, 5]]), "invalid"),
            (signed(written=[[0, 20], [10, 30]]), "invalid"),
            (signed(flushed=[[0]]), "damaged"),
            (signed(flushed=[["a", "b"]]), "damaged"),
            (signed(flushed=None), "damaged"),
            (signed(flushed=7), "damaged"),
            (signed(identity=[]), "damaged"),
            (signed(size="much"), "damaged"),
            (signed(size=float("inf")), "damaged"),
            (signed(size=float("nan")), "damaged"),
        ],
    )
    def test_the_reason_is_reported(self, data: bytes, reason: str) -> None:
        with pytest.raises(JournalError, match=reason):
            decode(data)

    def test_a_signed_journal_without_changes_is_accepted(self) -> None:
        """Else the table above would show nothing."""
        assert decode(signed()) == EXAMPLE


class TestTrust:
    def test_written_bytes_count_for_as_long_as_the_machine_runs(self) -> None:
        assert EXAMPLE.trusted("27b4") == ((0, 150), (500, 601))

    @pytest.mark.parametrize(("then", "now"), [("27b4", "another"), ("27b4", None), (None, "27b4"), (None, None)])
    def test_after_a_restart_only_flushed_bytes_count(self, then: str | None, now: str | None) -> None:
        assert replace(EXAMPLE, boot=then).trusted(now) == EXAMPLE.flushed

    @given(journal=journals())
    def test_flushed_bytes_always_count(self, journal: Journal) -> None:
        for boot in (journal.boot, "another"):
            trusted = journal.trusted(boot)
            assert all(any(low <= start and stop <= high for low, high in trusted) for start, stop in journal.flushed)

    def test_the_machines_run_has_one_name(self) -> None:
        assert boot_id() == boot_id()


class TestRenewals:
    @given(journal=journals(), data=st.data())
    def test_the_last_one_holds(self, journal: Journal, data: st.DataObject) -> None:
        spans = [data.draw(journals()).written for _ in range(3)]
        inside = [tuple(span for span in each if span[1] <= journal.size) for each in spans]
        encoded = encode(journal) + b"".join(renewal(each) for each in inside)
        assert decode(encoded) == replace(journal, written=inside[-1])

    def test_a_truncated_renewal_keeps_the_previous_one(self) -> None:
        """As a process leaves it that is killed in the middle of a write, or a disk that is full."""
        kept, cut = encode(EXAMPLE) + renewal(((0, 300),)), renewal(((0, 900),))
        for length in range(len(cut) - 1):
            assert decode(kept + cut[:length]) == replace(EXAMPLE, written=((0, 300),))

    def test_renewals_after_a_truncated_one_are_used(self) -> None:
        encoded = encode(EXAMPLE) + renewal(((0, 300),))[:20] + renewal(((0, 500),)) + renewal(((0, 900),))
        assert decode(encoded) == replace(EXAMPLE, written=((0, 900),))

    def test_no_flipped_bit_makes_a_claim_of_its_own(self) -> None:
        before, line = encode(EXAMPLE), renewal(((0, 900),))
        for position in range(len(line) * 8):
            damaged = bytearray(line)
            damaged[position // 8] ^= 1 << position % 8
            assert decode(before + damaged).written in {EXAMPLE.written, ((0, 900),)}

    @pytest.mark.parametrize(
        "line",
        [
            bytes(100),
            b"[" * 100_000,
            b"7",
            b'{"written": [[0, 900]]}',
            renewal(((0, 1001),)),
            renewal(((20, 10),)),
            renewal(((500, 600), (0, 100))),
        ],
    )
    def test_an_invalid_renewal_is_skipped(self, line: bytes) -> None:
        assert decode(encode(EXAMPLE) + line) == EXAMPLE


class TestFiles:
    def test_a_journal_is_replaced_and_renewed_and_nothing_else_is_left(self, tmp_path: Path) -> None:
        path = tmp_path / "file.part.json"
        file = JournalFile(path)
        for journal in (EXAMPLE, replace(EXAMPLE, size=2000)):
            file.replace(journal, lambda: ((0, 700),))
            assert load(path) == replace(journal, written=((0, 700),))
            for stop in (800, 900):
                file.renew(lambda stop=stop: ((0, stop),))  # type: ignore[misc]
                assert load(path) == replace(journal, written=((0, stop),))
        file.close()
        file.close()
        assert list(tmp_path.iterdir()) == [path]

    def test_renewals_during_a_replacement_are_not_lost(self, tmp_path: Path) -> None:
        """The new journal has what is written when it gets its name, not when it was started."""
        path = tmp_path / "file.part.json"
        file = JournalFile(path)
        file.replace(EXAMPLE, lambda: ())
        file.replace(EXAMPLE, lambda: ((0, 999),))
        file.close()
        assert load(path) == replace(EXAMPLE, written=((0, 999),))

    def test_a_renewal_without_a_journal_or_after_the_end_does_nothing(self, tmp_path: Path) -> None:
        file = JournalFile(tmp_path / "file.part.json")
        file.renew(lambda: ((0, 1),))
        file.replace(EXAMPLE, lambda: ())
        file.close()
        file.renew(lambda: ((0, 1),))
        assert load(tmp_path / "file.part.json") == replace(EXAMPLE, written=())

    def test_no_journal_is_none(self, tmp_path: Path) -> None:
        assert load(tmp_path / "file.part.json") is None

    def test_something_far_too_long_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "file.part.json"
        path.write_bytes(encode(replace(EXAMPLE, identity={"url": "x" * (1 << 20)})))
        with pytest.raises(JournalError, match="damaged"):
            load(path)

    def test_a_link_at_the_scratch_name_is_replaced_and_not_followed(self, tmp_path: Path) -> None:
        """Its name can be guessed, and others may write to the folder."""
        victim = tmp_path / "victim"
        victim.write_bytes(b"precious")
        (tmp_path / "file.part.json.new").symlink_to(victim)
        JournalFile(tmp_path / "file.part.json").replace(EXAMPLE, lambda: ())
        assert not (tmp_path / "file.part.json").is_symlink()
        assert victim.read_bytes() == b"precious"
