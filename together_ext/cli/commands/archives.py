"""`together-ext extract`, `verify` and `inspect`: local archives and folders."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from together_ext.archive import Limits
from together_ext.cli.exits import BadUsageError, CommandError, Exit
from together_ext.cli.options.base_model import BaseModel, NoFixBase, check_base
from together_ext.cli.options.durable import Durable
from together_ext.cli.options.limits import MaxWindow
from together_ext.cli.options.lock import LockTimeout
from together_ext.cli.options.storage import StorageOptions, storage_options
from together_ext.cli.paths import folder_of, path_of
from together_ext.cli.render.amounts import counted, size, size_text
from together_ext.cli.render.screen import show
from together_ext.cli.render.unpacked import inspected, lines_of, show_unpacked, with_steps
from together_ext.cli.render.views import NOTHING, Lines, Record, Results, cell
from together_ext.cli.settings import settings_of
from together_ext.destinations.urls import SUPPORTED, is_object_url
from together_ext.storage import absolute

if TYPE_CHECKING:
    from together_ext.archive.inspect import Inspection
    from together_ext.archive.next_steps import NextStep
    from together_ext.archive.receipt import Verification


def extract(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    archive: Annotated[
        str, typer.Argument(metavar="ARCHIVE", help="Archive (.tar.zst, .tar.gz or .tar).", show_default=False)
    ],
    *,
    output_dir: Annotated[
        str | None,
        typer.Option(
            "--output-dir", "-o", metavar="DIR", help="Folder to create (default: beside the archive, under its name)."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
    max_members: Annotated[
        int,
        typer.Option(
            "--max-members",
            metavar="N",
            min=1,
            help="Maximum number of files and folders (default: 100,000).",
            show_default=False,
        ),
    ] = 100_000,
    max_ratio: Annotated[
        float,
        typer.Option(
            "--max-ratio",
            metavar="N",
            min=1,
            help="Maximum expansion ratio, beyond the first GiB (default: 100).",
            show_default=False,
        ),
    ] = 100.0,
    max_size: Annotated[
        int | None,
        typer.Option(
            "--max-size",
            parser=size,
            metavar="SIZE",
            help="Maximum total size, such as 40G (default: free disk space).",
        ),
    ] = None,
    max_window: MaxWindow = None,
    max_headers: Annotated[
        int | None,
        typer.Option(
            "--max-headers", parser=size, metavar="SIZE", help="Maximum size of extended headers (default: 128Mi)."
        ),
    ] = None,
    durable: Durable = True,
    lock_timeout: LockTimeout = None,
    no_fix_base: NoFixBase = False,
    base_model: BaseModel = None,
) -> None:
    """Extract an archive, and write a receipt.

    The folder appears once the archive is extracted and verified. Only regular files and folders are extracted. The
    archive is kept. With --quiet, print only the path of the folder.
    """
    from together_ext.archive import extract as unpack

    settings = settings_of(context)
    source = path_of(archive, "ARCHIVE")
    target = None if output_dir is None else path_of(output_dir, "--output-dir")
    usual = Limits()
    limits = Limits(
        members=max_members,
        ratio=max_ratio,
        size=max_size,
        window=max_window or usual.window,
        headers=max_headers or usual.headers,
    )
    check_base(base_model, no_fix_base=no_fix_base)
    made = unpack(
        source,
        target,
        limits=limits,
        overwrite=overwrite,
        fix_base=not no_fix_base,
        base_model=base_model,
        lock_timeout=lock_timeout,
        durable=durable,
    )
    total = sum(file.size for file in made.files)
    view = Lines([made.folder, f"{counted(len(made.files), 'file', 'files')}, {size_text(total)}"])
    show_unpacked(settings, made, view, made.folder)


def verify(
    context: typer.Context,
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="Extracted folder, or its URL in an object store.", show_default=False)
    ],
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="For a URL: compare only sizes and entity tags, and read no object.")
    ] = False,
    storage_option: StorageOptions = None,
) -> None:
    """Compare an extracted folder with its receipt.

    Works offline, except for the URL of an object store, whose objects are read. Exit code 6: files are missing,
    changed or extra.
    """
    settings = settings_of(context)
    outcome = _compared(folder, storage_options(storage_option), quick=quick)
    if outcome.good:
        show(settings, outcome, Lines([f"OK: {counted(outcome.checked, 'file matches', 'files match')} the receipt"]))
        return
    wrong = [
        f"{what}\t{path!r}" if not path.isprintable() else f"{what}\t{path}"
        for what, paths in (("missing", outcome.missing), ("changed", outcome.changed), ("extra", outcome.extra))
        for path in paths
    ]
    if not settings.json:
        show(settings, outcome, Results(wrong))
    counts = ", ".join(
        f"{len(paths)} {what}"
        for what, paths in (("missing", outcome.missing), ("changed", outcome.changed), ("extra", outcome.extra))
        if paths
    )
    shown = "; ".join(line.replace("\t", " ") for line in wrong[:5])
    raise CommandError(
        f"verification failed: {counts} in {outcome.folder} ({shown}); extract the archive again",
        code="folder_changed",
        exit=Exit.INTEGRITY,
        document=outcome,
    )


def _compared(folder: str, storage: dict[str, str] | None, *, quick: bool) -> "Verification":
    from together_ext.archive import verify as compare

    if is_object_url(folder):
        from together_ext.destinations.checking import verify_objects

        return verify_objects(folder, storage_options=storage, quick=quick)
    _refuse_storage(quick=quick, storage=storage)
    return compare(folder_of(folder, "DIR", "an extracted folder", SUPPORTED))


def _refuse_storage(*, quick: bool = False, storage: dict[str, str] | None = None) -> None:
    """Refuse options for object stores with a local path."""
    option = "--quick" if quick else "--storage-option" if storage else None
    if option is not None:
        raise BadUsageError(f"{option} is for the URL of an object store: omit it, or pass a URL with {SUPPORTED}")


def _inspected(
    path: str, storage: dict[str, str] | None, max_window: int | None
) -> "tuple[Inspection, tuple[NextStep, ...]]":
    """What is at a path or URL, and the commands that load it."""
    from together_ext.archive.inspect import inspect as look
    from together_ext.archive.next_steps import next_steps, steps_for_archive

    if is_object_url(path):
        found = inspected(path, storage)
        return found, next_steps(path, found)
    _refuse_storage(storage=storage)
    place = str(absolute(path_of(path, "DIR_OR_ARCHIVE", SUPPORTED)))
    found = look(place, limits=None if max_window is None else Limits(window=max_window))
    return found, next_steps(place, found) if os.path.isdir(place) else steps_for_archive(place)  # noqa: PTH112


def inspect(
    context: typer.Context,
    path: Annotated[
        str,
        typer.Argument(
            metavar="DIR_OR_ARCHIVE",
            help="Extracted folder, its URL in an object store, or archive.",
            show_default=False,
        ),
    ],
    *,
    max_window: MaxWindow = None,
    storage_option: StorageOptions = None,
) -> None:
    """Identify weights, and warn about loading problems.

    Shows the layout, the base model, and the commands that load the weights. Reads only headers and small tensors;
    loads and runs nothing.
    """
    settings = settings_of(context)
    found, steps = _inspected(path, storage_options(storage_option), max_window)
    pairs = [
        ("layout", found.layout),
        ("tensors", f"{found.tensors:,}"),
        ("parameters", f"{found.parameters:,}"),
        ("dtypes", ", ".join(f"{name} {count:,}" for name, count in found.dtypes.items()) or NOTHING),
    ]
    if found.layout == "adapter":
        pairs += [
            ("base model", cell(found.base_model)),
            ("rank", NOTHING if found.rank is None else str(found.rank)),
            ("alpha", NOTHING if found.alpha is None else f"{found.alpha:g}"),
            ("target modules", ", ".join(found.target_modules) or NOTHING),
        ]
    pairs += [("warning", warning) for warning in found.warnings]
    commands = [(f"next: {step.tool}", line) for step in steps for line in lines_of(step)]
    show(settings, with_steps(found, steps), Record(pairs, commands, "To load the model:"))
