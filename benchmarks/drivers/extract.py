"""together-ext, with an archive that is there already, as its README says."""

import sys

from together_ext import extract

extract(*sys.argv[1:3])
