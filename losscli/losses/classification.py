"""Classification: how little probability did the right class get?"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from losscli.domain import (
    NON_NEGATIVE,
    UNIT,
    Array,
    ClassIndex,
    ClassTarget,
    ClassWeights,
    ColumnWeights,
    Logit,
    Logits,
    LogProbabilities,
    Probability,
    Weight,
)
from losscli.numerics import log_softmax_parts, pick, sigmoid_both, softplus_both, sum_classes
from losscli.spec import loss

# PyTorch's bound on a logarithm of a probability, which keeps the loss of a probability 0 finite.
_LEAST_LOG = -100.0


def _labels(target: Array, ignore_index: int) -> tuple[NDArray[np.intp], NDArray[np.bool_] | None]:
    """Class indices, 0 in place of an ignored one, and which ones those are, None when none is."""
    labels = target.astype(np.intp)
    ignored = labels == ignore_index
    if not ignored.any():
        return labels, None
    labels[ignored] = 0
    return labels, ignored


def _along_classes(weight: Array, ndim: int) -> Array:
    """One weight a class, shaped to multiply an array whose axis 1 is the classes."""
    return weight.reshape(1, -1, *(1,) * (ndim - 2))


def _target_weight(
    scores: Array,
    target: Array,
    *,
    weight: Array | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> Array | None:
    """What a mean over class indices divides by: the target's weight, 0 where it is ignored."""
    if target.ndim == scores.ndim:
        return None
    labels, ignored = _labels(target, ignore_index)
    if weight is None and ignored is None:
        return None
    counted = np.ones(labels.shape) if weight is None else weight[labels]
    if ignored is not None:
        counted[ignored] = 0.0
    return counted


@loss(
    aliases=(
        "softmax_cross_entropy", "softmax_cross_entropy_loss",
        "softmax_cross_entropy_with_integer_labels", "softmax_cross_entropy_with_logits",
        "sparse_softmax_cross_entropy_with_logits",
    ),
    torch="torch.nn.CrossEntropyLoss",
    divisor=_target_weight,
    use_when="each sample belongs to one of three or more classes and the model gives logits",
    avoid_when="several classes can hold at once (bce-with-logits), or labels are often wrong: "
    "a confident mistake costs as much as its logit",
    reference="torch.nn.CrossEntropyLoss; label smoothing: Szegedy et al. 2016, arXiv:1512.00567",
)  # fmt: skip
def cross_entropy(
    logits: Logits,
    target: ClassTarget,
    *,
    weight: Annotated[ClassWeights, "a weight for each class, such as 1 / its frequency"]
    | None = None,
    ignore_index: Annotated[
        int, "a target with this index adds nothing, not even to the mean"
    ] = -100,
    label_smoothing: Annotated[float, UNIT, "share of the target spread evenly over classes"] = 0.0,
) -> Array:
    r"""Negative log of the probability that softmax gives the target class.

    logits: (N, C, ...); target: class indices (N, ...) or class probabilities (N, C, ...)
    -> (N, ...), in nats. The mean divides by the sum of the targets' weights over those not
    ignored; for class probabilities by the number of targets, weighted or not, and ``ignore_index``
    does not apply.

    .. math:: \ell = -\sum_c w_c\,q_c \log \operatorname{softmax}(x)_c, \qquad
              q_c = (1 - \varepsilon)\,y_c + \varepsilon / C

    with :math:`\varepsilon` the label smoothing and :math:`y_c` the target's probability of class
    :math:`c`: for a class index 1 in that class and 0 in the others. Probabilities that do not add
    up to 1 are taken as they are. With two classes it is bce-with-logits of :math:`x_1 - x_0`.

    A logit of -inf for the target gives inf; a target probability of 0 beside one gives NaN, as in
    PyTorch. All targets ignored: the sum is 0, the mean NaN. Confident rows keep their digits: a
    lead of 40 costs 4.2e-18, where PyTorch gives 0. keras takes probabilities unless told
    ``from_logits``.
    """
    shifted, log_total = log_softmax_parts(logits)
    if target.ndim == logits.ndim:
        return _soft(shifted, log_total, target, weight, label_smoothing)
    labels, ignored = _labels(target, ignore_index)
    elements = log_total - pick(shifted, labels)
    if weight is not None:
        elements *= weight[labels]
    if label_smoothing > 0.0:
        elements *= 1.0 - label_smoothing
        np.subtract(log_total[:, np.newaxis], shifted, out=shifted)
        if weight is not None:
            shifted *= _along_classes(weight, shifted.ndim)
        elements += label_smoothing / shifted.shape[1] * sum_classes(shifted)
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


def _soft(
    shifted: Array, log_total: Array, target: Array, weight: Array | None, label_smoothing: float
) -> Array:
    """Cross-entropy against class probabilities; overwrites ``shifted``."""
    if label_smoothing > 0.0:
        target = target * (1.0 - label_smoothing)
        target += label_smoothing / shifted.shape[1]
    np.subtract(log_total[:, np.newaxis], shifted, out=shifted)
    shifted *= target
    if weight is not None:
        shifted *= _along_classes(weight, shifted.ndim)
    return sum_classes(shifted)


