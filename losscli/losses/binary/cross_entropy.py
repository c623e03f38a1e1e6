"""Binary cross-entropy, of probabilities and of logits, and its kin."""

from __future__ import annotations

from math import inf, log, log1p
from typing import Annotated, TypeAlias

import numpy as np

from losscli.convention import FLOAT_EPSILON, Convention
from losscli.domain import (
    Array,
    ColumnWeights,
    Interval,
    Logit,
    PositiveReal,
    Probability,
    Real,
    Sign,
    Weight,
)
from losscli.numerics import log1m_exp, softplus, softplus_both
from losscli.spec import loss

# PyTorch's bound on a logarithm of a probability, which keeps the loss of a probability 0 finite.
_LEAST_LOG = -100.0

Clip: TypeAlias = Annotated[
    float,
    Interval(0.0, 0.5),
    "keeps a probability within [eps, 1 - eps], in the place of PyTorch's bound",
]

# Below, softplus is the exponential to the last bit, and its logarithm the logit itself.
_EXPONENTIAL = -40.0

# Below, a number may be denormal and have lost digits.
_LEAST_NORMAL = 1e-290


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
    eps: Clip | None = None,
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
    elements = bce_of_probabilities(prediction, target, eps)
    return elements if weight is None else np.multiply(elements, weight, out=elements)


def bce_of_probabilities(prediction: Array, target: Array, eps: float | None) -> Array:
    """Cross-entropy of a probability kept within [eps, 1 - eps], or with PyTorch's bound."""
    least = _LEAST_LOG if eps is None else log(eps) if eps > 0.0 else -inf
    most = log1p(-eps) if eps else 0.0
    no = np.negative(prediction)
    np.log1p(no, out=no)
    np.clip(no, least, most, out=no)
    yes = np.log(prediction)
    np.clip(yes, least, most, out=yes)
    if least == -inf:
        # An answer of which there is none costs nothing, whatever its logarithm is.
        no[target == 1.0] = 0.0
        yes[target == 0.0] = 0.0
    no *= 1.0 - target
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
    elements = bce_of_logits(logits, target, pos_weight)
    return elements if weight is None else np.multiply(elements, weight, out=elements)


def bce_of_logits(logits: Array, target: Array, pos_weight: Array | None = None) -> Array:
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
