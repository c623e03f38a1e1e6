"""Scores of forecasts and of decisions."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import Array, Label, Probability, Real
from losscli.numerics import mislabelled
from losscli.spec import loss


@loss(
    aliases=("brier_score_loss", "brier_score", "binary_brier"),
    minimum_when_equal=("prediction", "target"),
    elicits="mean",
    use_when="forecast probabilities are compared, and a sure mistake should cost no more than 1",
    avoid_when="rare events matter, where 0.001 and 0.00001 should not be alike (bce)",
    reference="Brier 1950, Monthly Weather Review 78; sklearn.metrics.brier_score_loss",
)
def brier(
    prediction: Probability,
    target: Probability,
    *,
    scale_by_half: Annotated[bool, "of one class; false adds the same again for the other"] = True,
) -> Array:
    r"""Squared difference between the probability of yes and what happened.

    prediction, target: (N, ...), probabilities in [0, 1] -> (N, ...). The mean divides by the
    number of elements.

    .. math:: \ell = (p - y)^2

    It is mse on probabilities. Brier's own sum runs over both classes and is twice as large:
    ``scale_by_half`` false. scikit-learn's default ``"auto"`` means true for two classes. CatBoost
    takes logits.

    >>> losses.brier([0.9, 0.2, 0.5], [1, 0, 1]).round(4).tolist()
    [0.01, 0.04, 0.25]
    """
    error = np.subtract(prediction, target)
    np.multiply(error, error, out=error)
    return error if scale_by_half else np.multiply(error, 2.0, out=error)


@loss(
    aliases=("zero_one_loss", "binary_error", "error"),
    use_when="the share of wrong answers is what counts",
    avoid_when="one class is rare, where always saying no scores well, or sure answers should "
    "count more (brier, bce)",
    reference="sklearn.metrics.zero_one_loss; XGBoost, metric error",
)
def zero_one(
    prediction: Real,
    target: Label,
    *,
    threshold: Annotated[float, "a score above is a yes; None to compare labels as they are"]
    | None = 0.5,
) -> Array:
    r"""1 for a wrong answer, 0 for a right one.

    prediction: (N, ...), a predicted label 0 or 1, a probability, or any score; target: (N, ...), 0
    or 1 -> (N, ...). The mean divides by the number of elements, which makes it the share of wrong
    answers, 1 less the accuracy.

    .. math:: \ell = \begin{cases} 0 & y = [\,x > t\,] \\ 1 & \text{otherwise} \end{cases}

    The ``threshold`` :math:`t` of 0.5 suits labels and probabilities; logits want 0. A score equal
    to it is a no, as in XGBoost's ``error@t``, LightGBM and CatBoost. With None, predictions and
    targets are labels of any classes, which are compared as numbers, as scikit-learn compares them.
    NaN is no answer, and its loss NaN.

    >>> losses.zero_one([0.9, 0.5, 0.2], [1, 1, 0]).round(4).tolist()
    [0.0, 1.0, 0.0]
    >>> losses.zero_one([3, 1, 2], [3, 2, 2], threshold=None).tolist()
    [0.0, 1.0, 0.0]
    """
    return mislabelled(prediction, target, threshold)
