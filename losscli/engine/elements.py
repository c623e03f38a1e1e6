"""Single elements that are missing: a row becomes the list of those it has.

Then there is nothing to mask. What is left of a row goes to the kernel as rows of a group do, and
the loss of the row is the mean over its own elements. That is right for losses that look at each
element by itself, and no other is evaluated so.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import Rows
from losscli.domain import Array
from losscli.engine.gaps import Gaps
from losscli.engine.outside import outside
from losscli.engine.plan import Plan
from losscli.errors import DataError
from losscli.ragged import Ragged
from losscli.shapes import Fit

_WHOLE = "--missing drop leaves the whole row out"


def are_elementwise(plan: Plan) -> bool:
    """Are rows several elements, in every role the same ones?"""
    if plan.inputs.missing != "ignore-elements" or plan.inputs.groups is not None:
        return False
    fits = [fit for name, fit in plan.fits.items() if name not in plan.inputs.constants]
    wide = {fit.shape for fit in fits if fit.domain.axes == ("N", "...") and fit.shape}
    narrow = all(fit.domain.axes in (("N", "..."), ("N", "*"), ("N",)) for fit in fits)
    constant = all(prod(x.shape) == 1 for x in plan.inputs.constants.values())
    return len(wide) == 1 and narrow and constant


def split(
    plan: Plan, read: Mapping[str, Rows], gaps: Gaps
) -> tuple[dict[str, Array], NDArray[np.int64]]:
    """The elements of each row that are there, role by role, and where lists of them begin.

    Raises:
        DataError: a value that is there is outside its domain.
    """
    names = [name for name in plan.fits if name in read]
    wide = [name for name in names if plan.fits[name].shape not in ((), (1,))] or names[:1]
    first = read[wide[0]]
    if isinstance(first, Ragged):
        offsets, there = first.offsets, np.ones(len(first.values), np.bool_)
        for name in wide:
            there &= ~np.isnan(_lists(read[name]).values).reshape(len(there))
        lengths = first.lengths
    else:
        lengths = np.full(len(first), prod(first.shape[1:]))
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        there = np.ones(int(offsets[-1]), np.bool_)
        for name in wide:
            there &= ~np.isnan(np.asarray(read[name])).reshape(-1)
    bounds = np.concatenate([[0], np.cumsum(there)])[offsets].astype(np.int64)
    elements: dict[str, Array] = {}
    for name in names:
        x = read[name]
        flat = x.values if isinstance(x, Ragged) else np.asarray(x)
        flat = flat.reshape(-1) if name in wide else np.repeat(flat.reshape(-1), lengths)
        _check(plan, name, flat, there, offsets, gaps)
        elements[name] = flat[there]
    return elements, bounds


def _lists(x: Rows) -> Ragged:
    if isinstance(x, Ragged):
        return x
    raise DataError("some roles hold lists, others single values", hint=_WHOLE, code="LC120")


def _check(
    plan: Plan,
    name: str,
    flat: Array,
    there: NDArray[np.bool_],
    offsets: NDArray[np.int64],
    gaps: Gaps,
) -> None:
    """Every value that is there has to be one that the role may have."""
    fit, source = plan.fits[name], plan.inputs.roles[name]
    bad = fit.domain.first_bad(flat[there])
    if bad is None:
        return
    at = int(np.flatnonzero(there)[bad[0]])
    row = int(np.searchsorted(offsets, at, side="right")) - 1
    index = (at - int(offsets[row]),)
    raise outside(float(flat[at]), fit.domain, source, gaps.row(source, row), index)


def without_gaps(plan: Plan, read: Mapping[str, Rows], gaps: Gaps) -> Mapping[str, Rows]:
    """The lists of a list loss without the items that one of them lacks.

    Raises:
        DataError: something is missing that is no item of a list.
    """
    lists = {
        name: _as_lists(read[name])
        for name, fit in plan.fits.items()
        if name in read and fit.domain.axes[:2] == ("N", "L")
    }
    there: NDArray[np.bool_] | None = None
    for x in lists.values():
        found = np.asarray(~np.isnan(x.values).reshape(len(x.values), -1).any(axis=1))
        if there is not None and len(there) != len(found):
            return read
        there = found if there is None else there & found
    if there is not None and not there.all():
        before = np.concatenate([[0], np.cumsum(there)])
        read = {
            **read,
            **{n: Ragged(x.values[there], before[x.offsets]) for n, x in lists.items()},
        }
    for name, fit in plan.fits.items():
        if name in read:
            _reject_gaps(plan, name, fit, read[name], gaps)
    return read


def _as_lists(x: Rows) -> Ragged:
    if isinstance(x, Ragged):
        return x
    return Ragged(x.reshape(-1, *x.shape[2:]), np.arange(len(x) + 1) * x.shape[1])


def _reject_gaps(plan: Plan, name: str, fit: Fit, x: Rows, gaps: Gaps) -> None:
    values = x.values if isinstance(x, Ragged) else x
    lacks = np.asarray(np.isnan(values).reshape(len(values), -1).any(axis=1))
    if not lacks.any():
        return
    source, at = plan.inputs.roles[name], int(lacks.argmax())
    row = gaps.row_in(source, x, at) if isinstance(x, Ragged) else gaps.row(source, at)
    raise source.fault(
        f"a part of {name} is missing, and the loss takes its parts together",
        row,
        hint=_WHOLE,
        code="LC128",
    )
