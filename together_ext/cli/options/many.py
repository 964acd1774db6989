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
        help="Also the IDs of a file, one on each line, or of a manifest; - for standard input.",
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
        "--parallel", metavar="N", help="Maximum number of downloads at once (default: 4).", show_default=False
    ),
]
Manifest = Annotated[
    str | None,
    typer.Option(
        "--manifest", metavar="FILE", help="Append an entry for each download, in JSON, which --from accepts."
    ),
]
