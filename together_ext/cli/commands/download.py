"""`together-ext fine-tuning download`."""

import os
import shlex
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from together_ext.archive import Limits
from together_ext.checkpoints import parse_checkpoint_name, parse_checkpoint_type
from together_ext.cli.exits import BadUsageError
from together_ext.cli.options.base_model import BaseModel, NoFixBase, check_base
from together_ext.cli.options.durable import Durable
from together_ext.cli.options.limits import MaxWindow
from together_ext.cli.options.lock import LockTimeout
from together_ext.cli.options.many import (
    AllCheckpoints,
    Dask,
    DryRun,
    From,
    Manifest,
    OncePerHost,
    Parallel,
    Statuses,
    Suffix,
)
from together_ext.cli.options.source import Source, source_of
from together_ext.cli.options.storage import StorageOptions, storage_options
from together_ext.cli.paths import path_of
from together_ext.cli.pipe import STANDARD_OUTPUT, send, standard_output
from together_ext.cli.render.amounts import duration_text, rate, rate_text, size_text
from together_ext.cli.render.progress import progress
from together_ext.cli.render.screen import show, tell
from together_ext.cli.render.unpacked import show_unpacked
from together_ext.cli.render.views import Lines
from together_ext.cli.session import connect
from together_ext.cli.settings import Settings, settings_of
from together_ext.destinations.urls import SUPPORTED, is_object_url, names_folder, parse_url, prefix_url
from together_ext.errors import ConfigurationError
from together_ext.fine_tuning.download_options import DownloadOptions
from together_ext.text import printable

from .download_many import download_many, executor_of, selected
from .plan import show_plan
from .wait import Timeout, wait_for

if TYPE_CHECKING:
    from together_ext.bulk import Selection
    from together_ext.client import Together
    from together_ext.fine_tuning.download_result import DownloadResult


def download(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID...",
            help="ID of a job, ft-..., or of a checkpoint, ft-...:STEP (or :best); one or several.",
            show_default=False,
        ),
    ] = None,
    *,
    output_dir: Annotated[
        str | None,
        typer.Option(
            "--output-dir",
            "-o",
            metavar="DIR",
            help="Output folder, created if missing, or URL of an object store (default: the current folder).",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Output file or URL, instead of a folder; - for standard output. With --extract, x.tar.zst makes the "
            "folder x.",
        ),
    ] = None,
    checkpoint_step: Annotated[
        int | None, typer.Option("--checkpoint-step", "-s", metavar="STEP", help="Step of the checkpoint.")
    ] = None,
    checkpoint_type: Annotated[
        str,
        typer.Option(
            "--checkpoint-type",
            "-c",
            metavar="TYPE",
            help="default, merged or adapter (default: merged for a LoRA job).",
            show_default=False,
        ),
    ] = "default",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a different file of the same name.")] = False,
    connections: Annotated[
        int | None,
        typer.Option(
            "--connections", metavar="N", help="Maximum number of connections (default: 8; from the registry 32)."
        ),
    ] = None,
    limit_rate: Annotated[
        float | None,
        typer.Option("--limit-rate", parser=rate, metavar="RATE", help="Maximum bytes per second, such as 8M."),
    ] = None,
    durable: Durable = True,
    lock_timeout: LockTimeout = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the job is completed first.")] = False,
    timeout: Timeout = None,
    extract: Annotated[
        bool, typer.Option("--extract", help="Extract the archive into a folder, with a receipt.")
    ] = False,
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="With --extract: also keep the archive.")
    ] = False,
    spool: Annotated[
        bool | None,
        typer.Option(
            "--spool/--no-spool",
            help="With --extract: write the archive to the disk, to resume after an interruption (default: only above "
            "1 GiB and if there is room for both).",
            show_default=False,
        ),
    ] = None,
    max_window: MaxWindow = None,
    source: Source = None,
    no_fix_base: NoFixBase = False,
    base_model: BaseModel = None,
    all_checkpoints: AllCheckpoints = False,
    from_: From = None,
    suffix: Suffix = None,
    status: Statuses = None,
    parallel: Parallel = 4,
    storage_option: StorageOptions = None,
    manifest: Manifest = None,
    dry_run: DryRun = False,
    dask: Dask = None,
    once_per_host: OncePerHost = False,
) -> None:
    """Download the weights of jobs and checkpoints.

    After an interruption, run the same command again to resume; with --extract, see --spool. With --quiet, print only
    the path of each file, or with --extract of each folder. If some of several downloads fail, the exit code is 9.
    With --output -, write one archive to standard output, which cannot be resumed.
    """
    settings = settings_of(context)
    target = _target(output_dir, output)
    if target == STANDARD_OUTPUT:
        standard_output()
        conflicts = {
            "--extract": extract,
            "--overwrite": overwrite,
            "--no-durable": not durable,
            "--json": settings.json,
        }
        _refuse("--output -", {**conflicts, "--lock-timeout": lock_timeout is not None})
    extraction = {
        "--keep-archive": keep_archive,
        "--spool" if spool else "--no-spool": spool is not None,
        "--no-fix-base": no_fix_base,
        "--base-model": base_model is not None,
        "--max-window": max_window is not None,
        f"--source {source}": source not in {None, "archive"},
    }
    _require("--extract", extract, extraction)
    if timeout is not None and not wait:
        raise BadUsageError(
            "--timeout of ft download is for the wait for the job and requires --wait: add --wait, or for the timeout "
            f"of requests run together-ext --timeout {timeout:g} ft download ..."
        )
    _require("--dask", dask is not None, {"--once-per-host": once_per_host})
    single = {"--output": output is not None, "--wait": wait}
    many = {"--manifest": manifest is not None, "--dask": dask is not None}
    _refuse("--dry-run", {**single, **many}, given=dry_run)
    check_base(base_model, no_fix_base=no_fix_base)
    options = DownloadOptions(
        output=target,
        checkpoint_type=parse_checkpoint_type(checkpoint_type),
        overwrite=overwrite,
        connections=connections,
        limit_rate=limit_rate,
        extract=extract,
        keep_archive=keep_archive,
        spool=spool,
        fix_base=not no_fix_base,
        base_model=base_model,
        durable=durable,
        lock_timeout=lock_timeout,
        limits=None if max_window is None else Limits(window=max_window),
        source=source_of(source),
        storage_options=storage_options(storage_option),
    )
    names = selected(ids or [], from_, suffix, status, all_checkpoints=all_checkpoints)
    if dry_run:
        show_plan(settings, _with_step(names, checkpoint_step), options, parallel=parallel)
        return
    settings.uploading = _uploads_files(options)
    # A list of one name prints what a longer list does.
    if isinstance(names[0] if len(names) == 1 else None, str) and from_ is None and not any(many.values()):
        _download_one(settings, str(names[0]), options, checkpoint_step, wait=wait, timeout=timeout)
        return
    _check_single(single)
    with connect(settings) as client, executor_of(dask, once_per_host=once_per_host) as executor:
        names = _with_step(names, checkpoint_step)
        download_many(settings, client, names, options, parallel=parallel, manifest_path=manifest, executor=executor)


