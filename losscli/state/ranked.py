"""Weighted values in order, neighbours as one where there are very many."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array
from losscli.state.order import EXACT_ROWS

# How many groups of neighbours the values beyond EXACT_ROWS fall into, but for heavy ones.
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
        if self.n > EXACT_ROWS and pending + self.groups.shape[1] > EXACT_ROWS:
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
