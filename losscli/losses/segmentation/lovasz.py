"""Lovász losses: Jaccard as a function of the errors of pixels, in order."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from losscli.domain import Array, BinaryMask, ClassIndex, ClassPrediction, Score
from losscli.losses.segmentation.regions import (
    FromLogits,
    IgnoreIndex,
    as_columns,
    class_probabilities_of,
    flat_of,
    kept_pixels,
    sum_pixels,
)
from losscli.numerics import one_hot
from losscli.spec import loss
from losscli.state import SortedWeights
from losscli.statistics import Pooled, Sum


def _lovasz(errors: SortedWeights, foreground: float) -> float:
    """The Lovász extension of the Jaccard loss at errors, above 0 in and below 0 off the target."""
    signed, weight = errors.ordered()
    order = np.argsort(-np.abs(signed), kind="stable")
    size, inside, weight = np.abs(signed)[order], signed[order] > 0.0, weight[order]
    missed = np.cumsum(np.where(inside, weight, 0.0))
    extra = np.cumsum(np.where(inside, 0.0, weight))
    smaller = np.append(size[1:], 0.0)
    step = np.where(size == smaller, 0.0, size - smaller)
    return float(np.add.reduce(step * ((missed + extra) / (foreground + extra))))


def _finish_lovasz_hinge(errors: Pooled, foreground: Sum) -> float:
    if foreground.rows == 0:
        return math.nan
    return _lovasz(errors.columns[0], float(foreground.total[0]))


@loss(
    finish=_finish_lovasz_hinge,
    aliases=("lovasz_hinge_loss", "LovaszHingeLoss", "binary_lovasz"),
    use_when="intersection over union of hard masks is the goal and the model gives logits",
    avoid_when="training begins from scratch: start with bce-with-logits and fine-tune with this",
    reference="Berman et al. 2018, arXiv:1705.08790; segmentation_models_pytorch LovaszLoss; "
    "kornia.losses.LovaszHingeLoss",
)
def lovasz_hinge(
    logits: Score, target: BinaryMask, *, ignore_index: IgnoreIndex | None = None
) -> tuple[Array, Array]:
    r"""The Lovász extension of the Jaccard loss, at the hinge errors of a mask.

    logits, target: (N, ...), target 0 or 1 -> one number in the unit of the logits, of all images.
    The paper's and kornia's image by image is reduction ``mean``;
    segmentation-models-pytorch takes all images unless told ``per_image``.

    .. math:: \ell = \sum_i e_{(i)}\,(J_i - J_{i-1}), \qquad e = \max(0,\ 1 - x\,(2y - 1))

    with errors in falling order and :math:`J_i` the Jaccard loss of a mask wrong in the first
    :math:`i` pixels. A mask without foreground costs its largest error. Beyond 2^20 pixels close
    errors are grouped, which leaves about 6 digits.

    >>> losses.lovasz_hinge([2.0, 0.5, -1.5, 0.3], [1, 1, 0, 0]).round(4).item()
    0.6
    """
    logits, target = as_columns(logits, target, "micro")
    kept = kept_pixels(target, ignore_index)
    sign = np.where(target == 1.0, 1.0, -1.0)
    errors = np.where(kept, sign * np.maximum(1.0 - logits * sign, 0.0), 0.0)
    return flat_of(errors), sum_pixels((target,), kept)[:, 0]


def _finish_lovasz_softmax(errors: Pooled, foreground: Sum, *, average: str) -> float:
    if foreground.rows == 0:
        return math.nan
    pairs = zip(errors.columns, foreground.total, strict=True)
    losses = [_lovasz(*pair) for pair in pairs if average == "all" or pair[1] > 0.0]
    return math.fsum(losses) / len(losses) if losses else 0.0


@loss(
    finish=_finish_lovasz_softmax,
    aliases=("lovasz_softmax_loss", "LovaszSoftmaxLoss", "lovasz", "lovasz_loss"),
    use_when="mean IoU over several classes is the goal, small regions included",
    avoid_when="probabilities must be calibrated, or training begins from scratch (cross-entropy)",
    reference="Berman et al. 2018, arXiv:1705.08790; segmentation_models_pytorch LovaszLoss; "
    "kornia.losses.LovaszSoftmaxLoss",
)
def lovasz_softmax(
    prediction: ClassPrediction,
    target: ClassIndex,
    *,
    from_logits: FromLogits = False,
    average: Annotated[
        Literal["present", "all"], "average over classes in the target, or over all"
    ] = "present",
    ignore_index: IgnoreIndex = -100,
) -> tuple[Array, Array]:
    r"""The Lovász extension of the Jaccard loss of each class, averaged over the classes.

    prediction: (N, C, ...), class probabilities; target: class indices (N, ...) -> one number in
    [0, 1], of all images, as in the paper and segmentation-models-pytorch. Image by image, as in
    kornia, is reduction ``mean``. With ``from_logits`` the prediction's softmax is taken first.

    .. math:: \ell = \frac{1}{C} \sum_c \sum_i e_{c,(i)}\,(J_{c,i} - J_{c,i-1}), \qquad
              e_c = |[y = c] - p_c|

    with errors in falling order and :math:`J_{c,i}` the Jaccard loss of class :math:`c` if its
    first :math:`i` pixels are wrong. kornia averages over all classes (``average="all"``). With
    nothing but ignored pixels it is 0. Beyond 2^20 pixels close errors are grouped, which leaves
    about 6 digits.

    >>> losses.lovasz_softmax([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]], [0, 1, 1]).round(4).item()
    0.4333
    """
    kept = kept_pixels(target[:, np.newaxis], ignore_index)
    inside = one_hot(target, prediction.shape[1])
    chance, missing = class_probabilities_of(prediction, from_logits)
    errors = np.where(kept, np.where(inside == 1.0, missing, -chance), 0.0)
    return flat_of(errors), sum_pixels((inside,), kept)[:, 0]
