"""What must hold whatever bytes come: each target takes some, and raises if anything escapes, crashes or disagrees."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from together_ext.archive import Extracted, extract, verify
from together_ext.archive.formats.source import StoredArchive
from together_ext.archive.formats.stream import uncompressed
from together_ext.archive.formats.tar import BLOCK
from together_ext.archive.inspect import inspect
from together_ext.archive.limits import Limits
from together_ext.archive.receipt import RECEIPT, origin
from together_ext.errors import ArchiveError, NotEnoughSpaceError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMITS: Final = Limits(members=600, size=1 << 20)
_EXECUTABLE_OR_SPECIAL: Final = 0o7111


class BrokenPromiseError(Exception):
    """What no input may bring about."""


def promise(kept: bool, what: str) -> None:  # noqa: FBT001 -- reads like `assert`
    """Like `assert`, for code that tells others of it."""
    if not kept:
        raise BrokenPromiseError(what)


# Archives -------------------------------------------------------------------------------------------------------------


def archive(data: bytes) -> None:
    """Unpack: everything is right and in the folder, or there is an error and nothing at all.

    The first byte says whether the rest is taken as it is, or for a tar archive whose checksums are set right: else
    hardly a change would get past them.
    """
    content = mended(data[1:]) if data[:1] > b"\x7f" else data[1:]
    with tempfile.TemporaryDirectory() as place:
        inner = Path(place) / "inner"
        inner.mkdir()
        file = inner / "model.tar"
        file.write_bytes(content)
        try:
            made = extract(file, inner / "out", limits=LIMITS)
        except (ArchiveError, NotEnoughSpaceError) as error:
            promise(_tree(place) == ["inner", "inner/model.tar"], "something is left")
            promise(str(error).isprintable() and str(file) in str(error), f"no sentence: {error}")
        else:
            _see_that_it_is_right(made, place)
            _compare_with_the_standard_library(made, file)
        try:
            inspect(file)
        except ArchiveError as error:
            promise(str(error).isprintable(), f"no sentence: {error}")


def _tree(place: str | Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in Path(place).rglob("*"))


def _see_that_it_is_right(made: Extracted, place: str) -> None:
    out = Path(made.folder)
    promise(sorted(os.listdir(out.parent)) == ["model.tar", "out"], "something is beside the folder")  # noqa: PTH208 -- names
    promise(os.listdir(place) == ["inner"], "something is outside")  # noqa: PTH208 -- names
    for path in out.rglob("*"):
        promise(not path.is_symlink() and (path.is_file() or path.is_dir()), f"{path} is special")
        promise(path.is_dir() or path.stat().st_mode & _EXECUTABLE_OR_SPECIAL == 0, f"{path} may be run")
    promise(verify(out).good, "its receipt does not fit")


def _compare_with_the_standard_library(made: Extracted, archive: Path) -> None:
    """The same files are extracted: an ambiguous archive would hide files from one of the two readers."""
    with uncompressed(StoredArchive(archive), str(archive), LIMITS, threading.Event()) as (_, pieces):
        content = b"".join(pieces)
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            # Whether an empty `b/` is a file or a folder is a matter of taste.
            members = [member for member in tar if member.isreg() and member.size and Path(member.name).name != RECEIPT]
            files = map(tar.extractfile, members)
            theirs = Counter(hashlib.sha256(file.read()).hexdigest() for file in files if file is not None)
    except tarfile.TarError:
        return
    # tarfile reads unneeded fields, such as a time, and silently stops at a header in which one is not a number.
    stopped = any(content[tar.offset : tar.offset + BLOCK])
    ours = Counter(file.sha256 for file in made.files if file.size and Path(file.path).name != RECEIPT)
    promise(theirs <= ours if stopped else theirs == ours, f"{ours.total()} files, by the other one {theirs.total()}")


def mended(tar: bytes) -> bytes:
    """A tar archive with right checksums in what its reader will take for headers."""
    blocks, position = bytearray(tar), 0
    while position + BLOCK <= len(blocks):
        header = blocks[position : position + BLOCK]
        if any(header):
            total = sum(header) - sum(header[148:156]) + 8 * ord(" ")
            blocks[position + 148 : position + 156] = b"%06o\0 " % total
        digits = bytes(header[124:136]).strip(b" \0")
        size = int(digits, 8) if digits and not digits.strip(b"01234567") else 0
        position += BLOCK + -(-size // BLOCK) * BLOCK
    return bytes(blocks)


def _archive_seeds() -> list[bytes]:
    files = {"config.json": b"{}", "a/model.safetensors": bytes(700), "\u00e9" * 60 + "/" + "n" * 90: b"x"}
    seeds = []
    for format_ in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=format_, pax_headers={"comment": "all"}) as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                if format_ == tarfile.PAX_FORMAT:
                    info.pax_headers = {"size": str(len(content)), "mtime": "1.5"}
                tar.addfile(info, io.BytesIO(content))
            folder = tarfile.TarInfo("b/")
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
        seeds += [b"\xff" + out.getvalue().rstrip(b"\0") + bytes(1536), b"\0" + out.getvalue()]
    # Such as must be refused: changed, they must be too.
    for name, kind in (("../outside", tarfile.REGTYPE), ("a/../../b/", tarfile.DIRTYPE), ("c", tarfile.SYMTYPE)):
        hostile = tarfile.TarInfo(name)
        hostile.type, hostile.linkname = kind, ".."
        seeds.append(b"\xff" + hostile.tobuf() + tarfile.TarInfo("c/d").tobuf() + bytes(1024))
    return [*seeds, b"\0" + gzip.compress(seeds[0][1:]), b"\0" + zstd.compress(seeds[0][1:])]


# Receipts -------------------------------------------------------------------------------------------------------------


def receipt(data: bytes) -> None:
    """Verify: a verdict that names only what is in the folder or the receipt, or an error."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "secret").write_bytes(b"secret")
        folder = Path(place) / "folder"
        (folder / "a").mkdir(parents=True)
        (folder / "config.json").write_bytes(b"{}")
        (folder / "a" / "b").write_bytes(b"b")
        (folder / "link").symlink_to("../secret")
        (folder / RECEIPT).write_bytes(data)
        before = _tree(place)
        origin(folder)
        try:
            verdict = verify(folder)
        except ArchiveError as error:
            promise(str(error).isprintable(), f"no sentence: {error}")
        else:
            there = {"config.json", "a/b", "link"}
            promise("secret" not in str(verdict.changed) and set(verdict.changed) <= there, "it looked elsewhere")
            promise(not there & set(verdict.missing) and set(verdict.extra) <= there, "it is wrong")
            promise(all(path.isprintable() for path in verdict.missing), "a path drives a terminal")
        promise(_tree(place) == before, "it changed something")


