"""From an archive on the server to a folder of weights: who takes part, and what they unpack."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .peers import CURL, OURS, SDK_3, Peer, Request
from .places import DRIVERS, MIB, SOURCES
from .run import Course, RunError
from .source import Source

TAR: Final = "tar -xf alone"
THEN_TAR: Final = "curl, then tar -xf"
INTO_TAR: Final = "curl into tar --zstd -x"
DIRECT: Final = "together-ext --no-spool"
DIRECT_LOOSE: Final = "together-ext --no-spool --no-durable"
SDK_THEN_TAR: Final = "SDK 3.1.1, then tar -xf"
EXTRACT: Final = "together-ext extract alone"
EXTRACT_LOOSE: Final = "together-ext extract --no-durable alone"

WEIGHTS: Final = 1600 * MIB
"""Bytes of the weights before they are packed."""

_SHARD: Final = 400 * MIB
_FOLDER: Final = "model"
_EXPONENTS: Final = bytes(
    (0x3C - min(7, (byte & -byte).bit_length())) | (0x80 if byte & 0x40 else 0) for byte in range(256)
)
"""What the upper bytes of bf16 weights look like: few values, the small ones rare. Packed, 3/4 of the size are left."""


@dataclass(frozen=True)
class Weights(Source):
    """A packed model in bf16; its size is that of what is in it."""

    size: int = WEIGHTS

    @property
    def job(self) -> str:
        """The fine-tuning job whose weights these are."""
        return "ft-bench-weights"

    @property
    def folder(self) -> Path:
        """What has to come out."""
        return SOURCES / "weights"

    def prepare(self) -> None:
        """Make the model, pack it, and read all of it once."""
        if not self.path.exists():
            SOURCES.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            for number in range(self.size // _SHARD):
                _write_shard(self.folder / f"model-{number:05}.safetensors")
            (self.folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
            packing = f'tar -C "{self.folder}" -cf - . | zstd -3 -q -f -o "{self.path}.new"'
            subprocess.run(["sh", "-c", packing], check=True)  # noqa: S603, S607 -- our own command
            Path(f"{self.path}.new").rename(self.path)
        subprocess.run(["cat", self.path], check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607 -- the same


def _write_shard(path: Path) -> None:
    header = b'{"w": {"dtype": "BF16", "shape": [%d], "data_offsets": [0, %d]}}' % (_SHARD // 2, _SHARD)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for _ in range(_SHARD // (8 * MIB)):
            numbers = bytearray(8 * MIB)
            numbers[0::2] = os.urandom(4 * MIB)
            numbers[1::2] = os.urandom(4 * MIB).translate(_EXPONENTS)
            file.write(numbers)


@dataclass(frozen=True)
class UnpackCourse(Course):
    """Where the archive is only the way to the folder."""

    def check(self, peer: Peer, output: Path) -> None:
        """See that what the peer unpacked is the model, or the file that it fetched the archive."""
        if peer.name == CURL:
            super().check(peer, output)
            return
        made = output.parent / _FOLDER
        same = ["diff", "-rq", "-x", "together-ext.json", str(made), str(Weights().folder)]
        if subprocess.run(same, check=False, stdout=subprocess.DEVNULL).returncode:  # noqa: S603 -- our own command
            raise RunError(f"{peer.name} made a wrong folder")


def unpackers(peers: Mapping[str, Peer]) -> Iterator[Peer]:
    """Who takes part, made of those that download."""
    curl, sdk, ours = peers[CURL], peers[SDK_3], peers[OURS]
    python = ours.idle[0]
    yield Peer(OURS, _driver(python, "unpack"), ours.idle, ours.version, ours.prefix)
    yield Peer(DIRECT, _driver(python, "unpack", "direct"), ours.idle, ours.version, ours.prefix)
    yield Peer(DIRECT_LOOSE, _driver(python, "unpack", "direct", "loose"), ours.idle, ours.version, ours.prefix)
    yield Peer(THEN_TAR, lambda request: _then_tar(curl, request), curl.idle, curl.version)
    yield Peer(INTO_TAR, _into_tar, curl.idle, curl.version)
    yield Peer(SDK_THEN_TAR, lambda request: _then_tar(sdk, request), sdk.idle, sdk.version, sdk.prefix)
    yield curl
    yield Peer(TAR, lambda request: _tar(_source(request), request), curl.idle, curl.version)
    yield Peer(EXTRACT, lambda request: _extract(python, request), ours.idle, ours.version)
    yield Peer(EXTRACT_LOOSE, lambda request: [*_extract(python, request), "loose"], ours.idle, ours.version)


def _driver(python: str, name: str, *words: str) -> Callable[[Request], list[str]]:
    return lambda request: [python, str(DRIVERS / f"{name}.py"), request.job, str(request.output), *words]


def _extract(python: str, request: Request) -> list[str]:
    return [python, str(DRIVERS / "extract.py"), str(_source(request)), str(request.output.parent / _FOLDER)]


def _into_tar(request: Request) -> list[str]:
    script = 'set -e; mkdir "$2"; curl -sSf "$1" | tar --zstd -xf - -C "$2"'
    return ["sh", "-c", script, "sh", request.url, str(request.output.parent / _FOLDER)]


def _source(request: Request) -> Path:
    return SOURCES / f"{request.job}.tar.zst"


def _tar(archive: Path, request: Request) -> list[str]:
    folder = str(request.output.parent / _FOLDER)
    return ["sh", "-c", 'mkdir "$2" && exec tar -xf "$1" -C "$2"', "sh", str(archive), folder]


def _then_tar(peer: Peer, request: Request) -> list[str]:
    *_, archive, folder = _tar(request.output, request)
    script = 'archive=$1 folder=$2; shift 2; "$@" && mkdir "$folder" && exec tar -xf "$archive" -C "$folder"'
    return ["sh", "-c", script, "sh", archive, folder, *peer.command(request)]
