"""Binary classification: how little probability, or margin, did the right answer get, yes or no?"""

from __future__ import annotations

from math import inf, log, log1p
from typing import Annotated

import numpy as np

from losscli.convention import FLOAT_EPSILON, Convention
from losscli.domain import (
    NON_NEGATIVE,
    UNIT,
    Array,
    Binary,
    ColumnWeights,
    Interval,
    Label,
    Logit,
    PositiveReal,
    Probability,
    Real,
    Sign,
    Weight,
)
from losscli.numerics import log1m_exp, mislabelled, sigmoid_both, softplus, softplus_both
from losscli.spec import loss

# PyTorch's bound on a logarithm of a probability, which keeps the loss of a probability 0 finite.
_LEAST_LOG = -100.0

# Below, softplus is the exponential to the last bit, and its logarithm the logit itself.
_EXPONENTIAL = -40.0

# Below, a number may be denormal and have lost digits.
_LEAST_NORMAL = 1e-290

# --- cross-entropies -----------------------------------------------------------------------------


@loss(
    aliases=("bce_loss", "binary_cross_entropy", "binary_crossentropy", "binary_logloss"),
    torch="torch.nn.BCELoss",
    minimum_when_equal=("prediction", "target"),
    # With an eps of 0 nothing bounds a sure mistake.
    finite=False,
    elicits="mean",
    conventions={
        "torch": Convention(),
        "sklearn": Convention(eps=FLOAT_EPSILON),
        "keras": Convention(eps=1e-7),
        "exact": Convention(eps=0.0),
    },
    use_when="the model gives the probability of yes, one number for each yes-or-no question",
    avoid_when="the model's logits are at hand: bce-with-logits keeps the digits of sure answers",
    reference="torch.nn.BCELoss",
)
def bce(
    prediction: Probability,
    target: Probability,
    weight: Weight | None = None,
    *,
    eps: Annotated[
        float,
        Interval(0.0, 0.5, high_open=True),
        "keeps a probability within [eps, 1 - eps], in the place of PyTorch's bound",
    ]
    | None = None,
) -> Array:
    r"""Negative log of the probability given to the right answer, yes or no.

    prediction, target, weight: (N, ...), probabilities in [0, 1] -> (N, ...), in nats. The
    mean divides by the number of elements, weighted or not.

    .. math:: \ell = -w\,[\,y \max(\log p, -100) + (1 - y) \max(\log(1 - p), -100)\,]

    As in PyTorch a logarithm is at least -100, so that a sure mistake costs 100 rather than inf.
    keras clips p to [1e-7, 1 - 1e-7] (16.1 at most), XGBoost to 1e-16 from 0 and 1, LightGBM to
    1e-15, scikit-learn's ``log_loss`` to within one float epsilon (36.0 at most, 15.9 if p is
    float32): ``eps`` does so, and 0 bounds nothing. keras's ``label_smoothing`` of s is a target of
    y (1 - s) + s / 2.

    >>> losses.bce([0.9, 0.2, 0.0], [1, 0, 1]).round(4).tolist()
    [0.1054, 0.2231, 100.0]
    """
    if eps is None:
        elements = _bce_of_probabilities(prediction, target)
    else:
        clipped = np.clip(prediction, eps, 1.0 - eps) if eps > 0.0 else prediction
        # A target of 0 costs nothing, whatever its logarithm is.
        yes = np.multiply(target, np.log(clipped), out=np.zeros_like(clipped), where=target != 0.0)
        no = 1.0 - target
        no = np.multiply(no, np.log1p(-clipped), out=np.zeros_like(clipped), where=no != 0.0)
        elements = np.subtract(0.0, yes + no)
    return elements if weight is None else np.multiply(elements, weight, out=elements)


def _bce_of_probabilities(
    prediction: Array, target: Array, least: float = _LEAST_LOG, most: float = 0.0
) -> Array:
    """Cross-entropy whose logarithms are bounded."""
    no = np.negative(prediction)
    np.log1p(no, out=no)
    np.clip(no, least, most, out=no)
    no *= 1.0 - target
    yes = np.log(prediction)
    np.clip(yes, least, most, out=yes)
    yes *= target
    yes += no
    return np.subtract(0.0, yes, out=yes)


