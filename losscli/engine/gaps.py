"""Rows that lack a value: they are taken out of what was read, and keep their row numbers.

What is left is evaluated as if it had been alone; so the numbers are those of the data without
these rows, and no kernel ever sees a value that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import Inputs, RoleInput, Rows
from losscli.domain import Array
from losscli.ragged import Ragged

Places: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Where the samples that are there stood among those that were read.

    Attributes:
        start: the first of the samples that were read.
        rows: how many samples were read.
        missing_rows: how many rows of the files lack a value; a group is a sample of several.
        there: which samples are left, ascending; None if all.
        elements: how many elements of rows are missing that are left out one by one.
        in_groups: which rows of a feed are left of its groups, ascending; None if all.
    """

    start: int
    rows: int
    missing_rows: int = 0
    there: Places | None = None
    in_groups: Places | None = None
    elements: int = 0

    @property
    def count(self) -> int:
        """How many samples are left."""
        return self.rows if self.there is None else len(self.there)

    def sample(self, i: int) -> int:
        """Which sample of the data is the ``i``-th that is left."""
        return self.start + (i if self.there is None else int(self.there[i]))

    def row(self, source: RoleInput, i: int) -> int:
        """The row of the feed that is the ``i``-th sample left, or the first one of this group."""
        row = self.sample(i)
        return row if source.bounds is None else int(source.bounds[row])

    def row_in(self, source: RoleInput, values: Ragged, at: int) -> int:
        """The row of the feed that holds element ``at`` of the lists that are left."""
        if source.bounds is None:
            row = int(np.searchsorted(values.offsets, at, side="right")) - 1
            return self.sample(row)
        if self.in_groups is not None:
            return int(self.in_groups[at])
        return int(source.bounds[self.start]) + at

    def spread(self, values: Array, fill: float) -> Array:
        """The values of the samples left, in the places of all that were read."""
        if self.there is None:
            return values
        spread = np.full((self.rows, *values.shape[1:]), fill)
        spread[self.there] = values
        return spread

    @staticmethod
    def joined(parts: Sequence[Gaps]) -> Gaps:
        """The gaps of several reads, one after the other."""
        rows = sum(part.rows for part in parts)
        missing = sum(part.missing_rows for part in parts)
        there: list[Places] = []
        in_groups = [part.in_groups for part in parts if part.in_groups is not None]
        start = 0
        for part in parts:
            places = np.arange(part.rows) if part.there is None else part.there
            there.append(places + start)
            start += part.rows
        is_whole = all(part.there is None for part in parts)
        return Gaps(
            parts[0].start,
            rows,
            missing,
            None if is_whole else np.concatenate(there),
            np.concatenate(in_groups) if in_groups else None,
            sum(part.elements for part in parts),
        )


def leave_out(
    read: Mapping[str, Rows], start: int, rows: int, inputs: Inputs
) -> tuple[Mapping[str, Rows], Gaps]:
    """Of ``rows`` samples from ``start`` on those that have a value in every role.

    A value that is missing is NaN. What is no role of the loss, such as a column to slice by, may
    be missing.
    """
    if inputs.missing == "error":
        return read, Gaps(start, rows)
    roles = [name for name in read if name not in inputs.labels and name not in inputs.ids]
    if inputs.groups is not None:
        first = next(feed.roles[0] for feed in inputs.feeds).bounds
        return _leave_out_of_groups(read, roles, Gaps(start, rows), first)
    by_element = inputs.missing == "ignore-elements"
    counted: Sequence[str] = ()
    if by_element:
        read, counted = _spread_gaps(read, roles)
    gone = np.zeros(rows, np.bool_)
    for name in roles:
        gone |= _lacks_all(read[name]) if by_element else _lacks(read[name])
    missing = int(np.count_nonzero(gone))
    there = None
    if missing:
        there = np.flatnonzero(~gone)
        read = {name: _taken(x, there) for name, x in read.items()}
    elements = sum(int(np.count_nonzero(np.isnan(_values(read[name])))) for name in counted)
    return read, Gaps(start, rows, missing, there, elements=elements)


