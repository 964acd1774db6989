"""URLs of object stores: which ones are supported, and the bucket and prefix that they name. No I/O."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from together_ext.errors import RuleError
from together_ext.text import printable

SCHEMES: Final = ("s3", "gs", "az", "memory")
"""`memory` is for tests: a store inside this process."""

SUPPORTED: Final = "s3://, gs:// or az://"
"""The schemes for users, for errors."""

_URL: Final = re.compile(rf"({'|'.join(SCHEMES)})://(.*)", re.DOTALL)
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}")


@dataclass(frozen=True)
class Location:
    """A path in an object store.

    Attributes:
        scheme: One of `SCHEMES`.
        bucket: The bucket; of Azure, the container.
        path: The path inside, without slashes at its ends; empty for the bucket itself.
    """

    scheme: str
    bucket: str
    path: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.path}" if self.path else f"{self.scheme}://{self.bucket}"

    def __truediv__(self, name: str) -> Self:
        return replace(self, path=f"{self.path}/{name}" if self.path else name)


def is_object_url(path: object) -> bool:
    """Whether a path is a URL of an object store."""
    return isinstance(path, str) and _URL.match(path) is not None


def parse_url(url: str | os.PathLike[str], name: str) -> Location:
    """The location that a URL names.

    Args:
        url: The URL, such as `s3://bucket/prefix`.
        name: The keyword or the option that it was given with, for the error.

    Raises:
        RuleError: It has no valid bucket, or its path has empty, `.` or `..` parts, or control characters; of
            Azure, also backslashes.
    """
    found = _URL.fullmatch(os.fspath(url))
    bucket, _, path = found[2].partition("/") if found else ("", "", "")
    path = path.removesuffix("/")
    if found is None or not _BUCKET.fullmatch(bucket):
        # Not the URL, which may have credentials in it.
        raise RuleError(f"{name} is not a URL of an object store: expected SCHEME://BUCKET/PREFIX/, as in s3://models/")
    if found[1] == "az" and "\\" in path:
        raise RuleError(f"{name} has the path {printable(path, 200)!r}: Azure replaces '\\' by '/': use '/'")
    if path and (not path.isprintable() or {"", ".", ".."} & set(path.split("/"))):
        raise RuleError(
            f"{name} has the path {printable(path, 200)!r}: parts that are empty, '.' or '..' are not supported"
        )
    return Location(found[1], bucket, path)


def object_url(output: object, options: Mapping[str, str] | None) -> str | None:
    """The URL of the object store that an output is; None for a local path.

    Args:
        output: The output of a download.
        options: The settings of the store.

    Raises:
        RuleError: The URL or a setting is invalid, or the output is a path and there are settings.
    """
    if is_object_url(output):
        parse_url(str(output), "output")
        check_options(options)
        return str(output)
    if options is not None:
        raise RuleError(
            "storage_options (--storage-option) is given, and output is not the URL of an object store: omit it"
        )
    return None


def check_options(options: Mapping[str, str] | None) -> None:
    """Check the settings of a store; raises `RuleError` if one is not a text. Values may be secrets."""
    for name, value in (options or {}).items():
        if not isinstance(value, str):
            raise RuleError(f"storage option {printable(repr(name), 40)} is a {type(value).__name__}: expected a text")


def location_of(url: str, name: str) -> Location:
    """The location of what is saved, which has this name where the URL does not have one.

    Args:
        url: The output of a download.
        name: The name.

    Raises:
        RuleError: The URL is invalid.
    """
    found = parse_url(url, "output")
    return found / name if names_folder(url) else found


def prefix_url(url: str, name: str) -> str:
    """The URL of a prefix to save in, which a slash at its end marks.

    Args:
        url: A URL of an object store, with or without slashes at its end.
        name: The keyword or the option that it was given with, for the error.

    Raises:
        RuleError: It is invalid, such as one without a bucket.
    """
    scheme, separator, path = url.partition("://")
    prefix = f"{scheme}{separator}{path.rstrip('/')}/"
    parse_url(prefix, name)
    return prefix


def names_folder(url: str) -> bool:
    """Whether a URL is that of a prefix to save in, and not of what is saved: a bucket, or a slash at its end."""
    return url.endswith("/") or "/" not in url.partition("://")[2]
