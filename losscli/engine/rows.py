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
    ``batch`` is the sum of ``batch_of``, times the weight where there is one. ``entries`` are what
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
    batch = sum_or_count(1.0 if weight is None else weight, len(loss))
    is_ratio, given = elements.ndim > 1, divisor is not None
    if block.groups is None:
        return RowLosses(loss, share, weight, elements, block.rows, batch, is_ratio, given)
    read = len(loss)
    if weight is not None:
        loss, share = weigh(loss, weight), weight * share
    starts = block.groups[:-1]
    shares = np.full(read, share) if isinstance(share, float) else share
    loss, share = np.add.reduceat(loss, starts), np.add.reduceat(shares, starts)
    batch_of = np.diff(block.groups) if weight is None else np.add.reduceat(weight, starts)
    if block.of_elements:
        # What was read are the rows, and each has one weight.
        read = block.rows
        batch_of = np.ones(read) if weight is None else weight[starts]
        batch = ExactSum.of(batch_of)
    return RowLosses(
        loss,
        share,
        None,
        elements,
        read,
        batch,
        is_ratio=True,
        has_divisor=given,
        batch_of=batch_of.astype(np.float64),
    )


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
    batch = sum_or_count(1.0 if weight is None else weight, block.rows)
    if share is None:
        return RowLosses(loss, 1.0, weight, loss, block.rows, batch)
    return RowLosses(loss, share, weight, loss, block.rows, batch, True, True)


def _sets(bound: BoundLoss, block: Block, alone: bool) -> RowLosses:
    weight = block.plain.get("sample_weight")
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
        )
    if block.groups is None:
        loss = _alone(bound, block, np.arange(read + 1), weighted=False)
        return RowLosses(loss, 1.0, weight, loss, read, ExactSum(), statistics=whole)
    loss = _alone(bound, block, block.groups, weighted=True)
    share: Array | float = 1.0
    if weight is not None:
        # A group of rows that weigh nothing does not count.
        share = (np.add.reduceat(weight, block.groups[:-1]) > 0.0).astype(np.float64)
        loss = weigh(loss, share)
    return RowLosses(loss, share, None, loss, read, ExactSum(), statistics=whole)


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
