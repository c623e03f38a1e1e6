"""Forecasts: does a quantile, an interval or a whole predicted distribution fit what came?"""

from __future__ import annotations

import math
from typing import Annotated, Any, TypeAlias

import numpy as np

from losscli.domain import (
    POSITIVE,
    UNIT,
    Array,
    ColumnWeights,
    CommonReal,
    Embedding,
    Ensemble,
    EnsembleVectors,
    Interval,
    Real,
    RowReal,
    Std,
)
from losscli.numerics import dot, erf, norm
from losscli.spec import loss

Quantiles: TypeAlias = Annotated[
    ColumnWeights, UNIT, "which quantile is predicted, in [0, 1]; one, or one for each column"
]
Fair: TypeAlias = Annotated[bool, "estimate the score of endlessly many members"]

# The only default of a vector is a tuple; it stands for an array.
_MEDIAN: Any = (0.5,)
_INSIDE = Interval(0.0, 1.0, low_open=True, high_open=True)
_ROOT_HALF = math.sqrt(0.5)
_ROOT_2_BY_PI = math.sqrt(2.0 / math.pi)
_INVERSE_ROOT_PI = 1.0 / math.sqrt(math.pi)


@loss(
    aliases=(
        "mean_pinball_loss", "pinball_loss", "quantile", "quantile_loss", "reg:quantileerror",
        "quantile_error", "MultiQuantile", "MQLoss", "check_loss",
    ),
    minimum_when_equal=("prediction", "target"),
    elicits="quantile",
    use_when="a quantile is predicted, or several: too low should cost more than too high, or less",
    avoid_when="whole distributions are predicted (crps-gaussian, crps-ensemble)",
    reference="Koenker and Bassett 1978, doi:10.2307/1913643; sklearn.metrics.mean_pinball_loss",
)  # fmt: skip
def pinball(
    prediction: Real,
    target: CommonReal,
    *,
    quantile: Quantiles = _MEDIAN,
    scale: Annotated[float, POSITIVE, "times the loss; with 2 the median's is the error"] = 1.0,
) -> Array:
    r"""Absolute error with one price for too low and another for too high.

    prediction: (N, ...); target: alike, or one for the row -> (N, ...), in the target's unit. The
    mean divides by the number of elements. Several quantiles are columns: with prediction (N, 3),
    ``quantile=[0.1, 0.5, 0.9]``.

    .. math:: \ell = s \max(q\,(y - x),\; (q - 1)(y - x))

    with :math:`q` the quantile and :math:`s` the ``scale``. Its mean is least when the prediction
    is that quantile of the target; 0.5 gives half of mae. GluonTS and the M5 competition double it:
    ``scale=2``, and then the mean over many quantiles nears the CRPS. The parameter is ``alpha`` in
    scikit-learn, LightGBM and CatBoost and ``quantile_alpha`` in XGBoost. CatBoost ignores errors
    below 1e-6 and so differs in the seventh digit.

    >>> losses.pinball([1.0, 1.0], [3.0, 0.0], quantile=0.9).round(4).tolist()
    [1.8, 0.1]
    """
    error = target - prediction
    return scale * np.maximum(quantile * error, (quantile - 1.0) * error)


@loss(
    aliases=("LogLinQuantile",),
    use_when="a quantile is predicted through its logarithm, since the target is never negative",
    avoid_when="the prediction is the quantile itself (pinball)",
    reference="CatBoost LogLinQuantile",
)
def log_lin_quantile(
    prediction: Real, target: CommonReal, *, quantile: Quantiles = _MEDIAN
) -> Array:
    r"""Pinball loss of the exponential of the prediction.

    prediction: the logarithm of a quantile (N, ...); target: alike, but no logarithm, or one for
    the row -> (N, ...), in the target's unit. The mean divides by the number of elements.

    .. math:: \ell = \max(q\,(y - e^x),\; (q - 1)(y - e^x))

    with :math:`q` the quantile, which CatBoost calls ``alpha``. CatBoost ignores errors below 1e-6.
    A prediction beyond 709 overflows to infinity.

    >>> losses.log_lin_quantile([0.0, 1.0], [3.0, 0.0], quantile=0.9).round(4).tolist()
    [1.8, 0.2718]
    """
    error = target - np.exp(prediction)
    return np.maximum(quantile * error, (quantile - 1.0) * error)


@loss(
    aliases=("expectile_loss", "asymmetric_squared_error", "reg:expectileerror"),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="an expectile is predicted: large errors cost their square, one side more",
    avoid_when="a share of targets should lie below the prediction, which is a quantile (pinball)",
    reference="Newey and Powell 1987, doi:10.2307/1911031; CatBoost Expectile",
)
def expectile(
    prediction: Real,
    target: Real,
    *,
    alpha: Annotated[float, UNIT, "price of too low, 1 - alpha that of too high"] = 0.5,
) -> Array:
    r"""Squared error with one price for too low and another for too high.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = (y - x)^2 \cdot \begin{cases} \alpha & x \le y \\
              1 - \alpha & \text{otherwise} \end{cases}

    Its mean is least when the prediction is the target's ``alpha``-expectile; 0.5 gives half of
    mse, whose expectile is the mean.

    >>> losses.expectile([1.0, 1.0], [3.0, 0.0], alpha=0.9).round(4).tolist()
    [3.6, 0.1]
    """
    error = target - prediction
    return np.where(error < 0.0, 1.0 - alpha, alpha) * error * error


