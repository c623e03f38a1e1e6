"""Two views that should agree, without unlike items: each dimension says something new."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import NON_NEGATIVE, POSITIVE, Array, ListEmbeddings
from losscli.losses.contrastive.groups import cosines_of, total_of
from losscli.spec import loss


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
    correlation = cosines_of(*views) / items
    itself = np.eye(correlation.shape[1], dtype=np.bool_)
    wrong = np.where(itself, (1.0 - correlation) ** 2, lambd * correlation * correlation)
    return total_of(wrong)


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
    elements: Array = invariance_lambda * total_of(gap * gap)
    elements /= max(anchor.shape[1] * dimensions, 1)
    for x in (anchor, positive):
        centred = _centred(x)
        covariance = cosines_of(centred, centred) / max(centred.shape[-1] - 1, 1)
        itself = np.eye(covariance.shape[1], dtype=np.bool_)
        spread = np.sqrt(np.einsum("ndd->nd", covariance) + eps)
        elements += 0.5 * variance_mu / dimensions * total_of(np.maximum(1.0 - spread, 0.0))
        shared = np.where(itself, 0.0, covariance)
        elements += covariance_v / dimensions * total_of(shared * shared)
    return elements
