"""Lists in order of their scores: ranks, ties, gains and discounts."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array, Interval

Ranks: TypeAlias = NDArray[np.intp]

Top: TypeAlias = Annotated[int, Interval(low=1), "only the first k places count; None for all"]
Gain: TypeAlias = Annotated[
    Literal["exp2", "linear"], "what an item of relevance y is worth: 2^y - 1, or y"
]
Ties: TypeAlias = Annotated[
    Literal["order", "worst"],
    "equal scores: ranked in the order of the list, or the least relevant first",
]
EmptyTargetAction: TypeAlias = Annotated[
    Literal["pos", "neg", "skip"],
    "a list in which nothing can be ranked: pos costs 0, neg 1, skip leaves it out",
]

# Relevances beyond it are worth more than a double can hold.
_GREATEST_EXPONENT = 1000.0


def sum_each(x: Array) -> Array:
    """The sum of each row, in an order that depends on its length alone."""
    total: Array = np.add.reduce(np.ascontiguousarray(x), axis=1)
    return total


def order_of(prediction: Array, target: Array, ties: str = "order") -> Ranks:
    """The items of each list, that of the highest score first."""
    if ties == "worst":
        return np.lexsort((target, -prediction))
    return np.argsort(-prediction, axis=1, kind="stable")


def places_of(x: Array) -> Array:
    """1, 2, 3, ... for the columns of ``x``."""
    return np.arange(1.0, x.shape[1] + 1.0)


def runs_of_ties(x: Array) -> tuple[Ranks, Ranks]:
    """Where in its sorted row the run of values equal to each one begins and where it ends."""
    places = np.arange(x.shape[1])
    changes = x[:, 1:] != x[:, :-1]
    begins, ends = np.ones(x.shape, bool), np.ones(x.shape, bool)
    begins[:, 1:] = ends[:, :-1] = changes
    first = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, places, places.size)[:, ::-1], axis=1)[:, ::-1]
    return first, last


def sums_before(x: Array) -> Array:
    """The sum of what is before each place of a row, and before its end."""
    total = np.zeros((len(x), x.shape[1] + 1))
    np.cumsum(x, axis=1, out=total[:, 1:])
    return total


def nan_where_unknown(elements: Array, prediction: Array) -> Array:
    """NaN for lists that hold a score of NaN, which has no rank; overwrites ``elements``."""
    elements[np.isnan(prediction).any(axis=1)] = np.nan
    return elements


def share_of(lost: Array, best: Array, empty_target_action: str) -> Array:
    """What was lost of the best, and the cost of a list that has nothing to lose."""
    share: Array = np.full(len(best), float(empty_target_action == "neg"))
    np.divide(lost, best, out=share, where=best != 0.0)
    return share


def with_relevant(
    prediction: Array,
    target: Array,
    *,
    empty_target_action: str,
    border: float = 0.0,
    **params: object,
) -> Array | None:
    """1 for a list that counts, 0 for one that is skipped."""
    if empty_target_action != "skip":
        return None
    counts: Array = np.any(target > border, axis=1).astype(np.float64)
    return counts


# --- gains and discounts -------------------------------------------------------------------------


def scaled_down(target: Array) -> Array:
    """Each list divided by the power of two just above its greatest value, for ratios alone."""
    _, exponent = np.frexp(target.max(axis=1, keepdims=True, initial=0.0))
    scaled: Array = np.ldexp(target, -exponent)
    return scaled


def gains_of(target: Array, gain: str) -> Array:
    """What the items are worth; each list up to a factor of its own where it would overflow."""
    if gain == "linear":
        return scaled_down(target)
    beyond = np.maximum(target.max(axis=1, keepdims=True, initial=0.0) - _GREATEST_EXPONENT, 0.0)
    small = np.expm1(target * np.log(2.0)) * np.exp2(-beyond)
    gains: Array = np.where(target < 1.0, small, np.exp2(target - beyond) - np.exp2(-beyond))
    return gains


def discount_of(place: Array) -> Array:
    """The weight of a place in DCG."""
    weight: Array = 1.0 / np.log2(1.0 + place)
    return weight


def discount_lost(place: Array | float, further: Array | float) -> Array:
    """How much less the weight is that many places further down, without cancellation."""
    ratio = np.log1p(further / (1.0 + place)) / np.log(2.0)
    lost: Array = ratio * discount_of(np.asarray(place)) * discount_of(np.asarray(place + further))
    return lost


def ideal_of(gains: Array, k: int | None) -> tuple[Array, Array]:
    """The gains in the best order and their DCG."""
    ideal = np.sort(gains, axis=1)[:, ::-1]
    top = ideal[:, :k]
    return ideal, sum_each(top * discount_of(places_of(top)))
