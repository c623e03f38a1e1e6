"""Identities between robust losses: limits, bounds and special cases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losscli import losses
from losscli.domain import Array

Loss = Callable[..., Array]

# None so small that its square has lost digits.
sizes = st.just(0.0) | st.floats(1e-100, 30)
errors = arrays(np.float64, st.integers(1, 8), elements=sizes | sizes.map(float.__neg__))
scales = st.floats(0.1, 20)


def close(actual: Array, expected: Array, *, rtol: float = 1e-12, atol: float = 1e-14) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def of(loss: Loss, error: Array, **params: float) -> Array:
    return loss(error, np.zeros_like(error), **params)


# Each is half the square near 0, whatever its scale.
HALF_SQUARES: dict[str, Loss] = {
    "huber": lambda e, s: of(losses.huber, e, delta=s),
    "log_cosh": lambda e, s: of(losses.log_cosh, e, c=s),
    "pseudo_huber": lambda e, s: of(losses.pseudo_huber, e, delta=s),
    "fair": lambda e, s: of(losses.fair, e, c=s),
    "cauchy": lambda e, s: of(losses.cauchy, e, c=s),
    "geman_mcclure": lambda e, s: of(losses.geman_mcclure, e, c=s),
    "welsch": lambda e, s: of(losses.welsch, e, c=s),
    "tukey_biweight": lambda e, s: of(losses.tukey_biweight, e, c=s),
    "barron": lambda e, s: s * s * of(losses.barron, e, alpha=0.7, c=s),
}
half_squares = pytest.mark.parametrize("loss", HALF_SQUARES.values(), ids=HALF_SQUARES.keys())


@half_squares
@given(error=errors, scale=scales)
def test_half_the_square_is_never_exceeded(loss: Loss, error: Array, scale: float) -> None:
    assert (loss(error, scale) <= error**2 / 2 * (1 + 1e-12)).all()


@half_squares
@pytest.mark.parametrize("scale", [0.25, 1.0, 8.0])
def test_half_the_square_near_zero(loss: Loss, scale: float) -> None:
    error = scale * np.array([1e-13, -1e-40, 1e-90])
    close(loss(error, scale), error**2 / 2, rtol=1e-12, atol=0)


@half_squares
@given(error=errors, scale=scales)
def test_robust_losses_are_even_and_grow(loss: Loss, error: Array, scale: float) -> None:
    np.testing.assert_array_equal(loss(error, scale), loss(-error, scale))
    in_order = loss(np.sort(np.abs(error)), scale)
    assert (np.diff(in_order) >= -1e-12 * in_order[1:]).all()


@half_squares
@given(error=errors, scale=scales, unit=st.sampled_from([0.125, 4.0, 1024.0]))
def test_a_change_of_unit_is_a_change_of_scale(
    loss: Loss, error: Array, scale: float, unit: float
) -> None:
    close(loss(unit * error, unit * scale), unit**2 * loss(error, scale))


ROOT2 = np.sqrt(2.0)
SPECIAL_CASES: dict[float, Loss] = {
    2.0: lambda e, s: of(losses.mse, e) / 2,
    1.0: HALF_SQUARES["pseudo_huber"],
    0.0: lambda e, s: of(losses.cauchy, e, c=ROOT2 * s),
    -2.0: lambda e, s: of(losses.geman_mcclure, e, c=2 * s),
    -np.inf: lambda e, s: of(losses.welsch, e, c=ROOT2 * s),
}


@pytest.mark.parametrize("alpha", SPECIAL_CASES)
@given(error=errors, scale=scales)
def test_special_cases_of_barron(alpha: float, error: Array, scale: float) -> None:
    general = scale**2 * of(losses.barron, error, alpha=alpha, c=scale)
    close(general, SPECIAL_CASES[alpha](error, scale))


@pytest.mark.parametrize(
    ("alpha", "near"),
    [(0.0, 1e-15), (0.0, -1e-19), (2.0, 2 - 2**-51), (2.0, 2 + 2**-50), (-np.inf, -1e18)],
)
@given(error=errors)
def test_barron_is_continuous_in_alpha(alpha: float, near: float, error: Array) -> None:
    close(of(losses.barron, error, alpha=near), of(losses.barron, error, alpha=alpha))


@given(errors, st.lists(st.floats(-50, 2), min_size=2, max_size=2).map(sorted))
def test_barron_grows_with_alpha(error: Array, alphas: list[float]) -> None:
    low, high = (of(losses.barron, error, alpha=alpha) for alpha in alphas)
    assert (low <= high * (1 + 1e-12)).all()


@given(errors, scales)
def test_a_bounded_loss_comes_close_to_its_bound(error: Array, scale: float) -> None:
    far = np.array([1e9])
    for loss, bound in [("geman_mcclure", 2), ("welsch", 2), ("tukey_biweight", 6)]:
        function = partial(of, getattr(losses, loss), c=scale)
        assert (function(error) <= scale**2 / bound * (1 + 1e-15)).all()
        close(function(far), np.array([scale**2 / bound]))


@given(errors, scales)
def test_smooth_versions_of_huber_lie_below_it(error: Array, delta: float) -> None:
    huber = of(losses.huber, error, delta=delta) * (1 + 1e-12)
    assert (HALF_SQUARES["pseudo_huber"](error, delta) <= huber).all()
    assert (HALF_SQUARES["log_cosh"](error, delta) <= huber).all()


@given(errors, scales)
def test_charbonnier(error: Array, eps: float) -> None:
    charbonnier = of(losses.charbonnier, error, eps=eps)
    close(eps * charbonnier, of(losses.pseudo_huber, error, delta=eps))
    close(of(losses.charbonnier, error, eps=eps, subtract_eps=False), charbonnier + eps)
    np.testing.assert_array_equal(of(losses.charbonnier, error, eps=0), np.abs(error))


@given(errors, scales)
def test_epsilon_insensitive(error: Array, epsilon: float) -> None:
    beyond = of(losses.epsilon_insensitive, error, epsilon=epsilon)
    close(of(losses.squared_epsilon_insensitive, error, epsilon=epsilon), beyond**2)
    np.testing.assert_array_equal(beyond > 0, of(losses.num_errors, error, greater_than=epsilon))
    np.testing.assert_array_equal(of(losses.epsilon_insensitive, error, epsilon=0), np.abs(error))


@given(errors, scales)
def test_reverse_huber_has_the_parts_of_huber_exchanged(error: Array, c: float) -> None:
    reverse, size = of(losses.reverse_huber, error, c=c), np.abs(error)
    assert (reverse >= size).all()
    np.testing.assert_array_equal(reverse[size <= c], size[size <= c])
    # Together they are both parts: linear and quadratic.
    both = reverse + of(losses.huber, error, delta=c) / c
    close(both, size + error**2 / (2 * c))


@given(scales, scales)
def test_wing_is_continuous_where_it_turns_linear(width: float, curvature: float) -> None:
    around = np.array([width * (1 - 1e-15), width, width * (1 + 1e-15)])
    wing = of(losses.wing, around, width=width, curvature=curvature)
    close(wing, np.full(3, width * np.log1p(width / curvature)))
    farther = of(losses.wing, around[1:2] + 3.0, width=width, curvature=curvature)
    close(farther, wing[1:2] + 3.0)
