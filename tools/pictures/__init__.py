"""The images of README and docs, made from real runs and measured figures: what `make pictures` runs.

`session` runs commands against the simulator in a terminal, `screen` is that terminal, `terminal` draws it; `plot`
draws benchmarks from `benchmarks/RESULTS.md`; `badges` draws facts of `pyproject.toml`. Each image has the same bytes
each time.
"""
