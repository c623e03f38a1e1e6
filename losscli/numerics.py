"""The only clever arithmetic: log-softmax, softplus, sigmoid and norms that keep their digits.

All sums run along axis 1 and add in an order that depends on the length of that axis alone, so a
row has the same bits whatever rows stand around it and however the array lies in memory.
"""

from __future__ import annotations

from math import inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

# Below this, squares of components that matter may have underflowed.
_TINY = 1e-280


def sum_classes(x: Array) -> Array:
    """Sum over axis 1; overwrites ``x``.

    Adds the second half of the classes to the first until one is left. ``np.sum`` would add a
    single row in another order than a block of class-major rows; this also rounds less than adding
    in turn.
    """
    classes = x.shape[1]
    while classes > 1:
        half = classes // 2
        first = x[:, :half]
        np.add(first, x[:, classes - half : classes], out=first)
        classes -= half
    return x[:, 0]


def log_softmax_parts(x: Array) -> tuple[Array, Array]:
    """Shifted logits and log-total, whose difference is the log-softmax over axis 1.

    ``shifted`` is x - max, at most 0, and ``log_total`` is log Σ exp(shifted), at least 0:
    subtracting the maximum first keeps an offset common to all classes (say 1e15) from swallowing
    their differences. The maximum itself contributes exactly 1 to the sum, so log1p of the other
    terms keeps the loss of a confident row, about exp(-gap), where log(1 + exp(-gap)) would round
    it to 0.
    """
    # Class-major, so that sums over classes vectorise over rows.
    order = "F" if x.ndim == 2 else "K"
    shifted = np.subtract(x, x.max(axis=1, keepdims=True), order=order)  # type: ignore[call-overload]
    terms = np.exp(shifted)
    # 1 at each maximum and 0 elsewhere. Ties, or all but one of them, belong to the tail.
    maxima = np.floor(terms)
    terms -= maxima
    tail = sum_classes(terms)
    tail += sum_classes(maxima) - 1.0
    return shifted, np.log1p(tail)


def pick(x: Array, labels: NDArray[np.intp]) -> Array:
    """The entry of ``x`` along axis 1 that each label names.

    Raises:
        IndexError: a label is not in 0 .. C-1. (NumPy would count a negative one from the end.)
    """
    classes = x.shape[1]
    if labels.view(np.uintp).max(initial=0) >= classes:
        raise IndexError(f"a class index is not in 0 .. {classes - 1}")
    if x.ndim == 2:
        return x[np.arange(x.shape[0]), labels]
    return np.take_along_axis(x, labels[:, np.newaxis], axis=1)[:, 0]


def softplus_both(x: Array) -> tuple[Array, Array]:
    """softplus(-x) and softplus(x), where softplus(z) = log(1 + exp(z)).

    From log1p(exp(-|x|)), which neither overflows nor rounds a small value to 0. Both at once,
    since the loss of a logit wants both and the exponential is the price of either.
    """
    tail = np.abs(x)
    np.negative(tail, out=tail)
    np.exp(tail, out=tail)
    np.log1p(tail, out=tail)
    negative = np.maximum(-x, 0.0)
    negative += tail
    tail += np.maximum(x, 0.0)
    return negative, tail


def sigmoid_both(x: Array) -> tuple[Array, Array]:
    """sigmoid(x) and sigmoid(-x), where sigmoid(z) = 1 / (1 + exp(-z)).

    Both tails keep their digits, which 1 - sigmoid(x) would lose, and nothing overflows.
    """
    total = np.abs(x)
    np.negative(total, out=total)
    np.exp(total, out=total)
    total += 1.0
    upper = np.exp(np.minimum(x, 0.0))
    upper /= total
    lower = np.exp(np.minimum(-x, 0.0))
    lower /= total
    return upper, lower


def _reduce(combine: np.ufunc, x: Array) -> Array:
    """Each row to one number. Row by row, since rows of a C-ordered array are contiguous."""
    reduced: Array = combine.reduce(x, axis=1)
    return reduced


def norm(x: Array, p: float) -> Array:
    """The p-norm of each row, for any p, as PyTorch defines it.

    ``inf`` and ``-inf`` are the largest and the smallest absolute component, 0 counts the
    components that are not 0, and with a negative p a row that has a 0 has norm 0. Rows whose
    powers overflow or underflow (components of 1e200, or 1e-200) are computed again, scaled.
    """
    if p == 0.0:
        return _reduce(np.add, np.not_equal(x, 0.0).astype(np.float64))
    if p in (inf, -inf):
        return _reduce(np.maximum if p > 0 else np.minimum, np.abs(x))
    total = _sum_of_powers(x, p)
    doubtful = ~((total > _TINY) & (total < inf))
    result = _root(total, p)
    if p != 1.0 and doubtful.any():
        result[doubtful] = _scaled_norm(np.abs(x[doubtful]), p)
    return result


def _sum_of_powers(x: Array, p: float) -> Array:
    if p == 2.0:
        return _reduce(np.add, x * x)
    size: Array = np.abs(x)
    if p != 1.0:
        size **= p
    return _reduce(np.add, size)


def _root(x: Array, p: float) -> Array:
    root: Array = np.sqrt(x) if p == 2.0 else x ** (1.0 / p)
    return root


def _scaled_norm(size: Array, p: float) -> Array:
    """The p-norm of rows of absolute values, each divided by the one that dominates its norm."""
    result = _reduce(np.maximum if p > 0 else np.minimum, size)
    scale = result.copy()
    # A dominating 0, infinity or NaN is the norm.
    plain = (scale > 0.0) & (scale < inf)
    ratio = size[plain] / scale[plain, np.newaxis]
    result[plain] *= _root(_sum_of_powers(ratio, p), p)
    return result


def dot(x: Array, y: Array) -> Array:
    """The dot product of each pair of rows. Not BLAS, whose order of summation is its own."""
    return _reduce(np.add, np.multiply(x, y, order="C"))


def shrink_huge(x: Array) -> tuple[Array, Array]:
    """Rows of finite norm, and the power of two that each was divided by, 1 for nearly all.

    Dividing by a power of two is exact, so a cosine does not notice; a row that holds an infinity
    becomes NaN.
    """
    size = np.abs(x).max(axis=1)
    _, exponent = np.frexp(size)
    scale = np.ldexp(1.0, np.where(size > 1e150, exponent - 1, 0))
    scale[size == inf] = inf
    return np.divide(x, scale[:, np.newaxis], order="C"), scale


def keep_freed_memory() -> None:
    """Let the C library keep the memory of temporaries for the next block.

    glibc returns the top of the heap to the system as soon as twice the largest block freed so far
    lies unused there. A kernel with two temporaries as large as a block then faults every page in
    again for every block, which is 8 times slower. Freeing one array just under glibc's limit of
    32 MiB raises that threshold for good; its pages are never touched. Elsewhere this does nothing.
    """
    np.empty(4_000_000)
