"""The clever arithmetic against 60 digits, and what makes its sums the same for every row."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losscli import numerics
from losscli.domain import Array

ULP = 2.0**-52
# Differences of eighths are exact, so that only the function under test rounds.
eighths = st.integers(-5600, 5600).map(lambda n: n / 8)


def digits(value: float) -> Decimal:
    return Decimal(value)


def log_sum_exp(row: list[float], of: float) -> float:
    """log sum exp(x - of) with 400 digits: enough for 1 + exp(-700)."""
    with localcontext() as context:
        context.prec = 400
        return float(sum((digits(x) - digits(of)).exp() for x in row).ln())


def softplus(x: float) -> float:
    return log_sum_exp([0.0, x], 0.0)


@given(arrays(np.float64, (4, 7), elements=st.floats(-1e6, 1e6)), st.integers(1, 7))
def test_sum_classes(x: Array, classes: int) -> None:
    x = x[:, :classes]
    expected = [math.fsum(row) for row in x]
    size = np.abs(x).sum(axis=1)
    for layout in (np.ascontiguousarray, np.asfortranarray):
        assert (np.abs(numerics.sum_classes(layout(x).copy()) - expected) <= 4 * ULP * size).all()
    alone = [numerics.sum_classes(x[i : i + 1].copy())[0] for i in range(len(x))]
    np.testing.assert_array_equal(alone, numerics.sum_classes(np.asfortranarray(x.copy())))


@given(st.lists(eighths, min_size=2, max_size=5))
def test_log_total_has_all_its_digits(row: list[float]) -> None:
    shifted, log_total = numerics.log_softmax_parts(np.array([row]))
    assert shifted.tolist() == [[x - max(row) for x in row]]
    if log_total[0] > 1e-300:
        assert log_total[0] == pytest.approx(log_sum_exp(row, max(row)), rel=8 * ULP, abs=0)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0.0, 0.0, 0.0], math.log(3)),
        ([1.7976931348623157e308] * 3, math.log(3)),
        ([1e15, 1e15 + 1], math.log1p(math.exp(-1))),
        ([5.0, -np.inf], 0.0),
        ([700.0, 0.0], math.exp(-700)),
        ([-1e308, 1e308], 0.0),
        ([1.0, np.nextafter(1.0, 2.0)], math.log(2)),
    ],
)
def test_log_total_at_the_edges(row: list[float], expected: float) -> None:
    with np.errstate(all="ignore"):
        _, log_total = numerics.log_softmax_parts(np.array([row]))
    assert log_total[0] == pytest.approx(expected, rel=4 * ULP, abs=0)


@pytest.mark.parametrize("row", [[np.inf, 0.0], [np.nan, 0.0], [-np.inf, -np.inf]])
def test_log_total_of_no_distribution_is_nan(row: list[float]) -> None:
    with np.errstate(all="ignore"):
        _, log_total = numerics.log_softmax_parts(np.array([row]))
    assert np.isnan(log_total[0])


@given(st.lists(eighths, min_size=1, max_size=6))
def test_softplus_both(xs: list[float]) -> None:
    negative, positive = numerics.softplus_both(np.array(xs))
    for x, down, up in zip(xs, negative, positive, strict=True):
        assert up == pytest.approx(softplus(x), rel=4 * ULP, abs=1e-300)
        assert down == pytest.approx(softplus(-x), rel=4 * ULP, abs=1e-300)


def test_softplus_of_infinities() -> None:
    negative, positive = numerics.softplus_both(np.array([np.inf, -np.inf]))
    assert negative.tolist() == [0.0, np.inf]
    assert positive.tolist() == [np.inf, 0.0]


@given(st.lists(eighths, min_size=1, max_size=6))
def test_sigmoid_both(xs: list[float]) -> None:
    upper, lower = numerics.sigmoid_both(np.array(xs))
    for x, up, down in zip(xs, upper, lower, strict=True):
        with localcontext() as context:
            context.prec = 60
            expected = float(1 / (1 + digits(-x).exp()))
        assert up == pytest.approx(expected, rel=4 * ULP, abs=1e-300)
        assert down == numerics.sigmoid_both(np.array([-x]))[0][0]


def test_pick() -> None:
    x = np.arange(12.0).reshape(4, 3)
    labels = np.array([2, 0, 1, 2])
    expected = [2.0, 3.0, 7.0, 11.0]
    assert numerics.pick(x, labels).tolist() == expected
    assert numerics.pick(np.asfortranarray(x), labels).tolist() == expected
    deep = np.arange(12.0).reshape(2, 3, 2)
    assert numerics.pick(deep, np.array([[0, 2], [1, 1]])).tolist() == [[0.0, 5.0], [8.0, 9.0]]
    assert numerics.pick(x[:0], labels[:0]).tolist() == []
    for wrong in (-1, 3):
        with pytest.raises(IndexError, match=r"0 \.\. 2"):
            numerics.pick(x, np.array([0, wrong, 0, 0]))


@pytest.mark.parametrize("p", [2.0, 1.0, 3.0, 0.5, 7.5, -1.0, -2.0])
@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200, 1e300, 1e-300])
def test_norm_at_any_size(p: float, scale: float) -> None:
    row = [3.0, -4.0, 1.25]
    expected = scale * math.fsum(abs(v) ** p for v in row) ** (1 / p)
    with np.errstate(all="ignore"):
        found = numerics.norm(np.array([row, row]) * scale, p)
    assert found == pytest.approx([expected, expected], rel=1e-14, abs=0)


def test_norm_special_powers() -> None:
    x = np.array([[3.0, 0.0, -4.0], [1.0, 2.0, 2.0]])
    assert numerics.norm(x, np.inf).tolist() == [4.0, 2.0]
    assert numerics.norm(x, -np.inf).tolist() == [0.0, 1.0]
    assert numerics.norm(x, 0.0).tolist() == [2.0, 3.0]
    assert numerics.norm(x, 2.0).tolist() == [5.0, 3.0]
    with np.errstate(all="ignore"):
        assert numerics.norm(x, -1.0)[0] == 0.0


@pytest.mark.parametrize("p", [2.0, 1.0, 3.0, np.inf])
def test_norm_of_what_has_none(p: float) -> None:
    x = np.array([[np.inf, 1.0], [np.nan, 1.0], [0.0, 0.0], [np.inf, np.nan], [-np.inf, 1e200]])
    with np.errstate(all="ignore"):
        found = numerics.norm(x, p)
    np.testing.assert_array_equal(found, [np.inf, np.nan, 0.0, np.nan, np.inf])


@given(arrays(np.float64, (3, 5), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_shrink_huge_is_exact(x: Array) -> None:
    small, scale = numerics.shrink_huge(x)
    assert (np.frexp(scale)[0] == 0.5).all()
    assert np.isfinite((small * small).sum(axis=1)).all()
    kept = np.abs(small) > 1e-300
    np.testing.assert_array_equal((small * scale[:, None])[kept], x[kept])
    huge = np.abs(x).max(axis=1) > 1e150
    np.testing.assert_array_equal(small[~huge], x[~huge])


def test_keep_freed_memory_is_harmless() -> None:
    numerics.keep_freed_memory()
