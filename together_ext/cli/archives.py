"""`together-ext extract`, `verify` and `inspect`: archives and folders that are on the disk already."""

import os
from typing import Annotated

import typer

from .amounts import size, size_text
from .base_model import BaseModel, NoFixBase, check_base
from .exits import CommandError, Exit
from .screen import show
from .settings import settings_of
from .unpacked import lines_of, show_unpacked, with_steps
from .views import NOTHING, Findings, Lines, Record, cell


def extract(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    archive: Annotated[
        str, typer.Argument(metavar="ARCHIVE", help="A zstd, gzip or plain tar archive.", show_default=False)
    ],
    *,
    output_dir: Annotated[
        str | None,
        typer.Option(
            "--output-dir", "-o", metavar="DIR", help="The folder to make; else the archive's name, beside it."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder of that name.")] = False,
    max_members: Annotated[
        int, typer.Option("--max-members", metavar="N", min=1, help="Files and folders at the most.")
    ] = 100_000,
    max_ratio: Annotated[
        float, typer.Option("--max-ratio", metavar="N", min=1, help="Expansion at the most; the first GiB is free.")
    ] = 100.0,
    max_size: Annotated[
        int | None,
        typer.Option(
            "--max-size",
            parser=size,
            metavar="SIZE",
            help="Bytes at the most, such as 40G; else what the disk has free.",
        ),
    ] = None,
    no_fix_base: NoFixBase = False,
    base_model: BaseModel = None,
) -> None:
    """Unpack an archive, and leave a receipt.

    Only files and folders are unpacked, and only inside the new folder, which appears when all of it is right. The
    archive stays. With --quiet it prints the folder's path alone.
    """
    from together_ext.archive import extract as unpack  # noqa: PLC0415 -- not for `--help`
    from together_ext.archive.unpack import Limits  # noqa: PLC0415

    settings = settings_of(context)
    limits = Limits(members=max_members, ratio=max_ratio, size=max_size)
    check_base(base_model, no_fix_base=no_fix_base)
    made = unpack(
        archive, output_dir, limits=limits, overwrite=overwrite, fix_base=not no_fix_base, base_model=base_model
    )
    total = sum(file.size for file in made.files)
    view = Lines([made.folder, f"{len(made.files)} files, {size_text(total)}"])
    show_unpacked(settings, made, view, made.folder)


def verify(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="An unpacked folder.", show_default=False)],
) -> None:
    """Compare an unpacked folder with its receipt.

    It needs no network. Exit status 6 says that files are missing, changed or extra.
    """
    from together_ext.archive import verify as compare  # noqa: PLC0415 -- not for `--help`

    settings = settings_of(context)
    outcome = compare(folder)
    if outcome.good:
        show(settings, outcome, Lines([f"{outcome.checked} files are as they were"]))
        return
    wrong = [
        f"{what}\t{path!r}" if not path.isprintable() else f"{what}\t{path}"
        for what, paths in (("missing", outcome.missing), ("changed", outcome.changed), ("extra", outcome.extra))
        for path in paths
    ]
    if not settings.json:
        show(settings, outcome, Findings(wrong))
    counts = f"{len(outcome.missing)} missing, {len(outcome.changed)} changed, {len(outcome.extra)} extra"
    shown = "; ".join(line.replace("\t", " ") for line in wrong[:5])
    raise CommandError(
        f"{outcome.folder} is not as its receipt says: {counts} ({shown}); unpack the archive again",
        code="folder_changed",
        exit=Exit.INTEGRITY,
        document=outcome,
    )


def inspect(
    context: typer.Context,
    path: Annotated[str, typer.Argument(metavar="DIR_OR_ARCHIVE", help="Unpacked, or not.", show_default=False)],
) -> None:
    """Tell what weights are, and what will bite.

    Only the headers of safetensors files are read, and LoRA's B; nothing is loaded or run. It ends with the commands
    to load them.
    """
    from together_ext.archive.inspect import inspect as look  # noqa: PLC0415 -- not for `--help`
    from together_ext.archive.next_steps import next_steps, steps_for_archive  # noqa: PLC0415

    settings = settings_of(context)
    found = look(path)
    place = os.path.abspath(path)  # noqa: PTH100 -- links stay as they are
    steps = next_steps(place, found) if os.path.isdir(place) else steps_for_archive(place)  # noqa: PTH112
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
    pairs += [(f"next: {step.tool}", line) for step in steps for line in lines_of(step)]
    show(settings, with_steps(found, steps), Record(pairs))
