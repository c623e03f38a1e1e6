"""A block of rows becomes a state, states become a result."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import NO_LABELS, Inputs, RoleInput
from losscli.domain import Array
from losscli.engine.clamps import clamped
from losscli.engine.gaps import Gaps
from losscli.engine.plan import Block, Plan
from losscli.engine.rows import RowLosses, rows_of, sum_or_count, weigh
from losscli.engine.slices import Slices, Terms
from losscli.errors import UserCodeError
from losscli.results import (
    SHOWN_ROWS,
    Distribution,
    InputRecord,
    LossRecord,
    Result,
    RowLoss,
    RowsAbove,
)
from losscli.shapes import VARIES
from losscli.spec import BoundLoss, Reduction
from losscli.state import ExactSum, Extremes, Moments, Quantiles, Worst
from losscli.statistics import Statistic
from losscli.version import __version__

if TYPE_CHECKING:
    from losscli.data.coding import Labels

WORST_ROWS = 10
NONFINITE_ROWS = 5
_TAIL = 0.01


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks of the per-sample losses besides what is always looked at.

    ``quantiles`` are shares in [0, 1]; the rows whose loss lies above each of ``levels`` are
    counted.
    """

    quantiles: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()


NOTHING = Asked()


@dataclass(frozen=True, slots=True)
class Sample:
    """What each row (or group) of some consecutive ones costs under one evaluation.

    The mean of the loss is ``sum(loss) / sum(divisor)`` over all rows. The rows of a set loss that
    is one number of them all cost nothing by themselves: they have ``entries`` instead, and
    ``per_sample`` and ``loss`` have no columns.

    Attributes:
        per_sample: (n,) the row's own loss.
        loss: (n,) what the row adds to the sum, sample weight and all.
        divisor: (n,) what it adds to the divisor, or a number where all rows add the same; of a set
            loss the sample weight. Of a combination whose parts divide by different numbers it is
            NaN.
        codes: by the name of each coded column, (n,) the codes of the rows.
        entries: (n, ...) what each row gives to each statistic of a set loss.
        there: (n,) which rows have all their values; None if all have. One that lacks a value has
            a loss of its own that is NaN, and adds nothing to anything.
        parts: of a combination, the weight and the sample of each part. The value is the sum of
            weight times mean of the part.
    """

    per_sample: Array
    loss: Array
    divisor: Array | float
    codes: Mapping[str, Array] = field(default_factory=dict)
    entries: tuple[Array, ...] = ()
    there: NDArray[np.bool_] | None = None
    parts: tuple[tuple[float, Sample], ...] = ()

    def __len__(self) -> int:
        return len(self.per_sample)

    def __getitem__(self, rows: slice | NDArray[Any]) -> Sample:
        return Sample(
            self.per_sample[rows],
            self.loss[rows],
            self.divisor if isinstance(self.divisor, float) else self.divisor[rows],
            {name: codes[rows] for name, codes in self.codes.items()},
            tuple(values[rows] for values in self.entries),
            None if self.there is None else self.there[rows],
            tuple((weight, part[rows]) for weight, part in self.parts),
        )

    def spread(self, gaps: Gaps) -> Sample:
        """The same rows among those that lack a value."""
        there = np.zeros(gaps.rows, np.bool_)
        there[slice(None) if gaps.there is None else gaps.there] = True
        divisor = np.broadcast_to(self.divisor, len(self))
        return Sample(
            gaps.spread(self.per_sample, np.nan),
            gaps.spread(self.loss, 0.0),
            gaps.spread(divisor, 0.0),
            {name: gaps.spread(codes, 0.0) for name, codes in self.codes.items()},
            tuple(gaps.spread(values, 0.0) for values in self.entries),
            there,
            tuple((weight, part.spread(gaps)) for weight, part in self.parts),
        )

    def counted(self) -> Sample:
        """Without the rows that lack a value."""
        return self if self.there is None else self[self.there]


