"""Embeddings: are the vectors of like things close, and of unlike things far apart?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Literal, NamedTuple

import numpy as np

from losscli.domain import NON_NEGATIVE, POSITIVE, Array, Embedding, RowSign
from losscli.numerics import dot, even_out, norm, shrink_huge
from losscli.spec import loss

# What PyTorch adds to each squared norm: 1e-12 as a float32, in float64 arithmetic too.
_COSINE_EPS = float(np.float32(1e-12))
# A squared norm above it has lost no component that matters to underflow.
_LEAST_SQUARE = 1e-280
# Above this cosine, 1 - cosine is taken from the difference of the directions.
_NEAR = 0.5


def _distance(x1: Array, x2: Array, p: float, eps: float) -> Array:
    """The p-norm of the difference, ``eps`` added to each component of it."""
    # C order, whatever that of the inputs: a row is then summed alike in a block and alone.
    difference = np.subtract(x1, x2, order="C")
    difference += eps
    return norm(difference, p)


def _squared_distance(x1: Array, x2: Array) -> Array:
    """The squared Euclidean distance."""
    difference = np.subtract(x1, x2, order="C")
    return dot(difference, difference)


class _Direction(NamedTuple):
    """Vectors, what divides each, and by how much the quotient's squared length is below 1."""

    x: Array
    divisor: Array
    short: Array


def _softened(x: Array, eps: float) -> _Direction:
    """Directions whose squared norms have ``eps`` added."""
    squared = dot(x, x)
    added = np.full(squared.shape, eps)
    if (squared == math.inf).any():
        x, scale = shrink_huge(x)
        squared = dot(x, x)
        added /= scale * scale
    squared += added
    return _Direction(x, np.sqrt(squared), added / squared)


def _floored(x: Array, least: float) -> _Direction:
    """Directions whose norms count as ``least`` where they are below; a zero vector stays zero."""
    squared = dot(x, x)
    floor = np.full(squared.shape, least)
    if not ((squared > _LEAST_SQUARE) & (squared < math.inf)).all():
        x, scale = even_out(x)
        squared = dot(x, x)
        floor /= scale
    length = np.sqrt(squared, out=squared)
    divisor = np.maximum(length, floor)
    divisor[divisor == 0.0] = 1.0
    length /= divisor
    return _Direction(x, divisor, (1.0 - length) * (1.0 + length))


def _cosine(first: _Direction, second: _Direction) -> Array:
    """The cosine of the angle between each pair."""
    cosine = dot(first.x, second.x)
    cosine /= first.divisor * second.divisor
    return cosine


def _one_minus(cosine: Array, first: _Direction, second: _Direction) -> Array:
    """One minus the cosine, which keeps its digits where vectors are nearly parallel."""
    distance = 1.0 - cosine
    near = np.flatnonzero(cosine > _NEAR)
    if near.size:
        # The squared distance of two unit vectors is 2 - 2 cos.
        apart = first.x[near] / first.divisor[near, np.newaxis]
        apart -= second.x[near] / second.divisor[near, np.newaxis]
        distance[near] = 0.5 * (dot(apart, apart) + first.short[near] + second.short[near])
    return distance


def _cosine_distance(x1: Array, x2: Array, least: float) -> Array:
    """One minus the cosine, norms counting as ``least`` at least."""
    first, second = _floored(x1, least), _floored(x2, least)
    return _one_minus(_cosine(first, second), first, second)


def _bounded_cosine(x1: Array, x2: Array, least: float) -> Array:
    """The cosine without the rounding that takes it beyond 1."""
    cosine = _cosine(_floored(x1, least), _floored(x2, least))
    return np.clip(cosine, -1.0, 1.0, out=cosine)


def _triplet(
    distance: Callable[[Array, Array], Array],
    anchor: Array,
    positive: Array,
    negative: Array,
    margin: float,
    swap: bool,
) -> Array:
    """How far the negative is from being ``margin`` farther than the positive."""
    elements = distance(anchor, positive)
    apart = distance(anchor, negative)
    if swap:
        np.minimum(apart, distance(positive, negative), out=apart)
    elements -= apart
    elements += margin
    return np.maximum(elements, 0.0, out=elements)


