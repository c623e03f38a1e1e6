"""Regression: how far is a number from the number it should be?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import NON_NEGATIVE, POSITIVE, Array, Real, Weight
from losscli.spec import loss


def _element_weight(prediction: Array, target: Array, weight: Array | None = None) -> Array | None:
    return weight


def _weighted(elements: Array, weight: Array | None) -> Array:
    """The elements times their weights, which may be one row for all; overwrites ``elements``."""
    return elements if weight is None else np.multiply(elements, weight, out=elements)


@loss(
    aliases=(
        "mse_loss", "mean_squared_error", "squared_error", "l2", "reg:squarederror",
    ),
    torch="torch.nn.MSELoss",
    divisor=_element_weight,
    minimum_when_equal=("prediction", "target"),
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
    """
    error = prediction - target
    return _weighted(np.abs(error, out=error), weight)


@loss(
    aliases=("huber_loss",),
    torch="torch.nn.HuberLoss",
    minimum_when_equal=("prediction", "target"),
    use_when="residuals are mostly Gaussian with some outliers",
    avoid_when="the scale of a normal residual is unknown, since delta must be set to it",
    reference="Huber 1964, doi:10.1214/aoms/1177703732; torch.nn.HuberLoss",
)
def huber(
    prediction: Real,
    target: Real,
    weight: Weight | None = None,
    *,
    delta: Annotated[float, POSITIVE, "where quadratic turns linear, in the target's unit"] = 1.0,
) -> Array:
    r"""Quadratic within ``delta`` of the target, linear beyond.

    prediction, target, weight: (N, ...) -> (N, ...), in the target's unit squared. The mean divides
    by the number of elements, weighted or not (mse and mae divide by the sum of the weights).

    .. math:: \ell = w \cdot \begin{cases} (x - y)^2 / 2 & |x - y| \le \delta \\
              \delta\,(|x - y| - \delta / 2) & \text{otherwise} \end{cases}

    An error of exactly ``delta`` gives the same on both branches. The default of ``delta`` is 1 in
    PyTorch, keras and optax, 0.5 in scikit-learn's ``HuberLoss`` and 0.9 in LightGBM.
    """
    error = np.subtract(prediction, target)
    np.abs(error, out=error)
    quadratic = np.minimum(error, delta)
    # One expression for both branches: (e - q / 2) q with q = min(e, delta).
    linear = np.multiply(quadratic, 0.5)
    np.subtract(error, linear, out=error)
    np.multiply(error, quadratic, out=error)
    return _weighted(error, weight)


@loss(
    aliases=("smooth_l1_loss",),
    torch="torch.nn.SmoothL1Loss",
    minimum_when_equal=("prediction", "target"),
    use_when="errors should count as in L1, with a smooth slope near zero: bounding boxes, rewards",
    avoid_when="outliers should not count at all, or the loss must be in squared units (huber)",
    reference="Girshick 2015, arXiv:1504.08083; torch.nn.SmoothL1Loss",
)
def smooth_l1(
    prediction: Real,
    target: Real,
    *,
    beta: Annotated[float, NON_NEGATIVE, "where quadratic turns linear; 0 is L1"] = 1.0,
) -> Array:
    r"""L1 with a quadratic bottom of width ``beta``.

    prediction, target: (N, ...) -> (N, ...), in the target's unit. The mean divides by the number
    of elements.

    .. math:: \ell = \begin{cases} (x - y)^2 / (2 \beta) & |x - y| < \beta \\
              |x - y| - \beta / 2 & \text{otherwise} \end{cases}

    It is ``huber(delta=beta) / beta``: its slope far away is 1 whatever ``beta`` is, and Huber's is
    ``delta``. With ``beta`` 0 it is exactly L1. Where the square of an error underflows, ours keeps
    the quotient and PyTorch gives 0.
    """
    error = np.subtract(prediction, target)
    np.abs(error, out=error)
    if beta == 0.0:
        return error
    share = np.minimum(error, beta)
    error -= 0.5 * share
    share /= beta
    return np.multiply(error, share, out=error)
