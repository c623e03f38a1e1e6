"""Targets against the scores of classes: what they cost, what they weigh, which are ignored."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.domain import UNIT, Array, ClassWeights, Interval
from losscli.numerics import log_total, pick, sum_classes

# keras keeps a probability so far from 0 and 1.
KERAS_EPS = 1e-7
CLIP = Interval(0.0, 0.5, high_open=True)
Weight: TypeAlias = Annotated[ClassWeights, "a weight for each class, such as 1 / its frequency"]
IgnoreIndex: TypeAlias = Annotated[
    int, "a target with this index adds nothing, not even to the mean"
]
Smoothing: TypeAlias = Annotated[float, UNIT, "share of the target spread evenly over classes"]

# Log-probabilities as two arrays, (N, C, ...) and (N, ...), which keep their digits apart: the
# cost of a class, minus its log-probability, is the second minus the first.
Parts: TypeAlias = tuple[Array, Array]


def labels_of(
    target: Array, ignore_index: int | None
) -> tuple[NDArray[np.intp], NDArray[np.bool_] | None]:
    """Class indices, 0 in place of an ignored one, and which ones those are, None when none is."""
    labels = target.astype(np.intp)
    ignored = labels == ignore_index
    if not ignored.any():
        return labels, None
    labels[ignored] = 0
    return labels, ignored


def along_classes(values: Array, ndim: int) -> Array:
    """One value a class, shaped to meet an array whose axis 1 is the classes."""
    return values.reshape(1, -1, *(1,) * (ndim - 2))


def class_numbers(scores: Array) -> Array:
    """0 .. C-1, shaped to meet the scores."""
    return along_classes(np.arange(float(scores.shape[1])), scores.ndim)


def put_at(x: Array, labels: NDArray[np.intp], values: Array | float) -> Array:
    """``x`` with the entry that each label names along axis 1 replaced; overwrites ``x``."""
    at = labels[:, np.newaxis]
    np.put_along_axis(x, at, np.broadcast_to(values, labels.shape)[:, np.newaxis], axis=1)
    return x


def target_weight(
    scores: Array,
    target: Array,
    *,
    weight: Array | None = None,
    ignore_index: int = -100,
    **_: object,
) -> Array | None:
    """What a mean over class indices divides by: the target's weight, 0 where it is ignored."""
    if target.ndim == scores.ndim:
        return None
    labels, ignored = labels_of(target, ignore_index)
    if weight is None and ignored is None:
        return None
    counted = np.ones(labels.shape) if weight is None else weight[labels]
    if ignored is not None:
        counted[ignored] = 0.0
    return counted


def cost_against(
    parts: Parts,
    target: Array,
    *,
    weight: Array | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reshape: Callable[[Array], Array] | None = None,
    nothing_is_free: bool = False,
) -> Array:
    """The cost of the target class, ``reshape`` applied; of class probabilities its expectation.

    With ``nothing_is_free`` a class of target 0 costs nothing, even where it would cost inf, for
    which PyTorch has NaN. Overwrites ``parts``.
    """
    shifted, total = parts
    if target.ndim == shifted.ndim:
        if label_smoothing > 0.0:
            target = target * (1.0 - label_smoothing)
            target += label_smoothing / shifted.shape[1]
        costs = _costs(parts, weight, reshape)
        if nothing_is_free:
            costs[target == 0.0] = 0.0
        costs *= target
        return sum_classes(costs)
    labels, ignored = labels_of(target, ignore_index)
    elements = total - pick(shifted, labels)
    if reshape is not None:
        elements = reshape(elements)
    if weight is not None:
        elements *= weight[labels]
    if label_smoothing > 0.0:
        elements *= 1.0 - label_smoothing
        costs = _costs(parts, weight, reshape)
        elements += label_smoothing / shifted.shape[1] * sum_classes(costs)
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


def _costs(parts: Parts, weight: Array | None, reshape: Callable[[Array], Array] | None) -> Array:
    """The weighted cost of every class; overwrites ``parts``."""
    shifted, total = parts
    costs = np.subtract(total[:, np.newaxis], shifted, out=shifted)
    if reshape is not None:
        costs = reshape(costs)
    if weight is not None:
        costs *= along_classes(weight, costs.ndim)
    return costs


def clipped_parts(p: Array, eps: float, *, renormalize: bool) -> Parts:
    """Logarithms of probabilities clipped to [eps, 1 - eps], perhaps shares of their sum first."""
    if renormalize:
        # The greatest is 1, but where all are 0.
        shares = p / np.maximum(p.max(axis=1, keepdims=True), math.ulp(0.0))
        shifted = np.log(shares)
        total = np.maximum(log_total(shares), 0.0)
    else:
        shifted = np.log(p)
        total = np.zeros((p.shape[0], *p.shape[2:]))
    return clipped((shifted, total), eps)


def clipped(parts: Parts, eps: float) -> Parts:
    """The logarithms of probabilities kept within [eps, 1 - eps]; overwrites ``parts``."""
    shifted, total = parts
    low, high = total + (math.log(eps) if eps > 0.0 else -math.inf), total + math.log1p(-eps)
    return np.clip(shifted, low[:, np.newaxis], high[:, np.newaxis], out=shifted), total


def below_greatest(logits: Array) -> Array:
    """The logits less their greatest, which a further step then cannot round away."""
    below: Array = logits - logits.max(axis=1, keepdims=True)
    return below


def errors_of(prediction: Array, target: Array) -> Array:
    """Class probabilities less the target's, which a class index has all in one class."""
    if target.ndim == prediction.ndim:
        return prediction - target
    labels = target.astype(np.intp)
    return put_at(prediction.copy(), labels, pick(prediction, labels) - 1.0)
