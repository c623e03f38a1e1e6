"""Losses that bear labels which are wrong, or classes which are rare."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import (
    NON_NEGATIVE,
    POSITIVE,
    Array,
    ClassIndex,
    ClassTarget,
    ClassWeights,
    Interval,
    Logits,
)
from losscli.losses.multiclass.targets import (
    IgnoreIndex,
    Weight,
    cost_against,
    labels_of,
    put_at,
    target_weight,
)
from losscli.numerics import log_softmax_parts, pick, sum_classes
from losscli.spec import loss

# Newton's steps to the constant that normalises a tempered softmax; the last few change nothing.
_NEWTON_STEPS = 24


def _tempered_log_softmax(x: Array, k: float) -> Array:
    """The logarithm of the softmax of temperature 1 + k, k above 0; heavier in the tails.

    The probability of class c is (1 + k (λ - x_c))^(-1/k), and λ makes them sum to 1. Newton's
    method on the (-k)-th power of their sum, which is concave, comes to it from below.
    """
    shifted = x - x.max(axis=1, keepdims=True)
    best = shifted == 0.0
    ties = sum_classes(best.astype(np.float64))
    offset = np.zeros(ties.shape)
    for _ in range(_NEWTON_STEPS):
        inner = k * (offset[:, np.newaxis] - shifted)
        each = np.exp(np.log1p(inner) / -k)
        slope = sum_classes(each / (1.0 + inner))
        each[best] = 0.0
        # The sum less 1, which keeps its digits where the best class has nearly all.
        top = np.expm1(np.log1p(k * offset) / -k)
        excess = top + (ties - 1.0) * (1.0 + top) + sum_classes(each)
        offset = offset + (1.0 + excess) * np.expm1(k * np.log1p(excess)) / (k * slope)
    found: Array = np.log1p(k * (offset[:, np.newaxis] - shifted)) / -k
    return found


def _tempered_log(log_p: Array, t: float) -> Array:
    """The logarithm of temperature ``t`` of what has this logarithm."""
    return log_p if t == 1.0 else np.expm1((1.0 - t) * log_p) / (1.0 - t)


@loss(
    aliases=("bi_tempered_logistic_loss", "bi_tempered", "BiTemperedLogisticLoss"),
    divisor=target_weight,
    use_when="some labels are wrong, and no single row should be able to spoil the model",
    avoid_when="labels are right, or a likelihood is wanted (cross-entropy)",
    reference="Amid et al. 2019, arXiv:1906.03361",
)
def bi_tempered_logistic(
    logits: Logits,
    target: ClassTarget,
    *,
    t1: Annotated[float, Interval(0.0, 1.0), "below 1, a row costs at most 1 / (1 - t1)"] = 0.8,
    t2: Annotated[float, Interval(1.0, 4.0), "above 1, the softmax has heavier tails"] = 1.2,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""Cross-entropy with a bound on what a row can cost and a softmax with heavy tails.

    logits: (N, C, ...); target: class indices (N, ...) or class probabilities (N, C, ...)
    -> (N, ...), without unit. The mean divides by the number of targets not ignored.

    .. math:: \ell = \sum_c y_c \bigl(\log_{t_1} y_c - \log_{t_1} p_c\bigr)
              - \frac{y_c^{2 - t_1} - p_c^{2 - t_1}}{2 - t_1}, \qquad
              \log_t z = \frac{z^{1 - t} - 1}{1 - t}

    with :math:`p_c = \exp_{t_2}(x_c - \lambda)`, the inverse of :math:`\log_{t_2}`, and
    :math:`\lambda` such that they sum to 1. With both temperatures 1 it is cross-entropy less the
    entropy of the target. The authors' code stops after five steps towards :math:`\lambda`; here it
    is exact.

    >>> losses.bi_tempered_logistic([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0, 2]).round(4).tolist()
    [0.3472, 1.6903]
    """
    if t2 == 1.0:
        shifted, total = log_softmax_parts(logits)
        log_p = shifted - total[:, np.newaxis]
    else:
        log_p = _tempered_log_softmax(logits, t2 - 1.0)
    power = 2.0 - t1
    if target.ndim == logits.ndim:
        with_target = np.where(target > 0.0, np.log(target), 0.0)
        gain = _tempered_log(with_target, t1) - _tempered_log(log_p, t1)
        terms = np.where(target > 0.0, target * gain, 0.0)
        terms -= (target**power - np.exp(power * log_p)) / power
        return np.maximum(sum_classes(terms), 0.0)
    labels, ignored = labels_of(target, ignore_index)
    own = pick(log_p, labels)
    others = put_at(np.exp(power * log_p), labels, 0.0)
    elements = (np.expm1(power * own) + sum_classes(others)) / power - _tempered_log(own, t1)
    # Rounding may leave less than 0 for a sure row.
    elements = np.maximum(elements, 0.0)
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