def _spread_gaps(
    read: Mapping[str, Rows], roles: Sequence[str]
) -> tuple[Mapping[str, Rows], Sequence[str]]:
    """An element that is missing in one role is missing in all of the same shape.

    So all losses that are evaluated at once rest on the same elements. The second is the names of
    roles that show how many are missing, one of each shape.
    """
    shared = _trimmed({name: read[name] for name in roles})
    alike: dict[object, list[str]] = {}
    for name, x in shared.items():
        if isinstance(x, Ragged):
            alike.setdefault((x.values.shape, x.offsets.tobytes()), []).append(name)
        elif x.ndim > 1:
            alike.setdefault(x.shape, []).append(name)
    counted = []
    for names in alike.values():
        gone = np.zeros(_values(shared[names[0]]).shape, np.bool_)
        for name in names:
            gone |= np.isnan(_values(shared[name]))
        if not gone.any():
            continue
        counted.append(names[0])
        for name in names:
            x, values = shared[name], np.where(gone, np.nan, _values(shared[name]))
            shared[name] = Ragged(values, x.offsets) if isinstance(x, Ragged) else values
    return {**read, **shared}, counted


def _trimmed(read: dict[str, Rows]) -> dict[str, Rows]:
    """Lists that differ in length from those of another role only by what is missing at the end."""
    lists = {name: x for name, x in read.items() if isinstance(x, Ragged)}
    if len(lists) < 2:
        return read
    shortest = np.minimum.reduce([x.lengths for x in lists.values()])
    for name, x in lists.items():
        if np.array_equal(x.lengths, shortest):
            continue
        place = np.arange(len(x.values)) - np.repeat(x.offsets[:-1], x.lengths)
        beyond = place >= np.repeat(shortest, x.lengths)
        is_there = beyond & ~_lost(x.values)
        # A longer list that holds something at the end is not the same list.
        rows = np.repeat(np.arange(len(x)), x.lengths)
        longer = np.bincount(rows[is_there], minlength=len(x)) > 0
        kept = ~beyond | longer[rows]
        bounds = np.concatenate([[0], np.cumsum(kept)])[x.offsets].astype(np.int64)
        read[name] = Ragged(x.values[kept], bounds)
    return read


def _values(x: Rows) -> Array:
    return x.values if isinstance(x, Ragged) else x


def _lost(values: Array) -> NDArray[np.bool_]:
    return _any(np.isnan(values))


def _lacks_all(x: Rows) -> NDArray[np.bool_]:
    """Which rows have no element at all, or lack their only one."""
    if isinstance(x, Ragged):
        has = np.concatenate([[0], np.cumsum(~_lost(x.values))])[x.offsets]
        return np.asarray((np.diff(has) == 0) & (x.lengths > 0))
    wide = int(np.prod(x.shape[1:]))
    return np.asarray(np.isnan(x).reshape(len(x), wide).all(axis=1)) if wide else _lacks(x)


def _leave_out_of_groups(
    read: Mapping[str, Rows], roles: Sequence[str], whole: Gaps, bounds: NDArray[np.int64] | None
) -> tuple[Mapping[str, Rows], Gaps]:
    """The rows of groups one by one: a group that lost some is smaller."""
    lists = {name: x for name, x in read.items() if isinstance(x, Ragged)}
    first = next(iter(lists.values()))
    if any(not np.array_equal(x.offsets, first.offsets) for x in lists.values()):
        # Whoever arranges the block says which groups differ.
        return read, whole
    gone = np.zeros(len(first.values), np.bool_)
    for name in roles:
        gone |= _any(np.isnan(lists[name].values))
    missing = int(np.count_nonzero(gone))
    left = np.flatnonzero(~gone)
    before = int(bounds[whole.start]) if bounds is not None else 0
    if not missing:
        return read, replace(whole, in_groups=left + before)
    kept = np.concatenate([[0], np.cumsum(~gone)])[first.offsets]
    there = np.flatnonzero(np.diff(kept))
    offsets = np.concatenate([[0], kept[1:][there]]).astype(np.int64)
    arrays = {name: Ragged(x.values[left], offsets) for name, x in lists.items()}
    is_whole = len(there) == whole.rows
    return arrays, Gaps(
        whole.start, whole.rows, missing, None if is_whole else there, left + before
    )


def _lacks(x: Rows) -> NDArray[np.bool_]:
    """Which rows lack a value, or an element of their list."""
    if not isinstance(x, Ragged):
        return _any(np.isnan(x))
    gaps = np.concatenate([[0], np.cumsum(_any(np.isnan(x.values)))])[x.offsets]
    lacks: NDArray[np.bool_] = np.diff(gaps) > 0
    return lacks


def _any(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wide = int(np.prod(found.shape[1:]))
    return np.asarray(found.reshape(len(found), wide).any(axis=1))


def _taken(x: Rows, places: Places) -> Rows:
    return x.take(places) if isinstance(x, Ragged) else x[places]
