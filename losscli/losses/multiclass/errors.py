"""Each class against the rest, and errors of probabilities and of decisions."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from losscli.convention import TWO_CLASSES, Convention
from losscli.domain import (
    Array,
    ClassIndex,
    ClassScores,
    ClassTarget,
    Interval,
    PredictedProbabilities,
)
from losscli.losses.multiclass.targets import (
    IgnoreIndex,
    class_numbers,
    errors_of,
    labels_of,
    put_at,
    target_weight,
)
from losscli.numerics import pick, softplus_both, sum_classes
from losscli.spec import loss


@loss(
    aliases=("MultiClassOneVsAll", "multiclassova", "multiclass_ova", "multiclass_ovr_bce", "ova",
             "ovr"),
    use_when="several one-against-the-rest classifiers share a model, each with its own sigmoid",
    avoid_when="the classes compete in a softmax (cross-entropy), or several may hold at once "
    "(bce-with-logits)",
    reference="CatBoost MultiClassOneVsAll; LightGBM multiclassova",
)  # fmt: skip
def one_vs_rest_bce(logits: ClassScores, target: ClassIndex) -> Array:
    r"""Binary cross-entropy of each class against the rest, averaged over the classes.

    logits: (N, C, ...); target: class indices (N, ...) -> (N, ...), in nats. The mean divides by
    the number of targets.

    .. math:: \ell = \frac{1}{C} \Bigl(\operatorname{sp}(-x_y) +
              \sum_{c \neq y} \operatorname{sp}(x_c)\Bigr), \qquad
              \operatorname{sp}(z) = \log(1 + e^z)

    Its mean is that of bce-with-logits for targets with a column of 0 and 1 for each class.
    LightGBM's objective is the sum over classes, C times this.

    >>> losses.one_vs_rest_bce([[2.0, -1.0, -1.5], [0.5, 2.5, 0.0]], [0, 2]).round(4).tolist()
    [0.2139, 1.4154]
    """
    labels = target.astype(np.intp)
    own, rest = softplus_both(logits)
    elements = sum_classes(put_at(rest, labels, pick(own, labels)))
    elements /= logits.shape[1]
    return elements


@loss(
    aliases=("multiclass_brier_score", "brier_multiclass", "quadratic_score"),
    conventions={"sklearn": Convention(scale_by_half=TWO_CLASSES)},
    elicits="prior",
    use_when="class probabilities are to be judged by a bounded, proper score",
    avoid_when="there is one probability a row (brier), or a sure mistake should cost a lot "
    "(log-loss)",
    reference="Brier 1950, Monthly Weather Review 78:1; sklearn.metrics.brier_score_loss",
)
def multiclass_brier(
    prediction: PredictedProbabilities,
    target: ClassTarget,
    *,
    scale_by_half: Annotated[bool, "halve it, so that it lies in [0, 1]"] = False,
) -> Array:
    r"""Squared distance between the class probabilities and the class that came true.

    prediction: probabilities (N, C, ...); target: class indices (N, ...) or class probabilities
    (N, C, ...) -> (N, ...), without unit, in [0, 2]. The mean divides by the number of targets.

    .. math:: \ell = \sum_c (p_c - y_c)^2

    In scikit-learn ``scale_by_half`` is 'auto': it halves the score of two classes, which then is
    the binary brier, and of no more.

    >>> losses.multiclass_brier([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]], [0, 2]).tolist()
    [0.125, 0.875]
    """
    errors = errors_of(prediction, target)
    elements = sum_classes(np.multiply(errors, errors, out=errors))
    return 0.5 * elements if scale_by_half else elements


@loss(
    aliases=("merror", "multi_error", "top_k_error", "top_1_error", "misclassification"),
    divisor=target_weight,
    use_when="the share of wrong answers itself is wanted, or that of answers not among the top k",
    avoid_when="a model is to be trained or calibrated: it does not see how close a score came",
    reference="XGBoost merror; LightGBM multi_error; sklearn.metrics.zero_one_loss",
)
def multiclass_error(
    logits: ClassScores,
    target: ClassIndex,
    *,
    top_k: Annotated[int, Interval(low=1), "how many classes the answer may name"] = 1,
    ties: Annotated[
        Literal["first", "wrong", "right"],
        "who wins where another class ties with the target: the first, the other, the target",
    ] = "first",
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""1 where the target class is not among the ``top_k`` highest scores, else 0.

    logits: logits, probabilities or any scores (N, C, ...); target: class indices (N, ...)
    -> (N, ...), 0 or 1. The mean divides by the number of targets not ignored: the error rate, one
    minus the accuracy.

    .. math:: \ell = \Bigl[\,\#\{c : x_c \text{ ahead of } x_y\} \ge k\,\Bigr]

    Only the order of the scores matters. Ties go to the lower class, as argmax does and XGBoost's
    merror; with LightGBM's multi_error a tie is ``wrong``. A NaN among the scores gives NaN.

    >>> losses.multiclass_error([[2.0, 1.5, 0.1], [0.5, 2.5, 0.0]], [0, 2]).tolist()
    [0.0, 1.0]
    """
    labels, ignored = labels_of(target, ignore_index)
    own = pick(logits, labels)[:, np.newaxis]
    ahead = logits > own
    if ties != "right":
        step = class_numbers(logits) - labels[:, np.newaxis]
        ahead |= (logits == own) & (step < 0.0 if ties == "first" else step != 0.0)
    elements: Array = (np.count_nonzero(ahead, axis=1) >= top_k).astype(np.float64)
    elements[np.isnan(logits.max(axis=1))] = np.nan
    if ignored is not None:
        elements[ignored] = 0.0
    return elements
