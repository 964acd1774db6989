"""together-ext, as its README says; `loose` does not wait for the disk."""

import sys

from together_ext import Together

job, output, *words = sys.argv[1:]
with Together() as client:
    client.fine_tuning.download(job, output=output, checkpoint_type="merged", durable="loose" not in words)
