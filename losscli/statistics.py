"""What a set loss keeps of the rows: statistics over all of them, from which one number comes.

A set loss (RMSE, R2, a Dice over a whole corpus) has no loss of a row. Its kernel returns an array
for each statistic, one entry a row, and its ``finish`` gets them merged. A statistic may have
columns: values of shape (N, K) give K totals.

Rows weigh by the sample weight; one of weight 0 is left out, whatever it holds. Statistics merge in
block order, and a block's sum is exact to its last bit or so, so no cut of the rows shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array
from losscli.numerics import two_sum, unit_deviance
from losscli.state import ExactSum, SortedWeights


class Statistic(Protocol):
    """A mergeable accumulator of one entry a row."""

    @classmethod
    def of(cls, values: Array, weight: Array | None) -> Self:
        """Of a block: values (N, ...), weights (N,) or None for 1 each."""
        ...

    def merge(self, later: Self) -> None:
        """Take in the rows that follow."""
        ...

    @property
    def error(self) -> float:
        """Bound of the error of what it tells; 0 if it is exact."""
        ...


def of_runs(
    statistic: type[Statistic], values: Array, weight: Array | None, bounds: NDArray[np.intp]
) -> Sequence[Statistic]:
    """The statistic of each run of rows: of those from ``bounds[i]`` to ``bounds[i + 1]``."""
    if issubclass(statistic, Sum):
        return statistic.of_runs(values, weight, bounds)
    return [
        statistic.of(values[start:stop], None if weight is None else weight[start:stop])
        for start, stop in pairwise(bounds.tolist())
    ]


class Exact:
    """A statistic that is exact, up to rounding, however many rows there are."""

    __slots__ = ()

    @property
    def error(self) -> float:
        """None."""
        return 0.0


def _counted(values: Array, weight: Array | None) -> tuple[Array, Array]:
    """The rows that count, and their weights."""
    if weight is None:
        return values, np.ones(len(values))
    counted = weight != 0.0
    return (values, weight) if counted.all() else (values[counted], weight[counted])


def _columns(values: Array) -> Array:
    """One contiguous row for each column, so that a sum over the rows adds pair by pair."""
    rows = len(values)
    return np.ascontiguousarray(values.reshape(rows, math.prod(values.shape[1:])).T)


@dataclass(slots=True)
class Sum(Exact):
    """Weighted sums, each rounded once.

    Attributes:
        rows: how many rows count.
        weight: the sum of their weights.
    """

    rows: int
    weights: ExactSum
    sums: list[ExactSum]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, values: Array, weight: Array | None) -> Sum:
        """The sums of a block."""
        values, weight = _counted(values, weight)
        sums = [ExactSum.of(column) for column in _columns(values) * weight]
        return cls(len(values), ExactSum.of(weight), sums, values.shape[1:])

    @classmethod
    def of_runs(cls, values: Array, weight: Array | None, bounds: NDArray[np.intp]) -> list[Sum]:
        """The sums of each run of rows, of which none is empty, in few calls for all of them."""
        starts, shape = bounds[:-1], values.shape[1:]
        columns, rows = _columns(values), np.diff(bounds)
        weights = rows.astype(np.float64)
        if weight is not None:
            counted = weight != 0.0
            columns = np.multiply(columns, weight, out=np.zeros(columns.shape), where=counted)
            rows = np.add.reduceat(counted, starts, dtype=np.intp)
            weights = np.add.reduceat(weight, starts)
        sums = np.add.reduceat(columns, starts, axis=1)
        made = [
            cls(n, ExactSum([total]), [ExactSum([one]) for one in run], shape)
            for n, total, run in zip(rows.tolist(), weights.tolist(), sums.T.tolist(), strict=True)
        ]
        beyond = np.isinf(sums)
        if beyond.any():
            # Of numbers that are finite the sum is kept scaled.
            beyond &= np.logical_and.reduceat(np.isfinite(columns), starts, axis=1)
        for i in np.flatnonzero(beyond.any(axis=0)).tolist():
            run = slice(bounds[i], bounds[i + 1])
            made[i] = cls.of(values[run], None if weight is None else weight[run])
        return made

    def merge(self, later: Sum) -> None:
        """Take in the rows that follow."""
        self.rows += later.rows
        self.weights.merge(later.weights)
        for mine, theirs in zip(self.sums, later.sums, strict=True):
            mine.merge(theirs)

    @property
    def weight(self) -> float:
        return self.weights.total()

    @property
    def total(self) -> Array:
        """The sum of each column; a scalar array where there are none."""
        return np.array([part.total() for part in self.sums]).reshape(self.shape)

    @property
    def mean(self) -> Array:
        """The weighted mean of each column; NaN where nothing counts."""
        weight = self.weight
        return np.array([part.over(weight) for part in self.sums]).reshape(self.shape)


# A column of zeros has the least exponent there is.
_LEAST_EXPONENT = -1074


@dataclass(slots=True)
class Spread(Exact):
    """Weighted means and squared lengths of each column, merged as Chan et al. 1983.

    Numbers are kept divided by a power of two, so that no square of any double overflows or
    vanishes, and a mean as a sum of two doubles, so that neither a mean 10^15 times the spread nor
    a merge costs digits. The squares of a constant column are exactly 0.

    Attributes:
        rows: how many rows count.
        weight: the sum of their weights.
    """

    shape: tuple[int, ...]
    rows: int
    weight: float
    _largest: Array
    _exponent: NDArray[np.intp]
    _high: Array
    _low: Array
    _squares: Array

    @classmethod
    def of(cls, values: Array, weight: Array | None) -> Spread:
        """The moments of a block."""
        values, weight = _counted(values, weight)
        columns, shape = _columns(values), values.shape[1:]
        if len(values) == 0:
            nothing = np.zeros(len(columns))
            exponent = np.full(len(columns), _LEAST_EXPONENT, np.intp)
            return cls(shape, 0, 0.0, nothing, exponent, nothing, nothing, nothing)
        size = np.abs(columns).max(axis=1)
        exponent = np.where(np.isfinite(size), np.frexp(size)[1].astype(np.intp) - 1, 0)
        exponent[size == 0.0] = _LEAST_EXPONENT
        high, low, squares = _moments(columns / np.ldexp(1.0, exponent)[:, np.newaxis], weight)
        total = float(np.add.reduce(weight))
        return cls(shape, len(values), total, size, exponent, high, low, squares)

    def merge(self, later: Spread) -> None:
        """Take in the rows that follow."""
        if later.rows == 0:
            return
        if self.rows == 0:
            for part in fields(self):
                setattr(self, part.name, getattr(later, part.name))
            return
        exponent = np.maximum(self._exponent, later._exponent)
        high, low, squares = self._scaled(exponent)
        later_high, later_low, later_squares = later._scaled(exponent)
        weight = self.weight + later.weight
        share = later.weight / weight
        gap = (later_high - high) + (later_low - low)
        self.rows += later.rows
        self._largest = np.maximum(self._largest, later._largest)
        self._exponent = exponent
        self._squares = squares + later_squares + gap * gap * (self.weight * share)
        self._high, self._low = two_sum(high, gap * share + low)
        self.weight = weight

    def _scaled(self, exponent: NDArray[np.intp]) -> tuple[Array, Array, Array]:
        """Means and squares divided by another power of two."""
        factor = np.ldexp(1.0, self._exponent - exponent)
        return self._high * factor, self._low * factor, self._squares * factor * factor

    def pooled(self) -> Spread:
        """Of all columns as one."""
        exponent = np.max(self._exponent, axis=0, initial=_LEAST_EXPONENT, keepdims=True)
        highs, lows, squares = self._scaled(exponent)
        columns = len(highs)
        if columns == 0:
            return Spread.of(np.empty(0), None)
        first = highs[:1]
        gap = (highs - first) + lows
        high, low = two_sum(first, np.add.reduce(gap, keepdims=True) / columns)
        gap = (highs - high) + (lows - low)
        between = np.add.reduce(gap * gap, keepdims=True) * self.weight
        within = np.add.reduce(squares, keepdims=True)
        rows, weight = self.rows * columns, self.weight * columns
        largest = np.max(self._largest, keepdims=True)
        return Spread((), rows, weight, largest, exponent, high, low, within + between)

    def _full_size(self, scaled: Array, power: int = 1) -> Array:
        return np.ldexp(scaled, power * self._exponent).reshape(self.shape)

    @property
    def mean(self) -> Array:
        """The weighted mean of each column; NaN where nothing counts."""
        mean = self._full_size(self._high + self._low)
        return mean if self.rows else np.full(self.shape, math.nan)

    @property
    def squares(self) -> Array:
        """The weighted sum of squared deviations from the mean."""
        return self._full_size(self._squares, power=2)

    @property
    def deviation(self) -> Array:
        """The square root of ``squares``, which neither overflows nor vanishes."""
        return self._full_size(np.sqrt(self._squares))

    @property
    def length(self) -> Array:
        """The square root of the weighted sum of squares of the values themselves."""
        mean = self._high + self._low
        length = np.sqrt(self._squares + self.weight * (mean * mean))
        # The mean and the deviations of infinities are no numbers, but their squares are infinite.
        return self._full_size(np.where(np.isinf(self._largest), math.inf, length))

    def gaps(self, values: Array) -> Array:
        """How far values lie above the mean, with the digits that subtracting it would lose."""
        scale = np.ldexp(1.0, self._exponent).reshape(self.shape)
        high, low = self._high.reshape(self.shape), self._low.reshape(self.shape)
        return ((values / scale - high) - low) * scale

    def above(self, other: Spread) -> Array:
        """How far the mean lies above another."""
        exponent = np.maximum(self._exponent, other._exponent)
        high, low, _ = self._scaled(exponent)
        other_high, other_low, _ = other._scaled(exponent)
        gap = (high - other_high) + (low - other_low)
        return np.ldexp(gap, exponent).reshape(self.shape)


def _moments(columns: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Mean, in two parts, and weighted sum of squared deviations of each row of an array."""
    share = weight / np.add.reduce(weight)
    first = columns[:, :1]
    high, low = two_sum(first, np.add.reduce((columns - first) * share, axis=1, keepdims=True))
    deviation = columns - high
    deviation -= low
    # What rounding left of the mean's error is taken out again.
    rest = np.add.reduce(deviation * share, axis=1, keepdims=True)
    deviation -= rest
    deviation *= deviation
    deviation *= weight
    return high[:, 0], (low + rest)[:, 0], np.add.reduce(deviation, axis=1)