@loss(
    aliases=(
        "quantile_huber_loss", "huber_quantile", "HuberQLoss", "HuberMQLoss",
        "quantile_regression_huber",
    ),
    minimum_when_equal=("prediction", "target"),
    use_when="quantiles are learnt by gradient and the corner of pinball disturbs: QR-DQN, IQN",
    avoid_when="the result must be a true quantile, which only pinball gives",
    reference="Dabney et al. 2018, arXiv:1710.10044",
)  # fmt: skip
def quantile_huber(
    prediction: Real,
    target: CommonReal,
    *,
    quantile: Quantiles = _MEDIAN,
    delta: Annotated[float, POSITIVE, "where quadratic turns linear, in the target's unit"] = 1.0,
    normalize: Annotated[bool, "divide by delta, which makes it linear like pinball"] = True,
) -> Array:
    r"""Huber loss with one price for too low and another for too high.

    prediction: (N, ...); target: alike, or one for the row -> (N, ...), in the target's unit,
    without ``normalize`` squared. The mean divides by the number of elements. Several quantiles are
    columns.

    .. math:: \ell = |q - [y < x]|\; \frac{\operatorname{huber}_\delta(y - x)}{\delta}

    with :math:`q` the quantile. IQN and Dopamine divide by ``delta``, so that a small one gives
    pinball; QR-DQN's paper and neuralforecast's ``HuberQLoss`` do not: ``normalize=False``. With a
    ``delta`` of 1 both agree. QR-DQN then sums over quantiles.

    >>> losses.quantile_huber([1.0, 1.0], [3.0, 0.0], quantile=0.9).round(4).tolist()
    [1.35, 0.05]
    """
    error = target - prediction
    price = np.abs(quantile - (error < 0.0))
    size = np.abs(error)
    quadratic = np.minimum(size, delta)
    size -= 0.5 * quadratic
    size *= quadratic
    if normalize:
        size /= delta
    return np.multiply(price, size, out=size)


@loss(
    aliases=("winkler", "winkler_score", "mean_interval_score"),
    use_when="an interval is predicted that should hold the target with a given probability",
    avoid_when="quantiles need not be central, or are many (pinball)",
    reference="Gneiting and Raftery 2007, doi:10.1198/016214506000001437; "
    "scoringrules.interval_score",
)
def interval_score(
    lower: Real,
    upper: Real,
    target: Real,
    *,
    alpha: Annotated[float, _INSIDE, "the share of targets outside; 0.05 for 95 % inside"] = 0.05,
) -> Array:
    r"""Width of an interval, and a fine for a target outside it.

    lower, upper, target: (N, ...) -> (N, ...), in the target's unit. The mean divides by the number
    of elements.

    .. math:: \ell = (u - l) + \frac{2}{\alpha} [\max(l - y, 0) + \max(y - u, 0)]

    Its mean is least when the bounds are the quantiles :math:`\alpha / 2` and
    :math:`1 - \alpha / 2`: it is :math:`2 / \alpha` times their pinball losses. The M4
    competition's MSIS is its mean at 0.05, divided by the mean absolute difference of seasons.
    Bounds in the wrong order cost more, not less.

    >>> losses.interval_score([0.0, 0.0], [2.0, 2.0], [1.0, 3.0], alpha=0.1).round(4).tolist()
    [2.0, 22.0]
    """
    outside = np.maximum(lower - target, 0.0)
    outside += np.maximum(target - upper, 0.0)
    outside *= 2.0 / alpha
    outside += upper - lower
    return outside


@loss(
    aliases=("crps_normal", "crps_norm"),
    minimum_when_equal=("prediction", "target"),
    use_when="a Gaussian is predicted, and outliers should cost no more than in proportion",
    avoid_when="the forecast is a set of samples (crps-ensemble), or a likelihood is wanted "
    "(gaussian-nll)",
    reference="Gneiting et al. 2005, doi:10.1175/MWR2904.1; scoringrules.crps_normal",
)
def crps_gaussian(prediction: Real, target: Real, std: Std) -> Array:
    r"""Continuous ranked probability score of a Gaussian forecast.

    prediction: the mean (N, ...); target: (N, ...); std: alike, or one for the row, at least 0 ->
    (N, ...), in the target's unit. The mean divides by the number of elements.

    .. math:: \ell = \sigma \left[ z\,\operatorname{erf}\frac{z}{\sqrt 2}
              + \sqrt{\frac{2}{\pi}}\,e^{-z^2 / 2} - \frac{1}{\sqrt \pi} \right], \qquad
              z = \frac{y - x}{\sigma}

    with :math:`\sigma` the standard deviation ``std``. It is the integral of the squared difference
    of two distribution functions, the forecast's and the target's, a step. A ``std`` of 0 gives the
    absolute error. Spread costs: a hit costs :math:`0.2337\,\sigma`.

    >>> losses.crps_gaussian([1.0, 1.0, 1.0], [1.0, 3.0, 3.0], [1.0, 1.0, 0.0]).round(4).tolist()
    [0.2337, 1.4528, 2.0]
    """
    error = target - prediction
    z = np.where(error == 0.0, 0.0, error / std)
    return error * erf(_ROOT_HALF * z) + std * (
        _ROOT_2_BY_PI * np.exp(-0.5 * z * z) - _INVERSE_ROOT_PI
    )


