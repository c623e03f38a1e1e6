"""How a user's loss is run, found out by trying it on the first rows.

A loss that returns an entry for each row is cut into blocks as ours are. One that returns a number
cannot be: a mean of the means of blocks is another number. If the mean (or the sum) of its values
on single rows is its value on all of them, each row is evaluated by itself; else it gets all rows
at once. So does one whose rows depend on each other.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from losscli.custom import tensors
from losscli.custom.calls import Arrays, Caller, Manner, Target
from losscli.custom.kept import Kept
from losscli.custom.signature import required
from losscli.domain import UNDECLARED, UNDECLARED_INDEX, Array, Role
from losscli.errors import ParameterError, UsageError, UserCodeError
from losscli.spec import BoundLoss, Conduct, Loss, Reduction, Trial

# No axis of the data is as long, so that rows cannot be taken for columns.
_PROBES = (7, 11, 13, 17, 19, 23)
_TOLERANCE = 1e-6


def settle(target: Target, bound: BoundLoss, trial: Trial) -> Loss:
    """The loss that the engine evaluates.

    Raises:
        ParameterError: a setting without default is not given.
        UserCodeError: the user's code fails, or returns what is no loss.
        UsageError: it cannot be reduced or weighed as was asked.
    """
    missing = list(required(bound.loss.params, bound.params))
    if missing:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise ParameterError(f"{bound.name} needs {' and '.join(missing)}", hint=f"give {options}")
    rows = _probe(trial.arrays)
    try:
        caller, returned = _first_that_works(target, bound, rows)
    except UserCodeError:
        if (name := _vector_of_rows(bound, trial)) is None:
            raise
        return _bound_to_rows(target, bound, trial, name)
    settled = _with_integers(bound.loss, caller.manner.integers)
    probe = Probe(target, caller, rows, returned)
    if returned.size == 1:
        return probe.one_number(settled, trial)
    return probe.elements(settled, trial)


def _probe(arrays: Arrays) -> dict[str, Array]:
    """The first rows, repeated or cut to a number of rows that no other axis has."""
    lengths = {length for x in arrays.values() for length in x.shape[1:]}
    count = next(n for n in _PROBES if n not in lengths)
    return {name: x[np.arange(count) % len(x)] for name, x in arrays.items()}


def _first_that_works(target: Target, bound: BoundLoss, rows: Arrays) -> tuple[Caller, Array]:
    """Try one manner of calling after the other; the first failure is the one to report."""
    failures: dict[bool, UserCodeError] = {}
    wants_tensors = target.is_module or target.called.tensors
    for manner in _manners(target, bound.loss.roles, rows):
        try:
            caller = Caller(target, bound, manner)
            return caller, caller(rows)
        except UserCodeError as error:
            failures.setdefault(manner.tensors, error)
    raise failures[wants_tensors or (_speaks_torch(target) and True in failures)]


def _manners(target: Target, roles: tuple[Role, ...], rows: Arrays) -> Iterator[Manner]:
    whole = frozenset(
        role.name
        for role in roles[1:]
        if role.domain is UNDECLARED and role.name in rows and _is_whole(rows[role.name])
    )
    first = rows[roles[0].name]
    indices = frozenset(
        name
        for name in whole
        if first.ndim > 1 and rows[name].shape == (first.shape[0], *first.shape[2:])
    )
    choices = list(dict.fromkeys((indices, whole, frozenset[str]())))
    if not (target.is_module or target.called.tensors):
        yield from (Manner(False, integers) for integers in choices)
        if tensors.torch() is None:
            return
    made = target.made.forms if target.made is not None else ()
    for lists in (True, False) if any(form == "" for _, form in made) else (False,):
        yield from (Manner(True, integers, lists) for integers in choices)


def _is_whole(x: Array) -> bool:
    return bool(np.isfinite(x).all() and (x == np.rint(x)).all() and np.abs(x).max() < 2**53)


def _speaks_torch(target: Target) -> bool:
    """Does the file of the function know PyTorch, so that tensors were meant?"""
    names = getattr(inspect.unwrap(target.found.value), "__globals__", {})
    return tensors.torch() is not None and any(
        getattr(value, "__name__", "").partition(".")[0] == "torch"
        for value in names.values()
        if inspect.ismodule(value)
    )


def _with_integers(loss: Loss, integers: frozenset[str]) -> Loss:
    arguments = tuple(
        replace(one, domain=UNDECLARED_INDEX)
        if isinstance(one, Role) and one.name in integers
        else one
        for one in loss.arguments or ()
    )
    return replace(loss, arguments=arguments)


def _vector_of_rows(bound: BoundLoss, trial: Trial) -> str | None:
    """A setting with one value for each row of the run, which no cut of the rows can serve."""
    vectors = (name for name, value in bound.items if isinstance(value, tuple))
    return next((n for n in vectors if len(bound.arguments[n]) == trial.rows), None)


def _bound_to_rows(target: Target, bound: BoundLoss, trial: Trial, name: str) -> Loss:
    why = f"{name} has one value for each of the {trial.rows:,} rows"
    manner = next(_manners(target, bound.loss.roles, trial.arrays))
    caller = Caller(target, bound, manner)
    settled = _with_integers(bound.loss, manner.integers)
    return _once(settled, caller, trial, Conduct("once", why), alone=False)


def close(x: Array, y: Array) -> bool:
    """Equal up to rounding, even that of single precision; NaN and infinity equal themselves."""
    if x.shape != y.shape:
        return False
    finite = np.abs(x[np.isfinite(x)])
    scale = float(finite.max()) if finite.size else 0.0
    return np.allclose(x, y, rtol=_TOLERANCE, atol=_TOLERANCE * scale * 1e-3, equal_nan=True)


@dataclass(slots=True)
class Probe:
    """What a target returned for the first rows."""

    target: Target
    caller: Caller
    rows: Arrays
    returned: Array
    doubts: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(next(iter(self.rows.values())))

    def elements(self, loss: Loss, trial: Trial) -> Loss:
        """An entry for each row: blocks of rows, unless rows depend on each other."""
        self._check_shape()
        self._check_repeatable()
        self._check_reduction()
        alone = self._alone(0)
        inner = self.returned.shape[1:]
        if alone.size != self.returned[:1].size:
            raise self.target.fault(
                f"returned {self.returned.shape} for {self.count} rows, but {alone.shape} for one",
                "return the loss of each row, whatever their number",
            )
        alone = alone.reshape(1, *inner)
        if not close(alone, self.returned[:1]) and not self._has_doubt("LC403"):
            apart, together = float(alone.mean()), float(self.returned[0].mean())
            what = (
                f"{self.target.name} gives row 1 a loss of {apart:.6g} by itself and "
                f"{together:.6g} beside {self.count - 1} others"
            )
            self._doubt(
                "LC402",
                f"{what}, so its rows depend on each other, and it was given all rows at once",
                "a training batch would give another number again; it has no loss of a row",
            )
            conduct = self._conduct("once", "")
            return _once(loss, self.caller, trial, conduct, alone=False)
        if trial.reduction == "overall":
            return _once(loss, self.caller, trial, self._conduct("once", ""), alone=False)
        kernel = _Elements(self.target, self.caller, inner)
        conduct = self._conduct("elements", "")
        return replace(loss, kernel=kernel, conduct=conduct, settle=None)

    def _has_doubt(self, code: str) -> bool:
        return any(doubt[0] == code for doubt in self.doubts)

    def _doubt(self, code: str, message: str, hint: str) -> None:
        self.doubts.append((code, message, hint))

    def _conduct(self, how: Any, why: str) -> Conduct:
        return Conduct(how, why, tuple(self.doubts), self.caller.changes(self.rows))

    def _check_shape(self) -> None:
        shape, count = self.returned.shape, self.count
        if len(shape) >= 2 and shape[0] == shape[1] and shape[0] % count == 0:
            raise self.target.fault(
                f"returned {shape} for {count} rows: each value against every other",
                "that is what NumPy and PyTorch make of (N,) and (N, 1) together; give both one "
                "shape",
            )
        if shape[0] != count:
            raise self.target.fault(
                f"returned shape {shape} for {count} rows: neither one number nor an entry for "
                "each row",
                "rows are axis 0: a mean over the columns of a row is .mean(axis=1)",
            )

    def _check_repeatable(self) -> None:
        again = self.caller(self.rows)
        if not close(again, self.returned):
            first, second = float(self.returned.mean()), float(again.mean())
            self._doubt(
                "LC403",
                f"{self.target.name} gave the same rows {first:.6g} and then {second:.6g}",
                "it draws random numbers, or remembers what it saw before",
            )

    def _check_reduction(self) -> None:
        """Is the mean of its losses what it gives when it reduces by itself?"""
        reduces = self.target.called.reduces or (
            self.target.made is not None and self.target.made.reduces
        )
        if not reduces:
            return
        try:
            manner = replace(self.caller.manner, reduced=True)
            own = Caller(self.target, self.caller.bound, manner)(self.rows)
        except UserCodeError:
            return
        mean = np.array(self.returned.mean())
        if own.size == 1 and not close(own.reshape(()), mean):
            self._doubt(
                "LC405",
                f"by its own reduction the first {self.count} rows cost {float(own.item()):.6g}, "
                f"the mean of its losses is {float(mean):.6g}",
                "reduction was set to none, so that losscli reduces: over rows or elements, "
                "without its divisor",
            )

    def _alone(self, row: int) -> Array:
        return self.caller({name: x[row : row + 1] for name, x in self.rows.items()})

    def one_number(self, loss: Loss, trial: Trial) -> Loss:
        """One number: of each row by itself where these add up to it, else of all at once."""
        self._check_repeatable()
        how, why = self._adds_up()
        by_row = trial.reduction in ("mean", "none") and not trial.grouped
        if (how is not None and trial.reduction != "overall") or by_row:
            kernel = _RowByRow(self.target, self.caller, how)
            first, second = ("sum", "mean") if how == "sum" else ("mean", "sum")
            reductions: tuple[Any, ...] = (first, second, "none")
            conduct = self._conduct("rows", why)
            return replace(loss, kernel=kernel, reductions=reductions, conduct=conduct, settle=None)
        return _once(loss, self.caller, trial, self._conduct("once", why), alone=True)

    def _adds_up(self) -> tuple[str | None, str]:
        """Whether the ``mean`` or the ``sum`` of single rows is the whole, and what was seen."""
        names = list(self.rows)
        turned = {
            name: x if name == names[0] else np.roll(x, 1, axis=0) for name, x in self.rows.items()
        }
        ways = {"mean", "sum"}
        for rows in (self.rows, turned):
            try:
                whole = float(self.caller(rows).item())
                singles = self.caller.each(rows)
            except (UserCodeError, ValueError):
                return None, "it takes no single row"
            made = {"mean": float(np.mean(singles)), "sum": float(np.sum(singles))}
            ways = {way for way in ways if close(np.array(whole), np.array(made[way]))}
            if not ways:
                return None, (
                    f"on {self.count} rows it gives {whole:.6g}, and the mean over single rows is "
                    f"{made['mean']:.6g}"
                )
        how = "mean" if "mean" in ways else "sum"
        return how, f"for several rows it gives the {how} over them, in every block that was read"


@dataclass(frozen=True, slots=True)
class _Elements:
    """The kernel of a loss that returns an entry for each row."""

    target: Target
    caller: Caller
    inner: tuple[int, ...]

    def __call__(self, *roles: Array | None, **_: object) -> Array:
        arrays = _given(self.target, roles)
        count = len(next(iter(arrays.values())))
        returned = self.caller(arrays)
        wanted = (count, *self.inner)
        if returned.shape != wanted:
            # Squeezed: a single row has lost its axis.
            if count != 1 or returned.size != np.prod(wanted):
                raise self.target.fault(
                    f"returned shape {returned.shape} for {count} rows; for the first rows it was "
                    f"(N{''.join(f', {n}' for n in self.inner)})"
                )
            returned = returned.reshape(wanted)
        _check_numbers(self.target, self.caller, arrays, returned)
        return returned


@dataclass(frozen=True, slots=True)
class _RowByRow:
    """The kernel of a loss that returns a number: called for every row.

    That single rows add up to the whole is looked at again in every block; ``how`` is None where
    they do not, and were asked for all the same.
    """

    target: Target
    caller: Caller
    how: str | None

    def __call__(self, *roles: Array | None, **_: object) -> Array:
        arrays = _given(self.target, roles)
        losses = self.caller.each(arrays)
        count = len(losses)
        _check_numbers(self.target, self.caller, arrays, losses)
        if self.how is None:
            return losses
        whole = self.caller(arrays).reshape(())
        made = losses.mean() if self.how == "mean" else losses.sum()
        if np.isfinite(losses).all() and not np.isclose(whole, made, rtol=1e-5, atol=1e-12):
            raise self.target.fault(
                f"gives {float(whole):.6g} for {count} rows at once, but the {self.how} over "
                f"single rows is {made:.6g}",
                "on the first rows they agreed; --reduction overall evaluates all rows at once",
            )
        return losses


def _once(loss: Loss, caller: Caller, trial: Trial, conduct: Conduct, *, alone: bool) -> Loss:
    """A set loss that keeps all rows; ``alone`` if a row may also be a set of its own."""
    if trial.weighted:
        raise UsageError(
            f"{loss.name} cannot be weighted by rows: it takes all rows at once",
            hint="let it return the loss of each row, or have it take the weights as data",
        )
    target = caller.target
    names = [role.name for role in loss.roles if role.name in trial.arrays]

    def keep(*roles: Array | None, **_: object) -> tuple[Array, ...]:
        return tuple(_given(target, roles).values())

    def finish(*kept: Kept) -> float:
        rows = {name: one.rows for name, one in zip(names, kept, strict=True)}
        returned = caller(rows)
        if returned.size != 1 and returned.shape[0] != len(rows[names[0]]):
            raise target.fault(f"returned shape {returned.shape} for {len(rows[names[0]])} rows")
        _check_numbers(target, caller, rows, returned)
        return float(returned.mean())

    keep.__doc__ = loss.kernel.__doc__
    kinds = inspect.Parameter.POSITIONAL_ONLY
    finish.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # one for each role
        [inspect.Parameter(name, kinds, annotation=Kept) for name in names]
    )
    finish.__annotations__ = dict.fromkeys(names, Kept)
    reductions: tuple[Reduction, ...] = ("overall", "mean", "none") if alone else ("overall",)
    return replace(
        loss, kernel=keep, finish=finish, reductions=reductions, conduct=conduct, settle=None
    )


def _given(target: Target, roles: tuple[Array | None, ...]) -> dict[str, Array]:
    names = (role.name for role in target.called.roles)
    return {name: x for name, x in zip(names, roles, strict=False) if x is not None}


def _check_numbers(target: Target, caller: Caller, arrays: Arrays, returned: Array) -> None:
    """NaN is a fault of the loss, unless there was one, or an infinity, in what it was given."""
    bad = np.isnan(returned)
    if not bad.any():
        return
    count = len(next(iter(arrays.values())))
    rows = bad.reshape(count, -1).any(axis=1) if returned.shape[:1] == (count,) else [True] * count
    for row in np.flatnonzero(rows):
        one = {name: x[row : row + 1] for name, x in arrays.items()}
        if all(np.isfinite(x).all() for x in one.values()):
            error = _not_a_number(target, caller, one)
            # A single row may be any of many.
            raise error if count == 1 else error.in_row(int(row))


def _not_a_number(target: Target, caller: Caller, one: Arrays) -> UserCodeError:
    """Call it again with NumPy's warnings as errors: that may find the line."""
    values = ", ".join(f"{name} = {x[0].tolist()}" for name, x in one.items())
    error = target.fault(
        f"returned nan for finite numbers: {values}",
        "guard what is not defined, such as 0 * log(0)",
    )
    try:
        with np.errstate(invalid="raise", divide="raise", over="ignore", under="ignore"):
            caller(one)
    except UserCodeError as found:
        error = UserCodeError(
            f"{target.name} returned nan for finite numbers: {values}",
            path=found.path,
            line=found.line,
            source=found.source,
            hint=error.hint,
        )
    return error
