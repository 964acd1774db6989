"""`together-ext simulator`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from together_ext.cli.exits import CommandError
from together_ext.cli.render.amounts import rate
from together_ext.cli.render.screen import print_document, print_lines, tell
from together_ext.cli.settings import settings_of

if TYPE_CHECKING:
    from together_ext.simulator import Simulator


def simulator(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    *,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Address to listen on (default: 127.0.0.1, this machine only).",
            show_default=False,
        ),
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="Further name that requests may use, such as that of a container; repeatable.",
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            "--port", min=0, max=65535, metavar="N", help="Port of the API (default: a free one).", show_default=False
        ),
    ] = 0,
    storage_port: Annotated[
        int,
        typer.Option(
            "--storage-port",
            min=0,
            max=65535,
            metavar="N",
            help="Port of uploads and redirected downloads (default: a free one).",
            show_default=False,
        ),
    ] = 0,
    api_key: Annotated[
        str | None, typer.Option("--api-key", metavar="KEY", help="Accepted API key (default: a random one).")
    ] = None,
    limit_rate: Annotated[
        float | None,
        typer.Option(
            "--limit-rate", parser=rate, metavar="RATE", help="Maximum bytes per second and connection, such as 8M."
        ),
    ] = None,
    rate_limit: Annotated[float | None, typer.Option("--rate-limit", parser=rate, hidden=True)] = None,
    pace: Annotated[
        float | None,
        typer.Option("--pace", min=0.01, metavar="SECONDS", help="Time that an unfinished job stays in each status."),
    ] = None,
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="TEXT", help="Change the IDs of new objects and the archives.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="FILE", help="File that keeps jobs, files and endpoints for the next start."),
    ] = None,
    admin_token: Annotated[
        str | None,
        typer.Option(
            "--admin-token",
            metavar="TOKEN",
            help="Key of the admin interface (default: the API key; with another --host, a random one).",
        ),
    ] = None,
) -> None:
    """Run a local simulator of the API.

    It serves jobs and real archives until Ctrl-C. The two lines that it prints configure a shell to use it. Tests in
    other languages control it over HTTP.
    """
    settings = settings_of(context)
    from together_ext.simulator import serve

    def started(sim: "Simulator") -> None:
        if settings.json:
            addresses = {"base_url": sim.url, "api_key": sim.api_key}
            admin = {"admin_url": sim.admin_url, "admin_token": sim.admin_token}
            print_document({**addresses, **admin, "jobs": dict(_jobs())})
            return
        print_lines([f"export TOGETHER_BASE_URL={sim.url}", f"export TOGETHER_API_KEY={sim.api_key}"])
        if not settings.quiet:
            for job_id, description in _jobs():
                tell(f"{job_id}  {description}")
            if sim.admin_token != sim.api_key:
                tell(f"Admin interface: {sim.admin_url}, token {sim.admin_token}")
            tell("Press Ctrl-C to stop.")

    try:
        limit = limit_rate if rate_limit is None else rate_limit
        serve(
            port,
            host=host,
            api_key=api_key,
            rate_limit=limit,
            pace=pace,
            seed=seed,
            state=state,
            admin_token=admin_token,
            names=allow_host or [],
            storage_port=storage_port,
            started=started,
        )
    except OSError as error:
        if error.filename is not None:
            raise CommandError(
                f"cannot use the state file {error.filename} ({error.strerror}): name another with --state",
                code="state_file",
            ) from None
        raise CommandError(
            f"cannot listen on {error.strerror}; choose others with --host, --port and --storage-port",
            code="port_unavailable",
        ) from None


def _jobs() -> list[tuple[str, str]]:
    """The jobs that each simulator starts with."""
    from together_ext.simulator import DPO_JOB, FAILED_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB

    return [
        (LORA_JOB, "LoRA, completed; checkpoints at 250, 500 and 750"),
        (FULL_JOB, "full training, completed; checkpoint at 100"),
        (DPO_JOB, "LoRA by DPO, completed; checkpoint at 60"),
        (RUNNING_JOB, "LoRA, running; checkpoint at 200"),
        (FAILED_JOB, "LoRA, failed"),
    ]
