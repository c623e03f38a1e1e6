"""Data for any loss, drawn from nothing but the domains of its roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product
from math import inf
from typing import Literal

import numpy as np

from losscli.domain import (
    BINARY,
    CLASS_INDEX,
    LOGIT,
    LOGITS,
    PROBABILITY,
    REAL,
    Array,
    Context,
    Domain,
    Interval,
    LengthDomain,
    Role,
)
from losscli.spec import BoundLoss

# Moderate numbers: no exponential or power of them overflows.
MODERATE = 30.0
# Beyond a logit of 1000 no model goes, and there an exponential overflows that need not. That of a
# number which is no logit may be what the loss means, so it stays a double.
_FAR_LOGIT, _FAR = 1e3, 300.0
_MOST_EDGES = 256


@dataclass(frozen=True)
class Sizes:
    """How long each axis is."""

    rows: int
    classes: int
    components: int
    extra: tuple[int, ...]
    items: int = 3
    labels: int = 2

    def of(self, domain: Domain) -> tuple[int, ...]:
        """The shape of an array with these axes."""
        lengths = {
            "C": (self.classes,),
            "D": (self.components,),
            "L": (self.items,),
            "T": (self.items,),
            "S": (self.labels,),
            "M": (self.components,),
            "...": self.extra,
            "*": self.extra,
            "any": self.extra,
        }
        axes = tuple(
            n
            for axis in domain.axes
            if axis != "N"
            for n in ((int(axis),) if axis.isdigit() else lengths[axis])
        )
        return axes if domain.axes[0] != "N" else (self.rows, *axes)


def bounds(interval: Interval) -> tuple[float, float]:
    """The ends of an interval, or moderate numbers where it has none."""
    return max(interval.low, -MODERATE), min(interval.high, MODERATE)


def random_numbers(domain: Domain, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Many values of a domain."""
    if domain.values is not None:
        return rng.choice(domain.values, size=shape)
    low, high = bounds(domain.interval)
    if domain.integral:
        return rng.integers(int(low), int(high), size=shape, endpoint=True).astype(np.float64)
    return rng.uniform(low, high, size=shape)


def resolve(role: Role, bound: BoundLoss, sizes: Sizes, *, like_logits: bool) -> Domain:
    """The role's domain; ``like_logits`` for class probabilities where class indices do too."""
    ndim = 1 + len(sizes.extra)
    lengths = {"C": sizes.classes, "T": sizes.items, "S": sizes.labels, "L": sizes.items}
    context = Context(ndim + like_logits, ndim + 1, sizes.classes, bound.params, lengths)
    return role.domain.resolve(context)


def order(domain: Domain) -> Literal["C", "F"]:
    """As the engine hands an array to a kernel."""
    return "F" if domain.axes[:2] == ("N", "C") else "C"


@dataclass(frozen=True)
class Draw:
    """What data is drawn: a domain for each role, and how long the axes are.

    ``best`` makes the prediction perfect, where it is known how.
    """

    domains: Mapping[str, Domain]
    sizes: Sizes
    best: Callable[[dict[str, Array]], dict[str, Array]] | None = None

    def __str__(self) -> str:
        return ", ".join(
            f"{name} ({', '.join(['N', *map(str, replace(self.sizes, rows=0).of(domain)[1:])])}"
            f"{',' if len(self.sizes.of(domain)) == 1 else ''}): {domain.meaning}"
            for name, domain in self.domains.items()
        )

    @property
    def tables(self) -> frozenset[str]:
        """The roles that are one array for all rows."""
        return frozenset(n for n, domain in self.domains.items() if domain.axes[0] != "N")

    def rows(self, count: int, rng: np.random.Generator) -> dict[str, Array]:
        """So many random rows."""
        sizes = replace(self.sizes, rows=count)
        return {name: random_numbers(d, sizes.of(d), rng) for name, d in self.domains.items()}

    @property
    def has_edges(self) -> bool:
        """Are rows plain numbers, so that any combination of them is one?"""
        plain = [d for d in self.domains.values() if not isinstance(d, LengthDomain)]
        return len(plain) == len(self.domains) and not any(
            d.is_list or d.axes[0] != "N" for d in plain
        )

    def edges(self, rng: np.random.Generator) -> dict[str, Array]:
        """Rows at the edges of the domains, every role's with every other's."""
        each = [list(self._patterns(domain)) for domain in self.domains.values()]
        combined = list(islice(product(*each), 100_000))
        if len(combined) > _MOST_EDGES:
            chosen = np.sort(rng.choice(len(combined), _MOST_EDGES, replace=False))
            combined = [combined[i] for i in chosen]
        columns = zip(*combined, strict=True)
        return {n: np.stack(column) for n, column in zip(self.domains, columns, strict=True)}

    def _patterns(self, domain: Domain) -> Iterator[Array]:
        """Rows of one edge value, and rows that are high in one place and low in the others."""
        shape = self.sizes.of(domain)[1:]
        values = edge_values(domain)
        yield from (np.full(shape, value) for value in values)
        if domain.values is None and not domain.integral and len(shape) == 1:
            for place in range(shape[0]):
                row = np.full(shape, min(values))
                row[place] = max(values)
                yield row


