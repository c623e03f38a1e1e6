"""Identities between likelihoods and deviances: limits, constants and special cases."""

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
from losscli.errors import DataError
from losscli.numerics import stirling_error

positive = st.floats(1e-3, 1e3)
SIX = 6


def close(actual: Array, expected: Array, *, rtol: float = 1e-12, atol: float = 1e-13) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def six(elements: st.SearchStrategy[float]) -> st.SearchStrategy[Array]:
    return arrays(np.float64, SIX, elements=elements)


numbers = six(st.floats(-30, 30))
means = six(positive)
counts = six(st.integers(0, 1000).map(float))


@given(means, means)
def test_deviances_are_twice_a_likelihood_above_its_best(x: Array, y: Array) -> None:
    for deviance, nll in (
        (losses.poisson_deviance(x, y), losses.poisson_nll),
        (losses.gamma_deviance(x, y), losses.gamma_nll),
        (losses.tweedie_deviance(x, y, power=1.5), losses.tweedie_nll),
    ):
        terms = nll(np.log(x), y), nll(np.log(y), y)
        size = np.abs(terms).max() + y.max() * np.abs(np.log(y)).max()
        close(deviance, 2 * (terms[0] - terms[1]), atol=1e-13 * size)


@given(means, means)
def test_tweedie_deviance_has_the_others_as_cases_and_limits(x: Array, y: Array) -> None:
    np.testing.assert_array_equal(losses.tweedie_deviance(x, y), losses.mse(x, y))
    for power, deviance in ((1.0, losses.poisson_deviance), (2.0, losses.gamma_deviance)):
        expected = deviance(x, y)
        np.testing.assert_array_equal(losses.tweedie_deviance(x, y, power=power), expected)
        for near in (power - 1e-14, power + 1e-14):
            close(losses.tweedie_deviance(x, y, power=near), expected, rtol=1e-11)
    close(losses.gamma_deviance(x, y), 2 * losses.itakura_saito(x, y))
    close(losses.poisson_deviance(x, y), 2 * losses.generalized_kl_div(np.log(x), y), atol=1e-10)


@given(means, means, positive, st.floats(-3, 3))
def test_tweedie_deviance_scales_with_the_unit(x: Array, y: Array, c: float, p: float) -> None:
    scaled = losses.tweedie_deviance(c * x, c * y, power=p)
    # A factor moves the two by a rounding each.
    plain = losses.tweedie_deviance(x, y, power=p)
    close(scaled, c ** (2 - p) * plain, rtol=1e-9, atol=1e-12 * scaled.max(initial=1.0))


@given(numbers, counts)
def test_poisson_takes_a_rate_or_its_logarithm(logs: Array, y: Array) -> None:
    for params in ({}, {"full": True}, {"full": True, "constant": "exact"}):
        of_logs = losses.poisson_nll(logs, y, **params)
        of_rates = losses.poisson_nll(np.exp(logs), y, log_input=False, eps=1e-30, **params)
        close(of_rates, of_logs, atol=1e-11)


@given(counts)
def test_full_poisson_constant(y: Array) -> None:
    zeros = np.zeros(SIX)
    plain = losses.poisson_nll(zeros, y)
    exact = losses.poisson_nll(zeros, y, full=True, constant="exact")
    close(exact - plain, np.array([math.lgamma(count + 1) for count in y]))
    short = exact - losses.poisson_nll(zeros, y, full=True)
    assert (short >= -1e-12 * exact).all()
    assert (short <= 1 / (12 * np.maximum(y, 1)) + 1e-12 * exact).all()


@given(st.floats(0.1, 50), st.floats(0, 5))
def test_probabilities_of_counts_sum_to_one(mean: float, dispersion: float) -> None:
    y = np.arange(100_000.0)
    same = np.full(y.shape, 1.0)
    nll = losses.negative_binomial_nll(mean * same, y, dispersion * same)
    assert np.exp(-nll).sum() == pytest.approx(1.0, abs=1e-12)
    assert (np.exp(-nll) * y).sum() == pytest.approx(mean, rel=1e-9)
    nll = losses.poisson_nll(mean * same, y, log_input=False, full=True, constant="exact", eps=1e-9)
    assert np.exp(-nll).sum() == pytest.approx(1.0, abs=1e-7)


@given(means, counts)
def test_negative_binomial_tends_to_poisson(x: Array, y: Array) -> None:
    poisson = losses.poisson_nll(np.log(x), y, full=True, constant="exact")
    for dispersion in (0.0, 1e-300, 1e-22):
        nll = losses.negative_binomial_nll(x, y, np.full(SIX, dispersion))
        close(nll, poisson, rtol=1e-11, atol=1e-11)


