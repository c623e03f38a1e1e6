"""Robust regression: large residuals cost less than their square."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from losscli.domain import NON_NEGATIVE, POSITIVE, Array, Real, Weight
from losscli.numerics import minus_log1p
from losscli.spec import loss

_LOG2 = math.log(2.0)
# Its square is 2, so that a loss which is its square times f((error / it)²) halves the square.
_ROOT2 = math.sqrt(2.0)
# An alpha of Barron's loss this far from 0 is infinite, and this close to 0 is 0.
_HUGE_ALPHA, _TINY_ALPHA = 1e20, 1e-20


@loss(
    aliases=("huber_loss",),
    torch="torch.nn.HuberLoss",
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="residuals are mostly Gaussian with some outliers",
    avoid_when="the scale of a normal residual is unknown, since delta must be set to it",
    reference="Huber 1964, doi:10.1214/aoms/1177703732; torch.nn.HuberLoss",
)
def huber(
    prediction: Real,
    target: Real,
    weight: Weight | None = None,
    *,
    delta: Annotated[float, POSITIVE, "where quadratic turns linear, in the target's unit"] = 1.0,
) -> Array:
    r"""Quadratic within ``delta`` of the target, linear beyond.

    prediction, target, weight: (N, ...) -> (N, ...), in the target's unit squared. The mean divides
    by the number of elements, weighted or not (mse and mae divide by the sum of the weights).

    .. math:: \ell = w \cdot \begin{cases} (x - y)^2 / 2 & |x - y| \le \delta \\
              \delta\,(|x - y| - \delta / 2) & \text{otherwise} \end{cases}

    An error of exactly ``delta`` gives the same on both branches. The default of ``delta`` is 1 in
    PyTorch, keras and optax, 0.5 in scikit-learn's ``HuberLoss`` and 0.9 in LightGBM.

    >>> losses.huber([2.5, 0.0, 2.0], [3.0, -2.0, 2.0]).tolist()
    [0.125, 1.5, 0.0]
    """
    error = np.subtract(prediction, target)
    np.abs(error, out=error)
    quadratic = np.minimum(error, delta)
    # One expression for both branches: (e - q / 2) q with q = min(e, delta).
    linear = np.multiply(quadratic, 0.5)
    np.subtract(error, linear, out=error)
    np.multiply(error, quadratic, out=error)
    return error if weight is None else np.multiply(error, weight, out=error)


@loss(
    aliases=("smooth_l1_loss",),
    torch="torch.nn.SmoothL1Loss",
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="errors should count as in L1, with a smooth slope near zero: bounding boxes, rewards",
    avoid_when="outliers should not count at all, or the loss must be in squared units (huber)",
    reference="Girshick 2015, arXiv:1504.08083; torch.nn.SmoothL1Loss",
)
def smooth_l1(
    prediction: Real,
    target: Real,
    *,
    beta: Annotated[float, NON_NEGATIVE, "where quadratic turns linear; 0 is L1"] = 1.0,
) -> Array:
    r"""L1 with a quadratic bottom of width ``beta``.

    prediction, target: (N, ...) -> (N, ...), in the target's unit. The mean divides by the number
    of elements.

    .. math:: \ell = \begin{cases} (x - y)^2 / (2 \beta) & |x - y| < \beta \\
              |x - y| - \beta / 2 & \text{otherwise} \end{cases}

    It is ``huber(delta=beta) / beta``: its slope far away is 1 whatever ``beta`` is, and Huber's is
    ``delta``. With ``beta`` 0 it is exactly L1. Where the square of an error underflows, ours keeps
    the quotient and PyTorch gives 0.

    >>> losses.smooth_l1([2.5, 0.0, 2.0], [3.0, -2.0, 2.0], beta=0.5).tolist()
    [0.25, 1.75, 0.0]
    """
    error = np.subtract(prediction, target)
    np.abs(error, out=error)
    if beta == 0.0:
        return error
    share = np.minimum(error, beta)
    error -= 0.5 * share
    share /= beta
    return np.multiply(error, share, out=error)


@loss(
    aliases=("logcosh", "log_cosh_error"),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="Huber's behaviour is wanted with smooth curvature, as Newton steps like",
    avoid_when="the scale of a normal residual is unknown, since c must be set to it",
    reference="keras.losses.LogCosh; optax.losses.log_cosh; torchmetrics.LogCoshError",
)
def log_cosh(
    prediction: Real,
    target: Real,
    *,
    c: Annotated[float, POSITIVE, "where quadratic turns linear, in the target's unit"] = 1.0,
) -> Array:
    r"""Logarithm of the hyperbolic cosine: quadratic near the target, linear far away.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = c^2 \log\cosh\frac{x - y}{c}

    Near 0 it is half the square, far away :math:`c\,|x - y| - c^2 \log 2`. keras, optax,
    torchmetrics and CatBoost know ``c`` 1 only. Small errors keep their digits, where these give a
    multiple of 1e-16 or 0; torchmetrics overflows beyond 710.

    >>> losses.log_cosh([2.5, 0.0, 2.0], [3.0, -2.0, 2.0]).round(4).tolist()
    [0.1201, 1.325, 0.0]
    """
    size = np.abs(prediction - target)
    size /= c
    near = np.sinh(0.5 * np.minimum(size, 1.0))
    far = size - _LOG2 + np.log1p(np.exp(-2.0 * size))
    # cosh(u) - 1 is twice the square of sinh(u / 2).
    return c * c * np.where(size < 1.0, np.log1p(2.0 * near * near), far)


def _beyond(error: Array, c: float) -> Array:
    """The root of c² + error², less c. Nothing cancels or overflows."""
    size = np.abs(error)
    # fmin, since the share is 1 where the error is infinite.
    return size * np.fmin(size / (c + np.hypot(c, size)), 1.0)


@loss(
    aliases=(
        "pseudo_huber_loss", "reg:pseudohubererror", "mphe", "mean_pseudo_huber_error", "soft_l1",
    ),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="Huber's behaviour is wanted and every derivative must be continuous",
    avoid_when="the scale of a normal residual is unknown, since delta must be set to it",
    reference="scipy.special.pseudo_huber; XGBoost reg:pseudohubererror",
)  # fmt: skip
def pseudo_huber(
    prediction: Real,
    target: Real,
    *,
    delta: Annotated[float, POSITIVE, "where quadratic turns linear, in the target's unit"] = 1.0,
) -> Array:
    r"""A smooth Huber: a hyperbola, quadratic near the target and linear far away.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = \delta^2 \Bigl(\sqrt{1 + ((x - y) / \delta)^2} - 1\Bigr)

    Its slope far away is ``delta``, which XGBoost calls ``huber_slope``. SciPy's ``soft_l1`` is the
    same, with ``f_scale`` for ``delta``. charbonnier divides it by ``delta``. The difference does
    not cancel for small errors, nor the square overflow for huge ones.

    >>> losses.pseudo_huber([2.5, 0.0, 2.0], [3.0, -2.0, 2.0]).round(4).tolist()
    [0.118, 1.2361, 0.0]
    """
    return delta * _beyond(prediction - target, delta)


@loss(
    aliases=("charbonnier_loss", "l1_charbonnier"),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="images are restored or optical flow is estimated: L1 that is smooth at 0",
    avoid_when="errors below eps should still count in proportion (mae)",
    reference="Charbonnier et al. 1994, doi:10.1109/ICIP.1994.413553; "
    "kornia.losses.CharbonnierLoss",
)
def charbonnier(
    prediction: Real,
    target: Real,
    *,
    eps: Annotated[float, NON_NEGATIVE, "errors below it hardly count, in the target's unit"] = 1.0,
    subtract_eps: Annotated[bool, "no error costs 0; false: it costs eps"] = True,
) -> Array:
    r"""L1 with its corner rounded off.

    prediction, target: (N, ...) -> (N, ...), in the target's unit. The mean divides by the number
    of elements.

    .. math:: \ell = \sqrt{(x - y)^2 + \epsilon^2} - \epsilon

    The defaults are kornia's. Image restoration leaves out :math:`-\epsilon` and takes a small
    one: eps=0.001, subtract_eps=False. Some write ``eps`` for the square, so that their 1e-6 is our
    0.001. With ``eps`` 0 it is mae; pseudo-huber is ``delta`` times it.

    >>> losses.charbonnier([2.5, 0.0, 2.0], [3.0, -2.0, 2.0]).round(4).tolist()
    [0.118, 1.2361, 0.0]
    """
    error = prediction - target
    return _beyond(error, eps) if subtract_eps else np.hypot(error, eps)


@loss(
    aliases=("fair_loss",),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="LightGBM's or CatBoost's fair must be matched, or a slope that turns very gently",
    avoid_when="large residuals should reach their slope soon (huber, pseudo-huber)",
    reference="LightGBM fair; CatBoost FairLoss",
)
def fair(
    prediction: Real,
    target: Real,
    *,
    c: Annotated[float, POSITIVE, "the slope far away, in the target's unit"] = 1.0,
) -> Array:
    r"""Quadratic near the target; far away linear but for a logarithm.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = c^2 \left(\frac{|x - y|}{c} - \log\Bigl(1 + \frac{|x - y|}{c}\Bigr)\right)

    LightGBM calls the scale ``fair_c``, CatBoost ``smoothness``. A ``c`` of 1.4 residual standard
    deviations is the usual choice. Small errors keep their digits, where both libraries cancel.

    >>> losses.fair([2.5, 0.0, 2.0], [3.0, -2.0, 2.0]).round(4).tolist()
    [0.0945, 0.9014, 0.0]
    """
    size = np.abs(prediction - target)
    size /= c
    return c * c * minus_log1p(size)


@loss(
    aliases=("wing_loss",),
    minimum_when_equal=("prediction", "target"),
    use_when="facial landmarks are located: small and medium errors should weigh more than in L1",
    avoid_when="small errors are noise: the slope is steepest at 0",
    reference="Feng et al. 2018, arXiv:1711.06753; segmentation_models_pytorch wing_loss",
)
def wing(
    prediction: Real,
    target: Real,
    *,
    width: Annotated[float, POSITIVE, "where the logarithm turns into L1"] = 5.0,
    curvature: Annotated[float, POSITIVE, "errors below it are the steepest part"] = 0.5,
) -> Array:
    r"""A logarithm within ``width`` of the target, L1 beyond.

    prediction, target: (N, ...) -> (N, ...), in the target's unit, often pixels. The mean divides
    by the number of elements.

    .. math:: \ell = \begin{cases} w \log(1 + |x - y| / \epsilon) & |x - y| < w \\
              |x - y| - w + w \log(1 + w / \epsilon) & \text{otherwise} \end{cases}

    with :math:`w` the ``width`` and :math:`\epsilon` the ``curvature``. The names and defaults are
    those of segmentation-models-pytorch; the paper recommends width=10, curvature=2. An error of
    exactly ``width`` gives the same on both branches.

    >>> losses.wing([2.5, 0.0, 2.0], [3.0, -8.0, 2.0]).round(4).tolist()
    [3.4657, 14.9895, 0.0]
    """
    size = np.abs(prediction - target)
    within = np.minimum(size, width)
    size -= within
    within /= curvature
    return size + width * np.log1p(within, out=within)


def _log1p_square(x: Array) -> Array:
    """log(1 + x²) for any x, at least 0, whose square may overflow."""
    return np.where(x < 1e10, np.log1p(x * x), 2.0 * np.log(x))


@loss(
    aliases=("cauchy_loss", "lorentzian"),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="outliers are gross and common: the loss grows as the logarithm of the residual",
    avoid_when="the start is poor: it has local minima (huber first)",
    reference="Barron 2019, arXiv:1701.03077; kornia.losses.CauchyLoss; scipy.optimize",
)
def cauchy(
    prediction: Real,
    target: Real,
    *,
    c: Annotated[float, POSITIVE, "the residual beyond which pull falls; default root 2"] = _ROOT2,
) -> Array:
    r"""Quadratic near the target, logarithmic far away.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = \frac{c^2}{2} \log\Bigl(1 + \Bigl(\frac{x - y}{c}\Bigr)^2\Bigr)

    Near 0 it is half the square whatever ``c`` is. The default makes it kornia's
    :math:`\log(1 + (x - y)^2 / 2)`. SciPy's ``least_squares`` has ``f_scale`` 1 for ``c``, and
    statistics a ``c`` of 2.385 residual standard deviations. barron(alpha=0) has no unit: with its
    scale :math:`s`, it is this with :math:`c = s \sqrt 2`, divided by :math:`s^2`. Twice the loss
    over :math:`c^2` is the negative log-likelihood of a Cauchy distribution, but for a constant.

    >>> losses.cauchy([2.5, 0.0, 2.0], [3.0, -2.0, 2.0]).round(4).tolist()
    [0.1178, 1.0986, 0.0]
    """
    return 0.5 * c * c * _log1p_square(np.abs(prediction - target) / c)


@loss(
    aliases=("geman_mcclure_loss",),
    minimum_when_equal=("prediction", "target"),
    use_when="point clouds are registered: outliers are wrong matches and should hardly count",
    avoid_when="the start is poor: far residuals no longer pull (huber first)",
    reference="Barron 2019, arXiv:1701.03077; kornia.losses.GemanMcclureLoss",
)
def geman_mcclure(
    prediction: Real,
    target: Real,
    *,
    c: Annotated[float, POSITIVE, "the residual that costs half of the most there is"] = 2.0,
) -> Array:
    r"""Quadratic near the target, and never more than half of ``c`` squared.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = \frac{1}{2} \cdot \frac{(x - y)^2}{1 + ((x - y) / c)^2}

    Near 0 it is half the square whatever ``c`` is. The default makes it kornia's
    :math:`2 (x - y)^2 / ((x - y)^2 + 4)`; statistics has ``c`` 1. barron(alpha=-2) has no unit:
    with its scale :math:`s`, it is this with :math:`c = 2 s`, divided by :math:`s^2`.

    >>> losses.geman_mcclure([2.5, 0.0, 2.0], [3.0, -2.0, 2.0]).round(4).tolist()
    [0.1176, 1.0, 0.0]
    """
    size = np.abs(prediction - target)
    # 1 over the root of 1 + (c / error)², from 0 to 1: the square root of the share of the most.
    root = 1.0 / np.hypot(1.0, c / size)
    return 0.5 * c * c * root * root


@loss(
    aliases=("welsch_loss", "leclerc", "correntropy"),
    minimum_when_equal=("prediction", "target"),
    use_when="outliers carry no information at all and the loss should be smooth everywhere",
    avoid_when="the start is poor: far residuals no longer pull (huber first)",
    reference="Dennis and Welsch 1978, doi:10.1080/03610917808812083; kornia.losses.WelschLoss",
)
def welsch(
    prediction: Real,
    target: Real,
    *,
    c: Annotated[float, POSITIVE, "beyond twice it nothing changes; default root 2"] = _ROOT2,
) -> Array:
    r"""A Gaussian well: quadratic near the target, flat far away.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = \frac{c^2}{2} \left(1 - \exp\Bigl(-\Bigl(\frac{x - y}{c}\Bigr)^2\Bigr)\right)

    Near 0 it is half the square whatever ``c`` is, and never above half of ``c`` squared. The
    default makes it kornia's :math:`1 - \exp(-(x - y)^2 / 2)`. Statistics takes a ``c`` of 2.985
    residual standard deviations. barron(alpha=-inf) has no unit: with its scale :math:`s`, it is
    this with :math:`c = s \sqrt 2`, divided by :math:`s^2`.

    >>> losses.welsch([2.5, 0.0, 2.0], [3.0, -2.0, 2.0]).round(4).tolist()
    [0.1175, 0.8647, 0.0]
    """
    share = (prediction - target) / c
    return -0.5 * c * c * np.expm1(-share * share)


@loss(
    aliases=("general_robust_loss", "barron_general", "lossfun", "adaptive_robust_loss"),
    minimum_when_equal=("prediction", "target"),
    use_when="how robust to be is itself to be tuned: one parameter runs from squared to Welsch",
    avoid_when="the kind is settled: pseudo-huber, cauchy, geman-mcclure, welsch have a unit",
    reference="Barron 2019, arXiv:1701.03077",
)
def barron(
    prediction: Real,
    target: Real,
    *,
    alpha: Annotated[
        float, "2 squared, 1 pseudo-Huber, 0 Cauchy, -2 Geman-McClure, -inf Welsch"
    ] = 1.0,
    c: Annotated[float, POSITIVE, "where quadratic ends, in the target's unit"] = 1.0,
) -> Array:
    r"""The general robust loss, of which most others are special cases.

    prediction, target: (N, ...) -> (N, ...), without unit. The mean divides by the number of
    elements.

    .. math:: \ell = \frac{|\alpha - 2|}{\alpha} \left(\Bigl(\frac{z^2}{|\alpha - 2|} +
              1\Bigr)^{\alpha / 2} - 1\right), \qquad z = \frac{x - y}{c}

    It has its limits at :math:`\alpha` 2, :math:`z^2 / 2`; 0, :math:`\log(1 + z^2 / 2)`; -inf,
    :math:`1 - \exp(-z^2 / 2)`; and inf, :math:`\exp(z^2 / 2) - 1`. Near 0 it is :math:`z^2 / 2`
    for every :math:`\alpha`. The author's ``lossfun`` calls ``c`` ``scale``. Digits are kept for
    :math:`\alpha` close to a limit, where his code moves it away from there.

    >>> losses.barron([2.5, 0.0, 2.0], [3.0, -2.0, 2.0], alpha=-2).round(4).tolist()
    [0.1176, 1.0, 0.0]
    """
    z = np.abs(prediction - target)
    z /= c
    if alpha == 2.0:
        return z * (0.5 * z)
    if abs(alpha) < _TINY_ALPHA:
        return _log1p_square(z / _ROOT2)
    if abs(alpha) > _HUGE_ALPHA:
        sign = math.copysign(1.0, alpha)
        return sign * np.expm1(sign * 0.5 * z * z)
    gap = abs(alpha - 2.0)
    z /= math.sqrt(gap)
    exponent = 0.5 * alpha * _log1p_square(z)
    # Far out, the power itself is more exact than the exponential of a large exponent.
    far = (exponent > 1.0) & (z > 4.0)
    power = np.where(far, np.hypot(1.0, z) ** alpha - 1.0, np.expm1(exponent))
    return gap / alpha * power


@loss(
    aliases=("tukey", "biweight", "bisquare"),
    minimum_when_equal=("prediction", "target"),
    use_when="residuals beyond c are certainly wrong and should all cost the same",
    avoid_when="the start is poor: residuals beyond c do not pull at all (huber first)",
    reference="Beaton and Tukey 1974, doi:10.1080/00401706.1974.10489171; "
    "statsmodels.robust.norms.TukeyBiweight",
)
def tukey_biweight(
    prediction: Real,
    target: Real,
    *,
    c: Annotated[float, POSITIVE, "where the loss turns flat, in the target's unit"] = 4.685,
) -> Array:
    r"""Quadratic near the target and flat beyond ``c``.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = \frac{c^2}{6} \begin{cases} 1 - \bigl(1 - ((x - y) / c)^2\bigr)^3 &
              |x - y| \le c \\ 1 & \text{otherwise} \end{cases}

    Near 0 it is half the square. The default assumes residuals of standard deviation 1, for which
    it is 95 % as efficient as squares; multiply it by theirs.

    >>> losses.tukey_biweight([2.5, 0.0, 2.0], [3.0, -8.0, 2.0]).round(4).tolist()
    [0.1236, 3.6582, 0.0]
    """
    share = np.abs(prediction - target)
    share /= c
    np.minimum(share, 1.0, out=share)
    square = np.multiply(share, share, out=share)
    # 1 - (1 - s)³, multiplied out.
    return c * c / 6.0 * square * (3.0 - square * (3.0 - square))


def _outside_tube(prediction: Array, target: Array, epsilon: float) -> Array:
    """By how much an error exceeds ``epsilon``."""
    excess = np.abs(prediction - target)
    excess -= epsilon
    return np.maximum(excess, 0.0, out=excess)


@loss(
    aliases=("epsilon_insensitive_loss", "svr", "svr_loss"),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="errors within a tolerance do not matter: support vector regression",
    avoid_when="small errors matter, or none is ever below the tolerance (mae)",
    reference="sklearn.svm.SVR; sklearn.linear_model.SGDRegressor",
)
def epsilon_insensitive(
    prediction: Real,
    target: Real,
    *,
    epsilon: Annotated[float, NON_NEGATIVE, "errors up to it cost nothing"] = 0.1,
) -> Array:
    r"""Absolute error beyond a tolerance.

    prediction, target: (N, ...) -> (N, ...), in the target's unit. The mean divides by the number
    of elements.

    .. math:: \ell = \max(0,\, |x - y| - \epsilon)

    With ``epsilon`` 0 it is mae. The default is that of scikit-learn's SVR and SGDRegressor; its
    LinearSVR has 0.

    >>> losses.epsilon_insensitive([2.5, 0.0, 2.0], [3.0, -0.25, 2.0], epsilon=0.25).tolist()
    [0.25, 0.0, 0.0]
    """
    return _outside_tube(prediction, target, epsilon)


@loss(
    aliases=("squared_epsilon_insensitive_loss",),
    minimum_when_equal=("prediction", "target"),
    elicits="center",
    use_when="errors within a tolerance do not matter, and beyond it the loss should be smooth",
    avoid_when="a few outliers would dominate (epsilon-insensitive)",
    reference="sklearn.svm.LinearSVR; sklearn.linear_model.SGDRegressor",
)
def squared_epsilon_insensitive(
    prediction: Real,
    target: Real,
    *,
    epsilon: Annotated[float, NON_NEGATIVE, "errors up to it cost nothing"] = 0.1,
) -> Array:
    r"""Squared error beyond a tolerance.

    prediction, target: (N, ...) -> (N, ...), in the target's unit squared. The mean divides by the
    number of elements.

    .. math:: \ell = \max(0,\, |x - y| - \epsilon)^2

    With ``epsilon`` 0 it is mse. It is the square of epsilon-insensitive, not halved.

    >>> losses.squared_epsilon_insensitive([2.5, 2.0], [3.0, 2.0], epsilon=0.25).tolist()
    [0.0625, 0.0]
    """
    excess = _outside_tube(prediction, target, epsilon)
    return np.multiply(excess, excess, out=excess)


@loss(
    aliases=("berhu", "berhu_loss", "inverse_huber"),
    minimum_when_equal=("prediction", "target"),
    use_when="depth maps are predicted: large errors should cost more than in L1, small ones not",
    avoid_when="there are outliers: beyond c they enter squared (huber)",
    reference="Laina et al. 2016, arXiv:1606.00373",
)
def reverse_huber(
    prediction: Real,
    target: Real,
    *,
    c: Annotated[float, POSITIVE, "where linear turns quadratic, in the target's unit"] = 1.0,
) -> Array:
    r"""Linear within ``c`` of the target, quadratic beyond: Huber's two parts exchanged.

    prediction, target: (N, ...) -> (N, ...), in the target's unit. The mean divides by the number
    of elements.

    .. math:: \ell = \begin{cases} |x - y| & |x - y| \le c \\
              \bigl((x - y)^2 + c^2\bigr) / (2 c) & \text{otherwise} \end{cases}

    Laina et al. set ``c`` to a fifth of the largest error of the batch, so that a row's loss
    depends on the others; here it is a number that you give.

    >>> losses.reverse_huber([2.5, 0.0, 2.0], [3.0, -2.0, 2.0]).tolist()
    [0.5, 2.5, 0.0]
    """
    size = np.abs(prediction - target)
    excess = np.maximum(size - c, 0.0)
    # The second branch is |x - y| + (|x - y| - c)² / (2 c).
    size += excess * (excess / (2.0 * c))
    return size
