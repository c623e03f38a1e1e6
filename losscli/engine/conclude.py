"""A state of all rows becomes a result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from losscli.data.feed import Inputs, RoleInput
from losscli.engine.detail import Detail, above_of, distribution_of, quantiles_of
from losscli.engine.measure import LossState, Measure
from losscli.engine.plan import Plan
from losscli.results import InputRecord, LossRecord, Result, RowLoss, show_place
from losscli.shapes import VARIES
from losscli.spec import BoundLoss
from losscli.version import __version__


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
        sum_of_weights=None if state.weights is None else state.weights.total(),
        group=None if groups is None else groups.column,
        key_of=None if keys is None else keys.key,
        place_of=plan.inputs.place_of,
        rank_error=max((s.error for s in state.statistics or ()), default=0.0),
        labels=plan.inputs.written,
        classes=plan.inputs.classes,
        clamped=state.clamped,
        version=__version__,
        distribution=distribution_of(state.detail, state.nonfinite) if state.detail else None,
        join=plan.inputs.join,
        tokens=plan.inputs.tokens,
        worst=worst_of(state.detail, plan.inputs) if state.detail else (),
        quantiles=quantiles_of(measure.keep.asked, state.detail) if state.detail else {},
        above=above_of(measure.keep.asked, state.detail) if state.detail else (),
        by=tuple(labels.column for labels in measure.keep.by.values()),
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
    by_samples = "sample_weight" in given and loss.weights_divide
    if measure.reduction == "batchmean":
        return "sum of sample weights" if by_samples else "rows"
    own_rows = loss.is_set or loss.is_list or loss.mean_of_rows
    if loss.divides_by and state.has_divisor and not loss.mean_of_rows:
        return loss.divides_by
    seen = state.rows_read - state.missing_rows
    counts = rows if own_rows else "rows" if state.elements_seen == seen else "elements"
    if loss.is_set and plan.inputs.groups is not None:
        return f"{rows} not ignored" if state.ignored else rows
    own = any(n in given or measure.bound.params.get(n) is not None for n in loss.own_weights)
    if own and state.has_divisor and loss.weights_divide:
        return "sum of weights"
    if by_samples:
        return "sum of sample weights"
    return counts if state.divisor.total() == state.elements_seen else f"{counts} not ignored"


def worst_of(detail: Detail, inputs: Inputs) -> tuple[RowLoss, ...]:
    """The record of the worst rows."""
    pairs = zip(detail.worst.row.tolist(), detail.worst.loss.tolist(), strict=True)
    return name_rows([RowLoss(row + 1, loss) for row, loss in pairs], inputs)


def name_rows(rows: Sequence[RowLoss], inputs: Inputs) -> tuple[RowLoss, ...]:
    """The rows with their keys, if they have any, and with their files, if these are several."""
    place_of = inputs.place_of
    if place_of is not None:
        rows = [replace(one, place=show_place(*place_of(one.row - 1))) for one in rows]
    keys = inputs.keys
    if keys is None:
        return tuple(rows)
    # Keys may have to be read for it, which is done in order.
    names = {row: keys.key(row - 1) for row in sorted(one.row for one in rows)}
    return tuple(replace(one, key=names[one.row]) for one in rows)
