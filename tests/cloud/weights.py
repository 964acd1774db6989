"""Weights for uploads, what a bucket has of them, and the command that uploads them."""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.archives import packed
from tests.waits import PATIENCE
from together_ext import Together
from together_ext.destinations.checking import verify_objects
from together_ext.destinations.object_state import PARTIAL
from together_ext.destinations.store import Store
from together_ext.destinations.urls import parse_url
from together_ext.simulator import LORA_JOB, Simulator

from .conftest import Bucket

MODEL = {
    "config.json": b"{}",
    "model-1.safetensors": secrets.token_bytes(20 << 20),
    "model-2.safetensors": secrets.token_bytes(10 << 20),
    "a b/ü#%+.txt": b"names",
}
RECEIPT = "together-ext.json"


ARCHIVE = packed(MODEL)


def store_of(bucket: Bucket, url: str | None = None) -> Store:
    return Store(parse_url(url or bucket.url, "url"), bucket.options)


def hashes(store: Store) -> dict[str, str]:
    """The hash of every object but the receipt, by name."""
    found = {name: stored.size for name, stored in store.list().items() if name != RECEIPT}
    return {name: hashlib.sha256(b"".join(store.pieces(name, size))).hexdigest() for name, size in found.items()}


def unfinished(bucket: Bucket) -> bytes:
    """The list of the multipart uploads that are not complete."""
    return httpx.get(f"{bucket.server}/{bucket.name}?uploads", timeout=PATIENCE).content


@contextmanager
def uploading(sim: Simulator, bucket: Bucket, *arguments: str, job: str = LORA_JOB) -> Iterator[subprocess.Popen[str]]:
    """The process of a command that uploads the weights; killed at the end of the block, if it still runs."""
    settings = [part for name, value in bucket.options.items() for part in ("--storage-option", f"{name}={value}")]
    command = [sys.executable, "-m", "together_ext", "ft", "download", job, "-o", bucket.url, *settings]
    process = subprocess.Popen(  # noqa: S603 -- this package
        [*command, "--connections", "1", *arguments],
        env={**os.environ, "TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def check_incomplete(bucket: Bucket) -> None:
    """Check that there is no receipt, and that every object is a whole file of the weights."""
    found = hashes(store_of(bucket))
    names = {name.rpartition("/")[2] for name in store_of(bucket).list()}
    assert RECEIPT not in names
    for name, digest in found.items():
        file = name.partition("/")[2]
        assert file == PARTIAL or digest == hashlib.sha256(MODEL[file]).hexdigest(), name


def check_rerun(client: Together, bucket: Bucket) -> None:
    """Download again, and check that everything is complete."""
    result = client.fine_tuning.download(LORA_JOB, extract=True, output=bucket.url, storage_options=bucket.options)
    assert hashes(store_of(bucket, result.extracted_to)) == {
        name: hashlib.sha256(data).hexdigest() for name, data in MODEL.items()
    }
    assert verify_objects(str(result.extracted_to), storage_options=bucket.options, quick=True).good
