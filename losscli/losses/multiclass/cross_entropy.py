"""Cross-entropy, of logits and of probabilities, and with weights and priors of classes."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from losscli.convention import FLOAT_EPSILON, Convention
from losscli.domain import (
    POSITIVE,
    Array,
    ClassIndex,
    ClassOffsets,
    ClassTarget,
    ClassVectors,
    ClassWeights,
    Embedding,
    Interval,
    Logits,
    LogProbabilities,
    PredictedProbabilities,
    RowClassTarget,
)
from losscli.losses.multiclass.targets import (
    CLIP,
    KERAS_EPS,
    IgnoreIndex,
    Smoothing,
    Weight,
    along_classes,
    below_greatest,
    clipped_parts,
    cost_against,
    labels_of,
    target_weight,
)
from losscli.numerics import dot, log_softmax_parts, pick
from losscli.spec import loss
from losscli.statistics import Sum

# scikit-learn keeps a probability so far from 0 and 1.
_SKLEARN_EPS = float(np.finfo(np.float64).eps)


@loss(
    aliases=(
        "softmax_cross_entropy", "softmax_cross_entropy_loss", "safe_softmax_cross_entropy",
        "softmax_cross_entropy_with_integer_labels", "softmax_cross_entropy_with_logits",
        "sparse_softmax_cross_entropy_with_logits", "multiclass_logistic_loss",
        "HalfMultinomialLoss", "multi:softprob", "multi:softmax", "multiclass", "softmax",
        "SoftCrossEntropyLoss", "SoftTargetCrossEntropy", "LabelSmoothingCrossEntropy",
    ),
    torch="torch.nn.CrossEntropyLoss",
    divisor=target_weight,
    elicits="prior",
    use_when="each sample belongs to one of three or more classes and the model gives logits",
    avoid_when="several classes can hold at once (bce-with-logits), or labels are often wrong: "
    "a confident mistake costs as much as its logit",
    reference="torch.nn.CrossEntropyLoss; label smoothing: Szegedy et al. 2016, arXiv:1512.00567",
)  # fmt: skip
def cross_entropy(
    logits: Logits,
    target: ClassTarget,
    *,
    weight: Weight | None = None,
    ignore_index: IgnoreIndex = -100,
    label_smoothing: Smoothing = 0.0,
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
    PyTorch (optax's ``safe_softmax_cross_entropy`` counts it as 0). All targets ignored: the sum is
    0, the mean NaN. Confident rows keep their digits: a lead of 40 costs 4.2e-18, where PyTorch
    gives 0. keras's ``CategoricalCrossentropy`` is this with ``from_logits=True`` and log-loss
    without; its mean divides by the number of targets, and so do those of optax.

    >>> losses.cross_entropy([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0, 2]).round(4).tolist()
    [0.417, 2.6967]
    """
    return cost_against(
        log_softmax_parts(logits),
        target,
        weight=weight,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
    )


