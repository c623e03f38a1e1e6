"""Identities between the losses of yes-or-no answers, and what their labels may be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import losscli
from losscli import losses
from losscli.domain import Array
from losscli.errors import DataError


def columns(*strategies: st.SearchStrategy[float]) -> st.SearchStrategy[list[Array]]:
    """One array for each strategy, all of one length."""
    return st.lists(st.tuples(*strategies), min_size=1, max_size=8).map(
        lambda rows: [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]
    )


def close(actual: Array, expected: Array, *, rtol: float = 1e-13, atol: float = 1e-14) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


reals = st.floats(-30, 30)
unit = st.floats(0, 1)
labels = st.sampled_from([0.0, 1.0])
signed = columns(reals, st.sampled_from([-1.0, 1.0]))


@given(signed)
def test_soft_margin_is_bce_with_logits(xy: list[Array]) -> None:
    x, y = xy
    close(losses.soft_margin(x, y), losses.bce_with_logits(x, (y + 1) / 2), atol=0)


@given(signed)
def test_margin_losses_are_made_of_one_another(xy: list[Array]) -> None:
    x, y = xy
    hinge, perceptron = losses.hinge(x, y), losses.perceptron(x, y)
    close(losses.squared_hinge(x, y), hinge**2)
    assert (perceptron <= hinge).all()
    assert (hinge <= perceptron + 1).all()
    close(losses.modified_huber(x, y), 4 * losses.binary_sparsemax(x, y), atol=0)
    near = x * y >= -1
    close(losses.modified_huber(x, y)[near], (hinge**2)[near])
    close(losses.modified_huber(x, y)[~near], 4 * perceptron[~near])
    close(losses.wgan(x, y), perceptron - losses.perceptron(x, -y), atol=0)
    close(losses.exponential(x, y) * losses.exponential(x, -y), np.ones(len(x)), rtol=1e-12)


@given(signed)
def test_margin_losses_bound_the_share_of_wrong_answers(xy: list[Array]) -> None:
    x, y = xy
    wrong = np.where(y > 0, x <= 0, x > 0)
    np.testing.assert_array_equal(losses.zero_one(x, (y + 1) / 2, threshold=0), wrong)
    for loss in (losses.hinge, losses.squared_hinge, losses.modified_huber, losses.exponential):
        assert (loss(x, y) >= wrong).all()
    assert (losses.soft_margin(x, y) >= np.log(2) * wrong).all()


@given(columns(unit, unit), st.sampled_from([None, 0.25, 0.75]), st.floats(0, 1))
def test_binary_focal_is_made_of_bce(xy: list[Array], alpha: float | None, s: float) -> None:
    p, y = xy
    close(losses.binary_focal(p, y, gamma=0), losses.bce(p, y), atol=0)
    smooth = y * (1 - s) + s / 2
    close(
        losses.binary_focal(p, y, alpha=alpha, label_smoothing=s),
        losses.binary_focal(p, smooth, alpha=alpha),
    )


@given(columns(st.floats(-12, 12), unit), st.sampled_from([None, 0.25]), st.floats(0, 4))
def test_binary_focal_is_focal_of_a_sigmoid(
    xy: list[Array], alpha: float | None, gamma: float
) -> None:
    x, y = xy
    p = 1 / (1 + np.exp(-x))
    close(
        losses.binary_focal(p, y, alpha=alpha, gamma=gamma),
        losses.focal(x, y, alpha=alpha, gamma=gamma),
        rtol=1e-9,
        atol=1e-9,
    )


@given(columns(reals, labels), st.floats(0, 4))
def test_asymmetric_without_asymmetry_is_focal(xy: list[Array], gamma: float) -> None:
    asymmetric = losses.asymmetric(*xy, gamma_neg=gamma, gamma_pos=gamma, clip=0, eps=0)
    close(asymmetric, losses.focal(*xy, alpha=None, gamma=gamma), rtol=1e-12, atol=0)


@given(columns(reals, unit))
def test_kl_bernoulli_is_bce_less_the_entropy(xy: list[Array]) -> None:
    x, y = xy
    own = np.log(np.clip(y, 1e-300, None)), np.log1p(-np.clip(y, None, 1 - 2**-53))
    entropy = -(y * own[0] + (1 - y) * own[1])
    close(losses.kl_bernoulli(x, y), losses.bce_with_logits(x, y) - entropy, atol=1e-13)
    agreeing = losses.kl_bernoulli(x, 1 / (1 + np.exp(-x)))
    close(agreeing, np.zeros(len(x)), atol=1e-14)


@given(columns(reals, unit), st.integers(1, 6))
def test_cross_entropy_lambda_counts_trials(xy: list[Array], trials: int) -> None:
    x, y = xy
    ones = np.ones(len(x))
    close(losses.cross_entropy_lambda(x, y, ones), losses.bce_with_logits(x, y), rtol=1e-12)
    none = losses.bce_with_logits(x, 0 * y)
    close(losses.cross_entropy_lambda(x, 0 * y, trials * ones), trials * none)
    any_yes = -np.log(-np.expm1(-trials * none))
    close(losses.cross_entropy_lambda(x, ones, trials * ones), any_yes, rtol=1e-9)


@given(columns(unit, unit))
def test_brier_is_mse(xy: list[Array]) -> None:
    close(losses.brier(*xy), losses.mse(*xy), atol=0)
    close(losses.brier(*xy, scale_by_half=False), 2 * losses.mse(*xy), atol=0)


def test_a_normalized_focal_loss_divides_by_the_focus() -> None:
    logits, target = [2.0, -1.0, 0.0], [1.0, 0.0, 1.0]
    plain = losscli.compute("focal(alpha=None)", logits, target)
    normalized = losscli.compute("focal(alpha=None, normalized=True)", logits, target)
    focus = losses.focal(logits, target, alpha=None) / losses.bce_with_logits(logits, target)
    assert normalized.reductions["sum"] == plain.reductions["sum"]
    assert normalized.reductions["mean"] == pytest.approx(plain.reductions["sum"] / focus.sum())
    assert plain.reductions["mean"] == pytest.approx(plain.reductions["sum"] / 3)


@given(columns(unit, unit), st.none() | st.floats(0, 0.5, exclude_min=True, exclude_max=True))
def test_bce_is_finite_unless_nothing_bounds_it(xy: list[Array], eps: float | None) -> None:
    assert np.isfinite(losses.bce(*xy, eps=eps)).all()
    assert losses.bce([0.0, 1.0], [1, 0], eps=0).tolist() == [np.inf, np.inf]


def test_labels_are_what_the_loss_says() -> None:
    with pytest.raises(DataError, match="1 or -1"):
        losscli.compute("hinge", [0.5, 2.0], [0, 1])
    with pytest.raises(DataError, match="0 or 1"):
        losscli.compute("zero-one", [0.5, 2.0], [1, 2])
    assert losscli.compute("zero-one(threshold=None)", [1, 3], [1, 2]).value == 0.5
    with pytest.raises(DataError, match="above 0"):
        losscli.compute("cross-entropy-lambda", logits=[0.5], target=[1], weight=[0.0])


def test_a_score_at_the_threshold_is_a_no() -> None:
    assert losses.zero_one([0.5, 0.5], [0, 1]).tolist() == [0.0, 1.0]
    assert losses.zero_one([0.25, 0.25], [0, 1], threshold=0.25).tolist() == [0.0, 1.0]


@pytest.mark.filterwarnings("error")
def test_confident_and_wrong_is_finite() -> None:
    assert losses.soft_margin([-1e300], [1]).tolist() == [1e300]
    assert losses.binary_sparsemax([-1.7e308], [1]).tolist() == [1.7e308]
    assert losses.binary_focal([0.0, 1.0], [1, 0]).tolist() == [100.0, 100.0]
    assert losses.asymmetric([-1e4], [1]).tolist() == [-np.log(1e-8)]
    close(losses.cross_entropy_lambda([-900.0], [1], [1.0]), np.array([900.0]))