@dataclass(slots=True)
class Detail:
    """The spread of the per-sample losses: what a bare number does not need.

    ``ratio`` is of losses and divisors where these differ from row to row, else None; ``above`` is
    how many of ``counted`` losses lie above each level that was asked for.
    """

    losses: Moments
    ratio: Moments | None
    extremes: Extremes
    quantiles: Quantiles
    worst: Worst
    counted: int
    above: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        sample: Sample,
        counted: NDArray[np.intp] | None,
        nonfinite: int,
        gaps: Gaps,
        asked: Asked,
    ) -> Detail:
        """Of a block.

        ``counted`` says which rows count, None that all do; ``nonfinite`` how many losses are not
        finite; ``gaps`` where the rows stood.
        """
        per_sample, loss, share = sample.per_sample, sample.loss, sample.divisor
        if counted is not None:
            share = share[counted] if isinstance(share, np.ndarray) else share
            if counted.size < per_sample.size:
                per_sample, loss = per_sample[counted], loss[counted]
        worst = Worst.of(per_sample, 0, WORST_ROWS)
        places = worst.row if counted is None else counted[worst.row]
        worst.row = (places if gaps.there is None else gaps.there[places]) + gaps.start
        finite = per_sample[~np.isnan(per_sample)] if nonfinite else per_sample
        return cls(
            losses=Moments.of(per_sample, None),
            ratio=Moments.of(loss, share) if isinstance(share, np.ndarray) else None,
            extremes=Extremes.of(finite),
            quantiles=Quantiles.of(finite, gaps.start),
            worst=worst,
            counted=per_sample.size,
            above=np.array([np.count_nonzero(per_sample > x) for x in asked.levels], np.int64),
        )

    def merge(self, other: Detail) -> None:
        """Take in later rows."""
        self.losses.merge(other.losses)
        if self.ratio is not None and other.ratio is not None:
            self.ratio.merge(other.ratio)
        self.extremes.merge(other.extremes)
        self.quantiles.merge(other.quantiles)
        self.worst.merge(other.worst)
        self.counted += other.counted
        self.above += other.above


@dataclass(slots=True)
class LossState:
    """What is kept of the rows seen so far; a row loss is a weighted mean.

    ``rows`` are samples, which may be groups of ``rows_read``; ``missing`` samples, and
    ``missing_rows`` rows of the files, were left out since they lack a value. ``mean_loss`` is
    there where the mean is one of rows' own means. ``sample`` and ``elements`` hold a single
    block's values on their way to whoever keeps them.
    """

    rows: int
    rows_read: int
    ignored: int
    loss: ExactSum
    mean_loss: ExactSum | None
    divisor: ExactSum
    batch: ExactSum
    elements_seen: int
    clamped: int
    nonfinite: int
    nonfinite_rows: list[RowLoss]
    detail: Detail | None
    has_divisor: bool = False
    statistics: tuple[Statistic, ...] | None = None
    sample: Sample | None = None
    elements: Array | None = None
    slices: Slices | None = None
    missing: int = 0
    missing_rows: int = 0
    missing_elements: int = 0

    @property
    def is_empty(self) -> bool:
        """Do all rows lack a value?"""
        return 0 < self.rows == self.missing

    def count(self, other: LossState) -> None:
        """Take in how many rows were read, and how many of them lack a value."""
        self.rows += other.rows
        self.rows_read += other.rows_read
        self.missing += other.missing
        self.missing_rows += other.missing_rows
        self.missing_elements += other.missing_elements

    def merge(self, later: LossState) -> None:
        """Take in the rows that follow."""
        self.count(later)
        self.ignored += later.ignored
        self.loss.merge(later.loss)
        if self.mean_loss is not None and later.mean_loss is not None:
            self.mean_loss.merge(later.mean_loss)
        self.divisor.merge(later.divisor)
        self.batch.merge(later.batch)
        self.elements_seen += later.elements_seen
        self.clamped += later.clamped
        self.nonfinite += later.nonfinite
        self.nonfinite_rows = (self.nonfinite_rows + later.nonfinite_rows)[:NONFINITE_ROWS]
        if self.detail is not None and later.detail is not None:
            self.detail.merge(later.detail)
        for mine, theirs in zip(self.statistics or (), later.statistics or (), strict=True):
            mine.merge(theirs)
        if self.slices is not None and later.slices is not None:
            self.slices.merge(later.slices)

    def reduce(self, reduction: Reduction) -> float:
        """The loss of all rows under this reduction; under ``none`` it is the mean."""
        if reduction == "sum":
            return self.loss.total()
        if reduction == "batchmean":
            return self.loss.over(self.batch.total())
        return (self.loss if self.mean_loss is None else self.mean_loss).over(self.divisor.total())