def _uploads_files(options: "DownloadOptions") -> bool:
    """Whether complete files stay in an object store if the command is interrupted."""
    return bool(options.get("extract")) and is_object_url(options.get("output"))


def _check_single(options: Mapping[str, bool]) -> None:
    """Check that no option of a single download is given.

    Raises:
        BadUsageError: One is.
    """
    option = next((name for name, given in options.items() if given), None)
    if option is not None:
        raise BadUsageError(
            f"{option} is for a single download: omit it, or pass one ID without --from, --manifest and --dask"
        )


def _with_step(names: "list[str | Selection]", step: int | None) -> "list[str | Selection]":
    """The names, with the step of `--checkpoint-step` in a single one.

    Raises:
        BadUsageError: There are several names.
    """
    match names:
        case _ if step is None:
            return names
        case [str(name)]:
            found = parse_checkpoint_name(name, step)
            return [f"{found.job_id}:{found.step}"]
    raise BadUsageError("--checkpoint-step is for a single download: omit it, or pass one ID")


def _download_one(  # noqa: PLR0913 -- what the command line gives
    settings: Settings,
    name: str,
    options: "DownloadOptions",
    step: int | None,
    *,
    wait: bool,
    timeout: float | None,
) -> None:
    with connect(settings) as client:
        if wait:
            settings.waiting = name
            wait_for(client, settings, parse_checkpoint_name(name, step).job_id, timeout)
            settings.waiting = None
        if options.get("output") == STANDARD_OUTPUT:
            _pipe(settings, client, name, options, step)
            return
        started = time.monotonic()
        with progress(settings) as callback:
            options |= {"progress": callback, "checkpoint_step": step}
            result = client.fine_tuning.download(name, **options)
    settings.resumable = False
    view = Lines([result.extracted_to or result.filename, _summary(result, time.monotonic() - started)])
    if result.extracted_to is None:
        show(settings, result, view)
    else:
        show_unpacked(settings, result, view, result.extracted_to, options.get("storage_options"))
        _explain_name(settings, options, result.extracted_to)


