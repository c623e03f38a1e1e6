"""Data for any registered loss, drawn from nothing but its declaration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losscli.domain import Array, Domain
from losscli.laws.draws import Sizes, bounds, order, random_numbers, resolve
from losscli.spec import BoundLoss, Loss, Param


@dataclass(frozen=True)
class Example:
    """A loss with its parameters, and data for it: None for an optional role not given."""

    bound: BoundLoss
    roles: dict[str, Array | None]
    domains: dict[str, Domain]
    shape: tuple[int, ...]

    @property
    def given(self) -> dict[str, Array]:
        return {name: array for name, array in self.roles.items() if array is not None}

    def elements(self, change: Callable[[Array], Array] = lambda array: array) -> Array:
        """The kernel on this data, the rows of each role changed first."""
        given = self._changed(change)
        with np.errstate(all="ignore"):
            return self.bound.loss.kernel(*given, **self.bound.arguments)

    def _changed(self, change: Callable[[Array], Array]) -> list[Array | None]:
        tables = {role.name for role in self.bound.loss.roles if role.is_table}
        return [
            array if array is None or name in tables else change(array)
            for name, array in self.roles.items()
        ]

    def divisor(self) -> Array | None:
        if self.bound.loss.divisor is None:
            return None
        return self.bound.loss.divisor(*self.roles.values(), **self.bound.arguments)

    def value(
        self, change: Callable[[Array], Array] = lambda array: array, weight: Array | None = None
    ) -> float:
        """A set loss on this data."""
        given = self._changed(change)
        with np.errstate(all="ignore"):
            return self.bound.finish(self.bound.gather(given, weight))

    def replace(self, **roles: Array | None) -> Example:
        return Example(self.bound, self.roles | roles, self.domains, self.shape)


def numbers(domain: Domain) -> st.SearchStrategy[float]:
    """Moderate values of a domain, its ends included."""
    if domain.values is not None:
        return st.sampled_from(domain.values)
    low, high = bounds(domain.interval)
    if domain.integral:
        whole = st.integers(int(low), int(high)).map(float)
        return whole if domain.also is None else whole | st.just(domain.also)
    if domain.interval.low_open and low == 0.0:
        # A quotient by the smallest double overflows, and rightly so.
        low = 1e-9
    return st.floats(
        low,
        high,
        exclude_min=domain.interval.low_open and low == domain.interval.low,
        exclude_max=domain.interval.high_open and high == domain.interval.high,
    )


@st.composite
def params(draw: st.DrawFn, loss: Loss, sizes: Sizes) -> dict[str, Any]:
    """Parameters for data of these sizes; some keep their defaults."""
    drawn = {name: draw(param_values(param, sizes)) for name, param in loss.params.items()}
    kept = draw(st.sets(st.sampled_from(sorted(drawn)))) if drawn else set()
    return {name: value for name, value in drawn.items() if name not in kept}


def param_values(param: Param, sizes: Sizes) -> st.SearchStrategy[Any]:
    """Values of a parameter: of a number, quarters, so that no power or root explodes."""
    if param.kind == "bool":
        return st.booleans()
    if param.kind == "str":
        return st.sampled_from(param.choices)
    quarters = st.sampled_from([n / 4 for n in range(-12, 13) if n / 4 in param.interval])
    if param.kind == "int" and param.size == "C":
        return st.integers(0, sizes.classes - 1)
    if param.kind == "int":
        return st.sampled_from([n for n in range(-3, 4) if n in param.interval])
    values: st.SearchStrategy[Any] = quarters
    if param.kind == "vector":
        last = sizes.extra[-1] if sizes.extra else 1
        length = sizes.classes if param.size == "C" else last
        values = st.lists(quarters, min_size=length, max_size=length).map(tuple)
    return values | st.none() if param.optional else values


def takes_extra_axes(loss: Loss) -> bool:
    return any("..." in role.domain.axes for role in loss.roles)


@st.composite
def sizes_of(draw: st.DrawFn, loss: Loss) -> Sizes:
    axes = st.lists(st.integers(1, 3), max_size=2).map(tuple)
    return Sizes(
        rows=draw(st.integers(1, 6)),
        classes=draw(st.integers(2, 5)),
        components=draw(st.integers(1, 9)),
        extra=draw(axes) if takes_extra_axes(loss) else (),
        items=draw(st.integers(1, 6)),
        labels=draw(st.integers(0, 3)),
    )


@st.composite
def examples(draw: st.DrawFn, loss: Loss) -> Example:
    """A small block of data inside the domains, and parameters."""
    sizes = draw(sizes_of(loss))
    bound = loss(**draw(params(loss, sizes)))
    like_logits = draw(st.booleans())
    domains = {r.name: resolve(r, bound, sizes, like_logits=like_logits) for r in loss.roles}
    roles: dict[str, Array | None] = {}
    for role in loss.roles:
        domain = domains[role.name]
        if role.optional and draw(st.booleans()):
            roles[role.name] = None
            continue
        array = draw(arrays(np.float64, sizes.of(domain), elements=numbers(domain)))
        roles[role.name] = np.asarray(array, order=order(domain))
    return Example(bound, roles, domains, (sizes.rows, *(() if loss.is_list else sizes.extra)))


def large_example(loss: Loss, seed: int, *, like_logits: bool = False) -> Example:
    """A block of a few hundred rows with default parameters, every role given."""
    rng = np.random.default_rng(seed)
    sizes = Sizes(rows=203, classes=11, components=37, extra=(), items=19, labels=5)
    bound = loss()
    domains = {r.name: resolve(r, bound, sizes, like_logits=like_logits) for r in loss.roles}
    roles: dict[str, Array | None] = {
        name: np.asarray(random_numbers(domain, sizes.of(domain), rng), order=order(domain))
        for name, domain in domains.items()
    }
    return Example(bound, roles, domains, (sizes.rows,))


def bad_numbers(domain: Domain) -> list[float]:
    """Values just outside a domain, and NaN unless it passes."""
    found = [] if domain.nan else [np.nan]
    if domain.values is not None:
        return [*found, 0.5, 2.0, inf]
    interval = domain.interval
    if interval.low > -inf:
        found += [interval.low if interval.low_open else np.nextafter(interval.low, -inf), -inf]
    if interval.high < inf:
        found += [interval.high if interval.high_open else np.nextafter(interval.high, inf), inf]
    if domain.integral:
        found.append(bounds(interval)[0] + 0.5)
    return [value for value in found if value != domain.also]
