"""A state of all rows becomes a result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from losscli.data.feed import Inputs, RoleInput
from losscli.engine.detail import Detail, above_of, distribution_of, quantiles_of
from losscli.engine.fold import Keep, State
from losscli.engine.measure import LossState, Measure
from losscli.engine.plan import Plan
from losscli.results import InputRecord, LossRecord, Result, RowLoss, show_place
from losscli.shapes import VARIES
from losscli.spec import BoundLoss
from losscli.version import __version__


def conclude(plan: Plan, measure: Measure, state: LossState) -> Result:
    """The record of a run."""
    bound = measure.bound
    reductions = dict(_reductions(measure, state))
    return Result(
        **of_rows(plan.inputs, measure.keep, state),
        loss=_loss_record(bound),
        convention=bound.convention,
        reduction=measure.reduction,
        value=reductions["mean" if measure.reduction == "none" else measure.reduction],
        reductions=reductions,
        divisor=_divisor(measure, state),
        divisor_meaning=_divisor_meaning(plan, measure, state),
        sum_of_weights=None if state.weights is None else state.weights.total(),
        rank_error=max((s.error for s in state.statistics or ()), default=0.0),
        clamped=state.clamped,
        distribution=distribution_of(state.detail, state.nonfinite) if state.detail else None,
        slices=state.slices.records(measure.reduction) if state.slices else (),
    )


def of_rows(inputs: Inputs, keep: Keep, state: State) -> dict[str, Any]:
    """What a :class:`Result` says of the rows, whatever they were measured by."""
    groups, keys, detail = inputs.groups, inputs.keys, state.detail
    return {
        "inputs": _input_records(inputs, state.rows_read),
        "n": state.rows,
        "ignored": state.ignored,
        "missing": state.missing,
        "missing_rows": state.missing_rows,
        "missing_elements": state.missing_elements,
        "group": None if groups is None else groups.column,
        "key_of": None if keys is None else keys.key,
        "place_of": inputs.place_of,
        "join": inputs.join,
        "tokens": inputs.tokens,
        "labels": inputs.written,
        "classes": inputs.classes,
        "worst": () if detail is None else _worst_of(detail, inputs),
        "quantiles": {} if detail is None else quantiles_of(keep.asked, detail),
        "above": () if detail is None else above_of(keep.asked, detail),
        "by": tuple(labels.column for labels in keep.by.values()),
        "version": __version__,
    }


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


def _input_records(inputs: Inputs, rows: int) -> tuple[InputRecord, ...]:
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


def _worst_of(detail: Detail, inputs: Inputs) -> tuple[RowLoss, ...]:
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
