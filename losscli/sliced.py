"""What is kept of the rows of each slice: arrays with an entry a slice, all slices at once.

The rows of a block come sorted by slice, those of a slice in row order. A sum of a block depends on
the rows of the slice alone, and blocks merge in block order, as the whole does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array
from losscli.numerics import two_sum

# Sums near the largest double are kept scaled by this power of two.
_SCALE = 2.0**-64

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Segments:
    """Where each slice begins among rows that are sorted by slice, and how many rows it has."""

    starts: Places
    rows: NDArray[np.int64]

    def sum(self, x: Array | NDArray[np.bool_]) -> Array:
        """The sum of each slice, added pair by pair."""
        total: Array = np.add.reduceat(x, self.starts, dtype=np.float64)
        return total

    def spread(self, of_slice: Array) -> Array:
        """What a slice has, at each of its rows."""
        return np.repeat(of_slice, self.rows)


@dataclass(slots=True)
class Sliced:
    """Arrays with an entry a slice, each zero before a row was seen."""

    def grow(self, slices: int) -> None:
        """Make room for this many slices."""
        for part in fields(self):
            array = getattr(self, part.name)
            setattr(self, part.name, np.concatenate([array, np.zeros(slices, array.dtype)]))

    def at(self, places: Places) -> Self:
        """Some of the slices."""
        picked = (getattr(self, part.name)[places] for part in fields(self))
        return type(self)(*picked)

    def put(self, places: Places, entries: Self) -> None:
        """Other entries in the place of some."""
        for part in fields(self):
            getattr(self, part.name)[places] = getattr(entries, part.name)


@dataclass(slots=True)
class SlicedCount(Sliced):
    """How many samples each slice has, and how many rows of them count."""

    samples: NDArray[np.int64]
    ignored: NDArray[np.int64]
    counted: NDArray[np.int64]

    def merge(self, later: SlicedCount) -> SlicedCount:
        """The counts with those of later rows."""
        return SlicedCount(
            self.samples + later.samples,
            self.ignored + later.ignored,
            self.counted + later.counted,
        )


@dataclass(slots=True)
class SlicedSum(Sliced):
    """A sum for each slice, in two doubles, so that adding blocks loses nothing.

    Where a sum is beyond the largest double, it is kept ``scaled``: the mean of losses of 1e308 is
    1e308 here too.
    """

    high: Array
    low: Array
    scaled: NDArray[np.bool_]

    @classmethod
    def of(cls, x: Array, segments: Segments) -> SlicedSum:
        """The sums of a block."""
        total = segments.sum(x)
        scaled = np.isinf(total)
        if scaled.any():
            scaled &= np.logical_and.reduceat(np.isfinite(x), segments.starts)
            total = np.where(scaled, segments.sum(x * _SCALE), total)
        return cls(total, np.zeros(total.size), scaled)

    def merge(self, later: SlicedSum) -> SlicedSum:
        """The sums with those of later rows."""
        scaled = self.scaled | later.scaled
        total, rest = two_sum(self._high(scaled), later._high(scaled))
        beyond = np.isinf(total) & np.isfinite(self.high) & np.isfinite(later.high) & ~scaled
        if beyond.any():
            scaled = scaled | beyond
            total, rest = two_sum(self._high(scaled), later._high(scaled))
        rest = rest + self._low(scaled) + later._low(scaled)
        high, low = two_sum(total, np.where(np.isfinite(total), rest, 0.0))
        return SlicedSum(high, np.where(np.isfinite(high), low, 0.0), scaled)

    def _high(self, scaled: NDArray[np.bool_]) -> Array:
        return np.where(scaled & ~self.scaled, self.high * _SCALE, self.high)

    def _low(self, scaled: NDArray[np.bool_]) -> Array:
        return np.where(scaled & ~self.scaled, self.low * _SCALE, self.low)

    def over(self, divisor: Array | float) -> Array:
        """The sums divided by ``divisor``; NaN where it is 0."""
        quotient = (self.high + self.low) / divisor
        quotient = np.where(self.scaled, quotient / _SCALE, quotient)
        return np.where(np.equal(divisor, 0.0), math.nan, quotient)

    def total(self) -> Array:
        """The sums, infinite beyond the largest double."""
        return self.over(1.0)


@dataclass(slots=True)
class SlicedMoments(Sliced):
    """Moments of pairs (loss, divisor) for each slice; see :class:`losscli.state.Moments`."""

    n: NDArray[np.int64]
    mean: Array
    mean_divisor: Array
    m2: Array
    m2_divisor: Array
    co: Array

    @classmethod
    def of(
        cls, x: Array, divisor: Array | None, counted: NDArray[np.bool_] | None, segments: Segments
    ) -> SlicedMoments:
        """The moments of the rows that count; ``divisor`` None means 1 for each row."""
        n = segments.rows if counted is None else segments.sum(counted).astype(np.int64)
        mean, deviation = _centred(x, n, counted, segments)
        m2 = segments.sum(deviation * deviation)
        if divisor is None:
            zeros = np.zeros(n.size)
            return cls(n, mean, np.minimum(n, 1).astype(np.float64), m2, zeros, zeros.copy())
        mean_divisor, spread = _centred(divisor, n, counted, segments)
        co, m2_divisor = segments.sum(deviation * spread), segments.sum(spread * spread)
        return cls(n, mean, mean_divisor, m2, m2_divisor, co)

    def merge(self, later: SlicedMoments) -> SlicedMoments:
        """The moments with those of later rows (Chan et al. 1983)."""
        n = self.n + later.n
        share = later.n / np.maximum(n, 1)
        weight = self.n * share
        delta, delta_divisor = later.mean - self.mean, later.mean_divisor - self.mean_divisor
        # Where one side has no rows, what it would add is 0, or NaN of infinite losses.
        both = weight > 0.0
        return SlicedMoments(
            n,
            np.where(self.n == 0, later.mean, self.mean + np.where(both, delta * share, 0.0)),
            np.where(
                self.n == 0,
                later.mean_divisor,
                self.mean_divisor + np.where(both, delta_divisor * share, 0.0),
            ),
            self.m2 + later.m2 + np.where(both, delta * delta * weight, 0.0),
            self.m2_divisor
            + later.m2_divisor
            + np.where(both, delta_divisor * delta_divisor * weight, 0.0),
            self.co + later.co + np.where(both, delta * delta_divisor * weight, 0.0),
        )

    def stderr(self) -> Array:
        """Standard error of ``sum(loss) / sum(divisor)``, to first order; NaN below two rows."""
        ratio = self.mean / self.mean_divisor
        residual = self.m2 - 2.0 * ratio * self.co + ratio * ratio * self.m2_divisor
        spread = np.sqrt(np.maximum(residual, 0.0) / (self.n - 1))
        error = spread / (np.sqrt(self.n) * self.mean_divisor)
        return np.where((self.n > 1) & (self.mean_divisor != 0.0), error, math.nan)


def _centred(
    x: Array, n: NDArray[np.int64], counted: NDArray[np.bool_] | None, segments: Segments
) -> tuple[Array, Array]:
    """The mean of each slice, and how far each row lies above it; 0 for a row that is left out."""
    if counted is not None:
        x = np.where(counted, x, 0.0)
    mean = segments.sum(x) / np.maximum(n, 1)
    deviation = x - segments.spread(mean)
    return mean, deviation if counted is None else np.where(counted, deviation, 0.0)
