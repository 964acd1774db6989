"""together-ext, from a job to a folder of weights, as its README says."""

import sys

from together_ext import Together

job, output = sys.argv[1:3]
with Together() as client:
    client.fine_tuning.download(job, output=output, extract=True)
