"""The statistics of paired comparisons, against SciPy, simulation and plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest
from scipy import stats

from losscli.analysis.paired import units as units_module
from losscli.analysis.paired.moments import Versus
from losscli.analysis.paired.resample import all_swaps, bootstrap_counts, random_swaps
from losscli.analysis.paired.significance import (
    bca_interval,
    bootstrap_p_value,
    detectable,
    holm,
    studentised,
    swap_p_value,
    t_interval,
    t_p_value,
)
from losscli.analysis.paired.units import MOST_UNITS, ClusterTotals, UnitTotals, dealt, most_units

Columns = list[np.ndarray]


def cut(n: int, sizes: Iterable[int]) -> list[slice]:
    slices, start = [], 0
    for size in sizes:
        slices.append(slice(start, min(start + size, n)))
        start += size
    return slices


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240517)


def versus(a: np.ndarray, b: np.ndarray, g: object = 1.0, h: object = 1.0) -> Versus:
    found = None
    for rows in cut(len(a), [7, 1, 30, 10**6]):
        share = g[rows] if isinstance(g, np.ndarray) else g
        other = h[rows] if isinstance(h, np.ndarray) else h
        part = Versus.of((a[rows], share), (b[rows], other))
        if found is None:
            found = part
        else:
            found.merge(part)
    assert found is not None
    return found


def test_without_weights_the_moments_give_the_paired_t_test(rng: np.random.Generator) -> None:
    a, b = rng.gamma(2.0, size=100), rng.gamma(2.1, size=100)
    stderr = versus(a, b).stderr(a.mean(), b.mean())
    difference = b.mean() - a.mean()
    expected = stats.ttest_rel(b, a)
    assert stderr == pytest.approx(stats.sem(b - a), rel=1e-13)
    assert t_p_value(difference, stderr, 99) == pytest.approx(expected.pvalue, rel=1e-11)
    low, high = t_interval(difference, stderr, 99, 0.95)
    interval = expected.confidence_interval(0.95)
    assert (low, high) == pytest.approx((interval.low, interval.high), rel=1e-12)


def test_a_tiny_difference_of_large_losses_keeps_its_digits(rng: np.random.Generator) -> None:
    a = 1e9 + rng.integers(0, 2**20, 500).astype(float)
    gap = rng.integers(-3, 4, 500) * 2.0**-10
    stderr = versus(a, a + gap).stderr(a.mean(), (a + gap).mean())
    assert stderr == pytest.approx(stats.sem(gap), rel=1e-9)


def ratio(loss: np.ndarray, divisor: np.ndarray) -> float:
    return float(loss.sum() / divisor.sum())


def test_ratios_with_divisors_of_their_own_have_the_error_of_their_linear_parts(
    rng: np.random.Generator,
) -> None:
    g, h = rng.integers(1, 5, 300).astype(float), rng.integers(1, 6, 300).astype(float)
    a, b = g * rng.gamma(2.0, size=300), h * rng.gamma(2.5, size=300)
    first, second = ratio(a, g), ratio(b, h)
    influence = (b - second * h) / h.mean() - (a - first * g) / g.mean()
    assert versus(a, b, g, h).stderr(first, second) == pytest.approx(
        stats.sem(influence), rel=1e-12
    )
    influence = (b - ratio(b, g) * g - a + first * g) / g.mean()
    assert versus(a, b, g, g).stderr(first, ratio(b, g)) == pytest.approx(
        stats.sem(influence), rel=1e-12
    )


def test_no_spread() -> None:
    same = np.arange(5.0)
    assert versus(same, same).stderr(2.0, 2.0) == 0.0
    assert t_p_value(0.0, 0.0, 4) == 1.0
    assert t_p_value(0.5, 0.0, 4) == 0.0
    assert math.isnan(versus(same[:1], same[:1]).stderr(0.0, 0.0))
    assert math.isnan(t_p_value(1.0, math.nan, 0))
    assert all(math.isnan(x) for x in t_interval(1.0, math.nan, 0, 0.95))
    assert math.isnan(detectable(math.nan, 0, 0.95))


@pytest.mark.parametrize("n", [2, 3, 9])
def test_all_swaps_give_scipys_exact_permutation_test(n: int, rng: np.random.Generator) -> None:
    a, b = rng.normal(size=n), rng.normal(0.5, size=n)
    gap = b - a
    swapped = np.concatenate([(gap.sum() - 2.0 * (swaps @ gap)) / n for swaps in all_swaps(n)])
    assert len(swapped) == 2**n
    expected = stats.permutation_test(
        (b, a), lambda x, y: float(np.mean(x - y)), permutation_type="samples", n_resamples=10**6
    )
    assert swap_p_value(float(gap.mean()), swapped, every=True) == expected.pvalue


def test_random_p_values_count_what_was_observed() -> None:
    swapped = np.array([0.1, -0.3, 0.2, -0.1])
    assert swap_p_value(0.25, swapped, every=False) == 2 / 5
    assert swap_p_value(0.2, swapped, every=False) == 3 / 5
    assert swap_p_value(9.0, swapped, every=False) == 1 / 5
    assert bootstrap_p_value(0.25, np.array([0.2, 0.3, 0.6, -0.1])) == 3 / 5
    assert math.isnan(swap_p_value(math.nan, swapped, every=False))


def test_bootstrap_intervals_are_scipys_but_for_chance(rng: np.random.Generator) -> None:
    x = rng.gamma(1.0, size=60)
    counts = np.concatenate(list(bootstrap_counts(3, 60, 20_000)))
    assert (counts.sum(axis=1) == 60).all()
    left_out = (x.sum() - x) / 59
    low, high = bca_interval(float(x.mean()), counts @ x / 60, left_out, 0.95)
    expected = stats.bootstrap((x,), np.mean, n_resamples=20_000, rng=rng, method="BCa")
    interval = expected.confidence_interval
    assert (low, high) == pytest.approx((interval.low, interval.high), rel=0.01)


def test_bca_of_hardly_anything() -> None:
    assert bca_interval(2.0, np.full(9, 2.0), np.full(3, 2.0), 0.95) == (2.0, 2.0)
    assert all(math.isnan(x) for x in bca_interval(2.0, np.empty(0), np.empty(0), 0.95))
    low, high = bca_interval(0.0, np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]), 0.95)
    assert 1.0 <= low <= high <= 3.0


def test_studentised_intervals_hold_zero_just_when_the_p_value_says_so() -> None:
    drawn = np.random.default_rng(0).standard_t(9, 999)
    for value in np.linspace(0.5, 4.0, 200):
        p_value, low, _ = studentised(float(value), 1.0, drawn, 0.95)
        assert (p_value <= 0.05) == (low >= 0.0)
    assert studentised(0.0, 0.0, drawn, 0.95) == (1.0, 0.0, 0.0)
    assert studentised(2.0, 0.0, drawn, 0.95) == (0.001, 2.0, 2.0)
    assert studentised(1.0, 1.0, np.array([np.inf, 0.0, -np.inf]), 0.95) == (
        0.75,
        -math.inf,
        math.inf,
    )
    assert all(math.isnan(x) for x in studentised(1.0, math.nan, drawn, 0.95))


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []
    adjusted = holm([0.01, math.nan, 0.02])
    assert adjusted[0] == 0.02
    assert math.isnan(adjusted[1])


def test_the_detectable_difference_is_found_with_the_stated_power(
    rng: np.random.Generator,
) -> None:
    n, runs = 50, 4000
    effect = detectable(1.0 / math.sqrt(n), n - 1, 0.95)
    x = rng.normal(effect, 1.0, (runs, n))
    found = stats.ttest_1samp(x, 0.0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.025)


def test_draws_depend_on_the_seed_alone() -> None:
    for draw in (bootstrap_counts, random_swaps):
        first = np.concatenate(list(draw(1, 300, 9000)))
        assert first.shape == (9000, 300)
        assert np.array_equal(first, np.concatenate(list(draw(1, 300, 9000))))
        assert not np.array_equal(first, np.concatenate(list(draw(2, 300, 9000))))
    swaps = np.concatenate(list(random_swaps(1, 300, 9000)))
    assert swaps.mean() == pytest.approx(0.5, abs=0.002)
    assert abs(np.corrcoef(swaps[:, :8].T) - np.eye(8)).max() < 0.06


def test_rows_are_dealt_by_their_number() -> None:
    whole = dealt(7, 0, 100_000, MOST_UNITS)
    parts = [dealt(7, start, 12_345, MOST_UNITS) for start in range(0, 90_000, 12_345)]
    assert np.array_equal(np.concatenate(parts)[:90_000], whole[:90_000])
    assert whole.min() >= 0
    assert whole.max() < MOST_UNITS
    few = np.bincount(dealt(7, 0, 100_000, 256), minlength=256)
    assert stats.chisquare(few).pvalue > 1e-3
    assert most_units(4) == MOST_UNITS
    assert most_units(2**20) == 256


@pytest.mark.parametrize("n", [5, MOST_UNITS - 1, MOST_UNITS, MOST_UNITS + 1, 50_000])
def test_unit_totals_do_not_depend_on_how_rows_arrive(n: int, rng: np.random.Generator) -> None:
    x = np.floor(rng.normal(size=(2, n)) * 1e6)
    found = []
    for sizes in ([n], [n // 3 + 1] * 3, [4096] * (n // 4096 + 1)):
        totals = UnitTotals(2, seed=5)
        for rows in cut(n, sizes):
            totals.add(list(x[:, rows]))
        found.append(totals.totals())
    assert all(np.array_equal(found[0], other) for other in found)
    assert len(found[0]) == (n if n <= MOST_UNITS else MOST_UNITS)
    assert found[0].sum(axis=0) == pytest.approx(x.sum(axis=1))
    if n <= MOST_UNITS:
        assert np.array_equal(found[0], x.T)


@pytest.mark.parametrize("order", ["random", "sorted", "periodic"])
def test_units_have_the_spread_of_the_rows_in_any_order(
    order: str, rng: np.random.Generator
) -> None:
    n = 200_000
    x = rng.gamma(1.0, size=n)
    if order == "sorted":
        x = np.sort(x)
    elif order == "periodic":
        x = np.sort(x).reshape(16, -1).T.ravel()
    totals = UnitTotals(2, seed=1)
    totals.add([x, np.ones(n)])
    loss, count = totals.totals().T
    residual = loss - x.mean() * count
    assert math.sqrt((residual**2).sum()) / n == pytest.approx(stats.sem(x), rel=0.03)


def test_clusters_are_counted_in_the_order_of_the_rows(rng: np.random.Generator) -> None:
    names = rng.integers(0, 900, 5000)
    x = np.floor(rng.normal(size=5000) * 1e6)
    found = []
    for shuffled in (np.arange(900), rng.permutation(900)):
        totals = ClusterTotals(1)
        for rows in cut(5000, [100, 1, 2000, 2899]):
            totals.add(shuffled[names[rows]].astype(float), [x[rows]])
        found.append(totals.totals())
    assert np.array_equal(*found)
    _, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    expected = np.bincount(inverse, x)[np.argsort(first)]
    assert np.array_equal(found[0][:, 0], expected)


def test_units_module_is_bounded() -> None:
    totals = UnitTotals(1000, seed=0)
    totals.add([np.ones(30_000)] * 1000)
    assert totals.totals().size <= units_module._MOST_NUMBERS