@loss(
    aliases=(
        "bce_with_logits_loss", "binary_cross_entropy_with_logits", "sigmoid_binary_cross_entropy",
        "sigmoid_cross_entropy_with_logits", "weighted_cross_entropy_with_logits",
        "soft_bce_with_logits_loss", "half_binomial_loss", "binary_logistic_loss",
        "binary:logistic", "binary:logitraw", "reg:logistic", "binary", "xentropy", "vanilla_gan",
        "non_saturating_gan",
    ),
    torch="torch.nn.BCEWithLogitsLoss",
    elicits="mean",
    use_when="two classes, or several yes-or-no labels a sample, and the model gives logits",
    avoid_when="yes is so rare that easy noes drown it (focal), or exactly one of many classes "
    "holds (cross-entropy)",
    reference="torch.nn.BCEWithLogitsLoss",
)  # fmt: skip
def bce_with_logits(
    logits: Logit,
    target: Probability,
    weight: Weight | None = None,
    *,
    pos_weight: Annotated[ColumnWeights, "how much a yes counts, one number or one for each column"]
    | None = None,
) -> Array:
    r"""Negative log of the probability that the sigmoid gives the right answer, yes or no.

    logits, target, weight: (N, ...), target in [0, 1] -> (N, ...), in nats. The mean divides by the
    number of elements, weighted or not.

    .. math:: \ell = w\,[\,p\,y \operatorname{sp}(-x) + (1 - y) \operatorname{sp}(x)\,], \qquad
              \operatorname{sp}(z) = \log(1 + e^z)

    with :math:`p` the ``pos_weight``, along the last axis. As in PyTorch, a logit of -inf gives
    NaN, and so does inf for a sure yes (0 times infinity). Sure and right answers keep their
    digits: a logit of -37 for a no costs 8.5e-17, where PyTorch gives 0.

    For labels 1 and -1 it is soft-margin. keras's ``label_smoothing`` of s is a target of
    y (1 - s) + s / 2, and the ``smooth_factor`` of segmentation-models-pytorch is s / 2. The
    discriminator of a GAN has target 1 for real and 0 for made-up samples; the generator's
    non-saturating loss has target 1 for its own.

    >>> losses.bce_with_logits([2.0, -1.0, 0.0], [1, 0, 1]).round(4).tolist()
    [0.1269, 0.3133, 0.6931]
    """
    elements = _bce_of_logits(logits, target, pos_weight)
    return elements if weight is None else np.multiply(elements, weight, out=elements)


def _bce_of_logits(logits: Array, target: Array, pos_weight: Array | None = None) -> Array:
    yes, no = softplus_both(logits)
    yes *= target
    if pos_weight is not None:
        yes *= pos_weight
    no *= 1.0 - target
    yes += no
    # PyTorch adds (1 - y) x to a multiple of softplus(-x): 0 times infinity, or their difference.
    lost = logits == -np.inf
    if lost.any():
        yes[lost] = np.nan
    return yes


@loss(
    aliases=("soft_margin_loss", "logistic_loss"),
    torch="torch.nn.SoftMarginLoss",
    use_when="two classes labelled 1 and -1, and the model gives logits",
    avoid_when="labels are 0 and 1, or probabilities: bce-with-logits is the same loss of those",
    reference="torch.nn.SoftMarginLoss",
)
def soft_margin(prediction: Real, target: Sign) -> Array:
    r"""Negative log of the probability that the sigmoid gives the right answer, 1 or -1.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in nats. The mean divides by the
    number of elements.

    .. math:: \ell = \log(1 + e^{-y x})

    It is bce-with-logits for the target (y + 1) / 2. It grows as :math:`|x|` where PyTorch
    overflows to inf, from 710 on, and keeps the digits of sure and right answers, where PyTorch
    gives 0 from 37 on.

    >>> losses.soft_margin([2.0, 1.0, -800.0], [1, -1, 1]).round(4).tolist()
    [0.1269, 1.3133, 800.0]
    """
    return softplus(-target * prediction)


def _share_of(share: Array, cost: Array) -> Array:
    """Their product, 0 for no share of an infinite cost."""
    return np.where(share != 0.0, share * cost, 0.0)


def _x_log(x: Array) -> Array:
    """x log x, 0 at 0."""
    return x * np.log(np.where(x == 0.0, 1.0, x))


