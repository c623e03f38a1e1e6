"""Rows as they were read become a block: in the kernel's shape, and checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import RoleInput, Rows
from losscli.domain import Array, LengthDomain
from losscli.engine.elements import are_elementwise, split, without_gaps
from losscli.engine.gaps import Gaps
from losscli.engine.labels import as_written, convert
from losscli.engine.outside import outside
from losscli.engine.plan import Block, Plan
from losscli.errors import DataError
from losscli.ragged import Ragged
from losscli.shapes import Fit


def arrange(plan: Plan, read: Mapping[str, Rows], gaps: Gaps) -> Block:
    """The block of the rows that were read; ``gaps`` says where they stood.

    Raises:
        DataError: a value is outside its domain, lists that belong together differ in length, or
            the rows of a group differ in what is one value for the group.
    """
    if are_elementwise(plan):
        lists = {n: x for n, x in read.items() if n in plan.fits and isinstance(x, Ragged)}
        _check_pairs(plan, lists, gaps)
        elements, bounds = split(plan, read, gaps)
        return Block(
            gaps.start, gaps.count, elements, plan.inputs.constants, gaps, bounds,
            _coded(plan, read, gaps), of_elements=True,
        )  # fmt: skip
    if plan.inputs.missing == "ignore-elements" and plan.inputs.groups is None:
        read = without_gaps(plan, read, gaps)
    has_lists = any(fit.domain.is_list for fit in plan.fits.values())
    arrays: dict[str, Rows] = {}
    groups = None
    in_groups: dict[str, Ragged] = {}
    for name, fit in plan.fits.items():
        if name not in read:
            continue
        values, source = read[name], plan.inputs.roles[name]
        if not isinstance(values, Ragged):
            arrays[name] = _checked(fit.conform(values), fit, source, gaps)
            continue
        flat = _check_lists(_flat(values, fit), values, fit, source, gaps)
        if fit.domain.is_list:
            arrays[name] = Ragged(flat, values.offsets)
        elif has_lists:
            arrays[name] = _one_a_group(flat, values, source, gaps)
        else:
            arrays[name], groups = flat, values.offsets
            in_groups[name] = values
    _check_pairs(plan, in_groups, gaps)
    _check_lengths(plan, arrays, gaps)
    codes = _coded(plan, read, gaps)
    return Block(gaps.start, gaps.count, arrays, plan.inputs.constants, gaps, groups, codes)


def _coded(plan: Plan, read: Mapping[str, Rows], gaps: Gaps) -> dict[str, Array]:
    """The codes of all columns; of several columns with the same labels, the first one's."""
    codes: dict[str, Array] = {}
    first: dict[int, str] = {}
    for name, labels in plan.inputs.labels.items():
        if name not in read:
            continue
        found = _codes(plan, name, read[name], gaps)
        same = first.setdefault(id(labels), name)
        if same == name:
            codes[name] = found
        else:
            _check_alike(plan, (same, name), (codes[same], found), gaps)
    return codes


def _check_alike(
    plan: Plan, names: tuple[str, str], codes: tuple[Array, Array], gaps: Gaps
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
    row = gaps.row(source, at)
    raise source.fault(
        f"{labels.show(codes[1][at])} stands where {other.file_of(row, 'the data frame')} has "
        f"{labels.show(codes[0][at])}",
        row,
        hint="are both files in the same order? --on COLUMN pairs rows by key; by=FILE says whose "
        f"{labels.column} counts",
        code="LC113",
    )


def _codes(plan: Plan, name: str, values: Rows, gaps: Gaps) -> Array:
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
            gaps.row_in(source, values, at),
            hint=f"a group belongs to one {labels.column}, so all its rows need the same value",
            code="LC114",
        )
    return first


def _flat(values: Ragged, fit: Fit) -> Array:
    """The rows of all lists, each in the shape that the role has in the kernel."""
    inner = fit.shape[1:] if fit.domain.is_list else fit.shape
    order = "C" if fit.domain.is_list else fit.order
    shaped = values.values.reshape(len(values.values), *inner)
    return np.asarray(shaped, np.float64, order=order)


def _checked(x: Array, fit: Fit, source: RoleInput, gaps: Gaps) -> Array:
    domain = as_written(fit.domain, fit.labels) if fit.labels else fit.domain
    bad = domain.first_bad(x)
    if bad is not None:
        raise outside(float(x[bad]), domain, source, gaps.row(source, bad[0]), bad[1:])
    return convert(x, fit.domain, fit.labels) if fit.labels else x


def _check_lists(flat: Array, values: Ragged, fit: Fit, source: RoleInput, gaps: Gaps) -> Array:
    domain = as_written(fit.domain, fit.labels) if fit.labels else fit.domain
    bad = domain.first_bad(flat)
    if bad is not None:
        row = gaps.row_in(source, values, bad[0])
        raise outside(float(flat[bad]), domain, source, row, bad[1:])
    return convert(flat, fit.domain, fit.labels) if fit.labels else flat


def _one_a_group(flat: Array, values: Ragged, source: RoleInput, gaps: Gaps) -> Array:
    first = flat[values.offsets[:-1]]
    differs = flat != np.repeat(first, values.lengths, axis=0)
    if differs.any():
        at = int(np.argwhere(differs)[0][0])
        raise source.fault(
            f"{source.role} is one value for a group, but differs within one",
            gaps.row_in(source, values, at),
            hint="repeat the value in all rows of the group",
            code="LC114",
        )
    return first


def _check_pairs(plan: Plan, in_groups: Mapping[str, Ragged], gaps: Gaps) -> None:
    """The rows of a group pair by position, so every role has as many."""
    for name, values in in_groups.items():
        first = next(iter(in_groups))
        lengths, expected = values.lengths, in_groups[first].lengths
        if not np.array_equal(lengths, expected):
            at = int((lengths != expected).argmax())
            raise _different_lengths(plan, (first, name), (expected[at], lengths[at]), gaps, at)


def _check_lengths(plan: Plan, arrays: Mapping[str, Rows], gaps: Gaps) -> None:
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
            raise _different_lengths(plan, (other, name), (expected[at], lengths[at]), gaps, at)
    for name, x in arrays.items():
        domain = plan.fits[name].domain
        if isinstance(domain, LengthDomain) and isinstance(x, np.ndarray):
            whole, lengths = seen[domain.counts]
            beyond = np.flatnonzero(x > lengths)
            if beyond.size:
                at = int(beyond[0])
                source = plan.inputs.roles[name]
                row = gaps.row(source, at)
                raise _too_long(source, x[at], f"{whole} has {lengths[at]}", row)


def _too_long(source: RoleInput, count: float, has: str, row: int) -> DataError:
    return source.fault(
        f"{count:g} are to count, but {has}",
        row,
        hint="a length is how many entries of a padded row count",
        code="LC129",
    )


def _different_lengths(
    plan: Plan, names: tuple[str, str], lengths: tuple[int, int], gaps: Gaps, at: int
) -> DataError:
    source = plan.inputs.roles[names[1]]
    groups = plan.inputs.groups
    where, noun, code = "", "items", "LC129"
    if groups is not None:
        where, noun, code = f" in group {groups.key(gaps.sample(at))}", "rows", "LC114"
    return source.fault(
        f"{names[1]} has {lengths[1]} {noun}{where}, {names[0]} has {lengths[0]}",
        gaps.row(source, at),
        hint="each needs one of the other",
        code=code,
    )
