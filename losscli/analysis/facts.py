"""What the data looks like, gathered block by block beside the loss.

Everything here merges like :mod:`losscli.state`: what it says depends on the rows, not on the cut.
It looks at shapes and values only; what they mean to a loss is for
:mod:`losscli.analysis.checks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from losscli.analysis.evidence import Evidence, Rows
from losscli.domain import Array
from losscli.state import ExactSum, Quantiles

# A float32 softmax over a thousand classes is within 1e-4; rounded to three decimals, within 1e-3.
SIMPLEX_TOLERANCE = 1e-3
# A log-softmax in float32 can end a rounding error above zero.
_LOG_TOLERANCE = 1e-5
# Fewer numbers than this lie in [0, 1], or share a tail, by chance.
ROWS_FOR_RANGE = 10
ROWS_FOR_SHARES = 20
# The usual robust outlier: 3.5 standard deviations, of which a normal residual's median size is
# 1 / 1.4826. Of normal residuals 0.05 % are beyond, of logistic ones 0.7 %, of Laplace ones 2.7 %.
OUTLIER_DEVIATIONS = 3.5
_MAD_TO_STD = 1.4826
OUTLIERS_FROM = 0.01
TAIL = 0.01
_HEAVY_TAIL_FROM = 0.5
# Of fewer rows than this, one is more than 1 %.
_ROWS_FOR_TAIL = 100
IMBALANCED_FROM = 10.0

NOTHING: frozenset[str] = frozenset()
_COUNTED_SPAN = 4096
_PEEK = 64
_TILE = 2**13


@dataclass(slots=True)
class Counts:
    """How often each whole number occurs, as long as they all lie within 4096 of each other."""

    low: int
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, x: Array, low: float, high: float) -> Counts | None:
        """Of whole numbers between ``low`` and ``high``; None when they span too much."""
        if not high - low < _COUNTED_SPAN:
            return None
        counts = np.zeros(int(high - low) + 1, np.int64)
        for part in _tiles(x):
            counts += np.bincount((part - low).astype(np.intp), minlength=counts.size)
        return cls(int(low), counts)

    def merge(self, other: Counts) -> Counts | None:
        """The counts of both; None when together they span too much."""
        low = min(self.low, other.low)
        size = max(self.low + self.counts.size, other.low + other.counts.size) - low
        if size > _COUNTED_SPAN:
            return None
        counts = np.zeros(size, np.int64)
        for part in (self, other):
            counts[part.low - low :][: part.counts.size] += part.counts
        return Counts(low, counts)

    def by_value(self) -> dict[int, int]:
        """Value to count, ascending, of the values that occur."""
        return {self.low + int(i): int(self.counts[i]) for i in np.flatnonzero(self.counts)}


@dataclass(slots=True)
class RoleFacts:
    """What is known about the values of one role.

    ``low`` and ``high`` have the shape of a row. ``off_simplex`` counts the rows whose entries do
    not sum to 1, ``off_log_simplex`` those whose exponentials do not; both mean something only
    while the entries are probabilities, or logarithms of some.
    """

    name: str
    shape: tuple[int, ...]
    low: Array
    high: Array
    nan: int
    integral: bool
    off_simplex: int = 0
    off_log_simplex: int = 0
    counts: Counts | None = None
    column_sums: Array | None = None

    @classmethod
    def of(cls, name: str, x: Array, *, count: bool) -> RoleFacts:
        """Of a block; ``count`` asks for the counts of whole numbers too."""
        low, high = x.min(axis=0), x.max(axis=0)
        nan = 0
        if np.isnan(low).any():
            nan = int(np.count_nonzero(np.isnan(x)))
            low, high = np.fmin.reduce(x, axis=0), np.fmax.reduce(x, axis=0)
        facts = cls(name, x.shape[1:], low, high, nan, _is_integral(x))
        if facts.is_matrix:
            facts._look_at_rows(x)
        if count and facts.integral:
            facts.counts = Counts.of(x, facts.least, facts.greatest)
            if facts.is_matrix:
                facts.column_sums = x.sum(axis=0)
        return facts

    def _look_at_rows(self, x: Array) -> None:
        if self.in_unit:
            self.off_simplex = _rows_off_one(x.sum(axis=1))
        if self.greatest <= _LOG_TOLERANCE:
            self.off_log_simplex = _rows_off_one(np.exp(x).sum(axis=1))

    def merge(self, other: RoleFacts) -> None:
        """Take in other rows."""
        self.low, self.high = np.fmin(self.low, other.low), np.fmax(self.high, other.high)
        self.nan += other.nan
        self.integral &= other.integral
        self.off_simplex += other.off_simplex
        self.off_log_simplex += other.off_log_simplex
        self.counts = _merge_counts(self.counts, other.counts) if self.integral else None
        if self.integral and self.column_sums is not None and other.column_sums is not None:
            self.column_sums = self.column_sums + other.column_sums

    @property
    def is_matrix(self) -> bool:
        """Does a row hold several values, on an axis that may be classes?"""
        return len(self.shape) > 0 and self.shape[0] > 1

    @property
    def width(self) -> int:
        """Classes or columns: the length of the first axis of a row."""
        return self.shape[0] if self.shape else 1

    @property
    def least(self) -> float:
        return _bound(np.fmin, self.low)

    @property
    def greatest(self) -> float:
        return _bound(np.fmax, self.high)

    @property
    def in_unit(self) -> bool:
        """Does every value lie in [0, 1], as a probability does?"""
        return self.nan == 0 and self.least >= 0.0 and self.greatest <= 1.0 + SIMPLEX_TOLERANCE

    @property
    def is_binary(self) -> bool:
        """Is every value 0 or 1?"""
        return self.integral and self.in_unit

    @property
    def is_simplex(self) -> bool:
        """Is every row of probabilities, and sums to 1?"""
        return self.is_matrix and self.in_unit and self.off_simplex == 0

    @property
    def is_log_simplex(self) -> bool:
        """Is every row of logarithms of probabilities that sum to 1?"""
        could_be = self.is_matrix and self.nan == 0 and self.greatest <= _LOG_TOLERANCE
        return could_be and self.off_log_simplex == 0

    @property
    def is_one_hot(self) -> bool:
        """Is every row a single 1 among zeros?"""
        return self.integral and self.is_simplex

    @property
    def is_sign(self) -> bool:
        """Is every value 1 or -1, and do both occur?"""
        return self.counts is not None and [*self.counts.by_value()] == [-1, 1]

    @property
    def is_constant(self) -> bool:
        """Is every row equal to the first?"""
        return self.nan == 0 and bool((self.low == self.high).all())


def _flat(x: Array) -> Array:
    """(N, 1) is N numbers."""
    return x.reshape(len(x)) if x.ndim > 1 and x.size == len(x) else x


def _bound(extreme: np.ufunc, x: Array) -> float:
    return float(extreme.reduce(x, axis=None))


def _is_integral(x: Array) -> bool:
    # Most data that is not integral shows it in its first few numbers.
    peek = x[:_PEEK]
    if not (peek == np.rint(peek)).all():
        return False
    return all(bool((part == np.rint(part)).all()) for part in _tiles(x))


def _tiles(x: Array) -> Iterator[Array]:
    """The values in pieces, so that temporaries of a piece stay in a core's cache."""
    values = x.ravel(order="K")
    return (values[start : start + _TILE] for start in range(0, values.size, _TILE))


