"""What takes the files of a revision, and what of them has arrived."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from together_ext.archive.terms import UnpackedFile

from .located import LocatedFile
from .reading import Connection, Reading


@dataclass(frozen=True)
class Arrived:
    """A file that is complete, and right.

    Attributes:
        file: The file.
        sha256: Its hash in hexadecimal.
    """

    file: LocatedFile
    sha256: str

    @property
    def unpacked(self) -> UnpackedFile:
        """The file, as a receipt names it."""
        return UnpackedFile(self.file.path, self.file.size, self.sha256)


def verification(arrived: Sequence[Arrived]) -> Literal["hash", "size"]:
    """What was compared: every file with the server's hash, or only sizes."""
    return "hash" if all(one.file.verifiable for one in arrived) else "size"


class Taking(ABC):
    """Takes the files of a revision; a call of `run` continues where the URLs of the last one expired.

    Attributes:
        arrived: The files that are complete, by path; they stay if the rest fails.
        kept: Number of bytes of earlier runs that were right.
        done: Number of bytes that are not requested again.
        readings: What has read the files, one for each set of URLs.
    """

    def __init__(self) -> None:
        self.arrived: dict[str, Arrived] = {}
        self.kept = self.done = 0
        self.readings: list[Reading] = []

    @property
    def received(self) -> int:
        """Number of bytes that hosts have sent."""
        return sum(one.received for one in self.readings)

    def left(self, files: Sequence[LocatedFile]) -> list[LocatedFile]:
        """The files that have not arrived."""
        return [file for file in files if file.path not in self.arrived]

    @abstractmethod
    def prepare(self, files: Sequence[LocatedFile]) -> None:
        """Get ready for these files, and take what an earlier run has left."""

    @abstractmethod
    def run(self, files: Sequence[LocatedFile], connection: Connection) -> None:
        """Take what has not arrived.

        Args:
            files: All files, with URLs that are valid.
            connection: How the parts are requested.

        Raises:
            ExpiredError: The URLs have expired: call it again with new ones.
            IntegrityError: A file, or a part of one, stays bad.
            StorageError: The disk or the store refuses.
            TransferError: The transfer failed; a rerun resumes.
        """
