"""What is drawn or swapped as a whole when rows are resampled: units, a bounded number of them.

A few rows are a unit each. Of more, every row is dealt to one of a fixed number of units, by draws
that are keyed by the seed and the row's number. Dealing at random, and not in turn or in runs,
keeps the units alike whatever order the rows stand in, so that the spread of the units' totals is
that of the rows. Memory and the cost of a replicate are then the same for any number of rows. Where
rows are clustered, clusters stand for rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array

# The most units. As many independent sums give a standard error to about half a percent.
MOST_UNITS = 2**14
# Wide statistics get fewer units, so that all totals together stay within this many numbers.
_MOST_NUMBERS = 2**22
_FEWEST_UNITS = 2**8

# What a stream of random numbers is for; draws of one purpose never meet those of another.
DEAL, BOOTSTRAP, PERMUTE, KEEP = 1, 2, 3, 4


def stream(seed: int, purpose: int, number: int) -> np.random.Generator:
    """The random numbers of one piece of work, the same whoever does it and when."""
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(purpose, number))
    return np.random.Generator(np.random.Philox(sequence))


def most_units(width: int) -> int:
    """How many units there may be where each has this many numbers: a power of two."""
    units = MOST_UNITS
    while units > _FEWEST_UNITS and units * width > _MOST_NUMBERS:
        units //= 2
    return units


def dealt(seed: int, start: int, count: int, units: int) -> NDArray[np.int64]:
    """The unit of each of ``count`` rows from ``start`` on."""
    first, last = start // MOST_UNITS, -(-(start + count) // MOST_UNITS)
    drawn = np.empty((last - first, MOST_UNITS), np.int64)
    for row, chunk in enumerate(range(first, last)):
        drawn[row] = stream(seed, DEAL, chunk).integers(0, MOST_UNITS, MOST_UNITS, np.uint16)
    skip = start - first * MOST_UNITS
    # The number of units is a power of two.
    return drawn.reshape(-1)[skip : skip + count] & (units - 1)


def _room(totals: Array, columns: int) -> Array:
    """The totals with room for so many columns, twice the room where there is too little."""
    width, there = totals.shape
    if columns <= there:
        return totals
    wider = np.zeros((width, max(columns, 2 * there)))
    wider[:, :there] = totals
    return wider


@dataclass(slots=True)
class UnitTotals:
    """The sum of each number over the rows of a unit.

    Attributes:
        width: how many numbers a row has.
        seed: of the deal.
        rows: rows seen so far.
    """

    width: int
    seed: int
    rows: int = 0
    _units: int = 0
    _totals: Array = field(default_factory=lambda: np.empty((0, 0)))

    def __post_init__(self) -> None:
        self._units = most_units(self.width)
        self._totals = np.zeros((self.width, 64))

    @property
    def is_dealt(self) -> bool:
        """Are there more rows than units?"""
        return self.rows > self._units

    @property
    def units(self) -> int:
        """How many there are so far."""
        return min(self.rows, self._units)

    def add(self, columns: Sequence[Array]) -> None:
        """Take in the rows that follow: for each number an array (n,)."""
        count = len(columns[0])
        start, self.rows = self.rows, self.rows + count
        self._totals = _room(self._totals, self.units)
        if not self.is_dealt:
            for total, column in zip(self._totals, columns, strict=True):
                total[start : start + count] = column
            return
        if start <= self._units:
            self._deal_again(start)
        unit = dealt(self.seed, start, count, self._units)
        for total, column in zip(self._totals, columns, strict=True):
            total[: self._units] += np.bincount(unit, column, self._units)

    def _deal_again(self, rows: int) -> None:
        """Give the rows that were units of their own to their units."""
        unit = dealt(self.seed, 0, rows, self._units)
        alone = self._totals[:, :rows].copy()
        self._totals[:] = 0.0
        for total, column in zip(self._totals, alone, strict=True):
            total[: self._units] += np.bincount(unit, column, self._units)

    def totals(self) -> Array:
        """(units, width)."""
        return self._totals[:, : self.units].T.copy()


@dataclass(slots=True)
class ClusterTotals:
    """The sum of each number over the rows of a cluster, in the order in which clusters appear.

    Memory grows with the clusters, not with the rows.
    """

    width: int
    rows: int = 0
    _place: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _count: int = 0
    _totals: Array = field(default_factory=lambda: np.empty((0, 0)))

    def __post_init__(self) -> None:
        self._totals = np.zeros((self.width, 64))

    def __len__(self) -> int:
        return self._count

    def add(self, codes: Array, columns: Sequence[Array]) -> None:
        """Take in the rows that follow: the cluster of each, and for each number an array (n,)."""
        self.rows += len(codes)
        places = self.places(codes)
        for total, column in zip(self._totals, columns, strict=True):
            total[: self._count] += np.bincount(places, column, self._count)

    def places(self, codes: Array) -> NDArray[np.int64]:
        """Which cluster each row is of, counted in the order of the rows.

        Which code a cluster has depends on who read it first; its place does not.
        """
        codes = codes.astype(np.int64)
        largest = int(codes.max(initial=-1))
        if largest >= len(self._place):
            more = np.full(max(largest + 1, 2 * len(self._place)), -1)
            more[: len(self._place)] = self._place
            self._place = more
        known, first = np.unique(codes, return_index=True)
        new = self._place[known] < 0
        by_row = known[new][np.argsort(first[new])]
        self._place[by_row] = np.arange(self._count, self._count + len(by_row))
        self._count += len(by_row)
        self._totals = _room(self._totals, self._count)
        places: NDArray[np.int64] = self._place[codes]
        return places

    def totals(self) -> Array:
        """(clusters, width)."""
        return self._totals[:, : self._count].T.copy()


@dataclass(slots=True)
class KeptRows:
    """Some of the rows as they are, for what no sums can tell: all, or a random part of many.

    Which rows are kept depends on the seed and on their numbers.

    Attributes:
        most: how many rows are kept at most.
        seed: of the choice.
        rows: rows seen so far.
    """

    most: int
    seed: int
    rows: int = 0
    _number: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _rank: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    _kept: list[Array] = field(default_factory=list)

    def add(self, arrays: Sequence[Array]) -> None:
        """Take in the rows that follow: (n, ...) each."""
        count = len(arrays[0])
        number = np.arange(self.rows, self.rows + count)
        rank = _ranks(self.seed, self.rows, count)
        self.rows += count
        if len(self._number) == self.most:
            near = rank <= self._rank.max()
            number, rank, arrays = number[near], rank[near], [x[near] for x in arrays]
        number = np.concatenate([self._number, number])
        rank = np.concatenate([self._rank, rank])
        pairs = zip(self._kept or [x[:0] for x in arrays], arrays, strict=True)
        kept = [np.concatenate(pair) for pair in pairs]
        if len(number) > self.most:
            chosen = np.sort(np.lexsort((number, rank))[: self.most])
            number, rank, kept = number[chosen], rank[chosen], [x[chosen] for x in kept]
        self._number, self._rank, self._kept = number, rank, kept

    @property
    def arrays(self) -> list[Array]:
        """The kept rows in their order."""
        return self._kept

    @property
    def share(self) -> float:
        """What part of the rows was kept."""
        return len(self._number) / self.rows


def _ranks(seed: int, start: int, count: int) -> NDArray[np.uint64]:
    """A random number for each row from ``start`` on: the rows with the least are kept."""
    first, last = start // MOST_UNITS, -(-(start + count) // MOST_UNITS)
    drawn = np.empty((last - first, MOST_UNITS), np.uint64)
    for row, chunk in enumerate(range(first, last)):
        drawn[row] = stream(seed, KEEP, chunk).integers(0, 2**63, MOST_UNITS, np.uint64)
    skip = start - first * MOST_UNITS
    return drawn.reshape(-1)[skip : skip + count]