@loss(
    aliases=("nll_loss", "negative_log_likelihood", "negative_log_likelihood_loss"),
    torch="torch.nn.NLLLoss",
    divisor=_target_weight,
    # Rounding may leave a log-probability just above 0, which the domain allows.
    non_negative=False,
    use_when="the model already gives log-probabilities, from a log-softmax",
    avoid_when="the model gives logits: cross-entropy is this and the log-softmax in one",
    reference="torch.nn.NLLLoss",
)
def nll(
    log_probs: LogProbabilities,
    target: ClassIndex,
    *,
    weight: Annotated[ClassWeights, "a weight for each class, such as 1 / its frequency"]
    | None = None,
    ignore_index: Annotated[
        int, "a target with this index adds nothing, not even to the mean"
    ] = -100,
) -> Array:
    r"""Negative log-probability of the target class.

    log_probs: (N, C, ...); target: class indices (N, ...) -> (N, ...), in nats. The mean divides by
    the sum of the targets' weights over those not ignored.

    .. math:: \ell = -w_y\,x_y

    PyTorch takes any number for a log-probability; here one above 0 is an error, since it tells of
    logits or probabilities given by mistake. All targets ignored: the sum is 0, the mean NaN.
    """
    labels, ignored = _labels(target, ignore_index)
    # Not a negation, which would turn 0 into -0.
    elements = 0.0 - pick(log_probs, labels)
    if weight is not None:
        elements *= weight[labels]
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


@loss(
    aliases=("bce_loss", "binary_cross_entropy", "binary_crossentropy"),
    torch="torch.nn.BCELoss",
    minimum_when_equal=("prediction", "target"),
    use_when="the model gives the probability of yes, one number for each yes-or-no question",
    avoid_when="the model's logits are at hand: bce-with-logits keeps the digits of sure answers",
    reference="torch.nn.BCELoss",
)
def bce(prediction: Probability, target: Probability, weight: Weight | None = None) -> Array:
    r"""Negative log of the probability given to the right answer, yes or no.

    prediction, target, weight: (N, ...), probabilities in [0, 1] -> (N, ...), in nats. The mean
    divides by the number of elements, weighted or not.

    .. math:: \ell = -w\,[\,y \max(\log p, -100) + (1 - y) \max(\log(1 - p), -100)\,]

    As in PyTorch a logarithm is at least -100, so that a sure mistake costs 100 rather than inf.
    keras clips p to [1e-7, 1 - 1e-7] (16.1 at most), scikit-learn's ``log_loss`` to within one
    float epsilon of 0 and 1 (36.0 at most, 15.9 if p is float32).
    """
    no = np.negative(prediction)
    np.log1p(no, out=no)
    np.maximum(no, _LEAST_LOG, out=no)
    no *= 1.0 - target
    yes = np.log(prediction)
    np.maximum(yes, _LEAST_LOG, out=yes)
    yes *= target
    yes += no
    np.subtract(0.0, yes, out=yes)
    return yes if weight is None else np.multiply(yes, weight, out=yes)


@loss(
    aliases=(
        "bce_with_logits_loss", "binary_cross_entropy_with_logits", "sigmoid_binary_cross_entropy",
        "sigmoid_cross_entropy_with_logits", "binary:logistic",
    ),
    torch="torch.nn.BCEWithLogitsLoss",
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
    aliases=("focal_loss", "sigmoid_focal_loss", "torchvision.ops.sigmoid_focal_loss"),
    use_when="yes is so rare that a mass of easy noes would drown it, as in object detection",
    avoid_when="labels are noisy, since it dwells on them, or its value must be a likelihood",
    reference="Lin et al. 2017, arXiv:1708.02002; torchvision.ops.sigmoid_focal_loss",
)
def focal(
    logits: Logit,
    target: Probability,
    *,
    alpha: Annotated[float, UNIT, "weight of a yes, 1 - alpha that of a no; None for none"]
    | None = 0.25,
    gamma: Annotated[float, NON_NEGATIVE, "how quickly the weight of an easy answer falls"] = 2.0,
) -> Array:
    r"""Binary cross-entropy that all but ignores what is already answered well.

    logits, target: (N, ...), target in [0, 1] -> (N, ...), in nats. The mean divides by the number
    of elements.

    .. math:: \ell = \alpha_t\,(1 - p_t)^\gamma\,\operatorname{bce}, \qquad
              p_t = p\,y + (1 - p)(1 - y), \quad \alpha_t = \alpha y + (1 - \alpha)(1 - y)

    with :math:`p` the sigmoid of the logit and bce that of bce-with-logits, which it is when
    ``gamma`` is 0 and ``alpha`` is None. torchvision writes -1 for no ``alpha``, and does not
    reduce by default; optax has no ``alpha`` by default; keras clips probabilities first. Sure and
    right answers keep their digits, where torchvision gives 0 beyond a logit of 37.
    """
    elements = _bce_of_logits(logits, target)
    wrong = 1.0 - target
    # 1 - p_t, from positive terms only.
    chance, missing = sigmoid_both(logits)
    missing *= target
    chance *= wrong
    missing += chance
    missing **= gamma
    elements *= missing
    if alpha is not None:
        elements *= alpha * target + (1.0 - alpha) * wrong
    return elements
