"""Do the roles of a loss fit together?

Settled from shapes alone, before a value is looked at, and the same for files and for arrays.
Nothing is ever broadcast between roles: (N,) against (N, 1) are N pairs, (N, 3) against (N, 4) is
an error. Only a weight that is *one for all rows* is broadcast, as in PyTorch, along the axes
behind the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.domain import FURTHER, Array, Context, Domain, Role
from losscli.errors import DataError

# The shape of one row: () for a single number, (C,) for the logits of C classes, and (VARIES,) for
# a list, of which every row has its own length.
RowShape: TypeAlias = tuple[int, ...]
VARIES = -1


class ShapeError(DataError):
    """The rows of ``role`` do not fit the loss, or those of another role."""

    def __init__(self, message: str, role: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, code="LC120")
        self.role = role


@dataclass(frozen=True, slots=True)
class Fit:
    """One role as the kernel wants it: its domain and the shape and memory order of its rows.

    ``labels`` says how its labels are written in the data, if not as the domain has them.
    """

    role: str
    domain: Domain
    shape: RowShape
    labels: str = ""

    def length(self, axis: str) -> int:
        """How long this axis is; only a table has no axis of rows in front of its shape."""
        return self.shape[self.domain.axes.index(axis) - (self.domain.axes[0] == "N")]

    @property
    def order(self) -> Literal["C", "F"]:
        """Classes lie one after the other, so that sums over classes run along the rows."""
        return "F" if self.domain.axes[:2] == ("N", "C") else "C"

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
        constants: roles given once for all rows, shape (1, ...), and tables.

    Raises:
        ShapeError: a role is not what the loss takes, or disagrees with an earlier one.
    """
    given = [role for role in roles if role.name in shapes]
    for role in given:
        if 0 in shapes[role.name] and not role.domain.is_list:
            raise ShapeError(
                f"{role.name} has rows of shape {shapes[role.name]}, which hold no value", role.name
            )
    logits = next((role for role in given if "C" in role.domain.axes), None)
    axes = _Axes({})
    fits = _fit_tables(loss, roles, constants, axes)
    if logits is not None:
        axes.lengths.setdefault("C", _count_classes(loss, logits, shapes[logits.name]))
    classes = axes.lengths.get("C", 0)
    for role in given:
        shape = shapes[role.name]
        if classes > 1 and shape == (1,) and role.domain.named_axes == 1:
            shape = ()
        logits_ndim = len(shapes[logits.name]) + 1 if logits else 0
        domain = role.domain.resolve(
            Context(len(shape) + 1, logits_ndim, classes, params, axes.lengths)
        )
        want = axes.expected(domain, shape)
        if not _same_values(shape, want):
            raise _mismatch(loss, role, shape, want, given[0].name, shapes[given[0].name])
        fits[role.name] = Fit(role.name, domain, want)
    for name, constant in constants.items():
        if name in fits:
            continue
        domain = next(role.domain for role in roles if role.name == name)
        fits[name] = _fit_constant(loss, name, domain, constant, axes.extra or ())
    return fits


def vector_size(axis: str, fits: Mapping[str, Fit]) -> int:
    """How many values a vector parameter along ``axis`` has: ``C`` classes, or ``K`` columns."""
    first = next(iter(fits.values()))
    if axis == "C":
        return next(fit.length("C") for fit in fits.values() if "C" in fit.domain.axes)
    return first.shape[-1] if first.shape else 1


@dataclass(slots=True)
class _Axes:
    """What earlier roles have said of the axes."""

    lengths: dict[str, int]
    extra: RowShape | None = None

    def expected(self, domain: Domain, shape: RowShape) -> RowShape:
        """The row shape that the domain's axes ask for."""
        named = domain.named_axes - 1
        want = tuple(
            self._length(axis, shape[i] if i < len(shape) else None)
            for i, axis in enumerate(domain.axes[1 : 1 + named])
        )
        if domain.axes[-1] not in FURTHER:
            return want
        rest = shape[named:]
        if self.extra is None:
            self.extra = rest
        if domain.axes[-1] == "any" and not _same_values(rest, self.extra):
            return (*want, *rest)
        one_a_row = domain.axes[-1] == "*" and _trimmed(rest) == ()
        return (*want, *((1,) * len(self.extra) if one_a_row else self.extra))

    def _length(self, axis: str, given: int | None) -> int:
        if axis.isdigit():
            return int(axis)
        if given is None:
            # No row has this length, so that the role is refused.
            return self.lengths.get(axis, 0)
        bound = self.lengths.setdefault(axis, given)
        # Lists that vary are compared row by row.
        return given if VARIES in (given, bound) else bound


def _fit_tables(
    loss: str, roles: Sequence[Role], constants: Mapping[str, Array], axes: _Axes
) -> dict[str, Fit]:
    """Arrays that hold for the whole run: their lengths bind those of the rows."""
    fits = {}
    for role in roles:
        if role.is_table and role.name in constants:
            shape = _trimmed(constants[role.name].shape)
            names = role.domain.axes
            shape += (1,) * (len(names) - len(shape))
            want = tuple(axes.lengths.setdefault(a, n) for a, n in zip(names, shape, strict=False))
            if want != shape:
                hint = f"its axes are {', '.join(names)}: {role.domain.meaning}"
                message = f"{loss}: {role.name} has shape {constants[role.name].shape}, not {want}"
                raise ShapeError(message, role.name, hint=hint)
            fits[role.name] = Fit(role.name, role.domain, want)
    return fits


def _count_classes(loss: str, role: Role, shape: RowShape) -> int:
    at = role.domain.axes.index("C") - 1
    if at < len(shape):
        return shape[at]
    raise ShapeError(
        f"{loss} needs {role.domain.meaning}; {role.name} has one value a row",
        role.name,
        hint=f"give one column for each class, such as -c {role.name}='class_*'; "
        "a single logit or mask a row is for losses of yes or no, such as bce-with-logits and dice",
    )


def _same_values(shape: RowShape, want: RowShape) -> bool:
    """Equal but for axes of length one at the end."""
    return _trimmed(shape) == _trimmed(want)


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
    if role.domain.is_list and len(shape) < role.domain.named_axes - 1:
        return ShapeError(
            f"{loss} needs a list for each row; {role.name} has rows of shape {_show(shape)}",
            role.name,
            hint="--group COLUMN makes a list of the rows that belong together, --one-group of "
            "all; or give a list column, such as a Parquet file can hold",
        )
    if role.domain.axes == ("N", "D") and len(shape) != 1:
        return ShapeError(
            f"{loss} needs vectors; {role.name} has rows of shape {_show(shape)}",
            role.name,
            hint=f"give all its columns, such as -c {role.name}='e_*', or one list column",
        )
    if role.name == first:
        return ShapeError(
            f"{role.name} has shape {_show(shape)}, and {loss} needs {_show(want)}",
            role.name,
            hint=f"choose the columns with -c {first}=a,b,c",
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
    return f"({', '.join(['N', *('*' if n == VARIES else str(n) for n in shape)])})"
