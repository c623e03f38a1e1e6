"""The statistics of set losses: exact under any cut, and close to 50 digits."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli.domain import Array
from losscli.statistics import Deviance, Extent, Pooled, Sorted, Spread, Statistic, Sum, of_runs

KINDS: list[type[Statistic]] = [Sum, Spread, Extent, Sorted]
MANY = 2**20 + 300_000


def gather(kind: type, values: Array, weight: Array | None = None, cuts: tuple[int, ...] = ()):
    """The statistic of values cut into blocks and merged."""
    bounds = [0, *sorted(cuts), len(values)]
    blocks = [slice(*bound) for bound in pairwise(bounds)]
    first, *later = (kind.of(values[b], None if weight is None else weight[b]) for b in blocks)
    for part in later:
        first.merge(part)
    return first


def numbers(statistic: Statistic) -> list[Array]:
    """What a statistic tells."""
    match statistic:
        case Sum():
            return [statistic.total, statistic.mean, np.array(statistic.weight)]
        case Spread():
            pooled = statistic.pooled()
            return [
                statistic.mean, statistic.squares, statistic.deviation, statistic.length,
                pooled.mean, pooled.deviation, pooled.length,
            ]  # fmt: skip
        case Extent():
            return [statistic.low, statistic.high, statistic.pooled().low]
        case Sorted():
            return [statistic.quantile(0.5), statistic.quantile(0.2), statistic.pinball(0.7)]
    raise AssertionError


def same(left: Statistic, right: Statistic, rtol: float = 1e-12, atol: float = 1e-13) -> None:
    for ours, theirs in zip(numbers(left), numbers(right), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def exact_moments(values: Array, weight: Array) -> tuple[Fraction, Fraction]:
    """Weighted mean and sum of squared deviations in rational numbers."""
    pairs = [(Fraction(float(x)), Fraction(float(w))) for x, w in zip(values, weight, strict=True)]
    mean = sum(x * w for x, w in pairs) / sum(w for _, w in pairs)
    return mean, sum(w * (x - mean) ** 2 for x, w in pairs)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Array, tuple[int, ...]]:
    shape = draw(st.sampled_from([(), (1,), (3,), (2, 2)]))
    rows = draw(st.integers(1, 9))
    size = rows * int(np.prod(shape, dtype=int))
    values = draw(st.lists(st.floats(-1e6, 1e6), min_size=size, max_size=size))
    cuts = draw(st.lists(st.integers(0, rows), max_size=4))
    return np.array(values).reshape(rows, *shape), tuple(cuts)


@pytest.mark.parametrize("kind", KINDS)
@given(block=blocks())
def test_no_cut_shows(kind: type[Statistic], block: tuple[Array, tuple[int, ...]]) -> None:
    values, cuts = block
    same(gather(kind, values, cuts=cuts), gather(kind, values), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@given(block=blocks(), data=st.data())
def test_a_weight_is_a_count(kind: type[Statistic], block, data: st.DataObject) -> None:
    values, cuts = block
    times = data.draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values)))
    if not any(times):
        return
    weighted = gather(kind, values, np.array(times, float), cuts)
    same(weighted, gather(kind, np.repeat(values, times, axis=0)), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_weight_0_leaves_out_whatever_the_row_holds(kind: type[Statistic]) -> None:
    values = np.array([1.0, np.nan, 4.0, np.inf])
    weighted = gather(kind, values, np.array([1.0, 0.0, 1.0, 0.0]), (2,))
    same(weighted, gather(kind, values[[0, 2]]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (0, 2, 2)])
def test_no_rows_at_all(kind: type[Statistic], shape: tuple[int, ...]) -> None:
    some = np.ones((2, *shape[1:]))
    both = gather(kind, some)
    both.merge(gather(kind, np.empty(shape)))
    same(both, gather(kind, some))
    none = gather(kind, np.empty(shape))
    none.merge(gather(kind, some))
    same(none, gather(kind, some))


# --- precision -----------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0.0, 1e9, -1e15])
@pytest.mark.parametrize("size", [2.0**-700, 1.0, 2.0**500])
def test_a_mean_far_above_the_spread_costs_no_digits(offset: float, size: float) -> None:
    rng = np.random.default_rng(1)
    values = (offset + rng.normal(size=1000)) * size
    weight = rng.uniform(0.1, 3.0, size=1000)
    _, squares = exact_moments(values / size, weight)
    for cuts in ((), (1, 2, 500, 500, 999)):
        found = gather(Spread, values, weight, cuts)
        deviation = float(found.deviation) / size
        assert deviation == pytest.approx(float(squares) ** 0.5, rel=1e-14)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8), st.integers(0, 8))
def test_spread_is_exact_to_rounding(values: list[float], cut: int) -> None:
    x = np.array(values)
    mean, squares = exact_moments(x, np.ones(len(x)))
    size = float(np.abs(x).max()) or 1.0
    deviation = size * float(squares / Fraction(size) ** 2) ** 0.5
    found = gather(Spread, x, cuts=(min(cut, len(x)),))
    assert float(found.mean) == pytest.approx(float(mean), rel=1e-14, abs=1e-13)
    assert float(found.deviation) == pytest.approx(deviation, rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e-310, 1.7e308])
@pytest.mark.parametrize("weight", [None, 0.1])
def test_a_constant_has_no_spread(value: float, weight: float | None) -> None:
    values = np.full(1000, value)
    weights = None if weight is None else np.full(1000, weight)
    found = gather(Spread, values, weights, (1, 7, 600))
    assert float(found.deviation) == 0.0
    assert float(found.mean) == value


@given(block=blocks())
def test_pooled_columns_are_one_column(block: tuple[Array, tuple[int, ...]]) -> None:
    values, cuts = block
    pooled, flat = gather(Spread, values, cuts=cuts).pooled(), gather(Spread, values.ravel())
    for name in ("mean", "deviation", "length"):
        np.testing.assert_allclose(
            getattr(pooled, name), getattr(flat, name), rtol=1e-13, atol=1e-9, err_msg=name
        )
    assert (pooled.rows, pooled.weight) == (flat.rows, flat.weight)


def test_infinity_and_nan_are_no_spread() -> None:
    for bad in (np.nan, np.inf):
        with np.errstate(invalid="ignore"):
            found = gather(Spread, np.array([1.0, bad, 2.0]), cuts=(1,))
        assert np.isnan(found.deviation)


@pytest.mark.parametrize("power", [-1.0, 0.0, 1.0, 1.5, 2.0, 3.0])
def test_deviance_from_the_own_mean(power: float) -> None:
    rng = np.random.default_rng(3)
    values = 1e3 + rng.uniform(0.0, 1e-3, size=500)
    stacked = np.stack([values, np.full(500, power)], axis=-1)
    _, squares = exact_moments(values, np.ones(500))
    # So close to the mean, the deviance is the square over the variance function.
    expected = float(squares) / 1e3**power
    for cuts in ((), (1, 250, 499)):
        assert float(gather(Deviance, stacked, cuts=cuts).total) == pytest.approx(
            expected, rel=1e-5
        )
    whole, cut = (float(gather(Deviance, stacked, cuts=c).total) for c in ((), (3, 77, 400)))
    assert whole == pytest.approx(cut, rel=1e-13)


# --- quantiles -----------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20), st.integers(0, 20))
def test_the_median_is_numpys(values: list[float], cut: int) -> None:
    x = np.array(values)
    found = gather(Sorted, x, cuts=(min(cut, len(x)),))
    assert float(found.quantile(0.5)) == pytest.approx(float(np.median(x)), rel=1e-15, abs=1e-300)
    assert found.error == 0.0


def test_equal_weights_make_a_tie_in_spite_of_rounding() -> None:
    x = np.arange(10.0)
    for weight in (1.0, 0.1, 1 / 3, 1e9 / 7):
        assert float(gather(Sorted, x, np.full(10, weight)).quantile(0.5)) == 4.5


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12), st.floats(0, 1))
def test_the_quantile_has_the_least_pinball_loss(values: list[float], share: float) -> None:
    x = np.array(values)
    least = float(gather(Sorted, x).pinball(share))
    for c in x:
        error = x - c
        assert least <= np.maximum(share * error, (share - 1.0) * error).sum() + 1e-9


def large(name: str) -> Array:
    rng = np.random.default_rng(4)
    return {
        "normal": rng.normal(size=MANY),
        "narrow": 1.7e9 + rng.normal(size=MANY),
        "heavy": rng.standard_cauchy(size=MANY),
        "rising": np.linspace(-1.0, 1e6, MANY) ** 3,
        "mostly zero": np.where(rng.uniform(size=MANY) < 0.7, 0.0, rng.exponential(size=MANY)),
    }[name]


@pytest.mark.parametrize("name", ["normal", "narrow", "heavy", "rising", "mostly zero"])
def test_beyond_the_exact_rows(name: str) -> None:
    x = large(name)
    weight = np.random.default_rng(5).integers(1, 4, size=MANY).astype(float)
    found = gather(Sorted, x, weight, tuple(range(100_000, MANY, 100_000)))
    assert 0.0 < found.error < 1e-4
    order = np.argsort(x)
    below = np.cumsum(weight[order]) / weight.sum()
    for share in (0.01, 0.5, 0.7, 0.99):
        quantile = float(found.quantile(share))
        low, high = (float(weight[x < quantile].sum()), float(weight[x <= quantile].sum()))
        assert low / weight.sum() - found.error <= share <= high / weight.sum() + found.error
        best = x[order][np.searchsorted(below, share)]
        lead = x - best
        least = float(np.sum(weight * np.maximum(share * lead, (share - 1.0) * lead)))
        assert float(found.pinball(share)) == pytest.approx(least, rel=1e-8)


def test_few_distinct_values_stay_exact() -> None:
    x = np.random.default_rng(6).integers(0, 1000, size=MANY).astype(float)
    found = gather(Sorted, x, cuts=(600_000, 900_000))
    assert found.error == 0.0
    assert float(found.quantile(0.5)) == np.median(x)


def test_sums_over_whole_groups_are_exact() -> None:
    x = 1e12 + np.random.default_rng(7).exponential(size=MANY)
    column = gather(Sorted, x, cuts=(500_000, 1_000_000, 1_200_000)).columns[0]
    low, _, weight, above = column.groups
    assert weight.sum() + sum(map(len, column.values)) == MANY
    pending = np.concatenate(column.values) if column.values else np.empty(0)
    lead = float(np.sum(weight * (low - x.min()) + above) + np.sum(pending - x.min()))
    assert lead == pytest.approx(float(np.sum(x - x.min())), rel=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bad_numbers_in_many_rows(bad: float) -> None:
    x = large("normal")
    x[[5, MANY - 5]] = bad
    found = gather(Sorted, x, cuts=(600_000, 1_200_000))
    if np.isnan(bad):
        assert np.isnan(found.quantile(0.5))
        assert np.isnan(found.pinball(0.5))
    else:
        assert float(found.quantile(0.5)) == pytest.approx(float(np.median(x)), abs=1e-5)
        assert float(found.pinball(0.5)) == np.inf
        assert float(found.quantile(0.0 if bad < 0 else 1.0)) == bad


def test_pooled_takes_every_entry_of_the_last_axis() -> None:
    values = np.array([[[1.0, 0.0, -3.0]], [[2.0, 5.0, 0.0]]])
    found = gather(Pooled, values, np.array([1.0, 2.0]), (1,))
    x, weight = found.columns[0].ordered()
    assert x.tolist() == [-3.0, 1.0, 2.0, 5.0]
    assert weight.tolist() == [1.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [*KINDS, Pooled], ids=lambda kind: kind.__name__)
def test_of_runs_is_of_each_run(kind: type[Statistic], weighted: bool) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(500, 3, 2))
    # Beyond the largest double when added, and what no row may spoil that weighs nothing.
    values[100:120] = 1e308
    values[300:310, 0] = np.inf
    weight = rng.integers(0, 3, 500).astype(float) if weighted else None
    if weight is not None:
        values[weight == 0.0] = np.nan
        weight[400:450] = 0.0
    bounds = np.array([0, 1, 90, 130, 299, 320, 400, 450, 500])
    with np.errstate(all="ignore"):
        runs = of_runs(kind, values, weight, bounds)
        for run, (start, stop) in zip(runs, pairwise(bounds), strict=True):
            part = slice(start, stop)
            alone = kind.of(values[part], None if weight is None else weight[part])
            for mine, theirs in zip(numbers(run), numbers(alone), strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=1e-14)
