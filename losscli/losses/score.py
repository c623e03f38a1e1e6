"""Scores against a constant: how much of the loss of the best constant does the model leave?"""

from __future__ import annotations

import math
from typing import Annotated, Literal, TypeAlias

import numpy as np

from losscli.convention import FLOAT_EPSILON, Convention
from losscli.domain import (
    POSITIVE,
    UNIT,
    Array,
    ClassIndex,
    Interval,
    PositiveReal,
    PredictedProbabilities,
    Real,
    TweedieMean,
    TweedieTarget,
)
from losscli.numerics import log_ratio, one_hot, pick, unit_deviance
from losscli.spec import loss
from losscli.statistics import Deviance, Extent, Sorted, Spread, Sum

Outputs: TypeAlias = Annotated[
    Literal["uniform_average", "variance_weighted", "flattened"],
    "columns count alike, or by their variance; or all values are one column",
]
Columns: TypeAlias = Annotated[
    Literal["uniform_average", "flattened"], "each column by itself, or all values as one column"
]
ForceFinite: TypeAlias = Annotated[bool, "a constant target costs 0 if predicted exactly, else 1"]


def _is_single(rows: Spread | Sum) -> bool:
    """Is it one row that counts once, or none? A row of weight 2 is two equal ones."""
    return rows.rows < 2 and rows.weight < 2.0


def _ratio(model: Array, constant: Array, *, force_finite: bool) -> Array:
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
    if _is_single(target):
        return math.nan
    length = target.deviation
    ratio = _ratio(error.length, length, force_finite=force_finite) ** 2
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
    ratio = _ratio(error.deviation, length, force_finite=force_finite) ** 2
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


def _finish_d2_absolute_error(absolute: Sum, target: Sorted) -> float:
    if _is_single(absolute):
        return math.nan
    ratio = _ratio(absolute.total, 2.0 * target.pinball(0.5), force_finite=True)
    return float(np.mean(ratio))


@loss(
    finish=_finish_d2_absolute_error,
    aliases=("d2_absolute_error_score",),
    minimum_when_equal=("prediction", "target"),
    use_when="the loss is mae, on a scale where 1 is to predict the target's median",
    avoid_when="large errors should count more: r2",
    reference="sklearn.metrics.d2_absolute_error_score",
)
def d2_absolute_error(prediction: Real, target: Real) -> tuple[Array, Array]:
    r"""One minus D2: the absolute error, as a share of that of predicting the target's median.

    prediction, target: (N, ...) -> one number without unit, of all rows; of (N, K) the mean of the
    columns. 0 is perfect, 1 is no better than a constant.

    .. math:: \ell = \frac{\sum |x - y|}{\sum |y - \operatorname{median} y|}

    A constant target costs 0 if it is predicted exactly and 1 otherwise. Less than two rows give
    NaN. Beyond 2^20 rows the denominator is an estimate, good to 8 digits or so.

    >>> losses.d2_absolute_error([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).round(4).item()
    0.2353
    """
    return np.abs(prediction - target), target


def _finish_d2_pinball(under: Sum, over: Sum, target: Sorted, *, alpha: float) -> float:
    if _is_single(under):
        return math.nan
    model = alpha * under.total + (1.0 - alpha) * over.total
    return float(np.mean(_ratio(model, target.pinball(alpha), force_finite=True)))


