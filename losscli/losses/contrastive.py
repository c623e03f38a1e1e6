"""Contrastive losses: within a group of embeddings, are like ones close and unlike ones far?"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from losscli.domain import (
    NON_NEGATIVE,
    POSITIVE,
    UNIT,
    Array,
    Interval,
    ListEmbeddings,
    ListLabels,
)
from losscli.numerics import log_softmax_parts, norm, softplus_both
from losscli.spec import loss

Mask: TypeAlias = NDArray[np.bool_]

# What PyTorch's normalize divides by at least, so that a vector of zeros stays one.
_LEAST_NORM = 1e-12

Temperature: TypeAlias = Annotated[
    float, POSITIVE, "divides the cosines; small ones look at near pairs only"
]
Normalize: TypeAlias = Annotated[bool, "scale every vector to length 1 first"]
PosMargin: TypeAlias = Annotated[
    float, NON_NEGATIVE, "distance within which a like pair costs nothing"
]
NegMargin: TypeAlias = Annotated[
    float, NON_NEGATIVE, "distance beyond which an unlike pair costs nothing"
]
Average: TypeAlias = Annotated[
    Literal["nonzero", "all"], "the mean is over the terms that cost something, or over all"
]


# --- a group of vectors with labels --------------------------------------------------------------


def _directions(x: Array) -> Array:
    """Every vector divided by its length."""
    flat = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    length = np.maximum(norm(flat, 2.0), _LEAST_NORM)
    unit: Array = (flat / length[:, np.newaxis]).reshape(x.shape)
    return unit


def _cosines(x: Array, y: Array) -> Array:
    """The dot product of each item of ``x`` with each of ``y``, (n, L, L). Not BLAS."""
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    rows = [np.add.reduce(y * x[:, i : i + 1], axis=-1) for i in range(x.shape[1])]
    return np.stack(rows, axis=1) if rows else np.empty((len(x), 0, 0))


def _distances(x: Array, *, normalize: bool) -> Array:
    """The Euclidean distance of each pair of items, (n, L, L)."""
    x = _directions(x) if normalize else np.ascontiguousarray(x)
    rows = [
        norm((x - x[:, i : i + 1]).reshape(-1, x.shape[-1]), 2.0).reshape(x.shape[:2])
        for i in range(x.shape[1])
    ]
    return np.stack(rows, axis=1) if rows else np.empty((len(x), 0, 0))


def _pairs(labels: Array) -> tuple[Mask, Mask]:
    """Which pairs of items are alike, an item and itself left out, and which are not; (n, L, L)."""
    same = labels[:, :, np.newaxis] == labels[:, np.newaxis, :]
    itself = np.eye(labels.shape[1], dtype=np.bool_)
    return same & ~itself, ~same


def _has_a_like_pair(embeddings: Array, labels: Array, **_: Any) -> Array:
    """1 for a group in which two items share a label; the others do not count."""
    like, _unlike = _pairs(labels)
    return _total(np.any(like, axis=(1, 2)))


def _total(x: ArrayLike) -> Array:
    """The sum over all axes behind the first."""
    rows = np.ascontiguousarray(x, np.float64)
    flat = rows.reshape(len(rows), -1)
    total: Array = np.add.reduce(flat, axis=1)
    return total


def _mean_of(x: Array, counts: Mask) -> Array:
    """The mean of each group over the entries that count, 0 where none does."""
    number = np.maximum(_total(counts), 1.0)
    return np.asarray(_total(np.where(counts, x, 0.0)) / number)


def _mean_of_costs(x: Array, counts: Mask, average: str) -> Array:
    """The same, over those above 0 or over all."""
    return _mean_of(x, counts & (x > 0.0) if average == "nonzero" else counts)


def _log_sum_exp(x: Array, counts: Mask) -> Array:
    """log Σ exp over the last axis, of the entries that count; -inf where none does."""
    kept = np.where(counts, x, -np.inf)
    top = np.max(kept, axis=-1, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0.0)
    total = np.log(np.add.reduce(np.exp(kept - shift[..., np.newaxis]), axis=-1))
    return np.asarray(total + shift)


def _surprise(scores: Array, counts: Mask) -> Array:
    """Minus the log-softmax over the last axis of the entries that count, infinite elsewhere."""
    kept = np.where(counts | ~counts.any(axis=-1, keepdims=True), scores, -np.inf)
    shifted, log_total = log_softmax_parts(kept.reshape(-1, scores.shape[-1]))
    return (log_total[:, np.newaxis] - shifted).reshape(scores.shape)


# --- cosines: NT-Xent and its relatives ----------------------------------------------------------


@loss(
    aliases=("ntxent", "ntxent_loss", "NTXentLoss", "simclr"),
    divisor=_has_a_like_pair,
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
    scores = _cosines(u := _directions(embeddings), u) / temperature
    like, unlike = _pairs(labels)
    rest = _log_sum_exp(scores, unlike)[..., np.newaxis]
    # log(e^s + e^rest) - s is softplus(rest - s), which keeps a small loss.
    return _mean_of(softplus_both(rest - scores)[1], like)


@loss(
    aliases=("supcon", "SupConLoss", "supervised_contrastive"),
    divisor=_has_a_like_pair,
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
    scores = _cosines(u := _directions(embeddings), u) / temperature
    like, unlike = _pairs(labels)
    surprise = _surprise(scores, like | unlike)
    number = np.add.reduce(like, axis=-1)
    own = np.add.reduce(np.where(like, surprise, 0.0), axis=-1) / np.maximum(number, 1)
    return _mean_of(own, number > 0)


@loss(
    aliases=("CircleLoss", "keras.losses.Circle"),
    divisor=_has_a_like_pair,
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
    cosine = _cosines(u := _directions(embeddings), u)
    like, unlike = _pairs(labels)
    near = _log_sum_exp(-gamma * np.maximum(1.0 + m - cosine, 0.0) * (cosine - (1.0 - m)), like)
    far = _log_sum_exp(gamma * np.maximum(cosine + m, 0.0) * (cosine - m), unlike)
    both = np.asarray(like.any(axis=-1) & unlike.any(axis=-1))
    own = softplus_both(np.where(both, near + far, 0.0))[1]
    return _mean_of_costs(own, both, average)


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
    cosine = _cosines(u := _directions(embeddings), u)
    like, unlike = _pairs(labels)
    near = softplus_both(_log_sum_exp(-alpha * (cosine - base), like))[1]
    far = softplus_both(_log_sum_exp(beta * (cosine - base), unlike))[1]
    own = near / alpha + far / beta
    return _mean_of(own, np.ones(own.shape, np.bool_))


@loss(
    aliases=("TupletMarginLoss",),
    divisor=_has_a_like_pair,
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
    cosine = _cosines(u := _directions(embeddings), u)
    like, unlike = _pairs(labels)
    turned = np.cos(np.arccos(np.clip(cosine, -1.0, 1.0)) - np.radians(margin))
    rest = _log_sum_exp(scale * cosine, unlike)[..., np.newaxis]
    return _mean_of(softplus_both(rest - scale * turned)[1], like)


# --- distances -----------------------------------------------------------------------------------


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
    distance = _distances(embeddings, normalize=normalize)
    like, unlike = _pairs(labels)
    near, far = np.maximum(distance - pos_margin, 0.0), np.maximum(neg_margin - distance, 0.0)
    if squared:
        near, far = near * near, far * far
    return _mean_of_costs(near, like, average) + _mean_of_costs(far, unlike, average)


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
    distance = _distances(embeddings, normalize=normalize)
    like, unlike = _pairs(labels)
    total, number = np.zeros(len(distance)), np.zeros(len(distance))
    for i in range(distance.shape[1]):
        lead, exists = _per_anchor(distance, like, unlike, i)
        if swap:
            lead = np.maximum(lead, distance[:, i, :, np.newaxis] - distance)
        lead = lead + margin
        cost = softplus_both(lead)[1] if smooth else np.maximum(lead, 0.0)
        counts = exists & (cost > 0.0) if average == "nonzero" else exists
        total += _total(np.where(counts, cost, 0.0))
        number += _total(counts)
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
    distance = _distances(embeddings, normalize=normalize)
    like, unlike = _pairs(labels)
    near, far = np.maximum(distance - beta + margin, 0.0), np.maximum(beta - distance + margin, 0.0)
    # A like pair is in as many triplets as its anchor has unlikes, and the other way round.
    in_like = like * np.add.reduce(unlike, axis=-1, keepdims=True)
    in_unlike = unlike * np.add.reduce(like, axis=-1, keepdims=True)
    terms = _total(in_like * (near > 0.0) + in_unlike * (far > 0.0))
    return _total(in_like * near + in_unlike * far) / np.maximum(terms, 1.0)


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
    near = -softmax_scale * _distances(embeddings, normalize=normalize) ** 2
    like, unlike = _pairs(labels)
    # log(1 + unlike / like), which keeps a small loss.
    odds = _log_sum_exp(near, unlike) - _log_sum_exp(near, like)
    has_like = np.asarray(like.any(axis=-1))
    return _mean_of(softplus_both(np.where(has_like, odds, 0.0))[1], has_like)


@loss(
    aliases=("LiftedStructureLoss",),
    divisor=_has_a_like_pair,
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
    distance = _distances(embeddings, normalize=normalize)
    like, unlike = _pairs(labels)
    own = _log_sum_exp(neg_margin - distance, unlike)
    rest = np.logaddexp(own[:, :, np.newaxis], own[:, np.newaxis, :])
    rest = np.where(np.isneginf(rest), 0.0, rest)
    reach = np.maximum(rest + distance - pos_margin, 0.0)
    return _mean_of(0.5 * reach * reach, like)


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
    distance = _distances(embeddings, normalize=normalize)
    like, unlike = _pairs(labels)
    near, far = (
        _log_sum_exp(distance - pos_margin, like),
        _log_sum_exp(neg_margin - distance, unlike),
    )
    own = np.where(np.isneginf(near), 0.0, near) + np.where(np.isneginf(far), 0.0, far)
    own = np.maximum(own, 0.0)
    return _mean_of(own, np.ones(own.shape, np.bool_))


# --- two views of each item ----------------------------------------------------------------------


def _match_both_ways(scores: Array, *, symmetric: bool) -> Array:
    """The cross-entropy of finding item i of one view in row i of the other; (n, L)."""
    everything = np.ones(scores.shape, np.bool_)
    itself = np.diagonal(scores, axis1=1, axis2=2)
    others = everything & ~np.eye(scores.shape[1], dtype=np.bool_)

    def surprise(x: Array) -> Array:
        return softplus_both(_log_sum_exp(x, others) - itself)[1]

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
        anchor, positive = _directions(anchor), _directions(positive)
    found = _match_both_ways(_cosines(anchor, positive) / temperature, symmetric=symmetric)
    return _mean_of(found, np.ones(found.shape, np.bool_))


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
    found = _match_both_ways(_cosines(anchor, positive), symmetric=False)
    if l2_reg > 0.0:
        lengths = np.add.reduce(anchor * anchor, axis=-1)
        found = found + l2_reg * (lengths + np.add.reduce(positive * positive, axis=-1))
    return _mean_of(found, np.ones(found.shape, np.bool_))


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
    scores = temperature * _cosines(_directions(anchor), _directions(positive)) + bias
    wrong, right = softplus_both(scores)
    itself = np.eye(scores.shape[1], dtype=np.bool_)
    return _total(np.where(itself, wrong, right)) / float(max(scores.shape[1], 1))


# --- angles, variances and histograms ------------------------------------------------------------


@loss(
    aliases=("AngularLoss", "angular_loss"),
    divisor=_has_a_like_pair,
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
    cosine = _cosines(u := _directions(embeddings), u)
    like, unlike = _pairs(labels)
    tangent = math.tan(math.radians(alpha)) ** 2
    rest = np.empty(cosine.shape)
    for i in range(cosine.shape[1]):
        both = 4.0 * tangent * (cosine[:, i : i + 1] + cosine)
        rest[:, i] = _log_sum_exp(both, np.broadcast_to(unlike[:, i : i + 1], both.shape))
    return _mean_of(softplus_both(rest - 2.0 * (1.0 + tangent) * cosine)[1], like)


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
    cosine = _cosines(u := _directions(embeddings), u)
    like, unlike = _pairs(labels)
    near = (1.0 - pos_eps) * _mean_of(cosine, like)[:, np.newaxis, np.newaxis] - cosine
    far = cosine - (1.0 + neg_eps) * _mean_of(cosine, unlike)[:, np.newaxis, np.newaxis]
    near, far = np.maximum(near, 0.0), np.maximum(far, 0.0)
    return _mean_of(near * near, like) + _mean_of(far * far, unlike)


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
    x = _directions(embeddings) if normalize else np.ascontiguousarray(embeddings)
    centred = x - (np.add.reduce(x, axis=-1) / x.shape[-1])[..., np.newaxis]
    signal = np.add.reduce(centred * centred, axis=-1)
    noise = np.empty((*labels.shape, labels.shape[1]))
    for i in range(labels.shape[1]):
        gap = centred[:, i : i + 1] - centred
        noise[:, i] = np.add.reduce(gap * gap, axis=-1)
    distance = noise / signal[..., np.newaxis]
    like, unlike = _pairs(labels)
    near, far = np.maximum(distance - pos_margin, 0.0), np.maximum(neg_margin - distance, 0.0)
    return _mean_of_costs(near, like, average) + _mean_of_costs(far, unlike, average)


def _pulse(x: Array, middle: float, width: float) -> Array:
    """How much of each value falls to the bin around ``middle``: 1 there, 0 a width away."""
    return np.maximum(1.0 - np.abs(x - middle) / width, 0.0)


@loss(
    aliases=("FastAPLoss", "fast_average_precision"),
    divisor=_has_a_like_pair,
    divides_by="groups with a like pair",
    use_when="retrieval by distance is judged by average precision, and batches are large",
    avoid_when="scores of items are at hand (average-precision)",
    reference="Cakir et al. 2019, CVPR; pytorch_metric_learning.losses.FastAPLoss",
)
def fast_ap(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    num_bins: Annotated[int, Interval(low=1), "bins of the histogram of squared distances"] = 10,
) -> Array:
    r"""One minus the average precision of finding an item's likes, by a histogram of distances.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), a share in [0, 1],
    the mean over the items that have a like. The mean divides by the number of groups with a like
    pair.

    .. math:: \ell_i = 1 - \frac{1}{|P_i|} \sum_b \frac{h^+_b\,H^+_b}{H_b}

    with :math:`h^+_b` how many likes of i lie in bin b of the squared distances of unit vectors,
    and :math:`H^+_b`, :math:`H_b` how many likes and how many items lie in it or before. A distance
    between the middles of two bins is shared between them.

    >>> x = [[[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]]]
    >>> losses.fast_ap(x, [[0, 0, 1]]).round(4).tolist()
    [0.5]
    """
    distance = _distances(embeddings, normalize=True) ** 2
    like, unlike = _pairs(labels)
    width = 4.0 / num_bins
    precision, before, before_like = (np.zeros(labels.shape) for _ in range(3))
    for b in range(num_bins + 1):
        pulse = _pulse(distance, b * width, width)
        here = np.add.reduce(np.where(like, pulse, 0.0), axis=-1)
        before_like += here
        before += here + np.add.reduce(np.where(unlike, pulse, 0.0), axis=-1)
        precision += np.divide(here * before_like, before, out=np.zeros(here.shape), where=here > 0)
    number = np.add.reduce(like, axis=-1)
    missed = 1.0 - precision / np.maximum(number, 1)
    return _mean_of(np.maximum(missed, 0.0), number > 0)


@loss(
    aliases=("HistogramLoss", "histogram_loss"),
    use_when="a random like pair should be closer than a random unlike one, with nothing to tune",
    avoid_when="groups are small: a histogram of few pairs says little (contrastive)",
    reference="Ustinova and Lempitsky 2016, arXiv:1611.00822; pytorch_metric_learning "
    "HistogramLoss",
)
def histogram(
    embeddings: ListEmbeddings,
    labels: ListLabels,
    *,
    n_bins: Annotated[int, Interval(low=1), "bins of the histogram of cosines"] = 100,
) -> Array:
    r"""Probability that a random unlike pair is more alike than a random like pair.

    embeddings: (N, L, D), labels: (N, L), L items in each of N groups -> (N,), a probability. The
    mean divides by the number of groups.

    .. math:: \ell = \sum_b p^-_b \sum_{a \le b} p^+_a

    with :math:`p^+` and :math:`p^-` the histograms of the cosines of like and unlike pairs, in
    which a cosine is shared between the two nearest bins. Pairs count of which one item at least
    has both likes and unlikes. A group without such pairs costs 0.

    >>> x = [[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]]
    >>> losses.histogram(x, [[0, 0, 1]], n_bins=2).round(4).tolist()
    [0.44]
    """
    cosine = np.clip(_cosines(u := _directions(embeddings), u), -1.0, 1.0)
    like, unlike = _pairs(labels)
    anchor = np.asarray(like.any(axis=-1) & unlike.any(axis=-1))[:, :, np.newaxis]
    counts = (anchor | anchor.transpose(0, 2, 1)) & np.tri(labels.shape[1], k=-1, dtype=np.bool_)
    like, unlike = like & counts, unlike & counts
    width = 2.0 / n_bins
    before, found = np.zeros(len(labels)), np.zeros(len(labels))
    for b in range(n_bins + 1):
        pulse = _pulse(cosine, b * width - 1.0, width)
        before += _mean_of(pulse, like)
        found += _mean_of(pulse, unlike) * before
    return found


# --- two views, without unlike items -------------------------------------------------------------


def _centred(x: Array) -> Array:
    """The dimensions of each group, (n, D, L), with the mean over the items subtracted."""
    dimensions = np.ascontiguousarray(x.transpose(0, 2, 1))
    mean = np.add.reduce(dimensions, axis=-1) / max(dimensions.shape[-1], 1)
    centred: Array = dimensions - mean[..., np.newaxis]
    return centred


@loss(
    aliases=("BarlowTwinsLoss", "barlow_twins_loss"),
    use_when="two views should agree in every dimension, and each dimension say something new",
    avoid_when="groups are small: correlations of few items are noise (vicreg, info-nce)",
    reference="Zbontar et al. 2021, arXiv:2103.03230",
)
def barlow_twins(
    anchor: ListEmbeddings,
    positive: ListEmbeddings,
    *,
    lambd: Annotated[float, NON_NEGATIVE, "weight of the correlations between dimensions"] = 0.0051,
    eps: Annotated[float, POSITIVE, "added to each variance"] = 1e-5,
) -> Array:
    r"""How far the correlations between the dimensions of two views are from the identity.

    anchor, positive: (N, L, D), L pairs in each of N groups -> (N,), without unit. The mean divides
    by the number of groups.

    .. math:: \ell = \sum_d (1 - C_{dd})^2 + \lambda \sum_{d \ne e} C_{de}^2, \qquad
              C_{de} = \frac1L \sum_i \hat x_{id}\,\hat y_{ie}

    with each dimension standardised over the group, as the authors' batch normalisation does: the
    variance is that of the population, plus ``eps``. MONAI divides by the sample's standard
    deviation, and has 0.005 for ``lambd``, as the paper.

    >>> x, y = [[[1.0, 0.0], [0.0, 1.0]]], [[[0.8, 0.6], [0.6, 0.8]]]
    >>> losses.barlow_twins(x, y).round(4).tolist()
    [0.0102]
    """
    views = []
    for x in (anchor, positive):
        centred = _centred(x)
        items = max(centred.shape[-1], 1)
        variance = np.add.reduce(centred * centred, axis=-1) / items
        views.append(centred / np.sqrt(variance + eps)[..., np.newaxis])
    correlation = _cosines(*views) / items
    itself = np.eye(correlation.shape[1], dtype=np.bool_)
    wrong = np.where(itself, (1.0 - correlation) ** 2, lambd * correlation * correlation)
    return _total(wrong)


@loss(
    aliases=("VICRegLoss", "variance_invariance_covariance"),
    use_when="two views should agree, while no dimension may collapse or repeat another",
    avoid_when="unlike items are known and should be pushed apart (nt-xent)",
    reference="Bardes et al. 2022, arXiv:2105.04906; pytorch_metric_learning.losses.VICRegLoss",
)
def vicreg(
    anchor: ListEmbeddings,
    positive: ListEmbeddings,
    *,
    invariance_lambda: Annotated[float, NON_NEGATIVE, "weight of the views' difference"] = 25.0,
    variance_mu: Annotated[float, NON_NEGATIVE, "weight of a dimension's missing spread"] = 25.0,
    covariance_v: Annotated[float, NON_NEGATIVE, "weight of what dimensions share"] = 1.0,
    eps: Annotated[float, POSITIVE, "added to each variance"] = 1e-4,
) -> Array:
    r"""Difference of two views, plus what each lacks in spread and repeats between dimensions.

    anchor, positive: (N, L, D), L pairs in each of N groups -> (N,), without unit. The mean divides
    by the number of groups.

    .. math:: \ell = \frac{\lambda}{L D} \sum_i |x_i - y_i|^2
              + \frac{\mu}{2 D} \sum_{z \in \{x, y\}} \sum_d
              \bigl[1 - \sqrt{\operatorname{var} z_d + \epsilon}\bigr]_+
              + \frac{\nu}{D} \sum_{z \in \{x, y\}} \sum_{d \ne e} \operatorname{cov}(z_d, z_e)^2

    with variances and covariances of the sample, over :math:`L - 1`. A group of one pair has none,
    and they count as 0, where PyTorch gives NaN.

    >>> x, y = [[[1.0, 0.0], [0.0, 1.0]]], [[[0.8, 0.6], [0.6, 0.8]]]
    >>> losses.vicreg(x, y).round(4).tolist()
    [19.6385]
    """
    dimensions = max(anchor.shape[-1], 1)
    gap = anchor - positive
    elements: Array = invariance_lambda * _total(gap * gap)
    elements /= max(anchor.shape[1] * dimensions, 1)
    for x in (anchor, positive):
        centred = _centred(x)
        covariance = _cosines(centred, centred) / max(centred.shape[-1] - 1, 1)
        itself = np.eye(covariance.shape[1], dtype=np.bool_)
        spread = np.sqrt(np.einsum("ndd->nd", covariance) + eps)
        elements += 0.5 * variance_mu / dimensions * _total(np.maximum(1.0 - spread, 0.0))
        shared = np.where(itself, 0.0, covariance)
        elements += covariance_v / dimensions * _total(shared * shared)
    return elements
