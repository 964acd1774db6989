"""A certificate authority of our own, and a certificate for this machine's loopback."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .places import SCRATCH


@dataclass(frozen=True)
class Certificate:
    """Files of a server's identity.

    Attributes:
        authority: What clients must trust.
        certificate: What the server shows.
        key: Its private key.
    """

    authority: Path
    certificate: Path
    key: Path


def make_certificate() -> Certificate:
    """Make new ones, valid for two days."""
    folder = SCRATCH / "tls"
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificate(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    authority_key, request, extensions = folder / "authority.key", folder / "server.csr", folder / "extensions"
    extensions.write_text(
        "subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(
        *("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=benchmark authority"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        *("-keyout", authority_key, "-out", made.authority),
    )
    _openssl("req", "-new", *new_key, "-subj", "/CN=127.0.0.1", "-keyout", made.key, "-out", request)
    _openssl(
        *("x509", "-req", "-in", request, "-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial"),
        *("-days", "2", "-extfile", extensions, "-out", made.certificate),
    )
    return made


def _openssl(*arguments: str | Path) -> None:
    command = ["openssl", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 -- a fixed command of our own
