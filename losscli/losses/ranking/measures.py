"""What a ranked list of relevant items, and of others, is worth to who reads from the top."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np

from losscli.domain import NON_NEGATIVE, UNIT, Array, Chances, ListBinary, Relevances, Scores
from losscli.losses.ranking.lists import (
    EmptyTargetAction,
    Ties,
    Top,
    nan_where_unknown,
    order_of,
    places_of,
    runs_of_ties,
    share_of,
    sum_each,
    sums_before,
    with_relevant,
)
from losscli.spec import loss

Border: TypeAlias = Annotated[float, NON_NEGATIVE, "an item is relevant if its relevance is above"]


@loss(
    aliases=(
        "map", "mean_average_precision", "retrieval_average_precision", "RetrievalMAP",
        "ap_metric", "rank:map",
    ),
    divisor=with_relevant,
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
    total = sum_each(relevant)
    top = relevant[:, :k]
    places = places_of(top)
    late = sum_each(top * (places - np.cumsum(top, axis=1)) / places)
    found = sum_each(top)
    wanted = {
        "ideal": np.minimum(total, places.size),
        "relevant": total,
        "found": np.where(total > 0.0, np.maximum(found, 1.0), 0.0),
    }[normalize]
    share = share_of(late + (wanted - found), wanted, empty_target_action)
    return nan_where_unknown(share, prediction)


def _ranked_relevant(prediction: Array, target: Array, border: float, ties: str) -> Array:
    """1 for a relevant item and 0 for another, that of the highest score first."""
    relevant = (target > border).astype(np.float64)
    return np.take_along_axis(relevant, order_of(prediction, relevant, ties), axis=1)


@loss(
    aliases=("mrr", "mean_reciprocal_rank", "retrieval_reciprocal_rank", "RetrievalMRR",
             "mrr_metric"),
    divisor=with_relevant,
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
    places = places_of(relevant)
    late = np.where(relevant > 0.0, (places - 1.0) / places, 1.0)
    lost = np.min(late[:, :k], axis=1, initial=1.0)
    share = share_of(lost, np.max(relevant, axis=1, initial=0.0), empty_target_action)
    return nan_where_unknown(share, prediction)


def _unsatisfied(prediction: Array, target: Array, k: int | None, ties: str) -> Array:
    """The probability that none of the first r items of a list is relevant."""
    chances = np.take_along_axis(target, order_of(prediction, target, ties), axis=1)
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
    elements = sum_each(missed * steps) if missed.shape[1] else np.ones(len(missed))
    return nan_where_unknown(elements, prediction)


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
    places = places_of(missed)
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
    order = order_of(prediction, target)
    yes = np.take_along_axis(target, order, axis=1)
    first, last = runs_of_ties(np.take_along_axis(prediction, order, axis=1))
    no_before = sums_before(1.0 - yes)
    above = np.take_along_axis(no_before, first, axis=1)
    above += np.take_along_axis(no_before, last + 1, axis=1)
    pairs = sum_each(yes) * no_before[:, -1]
    share = share_of(sum_each(0.5 * yes * above), pairs, empty_target_action)
    return nan_where_unknown(share, prediction)
