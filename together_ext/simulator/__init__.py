"""A local server with the operations of the API and real archives, for demos, tests and work without a network.

Imports only `errors` of this package, so that it is independent of the code that it tests. To add an operation: a
module of its resource, and a route in `app`. To add a fault: `faults`.

It needs the extra ``simulator`` (starlette, uvicorn, zstd) and nothing else of this package::

    with Simulator() as sim:
        client = Together(api_key=sim.api_key, base_url=sim.url)
        sim.script(Fault(cut=1_000_000))
        client.fine_tuning.download(LORA_JOB)
        assert sim.bytes_sent < 2 * sim.archive(LORA_JOB).size
"""

from importlib.util import find_spec

if any(find_spec(name) is None for name in ("starlette", "uvicorn", "python_multipart")):
    from together_ext.errors import MissingExtraError

    raise MissingExtraError("the simulator", "simulator")

from .archives import Archive, BytesArchive, FileArchive, SyntheticArchive
from .catalog import DPO_JOB, FAILED_JOB, FULL_JOB, LORA_JOB, MODEL, RUNNING_JOB, TRAINING_FILE
from .faults import DOWNLOAD_PATH, PARTS_PATH, STORAGE_PATH, Fault
from .jobs import Job
from .records import Request
from .registry import Distortion, Registry
from .serve import serve
from .simulator import Simulator

__all__ = [
    "DOWNLOAD_PATH",
    "DPO_JOB",
    "FAILED_JOB",
    "FULL_JOB",
    "LORA_JOB",
    "MODEL",
    "PARTS_PATH",
    "RUNNING_JOB",
    "STORAGE_PATH",
    "TRAINING_FILE",
    "Archive",
    "BytesArchive",
    "Distortion",
    "Fault",
    "FileArchive",
    "Job",
    "Registry",
    "Request",
    "Simulator",
    "SyntheticArchive",
    "serve",
]
