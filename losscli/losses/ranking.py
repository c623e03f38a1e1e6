"""Ranking: is the better item of a pair or of a list ahead, by enough, and near the top?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.domain import (
    NON_NEGATIVE,
    POSITIVE,
    UNIT,
    Array,
    Chances,
    Interval,
    ListBinary,
    Real,
    Relevances,
    Scores,
    Sign,
)
from losscli.numerics import log_softmax_parts, sigmoid_both, softplus_both
from losscli.spec import ROW_REDUCTIONS, loss
from losscli.statistics import Sum

Ranks: TypeAlias = NDArray[np.intp]

Top: TypeAlias = Annotated[int, Interval(low=1), "only the first k places count; None for all"]
Border: TypeAlias = Annotated[float, NON_NEGATIVE, "an item is relevant if its relevance is above"]
Gain: TypeAlias = Annotated[
    Literal["exp2", "linear"], "what an item of relevance y is worth: 2^y - 1, or y"
]
Ties: TypeAlias = Annotated[
    Literal["order", "worst"],
    "equal scores: ranked in the order of the list, or the least relevant first",
]
EmptyTargetAction: TypeAlias = Annotated[
    Literal["pos", "neg", "skip"],
    "a list in which nothing can be ranked: pos costs 0, neg 1, skip leaves it out",
]

# Relevances beyond it are worth more than a double can hold.
_GREATEST_EXPONENT = 1000.0
# Halvings of the interval that holds a list's shift: enough for any scores a model gives.
_HALVINGS = 64
# PyTorch's batchmean divides by the number of rows, which here are lists.
_PAIR_REDUCTIONS = (*ROW_REDUCTIONS, "batchmean")


def _sum(x: Array) -> Array:
    """The sum of each row, in an order that depends on its length alone."""
    total: Array = np.add.reduce(np.ascontiguousarray(x), axis=1)
    return total


def _ranked(prediction: Array, target: Array, ties: str = "order") -> Ranks:
    """The items of each list, that of the highest score first."""
    if ties == "worst":
        return np.lexsort((target, -prediction))
    return np.argsort(-prediction, axis=1, kind="stable")


def _places(x: Array) -> Array:
    """1, 2, 3, ... for the columns of ``x``."""
    return np.arange(1.0, x.shape[1] + 1.0)


def _tied(x: Array) -> tuple[Ranks, Ranks]:
    """Where in its sorted row the run of values equal to each one begins and where it ends."""
    places = np.arange(x.shape[1])
    changes = x[:, 1:] != x[:, :-1]
    begins, ends = np.ones(x.shape, bool), np.ones(x.shape, bool)
    begins[:, 1:] = ends[:, :-1] = changes
    first = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, places, places.size)[:, ::-1], axis=1)[:, ::-1]
    return first, last


def _before(x: Array) -> Array:
    """The sum of what is before each place of a row, and before its end."""
    total = np.zeros((len(x), x.shape[1] + 1))
    np.cumsum(x, axis=1, out=total[:, 1:])
    return total


def _nan_where_unknown(elements: Array, prediction: Array) -> Array:
    """NaN for lists that hold a score of NaN, which has no rank; overwrites ``elements``."""
    elements[np.isnan(prediction).any(axis=1)] = np.nan
    return elements


def _share(lost: Array, best: Array, empty_target_action: str) -> Array:
    """What was lost of the best, and the cost of a list that has nothing to lose."""
    share: Array = np.full(len(best), float(empty_target_action == "neg"))
    np.divide(lost, best, out=share, where=best != 0.0)
    return share


# --- gains and discounts -------------------------------------------------------------------------


def _scaled(target: Array) -> Array:
    """Each list divided by the power of two just above its greatest value, for ratios alone."""
    _, exponent = np.frexp(target.max(axis=1, keepdims=True, initial=0.0))
    scaled: Array = np.ldexp(target, -exponent)
    return scaled


def _gains(target: Array, gain: str) -> Array:
    """What the items are worth; each list up to a factor of its own where it would overflow."""
    if gain == "linear":
        return _scaled(target)
    beyond = np.maximum(target.max(axis=1, keepdims=True, initial=0.0) - _GREATEST_EXPONENT, 0.0)
    small = np.expm1(target * np.log(2.0)) * np.exp2(-beyond)
    gains: Array = np.where(target < 1.0, small, np.exp2(target - beyond) - np.exp2(-beyond))
    return gains


def _discount(place: Array) -> Array:
    """The weight of a place in DCG."""
    weight: Array = 1.0 / np.log2(1.0 + place)
    return weight


def _discount_lost(place: Array | float, further: Array | float) -> Array:
    """How much less the weight is that many places further down, without cancellation."""
    ratio = np.log1p(further / (1.0 + place)) / np.log(2.0)
    lost: Array = ratio * _discount(np.asarray(place)) * _discount(np.asarray(place + further))
    return lost


def _ideal(gains: Array, k: int | None) -> tuple[Array, Array]:
    """The gains in the best order and their DCG."""
    ideal = np.sort(gains, axis=1)[:, ::-1]
    top = ideal[:, :k]
    return ideal, _sum(top * _discount(_places(top)))


# --- pairs of scores -----------------------------------------------------------------------------


@loss(
    aliases=("hinge_embedding_loss",),
    torch="torch.nn.HingeEmbeddingLoss",
    # PyTorch takes any number for a distance, and a similar pair costs just that number.
    non_negative=False,
    use_when="a distance is given for pairs known to be similar (1) or not (-1)",
    avoid_when="scores grow with similarity, or the embeddings are at hand (cosine-embedding)",
    reference="torch.nn.HingeEmbeddingLoss",
)
def hinge_embedding(
    distance: Real,
    target: Sign,
    *,
    margin: Annotated[float, "distance beyond which a dissimilar pair costs nothing"] = 1.0,
) -> Array:
    r"""Pull similar pairs together, push dissimilar ones a ``margin`` apart.

    distance, target: (N, ...), target 1 for similar and -1 for dissimilar -> (N, ...), in the unit
    of the distance. The mean divides by the number of elements.

    .. math:: \ell = \begin{cases} x & y = 1 \\ \max(0, m - x) & y = -1 \end{cases}

    The loss of a negative distance is negative. Any other target gets both terms, as in PyTorch,
    where it is called with one directly; ``compute`` rejects it.

    >>> losses.hinge_embedding([0.5, 0.25, 2.0], [1, -1, -1]).tolist()
    [0.5, 0.75, 0.0]
    """
    elements = np.where(target != -1.0, distance, 0.0)
    apart = np.subtract(margin, distance)
    np.maximum(apart, 0.0, out=apart)
    elements += np.where(target != 1.0, apart, 0.0)
    return elements


@loss(
    aliases=("margin_ranking_loss",),
    torch="torch.nn.MarginRankingLoss",
    use_when="two scores are given for each pair of items, and which should rank higher is known",
    avoid_when="there are lists with grades (pairwise-hinge), or only their top matters (ndcg)",
    reference="torch.nn.MarginRankingLoss",
)
def margin_ranking(
    input1: Real,
    input2: Real,
    target: Sign,
    *,
    margin: Annotated[float, "by how much the right item should lead"] = 0.0,
) -> Array:
    r"""How far the item that should rank higher is from leading by ``margin``.

    input1, input2, target: (N, ...), target 1 when input1 should be higher and -1 when input2
    should -> (N, ...), in the unit of the scores. The mean divides by the number of elements.

    .. math:: \ell = \max(0, m - y\,(x_1 - x_2))

    With margin 0 a tie costs nothing. Two infinite scores of one sign give NaN, as in PyTorch.

    >>> losses.margin_ranking([0.5, 2.0], [1.0, 0.5], [1, 1], margin=1).tolist()
    [1.5, 0.0]
    """
    lead = np.subtract(input1, input2)
    lead *= target
    np.subtract(margin, lead, out=lead)
    return np.maximum(lead, 0.0, out=lead)


@loss(
    aliases=("bpr_loss", "bayesian_personalized_ranking"),
    use_when="a recommender scores an item the user chose and one drawn from the others",
    avoid_when="items have grades (pair-logit), or a lead of some margin is enough "
    "(margin-ranking)",
    reference="Rendle et al. 2009, arXiv:1205.2618; recbole.model.loss.BPRLoss",
)
def bpr(positive: Real, negative: Real) -> Array:
    r"""Negative log of the probability that the chosen item is preferred.

    positive, negative: (N, ...), the scores of an item that was chosen and of one that was not
    -> (N, ...), in nats. The mean divides by the number of elements.

    .. math:: \ell = -\log \sigma(p - n) = \log(1 + e^{n - p})

    The weight decay that the paper adds is left to the optimiser. A sure and right pair keeps its
    digits; recbole adds 1e-10 to the probability, so that a wrong pair costs 23 at most.

    >>> losses.bpr([2.0, 0.0], [0.5, 1.0]).round(4).tolist()
    [0.2014, 1.3133]
    """
    return softplus_both(positive - negative)[0]


@loss(
    aliases=("top1_loss",),
    use_when="a session recommender should also keep the scores of items not chosen near 0",
    avoid_when="the loss should be a likelihood (bpr), or the top-1 error of a classifier is meant",
    reference="Hidasi et al. 2016, arXiv:1511.06939",
)
def top1(positive: Real, negative: Real) -> Array:
    r"""Soft share of wrongly ordered pairs, and how far the negative score is from 0.

    positive, negative: (N, ...), the scores of an item that was chosen and of one that was not
    -> (N, ...), without unit, from 0.5 to 2. The mean divides by the number of elements.

    .. math:: \ell = \sigma(n - p) + \sigma(n^2)

    Its least value is 0.5, not 0. It is a loss of pairs, with nothing of the top-1 error.

    >>> losses.top1([2.0, 0.0], [0.0, 1.0]).round(4).tolist()
    [0.6192, 1.4621]
    """
    elements = sigmoid_both(negative - positive)[0]
    elements += sigmoid_both(negative * negative)[0]
    return elements


# --- pairs of a list -----------------------------------------------------------------------------


def _pairs(prediction: Array, target: Array, **params: object) -> Array:
    """How many pairs of a list differ in relevance."""
    before, _ = _tied(np.sort(target, axis=1))
    return _sum(before.astype(np.float64))


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
        total += _sum(np.where(better != 0.0, costs, 0.0))
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
    order = _ranked(prediction, target)
    gains = np.take_along_axis(_gains(target, gain), order, axis=1)
    _, best = _ideal(gains, k)
    places = _places(gains)

    def weight(item: int) -> Array:
        """Of the pairs of the item ranked there with those ranked below."""
        further = places[: len(places) - 1 - item]
        swap = _discount_lost(places[item], further)
        bound = _discount_lost(further, 1.0)
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
    return _share(total, best, "pos")


# --- softmax over a list -------------------------------------------------------------------------


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
    scaled = _scaled(target)
    total = _sum(scaled)[:, np.newaxis]
    shares: Array = np.full(target.shape, 1.0 / max(target.shape[1], 1))
    np.divide(scaled, total, out=shares, where=total != 0.0)
    return shares


def _dot(share: Array, cost: Array) -> Array:
    """The cost of each list; an item without a share adds nothing, not even an infinity."""
    return _sum(np.where(share == 0.0, 0.0, share * cost))


def _relevance(
    prediction: Array, target: Array, *, mean_over: str, **params: object
) -> Array | None:
    return _sum(target) if mean_over == "relevance" else None


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
    scores = np.take_along_axis(prediction, _ranked(target, target), axis=1)
    total = np.zeros(len(scores))
    for item in range(scores.shape[1] - 1):
        total += _surprise(scores[:, item:] - scores[:, item : item + 1], 0)
    return total


# --- measures of a ranked list -------------------------------------------------------------------


def _with_relevant(
    prediction: Array,
    target: Array,
    *,
    empty_target_action: str,
    border: float = 0.0,
    **params: object,
) -> Array | None:
    """1 for a list that counts, 0 for one that is skipped."""
    if empty_target_action != "skip":
        return None
    counts: Array = np.any(target > border, axis=1).astype(np.float64)
    return counts


@loss(
    aliases=(
        "ndcg_score", "ndcg_metric", "normalized_discounted_cumulative_gain",
        "normalized_dcg", "retrieval_normalized_dcg", "RetrievalNormalizedDCG",
    ),
    divisor=_with_relevant,
    minimum_when_equal=("prediction", "target"),
    use_when="graded relevance, and errors near the top of a list should count most",
    avoid_when="relevance is yes or no (average-precision), or gradients are needed (lambda-ndcg)",
    reference="Jarvelin and Kekalainen 2002, doi:10.1145/582415.582418; sklearn.metrics.ndcg_score",
)  # fmt: skip
def ndcg(
    prediction: Scores,
    target: Relevances,
    *,
    k: Top | None = None,
    gain: Gain = "exp2",
    ties: Annotated[
        Literal["average", "order", "worst"],
        "equal scores: the mean over all orders, the order of the list, or least relevant first",
    ] = "average",
    empty_target_action: EmptyTargetAction = "pos",
) -> Array:
    r"""One minus the normalised discounted cumulative gain of the list as ranked.

    prediction, target: (N, L), lists of any length -> (N,), without unit, in [0, 1].
    The mean divides by the number of lists.

    .. math:: \ell = 1 - \frac{\text{DCG}}{\text{IDCG}}, \qquad
              \text{DCG} = \sum_{r=1}^{k} \frac{g(y_{(r)})}{\log_2(1 + r)}, \quad g(y) = 2^y - 1

    with :math:`y_{(r)}` the relevance of the item of rank :math:`r` by score, and IDCG that of the
    best order. ``gain`` is ``exp2`` in LightGBM, XGBoost, rax and allRank, ``linear`` in
    scikit-learn, torchmetrics and CatBoost. ``ties`` are averaged in scikit-learn and torchmetrics,
    in order in LightGBM, XGBoost and rax, worst in CatBoost. A list without a relevant item counts
    as perfect in LightGBM, XGBoost and CatBoost (``pos``), as worst in scikit-learn, torchmetrics
    and rax (``neg``).

    >>> losses.ndcg([[0.3, 0.9, 0.1]], [[1, 0, 2]]).round(4).tolist()
    [0.4131]
    """
    gains = _gains(target, gain)
    ideal, best = _ideal(gains, k)
    found = _found(prediction, gains, ties)
    # By how much the first r gains fall short of the best, which is never negative.
    short = np.maximum(np.cumsum(ideal - found, axis=1), 0.0)[:, :k]
    places = _places(short)
    steps = _discount_lost(places, 1.0)
    steps[-1:] = _discount(places[-1:])
    share = _share(_sum(short * steps), best, empty_target_action)
    return _nan_where_unknown(share, prediction)


def _found(prediction: Array, gains: Array, ties: str) -> Array:
    """The gain at each place of the ranked list, the mean of those tied if ties are averaged."""
    order = _ranked(prediction, gains, ties)
    found = np.take_along_axis(gains, order, axis=1)
    if ties != "average":
        return found
    first, last = _tied(np.take_along_axis(prediction, order, axis=1))
    base = np.take_along_axis(found, first, axis=1)
    # Sums of differences from the first of those tied, which leave all others exact.
    before = _before(found - base)
    extra = np.take_along_axis(before, last + 1, axis=1) - np.take_along_axis(before, first, axis=1)
    return base + extra / (last + 1 - first)


@loss(
    aliases=("approx_ndcg_loss", "ApproxNDCG"),
    divisor=_with_relevant,
    use_when="NDCG is the goal and a smooth loss close to its value is wanted",
    avoid_when="the scores are far apart or nearly equal for the temperature (lambda-ndcg)",
    reference="Qin et al. 2010, doi:10.1007/s10791-009-9124-x; rax.approx_t12n, allRank "
    "approxNDCGLoss",
)
def approx_ndcg(
    prediction: Scores,
    target: Relevances,
    *,
    temperature: Annotated[float, POSITIVE, "scores this far apart are nearly in order"] = 1.0,
    gain: Gain = "exp2",
    empty_target_action: EmptyTargetAction = "pos",
) -> Array:
    r"""One minus NDCG with ranks made smooth: each item counts how many are softly ahead of it.

    prediction, target: (N, L), lists of any length -> (N,), without unit, in [0, 1].
    The mean divides by the number of lists.

    .. math:: \ell = 1 - \frac{1}{\text{IDCG}} \sum_i \frac{g(y_i)}{\log_2(1 + r_i)}, \qquad
              r_i = 1 + \sum_{j \ne i} \sigma\Bigl(\frac{x_j - x_i}{T}\Bigr)

    with :math:`g(y) = 2^y - 1` and IDCG as in ndcg. rax and allRank give the negative of the smooth
    NDCG, without the 1; their temperature is 1, TensorFlow Ranking's 0.1. A list without a relevant
    item gives 0 in rax and allRank, which is ``neg`` here.

    >>> losses.approx_ndcg([[0.3, 0.9, 0.1]], [[1, 0, 2]]).round(4).tolist()
    [0.3439]
    """
    # In the best order, so that each item's soft rank is compared with its own place.
    order = np.lexsort((-prediction, -target))
    gains = np.take_along_axis(_gains(target, gain), order, axis=1)
    scores = np.take_along_axis(prediction, order, axis=1) / temperature
    _, best = _ideal(gains, None)
    lost = np.zeros(len(scores))
    for item in range(scores.shape[1]):
        lead = scores - scores[:, item : item + 1]
        behind, ahead = sigmoid_both(lead[:, :item])[1], sigmoid_both(lead[:, item + 1 :])[0]
        further = _sum(ahead) - _sum(behind)
        lost += gains[:, item] * _discount_lost(item + 1.0, further)
    return _share(np.maximum(lost, 0.0), best, empty_target_action)


@loss(
    aliases=(
        "map", "mean_average_precision", "retrieval_average_precision", "RetrievalMAP",
        "ap_metric", "rank:map",
    ),
    divisor=_with_relevant,
    minimum_when_equal=("prediction", "target"),
    use_when="items are relevant or not, and all relevant ones should come early",
    avoid_when="relevance has grades (ndcg), or only the first hit matters (reciprocal-rank)",
    reference="torchmetrics.functional.retrieval.retrieval_average_precision; rax.ap_metric; "
    "XGBoost and LightGBM map",
)  # fmt: skip
def average_precision(
    prediction: Scores,
    target: Relevances,
    *,
    k: Top | None = None,
    border: Border = 0.5,
    normalize: Annotated[
        Literal["ideal", "relevant", "found"],
        "with k, how many hits are divided by: those possible, all relevant ones, those found",
    ] = "ideal",
    ties: Ties = "order",
    empty_target_action: EmptyTargetAction = "pos",
) -> Array:
    r"""One minus the mean precision at the ranks of the relevant items; the mean is 1 - MAP.

    prediction, target: (N, L), lists of any length -> (N,), without unit, in [0, 1].
    The mean divides by the number of lists.

    .. math:: \ell = 1 - \frac{1}{m} \sum_{r \le k,\; y_{(r)} > b} \frac{h_r}{r}, \qquad
              m = \min(k, R)

    with :math:`h_r` the number of relevant items in the first :math:`r` places, :math:`R` in all
    and :math:`b` the ``border``. With ``k``, XGBoost and LightGBM divide by the hits possible,
    rax by all relevant items, torchmetrics by the hits found. ``ties`` are worst in CatBoost, in
    order elsewhere. A list without a relevant item counts as perfect in XGBoost and LightGBM
    (``pos``), as worst in CatBoost, rax and torchmetrics (``neg``). torchmetrics takes items with a
    score of 0 or less for irrelevant; scikit-learn's ``average_precision_score`` takes tied items
    together.

    >>> losses.average_precision([[0.3, 0.9, 0.1]], [[1, 0, 1]]).round(4).tolist()
    [0.4167]
    """
    relevant = _ranked_relevant(prediction, target, border, ties)
    total = _sum(relevant)
    top = relevant[:, :k]
    places = _places(top)
    late = _sum(top * (places - np.cumsum(top, axis=1)) / places)
    found = _sum(top)
    wanted = {
        "ideal": np.minimum(total, places.size),
        "relevant": total,
        "found": np.where(total > 0.0, np.maximum(found, 1.0), 0.0),
    }[normalize]
    share = _share(late + (wanted - found), wanted, empty_target_action)
    return _nan_where_unknown(share, prediction)


def _ranked_relevant(prediction: Array, target: Array, border: float, ties: str) -> Array:
    """1 for a relevant item and 0 for another, that of the highest score first."""
    relevant = (target > border).astype(np.float64)
    return np.take_along_axis(relevant, _ranked(prediction, relevant, ties), axis=1)


@loss(
    aliases=("mrr", "mean_reciprocal_rank", "retrieval_reciprocal_rank", "RetrievalMRR",
             "mrr_metric"),
    divisor=_with_relevant,
    minimum_when_equal=("prediction", "target"),
    use_when="one relevant item is enough, and what matters is how soon it comes",
    avoid_when="several relevant items should be found (average-precision, ndcg)",
    reference="torchmetrics.functional.retrieval.retrieval_reciprocal_rank; rax.mrr_metric; "
    "CatBoost MRR",
)  # fmt: skip
def reciprocal_rank(
    prediction: Scores,
    target: Relevances,
    *,
    k: Top | None = None,
    border: Border = 0.5,
    ties: Ties = "order",
    empty_target_action: EmptyTargetAction = "pos",
) -> Array:
    r"""One minus the reciprocal of the rank of the first relevant item; the mean is 1 - MRR.

    prediction, target: (N, L), lists of any length -> (N,), without unit, in [0, 1].
    The mean divides by the number of lists.

    .. math:: \ell = 1 - \frac{1}{r}, \qquad r = \min \{ s : y_{(s)} > b \}

    with :math:`b` the ``border``; 1 if the first ``k`` places hold no relevant item. ``ties`` are
    worst in CatBoost, in order elsewhere. A list without any relevant item is ``neg`` in CatBoost,
    rax and torchmetrics. torchmetrics takes items with a score of 0 or less for irrelevant.

    >>> losses.reciprocal_rank([[0.3, 0.9, 0.1]], [[1, 0, 1]]).round(4).tolist()
    [0.5]
    """
    relevant = _ranked_relevant(prediction, target, border, ties)
    places = _places(relevant)
    late = np.where(relevant > 0.0, (places - 1.0) / places, 1.0)
    lost = np.min(late[:, :k], axis=1, initial=1.0)
    share = _share(lost, np.max(relevant, axis=1, initial=0.0), empty_target_action)
    return _nan_where_unknown(share, prediction)


def _unsatisfied(prediction: Array, target: Array, k: int | None, ties: str) -> Array:
    """The probability that none of the first r items of a list is relevant."""
    chances = np.take_along_axis(target, _ranked(prediction, target, ties), axis=1)
    return np.multiply.accumulate(1.0 - chances[:, :k], axis=1)


@loss(
    aliases=("p_found",),
    minimum_when_equal=("prediction", "target"),
    use_when="a user reads down a list, may give up at each item, and should find one that helps",
    avoid_when="relevance is no probability (ndcg), or the user's patience is unknown",
    reference="CatBoost PFound",
)
def pfound(
    prediction: Scores,
    target: Chances,
    *,
    decay: Annotated[
        float, UNIT, "probability of reading on after an item that did not help"
    ] = 0.85,
    k: Top | None = None,
    ties: Ties = "order",
) -> Array:
    r"""Probability that a user who reads down the list leaves without having found anything.

    prediction: (N, L); target: (N, L), the probability that an item is relevant -> (N,), a
    probability. The mean divides by the number of lists.

    .. math:: \ell = 1 - \sum_{r=1}^{k} \Bigl(\prod_{s<r} d\,(1 - y_{(s)})\Bigr) y_{(r)}

    with :math:`y_{(r)}` that of the item of rank :math:`r` by score and :math:`d` the ``decay``. It
    is one minus CatBoost's PFound, whose ``ties`` are worst. A list of which nothing is relevant
    costs 1, and so does an empty one.

    >>> losses.pfound([[0.3, 0.9, 0.1]], [[0.5, 0.1, 1.0]]).round(4).tolist()
    [0.1924]
    """
    missed = _unsatisfied(prediction, target, k, ties)
    # The user has given up after item r, or has read all.
    steps = decay ** np.arange(float(missed.shape[1]))
    steps[:-1] *= 1.0 - decay
    return _left(missed, steps, prediction)


def _left(missed: Array, steps: Array, prediction: Array) -> Array:
    """The sum over places of a user's loss there; 1 for an empty list."""
    elements = _sum(missed * steps) if missed.shape[1] else np.ones(len(missed))
    return _nan_where_unknown(elements, prediction)


