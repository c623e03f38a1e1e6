"""How far apart the items of a group are."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import numpy as np

from losscli.domain import NON_NEGATIVE, POSITIVE, Array, ListEmbeddings, ListLabels
from losscli.losses.contrastive.groups import (
    Average,
    Mask,
    Normalize,
    directions_of,
    distances_of,
    has_a_like_pair,
    log_sum_exp,
    mean_of,
    mean_of_costs,
    pairs_of,
    total_of,
)
from losscli.numerics import softplus_both
from losscli.spec import loss

PosMargin: TypeAlias = Annotated[
    float, NON_NEGATIVE, "distance within which a like pair costs nothing"
]
NegMargin: TypeAlias = Annotated[
    float, NON_NEGATIVE, "distance beyond which an unlike pair costs nothing"
]


def _beyond(distance: Array, pos_margin: float, neg_margin: float) -> tuple[Array, Array]:
    """How far each pair is from costing nothing as a like one, and as an unlike one."""
    return np.maximum(distance - pos_margin, 0.0), np.maximum(neg_margin - distance, 0.0)


def _sum_of_kinds(near: Array, far: Array, labels: Array, average: str) -> Array:
    """The mean cost of like pairs plus that of unlike pairs."""
    like, unlike = pairs_of(labels)
    return mean_of_costs(near, like, average) + mean_of_costs(far, unlike, average)


@loss(
    aliases=("ContrastiveLoss", "contrastive_loss"),
    use_when="like items should coincide and unlike ones stay a fixed distance apart",
    avoid_when="distances only matter relative to each other (batch-triplet, nt-xent)",
    reference="Hadsell et al. 2006, doi:10.1109/CVPR.2006.100; pytorch_metric_learning "
    "ContrastiveLoss",
)
def contrastive(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    pos_margin: PosMargin = 0.0,
    neg_margin: NegMargin = 1.0,
    squared: Annotated[bool, "square each term, as Hadsell et al. do"] = False,
    normalize: Normalize = True,
    average: Average = "nonzero",
) -> Array:
    r"""How far like items are apart, and how far unlike ones are from a margin.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), in the unit of the
    distance: the mean over like pairs plus the mean over unlike pairs. The mean divides by the
    number of groups.

    .. math:: \ell_{ij} = \begin{cases} [d_{ij} - m_+]_+ & \text{like} \\
              [m_- - d_{ij}]_+ & \text{unlike} \end{cases}

    with :math:`d` the Euclidean distance. Hadsell et al. square the terms and halve them; keras and
    TensorFlow's recipes square them. The defaults are pytorch-metric-learning's, which averages
    over the pairs that cost something.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.contrastive(x, [[0, 0, 1]]).round(4).tolist()
    [0.738]
    """
    distance = distances_of(embeddings, normalize=normalize)
    near, far = _beyond(distance, pos_margin, neg_margin)
    if squared:
        near, far = near * near, far * far
    return _sum_of_kinds(near, far, labels, average)


def _per_anchor(distance: Array, like: Mask, unlike: Mask, i: int) -> tuple[Array, Mask]:
    """How much farther its likes are from item ``i`` than its unlikes, and which triplets exist."""
    lead = distance[:, i, :, np.newaxis] - distance[:, i, np.newaxis, :]
    return lead, like[:, i, :, np.newaxis] & unlike[:, i, np.newaxis, :]


@loss(
    aliases=("triplet_margin_mined", "batch_all_triplet"),
    use_when="triplets are to be formed from the labels: every like pair against every unlike item",
    avoid_when="the triplets are given (triplet-margin)",
    reference="Hermans et al. 2017, arXiv:1703.07737; pytorch_metric_learning TripletMarginLoss",
)
def batch_triplet(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    margin: Annotated[float, NON_NEGATIVE, "by how much an unlike item should be farther"] = 0.05,
    swap: Annotated[bool, "measure to the unlike from the like where that is closer"] = False,
    smooth: Annotated[bool, "softplus instead of a hinge"] = False,
    normalize: Normalize = True,
    average: Average = "nonzero",
) -> Array:
    r"""How far unlike items are from being a margin farther away than like ones, over all triplets.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), in the unit of the
    distance, the mean over the triplets. The mean divides by the number of groups.

    .. math:: \ell_{ijk} = [d_{ij} - d_{ik} + m]_+, \qquad j \text{ like } i,\ k \text{ unlike } i

    with :math:`d` the Euclidean distance. The defaults are pytorch-metric-learning's, which
    averages over the triplets that cost something; a group without triplets costs 0.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.batch_triplet(x, [[0, 0, 1]], margin=0.5).round(4).tolist()
    [0.238]
    """
    distance = distances_of(embeddings, normalize=normalize)
    like, unlike = pairs_of(labels)
    total, number = np.zeros(len(distance)), np.zeros(len(distance))
    for i in range(distance.shape[1]):
        lead, exists = _per_anchor(distance, like, unlike, i)
        if swap:
            lead = np.maximum(lead, distance[:, i, :, np.newaxis] - distance)
        lead = lead + margin
        cost = softplus_both(lead)[1] if smooth else np.maximum(lead, 0.0)
        counts = exists & (cost > 0.0) if average == "nonzero" else exists
        total += total_of(np.where(counts, cost, 0.0))
        number += total_of(counts)
    return total / np.maximum(number, 1.0)


@loss(
    aliases=("MarginLoss", "margin_based"),
    use_when="like pairs should lie within, and unlike pairs beyond, one boundary of distances",
    avoid_when="no common boundary fits all classes (batch-triplet)",
    reference="Wu et al. 2017, arXiv:1706.07567; pytorch_metric_learning.losses.MarginLoss",
)
def boundary_margin(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    margin: Annotated[float, NON_NEGATIVE, "half the width of the band that costs"] = 0.2,
    beta: Annotated[float, "the boundary, a distance"] = 1.2,
    normalize: Normalize = True,
) -> Array:
    r"""How far pairs reach over a boundary between like and unlike, over all triplets.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), in the unit of the
    distance: the sum over triplets, divided by how many of their terms cost something. The mean
    divides by the number of groups.

    .. math:: \ell_{ijk} = [d_{ij} - \beta + m]_+ + [\beta - d_{ik} + m]_+

    with j like i and k unlike i. pytorch-metric-learning can learn :math:`\beta`; here it is given.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.boundary_margin(x, [[0, 0, 1]]).round(4).tolist()
    [0.5056]
    """
    distance = distances_of(embeddings, normalize=normalize)
    like, unlike = pairs_of(labels)
    near, far = np.maximum(distance - beta + margin, 0.0), np.maximum(beta - distance + margin, 0.0)
    # A like pair is in as many triplets as its anchor has unlikes, and the other way round.
    in_like = like * np.add.reduce(unlike, axis=-1, keepdims=True)
    in_unlike = unlike * np.add.reduce(like, axis=-1, keepdims=True)
    terms = total_of(in_like * (near > 0.0) + in_unlike * (far > 0.0))
    return total_of(in_like * near + in_unlike * far) / np.maximum(terms, 1.0)


@loss(
    aliases=("NCALoss", "neighbourhood_components", "neighborhood_components"),
    use_when="the embeddings will be used by nearest neighbours",
    avoid_when="lengths carry no meaning: normalise, or take sup-con",
    reference="Goldberger et al. 2005, NeurIPS 17; pytorch_metric_learning.losses.NCALoss",
)
def nca(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    softmax_scale: Annotated[float, POSITIVE, "multiplies the squared distances"] = 1.0,
    normalize: Normalize = True,
) -> Array:
    r"""Negative log of the probability that a random neighbour is of the same class.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), in nats, the mean
    over the items that have a like. The mean divides by the number of groups.

    .. math:: \ell_i = -\log \frac{\sum_{j \text{ like } i} e^{-s\,d_{ij}^2}}
              {\sum_{k \neq i} e^{-s\,d_{ik}^2}}

    with :math:`d` the Euclidean distance and :math:`s` the scale. The paper neither normalises nor
    scales; the defaults are pytorch-metric-learning's.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.nca(x, [[0, 0, 1]]).round(4).tolist()
    [0.3485]
    """
    near = -softmax_scale * distances_of(embeddings, normalize=normalize) ** 2
    like, unlike = pairs_of(labels)
    # log(1 + unlike / like), which keeps a small loss.
    odds = log_sum_exp(near, unlike) - log_sum_exp(near, like)
    has_like = np.asarray(like.any(axis=-1))
    return mean_of(softplus_both(np.where(has_like, odds, 0.0))[1], has_like)


@loss(
    aliases=("LiftedStructureLoss",),
    divisor=has_a_like_pair,
    divides_by="groups with a like pair",
    use_when="every like pair should be closer than all that is unlike either of the two",
    avoid_when="classes have many items each: generalized-lifted-structure grows more slowly",
    reference="Song et al. 2016, arXiv:1511.06452; pytorch_metric_learning LiftedStructureLoss",
)
def lifted_structure(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    neg_margin: NegMargin = 1.0,
    pos_margin: PosMargin = 0.0,
    normalize: Normalize = True,
) -> Array:
    r"""A squared hinge of each like pair against everything unlike either of the two.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), in the unit of the
    distance squared, the mean over the ordered pairs of like items. The mean divides by the number
    of groups with a like pair.

    .. math:: \ell_{ij} = \tfrac12 \Bigl[\log \sum_{k \text{ unlike } i \text{ or } j}
              e^{m_- - d_k} + d_{ij} - m_+\Bigr]_+^2

    with :math:`d_k` its distance from the one of the two it is paired with, both being like or
    unlike it at once. The paper takes distances as they are; the defaults are
    pytorch-metric-learning's. Without unlike items the sum is left out.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.lifted_structure(x, [[0, 0, 1]]).round(4).tolist()
    [0.7256]
    """
    distance = distances_of(embeddings, normalize=normalize)
    like, unlike = pairs_of(labels)
    own = log_sum_exp(neg_margin - distance, unlike)
    rest = np.logaddexp(own[:, :, np.newaxis], own[:, np.newaxis, :])
    rest = np.where(np.isneginf(rest), 0.0, rest)
    reach = np.maximum(rest + distance - pos_margin, 0.0)
    return mean_of(0.5 * reach * reach, like)


@loss(
    aliases=("GeneralizedLiftedStructureLoss",),
    use_when="each item's likes together should be closer than its unlikes together",
    avoid_when="single hard pairs should be seen (batch-triplet)",
    reference="Hermans et al. 2017, arXiv:1703.07737; pytorch_metric_learning "
    "GeneralizedLiftedStructureLoss",
)
def generalized_lifted_structure(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    neg_margin: NegMargin = 1.0,
    pos_margin: PosMargin = 0.0,
    normalize: Normalize = True,
) -> Array:
    r"""A hinge of an item's soft farthest like against its soft nearest unlike.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), in the unit of the
    distance, the mean over the items. The mean divides by the number of groups.

    .. math:: \ell_i = \Bigl[\log \sum_{j \text{ like}} e^{d_{ij} - m_+} +
              \log \sum_{k \text{ unlike}} e^{m_- - d_{ik}}\Bigr]_+

    with :math:`d` the Euclidean distance. An empty sum counts 0, as in pytorch-metric-learning.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.generalized_lifted_structure(x, [[0, 0, 1]]).round(4).tolist()
    [0.5095]
    """
    distance = distances_of(embeddings, normalize=normalize)
    like, unlike = pairs_of(labels)
    near, far = (
        log_sum_exp(distance - pos_margin, like),
        log_sum_exp(neg_margin - distance, unlike),
    )
    own = np.where(np.isneginf(near), 0.0, near) + np.where(np.isneginf(far), 0.0, far)
    own = np.maximum(own, 0.0)
    return mean_of(own, np.ones(own.shape, np.bool_))


@loss(
    aliases=("SignalToNoiseRatioContrastiveLoss", "snr_contrastive_loss"),
    finite=False,
    use_when="items should differ little for how much their own components vary",
    avoid_when="an item's components may all be equal, which costs infinity (contrastive)",
    reference="Yuan et al. 2019, arXiv:1904.02616; pytorch_metric_learning "
    "SignalToNoiseRatioContrastiveLoss",
)
def snr_contrastive(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    pos_margin: PosMargin = 0.0,
    neg_margin: NegMargin = 1.0,
    normalize: Normalize = True,
    average: Average = "nonzero",
) -> Array:
    r"""The contrastive loss of a distance that takes the difference of two items for noise.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), without unit: the
    mean over like pairs plus the mean over unlike pairs. The mean divides by the number of groups.

    .. math:: d_{ij} = \frac{\operatorname{var}(x_i - x_j)}{\operatorname{var}(x_i)}, \qquad
              \ell_{ij} = \begin{cases} [d_{ij} - m_+]_+ & \text{like} \\
              [m_- - d_{ij}]_+ & \text{unlike} \end{cases}

    with var over the components of a vector. An item whose components are all equal has no signal:
    its pairs cost infinity, or NaN.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.snr_contrastive(x, [[0, 0, 1]]).round(4).tolist()
    [8.32]
    """
    x = directions_of(embeddings) if normalize else np.ascontiguousarray(embeddings)
    centred = x - (np.add.reduce(x, axis=-1) / x.shape[-1])[..., np.newaxis]
    signal = np.add.reduce(centred * centred, axis=-1)
    noise = np.empty((*labels.shape, labels.shape[1]))
    for i in range(labels.shape[1]):
        gap = centred[:, i : i + 1] - centred
        noise[:, i] = np.add.reduce(gap * gap, axis=-1)
    near, far = _beyond(noise / signal[..., np.newaxis], pos_margin, neg_margin)
    return _sum_of_kinds(near, far, labels, average)
