"""Do the roles of a loss fit together?

Settled from shapes alone, before a value is looked at, and the same for files and for arrays.
Nothing is ever broadcast between roles: (N,) against (N, 1) are N pairs, (N, 3) against (N, 4) is
an error. Only a weight that is *one for all rows* is broadcast, as in PyTorch, along the axes
behind the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array, Context, Domain, Role
from losscli.errors import DataError

# The shape of one row: () for a single number, (C,) for the logits of C classes.
RowShape: TypeAlias = tuple[int, ...]


class ShapeError(DataError):
    """The rows of ``role`` do not fit the loss, or those of another role."""

    def __init__(self, message: str, role: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.role = role


@dataclass(frozen=True, slots=True)
class Fit:
    """One role as the kernel wants it: its domain and the shape and memory order of its rows."""

    role: str
    domain: Domain
    shape: RowShape

    @property
    def order(self) -> Literal["C", "F"]:
        """Classes lie one after the other, so that sums over classes run along the rows."""
        return "F" if "C" in self.domain.axes else "C"

    def conform(self, rows: Array) -> Array:
        """These rows in the kernel's shape and in one memory order: equal rows give equal bits."""
        shaped = rows.reshape(rows.shape[0], *self.shape)
        return np.asarray(shaped, np.float64, order=self.order)


def fit(
    loss: str,
    roles: Sequence[Role],
    shapes: Mapping[str, RowShape],
    params: Mapping[str, Any],
    constants: Mapping[str, Array],
) -> dict[str, Fit]:
    """How each given role meets the loss.

    Args:
        loss: its name, for messages.
        roles: all it may take.
        shapes: the row shapes of those that are given row by row.
        params: its parameters, which some domains depend on.
        constants: roles given once for all rows, shape (1, ...).

    Raises:
        ShapeError: a role is not what the loss takes, or disagrees with an earlier one.
    """
    given = [role for role in roles if role.name in shapes]
    logits = next((role for role in given if "C" in role.domain.axes), None)
    classes = _count_classes(loss, logits, shapes[logits.name]) if logits else 0
    axes = _Axes(classes)
    fits: dict[str, Fit] = {}
    for role in given:
        shape = shapes[role.name]
        if classes > 1 and shape == (1,):
            shape = ()
        logits_ndim = len(shapes[logits.name]) + 1 if logits else 0
        domain = role.domain.resolve(Context(len(shape) + 1, logits_ndim, classes, params))
        want = axes.expected(domain, shape)
        if not _same_values(shape, want):
            raise _mismatch(loss, role, shape, want, given[0].name, shapes[given[0].name])
        fits[role.name] = Fit(role.name, domain, want)
    for name, constant in constants.items():
        domain = next(role.domain for role in roles if role.name == name)
        fits[name] = _fit_constant(loss, name, domain, constant, axes.extra or ())
    return fits


def vector_size(axis: str, fits: Mapping[str, Fit]) -> int:
    """How many values a vector parameter along ``axis`` has: ``C`` classes, or ``K`` columns."""
    first = next(iter(fits.values()))
    if axis == "C":
        return next(fit.shape[0] for fit in fits.values() if "C" in fit.domain.axes)
    return first.shape[-1] if first.shape else 1


@dataclass(slots=True)
class _Axes:
    """What earlier roles have said of the axes."""

    classes: int
    extra: RowShape | None = None
    components: RowShape | None = None

    def expected(self, domain: Domain, shape: RowShape) -> RowShape:
        """The row shape that the domain's axes ask for."""
        match domain.axes:
            case ("N",):
                return ()
            case ("N", "D"):
                if self.components is None:
                    self.components = shape if len(shape) == 1 else (0,)
                return self.components
            case ("N", "C", "..."):
                self.extra = shape[1:] if self.extra is None else self.extra
                return (self.classes, *self.extra)
            case _:
                self.extra = shape if self.extra is None else self.extra
                return self.extra


def _count_classes(loss: str, role: Role, shape: RowShape) -> int:
    if shape:
        return shape[0]
    raise ShapeError(
        f"{loss} needs {role.domain.meaning}; {role.name} has one value a row",
        role.name,
        hint=f"give one column for each class, such as -c {role.name}='class_*'; "
        "two classes with a single logit are bce-with-logits",
    )


def _same_values(shape: RowShape, want: RowShape) -> bool:
    """Equal but for axes of length one at the end."""
    return prod(shape) == prod(want) and _trimmed(shape) == _trimmed(want)


def _trimmed(shape: RowShape) -> RowShape:
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def fit_weight(role: str, weight: NDArray[Any], shape: RowShape) -> tuple[NDArray[Any], bool]:
    """An element weight as rows, or as one row for all, broadcast against ``shape`` as in PyTorch.

    (N,) and (N, 1) are the same N values, here as everywhere.

    Args:
        role: its name, for the message.
        weight: as it was given.
        shape: of the role that it weighs, rows included.

    Returns:
        The weight and whether it is one row for all, shape (1, ...).

    Raises:
        ShapeError: it does not broadcast.
    """
    if weight.shape[:1] == shape[:1] and _trimmed(weight.shape) == _trimmed(shape):
        return weight, False
    try:
        fits = np.broadcast_shapes(weight.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{role}: has shape {weight.shape}, which does not broadcast to {shape}",
            role,
            hint="to weigh rows, give it the shape (N, 1), or pass sample_weight",
        )
    padded = weight.reshape((1,) * (len(shape) - weight.ndim) + weight.shape)
    if padded.shape[0] == 1:
        return padded, True
    return np.broadcast_to(padded, shape), False


def _mismatch(
    loss: str, role: Role, shape: RowShape, want: RowShape, first: str, first_shape: RowShape
) -> ShapeError:
    if role.domain.axes == ("N", "D") and len(shape) != 1:
        return ShapeError(
            f"{loss} needs vectors; {role.name} has rows of shape {_show(shape)}",
            role.name,
            hint=f"give all its columns, such as -c {role.name}='e_*', or one list column",
        )
    return ShapeError(
        f"{role.name} has shape {_show(shape)}, but beside {first} of shape {_show(first_shape)} "
        f"{loss} needs {_show(want)}",
        role.name,
        hint=f"choose the columns with -c {first}=NAME and -c {role.name}=NAME; "
        "nothing is broadcast",
    )


def _fit_constant(loss: str, name: str, domain: Domain, constant: Array, extra: RowShape) -> Fit:
    shape = constant.shape[1:]
    try:
        fits_rows = np.broadcast_shapes(shape, extra) == extra
    except ValueError:
        fits_rows = False
    if not fits_rows:
        raise ShapeError(f"{loss}: {name} of shape {shape} does not fit rows of {extra}", name)
    return Fit(name, domain, shape)


def _show(shape: RowShape) -> str:
    return f"({', '.join(['N', *map(str, shape)])})"
