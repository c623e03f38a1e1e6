"""A block of rows becomes a state, under one loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from losscli.domain import Array
from losscli.engine.clamps import clamped
from losscli.engine.detail import Detail
from losscli.engine.fold import NONFINITE_ROWS, Keep, State
from losscli.engine.plan import Block
from losscli.engine.rows import RowLosses, rows_of, sum_or_count, weigh, weighted_share
from losscli.engine.sample import Sample, is_shown, nonfinite_rows
from losscli.errors import UserCodeError
from losscli.spec import BoundLoss, Reduction
from losscli.state import ExactSum
from losscli.statistics import Statistic

if TYPE_CHECKING:
    from losscli.engine.slices import Slices


@dataclass(slots=True, kw_only=True)
class LossState(State):
    """What is kept of rows under one loss, of which a row loss is a weighted mean.

    ``mean_loss`` is there where the mean is one of rows' own means, ``weights`` where losses are
    weighed.
    """

    loss: ExactSum
    divisor: ExactSum
    batch: ExactSum
    mean_loss: ExactSum | None = None
    elements_seen: int = 0
    clamped: int = 0
    weights: ExactSum | None = None
    has_divisor: bool = False
    statistics: tuple[Statistic, ...] | None = None

    def merge(self, later: Self) -> None:
        """Take in the rows that follow."""
        State.merge(self, later)  # super() does not know a dataclass with slots
        self.loss.merge(later.loss)
        self.divisor.merge(later.divisor)
        self.batch.merge(later.batch)
        if self.mean_loss is not None and later.mean_loss is not None:
            self.mean_loss.merge(later.mean_loss)
        if self.weights is not None and later.weights is not None:
            self.weights.merge(later.weights)
        self.elements_seen += later.elements_seen
        self.clamped += later.clamped
        for mine, theirs in zip(self.statistics or (), later.statistics or (), strict=True):
            mine.merge(theirs)

    def reduce(self, reduction: Reduction) -> float:
        """The loss of all rows under this reduction; under ``none`` it is the mean."""
        if reduction == "sum":
            return self.loss.total()
        if reduction == "batchmean":
            return self.loss.over(self.batch.total())
        return (self.loss if self.mean_loss is None else self.mean_loss).over(self.divisor.total())


@dataclass(frozen=True, slots=True)
class Measure:
    """How a block is evaluated: the loss, the reduction of a row, and what to keep."""

    bound: BoundLoss
    reduction: Reduction
    keep: Keep

    def __call__(self, block: Block) -> LossState:
        try:
            with np.errstate(all="ignore"):
                state = self._evaluate(block) if block.rows else self._nothing(block)
        except UserCodeError as error:
            # Rows of groups are those of the block too, but not of the file.
            if error.row is not None and block.groups is None:
                error.in_row(block.gaps.sample(error.row) - error.row)
            raise
        if block.gaps.missing_rows or block.gaps.elements:
            self._count_gaps(state, block)
        return state

    def _nothing(self, block: Block) -> LossState:
        """Of rows that all lack a value: counted, and never merged for what they cost."""
        nothing = np.empty(0)
        sample = Sample(nothing, nothing, nothing, block.codes)
        if self.reduction == "overall":
            sample = replace(sample, per_sample=np.empty((0, 0)), loss=np.empty((0, 0)))
        kept = sample if self._wants_sample(block) else None
        return LossState(loss=ExactSum(), divisor=ExactSum(), batch=ExactSum(), sample=kept)

    def _count_gaps(self, state: LossState, block: Block) -> None:
        gaps = block.gaps
        state.rows = gaps.rows
        state.rows_read += gaps.missing_rows
        state.missing = gaps.rows - gaps.count
        state.missing_rows = gaps.missing_rows
        state.missing_elements = gaps.elements
        if gaps.count == gaps.rows:
            return
        if state.sample is not None:
            state.sample = state.sample.spread(gaps)
        if state.elements is not None and block.groups is None:
            state.elements = gaps.spread(state.elements, np.nan)

    def _evaluate(self, block: Block) -> LossState:
        seen = rows_of(self.bound, block, alone=self.reduction != "overall")
        loss, share = seen.loss, seen.share
        per_sample = loss
        if seen.is_ratio and self.reduction not in ("sum", "batchmean"):
            per_sample = _ratio(loss, share)
        own: Array | None = None
        mean_loss = None
        if self.bound.loss.mean_of_rows:
            own, share = _ratio(loss, share), 1.0
            own = own if seen.weight is None else weigh(own, seen.weight)
            mean_loss = ExactSum.of(own)
        if seen.weight is not None:
            loss, share = weigh(loss, seen.weight), weighted_share(self.bound, share, seen.weight)
        mean = own if own is not None and self.reduction in ("mean", "none") else loss
        total = ExactSum.of(loss)
        nonfinite = nonfinite_rows(per_sample, block.gaps) if not total.is_finite else []
        state = LossState(
            rows=block.rows,
            rows_read=seen.rows_read,
            ignored=seen.ignored,
            loss=total,
            mean_loss=mean_loss,
            divisor=sum_or_count(share, len(loss)),
            batch=seen.batch,
            elements_seen=seen.elements.size,
            clamped=clamped(self.bound, block) if self.keep.detail or self.keep.rows else 0,
            nonfinite=len(nonfinite),
            nonfinite_rows=nonfinite[:NONFINITE_ROWS],
            weights=seen.weights,
            has_divisor=seen.has_divisor,
            statistics=seen.statistics,
            sample=self._sample(
                block,
                seen,
                per_sample,
                mean,
                seen.batch_of if self.reduction == "batchmean" else share,
            ),
            elements=seen.elements if self.keep.elements else None,
        )
        counted = None
        if isinstance(share, np.ndarray):
            counted = np.flatnonzero(share > 0.0)
            state.ignored = share.size - counted.size
        if self.keep.detail and self.reduction != "overall":
            sample, bad = Sample(per_sample, mean, share), state.nonfinite
            state.detail = Detail.of(sample, counted, bad, block.gaps, self.keep.asked)
        if self.keep.by:
            state.slices = self._slices(block, seen, mean, share)
        return state

    def _slices(self, block: Block, seen: RowLosses, loss: Array, share: Array | float) -> Slices:
        from losscli.engine.slices import Slices, Terms

        terms = None
        if self.reduction != "overall":
            terms = Terms.of(self.reduction, loss, share, seen.batch_of)
        return Slices.of(self.keep.by, block, self.bound, seen.entries, terms)

    def _sample(
        self, block: Block, seen: RowLosses, per_sample: Array, loss: Array, divisor: Array | float
    ) -> Sample | None:
        if not self._wants_sample(block):
            return None
        if self.reduction == "overall":
            nothing = np.empty((block.rows, 0))
            weight = block.plain.get("sample_weight", 1.0)
            return Sample(nothing, nothing, weight, block.codes, _in_order(seen, block.rows))
        return Sample(per_sample, loss, divisor, block.codes)

    def _wants_sample(self, block: Block) -> bool:
        if self.reduction == "overall":
            return self.keep.entries and block.groups is None
        return self.keep.rows or is_shown(block.first_row + block.gaps.rows)


def _in_order(seen: RowLosses, rows: int) -> tuple[Array, ...]:
    """What each row enters into each statistic; those of lists come by their length."""
    if len(seen.entries) == 1 and seen.entries[0].rows == slice(None):
        return seen.entries[0].values
    found = [np.empty((rows, *values.shape[1:])) for values in seen.entries[0].values]
    for some in seen.entries:
        for whole, values in zip(found, some.values, strict=True):
            whole[some.rows] = values
    return tuple(found)


def _ratio(loss: Array, share: Array | float) -> Array:
    """A row's own mean; a row that is ignored altogether has loss 0, as in PyTorch."""
    if isinstance(share, float):
        return loss / share
    return np.divide(loss, share, out=loss.copy(), where=share != 0.0)
