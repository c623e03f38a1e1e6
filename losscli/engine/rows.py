"""The losses of the rows of a block, whatever kind of loss it is.

A row loss gives a loss for each row; where rows are grouped, those of a group become one. A list
loss gets the lists of one length at a time, as one dense array. A set loss gives statistics over
the block and, if asked, the loss of each row or group as a set of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import Rows
from losscli.domain import Array
from losscli.engine.plan import Block
from losscli.errors import DataError
from losscli.ragged import Ragged, by_length
from losscli.spec import BoundLoss
from losscli.state import ExactSum
from losscli.statistics import Statistic


@dataclass(slots=True)
class RowLosses:
    """One entry a row, or a group of rows.

    ``share`` is what the mean divides by; ``is_ratio`` says that a row's own loss is ``loss /
    share``. ``weight`` is the sample weight where it is not yet in both, and ``has_divisor`` says
    that the loss gave one. ``ignored`` counts rows of weight 0 where none has a loss of its own.
    ``batch`` is the sum of ``batch_of``, times the weight where that is divided by. ``weights`` is
    the sum of what elements are multiplied by, None where nothing is weighed. ``entries`` are what
    the rows of a set loss enter into its ``statistics``.
    """

    loss: Array
    share: Array | float
    weight: Array | None
    elements: Array
    rows_read: int
    batch: ExactSum
    is_ratio: bool = False
    has_divisor: bool = False
    ignored: int = 0
    statistics: tuple[Statistic, ...] | None = None
    entries: tuple[Entries, ...] = ()
    batch_of: Array | float = 1.0
    weights: ExactSum | None = None


@dataclass(frozen=True, slots=True)
class Entries:
    """What some rows of a block enter into the statistics of a set loss, one array each.

    ``rows`` says which they are: all, or those whose lists have one length.
    """

    rows: slice | NDArray[np.int64]
    values: tuple[Array, ...]
    weight: Array | None


def rows_of(bound: BoundLoss, block: Block, *, alone: bool) -> RowLosses:
    """Evaluate a block; with ``alone`` a set loss takes each row or group by itself too."""
    if bound.loss.is_set:
        if block.of_elements:
            raise takes_together(bound.name)
        return _sets(bound, block, alone)
    return _lists(bound, block) if bound.loss.is_list else _rows(bound, block)


def _call(bound: BoundLoss, arrays: Mapping[str, Array]) -> tuple[Array, Array | None]:
    loss = bound.loss
    roles = [arrays.get(role.name) for role in loss.roles]
    elements = loss.kernel(*roles, **bound.arguments)
    divisor = loss.divisor(*roles, **bound.arguments) if loss.divisor else None
    return elements, divisor


def _rows(bound: BoundLoss, block: Block) -> RowLosses:
    arrays = block.plain
    if block.of_elements:
        _check_elementwise(bound, block)
    elements, divisor = _call(bound, {**arrays, **block.constants})
    loss, share = _per_row(elements), _per_row_divisor(elements, divisor)
    weight = arrays.get("sample_weight")
    batch_of = _divided_by(bound, weight)
    batch = sum_or_count(batch_of, len(loss))
    weights = _sum_of_weights(bound, {**arrays, **block.constants}, elements, share)
    is_ratio, given = elements.ndim > 1, divisor is not None
    if block.groups is None:
        return RowLosses(
            loss,
            share,
            weight,
            elements,
            block.rows,
            batch,
            is_ratio,
            given,
            batch_of=batch_of,
            weights=weights,
        )
    read = len(loss)
    if weight is not None:
        loss, share = weigh(loss, weight), weighted_share(bound, share, weight)
    starts = block.groups[:-1]
    shares = np.full(read, share) if isinstance(share, float) else share
    loss, share = np.add.reduceat(loss, starts), np.add.reduceat(shares, starts)
    each = np.broadcast_to(batch_of, read)
    if block.of_elements:
        # What was read are the rows, and each has one weight.
        read, each = block.rows, each[starts]
        batch = ExactSum.of(each)
    else:
        each = np.add.reduceat(each, starts)
    return RowLosses(
        loss,
        share,
        None,
        elements,
        read,
        batch,
        is_ratio=True,
        has_divisor=given,
        batch_of=each,
        weights=weights,
    )


def _divided_by(bound: BoundLoss, weight: Array | None) -> Array | float:
    """What a row adds to the divisor of a mean over rows."""
    return 1.0 if weight is None or not bound.loss.weights_divide else weight


def weighted_share(bound: BoundLoss, share: Array | float, weight: Array) -> Array:
    """What weighted rows add to the divisor, one by one, since their losses vary as they weigh."""
    return weight * share if bound.loss.weights_divide else np.ones(len(weight)) * share


def _sum_of_weights(
    bound: BoundLoss, arrays: Mapping[str, Array], elements: Array, share: Array | float
) -> ExactSum | None:
    """The sum of what each element is multiplied by: sample weights and those of the loss."""
    loss, weight = bound.loss, arrays.get("sample_weight")
    weigh_elements = loss.weight_of_elements
    has_own = weigh_elements is not None and any(
        name in arrays or bound.params.get(name) is not None for name in loss.own_weights
    )
    if weight is None and not has_own:
        return None
    own: Array | float = 1.0 if loss.mean_of_rows else share
    if has_own and weigh_elements is not loss.divisor and weigh_elements is not None:
        roles = [arrays.get(role.name) for role in loss.roles]
        given = weigh_elements(*roles, **bound.arguments)
        own = own if given is None else _per_row(np.broadcast_to(given, elements.shape))
    return sum_or_count(own if weight is None else own * weight, len(elements))


def _check_elementwise(bound: BoundLoss, block: Block) -> None:
    """Does the loss look at each element by itself, so that one can be left out?

    Raises:
        DataError: it does not.
    """
    two = {name: x[:2] for name, x in block.plain.items()}
    if len(next(iter(two.values()))) < 2:
        return
    apart = _call(bound, {**two, **block.constants})[0]
    row = {name: x.reshape(1, 2) for name, x in two.items()}
    together = _call(bound, {**row, **block.constants})[0]
    if together.shape != (1, 2) or not np.array_equal(apart, together[0], equal_nan=True):
        raise takes_together(bound.name)


def takes_together(loss: str) -> DataError:
    """The error for a loss of whole rows, of which no element can be left out."""
    return DataError(
        f"{loss} takes the elements of a row together, so none can be left out alone",
        hint="--missing drop leaves the whole row out",
        code="LC128",
    )


def _per_row(elements: Array) -> Array:
    return elements if elements.ndim == 1 else elements.reshape(elements.shape[0], -1).sum(axis=1)


def _per_row_divisor(elements: Array, divisor: Array | None) -> Array | float:
    if divisor is None:
        return float(elements[0].size) if elements.ndim > 1 else 1.0
    return _per_row(np.broadcast_to(divisor, elements.shape))


def weigh(loss: Array, weight: Array) -> Array:
    """The weighted losses; weight 0 leaves a row out, even one whose loss is infinite."""
    return np.multiply(loss, weight, out=np.zeros(len(loss)), where=weight != 0.0)


def sum_or_count(share: Array | float, rows: int) -> ExactSum:
    """The sum of what each of the rows counts."""
    return ExactSum([share * rows]) if isinstance(share, float) else ExactSum.of(share)


def _dense(rows: Mapping[str, Rows]) -> Iterator[tuple[Any, dict[str, Array]]]:
    """The rows as dense arrays, and which they are: those whose lists agree in length at a time."""
    lists = {name: x for name, x in rows.items() if isinstance(x, Ragged)}
    plain = {name: x for name, x in rows.items() if not isinstance(x, Ragged)}
    if not lists:
        yield slice(None), plain
        return
    for some in by_length(list(lists.values())):
        arrays = {name: x.dense(some) for name, x in lists.items()}
        yield some, arrays | {name: x[some] for name, x in plain.items()}


def _lists(bound: BoundLoss, block: Block) -> RowLosses:
    loss, share = np.empty(block.rows), None
    for rows, arrays in _dense(block.arrays):
        loss[rows], part = _call(bound, {**arrays, **block.constants})
        if part is not None:
            share = np.empty(block.rows) if share is None else share
            share[rows] = part
    weight = block.plain.get("sample_weight")
    weights = None if weight is None else ExactSum.of(weight)
    batch_of = _divided_by(bound, weight)
    batch = sum_or_count(batch_of, block.rows)
    return RowLosses(
        loss,
        1.0 if share is None else share,
        weight,
        loss,
        block.rows,
        batch,
        is_ratio=share is not None,
        has_divisor=share is not None,
        batch_of=batch_of,
        weights=weights,
    )


def _sets(bound: BoundLoss, block: Block, alone: bool) -> RowLosses:
    weight = block.plain.get("sample_weight")
    weights = None if weight is None else ExactSum.of(weight)
    read = len(next(iter(block.arrays.values())))
    entries = tuple(_entries(bound, block, slice(None)))
    whole = _merged(bound, entries)
    if not alone:
        nothing = np.empty(0)
        left_out = 0 if weight is None else int(np.count_nonzero(weight == 0.0))
        return RowLosses(
            nothing,
            1.0,
            None,
            nothing,
            read,
            ExactSum(),
            ignored=left_out,
            statistics=whole,
            entries=entries,
            weights=weights,
        )
    if block.groups is None:
        loss = _alone(bound, block, np.arange(read + 1), weighted=False)
        return RowLosses(
            loss, 1.0, weight, loss, read, ExactSum(), statistics=whole, weights=weights
        )
    loss = _alone(bound, block, block.groups, weighted=True)
    share: Array | float = 1.0
    if weight is not None:
        # A group of rows that weigh nothing does not count.
        share = (np.add.reduceat(weight, block.groups[:-1]) > 0.0).astype(np.float64)
        loss = weigh(loss, share)
    return RowLosses(loss, share, None, loss, read, ExactSum(), statistics=whole, weights=weights)


def _alone(bound: BoundLoss, block: Block, bounds: NDArray[np.int64], *, weighted: bool) -> Array:
    """The loss of each run of rows as a set of its own."""
    return np.array(
        [
            bound.finish(_merged(bound, _entries(bound, block, slice(start, stop), weighted)))
            for start, stop in pairwise(bounds)
        ]
    )


def _entries(
    bound: BoundLoss, block: Block, rows: slice, weighted: bool = True
) -> Iterator[Entries]:
    """The entries of some rows; a row that stands alone is weighed later."""
    some = {name: x[rows] for name, x in block.arrays.items()}
    for which, arrays in _dense(some):
        weight = arrays.pop("sample_weight", None)
        arrays |= block.constants
        roles = [arrays.get(role.name) for role in bound.loss.roles]
        yield Entries(which, bound.entries(roles), weight if weighted else None)


def _merged(bound: BoundLoss, entries: Iterable[Entries]) -> tuple[Statistic, ...]:
    merged: tuple[Statistic, ...] = ()
    for some in entries:
        part = bound.gather_entries(some.values, some.weight)
        for mine, theirs in zip(merged, part, strict=bool(merged)):
            mine.merge(theirs)
        merged = merged or part
    return merged
