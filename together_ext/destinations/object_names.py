"""The names of the objects of an archive: its paths, without a single top-level folder."""

from __future__ import annotations


class ObjectNames:
    """Names of objects, for paths that are added in the order of the archive."""

    def __init__(self, *, strip: bool) -> None:
        """Start without a path.

        Args:
            strip: Whether a single top-level folder is left out.
        """
        self._started, self._top = not strip, ""
        self._folders: set[str] = set()

    def add(self, path: str, *, folder: bool) -> bool:
        """Note a path; returns whether the folder that is left out is still the only one."""
        top, _, rest = path.partition("/")
        if folder:
            self._folders.add(path)
        if not self._started:
            self._started, self._top = True, f"{top}/" if rest or folder else ""
        return f"{path}/".startswith(self._top)

    def keep_all(self) -> None:
        """Leave out no folder."""
        self._top = ""

    def of(self, path: str) -> str:
        """The name of the object of a path."""
        return path.removeprefix(self._top)

    def path(self, name: str) -> str:
        """The path of the object of a name."""
        return f"{self._top}{name}"

    def has_folder(self, name: str) -> bool:
        """Whether there is a folder of this name."""
        return self.path(name) in self._folders
