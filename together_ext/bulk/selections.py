"""What to download, where the names are not known yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from together_ext.checkpoints import parse_job_id
from together_ext.errors import RuleError


@dataclass(frozen=True)
class AllCheckpoints:
    """Every checkpoint of a job.

    Attributes:
        job_id: The job's ID.
    """

    job_id: str


@dataclass(frozen=True)
class Jobs:
    """The final weights of each job that matches.

    Attributes:
        statuses: The statuses, in lower case; empty for any.
        suffix: The suffix that the jobs were created with; None for any.
    """

    statuses: frozenset[str] = frozenset()
    suffix: str | None = None

    def matches(self, job: Mapping[str, object]) -> bool:
        """Whether a job, as the API lists it, is one of them."""
        return self.suffix in (None, job.get("suffix")) and (
            not self.statuses or str(job.get("status")).lower() in self.statuses
        )


Selection = AllCheckpoints | Jobs


def all_checkpoints(job_id: str) -> AllCheckpoints:
    """Select every checkpoint of a job, of which the final one is its final weights.

    Args:
        job_id: The job's ID, `ft-...`.

    Raises:
        CheckpointNameError: It is not a job's ID.
    """
    return AllCheckpoints(parse_job_id(job_id))


def jobs(*, suffix: str | None = None, status: str | Iterable[str] = "completed") -> Jobs:
    """Select the final weights of jobs.

    Args:
        suffix: The suffix that the jobs were created with (default: any).
        status: One or several statuses (default: `completed`); none for any.

    Raises:
        RuleError: A value is not text, or is empty.
    """
    statuses = [status] if isinstance(status, str) else list(status)
    for name, value in (("suffix", suffix), *(("status", value) for value in statuses)):
        if not (isinstance(value, str) and value.strip()) and not (value is None and name == "suffix"):
            raise RuleError(f"{name} is {value!r}: expected text")
    return Jobs(frozenset(value.strip().lower() for value in statuses), suffix)
