"""Likelihoods: how probable did the predicted distribution make the number that came?"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from losscli.convention import Convention
from losscli.domain import (
    POSITIVE,
    Array,
    Count,
    Degrees,
    Dispersion,
    Interval,
    NonNegativeReal,
    PositiveMean,
    PositiveReal,
    Rate,
    Real,
    Scale,
    TweedieMean,
    TweedieTarget,
    Variance,
)
from losscli.numerics import minus_log1p, stirling_error, unit_deviance
from losscli.spec import loss

_LOG_2 = math.log(2.0)
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
# Shapes and counts beyond these are as good as 0 or infinite, and their inverses overflow.
_LEAST, _MOST = 1e-300, 1e300


def _log_root(count: Array) -> Array:
    """Half of log(2πy), the last term of Stirling's formula."""
    return 0.5 * np.log(count) + _HALF_LOG_2PI


def _log_factorial(count: Array) -> Array:
    """log Γ(y + 1) - (y log y - y), which is 0 at 0."""
    return np.where(count < _LEAST, 0.0, _log_root(count) + stirling_error(count))


@loss(
    aliases=(
        "poisson_nll_loss", "poisson", "count:poisson", "poisson-nloglik", "log_poisson_loss",
        "HalfPoissonLoss",
    ),
    torch="torch.nn.PoissonNLLLoss",
    non_negative=False,
    elicits="mean",
    conventions={"torch": Convention(), "keras": Convention(log_input=False, eps=1e-7)},
    use_when="the target counts events and its variance grows like its mean",
    avoid_when="counts vary more than their mean (negative-binomial-nll), or 0 must mean a "
    "perfect fit (poisson-deviance)",
    reference="torch.nn.PoissonNLLLoss",
)  # fmt: skip
def poisson_nll(
    prediction: Rate,
    target: NonNegativeReal,
    *,
    log_input: Annotated[bool, "the prediction is the logarithm of the rate"] = True,
    full: Annotated[bool, "add the term that depends on the target alone"] = False,
    eps: Annotated[float, POSITIVE, "added to a rate before its logarithm is taken"] = 1e-8,
    constant: Annotated[
        Literal["stirling", "exact"], "what full adds: PyTorch's approximation, or log y!"
    ] = "stirling",
) -> Array:
    r"""Negative log-likelihood of a count under a Poisson distribution.

    prediction: the logarithm of the rate (N, ...), without ``log_input`` the rate itself; target:
    (N, ...), at least 0 -> (N, ...), in nats. The mean divides by the number of elements.

    .. math:: \ell = e^x - y\,x, \qquad \text{without log\_input}\quad
              \ell = x - y \log(x + \varepsilon)

    ``full`` adds :math:`y \log y - y + \tfrac12 \log 2 \pi y` where y is above 1, which falls about
    1 / 12y short of :math:`\log y!`; with ``constant="exact"`` it adds that, as XGBoost's
    ``poisson-nloglik`` does. With ``full`` large counts keep their digits, where PyTorch adds terms
    that nearly cancel. keras'
    ``Poisson`` takes rates and an ``eps`` of 1e-7; LightGBM and XGBoost bound the rate by 1e-10 and
    1e-16 instead; TensorFlow's ``log_poisson_loss``, CatBoost and scikit-learn's
    ``HalfPoissonLoss`` take logarithms. An exponential beyond 709 overflows to infinity.

    >>> losses.poisson_nll([0.0, 1.0, 2.0], [1.0, 2.0, 7.0]).round(4).tolist()
    [1.0, 0.7183, -6.6109]
    """
    rate = np.exp(prediction) if log_input else prediction + eps
    elements = rate - target * prediction if log_input else prediction - target * np.log(rate)
    if not full:
        return elements
    divergence = 0.5 * unit_deviance(target, rate, target - rate, 1.0)
    if not log_input:
        divergence -= eps
    if constant == "exact":
        return divergence + _log_factorial(target)
    return np.where(target > 1.0, divergence + _log_root(target), elements)


