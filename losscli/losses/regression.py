"""Regression: how far is a number from the number it should be?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import numpy as np

from losscli.convention import Convention
from losscli.domain import (
    NON_NEGATIVE,
    POSITIVE,
    AboveMinusOne,
    Array,
    Interval,
    Real,
    Weight,
)
from losscli.spec import loss
from losscli.statistics import Extent, Sorted, Sum

# From here on, the difference or the sum of two numbers may overflow.
_HALF_MAX = 2.0**1023
# Below it, powers that matter may have underflowed.
_TINY = 1e-280

Columns: TypeAlias = Annotated[
    Literal["flattened", "uniform_average"],
    "of several columns: one root for all of them, or the mean of a root for each",
]
Floor: TypeAlias = Annotated[
    float, Interval(low=-1.0), "smaller values are raised to it first; None leaves them"
]


def _element_weight(prediction: Array, target: Array, weight: Array | None = None) -> Array | None:
    return weight


def _weighted(elements: Array, weight: Array | None) -> Array:
    """The elements times their weights, which may be one row for all; overwrites ``elements``."""
    return elements if weight is None else np.multiply(elements, weight, out=elements)


@loss(
    aliases=(
        "mse_loss", "mean_squared_error", "squared_error", "l2", "reg:squarederror",
        "regression_l2", "regression",
    ),
    torch="torch.nn.MSELoss",
    divisor=_element_weight,
    minimum_when_equal=("prediction", "target"),
    elicits="mean",
    use_when="residuals are roughly Gaussian and large errors should cost far more than small ones",
    avoid_when="a few outliers would dominate: they enter squared",
    reference="torch.nn.MSELoss",
)  # fmt: skip
def mse(prediction: Real, target: Real, weight: Weight | None = None) -> Array:
    r"""Squared error.

    prediction, target, weight: (N, ...) -> (N, ...), in the target's unit squared. The mean divides
    by the number of elements, with weights by their sum.

    .. math:: \ell = w\,(x - y)^2

    Its mean is least when the prediction is the mean of the target. optax's ``l2_loss`` and
    scikit-learn's ``HalfSquaredError`` are half of it; keras divides a weighted mean by the number
    of elements all the same. An error beyond 1e154 overflows to infinity, as in PyTorch.

    >>> losses.mse([2.5, 0.0, 2.0], [3.0, -0.5, 2.0]).tolist()
    [0.25, 0.25, 0.0]
    """
    error = prediction - target
    return _weighted(np.multiply(error, error, out=error), weight)


@loss(
    aliases=(
        "l1", "l1_loss", "mean_absolute_error", "absolute_error", "reg:absoluteerror",
        "regression_l1",
    ),
    torch="torch.nn.L1Loss",
    divisor=_element_weight,
    minimum_when_equal=("prediction", "target"),
    elicits="median",
    use_when="outliers are real and should count no more than in proportion to their size",
    avoid_when="small errors should nearly vanish: its slope is the same however small the error",
    reference="torch.nn.L1Loss",
)  # fmt: skip
def mae(prediction: Real, target: Real, weight: Weight | None = None) -> Array:
    r"""Absolute error.

    prediction, target, weight: (N, ...) -> (N, ...), in the target's unit. The mean divides by the
    number of elements, with weights by their sum.

    .. math:: \ell = w\,|x - y|

    Its mean is least when the prediction is the median of the target. CatBoost's MAE ignores errors
    below 1e-6 and so differs in the seventh digit.

    >>> losses.mae([2.5, 0.0, 2.0], [3.0, -0.5, 2.0]).tolist()
    [0.5, 0.5, 0.0]
    """
    error = prediction - target
    return _weighted(np.abs(error, out=error), weight)


@loss(
    aliases=("l2_loss", "half_mse", "lsgan"),
    minimum_when_equal=("prediction", "target"),
    elicits="mean",
    use_when="the gradient should be the residual itself, or optax, scikit-learn must be matched",
    avoid_when="the number is reported: readers expect the whole square (mse)",
    reference="optax.losses.l2_loss; sklearn._loss.HalfSquaredError; tf.nn.l2_loss",
)
def half_squared_error(prediction: Real, target: Real) -> Array:
    r"""Half the squared error.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = \tfrac{1}{2} (x - y)^2

    The factor is all that tells it from mse. It is what a Gaussian of variance 1 costs, but for a
    constant. optax calls it ``l2_loss``; TensorFlow's ``nn.l2_loss`` is its sum over the elements.

    >>> losses.half_squared_error([2.5, 0.0, 2.0], [3.0, -0.5, 2.0]).tolist()
    [0.125, 0.125, 0.0]
    """
    error = prediction - target
    half = 0.5 * error
    return np.multiply(half, error, out=half)


def _log_ratio(x: Array, y: Array, floor: float | None) -> Array:
    """log(1 + x) - log(1 + y), which neither cancels where they are close nor overflows."""
    if floor is not None:
        x, y = np.maximum(x, floor), np.maximum(y, floor)
    ratio = (x - y) / (1.0 + y)
    # Roots of both, since their own ratio may be beyond the largest double.
    far = 2.0 * np.log(np.sqrt(1.0 + x) / np.sqrt(1.0 + y))
    return np.where((ratio >= -0.5) & (ratio <= 1.0), np.log1p(ratio), far)


@loss(
    aliases=(
        "mean_squared_log_error", "mean_squared_logarithmic_error", "squared_log_error",
        "reg:squaredlogerror",
    ),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    conventions={"sklearn": Convention(), "keras": Convention(floor=1e-7)},
    use_when="targets are counts or prices over several powers of ten, and ratios matter",
    avoid_when="too high and too low must cost alike: predicting too little costs more",
    reference="sklearn.metrics.mean_squared_log_error; keras.losses.MeanSquaredLogarithmicError",
)  # fmt: skip
def msle(
    prediction: AboveMinusOne,
    target: AboveMinusOne,
    *,
    floor: Floor | None = None,
) -> Array:
    r"""Squared difference of the logarithms of one plus each.

    prediction, target: above -1, (N, ...) -> (N, ...), without unit. The mean divides by the number
    of elements.

    .. math:: \ell = \bigl(\log(1 + x) - \log(1 + y)\bigr)^2

    keras raises both to 1e-7 first (floor=1e-7), so that negative values pass and cost as that one
    does. XGBoost raises a prediction below -1 to just above it; scikit-learn refuses it, as
    ``compute`` does. Close values keep the digits of their difference.

    >>> losses.msle([2.5, 0.0, 2.0], [3.0, 0.5, 2.0]).round(4).tolist()
    [0.0178, 0.1644, 0.0]
    """
    difference = _log_ratio(prediction, target, floor)
    return np.multiply(difference, difference, out=difference)


def _halve_huge(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Both, halved where their sum may overflow, and what they were multiplied by."""
    scale = np.where(np.maximum(np.abs(x), np.abs(y)) >= _HALF_MAX, 0.5, 1.0)
    return x * scale, y * scale, scale


