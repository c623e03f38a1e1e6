"""Survival: times until an event, some of them only known to be longer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from math import inf
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from losscli.domain import (
    POSITIVE,
    Array,
    ListBinary,
    ListTimes,
    NonNegativeReal,
    PositiveReal,
    Real,
    Scores,
)
from losscli.numerics import log1m_exp, log_normal_cdf, log_ratio, softplus, softplus_both
from losscli.spec import loss

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


@cache
def _nodes() -> list[tuple[float, float]]:
    """Nodes and weights of Gauss-Legendre on [-1, 1], the positive half of eight."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    return [(x, w) for x, w in zip(nodes.tolist(), weights.tolist(), strict=True) if x > 0.0]


def _normal_density(z: Array) -> Array:
    return -0.5 * z * z - _HALF_LOG_2PI


def _normal_interval(below: Array, above: Array, width: Array) -> Array:
    """Log-probability between two bounds: of two tails, or of a narrow one by its density."""
    # In the lower tail a difference of probabilities is one of small numbers.
    mirrored = below + above > 0.0
    low, high = np.where(mirrored, -above, below), np.where(mirrored, -below, above)
    log_high = log_normal_cdf(high)
    wide = log_high + log1m_exp(log_high - log_normal_cdf(low))
    middle, half = 0.5 * (below + above), 0.5 * width
    total = np.zeros_like(middle)
    for node, weight in _nodes():
        step = node * half
        total += 2.0 * weight * np.exp(-0.5 * step * step) * np.cosh(middle * step)
    narrow = _normal_density(middle) + np.log(half * total)
    return np.where(width * (1.0 + np.abs(middle)) < 1.0, narrow, wide)


def _logistic_density(z: Array) -> Array:
    lower, upper = softplus_both(z)
    return -(lower + upper)


def _logistic_interval(below: Array, above: Array, width: Array) -> Array:
    """Log-probability between two bounds, as a product of three factors."""
    return log1m_exp(width) - softplus(-above) - softplus(below)


def _extreme_density(z: Array) -> Array:
    return z - np.exp(z)


def _extreme_interval(below: Array, above: Array, width: Array) -> Array:
    """Log-probability between two bounds: survival of the first, then an event before the next."""
    log_hazard = above + log1m_exp(width)
    # Of a hazard this small the probability is the hazard.
    event = np.where(log_hazard < -40.0, log_hazard, log1m_exp(np.exp(log_hazard)))
    return event - np.exp(below)


_DISTRIBUTIONS: dict[str, tuple[Callable[[Array], Array], Callable[..., Array]]] = {
    "normal": (_normal_density, _normal_interval),
    "logistic": (_logistic_density, _logistic_interval),
    "extreme": (_extreme_density, _extreme_interval),
}


@loss(
    aliases=("aft", "aft_nloglik", "survival:aft", "SurvivalAft", "accelerated_failure_time"),
    # A density may exceed 1.
    non_negative=False,
    use_when="times until an event, some known only within bounds, and the time itself is wanted",
    avoid_when="only the order of the risks matters (cox), or all times are known (gamma-nll)",
    reference="Barnwal et al. 2020, arXiv:2006.04920; XGBoost aft-nloglik; CatBoost SurvivalAft",
)
def aft_nll(
    prediction: Real,
    lower: NonNegativeReal,
    upper: PositiveReal,
    *,
    distribution: Annotated[
        Literal["normal", "logistic", "extreme"], "of the logarithm of the time"
    ] = "normal",
    sigma: Annotated[float, POSITIVE, "scale of that distribution"] = 1.0,
) -> Array:
    r"""Negative log-likelihood of a time that is known exactly or within bounds.

    prediction: (N, ...), the logarithm of the time; lower, upper: (N, ...), bounds of the time
    itself -> (N, ...), in nats. The mean divides by the number of elements.

    .. math:: \ell = \begin{cases} -\log \dfrac{f(z_u)}{\sigma u} & l = u \\
              -\log\,[F(z_u) - F(z_l)] & l < u \end{cases}, \qquad z_t = \frac{\log t - x}{\sigma}

    with :math:`f` and :math:`F` the density and the distribution function of a standard normal,
    logistic, or smallest-extreme-value (Gumbel) variable. Equal bounds are an observed time, upper
    inf is censored on the right, lower 0 on the left; bounds the wrong way round are swapped. Far
    out and narrow intervals keep their digits, where XGBoost stops at a likelihood of 1e-12 (27.6).
    XGBoost's ``predict`` gives the time itself, and its margin the logarithm.

    >>> losses.aft_nll([0.5, 0.5, 0.5], [1.0, 2.0, 3.0], [1.0, float("inf"), 5.0]).round(4).tolist()
    [1.0439, 0.8594, 1.9583]
    """
    low, high = np.minimum(lower, upper), np.maximum(lower, upper)
    below, above = (np.log(low) - prediction) / sigma, (np.log(high) - prediction) / sigma
    density, interval = _DISTRIBUTIONS[distribution]
    observed = density(above) - np.log(high) - math.log(sigma)
    within = interval(below, above, log_ratio(high, low) / sigma)
    return 0.0 - np.where(low == high, observed, within)


