"""Errors in a unit of their own: agreement, a common factor, a range, a total."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from losscli.domain import POSITIVE, UNIT, Array, PositiveReal, Real
from losscli.numerics import log_ratio
from losscli.spec import loss
from losscli.statistics import Extent, Spread, Sum


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
