"""Errors against the variance of the target, which its mean leaves."""

from __future__ import annotations

import math
from typing import Annotated, Literal, TypeAlias

import numpy as np

from losscli.domain import Array, Interval, Real
from losscli.spec import loss
from losscli.statistics import Extent, Spread, Sum

Outputs: TypeAlias = Annotated[
    Literal["uniform_average", "variance_weighted", "flattened"],
    "columns count alike, or by their variance; or all values are one column",
]
Columns: TypeAlias = Annotated[
    Literal["uniform_average", "flattened"], "each column by itself, or all values as one column"
]
ForceFinite: TypeAlias = Annotated[bool, "a constant target costs 0 if predicted exactly, else 1"]


def is_single(rows: Spread | Sum) -> bool:
    """Is it one row that counts once, or none? A row of weight 2 is two equal ones."""
    return rows.rows < 2 and rows.weight < 2.0


def ratio_to_constant(model: Array, constant: Array, *, force_finite: bool) -> Array:
    """The loss that the model leaves, 1 being that of the best constant."""
    ratio = model / constant
    if not force_finite:
        return ratio
    return np.where(model == 0.0, 0.0, np.where(constant == 0.0, 1.0, ratio))


def _average(ratio: Array, length: Array, multioutput: str) -> float:
    """Over the columns, by the square of ``length`` if they weigh by variance."""
    longest = np.max(length, initial=0.0)
    if multioutput != "variance_weighted" or longest == 0.0:
        return float(np.mean(ratio))
    weight = (length / longest) ** 2
    return float(np.sum(weight * ratio) / np.sum(weight))


def _pooled(spread: Spread, multioutput: str) -> Spread:
    return spread.pooled() if multioutput == "flattened" else spread


def _finish_r2(error: Spread, target: Spread, *, multioutput: str, force_finite: bool) -> float:
    error, target = _pooled(error, multioutput), _pooled(target, multioutput)
    if is_single(target):
        return math.nan
    length = target.deviation
    ratio = ratio_to_constant(error.length, length, force_finite=force_finite) ** 2
    return _average(ratio, length, multioutput)


@loss(
    finish=_finish_r2,
    aliases=("r2_score", "r_squared", "one_minus_r2", "coefficient_of_determination"),
    minimum_when_equal=("prediction", "target"),
    use_when="models of one target should compare on a scale where 1 is to predict its mean",
    avoid_when="data sets are compared: it depends on how much the target varies (rmse, nrmse)",
    reference="sklearn.metrics.r2_score; torchmetrics.R2Score",
)
def r2(
    prediction: Real,
    target: Real,
    *,
    multioutput: Outputs = "uniform_average",
    force_finite: ForceFinite = True,
) -> tuple[Array, Array]:
    r"""One minus R2: the squared error, as a share of that of predicting the target's mean.

    prediction, target: (N, ...) -> one number without unit, of all rows. 0 is perfect, 1 is no
    better than a constant. R2 itself is 1 minus it.

    .. math:: \ell = 1 - R^2 = \frac{\sum (x - y)^2}{\sum (y - \bar y)^2}

    The columns of (N, K) are averaged, by ``multioutput``, as in scikit-learn and torchmetrics;
    ``flattened`` takes all values as one column. A constant target costs 0 if it is predicted
    exactly and 1 otherwise; without ``force_finite`` NaN and inf. Less than two rows give NaN.
    Neither the squares of huge values overflow nor does a mean far larger than the spread cost
    digits, as it does in torchmetrics.

    >>> losses.r2([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).round(4).item()
    0.0514
    """
    return prediction - target, target


def _finish_explained_variance(
    error: Spread, target: Spread, *, multioutput: str, force_finite: bool
) -> float:
    error, target = _pooled(error, multioutput), _pooled(target, multioutput)
    length = target.deviation
    ratio = ratio_to_constant(error.deviation, length, force_finite=force_finite) ** 2
    return _average(ratio, length, multioutput) if target.rows else math.nan


