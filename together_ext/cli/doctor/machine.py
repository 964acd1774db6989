"""Checks of this machine."""

from __future__ import annotations

import platform
import ssl
from importlib import metadata

from together_ext import __version__

from .findings import Finding, State


def versions() -> Finding:
    """The versions that a report of a problem needs."""
    names = {name: metadata.version(name) for name in ("httpx", "certifi")}
    parts = [
        f"together-ext {__version__}",
        f"Python {platform.python_version()}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        *(f"{name} {version}" for name, version in names.items()),
        ssl.OPENSSL_VERSION,
    ]
    return Finding("versions", State.OK, ", ".join(parts))
