"""Replicates: units drawn again, or swapped between two models, by draws keyed by the seed.

Draws come in runs of a fixed number of replicates, each run from a stream of its own, so that they
depend on the seed and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from losscli.analysis.paired.units import BOOTSTRAP, PERMUTE, stream
from losscli.domain import Array

# Counts or swaps that are held at a time.
_MOST_DRAWS = 2**21


def _runs(units: int, replicates: int) -> Iterator[tuple[int, int]]:
    """The runs of replicates: a number and a size."""
    size = max(1, _MOST_DRAWS // max(units, 1))
    for number, start in enumerate(range(0, replicates, size)):
        yield number, min(size, replicates - start)


def bootstrap_counts(seed: int, units: int, replicates: int) -> Iterator[Array]:
    """How often each unit is drawn, (some replicates, units) at a time: with replacement, as many
    as there are."""
    for number, size in _runs(units, replicates):
        counts = np.empty((size, units))
        for count, drawn in zip(
            counts, stream(seed, BOOTSTRAP, number).integers(0, units, (size, units)), strict=True
        ):
            count[:] = np.bincount(drawn, minlength=units)
        yield counts


def random_swaps(seed: int, units: int, replicates: int) -> Iterator[Array]:
    """Which units are swapped, 1 or 0, each with probability one half."""
    width = -(-units // 8)
    for number, size in _runs(units, replicates):
        drawn = stream(seed, PERMUTE, number).integers(0, 256, (size, width), np.uint8)
        yield np.unpackbits(drawn, axis=1)[:, :units].astype(np.float64)


def all_swaps(units: int) -> Iterator[Array]:
    """All 2^units ways to swap, each once; the first swaps nothing."""
    ways = 1 << units
    bits = np.arange(units)
    for start in range(0, ways, step := max(1, _MOST_DRAWS // max(units, 1))):
        number: NDArray[np.int64] = np.arange(start, min(start + step, ways))
        yield ((number[:, np.newaxis] >> bits) & 1).astype(np.float64)
