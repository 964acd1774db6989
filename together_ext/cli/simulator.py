"""`together-ext simulator`."""

from typing import TYPE_CHECKING, Annotated

import typer

from .amounts import rate
from .exits import CommandError
from .screen import print_document, print_lines, tell
from .settings import settings_of

if TYPE_CHECKING:
    from together_ext.simulator import Simulator


def simulator(
    context: typer.Context,
    *,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="Where to listen; 0 for any free port.")
    ] = 0,
    rate_limit: Annotated[
        float | None,
        typer.Option(
            "--rate-limit", parser=rate, metavar="BYTES", help="Bytes a second for each connection, such as 8M."
        ),
    ] = None,
    pace: Annotated[
        float | None,
        typer.Option("--pace", min=0.01, metavar="SECONDS", help="How long an unfinished job stays in each state."),
    ] = None,
) -> None:
    """Play the API on this machine, until Ctrl-C.

    It has jobs and real archives. The two lines that it prints make a shell use it.
    """
    settings = settings_of(context)
    try:
        from together_ext.simulator import serve  # noqa: PLC0415 -- an extra, and only needed here
    except ImportError:
        raise CommandError(
            "the simulator is not installed: install together-ext with its extra, as in pip install '.[simulator]'",
            code="missing_extra",
        ) from None

    def started(sim: "Simulator") -> None:
        if settings.json:
            print_document({"base_url": sim.url, "api_key": sim.api_key, "jobs": dict(_jobs())})
            return
        print_lines([f"export TOGETHER_BASE_URL={sim.url}", f"export TOGETHER_API_KEY={sim.api_key}"])
        if not settings.quiet:
            for job_id, what in _jobs():
                tell(f"{job_id}  {what}")
            tell("Ctrl-C ends it.")

    try:
        serve(port, rate_limit=rate_limit, pace=pace, started=started)
    except OSError as error:
        raise CommandError(
            f"cannot listen on port {port} ({error.strerror}): choose another with --port", code="port_unavailable"
        ) from None


def _jobs() -> list[tuple[str, str]]:
    """The jobs that are always there."""
    from together_ext.simulator import DPO_JOB, FAILED_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB  # noqa: PLC0415

    return [
        (LORA_JOB, "LoRA, completed; checkpoints at 250, 500 and 750"),
        (FULL_JOB, "full training, completed; checkpoint at 100"),
        (DPO_JOB, "LoRA by DPO, completed; checkpoint at 60"),
        (RUNNING_JOB, "LoRA, running; checkpoint at 200"),
        (FAILED_JOB, "LoRA, ended with an error"),
    ]
