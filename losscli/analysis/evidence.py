"""What only some losses have to be asked about, gathered of all rows beside the facts.

Each kind of evidence is for one or a few checks, and is gathered where a loss concerns them. It
merges like everything of :mod:`losscli.analysis.facts`, so that a check judges the whole data set,
however large, and not the part of it that was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.analysis.sample import Sample
from losscli.domain import Array
from losscli.spec import Loss
from losscli.state import ExactSum, Quantiles

# Beyond, the table grows and another order of the classes says little.
_MOST_CLASSES = 50
_WEIGHTS = ("weight", "sample_weight")
_RELATIVE = ("mape", "gamma-deviance", "gamma-nll")
_SPREADS = {"gaussian-nll": "var", "crps-gaussian": "std"}


@dataclass(frozen=True, slots=True)
class Rows:
    """A block of rows: the arrays of its roles, and which row of the data each one is.

    ``before`` is how many rows of the data come before the block. ``row_of`` says which of them is
    row ``i`` of the block, both from 0; None where samples are no rows.
    """

    arrays: Mapping[str, Array]
    before: int
    row_of: Callable[[int], int] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def columns(self, *names: str) -> tuple[Array, ...]:
        """These roles, one number a row; empty if one is not there or has more."""
        rows = len(self)
        found = [self.arrays[name] for name in names if name in self.arrays]
        flat = [x.reshape(rows) for x in found if x.ndim > 0 and x.size == rows == len(x)]
        return tuple(flat) if len(flat) == len(names) else ()


@dataclass(slots=True)
class Agreement:
    """How often each class is the one with the highest score, by label: (chosen, label)."""

    table: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Rows) -> Agreement | None:
        """Of scores (N, C) and labels (N,); None for other shapes, and for very many classes."""
        first, *_ = rows.arrays.values()
        labels = rows.columns("target")
        if first.ndim != 2 or not labels or not 2 <= first.shape[1] <= _MOST_CLASSES:
            return None
        classes, (label,) = first.shape[1], labels
        chosen = _highest(first)
        counted = (label >= 0) & (label < classes)
        if not counted.all():
            chosen, label = chosen[counted], label[counted]
        pairs = chosen * np.intp(classes) + label.astype(np.intp)
        table = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
        return cls(table.astype(np.int64))

    def merge(self, other: Agreement) -> None:
        """Take in other rows."""
        self.table = self.table + other.table

    @property
    def rows(self) -> int:
        """Rows whose label is a class."""
        return int(self.table.sum())

    @property
    def right(self) -> float:
        """The share of the rows whose label has the highest score."""
        return float(np.trace(self.table)) / max(self.rows, 1)

    @property
    def one_below(self) -> float:
        """The share of the rows in which the class before the label has the highest score."""
        return float(np.trace(self.table, offset=1)) / max(self.rows, 1)


def _highest(scores: Array) -> NDArray[np.uint8]:
    """The class with the highest score, the first if several have it; columns are contiguous."""
    best = scores[:, 0].copy()
    chosen = np.zeros(len(scores), np.uint8)
    for i in range(1, scores.shape[1]):
        column = scores[:, i]
        better = column > best
        np.maximum(best, column, out=best)
        np.putmask(chosen, better, i)
    return chosen


@dataclass(slots=True)
class Sizes:
    """What a loss divides by or takes the logarithm of; ``row`` is the first of the least."""

    sizes: Quantiles
    least: float
    zeros: int
    row: int | None

    @classmethod
    def of(cls, size: Array, rows: Rows) -> Sizes:
        """Of a block of numbers that are not below 0."""
        at = int(np.where(np.isnan(size), np.inf, size).argmin())
        row = None if rows.row_of is None else rows.row_of(at)
        zeros = int(np.count_nonzero(size == 0.0))
        finite = size[np.isfinite(size)]
        return cls(Quantiles.of(finite, rows.before), float(size[at]), zeros, row)

    def merge(self, other: Sizes) -> None:
        """Take in later rows."""
        self.sizes.merge(other.sizes)
        self.zeros += other.zeros
        if other.least < self.least:
            self.least, self.row = other.least, other.row

    @property
    def rows(self) -> int:
        return self.sizes.n

    @property
    def median(self) -> float:
        return self.sizes.at([0.5])[0]

    def below(self, limit: float) -> int:
        """How many are smaller: exact up to 2^20 rows, then nearly so."""
        return self.sizes.below(limit)


@dataclass(slots=True)
class Rates:
    """The sums of a prediction, of its exponential, and of its target."""

    prediction: ExactSum
    exponential: ExactSum
    target: ExactSum
    least: float

    @classmethod
    def of(cls, rows: Rows) -> Rates | None:
        pair = rows.columns("prediction", "target")
        if not pair:
            return None
        prediction, target = pair
        with np.errstate(over="ignore"):
            exponential = ExactSum.of(np.exp(prediction))
        return cls(
            ExactSum.of(prediction), exponential, ExactSum.of(target), float(prediction.min())
        )

    def merge(self, other: Rates) -> None:
        """Take in other rows."""
        self.prediction.merge(other.prediction)
        self.exponential.merge(other.exponential)
        self.target.merge(other.target)
        self.least = min(self.least, other.least)


@dataclass(slots=True)
class Spreads:
    """Squared errors over what a column says their mean is, under each way to read it."""

    readings: dict[str, Quantiles]

    @classmethod
    def of(cls, role: str, rows: Rows) -> Spreads | None:
        columns = rows.columns("prediction", "target", role)
        if not columns:
            return None
        prediction, target, spread = columns
        squares = (prediction - target) ** 2
        with np.errstate(all="ignore"):
            by_reading = {
                "variances": squares / spread,
                "standard deviations": squares / spread**2,
                "logarithms of variances": squares / np.exp(spread),
            }
        return cls(
            {name: Quantiles.of(x[~np.isnan(x)], rows.before) for name, x in by_reading.items()}
        )

    def merge(self, other: Spreads) -> None:
        """Take in later rows."""
        for name, quantiles in self.readings.items():
            quantiles.merge(other.readings[name])

    @property
    def rows(self) -> int:
        return next(iter(self.readings.values())).n


@dataclass(slots=True)
class Extents:
    """The least and the greatest of each column of weights."""

    of_role: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, rows: Rows) -> Extents:
        given = {name: rows.arrays[name] for name in _WEIGHTS if name in rows.arrays}
        columns = {name: x for name, x in given.items() if x.ndim > 0 and len(x) == len(rows)}
        return cls({name: (float(x.min()), float(x.max())) for name, x in columns.items()})

    def merge(self, other: Extents) -> None:
        """Take in other rows."""
        for name, (low, high) in other.of_role.items():
            mine = self.of_role.get(name, (low, high))
            self.of_role[name] = min(mine[0], low), max(mine[1], high)


@dataclass(slots=True)
class Evidence:
    """What was gathered; None of what was not asked for, or the rows do not have."""

    agreement: Agreement | None = None
    target_sizes: Sizes | None = None
    pair_sizes: Sizes | None = None
    rates: Rates | None = None
    spreads: Spreads | None = None
    weights: Extents | None = None
    sample: Sample | None = None

    @classmethod
    def of(cls, wanted: frozenset[str], rows: Rows) -> Evidence:
        """Of a block of at least one row."""
        return cls(**{name: _GATHER[name](rows) for name in wanted})

    def merge(self, other: Evidence) -> None:
        """Take in later rows; what one block does not have, all have not."""
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine is None or theirs is None:
                setattr(self, field.name, None)
            else:
                mine.merge(theirs)


def wanted_by(loss: Loss) -> frozenset[str]:
    """The evidence that the checks of this loss rest on."""
    return frozenset(name for name, concerns in _CONCERNS.items() if concerns(loss))


def has_class_columns(loss: Loss) -> bool:
    """Does it compare labels with columns of scores, one a class?"""
    first = loss.roles[0].domain
    return "C" in first.axes and any(role.domain.integral for role in loss.roles)


_CONCERNS: Mapping[str, Callable[[Loss], bool]] = {
    "agreement": has_class_columns,
    "target_sizes": lambda loss: loss.name in _RELATIVE,
    "pair_sizes": lambda loss: loss.name == "smape",
    "rates": lambda loss: loss.name == "poisson-nll",
    "spreads": lambda loss: loss.name in _SPREADS,
    "weights": lambda loss: any(role.name in _WEIGHTS for role in loss.inputs),
    # The best constant is looked for on some rows, once all have been read.
    "sample": lambda loss: bool(loss.elicits),
}


def _target_sizes(rows: Rows) -> Sizes | None:
    columns = rows.columns("target")
    return Sizes.of(np.abs(columns[0]), rows) if columns else None


def _pair_sizes(rows: Rows) -> Sizes | None:
    pair = rows.columns("prediction", "target")
    return Sizes.of(np.abs(pair[0]) + np.abs(pair[1]), rows) if pair else None


def _spreads(rows: Rows) -> Spreads | None:
    role = next((role for role in _SPREADS.values() if role in rows.arrays), None)
    return None if role is None else Spreads.of(role, rows)


_GATHER: Mapping[str, Callable[[Rows], Any]] = {
    "agreement": Agreement.of,
    "target_sizes": _target_sizes,
    "pair_sizes": _pair_sizes,
    "rates": Rates.of,
    "spreads": _spreads,
    "weights": Extents.of,
    "sample": lambda rows: Sample.of(rows.arrays, len(rows), rows.before),
}
