"""One target in a separate process: `python -m tools.fuzz.worker TARGET [libFuzzer's arguments]`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["together_ext.archive"]):
    from .targets import TARGETS

atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]].run)
atheris.Fuzz()
