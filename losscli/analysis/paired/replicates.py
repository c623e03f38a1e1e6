"""Spreads and p-values from units that are drawn again or swapped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from losscli.analysis.paired.estimate import Gap, Method, Spread, note_of
from losscli.analysis.paired.resample import all_swaps, bootstrap_counts, random_swaps
from losscli.analysis.paired.sides import RatioSides, Sides
from losscli.analysis.paired.significance import (
    bca_interval,
    bootstrap_p_value,
    detectable,
    studentised,
    swap_p_value,
)
from losscli.domain import Array

# Every way to swap is tried if so few units differ, and if a loss is a call for each way, fewer.
_ALL_SWAPS = 20
_ALL_SWAPS_OF_SETS = 10
# The jackknife leaves out so many parts of the units at most, one after the other.
_PARTS = 512


@np.errstate(all="ignore")
def resampled(
    sides: Sides,
    models: Sequence[Spread],
    gaps: Sequence[Gap | None],
    method: Method,
    dealt: bool,
    shrink: float = 1.0,
) -> tuple[list[Spread], list[Gap | None]]:
    """Spreads and p-values from replicates; those of moments stay where a test leaves them."""
    made, judged = list(models), list(gaps)
    if isinstance(sides, RatioSides):
        if method.test == "bootstrap":
            made, judged = _studentise(sides, made, judged, method)
    elif sides.units > 1:
        made, judged = _bootstrap(sides, made, judged, method, shrink)
    if method.test == "permutation":
        judged = [
            gap and _permute(sides, gap, number, method, dealt, shrink)
            for number, gap in enumerate(judged)
        ]
    return made, judged


def _studentise(
    sides: RatioSides, models: Sequence[Spread], gaps: Sequence[Gap | None], method: Method
) -> tuple[list[Spread], list[Gap | None]]:
    """Ratios have a standard error in every replicate, so their t values can be drawn."""
    first, confidence, k = method.reference, method.confidence, len(models)
    pulls = sides.influences()
    pulls = np.concatenate([pulls, pulls - pulls[:, [first]]], axis=1)
    # All that is needed of a replicate is sums over its units: one product of matrices.
    columns = np.concatenate([sides.loss, sides.divisor, pulls, pulls**2], axis=1)
    cuts = np.cumsum([k, k, 2 * k])
    losses = sides.under(np.ones((1, sides.units)))[0]
    observed = np.concatenate([losses, losses - losses[first]])
    drawn = []
    for counts in bootstrap_counts(method.seed, sides.units, method.resamples):
        loss, divisor, mean, square = np.split(counts @ columns, cuts, axis=1)
        losses = loss / divisor
        losses = np.concatenate([losses, losses - losses[:, [first]]], axis=1)
        variance = square / sides.units - (mean / sides.units) ** 2
        stderr = np.sqrt(np.maximum(variance, 0.0) / (sides.units - 1))
        drawn.append(np.where(stderr == 0.0, math.inf, (losses - observed) / stderr))
    t_values = np.concatenate(drawn)
    made = []
    for number, model in enumerate(models):
        _, *interval = studentised(model.value, model.stderr, t_values[:, number], confidence)
        made.append(Spread(model.value, model.stderr, *interval))
    judged: list[Gap | None] = []
    for number, gap in enumerate(gaps, len(models)):
        if gap is not None:
            known = gap.spread
            p_value, *interval = studentised(
                known.value, known.stderr, t_values[:, number], confidence
            )
            found = Spread(known.value, known.stderr, *interval)
            gap = replace(gap, spread=found, p_value=p_value)
        judged.append(gap)
    return made, judged


def _bootstrap(
    sides: Sides,
    models: Sequence[Spread],
    gaps: Sequence[Gap | None],
    method: Method,
    shrink: float,
) -> tuple[list[Spread], list[Gap | None]]:
    """Set losses have no standard error but that of their replicates."""
    first, confidence = method.reference, method.confidence
    counts = bootstrap_counts(method.seed, sides.units, method.resamples)
    drawn = np.concatenate([sides.under(some) for some in counts])
    left_out = np.concatenate([sides.under(some) for some in _without_parts(sides.units)])
    observed = sides.under(np.ones((1, sides.units)))[0]

    def spread(value: float, now: float, drawn: Array, left_out: Array) -> tuple[Spread, Array]:
        around = value + shrink * (drawn - now)
        finite = around[np.isfinite(around)]
        stderr = float(np.std(finite, ddof=1)) if finite.size > 1 else math.nan
        return Spread(value, stderr, *bca_interval(value, around, left_out, confidence)), around

    made = [
        spread(model.value, observed[i], drawn[:, i], left_out[:, i])[0]
        for i, model in enumerate(models)
    ]
    drawn, left_out = drawn - drawn[:, [first]], left_out - left_out[:, [first]]
    observed = observed - observed[first]
    judged: list[Gap | None] = []
    for i, gap in enumerate(gaps):
        if gap is not None:
            value = gap.spread.value
            found, around = spread(value, observed[i], drawn[:, i], left_out[:, i])
            reach = detectable(found.stderr, sides.units - 1, confidence)
            p_value = bootstrap_p_value(value, around)
            note = note_of(value, found.stderr, sides.units - 1)
            gap = Gap(found, p_value, reach, note=note)
        judged.append(gap)
    return made, judged


def _without_parts(units: int) -> Iterator[Array]:
    """Counts that leave out one part of the units at a time."""
    parts = min(units, _PARTS)
    member = np.arange(units) % parts
    for part in range(parts):
        yield (member != part).astype(np.float64)[np.newaxis]


def _permute(
    sides: Sides, gap: Gap, number: int, method: Method, dealt: bool, shrink: float
) -> Gap:
    if not math.isfinite(gap.spread.value):
        return gap
    first = method.reference
    among = sides.differing(first, number)
    if among.size == 0:
        return replace(gap, p_value=1.0, exact=True)
    few = _ALL_SWAPS if isinstance(sides, RatioSides) else _ALL_SWAPS_OF_SETS
    exact = among.size <= few and not dealt and shrink == 1.0
    swaps = (
        all_swaps(among.size) if exact else random_swaps(method.seed, among.size, method.resamples)
    )
    swapped = np.concatenate([sides.swapped(first, number, some, among) for some in swaps])
    observed = gap.spread.value
    if shrink == 1.0:
        # Rounded as the replicates are.
        observed = float(sides.swapped(first, number, np.zeros((1, among.size)), among)[0])
    p_value = swap_p_value(observed, shrink * swapped, every=exact)
    return replace(gap, p_value=p_value, exact=exact)
