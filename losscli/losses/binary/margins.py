"""Margins: how far is a score on the right side?"""

from __future__ import annotations

import numpy as np

from losscli.domain import Array, Real, Sign
from losscli.spec import loss


def _shortfall(prediction: Array, target: Array) -> Array:
    """How far a score is from being on the right side by 1."""
    short = np.multiply(target, prediction)
    np.subtract(1.0, short, out=short)
    return np.maximum(short, 0.0, out=short)


@loss(
    aliases=("hinge_loss", "binary_hinge_loss", "binary:hinge", "hinge_gan"),
    use_when="a support vector machine or another classifier by margins is to be judged",
    avoid_when="probabilities are wanted, or a smooth loss (soft-margin)",
    reference="Cortes and Vapnik 1995, doi:10.1007/BF00994018; sklearn.metrics.hinge_loss",
)
def hinge(prediction: Real, target: Sign) -> Array:
    r"""How far a score is from being on the right side by a margin of 1.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores. The
    mean divides by the number of elements.

    .. math:: \ell = \max(0, 1 - y x)

    Labels are 1 and -1, as in optax. keras takes 0 and 1 as well, if all labels are one of them;
    scikit-learn makes the smaller of two labels -1; XGBoost and CatBoost take 0 and 1. torchmetrics
    takes the sigmoid of all scores first if one is not in [0, 1], which is another loss. The
    discriminator of a hinge GAN has target 1 for real and -1 for made-up samples; the generator's
    loss is wgan.

    >>> losses.hinge([2.0, 0.5, 0.5], [1, 1, -1]).round(4).tolist()
    [0.0, 0.5, 1.5]
    """
    return _shortfall(prediction, target)


@loss(
    aliases=("squared_hinge_loss",),
    use_when="as hinge, and points deep on the wrong side should cost more than in proportion",
    avoid_when="some labels are wrong: their cost grows as a square (modified-huber, hinge)",
    reference="keras.losses.SquaredHinge; sklearn.svm.LinearSVC",
)
def squared_hinge(prediction: Real, target: Sign) -> Array:
    r"""Square of how far a score is from being on the right side by a margin of 1.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores squared. The
    mean divides by the number of elements.

    .. math:: \ell = \max(0, 1 - y x)^2

    Labels are 1 and -1; see hinge for what other libraries make of 0 and 1. torchmetrics has it as
    ``hinge_loss`` with ``squared``.

    >>> losses.squared_hinge([2.0, 0.5, 0.5], [1, 1, -1]).round(4).tolist()
    [0.0, 0.25, 2.25]
    """
    short = _shortfall(prediction, target)
    return np.multiply(short, short, out=short)


def _rounded_hinge(prediction: Array, target: Array, scale: float) -> Array:
    """Square of the shortfall up to 2, going on as a line, times ``scale``."""
    short = _shortfall(prediction, target)
    # One expression for both: 2 (s - q / 2) q with q = min(s, 2).
    bend = np.minimum(short, 2.0)
    short -= 0.5 * bend
    bend *= 2.0 * scale
    return np.multiply(short, bend, out=short)


@loss(
    aliases=("modified_huber_loss",),
    use_when="as squared-hinge, and some labels are wrong: far away it grows as a line",
    avoid_when="probabilities are wanted from a well-specified model (bce-with-logits)",
    reference="Zhang 2004, doi:10.1214/aos/1079120130; sklearn.linear_model.SGDClassifier",
)
def modified_huber(prediction: Real, target: Sign) -> Array:
    r"""Squared hinge that goes on as a straight line from a margin of -1.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores squared. The
    mean divides by the number of elements.

    .. math:: \ell = \begin{cases} \max(0, 1 - y x)^2 & y x \ge -1 \\
              -4\,y x & \text{otherwise} \end{cases}

    It is four times binary-sparsemax.

    >>> losses.modified_huber([2.0, 0.5, -3.0], [1, 1, 1]).round(4).tolist()
    [0.0, 0.25, 12.0]
    """
    return _rounded_hinge(prediction, target, 1.0)