@loss(
    aliases=("binary_kl_divergence", "binary_kullback_leibler"),
    use_when="targets are probabilities and a perfect model should have loss 0",
    avoid_when="targets are 0 and 1, where bce-with-logits is the same and simpler",
    reference="LightGBM, metric kullback_leibler",
)
def kl_bernoulli(logits: Logit, target: Probability) -> Array:
    r"""Divergence of the predicted from the true probability of yes.

    logits, target: (N, ...), target in [0, 1] -> (N, ...), in nats. The mean divides by the number
    of elements.

    .. math:: \ell = y \log \frac{y}{p} + (1 - y) \log \frac{1 - y}{1 - p}

    with :math:`p` the sigmoid of the logit. It is bce-with-logits less the entropy of the target,
    which no model can undercut: 0 if and only if the probabilities agree. It is what LightGBM's
    metrics ``kullback_leibler`` and ``kldiv`` mean, which bound logarithms at log(1e-12); the names
    are kl-divergence and kl-div here.

    >>> losses.kl_bernoulli([0.0, 0.0, 2.0], [0.5, 1.0, 0.25]).round(4).tolist()
    [0.0, 0.6931, 1.0646]
    """
    yes, no = softplus_both(logits)
    missing = 1.0 - target
    elements = _share_of(target, yes)
    elements += _share_of(missing, no)
    elements += _x_log(target) + _x_log(missing)
    # Rounding may leave less than 0 where the two agree.
    return np.maximum(elements, 0.0, out=elements)


@loss(
    aliases=("xentlambda",),
    use_when="a row stands for many trials, and the target says whether any of them was a yes",
    avoid_when="a weight only says how much a row counts: bce-with-logits with a sample weight",
    reference="LightGBM, objective cross_entropy_lambda",
)
def cross_entropy_lambda(logits: Logit, target: Probability, weight: PositiveReal) -> Array:
    r"""Negative log of the probability of at least one yes, at a rate times an exposure.

    logits, target, weight: (N, ...), target in [0, 1], weight above 0 -> (N, ...), in nats. The
    mean divides by the number of elements.

    .. math:: \ell = -y \log(1 - e^{-w \lambda}) + (1 - y)\,w \lambda, \qquad
              \lambda = \log(1 + e^x)

    The weight :math:`w` is an exposure, a time or a number of trials: it multiplies the rate
    :math:`\lambda` of a Poisson process, and not the loss. With all weights 1 it is
    bce-with-logits. LightGBM bounds the logarithm at log(1e-12).

    >>> losses.cross_entropy_lambda([0.0, 0.0, 0.0], [1, 1, 0], [1, 4, 4]).round(4).tolist()
    [0.6931, 0.0645, 2.7726]
    """
    rate = softplus(logits)
    log_rate = np.where(logits < _EXPONENTIAL, logits, np.log(rate)) + np.log(weight)
    rate *= weight
    yes = -np.where(rate > _LEAST_NORMAL, log1m_exp(rate), log_rate)
    return _share_of(target, yes) + _share_of(1.0 - target, rate)


# --- focal losses --------------------------------------------------------------------------------


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
) -> Array:
    r"""Binary cross-entropy that all but ignores what is already answered well.

    logits, target: (N, ...), target in [0, 1] -> (N, ...), in nats. The mean divides by the number
    of elements, or by the sum of :math:`(1 - p_t)^\gamma` if ``normalized``.

    .. math:: \ell = \alpha_t\,(1 - p_t)^\gamma\,\operatorname{bce}, \qquad
              p_t = p\,y + (1 - p)(1 - y), \quad \alpha_t = \alpha y + (1 - \alpha)(1 - y)

    with :math:`p` the sigmoid of the logit and bce that of bce-with-logits, which it is when
    ``gamma`` is 0 and ``alpha`` is None. torchvision writes -1 for no ``alpha``, and does not
    reduce by default, and neither does kornia. optax and segmentation-models-pytorch have no
    ``alpha`` by default, keras applies its own only with ``apply_class_balancing``; CatBoost calls
    the two ``focal_alpha`` and ``focal_gamma``. For probabilities see binary-focal.

    What segmentation-models-pytorch calls ``normalized`` is our mean when its reduction is
    ``sum``; its mean divides by the number of elements as well. Targets between 0 and 1 differ:
    kornia focuses the yes and the no term each by itself, segmentation-models-pytorch takes
    exp(-bce) for :math:`p_t`. Sure and right answers keep their digits, where torchvision gives 0
    beyond a logit of 37.

    >>> losses.focal([2.0, -1.0, 0.0], [1, 0, 1]).round(4).tolist()
    [0.0005, 0.017, 0.0433]
    """
    elements = _bce_of_logits(logits, target)
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
    elements = _bce_of_logits(logits, target)
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
    elements = _bce_of_logits(logits, target)
    elements *= np.where(target > 0.0, target, alpha * chance**gamma)
    return elements