@loss(
    aliases=("mean_absolute_percentage_error", "absolute_percentage_error"),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    conventions={"sklearn": Convention(), "keras": Convention(eps=1e-7, scale=100.0)},
    use_when="an error counts in proportion to a target that is well above 0",
    avoid_when="targets come near 0 (wmape, smape), or a forecast must not be drawn too low (mae)",
    reference="Hyndman and Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001; "
    "sklearn.metrics.mean_absolute_percentage_error",
)
def mape(
    prediction: Real,
    target: Real,
    *,
    eps: Annotated[float, POSITIVE, "a target closer to 0 counts as this large"] = 2.0**-52,
    scale: Annotated[float, POSITIVE, "what an error as large as its target costs"] = 1.0,
) -> Array:
    r"""Absolute error as a share of the target.

    prediction, target: (N, ...) -> (N, ...), without unit, or in percent with ``scale`` 100. The
    mean divides by the number of elements.

    .. math:: \ell = s\,\frac{|x - y|}{\max(|y|, \epsilon)}

    An error where the target is 0 costs :math:`|x| / \epsilon`, enough to swallow all others. The
    default of ``eps`` is scikit-learn's. torchmetrics has eps=1.17e-6, and keras eps=1e-7 with
    scale=100. LightGBM and CatBoost divide by 1 where the target is smaller than that: eps=1.
    XGBoost has no guard and gives infinity, as does eps=5e-324.

    >>> losses.mape([2.5, 0.0, 2.0], [3.0, -0.5, 2.0]).round(4).tolist()
    [0.1667, 1.0, 0.0]
    """
    x, y, halved = _halve_huge(prediction, target)
    share = np.abs(x - y)
    share /= np.maximum(np.abs(y), eps * halved)
    share *= scale
    return share


