"""Segmentation: how well do predicted and true regions overlap?

All are losses of a set: of all images at once, or (reduction ``mean``) of each image by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.domain import (
    NON_NEGATIVE,
    POSITIVE,
    Array,
    BinaryMask,
    ClassIndex,
    ClassPrediction,
    ClassTarget,
    ClassWeights,
    Mask,
    MaskPrediction,
    Score,
)
from losscli.numerics import log_softmax_parts, one_hot, sigmoid_both
from losscli.spec import loss
from losscli.state import SortedWeights
from losscli.statistics import Pooled, Sum

FromLogits: TypeAlias = Annotated[bool, "the prediction is logits; else it is probabilities"]
Overlap: TypeAlias = Annotated[
    Literal["product", "minimum", "squares"],
    "what p and a soft target t share: p t, min(p, t), or p t with p^2 and t^2 below (V-Net)",
]
HardOverlap: TypeAlias = Annotated[
    Literal["product", "minimum"], "what p and a soft target t share: p t, or min(p, t)"
]
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
IgnoreIndex: TypeAlias = Annotated[int, "pixels whose target is this are left out"]

# As in segmentation-models-pytorch, a logarithm is of a score no less than this.
_LEAST_SCORE = 1e-7


# --- from pixels to regions ----------------------------------------------------------------------


def _probabilities(prediction: Array, from_logits: bool) -> tuple[Array, Array]:
    """The probability of a mask, and 1 minus it, both to the last digits."""
    return sigmoid_both(prediction) if from_logits else (prediction, 1.0 - prediction)


def _class_probabilities(prediction: Array, from_logits: bool) -> tuple[Array, Array]:
    """The probability of each class, and of all others, both to the last digits."""
    if not from_logits:
        return prediction, 1.0 - prediction
    shifted, log_total = log_softmax_parts(prediction)
    log_total = log_total[:, np.newaxis]
    chance = np.exp(shifted - log_total)
    # What the likeliest class leaves is -expm1 of its log-probability.
    return chance, np.where(shifted == 0.0, -np.expm1(-log_total), 1.0 - chance)


def _flat(x: Array) -> Array:
    """(N, C, ...) as (N, C, pixels)."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def _sum_pixels(parts: tuple[Array, ...], kept: NDArray[np.bool_]) -> Array:
    """Several arrays (N, C, ...), summed over the pixels kept: (N, parts, C)."""
    sums = [np.add.reduce(_flat(np.where(kept, part, 0.0)), axis=2) for part in parts]
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
    return _sum_pixels((*parts, target), kept)


def _kept(target: Array, ignore_index: int | None) -> NDArray[np.bool_]:
    """Which pixels count."""
    return np.array(True) if ignore_index is None else np.not_equal(target, ignore_index)


def _as_columns(prediction: Array, target: Array, average: str) -> tuple[Array, Array]:
    """Masks (N, ...) as (N, C, ...), C being 1 if all values are one mask."""
    if average == "micro" or target.ndim == 1:
        return prediction[:, np.newaxis], target[:, np.newaxis]
    return prediction, target


def _mask_regions(
    prediction: Array,
    target: Array,
    overlap: str,
    from_logits: bool,
    average: str,
    ignore_index: int | None,
) -> Array:
    prediction, target = _as_columns(prediction, target, average)
    kept = _kept(target, ignore_index)
    return _regions(*_probabilities(prediction, from_logits), target, kept, overlap)


def _class_regions(
    prediction: Array, target: Array, overlap: str, from_logits: bool, ignore_index: int
) -> Array:
    """The regions of each class; the target is class indices or probabilities."""
    kept = np.array(True)
    if target.ndim < prediction.ndim:
        kept = _kept(target[:, np.newaxis], ignore_index)
        target = one_hot(target, prediction.shape[1])
    return _regions(*_class_probabilities(prediction, from_logits), target, kept, overlap)


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


