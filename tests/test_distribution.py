"""Identities and inequalities between the divergences, and what their docstrings say in words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losscli import losses
from losscli.domain import Array

NORMALIZING = [
    losses.kl_divergence, losses.jensen_shannon, losses.hellinger, losses.bhattacharyya,
    losses.total_variation, losses.chi_square, losses.renyi, losses.wasserstein,
]  # fmt: skip
SYMMETRIC = [
    losses.jensen_shannon, losses.hellinger, losses.bhattacharyya, losses.total_variation,
    losses.chi_square, losses.wasserstein,
]  # fmt: skip
orders = st.sampled_from([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 8.0, math.inf])


def distributions(count: int) -> st.SearchStrategy[list[Array]]:
    """Rows of probabilities above 0.001 that sum to 1."""
    shape = st.tuples(st.integers(1, 4), st.integers(1, 6))
    block = shape.flatmap(lambda s: arrays(np.float64, (count, *s), elements=st.floats(0.01, 1.0)))
    return block.map(lambda x: list(x / x.sum(axis=-1, keepdims=True)))


def close(actual: Array, expected: Array, *, atol: float = 1e-14) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=atol)


@given(distributions(2))
def test_kl_div_sums_to_the_divergence(pair: list[Array]) -> None:
    x, y = pair
    divergence = losses.kl_divergence(x, y)
    close(losses.kl_div(np.log(x), y).sum(axis=1), divergence)
    close(losses.generalized_kl_div(np.log(x), y).sum(axis=1), divergence)
    keras = losses.kl_divergence(x, y, normalize=False, clip=1e-7)
    close(keras, divergence)


@given(distributions(2))
def test_orders_of_renyi(pair: list[Array]) -> None:
    close(losses.renyi(*pair, alpha=1.0), losses.kl_divergence(*pair))
    close(losses.renyi(*pair, alpha=0.5), 2 * losses.bhattacharyya(*pair))
    pearson = losses.chi_square(*pair, kind="pearson")
    close(losses.renyi(*pair, alpha=2.0), np.log1p(pearson))
    near = losses.renyi(*pair, alpha=1.0 + 1e-6)
    close(near, losses.kl_divergence(*pair), atol=1e-4)


@given(distributions(2), orders, orders)
def test_renyi_grows_with_alpha(pair: list[Array], alpha: float, beta: float) -> None:
    low, high = sorted((alpha, beta))
    assert (losses.renyi(*pair, alpha=low) <= losses.renyi(*pair, alpha=high) + 1e-14).all()


@given(distributions(2))
def test_inequalities(pair: list[Array]) -> None:
    tiny = 1e-14
    shift = losses.total_variation(*pair)
    roots = losses.hellinger(*pair)
    assert (roots**2 <= shift + tiny).all()
    assert (shift <= math.sqrt(2) * roots + tiny).all()
    assert (2 * shift**2 <= losses.kl_divergence(*pair) + tiny).all()
    assert (losses.jensen_shannon(*pair, base=2) <= shift + tiny).all()
    assert (2 * shift**2 <= losses.chi_square(*pair) + tiny).all()
    assert (losses.chi_square(*pair) <= 2 * shift + tiny).all()
    assert (losses.wasserstein(*pair) >= shift - tiny).all()
    close(losses.bhattacharyya(*pair), -np.log1p(-(roots**2)))


@pytest.mark.parametrize("loss", SYMMETRIC)
@given(pair=distributions(2))
def test_symmetric(loss: object, pair: list[Array]) -> None:
    close(loss(*pair), loss(*pair[::-1]))  # type: ignore[operator]


@pytest.mark.parametrize("loss", NORMALIZING)
@given(pair=distributions(2), exponent=st.integers(-1000, 0))
def test_only_shares_count(loss: object, pair: list[Array], exponent: int) -> None:
    x, y = pair
    close(loss(np.ldexp(x, exponent), y), loss(x, y))  # type: ignore[operator]


@given(distributions(3))
def test_distances_take_no_short_cut(triple: list[Array]) -> None:
    x, y, z = triple

    def root(a: Array, b: Array) -> Array:
        return losses.jensen_shannon(a, b, sqrt=True)

    for distance in (root, losses.hellinger, losses.total_variation, losses.wasserstein):
        assert (distance(x, z) <= distance(x, y) + distance(y, z) + 1e-14).all()


def test_what_nothing_in_common_costs() -> None:
    x, y = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]
    assert losses.kl_divergence(x, y) == math.inf
    assert losses.bhattacharyya(x, y) == math.inf
    assert losses.renyi(x, y, alpha=0.5) == math.inf
    assert losses.jensen_shannon(x, y, base=2) == 1
    assert losses.hellinger(x, y) == losses.total_variation(x, y) == 1
    assert losses.chi_square(x, y) == losses.wasserstein(x, y) == 2
    assert losses.chi_square(x, y, kind="pearson") == pytest.approx(1e7)


@pytest.mark.parametrize("loss", NORMALIZING)
def test_a_row_of_zeros_is_no_distribution(loss: object) -> None:
    assert np.isnan(loss([0.0, 0.0], [0.5, 0.5]))  # type: ignore[operator]
    assert np.isnan(loss([0.5, 0.5], [0.0, 0.0]))  # type: ignore[operator]


@given(st.integers(1, 8), st.floats(0.1, 4.0))
def test_wasserstein_of_a_shift(steps: int, width: float) -> None:
    x, y = np.eye(9)[0], np.eye(9)[steps]
    close(losses.wasserstein(x, y, width=width), steps * width)
    close(losses.wasserstein(x, y, width=width, squared=True), steps * width)


@given(st.floats(0.01, 30.0), st.floats(0.01, 30.0), st.integers(-300, 300))
def test_itakura_saito_sees_a_ratio(x: float, y: float, exponent: int) -> None:
    found = losses.itakura_saito([x], [y])
    close(losses.itakura_saito(np.ldexp([x], exponent), np.ldexp([y], exponent)), found, atol=0)
    close(2 * found, losses.gamma_deviance([x], [y]))


def test_generalized_kl_is_half_the_poisson_deviance() -> None:
    x, y = np.array([0.5, 2.0, 30.0, 1.0]), np.array([0.0, 1.0, 31.0, 1.0])
    close(2 * losses.generalized_kl_div(np.log(x), y), losses.poisson_deviance(x, y))
