"""The jobs that every simulator starts with. Their IDs are stable: demos and tests may contain them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .jobs import FLOW, Job

LORA_JOB = "ft-12345678-abcd-1234-efgh-123456789012"
"""Completed; LoRA, supervised. Checkpoints at steps 250, 500 and 750, which is the best; final weights at 1000."""

FULL_JOB = "ft-0f1e2d3c-1111-2222-3333-444455556666"
"""Completed; full training, on an older server (event types in upper case, no levels). Steps 100, final 200."""

DPO_JOB = "ft-5d90a3e1-7c42-4b1f-9e0d-2f6b8c1a4d73"
"""Completed; LoRA by DPO, on a newer server (more fields in checkpoints). Step 60, final 120, never evaluated; archives
with a root."""

RUNNING_JOB = "ft-7a6b5c4d-0001-4e2f-8a3b-9c8d7e6f5a4b"
"""Running; LoRA. Has a checkpoint at step 200; advancing it adds 400 and the final weights at 600."""

FAILED_JOB = "ft-e4404e44-dead-4bad-9bad-000000000404"
"""Ended with status ``error``; LoRA. No checkpoints."""

MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct-Reference"
"""The base model of every job."""

TRAINING_FILE = "file-3a7c9f10-55d2-4c7e-8d3e-91b2c4d6e8f0"
"""The training file of every job."""

_NAME = "acme-research/Meta-Llama-3.1-8B-Instruct-Reference"
_MORNING = datetime(2026, 1, 14, 8, 30, 0, 589_793, tzinfo=UTC)
_STEP = timedelta(minutes=7, seconds=13, milliseconds=250)


def catalog(*, old_server: bool = False) -> list[Job]:
    """New copies of the jobs, oldest first.

    Args:
        old_server: Whether all of them have the fields of an older server.
    """
    failed = lived(
        Job(
            FAILED_JOB,
            _settings("oops", n_checkpoints=2),
            (500, 1000),
            _MORNING,
            f"{_NAME}-oops-4e44dead",
            old_server=old_server,
        ),
        "running",
    )
    failed.checkpoints.clear()
    failed.events = [event for event in failed.events if event.type != "checkpoint_save"]
    failed.fail(failed.updated_at + _STEP, "Training failed: line 118 of the training file has no assistant message")
    return [
        lived(
            Job(
                FULL_JOB,
                _settings("full", batch_size=16, n_checkpoints=2, n_evals=4, training_type={"type": "Full"}),
                (100, 200),
                (_MORNING - timedelta(days=40)).replace(microsecond=0),
                f"{_NAME}-full-5b1e77aa",
                old_server=True,
            )
        ),
        failed,
        lived(
            Job(
                LORA_JOB,
                _settings("support-bot", n_checkpoints=4, n_evals=8),
                (250, 500, 750, 1000),
                _MORNING + timedelta(days=1),
                f"{_NAME}-support-bot-1a2b3c4d",
                old_server=old_server,
            )
        ),
        lived(
            Job(
                DPO_JOB,
                _settings("polite", n_checkpoints=2, training_method={"method": "dpo", "dpo_beta": 0.1}),
                (60, 120),
                _MORNING + timedelta(days=2),
                f"{_NAME}-polite-77c0ffee",
                archive_root="polite",
                old_server=old_server,
                new_server=not old_server,
            )
        ),
        lived(
            Job(
                RUNNING_JOB,
                _settings("nightly", n_checkpoints=3, n_evals=6),
                (200, 400, 600),
                _MORNING + timedelta(days=3),
                f"{_NAME}-nightly-90abcdef",
                old_server=old_server,
            ),
            "running",
        ),
    ]


def lived(job: Job, status: str = "completed") -> Job:
    """Advance a new job until it has ``status``, with some minutes between states; returns the job."""
    while job.status != status and not job.ended:
        job.advance(job.updated_at + _STEP)
    return job


def age(status: str) -> timedelta:
    """How long a job has existed when `lived` has brought it to ``status``."""
    return _STEP * FLOW.index(status) if status in FLOW else timedelta()


def _settings(suffix: str, **settings: object) -> dict[str, object]:
    common: dict[str, object] = {
        "training_file": TRAINING_FILE,
        "model": MODEL,
        "suffix": suffix,
        "n_epochs": 3,
        "learning_rate": 1e-05,
    }
    return common | settings
