"""What the service answers, and what a caller may send, as JSON documents.

They are files in `fixtures/`, one for each class of the client, since `make check-generated` reads them, too. Each is
complete in its kind; the tests vary it with `{**DOCUMENT, "field": odd_value}`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from .semantics import Json

FIXTURES: Final = Path(__file__).parent / "fixtures"


def fixtures(model: str) -> dict[str, dict[str, Json]]:
    """The documents of a class, by their names."""
    documents: dict[str, dict[str, Json]] = json.loads((FIXTURES / f"{model}.json").read_text())
    return documents


LORA_ID: Final = "ft-0f1e2d3c-1111-2222-3333-444455556666"
FULL_ID: Final = "ft-8c9d0a1b-aaaa-bbbb-cccc-ddddeeee0000"

JOB_START: Final = fixtures("FineTuneEvent")["job_start"]
CHECKPOINT_SAVE: Final = fixtures("FineTuneEvent")["checkpoint_save"]
LORA_JOB: Final = fixtures("FinetuneResponse")["lora_job"]
FULL_JOB: Final = fixtures("FinetuneResponse")["full_job"]
# Nothing here is known today but the ID: the job of a server some years ahead of this client.
ODD_JOB: Final = fixtures("FinetuneResponse")["odd_job"]
SHORT_JOB: Final = fixtures("FinetuneResponseTruncated")["short_job"]
# As older servers and SDK 3 know it: the first two are today's fields, the last has the newer ones.
CHECKPOINTS: Final = list(fixtures("FineTuneCheckpoint").values())
CREATE: Final = fixtures("FinetuneCreateRequest")["create"]
FILE: Final = fixtures("FileObject")["file"]
ENDPOINT: Final = fixtures("Endpoint")["endpoint"]
HARDWARE: Final = fixtures("Hardware")["hardware"]
COMPLETION: Final = fixtures("ChatCompletion")["completion"]
LIMITS: Final = fixtures("FinetuneModelLimits")["limits"]
PRICE: Final = fixtures("FinetunePriceEstimate")["price"]
WHO_AM_I: Final = fixtures("WhoAmI")["project_key"]
MODEL: Final = fixtures("RegistryModel")["model"]
MODELS: Final = fixtures("RegistryModelList")["page"]
REVISIONS: Final = fixtures("RevisionList")["page"]
REVISION_FILES: Final = fixtures("RevisionFileList")["page"]
MODEL_DOWNLOAD: Final = fixtures("ModelDownload")["download"]
TOKENIZED_DATASET: Final = fixtures("TokenizedDataset")["dataset"]
PREVIEW: Final = fixtures("FinetunePreview")["preview"]