def _rows_off_one(total: Array) -> int:
    """Rows in which a sum is not 1; further axes of a row have a sum each."""
    off = ~(np.abs(total - 1.0) <= SIMPLEX_TOLERANCE)
    return int(np.count_nonzero(off.reshape(off.shape[0], -1).any(axis=1)))


def _merge_counts(one: Counts | None, other: Counts | None) -> Counts | None:
    return None if one is None or other is None else one.merge(other)


@dataclass(slots=True)
class Residuals:
    """The squared differences of prediction and target."""

    squares: Quantiles
    largest: float

    @classmethod
    def of(cls, prediction: Array, target: Array, rows_before: int) -> Residuals:
        """Of a block; pairs with a NaN have no residual."""
        squares = np.subtract(prediction, target).ravel()
        np.square(squares, out=squares)
        largest = float(squares.max())
        if math.isnan(largest):
            squares = squares[~np.isnan(squares)]
            largest = float(squares.max(initial=-math.inf))
        per_row = prediction[0].size
        return cls(Quantiles.of(squares, rows_before * per_row), largest)

    def merge(self, other: Residuals) -> None:
        """Take in other rows."""
        self.squares.merge(other.squares)
        self.largest = max(self.largest, other.largest)

    def outlier_share(self) -> float | None:
        """The share beyond 3.5 robust standard deviations; None when more than half are 0."""
        (median,) = self.squares.at([0.5])
        limit = (OUTLIER_DEVIATIONS * _MAD_TO_STD) ** 2 * median
        if not 0.0 < limit < math.inf:
            return None
        n = self.squares.n
        return (n - self.squares.below(math.nextafter(limit, math.inf))) / n

    def tail_share(self) -> float:
        """The part of the squared error that the worst 1 % carry."""
        with np.errstate(over="ignore"):
            return self.squares.tail_share(TAIL)