@dataclass(frozen=True, slots=True)
class Measure:
    """How a block is evaluated: the loss, the reduction of a row, and what to keep.

    ``keep_entries`` keeps what each row gives to the statistics of a set loss.
    """

    bound: BoundLoss
    reduction: Reduction
    detail: bool = True
    keep_rows: bool = False
    keep_elements: bool = False
    asked: Asked = NOTHING
    by: Mapping[str, Labels] = field(default_factory=lambda: NO_LABELS)
    keep_entries: bool = False

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
        sums = [ExactSum() for _ in range(3)]
        nothing = np.empty(0)
        sample = Sample(nothing, nothing, nothing, block.codes)
        if self.reduction == "overall":
            sample = replace(sample, per_sample=np.empty((0, 0)), loss=np.empty((0, 0)))
        kept = sample if self._wants_sample(block) else None
        return LossState(0, 0, 0, sums[0], None, sums[1], sums[2], 0, 0, 0, [], None, sample=kept)

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
            loss, share = weigh(loss, seen.weight), seen.weight * share
        batch = seen.batch_of if seen.weight is None else seen.weight
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
            clamped=clamped(self.bound, block) if self.detail else 0,
            nonfinite=len(nonfinite),
            nonfinite_rows=nonfinite[:NONFINITE_ROWS],
            detail=None,
            has_divisor=seen.has_divisor,
            statistics=seen.statistics,
            sample=self._sample(
                block, seen, per_sample, mean, batch if self.reduction == "batchmean" else share
            ),
            elements=seen.elements if self.keep_elements else None,
        )
        counted = None
        if isinstance(share, np.ndarray):
            counted = np.flatnonzero(share > 0.0)
            state.ignored = share.size - counted.size
        if self.detail and self.reduction != "overall":
            sample, bad = Sample(per_sample, mean, share), state.nonfinite
            state.detail = Detail.of(sample, counted, bad, block.gaps, self.asked)
        if self.by:
            terms = None
            if self.reduction != "overall":
                terms = Terms.of(self.reduction, mean, share, batch)
            state.slices = Slices.of(self.by, block, self.bound, seen.entries, terms)
        return state

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
            return self.keep_entries and block.groups is None
        return self.keep_rows or is_shown(block.first_row + block.gaps.rows)


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


def is_shown(rows: int) -> bool:
    """A data set this small is shown row by row, whoever asks."""
    return rows <= SHOWN_ROWS


def nonfinite_rows(per_sample: Array, gaps: Gaps) -> list[RowLoss]:
    """The rows of a block whose loss is not finite."""
    found = np.flatnonzero(~np.isfinite(per_sample))
    return [RowLoss(gaps.sample(i) + 1, float(per_sample[i])) for i in found.tolist()]


