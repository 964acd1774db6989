"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes depends on what else the machine is doing; no test is about that.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