@loss(
    aliases=("expected_reciprocal_rank",),
    minimum_when_equal=("prediction", "target"),
    use_when="a user reads down a list until an item helps, and that should be soon",
    avoid_when="relevance is no probability (ndcg), or is yes or no (reciprocal-rank)",
    reference="Chapelle et al. 2009, doi:10.1145/1645953.1646033; CatBoost ERR",
)
def err(
    prediction: Scores, target: Chances, *, k: Top | None = None, ties: Ties = "order"
) -> Array:
    r"""One minus the expected reciprocal rank of the item at which a user stops.

    prediction: (N, L); target: (N, L), the probability that an item is relevant -> (N,), without
    unit, in [0, 1]. The mean divides by the number of lists.

    .. math:: \ell = 1 - \sum_{r=1}^{k} \frac{1}{r}\,y_{(r)} \prod_{s<r} (1 - y_{(s)})

    with :math:`y_{(r)}` that of the item of rank :math:`r` by score. The paper takes :math:`(2^g -
    1) / 2^G` for grades :math:`g` up to :math:`G`; compute it first. CatBoost's ERR takes
    probabilities too, and its ``ties`` are worst. With targets 0 and 1 it is reciprocal-rank with
    ``neg``. A list of which nothing is relevant costs 1, and so does an empty one.

    >>> losses.err([[0.3, 0.9, 0.1]], [[0.5, 0.1, 1.0]]).round(4).tolist()
    [0.525]
    """
    missed = _unsatisfied(prediction, target, k, ties)
    places = _places(missed)
    steps = 1.0 / (places * (places + 1.0))
    steps[-1:] = 1.0 / places[-1:]
    return _left(missed, steps, prediction)