@dataclass(slots=True)
class Extent(Exact):
    """The least and the greatest value of each column."""

    low: Array
    high: Array

    @classmethod
    def of(cls, values: Array, weight: Array | None) -> Extent:
        """The extremes of a block."""
        values, _ = _counted(values, weight)
        return cls(
            np.asarray(np.min(values, axis=0, initial=math.inf)),
            np.asarray(np.max(values, axis=0, initial=-math.inf)),
        )

    def merge(self, later: Extent) -> None:
        """Take in the rows that follow."""
        self.low = np.minimum(self.low, later.low)
        self.high = np.maximum(self.high, later.high)

    def pooled(self) -> Extent:
        """Of all columns as one."""
        low = np.min(self.low, initial=math.inf)
        return Extent(np.asarray(low), np.asarray(np.max(self.high, initial=-math.inf)))


@dataclass(slots=True)
class Sorted:
    """The values of each column in order, with their weights, for quantiles.

    Exact to 2^20 rows; beyond, neighbours are grouped, and ``error`` bounds what that may cost.
    """

    shape: tuple[int, ...]
    columns: list[SortedWeights] = field(default_factory=list)

    @classmethod
    def of(cls, values: Array, weight: Array | None) -> Self:
        """The values of a block."""
        values, weight = _counted(values, weight)
        columns = [SortedWeights.of(column, weight) for column in _columns(values)]
        return cls(values.shape[1:], columns)

    def merge(self, later: Self) -> None:
        """Take in the rows that follow."""
        for mine, theirs in zip(self.columns, later.columns, strict=True):
            mine.merge(theirs)

    @property
    def error(self) -> float:
        """By what share of the weight a quantile may be off; 0 while exact."""
        return max((column.error for column in self.columns), default=0.0)

    def quantile(self, share: float) -> Array:
        """The weighted quantile of each column, the mean of its two neighbours where it is a tie.

        With equal weights and ``share`` 0.5 it is the median.
        """
        found = [column.quantile(share) for column in self.columns]
        return np.array(found).reshape(self.shape)

    def pinball(self, share: float) -> Array:
        """The weighted sum of pinball losses of each column against its own quantile."""
        found = [column.pinball(share) for column in self.columns]
        return np.array(found).reshape(self.shape)


