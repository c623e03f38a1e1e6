"""Identities between regression losses, their weights, and edges that need words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import losscli
from losscli import losses
from losscli.domain import Array


def close(actual: object, expected: object, *, rtol: float = 1e-13, atol: float = 1e-14) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def pairs(low: float, high: float) -> st.SearchStrategy[tuple[Array, Array]]:
    """Predictions and targets of several rows and columns."""
    shapes = st.tuples(st.integers(1, 8), st.integers(1, 3))
    both = shapes.map(lambda shape: arrays(np.float64, shape, elements=st.floats(low, high)))
    return both.flatmap(lambda array: st.tuples(array, array))


reals = pairs(-30, 30)
above_minus_one = pairs(-0.99, 30)


@given(reals)
def test_powers(xy: tuple[Array, Array]) -> None:
    close(losses.half_squared_error(*xy), losses.mse(*xy) / 2)
    close(losses.lq(*xy, q=1), losses.mae(*xy))
    close(losses.lq(*xy, q=2), losses.mse(*xy))


@given(reals)
def test_roots_are_roots_of_means(xy: tuple[Array, Array]) -> None:
    close(losses.rmse(*xy) ** 2, losses.mse(*xy).mean())
    each = np.sqrt(losses.mse(*xy).mean(axis=0))
    close(losses.rmse(*xy, multioutput="uniform_average"), each.mean())
    close(losses.minkowski(*xy), losses.rmse(*xy) * np.sqrt(xy[0].size))
    close(losses.minkowski(*xy, p=1), losses.mae(*xy).sum())


@given(reals)
def test_one_root_for_all_is_no_less_than_the_mean_of_roots(xy: tuple[Array, Array]) -> None:
    assert losses.rmse(*xy, multioutput="uniform_average") <= losses.rmse(*xy) * (1 + 1e-14)


@given(above_minus_one)
def test_logarithmic_losses_are_squared_losses_of_logarithms(xy: tuple[Array, Array]) -> None:
    logs = [np.log1p(a) for a in xy]
    close(losses.msle(*xy), losses.mse(*logs), atol=1e-13)
    close(losses.msle(*xy), losses.msle(*xy[::-1]))
    close(losses.rmsle(*xy) ** 2, losses.msle(*xy).mean())
    raised = [np.maximum(a, 0.5) for a in xy]
    close(losses.msle(*xy, floor=0.5), losses.msle(*raised))
    close(losses.rmsle(*xy, floor=0.5), losses.rmsle(*raised))


@given(reals, st.floats(10, 50))
def test_minkowski_closes_in_on_the_largest_error(xy: tuple[Array, Array], p: float) -> None:
    largest, norm = losses.max_error(*xy), losses.minkowski(*xy, p=p)
    # What is smaller still has no power.
    assert largest * (1 - 1e-12) - 1e-12 <= norm
    assert norm <= largest * xy[0].size ** (1 / p) * (1 + 1e-12)
    assert losses.median_absolute_error(*xy) <= largest * (1 + 1e-12)


@given(reals)
def test_percentages(xy: tuple[Array, Array]) -> None:
    close(losses.mape(*xy, eps=50), losses.mae(*xy) / 50)
    close(losses.mape(*xy, eps=0.1, scale=100), 100 * losses.mape(*xy, eps=0.1))
    close(losses.smape(*xy), losses.smape(*xy[::-1]))
    assert (losses.smape(*xy, scale=0.5) <= 1 + 1e-15).all()
    share = losses.wmape(*xy, eps=1e-3)
    close(share, losses.mae(*xy).sum() / max(np.abs(xy[1]).sum(), 1e-3))


@given(reals)
def test_weighing_rows_by_their_targets_turns_mape_into_wmape(xy: tuple[Array, Array]) -> None:
    x, y = xy[0][:, 0], np.abs(xy[1][:, 0]) + 0.1
    weighted = losscli.compute("mape", prediction=x, target=y, sample_weight=y)
    close(losses.wmape(x, y), weighted.value)


@given(reals, st.floats(0, 30))
def test_num_errors_counts_what_exceeds_the_tolerance(
    xy: tuple[Array, Array], tolerance: float
) -> None:
    missed = losses.num_errors(*xy, greater_than=tolerance)
    np.testing.assert_array_equal(missed, losses.mae(*xy) > tolerance)


def test_an_error_of_nan_is_no_hit() -> None:
    assert np.isnan(losses.num_errors([np.nan], [1.0]))


@pytest.mark.parametrize("loss", ["rmse", "rmsle", "wmape", "median_absolute_error", "max_error"])
def test_of_no_rows_there_is_no_number(loss: str) -> None:
    assert np.isnan(getattr(losses, loss)(np.empty(0), np.empty(0)))


def test_of_no_rows_the_distance_is_zero() -> None:
    assert losses.minkowski(np.empty(0), np.empty(0)) == 0.0


def test_halves_of_the_weight_meet_between_two_errors() -> None:
    result = losscli.compute(
        "median-absolute-error",
        prediction=[1.0, 2.0, 5.0],
        target=[0.0, 0.0, 0.0],
        sample_weight=[2.0, 1.0, 1.0],
    )
    assert result.value == 1.5


SKLEARN: dict[str, str] = {
    "rmse(multioutput='uniform_average')": "root_mean_squared_error",
    "rmsle(multioutput='uniform_average')": "root_mean_squared_log_error",
    "median-absolute-error": "median_absolute_error",
}


@pytest.mark.parametrize("spec", SKLEARN)
@pytest.mark.parametrize("draw", [np.random.default_rng(3).uniform, lambda *a, size: np.ones(size)])
def test_weights_agree_with_scikit_learn(spec: str, draw: Callable[..., Array]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0, 9, size=(2, 30, 3))
    weight = draw(0.1, 2.0, size=30)
    expected = getattr(metrics, SKLEARN[spec])(y, x, sample_weight=weight)
    result = losscli.compute(spec, prediction=x, target=y, sample_weight=weight)
    close(result.value, expected)