@loss(
    finish=_finish_d2_pinball,
    aliases=("d2_pinball_score",),
    minimum_when_equal=("prediction", "target"),
    use_when="a quantile is predicted, on a scale where 1 is to predict the target's own quantile",
    avoid_when="models of different quantiles are compared, since each has its own constant",
    reference="Koenker and Machado 1999, doi:10.1080/01621459.1999.10473882; "
    "sklearn.metrics.d2_pinball_score",
)
def d2_pinball(
    prediction: Real,
    target: Real,
    *,
    alpha: Annotated[float, UNIT, "the quantile that is predicted"] = 0.5,
) -> tuple[Array, Array, Array]:
    r"""One minus D2: the pinball loss, as a share of that of predicting the target's quantile.

    prediction, target: (N, ...) -> one number without unit, of all rows; of (N, K) the mean of the
    columns. 0 is perfect, 1 is no better than a constant.

    .. math:: \ell = \frac{\sum \rho_\alpha(y - x)}{\min_c \sum \rho_\alpha(y - c)}, \qquad
              \rho_\alpha(e) = \max(\alpha e, (\alpha - 1) e)

    With ``alpha`` 0.5 it is d2-absolute-error, where the edge cases stand. With 0 or 1 the best
    constant, the least or the greatest target, costs nothing, so that any error costs 1.

    >>> losses.d2_pinball([1.0, 2.0, 3.0], [1.0, 2.0, 5.0], alpha=0.9).round(4).item()
    2.5714
    """
    error = target - prediction
    return np.maximum(error, 0.0), np.maximum(-error, 0.0), target


def _finish_d2_tweedie(model: Sum, target: Deviance) -> float:
    defined = (target.spread.mean > 0.0) | (target.power >= 0.0)
    if _is_single(model) or not defined.all():
        return math.nan
    return float(np.mean(model.total / target.total))


@loss(
    finish=_finish_d2_tweedie,
    aliases=("d2_tweedie_score",),
    minimum_when_equal=("prediction", "target"),
    use_when="counts, costs or durations: like r2, for the deviance the model was fitted with",
    avoid_when="targets may be negative, or one power is not settled on",
    reference="sklearn.metrics.d2_tweedie_score",
)
def d2_tweedie(
    prediction: TweedieMean,
    target: TweedieTarget,
    *,
    power: Annotated[float, "0 normal, 1 Poisson, 2 gamma, 3 inverse Gaussian"] = 0.0,
) -> tuple[Array, Array]:
    r"""One minus D2: the Tweedie deviance, as a share of that of predicting the target's mean.

    prediction, target: (N, ...) -> one number without unit, of all rows; of (N, K) the mean of the
    columns. 0 is perfect, 1 is no better than a constant.

    .. math:: \ell = \frac{\sum d_p(y, x)}{\sum d_p(y, \bar y)}, \qquad
              d_p(y, x) = 2 \left[ \frac{y^{2-p}}{(1-p)(2-p)} - \frac{y\,x^{1-p}}{1-p}
              + \frac{x^{2-p}}{2-p} \right]

    with :math:`d_1 = 2\,(y \log(y / x) - y + x)` and :math:`d_2 = 2\,(\log(x / y) + y / x - 1)`.
    ``power`` 0 is r2. Predictions are above 0 unless it is 0; targets at least 0 if it is above 0,
    and above 0 if it is at least 2. A constant target gives inf, or NaN if it is predicted exactly,
    where scikit-learn raises an error; less than two rows give NaN, and so does a mean of 0 or less
    with a power below 0. scikit-learn takes no power between 0 and 1. Deviances of targets close to
    the prediction keep the digits that the formula as it stands would lose.

    >>> losses.d2_tweedie([1.0, 1.0, 5.0, 3.5], [0.5, 1.0, 2.5, 7.0], power=1.0).round(4).item()
    0.5121
    """
    model = unit_deviance(target, prediction, target - prediction, power)
    return model, np.stack([target, np.full_like(target, power)], axis=-1)


def _by_class(x: Array) -> Array:
    """The sum of each row and class, (N, C, ...) to (N, C)."""
    sums: Array = np.add.reduce(x.reshape(*x.shape[:2], math.prod(x.shape[2:])), axis=2)
    return sums


def _by_row(x: Array) -> Array:
    """The sum of each row, (N, ...) to (N,)."""
    sums: Array = np.add.reduce(x.reshape(len(x), math.prod(x.shape[1:])), axis=1)
    return sums


def _other_counts(counts: Array) -> Array:
    """How often each class is not the target."""
    return np.array([np.delete(counts, c).sum() for c in range(len(counts))])


