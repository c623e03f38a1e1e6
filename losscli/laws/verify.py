"""Is a loss what its user thinks it is? The laws, one after the other, on random data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from losscli.api import bind, bind_one
from losscli.combination import AnyLoss, singles
from losscli.domain import UNDECLARED, Array
from losscli.engine.plan import BLOCK_VALUES
from losscli.errors import LosscliError, UsageError
from losscli.laws.draws import Draw, draw_for, guesses
from losscli.laws.smallest import Rows, smallest
from losscli.laws.subject import Subject
from losscli.spec import BoundLoss
from losscli.verification import Law, Verification
from losscli.version import __version__

# What rounding may make of a number, that of single precision included.
_TOLERANCE = 1e-6
_SHOWN_ROWS = 4
# How far from a perfect prediction another is that must not be better.
_STEPS = (1.0, -1.0, 0.01, -0.01)
# Every row alone, of so many.
_ALONE = 50


def verify(
    loss: str | BoundLoss | Callable[..., Any],
    against: str | AnyLoss | Callable[..., Any] | None = None,
    *,
    rows: int = 200,
    seed: int = 0,
    **params: object,
) -> Verification:
    """Try a loss against the laws, and against another loss.

    Args:
        loss: as :func:`losscli.compute` takes it.
        against: what it should be equal to, or a combination of losses; the data is drawn from the
            domains of its roles.
        rows: how many random rows to draw.
        seed: of the random numbers.
        params: the loss's parameters.

    Raises:
        UsageError: both losses take a different number of roles, or there is no row.
        UserCodeError: the loss fails on every kind of data that was tried.
    """
    bound = bind_one(loss).replace(**params)
    other = None if against is None else bind(against)
    if rows < 1:
        raise UsageError(f"--rows {rows}: at least 1")
    draw = _draw(bound, other, rows, seed)
    rng = np.random.default_rng(seed)
    data = draw.rows(rows, rng)
    trial = _Trial(bound, Subject.of(bound, data), draw, data, rng)
    laws = list(trial.laws())
    if other is not None:
        laws += trial.agreement(Subject.of(other, data))
    origin = bound.loss.origin
    return Verification(
        loss=str(bound),
        origin="" if origin is None else str(origin),
        against=None if other is None else str(other),
        data=str(draw),
        rows=rows,
        seed=seed,
        laws=tuple(laws),
        version=__version__,
    )


def _draw(bound: BoundLoss, against: AnyLoss | None, rows: int, seed: int) -> Draw:
    """What data to try it on: that of the loss it is compared with, its own, or a guess."""
    names = tuple(role.name for role in bound.loss.roles if not role.optional)
    first = None if against is None else singles([against])[0]
    if against is not None and first is not None and _declares(first):
        theirs = [role.name for role in against.loss.roles if not role.optional]
        if len(theirs) != len(names):
            raise UsageError(
                f"{bound.name} takes {' and '.join(names)}, {against.name} takes "
                f"{' and '.join(theirs)}",
                hint="compare losses of as many inputs, in the same order",
            )
        return draw_for(first, bound)
    if _declares(bound):
        return draw_for(bound)
    failure: LosscliError | None = None
    for draw in guesses(bound):
        try:
            data = draw.rows(rows, np.random.default_rng(seed))
            Subject.of(bound, data).result(data)
        except LosscliError as error:
            failure = failure or error
            continue
        return draw
    raise failure or UsageError(f"there is no data to try {bound.name} on")


def _declares(bound: BoundLoss) -> bool:
    return all(role.domain is not UNDECLARED for role in bound.loss.roles)


Check = Callable[[Rows], str | None]


@dataclass(slots=True)
class _Trial:
    """A loss and the data that it is tried on; a check says what is wrong, or nothing."""

    asked: BoundLoss
    subject: Subject
    draw: Draw
    data: dict[str, Array]
    rng: np.random.Generator
    edges: dict[str, Array] = field(init=False)

    def __post_init__(self) -> None:
        self.edges = self.draw.edges(self.rng) if self.draw.has_edges else {}

    def laws(self) -> Iterator[Law]:
        """How the loss fares against each."""
        loss, of_rows = self.subject.single.loss, self.subject.is_of_rows
        whole = "" if of_rows else "it is one number of all rows"
        yield self._shape()
        yield self._law("the same twice", self._repeated)
        depends = self.subject.doubt("LC402") is not None
        alone, unless = (self._depends, "") if depends else (self._alone, whole)
        yield self._law("a row costs the same alone", alone, skip=unless)
        yield self._law("the order of the rows does not matter", self._reordered)
        yield self._law("the cut into blocks does not show", self._blocks, self._many(), whole)
        yield self._law("one row will do", self._one_row, self._first(1))
        yield self._changes()
        edges = "" if self.edges else "lists and tables have no edges to combine"
        finite = "it is declared that it may be infinite" if not loss.finite else edges
        yield self._law("finite at the edges", self._finite, self.edges, finite)
        known = "" if self.draw.best else "what a perfect prediction is, nobody said"
        yield self._law("least at a perfect prediction", self._least, skip=known)
        claimed = "" if loss.non_negative else "nobody claims it"
        yield self._law("not negative", self._not_negative, skip=claimed)

    def agreement(self, other: Subject) -> Iterator[Law]:
        """Does it cost the same as the other, on random rows and at the edges?"""
        name = str(other.bound)

        def differs(rows: Rows) -> str | None:
            return _difference(self.subject, other, rows)

        yield self._law(f"equal to {name}", differs, said=_agreed(self.subject, other, self.data))
        if self.edges:
            said = _agreed(self.subject, other, self.edges)
            yield self._law(f"equal to {name} at the edges", differs, self.edges, said=said)

    def _law(
        self,
        name: str,
        check: Check,
        rows: Rows | None = None,
        skip: str = "",
        *,
        said: str = "",
    ) -> Law:
        if skip:
            return Law(name, "skipped", skip)
        rows = self.data if rows is None else rows
        wrong = _tried(check, rows)
        if wrong is None:
            return Law(name, "holds", said)
        small = smallest(rows, lambda part: _tried(check, part) is not None, self.draw)
        return Law(name, "fails", _tried(check, small) or wrong, _shown(small))

    def _many(self) -> dict[str, Array]:
        """The data over and over, for more than a block."""
        widest = max(x[:1].size for n, x in self.data.items() if n not in self.draw.tables)
        times = BLOCK_VALUES // widest // len(next(iter(self.data.values()))) + 2
        return {
            name: x if name in self.draw.tables else np.concatenate([x] * times)
            for name, x in self.data.items()
        }

    def _first(self, rows: int) -> dict[str, Array]:
        return {n: x if n in self.draw.tables else x[:rows] for n, x in self.data.items()}

    def _part(self, rows: Rows, chosen: Any) -> dict[str, Array]:
        return {n: x if n in self.draw.tables else x[chosen] for n, x in rows.items()}

    def _count(self, rows: Rows) -> int:
        return next(len(x) for n, x in rows.items() if n not in self.draw.tables)

    def _shape(self) -> Law:
        conduct = self.subject.single.loss.conduct
        result = self.subject.result(self.data)
        name = "a loss for each row"
        if not self.subject.is_of_rows:
            why = conduct.why if conduct is not None else ""
            return Law(name, "skipped", why or "it is one number of all rows")
        if conduct is not None and conduct.how == "rows":
            return Law(name, "holds", "it returns one number, and each row is taken by itself")
        shape = result.elements.shape if result.elements is not None else ()
        return Law(name, "holds", f"shape {shape} for {result.n} rows")

    def _repeated(self, rows: Rows) -> str | None:
        first, second = self.subject.costs(rows), self.subject.costs(rows)
        at = _first_apart(first, second, 0.0)
        return None if at is None else f"first {first[at]:.9g}, then {second[at]:.9g}"

    def _alone(self, rows: Rows) -> str | None:
        together = self.subject.costs(rows)
        for row in range(min(self._count(rows), _ALONE)):
            alone = self.subject.costs(self._part(rows, slice(row, row + 1)))
            if _first_apart(alone, together[row : row + 1], _TOLERANCE) is not None:
                beside = self._count(rows) - 1
                return (
                    f"row {row + 1} costs {alone[0]:.9g} alone and {together[row]:.9g} beside "
                    f"{beside} other{'s' if beside != 1 else ''}"
                )
        return None

    def _depends(self, rows: Rows) -> str | None:
        """The same of a loss that was given all rows at once, since they depend on each other."""
        return Subject.of(self.asked, rows).doubt("LC402")

    def _reordered(self, rows: Rows) -> str | None:
        count = self._count(rows)
        back = np.arange(count)[::-1]
        costs, other = self.subject.costs(rows), self.subject.costs(self._part(rows, back))
        other = other[::-1] if self.subject.is_of_rows else other
        at = _first_apart(costs, other, _TOLERANCE)
        if at is None:
            return None
        return f"{costs[at]:.9g} in this order, {other[at]:.9g} in reverse"

    def _blocks(self, rows: Rows) -> str | None:
        count = len(next(iter(self.data.values())))
        costs = self.subject.costs(rows)
        again = np.resize(costs[:count], costs.shape)
        at = _first_apart(costs, again, _TOLERANCE)
        if at is None or len(costs) <= count:
            return None
        return f"row {at + 1} costs {costs[at]:.9g}, and {again[at]:.9g} in the first block"

    def _one_row(self, rows: Rows) -> str | None:
        self.subject.costs(rows)
        return None

    def _changes(self) -> Law:
        name = "its inputs stay as they are"
        changed = self.subject.changes(self.data)
        if not changed:
            return Law(name, "holds")
        detail = f"it changes {' and '.join(changed)} in place"
        return Law(name, "fails", f"{detail}; losscli hands it copies, a training loop does not")

    def _finite(self, rows: Rows) -> str | None:
        costs = self.subject.costs(rows)
        bad = np.flatnonzero(~np.isfinite(costs))
        return None if bad.size == 0 else f"the loss of row {bad[0] + 1} is {costs[bad[0]]}"

    def _least(self, rows: Rows) -> str | None:
        """Against the predictions that were drawn, and against those near the perfect one."""
        if self.draw.best is None:
            return None
        perfect = self.draw.best(dict(rows))
        best = self.subject.costs(perfect)
        for how, others in (("this prediction", rows), *self._near(rows, perfect)):
            costs = self.subject.costs(others)
            slack = _TOLERANCE * np.maximum(np.abs(costs), 1.0)
            at = np.flatnonzero(best > costs + slack)
            if at.size:
                cost = f"{how} costs {costs[at[0]]:.9g}, a perfect one {best[at[0]]:.9g}"
                return f"row {at[0] + 1}: {cost}"
        return None

    def _near(self, rows: Rows, perfect: Rows) -> Iterator[tuple[str, Rows]]:
        for name, x in perfect.items():
            domain = self.draw.domains[name]
            if x is rows[name] or domain.integral or domain.values is not None:
                continue
            for step in _STEPS:
                near = np.clip(x + step, domain.interval.low, domain.interval.high)
                if domain.first_bad(near) is None:
                    yield f"a prediction off by {step:+g}", {**perfect, name: near}

    def _not_negative(self, rows: Rows) -> str | None:
        costs = self.subject.costs(rows)
        at = np.flatnonzero(costs < 0.0)
        return None if at.size == 0 else f"the loss of row {at[0] + 1} is {costs[at[0]]:.9g}"


def _tried(check: Check, rows: Rows) -> str | None:
    """What is wrong; a fault of the user's code is."""
    try:
        return check(rows)
    except LosscliError as error:
        return str(error).splitlines()[0]


