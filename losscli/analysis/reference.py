"""The loss of the best constant prediction: what a model has to beat.

Which constant is best, a loss declares (``elicits``). Its loss is computed by the kernel itself, on
the targets, weights and ignored rows of the run, so that it has the value's own divisor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from losscli.analysis.facts import Facts, RoleFacts
from losscli.domain import Array
from losscli.engine.fold import Keep
from losscli.engine.gaps import Gaps
from losscli.engine.measure import Measure
from losscli.engine.plan import Block
from losscli.results import Reference, Result
from losscli.spec import BoundLoss, Reduction

# A search on more rows would cost more than it finds.
_SEARCHED_ROWS = 2**14
_GRID = 33
_STEPS = 40
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
# Beyond, a sigmoid is 0 or 1 to the last bit that matters.
_LARGEST_LOGIT = 40.0
_SHOWN = 10


def reference(bound: BoundLoss, result: Result, facts: Facts) -> Reference | None:
    """The loss of the best constant, None where none is declared or the rows do not tell."""
    rows = _rows(bound, result, facts)
    if rows is None:
        return None
    best = _best(rows)
    if best is None or not bool(np.isfinite(best.prediction).all()):
        return None
    value = rows.loss_of(best.prediction)
    if not math.isfinite(value):
        return None
    shown = tuple(float(x) for x in best.prediction.ravel()[:_SHOWN])
    return Reference(value, best.kind, shown, rows.exact, rows.n)


@dataclass(frozen=True, slots=True)
class _Best:
    """A constant, of the shape of a row, and what it is of the targets."""

    prediction: Array
    kind: str


@dataclass(frozen=True, slots=True)
class _Rows:
    """The targets and what weighs them, in which way predictions are to be evaluated on them."""

    bound: BoundLoss
    arrays: dict[str, Array]
    shape: tuple[int, ...]
    exact: bool
    overall: bool

    @property
    def n(self) -> int:
        return len(self.target)

    @property
    def target(self) -> Array:
        return self.arrays["target"]

    @property
    def weight(self) -> Array:
        """What each row counts."""
        weight = np.ones(self.n)
        for name in ("sample_weight", "weight"):
            if name in self.arrays and self.arrays[name].shape in ((self.n,), (self.n, 1)):
                weight = weight * self.arrays[name].reshape(self.n)
        return weight

    @property
    def weights(self) -> Array:
        """What each value of the target counts, (N, ...)."""
        weights = np.ones(self.target.shape)
        for name in ("sample_weight", "weight"):
            given = self.arrays.get(name)
            if given is not None and given.size == self.n:
                weights *= given.reshape(self.n, *([1] * (self.target.ndim - 1)))
            elif given is not None and given.shape == self.target.shape:
                weights *= given
        return weights

    def loss_of(self, prediction: Array) -> float:
        """The loss of a constant prediction."""
        name = self.bound.loss.roles[0].name
        # Classes lie one after the other, as in every block.
        whole = np.asfortranarray(np.broadcast_to(prediction, (self.n, *self.shape)))
        arrays = {name: whole, **self.arrays}
        reduction: Reduction = "overall" if self.overall else "mean"
        measure = Measure(self.bound, reduction, Keep(detail=False))
        state = measure(Block(0, self.n, arrays, {}, Gaps(0, self.n)))
        if self.overall:
            return self.bound.finish(state.statistics or ())
        return state.reduce("mean")

    def some(self) -> _Rows:
        """Few enough of the rows to evaluate them many times."""
        step = -(-self.n // _SEARCHED_ROWS)
        return replace(self, arrays={name: x[::step] for name, x in self.arrays.items()})


def _rows(bound: BoundLoss, result: Result, facts: Facts) -> _Rows | None:
    seen, target, sample = facts.prediction, facts.target, facts.evidence.sample
    if not bound.loss.elicits or seen is None or target is None or sample is None:
        return None
    if result.group is not None or result.reduction in ("sum", "batchmean"):
        return None
    if sample.has_constants or result.status != "ok" or _is_flattened(result, seen):
        return None
    overall = result.reduction == "overall"
    weighted = any(record.role in ("weight", "sample_weight") for record in result.inputs)
    counts = target.counts.by_value() if target.counts is not None else {}
    if not target.shape and counts and not weighted and not overall and target.integral:
        # Every label, weighed by how often it occurs: exact for any number of rows.
        labels = np.array([*counts], np.float64)
        arrays = {"target": labels, "sample_weight": np.array([*counts.values()], np.float64)}
        if all(
            role.name in ("target", bound.loss.roles[0].name) or role.optional
            for role in bound.loss.roles
        ):
            # A label that occurs twice is two rows, whatever a convention makes of weights.
            counting = replace(bound, loss=replace(bound.loss, weights_divide=True))
            return _Rows(counting, arrays, seen.shape, True, False)
    arrays = sample.arrays()
    first = bound.loss.roles[0].name
    arrays.pop(first, None)
    needed = [role.name for role in bound.loss.roles[1:] if not role.optional]
    if any(name not in arrays for name in needed) or len(arrays["target"]) == 0:
        return None
    shape = seen.shape
    while shape[-1:] == (1,):
        shape = shape[:-1]
    arrays = {name: _trimmed(x, len(shape)) for name, x in arrays.items()}
    return _Rows(bound, arrays, shape, sample.whole, overall)


def _is_flattened(result: Result, seen: RoleFacts) -> bool:
    """Were the elements of rows taken one by one, so that nothing tells their columns apart?"""
    record = next((record for record in result.inputs if record.role == seen.name), None)
    return record is not None and not seen.shape and any(n != 1 for n in record.shape)


def _trimmed(x: Array, most: int) -> Array:
    """The rows without axes of length one at the end, where the prediction has no such axes."""
    while x.ndim - 1 > most and x.shape[-1] == 1:
        x = x[..., 0]
    return x


def _best(rows: _Rows) -> _Best | None:
    loss, params = rows.bound.loss, rows.bound.params
    odd = any(params.get(name) not in (None, 0.0) for name in ("pos_weight",))
    if loss.elicits == "prior":
        return _prior(rows)
    if loss.elicits == "mean" and not odd:
        return _mean(rows)
    if loss.elicits == "median":
        return _Best(_quantile(rows, 0.5), "median of the target")
    if loss.elicits == "quantile":
        shares = params["quantile"]
        if not isinstance(shares, tuple) or len(shares) != 1 or rows.shape != rows.target.shape[1:]:
            return None
        return _Best(_quantile(rows, shares[0]), f"{shares[0]:g} quantile of the target")
    return None if rows.shape or rows.target.ndim > 1 else _searched(rows)


def _mean(rows: _Rows) -> _Best:
    weights = rows.weights
    with np.errstate(invalid="ignore"):
        mean = (weights * rows.target).sum(axis=0) / weights.sum(axis=0)
    return _Best(np.asarray(_on_scale(rows, mean)), "mean of the target")


def _on_scale(rows: _Rows, mean: Array) -> Array:
    """A mean as the loss takes predictions: as it is, as a logit, as a logarithm."""
    domain = rows.bound.loss.roles[0].domain.name
    with np.errstate(divide="ignore"):
        if domain in ("logit", "multi-label logits"):
            logit = np.log(mean) - np.log1p(-mean)
            return np.asarray(np.clip(logit, -_LARGEST_LOGIT, _LARGEST_LOGIT))
        logs = domain in ("rate", "positive mean") and rows.bound.params.get("log_input")
        return np.log(mean) if logs else np.asarray(mean)


def _prior(rows: _Rows) -> _Best | None:
    if len(rows.shape) != 1:
        return None
    classes, target = rows.shape[0], rows.target
    if target.ndim == 2:
        if target.shape[1] != classes:
            return None
        shares = np.tensordot(rows.weight, target, axes=(0, 0))
    else:
        counted = (
            (target >= 0) & (target < classes) & (target != rows.bound.params.get("ignore_index"))
        )
        labels = target[counted].astype(np.intp)
        shares = np.asarray(np.bincount(labels, rows.weight[counted], classes), np.float64)
    # A class is weighed after its share was smoothed, as in the loss.
    smoothing = rows.bound.arguments.get("label_smoothing") or 0.0
    with np.errstate(invalid="ignore"):
        shares = (1.0 - smoothing) * shares / shares.sum() + smoothing / classes
    weight = rows.bound.arguments.get("weight")
    if weight is not None:
        shares = shares * weight
    total = shares.sum()
    if not total > 0.0:
        return None
    shares /= total
    if rows.bound.loss.roles[0].domain.name == "class probabilities":
        return _Best(shares, "class shares")
    with np.errstate(divide="ignore"):
        # A class that never occurs costs nothing with any score that is low enough.
        logs = np.where(shares > 0.0, np.log(shares), -1e3)
    return _Best(logs, "class shares")


def _quantile(rows: _Rows, share: float) -> Array:
    """The weighted quantile of each column."""
    values, weights = rows.target.reshape(rows.n, -1), rows.weights.reshape(rows.n, -1)
    found = np.empty(values.shape[1])
    for i, (column, weight) in enumerate(zip(values.T, weights.T, strict=True)):
        order = np.argsort(column, kind="stable")
        below = np.cumsum(weight[order])
        at = int(np.searchsorted(below, share * below[-1]))
        found[i] = column[order][min(at, rows.n - 1)]
    return found.reshape(rows.target.shape[1:])


def _searched(rows: _Rows) -> _Best | None:
    """The constant found by search: the best quantile, then between its neighbours."""
    some = rows.some()
    grid = np.unique(np.quantile(some.target, np.linspace(0.0, 1.0, _GRID)))
    if rows.bound.loss.roles[0].domain.name == "logit":
        grid = np.linspace(-_LARGEST_LOGIT, _LARGEST_LOGIT, _GRID)

    def loss(x: float) -> float:
        return some.loss_of(np.asarray(x))

    losses = np.array([loss(x) for x in grid])
    if not np.isfinite(losses).any():
        return None
    at = int(np.nanargmin(losses))
    best = _golden(loss, float(grid[max(at - 1, 0)]), float(grid[min(at + 1, grid.size - 1)]))
    best = best if loss(best) < losses[at] else float(grid[at])
    return _Best(np.asarray(best), "constant found by search")


def _golden(loss: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return (low + high) / 2.0