def _receipt_seeds() -> list[bytes]:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "model.tar"
        file.write_bytes(_archive_seeds()[0][1:])
        good = (Path(extract(file).folder) / RECEIPT).read_bytes()
    entry = {"path": "config.json", "size": 2, "sha256": hashlib.sha256(b"{}").hexdigest()}
    odd = [{**entry, "path": path} for path in ("a/b", "../secret", "/etc/passwd", "link", "a", RECEIPT)]
    return [good, *(json.dumps({"format": 1, "files": [entry, one]}).encode() for one in odd)]


# Headers --------------------------------------------------------------------------------------------------------------


def headers(data: bytes) -> None:
    """Inspect: whatever a file says, there is an answer that can be shown; the first byte says which file it is."""
    kind, rest = data[:1], data[1:]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "config.json").write_bytes(b"{}")
        if kind < b"\x40":
            (folder / "adapter_config.json").write_bytes(rest)
        elif kind < b"\x80":
            (folder / "model.safetensors.index.json").write_bytes(rest)
        else:
            length = len(rest).to_bytes(8, "little") if kind < b"\xc0" else b""
            (folder / "model.safetensors").write_bytes(length + rest)
        found = inspect(folder)
    document = json.dumps(asdict(found))
    promise(len(document) < 64 * (len(data) + 100), "it made much of little")
    texts = [*found.warnings, *found.dtypes, *found.target_modules, found.base_model or ""]
    promise(all(text.isprintable() for text in texts), "a text drives a terminal")
    promise(bool(f"{found.parameters:,} {found.rank} {found.alpha}"), "a number cannot be shown")


def _headers_seeds() -> list[bytes]:
    tensor = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": tensor, "v": {**tensor, "dtype": "F4"}}).encode()
    adapter = {"r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "base_model_name_or_path": "meta/Llama"}
    index = {"metadata": {"total_size": 24}, "weight_map": {"w": "model-1.safetensors"}}
    return [
        b"\0" + json.dumps({**adapter, "modules_to_save": ["lm_head"], "bias": "none"}).encode(),
        b"\x40" + json.dumps(index).encode(),
        b"\x80" + header,
        b"\xc0" + len(header).to_bytes(8, "little") + header + bytes(24),
    ]


# All of them ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """Something to throw bytes at.

    Attributes:
        run: Takes the bytes; raises if a promise is broken.
        seeds: Makes bytes to begin with.
        share: Of the time that there is.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    share: float


TARGETS: Final = {
    "archive": Target(archive, _archive_seeds, 0.5),
    "receipt": Target(receipt, _receipt_seeds, 0.25),
    "headers": Target(headers, _headers_seeds, 0.25),
}
