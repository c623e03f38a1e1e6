"""Ranking and margins: is a score on the right side, by enough?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import Array, Real, Sign
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
    avoid_when="there are grades rather than pairs, or only the top of a list matters",
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
    """
    lead = np.subtract(input1, input2)
    lead *= target
    np.subtract(margin, lead, out=lead)
    return np.maximum(lead, 0.0, out=lead)
