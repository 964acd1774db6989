"""Formats by their first bytes."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.sniff import ArchiveFormat, looks_like_text, sniff
from together_ext.simulator.archives import pack


def tar(kind: int) -> bytes:
    """A tar file of one member."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        archive.addfile(tarfile.TarInfo("config.json"))
    return file.getvalue()


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_real_archives_are_known_by_262_bytes(kind: int) -> None:
    assert sniff(tar(kind)[:262]) is ArchiveFormat.TAR
    assert sniff(tar(kind)[:261]) is None
    assert sniff(gzip.compress(tar(kind))) is ArchiveFormat.TAR_GZ


def test_what_the_service_sends_is_known() -> None:
    assert sniff(pack({"config.json": b"{}"})) is ArchiveFormat.TAR_ZST


@pytest.mark.parametrize("first", range(256))
def test_a_skippable_frame_may_come_first(first: int) -> None:
    """RFC 8878, 3.1.2: 0x184D2A5? in little-endian order."""
    found = sniff(bytes([first]) + b"\x2a\x4d\x18" + bytes(8))
    assert (found is ArchiveFormat.TAR_ZST) is (0x50 <= first <= 0x5F)


@given(data=st.binary(max_size=300))
def test_a_front_is_known_by_its_magic_alone(data: bytes) -> None:
    assert sniff(b"\x28\xb5\x2f\xfd" + data) is ArchiveFormat.TAR_ZST
    assert sniff(b"\x1f\x8b" + data) is ArchiveFormat.TAR_GZ
    assert sniff(b"\x00" * 257 + b"ustar" + data) is ArchiveFormat.TAR
    assert sniff(b"\x00" + data[:200]) is None


@given(data=st.binary(max_size=64))
def test_nothing_is_both_an_archive_and_text(data: bytes) -> None:
    assert sniff(data) is None or not looks_like_text(data)


@pytest.mark.parametrize(
    "text", [b"<", b"{", b"[", b" \n\t<html>", b"\xef\xbb\xbf{", b"\xef\xbb\xbf\r\n<!doctype html>"]
)
def test_pages_and_messages_look_like_text(text: bytes) -> None:
    assert looks_like_text(text)
    assert not looks_like_text(text + b"\x00")


@pytest.mark.parametrize("data", [b"", b" ", b"\x00<", b"words", b"\xef\xbb\xbf", b"\x80\x02"])
def test_anything_else_does_not(data: bytes) -> None:
    assert not looks_like_text(data)
