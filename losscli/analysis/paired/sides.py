"""The losses of several models under replicates: units counted more or less often, or swapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array
from losscli.spec import BoundLoss
from losscli.state import ExactSum
from losscli.statistics import Sum


class Sides(Protocol):
    """What the units of several models say of their losses."""

    @property
    def units(self) -> int:
        """How many units each model has; unit 7 of one is unit 7 of the others."""
        ...

    def under(self, counts: Array) -> Array:
        """(replicates, models) the losses if units count so often, (replicates, units)."""
        ...

    def swapped(self, first: int, second: int, swaps: Array, among: NDArray[np.int64]) -> Array:
        """(replicates,) how far the second model is above the first if some units trade places.

        Args:
            first, second: the models.
            swaps: (replicates, len(among)) 1 where the models are swapped, else 0.
            among: the units that may be swapped; the others stay.
        """
        ...

    def differing(self, first: int, second: int) -> NDArray[np.int64]:
        """The units in which two models are not the same."""
        ...


@dataclass(frozen=True, slots=True)
class RatioSides:
    """Losses that are sum over sum: (units, models) each."""

    loss: Array
    divisor: Array

    @property
    def units(self) -> int:
        return len(self.loss)

    def under(self, counts: Array) -> Array:
        """See :class:`Sides`."""
        return np.asarray((counts @ self.loss) / (counts @ self.divisor))

    def influences(self) -> Array:
        """(units, models) how far each unit pulls each loss, to first order; their mean is 0."""
        loss, divisor = self.loss.sum(axis=0), self.divisor.sum(axis=0)
        return np.asarray((self.loss - self.divisor * (loss / divisor)) / divisor * self.units)

    def swapped(self, first: int, second: int, swaps: Array, among: NDArray[np.int64]) -> Array:
        """See :class:`Sides`."""
        loss, divisor = self.loss.sum(axis=0), self.divisor.sum(axis=0)
        gap = self.loss[among, second] - self.loss[among, first]
        wider = self.divisor[among, second] - self.divisor[among, first]
        moved = swaps @ gap
        if not wider.any():
            # One division, so that what two large losses have in common costs no digits.
            return np.asarray((gap.sum() - 2.0 * moved) / divisor[first])
        grown = swaps @ wider
        above = (loss[second] - moved) / (divisor[second] - grown)
        return np.asarray(above - (loss[first] + moved) / (divisor[first] + grown))

    def differing(self, first: int, second: int) -> NDArray[np.int64]:
        """See :class:`Sides`."""
        differs = self.loss[:, first] != self.loss[:, second]
        differs |= self.divisor[:, first] != self.divisor[:, second]
        return np.flatnonzero(differs)


@dataclass(frozen=True, slots=True)
class SumSides:
    """A set loss whose statistics are all sums, which add up over units.

    Attributes:
        bound: the loss.
        totals: (models, units, columns) weighted sums, the columns of one statistic after another.
        weight: (units,) sums of weights.
        shapes: of a row's entry into each statistic.
        rows: how many rows count.
    """

    bound: BoundLoss
    totals: Array
    weight: Array
    shapes: tuple[tuple[int, ...], ...]
    rows: int

    @property
    def units(self) -> int:
        return len(self.weight)

    def under(self, counts: Array) -> Array:
        """See :class:`Sides`."""
        weight = counts @ self.weight
        return np.stack([self._losses(counts @ model, weight) for model in self.totals], axis=1)

    def swapped(self, first: int, second: int, swaps: Array, among: NDArray[np.int64]) -> Array:
        """See :class:`Sides`."""
        moved = swaps @ (self.totals[second, among] - self.totals[first, among])
        weight = np.full(len(swaps), self.weight.sum())
        above = self._losses(self.totals[second].sum(axis=0) - moved, weight)
        return above - self._losses(self.totals[first].sum(axis=0) + moved, weight)

    def differing(self, first: int, second: int) -> NDArray[np.int64]:
        """See :class:`Sides`."""
        return np.flatnonzero((self.totals[first] != self.totals[second]).any(axis=1))

    def _losses(self, totals: Array, weight: Array) -> Array:
        return np.array(
            [
                self.bound.finish(tuple(self._sums(row, whole)))
                for row, whole in zip(totals.tolist(), weight.tolist(), strict=True)
            ]
        )

    def _sums(self, totals: list[float], weight: float) -> Iterator[Sum]:
        start = 0
        for shape in self.shapes:
            stop = start + int(np.prod(shape))
            sums = [ExactSum([total]) for total in totals[start:stop]]
            yield Sum(self.rows, ExactSum([weight]), sums, shape)
            start = stop


@dataclass(frozen=True, slots=True)
class RowSides:
    """A set loss that needs its rows: quantiles, spreads, extremes.

    Attributes:
        bound: the loss.
        entries: by model, what each row enters into each statistic, (rows, ...) each.
        weight: (rows,) sample weights.
        unit: (rows,) the unit of each row.
        units: how many units there are.
    """

    bound: BoundLoss
    entries: Sequence[Sequence[Array]]
    weight: Array
    unit: NDArray[np.int64]
    units: int

    def under(self, counts: Array) -> Array:
        """See :class:`Sides`."""
        found = np.empty((len(counts), len(self.entries)))
        for losses, count in zip(found, counts, strict=True):
            # Drawn twice, a row is there twice: a user's own loss may know no weights.
            rows = np.repeat(np.arange(len(self.unit)), count[self.unit].astype(np.int64))
            losses[:] = [self._loss(model, rows, self.weight[rows]) for model in self.entries]
        return found

    def swapped(self, first: int, second: int, swaps: Array, among: NDArray[np.int64]) -> Array:
        """See :class:`Sides`."""
        found = np.empty(len(swaps))
        pairs = [
            np.concatenate(pair)
            for pair in zip(self.entries[first], self.entries[second], strict=True)
        ]
        rows = len(self.unit)
        moves = np.zeros(self.units, bool)
        for i, swap in enumerate(swaps):
            moves[among] = swap != 0.0
            low = np.arange(rows) + rows * moves[self.unit]
            high = (low + rows) % (2 * rows)
            found[i] = self._loss(pairs, high, self.weight) - self._loss(pairs, low, self.weight)
        return found

    def differing(self, first: int, second: int) -> NDArray[np.int64]:
        """See :class:`Sides`."""
        differs = np.zeros(len(self.unit), bool)
        for mine, theirs in zip(self.entries[first], self.entries[second], strict=True):
            differs |= (mine != theirs).reshape(len(mine), -1).any(axis=1)
        return np.unique(self.unit[differs])

    def _loss(self, entries: Sequence[Array], rows: NDArray[np.int64], weight: Array) -> float:
        return self.bound.finish(self.bound.gather_entries([x[rows] for x in entries], weight))
