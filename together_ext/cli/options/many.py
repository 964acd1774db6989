"""Options of `download` that choose several names."""

from __future__ import annotations

from typing import Annotated

import typer

AllCheckpoints = Annotated[bool, typer.Option("--all-checkpoints", help="Every checkpoint of each job.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Also the IDs in a file, one on each line, or in a manifest; - for standard input.",
    ),
]
Suffix = Annotated[
    str | None,
    typer.Option("--suffix", metavar="TEXT", help="Also every completed job with this suffix."),
]
Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        help="Also every job with this status; with --suffix, those of its jobs; repeatable.",
    ),
]
Parallel = Annotated[
    int,
    typer.Option(
        "--parallel", metavar="N", min=1, help="Maximum number of downloads at once (default: 4).", show_default=False
    ),
]
Manifest = Annotated[
    str | None,
    typer.Option(
        "--manifest", metavar="FILE", help="Append an entry for each download, in JSON, which --from accepts."
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Only show the plan: source, size, path and state of each download, and the space needed.",
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="Download on the workers of this Dask scheduler, such as tcp://host:8786; needs the extra dask.",
    ),
]
OncePerHost = Annotated[
    bool,
    typer.Option("--once-per-host", help="With --dask: download to each host of the cluster, on one worker of each."),
]
