"""The official SDK 1, as its documentation says."""

import sys

from together import Together  # type: ignore[import-not-found]

job, output = sys.argv[1:3]
Together().fine_tuning.download(id=job, output=output, checkpoint_type="merged")
