"""Archives of given files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from backports import zstd


def packed(files: Mapping[str, bytes], top: str = "output/") -> bytes:
    """An archive with one folder around everything."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"{top}{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return zstd.compress(out.getvalue(), 1)