@loss(
    aliases=("crps", "continuous_ranked_probability_score"),
    use_when="a forecast is a set of samples or ensemble members of one number",
    avoid_when="members are vectors whose parts belong together (energy-score)",
    reference="Hersbach 2000, doi:10.1175/1520-0434(2000)015<0559:DOTCRP>2.0.CO;2; Ferro 2014, "
    "doi:10.1002/qj.2270",
)
def crps_ensemble(ensemble: Ensemble, target: RowReal, *, fair: Fair = False) -> Array:
    r"""Continuous ranked probability score of an ensemble forecast.

    ensemble: (N, M), a row for each forecast; target: (N,) -> (N,), in the target's unit. The mean
    divides by the number of rows.

    .. math:: \ell = \frac{1}{M} \sum_i |e_i - y| - \frac{1}{2 K} \sum_{i, j} |e_i - e_j|,
              \qquad K = M^2, \text{ with fair } M (M - 1)

    One member gives the absolute error. ``fair`` does not punish a small ensemble for being small,
    so that ensembles of different sizes compare. torchmetrics and properscoring are not fair;
    scoringrules' ``nrg``, ``qd`` and ``int`` are the default here, its ``fair`` and ``pwm`` are the
    other. It is summed over the gaps between sorted members, from positive terms only.

    >>> losses.crps_ensemble([[0.0, 2.0, 4.0], [0.0, 2.0, 4.0]], [2.0, 5.0]).round(4).tolist()
    [0.4444, 2.1111]
    >>> losses.crps_ensemble([[0.0, 2.0, 4.0]], [2.0], fair=True).round(4).tolist()
    [0.0]
    """
    members = ensemble.shape[1]
    count = np.arange(1.0, members + 1.0)
    # Of a gap: the share of pairs of members that lie beyond it, seen from the target.
    price = (count / members) ** 2
    if fair and members > 1:
        price = count * (count - 1.0) / (members * (members - 1.0))
    ordered, observed = np.sort(ensemble, axis=1), target[:, np.newaxis]
    upper = np.concatenate([ordered[:, 1:], observed], axis=1)
    lower = np.concatenate([observed, ordered[:, :-1]], axis=1)
    below = np.maximum(np.minimum(upper, observed) - ordered, 0.0)
    above = np.maximum(ordered - np.maximum(lower, observed), 0.0)
    return dot(below, price) + dot(above, price[::-1])


@loss(
    aliases=("es_ensemble",),
    use_when="a forecast is a set of sampled vectors whose parts belong together: paths, fields",
    avoid_when="a forecast is of one number (crps-ensemble, which is much faster)",
    reference="Gneiting and Raftery 2007, doi:10.1198/016214506000001437; scoringrules.es_ensemble",
)
def energy_score(ensemble: EnsembleVectors, target: Embedding, *, fair: Fair = False) -> Array:
    r"""Energy score: the CRPS of an ensemble of vectors.

    ensemble: (N, M, D), M members; target: (N, D) -> (N,), in the target's unit. The mean divides
    by the number of rows.

    .. math:: \ell = \frac{1}{M} \sum_i \lVert e_i - y \rVert
              - \frac{1}{2 K} \sum_{i, j} \lVert e_i - e_j \rVert,
              \qquad K = M^2, \text{ with fair } M (M - 1)

    The norm is Euclidean, so components should share a unit. With D = 1 it is crps-ensemble. One
    member gives the distance. ``fair`` does not punish a small ensemble for being small. Time goes
    with the square of M.

    >>> losses.energy_score([[[0.0, 0.0], [6.0, 8.0]]], [[3.0, 4.0]]).round(4).tolist()
    [2.5]
    """
    members = ensemble.shape[1]
    error: Array = _sum_of_distances(ensemble, target[:, np.newaxis]) / members
    apart = np.zeros_like(error)
    for i in range(1, members):
        apart += _sum_of_distances(ensemble[:, i:], ensemble[:, i - 1 : i])
    pairs = members * (members - 1) if fair else members**2
    error -= apart / max(pairs, 1)
    # Two sums of a fair score may be equal but for rounding.
    return np.maximum(error, 0.0, out=error)


def _sum_of_distances(vectors: Array, origin: Array) -> Array:
    """From each row's vectors (N, M, D) to its one origin (N, 1, D)."""
    gaps = vectors - origin
    distances = norm(gaps.reshape(-1, gaps.shape[2]), 2.0).reshape(gaps.shape[:2])
    total: Array = np.add.reduce(distances, axis=1)
    return total
