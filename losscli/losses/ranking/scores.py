"""Pairs whose two scores, or whose distance, are given."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import Array, Real, Sign
from losscli.numerics import sigmoid_both, softplus_both
from losscli.spec import loss


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