@loss(
    aliases=("symmetric_mean_absolute_percentage_error", "symmetric_mape"),
    minimum_when_equal=("prediction", "target"),
    use_when="a forecast is scored in percent and some targets are near 0: the loss is bounded",
    avoid_when="too high and too low must cost alike: predicting too little costs more (wmape)",
    reference="Makridakis 1993, doi:10.1016/0169-2070(93)90079-3; "
    "torchmetrics.SymmetricMeanAbsolutePercentageError",
)
def smape(
    prediction: Real,
    target: Real,
    *,
    eps: Annotated[float, POSITIVE, "the two sizes together count as at least this"] = 1.17e-6,
    scale: Annotated[float, POSITIVE, "half of what a wrong sign costs, the most there is"] = 1.0,
) -> Array:
    r"""Absolute error as a share of the mean size of prediction and target.

    prediction, target: (N, ...) -> (N, ...), without unit, in [0, 2 ``scale``]. The mean divides by
    the number of elements.

    .. math:: \ell = s\,\frac{2\,|x - y|}{\max(|x| + |y|, \epsilon)}

    Two zeros cost 0. The default of ``eps`` is that of torchmetrics. CatBoost and darts give
    percent, from 0 to 200: scale=100. Where 0 to 100 is wanted, and the sum of the sizes is not
    halved, take scale=50. Signs that differ cost the most there is, unless ``eps`` is larger than
    both sizes together.

    >>> losses.smape([2.5, 0.0, 2.0], [3.0, -0.5, 2.0]).round(4).tolist()
    [0.1818, 2.0, 0.0]
    """
    x, y, halved = _halve_huge(prediction, target)
    share = np.abs(x - y)
    share /= np.maximum(np.abs(x) + np.abs(y), eps * halved)
    share *= 2.0 * scale
    return share


@loss(
    aliases=("lp", "lp_loss"),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="something between mae (q=1) and mse (q=2) is wanted, or a power beyond",
    avoid_when="one of those two will do: this unit, to the power of q, is hard to read",
    reference="CatBoost Lq",
)
def lq(
    prediction: Real,
    target: Real,
    *,
    q: Annotated[float, POSITIVE, "the power: 1 is mae, 2 is mse; CatBoost wants at least 1"] = 1.5,
) -> Array:
    r"""Absolute error to the power of ``q``.

    prediction, target: (N, ...) -> (N, ...), in the target's unit to the power of ``q``. The
    mean divides by the number of elements.

    .. math:: \ell = |x - y|^q

    CatBoost has no default for ``q``. Below 1 the loss is not convex. minkowski takes the root of
    the sum.

    >>> losses.lq([2.5, 0.0, 2.0], [3.0, -0.5, 2.0], q=3).tolist()
    [0.125, 0.125, 0.0]
    """
    size = np.abs(prediction - target)
    size **= q
    return size


@loss(
    minimum_when_equal=("prediction", "target"),
    use_when="a tolerance is what counts: how many predictions miss by more than it",
    avoid_when="it matters by how much they miss (epsilon-insensitive)",
    reference="CatBoost NumErrors",
)
def num_errors(
    prediction: Real,
    target: Real,
    *,
    greater_than: Annotated[float, NON_NEGATIVE, "the largest error that passes"] = 0.0,
) -> Array:
    r"""One where the absolute error exceeds a tolerance, else zero.

    prediction, target: (N, ...) -> (N, ...), a count. The mean divides by the number of elements
    and is the share of misses.

    .. math:: \ell = \mathbf{1}\bigl[\,|x - y| > t\,\bigr]

    with :math:`t` the tolerance ``greater_than``, CatBoost's name for it; CatBoost has no default.
    An error of exactly ``greater_than`` passes. An error of NaN gives NaN.

    >>> losses.num_errors([2.5, 0.0, 2.0], [3.0, -0.25, 2.0], greater_than=0.25).tolist()
    [1.0, 0.0, 0.0]
    """
    excess = np.abs(prediction - target)
    excess -= greater_than
    return np.heaviside(excess, 0.0)


def _unit(p: float) -> float:
    """A large unit, to measure errors in whose p-th powers overflow."""
    return float(2.0 ** min(1200.0 / p, 600.0))


def _powers(error: Array, p: float) -> tuple[Array, Array, Array]:
    """The p-th powers of absolute errors: plain, in a large unit, and in a small one."""
    size, unit = np.abs(error), _unit(p)
    return size**p, (size / unit) ** p, (size * unit) ** p


