"""Focal losses: cross-entropy that looks less at what is easy."""

from __future__ import annotations

from math import inf, log, log1p
from typing import Annotated

import numpy as np

from losscli.convention import Convention
from losscli.domain import NON_NEGATIVE, UNIT, Array, Binary, Interval, Logit, Probability
from losscli.losses.binary.cross_entropy import Clip, bce_of_logits, bce_of_probabilities
from losscli.numerics import sigmoid_both, softplus_both
from losscli.spec import loss


def _missing(chance: Array, remainder: Array, target: Array) -> Array:
    """1 - p_t from positive terms only; overwrites ``chance`` and ``remainder``."""
    remainder *= target
    chance *= 1.0 - target
    remainder += chance
    return remainder


def _focal_share(
    logits: Array,
    target: Array,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    normalized: bool = False,
    eps: float = 0.0,
) -> Array | None:
    """What a normalized mean divides by: how much cross-entropy the focus leaves."""
    return _missing(*sigmoid_both(logits), target) ** gamma if normalized else None


def _balance(elements: Array, target: Array, alpha: float | None) -> Array:
    """Elements times alpha for a yes, 1 - alpha for a no; overwrites them."""
    if alpha is not None:
        elements *= alpha * target + (1.0 - alpha) * (1.0 - target)
    return elements


@loss(
    aliases=(
        "focal_loss", "sigmoid_focal_loss", "torchvision.ops.sigmoid_focal_loss",
        "binary_focal_loss_with_logits",
    ),
    divisor=_focal_share,
    conventions={"torch": Convention(), "keras": Convention(alpha=None, eps=1e-7)},
    use_when="yes is so rare that a mass of easy noes would drown it, as in object detection",
    avoid_when="labels are noisy, since it dwells on them, or its value must be a likelihood",
    reference="Lin et al. 2017, arXiv:1708.02002; torchvision.ops.sigmoid_focal_loss; "
    "normalized: Sofiiuk et al. 2019, arXiv:1909.07829",
)  # fmt: skip
def focal(
    logits: Logit,
    target: Probability,
    *,
    alpha: Annotated[float, UNIT, "weight of a yes, 1 - alpha that of a no; None for none"]
    | None = 0.25,
    gamma: Annotated[float, NON_NEGATIVE, "how quickly the weight of an easy answer falls"] = 2.0,
    normalized: Annotated[bool, "the mean divides by the sum of (1 - p_t)^gamma"] = False,
    eps: Annotated[
        float, Interval(0.0, 0.5, high_open=True), "the bce is of a probability in [eps, 1 - eps]"
    ] = 0.0,
) -> Array:
    r"""Binary cross-entropy that all but ignores what is already answered well.

    logits, target: (N, ...), target in [0, 1] -> (N, ...), in nats. The mean divides by the number
    of elements, or by the sum of :math:`(1 - p_t)^\gamma` if ``normalized``.

    .. math:: \ell = \alpha_t\,(1 - p_t)^\gamma\,\operatorname{bce}, \qquad
              p_t = p\,y + (1 - p)(1 - y), \quad \alpha_t = \alpha y + (1 - \alpha)(1 - y)

    with :math:`p` the sigmoid of the logit and bce that of bce-with-logits, which it is when
    ``gamma`` is 0 and ``alpha`` is None. torchvision writes -1 for no ``alpha``, and does not
    reduce by default, and neither does kornia. optax and segmentation-models-pytorch have no
    ``alpha`` by default, keras applies its own only with ``apply_class_balancing``, and clips the
    probability with an ``eps`` of 1e-7 for bce; CatBoost calls the first two ``focal_alpha`` and
    ``focal_gamma``. For probabilities see binary-focal.

    What segmentation-models-pytorch calls ``normalized`` is our mean when its reduction is
    ``sum``; its mean divides by the number of elements as well. Targets between 0 and 1 differ:
    kornia focuses the yes and the no term each by itself, segmentation-models-pytorch takes
    exp(-bce) for :math:`p_t`. Sure and right answers keep their digits, where torchvision gives 0
    beyond a logit of 37.

    >>> losses.focal([2.0, -1.0, 0.0], [1, 0, 1]).round(4).tolist()
    [0.0005, 0.017, 0.0433]
    """
    # The largest logit whose sigmoid eps allows.
    most = log1p(-eps) - log(eps) if eps > 0.0 else inf
    elements = bce_of_logits(np.clip(logits, -most, most) if eps > 0.0 else logits, target)
    elements *= _missing(*sigmoid_both(logits), target) ** gamma
    return _balance(elements, target, alpha)