@loss(
    aliases=("lp_distance", "p_distance"),
    torch="torch.nn.PairwiseDistance",
    use_when="the distance itself is wanted, say between an embedding and its reference",
    avoid_when="direction matters and length does not (cosine-distance)",
    reference="torch.nn.PairwiseDistance",
)
def pairwise_distance(
    x1: Embedding,
    x2: Embedding,
    *,
    p: Annotated[float, "the norm: 2 Euclidean, 1 Manhattan, inf the largest difference"] = 2.0,
    eps: Annotated[float, "added to each difference, as PyTorch does"] = 1e-6,
) -> Array:
    r"""Distance between two vectors in the p-norm.

    x1, x2: (N, D) -> (N,), in the unit of the components. The mean divides by the number of rows.

    .. math:: \ell = \Bigl(\sum_d |x_{1d} - x_{2d} + \epsilon|^p\Bigr)^{1/p}

    ``eps`` is added to every signed difference, as in PyTorch, so that equal vectors are
    :math:`\epsilon D^{1/p}` apart and the order of the two matters a little; eps=0 is the distance
    of other libraries. ``p`` may be 0 (how many components differ), inf, -inf or negative.
    Components whose powers overflow or underflow are scaled first: 1e200 and 1e-200 are no trouble,
    where PyTorch gives inf and 0.

    >>> losses.pairwise_distance([[0.0, 0.0]], [[3.0, 4.0]], eps=0).tolist()
    [5.0]
    """
    return _distance(x1, x2, p, eps)


@loss(
    aliases=("triplet", "triplet_loss", "triplet_margin_loss"),
    torch="torch.nn.TripletMarginLoss",
    use_when="faces, images or sentences are to be matched: an anchor, one like it, one unlike it",
    avoid_when="the negatives are easy: nearly all triplets then cost nothing",
    reference="Balntas et al. 2016, doi:10.5244/C.30.119; torch.nn.TripletMarginLoss",
)
def triplet_margin(
    anchor: Embedding,
    positive: Embedding,
    negative: Embedding,
    *,
    margin: Annotated[float, POSITIVE, "by how much the negative should be farther"] = 1.0,
    p: Annotated[float, "the norm: 2 Euclidean, 1 Manhattan, inf the largest difference"] = 2.0,
    eps: Annotated[float, "added to each difference, as PyTorch does"] = 1e-6,
    swap: Annotated[bool, "measure to the negative from the positive where that is closer"] = False,
) -> Array:
    r"""How far the negative is from being ``margin`` farther from the anchor than the positive.

    anchor, positive, negative: (N, D) -> (N,), in the unit of the components. The mean divides by
    the number of rows.

    .. math:: \ell = \max(0,\, d(a, p) - d(a, n) + m), \qquad
              d(x, y) = \Bigl(\sum_d |x_d - y_d + \epsilon|^p\Bigr)^{1/p}

    With ``swap`` the second distance is :math:`\min(d(a, n), d(p, n))`. The distances are
    subtracted before the margin is added, which keeps its digits when they are large; PyTorch adds
    first. optax puts ``eps`` inside the root; pytorch-metric-learning normalises the vectors first,
    leaves out ``eps`` and averages over the triplets that cost something. Other distances are those
    of triplet-margin-with-distance.

    >>> losses.triplet_margin([[0.0, 0.0]], [[3.0, 4.0]], [[3.0, 4.5]]).round(4).tolist()
    [0.5917]
    """
    return _triplet(partial(_distance, p=p, eps=eps), anchor, positive, negative, margin, swap)


