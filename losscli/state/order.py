"""Values by their size: the extremes, quantiles, and the worst rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array


@dataclass(slots=True)
class Extremes:
    """The smallest and the largest loss."""

    low: float = math.inf
    high: float = -math.inf

    @classmethod
    def of(cls, x: Array) -> Extremes:
        return cls(float(x.min()), float(x.max())) if x.size else cls()

    def merge(self, other: Extremes) -> None:
        """Take in the extremes of other rows."""
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)


# A bucket spans 2^-10 of its value, so its middle is within 2^-11 of all it holds.
_BUCKET_BITS = 10
_SHIFT = 52 - _BUCKET_BITS
EXACT_ROWS = 2**20
_PENDING = 2**20
_DENSE = 2**18


@dataclass(slots=True)
class Quantiles:
    """Quantiles, exact up to 2^20 values; beyond, of a histogram whose buckets are 0.1 % wide.

    A bucket is the leading bits of a double, negative for a negative one, so that counts of any two
    histograms simply add.
    """

    n: int = 0
    values: list[Array] = field(default_factory=list)
    counts: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = field(default_factory=list)

    @classmethod
    def of(cls, x: Array, rows_before: int) -> Quantiles:
        """Of a block after ``rows_before`` rows: a late one goes to the histogram at once."""
        quantiles = cls(x.size, [x]) if x.size else cls()
        if rows_before >= EXACT_ROWS:
            quantiles._bin()
        return quantiles

    @property
    def error(self) -> float:
        """Bound of the relative error of a quantile."""
        return 2.0 ** -(_BUCKET_BITS + 1) if self.counts else 0.0

    def merge(self, other: Quantiles) -> None:
        """Take in other rows."""
        self.n += other.n
        self.values += other.values
        self.counts += other.counts
        if self.counts or self.n > EXACT_ROWS:
            self._bin()
        if sum(keys.size for keys, _ in self.counts) > _PENDING:
            self._histogram()

    def at(self, shares: Sequence[float]) -> list[float]:
        """The quantiles, linear between neighbours while exact (NumPy's default)."""
        if self.n == 0:
            return [math.nan] * len(shares)
        if not self.counts:
            return _between(np.sort(np.concatenate(self.values)), np.asarray(shares))
        keys, counts = self._histogram()
        ranks = np.rint(np.asarray(shares) * (self.n - 1))
        found = np.searchsorted(np.cumsum(counts), ranks, side="right")
        return [float(q) for q in _middles(keys[found])]

    def below(self, limit: float) -> int:
        """How many values are smaller, of a bucket that holds the limit by its middle."""
        if not self.counts:
            return sum(int(np.count_nonzero(x < limit)) for x in self.values)
        keys, counts = self._histogram()
        return int(counts[_middles(keys) < limit].sum())

    def tail_share(self, share: float) -> float:
        """What part of the sum the largest ``share`` of the values carry, or NaN."""
        if self.n == 0:
            return math.nan
        count = max(1, math.ceil(share * self.n))
        if not self.counts:
            x = np.sort(np.concatenate(self.values))
            with np.errstate(over="ignore", invalid="ignore"):
                total, tail = float(x.sum()), float(x[-count:].sum())
        else:
            keys, counts = self._histogram()
            above = self.n - np.cumsum(counts)
            sums = _middles(keys)
            total = float((sums * counts).sum())
            tail = float((sums * np.clip(count - above, 0, counts)).sum())
        return tail / total if total > 0.0 and math.isfinite(total) else math.nan

    def _bin(self) -> None:
        self.counts += [part for x in self.values for part in _count(x)]
        self.values = []

    def _histogram(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All counts as those of one histogram, which is kept in their place."""
        if len(self.counts) > 1:
            keys, counts = map(np.concatenate, zip(*self.counts, strict=True))
            # There are 2^22 buckets at most. Doubles hold such counts exactly.
            first = int(keys.min())
            sums = np.bincount(keys - first, counts)
            used = np.flatnonzero(sums)
            self.counts = [(used + first, sums[used].astype(np.int64))]
        return self.counts[0]


def _count(x: Array) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Buckets and their counts. Zeros and signs lie far apart, so each is counted on its own."""
    if float(x.min()) > 0.0:
        return [_tally(_keys(x))]
    zeros = np.array([0]), np.array([np.count_nonzero(x == 0.0)])
    above, below = _keys(x[x > 0.0]), -_keys(-x[x < 0.0])
    return [zeros, *(_tally(keys) for keys in (above, below) if keys.size)]


def _tally(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first = int(keys.min())
    if int(keys.max()) - first > _DENSE:
        found, counts = np.unique(keys, return_counts=True)
        return found, counts.astype(np.int64)
    counts = np.bincount(keys - first)
    used = np.flatnonzero(counts)
    return used + first, counts[used]


def _between(x: Array, shares: Array) -> list[float]:
    """Quantiles of ascending values as ``np.quantile`` has them, which sorts in a slower way."""
    if math.isnan(x[-1]):
        return [math.nan] * shares.size
    places = (x.size - 1) * shares
    before = np.floor(places).astype(np.intp)
    low, high, part = x[before], x[np.minimum(before + 1, x.size - 1)], places - before
    with np.errstate(invalid="ignore", over="ignore"):
        step = high - low
        found: list[float] = np.where(
            part < 0.5, low + step * part, high - step * (1.0 - part)
        ).tolist()
    return found


def _keys(x: Array) -> NDArray[np.int64]:
    """The leading bits of positive doubles, as integers that sort like the doubles."""
    return np.ascontiguousarray(x).view(np.int64) >> _SHIFT


def _middles(keys: NDArray[np.int64]) -> Array:
    sizes = np.abs(keys)
    middles = ((sizes << _SHIFT) | (1 << (_SHIFT - 1))).view(np.float64)
    middles = np.where(sizes == 0, 0.0, middles)
    # The bucket of infinity would have NaN in its middle.
    return np.copysign(np.where(np.isnan(middles), np.inf, middles), keys)


_TILE = 256


@dataclass(slots=True)
class Worst:
    """The rows with the largest losses, the earlier row first among equals."""

    size: int
    loss: Array = field(default_factory=lambda: np.empty(0))
    row: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def of(cls, x: Array, first_row: int, size: int) -> Worst:
        """Of a block whose first row is ``first_row``; NaN never counts as worst."""
        row = np.flatnonzero(_at_least_kth(x, size))
        worst = cls(size, x[row], row + first_row)
        worst._cut()
        return worst

    def merge(self, other: Worst) -> None:
        """Take in other rows."""
        self.loss = np.concatenate([self.loss, other.loss])
        self.row = np.concatenate([self.row, other.row])
        self._cut()

    def _cut(self) -> None:
        order = np.lexsort((self.row, -self.loss))[: self.size]
        self.loss, self.row = self.loss[order], self.row[order]


def _at_least_kth(x: Array, k: int) -> NDArray[np.bool_]:
    # The k-th largest tile maximum bounds the k-th largest element from below: one pass, no sort.
    tiles = x.size // _TILE
    if tiles <= k:
        return ~np.isnan(x)
    peaks = np.fmax.reduce(x[: tiles * _TILE].reshape(tiles, _TILE), axis=1)
    kth = np.partition(peaks[peaks == peaks], -k)[-k] if (peaks == peaks).sum() > k else -np.inf
    above: NDArray[np.bool_] = x >= kth
    return above