@loss(
    aliases=("binary_focal_crossentropy", "binary_focal_loss"),
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
    eps: Annotated[
        float, Interval(0.0, 0.5), "logarithms are of p in [eps, 1 - eps]; keras has 1e-7"
    ] = 0.0,
) -> Array:
    r"""Binary cross-entropy of a probability that all but ignores what is answered well.

    prediction, target: (N, ...), probabilities in [0, 1] -> (N, ...), in nats. The mean divides by
    the number of elements.

    .. math:: \ell = \alpha_t\,(1 - p_t)^\gamma\,\operatorname{bce}(p, y'), \qquad
              y' = (1 - s)\,y + s / 2

    with :math:`p_t` and :math:`\alpha_t` those of focal for the target :math:`y'`, bce that of bce,
    and :math:`s` the ``label_smoothing``. As in bce a logarithm is at least -100; ``eps`` clips the
    probability inside the logarithms instead, as keras does. keras's ``alpha`` of 0.25 counts only
    with ``apply_class_balancing``, so there is none by default, unlike in focal.

    >>> losses.binary_focal([0.9, 0.2, 0.5], [1, 0, 1]).round(4).tolist()
    [0.0011, 0.0089, 0.1733]
    """
    target = (1.0 - label_smoothing) * target + 0.5 * label_smoothing
    least = max(log(eps), _LEAST_LOG) if eps > 0.0 else _LEAST_LOG
    elements = _bce_of_probabilities(prediction, target, least, log1p(-eps))
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


# --- margins -------------------------------------------------------------------------------------


def _shortfall(prediction: Array, target: Array) -> Array:
    """How far a score is from being on the right side by 1."""
    short = np.multiply(target, prediction)
    np.subtract(1.0, short, out=short)
    return np.maximum(short, 0.0, out=short)


@loss(
    aliases=("hinge_loss", "binary_hinge_loss", "binary:hinge", "hinge_gan"),
    use_when="a support vector machine or another classifier by margins is to be judged",
    avoid_when="probabilities are wanted, or a smooth loss (soft-margin)",
    reference="Cortes and Vapnik 1995, doi:10.1007/BF00994018; sklearn.metrics.hinge_loss",
)
def hinge(prediction: Real, target: Sign) -> Array:
    r"""How far a score is from being on the right side by a margin of 1.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores. The
    mean divides by the number of elements.

    .. math:: \ell = \max(0, 1 - y x)

    Labels are 1 and -1, as in optax. keras takes 0 and 1 as well, if all labels are one of them;
    scikit-learn makes the smaller of two labels -1; XGBoost and CatBoost take 0 and 1. torchmetrics
    takes the sigmoid of all scores first if one is not in [0, 1], which is another loss. The
    discriminator of a hinge GAN has target 1 for real and -1 for made-up samples; the generator's
    loss is wgan.

    >>> losses.hinge([2.0, 0.5, 0.5], [1, 1, -1]).round(4).tolist()
    [0.0, 0.5, 1.5]
    """
    return _shortfall(prediction, target)


@loss(
    aliases=("squared_hinge_loss",),
    use_when="as hinge, and points deep on the wrong side should cost more than in proportion",
    avoid_when="some labels are wrong: their cost grows as a square (modified-huber, hinge)",
    reference="keras.losses.SquaredHinge; sklearn.svm.LinearSVC",
)
def squared_hinge(prediction: Real, target: Sign) -> Array:
    r"""Square of how far a score is from being on the right side by a margin of 1.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores squared. The
    mean divides by the number of elements.

    .. math:: \ell = \max(0, 1 - y x)^2

    Labels are 1 and -1; see hinge for what other libraries make of 0 and 1. torchmetrics has it as
    ``hinge_loss`` with ``squared``.

    >>> losses.squared_hinge([2.0, 0.5, 0.5], [1, 1, -1]).round(4).tolist()
    [0.0, 0.25, 2.25]
    """
    short = _shortfall(prediction, target)
    return np.multiply(short, short, out=short)


