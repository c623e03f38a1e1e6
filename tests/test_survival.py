"""Survival: probabilities that sum to 1, limits, and what a risk is invariant to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import losscli
from losscli import losses
from losscli.domain import Array

DISTRIBUTIONS = ["normal", "logistic", "extreme"]
risks = arrays(np.float64, (2, 6), elements=st.floats(-5, 5))
times = arrays(np.float64, (2, 6), elements=st.integers(0, 4).map(float))
events = arrays(np.float64, (2, 6), elements=st.sampled_from([0.0, 1.0]))


def close(actual: object, expected: object, *, rtol: float = 1e-12, atol: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


# --- aft_nll -------------------------------------------------------------------------------------


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@given(
    x=st.floats(-3, 3),
    cuts=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=8, unique=True),
    sigma=st.floats(0.1, 5),
)
def test_the_time_is_somewhere(
    distribution: str, x: float, cuts: list[float], sigma: float
) -> None:
    bounds = [0.0, *sorted(cuts), math.inf]
    prediction = [x] * (len(bounds) - 1)
    found = losses.aft_nll(
        prediction, bounds[:-1], bounds[1:], distribution=distribution, sigma=sigma
    )
    close(np.exp(-found).sum(), 1.0)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@given(x=st.floats(-5, 5), time=st.floats(0.1, 10), sigma=st.floats(0.1, 5))
def test_a_narrow_interval_is_an_observation(
    distribution: str, x: float, time: float, sigma: float
) -> None:
    upper = time * (1 + 1e-9)
    params = {"distribution": distribution, "sigma": sigma}
    within = losses.aft_nll(x, time, upper, **params) + math.log(upper - time)
    close(within, losses.aft_nll(x, time, time, **params), rtol=1e-5, atol=1e-5)


@given(x=st.floats(-5, 5), time=st.floats(0.1, 10), sigma=st.floats(0.1, 5))
def test_bounds_may_be_swapped(x: float, time: float, sigma: float) -> None:
    there = losses.aft_nll(x, time, 2 * time, sigma=sigma)
    assert losses.aft_nll(x, 2 * time, time, sigma=sigma) == there


@given(z=st.floats(-300, 30))
def test_no_tail_is_cut_off(z: float) -> None:
    # One minus the other tail, and far out the first terms of Mills's ratio.
    loss = float(losses.aft_nll(0.0, 0.0, math.exp(z)))
    assert math.isfinite(loss)
    if z < -20:
        mills = math.log1p(-1 / z**2 + 3 / z**4)
        rough = z * z / 2 + math.log(-z) + 0.5 * math.log(2 * math.pi) - mills
        close(loss, rough, rtol=1e-7)


# --- cox -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@given(x=risks, time=times, event=events, shift=st.floats(-50, 50))
def test_only_differences_of_risks_and_the_order_of_times_count(
    ties: str, x: Array, time: Array, event: Array, shift: float
) -> None:
    found = losses.cox(x, time, event, ties=ties)
    close(losses.cox(x + shift, time, event, ties=ties), found)
    close(losses.cox(x, np.exp(time), event, ties=ties), found)
    close(losses.cox(x[:, ::-1], time[:, ::-1], event[:, ::-1], ties=ties), found)


@given(x=risks, event=events, time=st.permutations(range(6)))
def test_without_ties_there_is_one_way_to_count(x: Array, event: Array, time: list[int]) -> None:
    once = np.array([time, time])
    close(losses.cox(x, once, event, ties="efron"), losses.cox(x, once, event))


@given(risks)
def test_two_at_risk_are_a_preference(x: Array) -> None:
    found = losses.cox(x[:, :2], [[1.0, 2.0]] * 2, [[1.0, 0.0]] * 2)
    close(found, losses.reward_ranking(x[:, 0], x[:, 1]), atol=1e-300)


def test_the_mean_is_over_events() -> None:
    x, time = [[1.0, 0.5, -0.5], [0.0, 2.0, 1.0]], [[1, 2, 3], [3, 1, 2]]
    event = [[1, 0, 1], [0, 0, 0]]
    result = losscli.compute("cox", prediction=x, time=time, event=event)
    close(result.value, losses.cox(x, time, event).sum() / 2)
    assert result.divisor == 2


# --- concordance_index ---------------------------------------------------------------------------


@given(x=risks, time=times, event=events)
def test_the_opposite_risks_are_wrong_elsewhere(x: Array, time: Array, event: Array) -> None:
    pairs = losses.concordance_index(np.zeros_like(x), time, event) * 2
    both = losses.concordance_index(x, time, event) + losses.concordance_index(-x, time, event)
    assert both.tolist() == pairs.tolist()


@given(x=risks, time=times, event=events)
def test_only_the_order_of_risks_counts(x: Array, time: Array, event: Array) -> None:
    found = losses.concordance_index(x, time, event)
    assert losses.concordance_index(x * 4.0, time, event).tolist() == found.tolist()
    certain = losses.concordance_index(-time, time, event)
    ties = losses.concordance_index(np.zeros_like(x), time, event)
    assert (certain <= ties).all()