def _root(powers: Sequence[Array], p: float) -> Array:
    """The p-th root of sums or means of :func:`_powers`, of the one that kept its digits."""
    plain, in_large, in_small = (power ** (1.0 / p) for power in powers)
    root = np.where(powers[0] < _TINY, in_small / _unit(p), plain)
    return np.where(plain == np.inf, in_large * _unit(p), root)


def _root_mean_square(plain: Sum, in_large: Sum, in_small: Sum, *, multioutput: str) -> float:
    means = [part.mean for part in (plain, in_large, in_small)]
    if multioutput == "flattened":
        means = [np.asarray(np.mean(mean)) for mean in means]
    return float(np.mean(_root(means, 2.0)))


@loss(
    aliases=(
        "root_mean_squared_error", "root_mean_square_error", "multi_rmse", "l2_root",
    ),
    finish=_root_mean_square,
    minimum_when_equal=("prediction", "target"),
    elicits="mean",
    conventions={"sklearn": Convention(multioutput="uniform_average"), "keras": Convention()},
    use_when="the squared error should be read in the target's own unit",
    avoid_when="a few outliers would dominate (mae), or errors are summed over parts (mse)",
    reference="sklearn.metrics.root_mean_squared_error; keras.metrics.RootMeanSquaredError",
)  # fmt: skip
def rmse(
    prediction: Real, target: Real, *, multioutput: Columns = "flattened"
) -> tuple[Array, ...]:
    r"""Root of the mean squared error.

    prediction, target: (N, ...) -> one number for all rows, in the target's unit.

    .. math:: \ell = \sqrt{\frac{1}{N} \sum_i (x_i - y_i)^2}

    Of several columns it takes one root for all elements, as keras and torchmetrics do.
    scikit-learn takes the mean of a root for each column, multioutput="uniform_average". CatBoost's
    MultiRMSE divides by the rows alone, so it is larger by the root of the number of columns.
    Squares that overflow or underflow are scaled first: errors of 1e200 or 1e-200 are no trouble.

    >>> losses.rmse([2.5, 0.0, 2.0], [3.0, -0.5, 2.0]).round(4).item()
    0.4082
    """
    return _powers(prediction - target, 2.0)


@loss(
    aliases=("root_mean_squared_log_error", "root_mean_squared_logarithmic_error"),
    finish=_root_mean_square,
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    conventions={"sklearn": Convention(multioutput="uniform_average")},
    use_when="ratios matter, and the result should read as one: 0.1 is about 10 % off",
    avoid_when="too high and too low must cost alike: predicting too little costs more",
    reference="sklearn.metrics.root_mean_squared_log_error; XGBoost rmsle",
)
def rmsle(
    prediction: AboveMinusOne,
    target: AboveMinusOne,
    *,
    floor: Floor | None = None,
    multioutput: Columns = "flattened",
) -> tuple[Array, ...]:
    r"""Root of the mean squared difference of logarithms.

    prediction, target: above -1, (N, ...) -> one number for all rows, without unit.

    .. math:: \ell = \sqrt{\frac{1}{N} \sum_i \bigl(\log(1 + x_i) - \log(1 + y_i)\bigr)^2}

    It is the root of the mean of msle, whose ``floor`` it has too. Of several columns it takes one
    root for all elements; scikit-learn takes the mean of a root for each column,
    multioutput="uniform_average".

    >>> losses.rmsle([2.5, 0.0, 2.0], [3.0, 0.5, 2.0]).round(4).item()
    0.2465
    """
    return _powers(_log_ratio(prediction, target, floor), 2.0)


def _share_of_total(error: Sum, size: Sum, *, eps: float) -> float:
    # Means, which stay finite where sums do not.
    least = eps / size.weight if size.weight else np.nan
    return float(np.sum(error.mean) / np.maximum(np.sum(size.mean), least))


@loss(
    aliases=(
        "weighted_mean_absolute_percentage_error", "weighted_absolute_percentage_error", "wape",
    ),
    finish=_share_of_total,
    minimum_when_equal=("prediction", "target"),
    use_when="demand is forecast in percent and some targets are 0: errors are shares of the total",
    avoid_when="each target should count alike however small (mape)",
    reference="torchmetrics.WeightedMeanAbsolutePercentageError",
)  # fmt: skip
def wmape(
    prediction: Real,
    target: Real,
    *,
    eps: Annotated[float, POSITIVE, "the targets together count as at least this"] = 1.17e-6,
) -> tuple[Array, ...]:
    r"""The sum of absolute errors as a share of the sum of absolute targets.

    prediction, target: (N, ...) -> one number for all rows and columns, without unit.

    .. math:: \ell = \frac{\sum_i |x_i - y_i|}{\max(\sum_i |y_i|, \epsilon)}

    It is mape with each row weighted by the size of its target. Other names are WAPE and, of a
    forecast's median, ND. It is a share, not percent. The default of ``eps`` is that of
    torchmetrics.

    >>> losses.wmape([2.5, 0.0, 2.0], [3.0, -0.5, 2.0]).round(4).item()
    0.1818
    """
    return np.abs(prediction - target), np.abs(target)