@loss(
    aliases=("sparsemax_loss", "binary_sparsemax_loss"),
    use_when="the model maps scores to probabilities by a line clipped to [0, 1], so to exact noes",
    avoid_when="probabilities come from a sigmoid (bce-with-logits)",
    reference="Martins and Astudillo 2016, arXiv:1602.02068; optax.losses.sparsemax_loss",
)
def binary_sparsemax(prediction: Real, target: Sign) -> Array:
    r"""Sparse counterpart of the logistic loss: 0 from a margin of 1 on.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores. The
    mean divides by the number of elements.

    .. math:: \ell = \begin{cases} \max(0, 1 - y x)^2 / 4 & y x \ge -1 \\
              -y x & \text{otherwise} \end{cases}

    It is the sparsemax loss of two classes with the scores x and 0, and a quarter of
    modified-huber. optax takes labels 0 and 1.

    >>> losses.binary_sparsemax([2.0, 0.5, -3.0], [1, 1, 1]).round(4).tolist()
    [0.0, 0.0625, 3.0]
    """
    return _rounded_hinge(prediction, target, 0.25)


@loss(
    aliases=("perceptron_loss", "binary_perceptron_loss"),
    use_when="only the side of a score matters, and by how much it is wrong",
    avoid_when="a model could make all scores 0, which costs nothing: hinge asks for a margin",
    reference="Rosenblatt 1958, doi:10.1037/h0042519; optax.losses.perceptron_loss",
)
def perceptron(prediction: Real, target: Sign) -> Array:
    r"""How far a score is on the wrong side.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores. The
    mean divides by the number of elements.

    .. math:: \ell = \max(0, -y x)

    >>> losses.perceptron([2.0, 0.5, -3.0], [1, -1, 1]).round(4).tolist()
    [0.0, 0.5, 3.0]
    """
    wrong = np.multiply(target, prediction)
    np.subtract(0.0, wrong, out=wrong)
    return np.maximum(wrong, 0.0, out=wrong)


@loss(
    aliases=("exponential_loss", "adaboost_loss"),
    use_when="a boosted ensemble that minimises it is to be judged, such as AdaBoost",
    avoid_when="some labels are wrong: one confident mistake outweighs all else (soft-margin)",
    reference="Freund and Schapire 1997, doi:10.1006/jcss.1997.1504; "
    "sklearn.ensemble.GradientBoostingClassifier",
)
def exponential(prediction: Real, target: Sign) -> Array:
    r"""Exponential of how far a score is on the wrong side.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...). The mean divides by the number of
    elements.

    .. math:: \ell = e^{-y x}

    The score that minimises its mean is half the logit of the probability of yes. It overflows to
    inf beyond 709. scikit-learn takes labels 0 and 1.

    >>> losses.exponential([0.0, 1.0, -2.0], [1, 1, 1]).round(4).tolist()
    [1.0, 0.3679, 7.3891]
    """
    wrong = np.multiply(target, prediction)
    np.negative(wrong, out=wrong)
    return np.exp(wrong, out=wrong)


@loss(
    aliases=(
        "wgan_loss", "critic_loss", "wasserstein_discriminator_loss", "wasserstein_generator_loss",
    ),
    non_negative=False,
    use_when="the scores of a Wasserstein critic are given, or what a hinge GAN's generator gets",
    avoid_when="scores are not bounded by a constraint: it falls without end as they grow",
    reference="Arjovsky et al. 2017, arXiv:1701.07875",
)  # fmt: skip
def wgan(prediction: Real, target: Sign) -> Array:
    r"""Minus the score of what should score high, the score of what should score low.

    prediction, target: (N, ...), target 1 or -1 -> (N, ...), in the unit of the scores. The
    mean divides by the number of elements.

    .. math:: \ell = -y x

    The critic has target 1 for real and -1 for made-up samples, the generator 1 for its own. Of as
    many real as made-up samples, minus twice the mean estimates the Wasserstein distance. Other
    GANs: bce-with-logits, hinge; least squares is half of mse.

    >>> losses.wgan([2.0, -1.0, 0.5], [1, 1, -1]).round(4).tolist()
    [-2.0, 1.0, 0.5]
    """
    elements = np.multiply(target, prediction)
    return np.subtract(0.0, elements, out=elements)