def _event_count(prediction: Array, time: Array, event: Array, **params: Any) -> Array:
    """How many events each list has."""
    count: Array = np.add.reduce(event, axis=1)
    return count


@loss(
    aliases=(
        "cox_ph", "cox_nloglik", "survival:cox", "cox_partial_likelihood", "partial_likelihood",
        "cox_ph_loss", "neg_partial_log_likelihood",
    ),
    divisor=_event_count,
    divides_by="events",
    use_when="times until an event, some only known to be longer, and risks are to be compared",
    avoid_when="the time itself is wanted, or bounds on both sides are known (aft-nll)",
    reference="Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; XGBoost cox-nloglik; lifelines",
)  # fmt: skip
def cox(
    prediction: Scores,
    time: ListTimes,
    event: ListBinary,
    *,
    ties: Annotated[
        Literal["breslow", "efron"], "how events at the same time are counted"
    ] = "breslow",
) -> Array:
    r"""How unlikely it was that each event hit its subject, of all those still at risk.

    prediction: (N, L), log-hazards; time: (N, L); event: (N, L), 1 for an event and 0 for a subject
    last seen at that time -> (N,), in nats: the sum over the events of a list. The mean divides by
    the number of events, as XGBoost does.

    .. math:: \ell = \sum_{i \in E} \Bigl[\log \sum_{j:\, t_j \ge t_i} e^{x_j} - x_i\Bigr]

    With ``ties`` "efron" the k-th of d events at one time, k from 0, sees only
    :math:`1 - k/d` of the hazards of these d. Without ties both are the same. XGBoost,
    scikit-survival and statsmodels count as Breslow by default, lifelines and torchsurv as Efron. A
    list without events costs 0. statsmodels and lifelines give the sum, with its sign turned.

    >>> risks, times, events = [0.5, 1.2, -0.3, 0.0], [3.0, 1.0, 2.0, 4.0], [1, 1, 0, 1]
    >>> losses.cox([risks], [times], [events]).round(4).tolist()
    [1.1776]
    """
    if prediction.size == 0:
        return np.zeros(len(prediction))
    # Times fall, so that all up to the last of the same time are at risk; the highest risk of them
    # comes last.
    order = np.lexsort((prediction, -time), axis=1)
    score, time, event = (np.take_along_axis(x, order, 1) for x in (prediction, time, event))
    highest = score.max(axis=1, keepdims=True)
    score -= np.where(np.isfinite(highest), highest, 0.0)
    so_far = np.logaddexp.accumulate(score, axis=1)
    before = np.roll(so_far, 1, axis=1)
    before[:, 0] = -inf
    is_first = np.ones(time.shape, bool)
    is_first[:, 1:] = time[:, 1:] != time[:, :-1]
    starts = np.flatnonzero(is_first)
    sizes = np.diff(starts, append=time.size)
    ends = starts + sizes - 1
    score, hit = score.ravel(), event.ravel() == 1.0
    at_risk = np.repeat(so_far.ravel()[ends], sizes)
    terms = at_risk - score
    # Of the highest risk, log(1 + others / own): it may be all but sure to be the one.
    terms[ends] = softplus(before.ravel()[ends] - score[ends])
    if ties == "efron":
        terms += _efron(score, hit, starts, sizes, at_risk)
    each: Array = np.add.reduce(np.where(hit, terms, 0.0).reshape(event.shape), axis=1)
    return each