def _mean_of_medians(errors: Sorted) -> float:
    return float(np.mean(errors.quantile(0.5)))


@loss(
    aliases=("medae", "median_ae"),
    finish=_mean_of_medians,
    minimum_when_equal=("prediction", "target"),
    use_when="a typical error is wanted, and up to half the rows may be outliers",
    avoid_when="the large errors are what matters: it does not see them (mae, max-error)",
    reference="sklearn.metrics.median_absolute_error",
)
def median_absolute_error(prediction: Real, target: Real) -> Array:
    r"""Median of the absolute errors.

    prediction, target: (N, ...) -> one number for all rows, in the target's unit; of several
    columns, the mean of their medians.

    .. math:: \ell = \operatorname{median}_i\, |x_i - y_i|

    Of an even number of rows it is the mean of the middle two. With weights it is the weighted
    median, and where exactly half the weight lies below, the mean of the two neighbours, as in
    scikit-learn. Exact to 2^20 rows, and to 0.05 % beyond. This is not the median absolute
    deviation from a median.

    >>> losses.median_absolute_error([2.5, 0.0, 2.0], [3.0, -0.25, 2.0]).item()
    0.25
    """
    return np.abs(prediction - target)


def _largest(errors: Extent) -> float:
    largest = float(np.max(errors.high))
    # Of no rows it is -inf.
    return np.nan if largest < 0.0 else largest


@loss(
    aliases=("maximum_error", "chebyshev", "linf"),
    finish=_largest,
    minimum_when_equal=("prediction", "target"),
    use_when="the worst case is what must be bounded: tolerances, safety margins",
    avoid_when="data are noisy: one row decides",
    reference="sklearn.metrics.max_error",
)
def max_error(prediction: Real, target: Real) -> Array:
    r"""The largest absolute error.

    prediction, target: (N, ...) -> one number for all rows and columns, in the target's unit.

    .. math:: \ell = \max_i\, |x_i - y_i|

    Weights do not change it, but rows of weight 0 are left out. NaN where no row counts.
    scikit-learn takes one column only. minkowski comes close to it as ``p`` grows.

    >>> losses.max_error([2.5, 0.0, 2.0], [3.0, -0.25, 2.0]).item()
    0.5
    """
    return np.abs(prediction - target)


def _norm(plain: Sum, in_large: Sum, in_small: Sum, *, p: float) -> float:
    totals = [np.asarray(np.sum(part.total)) for part in (plain, in_large, in_small)]
    return float(_root(totals, p))


@loss(
    aliases=("minkowski_distance", "lp_norm"),
    finish=_norm,
    minimum_when_equal=("prediction", "target"),
    use_when="the distance between two whole vectors of numbers is wanted, in any p-norm",
    avoid_when="data of different length are compared: it grows with the rows (rmse, mae)",
    reference="torchmetrics.MinkowskiDistance; scipy.spatial.distance.minkowski",
)
def minkowski(
    prediction: Real,
    target: Real,
    *,
    p: Annotated[
        float, Interval(1.0, np.inf, high_open=True), "the norm: 1 Manhattan, 2 Euclidean"
    ] = 2.0,
) -> tuple[Array, ...]:
    r"""Distance between all predictions and all targets in the p-norm.

    prediction, target: (N, ...) -> one number for all rows and columns, in the target's unit.

    .. math:: \ell = \Bigl(\sum_i |x_i - y_i|^p\Bigr)^{1/p}

    It is a sum, not a mean: p=2 is rmse times the root of the number of elements. torchmetrics has
    no default for ``p``; 2 is SciPy's. Powers from 1e-600 to 1e600 are no trouble; where ``p`` is
    so large that they lie beyond, take max-error. pairwise-distance measures each row by itself.

    >>> losses.minkowski([2.5, 0.0, 2.0], [3.0, -0.5, 2.0], p=1).item()
    1.0
    """
    return _powers(prediction - target, p)