@loss(
    aliases=("quality_focal_loss", "QualityFocalLoss", "qfl"),
    use_when="a detector's class score should say how well its box fits, and that is the target",
    avoid_when="targets are only 0 and 1 (focal)",
    reference="Li et al. 2020, arXiv:2006.04388; mmdet.models.losses.QualityFocalLoss",
)
def quality_focal(
    logits: Logit,
    target: Probability,
    *,
    beta: Annotated[float, NON_NEGATIVE, "how quickly the weight of a good answer falls"] = 2.0,
) -> Array:
    r"""Binary cross-entropy of a quality in [0, 1] that all but ignores what comes close to it.

    logits, target: (N, ...), target in [0, 1] -> (N, ...), in nats. The mean divides by the number
    of elements; mmdetection divides by the number of positive boxes.

    .. math:: \ell = |y - p|^\beta \operatorname{bce}

    with :math:`p` the sigmoid of the logit and bce that of bce-with-logits. For targets 0 and 1 it
    is focal without ``alpha``. It is 0 where :math:`p = y`, though bce is not.

    >>> losses.quality_focal([2.0, -1.0, 0.0], [0.9, 0.0, 1.0]).round(4).tolist()
    [0.0001, 0.0227, 0.1733]
    """
    chance, remainder = sigmoid_both(logits)
    # y - p from terms that keep the digits of a sure answer.
    remainder *= target
    remainder -= (1.0 - target) * chance
    elements = bce_of_logits(logits, target)
    elements *= np.abs(remainder) ** beta
    return elements


@loss(
    aliases=("varifocal_loss", "VarifocalLoss", "vfl"),
    use_when="a detector's class score should say how well its box fits, and positives are few",
    avoid_when="positives and negatives should be treated alike (quality-focal)",
    reference="Zhang et al. 2021, arXiv:2008.13367; mmdet.models.losses.VarifocalLoss",
)
def varifocal(
    logits: Logit,
    target: Probability,
    *,
    alpha: Annotated[float, NON_NEGATIVE, "weight of the negatives"] = 0.75,
    gamma: Annotated[float, NON_NEGATIVE, "how quickly the weight of an easy negative falls"] = 2.0,
) -> Array:
    r"""Binary cross-entropy in which a positive weighs its quality, and a negative its mistake.

    logits, target: (N, ...), target in [0, 1] -> (N, ...), in nats. The mean divides by the number
    of elements; mmdetection divides by the number of positive boxes.

    .. math:: \ell = \begin{cases} y \operatorname{bce} & y > 0 \\
              \alpha\,p^\gamma \operatorname{bce} & y = 0 \end{cases}

    with :math:`p` the sigmoid of the logit and bce that of bce-with-logits. Of the options
    in mmdetection it has the default, ``iou_weighted``.

    >>> losses.varifocal([2.0, -1.0, 0.0], [0.9, 0.0, 1.0]).round(4).tolist()
    [0.2942, 0.017, 0.6931]
    """
    chance, _ = sigmoid_both(logits)
    elements = bce_of_logits(logits, target)
    elements *= np.where(target > 0.0, target, alpha * chance**gamma)
    return elements


