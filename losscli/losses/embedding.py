"""Embeddings: are the vectors of like things close, and of unlike things far apart?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import POSITIVE, Array, Embedding, RowSign
from losscli.numerics import dot, norm, shrink_huge
from losscli.spec import loss

# What PyTorch adds to each squared norm: 1e-12 as a float32, in float64 arithmetic too.
_COSINE_EPS = float(np.float32(1e-12))


def _distance(x1: Array, x2: Array, p: float, eps: float) -> Array:
    # C order, whatever that of the inputs: a row is then summed alike in a block and alone.
    difference = np.subtract(x1, x2, order="C")
    difference += eps
    return norm(difference, p)


@loss(
    torch="torch.nn.PairwiseDistance",
    use_when="the distance itself is wanted, say between an embedding and its reference",
    avoid_when="direction matters and length does not (cosine-embedding)",
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
    """
    return _distance(x1, x2, p, eps)


@loss(
    aliases=("triplet", "triplet_margin_loss"),
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
    leaves out ``eps`` and averages over the triplets that cost something.
    """
    elements = _distance(anchor, positive, p, eps)
    apart = _distance(anchor, negative, p, eps)
    if swap:
        np.minimum(apart, _distance(positive, negative, p, eps), out=apart)
    elements -= apart
    elements += margin
    return np.maximum(elements, 0.0, out=elements)


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
    keras's ``CosineSimilarity`` is -c.
    """
    first, norm1, eps1 = _normed(input1)
    second, norm2, eps2 = _normed(input2)
    cosine = dot(first, second) / (norm1 * norm2)
    similar = 1.0 - cosine
    near = np.flatnonzero((target == 1.0) & (cosine > 0.5))
    if near.size:
        # The squared distance of the unit vectors is 2 - 2c, but for the epsilons.
        apart = first[near] / norm1[near, np.newaxis] - second[near] / norm2[near, np.newaxis]
        rest = eps1[near] / norm1[near] ** 2 + eps2[near] / norm2[near] ** 2
        similar[near] = 0.5 * (dot(apart, apart) + rest)
    cosine -= margin
    dissimilar = np.where(target == -1.0, np.maximum(cosine, 0.0), 0.0)
    return np.where(target == 1.0, similar, dissimilar)


def _normed(x: Array) -> tuple[Array, Array, Array]:
    """The vectors, huge ones scaled down, their norms with PyTorch's epsilon, and that epsilon."""
    squared = dot(x, x)
    eps = np.full(squared.shape, _COSINE_EPS)
    if (squared == np.inf).any():
        x, scale = shrink_huge(x)
        squared = dot(x, x)
        eps /= scale * scale
    squared += eps
    return x, np.sqrt(squared, out=squared), eps
