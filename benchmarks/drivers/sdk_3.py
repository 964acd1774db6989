"""The official SDK 3: what its `together fine-tuning download` does, without the command line and its drawing."""

import asyncio
import sys
from pathlib import Path

from together import AsyncTogether  # type: ignore[import-not-found]
from together.lib import AsyncDownloadManager  # type: ignore[import-not-found]


async def main(job_id: str, output: str) -> None:
    """Ask for the job, then fetch its weights."""
    async with AsyncTogether() as client:
        job = await client.fine_tuning.retrieve(job_id)
        await AsyncDownloadManager(client).download(
            url=f"/v1/finetune/download?ft_id={job_id}&checkpoint=merged",
            output=Path(output),
            remote_name=job.x_model_output_name,
            fetch_metadata=True,
        )


asyncio.run(main(*sys.argv[1:3]))