@loss(
    aliases=("cosine_embedding_loss",),
    torch="torch.nn.CosineEmbeddingLoss",
    use_when="pairs are known to be similar (1) or not (-1) and only the direction matters",
    avoid_when="the length of a vector carries meaning, or there are no labels for pairs",
    reference="torch.nn.CosineEmbeddingLoss",
)
def cosine_embedding(
    input1: Embedding,
    input2: Embedding,
    target: RowSign,
    *,
    margin: Annotated[float, "cosine below which a dissimilar pair costs nothing, -1 to 1"] = 0.0,
) -> Array:
    r"""One minus the cosine for similar pairs, the cosine beyond ``margin`` for dissimilar ones.

    input1, input2: (N, D); target: (N,), 1 for similar and -1 for dissimilar -> (N,), without unit,
    in [0, 2]. The mean divides by the number of rows.

    .. math:: \ell = \begin{cases} 1 - c & y = 1 \\ \max(0, c - m) & y = -1 \end{cases}, \qquad
              c = \frac{x_1 \cdot x_2}{\sqrt{(|x_1|^2 + \epsilon)(|x_2|^2 + \epsilon)}}

    with PyTorch's :math:`\epsilon`, 1e-12 in float32, so a vector of zeros has cosine 0. Similar
    pairs keep their digits: of vectors that are nearly parallel, 1 - c is taken from the difference
    of their directions. Components of 1e200 are scaled first, where PyTorch gives NaN. Any other
    target costs 0, as in PyTorch, where it is called with one directly; ``compute`` rejects it.
    keras's ``CosineSimilarity`` is -c (negative-cosine).

    >>> losses.cosine_embedding([[3.0, 4.0]] * 2, [[4.0, 3.0]] * 2, [1, -1]).round(4).tolist()
    [0.04, 0.96]
    """
    first, second = _softened(input1, _COSINE_EPS), _softened(input2, _COSINE_EPS)
    cosine = _cosine(first, second)
    similar = _one_minus(cosine, first, second)
    cosine -= margin
    dissimilar = np.where(target == -1.0, np.maximum(cosine, 0.0), 0.0)
    return np.where(target == 1.0, similar, dissimilar)


@loss(
    aliases=("cos_sim", "cosine"),
    torch="torch.nn.CosineSimilarity",
    # It is no loss: the more alike, the greater.
    non_negative=False,
    use_when="the similarity itself is wanted, say to check embeddings; greater is more alike",
    greater_is_better=True,
    avoid_when="a loss is wanted, where less is better (cosine-distance, negative-cosine)",
    reference="torch.nn.CosineSimilarity",
)
def cosine_similarity(
    x1: Embedding,
    x2: Embedding,
    *,
    eps: Annotated[float, NON_NEGATIVE, "a norm below it counts as it"] = 1e-8,
) -> Array:
    r"""Cosine of the angle between two vectors: 1 same direction, 0 at right angles, -1 opposite.

    x1, x2: (N, D) -> (N,), without unit, in [-1, 1]. It is a similarity, so greater is better, and
    the mean divides by the number of rows.

    .. math:: c = \frac{x_1 \cdot x_2}{\max(|x_1|, \epsilon)\,\max(|x_2|, \epsilon)}

    PyTorch's ``dim`` is always the components here. A vector of zeros has similarity 0, as in
    PyTorch; optax and torchmetrics give NaN. Components of 1e200 are scaled first, where PyTorch
    gives 0. torchmetrics computes in float32 and sums over rows by default; keras's loss of this
    name has the other sign (negative-cosine).

    >>> losses.cosine_similarity([[1.0, 0.0], [3.0, 4.0]], [[0.0, 1.0], [6.0, 8.0]]).tolist()
    [0.0, 1.0]
    """
    return _bounded_cosine(x1, x2, eps)


@loss(
    aliases=("negative_cosine_similarity", "cosine_similarity_loss", "cosine_proximity"),
    # The best is -1.
    non_negative=False,
    use_when="two views of one thing should point the same way and the loss must equal keras's or "
    "SimSiam's",
    avoid_when="a loss of 0 should mean agreement (cosine-distance)",
    reference="keras.losses.CosineSimilarity; Chen and He 2021, arXiv:2011.10566",
)
def negative_cosine(
    x1: Embedding,
    x2: Embedding,
    *,
    eps: Annotated[float, NON_NEGATIVE, "a norm below it counts as it"] = 1e-7,
) -> Array:
    r"""Minus the cosine of the angle between two vectors: -1 same direction, 1 opposite.

    x1, x2: (N, D) -> (N,), without unit, in [-1, 1]. The mean divides by the number of rows.

    .. math:: \ell = -\frac{x_1 \cdot x_2}{\max(|x_1|, \epsilon)\,\max(|x_2|, \epsilon)}

    It is keras's loss ``CosineSimilarity``, whose name PyTorch uses for the cosine itself
    (cosine-similarity), and cosine-distance less 1. A vector of zeros costs 0.

    >>> losses.negative_cosine([[1.0, 0.0], [3.0, 4.0]], [[0.0, 1.0], [6.0, 8.0]]).tolist()
    [0.0, -1.0]
    """
    return np.subtract(0.0, _bounded_cosine(x1, x2, eps))


