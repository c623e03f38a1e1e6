"""What a slice's loss may be worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from losscli.analysis.paired.significance import t_interval
from losscli.results import SliceRecord

_CONFIDENCE = 0.95


def with_intervals(slices: Iterable[SliceRecord]) -> tuple[SliceRecord, ...]:
    """The slices with the confidence interval of each one's loss."""
    return tuple(map(_with_interval, slices))


def _with_interval(one: SliceRecord) -> SliceRecord:
    freedom = one.n - one.ignored - 1
    low, high = t_interval(one.value, one.stderr, freedom, _CONFIDENCE)
    return replace(one, low=low, high=high)