def heavy_tail_from(rows: int) -> float:
    """The part of a squared error above which the worst 1 % of so many rows carry too much.

    One row of 20 is 5 % of them, and often has half of the squared error of Laplace residuals. By
    chance it has more than this in one of ten thousand such samples, of any number of rows.
    """
    return 1.0 - _HEAVY_TAIL_FROM * min(1.0, rows / _ROWS_FOR_TAIL)


@dataclass(slots=True)
class OtherReading:
    """The mean loss if what was given as logits were probabilities, over the rows that count."""

    loss: ExactSum
    n: int

    @classmethod
    def of(cls, prediction: Array, target: Array) -> OtherReading | None:
        """Of a block of probabilities, one column or one for each class; None for other shapes."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if prediction.ndim == 1 and target.ndim == 1:
                loss = -np.where(target > 0.0, target * np.log(prediction), 0.0)
                loss -= np.where(target < 1.0, (1.0 - target) * np.log1p(-prediction), 0.0)
            elif prediction.ndim == 2 and target.ndim == 1:
                rows = np.flatnonzero((target >= 0.0) & (target < prediction.shape[1]))
                loss = -np.log(prediction[rows, target[rows].astype(np.intp)])
            else:
                return None
        return cls(ExactSum.of(loss), loss.size)

    def merge(self, other: OtherReading) -> None:
        """Take in other rows."""
        self.loss.merge(other.loss)
        self.n += other.n

    def mean(self) -> float:
        """The mean over the rows that count."""
        return self.loss.over(float(self.n))


@dataclass(slots=True)
class Facts:
    """What is known about the rows seen so far.

    The first role of a block is the prediction, the one called ``target`` the target. Without
    ``detail`` only the kind of input is looked at.
    """

    detail: bool = True
    rows: int = 0
    prediction: RoleFacts | None = None
    target: RoleFacts | None = None
    residuals: Residuals | None = None
    as_probabilities: OtherReading | None = None
    evidence: Evidence = field(default_factory=Evidence)

    @classmethod
    def of(
        cls,
        block: Mapping[str, Array],
        first_row: int,
        *,
        detail: bool = True,
        wanted: frozenset[str] = NOTHING,
        row_of: Callable[[int], int] | None = None,
    ) -> Facts:
        """Of a block that begins at row ``first_row``, counted from 0.

        ``wanted`` is the evidence that the losses are judged by; ``row_of`` as of :class:`Rows`.
        """
        name = next(iter(block))
        prediction, target = _flat(block[name]), block.get("target")
        facts = cls(detail, rows=len(prediction))
        if facts.rows == 0:
            return facts
        with np.errstate(all="ignore"):
            if detail:
                facts.evidence = Evidence.of(wanted, Rows(block, first_row, row_of))
            facts.prediction = RoleFacts.of(name, prediction, count=False)
            if target is not None and name != "target":
                target = _flat(target)
                facts.target = RoleFacts.of("target", target, count=detail)
                if detail:
                    facts._compare(name, prediction, target, first_row)
        return facts

    def _compare(self, name: str, prediction: Array, target: Array, first_row: int) -> None:
        # Only a prediction is in the unit of its target; a logit or an embedding is not.
        if name == "prediction" and prediction.shape == target.shape:
            self.residuals = Residuals.of(prediction, target, first_row)
        seen = self.prediction
        could_be = seen is not None and seen.in_unit and (seen.is_simplex or not seen.is_matrix)
        if "logit" in name and could_be:
            self.as_probabilities = OtherReading.of(prediction, target)

    def merge(self, other: Facts) -> None:
        """Take in other rows."""
        if other.rows == 0:
            return
        if self.rows == 0:
            self._become(other)
            return
        self.rows += other.rows
        if self.prediction is not None and other.prediction is not None:
            self.prediction.merge(other.prediction)
        if self.target is not None and other.target is not None:
            self.target.merge(other.target)
        if self.residuals is not None and other.residuals is not None:
            self.residuals.merge(other.residuals)
        self.evidence.merge(other.evidence)
        # One block that is not of probabilities, and none of them were.
        if self.as_probabilities is not None and other.as_probabilities is not None:
            self.as_probabilities.merge(other.as_probabilities)
        else:
            self.as_probabilities = None

    def _become(self, other: Facts) -> None:
        self.rows, self.prediction, self.target = other.rows, other.prediction, other.target
        self.residuals, self.as_probabilities = other.residuals, other.as_probabilities
        self.evidence = other.evidence

    @property
    def task(self) -> str | None:
        """What is predicted, in the decision guide's words; None when the data leaves it open."""
        prediction, target = self.prediction, self.target
        if prediction is None or target is None:
            return None
        if target.is_matrix:
            return self._task_of_rows(prediction, target)
        # 1 and -1 are the labels of a comparison as well as of a class.
        if target.is_sign:
            return None
        if prediction.is_matrix:
            return "classification" if self.class_counts else None
        if target.is_binary:
            return "classification"
        return None if target.integral and prediction.integral else "regression"

    @staticmethod
    def _task_of_rows(prediction: RoleFacts, target: RoleFacts) -> str:
        if target.is_binary:
            return "classification"
        if target.is_simplex:
            normalised = prediction.is_simplex or prediction.is_log_simplex
            return "distributions" if normalised else "classification"
        return "regression"

    @property
    def class_counts(self) -> dict[int, int]:
        """Class to rows of it. Negative labels are no class: libraries use them for "ignore"."""
        target = self.target
        if target is None or not target.integral:
            return {}
        if target.is_matrix and target.column_sums is not None and target.is_one_hot:
            sums = target.column_sums.reshape(target.width, -1).sum(axis=1)
            return {i: int(n) for i, n in enumerate(sums) if n > 0}
        counts = target.counts.by_value() if target.counts is not None else {}
        return {label: n for label, n in counts.items() if label >= 0}

    @property
    def is_multi_label(self) -> bool:
        """Is the target several yes-or-no answers a row?"""
        target = self.target
        if target is None or not target.is_matrix:
            return False
        return target.is_binary and not target.is_one_hot

    @property
    def classes(self) -> int | None:
        """How many classes; None when this is no classification."""
        if self.task != "classification" or self.prediction is None or self.target is None:
            return None
        if self.is_multi_label:
            return 2
        return max(self.prediction.width, self.target.width, 2)

    @property
    def input_kind(self) -> str | None:
        """What the predictions of a classification are; None when there is no telling."""
        prediction = self.prediction
        if prediction is None or self.task not in ("classification", "distributions"):
            return None
        if prediction.is_one_hot or (prediction.is_binary and not prediction.is_matrix):
            return "labels"
        if prediction.is_log_simplex:
            return "log-probabilities"
        if prediction.is_simplex and not self.is_multi_label:
            return "probabilities"
        if prediction.in_unit and (self.is_multi_label or not prediction.is_matrix):
            return "probabilities" if self.rows >= ROWS_FOR_RANGE else None
        return "logits"

    @property
    def outlier_share(self) -> float | None:
        """The share of residuals beyond 3.5 robust standard deviations; None when unknown."""
        if self.residuals is None or self.residuals.squares.n < ROWS_FOR_SHARES:
            return None
        return self.residuals.outlier_share()

    @property
    def tail_share(self) -> float | None:
        """The part of the squared error that the worst 1 % carry; None when unknown."""
        if self.residuals is None or self.residuals.squares.n < ROWS_FOR_SHARES:
            return None
        share = self.residuals.tail_share()
        return None if math.isnan(share) else share

    @property
    def has_outliers(self) -> bool | None:
        """Are there more outliers than a normal spread has, or do a few rows carry the error?"""
        outliers, tail = self.outlier_share, self.tail_share
        if outliers is None and tail is None:
            return None
        return (outliers or 0.0) >= OUTLIERS_FROM or (tail or 0.0) > self.heavy_tail_from

    @property
    def heavy_tail_from(self) -> float:
        """The share of the squared error from which the worst 1 % of the residuals carry it."""
        return heavy_tail_from(0 if self.residuals is None else self.residuals.squares.n)

    @property
    def imbalance(self) -> float | None:
        """How many rows of the largest class there are for one of the smallest that occurs."""
        counts = self.class_counts.values() if self.task == "classification" else ()
        if self.is_multi_label or len(counts) < 2 or self.rows < ROWS_FOR_SHARES:
            return None
        return max(counts) / min(counts)


def percent(share: float) -> str:
    """A share as a percentage with three digits, such as ``4.1 %``."""
    return f"{100.0 * share:.3g} %"