def _explain_name(settings: Settings, options: "DownloadOptions", folder: str) -> None:
    """Say why the folder has another name than `--output`, if it has: that is the path of the archive."""
    name = os.path.basename(str(options.get("output") or ""))  # noqa: PTH119 -- which is empty for a folder
    if name and os.path.basename(folder) == f"{name}-unpacked" and not (settings.quiet or settings.json):  # noqa: PTH119
        archive = shlex.quote(printable(f"{name}.tar.zst", 200))
        tell(f"--output names the archive; for a folder called {printable(name, 200)}, pass --output {archive}")


def _pipe(settings: Settings, client: "Together", name: str, options: "DownloadOptions", step: int | None) -> None:
    """Write an archive to standard output, with progress and summary on standard error."""
    output, started = standard_output(), time.monotonic()
    with (
        progress(settings, name) as callback,
        client.fine_tuning.open(
            name,
            checkpoint_step=step,
            checkpoint_type=options["checkpoint_type"],
            connections=options["connections"],
            limit_rate=options["limit_rate"],
            progress=callback,
        ) as stream,
    ):
        size = send(stream, output)
    if not settings.quiet:
        tell(_took(size, time.monotonic() - started))


def _refuse(option: str, others: Mapping[str, bool], *, given: bool = True) -> None:
    """Check that none of the options is given that another one excludes, if that one is given.

    Raises:
        BadUsageError: One is.
    """
    other = next((name for name, value in others.items() if value), None)
    if given and other is not None:
        raise BadUsageError(f"{option} and {other} cannot be combined: omit one of them")


def _require(needed: str, given: bool, options: Mapping[str, bool]) -> None:  # noqa: FBT001 -- an option's value
    """Check that options are not given without the one that they belong to.

    Raises:
        BadUsageError: One is.
    """
    option = next((name for name, value in options.items() if value), None)
    if option is not None and not given:
        raise BadUsageError(f"{option} requires {needed}: add {needed}, or omit {option}")


def _target(folder: str | None, file: str | None) -> str | None:
    """The output path, as the Python API takes it.

    Raises:
        BadUsageError: Both are given, or the file is a folder.
        ConfigurationError: The value is a URL, or `-`.
    """
    if folder is not None and file is not None:
        raise BadUsageError("--output-dir and --output cannot be combined: pass a folder or a file, not both")
    if file == STANDARD_OUTPUT:
        return file
    if (url := _url(folder, file)) is not None:
        return url
    if file is not None:
        path = path_of(file, "--output", SUPPORTED)
        if path.endswith(os.sep) or os.path.isdir(path):  # noqa: PTH112 -- that of pathlib raises for a long name
            raise BadUsageError(f"--output {file} is a folder: pass a file, or use --output-dir")
        return path
    if folder is None:
        return None
    if folder == STANDARD_OUTPUT:
        raise ConfigurationError(
            "--output-dir is '-'; standard streams are not supported here: "
            "name a folder, such as ./-, or pass --output -"
        )
    path = path_of(folder, "--output-dir", SUPPORTED)
    if os.path.isfile(path):  # noqa: PTH113 -- the same
        raise BadUsageError(f"--output-dir {folder} is a file: pass a folder, or use --output")
    # The trailing separator marks a folder, also one that does not exist yet.
    return os.path.join(path, "")  # noqa: PTH118 -- which pathlib drops


def _url(folder: str | None, file: str | None) -> str | None:
    """The output as the URL of an object store; None if it is a path.

    Raises:
        BadUsageError: The URL of a file is that of a prefix.
        RuleError: The URL is invalid.
    """
    if file is not None and is_object_url(file):
        if names_folder(file):
            raise BadUsageError(f"--output {printable(file, 200)} is a prefix: pass a path, or use --output-dir")
        parse_url(file, "--output")
        return file
    if folder is None or not is_object_url(folder):
        return None
    return prefix_url(folder, "--output-dir")


def _summary(result: "DownloadResult", seconds: float) -> str:
    """Size, time and rate of the download."""
    received = result.size - result.resumed_from
    if not received:
        return f"already downloaded ({size_text(result.size)})"
    took = _took(result.size, seconds, received)
    return f"{took}, resumed from {size_text(result.resumed_from)}" if result.resumed_from else took


def _took(size: int, seconds: float, received: int | None = None) -> str:
    """Size, time and rate of a download that received `received` bytes (default: all)."""
    rate_ = (size if received is None else received) / max(seconds, 1e-3)
    return f"{size_text(size)} in {duration_text(seconds)} ({rate_text(rate_)})"
