"""Margins: by how much should the score of the right class lead?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import Array, ClassIndex, ClassScores, ClassTarget, Interval
from losscli.losses.multiclass.targets import (
    IgnoreIndex,
    Weight,
    below_greatest,
    class_numbers,
    labels_of,
    put_at,
    target_weight,
)
from losscli.numerics import pick, sum_classes
from losscli.spec import loss


@loss(
    aliases=("multi_margin_loss", "weston_watkins", "weston_watkins_hinge"),
    torch="torch.nn.MultiMarginLoss",
    weighing=target_weight,
    use_when="scores only have to rank the right class first: every class that comes close costs",
    avoid_when="probabilities are wanted (cross-entropy), or only the closest rival should count "
    "(multiclass-hinge)",
    reference="torch.nn.MultiMarginLoss",
)
def multi_margin(
    logits: ClassScores,
    target: ClassIndex,
    *,
    p: Annotated[int, Interval(1, 2), "power of each shortfall"] = 1,
    margin: Annotated[float, "by how much the target class should lead"] = 1.0,
    weight: Weight | None = None,
) -> Array:
    r"""How far each other class is from trailing the target class by ``margin``.

    logits: (N, C, ...); target: class indices (N, ...) -> (N, ...), in the unit of the scores to
    the power p. The mean divides by the number of targets, weighted or not.

    .. math:: \ell = \frac{w_y}{C} \sum_{c \neq y} \max(0,\, m - x_y + x_c)^p

    The sum is divided by the number of all classes, not of the others. Scores are subtracted before
    the margin is added, which keeps its digits when they are large. A NaN costs nothing, as in
    PyTorch, and nor does a class with the same infinite score as the target.

    >>> losses.multi_margin([[0.1, 0.2, 0.4, 0.8]], [3]).round(4).tolist()
    [0.325]
    """
    labels = target.astype(np.intp)
    short = logits - pick(logits, labels)[:, np.newaxis]
    short += margin
    np.fmax(short, 0.0, out=short)
    put_at(short, labels, 0.0)
    if p == 2:
        short *= short
    elements = sum_classes(short)
    elements /= logits.shape[1]
    return elements if weight is None else np.multiply(elements, weight[labels], out=elements)


@loss(
    aliases=("multiclass_hinge_loss", "crammer_singer", "crammer_singer_hinge"),
    divisor=target_weight,
    use_when="scores only have to rank the right class first, ahead of its closest rival by 1",
    avoid_when="probabilities are wanted (cross-entropy), or the targets are yes or no (hinge)",
    reference="Crammer and Singer 2001, JMLR 2:265; sklearn.metrics.hinge_loss, "
    "optax.losses.multiclass_hinge_loss",
)
def multiclass_hinge(
    logits: ClassScores,
    target: ClassIndex,
    *,
    squared: Annotated[bool, "square the shortfall"] = False,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""How far the target class is from leading every other by 1, after Crammer and Singer.

    logits: scores (N, C, ...); target: class indices (N, ...) -> (N, ...), in the unit of the
    scores, with ``squared`` that squared. The mean divides by the number of targets not ignored.

    .. math:: \ell = \max\bigl(0,\; 1 - x_y + \max_{c \neq y} x_c\bigr)

    It is the ``hinge_loss`` of scikit-learn for three or more classes, whose columns are the sorted
    labels. torchmetrics takes the softmax first whenever a score is not in [0, 1]; keras's
    ``CategoricalHinge`` is categorical-hinge.

    >>> losses.multiclass_hinge([[2.0, 1.5, 0.1], [0.5, 2.5, 0.0]], [0, 2]).tolist()
    [0.5, 3.5]
    """
    labels, ignored = labels_of(target, ignore_index)
    own = pick(logits, labels)
    rivals = put_at(logits.copy(), labels, -np.inf)
    elements: Array = rivals.max(axis=1) - own
    elements += 1.0
    np.maximum(elements, 0.0, out=elements)
    if squared:
        elements *= elements
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


