"""From pixels to regions, which prediction and target share or not, and from regions to a loss."""

from __future__ import annotations

import math
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.domain import NON_NEGATIVE, Array, ClassWeights
from losscli.numerics import log_softmax_parts, one_hot, sigmoid_both
from losscli.statistics import Sum

FromLogits: TypeAlias = Annotated[bool, "the prediction is logits; else it is probabilities"]
IgnoreIndex: TypeAlias = Annotated[int, "pixels whose target is this are left out"]


# --- from pixels to regions ----------------------------------------------------------------------


def probabilities_of(prediction: Array, from_logits: bool) -> tuple[Array, Array]:
    """The probability of a mask, and 1 minus it, both to the last digits."""
    return sigmoid_both(prediction) if from_logits else (prediction, 1.0 - prediction)


def class_probabilities_of(prediction: Array, from_logits: bool) -> tuple[Array, Array]:
    """The probability of each class, and of all others, both to the last digits."""
    if not from_logits:
        return prediction, 1.0 - prediction
    shifted, log_total = log_softmax_parts(prediction)
    log_total = log_total[:, np.newaxis]
    chance = np.exp(shifted - log_total)
    # What the likeliest class leaves is -expm1 of its log-probability.
    return chance, np.where(shifted == 0.0, -np.expm1(-log_total), 1.0 - chance)


def flat_of(x: Array) -> Array:
    """(N, C, ...) as (N, C, pixels)."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def sum_pixels(parts: tuple[Array, ...], kept: NDArray[np.bool_]) -> Array:
    """Several arrays (N, C, ...), summed over the pixels kept: (N, parts, C)."""
    sums = [np.add.reduce(flat_of(np.where(kept, part, 0.0)), axis=2) for part in parts]
    return np.stack(sums, axis=1)


def _regions(
    chance: Array, missing: Array, target: Array, kept: NDArray[np.bool_], overlap: str
) -> Array:
    """Sizes of regions (N, 4, C): shared, predicted in vain, missed, and the target."""
    if overlap == "minimum":
        lead = chance - target
        parts = np.minimum(chance, target), np.maximum(lead, 0.0), np.maximum(-lead, 0.0)
    elif overlap == "squares":
        wrong = (chance - target) ** 2 / 2.0
        parts = chance * target, wrong, wrong
    else:
        parts = chance * target, chance * (1.0 - target), missing * target
    return sum_pixels((*parts, target), kept)


def kept_pixels(target: Array, ignore_index: int | None) -> NDArray[np.bool_]:
    """Which pixels count."""
    return np.array(True) if ignore_index is None else np.not_equal(target, ignore_index)


def as_columns(prediction: Array, target: Array, average: str) -> tuple[Array, Array]:
    """Masks (N, ...) as (N, C, ...), C being 1 if all values are one mask."""
    if average == "micro" or target.ndim == 1:
        return prediction[:, np.newaxis], target[:, np.newaxis]
    return prediction, target


def mask_regions(
    prediction: Array,
    target: Array,
    overlap: str,
    from_logits: bool,
    average: str,
    ignore_index: int | None,
) -> Array:
    prediction, target = as_columns(prediction, target, average)
    kept = kept_pixels(target, ignore_index)
    return _regions(*probabilities_of(prediction, from_logits), target, kept, overlap)


def class_regions(
    prediction: Array, target: Array, overlap: str, from_logits: bool, ignore_index: int
) -> Array:
    """The regions of each class; the target is class indices or probabilities."""
    kept = np.array(True)
    if target.ndim < prediction.ndim:
        kept = kept_pixels(target[:, np.newaxis], ignore_index)
        target = one_hot(target, prediction.shape[1])
    return _regions(*class_probabilities_of(prediction, from_logits), target, kept, overlap)


Smooth: TypeAlias = Annotated[float, NON_NEGATIVE, "added to the overlap, above and below"]
Eps: TypeAlias = Annotated[float, NON_NEGATIVE, "added below only"]
MaskAverage: TypeAlias = Annotated[
    Literal["micro", "macro"], "all values are one mask, or each entry of axis 1 has its own"
]
ClassAverage: TypeAlias = Annotated[
    Literal["macro", "micro"], "mean over the classes, or all classes as one region"
]
Absent: TypeAlias = Annotated[
    Literal["zero", "skip", "count"],
    "a class nowhere in the target costs 0, is left out, or counts like any other",
]
Form: TypeAlias = Annotated[
    Literal["linear", "log", "log_cosh"],
    "of a score s: 1 - s, -log s, or log cosh(1 - s)",
]
ClassWeight: TypeAlias = Annotated[ClassWeights, "a weight for each class"]

# As in segmentation-models-pytorch, a logarithm is of a score no less than this.
_LEAST_SCORE = 1e-7


# --- from regions to a loss ----------------------------------------------------------------------


def _tversky_losses(
    regions: Array, alpha: float, beta: float, smooth: float, eps: float, form: str
) -> Array:
    """The loss of each class. 1 minus the score, without the cancellation."""
    shared, extra, missed, _ = regions
    wrong = alpha * extra + beta * missed
    whole = shared + wrong + (smooth + eps)
    # Nothing to find, and nothing found.
    losses = np.where(whole == 0.0, 0.0, (wrong + eps) / whole)
    if form == "log":
        scores = np.maximum((shared + smooth) / whole, _LEAST_SCORE)
        return np.where(losses < 0.5, -np.log1p(-losses), -np.log(scores))
    return np.log1p(2.0 * np.sinh(losses / 2.0) ** 2) if form == "log_cosh" else losses


def _mean_of_classes(losses: Array, weight: Array, target: Array, absent: str) -> float:
    """The weighted mean, 0 if no class is left."""
    if absent != "count":
        losses = np.where(target > 0.0, losses, 0.0)
    if absent == "skip":
        weight = np.where(target > 0.0, weight, 0.0)
    total = np.sum(weight)
    return float(np.sum(weight * losses) / total) if total > 0.0 else 0.0


def region_loss(
    regions: Sum,
    alpha: float,
    beta: float,
    *,
    smooth: float,
    eps: float,
    form: str,
    absent: str,
    average: str = "macro",
    weight: Array | None = None,
) -> float:
    """The mean of the Tversky losses of the classes, or of all of them as one region."""
    if regions.rows == 0:
        return math.nan
    total = regions.total
    weight = np.ones(total.shape[1]) if weight is None else weight
    if average == "micro":
        total, weight = np.sum(total * weight, axis=1, keepdims=True), np.ones(1)
    losses = _tversky_losses(total, alpha, beta, smooth, eps, form)
    return _mean_of_classes(losses, weight, total[3], absent)
