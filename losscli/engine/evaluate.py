"""A block of rows becomes a state, states become a result."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from losscli.domain import Array
from losscli.engine.plan import Block, Plan
from losscli.results import (
    SHOWN_ROWS,
    Distribution,
    InputRecord,
    LossRecord,
    Result,
    RowLoss,
)
from losscli.spec import BoundLoss, Reduction
from losscli.state import ExactSum, Extremes, Moments, Quantiles, Worst
from losscli.version import __version__

WORST_ROWS = 10
_NONFINITE_ROWS = 5
_TAIL = 0.01


@dataclass(slots=True)
class Detail:
    """The spread of the per-sample losses: what a bare number does not need.

    ``ratio`` is of losses and divisors where these differ from row to row, else None.
    """

    losses: Moments
    ratio: Moments | None
    extremes: Extremes
    quantiles: Quantiles
    worst: Worst

    def merge(self, other: Detail) -> None:
        """Take in later rows."""
        self.losses.merge(other.losses)
        if self.ratio is not None and other.ratio is not None:
            self.ratio.merge(other.ratio)
        self.extremes.merge(other.extremes)
        self.quantiles.merge(other.quantiles)
        self.worst.merge(other.worst)


@dataclass(slots=True)
class LossState:
    """What is kept of the rows seen so far; a row loss is a weighted mean.

    ``per_sample`` and ``elements`` hold a single block's values on their way to whoever keeps them.
    """

    rows: int
    ignored: int
    loss: ExactSum
    divisor: ExactSum
    batch: ExactSum
    elements_seen: int
    nonfinite: int
    nonfinite_rows: list[RowLoss]
    detail: Detail | None
    per_sample: Array | None = None
    elements: Array | None = None

    def merge(self, later: LossState) -> None:
        """Take in the rows that follow."""
        self.rows += later.rows
        self.ignored += later.ignored
        self.loss.merge(later.loss)
        self.divisor.merge(later.divisor)
        self.batch.merge(later.batch)
        self.elements_seen += later.elements_seen
        self.nonfinite += later.nonfinite
        self.nonfinite_rows = (self.nonfinite_rows + later.nonfinite_rows)[:_NONFINITE_ROWS]
        if self.detail is not None and later.detail is not None:
            self.detail.merge(later.detail)

    def reduce(self, reduction: Reduction) -> float:
        """The loss of all rows under this reduction; under ``none`` it is the mean."""
        if reduction == "sum":
            return self.loss.total()
        divisor = self.batch if reduction == "batchmean" else self.divisor
        return self.loss.over(divisor.total())


@dataclass(frozen=True, slots=True)
class Measure:
    """How a block is evaluated: the loss, the reduction of a row, and what to keep."""

    bound: BoundLoss
    reduction: Reduction
    detail: bool = True
    keep_rows: bool = False
    keep_elements: bool = False

    def __call__(self, block: Block) -> LossState:
        with np.errstate(all="ignore"):
            return self._evaluate(block)

    def _evaluate(self, block: Block) -> LossState:
        elements, divisor = self._call_kernel(block)
        weight = block.arrays.get("sample_weight")
        loss, share = _per_row(elements), _per_row_divisor(elements, divisor)
        per_sample = loss
        if elements.ndim > 1 and self.reduction not in ("sum", "batchmean"):
            per_sample = _ratio(loss, share)
        if weight is not None:
            # Weight 0 leaves a row out, even one whose loss is infinite.
            loss = np.multiply(loss, weight, out=np.zeros(block.rows), where=weight != 0.0)
            share = weight * share
        total = ExactSum.of(loss)
        nonfinite = _nonfinite(per_sample, block.first_row) if not total.is_finite else []
        state = LossState(
            rows=block.rows,
            ignored=0,
            loss=total,
            divisor=_sum_or_count(share, block.rows),
            batch=_sum_or_count(1.0 if weight is None else weight, block.rows),
            elements_seen=elements.size,
            nonfinite=len(nonfinite),
            nonfinite_rows=nonfinite[:_NONFINITE_ROWS],
            detail=None,
            per_sample=per_sample if self._keeps_rows(block) else None,
            elements=elements if self.keep_elements else None,
        )
        self._look_closer(state, block.first_row, per_sample, loss, share)
        return state

    def _keeps_rows(self, block: Block) -> bool:
        # A data set this small is shown row by row, whoever asks.
        return self.keep_rows or block.first_row + block.rows <= SHOWN_ROWS

    def _call_kernel(self, block: Block) -> tuple[Array, Array | None]:
        loss = self.bound.loss
        roles = [block.arrays.get(role.name) for role in loss.roles]
        elements = loss.kernel(*roles, **self.bound.arguments)
        divisor = loss.divisor(*roles, **self.bound.arguments) if loss.divisor else None
        return elements, divisor

    def _look_closer(
        self, state: LossState, first_row: int, per_sample: Array, loss: Array, share: Array | float
    ) -> None:
        counted = None
        if isinstance(share, np.ndarray):
            counted = np.flatnonzero(share > 0.0)
            state.ignored = share.size - counted.size
            share = share[counted]
        if not self.detail:
            return
        if state.ignored and counted is not None:
            per_sample, loss = per_sample[counted], loss[counted]
        worst = Worst.of(per_sample, 0, WORST_ROWS)
        worst.row = (worst.row if counted is None else counted[worst.row]) + first_row
        finite = per_sample[~np.isnan(per_sample)] if state.nonfinite else per_sample
        state.detail = Detail(
            losses=Moments.of(per_sample, None),
            ratio=Moments.of(loss, share) if isinstance(share, np.ndarray) else None,
            extremes=Extremes.of(finite),
            quantiles=Quantiles.of(finite, first_row),
            worst=worst,
        )


def _per_row(elements: Array) -> Array:
    return elements if elements.ndim == 1 else elements.reshape(elements.shape[0], -1).sum(axis=1)


def _per_row_divisor(elements: Array, divisor: Array | None) -> Array | float:
    if divisor is None:
        return float(elements[0].size) if elements.ndim > 1 else 1.0
    return _per_row(np.broadcast_to(divisor, elements.shape))


def _ratio(loss: Array, share: Array | float) -> Array:
    """A row's own mean; a row that is ignored altogether has loss 0, as in PyTorch."""
    if isinstance(share, float):
        return loss / share
    return np.divide(loss, share, out=loss.copy(), where=share != 0.0)