def _with_both(prediction: Array, target: Array, *, empty_target_action: str) -> Array | None:
    """1 for a list with both labels, 0 for one that is skipped."""
    if empty_target_action != "skip":
        return None
    counts: Array = (target.any(axis=1) & (target == 0.0).any(axis=1)).astype(np.float64)
    return counts


@loss(
    aliases=("roc_auc", "roc_auc_score", "QueryAUC", "retrieval_auroc", "RetrievalAUROC"),
    divisor=_with_both,
    minimum_when_equal=("prediction", "target"),
    use_when="items are relevant or not, and every pair of one and the other matters alike",
    avoid_when="the top of the list matters most (average-precision), or relevance has grades "
    "(pair-logit)",
    reference="sklearn.metrics.roc_auc_score; torchmetrics.functional.retrieval.retrieval_auroc",
)
def auc(
    prediction: Scores,
    target: ListBinary,
    *,
    empty_target_action: EmptyTargetAction = "pos",
) -> Array:
    r"""One minus the area under the ROC curve: the share of pairs that are in the wrong order.

    prediction, target: (N, L), target 0 or 1, lists of any length -> (N,), without unit, in [0, 1].
    The mean divides by the number of lists.

    .. math:: \ell = \frac{1}{P\,Q} \sum_{i:\, y_i = 1}\; \sum_{j:\, y_j = 0}
              \Bigl([x_j > x_i] + \tfrac{1}{2}[x_j = x_i]\Bigr)

    with :math:`P` items of label 1 and :math:`Q` of label 0. Each list is ranked by itself; the
    AUC of a whole data set is that of one list with all its rows. A list with one label only is an
    error or NaN in scikit-learn, is left out by XGBoost (``skip``), and counts as worst in
    torchmetrics (``neg``).

    >>> losses.auc([[0.3, 0.9, 0.1]], [[1, 0, 1]]).tolist()
    [1.0]
    """
    order = _ranked(prediction, target)
    yes = np.take_along_axis(target, order, axis=1)
    first, last = _tied(np.take_along_axis(prediction, order, axis=1))
    no_before = _before(1.0 - yes)
    above = np.take_along_axis(no_before, first, axis=1)
    above += np.take_along_axis(no_before, last + 1, axis=1)
    pairs = _sum(yes) * no_before[:, -1]
    share = _share(_sum(0.5 * yes * above), pairs, empty_target_action)
    return _nan_where_unknown(share, prediction)


