"""The correlation of two regions, which counts the background too."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from losscli.domain import NON_NEGATIVE, Array, Mask, MaskPrediction
from losscli.losses.segmentation.regions import (
    FromLogits,
    IgnoreIndex,
    as_columns,
    kept_pixels,
    probabilities_of,
    sum_pixels,
)
from losscli.spec import loss
from losscli.statistics import Sum


def _finish_mcc(confusion: Sum, *, eps: float) -> float:
    tp, tn, fp, fn = confusion.total + eps
    if fp == 0.0 and fn == 0.0:
        return 0.0 if confusion.rows else math.nan
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    lead, root = tp * tn - fp * fn, np.sqrt(product)
    if lead <= 0.0:
        return float(1.0 - lead / root)
    # product - lead^2 without the cancellation.
    missing = (tp + tn + fp + fn) * (tp * tn * (fp + fn) + fp * fn * (tp + tn))
    return float(missing / (root * (root + lead)))


@loss(
    finish=_finish_mcc,
    aliases=("mcc_loss", "matthews", "matthews_corrcoef", "phi_coefficient"),
    use_when="the background matters too: true negatives count, however rare the region is",
    avoid_when="the background is arbitrary, such as the margin of an image: dice ignores it",
    reference="Abhishek and Hamarneh 2021, doi:10.1109/ISBI48211.2021.9433782; "
    "segmentation_models_pytorch MCCLoss",
)
def mcc(
    prediction: MaskPrediction,
    target: Mask,
    *,
    from_logits: FromLogits = False,
    eps: Annotated[float, NON_NEGATIVE, "added to each of the four counts"] = 1e-5,
    ignore_index: IgnoreIndex | None = None,
) -> Array:
    r"""One minus Matthews' correlation of predicted and true mask.

    prediction, target: (N, ...), probabilities and 0 or 1 (or probabilities) -> one number in
    [0, 2], of all images: 0 is perfect, 1 is chance. With ``from_logits`` the prediction's sigmoid
    is taken first. Image by image is reduction ``mean``.

    .. math:: \ell = 1 - \frac{TP \cdot TN - FP \cdot FN}
              {\sqrt{(TP + FP)(TP + FN)(TN + FP)(TN + FN)}}

    with soft counts such as :math:`TP = \varepsilon + \sum p\,t`. MONAI adds 1e-5 below the root
    instead, which ``eps=0`` comes close to. With ``eps`` 0 a perfect prediction costs 0 even of a
    mask that is empty or full, and any other prediction of such a mask is NaN.

    >>> losses.mcc([0.9, 0.8, 0.1, 0.4], [1, 1, 0, 1]).round(4).item()
    0.4778
    """
    prediction, target = as_columns(prediction, target, "micro")
    chance, missing = probabilities_of(prediction, from_logits)
    away = 1.0 - target
    parts = (chance * target, missing * away, chance * away, missing * target)
    return sum_pixels(parts, kept_pixels(target, ignore_index))[:, :, 0]
