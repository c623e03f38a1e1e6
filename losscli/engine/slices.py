"""The loss of each slice: of the rows with one value in each of the columns of ``--by``.

Every loss is sliced as it is reduced: a mean keeps sum and divisor of each slice, a set loss its
statistics. So a slice has what a run on its rows alone would give.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import MOST_SLICES
from losscli.domain import Array
from losscli.engine.plan import Block
from losscli.engine.rows import Entries
from losscli.errors import DataError
from losscli.results import SMALL_SLICE, SliceRecord
from losscli.sliced import Segments, SlicedCount, SlicedMoments, SlicedSum
from losscli.spec import BoundLoss, Reduction
from losscli.statistics import Statistic, of_runs

if TYPE_CHECKING:
    from losscli.data.coding import Labels

# A slice by the codes of its values, one for each column.
Key: TypeAlias = tuple[int, ...]

# A count of each number below this costs less than sorting.
_COUNTED = 2**20
# Entries wait until a slice has this many on average: a call for each slice and block would cost
# more than the arithmetic. Wide ones wait only until they are this many numbers.
_WAITING_ROWS = 256
_WAITING_VALUES = 2**22


@dataclass(frozen=True, slots=True)
class Slicing:
    """Which slice each sample of a block belongs to: ``which`` (n,) numbers the ``keys``."""

    keys: list[Key]
    which: NDArray[np.intp]

    @classmethod
    def of(cls, codes: Mapping[str, Array], by: Sequence[str]) -> Slicing:
        """By the codes of these roles."""
        first, *others = (codes[name].astype(np.intp) for name in by)
        found, which = _distinct(first)
        columns = [found]
        for other in others:
            more, inner = _distinct(other)
            pairs, which = _distinct(which * len(more) + inner)
            columns = [column[pairs // len(more)] for column in columns]
            columns.append(more[pairs % len(more)])
        keys = list(zip(*(column.tolist() for column in columns), strict=True))
        return cls(keys, which)

    def sorted(self) -> tuple[NDArray[np.intp], Segments]:
        """The order of the samples that puts those of a slice together, and where each begins."""
        rows = np.bincount(self.which, minlength=len(self.keys))
        return _order(self.which, len(rows)), Segments(np.cumsum(rows) - rows, rows)


def _order(places: NDArray[np.intp], slices: int) -> NDArray[np.intp]:
    """The order that puts the samples of a slice together and leaves them in their order."""
    # Sixteen bits, which hold all slices, are sorted by counting, and eight in one go.
    return np.argsort(places.astype(np.uint8 if slices <= 2**8 else np.uint16), kind="stable")


def _distinct(numbers: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The different ones of some whole numbers, and which of them each is."""
    size = int(numbers.max()) + 1
    if size > max(_COUNTED, numbers.size):
        found, which = np.unique(numbers, return_inverse=True)
        return found, which
    found = np.flatnonzero(np.bincount(numbers, minlength=size))
    place = np.empty(size, np.intp)
    place[found] = np.arange(found.size)
    return found, place[numbers]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the value of a slice is the ratio of, for each sample of a block.

    Attributes:
        loss: (n,) what it adds to the sum.
        divisor: (n,) what it adds to the divisor, or a number where all add the same.
        spread: (n,) whether it says how much losses differ; None where all do.
        counted: (n,) whether it counts; None where all do.
    """

    loss: Array
    divisor: Array | float
    spread: NDArray[np.bool_] | None
    counted: NDArray[np.bool_] | None

    @classmethod
    def of(
        cls, reduction: Reduction, loss: Array, share: Array | float, batch: Array | float
    ) -> Terms:
        """Of samples that add ``share`` to the divisor of a mean and ``batch`` to the batch."""
        counted = share > 0.0 if isinstance(share, np.ndarray) else None
        if reduction == "sum":
            return cls(loss, 1.0, counted, counted)
        if reduction == "batchmean":
            # A sample that does not count is a loss of 0 here, unless it has no weight.
            weighs = batch > 0.0 if isinstance(batch, np.ndarray) else None
            return cls(loss, batch, weighs, counted)
        return cls(loss, share, counted, counted)


@dataclass(slots=True)
class RowSlices:
    """Sum and divisor of the value of each slice, and the moments that give its error."""

    total: SlicedSum
    divisor: SlicedSum
    moments: SlicedMoments
    least: float

    @classmethod
    def of(cls, terms: Terms, order: NDArray[np.intp], segments: Segments) -> RowSlices:
        """Of a block."""
        loss = terms.loss[order]
        spread = None if terms.spread is None else terms.spread[order]
        least = float(loss.min())
        total = SlicedSum.of(loss, segments)
        if isinstance(terms.divisor, float):
            rows = segments.rows.astype(np.float64) * terms.divisor
            divisor = SlicedSum(rows, np.zeros(rows.size), np.zeros(rows.size, np.bool_))
            moments = SlicedMoments.of(loss, None, spread, segments)
            moments.mean_divisor *= terms.divisor
            return cls(total, divisor, moments, least)
        share = terms.divisor[order]
        moments = SlicedMoments.of(loss, share, spread, segments)
        return cls(total, SlicedSum.of(share, segments), moments, least)

    def grow(self, slices: int) -> None:
        """Make room for this many more slices."""
        for part in (self.total, self.divisor, self.moments):
            part.grow(slices)

    def merge(self, places: NDArray[np.intp], later: RowSlices) -> None:
        """Take in later rows, whose slices have these places here."""
        self.total.put(places, self.total.at(places).merge(later.total))
        self.divisor.put(places, self.divisor.at(places).merge(later.divisor))
        self.moments.put(places, self.moments.at(places).merge(later.moments))
        self.least = min(self.least, later.least)


@dataclass(slots=True)
class _Waiting:
    """Entries of a block, and the place of the slice that each row of them belongs to."""

    places: NDArray[np.intp]
    values: tuple[Array, ...]
    weight: Array | None

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(x.shape[1:] for x in self.values)

    @property
    def size(self) -> int:
        return sum(x.size for x in self.values)


@dataclass(slots=True)
class SetSlices:
    """The statistics of each slice, by its place; the entries of a block or so wait for theirs."""

    bound: BoundLoss
    waiting: list[_Waiting]
    held: dict[int, tuple[Statistic, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, bound: BoundLoss, entries: Sequence[Entries], which: NDArray[np.intp]) -> SetSlices:
        """Of a block, of whose samples ``which`` says the slice."""
        return cls(
            bound, [_Waiting(which[some.rows], some.values, some.weight) for some in entries]
        )

    def merge(self, places: NDArray[np.intp], later: SetSlices, slices: int) -> None:
        """Take in the entries of a later block, whose slices have these places here."""
        for some in later.waiting:
            self.waiting.append(_Waiting(places[some.places], some.values, some.weight))
        rows = sum(some.places.size for some in self.waiting)
        if (
            rows >= _WAITING_ROWS * slices
            or sum(some.size for some in self.waiting) >= _WAITING_VALUES
        ):
            self._gather()

    def value(self, place: int) -> float:
        """The loss of a slice."""
        self._gather()
        return self.bound.finish(self.held[place])

    def _gather(self) -> None:
        alike: dict[tuple[tuple[int, ...], ...], list[_Waiting]] = {}
        for some in self.waiting:
            alike.setdefault(some.shapes, []).append(some)
        self.waiting = []
        for parts in alike.values():
            self._gather_alike(parts)

    def _gather_alike(self, parts: Sequence[_Waiting]) -> None:
        places = np.concatenate([some.places for some in parts])
        rows = np.bincount(places)
        found = np.flatnonzero(rows)
        order = _order(places, len(rows))
        bounds = np.concatenate([[0], np.cumsum(rows[found])])
        weights = [some.weight for some in parts if some.weight is not None]
        weight = np.concatenate(weights)[order] if weights else None
        columns = zip(*(some.values for some in parts), strict=True)
        made = [
            of_runs(statistic, np.concatenate(column)[order], weight, bounds)
            for statistic, column in zip(self.bound.loss.statistics, columns, strict=True)
        ]
        for place, *part in zip(found.tolist(), *made, strict=True):
            held = self.held.setdefault(place, tuple(part))
            for mine, theirs in zip(held, part, strict=True):
                if mine is not theirs:
                    mine.merge(theirs)


@dataclass(slots=True)
class Slices:
    """What is kept of each slice; ``places`` numbers them as they were first seen."""

    by: Mapping[str, Labels]
    places: dict[Key, int]
    count: SlicedCount
    rows: RowSlices | None
    sets: SetSlices | None

    @classmethod
    def of(
        cls,
        by: Mapping[str, Labels],
        block: Block,
        bound: BoundLoss,
        entries: Sequence[Entries],
        terms: Terms | None,
    ) -> Slices:
        """Of a block.

        Args:
            by: the roles whose codes make the slices.
            block: the rows.
            bound: the loss.
            entries: what the rows enter into its statistics, if it is a set loss.
            terms: what the samples add to the value; None where it is one of all rows at once.

        Raises:
            DataError: there are too many slices.
        """
        slicing = Slicing.of(block.codes, list(by))
        places = {key: place for place, key in enumerate(slicing.keys)}
        _check_number(places, by)
        samples = np.bincount(slicing.which, minlength=len(places))
        if terms is None:
            which = slicing.which
            if block.groups is not None:
                which = np.repeat(which, np.diff(block.groups))
            sets = SetSlices.of(bound, entries, which)
            counted, ignored = _counted(sets, len(places))
            return cls(by, places, SlicedCount(samples, ignored, counted), None, sets)
        rows = RowSlices.of(terms, *slicing.sorted())
        counted = samples
        if terms.counted is not None:
            counted = np.bincount(slicing.which[terms.counted], minlength=len(places))
        return cls(by, places, SlicedCount(samples, samples - counted, counted), rows, None)

    def merge(self, later: Slices) -> None:
        """Take in the rows that follow.

        Raises:
            DataError: there are too many slices.
        """
        before = len(self.places)
        places = np.array([self.places.setdefault(key, len(self.places)) for key in later.places])
        new = len(self.places) - before
        _check_number(self.places, self.by)
        if new:
            self.count.grow(new)
        self.count.put(places, self.count.at(places).merge(later.count))
        if self.rows is not None and later.rows is not None:
            if new:
                self.rows.grow(new)
            self.rows.merge(places, later.rows)
        if self.sets is not None and later.sets is not None:
            self.sets.merge(places, later.sets, len(self.places))

    def records(self, reduction: Reduction) -> tuple[SliceRecord, ...]:
        """The slices, the highest loss first, then by name; what they may be worth is not ours."""
        missing = np.full(len(self.places), math.nan)
        value, error, share = missing, missing, missing
        if self.rows is not None:
            value, error = _values(self.rows, reduction)
            share = _shares(self.rows)
        elif self.sets is not None:
            value = np.array([self.sets.value(place) for place in range(len(self.places))])
        labels = list(self.by.values())
        found = [
            SliceRecord(
                slice={one.column: one.name(code) for one, code in zip(labels, key, strict=True)},
                n=int(self.count.samples[i]),
                ignored=int(self.count.ignored[i]),
                value=float(value[i]),
                stderr=float(error[i]),
                low=math.nan,
                high=math.nan,
                share=float(share[i]),
                small=bool(self.count.counted[i] < SMALL_SLICE),
            )
            for key, i in self.places.items()
        ]
        return tuple(sorted(found, key=SliceRecord.order))


def _counted(sets: SetSlices, slices: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of the rows of each slice, how many count and how many weigh nothing."""
    counted = np.zeros(slices, np.int64)
    ignored = np.zeros(slices, np.int64)
    for some in sets.waiting:
        weight = np.ones(some.places.size) if some.weight is None else some.weight
        counted += np.bincount(some.places[weight != 0.0], minlength=slices)
        ignored += np.bincount(some.places[weight == 0.0], minlength=slices)
    return counted, ignored


def _values(rows: RowSlices, reduction: Reduction) -> tuple[Array, Array]:
    """The loss of each slice and its standard error."""
    error = rows.moments.stderr()
    if reduction == "sum":
        # The mean of a sum's losses is over the rows; so many of them make the sum.
        return rows.total.total(), error * rows.moments.n
    return rows.total.over(rows.divisor.total()), error


def _shares(rows: RowSlices) -> Array:
    """What part of the sum each slice carries; NaN where losses may cancel."""
    sums = rows.total.total()
    unknown = np.full(sums.size, math.nan)
    if not rows.least >= 0.0 or not np.isfinite(sums).all():
        return unknown
    try:
        # Rounded once, since the order of the slices depends on the threads.
        whole = math.fsum(sums)
    except OverflowError:
        return unknown
    return sums / whole if whole > 0.0 else unknown


def _check_number(places: Mapping[Key, int], by: Mapping[str, Labels]) -> None:
    if len(places) <= MOST_SLICES:
        return
    columns = " and ".join(one.column for one in by.values())
    raise DataError(
        f"{columns} make more than {MOST_SLICES:,} slices",
        hint="leave a column out, or give columns with fewer values",
        code="LC164",
    )