@loss(
    aliases=("logit_norm", "logit_norm_loss", "LogitNormLoss"),
    divisor=target_weight,
    use_when="the model should not grow sure by growing its logits: unknown inputs are to be told",
    avoid_when="the probabilities of the softmax are what is used (cross-entropy)",
    reference="Wei et al. 2022, arXiv:2205.09310",
)
def logit_norm_cross_entropy(
    logits: Logits,
    target: ClassTarget,
    *,
    tau: Annotated[float, POSITIVE, "temperature that divides the unit vector of logits"] = 0.04,
    eps: Annotated[float, NON_NEGATIVE, "added to the length of the logits"] = 1e-7,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""Cross-entropy of logits scaled to one length.

    logits: (N, C, ...); target: class indices (N, ...) or class probabilities (N, C, ...)
    -> (N, ...), in nats. The mean divides by the number of targets not ignored.

    .. math:: \ell = -\sum_c y_c \log \operatorname{softmax}\Bigl(\frac{x}{\tau\,(\lVert x \rVert
              + \epsilon)}\Bigr)_c

    Only the direction of the logits counts, so that no row costs less than a bound that ``tau`` and
    the number of classes set. Logits that are all 0 stay 0.

    >>> x = [[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]]
    >>> losses.logit_norm_cross_entropy(x, [0, 2], tau=0.5).round(4).tolist()
    [0.4652, 2.2605]
    """
    scale = np.abs(logits).max(axis=1, keepdims=True)
    ratio = np.divide(logits, scale, out=np.zeros_like(logits), where=scale != 0.0)
    length = scale[:, 0] * np.sqrt(sum_classes(ratio * ratio)) + eps
    unit = logits / np.where(length == 0.0, 1.0, length)[:, np.newaxis]
    return cost_against(log_softmax_parts(unit / tau), target, ignore_index=ignore_index)


@loss(
    aliases=("ldam_loss", "LDAMLoss", "label_distribution_aware_margin"),
    divisor=target_weight,
    use_when="some classes are rare, and should win by a wider margin the rarer they are",
    avoid_when="the probabilities should be right (logit-adjusted-cross-entropy)",
    reference="Cao et al. 2019, arXiv:1906.07413",
)
def ldam(
    logits: Logits,
    target: ClassIndex,
    *,
    counts: Annotated[ClassWeights, POSITIVE, "how many samples of each class there are"]
    | None = None,
    max_margin: Annotated[float, NON_NEGATIVE, "the margin of the rarest class"] = 0.5,
    scale: Annotated[float, POSITIVE, "multiplies the logits"] = 30.0,
    weight: Weight | None = None,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""Cross-entropy in which the target class must lead by a margin, wider for a rare class.

    logits: (N, C, ...); target: class indices (N, ...) -> (N, ...), in nats. The mean divides by
    the sum of the targets' weights over those not ignored.

    .. math:: \ell = -w_y \log \operatorname{softmax}\bigl(s\,(x - \Delta_y e_y)\bigr)_y, \qquad
              \Delta_c = m\,(\min_k n_k / n_c)^{1/4}

    with :math:`n` the ``counts``, :math:`m` the ``max_margin`` and :math:`s` the ``scale``. The
    authors' logits are cosines. Without counts every class has the widest margin.

    >>> losses.ldam([[0.8, 0.5], [0.8, 0.5]], [0, 1], counts=[90, 10], scale=5).round(4).tolist()
    [0.6652, 4.0181]
    """
    labels, _ = labels_of(target, ignore_index)
    shares = np.ones(logits.shape[1]) if counts is None else counts.min() / counts
    margin = max_margin * shares**0.25
    lowered = put_at(logits.copy(order="K"), labels, pick(logits, labels) - margin[labels])
    lowered *= scale
    return cost_against(
        log_softmax_parts(lowered), target, weight=weight, ignore_index=ignore_index
    )
