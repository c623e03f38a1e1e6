"""Two views of each item: does each find its partner among those of the others?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import NON_NEGATIVE, POSITIVE, Array, ListEmbeddings
from losscli.losses.contrastive.groups import (
    Normalize,
    Temperature,
    cosines_of,
    directions_of,
    log_sum_exp,
    mean_of,
    total_of,
)
from losscli.numerics import softplus_both
from losscli.spec import loss


def _match_both_ways(scores: Array, *, symmetric: bool) -> Array:
    """The cross-entropy of finding item i of one view in row i of the other; (n, L)."""
    everything = np.ones(scores.shape, np.bool_)
    itself = np.diagonal(scores, axis1=1, axis2=2)
    others = everything & ~np.eye(scores.shape[1], dtype=np.bool_)

    def surprise(x: Array) -> Array:
        return softplus_both(log_sum_exp(x, others) - itself)[1]

    found = surprise(scores)
    return 0.5 * (found + surprise(scores.transpose(0, 2, 1))) if symmetric else found


@loss(
    aliases=("InfoNCE", "multiple_negatives_ranking", "MultipleNegativesRankingLoss", "clip"),
    use_when="each item has one partner, and the partners of the others are its negatives",
    avoid_when="partners are not one to one: nt-xent and sup-con take labels",
    reference="van den Oord et al. 2018, arXiv:1807.03748; CLIP: Radford et al. 2021, "
    "arXiv:2103.00020",
)
def info_nce(
    anchor: ListEmbeddings,
    positive: ListEmbeddings,
    *,
    temperature: Temperature = 0.07,
    symmetric: Annotated[bool, "look for the anchor as well, and take the mean (CLIP)"] = False,
    normalize: Normalize = True,
) -> Array:
    r"""Cross-entropy of finding an item's partner among the partners of its group.

    anchor, positive: (N, L, D), L pairs in each of N groups -> (N,), in nats, the mean over the
    pairs. The mean divides by the number of groups.

    .. math:: \ell_i = \log \sum_j e^{s_{ij}/\tau} - s_{ii}/\tau

    with :math:`s_{ij}` the cosine of anchor i and positive j, and :math:`\tau` the temperature.
    CLIP's loss is ``symmetric``; sentence-transformers' MultipleNegativesRankingLoss has
    temperature 0.05.

    >>> x, y = [[[1.0, 0.0], [0.0, 1.0]]], [[[0.8, 0.6], [0.6, 0.8]]]
    >>> losses.info_nce(x, y, temperature=0.5).round(4).tolist()
    [0.513]
    """
    if normalize:
        anchor, positive = directions_of(anchor), directions_of(positive)
    found = _match_both_ways(cosines_of(anchor, positive) / temperature, symmetric=symmetric)
    return mean_of(found, np.ones(found.shape, np.bool_))


@loss(
    aliases=("NPairsLoss", "npairs", "npairs_loss", "n_pair"),
    use_when="each item has one partner and the length of a vector may carry confidence",
    avoid_when="lengths drift: info-nce compares directions",
    reference="Sohn 2016, NeurIPS 29; pytorch_metric_learning.losses.NPairsLoss",
)
def n_pairs(
    anchor: ListEmbeddings,
    positive: ListEmbeddings,
    *,
    l2_reg: Annotated[float, NON_NEGATIVE, "what the mean squared length of a vector costs"] = 0.0,
) -> Array:
    r"""Cross-entropy of finding an item's partner by dot products.

    anchor, positive: (N, L, D), L pairs in each of N groups, each of a class of its own -> (N,), in
    nats, the mean over the pairs. The mean divides by the number of groups.

    .. math:: \ell_i = \log\Bigl(1 + \sum_{j \neq i} e^{x_i \cdot (y_j - y_i)}\Bigr)
              + \lambda\,(|x_i|^2 + |y_i|^2)

    It is info-nce of plain dot products. The paper weighs lengths with :math:`\lambda`;
    pytorch-metric-learning picks one pair of each class out of a labelled batch and normalises
    them, which is info-nce with temperature 1.

    >>> x, y = [[[1.0, 0.0], [0.0, 1.0]]], [[[0.8, 0.6], [0.6, 0.8]]]
    >>> losses.n_pairs(x, y).round(4).tolist()
    [0.5981]
    """
    found = _match_both_ways(cosines_of(anchor, positive), symmetric=False)
    if l2_reg > 0.0:
        lengths = np.add.reduce(anchor * anchor, axis=-1)
        found = found + l2_reg * (lengths + np.add.reduce(positive * positive, axis=-1))
    return mean_of(found, np.ones(found.shape, np.bool_))


@loss(
    aliases=("sigmoid_contrastive", "SigLipLoss"),
    use_when="each item has one partner, and every pair should be judged by itself",
    avoid_when="groups are small: the pairs that do not belong then hardly outnumber those that do",
    reference="Zhai et al. 2023, arXiv:2303.15343",
)
def siglip(
    anchor: ListEmbeddings,
    positive: ListEmbeddings,
    *,
    temperature: Annotated[float, POSITIVE, "multiplies the cosines, as the paper has it"] = 10.0,
    bias: Annotated[float, "added to every score"] = -10.0,
) -> Array:
    r"""Binary cross-entropy of every pair of a group, which belongs together or does not.

    anchor, positive: (N, L, D), L pairs in each of N groups -> (N,), in nats: the sum over all
    L times L pairs, divided by L. The mean divides by the number of groups.

    .. math:: \ell = \frac1L \sum_{i,j} \operatorname{sp}\bigl(-z_{ij}\,(t\,s_{ij} + b)\bigr)

    with :math:`s` the cosine, :math:`z` 1 on the diagonal and -1 elsewhere, and sp the softplus.
    The defaults are where the paper's training starts.

    >>> x, y = [[[1.0, 0.0], [0.0, 1.0]]], [[[0.8, 0.6], [0.6, 0.8]]]
    >>> losses.siglip(x, y).round(4).tolist()
    [2.1451]
    """
    scores = temperature * cosines_of(directions_of(anchor), directions_of(positive)) + bias
    wrong, right = softplus_both(scores)
    itself = np.eye(scores.shape[1], dtype=np.bool_)
    return total_of(np.where(itself, wrong, right)) / float(max(scores.shape[1], 1))