@loss(
    aliases=("gaussian_nll_loss", "normal_nll", "RMSEWithUncertainty"),
    torch="torch.nn.GaussianNLLLoss",
    non_negative=False,
    minimum_when_equal=("prediction", "target"),
    use_when="the model predicts how uncertain it is: a mean and a variance",
    avoid_when="outliers are common: they cost their square (student-t-nll, crps-gaussian)",
    reference="Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138; torch.nn.GaussianNLLLoss",
)
def gaussian_nll(
    prediction: Real,
    target: Real,
    var: Variance,
    *,
    full: Annotated[bool, "add the constant log(2 pi) / 2"] = False,
    eps: Annotated[float, POSITIVE, "the least variance; a smaller one counts as it"] = 1e-6,
) -> Array:
    r"""Negative log-likelihood of a number under a Gaussian of predicted mean and variance.

    prediction, target: (N, ...); var: alike, or one for the row, at least 0 -> (N, ...), in nats.
    The mean divides by the number of elements.

    .. math:: \ell = \frac12 \left[ \log v + \frac{(x - y)^2}{v} \right], \qquad
              v = \max(\mathrm{var}, \varepsilon)

    It is negative where the target is hit with a variance below 1. ``full`` makes it the logarithm
    of a density and so comparable to other distributions. CatBoost's ``RMSEWithUncertainty`` is
    that, of the logarithm s of a standard deviation: give ``exp(2 s)``. A variance under 1e-6 needs
    a smaller ``eps``, else it counts as 1e-6.

    >>> losses.gaussian_nll([1.0, 1.0], [1.0, 3.0], [0.25, 4.0]).round(4).tolist()
    [-0.6931, 1.1931]
    """
    variance = np.maximum(var, eps)
    error = prediction - target
    # Divided before it is squared, which overflows less often.
    elements = error / variance * error
    elements += np.log(variance)
    elements *= 0.5
    return elements + _HALF_LOG_2PI if full else elements


@loss(
    aliases=("laplace_nll_loss", "laplacian_nll"),
    non_negative=False,
    minimum_when_equal=("prediction", "target"),
    use_when="the model predicts a median and a scale, and errors have tails fatter than a "
    "Gaussian's",
    avoid_when="errors are Gaussian (gaussian-nll), or outliers are extreme (student-t-nll)",
    reference="scipy.stats.laplace; torch.distributions.Laplace",
)
def laplace_nll(prediction: Real, target: Real, scale: Scale) -> Array:
    r"""Negative log-likelihood of a number under a Laplace distribution.

    prediction, target: (N, ...); scale: alike, or one for the row, above 0 -> (N, ...), in nats.
    The mean divides by the number of elements.

    .. math:: \ell = \log 2b + \frac{|x - y|}{b}

    with :math:`b` the scale, whose best value is the mean absolute error: the standard deviation is
    :math:`\sqrt 2\,b`. With b 1 it is mae but for the constant log 2.

    >>> losses.laplace_nll([1.0, 1.0], [1.0, 3.0], [0.5, 2.0]).round(4).tolist()
    [0.0, 2.3863]
    """
    elements = np.abs(prediction - target)
    elements = elements / scale
    elements += np.log(scale) + _LOG_2
    return elements