# --- a list as a whole ---------------------------------------------------------------------------


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
        residual -= (_sum(residual) / np.maximum(items, 1.0))[:, np.newaxis]
    return _sum(residual * residual), items


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
    plain = _sum(_bce(prediction, target))
    if target.shape[1] == 0:
        return plain
    # At the best shift the probabilities add up to the target's.
    middle = (np.log(_sum(target)) - np.log(_sum(1.0 - target)))[:, np.newaxis]
    low = middle - prediction.max(axis=1, keepdims=True)
    high = middle - prediction.min(axis=1, keepdims=True)
    for _ in range(_HALVINGS):
        shift = 0.5 * (low + high)
        yes, no = sigmoid_both(prediction + shift)
        too_low = (_sum((1.0 - target) * yes) < _sum(target * no))[:, np.newaxis]
        low, high = np.where(too_low, shift, low), np.where(too_low, high, shift)
    shifted = _sum(_bce(prediction + shift, target))
    alike = (target == target[:, :1]).all(axis=1)
    return (1.0 - alpha) * plain + alpha * np.where(alike, 0.0, shifted)


def _bce(logits: Array, target: Array) -> Array:
    """Binary cross-entropy of each item."""
    yes, no = softplus_both(logits)
    return yes * target + no * (1.0 - target)