def _region_loss(
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


def _of_masks(share: float) -> Callable[..., float]:
    """The loss of masks in which both kinds of error weigh ``share``."""

    def finish(regions: Sum, *, smooth: float, eps: float, form: str, absent: str) -> float:
        return _region_loss(regions, share, share, smooth=smooth, eps=eps, form=form, absent=absent)

    return finish


def _of_classes(share: float) -> Callable[..., float]:
    """The same of classes, which have weights."""

    def finish(
        regions: Sum,
        *,
        smooth: float,
        eps: float,
        form: str,
        absent: str,
        average: str,
        weight: Array | None,
    ) -> float:
        return _region_loss(
            regions, share, share, smooth=smooth, eps=eps, form=form, absent=absent,
            average=average, weight=weight,
        )  # fmt: skip

    return finish


# --- Dice ----------------------------------------------------------------------------------------


@loss(
    finish=_of_masks(0.5),
    aliases=(
        "dice_loss",
        "binary_dice_loss",
        "soft_dice",
        "sorensen_dice",
        "f1_loss",
        "dice_score",
    ),
    use_when="small regions on a large background: only overlap counts, not the true background",
    avoid_when="pixels hold one of several classes (multiclass-dice), or probabilities must be "
    "calibrated (bce)",
    reference="Milletari et al. 2016, arXiv:1606.04797; segmentation_models_pytorch DiceLoss; "
    "keras.losses.Dice",
)
def dice(
    prediction: MaskPrediction,
    target: Mask,
    *,
    from_logits: FromLogits = False,
    overlap: Overlap = "product",
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    form: Form = "linear",
    average: MaskAverage = "micro",
    absent: Absent = "zero",
    ignore_index: IgnoreIndex | None = None,
) -> Array:
    r"""One minus the Dice score: how far predicted and true mask are from covering each other.

    prediction, target: (N, ...), probabilities and 0 or 1 (or probabilities) -> one number in
    [0, 1], of all images. With ``from_logits`` the prediction's sigmoid is taken first. Image by
    image is reduction ``mean``; with ``average="macro"`` each entry of axis 1 is a label by itself.

    .. math:: \ell = 1 - \frac{I + s}{I + \tfrac12 A + \tfrac12 B + s + \varepsilon}, \qquad
              I = \sum p\,t, \quad A = \sum p\,(1 - t), \quad B = \sum (1 - p)\,t

    Without :math:`s` and :math:`\varepsilon` that is :math:`1 - 2I / (\sum p + \sum t)`. Libraries
    differ. segmentation-models-pytorch: ``overlap="minimum"`` (the same for hard masks), and a mask
    that is empty costs 0 whatever is predicted; ``absent="count"`` counts it like any other, which
    costs 1 if anything is predicted. keras: ``absent="count", eps=5e-8``. optax: image by image
    with ``absent="count", smooth=1``. MONAI: image by image with ``absent="count", smooth=5e-6``;
    its ``squared_pred`` is ``overlap="squares"``. ``form="log"`` is segmentation-models-pytorch's
    ``log_loss``, of a score no less than 1e-7. Confident and right predictions keep their digits.

    >>> losses.dice([0.9, 0.8, 0.1, 0.4], [1, 1, 0, 1]).round(4).item()
    0.1923
    """
    return _mask_regions(prediction, target, overlap, from_logits, average, ignore_index)


@loss(
    finish=_of_classes(0.5),
    aliases=("multiclass_dice_loss", "softmax_dice"),
    use_when="each pixel holds one of several classes, some of them rare",
    avoid_when="a class is nowhere in most images, where its score jumps between 0 and 1",
    reference="segmentation_models_pytorch DiceLoss; kornia.losses.DiceLoss; optax dice_loss",
)
def multiclass_dice(
    prediction: ClassPrediction,
    target: ClassTarget,
    *,
    from_logits: FromLogits = False,
    overlap: Overlap = "product",
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    form: Form = "linear",
    average: ClassAverage = "macro",
    absent: Absent = "zero",
    weight: ClassWeight | None = None,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""One minus the Dice score of each class, averaged over the classes.

    prediction: (N, C, ...), class probabilities; target: class indices (N, ...) or class
    probabilities (N, C, ...) -> one number in [0, 1], of all images. With ``from_logits`` the
    prediction's softmax is taken first. Image by image is reduction ``mean``.

    .. math:: \ell = \frac{1}{\sum_c w_c} \sum_c w_c\,\ell_c

    with :math:`\ell_c` the loss ``dice`` of class :math:`c` against all others, where the
    parameters stand. A class that is nowhere in the target costs 0 and still counts in the mean, as
    in segmentation-models-pytorch; kornia leaves it out (``absent="skip"``) and works image by
    image; optax and MONAI (``absent="count"``) charge it like any other. ``average="micro"``,
    kornia's default, adds up the regions of all classes, times their weights, before it divides.
    MONAI divides the weighted sum by the number of classes. ``ignore_index`` is about
    class indices; pixels of class probabilities all count.

    >>> losses.multiclass_dice([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]], [0, 1, 1]).round(4).item()
    0.3771
    """
    return _class_regions(prediction, target, overlap, from_logits, ignore_index)


def _finish_generalized_dice(regions: Sum, *, weighting: str, smooth: float) -> float:
    shared, extra, missed, target = regions.total
    weight = target ** -{"square": 2.0, "simple": 1.0, "uniform": 0.0}[weighting]
    rare = np.isinf(weight)
    weight[rare] = np.max(weight[~rare], initial=0.0)
    wrong, right = np.sum(weight * (extra + missed)) / 2.0, np.sum(weight * shared)
    return float(wrong / (right + wrong + smooth))


@loss(
    finish=_finish_generalized_dice,
    aliases=("generalized_dice_loss", "GeneralizedDiceLoss", "multiclass_generalized_dice_loss"),
    use_when="classes of very different size, each to count the same whatever its size",
    avoid_when="a class covers few pixels by chance or by error: its weight then rules the rest",
    reference="Sudre et al. 2017, arXiv:1707.03237; monai.losses.GeneralizedDiceLoss",
)
def generalized_dice(
    prediction: ClassPrediction,
    target: ClassTarget,
    *,
    from_logits: FromLogits = False,
    weighting: Annotated[
        Literal["square", "simple", "uniform"], "a class weighs 1 / size^2, 1 / size, or 1"
    ] = "square",
    smooth: Smooth = 0.0,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""One minus the Dice score of all classes together, each weighed by the inverse of its size.

    prediction: (N, C, ...), class probabilities; target: class indices (N, ...) or class
    probabilities (N, C, ...) -> one number in [0, 1], of all images. With ``from_logits`` the
    prediction's softmax is taken first. Image by image, as MONAI has it, is reduction ``mean``.

    .. math:: \ell = 1 - \frac{\sum_c w_c I_c + s}{\sum_c w_c (I_c + \tfrac12 A_c + \tfrac12 B_c)
              + s}, \qquad w_c = \Big(\sum t_c\Big)^{-2}

    with the regions of ``dice``. A class that is nowhere in the target gets the greatest weight of
    the others, as in MONAI, whose smoothing of 1e-5 is ``smooth=5e-6``. optax's loss of this name
    weighs the Dice losses of the classes instead, which is multiclass-dice with a ``weight``. If
    all is left out it is NaN.

    >>> losses.generalized_dice([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]], [0, 1, 1]).round(4).item()
    0.4074
    """
    return _class_regions(prediction, target, "product", from_logits, ignore_index)


# --- Jaccard -------------------------------------------------------------------------------------


@loss(
    finish=_of_masks(1.0),
    aliases=("jaccard_loss", "soft_iou", "soft_iou_loss", "binary_jaccard", "tanimoto"),
    use_when="segmentations are judged by intersection over union",
    avoid_when="pixels hold one of several classes: multiclass-jaccard",
    reference="Rahman and Wang 2016, doi:10.1007/978-3-319-50835-1_22; "
    "segmentation_models_pytorch JaccardLoss",
)
def jaccard(
    prediction: MaskPrediction,
    target: Mask,
    *,
    from_logits: FromLogits = False,
    overlap: Overlap = "product",
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    form: Form = "linear",
    average: MaskAverage = "micro",
    absent: Absent = "zero",
    ignore_index: IgnoreIndex | None = None,
) -> Array:
    r"""One minus soft intersection over union of predicted and true mask.

    prediction, target: (N, ...), probabilities and 0 or 1 (or probabilities) -> one number in
    [0, 1], of all images. With ``from_logits`` the prediction's sigmoid is taken first. Image by
    image is reduction ``mean``.

    .. math:: \ell = 1 - \frac{I + s}{I + A + B + s + \varepsilon}

    with the regions and the parameters of ``dice``, which it orders as: Dice loss d is Jaccard loss
    2d / (1 + d). MONAI's ``DiceLoss(jaccard=True)`` is ``absent="count", smooth=5e-6``, image by
    image.

    >>> losses.jaccard([0.9, 0.8, 0.1, 0.4], [1, 1, 0, 1]).round(4).item()
    0.3226
    """
    return _mask_regions(prediction, target, overlap, from_logits, average, ignore_index)


@loss(
    finish=_of_classes(1.0),
    aliases=("multiclass_jaccard_loss", "softmax_iou"),
    use_when="each pixel holds one of several classes, and mean IoU is the measure",
    avoid_when="a class is nowhere in most images, where its score jumps between 0 and 1",
    reference="segmentation_models_pytorch JaccardLoss",
)
def multiclass_jaccard(
    prediction: ClassPrediction,
    target: ClassTarget,
    *,
    from_logits: FromLogits = False,
    overlap: Overlap = "product",
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    form: Form = "linear",
    average: ClassAverage = "macro",
    absent: Absent = "zero",
    weight: ClassWeight | None = None,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""One minus soft intersection over union of each class, averaged over the classes.

    prediction: (N, C, ...), class probabilities; target: class indices (N, ...) or class
    probabilities (N, C, ...) -> one number in [0, 1], of all images. With ``from_logits`` the
    prediction's softmax is taken first. Image by image is reduction ``mean``.

    .. math:: \ell = \frac{1}{\sum_c w_c} \sum_c w_c\,\ell_c

    with :math:`\ell_c` the loss ``jaccard`` of class :math:`c` against all others. Absent classes,
    weights and averages are those of multiclass-dice.

    >>> losses.multiclass_jaccard([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]], [0, 1, 1]).round(4).item()
    0.5447
    """
    return _class_regions(prediction, target, overlap, from_logits, ignore_index)


# --- Tversky -------------------------------------------------------------------------------------

Alpha: TypeAlias = Annotated[float, NON_NEGATIVE, "what a false positive counts"]
Beta: TypeAlias = Annotated[float, NON_NEGATIVE, "what a false negative counts"]
Gamma: TypeAlias = Annotated[float, POSITIVE, "power of the loss: focal Tversky, often 0.75"]


def _finish_tversky(
    regions: Sum,
    *,
    alpha: float,
    beta: float,
    gamma: float,
    smooth: float,
    eps: float,
    form: str,
    absent: str,
) -> float:
    mean = _region_loss(regions, alpha, beta, smooth=smooth, eps=eps, form=form, absent=absent)
    return float(mean**gamma)


@loss(
    finish=_finish_tversky,
    aliases=("tversky_loss", "binary_tversky", "focal_tversky", "FocalTverskyLoss"),
    use_when="to miss a region is worse than to overdraw it, or the reverse: beta against alpha",
    avoid_when="both errors count alike: dice",
    reference="Salehi et al. 2017, arXiv:1706.05721; gamma: Abraham and Khan 2018, "
    "arXiv:1810.07842; segmentation_models_pytorch TverskyLoss",
)
def tversky(
    prediction: MaskPrediction,
    target: Mask,
    *,
    from_logits: FromLogits = False,
    alpha: Alpha = 0.5,
    beta: Beta = 0.5,
    gamma: Gamma = 1.0,
    overlap: HardOverlap = "product",
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    form: Form = "linear",
    average: MaskAverage = "micro",
    absent: Absent = "zero",
    ignore_index: IgnoreIndex | None = None,
) -> Array:
    r"""Dice loss in which false positives and false negatives count as you say.

    prediction, target: (N, ...), probabilities and 0 or 1 (or probabilities) -> one number in
    [0, 1], of all images. With ``from_logits`` the prediction's sigmoid is taken first. Image by
    image is reduction ``mean``.

    .. math:: \ell = \left[ 1 - \frac{I + s}{I + \alpha A + \beta B + s + \varepsilon}
              \right]^\gamma

    with the regions of ``dice``: :math:`A` is predicted in vain and :math:`B` missed. It is dice if
    alpha and beta are 0.5 and jaccard if they are 1. Here, as in the paper,
    segmentation-models-pytorch, optax, kornia and MONAI, **alpha weighs false positives**. keras
    says so too but its code weighs false negatives by alpha: swap the two, and set
    ``absent="count", eps=1e-7``. Abraham and Khan write gamma as 1 / gamma. Over several masks the
    power is taken of their mean, as in segmentation-models-pytorch.

    >>> losses.tversky([0.9, 0.8, 0.1, 0.4], [1, 1, 0, 1], alpha=0.3, beta=0.7).round(4).item()
    0.2391
    """
    return _mask_regions(prediction, target, overlap, from_logits, average, ignore_index)


def _finish_multiclass_tversky(
    regions: Sum,
    *,
    alpha: float,
    beta: float,
    gamma: float,
    smooth: float,
    eps: float,
    form: str,
    absent: str,
    average: str,
    weight: Array | None,
) -> float:
    mean = _region_loss(
        regions, alpha, beta, smooth=smooth, eps=eps, form=form, absent=absent,
        average=average, weight=weight,
    )  # fmt: skip
    return float(mean**gamma)


@loss(
    finish=_finish_multiclass_tversky,
    aliases=("multiclass_tversky_loss",),
    use_when="each pixel holds one of several classes, and misses count unlike false alarms",
    avoid_when="both errors count alike: multiclass-dice",
    reference="segmentation_models_pytorch TverskyLoss; kornia.losses.TverskyLoss",
)
def multiclass_tversky(
    prediction: ClassPrediction,
    target: ClassTarget,
    *,
    from_logits: FromLogits = False,
    alpha: Alpha = 0.5,
    beta: Beta = 0.5,
    gamma: Gamma = 1.0,
    overlap: HardOverlap = "product",
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    form: Form = "linear",
    average: ClassAverage = "macro",
    absent: Absent = "zero",
    weight: ClassWeight | None = None,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""Tversky loss of each class, averaged over the classes.

    prediction: (N, C, ...), class probabilities; target: class indices (N, ...) or class
    probabilities (N, C, ...) -> one number in [0, 1], of all images. With ``from_logits`` the
    prediction's softmax is taken first. Image by image is reduction ``mean``.

    .. math:: \ell = \left[ \frac{1}{\sum_c w_c} \sum_c w_c\,\ell_c \right]^\gamma

    with :math:`\ell_c` the loss ``tversky`` of class :math:`c` against all others, without its
    power. Absent classes, weights and averages are those of multiclass-dice. The power is taken of
    the mean, as in segmentation-models-pytorch; Abraham and Khan take it class by class.

    >>> scores = [[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]]
    >>> losses.multiclass_tversky(scores, [0, 1, 1], alpha=0.3, beta=0.7).round(4).item()
    0.3713
    """
    return _class_regions(prediction, target, overlap, from_logits, ignore_index)


# --- Matthews ------------------------------------------------------------------------------------


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
    prediction, target = _as_columns(prediction, target, "micro")
    chance, missing = _probabilities(prediction, from_logits)
    away = 1.0 - target
    parts = (chance * target, missing * away, chance * away, missing * target)
    return _sum_pixels(parts, _kept(target, ignore_index))[:, :, 0]


# --- Lovász --------------------------------------------------------------------------------------


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
    logits, target = _as_columns(logits, target, "micro")
    kept = _kept(target, ignore_index)
    sign = np.where(target == 1.0, 1.0, -1.0)
    errors = np.where(kept, sign * np.maximum(1.0 - logits * sign, 0.0), 0.0)
    return _flat(errors), _sum_pixels((target,), kept)[:, 0]


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
    kept = _kept(target[:, np.newaxis], ignore_index)
    inside = one_hot(target, prediction.shape[1])
    chance, missing = _class_probabilities(prediction, from_logits)
    errors = np.where(kept, np.where(inside == 1.0, missing, -chance), 0.0)
    return _flat(errors), _sum_pixels((inside,), kept)[:, 0]
