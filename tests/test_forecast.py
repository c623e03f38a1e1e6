"""Identities between forecast scores, and what makes them proper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import losscli
from losscli import losses
from losscli.domain import Array
from losscli.errors import ParameterError

SIX = 6
numbers = arrays(np.float64, SIX, elements=st.floats(-30, 30))
scales = arrays(np.float64, SIX, elements=st.floats(1e-3, 30))
quantiles = st.floats(0, 1)
members = arrays(np.float64, (SIX, 5), elements=st.floats(-30, 30))


def close(actual: Array, expected: Array, *, rtol: float = 1e-12, atol: float = 1e-13) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


@given(numbers, numbers, quantiles)
def test_quantile_losses_are_one_another(x: Array, y: Array, q: float) -> None:
    pinball = losses.pinball(x, y, quantile=q)
    close(losses.pinball(y, x, quantile=1 - q), pinball, atol=1e-14)
    close(pinball + losses.pinball(x, y, quantile=1 - q), losses.mae(x, y))
    close(losses.pinball(x, y, scale=2), losses.mae(x, y))
    close(losses.log_lin_quantile(x, y, quantile=q), losses.pinball(np.exp(x), y, quantile=q))
    limit = losses.quantile_huber(x, y, quantile=q, delta=1e-13)
    close(limit, pinball)
    plain = losses.quantile_huber(x, y, quantile=q, delta=2.5, normalize=False)
    close(plain, 2.5 * losses.quantile_huber(x, y, quantile=q, delta=2.5))
    close(
        losses.quantile_huber(x, y, delta=2.5, normalize=False), losses.huber(x, y, delta=2.5) / 2
    )


@given(numbers, numbers, quantiles)
def test_expectile_is_mse_with_two_prices(x: Array, y: Array, alpha: float) -> None:
    close(losses.expectile(x, y), losses.mse(x, y) / 2)
    both = losses.expectile(x, y, alpha=alpha) + losses.expectile(y, x, alpha=alpha)
    close(both, losses.mse(x, y))


@given(members, numbers, st.lists(quantiles, min_size=5, max_size=5))
def test_several_quantiles_are_several_losses(x: Array, y: Array, q: list[float]) -> None:
    together = losses.pinball(x, y, quantile=q)
    for i in range(5):
        np.testing.assert_array_equal(together[:, i], losses.pinball(x[:, i], y, quantile=q[i]))
    repeated = np.repeat(y[:, np.newaxis], 5, axis=1)
    np.testing.assert_array_equal(together, losses.pinball(x, repeated, quantile=q))
    found = losscli.compute(losscli.parse(f"pinball(quantile={q})"), prediction=x, target=y)
    np.testing.assert_array_equal(found.elements, together)


def test_the_wrong_number_of_quantiles_is_refused() -> None:
    with pytest.raises(ParameterError, match="quantile"):
        losses.pinball(np.zeros((4, 3)), np.zeros(4), quantile=[0.1, 0.9])
    with pytest.raises(ParameterError, match="quantile"):
        losses.pinball(np.zeros(4), np.zeros(4), quantile=1.5)


def test_each_is_least_at_what_it_asks_for() -> None:
    target = np.random.default_rng(0).gamma(2.0, size=999)
    guesses = np.linspace(0.01, 6.0, 600)

    def best(loss: str, **params: float) -> float:
        def mean(guess: float) -> float:
            return getattr(losses, loss)(np.full(999, guess), target, **params).mean()

        return guesses[np.argmin([mean(guess) for guess in guesses])]

    step = guesses[1] - guesses[0]
    for q in (0.1, 0.5, 0.9):
        assert best("pinball", quantile=q) == pytest.approx(np.quantile(target, q), abs=step)
    assert best("expectile") == pytest.approx(target.mean(), abs=step)
    assert best("expectile", alpha=0.9) > target.mean()


@given(numbers, scales, numbers, st.floats(0.01, 0.99))
def test_interval_score_is_two_pinballs(low: Array, width: Array, y: Array, alpha: float) -> None:
    high = low + width
    sides = (
        losses.pinball(low, y, quantile=alpha / 2),
        losses.pinball(high, y, quantile=1 - alpha / 2),
    )
    score = losses.interval_score(low, high, y, alpha=alpha)
    close(score, 2 / alpha * (sides[0] + sides[1]), rtol=1e-11)
    assert (losses.interval_score(high, low, y, alpha=alpha) >= score - 1e-12 * score.max()).all()


@given(numbers, numbers, scales)
def test_gaussian_crps_limits(x: Array, y: Array, std: Array) -> None:
    score = losses.crps_gaussian(x, y, std)
    error = losses.mae(x, y)
    np.testing.assert_array_equal(losses.crps_gaussian(x, y, np.zeros(SIX)), error)
    root = np.sqrt(np.pi)
    assert (score >= (np.sqrt(2) - 1) / root * std * (1 - 1e-12)).all()
    assert (score >= error - std / root - 1e-12).all()
    assert (score <= error + std * (np.sqrt(2) - 1) / root + 1e-12).all()
    shifted = losses.crps_gaussian(x + 64.0, y + 64.0, std)
    close(shifted, score, rtol=1e-11, atol=1e-12)


def test_gaussian_crps_is_that_of_many_samples() -> None:
    rng = np.random.default_rng(0)
    samples = 1.0 + 2.0 * rng.normal(size=(1, 200_000))
    for y in (1.0, -3.0):
        many = losses.crps_ensemble(samples, [y])
        close(many, losses.crps_gaussian([1.0], [y], [2.0]), rtol=0.02)


@given(members, numbers)
def test_crps_ensemble_is_its_formula(e: Array, y: Array) -> None:
    error = np.abs(e - y[:, None]).mean(axis=1)
    apart = np.abs(e[:, :, None] - e[:, None]).sum(axis=(1, 2))
    close(losses.crps_ensemble(e, y), error - apart / 50, atol=1e-12)
    close(losses.crps_ensemble(e, y, fair=True), error - apart / 40, atol=1e-12)
    for fair in (False, True):
        score = losses.crps_ensemble(e, y, fair=fair)
        assert (score >= 0.0).all()
        np.testing.assert_array_equal(losses.crps_ensemble(e[:, ::-1], y, fair=fair), score)
        vectors = losses.energy_score(e[:, :, None], y[:, None], fair=fair)
        close(vectors, score, atol=1e-12)


@given(members, numbers)
def test_equal_members_are_one_member(e: Array, y: Array) -> None:
    same = np.repeat(e[:, :1], 4, axis=1)
    error = losses.mae(e[:, 0], y)
    for fair in (False, True):
        close(losses.crps_ensemble(same, y, fair=fair), error)
        np.testing.assert_array_equal(losses.crps_ensemble(e[:, :1], y, fair=fair), error)
        close(losses.energy_score(same[:, :, None], y[:, None], fair=fair), error)


def test_many_quantiles_near_the_crps() -> None:
    rng = np.random.default_rng(0)
    e, y = np.sort(rng.normal(size=(3, 50)), axis=1), rng.normal(size=3)
    levels = (np.arange(50) + 0.5) / 50
    mean = losses.pinball(e, y, quantile=levels.tolist(), scale=2).mean(axis=1)
    close(mean, losses.crps_ensemble(e, y))


@given(members, members, st.floats(0, 6.28))
def test_energy_score_turns_with_its_vectors(a: Array, b: Array, angle: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    e, y = np.stack([a, b], axis=2), np.stack([a[:, 0] + 1.0, b[:, 1]], axis=1)
    close(losses.energy_score(e @ turn, y @ turn), losses.energy_score(e, y), atol=1e-11)
