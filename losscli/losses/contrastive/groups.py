"""A group of vectors with labels: its cosines and distances, its pairs, and means over them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from losscli.domain import POSITIVE, Array
from losscli.numerics import log_softmax_parts, norm

Mask: TypeAlias = NDArray[np.bool_]

# What PyTorch's normalize divides by at least, so that a vector of zeros stays one.
_LEAST_NORM = 1e-12

Temperature: TypeAlias = Annotated[
    float, POSITIVE, "divides the cosines; small ones look at near pairs only"
]
Normalize: TypeAlias = Annotated[bool, "scale every vector to length 1 first"]
Average: TypeAlias = Annotated[
    Literal["nonzero", "all"], "the mean is over the terms that cost something, or over all"
]


def directions_of(x: Array) -> Array:
    """Every vector divided by its length."""
    flat = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    length = np.maximum(norm(flat, 2.0), _LEAST_NORM)
    unit: Array = (flat / length[:, np.newaxis]).reshape(x.shape)
    return unit


def cosines_of(x: Array, y: Array) -> Array:
    """The dot product of each item of ``x`` with each of ``y``, (n, L, L). Not BLAS."""
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    rows = [np.add.reduce(y * x[:, i : i + 1], axis=-1) for i in range(x.shape[1])]
    return np.stack(rows, axis=1) if rows else np.empty((len(x), 0, 0))


def distances_of(x: Array, *, normalize: bool) -> Array:
    """The Euclidean distance of each pair of items, (n, L, L)."""
    x = directions_of(x) if normalize else np.ascontiguousarray(x)
    rows = [
        norm((x - x[:, i : i + 1]).reshape(-1, x.shape[-1]), 2.0).reshape(x.shape[:2])
        for i in range(x.shape[1])
    ]
    return np.stack(rows, axis=1) if rows else np.empty((len(x), 0, 0))


def pairs_of(labels: Array) -> tuple[Mask, Mask]:
    """Which pairs of items are alike, an item and itself left out, and which are not; (n, L, L)."""
    same = labels[:, :, np.newaxis] == labels[:, np.newaxis, :]
    itself = np.eye(labels.shape[1], dtype=np.bool_)
    return same & ~itself, ~same


def has_a_like_pair(embeddings: Array, labels: Array, **_: Any) -> Array:
    """1 for a group in which two items share a label; the others do not count."""
    like, _unlike = pairs_of(labels)
    return total_of(np.any(like, axis=(1, 2)))


def total_of(x: ArrayLike) -> Array:
    """The sum over all axes behind the first."""
    rows = np.ascontiguousarray(x, np.float64)
    flat = rows.reshape(len(rows), -1)
    total: Array = np.add.reduce(flat, axis=1)
    return total


def mean_of(x: Array, counts: Mask) -> Array:
    """The mean of each group over the entries that count, 0 where none does."""
    number = np.maximum(total_of(counts), 1.0)
    return np.asarray(total_of(np.where(counts, x, 0.0)) / number)


def mean_of_costs(x: Array, counts: Mask, average: str) -> Array:
    """The same, over those above 0 or over all."""
    return mean_of(x, counts & (x > 0.0) if average == "nonzero" else counts)


def log_sum_exp(x: Array, counts: Mask) -> Array:
    """log Σ exp over the last axis, of the entries that count; -inf where none does."""
    kept = np.where(counts, x, -np.inf)
    top = np.max(kept, axis=-1, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0.0)
    total = np.log(np.add.reduce(np.exp(kept - shift[..., np.newaxis]), axis=-1))
    return np.asarray(total + shift)


def surprise_of(scores: Array, counts: Mask) -> Array:
    """Minus the log-softmax over the last axis of the entries that count, infinite elsewhere."""
    kept = np.where(counts | ~counts.any(axis=-1, keepdims=True), scores, -np.inf)
    shifted, log_total = log_softmax_parts(kept.reshape(-1, scores.shape[-1]))
    return (log_total[:, np.newaxis] - shifted).reshape(scores.shape)