@dataclass(slots=True)
class Total:
    """The fold: states merged in block order, what is kept of rows gathered as it comes."""

    state: LossState | None = None
    per_sample: list[Array] = field(default_factory=list)
    elements: list[Array] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows merged so far."""
        return self.state.rows if self.state else 0

    def add(self, state: LossState) -> None:
        """Merge the state of the next block."""
        if state.sample is not None:
            self.per_sample.append(state.sample.per_sample)
        if state.elements is not None:
            self.elements.append(state.elements)
        state.sample = state.elements = None
        if self.state is None:
            self.state = state
        elif state.is_empty:
            self.state.count(state)
        elif self.state.is_empty:
            state.count(self.state)
            self.state = state
        else:
            self.state.merge(state)


def conclude(plan: Plan, measure: Measure, state: LossState) -> Result:
    """The record of a run."""
    bound, groups, keys = measure.bound, plan.inputs.groups, plan.inputs.keys
    reductions = dict(_reductions(measure, state))
    return Result(
        loss=_loss_record(bound),
        convention=bound.convention,
        inputs=input_records(plan.inputs, state.rows_read),
        n=state.rows,
        ignored=state.ignored,
        missing=state.missing,
        missing_rows=state.missing_rows,
        missing_elements=state.missing_elements,
        reduction=measure.reduction,
        value=reductions["mean" if measure.reduction == "none" else measure.reduction],
        reductions=reductions,
        divisor=_divisor(measure, state),
        divisor_meaning=_divisor_meaning(plan, measure, state),
        group=None if groups is None else groups.column,
        key_of=None if keys is None else keys.key,
        rank_error=max((s.error for s in state.statistics or ()), default=0.0),
        labels=plan.inputs.written,
        clamped=state.clamped,
        version=__version__,
        distribution=distribution_of(state.detail, state.nonfinite) if state.detail else None,
        join=plan.inputs.join,
        tokens=plan.inputs.tokens,
        worst=worst_of(state.detail, plan.inputs) if state.detail else (),
        quantiles=quantiles_of(measure.asked, state.detail) if state.detail else {},
        above=above_of(measure.asked, state.detail) if state.detail else (),
        by=tuple(labels.column for labels in measure.by.values()),
        slices=state.slices.records(measure.reduction) if state.slices else (),
    )


def _loss_record(bound: BoundLoss) -> LossRecord:
    origin = bound.loss.origin
    return LossRecord(
        bound.name,
        str(bound),
        bound.params,
        bound.loss.summary,
        "" if origin is None else str(origin),
        "" if origin is None else origin.digest,
    )


def _reductions(measure: Measure, state: LossState) -> Iterator[tuple[str, float]]:
    """Every reduction that is a number. The rows of a set loss were looked at only if asked."""
    for reduction in measure.bound.loss.reductions:
        if reduction == "overall":
            yield reduction, measure.bound.finish(state.statistics or ())
        elif reduction != "none" and measure.reduction != "overall":
            yield reduction, state.reduce(reduction)


def _divisor(measure: Measure, state: LossState) -> float:
    if measure.reduction == "overall":
        return float(state.rows_read - state.missing_rows - state.ignored)
    return (state.batch if measure.reduction == "batchmean" else state.divisor).total()


def input_records(inputs: Inputs, rows: int) -> tuple[InputRecord, ...]:
    """Where each role was read from; ``rows`` is how many rows there are."""
    return tuple(
        InputRecord(
            source.role,
            source.path,
            source.columns,
            rows if source.bounds is None else int(source.bounds[-1]),
            _shape(inputs, source),
            source.dtype,
        )
        for source in inputs.roles.values()
    )


def _shape(inputs: Inputs, source: RoleInput) -> tuple[int | None, ...]:
    """The shape of a row of the file, None along an axis of lists."""
    shape = source.shape if inputs.groups is None else source.shape[1:]
    return tuple(None if length == VARIES else length for length in shape)


def _divisor_meaning(plan: Plan, measure: Measure, state: LossState) -> str:
    given, loss = plan.fits.keys(), measure.bound.loss
    if measure.reduction == "overall":
        return "rows, all at once"
    rows = "rows" if plan.inputs.groups is None else "groups"
    if measure.reduction == "batchmean":
        return "sum of sample weights" if "sample_weight" in given else "rows"
    own_rows = loss.is_set or loss.is_list or loss.mean_of_rows
    if loss.divides_by and state.has_divisor and not loss.mean_of_rows:
        return loss.divides_by
    seen = state.rows_read - state.missing_rows
    counts = rows if own_rows else "rows" if state.elements_seen == seen else "elements"
    if loss.is_set and plan.inputs.groups is not None:
        return f"{rows} not ignored" if state.ignored else rows
    if "weight" in given or measure.bound.params.get("weight") is not None:
        if state.divisor.total() != state.elements_seen:
            return "sum of weights"
    elif "sample_weight" in given:
        return "sum of sample weights"
    elif state.divisor.total() != state.elements_seen:
        return f"{counts} not ignored"
    return counts


def distribution_of(detail: Detail, nonfinite: int) -> Distribution:
    """The record of the spread."""
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


def quantiles_of(asked: Asked, detail: Detail) -> dict[float, float]:
    """The quantiles that were asked for."""
    shares = asked.quantiles
    return dict(zip(shares, detail.quantiles.at(shares), strict=True))


def above_of(asked: Asked, detail: Detail) -> tuple[RowsAbove, ...]:
    """How many rows lie above the levels that were asked for."""
    pairs = zip(asked.levels, detail.above.tolist(), strict=True)
    return tuple(RowsAbove(level, rows, detail.counted) for level, rows in pairs)


def worst_of(detail: Detail, inputs: Inputs) -> tuple[RowLoss, ...]:
    """The record of the worst rows."""
    pairs = zip(detail.worst.row.tolist(), detail.worst.loss.tolist(), strict=True)
    return name_rows([RowLoss(row + 1, loss) for row, loss in pairs], inputs)


def name_rows(rows: Sequence[RowLoss], inputs: Inputs) -> tuple[RowLoss, ...]:
    """The rows with their keys, if they have any, and with their files, if these are several."""
    parts = next((role.parts for role in inputs.roles.values() if role.parts is not None), None)
    if parts is not None and inputs.groups is None:
        places = [parts.locate(one.row - 1) for one in rows]
        pairs = zip(rows, places, strict=True)
        rows = [replace(one, place=f"{file}, row {row + 1}") for one, (file, row) in pairs]
    keys = inputs.keys
    if keys is None:
        return tuple(rows)
    # Keys may have to be read for it, which is done in order.
    names = {row: keys.key(row - 1) for row in sorted(one.row for one in rows)}
    return tuple(replace(one, key=names[one.row]) for one in rows)
