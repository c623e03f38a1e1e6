"""A teacher: the probabilities of another model as targets."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import POSITIVE, Array, Logits
from losscli.losses.multiclass.targets import below_greatest
from losscli.numerics import log_softmax_parts, minus_log1p, sum_classes
from losscli.spec import loss


@loss(
    aliases=("distillation", "distillation_loss", "kd", "kd_loss"),
    use_when="a small model is to imitate the logits of a large one",
    avoid_when="the teacher gives probabilities (kl-div, cross-entropy), or there is none",
    reference="Hinton et al. 2015, arXiv:1503.02531",
)
def knowledge_distillation(
    logits: Logits,
    target: Logits,
    *,
    temperature: Annotated[float, POSITIVE, "divides both logits; more looks at small ones"] = 2.0,
) -> Array:
    r"""Divergence of a student's softened probabilities from those of its teacher.

    logits: of the student (N, C, ...); target: the logits of the teacher (N, C, ...) -> (N, ...),
    in nats. The mean divides by the number of teacher's distributions, for rows without further
    axes as PyTorch's batchmean.

    .. math:: \ell = T^2 \sum_c q_c\,(\log q_c - \log p_c), \qquad
              q = \operatorname{softmax}(t / T), \quad p = \operatorname{softmax}(x / T)

    with :math:`x` the student's logits, :math:`t` the teacher's and :math:`T` the temperature.

    The factor :math:`T^2` keeps gradients alike in size whatever the temperature; a recipe without
    it is this over :math:`T^2`, and the loss against the true labels is added by the user. A class
    to which the teacher gives a logit of -inf counts 0. No digits cancel where the two agree.

    >>> student, teacher = [[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [[3.0, 1.0, 0.0], [0.5, 2.5, 0.0]]
    >>> losses.knowledge_distillation(student, teacher).round(4).tolist()
    [0.1306, 0.0]
    """
    student, teacher = below_greatest(logits), below_greatest(target)
    p, of_student = _softmax_and_log_total(student / temperature)
    q, of_teacher = _softmax_and_log_total(teacher / temperature)
    ratio = (student - teacher) / temperature - (of_student - of_teacher)[:, np.newaxis]
    # q (r - 1 - log r) with r = p / q: no term is negative, and they sum to the divergence.
    growth = np.expm1(ratio)
    near = np.where(np.abs(ratio) < 0.25, minus_log1p(growth), growth - ratio)
    terms = np.where(ratio <= 1.0, q * near, p - q * (1.0 + ratio))
    np.copyto(terms, p, where=q == 0.0)
    return temperature**2 * sum_classes(np.maximum(terms, 0.0))


def _softmax_and_log_total(x: Array) -> tuple[Array, Array]:
    shifted, total = log_softmax_parts(x)
    return np.exp(shifted - total[:, np.newaxis]), total
