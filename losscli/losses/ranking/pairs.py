"""The pairs of a list that differ in relevance, each in order or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np

from losscli.domain import NON_NEGATIVE, POSITIVE, Array, Interval, Relevances, Scores
from losscli.losses.ranking.lists import (
    Gain,
    discount_lost,
    gains_of,
    ideal_of,
    order_of,
    places_of,
    runs_of_ties,
    share_of,
    sum_each,
)
from losscli.numerics import softplus_both
from losscli.spec import ROW_REDUCTIONS, loss

# PyTorch's batchmean divides by the number of rows, which here are lists.
_PAIR_REDUCTIONS = (*ROW_REDUCTIONS, "batchmean")


def _pairs(prediction: Array, target: Array, **params: object) -> Array:
    """How many pairs of a list differ in relevance."""
    before, _ = runs_of_ties(np.sort(target, axis=1))
    return sum_each(before.astype(np.float64))


def _over_pairs(
    prediction: Array,
    target: Array,
    cost: Callable[[Array], Array],
    *,
    k: int | None = None,
    weight: Callable[[int], Array] | None = None,
) -> Array:
    """Sum over pairs of the cost of the lead of the item that is more relevant.

    Args:
        prediction, target: of the items of each list.
        cost: of an array of leads.
        k: only pairs with one of the first ``k`` items, all if None.
        weight: of an item's pairs with those behind it in the list.
    """
    total = np.zeros(len(prediction))
    for item in range(prediction.shape[1] - 1)[:k]:
        here, behind = slice(item, item + 1), slice(item + 1, None)
        better = np.sign(target[:, here] - target[:, behind])
        costs = cost((prediction[:, here] - prediction[:, behind]) * better)
        if weight is not None:
            costs = costs * weight(item)
        total += sum_each(np.where(better != 0.0, costs, 0.0))
    return total


@loss(
    aliases=(
        "PairLogit", "PairLogitPairwise", "ranknet", "ranknet_loss", "pairwise_logistic",
        "pairwise_logistic_loss", "rank:pairwise",
    ),
    divisor=_pairs,
    divides_by="pairs",
    reductions=_PAIR_REDUCTIONS,
    use_when="items of a list have grades, and each pair of different grades should be in order",
    avoid_when="only the top of the list matters (lambda-ndcg), or one item is right (listnet)",
    reference="Burges et al. 2005, doi:10.1145/1102351.1102363; rax.pairwise_logistic_loss",
)  # fmt: skip
def pair_logit(
    prediction: Scores,
    target: Relevances,
    *,
    sigma: Annotated[float, POSITIVE, "how quickly a lead becomes sure"] = 1.0,
) -> Array:
    r"""Negative log-probability that of each pair the more relevant item is ahead, as in RankNet.

    prediction, target: (N, L), lists of any length -> (N,), in nats, summed over pairs.
    The mean divides by the number of pairs of different relevance, ``batchmean`` by that of lists.

    .. math:: \ell = \sum_{i, j:\, y_i > y_j} \log(1 + e^{-\sigma (x_i - x_j)})

    A list without such a pair costs 0. rax's and CatBoost's mean is over pairs too, allRank sums
    over lists; XGBoost and LightGBM only train with it.

    >>> losses.pair_logit([[0.3, 0.9, 0.1]], [[1, 0, 2]]).round(4).tolist()
    [3.0067]
    """
    return _over_pairs(prediction, target, lambda lead: softplus_both(sigma * lead)[0])


@loss(
    aliases=("pairwise_hinge_loss", "ranksvm", "rank_svm"),
    divisor=_pairs,
    divides_by="pairs",
    reductions=_PAIR_REDUCTIONS,
    use_when="items of a list have grades, and a pair in order by a margin should cost nothing",
    avoid_when="the scores have no natural scale, since the margin is in their unit (pair-logit)",
    reference="Joachims 2002, doi:10.1145/775047.775067; rax.pairwise_hinge_loss",
)
def pairwise_hinge(
    prediction: Scores,
    target: Relevances,
    *,
    margin: Annotated[float, NON_NEGATIVE, "by how much the more relevant item should lead"] = 1.0,
) -> Array:
    r"""How far the more relevant item of each pair is from leading by ``margin``, as in RankSVM.

    prediction, target: (N, L), lists of any length -> (N,), in the unit of the scores, summed over
    pairs. The mean divides by the number of pairs of different relevance, ``batchmean`` by that of
    lists.

    .. math:: \ell = \sum_{i, j:\, y_i > y_j} \max(0, m - (x_i - x_j))

    A list without such a pair costs 0. rax's margin is always 1.

    >>> losses.pairwise_hinge([[0.3, 0.9, 0.1]], [[1, 0, 2]]).round(4).tolist()
    [4.6]
    """
    return _over_pairs(prediction, target, lambda lead: np.maximum(margin - lead, 0.0))


@loss(
    aliases=("lambdarank", "lambdamart", "lambda_loss", "lambdaloss", "rank:ndcg"),
    use_when="graded lists of which the top matters most, and a smooth stand-in for NDCG is wanted",
    avoid_when="NDCG itself is to be reported (ndcg), or all pairs matter alike (pair-logit)",
    reference="Wang et al. 2018, doi:10.1145/3269206.3271784; rax.dcg_lambdaweight; LightGBM "
    "lambdarank",
)
def lambda_ndcg(
    prediction: Scores,
    target: Relevances,
    *,
    weighting: Annotated[
        Literal["lambdarank", "ndcg_loss2", "ndcg_loss2++"],
        "by what a swap changes NDCG, by a tight bound on it, or by both",
    ] = "lambdarank",
    k: Annotated[int, Interval(low=1), "only pairs with an item in the first k places; None: all"]
    | None = None,
    sigma: Annotated[float, POSITIVE, "how quickly a lead becomes sure"] = 1.0,
    mu: Annotated[float, NON_NEGATIVE, "weight of the bound in ndcg_loss2++"] = 10.0,
    gain: Gain = "exp2",
) -> Array:
    r"""Pairs out of order, each weighted by what it does to NDCG, as in LambdaRank and LambdaLoss.

    prediction, target: (N, L), lists of any length -> (N,), in nats, summed over pairs.
    The mean divides by the number of lists.

    .. math:: \ell = \sum_{i, j:\, y_i > y_j} \frac{|g_i - g_j|}{\text{IDCG}}\,\delta_{ij}
              \log(1 + e^{-\sigma (x_i - x_j)}), \qquad g = 2^y - 1, \quad D(r) = 1 / \log_2(1 + r)

    with :math:`r_i` the rank of item :math:`i` by score, ties in the order of the list, and IDCG
    the best DCG of the first ``k`` places. ``lambdarank`` has :math:`\delta_{ij} = |D(r_i) -
    D(r_j)|`, ``ndcg_loss2`` :math:`D(|r_i - r_j|) - D(|r_i - r_j| + 1)`, ``ndcg_loss2++`` the first
    and ``mu`` times the second.

    LightGBM and XGBoost train with ``lambdarank``, where ``k`` is their truncation level and
    number of pairs a sample; by default they also divide by the difference of scores. rax
    multiplies by the number of items, takes 1 for IDCG unless told to normalise, counts a place
    beyond its ``topn`` as 0, and its mean is over pairs. allRank sums over lists, in bits, over
    pairs whose items are both in the first ``k``. A list of equal relevances costs 0.

    >>> losses.lambda_ndcg([[0.3, 0.9, 0.1]], [[1, 0, 2]]).round(4).tolist()
    [0.6468]
    """
    order = order_of(prediction, target)
    gains = np.take_along_axis(gains_of(target, gain), order, axis=1)
    _, best = ideal_of(gains, k)
    places = places_of(gains)

    def weight(item: int) -> Array:
        """Of the pairs of the item ranked there with those ranked below."""
        further = places[: len(places) - 1 - item]
        swap = discount_lost(places[item], further)
        bound = discount_lost(further, 1.0)
        delta = {"lambdarank": swap, "ndcg_loss2": bound, "ndcg_loss2++": swap + mu * bound}
        worth = np.abs(gains[:, item : item + 1] - gains[:, item + 1 :])
        return worth * delta[weighting]

    total = _over_pairs(
        np.take_along_axis(prediction, order, axis=1),
        gains,
        lambda lead: softplus_both(sigma * lead)[0],
        k=k,
        weight=weight,
    )
    return share_of(total, best, "pos")