@loss(
    finish=_finish_explained_variance,
    aliases=("explained_variance_score", "unexplained_variance", "one_minus_explained_variance"),
    minimum_when_equal=("prediction", "target"),
    use_when="a constant error of all predictions does not matter, or is corrected later",
    avoid_when="it does matter: r2 counts it, this loss does not see it",
    reference="sklearn.metrics.explained_variance_score; torchmetrics.ExplainedVariance",
)
def explained_variance(
    prediction: Real,
    target: Real,
    *,
    multioutput: Outputs = "uniform_average",
    force_finite: ForceFinite = True,
) -> tuple[Array, Array]:
    r"""One minus explained variance: the variance of the error, as a share of the target's.

    prediction, target: (N, ...) -> one number without unit, of all rows. 0 is perfect but for a
    constant error, 1 is no better than a constant.

    .. math:: \ell = \frac{\operatorname{Var}(x - y)}{\operatorname{Var}(y)}

    It is r2 after the mean error is taken out, and never above it. ``multioutput`` and
    ``force_finite`` are those of r2. One row counts as a constant target, as in scikit-learn.

    >>> losses.explained_variance([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).round(4).item()
    0.0428
    """
    return prediction - target, target


def _finish_rse(error: Spread, target: Spread, *, squared: bool, eps: float) -> float:
    length = np.maximum(target.deviation, np.sqrt(eps))
    ratio = (error.length / length) ** (2.0 if squared else 1.0)
    return float(np.mean(ratio)) if target.rows else math.nan


@loss(
    finish=_finish_rse,
    aliases=("relative_squared_error",),
    minimum_when_equal=("prediction", "target"),
    use_when="the name is asked for, or its root, which is in proportion to the error (rrse)",
    avoid_when="the target may be constant: r2 is the same and defined there",
    reference="torchmetrics.RelativeSquaredError",
)
def rse(
    prediction: Real,
    target: Real,
    *,
    squared: Annotated[bool, "false takes the root of each column's error: RRSE"] = True,
    eps: Annotated[
        float, Interval(low=0.0), "least sum of squared deviations; torchmetrics: 1.19e-7"
    ] = 0.0,
) -> tuple[Array, Array]:
    r"""Relative squared error: the squared error, as a share of that of predicting the mean.

    prediction, target: (N, ...) -> one number without unit, of all rows; of (N, K) the mean of the
    columns.

    .. math:: \ell = \frac{\sum (x - y)^2}{\max(\sum (y - \bar y)^2, \varepsilon)}

    It is r2 but for a constant target, which gives inf, or NaN if it is predicted exactly.
    torchmetrics takes at least the epsilon of the data's type as the denominator, which tells
    where the target is small: ``eps`` sets such a bound.

    >>> losses.rse([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0], squared=False).round(4).item()
    0.2267
    """
    return prediction - target, target


def _finish_nrmse(
    error: Spread, target: Spread, extent: Extent, *, normalization: str, multioutput: str
) -> float:
    if multioutput == "flattened":
        error, target, extent = error.pooled(), target.pooled(), extent.pooled()
    if target.rows == 0:
        return math.nan
    root = np.sqrt(target.weight)
    scale = {
        "mean": np.abs(target.mean),
        "range": extent.high - extent.low,
        "std": target.deviation / root,
        "l2": target.length,
    }[normalization]
    return float(np.mean(error.length / root / scale))


@loss(
    finish=_finish_nrmse,
    aliases=(
        "normalized_root_mean_squared_error",
        "scatter_index",
        "coefficient_of_variation",
        "cv_rmse",
    ),
    minimum_when_equal=("prediction", "target"),
    use_when="errors of targets in different units or of different size should compare",
    avoid_when="the target's mean is near 0 or its range is set by outliers; choose another scale",
    reference="torchmetrics.NormalizedRootMeanSquaredError",
)
def nrmse(
    prediction: Real,
    target: Real,
    *,
    normalization: Annotated[
        Literal["mean", "range", "std", "l2"], "what of the target the error is divided by"
    ] = "mean",
    multioutput: Columns = "flattened",
) -> tuple[Array, Array, Array]:
    r"""Root mean squared error, divided by the size or the spread of the target.

    prediction, target: (N, ...) -> one number without unit, of all rows.

    .. math:: \ell = \frac{1}{s} \sqrt{\tfrac1n \sum (x - y)^2}, \qquad
              s = |\bar y|, \ \max y - \min y, \ \sqrt{\tfrac1n \sum (y - \bar y)^2}
              \ \text{or}\ \sqrt{\sum y^2}

    for ``mean``, ``range``, ``std`` and ``l2``. With ``std`` its square is r2. ``l2`` is not a mean
    square, so that it falls with the number of rows, as in torchmetrics; there a negative mean also
    gives a negative error. A scale of 0 gives inf, or NaN without any error.

    >>> losses.nrmse([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 2.0]).round(4).item()
    0.4
    """
    return prediction - target, target, target
