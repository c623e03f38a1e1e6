"""Cross-entropy with another shape of the cost: focal, polynomial, symmetric, truncated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np

from losscli.convention import Convention
from losscli.domain import (
    NON_NEGATIVE,
    Array,
    ClassIndex,
    ClassTarget,
    Interval,
    Logits,
    PredictedProbabilities,
)
from losscli.losses.multiclass.targets import (
    CLIP,
    KERAS_EPS,
    IgnoreIndex,
    Smoothing,
    Weight,
    clipped,
    clipped_parts,
    cost_against,
    target_weight,
)
from losscli.numerics import log_softmax_parts, pick
from losscli.spec import loss


def _focused(gamma: float) -> Callable[[Array], Array]:
    """The cost c of a class times (1 - p)^gamma, with p = exp(-c) its probability."""
    return lambda cost: cost * (-np.expm1(-cost)) ** gamma


@loss(
    aliases=("CategoricalFocalCrossentropy",),
    weighing=target_weight,
    # With an eps of 0 nothing bounds a sure mistake.
    finite=False,
    conventions={"keras": Convention(), "exact": Convention(eps=0.0)},
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
    weight: Weight | None = None,
    eps: Annotated[float, CLIP, "keeps a probability within [eps, 1 - eps]"] = KERAS_EPS,
    label_smoothing: Smoothing = 0.0,
) -> Array:
    r"""Log-loss that all but ignores what is already answered well.

    prediction: probabilities (N, C, ...); target: class indices (N, ...) or class probabilities
    (N, C, ...) -> (N, ...), in nats. The mean divides by the number of targets, weighted or not.

    .. math:: \ell = -\alpha \sum_c w_c\,q_c\,(1 - p_c)^\gamma \log p_c, \qquad
              q_c = (1 - s)\,y_c + s / C

    with :math:`s` the label smoothing, and :math:`p` divided by the sum of its row, then clipped to
    [eps, 1 - eps].

    All this is as in keras. Where it takes a list for ``alpha``, give that as ``weight`` and
    alpha=1. Its ``from_logits`` is softmax-focal, which has both parameters. SMP's FocalLoss of
    mode multiclass is another loss, focal of each class against the rest.

    >>> losses.categorical_focal([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]], [0, 2]).round(4).tolist()
    [0.008, 0.1949]
    """
    elements = cost_against(
        clipped_parts(prediction, eps, renormalize=True),
        target,
        weight=weight,
        label_smoothing=label_smoothing,
        reshape=_focused(gamma),
        nothing_is_free=eps == 0.0,
    )
    return np.multiply(elements, alpha, out=elements)


@loss(
    aliases=("softmax_focal_loss", "softmax_focal_loss_with_logits", "multiclass_focal"),
    divisor=target_weight,
    conventions={"keras": Convention(alpha=0.25, eps=KERAS_EPS)},
    use_when="easy samples drown the hard ones among several classes, and the model gives logits",
    avoid_when="each class is a yes-or-no question (focal), or labels are noisy",
    reference="Lin et al. 2017, arXiv:1708.02002; kornia.losses.FocalLoss, monai.losses.FocalLoss",
)
def softmax_focal(
    logits: Logits,
    target: ClassTarget,
    *,
    gamma: Annotated[float, NON_NEGATIVE, "how quickly the weight of an easy answer falls"] = 2.0,
    weight: Weight | None = None,
    ignore_index: IgnoreIndex = -100,
    alpha: Annotated[float, NON_NEGATIVE, "a factor of every class"] = 1.0,
    eps: Annotated[float, CLIP, "keeps a probability within [eps, 1 - eps]"] = 0.0,
) -> Array:
    r"""Cross-entropy that all but ignores what is already answered well.

    logits: (N, C, ...); target: class indices (N, ...) or class probabilities (N, C, ...)
    -> (N, ...), in nats. The mean divides by the sum of the targets' weights over those not
    ignored; for class probabilities by the number of targets.

    .. math:: \ell = -\alpha \sum_c w_c\,y_c\,(1 - p_c)^\gamma \log p_c, \qquad
              p = \operatorname{softmax}(x)

    With ``gamma`` 0 and ``alpha`` 1 it is cross-entropy. keras's ``CategoricalFocalCrossentropy``
    with ``from_logits`` has an ``alpha`` of 0.25, and clips p with an ``eps`` of 1e-7. The
    ``alpha`` of kornia and MONAI is another: weight :math:`1 - \alpha` for class 0 and
    :math:`\alpha` for all others. Their means divide by the number of targets times that of
    classes, kornia's with the ignored ones. Sure and right answers keep their digits, where
    :math:`1 - p` of the other libraries rounds to 0.

    >>> losses.softmax_focal([[2.0, 1.0, 0.1], [0.5, 2.5, 0.0]], [0, 2]).round(4).tolist()
    [0.0485, 2.3453]
    """
    parts = log_softmax_parts(logits)
    elements = cost_against(
        parts if eps == 0.0 else clipped(parts, eps),
        target,
        weight=weight,
        ignore_index=ignore_index,
        reshape=_focused(gamma),
    )
    return elements if alpha == 1.0 else np.multiply(elements, alpha, out=elements)


@loss(
    aliases=("poly_loss", "poly_loss_cross_entropy", "poly1"),
    divisor=target_weight,
    use_when="cross-entropy works, and one number to tune may gain a little more",
    avoid_when="there is no time to tune epsilon, or the value must be a likelihood",
    reference="Leng et al. 2022, arXiv:2204.12511; optax.losses.poly_loss_cross_entropy",
)
def poly_cross_entropy(
    logits: Logits,
    target: ClassTarget,
    *,
    epsilon: Annotated[float, Interval(low=-1.0), "how much 1 - p counts beside -log p"] = 2.0,
    ignore_index: IgnoreIndex = -100,
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

    return cost_against(
        log_softmax_parts(logits), target, ignore_index=ignore_index, reshape=reshape
    )


@loss(
    aliases=("taylor_ce", "tce"),
    divisor=target_weight,
    use_when="labels are noisy: a wrong one costs a bounded amount, which order sets",
    avoid_when="labels are clean (cross-entropy), or calibrated probabilities are wanted",
    reference="Feng et al. 2020, doi:10.24963/ijcai.2020/305",
)
def taylor_cross_entropy(
    logits: Logits,
    target: ClassIndex,
    *,
    order: Annotated[int, Interval(low=1), "how many terms of the series of -log p"] = 2,
    ignore_index: IgnoreIndex = -100,
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

    return cost_against(
        log_softmax_parts(logits), target, ignore_index=ignore_index, reshape=reshape
    )


@loss(
    aliases=("sce", "sce_loss", "symmetric_learning"),
    divisor=target_weight,
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
    ignore_index: IgnoreIndex = -100,
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

    return cost_against(
        log_softmax_parts(logits), target, ignore_index=ignore_index, reshape=reshape
    )


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
