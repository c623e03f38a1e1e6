"""From spreads and replicates to intervals and p-values; the only importer of SciPy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from losscli.domain import Array

# The chance to see a real difference that the smallest detectable one is stated for.
POWER = 0.8
# Replicates as far off as the observed difference, but for rounding, count as far off: SciPy's own
# allowance in its permutation test.
_ROUNDING = 100 * np.finfo(np.float64).eps


def t_p_value(difference: float, stderr: float, freedom: int) -> float:
    """Two-sided p-value of Student's t; NaN where there is no spread to judge by."""
    if freedom < 1 or not math.isfinite(stderr) or not math.isfinite(difference):
        return math.nan
    if difference == 0.0:
        return 1.0
    if stderr == 0.0:
        return 0.0
    from scipy.special import stdtr

    return float(2.0 * stdtr(freedom, -abs(difference / stderr)))


def t_interval(value: float, stderr: float, freedom: int, confidence: float) -> tuple[float, float]:
    """The interval ``value +- t * stderr``; NaN where there is no spread to judge by."""
    if freedom < 1 or not math.isfinite(stderr):
        return math.nan, math.nan
    reach = _t_quantile(freedom, 0.5 + 0.5 * confidence) * stderr
    return value - reach, value + reach


def _t_quantile(freedom: int, share: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, share))


def detectable(stderr: float, freedom: int, confidence: float) -> float:
    """The difference that a test at this level would find with a chance of 80 %."""
    if freedom < 1 or not math.isfinite(stderr):
        return math.nan
    reach = _t_quantile(freedom, 0.5 + 0.5 * confidence) + _t_quantile(freedom, POWER)
    return reach * stderr


def swap_p_value(observed: float, swapped: Array, *, every: bool) -> float:
    """How often a swapped difference is at least as far from 0 as the observed one.

    Args:
        observed: the difference.
        swapped: that of each replicate.
        every: are the replicates all there are, the observed one among them? If they are random,
            the observed one is added: (c + 1) / (m + 1).
    """
    if not math.isfinite(observed):
        return math.nan
    far = int(np.count_nonzero(np.abs(swapped) >= abs(observed) * (1.0 - _ROUNDING)))
    return far / len(swapped) if every else (far + 1) / (len(swapped) + 1)


def studentised(
    value: float, stderr: float, drawn: Array, confidence: float
) -> tuple[float, float, float]:
    """The p-value of a number and its interval, by the bootstrap of its t value (Hall 1988).

    Both take t values by their size alone, so that the interval holds 0 just when the p-value says
    that 0 may be.

    Args:
        value: the number.
        stderr: its standard error.
        drawn: the t value of each replicate, around ``value``; infinite where it has no spread.
        confidence: of the interval.
    """
    if math.isnan(stderr) or not math.isfinite(value):
        return math.nan, math.nan, math.nan
    if stderr == 0.0:
        return (1.0 if value == 0.0 else 1.0 / (len(drawn) + 1)), value, value
    size = np.abs(drawn)
    far = int(np.count_nonzero(size >= abs(value) / stderr * (1.0 - _ROUNDING)))
    # The quantile at which a p-value falls below one minus the confidence.
    rank = min(math.ceil(confidence * (len(size) + 1)), len(size)) - 1
    reach = float(np.partition(size, rank)[rank]) * stderr
    return (far + 1) / (len(size) + 1), value - reach, value + reach


def bootstrap_p_value(observed: float, drawn: Array) -> float:
    """How often replicates lie as far from the observed difference as it lies from 0."""
    drawn = drawn[~np.isnan(drawn)]
    if not math.isfinite(observed) or drawn.size == 0:
        return math.nan
    gap = np.abs(drawn - observed)
    far = int(np.count_nonzero(gap >= abs(observed) * (1.0 - _ROUNDING)))
    return (far + 1) / (len(drawn) + 1)


def bca_interval(
    observed: float, drawn: Array, left_out: Array, confidence: float
) -> tuple[float, float]:
    """The bias-corrected and accelerated interval (Efron 1987).

    Args:
        observed: the number.
        drawn: that of each bootstrap replicate.
        left_out: that of the rows without each unit in turn.
        confidence: such as 0.95.
    """
    drawn = drawn[~np.isnan(drawn)]
    if drawn.size == 0 or not math.isfinite(observed):
        return math.nan, math.nan
    low, high = float(drawn.min()), float(drawn.max())
    if low == high or high - low <= _ROUNDING * abs(observed):
        return low, high
    from scipy.special import ndtr, ndtri

    below = np.count_nonzero(drawn < observed) + 0.5 * np.count_nonzero(drawn == observed)
    bias = float(ndtri(below / drawn.size))
    push = left_out.mean() - left_out
    squares = float((push**2).sum())
    skew = float((push**3).sum()) / (6.0 * squares**1.5) if squares > 0.0 else 0.0
    shares = []
    for side in (0.5 - 0.5 * confidence, 0.5 + 0.5 * confidence):
        reach = bias + float(ndtri(side))
        shares.append(float(ndtr(bias + reach / (1.0 - skew * reach))))
    if not all(math.isfinite(share) for share in shares):
        shares = [0.5 - 0.5 * confidence, 0.5 + 0.5 * confidence]
    found = np.quantile(drawn, shares)
    return float(found[0]), float(found[1])


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests, adjusted so that all together err as rarely as one (Holm
    1979). NaN stays NaN and counts as no test."""
    adjusted = list(p_values)
    tests = sorted((p, i) for i, p in enumerate(p_values) if p == p)
    largest = 0.0
    for rank, (p, i) in enumerate(tests):
        largest = max(largest, min(1.0, (len(tests) - rank) * p))
        adjusted[i] = largest
    return adjusted
