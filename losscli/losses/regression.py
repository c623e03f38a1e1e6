"""Regression: how far is a number from the number it should be?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import POSITIVE, Array, Real, Weight
from losscli.spec import loss


def _element_weight(prediction: Array, target: Array, weight: Array | None) -> Array | None:
    return weight


@loss(
    aliases=("mse_loss", "mean_squared_error", "squared_error", "l2", "reg:squarederror"),
    torch="torch.nn.MSELoss",
    divisor=_element_weight,
    minimum_when_equal=("prediction", "target"),
    use_when="residuals are roughly Gaussian and large errors should cost much more than small ones",
    avoid_when="a few outliers would dominate: they enter squared",
    reference="torch.nn.MSELoss",
)
def mse(prediction: Real, target: Real, weight: Weight | None = None) -> Array:
    r"""Squared error.

    prediction, target, weight: (N, ...) -> (N, ...), in the target's unit squared. The mean divides
    by the number of elements, with weights by their sum.

    .. math:: \ell = w\,(x - y)^2
    """
    error = prediction - target
    squared = np.multiply(error, error, out=error)
    return squared if weight is None else squared * weight


@loss(
    aliases=("HuberLoss", "huber_loss"),
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
    delta: Annotated[float, POSITIVE, "where quadratic turns linear"] = 1.0,
) -> Array:
    r"""Quadratic within ``delta`` of the target, linear beyond.

    prediction, target, weight: (N, ...) -> (N, ...), in the target's unit squared. The mean divides
    by the number of elements, weighted or not (mse and mae divide by the sum of the weights).

    .. math:: \ell = w \cdot \begin{cases} (x - y)^2 / 2 & |x - y| \le \delta \\
              \delta\,(|x - y| - \delta / 2) & \text{otherwise} \end{cases}
    """
    error = np.abs(prediction - target)
    quadratic = np.minimum(error, delta)
    error -= 0.5 * quadratic
    error *= quadratic
    return error if weight is None else error * weight
