"""The items of a query as a whole: errors of its scores up to what all share."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import UNIT, Array, Chances, Scores
from losscli.losses.ranking.lists import sum_each
from losscli.numerics import sigmoid_both, softplus_both
from losscli.spec import loss
from losscli.statistics import Sum

# Halvings of the interval that holds a list's shift: enough for any scores a model gives.
_HALVINGS = 64


def _root_of_mean(squares: Sum, items: Sum) -> float:
    return float(np.sqrt(squares.total / items.total))


@loss(
    aliases=("QueryRMSE",),
    finish=_root_of_mean,
    minimum_when_equal=("prediction", "target"),
    use_when="only differences within a list matter, and they have a unit: prices, minutes, grades",
    avoid_when="only the order matters (pair-logit, ndcg), or the level does too (rmse)",
    reference="CatBoost QueryRMSE",
)
def query_rmse(prediction: Scores, target: Scores) -> tuple[Array, Array]:
    r"""Root mean squared error once each list is shifted by what suits it best.

    prediction, target: (N, L), lists of any length -> a number, in the target's unit.

    .. math:: L = \sqrt{\frac{\sum_n \sum_i (d_{ni} - \bar d_n)^2}{\sum_n L_n}}, \qquad d = y - x

    with :math:`\bar d_n` the mean of a list's residuals and :math:`L_n` its length: the root of the
    mean over all items, as in CatBoost. A list of one item has nothing to lose. Without any item it
    is NaN.

    >>> losses.query_rmse([[0.0, 1.0], [5.0, 5.0]], [[3.0, 4.0], [1.0, 3.0]]).round(4).item()
    0.7071
    """
    items = np.full(len(target), float(target.shape[1]))
    residual = np.subtract(target, prediction, order="C")
    # What rounding left of the mean is taken out again.
    for _ in range(2):
        residual -= (sum_each(residual) / np.maximum(items, 1.0))[:, np.newaxis]
    return sum_each(residual * residual), items


def _items(prediction: Array, target: Array, **params: object) -> Array:
    return np.full(len(target), float(target.shape[1]))


@loss(
    aliases=("QueryCrossEntropy",),
    divisor=_items,
    divides_by="items",
    use_when="items of a list are relevant or not, and only scores relative to the list matter",
    avoid_when="the scores should be probabilities as they are (bce-with-logits)",
    reference="CatBoost QueryCrossEntropy",
)
def query_cross_entropy(
    prediction: Scores,
    target: Chances,
    *,
    alpha: Annotated[
        float, UNIT, "share of the cross-entropy with the best shift of a list"
    ] = 0.95,
) -> Array:
    r"""Binary cross-entropy of which most is taken once each list's logits are shifted as suits it.

    prediction: (N, L), logits; target: (N, L), the probability that an item is relevant -> (N,), in
    nats, summed over items. The mean divides by the number of items.

    .. math:: \ell = (1 - \alpha) \sum_i h(x_i, y_i) + \alpha \min_b \sum_i h(x_i + b, y_i), \qquad
              h(x, y) = y \log(1 + e^{-x}) + (1 - y) \log(1 + e^{x})

    A list of equal targets has nothing to rank: its shifted part is 0, as in CatBoost, whose
    QueryCrossEntropy this is.

    >>> losses.query_cross_entropy([[0.3, 0.9, 0.1]], [[1, 0, 1]]).round(4).tolist()
    [2.415]
    """
    plain = sum_each(_bce(prediction, target))
    if target.shape[1] == 0:
        return plain
    # At the best shift the probabilities add up to the target's.
    middle = (np.log(sum_each(target)) - np.log(sum_each(1.0 - target)))[:, np.newaxis]
    low = middle - prediction.max(axis=1, keepdims=True)
    high = middle - prediction.min(axis=1, keepdims=True)
    for _ in range(_HALVINGS):
        shift = 0.5 * (low + high)
        yes, no = sigmoid_both(prediction + shift)
        too_low = (sum_each((1.0 - target) * yes) < sum_each(target * no))[:, np.newaxis]
        low, high = np.where(too_low, shift, low), np.where(too_low, high, shift)
    shifted = sum_each(_bce(prediction + shift, target))
    alike = (target == target[:, :1]).all(axis=1)
    return (1.0 - alpha) * plain + alpha * np.where(alike, 0.0, shifted)


def _bce(logits: Array, target: Array) -> Array:
    """Binary cross-entropy of each item."""
    yes, no = softplus_both(logits)
    return yes * target + no * (1.0 - target)
