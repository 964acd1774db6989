"""together-ext, with an existing archive, as in its README; `loose` does not wait for the disk."""

import sys

from together_ext import extract

archive, folder, *words = sys.argv[1:]
extract(archive, folder, durable="loose" not in words)
