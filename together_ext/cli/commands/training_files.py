"""Training and validation files of new jobs: an ID, or a local file that is uploaded first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from together_ext.cli.paths import path_of
from together_ext.cli.render.progress import progress
from together_ext.cli.render.screen import tell
from together_ext.cli.render.views import cell
from together_ext.cli.settings import Settings

if TYPE_CHECKING:
    from together_ext.client import Together
    from together_ext.files.upload import UploadedFile

_SUFFIXES = (".jsonl", ".parquet", ".csv")


def is_local(given: str) -> bool:
    """Whether the value of an option is a local file, not an ID."""
    return (
        given.lower().endswith(_SUFFIXES) or "/" in given or (not given.startswith("file-") and Path(given).is_file())
    )


def uploads(client: Together, settings: Settings, **files: str | None) -> dict[str, str]:
    """The IDs of training and validation files; local files are checked, uploaded and reported.

    Args:
        client: The client.
        settings: The common options.
        **files: IDs and paths of local files, by the name of the parameter.
    """
    return {name: _uploaded(client, settings, given, name) for name, given in files.items() if given}


def uploaded(given: str, found: UploadedFile) -> str:
    """What became of a local file, as a line."""
    if found.already_existed:
        return f"{cell(given)} was already uploaded as {cell(found.id)}: nothing was sent"
    return f"uploaded {cell(given)} as {cell(found.id)}"


def _uploaded(client: Together, settings: Settings, given: str, name: str) -> str:
    if not is_local(given):
        return given
    path = path_of(given, f"--{name.replace('_', '-')}")
    with progress(settings) as callback:
        found = client.files.upload(path, progress=callback)
    if not settings.quiet and not settings.json:
        tell(uploaded(given, found))
    return found.id