@loss(
    aliases=("student_t_nll_loss", "student_t", "t_nll"),
    non_negative=False,
    minimum_when_equal=("prediction", "target"),
    use_when="outliers are part of the data, and the model predicts a scale and how fat the tails "
    "are",
    avoid_when="the model gives no scale: a robust loss such as cauchy or huber needs none",
    reference="scipy.stats.t; torch.distributions.StudentT",
)
def student_t_nll(prediction: Real, target: Real, scale: Scale, df: Degrees) -> Array:
    r"""Negative log-likelihood of a number under Student's t distribution.

    prediction, target: (N, ...); scale, df: alike, or one for the row, above 0 -> (N, ...), in
    nats. The mean divides by the number of elements.

    .. math:: \ell = \log \frac{\sigma \sqrt{\nu \pi}\;\Gamma(\nu / 2)}{\Gamma((\nu + 1) / 2)}
              + \frac{\nu + 1}{2} \log\left(1 + \frac{(x - y)^2}{\nu \sigma^2}\right)

    with :math:`\sigma` the scale and :math:`\nu` the degrees of freedom ``df``: 1 is Cauchy, inf is
    Gaussian. The scale is no standard deviation, which is :math:`\sigma \sqrt{\nu / (\nu - 2)}`,
    and infinite up to 2 degrees. Where one ``df`` holds for all rows, give it in a column of its
    own. Large degrees keep their digits, which a difference of log-gammas loses.

    >>> losses.student_t_nll([1.0, 1.0], [1.0, 9.0], [1.0, 1.0], [4.0, 4.0]).round(4).tolist()
    [0.9808, 8.0639]
    """
    degrees = np.clip(df, _LEAST, _MOST)
    half = 0.5 * degrees
    size = np.abs(prediction - target)
    square = (size / scale / np.sqrt(degrees)) ** 2
    log_square = 2.0 * (np.log(size) - np.log(scale)) - np.log(degrees)
    elements = (half + 0.5) * np.where(square < math.inf, np.log1p(square), log_square)
    # What it exceeds a Gaussian's by, from Stirling's formula for both gammas.
    elements += half * minus_log1p(0.5 / half) + stirling_error(half) - stirling_error(half + 0.5)
    elements += np.log(scale) + _HALF_LOG_2PI
    return elements


@loss(
    aliases=("negative_binomial_nll_loss", "negative_binomial", "nb_nll", "negbin_nll"),
    minimum_when_equal=("prediction", "target"),
    use_when="the target counts events and varies more than its mean",
    avoid_when="variance and mean agree (poisson-nll), or targets are no whole numbers "
    "(tweedie-deviance)",
    reference="Hilbe 2011, Negative Binomial Regression; scipy.stats.nbinom",
)
def negative_binomial_nll(prediction: PositiveReal, target: Count, dispersion: Dispersion) -> Array:
    r"""Negative log-likelihood of a count under a negative binomial distribution.

    prediction: the mean (N, ...), above 0; target: (N, ...), 0, 1, 2 ...; dispersion: alike, or one
    for the row, at least 0 -> (N, ...), in nats. The mean divides by the number of elements.

    .. math:: \ell = -\log \frac{\Gamma(y + r)}{y!\;\Gamma(r)} + r \log(1 + \alpha x)
              + y \log \frac{1 + \alpha x}{\alpha x}, \qquad r = \frac{1}{\alpha}

    with :math:`\alpha` the dispersion: the variance is :math:`x + \alpha x^2`, as in statsmodels
    and GluonTS. scvi's ``theta``, PyTorch's ``total_count`` and scipy's ``n`` are r, with scipy's
    ``p`` :math:`1 / (1 + \alpha x)`. A dispersion of 0 is Poisson: ``poisson_nll`` with ``full``
    and ``constant="exact"``. Large counts and small dispersions keep their digits, which a
    difference of log-gammas loses.

    >>> losses.negative_binomial_nll([2.0, 2.0], [0.0, 7.0], [0.5, 0.5]).round(4).tolist()
    [1.3863, 4.1589]
    """
    # After Loader 2000: half the deviances of y from its mean given y + r, and of r from its own.
    reached, grown = 1.0 + dispersion * target, 1.0 + dispersion * prediction
    expected = prediction * (reached / grown)
    elements = 0.5 * unit_deviance(target, expected, target - expected, 1.0)
    of_shape = 0.5 * unit_deviance(reached, grown, dispersion * (target - prediction), 2.0)
    elements += np.divide(of_shape, dispersion, out=np.zeros_like(elements), where=dispersion > 0.0)
    elements += _log_factorial(target) + 0.5 * np.log(reached)
    shape = 1.0 / dispersion
    elements += np.where(target == 0.0, 0.0, stirling_error(shape) - stirling_error(shape + target))
    return elements