@loss(
    aliases=("binary_focal_crossentropy", "binary_focal_loss"),
    # With an eps of 0 nothing bounds a sure mistake.
    finite=False,
    conventions={"keras": Convention(eps=1e-7), "exact": Convention(eps=0.0)},
    use_when="as focal, and the model gives probabilities rather than logits",
    avoid_when="the model's logits are at hand: focal keeps the digits of sure answers",
    reference="Lin et al. 2017, arXiv:1708.02002; keras.losses.BinaryFocalCrossentropy",
)
def binary_focal(
    prediction: Probability,
    target: Probability,
    *,
    alpha: Annotated[float, UNIT, "weight of a yes, 1 - alpha that of a no; None for none"]
    | None = None,
    gamma: Annotated[float, NON_NEGATIVE, "how quickly the weight of an easy answer falls"] = 2.0,
    label_smoothing: Annotated[float, UNIT, "share of the target moved half-way to 1/2"] = 0.0,
    eps: Clip | None = None,
) -> Array:
    r"""Binary cross-entropy of a probability that all but ignores what is answered well.

    prediction, target: (N, ...), probabilities in [0, 1] -> (N, ...), in nats. The mean divides by
    the number of elements.

    .. math:: \ell = \alpha_t\,(1 - p_t)^\gamma\,\operatorname{bce}(p, y'), \qquad
              y' = (1 - s)\,y + s / 2

    with :math:`p_t` and :math:`\alpha_t` those of focal for the target :math:`y'`, bce that of bce,
    and :math:`s` the ``label_smoothing``. As in bce a logarithm is at least -100; ``eps`` clips the
    probability of bce instead, as keras does, and 0 bounds nothing. keras's ``alpha`` of 0.25
    counts only with ``apply_class_balancing``, so there is none by default, unlike in focal.

    >>> losses.binary_focal([0.9, 0.2, 0.5], [1, 0, 1]).round(4).tolist()
    [0.0011, 0.0089, 0.1733]
    """
    target = (1.0 - label_smoothing) * target + 0.5 * label_smoothing
    elements = bce_of_probabilities(prediction, target, eps)
    elements *= _missing(prediction.copy(), 1.0 - prediction, target) ** gamma
    return _balance(elements, target, alpha)


@loss(
    aliases=("asymmetric_loss", "asymmetric_loss_multi_label", "asl"),
    use_when="many labels a sample, nearly all of them no, some of the noes wrong",
    avoid_when="yes and no are about as frequent: bce-with-logits needs no tuning",
    reference="Ben-Baruch et al. 2021, arXiv:2009.14119; timm.loss.AsymmetricLossMultiLabel",
)
def asymmetric(
    logits: Logit,
    target: Binary,
    *,
    gamma_neg: Annotated[float, NON_NEGATIVE, "how quickly the weight of an easy no falls"] = 4.0,
    gamma_pos: Annotated[float, NON_NEGATIVE, "how quickly the weight of an easy yes falls"] = 1.0,
    clip: Annotated[float, UNIT, "a no whose probability of yes is below costs nothing"] = 0.05,
    eps: Annotated[float, UNIT, "least probability whose logarithm is taken"] = 1e-8,
) -> Array:
    r"""Focal loss that ignores easy noes sooner than easy yeses.

    logits, target: (N, ...), target 0 or 1 -> (N, ...), in nats. The mean divides by the number of
    elements.

    .. math:: \ell = \begin{cases} -(1 - p)^{\gamma_+} \log \max(p, \epsilon) & y = 1 \\
              -p_m^{\gamma_-} \log \max(1 - p_m, \epsilon) & y = 0 \end{cases}, \qquad
              p_m = \max(p - c, 0)

    with :math:`p` the sigmoid of the logit and :math:`c` the ``clip``. With both gammas equal and
    ``clip`` and ``eps`` 0 it is focal without ``alpha``. timm's default reduction sums over the
    labels of a sample; the paper's code over everything, without dividing.

    >>> losses.asymmetric([2.0, -1.0, -4.0], [1, 0, 0]).round(4).tolist()
    [0.0151, 0.0006, 0.0]
    """
    chance, remainder = sigmoid_both(logits)
    yes, no = softplus_both(logits)
    most = -log(eps) if eps > 0.0 else inf
    np.minimum(yes, most, out=yes)
    yes *= remainder**gamma_pos
    if clip > 0.0:
        chance = np.maximum(chance - clip, 0.0)
        # Of 1 - p_m, the form that does not cancel.
        no = -np.where(chance < 0.5, np.log1p(-chance), np.log(remainder + clip))
    np.minimum(no, most, out=no)
    no *= chance**gamma_neg
    return np.where(target == 1.0, yes, no)