def _sum_or_count(share: Array | float, rows: int) -> ExactSum:
    return ExactSum([share * rows]) if isinstance(share, float) else ExactSum.of(share)


def _nonfinite(per_sample: Array, first_row: int) -> list[RowLoss]:
    found = np.flatnonzero(~np.isfinite(per_sample))
    return [RowLoss(first_row + int(i) + 1, float(per_sample[i])) for i in found]


@dataclass(slots=True)
class Total:
    """The fold: states merged in block order, kept rows handed on as they come."""

    take_rows: Callable[[Array], None] | None = None
    state: LossState | None = None
    elements: list[Array] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows merged so far."""
        return self.state.rows if self.state else 0

    def add(self, state: LossState) -> None:
        """Merge the state of the next block."""
        if self.take_rows is not None and state.per_sample is not None:
            self.take_rows(state.per_sample)
        if state.elements is not None:
            self.elements.append(state.elements)
        state.per_sample = state.elements = None
        if self.state is None:
            self.state = state
        else:
            self.state.merge(state)


def conclude(plan: Plan, measure: Measure, state: LossState) -> Result:
    """The record of a run."""
    bound = measure.bound
    numeric = [reduction for reduction in bound.loss.reductions if reduction != "none"]
    return Result(
        loss=LossRecord(bound.name, str(bound), bound.params),
        inputs=_input_records(plan, state.rows),
        n=state.rows,
        ignored=state.ignored,
        reduction=measure.reduction,
        value=state.reduce(measure.reduction),
        reductions={reduction: state.reduce(reduction) for reduction in numeric},
        divisor=(state.batch if measure.reduction == "batchmean" else state.divisor).total(),
        divisor_meaning=_divisor_meaning(plan, measure, state),
        version=__version__,
        distribution=_distribution(state.detail, state.nonfinite) if state.detail else None,
        worst=_worst(state.detail) if state.detail else (),
    )


def _input_records(plan: Plan, rows: int) -> tuple[InputRecord, ...]:
    return tuple(
        InputRecord(source.role, source.path, source.columns, rows, source.shape, source.dtype)
        for source in plan.inputs.roles.values()
    )


def _divisor_meaning(plan: Plan, measure: Measure, state: LossState) -> str:
    given = plan.fits.keys()
    if measure.reduction == "batchmean":
        return "sum of sample weights" if "sample_weight" in given else "rows"
    counts = "rows" if state.elements_seen == state.rows else "elements"
    if "weight" in given or measure.bound.params.get("weight") is not None:
        if state.divisor.total() != state.elements_seen:
            return "sum of weights"
    elif "sample_weight" in given:
        return "sum of sample weights"
    elif state.divisor.total() != state.elements_seen:
        return f"{counts} not ignored"
    return counts


def _distribution(detail: Detail, nonfinite: int) -> Distribution:
    p25, median, p75, p95, p99 = detail.quantiles.at([0.25, 0.5, 0.75, 0.95, 0.99])
    empty = detail.quantiles.n == 0
    return Distribution(
        std=detail.losses.std(),
        stderr=(detail.ratio or detail.losses).stderr(),
        min=math.nan if empty else detail.extremes.low,
        p25=p25,
        median=median,
        p75=p75,
        p95=p95,
        p99=p99,
        max=math.nan if empty else detail.extremes.high,
        tail_share=math.nan if nonfinite else detail.quantiles.tail_share(_TAIL),
        quantile_error=detail.quantiles.error,
    )


def _worst(detail: Detail) -> tuple[RowLoss, ...]:
    pairs = zip(detail.worst.row, detail.worst.loss, strict=True)
    return tuple(RowLoss(int(row) + 1, float(loss)) for row, loss in pairs)