@loss(
    aliases=("mean_poisson_deviance",),
    minimum_when_equal=("prediction", "target"),
    elicits="mean",
    use_when="counts or rates are predicted, and a perfect prediction should cost 0",
    avoid_when="the model gives logarithms of rates (poisson-nll), or targets are negative",
    reference="sklearn.metrics.mean_poisson_deviance",
)
def poisson_deviance(prediction: PositiveReal, target: NonNegativeReal) -> Array:
    r"""Twice what a rate costs a Poisson likelihood beyond the best rate, the target itself.

    prediction: the rate (N, ...), above 0; target: (N, ...), at least 0 -> (N, ...), in the
    target's unit. The mean divides by the number of elements.

    .. math:: \ell = 2 \left[ y \log \frac{y}{x} - y + x \right]

    with :math:`0 \log 0 = 0`. It is ``tweedie_deviance(power=1)`` and twice generalized-kl-div.
    Predictions close to the target keep their digits.

    >>> losses.poisson_deviance([2.0, 2.0, 2.0], [0.0, 2.0, 5.0]).round(4).tolist()
    [4.0, 0.0, 3.1629]
    """
    return unit_deviance(target, prediction, target - prediction, 1.0)


@loss(
    aliases=("mean_gamma_deviance",),
    minimum_when_equal=("prediction", "target"),
    elicits="mean",
    use_when="targets are above 0 and errors count in proportion: costs, durations, rainfall",
    avoid_when="a target may be 0 (tweedie-deviance with a power below 2)",
    reference="sklearn.metrics.mean_gamma_deviance",
)
def gamma_deviance(prediction: PositiveReal, target: PositiveReal) -> Array:
    r"""Twice what a mean costs a gamma likelihood beyond the best mean, the target itself.

    prediction, target: (N, ...), above 0 -> (N, ...), without unit. The mean divides by the number
    of elements.

    .. math:: \ell = 2 \left[ \log \frac{x}{y} + \frac{y}{x} - 1 \right]

    Only the ratio of the two counts, and too small a prediction costs more than one too large. It
    is ``tweedie_deviance(power=2)`` and twice itakura-saito. LightGBM's metric of this name sums
    instead of averaging, and XGBoost's adds 1e-6 to both, which shows in the fifth digit.

    >>> losses.gamma_deviance([1.0, 1.0, 10.0], [1.0, 10.0, 1.0]).round(4).tolist()
    [0.0, 13.3948, 2.8052]
    """
    return unit_deviance(target, prediction, target - prediction, 2.0)


@loss(
    aliases=("mean_tweedie_deviance", "tweedie_deviance_score", "HalfTweedieLossIdentity"),
    minimum_when_equal=("prediction", "target"),
    elicits="mean",
    use_when="the variance is a power of the mean: 1 counts, 1.5 claims with many zeros, 2 costs",
    avoid_when="the model gives logarithms (tweedie-nll), or which power fits best is the question",
    reference="Jørgensen 1987, Exponential dispersion models; "
    "sklearn.metrics.mean_tweedie_deviance",
)
def tweedie_deviance(
    prediction: TweedieMean,
    target: TweedieTarget,
    *,
    power: Annotated[float, "0 normal, 1 Poisson, 2 gamma, 3 inverse Gaussian"] = 0.0,
) -> Array:
    r"""Twice what a mean costs a Tweedie likelihood beyond the best mean, the target itself.

    prediction, target: (N, ...) -> (N, ...), in the target's unit to the power 2 - ``power``. The
    mean divides by the number of elements.

    .. math:: \ell = 2 \left[ \frac{\max(y, 0)^{2-p}}{(1-p)(2-p)} - \frac{y\,x^{1-p}}{1-p}
              + \frac{x^{2-p}}{2-p} \right]

    with :math:`p` the ``power``; 0 is mse, 1 and 2 are poisson-deviance and gamma-deviance, its
    limits there. Predictions are above 0 unless the power is 0; targets at least 0 if it is above
    0, and above 0 if it is at least 2. No Tweedie distribution has a power between 0 and 1:
    scikit-learn refuses one, here it gives the beta divergence. scikit-learn's
    ``HalfTweedieLossIdentity`` is half of it. Every power keeps its digits: scikit-learn loses nine
    within 1e-9 of 1 and 2.

    >>> losses.tweedie_deviance([2.0, 2.0, 2.0], [0.0, 2.0, 5.0], power=1.5).round(4).tolist()
    [5.6569, 0.0, 1.9104]
    """
    return unit_deviance(target, prediction, target - prediction, power)