@given(means, counts)
def test_negative_binomial_of_dispersion_one_is_geometric(x: Array, y: Array) -> None:
    nll = losses.negative_binomial_nll(x, y, np.ones(SIX))
    close(nll, np.log1p(x) - y * np.log(x / (1 + x)), rtol=1e-11)


@given(numbers, numbers, means)
def test_student_t_is_cauchy_and_gaussian(x: Array, y: Array, scale: Array) -> None:
    cauchy = np.log(np.pi * scale) + 2 * np.log(np.hypot(1.0, (x - y) / scale))
    close(losses.student_t_nll(x, y, scale, np.ones(SIX)), cauchy, atol=1e-12)
    gaussian = losses.gaussian_nll(x, y, scale**2, full=True, eps=1e-12)
    for df in (np.inf, 1e300):
        close(losses.student_t_nll(x, y, scale, np.full(SIX, df)), gaussian, atol=1e-12)


@given(numbers, numbers)
def test_unit_scale_is_a_plain_error(x: Array, y: Array) -> None:
    ones = np.ones(SIX)
    close(losses.laplace_nll(x, y, ones), losses.mae(x, y) + math.log(2))
    close(losses.gaussian_nll(x, y, ones), losses.mse(x, y) / 2)
    full = losses.gaussian_nll(x, y, ones, full=True)
    close(full - losses.gaussian_nll(x, y, ones), np.full(SIX, math.log(2 * math.pi) / 2))


@given(numbers, means)
def test_gamma_and_tweedie_take_a_mean_or_its_logarithm(logs: Array, y: Array) -> None:
    means = np.exp(logs)
    size = {"rtol": 1e-12, "atol": 1e-12}
    close(losses.gamma_nll(means, y, log_input=False), losses.gamma_nll(logs, y), **size)
    close(losses.tweedie_nll(means, y, log_input=False), losses.tweedie_nll(logs, y), **size)


def test_a_variance_for_the_row() -> None:
    x, y = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
    for_all = losses.gaussian_nll(x, y, np.array([0.5, 2.0]))
    repeated = losses.gaussian_nll(x, y, np.repeat([[0.5], [2.0]], 3, axis=1))
    np.testing.assert_array_equal(for_all, repeated)


def test_stirling_error_matches_log_gamma() -> None:
    x = np.concatenate([np.geomspace(1e-6, 1e3, 60), np.arange(1.0, 30.0)])
    formula = np.log(2 * np.pi * x) / 2 + x * np.log(x) - x
    expected = np.array([math.lgamma(v + 1) for v in x]) - formula
    close(stirling_error(x), expected, rtol=0, atol=2e-12)
    assert (np.diff(stirling_error(np.sort(x))) <= 0).all()


@pytest.mark.parametrize(
    ("loss", "bad"),
    [
        ("gaussian-nll", {"var": [-1.0, 1.0]}),
        ("student-t-nll", {"scale": [1.0, 1.0], "df": [0.0, 1.0]}),
        ("laplace-nll", {"scale": [0.0, 1.0]}),
        ("negative-binomial-nll", {"dispersion": [1.0, -0.5]}),
        ("negative-binomial-nll", {"dispersion": [1.0, 1.0], "target": [0.5, 1.0]}),
        ("poisson-nll(log_input=False)", {"prediction": [1.0, -1.0]}),
        ("gamma-nll(log_input=False)", {"prediction": [1.0, 0.0]}),
        ("gamma-deviance", {"target": [0.0, 1.0]}),
        ("tweedie-deviance(power=1.5)", {"target": [-1.0, 1.0]}),
        ("tweedie-deviance(power=2.5)", {"target": [0.0, 1.0]}),
        ("tweedie-deviance(power=-1)", {"prediction": [0.0, 1.0]}),
    ],
)
def test_what_no_distribution_gives_is_refused(loss: str, bad: dict[str, list[float]]) -> None:
    given = {"prediction": [1.0, 2.0], "target": [1.0, 2.0]} | bad
    with pytest.raises(DataError):
        losscli.compute(loss, **given)


def test_a_domain_follows_the_parameters() -> None:
    negative = {"prediction": [-1.0, 2.0], "target": [0.0, 2.0]}
    for loss in ("poisson-nll", "tweedie-nll", "tweedie-deviance"):
        assert np.isfinite(losscli.compute(loss, **negative).elements).all()
    losscli.compute("tweedie-deviance(power=-0.5)", prediction=[1.0], target=[-1.0])
    losscli.compute("tweedie-deviance(power=1)", prediction=[1.0], target=[0.0])
