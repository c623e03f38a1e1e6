"""Do the inputs fit the loss, and each other?

Settled once for a data set, before a row is read: the shape of a row decides, never its values.
Nothing is ever broadcast between roles: (N,) against (N, 1) are N pairs, (N, 3) against (N, 4) is an
error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from losscli.data.feed import Inputs
from losscli.domain import Array, Context, Domain
from losscli.errors import DataError, ParameterError, UsageError
from losscli.spec import BoundLoss, Role

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """One role as the kernel wants it: its domain and the shape and memory order of its rows."""

    role: str
    domain: Domain
    shape: Shape

    @property
    def order(self) -> Literal["C", "F"]:
        """Classes lie one after the other, so that sums over classes run along the rows."""
        return "F" if "C" in self.domain.axes else "C"

    def conform(self, rows: Array) -> Array:
        """These rows in the kernel's shape and in one memory order: equal rows give equal bits."""
        shaped = rows.reshape(rows.shape[0], *self.shape)
        return np.asarray(shaped, np.float64, order=self.order)


def fit(bound: BoundLoss, inputs: Inputs) -> dict[str, Fit]:
    """How each given role meets the loss.

    Raises:
        DataError: the shape of a role is not what the loss takes, or two roles disagree.
        ParameterError: a vector parameter does not have one value a class or column.
        UsageError: a required role is not given.
    """
    shapes = {name: source.shape for name, source in inputs.roles.items()}
    shapes |= {name: constant.shape[1:] for name, constant in inputs.constants.items()}
    given = [role for role in bound.loss.inputs if role.name in shapes]
    missing = [r.name for r in bound.loss.roles if not r.optional and r.name not in shapes]
    if missing:
        raise UsageError(f"{bound.name} needs {' and '.join(missing)}")
    logits = next((role for role in given if "C" in role.domain.axes), None)
    classes = _count_classes(bound, logits, shapes, inputs) if logits else 0
    extra: Shape | None = None
    fits: dict[str, Fit] = {}
    for role in given:
        shape = shapes[role.name]
        if classes and shape == (1,):
            shape = ()
        ndim = len(shape) + 1
        logits_ndim = len(shapes[logits.name]) + 1 if logits else 0
        domain = role.domain.resolve(Context(ndim, logits_ndim, classes, bound.params))
        if role.name in inputs.constants:
            fits[role.name] = Fit(role.name, domain, shape)
            continue
        want, extra = _expected(domain, shape, classes, extra, fits)
        if not _same_values(shape, want):
            raise _mismatch(bound, role, shapes[role.name], want, given[0], inputs)
        fits[role.name] = Fit(role.name, domain, want)
    _check_constants(bound, inputs, extra or ())
    _check_vectors(bound, classes, extra or ())
    return fits


def _count_classes(bound: BoundLoss, role: Role, shapes: Mapping[str, Shape], inputs: Inputs) -> int:
    shape = shapes[role.name]
    if len(shape) >= 1 and shape[0] >= 2:
        return shape[0]
    source = inputs.roles[role.name]
    raise DataError(
        f"{bound.name} needs {role.domain.meaning}; {role.name} has one value a row",
        path=source.path,
        column=source.columns[0] if source.columns else None,
        hint=f"give at least two columns, such as -c {role.name}='c_*'; "
        "for two classes with a single logit use bce-with-logits",
    )


def _expected(
    domain: Domain, shape: Shape, classes: int, extra: Shape | None, fits: Mapping[str, Fit]
) -> tuple[Shape, Shape | None]:
    """The shape of a row that the axes ask for, given the axes that earlier roles have settled."""
    match domain.axes:
        case ("N",):
            return (), extra
        case ("N", "D"):
            known = next((f.shape for f in fits.values() if f.domain.axes == domain.axes), None)
            return known if known is not None else shape or (0,), extra
        case ("N", "C", "..."):
            extra = shape[1:] if extra is None else extra
            return (classes, *extra), extra
        case _:
            extra = shape if extra is None else extra
            return extra, extra


def _same_values(shape: Shape, want: Shape) -> bool:
    """Equal but for axes of length one at the end."""
    return prod(shape) == prod(want) and _trimmed(shape) == _trimmed(want)


def _trimmed(shape: Shape) -> Shape:
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _mismatch(
    bound: BoundLoss, role: Role, shape: Shape, want: Shape, first: Role, inputs: Inputs
) -> DataError:
    source, other = inputs.roles[role.name], inputs.roles[first.name]
    if role.domain.axes == ("N", "D") and shape == ():
        problem = f"{bound.name} needs vectors: {role.name} has one number a row"
        hint = f"give all its columns, such as -c {role.name}='e_*', or a list column"
    else:
        problem = (
            f"{role.name} has rows of shape {_show(shape)}, but with {first.name} of shape "
            f"{_show(other.shape)} {bound.name} needs {_show(want)}"
        )
        hint = f"columns read: {first.name} = {_names(other.columns)}; " + (
            f"{role.name} = {_names(source.columns)}; choose others with -c {role.name}=NAME"
        )
    return DataError(problem, path=source.path, hint=hint)


def _show(shape: Shape) -> str:
    return f"({', '.join(['N', *map(str, shape)])})"


def _names(columns: tuple[str, ...]) -> str:
    shown = ", ".join(columns[:4]) or "an array"
    return shown + (f", ... ({len(columns)} columns)" if len(columns) > 4 else "")


def _check_constants(bound: BoundLoss, inputs: Inputs, extra: Shape) -> None:
    for name, constant in inputs.constants.items():
        try:
            fits_rows = np.broadcast_shapes(constant.shape[1:], extra) == extra
        except ValueError:
            fits_rows = False
        if not fits_rows:
            raise DataError(
                f"{name} of shape {constant.shape[1:]} does not fit {bound.name} on rows of shape "
                f"{extra}"
            )


def _check_vectors(bound: BoundLoss, classes: int, extra: Shape) -> None:
    for name, param in bound.loss.params.items():
        value = bound.params[name]
        if not isinstance(value, tuple):
            continue
        wanted = classes if param.size == "C" else (extra[0] if extra else 1)
        if len(value) != wanted:
            noun = "classes" if param.size == "C" else "columns"
            raise ParameterError(
                f"{bound.name}: {name} has {len(value)} values, but there are {wanted} {noun}",
                hint=f"give one value for each of the {noun}",
            )