@loss(
    aliases=("gamma", "reg:gamma", "gamma-nloglik", "HalfGammaLoss"),
    non_negative=False,
    elicits="mean",
    use_when="targets are above 0 and errors count in proportion, and the model gives logarithms",
    avoid_when="a target may be 0 (tweedie-nll), or 0 must mean a perfect fit (gamma-deviance)",
    reference="sklearn._loss.HalfGammaLoss; XGBoost reg:gamma",
)
def gamma_nll(
    prediction: PositiveMean,
    target: PositiveReal,
    *,
    log_input: Annotated[bool, "the prediction is the logarithm of the mean"] = True,
) -> Array:
    r"""Negative log-likelihood of a number above 0 under a gamma distribution of shape 1.

    prediction: the logarithm of the mean (N, ...), without ``log_input`` the mean itself; target:
    (N, ...), above 0 -> (N, ...), in nats. The mean divides by the number of elements.

    .. math:: \ell = x + y\,e^{-x}, \qquad \text{without log\_input}\quad
              \ell = \log x + \frac{y}{x}

    Shape 1 is the exponential distribution; another shape multiplies it and adds a term of the
    target alone, so that the best prediction is the same. It is half of gamma-deviance but for
    :math:`1 + \log y`. scikit-learn's ``HalfGammaLoss`` takes logarithms; the metrics ``gamma`` of
    LightGBM and ``gamma-nloglik`` of XGBoost, and what both predict, are of the mean.

    >>> losses.gamma_nll([0.0, 1.0, 1.0], [1.0, 1.0, 5.0]).round(4).tolist()
    [1.0, 1.3679, 2.8394]
    """
    if log_input:
        return prediction + target * np.exp(-prediction)
    return np.log(prediction) + target / prediction


@loss(
    aliases=("tweedie", "reg:tweedie", "tweedie-nloglik", "HalfTweedieLoss"),
    elicits="mean",
    use_when="targets are 0 for most and a positive amount for the others: claims, sales, rainfall",
    avoid_when="0 must mean a perfect fit, or power is 1 or 2 (tweedie-deviance)",
    reference="XGBoost reg:tweedie; LightGBM tweedie",
)
def tweedie_nll(
    prediction: PositiveMean,
    target: NonNegativeReal,
    *,
    power: Annotated[
        float, Interval(1.0, 2.0, low_open=True, high_open=True), "of the mean, in the variance"
    ] = 1.5,
    log_input: Annotated[bool, "the prediction is the logarithm of the mean"] = True,
) -> Array:
    r"""Negative log-likelihood of an amount that is often 0, under a Tweedie distribution.

    prediction: the logarithm of the mean (N, ...), without ``log_input`` the mean itself; target:
    (N, ...), at least 0 -> (N, ...). The mean divides by the number of elements.

    .. math:: \ell = \frac{y\,e^{(1-p) x}}{p-1} + \frac{e^{(2-p) x}}{2-p}

    with :math:`p` the ``power``: near 1 Poisson, near 2 gamma. Terms of the target alone are left
    out, and a dispersion of 1 is taken, as in XGBoost, LightGBM and CatBoost; so losses of two
    powers cannot be compared. It is half of tweedie-deviance but for such a term. CatBoost and
    scikit-learn's ``HalfTweedieLoss`` take logarithms, as here; ``tweedie-nloglik@1.5`` of XGBoost
    and ``tweedie`` of LightGBM, and what both predict, are of the mean.

    >>> losses.tweedie_nll([0.0, 1.0, 1.0], [0.0, 0.0, 5.0]).round(4).tolist()
    [2.0, 3.2974, 9.3627]
    """
    if log_input:
        slope, level = np.exp((1.0 - power) * prediction), np.exp((2.0 - power) * prediction)
    else:
        slope, level = prediction ** (1.0 - power), prediction ** (2.0 - power)
    return target * slope / (power - 1.0) + level / (2.0 - power)