@dataclass(slots=True)
class Pooled(Sorted):
    """As :class:`Sorted`, with the entries of the last axis of every row as values of one column.

    Values of shape (N, K, P) make K columns of N P values. Zeros are left out.
    """

    @classmethod
    def of(cls, values: Array, weight: Array | None) -> Self:
        """The values of a block."""
        values, weight = _counted(values, weight)
        *shape, pool = values.shape[1:]
        columns = []
        for column in np.moveaxis(values.reshape(len(values), math.prod(shape), pool), 1, 0):
            kept = column != 0.0
            weights = np.broadcast_to(weight[:, np.newaxis], kept.shape)
            columns.append(SortedWeights.of(column[kept], weights[kept]))
        return cls(tuple(shape), columns)


@dataclass(slots=True)
class Deviance(Exact):
    """The Tweedie deviance of each column from its own mean.

    Values of shape (N, ..., 2): a value, and the power of its variance, the same for all. Two
    blocks merge exactly: a deviance from the mean of both is that from the mean of one, and the
    deviance between the means (they are Bregman divergences).
    """

    spread: Spread
    power: float
    total: Array

    @classmethod
    def of(cls, values: Array, weight: Array | None) -> Deviance:
        """The deviance of a block."""
        values, weight = _counted(values, weight)
        values, power = values[..., 0], float(values[..., 1].max(initial=-math.inf))
        spread = Spread.of(values, weight)
        elements = _deviance(values, spread.mean, spread.gaps(values), power)
        total = np.add.reduce(_columns(elements) * weight, axis=1).reshape(spread.shape)
        return cls(spread, power, total)

    def merge(self, later: Deviance) -> None:
        """Take in the rows that follow."""
        before = replace(self.spread)
        self.spread.merge(later.spread)
        self.power = max(self.power, later.power)
        self.total = self.total + later.total
        for part in (before, later.spread):
            if part.rows:
                mean, gap = self.spread.mean, part.above(self.spread)
                between = _deviance(part.mean, mean, gap, self.power)
                self.total = self.total + part.weight * between


def _deviance(value: Array, mean: Array, gap: Array, power: float) -> Array:
    """The unit deviance, whose generating function is 0 below 0 where a power takes any number."""
    found = unit_deviance(value, mean, gap, power)
    if power >= 0.0:
        return found
    q = 2.0 - power
    return np.where(mean > 0.0, found, 2.0 * np.maximum(value, 0.0) ** q / (q * (q - 1.0)))