def _first_apart(one: Array, other: Array, tolerance: float) -> int | None:
    """The first place where two arrays differ by more than rounding, NaN being equal to NaN."""
    if one.shape != other.shape:
        return 0
    with np.errstate(invalid="ignore"):
        scale = np.maximum(np.abs(one), np.abs(other))
        near = np.abs(one - other) <= tolerance * scale + (1e-12 if tolerance else 0.0)
    same = (one == other) | (np.isnan(one) & np.isnan(other)) | near
    apart = np.flatnonzero(~same)
    return int(apart[0]) if apart.size else None


def _pair(subject: Subject, other: Subject, rows: Rows) -> tuple[Array, Array]:
    if subject.is_of_rows and other.is_of_rows:
        return subject.costs(rows), other.costs(rows)
    return np.array([subject.result(rows).value]), np.array([other.result(rows).value])


def _difference(subject: Subject, other: Subject, rows: Rows) -> str | None:
    mine, theirs = _pair(subject, other, rows)
    at = _first_apart(mine, theirs, _TOLERANCE)
    if at is None:
        return None
    row = f"row {at + 1}: " if len(mine) > 1 else ""
    text = f"{row}{mine[at]:.9g} against {theirs[at]:.9g}"
    if theirs[at] != 0.0 and np.isfinite(mine[at]) and np.isfinite(theirs[at]):
        text += f", {mine[at] / theirs[at]:.6g} times as much"
    return text


def _agreed(subject: Subject, other: Subject, rows: Rows) -> str:
    """How near they are where they agree."""
    try:
        mine, theirs = _pair(subject, other, rows)
    except LosscliError:
        return ""
    finite = np.isfinite(mine) & np.isfinite(theirs)
    apart = np.abs(mine - theirs)[finite]
    if apart.size == 0:
        return ""
    size = np.abs(theirs[finite])
    scale = np.maximum(size, max(float(size.max()) * 1e-9, np.finfo(np.float64).tiny))
    return f"greatest difference {apart.max():.2g}, relative {(apart / scale).max():.2g}"


def _shown(rows: Rows) -> Mapping[str, Any]:
    return {name: _numbers(x[:_SHOWN_ROWS].tolist()) for name, x in rows.items()}


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    return value if np.isfinite(value) else str(value)
