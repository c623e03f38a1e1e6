"""Shared by all tests; its presence also puts this directory on the path of the ones below it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "losscli", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("losscli")
