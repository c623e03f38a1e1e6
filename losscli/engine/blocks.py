"""Rows as they were read become a block: in the kernel's shape, and checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import RoleInput, Rows
from losscli.domain import Array, LengthDomain
from losscli.engine.plan import Block, Plan
from losscli.errors import DataError
from losscli.ragged import Ragged
from losscli.shapes import Fit


def arrange(plan: Plan, read: Mapping[str, Rows], start: int, rows: int) -> Block:
    """The block of the ``rows`` rows from ``start`` on.

    Raises:
        DataError: a value is outside its domain, lists that belong together differ in length, or
            the rows of a group differ in what is one value for the group.
    """
    has_lists = any(fit.domain.is_list for fit in plan.fits.values())
    arrays: dict[str, Rows] = {}
    groups = None
    in_groups: dict[str, Ragged] = {}
    for name, fit in plan.fits.items():
        if name not in read:
            continue
        values, source = read[name], plan.inputs.roles[name]
        if not isinstance(values, Ragged):
            arrays[name] = _checked(fit.conform(values), fit, source, start)
            continue
        flat = _flat(values, fit)
        _check_lists(flat, values, fit, source, start)
        if fit.domain.is_list:
            arrays[name] = Ragged(flat, values.offsets)
        elif has_lists:
            arrays[name] = _one_a_group(flat, values, source, start)
        else:
            arrays[name], groups = flat, values.offsets
            in_groups[name] = values
    _check_pairs(plan, in_groups, start)
    _check_lengths(plan, arrays, start)
    codes = _coded(plan, read, start)
    return Block(start, rows, arrays, plan.inputs.constants, groups, codes)


def _coded(plan: Plan, read: Mapping[str, Rows], start: int) -> dict[str, Array]:
    """The codes of all columns; of several columns with the same labels, the first one's."""
    codes: dict[str, Array] = {}
    first: dict[int, str] = {}
    for name, labels in plan.inputs.labels.items():
        if name not in read:
            continue
        found = _codes(plan, name, read[name], start)
        same = first.setdefault(id(labels), name)
        if same == name:
            codes[name] = found
        else:
            _check_alike(plan, (same, name), (codes[same], found), start)
    return codes


def _check_alike(
    plan: Plan, names: tuple[str, str], codes: tuple[Array, Array], start: int
) -> None:
    """Do two columns that should be the same say the same?"""
    differs = np.flatnonzero(codes[0] != codes[1])
    if not differs.size:
        return
    labels = plan.inputs.labels[names[0]]
    pairs = np.stack(codes)[:, differs].T
    apart = {pair for pair in map(tuple, np.unique(pairs, axis=0)) if not labels.alike(*pair)}
    if not apart:
        return
    at = next(int(i) for i, pair in zip(differs, pairs, strict=True) if tuple(pair) in apart)
    source, other = (plan.inputs.coded[name] for name in reversed(names))
    row = start + at if source.bounds is None else int(source.bounds[start + at])
    raise DataError(
        f"{labels.show(codes[1][at])} stands where {other.path or 'the data frame'} has "
        f"{labels.show(codes[0][at])}",
        path=source.path or source.role,
        column=source.column_at(()),
        row=row + 1,
        hint="are both files in the same order? --on COLUMN pairs rows by key; by=FILE says whose "
        f"{labels.column} counts",
    )


def _codes(plan: Plan, name: str, values: Rows, start: int) -> Array:
    """A code for each row; a group has one."""
    if not isinstance(values, Ragged):
        return values
    first = values.values[values.offsets[:-1]]
    differs = values.values != np.repeat(first, values.lengths)
    if differs.any():
        at = int(differs.argmax())
        labels, source = plan.inputs.labels[name], plan.inputs.coded[name]
        before = first[np.searchsorted(values.offsets, at, side="right") - 1]
        raise source.fault(
            f"{labels.show(values.values[at])} in a group that began with {labels.show(before)}",
            _row_of(source, values, start, at),
            hint=f"a group belongs to one {labels.column}, so all its rows need the same value",
        )
    return first


def _flat(values: Ragged, fit: Fit) -> Array:
    """The rows of all lists, each in the shape that the role has in the kernel."""
    inner = fit.shape[1:] if fit.domain.is_list else fit.shape
    order = "C" if fit.domain.is_list else fit.order
    shaped = values.values.reshape(len(values.values), *inner)
    return np.asarray(shaped, np.float64, order=order)


