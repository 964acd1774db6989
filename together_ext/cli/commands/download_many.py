"""`together-ext fine-tuning download` of several names: what to download, one line for each, and the manifest."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import typer

from together_ext.cli.exits import BadUsageError, Exit, exit_of, sentence_of
from together_ext.cli.manifest import entry_of, manifest, names_of
from together_ext.cli.render.amounts import duration_text, size_text
from together_ext.cli.render.documents import Listed
from together_ext.cli.render.many import progress_of_many
from together_ext.cli.render.screen import (
    print_document,
    print_lines,
    show,
    stderr_is_terminal,
    stdout_is_terminal,
    tell,
)
from together_ext.cli.render.views import Table, cell
from together_ext.cli.settings import Settings
from together_ext.text import printable

if TYPE_CHECKING:
    from together_ext.bulk import Outcome, Selection
    from together_ext.client import Together
    from together_ext.fine_tuning.download_many import Executors
    from together_ext.fine_tuning.download_options import DownloadOptions
    from together_ext.fine_tuning.download_result import DownloadResult
    from together_ext.transfer import DownloadProgress

NOTHING_SELECTED: Final = "nothing to download: no name is given, and no job matches --suffix and --status"

LONGEST_NAME: Final = 200
"""Maximum number of characters of a name in a message."""


def download_many(  # noqa: PLR0913 -- what the command line gives
    settings: Settings,
    client: Together,
    names: Sequence[str | Selection],
    options: DownloadOptions,
    *,
    parallel: int,
    manifest_path: str | None,
    executor: Executors | None = None,
) -> None:
    """Download several names, and print a line for each as it ends.

    Raises:
        Exit: At least one download failed.
    """
    started = time.monotonic()
    # A bar and standard output on one terminal would overwrite each other.
    later = settings.json or (stdout_is_terminal() and stderr_is_terminal())
    ended: list[Outcome[DownloadResult]] = []
    settings.options -= {"--wait"}  # which is for a single download
    with (
        manifest(manifest_path, options.get("storage_options"), settings.options) as write,
        progress_of_many(settings, _count(names, executor)) as display,
    ):

        def update(now: DownloadProgress) -> None:
            settings.resumable |= now.resumable
            display.update(now)

        # An executor reports outcomes alone.
        options["progress"] = update if executor is None else None
        for outcome in client.fine_tuning.download_many(names, parallel=parallel, executor=executor, **options):
            ended.append(outcome)
            display.end(outcome.name, failed=outcome.error is not None)
            write(outcome)
            if outcome.error is not None:
                display.say(_failure(settings, outcome, outcome.error))
            elif not later:
                # A reader that has closed the pipe, as `head` does, ends no download.
                with suppress(BrokenPipeError):
                    path, *more = _cells(outcome)
                    print_lines([path if settings.quiet else "\t".join([path, *more])])
    settings.resumable = False
    if later:
        _show(settings, ended, options.get("storage_options"))
    if not settings.quiet:
        tell(_summary(ended, time.monotonic() - started))
    if code := exit_code([outcome.error for outcome in ended]):
        raise typer.Exit(code)


def _show(settings: Settings, ended: Sequence[Outcome[DownloadResult]], storage: Mapping[str, str] | None) -> None:
    """Print all outcomes: as a document, or the downloads that succeeded as a table on a terminal."""
    if settings.json:
        print_document(Listed("data", [entry_of(outcome, storage, settings.options) for outcome in ended], {}))
    elif rows := [_cells(outcome) for outcome in ended if outcome.error is None]:
        show(settings, None, Table(("PATH", "NAME", "SIZE", "HOST")[: len(rows[0])], rows, key=0, flexible=0))


def selected(
    ids: Sequence[str],
    source: str | None,
    suffix: str | None,
    statuses: Sequence[str] | None,
    *,
    all_checkpoints: bool,
) -> list[str | Selection]:
    """What the command line selects.

    Raises:
        BadUsageError: Nothing; or the file of names cannot be read.
        CheckpointNameError: An ID has another form.
    """
    from together_ext.bulk import all_checkpoints as every_checkpoint
    from together_ext.bulk import jobs

    names = [*ids, *([] if source is None else names_of(source))]
    found: list[str | Selection] = [every_checkpoint(name) for name in names] if all_checkpoints else [*names]
    if suffix is not None or statuses:
        if all_checkpoints:
            raise BadUsageError("--all-checkpoints requires IDs of jobs: omit --suffix and --status, or pass IDs")
        found.append(jobs(suffix=suffix, status=statuses or "completed"))
    if not found and source is None:
        raise BadUsageError("no ID is given: pass one or several, or --from, --suffix or --status")
    return found


@contextmanager
def executor_of(address: str | None, *, once_per_host: bool) -> Iterator[Executors | None]:
    """Where the downloads run.

    Args:
        address: The address of a Dask scheduler; None for this process.
        once_per_host: Whether every host gets its copy.

    Raises:
        MissingExtraError: The extra `dask` is not installed.
        TransferError: The scheduler does not respond, or has no workers.
    """
    if address is None:
        yield None
        return
    from together_ext.bulk import dask

    with dask.cluster(address) as client:
        yield dask.executors_by_host(client) if once_per_host else dask.executor(client)


def exit_code(errors: Sequence[BaseException | None]) -> Exit:
    """The exit code of several downloads.

    Args:
        errors: The error of each, or None.
    """
    codes = {Exit.DONE if error is None else exit_of(error) for error in errors}
    if len(codes) <= 1:
        return codes.pop() if codes else Exit.DONE
    return Exit.PARTLY if Exit.DONE in codes else Exit.FAILED


def _count(names: Sequence[str | Selection], executor: Executors | None) -> int | None:
    copies = len(executor) if isinstance(executor, Mapping) else 1
    return copies * len(set(names)) if all(isinstance(name, str) for name in names) else None


def _cells(outcome: Outcome[DownloadResult]) -> tuple[str, ...]:
    """Path, name and size, and the host if each host has a copy."""
    result = outcome.unwrap()
    host = () if outcome.host is None else (cell(outcome.host),)
    return result.extracted_to or result.filename, cell(outcome.name), size_text(result.size), *host


def _failure(settings: Settings, outcome: Outcome[DownloadResult], error: BaseException) -> str:
    host = "" if outcome.host is None else f" on {printable(outcome.host, LONGEST_NAME)}"
    return f"error: {printable(outcome.name, LONGEST_NAME)}{host}: {sentence_of(error, settings.options)}"


def _summary(ended: Sequence[Outcome[DownloadResult]], seconds: float) -> str:
    if not ended:
        return NOTHING_SELECTED
    good = [outcome.unwrap() for outcome in ended if outcome.error is None]
    received = sum(result.size - result.resumed_from for result in good)
    before, failed = sum(result.size == result.resumed_from for result in good), len(ended) - len(good)
    done = f"{len(good)} of {len(ended)} downloaded" + (f" ({before} already existed)" if before else "")
    text = f"{done}, {size_text(received)} in {duration_text(seconds)}"
    return f"{text}; {failed} failed; run the same command again to retry" if failed else text
