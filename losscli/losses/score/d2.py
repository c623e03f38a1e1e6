"""D2: other losses against those of their own best constant."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from losscli.convention import FLOAT_EPSILON, Convention
from losscli.domain import (
    UNIT,
    Array,
    ClassIndex,
    Interval,
    PredictedProbabilities,
    Real,
    TweedieMean,
    TweedieTarget,
)
from losscli.losses.score.variance import is_single, ratio_to_constant
from losscli.numerics import one_hot, pick, unit_deviance
from losscli.spec import loss
from losscli.statistics import Deviance, Sorted, Sum


def _finish_d2_absolute_error(absolute: Sum, target: Sorted) -> float:
    if is_single(absolute):
        return math.nan
    ratio = ratio_to_constant(absolute.total, 2.0 * target.pinball(0.5), force_finite=True)
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
    if is_single(under):
        return math.nan
    model = alpha * under.total + (1.0 - alpha) * over.total
    return float(np.mean(ratio_to_constant(model, target.pinball(alpha), force_finite=True)))


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
    if is_single(model) or not defined.all():
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
