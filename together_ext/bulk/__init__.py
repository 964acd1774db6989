"""Many downloads at once: what to download, how many at a time, and one outcome for each.

Imports `errors` and `checkpoints`, nothing of the API: what one download does is a function that the caller passes. To
add a way to choose what is downloaded, add a selection to `selections`, and resolve it in
`fine_tuning/download_many.py`.
"""

from .outcome import Outcome
from .plan import DownloadPlan, PlannedDownload, PlanState
from .running import Outcomes
from .selections import AllCheckpoints, Jobs, Selection, all_checkpoints, jobs

__all__ = [
    "AllCheckpoints",
    "DownloadPlan",
    "Jobs",
    "Outcome",
    "Outcomes",
    "PlanState",
    "PlannedDownload",
    "Selection",
    "all_checkpoints",
    "jobs",
]