def _rounded_hinge(prediction: Array, target: Array, scale: float) -> Array:
    """Square of the shortfall up to 2, going on as a line, times ``scale``."""
    short = _shortfall(prediction, target)
    # One expression for both: 2 (s - q / 2) q with q = min(s, 2).
    bend = np.minimum(short, 2.0)
    short -= 0.5 * bend
    bend *= 2.0 * scale
    return np.multiply(short, bend, out=short)


@loss(
    aliases=("modified_huber_loss",),
    use_when="as squared-hinge, and some labels are wrong: far away it grows as a line",
    avoid_when="probabilities are wanted from a well-specified model (bce-with-logits)",
    reference="Zhang 2004, doi:10.1214/aos/1079120130; sklearn.linear_model.SGDClassifier",
)
def modified_huber(prediction: Real, target: Sign) -> Array:
    r"""Squared hinge that goes on as a straight line from a margin of -1.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores squared. The
    mean divides by the number of elements.

    .. math:: \ell = \begin{cases} \max(0, 1 - y x)^2 & y x \ge -1 \\
              -4\,y x & \text{otherwise} \end{cases}

    It is four times binary-sparsemax.

    >>> losses.modified_huber([2.0, 0.5, -3.0], [1, 1, 1]).round(4).tolist()
    [0.0, 0.25, 12.0]
    """
    return _rounded_hinge(prediction, target, 1.0)


@loss(
    aliases=("sparsemax_loss", "binary_sparsemax_loss"),
    use_when="the model maps scores to probabilities by a line clipped to [0, 1], so to exact noes",
    avoid_when="probabilities come from a sigmoid (bce-with-logits)",
    reference="Martins and Astudillo 2016, arXiv:1602.02068; optax.losses.sparsemax_loss",
)
def binary_sparsemax(prediction: Real, target: Sign) -> Array:
    r"""Sparse counterpart of the logistic loss: 0 from a margin of 1 on.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores. The
    mean divides by the number of elements.

    .. math:: \ell = \begin{cases} \max(0, 1 - y x)^2 / 4 & y x \ge -1 \\
              -y x & \text{otherwise} \end{cases}

    It is the sparsemax loss of two classes with the scores x and 0, and a quarter of
    modified-huber. optax takes labels 0 and 1.

    >>> losses.binary_sparsemax([2.0, 0.5, -3.0], [1, 1, 1]).round(4).tolist()
    [0.0, 0.0625, 3.0]
    """
    return _rounded_hinge(prediction, target, 0.25)


@loss(
    aliases=("perceptron_loss", "binary_perceptron_loss"),
    use_when="only the side of a score matters, and by how much it is wrong",
    avoid_when="a model could make all scores 0, which costs nothing: hinge asks for a margin",
    reference="Rosenblatt 1958, doi:10.1037/h0042519; optax.losses.perceptron_loss",
)
def perceptron(prediction: Real, target: Sign) -> Array:
    r"""How far a score is on the wrong side.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores. The
    mean divides by the number of elements.

    .. math:: \ell = \max(0, -y x)

    >>> losses.perceptron([2.0, 0.5, -3.0], [1, -1, 1]).round(4).tolist()
    [0.0, 0.5, 3.0]
    """
    wrong = np.multiply(target, prediction)
    np.subtract(0.0, wrong, out=wrong)
    return np.maximum(wrong, 0.0, out=wrong)


@loss(
    aliases=("exponential_loss", "adaboost_loss"),
    use_when="a boosted ensemble that minimises it is to be judged, such as AdaBoost",
    avoid_when="some labels are wrong: one confident mistake outweighs all else (soft-margin)",
    reference="Freund and Schapire 1997, doi:10.1006/jcss.1997.1504; "
    "sklearn.ensemble.GradientBoostingClassifier",
)
def exponential(prediction: Real, target: Sign) -> Array:
    r"""Exponential of how far a score is on the wrong side.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...). The mean divides by the number of
    elements.

    .. math:: \ell = e^{-y x}

    The score that minimises its mean is half the logit of the probability of yes. It overflows to
    inf beyond 709. scikit-learn takes labels 0 and 1.

    >>> losses.exponential([0.0, 1.0, -2.0], [1, 1, 1]).round(4).tolist()
    [1.0, 0.3679, 7.3891]
    """
    wrong = np.multiply(target, prediction)
    np.negative(wrong, out=wrong)
    return np.exp(wrong, out=wrong)