def _finish_d2_log_loss(model: Sum, labels: Sum) -> float:
    counts = labels.total[labels.total > 0.0]
    if counts.sum() < 2.0 and model.rows < 2:
        return math.nan
    others = _other_counts(counts)
    share = others / counts.sum()
    surprise = -np.where(share < 0.5, np.log1p(-share), np.log(counts / counts.sum()))
    return float(model.total / np.sum(counts * surprise))


@loss(
    finish=_finish_d2_log_loss,
    aliases=("d2_log_loss_score", "mcfadden_r2", "mcfadden_pseudo_r2"),
    conventions={"sklearn": Convention(eps=FLOAT_EPSILON), "exact": Convention(eps=0.0)},
    use_when="class probabilities, on a scale where 1 is to predict how often each class occurs",
    avoid_when="a few sure mistakes decide it: d2-brier is bounded",
    reference="McFadden 1974; sklearn.metrics.d2_log_loss_score",
)
def d2_log_loss(
    prediction: PredictedProbabilities,
    target: ClassIndex,
    *,
    eps: Annotated[
        float, Interval(0.0, 0.5), "probabilities are clipped to [eps, 1 - eps]"
    ] = 2.220446049250313e-16,
) -> tuple[Array, Array]:
    r"""One minus D2: the log loss, as a share of that of predicting each class's frequency.

    prediction: class probabilities (N, C, ...); target: class indices (N, ...) -> one number
    without unit, of all rows. 0 is perfect, 1 is no better than a constant. With two classes the
    prediction is two columns, 1 - p and p.

    .. math:: \ell = \frac{\sum -\log x_y}{\sum_c -n_c \log(n_c / n)}

    with :math:`n_c` how often class :math:`c` is the target. It is one minus McFadden's pseudo-R2.
    Probabilities that do not sum to 1 are taken as they are. If only one class occurs it is inf, or
    NaN if that is predicted exactly and ``eps`` is 0; scikit-learn, whose constant is clipped too,
    gives a huge number. Less than two rows give NaN.

    >>> losses.d2_log_loss([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1]], [0, 1, 0]).round(4).item()
    0.535
    """
    chance = pick(prediction, target.astype(np.intp))
    return _by_row(-np.log(np.clip(chance, eps, 1.0 - eps))), _by_class(
        one_hot(target, prediction.shape[1])
    )


def _finish_d2_brier(model: Sum, labels: Sum) -> float:
    counts = labels.total
    if counts.sum() < 2.0 and model.rows < 2:
        return math.nan
    return float(model.total / np.sum(counts * (_other_counts(counts) / counts.sum())))


@loss(
    finish=_finish_d2_brier,
    aliases=("d2_brier_score", "brier_skill_score"),
    use_when="class probabilities, like r2; one sure mistake should not decide everything",
    avoid_when="probabilities near 0 matter in proportion: d2-log-loss",
    reference="Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2; "
    "sklearn.metrics.d2_brier_score",
)
def d2_brier(prediction: PredictedProbabilities, target: ClassIndex) -> tuple[Array, Array]:
    r"""One minus D2: the Brier score, as a share of that of predicting each class's frequency.

    prediction: class probabilities (N, C, ...); target: class indices (N, ...) -> one number
    without unit, of all rows. 0 is perfect, 1 is no better than a constant. D2 is the Brier skill
    score against the frequencies of the data at hand.

    .. math:: \ell = \frac{\sum \sum_c (x_c - [y = c])^2}{\sum_c n_c\,(1 - n_c / n)}

    with :math:`n_c` how often class :math:`c` is the target. With two classes it is r2 of the
    probability of one of them. If only one class occurs it is inf, or NaN if that is predicted
    exactly, and less than two rows give NaN, as in scikit-learn.

    >>> losses.d2_brier([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1]], [0, 1, 0]).round(4).item()
    0.45
    """
    right = one_hot(target, prediction.shape[1])
    return _by_row((prediction - right) ** 2), _by_class(right)


def _finish_kappa(error: Spread, prediction: Spread, target: Spread) -> float:
    error, prediction, target = error.pooled(), prediction.pooled(), target.pooled()
    # The error that the same ratings would make, dealt out at random.
    shift = np.abs(error.mean) * np.sqrt(error.weight)
    chance = np.hypot(np.hypot(prediction.deviation, target.deviation), shift)
    return float((error.length / chance) ** 2)


