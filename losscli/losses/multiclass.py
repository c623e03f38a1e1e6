"""Multiclass classification: how little probability, or lead, did the right class get?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.convention import FLOAT_EPSILON, Convention
from losscli.domain import (
    NON_NEGATIVE,
    POSITIVE,
    UNIT,
    Array,
    BinPosition,
    ClassIndex,
    ClassOffsets,
    ClassScores,
    ClassTarget,
    ClassVectors,
    ClassWeights,
    Embedding,
    Interval,
    Logits,
    LogProbabilities,
    OrderedClass,
    PredictedProbabilities,
    RowClassTarget,
    ThresholdLogits,
)
from losscli.numerics import (
    dot,
    log_softmax_parts,
    log_total,
    minus_log1p,
    pick,
    softplus_both,
    sum_classes,
)
from losscli.spec import loss
from losscli.statistics import Sum

# scikit-learn and keras keep a probability so far from 0 and 1.
_SKLEARN_EPS = float(np.finfo(np.float64).eps)
_KERAS_EPS = 1e-7

_CLIP = Interval(0.0, 0.5, low_open=True, high_open=True)
_Weight: TypeAlias = Annotated[ClassWeights, "a weight for each class, such as 1 / its frequency"]
_IgnoreIndex: TypeAlias = Annotated[
    int, "a target with this index adds nothing, not even to the mean"
]
_Smoothing: TypeAlias = Annotated[float, UNIT, "share of the target spread evenly over classes"]

# Log-probabilities as two arrays, (N, C, ...) and (N, ...), which keep their digits apart: the
# cost of a class, minus its log-probability, is the second minus the first.
_Parts: TypeAlias = tuple[Array, Array]


def _labels(
    target: Array, ignore_index: int | None
) -> tuple[NDArray[np.intp], NDArray[np.bool_] | None]:
    """Class indices, 0 in place of an ignored one, and which ones those are, None when none is."""
    labels = target.astype(np.intp)
    ignored = labels == ignore_index
    if not ignored.any():
        return labels, None
    labels[ignored] = 0
    return labels, ignored


def _along_classes(values: Array, ndim: int) -> Array:
    """One value a class, shaped to meet an array whose axis 1 is the classes."""
    return values.reshape(1, -1, *(1,) * (ndim - 2))


def _class_numbers(scores: Array) -> Array:
    """0 .. C-1, shaped to meet the scores."""
    return _along_classes(np.arange(float(scores.shape[1])), scores.ndim)


def _put(x: Array, labels: NDArray[np.intp], values: Array | float) -> Array:
    """``x`` with the entry that each label names along axis 1 replaced; overwrites ``x``."""
    at = labels[:, np.newaxis]
    np.put_along_axis(x, at, np.broadcast_to(values, labels.shape)[:, np.newaxis], axis=1)
    return x


def _target_weight(
    scores: Array,
    target: Array,
    *,
    weight: Array | None = None,
    ignore_index: int = -100,
    **_: object,
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


def _against(
    parts: _Parts,
    target: Array,
    *,
    weight: Array | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reshape: Callable[[Array], Array] | None = None,
) -> Array:
    """The cost of the target class, ``reshape`` applied; of class probabilities its expectation.

    Overwrites ``parts``.
    """
    shifted, total = parts
    if target.ndim == shifted.ndim:
        if label_smoothing > 0.0:
            target = target * (1.0 - label_smoothing)
            target += label_smoothing / shifted.shape[1]
        costs = _costs(parts, weight, reshape)
        costs *= target
        return sum_classes(costs)
    labels, ignored = _labels(target, ignore_index)
    elements = total - pick(shifted, labels)
    if reshape is not None:
        elements = reshape(elements)
    if weight is not None:
        elements *= weight[labels]
    if label_smoothing > 0.0:
        elements *= 1.0 - label_smoothing
        costs = _costs(parts, weight, reshape)
        elements += label_smoothing / shifted.shape[1] * sum_classes(costs)
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


def _costs(parts: _Parts, weight: Array | None, reshape: Callable[[Array], Array] | None) -> Array:
    """The weighted cost of every class; overwrites ``parts``."""
    shifted, total = parts
    costs = np.subtract(total[:, np.newaxis], shifted, out=shifted)
    if reshape is not None:
        costs = reshape(costs)
    if weight is not None:
        costs *= _along_classes(weight, costs.ndim)
    return costs


@loss(
    aliases=(
        "softmax_cross_entropy", "softmax_cross_entropy_loss", "safe_softmax_cross_entropy",
        "softmax_cross_entropy_with_integer_labels", "softmax_cross_entropy_with_logits",
        "sparse_softmax_cross_entropy_with_logits", "multiclass_logistic_loss",
        "HalfMultinomialLoss", "multi:softprob", "multi:softmax", "multiclass", "softmax",
        "SoftCrossEntropyLoss", "SoftTargetCrossEntropy", "LabelSmoothingCrossEntropy",
    ),
    torch="torch.nn.CrossEntropyLoss",
    divisor=_target_weight,
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
    weight: _Weight | None = None,
    ignore_index: _IgnoreIndex = -100,
    label_smoothing: _Smoothing = 0.0,
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
    return _against(
        log_softmax_parts(logits),
        target,
        weight=weight,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
    )


@loss(
    aliases=("nll_loss", "negative_log_likelihood", "negative_log_likelihood_loss"),
    torch="torch.nn.NLLLoss",
    divisor=_target_weight,
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
    weight: _Weight | None = None,
    ignore_index: _IgnoreIndex = -100,
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
    labels, ignored = _labels(target, ignore_index)
    # Not a negation, which would turn 0 into -0.
    elements = 0.0 - pick(log_probs, labels)
    if weight is not None:
        elements *= weight[labels]
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


def _clipped_parts(p: Array, eps: float, *, renormalize: bool) -> _Parts:
    """Logarithms of probabilities clipped to [eps, 1 - eps], perhaps shares of their sum first."""
    if renormalize:
        # The greatest is 1, but where all are 0.
        shares = p / np.maximum(p.max(axis=1, keepdims=True), math.ulp(0.0))
        shifted = np.log(shares)
        total = np.maximum(log_total(shares), 0.0)
    else:
        shifted = np.log(p)
        total = np.zeros((p.shape[0], *p.shape[2:]))
    low, high = total + math.log(eps), total + math.log1p(-eps)
    return np.clip(shifted, low[:, np.newaxis], high[:, np.newaxis], out=shifted), total


@loss(
    aliases=(
        "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "mlogloss", "multi_logloss",
        "multiclass_log_loss",
    ),
    divisor=_target_weight,
    elicits="prior",
    conventions={
        "sklearn": Convention(eps=FLOAT_EPSILON),
        "keras": Convention(eps=_KERAS_EPS, renormalize=True),
        "exact": Convention(eps=5e-324),
    },
    use_when="the model gives a probability for each of several classes, as predict_proba does",
    avoid_when="its logits are at hand (cross-entropy), or there is one probability a row (bce)",
    reference="sklearn.metrics.log_loss; keras.losses.CategoricalCrossentropy",
)  # fmt: skip
def log_loss(
    prediction: PredictedProbabilities,
    target: ClassTarget,
    *,
    eps: Annotated[float, _CLIP, "keeps a probability within [eps, 1 - eps]"] = _SKLEARN_EPS,
    renormalize: Annotated[bool, "divide the probabilities of a row by their sum first"] = False,
    ignore_index: _IgnoreIndex = -100,
    label_smoothing: _Smoothing = 0.0,
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
    takes 1e-16 (36.8), LightGBM's multi_logloss 1e-15 (34.5), keras 1e-7 (16.1). eps=5e-324 clips
    nothing but 0.

    The keras losses divide by the sum of the row first, as ``renormalize`` does; scikit-learn takes
    the probabilities as they are and warns. The columns are the classes 0, 1, ...; scikit-learn's
    are the sorted labels. keras calls ``ignore_index`` ``ignore_class``. XGBoost's and CatBoost's
    Logloss is of one probability a row: bce.

    >>> losses.log_loss([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]], [0, 2]).round(4).tolist()
    [0.3567, 1.3863]
    """
    return _against(
        _clipped_parts(prediction, eps, renormalize=renormalize),
        target,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
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
    return _target_weight(input, target, weight=weight, ignore_index=ignore_index)


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
    weight: _Weight | None = None,
    ignore_index: _IgnoreIndex = -100,
    label_smoothing: _Smoothing = 0.0,
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
    return _against(
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
    ignore_index: _IgnoreIndex = -100,
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
    _, ignored = _labels(target, ignore_index)
    elements = _against(log_softmax_parts(logits), target, ignore_index=ignore_index)
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
    divisor=_target_weight,
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
    ignore_index: _IgnoreIndex = -100,
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
        logits = _below_greatest(logits) + _along_classes(tau * np.log(prior), logits.ndim)
    return _against(log_softmax_parts(logits), target, ignore_index=ignore_index)


def _below_greatest(logits: Array) -> Array:
    """The logits less their greatest, which a further step then cannot round away."""
    below: Array = logits - logits.max(axis=1, keepdims=True)
    return below


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
    return _target_weight(logits, target, weight=weight, ignore_index=ignore_index)


@loss(
    aliases=("class_balanced", "class_balanced_loss", "cb_loss"),
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
    ignore_index: _IgnoreIndex = -100,
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
    return _against(
        log_softmax_parts(logits),
        target,
        weight=_class_balance(counts, beta),
        ignore_index=ignore_index,
    )


# --- other shapes of the cost --------------------------------------------------------------------


def _focused(gamma: float) -> Callable[[Array], Array]:
    """The cost c of a class times (1 - p)^gamma, with p = exp(-c) its probability."""
    return lambda cost: cost * (-np.expm1(-cost)) ** gamma


@loss(
    aliases=("CategoricalFocalCrossentropy",),
    use_when="easy samples drown the hard ones, and the model gives class probabilities",
    avoid_when="its logits are at hand (softmax-focal), or labels are noisy, since it dwells on "
    "them",
    reference="Lin et al. 2017, arXiv:1708.02002; keras.losses.CategoricalFocalCrossentropy",
)
def categorical_focal(
    prediction: PredictedProbabilities,
    target: ClassTarget,
    *,
    alpha: Annotated[float, NON_NEGATIVE, "a factor of every class"] = 0.25,
    gamma: Annotated[float, NON_NEGATIVE, "how quickly the weight of an easy answer falls"] = 2.0,
    weight: _Weight | None = None,
    eps: Annotated[float, _CLIP, "keeps a probability within [eps, 1 - eps]"] = _KERAS_EPS,
    label_smoothing: _Smoothing = 0.0,
) -> Array:
    r"""Log-loss that all but ignores what is already answered well.

    prediction: probabilities (N, C, ...); target: class indices (N, ...) or class probabilities
    (N, C, ...) -> (N, ...), in nats. The mean divides by the number of targets, weighted or not.

    .. math:: \ell = -\alpha \sum_c w_c\,q_c\,(1 - p_c)^\gamma \log p_c, \qquad
              q_c = (1 - s)\,y_c + s / C

    with :math:`s` the label smoothing, and :math:`p` divided by the sum of its row, then clipped to
    [eps, 1 - eps].

    All this is as in keras. Where it takes a list for ``alpha``, give that as ``weight`` and
    alpha=1. Its ``from_logits`` is softmax-focal but for the clip and ``alpha``. SMP's FocalLoss of
    mode multiclass is another loss, focal of each class against the rest.

    >>> losses.categorical_focal([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]], [0, 2]).round(4).tolist()
    [0.008, 0.1949]
    """
    elements = _against(
        _clipped_parts(prediction, eps, renormalize=True),
        target,
        weight=weight,
        label_smoothing=label_smoothing,
        reshape=_focused(gamma),
    )
    return np.multiply(elements, alpha, out=elements)


@loss(
    aliases=("softmax_focal_loss", "softmax_focal_loss_with_logits", "multiclass_focal"),
    divisor=_target_weight,
    use_when="easy samples drown the hard ones among several classes, and the model gives logits",
    avoid_when="each class is a yes-or-no question (focal), or labels are noisy",
    reference="Lin et al. 2017, arXiv:1708.02002; kornia.losses.FocalLoss, monai.losses.FocalLoss",
)
def softmax_focal(
    logits: Logits,
    target: ClassTarget,
    *,
    gamma: Annotated[float, NON_NEGATIVE, "how quickly the weight of an easy answer falls"] = 2.0,
    weight: _Weight | None = None,
    ignore_index: _IgnoreIndex = -100,
) -> Array:
    r"""Cross-entropy that all but ignores what is already answered well.

    logits: (N, C, ...); target: class indices (N, ...) or class probabilities (N, C, ...)
    -> (N, ...), in nats. The mean divides by the sum of the targets' weights over those not
    ignored; for class probabilities by the number of targets.

    .. math:: \ell = -\sum_c w_c\,y_c\,(1 - p_c)^\gamma \log p_c, \qquad
              p = \operatorname{softmax}(x)

    With ``gamma`` 0 it is cross-entropy. kornia and MONAI have an ``alpha``: weight
    :math:`1 - \alpha` for class 0 and :math:`\alpha` for all others. Their means divide by the
    number of targets times that of classes, kornia's with the ignored ones. Sure and right answers
    keep their digits, where :math:`1 - p` of the other libraries rounds to 0.

    >>> losses.softmax_focal([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0, 2]).round(4).tolist()
    [0.0485, 2.3453]
    """
    return _against(
        log_softmax_parts(logits),
        target,
        weight=weight,
        ignore_index=ignore_index,
        reshape=_focused(gamma),
    )


@loss(
    aliases=("poly_loss", "poly_loss_cross_entropy", "poly1"),
    divisor=_target_weight,
    use_when="cross-entropy works, and one number to tune may gain a little more",
    avoid_when="there is no time to tune epsilon, or the value must be a likelihood",
    reference="Leng et al. 2022, arXiv:2204.12511; optax.losses.poly_loss_cross_entropy",
)
def poly_cross_entropy(
    logits: Logits,
    target: ClassTarget,
    *,
    epsilon: Annotated[float, Interval(low=-1.0), "how much 1 - p counts beside -log p"] = 2.0,
    ignore_index: _IgnoreIndex = -100,
) -> Array:
    r"""Cross-entropy plus a multiple of the probability that the target class lacks.

    logits: (N, C, ...); target: class indices (N, ...) or class probabilities (N, C, ...)
    -> (N, ...), in nats. The mean divides by the number of targets not ignored.

    .. math:: \ell = \sum_c y_c\,[\,-\log p_c + \epsilon\,(1 - p_c)\,], \qquad
              p = \operatorname{softmax}(x)

    It changes the first term of the series of :math:`-\log p` in powers of :math:`1 - p`. The paper
    finds 2 good for classifying images (optax's default) and -1 for detecting objects, which takes
    that term away; 0 is cross-entropy.

    >>> losses.poly_cross_entropy([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0, 2]).round(4).tolist()
    [1.099, 4.5619]
    """

    def reshape(cost: Array) -> Array:
        # Never negative: at -1 the two differ by half a square, which may round below 0.
        return np.maximum(cost - epsilon * np.expm1(-cost), 0.0)

    return _against(log_softmax_parts(logits), target, ignore_index=ignore_index, reshape=reshape)


@loss(
    aliases=("taylor_ce", "tce"),
    divisor=_target_weight,
    use_when="labels are noisy: a wrong one costs a bounded amount, which order sets",
    avoid_when="labels are clean (cross-entropy), or calibrated probabilities are wanted",
    reference="Feng et al. 2020, doi:10.24963/ijcai.2020/305",
)
def taylor_cross_entropy(
    logits: Logits,
    target: ClassIndex,
    *,
    order: Annotated[int, Interval(low=1), "how many terms of the series of -log p"] = 2,
    ignore_index: _IgnoreIndex = -100,
) -> Array:
    r"""The first terms of the series of cross-entropy in the probability the target class lacks.

    logits: (N, C, ...); target: class indices (N, ...) -> (N, ...), in nats. The mean divides by
    the number of targets not ignored.

    .. math:: \ell = \sum_{i=1}^{t} \frac{(1 - p_y)^i}{i}, \qquad p = \operatorname{softmax}(x)

    with :math:`t` the ``order``.

    One term is the probability of a wrong class; with ever more it becomes cross-entropy. The most
    a row can cost is 1 + 1/2 + ... + 1/t. The Taylor softmax, which replaces exp by a polynomial,
    is another thing.

    >>> losses.taylor_cross_entropy([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0, 2]).round(4).tolist()
    [0.3991, 1.3674]
    """

    def reshape(cost: Array) -> Array:
        missing = -np.expm1(-cost)
        series = np.zeros_like(missing)
        for power in range(order, 0, -1):
            series += 1.0 / power
            series *= missing
        return series

    return _against(log_softmax_parts(logits), target, ignore_index=ignore_index, reshape=reshape)


@loss(
    aliases=("sce", "sce_loss", "symmetric_learning"),
    divisor=_target_weight,
    use_when="labels are noisy, and cross-entropy should still lead where they are right",
    avoid_when="labels are clean (cross-entropy): two weights are to be tuned",
    reference="Wang et al. 2019, arXiv:1908.06112",
)
def symmetric_cross_entropy(
    logits: Logits,
    target: ClassIndex,
    *,
    alpha: Annotated[float, NON_NEGATIVE, "how much cross-entropy counts"] = 0.1,
    beta: Annotated[float, NON_NEGATIVE, "how much the reverse counts"] = 1.0,
    log_zero: Annotated[float, Interval(high=0.0), "stands for log 0 in the reverse"] = -4.0,
    ignore_index: _IgnoreIndex = -100,
) -> Array:
    r"""Cross-entropy plus its reverse, in which prediction and target have changed places.

    logits: (N, C, ...); target: class indices (N, ...) -> (N, ...), in nats. The mean divides by
    the number of targets not ignored.

    .. math:: \ell = -\alpha \log p_y - \beta\,A\,(1 - p_y), \qquad p = \operatorname{softmax}(x)

    with :math:`A` the ``log_zero``.

    The reverse is :math:`-\sum_c p_c \log y_c`, in which the logarithm of a target probability of 0
    must be some number. Usual is -4; code that clips the target to 1e-4, as the authors' does, has
    log_zero=-9.210340371976182. For ``alpha`` and ``beta`` 0.1 and 1 are usual with ten classes, 6
    and 0.1 with a hundred. Such code clips the probabilities to 1e-7 too.

    >>> losses.symmetric_cross_entropy([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0, 2]).round(4).tolist()
    [1.4057, 4.0]
    """

    def reshape(cost: Array) -> Array:
        return alpha * cost + beta * log_zero * np.expm1(-cost)

    return _against(log_softmax_parts(logits), target, ignore_index=ignore_index, reshape=reshape)


@loss(
    aliases=("gce", "lq_loss", "CategoricalGeneralizedCrossEntropy"),
    use_when="labels are noisy and the model gives probabilities: no row costs more than 1 / q",
    avoid_when="labels are clean: log-loss, the limit of q to 0, learns faster",
    reference="Zhang and Sabuncu 2018, arXiv:1805.07836; "
    "keras.losses.CategoricalGeneralizedCrossEntropy",
)
def generalized_cross_entropy(
    prediction: PredictedProbabilities,
    target: ClassIndex,
    *,
    q: Annotated[
        float, Interval(0.0, 1.0, low_open=True), "near 0 it is log-loss, at 1 it is 1 - p"
    ] = 0.5,
) -> Array:
    r"""Between log-loss and one minus the probability of the target class.

    prediction: probabilities (N, C, ...); target: class indices (N, ...) -> (N, ...), without unit.
    The mean divides by the number of targets.

    .. math:: \ell = \frac{1 - p_y^q}{q}

    A small ``q`` keeps its digits, where :math:`1 - p^q` of keras cancels. The paper takes 0.7,
    keras 0.5. For logits take their softmax first.

    >>> losses.generalized_cross_entropy([[0.75, 0.25], [0.64, 0.36]], [0, 1]).round(4).tolist()
    [0.2679, 0.8]
    """
    likelihood = pick(prediction, target.astype(np.intp))
    return np.expm1(q * np.log(likelihood)) / -q


# --- margins -------------------------------------------------------------------------------------


@loss(
    aliases=("multi_margin_loss", "weston_watkins", "weston_watkins_hinge"),
    torch="torch.nn.MultiMarginLoss",
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
    weight: _Weight | None = None,
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
    _put(short, labels, 0.0)
    if p == 2:
        short *= short
    elements = sum_classes(short)
    elements /= logits.shape[1]
    return elements if weight is None else np.multiply(elements, weight[labels], out=elements)


@loss(
    aliases=("multiclass_hinge_loss", "crammer_singer", "crammer_singer_hinge"),
    divisor=_target_weight,
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
    ignore_index: _IgnoreIndex = -100,
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
    labels, ignored = _labels(target, ignore_index)
    own = pick(logits, labels)
    rivals = _put(logits.copy(), labels, -np.inf)
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
        rivals = _put(logits.copy(), labels, 0.0)
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
    x = _below_greatest(logits)
    threshold = _sparsemax_threshold(x)
    missed = np.maximum(threshold - pick(x, labels), 0.0)
    # What the other classes have is what the target class lacks.
    others = _put(np.maximum(x - threshold[:, np.newaxis], 0.0), labels, 0.0)
    squares = sum_classes(others * others)
    lacking = sum_classes(others)
    return missed + 0.5 * (lacking * lacking + squares)


def _sparsemax_threshold(x: Array) -> Array:
    """What sparsemax subtracts from logits whose greatest is 0, so that the positive rest is 1."""
    ordered = -np.sort(-x, axis=1)
    sums = np.cumsum(ordered, axis=1)
    ranks = _class_numbers(x) + 1.0
    support = np.maximum(np.count_nonzero(1.0 + ranks * ordered > sums, axis=1), 1)
    threshold = pick(sums, support - 1) - 1.0
    threshold /= support
    return threshold


# --- one against the rest, errors ----------------------------------------------------------------


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
    elements = sum_classes(_put(rest, labels, pick(own, labels)))
    elements /= logits.shape[1]
    return elements


def _errors(prediction: Array, target: Array) -> Array:
    """Class probabilities less the target's, which a class index has all in one class."""
    if target.ndim == prediction.ndim:
        return prediction - target
    labels = target.astype(np.intp)
    return _put(prediction.copy(), labels, pick(prediction, labels) - 1.0)


@loss(
    aliases=("multiclass_brier_score", "brier_multiclass", "quadratic_score"),
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
    errors = _errors(prediction, target)
    elements = sum_classes(np.multiply(errors, errors, out=errors))
    return 0.5 * elements if scale_by_half else elements


@loss(
    aliases=("merror", "multi_error", "top_k_error", "top_1_error", "misclassification"),
    divisor=_target_weight,
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
    ignore_index: _IgnoreIndex = -100,
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
    labels, ignored = _labels(target, ignore_index)
    own = pick(logits, labels)[:, np.newaxis]
    ahead = logits > own
    if ties != "right":
        step = _class_numbers(logits) - labels[:, np.newaxis]
        ahead |= (logits == own) & (step < 0.0 if ties == "first" else step != 0.0)
    elements: Array = (np.count_nonzero(ahead, axis=1) >= top_k).astype(np.float64)
    elements[np.isnan(logits.max(axis=1))] = np.nan
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


# --- a teacher -----------------------------------------------------------------------------------


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
    student, teacher = _below_greatest(logits), _below_greatest(target)
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


# --- ordered classes -----------------------------------------------------------------------------


@loss(
    aliases=("emd_squared", "emd2", "rps", "rps_score", "ranked_probability_score"),
    use_when="classes are ordered, such as grades or ages, and a near miss should cost less",
    avoid_when="classes have no order (log-loss), or thresholds are learned (coral)",
    reference="Hou et al. 2016, arXiv:1611.05916",
)
def squared_emd(prediction: PredictedProbabilities, target: ClassTarget) -> Array:
    r"""Squared earth mover's distance between distributions over ordered classes.

    prediction: probabilities (N, C, ...); target: class indices (N, ...) or class probabilities
    (N, C, ...) -> (N, ...), in steps between classes. The mean divides by the number of targets.

    .. math:: \ell = \sum_{k=1}^{C} \Bigl(\sum_{c \le k} (p_c - y_c)\Bigr)^2

    It compares the cumulative distributions and so is the ranked probability score, which some
    divide by :math:`C - 1`. NIMA takes the root of its mean over the classes. A certain answer
    costs the number of steps by which it is wrong.

    >>> losses.squared_emd([[0.0, 0.0, 1.0], [0.5, 0.25, 0.25]], [0, 1]).tolist()
    [2.0, 0.3125]
    """
    ahead = np.cumsum(_errors(prediction, target), axis=1)
    return sum_classes(np.multiply(ahead, ahead, out=ahead))


def _threshold_costs(logits: Array, target: Array) -> tuple[Array, Array]:
    """Cross-entropy of each threshold, passed or not, and how far the target is above it."""
    above = target[:, np.newaxis] - _class_numbers(logits)
    yes, no = softplus_both(logits)
    return np.where(above > 0.0, yes, no), above


@loss(
    aliases=("coral_loss",),
    use_when="classes are ordered and the model gives one logit a threshold: is it above?",
    avoid_when="it gives probabilities of classes (squared-emd), or conditional logits (corn)",
    reference="Cao et al. 2020, arXiv:1901.07884; coral_pytorch.losses.CoralLoss",
)
def coral(
    logits: ThresholdLogits,
    target: OrderedClass,
    *,
    weight: Annotated[ClassWeights, "how much each threshold counts"] | None = None,
) -> Array:
    r"""Binary cross-entropy at every threshold between ordered classes.

    logits: (N, K, ...), one for each of the K thresholds between K + 1 classes; target: classes
    0 .. K (N, ...) -> (N, ...), in nats. The mean divides by the number of targets.

    .. math:: \ell = \sum_{k=0}^{K-1} w_k \begin{cases} \operatorname{sp}(-x_k) & y > k \\
              \operatorname{sp}(x_k) & y \le k \end{cases}, \qquad
              \operatorname{sp}(z) = \log(1 + e^z)

    Logit k asks whether the class is above k. CORAL's logits share one weight vector and differ by
    a bias, so that they fall from one threshold to the next; the loss takes any. coral-pytorch
    calls ``weight`` ``importance_weights`` and takes the target as K columns of 0 and 1.

    >>> losses.coral([[2.0, -1.0], [0.5, 0.0]], [1, 2]).round(4).tolist()
    [0.4402, 1.1672]
    """
    costs, _ = _threshold_costs(logits, target)
    if weight is not None:
        costs *= _along_classes(weight, costs.ndim)
    return sum_classes(costs)


def _thresholds_asked(logits: Array, target: Array) -> Array:
    return np.minimum(target + 1.0, logits.shape[1])


@loss(
    aliases=("corn_loss",),
    divisor=_thresholds_asked,
    divides_by="thresholds",
    use_when="classes are ordered and each logit assumes that the threshold before was passed",
    avoid_when="every logit stands for itself (coral)",
    reference="Shi et al. 2021, arXiv:2111.08851; coral_pytorch.losses.CornLoss",
)
def corn(logits: ThresholdLogits, target: OrderedClass) -> Array:
    r"""Binary cross-entropy at the thresholds up to the first that the target does not pass.

    logits: (N, K, ...), one for each of the K thresholds between K + 1 classes; target: classes
    0 .. K (N, ...) -> (N, ...), in nats. The mean divides by the number of thresholds asked, all
    rows together: :math:`\min(y + 1, K)` of a row.

    .. math:: \ell = \sum_{k=0}^{\min(y, K-1)} \begin{cases} \operatorname{sp}(-x_k) & y > k \\
              \operatorname{sp}(x_k) & y \le k \end{cases}, \qquad
              \operatorname{sp}(z) = \log(1 + e^z)

    Logit k asks whether the class is above k, given that it is above k - 1, so a class below is no
    evidence. The probability of being above k is the product of the sigmoids so far.

    >>> losses.corn([[2.0, -1.0], [0.5, 0.0]], [0, 2]).round(4).tolist()
    [2.1269, 1.1672]
    """
    costs, above = _threshold_costs(logits, target)
    costs[above < 0.0] = 0.0
    return sum_classes(costs)


@loss(
    aliases=("distribution_focal_loss", "DistributionFocalLoss", "dfl"),
    use_when="a number is predicted as a distribution over bins, such as the side of a box",
    avoid_when="a number is predicted itself (mae, huber), or all bins should count (squared-emd)",
    reference="Li et al. 2020, arXiv:2006.04388; mmdet.models.losses.DistributionFocalLoss",
)
def distribution_focal(logits: Logits, target: BinPosition) -> Array:
    r"""Cross-entropy against the two bins between which the target lies.

    logits: (N, C, ...), one for each of the bins 0 .. C-1; target: (N, ...), a position between 0
    and C-1 -> (N, ...), in nats. The mean divides by the number of targets.

    .. math:: \ell = -(i + 1 - y) \log \operatorname{softmax}(x)_i
              - (y - i) \log \operatorname{softmax}(x)_{i+1}, \qquad i = \lfloor y \rfloor

    It is least when the two bins share the probability in the ratio of their nearness, and is then
    the entropy of that, not 0. A target of C-1 is all of the last bin, where mmdetection fails.

    >>> losses.distribution_focal([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0.25, 2.0]).round(4).tolist()
    [0.667, 2.6967]
    """
    shifted, total = log_softmax_parts(logits)
    last = logits.shape[1] - 1
    low = np.clip(np.floor(target), 0, max(last - 1, 0)).astype(np.intp)
    share = target - low
    elements = np.where(share < 1.0, (1.0 - share) * (total - pick(shifted, low)), 0.0)
    higher = share * (total - pick(shifted, np.minimum(low + 1, last)))
    elements += np.where(share > 0.0, higher, 0.0)
    return elements


# --- losses that bear wrong or rare labels -------------------------------------------------------

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
    divisor=_target_weight,
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
    ignore_index: _IgnoreIndex = -100,
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
    labels, ignored = _labels(target, ignore_index)
    own = pick(log_p, labels)
    others = _put(np.exp(power * log_p), labels, 0.0)
    elements = (np.expm1(power * own) + sum_classes(others)) / power - _tempered_log(own, t1)
    # Rounding may leave less than 0 for a sure row.
    elements = np.maximum(elements, 0.0)
    if ignored is not None:
        elements[ignored] = 0.0
    return elements


@loss(
    aliases=("logit_norm", "logit_norm_loss", "LogitNormLoss"),
    divisor=_target_weight,
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
    ignore_index: _IgnoreIndex = -100,
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
    return _against(log_softmax_parts(unit / tau), target, ignore_index=ignore_index)


@loss(
    aliases=("ldam_loss", "LDAMLoss", "label_distribution_aware_margin"),
    divisor=_target_weight,
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
    weight: _Weight | None = None,
    ignore_index: _IgnoreIndex = -100,
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
    labels, _ = _labels(target, ignore_index)
    shares = np.ones(logits.shape[1]) if counts is None else counts.min() / counts
    margin = max_margin * shares**0.25
    lowered = _put(logits.copy(order="K"), labels, pick(logits, labels) - margin[labels])
    lowered *= scale
    return _against(log_softmax_parts(lowered), target, weight=weight, ignore_index=ignore_index)
