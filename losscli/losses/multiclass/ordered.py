"""Classes in an order: how far from the right one?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import (
    Array,
    BinPosition,
    ClassTarget,
    ClassWeights,
    Logits,
    OrderedClass,
    PredictedProbabilities,
    ThresholdLogits,
)
from losscli.losses.multiclass.targets import along_classes, class_numbers, errors_of
from losscli.numerics import log_softmax_parts, pick, softplus_both, sum_classes
from losscli.spec import loss


@loss(
    aliases=("emd_squared", "emd2", "rps", "rps_score", "ranked_probability_score"),
    use_when="classes are ordered, such as grades or ages, and a near miss should cost less",
    avoid_when="classes have no order (log-loss), or thresholds are learned (coral)",
    reference="Hou et al. 2016, arXiv:1611.05916",
)
def squared_emd(prediction: PredictedProbabilities, target: ClassTarget) -> Array:
    r"""Squared earth mover's distance between distributions over ordered classes.

    prediction: probabilities (N, C, ...); target: class indices (N, ...) or class probabilities
    (N, C, ...) -> (N, ...), in steps between classes. The mean divides by the number of targets.

    .. math:: \ell = \sum_{k=1}^{C} \Bigl(\sum_{c \le k} (p_c - y_c)\Bigr)^2

    It compares the cumulative distributions and so is the ranked probability score, which some
    divide by :math:`C - 1`. NIMA takes the root of its mean over the classes. A certain answer
    costs the number of steps by which it is wrong.

    >>> losses.squared_emd([[0.0, 0.0, 1.0], [0.5, 0.25, 0.25]], [0, 1]).tolist()
    [2.0, 0.3125]
    """
    ahead = np.cumsum(errors_of(prediction, target), axis=1)
    return sum_classes(np.multiply(ahead, ahead, out=ahead))


def _threshold_costs(logits: Array, target: Array) -> tuple[Array, Array]:
    """Cross-entropy of each threshold, passed or not, and how far the target is above it."""
    above = target[:, np.newaxis] - class_numbers(logits)
    yes, no = softplus_both(logits)
    return np.where(above > 0.0, yes, no), above


@loss(
    aliases=("coral_loss",),
    use_when="classes are ordered and the model gives one logit a threshold: is it above?",
    avoid_when="it gives probabilities of classes (squared-emd), or conditional logits (corn)",
    reference="Cao et al. 2020, arXiv:1901.07884; coral_pytorch.losses.CoralLoss",
)
def coral(
    logits: ThresholdLogits,
    target: OrderedClass,
    *,
    weight: Annotated[ClassWeights, "how much each threshold counts"] | None = None,
) -> Array:
    r"""Binary cross-entropy at every threshold between ordered classes.

    logits: (N, K, ...), one for each of the K thresholds between K + 1 classes; target: classes
    0 .. K (N, ...) -> (N, ...), in nats. The mean divides by the number of targets.

    .. math:: \ell = \sum_{k=0}^{K-1} w_k \begin{cases} \operatorname{sp}(-x_k) & y > k \\
              \operatorname{sp}(x_k) & y \le k \end{cases}, \qquad
              \operatorname{sp}(z) = \log(1 + e^z)

    Logit k asks whether the class is above k. CORAL's logits share one weight vector and differ by
    a bias, so that they fall from one threshold to the next; the loss takes any. coral-pytorch
    calls ``weight`` ``importance_weights`` and takes the target as K columns of 0 and 1.

    >>> losses.coral([[2.0, -1.0], [0.5, 0.0]], [1, 2]).round(4).tolist()
    [0.4402, 1.1672]
    """
    costs, _ = _threshold_costs(logits, target)
    if weight is not None:
        costs *= along_classes(weight, costs.ndim)
    return sum_classes(costs)


def _thresholds_asked(logits: Array, target: Array) -> Array:
    return np.minimum(target + 1.0, logits.shape[1])


@loss(
    aliases=("corn_loss",),
    divisor=_thresholds_asked,
    divides_by="thresholds",
    use_when="classes are ordered and each logit assumes that the threshold before was passed",
    avoid_when="every logit stands for itself (coral)",
    reference="Shi et al. 2021, arXiv:2111.08851; coral_pytorch.losses.CornLoss",
)
def corn(logits: ThresholdLogits, target: OrderedClass) -> Array:
    r"""Binary cross-entropy at the thresholds up to the first that the target does not pass.

    logits: (N, K, ...), one for each of the K thresholds between K + 1 classes; target: classes
    0 .. K (N, ...) -> (N, ...), in nats. The mean divides by the number of thresholds asked, all
    rows together: :math:`\min(y + 1, K)` of a row.

    .. math:: \ell = \sum_{k=0}^{\min(y, K-1)} \begin{cases} \operatorname{sp}(-x_k) & y > k \\
              \operatorname{sp}(x_k) & y \le k \end{cases}, \qquad
              \operatorname{sp}(z) = \log(1 + e^z)

    Logit k asks whether the class is above k, given that it is above k - 1, so a class below is no
    evidence. The probability of being above k is the product of the sigmoids so far.

    >>> losses.corn([[2.0, -1.0], [0.5, 0.0]], [0, 2]).round(4).tolist()
    [2.1269, 1.1672]
    """
    costs, above = _threshold_costs(logits, target)
    costs[above < 0.0] = 0.0
    return sum_classes(costs)


@loss(
    aliases=("distribution_focal_loss", "DistributionFocalLoss", "dfl"),
    use_when="a number is predicted as a distribution over bins, such as the side of a box",
    avoid_when="a number is predicted itself (mae, huber), or all bins should count (squared-emd)",
    reference="Li et al. 2020, arXiv:2006.04388; mmdet.models.losses.DistributionFocalLoss",
)
def distribution_focal(logits: Logits, target: BinPosition) -> Array:
    r"""Cross-entropy against the two bins between which the target lies.

    logits: (N, C, ...), one for each of the bins 0 .. C-1; target: (N, ...), a position between 0
    and C-1 -> (N, ...), in nats. The mean divides by the number of targets.

    .. math:: \ell = -(i + 1 - y) \log \operatorname{softmax}(x)_i
              - (y - i) \log \operatorname{softmax}(x)_{i+1}, \qquad i = \lfloor y \rfloor

    It is least when the two bins share the probability in the ratio of their nearness, and is then
    the entropy of that, not 0. A target of C-1 is all of the last bin, where mmdetection fails.

    >>> losses.distribution_focal([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0.25, 2.0]).round(4).tolist()
    [0.667, 2.6967]
    """
    shifted, total = log_softmax_parts(logits)
    last = logits.shape[1] - 1
    low = np.clip(np.floor(target), 0, max(last - 1, 0)).astype(np.intp)
    share = target - low
    elements = np.where(share < 1.0, (1.0 - share) * (total - pick(shifted, low)), 0.0)
    higher = share * (total - pick(shifted, np.minimum(low + 1, last)))
    elements += np.where(share > 0.0, higher, 0.0)
    return elements
