"""`together-ext fine-tuning download`."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .amounts import duration_text, rate, rate_text, size_text
from .base_model import BaseModel, NoFixBase, check_base
from .exits import BadUsageError
from .progress import progress
from .screen import show
from .session import connect
from .settings import settings_of
from .unpacked import show_unpacked
from .views import Lines
from .wait import Timeout, wait_for

if TYPE_CHECKING:
    from together_ext.weights import DownloadResult


def download(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    id: Annotated[
        str,
        typer.Argument(metavar="ID", help="The job's ID, ft-..., or ft-...:STEP for a checkpoint.", show_default=False),
    ],
    *,
    output_dir: Annotated[
        str | None,
        typer.Option("--output-dir", "-o", metavar="DIR", help="Folder for the archive; made if it is missing."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", metavar="FILE", help="The file itself, instead of a folder.")
    ] = None,
    checkpoint_step: Annotated[
        int | None, typer.Option("--checkpoint-step", "-s", metavar="STEP", help="A checkpoint's step.")
    ] = None,
    checkpoint_type: Annotated[
        str,
        typer.Option(
            "--checkpoint-type",
            metavar="TYPE",
            help="default, merged or adapter; the default of a LoRA job is merged.",
            show_default=False,
        ),
    ] = "default",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another file of that name.")] = False,
    connections: Annotated[
        int | None, typer.Option("--connections", metavar="N", help="Connections at the most; else 8.")
    ] = None,
    limit_rate: Annotated[
        float | None,
        typer.Option("--limit-rate", parser=rate, metavar="RATE", help="Bytes a second at the most, such as 8M."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the job to be completed first.")] = False,
    timeout: Timeout = None,
    extract: Annotated[
        bool, typer.Option("--extract", help="Unpack it into a folder beside it, with a receipt.")
    ] = False,
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="With --extract: keep the archive, too.")
    ] = False,
    no_fix_base: NoFixBase = False,
    base_model: BaseModel = None,
) -> None:
    """Fetch the weights of a job or a checkpoint.

    Run again after an interruption, it goes on from what has arrived. With --quiet it prints the path alone: of the
    file, or with --extract of the folder.
    """
    settings = settings_of(context)
    place = _place(output_dir, output)
    if keep_archive and not extract:
        raise BadUsageError("--keep-archive is given without --extract: leave it out, the archive stays anyway")
    if (no_fix_base or base_model is not None) and not extract:
        given = "--no-fix-base" if no_fix_base else "--base-model"
        raise BadUsageError(f"{given} is given without --extract: add it, or leave {given} out")
    check_base(base_model, no_fix_base=no_fix_base)
    if timeout is not None and not wait:
        raise BadUsageError("--timeout is given without --wait: add it, or leave --timeout out")
    from together_ext.checkpoints import parse_checkpoint_name  # noqa: PLC0415 -- not for `--help`

    with connect(settings) as client:
        if wait:
            settings.waiting = id
            wait_for(client, settings, parse_checkpoint_name(id, checkpoint_step).job_id, timeout)
            settings.waiting = None
        settings.resumable = True
        started = time.monotonic()
        with progress(settings) as callback:
            result = client.fine_tuning.download(
                id,
                output=place,
                checkpoint_step=checkpoint_step,
                checkpoint_type=checkpoint_type,
                overwrite=overwrite,
                connections=connections,
                limit_rate=limit_rate,
                progress=callback,
                extract=extract,
                keep_archive=keep_archive,
                fix_base=not no_fix_base,
                base_model=base_model,
            )
    settings.resumable = False
    view = Lines([result.extracted_to or result.filename, _summary(result, time.monotonic() - started)])
    if result.extracted_to is None:
        show(settings, result, view)
    else:
        show_unpacked(settings, result, view, result.extracted_to)


def _place(folder: str | None, file: str | None) -> str | None:
    """Where the archive goes, in the words of the Python API.

    Raises:
        BadUsageError: Both were given, or the file is a folder.
    """
    if folder is not None and file is not None:
        raise BadUsageError("--output-dir and --output are both given: name a folder or a file, not both")
    if file is not None:
        if file.endswith(os.sep) or Path(file).expanduser().is_dir():
            raise BadUsageError(f"--output {file} is a folder: name a file, or give the folder with --output-dir")
        return file
    if folder and Path(folder).expanduser().is_file():
        raise BadUsageError(f"--output-dir {folder} is a file: name a folder, or give the file with --output")
    # The separator says that it is a folder, even if there is none yet.
    return folder if not folder or folder.endswith(os.sep) else folder + os.sep


def _summary(result: "DownloadResult", seconds: float) -> str:
    """What it took, in a line."""
    fetched = result.size - result.resumed_from
    if not fetched:
        return f"{size_text(result.size)}, there already"
    took = f"{size_text(result.size)} in {duration_text(seconds)} ({rate_text(fetched / max(seconds, 1e-3))})"
    return f"{took}, {size_text(result.resumed_from)} of it from an earlier run" if result.resumed_from else took
