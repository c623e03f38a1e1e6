"""Multi-label classification: several classes may hold at once."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.domain import (
    Array,
    ClassList,
    ClassWeights,
    MultiLabel,
    MultiLabelProbabilities,
    RowLogits,
    RowScores,
)
from losscli.numerics import mislabelled, softplus_both, sum_classes
from losscli.spec import loss


def _mean_of_classes(x: Array) -> Array:
    """Mean over axis 1; overwrites ``x``."""
    mean: Array = sum_classes(x) / x.shape[1]
    return mean


def _nan_where_unknown(elements: Array, prediction: Array) -> Array:
    """NaN for rows with a NaN among their scores; overwrites ``elements``."""
    elements[np.isnan(prediction).any(axis=1)] = np.nan
    return elements


@loss(
    aliases=("multilabel_soft_margin_loss", "multi_cross_entropy"),
    torch="torch.nn.MultiLabelSoftMarginLoss",
    use_when="several classes may hold at once, and each row should have one loss",
    avoid_when="each label should have a loss of its own (bce-with-logits), or nearly all are no "
    "(asymmetric)",
    reference="torch.nn.MultiLabelSoftMarginLoss",
)
def multilabel_soft_margin(
    logits: RowLogits,
    target: MultiLabelProbabilities,
    *,
    weight: Annotated[ClassWeights, "a weight for each class, such as 1 / its frequency"]
    | None = None,
) -> Array:
    r"""Binary cross-entropy of each class, averaged over the classes of a row.

    logits, target: (N, C), target 0 or 1, or a probability -> (N,), in nats. The mean divides by
    the number of rows, weighted or not.

    .. math:: \ell = \frac{1}{C} \sum_c w_c\,[\,y_c \operatorname{sp}(-x_c)
              + (1 - y_c) \operatorname{sp}(x_c)\,], \qquad \operatorname{sp}(z) = \log(1 + e^z)

    Its mean is that of bce-with-logits. CatBoost calls it ``MultiLogloss`` for labels 0 and 1 and
    ``MultiCrossEntropy`` for probabilities. An infinite logit on the right side gives NaN, as in
    PyTorch (0 times infinity). Sure and right answers keep their digits, where PyTorch gives 0.

    >>> losses.multilabel_soft_margin([[2.0, -1.0, 0.5]], [[1, 0, 1]]).round(4).tolist()
    [0.3048]
    """
    yes, no = softplus_both(logits)
    yes *= target
    no *= 1.0 - target
    yes += no
    if weight is not None:
        yes *= weight
    return _mean_of_classes(yes)


@loss(
    aliases=("multilabel_margin_loss",),
    torch="torch.nn.MultiLabelMarginLoss",
    use_when="every class that holds should score 1 above every class that does not",
    avoid_when="targets are columns of 0 and 1 (multilabel-soft-margin, label-ranking)",
    reference="torch.nn.MultiLabelMarginLoss",
)
def multilabel_margin(logits: RowLogits, target: ClassList) -> Array:
    r"""How far the classes that hold are from leading the others by a margin of 1.

    logits: (N, C); target: (N, S), the indices of the classes that hold, -1 after the last -> (N,),
    in the unit of the scores. The mean divides by the number of rows.

    .. math:: \ell = \frac{1}{C} \sum_{j \in Y} \sum_{c \notin Y} \max(0, 1 - (x_j - x_c))

    The target is a list of class indices, not a column of 0 and 1 for each class: ``[3, 0]``, or
    ``[3, 0, -1, -1]`` as PyTorch wants it, padded to C entries. What stands behind the first -1 is
    ignored, and a class listed twice counts twice, as in PyTorch. A row without classes costs 0.
    NaN scores give NaN, where PyTorch skips them.

    >>> losses.multilabel_margin([[0.1, 0.2, 0.4, 0.8]], [[3, 0, -1, 1]]).round(4).tolist()
    [0.85]
    """
    classes = logits.shape[1]
    if not (target < classes).all():
        raise IndexError(f"a class index is not in 0 .. {classes - 1}")
    if target.shape[1] == 0:
        return np.zeros(len(target))
    listed = np.logical_and.accumulate(target >= 0.0, axis=1)
    labels = np.where(listed, target, -1.0).astype(np.intp)
    holds = (labels[:, :, np.newaxis] == np.arange(classes)).any(axis=1)
    scores = np.take_along_axis(logits, labels, axis=1)
    short = 1.0 - (scores[:, :, np.newaxis] - logits[:, np.newaxis, :])
    np.maximum(short, 0.0, out=short)
    compared = listed[:, :, np.newaxis] & ~holds[:, np.newaxis, :]
    return _mean_of_classes(sum_classes(np.where(compared, short, 0.0)))


@loss(
    aliases=("hamming_loss", "hamming_distance", "multilabel_hamming_distance"),
    use_when="every wrong label of a row counts, and all alike",
    avoid_when="a row is right only as a whole (subset-zero-one), or nearly all labels are no, "
    "where saying no to all scores well",
    reference="sklearn.metrics.hamming_loss",
)
def hamming(
    prediction: RowScores,
    target: MultiLabel,
    *,
    threshold: Annotated[float, "a score above is a yes"] = 0.5,
) -> Array:
    r"""Share of a row's labels that are wrong.

    prediction: (N, C), labels 0 or 1, probabilities, or any scores; target: (N, C), 0 or 1 -> (N,).
    The mean divides by the number of rows.

    .. math:: \ell = \frac{1}{C} \sum_c \bigl[\,y_c \ne [\,x_c > t\,]\,\bigr]

    The ``threshold`` :math:`t` of 0.5 suits labels and probabilities; logits want 0. A score equal
    to it is a no. torchmetrics takes the sigmoid of all scores first if one is not in [0, 1], and
    averages classes rather than rows, which is the same. Its mean is that of zero-one.

    >>> losses.hamming([[0.9, 0.2, 0.6, 0.4]], [[1, 1, 0, 0]]).round(4).tolist()
    [0.5]
    """
    return _mean_of_classes(mislabelled(prediction, target, threshold))


@loss(
    aliases=("exact_match", "multilabel_exact_match"),
    use_when="a row is right only if all of its labels are",
    avoid_when="there are many labels, so that hardly a row is right as a whole (hamming)",
    reference="sklearn.metrics.zero_one_loss",
)
def subset_zero_one(
    prediction: RowScores,
    target: MultiLabel,
    *,
    threshold: Annotated[float, "a score above is a yes"] = 0.5,
) -> Array:
    r"""1 for a row with any wrong label, 0 for one whose labels are all right.

    prediction: (N, C), labels 0 or 1, probabilities, or any scores; target: (N, C), 0 or 1 -> (N,).
    The mean divides by the number of rows.

    .. math:: \ell = \max_c \bigl[\,y_c \ne [\,x_c > t\,]\,\bigr]

    The ``threshold`` :math:`t` of 0.5 suits labels and probabilities; logits want 0. It is 1 less
    scikit-learn's ``accuracy_score`` of label matrices and torchmetrics' ``exact_match``.

    >>> losses.subset_zero_one([[0.9, 0.2], [0.9, 0.8]], [[1, 0], [1, 0]]).tolist()
    [0.0, 1.0]
    """
    wrong: Array = np.maximum.reduce(mislabelled(prediction, target, threshold), axis=1)
    return wrong


@loss(
    aliases=("label_ranking_loss", "multilabel_ranking_loss"),
    use_when="only the order of a row's classes matters, not where a threshold lies",
    avoid_when="a decision for each class is wanted (hamming), or only the top matters",
    reference="Schapire and Singer 2000, doi:10.1023/A:1007649029923; "
    "sklearn.metrics.label_ranking_loss",
)
def label_ranking(prediction: RowScores, target: MultiLabel) -> Array:
    r"""Share of a row's pairs, one class that holds and one that does not, in the wrong order.

    prediction: (N, C), any scores; target: (N, C), 0 or 1 -> (N,). The mean divides by the number
    of rows.

    .. math:: \ell = \frac{1}{P\,(C - P)} \sum_{i: y_i = 1} \sum_{j: y_j = 0} [\,x_i \le x_j\,]

    with :math:`P` the number of classes that hold. A tie is a wrong order, as in scikit-learn;
    torchmetrics breaks ties by the order of the columns. A row where all classes hold, or none,
    costs 0. A row with NaN gives NaN.

    >>> losses.label_ranking([[0.9, 0.2, 0.6, 0.4]], [[1, 1, 0, 0]]).round(4).tolist()
    [0.5]
    """
    holds = target == 1.0
    behind = prediction[:, :, np.newaxis] <= prediction[:, np.newaxis, :]
    behind &= holds[:, :, np.newaxis]
    behind &= ~holds[:, np.newaxis, :]
    wrong = np.count_nonzero(behind, axis=(1, 2))
    positive = np.count_nonzero(holds, axis=1)
    pairs = positive * (holds.shape[1] - positive)
    return _nan_where_unknown(wrong / np.maximum(pairs, 1), prediction)


@loss(
    aliases=("coverage_error", "multilabel_coverage_error"),
    use_when="how far down a ranked list of classes must one go to find all that hold",
    avoid_when="rows have very different numbers of classes that hold (label-ranking)",
    reference="sklearn.metrics.coverage_error",
)
def coverage(prediction: RowScores, target: MultiLabel) -> Array:
    r"""How many classes one must take, from the highest score down, to have all that hold.

    prediction: (N, C), any scores; target: (N, C), 0 or 1 -> (N,), a number of classes. The
    mean divides by the number of rows.

    .. math:: \ell = \#\,\{\,c : x_c \ge \min_{j: y_j = 1} x_j\,\}

    At best it is the number of classes that hold. Ties are all taken. A row where none holds costs
    0. Some papers count from 0, one less. A row with NaN gives NaN.

    >>> losses.coverage([[0.9, 0.2, 0.6, 0.4]], [[1, 0, 0, 1]]).tolist()
    [3.0]
    """
    holds = target == 1.0
    least = np.minimum.reduce(np.where(holds, prediction, np.inf), axis=1)
    taken = np.count_nonzero(prediction >= least[:, np.newaxis], axis=1)
    taken[~holds.any(axis=1)] = 0
    return _nan_where_unknown(taken.astype(np.float64), prediction)
