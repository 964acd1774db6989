"""together-ext, from a job to a folder of weights, as its README says; `direct`: without the archive on the disk."""

import sys

from together_ext import Together

job, output, *words = sys.argv[1:]
with Together() as client:
    client.fine_tuning.download(
        job, output=output, extract=True, spool="direct" not in words, durable="loose" not in words
    )
