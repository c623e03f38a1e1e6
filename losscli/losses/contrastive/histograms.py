"""Histograms of how alike the items of a group are."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import Array, Interval, ListEmbeddings, ListLabels
from losscli.losses.contrastive.groups import (
    cosines_of,
    directions_of,
    distances_of,
    has_a_like_pair,
    mean_of,
    pairs_of,
)
from losscli.spec import loss


def _pulse(x: Array, middle: float, width: float) -> Array:
    """How much of each value falls to the bin around ``middle``: 1 there, 0 a width away."""
    return np.maximum(1.0 - np.abs(x - middle) / width, 0.0)


@loss(
    aliases=("FastAPLoss", "fast_average_precision"),
    divisor=has_a_like_pair,
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
    distance = distances_of(embeddings, normalize=True) ** 2
    like, unlike = pairs_of(labels)
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
    return mean_of(np.maximum(missed, 0.0), number > 0)


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
    cosine = np.clip(cosines_of(u := directions_of(embeddings), u), -1.0, 1.0)
    like, unlike = pairs_of(labels)
    anchor = np.asarray(like.any(axis=-1) & unlike.any(axis=-1))[:, :, np.newaxis]
    counts = (anchor | anchor.transpose(0, 2, 1)) & np.tri(labels.shape[1], k=-1, dtype=np.bool_)
    like, unlike = like & counts, unlike & counts
    width = 2.0 / n_bins
    before, found = np.zeros(len(labels)), np.zeros(len(labels))
    for b in range(n_bins + 1):
        pulse = _pulse(cosine, b * width - 1.0, width)
        before += mean_of(pulse, like)
        found += mean_of(pulse, unlike) * before
    return found