def _checked(x: Array, fit: Fit, source: RoleInput, start: int) -> Array:
    bad = fit.domain.first_bad(x)
    if bad is not None:
        raise _outside(x, bad, fit, source, start + bad[0])
    return x


def _check_lists(flat: Array, values: Ragged, fit: Fit, source: RoleInput, start: int) -> None:
    bad = fit.domain.first_bad(flat)
    if bad is not None:
        raise _outside(flat, bad, fit, source, _row_of(source, values, start, bad[0]))


def _row_of(source: RoleInput, values: Ragged, start: int, at: int) -> int:
    """The row, from 0, that holds element ``at`` of the lists."""
    if source.bounds is not None:
        return int(source.bounds[start]) + at
    return start + int(np.searchsorted(values.offsets, at, side="right")) - 1


def _first_row(source: RoleInput, row: int) -> int:
    """This row, or the first of this group."""
    return row if source.bounds is None else int(source.bounds[row])


def _outside(x: Array, bad: tuple[int, ...], fit: Fit, source: RoleInput, row: int) -> DataError:
    return source.fault(
        f"{np.format_float_positional(x[bad], trim='-')} is not {fit.domain.meaning}",
        row,
        index=bad[1:],
        hint=fit.domain.hint,
    )


def _one_a_group(flat: Array, values: Ragged, source: RoleInput, start: int) -> Array:
    first = flat[values.offsets[:-1]]
    differs = flat != np.repeat(first, values.lengths, axis=0)
    if differs.any():
        at = int(np.argwhere(differs)[0][0])
        raise source.fault(
            f"{source.role} is one value for a group, but differs within one",
            _row_of(source, values, start, at),
            hint="repeat the value in all rows of the group",
        )
    return first


def _check_pairs(plan: Plan, in_groups: Mapping[str, Ragged], start: int) -> None:
    """The rows of a group pair by position, so every role has as many."""
    for name, values in in_groups.items():
        first = next(iter(in_groups))
        lengths, expected = values.lengths, in_groups[first].lengths
        if not np.array_equal(lengths, expected):
            at = int((lengths != expected).argmax())
            raise _different_lengths(plan, (first, name), (expected[at], lengths[at]), start + at)


def _check_lengths(plan: Plan, arrays: Mapping[str, Rows], start: int) -> None:
    """Roles with the same axis of items have as many items, row by row, and counts no more."""
    seen: dict[str, tuple[str, NDArray[np.int64]]] = {}
    for name, x in arrays.items():
        fit = plan.fits[name]
        if not fit.domain.is_list:
            continue
        lengths = x.lengths if isinstance(x, Ragged) else np.full(len(x), x.shape[1])
        axis = fit.domain.axes[1]
        other, expected = seen.setdefault(axis, (name, lengths))
        if not np.array_equal(lengths, expected):
            at = int((lengths != expected).argmax())
            raise _different_lengths(plan, (other, name), (expected[at], lengths[at]), start + at)
    for name, x in arrays.items():
        domain = plan.fits[name].domain
        if isinstance(domain, LengthDomain) and isinstance(x, np.ndarray):
            whole, lengths = seen[domain.counts]
            beyond = np.flatnonzero(x > lengths)
            if beyond.size:
                at = int(beyond[0])
                raise _too_long(
                    plan.inputs.roles[name], x[at], f"{whole} has {lengths[at]}", start + at
                )


def _too_long(source: RoleInput, count: float, has: str, row: int) -> DataError:
    return source.fault(
        f"{count:g} are to count, but {has}",
        _first_row(source, row),
        hint="a length is how many entries of a padded row count",
    )


def _different_lengths(
    plan: Plan, names: tuple[str, str], lengths: tuple[int, int], row: int
) -> DataError:
    source = plan.inputs.roles[names[1]]
    groups = plan.inputs.groups
    where = f" in group {groups.key(row)}" if groups is not None else ""
    noun = "items" if groups is None else "rows"
    return source.fault(
        f"{names[1]} has {lengths[1]} {noun}{where}, {names[0]} has {lengths[0]}",
        _first_row(source, row),
        hint="each needs one of the other",
    )