def _efron(
    score: Array, hit: NDArray[np.bool_], starts: NDArray[np.intp], sizes: NDArray[np.intp],
    at_risk: Array,
) -> Array:  # fmt: skip
    """What to add to the log-hazard at risk: log of the part that the k-th tied event sees."""
    tied = np.logaddexp.reduceat(np.where(hit, score, -inf), starts)
    count = np.add.reduceat(hit, starts, dtype=np.intp)
    before: NDArray[np.intp] = np.cumsum(hit) - hit
    rank: NDArray[np.intp] = before - np.repeat(before[starts], sizes)
    share = rank / np.repeat(np.maximum(count, 1), sizes)
    rest: Array = np.log1p(-share * np.exp(np.repeat(tied, sizes) - at_risk))
    return rest


def _comparable(time: Array, event: Array) -> Iterator[NDArray[np.bool_]]:
    """For each item in turn, which items of its list are known to have outlived it."""
    for i in range(time.shape[1]):
        now, hit = time[:, i : i + 1], event[:, i : i + 1] == 1.0
        yield hit & ((time > now) | ((time == now) & (event != 1.0)))


def _pair_count(prediction: Array, time: Array, event: Array) -> Array:
    """How many pairs of each list can be compared."""
    pairs = np.zeros(len(time))
    for outlived in _comparable(time, event):
        pairs += np.add.reduce(outlived, axis=1)
    return pairs


@loss(
    aliases=("c_index", "harrell_c", "concordance_index_censored"),
    divisor=_pair_count,
    divides_by="comparable pairs",
    use_when="a survival model is final, and how often it orders two subjects wrongly is asked",
    avoid_when="it should be trained (cox), or the size of an error in time matters (aft-nll)",
    reference="Harrell et al. 1982, doi:10.1001/jama.1982.03320430047030; lifelines",
)
def concordance_index(prediction: Scores, time: ListTimes, event: ListBinary) -> Array:
    r"""Pairs of subjects of which the one with the lower risk had its event first.

    prediction: (N, L), risks, such as log-hazards; time: (N, L); event: (N, L), 1 for an event and
    0 for a subject last seen at that time -> (N,), in pairs: those of a list in the wrong order.
    The mean divides by the number of pairs that can be compared, and is 1 - Harrell's C.

    .. math:: \ell = \sum_{(i, j)} [x_i < x_j] + \tfrac{1}{2} [x_i = x_j]

    over the pairs where i had an event and j was seen later, or at the same time without one. A
    higher prediction means an earlier event; lifelines wants predicted times, the other way round:
    give it -x. scikit-survival counts risks within 1e-8 as equal. A NaN makes its list NaN.

    >>> risks, times, events = [0.5, 1.2, -0.3, 0.0], [3.0, 1.0, 2.0, 4.0], [1, 1, 1, 0]
    >>> losses.concordance_index([risks], [times], [events]).tolist()
    [2.0]
    """
    wrong = np.zeros(len(time))
    for i, outlived in enumerate(_comparable(time, event)):
        risk = prediction[:, i : i + 1]
        cost = np.where(prediction == risk, 0.5, (prediction > risk).astype(np.float64))
        wrong += np.add.reduce(np.where(outlived, cost, 0.0), axis=1)
    wrong[np.isnan(prediction).any(axis=1)] = np.nan
    return wrong
