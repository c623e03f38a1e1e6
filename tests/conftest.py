"""Shared by all tests; its presence also puts this directory on the path of the ones below it."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "losscli",
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # A gate judges a change by the same examples every time; whoever runs the tests by hand looks
    # for new ones.
    derandomize="CI" in os.environ,
)
settings.load_profile("losscli")
