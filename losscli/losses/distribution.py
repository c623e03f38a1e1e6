"""Distributions: how different is one from another?"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from losscli.convention import Convention
from losscli.domain import (
    POSITIVE,
    Array,
    Distribution,
    Interval,
    LogProbability,
    LogTarget,
    NonNegativeReal,
    Real,
    Samples,
    TargetSamples,
)
from losscli.numerics import even_out, log_ratio, minus_log1p, norm
from losscli.spec import loss

# Within this of 1, the logarithm of a sum is taken from what it has beyond 1.
_ALIKE = 0.5
# Rows with a smaller sum are looked at, and enlarged where their sum must not divide.
_LEAST_TOTAL = 1e-130
# It stands for the logarithm of infinity, lest infinities cancel.
_GREATEST_LOG = 2000.0


def _sum(terms: Array) -> Array:
    """The sum of each row."""
    total: Array = np.add.reduce(np.ascontiguousarray(terms), axis=1)
    return total


def _matched(prediction: Array, target: Array, normalize: bool = True) -> tuple[Array, ...]:
    """The prediction, the target with the same sum, and that sum, which divides a divergence.

    Dividing both rows instead would round both: this keeps the digits of close distributions. It is
    the target that is rounded, since a prediction must not underflow to 0. Rows that are not to be
    normalised stay as they are, and 1 divides.
    """
    if not normalize:
        return prediction, target, np.ones(len(target))
    if min(_sum(prediction).min(initial=1.0), _sum(target).min(initial=1.0)) < _LEAST_TOTAL:
        prediction, target = even_out(prediction)[0], even_out(target)[0]
    total = _sum(prediction)
    share = total / _sum(target)
    return prediction, target * share[:, np.newaxis], total


def _excess(x: Array, y: Array) -> Array:
    """x log(x / y) - x + y, never below 0, which keeps its digits where x and y are close.

    Of masses with the same sum these add up to the Kullback-Leibler divergence.
    """
    gap = y - x
    far = x * log_ratio(x, y)
    far[x == 0.0] = 0.0
    far += gap
    return np.where(2.0 * np.abs(gap) < x, x * minus_log1p(gap / x), far)


def _root_gap(x: Array, y: Array) -> Array:
    """√x - √y, which keeps its digits where x and y are close."""
    roots = np.sqrt(x) + np.sqrt(y)
    gap = x - y
    np.divide(gap, roots, out=gap, where=roots != 0.0)
    return gap


@loss(
    aliases=("kl", "kl_divergence_with_log_targets"),
    torch="torch.nn.KLDivLoss",
    reductions=("mean", "batchmean", "sum", "none"),
    # An element may be; the sum over a distribution is not.
    non_negative=False,
    use_when="a whole distribution is the target: distillation, soft labels, variational inference",
    avoid_when="both are probabilities (kl-divergence), the target is a class (cross-entropy), or "
    "some predicted probability is 0 (jensen-shannon)",
    reference="Kullback and Leibler 1951, doi:10.1214/aoms/1177729694; torch.nn.KLDivLoss",
)
def kl_div(
    log_probs: LogProbability,
    target: LogTarget,
    *,
    log_target: Annotated[bool, "the target holds log-probabilities too"] = False,
) -> Array:
    r"""What the target distribution costs when coded for the predicted one, outcome by outcome.

    log_probs: log-probabilities (N, ...); target: probabilities (N, ...), with ``log_target`` their
    logarithms -> (N, ...), in nats. One element is no divergence and may be negative: a row's
    elements sum to it. ``batchmean`` divides that sum by the number of rows and is the divergence;
    PyTorch's default ``mean`` divides by the number of elements.

    .. math:: \ell = y\,(\log y - x), \qquad \text{with log\_target}\quad \ell = e^y\,(y - x)

    The prediction comes first and as a logarithm, as in PyTorch. optax's ``kl_divergence`` takes
    the same and returns the sums of the rows, whose mean is ``batchmean`` here. keras and
    torchmetrics take two distributions and sum too (kl-divergence). A target of 0 costs 0, but NaN
    against a log-probability of -inf, and a log-target of -inf always gives NaN, as in PyTorch.

    >>> losses.kl_div([[-0.5, -1.0]], [[0.75, 0.25]]).round(4).tolist()
    [[0.1592, -0.0966]]
    """
    if log_target:
        elements = np.subtract(target, log_probs)
        elements *= np.exp(target)
        return elements
    elements = np.log(target)
    elements -= log_probs
    elements *= target
    zero = target == 0.0
    if zero.any():
        elements[zero] = 0.0 - 0.0 * log_probs[zero]
    return elements


@loss(
    aliases=("kullback_leibler_divergence", "relative_entropy"),
    # Rows that do not sum to 1, and are not made to, may cost less than 0.
    non_negative=False,
    conventions={"keras": Convention(normalize=False, clip=1e-7), "exact": Convention(clip=0.0)},
    use_when="both distributions are given as probabilities, a row each",
    avoid_when="the model gives logarithms (kl-div), or a predicted 0 would make it infinite "
    "(jensen-shannon)",
    reference="Kullback and Leibler 1951, doi:10.1214/aoms/1177729694; keras.losses.KLDivergence",
)
def kl_divergence(
    prediction: Distribution,
    target: Distribution,
    *,
    normalize: Annotated[bool, "divide each row by its sum first; keras does not"] = True,
    clip: Annotated[
        float, Interval(0.0, 1.0, high_open=True), "least probability; keras 1e-7"
    ] = 0.0,
) -> Array:
    r"""What the target distribution costs when coded for the predicted one.

    prediction, target: (N, D) -> (N,), in nats. The mean divides by the number of rows.

    .. math:: \ell = \sum_d y_d \log \frac{y_d}{x_d}

    An outcome of target 0 costs nothing, and a predicted 0 where the target is not 0 costs inf. The
    default is that of torchmetrics and scipy's ``entropy``, which take the target first. keras is
    ``normalize=False, clip=1e-7``, with which a row may come out below 0. On (N, D) the mean is the
    ``batchmean`` of kl-div. Nearly equal distributions keep their digits. A row of zeros gives NaN.

    >>> losses.kl_divergence([[0.5, 0.5]], [[0.75, 0.25]]).round(4).tolist()
    [0.1308]
    """
    x, y, total = _matched(np.maximum(prediction, clip), np.maximum(target, clip), normalize)
    divergence = _sum(_excess(y, x))
    # With the same sum the rest is 0.
    return divergence / total if normalize else divergence + _sum(y - x)


@loss(
    aliases=("generalized_kl_divergence", "convex_kl_divergence", "i_divergence"),
    reductions=("mean", "batchmean", "sum", "none"),
    use_when="masses that need not sum to 1 are compared: spectra, counts, unnormalised measures",
    avoid_when="both are distributions (kl-divergence)",
    reference="Bregman 1967, doi:10.1016/0041-5553(67)90040-7; optax.generalized_kl_divergence",
)
def generalized_kl_div(log_prediction: Real, target: NonNegativeReal) -> Array:
    r"""Kullback-Leibler divergence of masses that need not sum to 1; at least 0 everywhere.

    log_prediction: the logarithm of the predicted mass (N, ...); target: the mass (N, ...)
    -> (N, ...), in the target's unit. The mean divides by the number of elements, ``batchmean`` by
    the number of rows, as the mean of optax does, whose losses are the sums of rows.

    .. math:: \ell = y\,(\log y - x) - y + e^x

    Where rows sum to 1 it sums to kl-div. It is half the Poisson deviance, and what scikit-learn's
    ``NMF`` calls kullback-leibler and scipy ``kl_div``, which take the mass rather than its
    logarithm. Close masses keep their digits. A predicted mass of 0 (-inf) costs inf unless the
    target is 0.

    >>> losses.generalized_kl_div([[0.0, 1.0]], [[2.0, 0.0]]).round(4).tolist()
    [[0.3863, 2.7183]]
    """
    mass, log_gap = np.exp(log_prediction), log_prediction - np.log(target)
    near = target * minus_log1p(np.expm1(log_gap))
    far = target * (1.0 + np.minimum(log_gap, _GREATEST_LOG))
    far[target == 0.0] = 0.0
    return np.where(np.abs(log_gap) < 0.5, near, mass - far)


@loss(
    aliases=("jensen_shannon_divergence", "js_div_loss_2d", "js_divergence", "jsd"),
    minimum_when_equal=("prediction", "target"),
    use_when="two distributions are compared on equal terms and zeros must not cost infinity",
    avoid_when="outcomes are ordered, and a near miss should cost less (wasserstein)",
    reference="Lin 1991, doi:10.1109/18.61115; torchmetrics, scipy.spatial.distance.jensenshannon",
)
def jensen_shannon(
    prediction: Distribution,
    target: Distribution,
    *,
    normalize: Annotated[bool, "divide each row by its sum first"] = True,
    sqrt: Annotated[bool, "take the root, which is a distance"] = False,
    base: Annotated[float, Interval(low=1.0, low_open=True), "of the logarithm; None is e"]
    | None = None,
) -> Array:
    r"""How much two distributions diverge from their average.

    prediction, target: (N, D) -> (N,), in nats, at most log 2; with ``base`` 2 in bits, at most 1.
    The mean divides by the number of rows.

    .. math:: \ell = \tfrac12 \sum_d x_d \log \frac{x_d}{m_d} + \tfrac12 \sum_d y_d \log
              \frac{y_d}{m_d}, \qquad m = \tfrac12 (x + y)

    It is symmetric and finite. scipy's ``jensenshannon`` is the root (``sqrt=True``), in the same
    nats. torchmetrics and kornia give the divergence; where torchmetrics is handed logarithms, it
    is right to 1e-8 only. Nearly equal distributions keep their digits. A row of zeros gives NaN.

    >>> losses.jensen_shannon([[0.5, 0.5], [1.0, 0.0]], [[0.75, 0.25], [0.0, 1.0]], base=2)
    array([0.04879494, 1.        ])
    """
    x, y, total = _matched(prediction, target, normalize)
    middle = 0.5 * (x + y)
    divergence = 0.5 * _sum(_excess(x, middle) + _excess(y, middle)) / total
    if base is not None:
        divergence /= math.log(base)
    return np.sqrt(divergence) if sqrt else divergence


@loss(
    aliases=("hellinger_distance",),
    minimum_when_equal=("prediction", "target"),
    use_when="a distance between distributions is wanted that is bounded and sees small "
    "probabilities",
    avoid_when="outcomes are ordered (wasserstein), or rare outcomes should not count much "
    "(total-variation)",
    reference="Hellinger 1909, doi:10.1515/crll.1909.136.210",
)
def hellinger(
    prediction: Distribution,
    target: Distribution,
    *,
    normalize: Annotated[bool, "divide each row by its sum first"] = True,
    squared: Annotated[bool, "leave out the root: 1 less the affinity"] = False,
) -> Array:
    r"""Distance between the roots of two distributions.

    prediction, target: (N, D) -> (N,), without unit, in [0, 1]. The mean divides by the number of
    rows.

    .. math:: \ell = \sqrt{\tfrac12 \sum_d (\sqrt{x_d} - \sqrt{y_d})^2}
                   = \sqrt{1 - \sum_d \sqrt{x_d y_d}}

    The factor 1/2 bounds it by 1; some texts leave it out, and theirs is :math:`\sqrt2` times as
    large. Nearly equal distributions keep their digits. A row of zeros gives NaN.

    >>> losses.hellinger([[0.5, 0.5], [1.0, 0.0]], [[0.75, 0.25], [0.0, 1.0]]).round(4).tolist()
    [0.1846, 1.0]
    """
    x, y, total = _matched(prediction, target, normalize)
    gap = _root_gap(x, y)
    halved = 0.5 * _sum(gap * gap) / total
    return halved if squared else np.sqrt(halved, out=halved)


@loss(
    aliases=("bhattacharyya_distance",),
    minimum_when_equal=("prediction", "target"),
    use_when="overlap of two distributions is to be turned into a cost that adds up over factors",
    avoid_when="they may not overlap at all, which costs infinity (hellinger)",
    reference="Bhattacharyya 1943; Kailath 1967, doi:10.1109/TCOM.1967.1089532",
)
def bhattacharyya(prediction: Distribution, target: Distribution) -> Array:
    r"""Negative logarithm of the affinity of two distributions.

    prediction, target: (N, D), each row divided by its sum first -> (N,), in nats. The mean divides
    by the number of rows.

    .. math:: \ell = -\log \sum_d \sqrt{x_d\,y_d}

    It is half the Rényi divergence of order 1/2 and :math:`-\log(1 - H^2)` of the Hellinger
    distance. Distributions without a common outcome cost inf. OpenCV's ``HISTCMP_BHATTACHARYYA`` is
    the Hellinger distance. Nearly equal distributions keep their digits.

    >>> losses.bhattacharyya([[0.5, 0.5]], [[0.75, 0.25]]).round(4).tolist()
    [0.0347]
    """
    x, y, total = _matched(prediction, target)
    gap = _root_gap(x, y)
    missing = 0.5 * _sum(gap * gap) / total
    affinity = _sum(np.sqrt(x) * np.sqrt(y)) / total
    logarithm = np.where(missing < _ALIKE, np.log1p(-missing), np.log(affinity))
    return np.subtract(0.0, logarithm)


@loss(
    aliases=("tvd", "total_variation_distance", "statistical_distance"),
    minimum_when_equal=("prediction", "target"),
    use_when="the answer should read as a share: how much probability is in the wrong place",
    avoid_when="outcomes are ordered, and a near miss should cost less (wasserstein)",
    reference="scipy.spatial.distance.cityblock, halved",
)
def total_variation(
    prediction: Distribution,
    target: Distribution,
    *,
    normalize: Annotated[bool, "divide each row by its sum first"] = True,
) -> Array:
    r"""How much probability would have to move to make two distributions equal.

    prediction, target: (N, D) -> (N,), a share in [0, 1]. The mean divides by the number of rows.

    .. math:: \ell = \tfrac12 \sum_d |x_d - y_d|

    It is the largest difference in the probability of any event. Some texts leave out the 1/2. The
    total variation that smooths images is something else. A row of zeros gives NaN.

    >>> losses.total_variation([[0.5, 0.5]], [[0.75, 0.25]]).tolist()
    [0.25]
    """
    x, y, total = _matched(prediction, target, normalize)
    return 0.5 * _sum(np.abs(x - y)) / total


@loss(
    aliases=(
        "chi2",
        "chi_squared",
        "chi_square_distance",
        "additive_chi2",
        "triangular_discrimination",
    ),
    minimum_when_equal=("prediction", "target"),
    use_when="histograms are compared and a difference weighs more where little was expected",
    avoid_when="a test of counts is wanted, with its p-value, or outcomes are ordered "
    "(wasserstein)",
    reference="sklearn.metrics.pairwise.additive_chi2_kernel; scipy.stats.chisquare",
)
def chi_square(
    prediction: Distribution,
    target: Distribution,
    *,
    kind: Annotated[
        Literal["symmetric", "pearson", "neyman"],
        "divide by the sum of the two, by the prediction, or by the target",
    ] = "symmetric",
    factor: Annotated[float, POSITIVE, "of the sum: 0.5 bounds symmetric by 1; OpenCV 2"] = 1.0,
    normalize: Annotated[bool, "divide each row by its sum first"] = True,
    eps: Annotated[float, POSITIVE, "least divisor of pearson and neyman"] = 1e-7,
) -> Array:
    r"""Squared differences, each relative to the probability at its place.

    prediction, target: (N, D) -> (N,), without unit. The mean divides by the number of rows.

    .. math:: \ell = f \sum_d \frac{(x_d - y_d)^2}{c_d}, \qquad
              c = x + y, \quad \max(x, \epsilon) \quad \text{or} \quad \max(y, \epsilon)

    ``symmetric`` divides by :math:`x + y` and is at most :math:`2f`; it is minus scikit-learn's
    ``additive_chi2_kernel``, and with ``factor=2`` OpenCV's ``HISTCMP_CHISQR_ALT``, on
    distributions. ``pearson`` divides by the predicted probability; n times it is the statistic of
    scipy's ``chisquare`` for n observations. ``neyman`` divides by the observed one. Where that is
    below ``eps`` it counts as ``eps``, lest a 0 cost infinity; OpenCV leaves such terms out.

    >>> losses.chi_square([[0.5, 0.5]], [[0.75, 0.25]], kind="pearson").tolist()
    [0.25]
    """
    x, y, total = _matched(prediction, target, normalize)
    gap = x - y
    if kind == "symmetric":
        both = x + y
        # The square itself would underflow where both are tiny.
        share = np.divide(gap, both, out=gap.copy(), where=both != 0.0)
    else:
        least = eps * total[:, np.newaxis]
        share = gap / np.maximum(x if kind == "pearson" else y, least)
    return factor / total * _sum(share * gap)


@loss(
    aliases=("renyi_divergence", "alpha_renyi"),
    minimum_when_equal=("prediction", "target"),
    use_when="how much the worst outcomes count should be set: more with a greater alpha",
    avoid_when="there is no reason to choose an order (kl-divergence, jensen-shannon)",
    reference="van Erven and Harremoës 2014, arXiv:1206.2459",
)
def renyi(
    prediction: Distribution,
    target: Distribution,
    *,
    alpha: Annotated[
        float, POSITIVE, "the order; 1 is Kullback-Leibler, inf the worst outcome"
    ] = 2.0,
) -> Array:
    r"""Rényi divergence of the target from the prediction.

    prediction, target: (N, D), each row divided by its sum first -> (N,), in nats. The mean divides
    by the number of rows.

    .. math:: \ell = \frac{1}{\alpha - 1} \log \sum_d y_d^\alpha\,x_d^{1 - \alpha}

    It grows with ``alpha``: 0.5 is twice Bhattacharyya's distance and the only symmetric one, 1 is
    kl-divergence, 2 the logarithm of 1 + Pearson's chi-square, inf the logarithm of the largest
    ratio :math:`y_d / x_d`. From 1 on a predicted 0 where the target is not 0 costs inf; below 1
    only distributions without a common outcome do.

    >>> losses.renyi([[0.5, 0.5]] * 3, [[0.75, 0.25]] * 3, alpha=2.0).round(4).tolist()
    [0.2231, 0.2231, 0.2231]
    """
    x, y, total = _matched(prediction, target)
    if alpha == 1.0:
        return _sum(_excess(y, x)) / total
    ratio = log_ratio(y, x)
    power = ratio if alpha == math.inf else (alpha - 1.0) * ratio
    power[y == 0.0] = -math.inf
    top: Array = power.max(axis=1)
    if alpha == math.inf:
        return np.where(total > 0.0, np.maximum(top, 0.0), np.nan)
    # Σ y exp(power) / total is 1 + beyond. What is taken off its terms sums to 0.
    beyond = _sum(y * np.expm1(power) - (alpha - 1.0) * (y - x)) / total
    shifted = power - np.where(np.isfinite(top), top, 0.0)[:, np.newaxis]
    whole = top + np.log(_sum(y * np.exp(shifted)) / total)
    logarithm = np.where(np.abs(beyond) < _ALIKE, np.log1p(beyond), whole)
    return np.maximum(logarithm / (alpha - 1.0), 0.0)


@loss(
    aliases=(
        "wasserstein_distance",
        "wasserstein_1d",
        "earth_mover",
        "earth_movers_distance",
        "emd",
    ),
    minimum_when_equal=("prediction", "target"),
    use_when="outcomes are ordered, such as ages, grades or bins, and near misses should cost less",
    avoid_when="outcomes have no order (total-variation, jensen-shannon)",
    reference="scipy.stats.wasserstein_distance; squared: Hou et al. 2016, arXiv:1611.05916",
)
def wasserstein(
    prediction: Distribution,
    target: Distribution,
    *,
    squared: Annotated[bool, "sum the squares of the differences (EMD²)"] = False,
    width: Annotated[float, POSITIVE, "from one bin to the next"] = 1.0,
) -> Array:
    r"""How far probability has to be carried, bin by bin, to make two distributions equal.

    prediction, target: (N, D), bins in order, each row divided by its sum first -> (N,), in the
    unit of ``width``. The mean divides by the number of rows.

    .. math:: \ell = w \sum_{d} |X_d - Y_d|, \qquad \text{squared}\quad
              \ell = w \sum_{d} (X_d - Y_d)^2

    with :math:`X_d = x_1 + \dots + x_d`, :math:`Y` alike. It is the distance of scipy's
    ``wasserstein_distance`` for values 0, 1, 2 ... With ``squared`` it is the EMD² of Hou et al.,
    the ranked probability score, and half the square of scipy's ``energy_distance``. A row of zeros
    gives NaN.

    >>> losses.wasserstein([[1.0, 0.0, 0.0]] * 2, [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).tolist()
    [1.0, 2.0]
    """
    x, y, total = _matched(prediction, target)
    # The last of the sums is 0.
    apart = np.cumsum(x - y, axis=1)[:, :-1] / total[:, np.newaxis]
    return width * _sum(apart * apart if squared else np.abs(apart))


@loss(
    aliases=("is_divergence", "itakura_saito_divergence", "itakura_saito_distance"),
    minimum_when_equal=("prediction", "target"),
    use_when="power spectra are compared, and a factor counts the same at any loudness",
    avoid_when="values may be 0, or errors add rather than multiply (mse, generalized-kl-div)",
    reference="Itakura and Saito 1968; Févotte et al. 2009, doi:10.1162/neco.2008.04-08-771",
)
def itakura_saito(
    prediction: NonNegativeReal,
    target: NonNegativeReal,
    *,
    eps: Annotated[float, POSITIVE, "a smaller value counts as it; scikit-learn 1.2e-7"] = 1e-300,
) -> Array:
    r"""How much a ratio of powers differs from 1, in a way that punishes too little most.

    prediction, target: (N, ...), at least 0 -> (N, ...), without unit. The mean divides by the
    number of elements.

    .. math:: \ell = \frac{y}{x} - \log \frac{y}{x} - 1

    It is half the Gamma deviance and does not see a common factor. Predicting a tenth costs 6.7,
    ten times as much 1.4. Values below ``eps`` count as ``eps`` on both sides, so that a predicted
    0 costs an absurd 1e300 rather than inf. scikit-learn's ``NMF`` bounds the prediction by 1.2e-7,
    leaves out targets below that, and sums. Close values keep their digits.

    >>> losses.itakura_saito([1.0, 1.0, 2.0], [10.0, 1.0, 1.0]).round(4).tolist()
    [6.6974, 0.0, 0.1931]
    """
    x, y = np.maximum(prediction, eps), np.maximum(target, eps)
    ratio = y / x
    far = ratio - 1.0 - np.minimum(log_ratio(y, x), _GREATEST_LOG)
    return np.where(np.abs(ratio - 1.0) < 0.5, minus_log1p((y - x) / x), far)


# --- distributions of which only samples are known -----------------------------------------------


def _gaps(x: Array, y: Array) -> Array:
    """The Euclidean distance of each sample of ``x`` from each of ``y``, (n, T, S)."""
    rows, width = len(x), math.prod(x.shape[2:])
    x, y = x.reshape(rows, x.shape[1], width), y.reshape(rows, y.shape[1], width)
    gaps = np.empty((rows, x.shape[1], y.shape[1]))
    for i in range(x.shape[1]):
        gap = np.ascontiguousarray(y - x[:, i : i + 1])
        gaps[:, i] = norm(gap.reshape(-1, width), 2.0).reshape(rows, y.shape[1])
    return gaps


def _mean_pair(values: Array, *, without_itself: bool = False) -> Array:
    """The mean over all pairs of samples, (n, T, S) -> (n,); NaN where there are none."""
    _, first, second = values.shape
    pairs = first * second
    total = _sum(values.reshape(len(values), pairs))
    if without_itself:
        total -= np.einsum("nii->n", values)
        pairs -= first
    return np.divide(total, float(pairs))


@loss(
    aliases=("maximum_mean_discrepancy", "mmd_loss", "gaussian_mmd"),
    finite=False,
    # The unbiased estimate may be below 0.
    non_negative=False,
    use_when="two samples should come from one distribution, in any respect that a kernel sees",
    avoid_when="the scale on which they may differ is not known (energy-distance has none to set)",
    reference="Gretton et al. 2012, JMLR 13:723-773",
)
def mmd(
    prediction: Samples,
    target: TargetSamples,
    *,
    bandwidth: Annotated[float, POSITIVE, "the standard deviation of the Gaussian kernel"] = 1.0,
    unbiased: Annotated[bool, "leave out each sample's pair with itself"] = False,
) -> Array:
    r"""Squared maximum mean discrepancy of two samples, with a Gaussian kernel.

    prediction: (N, T, ...), target: (N, S, ...), numbers or vectors, T and S may differ -> (N,),
    without unit, at most 2. The mean divides by the number of groups.

    .. math:: \ell = \overline{k(x, x')} + \overline{k(y, y')} - 2\,\overline{k(x, y)}, \qquad
              k(a, b) = e^{-|a - b|^2 / 2 \sigma^2}

    with the bar the mean over all pairs. scikit-learn's ``rbf_kernel`` has
    :math:`\gamma = 1 / 2 \sigma^2`. The estimate is never below 0 and a little too large;
    ``unbiased`` is right on average and may be below 0. An empty sample gives NaN, and so does an
    unbiased one of a single value.

    >>> losses.mmd([[0.0, 1.0, 2.0]], [[0.5, 2.5]]).round(4).tolist()
    [0.0871]
    """

    def kernel(x: Array, y: Array) -> Array:
        gap = _gaps(x, y) / bandwidth
        return np.exp(-0.5 * gap * gap)

    within = _mean_pair(kernel(prediction, prediction), without_itself=unbiased)
    within = within + _mean_pair(kernel(target, target), without_itself=unbiased)
    found = within - 2.0 * _mean_pair(kernel(prediction, target))
    return found if unbiased else np.maximum(found, 0.0)


@loss(
    aliases=("cramer_distance_of_samples", "energy_distance_loss"),
    finite=False,
    use_when="two samples should come from one distribution, and nothing should have to be tuned",
    avoid_when="a forecast is judged by one outcome (crps-ensemble, energy-score)",
    reference="Szekely and Rizzo 2013, doi:10.1016/j.jspi.2013.03.018; scipy.stats.energy_distance",
)
def energy_distance(
    prediction: Samples,
    target: TargetSamples,
    *,
    root: Annotated[bool, "take the root, which is a distance, as scipy does"] = True,
) -> Array:
    r"""Energy distance of two samples: how much farther apart across than within.

    prediction: (N, T, ...), target: (N, S, ...), numbers or vectors, T and S may differ -> (N,), in
    the root of their unit. The mean divides by the number of groups.

    .. math:: \ell = \bigl(2\,\overline{|x - y|} - \overline{|x - x'|} - \overline{|y - y'|}
              \bigr)^{1/2}

    with the bar the mean over all pairs and the Euclidean distance of vectors. It is 0 for equal
    samples only. Without ``root`` it is in their unit. An empty sample gives NaN.

    >>> losses.energy_distance([[0.0, 1.0, 2.0]], [[0.5, 2.5]]).round(4).tolist()
    [0.6667]
    """
    across = 2.0 * _mean_pair(_gaps(prediction, target))
    within = _mean_pair(_gaps(prediction, prediction)) + _mean_pair(_gaps(target, target))
    found = np.maximum(across - within, 0.0)
    return np.sqrt(found) if root else found
