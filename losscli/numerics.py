"""The only clever arithmetic: log-softmax, softplus, sigmoid and norms that keep their digits.

All sums run along axis 1 and add in an order that depends on the length of that axis alone, so a
row has the same bits whatever rows stand around it and however the array lies in memory.
"""

from __future__ import annotations

import math
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
    return shifted, log_total(np.exp(shifted))


def log_total(terms: Array) -> Array:
    """Log of the sum over axis 1 of terms of which the greatest is 1; overwrites them."""
    # 1 at each maximum and 0 elsewhere. Ties, or all but one of them, belong to the tail.
    maxima = np.floor(terms)
    terms -= maxima
    tail = sum_classes(terms)
    tail += sum_classes(maxima) - 1.0
    return np.log1p(tail)


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


def one_hot(labels: Array, classes: int) -> Array:
    """Class indices (N, ...) as ones and zeros (N, C, ...); zeros alone for what is no class."""
    found = np.empty((labels.shape[0], classes, *labels.shape[1:]))
    for label in range(classes):
        np.equal(labels, label, out=found[:, label], casting="unsafe")
    return found


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), which neither overflows nor rounds a small value to 0."""
    tail = np.abs(x)
    np.negative(tail, out=tail)
    np.exp(tail, out=tail)
    np.log1p(tail, out=tail)
    tail += np.maximum(x, 0.0)
    return tail


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


# 1/3, 1/5, 1/7 ... of the series of atanh, the last first: enough for arguments to 0.2.
_ATANH = tuple(1.0 / n for n in range(25, 1, -2))


def minus_log1p(x: Array) -> Array:
    """x - log(1 + x), which keeps its digits near 0, where it is about x² / 2.

    log(1 + x) is 2 atanh(s) with s = x / (2 + x), and x - 2 s is s x.
    """
    share = x / (2.0 + x)
    square = share * share
    series = np.zeros_like(x)
    for coefficient in _ATANH:
        series *= square
        series += coefficient
    near = share * (x - 2.0 * square * series)
    # No logarithm of a double is beyond 710 but that of infinity, which would leave NaN.
    far = x - np.minimum(np.log1p(x), 710.0)
    return np.where((share >= -0.2) & (share <= 0.2), near, far)


def log1m_exp(x: Array) -> Array:
    """log(1 - exp(-x)) for x at least 0, from the form that keeps its digits."""
    tail = np.exp(-x)
    return np.where(tail < 0.5, np.log1p(-tail), np.log(-np.expm1(-x)))


_erfc = np.frompyfunc(math.erfc, 1, 1)
# Below this the lower tail of a normal is told by its asymptotic series, six terms of it.
_NORMAL_TAIL = -30.0
_TAIL_TERMS = (-9.0, -7.0, -5.0, -3.0, -1.0)


def log_normal_cdf(z: Array) -> Array:
    """Logarithm of the standard normal distribution function, in both tails to the last digits."""
    tail = 0.5 * np.asarray(_erfc(np.abs(z) * math.sqrt(0.5)), np.float64)
    series = np.ones_like(tail)
    for factor in _TAIL_TERMS:
        series = 1.0 + factor / (z * z) * series
    far = np.log(series) - 0.5 * z * z - np.log(-z) - 0.5 * math.log(2.0 * math.pi)
    low = np.where(z < _NORMAL_TAIL, far, np.log(tail))
    return np.where(z < 0.0, low, np.log1p(-tail))


def mislabelled(prediction: Array, target: Array, threshold: float | None) -> Array:
    """1 where the predicted label is not the target, 0 where it is, NaN where there is none.

    The label of a score is 1 above the threshold and 0 otherwise; without a threshold a prediction
    is the label.
    """
    labels = prediction if threshold is None else prediction > threshold
    wrong = np.not_equal(labels, target).astype(np.float64)
    wrong[np.isnan(prediction)] = np.nan
    return wrong


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
    return _shift(x, least=0.0)


def even_out(x: Array) -> tuple[Array, Array]:
    """As :func:`shrink_huge`, and rows whose squares underflow are enlarged."""
    return _shift(x, least=1e-140)


def _shift(x: Array, least: float) -> tuple[Array, Array]:
    size = np.abs(x).max(axis=1, initial=0.0)
    _, exponent = np.frexp(size)
    scale = np.ldexp(1.0, np.where((size > 1e150) | (size < least), exponent - 1, 0))
    scale[size == inf] = inf
    return np.divide(x, scale[:, np.newaxis], order="C"), scale


# Terms of the series of a deviance near its mean; the next would be below 2^-53.
_TERMS = 28


def unit_deviance(value: Array, mean: Array, gap: Array, power: float) -> Array:
    """The unit deviance of a value from a mean, for any Tweedie power.

    It is twice the Bregman divergence of y^(2-p) / ((1-p) (2-p)), or y log y for p = 1, or -log y
    for p = 2; a value below 0 adds nothing but its linear term. ``gap`` is the value less the mean,
    given since a caller may know it to more digits.
    """
    if power == 0.0:
        return gap * gap
    q = 2.0 - power
    ratio = gap / mean
    near = np.abs(ratio) * max(4.0, abs(q)) < 1.0
    series = _near_deviance(np.where(near, ratio, 0.0), q) * mean**q
    far = np.where(value > 0.0, _far_deviance(value, mean, q), _flat_deviance(value, mean, q))
    return np.where(near, series, far)


def _near_deviance(r: Array, q: float) -> Array:
    """2 ((1 + r)^q - 1 - q r) / (q (q - 1)) of a small r."""
    total = np.zeros(r.shape)
    for k in range(_TERMS, 1, -1):
        total = 1.0 + total * r * ((q - k) / (k + 1.0))
    return total * r * r


def _far_deviance(value: Array, mean: Array, q: float) -> Array:
    """2 [y (y^(q-1) - x^(q-1)) / (q-1) - (y^q - x^q) / q], whose quotients know no special q."""
    log, power = log_ratio(value, mean), value**q
    slope = np.maximum(power, value * mean ** (q - 1.0)) * _power_gap(log, q - 1.0)
    return 2.0 * (slope - np.maximum(power, mean**q) * _power_gap(log, q))


def _power_gap(log: Array, q: float) -> Array:
    """(y^q - x^q) / q over the greater power, from log(y / x), which it is at q = 0."""
    if q == 0.0:
        return log
    share: Array = np.sign(log) * np.expm1(-np.abs(q * log)) / -abs(q)
    return share


def _flat_deviance(value: Array, mean: Array, q: float) -> Array:
    """The deviance of a value of 0 or less, which has no power."""
    if q <= 0.0:
        return np.where(value <= 0.0, inf, value)
    slope = value if q == 1.0 else value * mean ** (q - 1.0) / (q - 1.0)
    return 2.0 * (mean**q / q - np.where(value == 0.0, 0.0, slope))


def log_ratio(x: Array, y: Array) -> Array:
    """log(x / y) to the last digits, near 1 and where the ratio overflows or underflows."""
    ratio = x / y
    log = np.where((ratio > _TINY) & (ratio < inf), np.log(ratio), np.log(x) - np.log(y))
    near = (ratio > 0.5) & (ratio < 2.0)
    return np.where(near, np.log1p(np.where(near, (x - y) / y, 0.0)), log)


# The series of Stirling in 1 / x, whose next term at 8 is below 2^-53; the last first.
_STIRLING = (
    -3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12
)  # fmt: skip


def stirling_error(x: Array) -> Array:
    """log Γ(x + 1) - log(√(2πx) (x / e)^x), about 1 / 12x; x above 0.

    With it a log-likelihood of counts needs no log Γ, whose size would swallow the digits. A small
    x is led to x + 8 by the product that Γ(x + 8) / Γ(x) is.
    """
    small = x < 8.0
    large = np.where(small, x + 8.0, x)
    inverse = 1.0 / large
    square = inverse * inverse
    error = np.zeros(x.shape)
    for coefficient in _STIRLING:
        error *= square
        error += coefficient
    error *= inverse
    if small.any():
        low, high = x[small], large[small]
        product = np.ones(low.shape)
        for k in range(8):
            product *= (low + k) / high
        error[small] += (low - 0.5) * np.log1p(8.0 / low) - 8.0 - np.log(product)
    return error


_ERF = np.frompyfunc(math.erf, 1, 1)


def erf(x: Array) -> Array:
    """The error function, of one number at a time: NumPy has none."""
    return np.asarray(_ERF(x), dtype=np.float64)


def keep_freed_memory() -> None:
    """Let the C library keep the memory of temporaries for the next block.

    glibc returns the top of the heap to the system as soon as twice the largest block freed so far
    lies unused there. A kernel with two temporaries as large as a block then faults every page in
    again for every block, which is 8 times slower. Freeing one array just under glibc's limit of
    32 MiB raises that threshold for good; its pages are never touched. Elsewhere this does nothing.
    """
    np.empty(4_000_000)


def two_sum(x: Array, y: Array) -> tuple[Array, Array]:
    """The sum of two numbers and what its rounding lost (Knuth)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)
