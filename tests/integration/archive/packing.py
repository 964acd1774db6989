"""Archives, right and wrong, and what has come out of one."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["FILES", "GOOD", "block", "contents", "many_frames", "packed", "special", "zstd"]

FILES = {"config.json": b"{}", "model.safetensors": bytes(range(256)) * 9000, "nested/empty.txt": b""}
Entry = tuple[str, bytes] | tarfile.TarInfo


def packed(entries: Sequence[Entry], *, format_: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive of these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry, io.BytesIO(bytes(entry.size)))
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                tar.addfile(info, io.BytesIO(entry[1]))
    return out.getvalue()


GOOD = packed(list(FILES.items()))


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    """A member that is not a file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def many_frames(data: bytes) -> bytes:
    """zstd in two frames, with a skippable one before and one between."""
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    half = len(data) // 2
    return skippable + zstd.compress(data[:half]) + skippable + zstd.compress(data[half:])


def block(
    name: bytes,
    content: bytes = b"",
    *,
    kind: bytes = b"0",
    size: bytes | None = None,
    prefix: bytes = b"",
    extra: bytes = b"",
    checksum: int | None = None,
) -> bytes:
    """A member made by hand: for what the standard library does not write. `extra` ends the header."""
    length = b"%011o\0" % len(content) if size is None else size
    front = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + length.ljust(12, b"\0") + b"00000000000\0"
    back = kind + bytes(100) + b"ustar\x0000" + bytes(80) + (prefix.ljust(155, b"\0") + bytes(12))
    back = back[: len(back) - len(extra)] + extra
    total = sum(front) + sum(back) + 8 * ord(" ") if checksum is None else checksum
    return front + b"%06o\0 " % total + back + content + bytes(-len(content) % 512)


def pax(*records: tuple[str, str], kind: bytes = b"x") -> bytes:
    """An extended header."""
    return block(b"pax", b"".join(record(key, value) for key, value in records), kind=kind)


def record(key: str, value: str) -> bytes:
    """One of its records, which begins with its own length."""
    rest = f" {key}={value}\n".encode()
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


END = bytes(1024)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the receipt."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "together-ext.json"
    }