@loss(
    aliases=(
        "wgan_loss", "critic_loss", "wasserstein_discriminator_loss", "wasserstein_generator_loss",
    ),
    non_negative=False,
    use_when="the scores of a Wasserstein critic are given, or what a hinge GAN's generator gets",
    avoid_when="scores are not bounded by a constraint: it falls without end as they grow",
    reference="Arjovsky et al. 2017, arXiv:1701.07875",
)  # fmt: skip
def wgan(prediction: Real, target: Sign) -> Array:
    r"""Minus the score of what should score high, the score of what should score low.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores. The
    mean divides by the number of elements.

    .. math:: \ell = -y x

    The critic has target 1 for real and -1 for made-up samples, the generator 1 for its own. Of as
    many real as made-up samples, minus twice the mean estimates the Wasserstein distance. Other
    GANs: bce-with-logits, hinge; least squares is half of mse.

    >>> losses.wgan([2.0, -1.0, 0.5], [1, 1, -1]).round(4).tolist()
    [-2.0, 1.0, 0.5]
    """
    elements = np.multiply(target, prediction)
    return np.subtract(0.0, elements, out=elements)


# --- scores of forecasts and labels --------------------------------------------------------------


@loss(
    aliases=("brier_score_loss", "brier_score", "binary_brier"),
    minimum_when_equal=("prediction", "target"),
    elicits="mean",
    use_when="forecast probabilities are compared, and a sure mistake should cost no more than 1",
    avoid_when="rare events matter, where 0.001 and 0.00001 should not be alike (bce)",
    reference="Brier 1950, Monthly Weather Review 78; sklearn.metrics.brier_score_loss",
)
def brier(
    prediction: Probability,
    target: Probability,
    *,
    scale_by_half: Annotated[bool, "of one class; false adds the same again for the other"] = True,
) -> Array:
    r"""Squared difference between the probability of yes and what happened.

    prediction, target: (N, ...), probabilities in [0, 1] -> (N, ...). The mean divides by the
    number of elements.

    .. math:: \ell = (p - y)^2

    It is mse on probabilities. Brier's own sum runs over both classes and is twice as large:
    ``scale_by_half`` false. scikit-learn's default ``"auto"`` means true for two classes. CatBoost
    takes logits.

    >>> losses.brier([0.9, 0.2, 0.5], [1, 0, 1]).round(4).tolist()
    [0.01, 0.04, 0.25]
    """
    error = np.subtract(prediction, target)
    np.multiply(error, error, out=error)
    return error if scale_by_half else np.multiply(error, 2.0, out=error)


@loss(
    aliases=("zero_one_loss", "binary_error", "error"),
    use_when="the share of wrong answers is what counts",
    avoid_when="one class is rare, where always saying no scores well, or sure answers should "
    "count more (brier, bce)",
    reference="sklearn.metrics.zero_one_loss; XGBoost, metric error",
)
def zero_one(
    prediction: Real,
    target: Label,
    *,
    threshold: Annotated[float, "a score above is a yes; None to compare labels as they are"]
    | None = 0.5,
) -> Array:
    r"""1 for a wrong answer, 0 for a right one.

    prediction: (N, ...), a predicted label 0 or 1, a probability, or any score; target: (N, ...), 0
    or 1 -> (N, ...). The mean divides by the number of elements, which makes it the share of wrong
    answers, 1 less the accuracy.

    .. math:: \ell = \begin{cases} 0 & y = [\,x > t\,] \\ 1 & \text{otherwise} \end{cases}

    The ``threshold`` :math:`t` of 0.5 suits labels and probabilities; logits want 0. A score equal
    to it is a no, as in XGBoost's ``error@t``, LightGBM and CatBoost. With None, predictions and
    targets are labels of any classes, which are compared as numbers, as scikit-learn compares them.
    NaN is no answer, and its loss NaN.

    >>> losses.zero_one([0.9, 0.5, 0.2], [1, 1, 0]).round(4).tolist()
    [0.0, 1.0, 0.0]
    >>> losses.zero_one([3, 1, 2], [3, 2, 2], threshold=None).tolist()
    [0.0, 1.0, 0.0]
    """
    return mislabelled(prediction, target, threshold)
