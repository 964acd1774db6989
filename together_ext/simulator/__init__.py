"""A local server that plays the fine-tuning API with real archives: for demos, tests and work without a network.

It needs the extra ``simulator`` (starlette, uvicorn, zstd) and nothing else of this package::

    with Simulator() as sim:
        client = Together(api_key=sim.api_key, base_url=sim.url)
        sim.script(Fault(cut=1_000_000))
        client.fine_tuning.download(LORA_JOB)
        assert sim.bytes_sent < 2 * sim.archive(LORA_JOB).size
"""

from together_ext.simulator.archives import Archive, BytesArchive, FileArchive, SyntheticArchive
from together_ext.simulator.catalog import DPO_JOB, FAILED_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB
from together_ext.simulator.faults import DOWNLOAD_PATH, STORAGE_PATH, Fault
from together_ext.simulator.jobs import Job
from together_ext.simulator.records import Request
from together_ext.simulator.simulator import API_KEY, Simulator, serve

__all__ = [
    "API_KEY",
    "DOWNLOAD_PATH",
    "DPO_JOB",
    "FAILED_JOB",
    "FULL_JOB",
    "LORA_JOB",
    "RUNNING_JOB",
    "STORAGE_PATH",
    "Archive",
    "BytesArchive",
    "Fault",
    "FileArchive",
    "Job",
    "Request",
    "Simulator",
    "SyntheticArchive",
    "serve",
]