@loss(
    finish=_finish_kappa,
    aliases=(
        "qwk", "quadratic_kappa", "cohen_kappa_quadratic", "one_minus_quadratic_weighted_kappa",
        "concordance", "ccc", "concordance_corrcoef", "lins_concordance", "WKappa",
    ),
    minimum_when_equal=("prediction", "target"),
    use_when="ratings on an ordered scale, by a model and a human: agreement beyond chance",
    avoid_when="the grades have no order, or steps between them no common size",
    reference="Cohen 1968, doi:10.1037/h0026256; Lin 1989, doi:10.2307/2532051; "
    "sklearn.metrics.cohen_kappa_score",
)  # fmt: skip
def quadratic_weighted_kappa(prediction: Real, target: Real) -> tuple[Array, Array, Array]:
    r"""One minus quadratic weighted kappa: squared disagreement, as a share of that by chance.

    prediction, target: (N, ...), ratings -> one number without unit, of all values. 0 is perfect
    agreement, 1 is what the same ratings agree by chance, 2 is exact opposition.

    .. math:: \ell = 1 - \kappa = \frac{\tfrac1n \sum (x - y)^2}
              {\operatorname{Var}(x) + \operatorname{Var}(y) + (\bar x - \bar y)^2}

    with variances that divide by :math:`n`. For any numbers it is one minus Lin's concordance
    correlation coefficient, so ratings need not be whole. scikit-learn counts steps between the
    labels that occur, so that 1, 2 and 5 are as good as 1, 2 and 3; here a rating is its number.
    torchmetrics' ``ConcordanceCorrCoef`` divides the variances, but not the squared difference of
    means, by :math:`n - 1`. All ratings equal to one number give NaN.

    >>> losses.quadratic_weighted_kappa([1, 2, 3, 4], [1, 2, 4, 3]).round(4).item()
    0.2
    """
    return prediction - target, prediction, target


def _finish_scale_invariant_log(
    log_ratio: Spread, *, lambd: float, root: bool, scale: float
) -> float:
    log_ratio = log_ratio.pooled()
    mean_square = (log_ratio.deviation / np.sqrt(log_ratio.weight)) ** 2
    value = mean_square + (1.0 - lambd) * log_ratio.mean**2
    return scale * float(np.sqrt(value) if root else value)


@loss(
    finish=_finish_scale_invariant_log,
    aliases=(
        "silog", "silog_loss", "scale_invariant_logarithmic_error", "scale_invariant_log_error",
    ),
    minimum_when_equal=("prediction", "target"),
    use_when="depth and other quantities whose common scale is unknown or matters less",
    avoid_when="the scale matters as much as the shape: msle or relative errors",
    reference="Eigen et al. 2014, arXiv:1406.2283; lambd 0.85, root and scale 10: Lee et al. 2019, "
    "arXiv:1907.10326",
)  # fmt: skip
def scale_invariant_log(
    prediction: PositiveReal,
    target: PositiveReal,
    *,
    lambd: Annotated[float, UNIT, "how much of a common factor is forgiven; 1 is all of it"] = 0.5,
    root: Annotated[bool, "take the square root"] = False,
    scale: Annotated[float, POSITIVE, "multiplies the result"] = 1.0,
) -> Array:
    r"""How much log predictions and log targets differ, their common difference counting less.

    prediction, target: (N, ...), above 0 -> one number without unit, of all values. Papers take
    each image by itself: that is reduction ``mean``.

    .. math:: \ell = s \left[ \tfrac1n \sum g^2 - \lambda \left(\tfrac1n \sum g \right)^2
              \right]^{\,1 \text{ or } 1/2}, \qquad g = \log x - \log y

    With ``lambd`` 1 it is the variance of the log error, which no common factor changes; with 0 its
    mean square. Eigen et al. take 0.5 without a root, BTS and AdaBins 0.85 with a root and scale
    10, and the KITTI benchmark 1 with a root and scale 100. Leave out pixels without a measured
    depth.

    >>> losses.scale_invariant_log([1.0, 2.0, 4.0], [2.0, 2.0, 2.0], lambd=1.0).round(4).item()
    0.3203
    """
    return log_ratio(prediction, target)