@loss(
    aliases=("nll_loss", "negative_log_likelihood", "negative_log_likelihood_loss"),
    torch="torch.nn.NLLLoss",
    divisor=target_weight,
    # Rounding may leave a log-probability just above 0, which the domain allows.
    non_negative=False,
    elicits="prior",
    use_when="the model already gives log-probabilities, from a log-softmax",
    avoid_when="the model gives logits: cross-entropy is this and the log-softmax in one",
    reference="torch.nn.NLLLoss",
)
def nll(
    log_probs: LogProbabilities,
    target: ClassIndex,
    *,
    weight: Weight | None = None,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""Negative log-probability of the target class.

    log_probs: (N, C, ...); target: class indices (N, ...) -> (N, ...), in nats. The mean divides by
    the sum of the targets' weights over those not ignored.

    .. math:: \ell = -w_y\,x_y

    PyTorch takes any number for a log-probability; here one above 0 is an error, since it tells of
    logits or probabilities given by mistake. All targets ignored: the sum is 0, the mean NaN.

    >>> losses.nll([[-0.25, -1.75], [-3.0, -0.0625]], [0, 1]).tolist()
    [0.25, 0.0625]
    """
    labels, ignored = labels_of(target, ignore_index)
    # Not a negation, which would turn 0 into -0.
    elements = 0.0 - pick(log_probs, labels)
    if weight is not None:
        elements *= weight[labels]
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


@loss(
    aliases=(
        "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "mlogloss", "multi_logloss",
        "multiclass_log_loss",
    ),
    divisor=target_weight,
    # With an eps of 0 nothing bounds a sure mistake.
    finite=False,
    elicits="prior",
    conventions={
        "sklearn": Convention(eps=FLOAT_EPSILON),
        "keras": Convention(eps=KERAS_EPS, renormalize=True),
        "exact": Convention(eps=0.0),
    },
    use_when="the model gives a probability for each of several classes, as predict_proba does",
    avoid_when="its logits are at hand (cross-entropy), or there is one probability a row (bce)",
    reference="sklearn.metrics.log_loss; keras.losses.CategoricalCrossentropy",
)  # fmt: skip
def log_loss(
    prediction: PredictedProbabilities,
    target: ClassTarget,
    *,
    eps: Annotated[float, CLIP, "keeps a probability within [eps, 1 - eps]"] = _SKLEARN_EPS,
    renormalize: Annotated[bool, "divide the probabilities of a row by their sum first"] = False,
    ignore_index: IgnoreIndex = -100,
    label_smoothing: Smoothing = 0.0,
) -> Array:
    r"""Negative log of the probability given to the target class.

    prediction: probabilities (N, C, ...); target: class indices (N, ...) or class probabilities
    (N, C, ...) -> (N, ...), in nats. The mean divides by the number of targets not ignored.

    .. math:: \ell = -\sum_c q_c \log \operatorname{clip}(p_c, \epsilon, 1 - \epsilon), \qquad
              q_c = (1 - s)\,y_c + s / C

    with :math:`s` the label smoothing and :math:`y_c` the target's probability of class :math:`c`.

    A probability of 0 for the target would cost inf, so each library clips, and the most a row can
    cost tells them apart. scikit-learn's ``eps`` is that of the predictions' type: the default
    here, 2.2e-16, for float64 (36.0 at most) and 1.2e-7 for float32 (15.9). XGBoost's mlogloss
    takes 1e-16 (36.8), LightGBM's multi_logloss 1e-15 (34.5), keras 1e-7 (16.1). An ``eps`` of 0
    clips nothing, and such a row costs inf.

    The keras losses divide by the sum of the row first, as ``renormalize`` does; scikit-learn takes
    the probabilities as they are and warns. The columns are the classes 0, 1, ...; scikit-learn's
    are the sorted labels. keras calls ``ignore_index`` ``ignore_class``. XGBoost's and CatBoost's
    Logloss is of one probability a row: bce.

    >>> losses.log_loss([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]], [0, 2]).round(4).tolist()
    [0.3567, 1.3863]
    """
    return cost_against(
        clipped_parts(prediction, eps, renormalize=renormalize),
        target,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        nothing_is_free=eps == 0.0,
    )


def _linear_target_weight(
    input: Array,
    linear_weight: Array,
    target: Array,
    linear_bias: Array | None = None,
    *,
    weight: Array | None = None,
    ignore_index: int = -100,
    **_: object,
) -> Array | None:
    return target_weight(input, target, weight=weight, ignore_index=ignore_index)


@loss(
    torch="torch.nn.LinearCrossEntropyLoss",
    divisor=_linear_target_weight,
    use_when="the last hidden vectors and the output layer are given rather than their logits",
    avoid_when="the logits are at hand (cross-entropy), which saves their computation",
    reference="torch.nn.LinearCrossEntropyLoss, torch.nn.functional.linear_cross_entropy",
)
def linear_cross_entropy(
    input: Embedding,
    linear_weight: ClassVectors,
    target: RowClassTarget,
    linear_bias: ClassOffsets | None = None,
    *,
    weight: Weight | None = None,
    ignore_index: IgnoreIndex = -100,
    label_smoothing: Smoothing = 0.0,
) -> Array:
    r"""Cross-entropy of the logits that a last linear layer makes of hidden vectors.

    input: (N, D); linear_weight: a table (C, D) for all rows; target: class indices (N,) or class
    probabilities (N, C); linear_bias: (C,) for all rows -> (N,), in nats. The mean divides as that
    of cross-entropy: by the sum of the targets' weights over those not ignored, for class
    probabilities by the number of rows.

    .. math:: \ell = \operatorname{cross\text{-}entropy}(x W^T + b,\; y)

    The logits of a row are summed in an order of their own, so they may differ from PyTorch's in
    the last digits. PyTorch writes None for an ``ignore_index`` of -100, and refuses any other with
    class probabilities. Its ``options`` only cut the work into chunks, and its tables of more than
    two axes are not offered.

    >>> x, table = [[1.0, 2.0], [0.0, -1.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> losses.linear_cross_entropy(x, table, [2, 0]).round(4).tolist()
    [0.4076, 0.5514]
    """
    logits = np.stack([dot(input, vector) for vector in linear_weight]).T
    if linear_bias is not None:
        logits += linear_bias
    return cost_against(
        log_softmax_parts(logits),
        target,
        weight=weight,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
    )


def _log_likelihood(cost: Sum, count: Sum) -> float:
    with np.errstate(all="ignore"):
        return float(np.exp(cost.total / count.total))


@loss(
    aliases=("ppl",),
    finish=_log_likelihood,
    elicits="prior",
    use_when="language models are compared: how many equally likely words is the next one among?",
    avoid_when="the models split text into different tokens, or a loss of each token is wanted "
    "(cross-entropy)",
    reference="Jelinek et al. 1977, doi:10.1121/1.2016299; torchmetrics.text.Perplexity",
)
def perplexity(
    logits: Logits,
    target: ClassIndex,
    *,
    ignore_index: IgnoreIndex = -100,
) -> tuple[Array, ...]:
    r"""How many equally likely classes would be as hard to guess among, from 1 upwards.

    logits: (N, C, ...); target: class indices (N, ...) -> one number of all targets, without unit.

    .. math:: \ell = \exp\Bigl(-\frac{1}{n} \sum_i \log \operatorname{softmax}(x_i)_{y_i}\Bigr)

    over the :math:`n` targets not ignored.

    It is the exponential of the mean of cross-entropy, not the mean of exponentials.
    Log-probabilities do as well as logits. All targets ignored: NaN. torchmetrics has the classes
    on the last axis, ignores nothing by default, and gives inf where a probability underflows,
    beyond 745 nats.

    >>> losses.perplexity([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0, 1]).round(4).item()
    1.3592
    """
    _, ignored = labels_of(target, ignore_index)
    elements = cost_against(log_softmax_parts(logits), target, ignore_index=ignore_index)
    counted = np.ones(target.shape) if ignored is None else np.where(ignored, 0.0, 1.0)
    return _row_sums(elements), _row_sums(counted)


def _row_sums(x: Array) -> Array:
    """The sum of each row over all further axes, added in one order whatever rows stand beside."""
    rows = x.reshape(len(x), math.prod(x.shape[1:]), order="C")
    total: Array = np.add.reduce(np.ascontiguousarray(rows), axis=1)
    return total


@loss(
    aliases=("logit_adjusted", "logit_adjustment", "logit_adjusted_loss", "balanced_softmax",
             "balanced_softmax_loss"),
    divisor=target_weight,
    use_when="classes are rare in training and should count alike in use: a long tail",
    avoid_when="rare classes are just as rare in use (cross-entropy)",
    reference="Menon et al. 2021, arXiv:2007.07314; Ren et al. 2020, arXiv:2007.10740",
)  # fmt: skip
def logit_adjusted_cross_entropy(
    logits: Logits,
    target: ClassTarget,
    *,
    prior: Annotated[ClassWeights, POSITIVE, "how frequent each class is: a share or a count"]
    | None = None,
    tau: Annotated[float, "how much of the adjustment applies; 0 is none"] = 1.0,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""Cross-entropy that asks the logits to do without knowing how frequent each class is.

    logits: (N, C, ...); target: class indices (N, ...) or class probabilities (N, C, ...)
    -> (N, ...), in nats. The mean divides by the number of targets not ignored.

    .. math:: \ell = -\sum_c y_c \log \operatorname{softmax}(x + \tau \log \pi)_c

    with :math:`\pi` the ``prior``.

    Frequent classes get a head start, so that a model that matches the data leaves its own logits
    balanced. With ``tau`` 1 it is the balanced softmax of Ren et al., which counts samples: only
    the ratios of the prior matter. Without a prior, or with equal ones, it is cross-entropy.

    >>> x = [[2.0, 1.0], [2.0, 1.0]]
    >>> losses.logit_adjusted_cross_entropy(x, [0, 1], prior=[90, 10]).round(4).tolist()
    [0.0401, 3.2373]
    """
    if prior is not None:
        logits = below_greatest(logits) + along_classes(tau * np.log(prior), logits.ndim)
    return cost_against(log_softmax_parts(logits), target, ignore_index=ignore_index)


def _class_balance(counts: Array | None, beta: float) -> Array | None:
    """One over the effective number of samples of each class, with mean 1."""
    if counts is None:
        return None
    log_beta = math.log(beta) if beta > 0.0 else -math.inf
    weight: Array = -1.0 / np.expm1(counts * log_beta)
    weight *= len(weight) / np.add.reduce(weight)
    return weight


def _balanced_target_weight(
    logits: Array,
    target: Array,
    *,
    counts: Array | None = None,
    beta: float = 0.0,
    ignore_index: int = -100,
) -> Array | None:
    weight = _class_balance(counts, beta)
    return target_weight(logits, target, weight=weight, ignore_index=ignore_index)


@loss(
    aliases=("class_balanced", "class_balanced_loss", "cb_loss"),
    weighed_by="counts",
    divisor=_balanced_target_weight,
    use_when="classes are rare, and a weight of 1 / frequency makes the rarest far too heavy",
    avoid_when="ready weights are at hand (cross-entropy takes them), or the logits themselves "
    "should be corrected (logit-adjusted-cross-entropy)",
    reference="Cui et al. 2019, arXiv:1901.05555",
)
def class_balanced_cross_entropy(
    logits: Logits,
    target: ClassTarget,
    *,
    counts: Annotated[ClassWeights, POSITIVE, "how many samples each class has"] | None = None,
    beta: Annotated[
        float, Interval(0.0, 1.0, high_open=True), "0 weighs classes alike, near 1 as 1 / count"
    ] = 0.999,
    ignore_index: IgnoreIndex = -100,
) -> Array:
    r"""Cross-entropy weighted by one over the effective number of samples of the class.

    logits: (N, C, ...); target: class indices (N, ...) or class probabilities (N, C, ...)
    -> (N, ...), in nats. The mean divides by the sum of the targets' weights over those not
    ignored; for class probabilities by the number of targets.

    .. math:: \ell = -\sum_c w_c\,y_c \log \operatorname{softmax}(x)_c, \qquad
              w_c = \frac{K}{1 - \beta^{n_c}}

    with :math:`n_c` the ``counts``, and :math:`K` such that the weights add up to the number of
    classes.

    A sample more is worth less the more there are: the effective number of a large class is about
    :math:`1 / (1 - \beta)`. Without counts, or with equal ones, it is cross-entropy. The authors'
    code divides the mean by the number of targets and classes.

    >>> x = [[2.0, 1.0], [2.0, 1.0]]
    >>> losses.class_balanced_cross_entropy(x, [0, 1], counts=[900, 100]).round(4).tolist()
    [0.0866, 2.2635]
    """
    return cost_against(
        log_softmax_parts(logits),
        target,
        weight=_class_balance(counts, beta),
        ignore_index=ignore_index,
    )
