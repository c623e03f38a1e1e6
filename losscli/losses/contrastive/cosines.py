"""How alike the items of a group are by their cosines."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from losscli.domain import NON_NEGATIVE, POSITIVE, UNIT, Array, Interval, ListEmbeddings, ListLabels
from losscli.losses.contrastive.groups import (
    Average,
    Temperature,
    cosines_of,
    directions_of,
    has_a_like_pair,
    log_sum_exp,
    mean_of,
    mean_of_costs,
    pairs_of,
    surprise_of,
)
from losscli.numerics import softplus_both
from losscli.spec import loss


@loss(
    aliases=("ntxent", "ntxent_loss", "NTXentLoss", "simclr"),
    divisor=has_a_like_pair,
    divides_by="groups with a like pair",
    use_when="a batch holds two or more views of each item, and each should find the others",
    avoid_when="several items share a label and should all attract each other at once (sup-con)",
    reference="Chen et al. 2020, arXiv:2002.05709; pytorch_metric_learning.losses.NTXentLoss",
)
def nt_xent(
    embeddings: ListEmbeddings, labels: ListLabels, *, temperature: Temperature = 0.07
) -> Array:
    r"""Cross-entropy of finding an item's like among all the items unlike it.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), in nats, the mean
    over the ordered pairs of like items. The mean divides by the number of groups with such a pair.

    .. math:: \ell_{ij} = \log\Bigl(e^{s_{ij}/\tau} + \sum_{k \text{ unlike } i} e^{s_{ik}/\tau}
              \Bigr) - s_{ij}/\tau

    with :math:`s` the cosine and :math:`\tau` the temperature. Other items like i are left out of
    the sum, as in pytorch-metric-learning and optax; sup-con keeps them. A group in which no two
    items are alike is ignored. pytorch-metric-learning gives 0 where there is no unlike pair
    either, which is the value here too.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.nt_xent(x, [[0, 0, 1]], temperature=0.5).round(4).tolist()
    [0.3485]
    """
    scores = cosines_of(u := directions_of(embeddings), u) / temperature
    like, unlike = pairs_of(labels)
    rest = log_sum_exp(scores, unlike)[..., np.newaxis]
    # log(e^s + e^rest) - s is softplus(rest - s), which keeps a small loss.
    return mean_of(softplus_both(rest - scores)[1], like)


@loss(
    aliases=("supcon", "SupConLoss", "supervised_contrastive"),
    divisor=has_a_like_pair,
    divides_by="groups with a like pair",
    use_when="a batch holds several items of each class, and all of a class should attract",
    avoid_when="like items come in pairs only: nt-xent says the same more directly",
    reference="Khosla et al. 2020, arXiv:2004.11362; pytorch_metric_learning.losses.SupConLoss",
)
def sup_con(
    embeddings: ListEmbeddings, labels: ListLabels, *, temperature: Temperature = 0.1
) -> Array:
    r"""Cross-entropy of finding an item's likes among all others.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), in nats, the mean
    over the items that have a like. The mean divides by the number of groups with a like pair.

    .. math:: \ell_i = -\frac{1}{|P_i|} \sum_{j \in P_i} \log \frac{e^{s_{ij}/\tau}}
              {\sum_{k \neq i} e^{s_{ik}/\tau}}

    with :math:`s` the cosine, :math:`\tau` the temperature and :math:`P_i` the items like i. The
    authors' code multiplies by :math:`\tau / 0.07`. pytorch-metric-learning leaves out of its mean
    an item whose loss is exactly 0, and gives 0 to a group without unlike items.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.sup_con(x, [[0, 0, 1]], temperature=0.5).round(4).tolist()
    [0.3485]
    """
    scores = cosines_of(u := directions_of(embeddings), u) / temperature
    like, unlike = pairs_of(labels)
    surprise = surprise_of(scores, like | unlike)
    number = np.add.reduce(like, axis=-1)
    own = np.add.reduce(np.where(like, surprise, 0.0), axis=-1) / np.maximum(number, 1)
    return mean_of(own, number > 0)


@loss(
    aliases=("CircleLoss", "keras.losses.Circle"),
    divisor=has_a_like_pair,
    divides_by="groups with a like pair",
    use_when="each similarity should be pushed in proportion to how far it is from its optimum",
    avoid_when="the value should be read: it is steep, and only its order is meaningful",
    reference="Sun et al. 2020, arXiv:2002.10857; pytorch_metric_learning.losses.CircleLoss",
)
def circle(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    m: Annotated[float, UNIT, "how far from 1 a like pair, and from 0 an unlike one, may be"] = 0.4,
    gamma: Annotated[float, POSITIVE, "scale of the exponents"] = 80.0,
    average: Average = "nonzero",
) -> Array:
    r"""Like pairs below, and unlike pairs above, a circular boundary in their cosines.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), without unit, the
    mean over the items that have both likes and unlikes. The mean divides by the number of groups
    with a like pair.

    .. math:: \ell_i = \log\Bigl(1 + \sum_{j \text{ like}} e^{-\gamma [1 + m - s_{ij}]_+
              (s_{ij} - 1 + m)} \sum_{k \text{ unlike}} e^{\gamma [s_{ik} + m]_+ (s_{ik} - m)}\Bigr)

    with :math:`s` the cosine. keras takes vectors as they are, so normalise them before.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.circle(x, [[0, 0, 1]], gamma=2.0).round(4).tolist()
    [0.6141]
    """
    cosine = cosines_of(u := directions_of(embeddings), u)
    like, unlike = pairs_of(labels)
    near = log_sum_exp(-gamma * np.maximum(1.0 + m - cosine, 0.0) * (cosine - (1.0 - m)), like)
    far = log_sum_exp(gamma * np.maximum(cosine + m, 0.0) * (cosine - m), unlike)
    both = np.asarray(like.any(axis=-1) & unlike.any(axis=-1))
    own = softplus_both(np.where(both, near + far, 0.0))[1]
    return mean_of_costs(own, both, average)


@loss(
    aliases=("MultiSimilarityLoss",),
    use_when="hard pairs should weigh more, judged against the other pairs of the same item",
    avoid_when="a probability is wanted: nt-xent and sup-con are cross-entropies",
    reference="Wang et al. 2019, arXiv:1904.06627; pytorch_metric_learning MultiSimilarityLoss",
)
def multi_similarity(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    alpha: Annotated[float, POSITIVE, "how steeply like pairs count"] = 2.0,
    beta: Annotated[float, POSITIVE, "how steeply unlike pairs count"] = 50.0,
    base: Annotated[float, "the cosine that likes should be above and unlikes below"] = 0.5,
) -> Array:
    r"""Soft counts of the like pairs below, and the unlike pairs above, a base cosine.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), without unit, the
    mean over the items. The mean divides by the number of groups.

    .. math:: \ell_i = \tfrac1\alpha \log\Bigl(1 + \sum_{j \text{ like}} e^{-\alpha (s_{ij} - b)}
              \Bigr) + \tfrac1\beta \log\Bigl(1 + \sum_{k \text{ unlike}} e^{\beta (s_{ik} - b)}
              \Bigr)

    with :math:`s` the cosine. An item without like or unlike items has no such term.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.multi_similarity(x, [[0, 0, 1]]).round(4).tolist()
    [0.2126]
    """
    cosine = cosines_of(u := directions_of(embeddings), u)
    like, unlike = pairs_of(labels)
    near = softplus_both(log_sum_exp(-alpha * (cosine - base), like))[1]
    far = softplus_both(log_sum_exp(beta * (cosine - base), unlike))[1]
    own = near / alpha + far / beta
    return mean_of(own, np.ones(own.shape, np.bool_))


@loss(
    aliases=("TupletMarginLoss",),
    divisor=has_a_like_pair,
    divides_by="groups with a like pair",
    use_when="an item's like should beat all its unlikes at once by an angle",
    avoid_when="there are few unlike items: batch-triplet compares them one by one",
    reference="Yu and Tao 2019, ICCV; pytorch_metric_learning.losses.TupletMarginLoss",
)
def tuplet_margin(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    margin: Annotated[float, NON_NEGATIVE, "the angle, in degrees"] = 5.73,
    scale: Annotated[float, POSITIVE, "scale of the exponents"] = 64.0,
) -> Array:
    r"""By how much the unlike items come closer than a like one turned away by an angle.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), without unit, the
    mean over the ordered pairs of like items. The mean divides by the number of groups with a like
    pair.

    .. math:: \ell_{ij} = \log\Bigl(1 + \sum_{k \text{ unlike } i} e^{s\,(\cos\theta_{ik} -
              \cos(\theta_{ij} - m))}\Bigr)

    with :math:`\theta` the angle between two items and :math:`s` the scale.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.tuplet_margin(x, [[0, 0, 1]], scale=4.0).round(4).tolist()
    [0.1695]
    """
    cosine = cosines_of(u := directions_of(embeddings), u)
    like, unlike = pairs_of(labels)
    turned = np.cos(np.arccos(np.clip(cosine, -1.0, 1.0)) - np.radians(margin))
    rest = log_sum_exp(scale * cosine, unlike)[..., np.newaxis]
    return mean_of(softplus_both(rest - scale * turned)[1], like)


@loss(
    aliases=("AngularLoss", "angular_loss"),
    divisor=has_a_like_pair,
    divides_by="groups with a like pair",
    use_when="unlike items should be seen from a like pair under a small angle, whatever the scale",
    avoid_when="cosines alone should count (nt-xent, tuplet-margin)",
    reference="Wang et al. 2017, arXiv:1708.01682; pytorch_metric_learning.losses.AngularLoss",
)
def angular(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    alpha: Annotated[float, Interval(0.0, 90.0, high_open=True), "the angle, in degrees"] = 40.0,
) -> Array:
    r"""How wide an angle the unlike items span with the middle of each like pair.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), without unit, the
    mean over the ordered pairs of like items. The mean divides by the number of groups with a like
    pair.

    .. math:: \ell_{ij} = \log\Bigl(1 + \sum_{k \text{ unlike } i} e^{4 t\,(u_i + u_j) \cdot u_k
              - 2 (1 + t)\,u_i \cdot u_j}\Bigr), \qquad t = \tan^2 \alpha

    with :math:`u` the items scaled to length 1. pytorch-metric-learning scales the like pair only,
    so its value is the same where all items have length 1.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.angular(x, [[0, 0, 1]], alpha=20).round(4).tolist()
    [0.2025]
    """
    cosine = cosines_of(u := directions_of(embeddings), u)
    like, unlike = pairs_of(labels)
    tangent = math.tan(math.radians(alpha)) ** 2
    rest = np.empty(cosine.shape)
    for i in range(cosine.shape[1]):
        both = 4.0 * tangent * (cosine[:, i : i + 1] + cosine)
        rest[:, i] = log_sum_exp(both, np.broadcast_to(unlike[:, i : i + 1], both.shape))
    return mean_of(softplus_both(rest - 2.0 * (1.0 + tangent) * cosine)[1], like)


@loss(
    aliases=("IntraPairVarianceLoss",),
    use_when="like pairs should all be about equally alike, and unlike ones equally unlike",
    avoid_when="how alike they are should count: it sees only the spread (contrastive)",
    reference="Yu and Tao 2019, ICCV; pytorch_metric_learning.losses.IntraPairVarianceLoss",
)
def intra_pair_variance(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    pos_eps: Annotated[
        float, UNIT, "share below the mean that costs nothing, of like pairs"
    ] = 0.01,
    neg_eps: Annotated[float, UNIT, "share above it that costs nothing, of unlike pairs"] = 0.01,
) -> Array:
    r"""How far like pairs fall below, and unlike pairs rise above, the mean cosine of their kind.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), without unit: the
    mean over like pairs plus the mean over unlike pairs. The mean divides by the number of groups.

    .. math:: \ell_{ij} = \begin{cases} [(1 - \epsilon_+)\,\bar s_+ - s_{ij}]_+^2 & \text{like} \\
              [s_{ij} - (1 + \epsilon_-)\,\bar s_-]_+^2 & \text{unlike} \end{cases}

    with :math:`s` the cosine and :math:`\bar s` its mean over the group's pairs of that kind.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.intra_pair_variance(x, [[0, 0, 1]]).round(4).tolist()
    [0.0441]
    """
    cosine = cosines_of(u := directions_of(embeddings), u)
    like, unlike = pairs_of(labels)
    near = (1.0 - pos_eps) * mean_of(cosine, like)[:, np.newaxis, np.newaxis] - cosine
    far = cosine - (1.0 + neg_eps) * mean_of(cosine, unlike)[:, np.newaxis, np.newaxis]
    near, far = np.maximum(near, 0.0), np.maximum(far, 0.0)
    return mean_of(near * near, like) + mean_of(far * far, unlike)
