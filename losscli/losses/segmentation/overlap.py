"""How much of two regions overlaps: Dice, Jaccard, and Tversky, which both are cases of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

import numpy as np

from losscli.convention import Convention
from losscli.domain import (
    NON_NEGATIVE,
    POSITIVE,
    Array,
    ClassPrediction,
    ClassTarget,
    Mask,
    MaskPrediction,
)
from losscli.losses.segmentation.regions import (
    Absent,
    ClassAverage,
    ClassWeight,
    Eps,
    Form,
    FromLogits,
    IgnoreIndex,
    MaskAverage,
    Smooth,
    class_regions,
    mask_regions,
    region_loss,
)
from losscli.spec import loss
from losscli.statistics import Sum

Overlap: TypeAlias = Annotated[
    Literal["product", "minimum", "squares"],
    "what p and a soft target t share: p t, min(p, t), or p t with p^2 and t^2 below (V-Net)",
]
HardOverlap: TypeAlias = Annotated[
    Literal["product", "minimum"], "what p and a soft target t share: p t, or min(p, t)"
]


def _of_masks(share: float) -> Callable[..., float]:
    """The loss of masks in which both kinds of error weigh ``share``."""

    def finish(regions: Sum, *, smooth: float, eps: float, form: str, absent: str) -> float:
        return region_loss(regions, share, share, smooth=smooth, eps=eps, form=form, absent=absent)

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
        return region_loss(
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
    conventions={"keras": Convention(absent="count", eps=5e-8)},
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
    return mask_regions(prediction, target, overlap, from_logits, average, ignore_index)


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
    return class_regions(prediction, target, overlap, from_logits, ignore_index)


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
    return class_regions(prediction, target, "product", from_logits, ignore_index)


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
    return mask_regions(prediction, target, overlap, from_logits, average, ignore_index)


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
    return class_regions(prediction, target, overlap, from_logits, ignore_index)


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
    mean = region_loss(regions, alpha, beta, smooth=smooth, eps=eps, form=form, absent=absent)
    return float(mean**gamma)


@loss(
    finish=_finish_tversky,
    aliases=("tversky_loss", "binary_tversky", "focal_tversky", "FocalTverskyLoss"),
    conventions={"keras": Convention(absent="count", eps=1e-7, swapped=("alpha", "beta"))},
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
    says so too but its code weighs false negatives by alpha: in its convention the two change
    places, with ``absent="count", eps=1e-7``. Abraham and Khan write gamma as 1 / gamma. Over
    several masks the power is taken of their mean, as in segmentation-models-pytorch.

    >>> losses.tversky([0.9, 0.8, 0.1, 0.4], [1, 1, 0, 1], alpha=0.3, beta=0.7).round(4).item()
    0.2391
    """
    return mask_regions(prediction, target, overlap, from_logits, average, ignore_index)


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
    mean = region_loss(
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
    return class_regions(prediction, target, overlap, from_logits, ignore_index)
