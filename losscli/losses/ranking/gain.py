"""Discounted cumulative gain: what the items of a list are worth at their places."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from losscli.convention import Convention
from losscli.domain import POSITIVE, Array, Relevances, Scores
from losscli.losses.ranking.lists import (
    EmptyTargetAction,
    Gain,
    Top,
    discount_lost,
    discount_of,
    gains_of,
    ideal_of,
    nan_where_unknown,
    order_of,
    places_of,
    runs_of_ties,
    share_of,
    sum_each,
    sums_before,
    with_relevant,
)
from losscli.numerics import sigmoid_both
from losscli.spec import loss


@loss(
    aliases=(
        "ndcg_score", "ndcg_metric", "normalized_discounted_cumulative_gain",
        "normalized_dcg", "retrieval_normalized_dcg", "RetrievalNormalizedDCG",
    ),
    divisor=with_relevant,
    minimum_when_equal=("prediction", "target"),
    use_when="graded relevance, and errors near the top of a list should count most",
    avoid_when="relevance is yes or no (average-precision), or gradients are needed (lambda-ndcg)",
    conventions={"sklearn": Convention(gain="linear", empty_target_action="neg")},
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
    gains = gains_of(target, gain)
    ideal, best = ideal_of(gains, k)
    found = _found(prediction, gains, ties)
    # By how much the first r gains fall short of the best, which is never negative.
    short = np.maximum(np.cumsum(ideal - found, axis=1), 0.0)[:, :k]
    places = places_of(short)
    steps = discount_lost(places, 1.0)
    steps[-1:] = discount_of(places[-1:])
    share = share_of(sum_each(short * steps), best, empty_target_action)
    return nan_where_unknown(share, prediction)


def _found(prediction: Array, gains: Array, ties: str) -> Array:
    """The gain at each place of the ranked list, the mean of those tied if ties are averaged."""
    order = order_of(prediction, gains, ties)
    found = np.take_along_axis(gains, order, axis=1)
    if ties != "average":
        return found
    first, last = runs_of_ties(np.take_along_axis(prediction, order, axis=1))
    base = np.take_along_axis(found, first, axis=1)
    # Sums of differences from the first of those tied, which leave all others exact.
    before = sums_before(found - base)
    extra = np.take_along_axis(before, last + 1, axis=1) - np.take_along_axis(before, first, axis=1)
    return base + extra / (last + 1 - first)


@loss(
    aliases=("approx_ndcg_loss", "ApproxNDCG"),
    divisor=with_relevant,
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
    gains = np.take_along_axis(gains_of(target, gain), order, axis=1)
    scores = np.take_along_axis(prediction, order, axis=1) / temperature
    _, best = ideal_of(gains, None)
    lost = np.zeros(len(scores))
    for item in range(scores.shape[1]):
        lead = scores - scores[:, item : item + 1]
        behind, ahead = sigmoid_both(lead[:, :item])[1], sigmoid_both(lead[:, item + 1 :])[0]
        further = sum_each(ahead) - sum_each(behind)
        lost += gains[:, item] * discount_lost(item + 1.0, further)
    return share_of(np.maximum(lost, 0.0), best, empty_target_action)
