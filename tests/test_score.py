"""Scores against a constant: identities between them, and their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import losscli
from losscli import losses
from losscli.domain import Array

SCORES = [losses.r2, losses.explained_variance, losses.d2_absolute_error, losses.d2_pinball]


@st.composite
def pairs(draw: st.DrawFn, low: float = -30, least: int = 3) -> tuple[Array, Array]:
    """Prediction and target; the target is no constant."""
    rows = draw(st.integers(least, 9))
    numbers = st.lists(
        st.integers(int(low * 8), 240).map(lambda n: n / 8), min_size=rows, max_size=rows
    )
    prediction, target = np.array(draw(numbers)), np.array(draw(numbers))
    target[0] = target[1:].max() + 1.0
    return prediction, target


def close(actual: Array, expected: Array | float, rtol: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-14)


@given(pairs())
def test_one_loss_is_another(xy: tuple[Array, Array]) -> None:
    x, y = xy
    r2 = losses.r2(x, y)
    close(losses.rse(x, y), r2)
    close(losses.rse(x, y, squared=False) ** 2, r2)
    close(losses.nrmse(x, y, normalization="std") ** 2, r2)
    close(losses.d2_tweedie(x, y), r2)
    close(losses.d2_pinball(x, y), losses.d2_absolute_error(x, y))
    close(losses.psnr(x, y), 10.0 * np.log10(losses.mse(x, y).mean()))
    close(losses.r2(x[np.newaxis], y[np.newaxis], multioutput="flattened"), r2)


@given(pairs())
def test_explained_variance_is_r2_without_the_mean_error(xy: tuple[Array, Array]) -> None:
    x, y = xy
    close(losses.explained_variance(x, y), losses.r2(x - (x - y).mean(), y), rtol=1e-9)
    assert losses.explained_variance(x, y) <= losses.r2(x, y) + 1e-12


@given(pairs())
def test_the_best_constant_costs_1(xy: tuple[Array, Array]) -> None:
    _, y = xy
    mean, median = np.full_like(y, y.mean()), np.full_like(y, np.median(y))
    close(losses.r2(mean, y), 1.0)
    close(losses.explained_variance(mean, y), 1.0)
    close(losses.d2_absolute_error(median, y), 1.0)
    for share in (0.1, 0.9):
        best = min(float(losses.d2_pinball(np.full_like(y, c), y, alpha=share)) for c in y)
        close(np.array(best), 1.0)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5, 2.0, 3.0])
@given(xy=pairs(low=0.125))
def test_the_mean_has_the_least_deviance(xy: tuple[Array, Array], power: float) -> None:
    _, y = xy
    close(losses.d2_tweedie(np.full_like(y, y.mean()), y, power=power), 1.0)


@given(pairs(), st.floats(-100, 100), st.sampled_from([0.5, 4.0, -2.0]))
def test_no_unit_and_no_origin(xy: tuple[Array, Array], shift: float, factor: float) -> None:
    x, y = (factor * (values + round(shift)) for values in xy)
    for score in (losses.r2, losses.explained_variance, losses.d2_absolute_error):
        close(score(x, y), score(*xy))
    close(losses.quadratic_weighted_kappa(x, y), losses.quadratic_weighted_kappa(*xy))


@given(pairs())
def test_kappa_is_symmetric_and_between_0_and_2(xy: tuple[Array, Array]) -> None:
    kappa = losses.quadratic_weighted_kappa(*xy)
    assert kappa == losses.quadratic_weighted_kappa(*xy[::-1])
    assert 0.0 <= kappa <= 2.0 + 1e-12


@given(st.lists(st.tuples(st.integers(0, 16), st.booleans()), min_size=3, max_size=9))
def test_the_brier_score_of_two_classes_is_r2_of_one(rows: list[tuple[int, bool]]) -> None:
    p, y = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    p /= 16.0
    y[0], y[1] = 0.0, 1.0
    close(losses.d2_brier(np.stack([1.0 - p, p], axis=1), y), losses.r2(p, y))


def test_predicting_the_frequencies_costs_1() -> None:
    target = [0, 0, 0, 1, 1, 2]
    frequencies = [[1 / 2, 1 / 3, 1 / 6]] * 6
    close(losses.d2_log_loss(frequencies, target), 1.0)
    close(losses.d2_brier(frequencies, target), 1.0)


@given(pairs(low=0.125), st.sampled_from([0.5, 1.0, 8.0]))
def test_all_of_a_common_factor_is_forgiven(xy: tuple[Array, Array], factor: float) -> None:
    x, y = xy
    close(
        losses.scale_invariant_log(factor * x, y, lambd=1),
        losses.scale_invariant_log(x, y, lambd=1),
        rtol=1e-9,
    )
    msle = np.mean(np.log(x / y) ** 2)
    close(losses.scale_invariant_log(x, y, lambd=0), msle, rtol=1e-9)
    close(
        losses.scale_invariant_log(x, y, root=True, scale=10) ** 2 / 100,
        losses.scale_invariant_log(x, y),
    )


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", SCORES)
def test_a_constant_target(score) -> None:
    # Ten times 0.1 is a constant, whatever its rounded mean is.
    target = np.full(10, 0.1)
    assert score(target, target) == 0.0
    wrong = target.copy()
    wrong[3] = 0.5
    assert score(wrong, target) == 1.0


@pytest.mark.parametrize("score", [losses.r2, losses.d2_absolute_error, losses.d2_pinball])
def test_one_row_has_no_score_unless_it_counts_twice(score) -> None:
    assert math.isnan(score([1.0], [2.0]))
    name = score.__name__
    result = losscli.compute(name, prediction=[1.0], target=[2.0], sample_weight=[2.0])
    assert result.value == 1.0
    # Weights have no unit: five rows of 0.1 are five rows.
    x, y = np.array([1.0, 2.0, 4.0, 3.0, 0.0]), np.array([1.0, 3.0, 4.0, 2.0, 5.0])
    result = losscli.compute(name, prediction=x, target=y, sample_weight=np.full(5, 0.1))
    assert result.value == pytest.approx(float(score(x, y)), rel=1e-12)


def test_not_finite_if_so_asked() -> None:
    right, wrong, target = [2.0, 2.0], [2.0, 3.0], [2.0, 2.0]
    for score in (losses.r2, losses.explained_variance):
        assert math.isnan(score(right, target, force_finite=False))
        assert score(wrong, target, force_finite=False) == math.inf


def test_columns_that_do_not_vary_do_not_weigh() -> None:
    prediction = [[1.0, 5.0], [2.0, 6.0], [4.0, 5.0]]
    target = [[1.0, 5.0], [3.0, 5.0], [4.0, 5.0]]
    first = losses.r2([1.0, 2.0, 4.0], [1.0, 3.0, 4.0])
    close(losses.r2(prediction, target, multioutput="variance_weighted"), first)
    close(losses.r2(prediction, target), (first + 1.0) / 2.0)


def test_a_power_below_0_needs_a_mean_above_0() -> None:
    assert math.isnan(losses.d2_tweedie([1.0, 2.0], [-3.0, 1.0], power=-1.5))
    assert losses.d2_tweedie([1.0, 2.0], [-0.5, 3.0], power=-1.5) > 0.0


def test_digits_of_many_rows_far_from_0() -> None:
    rng = np.random.default_rng(8)
    target = rng.integers(-1000, 1000, size=300_000) / 1024
    prediction = target + rng.integers(-100, 100, size=target.size) / 1024
    far = losscli.compute("r2", prediction=prediction + 2**30, target=target + 2**30)
    near = losscli.compute("r2", prediction=prediction, target=target)
    assert far.value == pytest.approx(near.value, rel=1e-14)
    exact = math.fsum((prediction - target) ** 2) / math.fsum((target - target.mean()) ** 2)
    assert near.value == pytest.approx(exact, rel=1e-14)
