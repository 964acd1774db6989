"""Formats by their first bytes."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.formats.sniff import ArchiveFormat, looks_like_text, sniff
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


def old(name: bytes = b"config.json", signed: bool = False) -> bytes:  # noqa: FBT001, FBT002 -- a test's own
    """A tar header of before POSIX."""
    front = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"00000000000\0" * 2
    total = sum(front) + 8 * ord(" ") - (256 * sum(byte > 0x7F for byte in front) if signed else 0)
    return front + b"%06o\0 " % total + bytes(512 - 156)


@pytest.mark.parametrize("head", [old(), old("größe".encode()), old("größe".encode(), signed=True)])
def test_a_header_without_magic_is_known_by_its_checksum(head: bytes) -> None:
    assert sniff(head) is sniff(head + b"more") is ArchiveFormat.TAR
    assert sniff(head[:511]) is None
    for at in (0, 110, 511):
        assert sniff(head[:at] + bytes([head[at] ^ 1]) + head[at + 1 :]) is None


@given(data=st.binary(min_size=512, max_size=512))
def test_a_block_without_a_right_checksum_is_not_a_header(data: bytes) -> None:
    assert sniff(b"x" * 148 + b"00\0\0\0\0\0\0" + data[156:257] + b"no magic" + data[265:]) is None
    assert sniff(bytes(512)) is None


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