@loss(
    use_when="a model was trained with keras's loss of that name, and its value is wanted",
    avoid_when="a multiclass hinge is wanted as the literature has it (multiclass-hinge)",
    reference="keras.losses.CategoricalHinge",
)
def categorical_hinge(logits: ClassScores, target: ClassTarget) -> Array:
    r"""How far the target class is from leading every other, and 0, by 1.

    logits: scores (N, C, ...); target: class indices (N, ...) or class probabilities (N, C, ...)
    -> (N, ...), in the unit of the scores. The mean divides by the number of targets.

    .. math:: \ell = \max\Bigl(0,\; 1 - \sum_c y_c x_c + \max_c\,(1 - y_c)\,x_c\Bigr)

    The maximum runs over all classes, and the target's own entry is 0. So it is multiclass-hinge
    where some other score is positive, and more where all the others are negative.

    >>> losses.categorical_hinge([[2.0, 1.5, 0.1], [0.5, -2.5, -3.0]], [0, 0]).tolist()
    [0.5, 0.5]
    """
    if target.ndim == logits.ndim:
        own = sum_classes(target * logits)
        rivals = (1.0 - target) * logits
    else:
        labels = target.astype(np.intp)
        own = pick(logits, labels)
        rivals = put_at(logits.copy(), labels, 0.0)
    elements: Array = rivals.max(axis=1) - own
    elements += 1.0
    return np.maximum(elements, 0.0, out=elements)


@loss(
    aliases=("multiclass_perceptron_loss",),
    use_when="scores only have to rank the right class first, by however little",
    avoid_when="a lead should be safe rather than bare (multiclass-hinge)",
    reference="Collins 2002, doi:10.3115/1118693.1118694; optax.losses.multiclass_perceptron_loss",
)
def multiclass_perceptron(logits: ClassScores, target: ClassIndex) -> Array:
    r"""By how much the highest score exceeds that of the target class.

    logits: scores (N, C, ...); target: class indices (N, ...) -> (N, ...), in the unit of the
    scores. The mean divides by the number of targets.

    .. math:: \ell = \max_c x_c - x_y

    A tie for the highest score costs nothing, so all scores equal is a perfect answer. An infinite
    score of the target class gives NaN.

    >>> losses.multiclass_perceptron([[2.0, 1.5, 0.1], [0.5, 2.5, 0.0]], [0, 2]).tolist()
    [0.0, 2.5]
    """
    elements: Array = logits.max(axis=1) - pick(logits, target.astype(np.intp))
    return elements


@loss(
    aliases=("multiclass_sparsemax_loss",),
    use_when="the model ends in a sparsemax, so that most classes get probability 0",
    avoid_when="it ends in a softmax (cross-entropy)",
    reference="Martins and Astudillo 2016, arXiv:1602.02068; "
    "optax.losses.multiclass_sparsemax_loss",
)
def multiclass_sparsemax(logits: ClassScores, target: ClassIndex) -> Array:
    r"""What cross-entropy is to softmax, for sparsemax.

    logits: (N, C, ...); target: class indices (N, ...) -> (N, ...), in the unit of the logits
    squared. The mean divides by the number of targets.

    .. math:: \ell = \frac{1}{2} \sum_c (y_c - p_c)^2 + \max(0, \tau - x_y), \qquad
              p_c = \max(0, x_c - \tau)

    with :math:`\tau` such that :math:`p`, the sparsemax of the logits, adds up to 1, and
    :math:`y_c` 1 for the target class and 0 for the others.

    The paper writes it :math:`\frac{1}{2} \sum_c (x_c^2 - \tau^2) + \frac{1}{2} - x_y` over the
    classes whose :math:`p` is not 0; in the form above nothing cancels. It is 0 once the target
    class leads by 1.

    >>> losses.multiclass_sparsemax([[2.0, 1.5, 0.1], [0.5, 2.5, 0.0]], [0, 2]).tolist()
    [0.0625, 2.5]
    """
    labels = target.astype(np.intp)
    x = below_greatest(logits)
    threshold = _sparsemax_threshold(x)
    missed = np.maximum(threshold - pick(x, labels), 0.0)
    # What the other classes have is what the target class lacks.
    others = put_at(np.maximum(x - threshold[:, np.newaxis], 0.0), labels, 0.0)
    squares = sum_classes(others * others)
    lacking = sum_classes(others)
    return missed + 0.5 * (lacking * lacking + squares)


def _sparsemax_threshold(x: Array) -> Array:
    """What sparsemax subtracts from logits whose greatest is 0, so that the positive rest is 1."""
    ordered = -np.sort(-x, axis=1)
    sums = np.cumsum(ordered, axis=1)
    ranks = class_numbers(x) + 1.0
    support = np.maximum(np.count_nonzero(1.0 + ranks * ordered > sums, axis=1), 1)
    threshold = pick(sums, support - 1) - 1.0
    threshold /= support
    return threshold
