"""The softmax over the scores of a list as a probability of its items."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from losscli.domain import Array, Relevances, Scores
from losscli.losses.ranking.lists import Gain, order_of, scaled_down, sum_each
from losscli.numerics import log_softmax_parts
from losscli.spec import loss


def _surprise(lead: Array, own: int) -> Array:
    """Negative log of the probability that softmax draws item ``own``.

    ``lead`` is that of each item over it, -inf for one that takes no part; overwritten.
    """
    lead[:, own] = 0.0
    shifted, log_total = log_softmax_parts(lead)
    return log_total - shifted[:, own]


def _surprises(prediction: Array) -> Array:
    """Negative log of the probability that softmax gives each item of a list."""
    if prediction.shape[1] == 0:
        return prediction
    shifted, log_total = log_softmax_parts(prediction)
    return log_total[:, np.newaxis] - shifted


def _shares(target: Array) -> Array:
    """Relevances that add up to 1, all alike where all are 0."""
    scaled = scaled_down(target)
    total = sum_each(scaled)[:, np.newaxis]
    shares: Array = np.full(target.shape, 1.0 / max(target.shape[1], 1))
    np.divide(scaled, total, out=shares, where=total != 0.0)
    return shares


def _dot(share: Array, cost: Array) -> Array:
    """The cost of each list; an item without a share adds nothing, not even an infinity."""
    return sum_each(np.where(share == 0.0, 0.0, share * cost))


def _relevance(
    prediction: Array, target: Array, *, mean_over: str, **params: object
) -> Array | None:
    return sum_each(target) if mean_over == "relevance" else None


@loss(
    aliases=("list_net", "listnet_loss", "ranking_softmax", "ranking_softmax_loss", "QuerySoftMax"),
    divisor=_relevance,
    divides_by="sum of relevances",
    use_when="one or a few items of each list are right: clicks, purchases, the answer of a query",
    avoid_when="grades differ much and order among them matters (pair-logit, lambda-ndcg, listmle)",
    reference="Cao et al. 2007, doi:10.1145/1273496.1273513; optax.losses.ranking_softmax_loss",
)
def listnet(
    prediction: Scores,
    target: Relevances,
    *,
    normalize: Annotated[
        Literal["none", "sum", "softmax"],
        "how relevances become shares: as they are, divided by their sum, or by a softmax",
    ] = "none",
    mean_over: Annotated[
        Literal["lists", "relevance"], "what the mean divides by: lists, or their relevance in all"
    ] = "lists",
) -> Array:
    r"""Cross-entropy between the relevances of a list and the softmax of its scores.

    prediction, target: (N, L), lists of any length -> (N,), in nats. The mean divides by the number
    of lists, with ``mean_over`` by the sum of all relevances.

    .. math:: \ell = -\sum_i q_i \log \frac{e^{x_i}}{\sum_j e^{x_j}}, \qquad q_i = y_i, \quad
              \frac{y_i}{\sum_j y_j} \quad\text{or}\quad \frac{e^{y_i}}{\sum_j e^{y_j}}

    The default is optax's ``ranking_softmax_loss`` and rax's ``softmax_loss``; ``softmax`` is the
    top-one form of the ListNet paper and allRank's; ``sum`` is TensorFlow Ranking's, with equal
    shares where no item is relevant, as in rax. CatBoost's QuerySoftMax is the default with a mean
    over relevance. An item of relevance 0 adds nothing even at a score of -inf, where optax gives
    NaN unless it is masked. With one relevant item it is cross-entropy.

    >>> losses.listnet([[0.3, 0.9, 0.1]], [[1, 0, 2]]).round(4).tolist()
    [4.2767]
    """
    share = target
    if normalize == "sum":
        share = _shares(target)
    elif normalize == "softmax":
        share = np.exp(-_surprises(target))
    return _dot(share, _surprises(prediction))


@loss(
    aliases=("poly1_softmax_loss",),
    # The epsilon may be negative.
    non_negative=False,
    use_when="listnet works, and the slope of easy lists should be tuned by one more number",
    avoid_when="there is no time to tune epsilon (listnet), or the value must be a likelihood",
    reference="Leng et al. 2022, arXiv:2204.12511; rax.poly1_softmax_loss",
)
def poly1_softmax(
    prediction: Scores,
    target: Relevances,
    *,
    epsilon: Annotated[float, "weight of the share of probability that misses"] = 1.0,
) -> Array:
    r"""Softmax cross-entropy plus ``epsilon`` times the probability given to the wrong items.

    prediction, target: (N, L), lists of any length -> (N,), in nats. The mean divides by the number
    of lists.

    .. math:: \ell = -\sum_i y_i \log p_i + \epsilon \Bigl(1 - \sum_i \frac{y_i}{\sum_j y_j}
              p_i\Bigr), \qquad p = \operatorname{softmax}(x)

    With ``epsilon`` 0 it is listnet. Where no item is relevant all count alike, as in rax; an empty
    list costs 0.

    >>> losses.poly1_softmax([[0.3, 0.9, 0.1]], [[1, 0, 2]]).round(4).tolist()
    [5.0352]
    """
    surprises = _surprises(prediction)
    elements = _dot(target, surprises)
    elements += epsilon * _dot(_shares(target), -np.expm1(-surprises))
    return elements


@loss(
    aliases=("unique_softmax_loss",),
    use_when="graded lists: each item should beat all that are less relevant, and only those",
    avoid_when="labels are clicks or one right item (listnet), or grades are only an order "
    "(listmle)",
    reference="Zhu and Klabjan 2020, arXiv:2001.01828; rax.unique_softmax_loss",
)
def unique_softmax(prediction: Scores, target: Relevances, *, gain: Gain = "exp2") -> Array:
    r"""Softmax cross-entropy of each item against the less relevant ones, weighted by its gain.

    prediction, target: (N, L), lists of any length -> (N,), in nats. The mean divides by the number
    of lists.

    .. math:: \ell = -\sum_i g_i \log \frac{e^{x_i}}{e^{x_i} + \sum_{j:\, y_j < y_i} e^{x_j}},
              \qquad g = 2^y - 1

    Items of equal relevance do not compete. A list of equal relevances costs 0.

    >>> losses.unique_softmax([[0.3, 0.9, 0.1]], [[1, 0, 2]]).round(4).tolist()
    [5.5141]
    """
    total = np.zeros(len(prediction))
    worth = target if gain == "linear" else np.exp2(target) - 1.0
    for item in range(prediction.shape[1]):
        here = slice(item, item + 1)
        lead = np.where(target < target[:, here], prediction - prediction[:, here], -np.inf)
        total += worth[:, item] * _surprise(lead, item)
    return total


@loss(
    aliases=("list_mle", "listmle_loss"),
    use_when="the whole order of a list is known and should be likely",
    avoid_when="many items are equally relevant, since their order is then taken from the file "
    "(unique-softmax)",
    reference="Xia et al. 2008, doi:10.1145/1390156.1390306; rax.listmle_loss",
)
def listmle(prediction: Scores, target: Relevances) -> Array:
    r"""Negative log-likelihood of the right order, drawn item by item from a softmax of the scores.

    prediction, target: (N, L), lists of any length -> (N,), in nats. The mean divides by the number
    of lists.

    .. math:: \ell = -\sum_{r=1}^{L} \log \frac{e^{x_{(r)}}}{\sum_{s \ge r} e^{x_{(s)}}}

    with :math:`x_{(r)}` the score of the item of rank :math:`r` by relevance, the most relevant
    first. Items of equal relevance keep the order of the list, as in rax without a key; allRank
    shuffles them and adds 1e-10 to the sum.

    >>> losses.listmle([[0.3, 0.9, 0.1]], [[1, 0, 2]]).round(4).tolist()
    [2.5297]
    """
    scores = np.take_along_axis(prediction, order_of(target, target), axis=1)
    total = np.zeros(len(scores))
    for item in range(scores.shape[1] - 1):
        total += _surprise(scores[:, item:] - scores[:, item : item + 1], 0)
    return total
