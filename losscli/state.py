"""What is kept of the rows of a block, and how two blocks become one.

Everything here merges. The engine merges in block order, so the result depends on the blocks alone
and the blocks on the rows alone. The exact ones (counts, extremes, worst rows, quantiles) would
come out the same in any order; :class:`Moments` would not, to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array

# Sums near the largest double are also kept scaled by this power of two, so that a mean which is a
# double survives a sum which is not.
_SCALE = 2.0**-64
# Block sums are summed up when there are so many, so that memory does not grow with the rows.
_MOST_PARTS = 2**12


@dataclass(slots=True)
class ExactSum:
    """A sum of block sums, rounded once at the end (Shewchuk, through ``math.fsum``)."""

    parts: list[float] = field(default_factory=list)
    scaled: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, x: Array) -> ExactSum:
        """The sum of a block of numbers."""
        total = float(np.add.reduce(x, axis=None))
        if math.isinf(total) and bool(np.isfinite(x).all()):
            return cls(scaled=[float(np.add.reduce(x * _SCALE, axis=None))])
        return cls(parts=[total])

    @property
    def is_finite(self) -> bool:
        """Is every number in it finite, whatever the sum?"""
        return all(map(math.isfinite, self.parts))

    def merge(self, other: ExactSum) -> None:
        """Take in the sum of later rows."""
        self.parts += other.parts
        self.scaled += other.scaled
        if len(self.parts) > _MOST_PARTS:
            self.parts = _fewer(self.parts)

    def total(self) -> float:
        """The sum, infinite if it is beyond the largest double."""
        return self.over(1.0)

    def over(self, divisor: float) -> float:
        """The sum divided by ``divisor``: NaN for 0/0, as in PyTorch."""
        try:
            total = _exact_sum(self.parts) if not self.scaled else math.inf
        except OverflowError:
            total = math.inf
        if math.isinf(total) and self.is_finite:
            total = math.fsum([part * _SCALE for part in self.parts] + self.scaled)
            return _divide(_divide(total, divisor), _SCALE)
        return _divide(total, divisor)


def _fewer(parts: list[float]) -> list[float]:
    """A few numbers with the same sum, to the last bit."""
    if not all(map(math.isfinite, parts)):
        return [_exact_sum(parts)]
    found: list[float] = []
    try:
        while lead := math.fsum([*parts, *(-one for one in found)]):
            found.append(lead)
    except OverflowError:
        return parts
    return found


def _exact_sum(parts: Sequence[float]) -> float:
    # fsum refuses inf - inf; PyTorch's sum is NaN there.
    try:
        return math.fsum(parts)
    except ValueError:
        return math.nan


def _divide(total: float, divisor: float) -> float:
    # A mean over nothing; PyTorch has NaN there too, even where smoothing leaves a loss.
    if divisor == 0.0:
        return math.nan
    try:
        return total / divisor
    except OverflowError:
        return math.copysign(math.inf, total)


@dataclass(slots=True)
class Moments:
    """Count, means and centred second moments of pairs (loss, divisor), merged as Chan et al. 1983.

    The pairs are what the ratio ``sum(loss) / sum(divisor)`` is made of, so they also give its
    standard error. With equal divisors that is the textbook ``std / sqrt(n)``.
    """

    n: int = 0
    mean: float = 0.0
    mean_divisor: float = 0.0
    m2: float = 0.0
    m2_divisor: float = 0.0
    co: float = 0.0

    @classmethod
    def of(cls, x: Array, divisor: Array | None) -> Moments:
        """The moments of a block; ``divisor`` None means 1 for each row."""
        n = x.size
        if n == 0:
            return cls()
        mean = float(np.add.reduce(x)) / n
        deviation = x - mean
        moments = cls(n, mean, 1.0)
        if divisor is not None:
            moments.mean_divisor = float(np.add.reduce(divisor)) / n
            spread = divisor - moments.mean_divisor
            moments.co = float(np.add.reduce(deviation * spread))
            moments.m2_divisor = float(np.add.reduce(np.square(spread, out=spread)))
        moments.m2 = float(np.add.reduce(np.square(deviation, out=deviation)))
        return moments

    def merge(self, other: Moments) -> None:
        """Take in the moments of later rows."""
        n = self.n + other.n
        if n == 0:
            return
        delta, delta_divisor = other.mean - self.mean, other.mean_divisor - self.mean_divisor
        share = other.n / n
        weight = self.n * share
        self.m2 += other.m2 + delta * delta * weight
        self.m2_divisor += other.m2_divisor + delta_divisor * delta_divisor * weight
        self.co += other.co + delta * delta_divisor * weight
        self.mean += delta * share
        self.mean_divisor += delta_divisor * share
        self.n = n

    def std(self) -> float:
        """Sample standard deviation (n - 1) of the losses; NaN below two rows."""
        return math.sqrt(self.m2 / (self.n - 1)) if self.n > 1 else math.nan

    def stderr(self) -> float:
        """Standard error of ``sum(loss) / sum(divisor)``, to first order; NaN below two rows."""
        if self.n < 2 or self.mean_divisor == 0.0:
            return math.nan
        ratio = self.mean / self.mean_divisor
        residual = self.m2 - 2.0 * ratio * self.co + ratio * ratio * self.m2_divisor
        spread = math.sqrt(max(residual, 0.0) / (self.n - 1)) if residual == residual else math.nan
        return spread / (math.sqrt(self.n) * self.mean_divisor)


@dataclass(slots=True)
class JointMoments:
    """Means and centred products of several numbers a row, merged as Chan et al. 1983.

    Attributes:
        n: rows.
        mean: (k,) the mean of each number.
        products: (k, k) the sum over the rows of products of deviations from the means.
    """

    n: int = 0
    mean: Array = field(default_factory=lambda: np.empty(0))
    products: Array = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def of(cls, columns: Sequence[Array | float]) -> JointMoments:
        """Of a block: for each number an array (n,), or one number that all rows have."""
        n = max((len(x) for x in columns if isinstance(x, np.ndarray)), default=0)
        if n == 0:
            return cls(0, np.zeros(len(columns)), np.zeros((len(columns), len(columns))))
        mean = np.array(
            [float(np.add.reduce(x)) / n if isinstance(x, np.ndarray) else x for x in columns]
        )
        apart = [x - mean[i] if isinstance(x, np.ndarray) else None for i, x in enumerate(columns)]
        products = np.zeros((len(columns), len(columns)))
        for i, x in enumerate(apart):
            for j, y in enumerate(apart[: i + 1]):
                if x is not None and y is not None:
                    products[i, j] = products[j, i] = float(np.add.reduce(x * y))
        return cls(n, mean, products)

    def merge(self, later: JointMoments) -> None:
        """Take in the rows that follow."""
        if later.n == 0:
            return
        if self.n == 0:
            self.n, self.mean, self.products = later.n, later.mean, later.products
            return
        n = self.n + later.n
        gap, share = later.mean - self.mean, later.n / n
        self.products = self.products + later.products + np.outer(gap, gap) * (self.n * share)
        self.mean = self.mean + gap * share
        self.n = n

    def stderr(self, gradient: Sequence[float]) -> float:
        """Standard error of a smooth function of the means, to first order; NaN below two rows.

        Args:
            gradient: its derivative by each mean.
        """
        if self.n < 2:
            return math.nan
        slope = np.asarray(gradient)
        # What does not matter must not spoil the rest: 0 times infinity.
        used = slope != 0.0
        slope = slope[used]
        variance = float(slope @ self.products[np.ix_(used, used)] @ slope) / (self.n - 1)
        return math.sqrt(max(variance, 0.0) / self.n) if variance == variance else math.nan


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
_EXACT_ROWS = 2**20
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
        if rows_before >= _EXACT_ROWS:
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
        if self.counts or self.n > _EXACT_ROWS:
            self._bin()
        if sum(keys.size for keys, _ in self.counts) > _PENDING:
            self.counts = [self._histogram()]

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
        keys, slots = np.unique(np.concatenate([k for k, _ in self.counts]), return_inverse=True)
        counts = np.zeros(keys.size, np.int64)
        np.add.at(counts, slots, np.concatenate([c for _, c in self.counts]))
        return keys, counts


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


def _keys(x: Array) -> NDArray[np.int64]:
    """The leading bits of positive doubles, as integers that sort like the doubles."""
    return np.ascontiguousarray(x).view(np.int64) >> _SHIFT


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


# How many groups of neighbours the values beyond _EXACT_ROWS fall into, but for heavy ones.
_GROUPS = 2**18
_NO_GROUPS = np.empty((4, 0))


@dataclass(slots=True)
class SortedWeights:
    """Values in order with their weights; exact up to 2^20 of them, then in groups of neighbours.

    A group is a column of ``groups``: the least and the greatest of its values, its weight, and the
    weighted sum of what its values lie above the least. Sums against a number that no group
    straddles are therefore exact, however narrow the values lie around a large one. A value that
    has more weight than a group should keeps a group of its own, so few distinct values stay exact
    for ever.
    """

    n: int = 0
    values: list[Array] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    groups: Array = field(default_factory=lambda: _NO_GROUPS)

    @classmethod
    def of(cls, x: Array, weight: Array) -> SortedWeights:
        """Of a block."""
        return cls(x.size, [np.ascontiguousarray(x)], [weight])

    @property
    def error(self) -> float:
        """By what share of the weight a quantile may be off: 0 while exact."""
        low, high, weight, _ = self.groups
        wide = low < high
        edges = np.concatenate([low[wide], high[wide]])
        change = np.concatenate([weight[wide], -weight[wide]])
        over = np.cumsum(change[np.lexsort((change, edges))])
        if over.size == 0:
            return 0.0
        total = float(weight.sum() + sum(float(w.sum()) for w in self.weights))
        return float(over.max()) / total

    def merge(self, other: SortedWeights) -> None:
        """Take in other rows."""
        self.n += other.n
        self.values += other.values
        self.weights += other.weights
        self.groups = np.concatenate([self.groups, other.groups], axis=1)
        pending = sum(x.size for x in self.values)
        if self.n > _EXACT_ROWS and pending + self.groups.shape[1] > _EXACT_ROWS:
            self.groups = _neighbours(self._entries())
            self.values, self.weights = [], []

    def _entries(self) -> Array:
        """All groups, each pending value one of its own."""
        x, weight = np.concatenate([_NONE, *self.values]), np.concatenate([_NONE, *self.weights])
        return np.concatenate([self.groups, [x, x, weight, np.zeros(x.size)]], axis=1)

    def ordered(self) -> tuple[Array, Array]:
        """Values ascending, or the means of groups, and their weights."""
        low, _, weight, above = self._entries()
        middle = low + above / weight
        order = np.argsort(middle, kind="stable")
        return middle[order], weight[order]

    def quantile(self, share: float) -> float:
        """The weighted quantile; between the two neighbours where exactly ``share`` lies below."""
        x, weight = self.ordered()
        if x.size == 0 or bool(np.isnan(x[-1])):
            return math.nan
        below = np.cumsum(weight)
        wanted, rounding = share * below[-1], _ROUNDING * below[-1]
        low, high = np.searchsorted(below, [wanted - rounding, wanted + rounding])
        low, high = min(int(low), x.size - 1), min(int(high), x.size - 1)
        return float(x[low] if x[low] == x[high] else x[low] / 2.0 + x[high] / 2.0)

    def pinball(self, share: float) -> float:
        """The weighted sum of pinball losses of the values against their own quantile."""
        low, _, weight, above = self._entries()
        quantile = self.quantile(share)
        lead = weight * _rise(low, quantile) + above
        over, under = np.maximum(lead, 0.0), np.maximum(-lead, 0.0)
        return share * float(np.add.reduce(over)) + (1.0 - share) * float(np.add.reduce(under))


_NONE = np.empty(0)
# Sums of weights that should be equal differ by rounding: ten weights of 0.1 and half of them.
_ROUNDING = 1e-12


def _neighbours(entries: Array) -> Array:
    """Few groups in the place of many entries, each of entries that are neighbours in order."""
    low, high, weight, above = entries[:, np.lexsort((entries[1], entries[0]))]
    if bool(np.isnan(low[-1])):
        return np.array([[math.nan], [math.nan], [float(weight.sum())], [0.0]])
    differs = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    distinct = _join(np.concatenate([[True], differs]), low, high, weight, above)
    low, high, weight, above = distinct
    if low.size <= _GROUPS:
        return distinct
    full = float(weight.sum()) / _GROUPS
    cell = np.floor(np.cumsum(weight) / full)
    alone = (weight >= full) | np.isinf(low) | np.isinf(high)
    begins = np.concatenate([[True], (cell[1:] != cell[:-1]) | alone[1:] | alone[:-1]])
    return _join(begins, low, high, weight, above)


def _rise(x: Array, floor: Array | float) -> Array:
    """How far x lies above a floor; 0 above an equal infinity."""
    return np.subtract(x, floor, out=np.zeros(x.shape), where=x != floor)


def _join(begins: NDArray[np.bool_], low: Array, high: Array, weight: Array, above: Array) -> Array:
    """One group of every entry that begins one and those that follow it; lows ascend."""
    first = np.flatnonzero(begins)
    least = low[first]
    lift = _rise(low, np.repeat(least, np.diff(first, append=low.size)))
    return np.stack(
        [
            least,
            np.maximum.reduceat(high, first),
            np.add.reduceat(weight, first),
            np.add.reduceat(above + weight * lift, first),
        ]
    )