def edge_values(domain: Domain) -> list[float]:
    """The ends of a domain, 0 where that is in it, and numbers far out where it has no end."""
    if domain.values is not None:
        return list(domain.values)
    interval = domain.interval
    far = _FAR_LOGIT if "log" in domain.name else _FAR
    low = interval.low if interval.low > -inf else -far
    high = interval.high if interval.high < inf else far
    if domain.integral:
        return sorted({low, min(high, low + 1), high})
    near = np.spacing(1.0)
    low = low + near if interval.low_open and low == interval.low else low
    high = high - near if interval.high_open and high == interval.high else high
    inside = [x for x in (0.0, 1.0) if x in interval]
    return sorted({low, *inside, high})


def draw_for(bound: BoundLoss, other: BoundLoss | None = None) -> Draw:
    """Data for a loss that declares its domains; with the names of an ``other`` if it is for that.

    The other has as many roles, in the same order.
    """
    roles = [role for role in bound.loss.roles if not role.optional]
    names = [role.name for role in (other or bound).loss.roles if not role.optional]
    sizes = _sizes(bound, other)
    domains = {
        name: resolve(role, bound, sizes, like_logits=False)
        for role, name in zip(roles, names, strict=True)
    }
    return Draw(domains, sizes, _best_of(bound, roles, list(domains)))


def _sizes(bound: BoundLoss, other: BoundLoss | None = None) -> Sizes:
    """Small axes; as long as a vector among the settings where there is one."""
    items = (*bound.items, *(() if other is None else other.items))
    vectors = [len(value) for _, value in items if isinstance(value, tuple)]
    length = vectors[0] if vectors else 3
    # A vector of classes weighs none of the columns.
    takes_columns = any("..." in role.domain.axes for role in bound.loss.roles)
    has_classes = any("C" in role.domain.axes for role in bound.loss.roles)
    extra = (length,) if takes_columns and not has_classes and vectors else ()
    return Sizes(rows=1, classes=max(length, 2), components=length, extra=extra, items=5)


def _best_of(
    bound: BoundLoss, roles: list[Role], names: list[str]
) -> Callable[[dict[str, Array]], dict[str, Array]] | None:
    pair = bound.loss.minimum_when_equal
    declared = [role.name for role in roles]
    if pair is None or not set(pair) <= set(declared):
        return None
    prediction, target = (names[declared.index(name)] for name in pair)
    return lambda rows: {**rows, prediction: rows[target]}


def guesses(bound: BoundLoss) -> Iterator[Draw]:
    """What the data of a loss that declares nothing may be, the likeliest first."""
    names = [role.name for role in bound.loss.roles if not role.optional]
    sizes = _sizes(bound)
    columns = replace(sizes, extra=(sizes.components,))
    single = replace(sizes, extra=())
    first, *others = names

    def of(prediction: Domain, other: Domain, sizes: Sizes) -> Draw:
        domains = {first: prediction} | dict.fromkeys(others, other)
        best = _BEST.get(prediction.name) if len(names) == 2 else None
        return Draw(domains, sizes, None if best is None else lambda rows: best(rows, *names))

    index = replace(CLASS_INDEX, interval=Interval(0, sizes.classes - 1), meaning="a class index")
    classes = of(LOGITS, index, single)
    numbers = [of(REAL, REAL, columns), of(REAL, REAL, single)]
    named_logits = first.casefold() in ("logits", "logit", "scores", "output", "outputs")
    yield from [classes, *numbers] if named_logits else [*numbers, classes]
    yield of(LOGIT, BINARY, single)
    yield of(PROBABILITY, BINARY, single)


def _equal(rows: dict[str, Array], prediction: str, target: str) -> dict[str, Array]:
    return {**rows, prediction: rows[target]}


def _sure_class(rows: dict[str, Array], prediction: str, target: str) -> dict[str, Array]:
    classes = np.arange(rows[prediction].shape[1])
    return {**rows, prediction: np.where(rows[target][:, None] == classes, 2.0, -2.0) * MODERATE}


def _sure(rows: dict[str, Array], prediction: str, target: str) -> dict[str, Array]:
    return {**rows, prediction: np.where(rows[target] > 0.0, 2.0, -2.0) * MODERATE}


_BEST: Mapping[str, Callable[[dict[str, Array], str, str], dict[str, Array]]] = {
    REAL.name: _equal,
    LOGITS.name: _sure_class,
    LOGIT.name: _sure,
    PROBABILITY.name: _equal,
}