def _finish_psnr(error: Spread, *, data_range: float) -> float:
    error = error.pooled()
    root = error.length / np.sqrt(error.weight)
    return 20.0 * float(np.log10(root / data_range))


@loss(
    finish=_finish_psnr,
    aliases=("psnr_loss", "negative_psnr", "peak_signal_noise_ratio"),
    minimum_when_equal=("prediction", "target"),
    # More decibels than 0 are the rule.
    non_negative=False,
    use_when="images or signals of a known range, reported in decibels",
    avoid_when="it should look right to people, who see structure rather than squared errors",
    reference="kornia.losses.PSNRLoss; torchmetrics.image.PeakSignalNoiseRatio",
)
def psnr(
    prediction: Real,
    target: Real,
    *,
    data_range: Annotated[float, POSITIVE, "largest value less the least; 255 for bytes"] = 1.0,
) -> Array:
    r"""Minus the peak signal-to-noise ratio: mean squared error in decibels, lower is better.

    prediction, target: (N, ...) -> one number in decibels, of all values. Image by image is
    reduction ``mean``; the two differ, since a mean of logarithms is not the logarithm of a mean.

    .. math:: \ell = -\mathrm{PSNR} = 10 \log_{10} \frac{\tfrac1n \sum (x - y)^2}{R^2}

    with :math:`R` the ``data_range``. A perfect prediction gives -inf.

    >>> losses.psnr([0.0, 0.5, 1.0], [0.1, 0.5, 0.9]).round(4).item()
    -21.7609
    """
    return prediction - target


def _finish_marre(error: Sum, extent: Extent, *, scale: float) -> float:
    if error.rows == 0:
        return math.nan
    return scale * float(np.mean(error.mean / (extent.high - extent.low)))


@loss(
    finish=_finish_marre,
    aliases=("mean_absolute_ranged_relative_error",),
    minimum_when_equal=("prediction", "target"),
    use_when="forecasts of series in different units should compare, by the range of each",
    avoid_when="one outlier sets the range of the target (nrmse with std, d2-absolute-error)",
    reference="darts.metrics.marre",
)
def marre(
    prediction: Real,
    target: Real,
    *,
    scale: Annotated[float, POSITIVE, "100 for per cent, as darts has it"] = 100.0,
) -> tuple[Array, Array]:
    r"""Mean absolute error as a share of the range of the target.

    prediction, target: (N, ...) -> one number of all rows, in per cent. Columns are averaged.

    .. math:: \ell = 100\,\frac{\overline{|x - y|}}{\max y - \min y}

    A target that never changes has no range: inf, or NaN if it is predicted exactly.

    >>> losses.marre([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).round(4).item()
    6.6667
    """
    return np.abs(prediction - target), target


def _finish_ope(error: Sum, target: Sum, *, scale: float) -> float:
    if error.rows == 0:
        return math.nan
    return scale * float(np.mean(np.abs(error.mean / target.mean)))


@loss(
    finish=_finish_ope,
    aliases=("overall_percentage_error",),
    minimum_when_equal=("prediction", "target"),
    use_when="the total over all rows is what must come right, as in a budget",
    avoid_when="each row must: errors to both sides cancel (wmape)",
    reference="darts.metrics.ope",
)
def ope(
    prediction: Real,
    target: Real,
    *,
    scale: Annotated[float, POSITIVE, "100 for per cent, as darts has it"] = 100.0,
) -> tuple[Array, Array]:
    r"""How far the total of the predictions is from that of the targets, as a share of it.

    prediction, target: (N, ...) -> one number of all rows, in per cent. Columns are averaged.

    .. math:: \ell = 100\,\Bigl|\frac{\sum x - \sum y}{\sum y}\Bigr|

    Targets that add up to 0 give inf, or NaN if the predictions do too.

    >>> losses.ope([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]).round(4).item()
    8.6957
    """
    return prediction - target, target