@loss(
    aliases=("paired_cosine_distances", "cosine_distances"),
    use_when="embeddings should point the same way, and their lengths mean nothing",
    avoid_when="some pairs should be apart (cosine-embedding), or length matters "
    "(pairwise-distance)",
    reference="optax.cosine_distance; scipy.spatial.distance.cosine",
)
def cosine_distance(
    x1: Embedding,
    x2: Embedding,
    *,
    epsilon: Annotated[float, NON_NEGATIVE, "a squared norm below it counts as it"] = 0.0,
) -> Array:
    r"""One minus the cosine of the angle between two vectors.

    x1, x2: (N, D) -> (N,), without unit, in [0, 2]. The mean divides by the number of rows.

    .. math:: \ell = 1 - \frac{x_1 \cdot x_2}{\sqrt{\max(|x_1|^2, \epsilon)\,
              \max(|x_2|^2, \epsilon)}}

    ``epsilon`` bounds squared norms, as in optax; PyTorch's ``eps`` of cosine-similarity bounds the
    norms. A vector of zeros is at distance 1 from all, as in scikit-learn's ``cosine_distances``;
    optax and scipy give NaN. Of nearly parallel vectors the distance is taken from the difference
    of their directions: an angle of 1e-9 costs 5e-19, where other libraries give 0 or 1e-16.
    Components of 1e200 and 1e-200 are scaled first.

    >>> losses.cosine_distance([[1.0, 0.0], [3.0, 4.0]], [[0.0, 1.0], [4.0, 3.0]]).round(4).tolist()
    [1.0, 0.04]
    """
    return _cosine_distance(x1, x2, math.sqrt(epsilon))


# PyTorch's default, and the distances that users pass to it most.
_DISTANCES: Mapping[str | None, Callable[[Array, Array], Array]] = {
    None: partial(_distance, p=2.0, eps=1e-6),
    "euclidean": partial(_distance, p=2.0, eps=0.0),
    "squared_euclidean": _squared_distance,
    "manhattan": partial(_distance, p=1.0, eps=0.0),
    "chebyshev": partial(_distance, p=math.inf, eps=0.0),
    "cosine": partial(_cosine_distance, least=0.0),
}


@loss(
    aliases=("triplet_margin_with_distance_loss", "triplet_with_distance"),
    torch="torch.nn.TripletMarginWithDistanceLoss",
    use_when="triplets are given and the distance that will rank them is not Euclidean, say cosine",
    avoid_when="a p-norm will do (triplet-margin), or there are labels rather than triplets",
    reference="Balntas et al. 2016, doi:10.5244/C.30.119; torch.nn.TripletMarginWithDistanceLoss",
)
def triplet_margin_with_distance(
    anchor: Embedding,
    positive: Embedding,
    negative: Embedding,
    *,
    distance_function: Annotated[
        Literal["euclidean", "squared_euclidean", "manhattan", "chebyshev", "cosine"],
        "how to measure; None is PyTorch's pairwise_distance",
    ]
    | None = None,
    margin: Annotated[float, POSITIVE, "by how much the negative should be farther"] = 1.0,
    swap: Annotated[bool, "measure to the negative from the positive where that is closer"] = False,
) -> Array:
    r"""How far the negative is from being ``margin`` farther than the positive, in any distance.

    anchor, positive, negative: (N, D) -> (N,), in the unit of the distance. The mean divides by the
    number of rows.

    .. math:: \ell = \max(0,\, d(a, p) - d(a, n) + m)

    PyTorch takes any function for :math:`d`; here it is one of these names. None is
    pairwise-distance with its ``eps`` of 1e-6, which makes it triplet-margin. FaceNet's loss is
    squared_euclidean on vectors of length 1, and then twice cosine. With ``swap`` the second
    distance is :math:`\min(d(a, n), d(p, n))`.

    >>> losses.triplet_margin_with_distance(
    ...     [[1.0, 0.0]], [[0.0, 2.0]], [[3.0, 4.0]], distance_function="cosine", margin=0.2
    ... ).round(4).tolist()
    [0.8]
    """
    return _triplet(_DISTANCES[distance_function], anchor, positive, negative, margin, swap)
