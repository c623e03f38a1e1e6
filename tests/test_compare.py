"""Comparing models: numbers against SciPy and simulation, bits, and what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from scipy import stats

import losscli
from losscli.analysis.paired.estimate import Estimate, Method
from losscli.analysis.paired.fold import RowFold
from losscli.analysis.paired.units import MOST_UNITS
from losscli.comparison import Comparison, Difference
from losscli.engine.sample import Sample
from losscli.versus import Judging, compare_losses

RNG = np.random.default_rng(11)
N = 60
Y = RNG.normal(size=N)
A = Y + RNG.normal(size=N)
B = Y + 0.8 * RNG.normal(size=N)
WEIGHT = RNG.integers(0, 4, N).astype(float)


def difference(found: Comparison, name: str = "b") -> Difference:
    gap = found[name].difference
    assert gap is not None
    return gap


def test_the_default_is_scipys_paired_t_test() -> None:
    found = losscli.compare("mse", Y, {"a": A, "b": B})
    losses = (A - Y) ** 2, (B - Y) ** 2
    expected = stats.ttest_rel(losses[1], losses[0])
    interval = expected.confidence_interval(0.95)
    gap = difference(found)
    assert found.test == "t"
    assert gap.p_value == gap.p_adjusted == pytest.approx(expected.pvalue, rel=1e-10)
    assert (gap.low, gap.high) == pytest.approx((interval.low, interval.high), rel=1e-10)
    assert gap.value == pytest.approx(losses[1].mean() - losses[0].mean(), rel=1e-12)
    assert gap.won == (losses[1] < losses[0]).mean()
    assert found["a"].difference is None
    assert [model.value for model in found.models] == [
        losscli.compute("mse", x, Y).value for x in (A, B)
    ]
    assert found["a"].stderr == pytest.approx(stats.sem(losses[0]), rel=1e-12)
    assert found.best is not None
    assert found.best.name == "b"
    assert [model.best for model in found.models] == [False, True]


@pytest.mark.parametrize("n", [2, 5, 12])
def test_few_rows_are_swapped_in_every_way(n: int) -> None:
    found = losscli.compare("mae", Y[:n], {"a": A[:n], "b": B[:n]}, test="permutation")
    losses = np.abs(A[:n] - Y[:n]), np.abs(B[:n] - Y[:n])
    expected = stats.permutation_test(
        losses, lambda x, y: float(np.mean(x - y)), permutation_type="samples", n_resamples=10**6
    )
    assert difference(found).exact
    assert difference(found).p_value == pytest.approx(expected.pvalue, abs=1e-15)


def test_of_many_rows_as_many_permutations_are_drawn_as_asked_for() -> None:
    models = {"a": A, "b": B}
    many = losscli.compare("mse", Y, models, test="permutation", resamples=50_000)
    t_test = losscli.compare("mse", Y, models)
    assert difference(many).p_value == pytest.approx(difference(t_test).p_value, abs=0.02)
    assert not difference(many).exact
    few = losscli.compare("mse", Y, models, test="permutation", resamples=9)
    assert difference(few).p_value * 10 == pytest.approx(round(difference(few).p_value * 10))
    again = losscli.compare("mse", Y, models, test="permutation", resamples=9)
    other = losscli.compare("mse", Y, models, test="permutation", resamples=50_000, seed=1)
    assert few == again
    assert difference(other).p_value != difference(many).p_value


@pytest.mark.parametrize("loss", ["rmse", "r2", "median-absolute-error"])
def test_bootstrap_intervals_are_scipys(loss: str) -> None:
    resamples = 4000
    found = losscli.compare(loss, Y, {"a": A, "b": B}, test="bootstrap", resamples=resamples)

    def statistic(rows: Any) -> float:
        rows = np.asarray(rows, int)
        return float(
            losscli.losses.__dict__[loss.replace("-", "_")](B[rows], Y[rows]).mean()
            - losscli.losses.__dict__[loss.replace("-", "_")](A[rows], Y[rows]).mean()
        )

    expected = stats.bootstrap(
        (np.arange(N),), statistic, n_resamples=resamples, vectorized=False, rng=RNG
    )
    gap = difference(found)
    scale = expected.confidence_interval.high - expected.confidence_interval.low
    assert gap.low == pytest.approx(expected.confidence_interval.low, abs=0.08 * scale)
    assert gap.high == pytest.approx(expected.confidence_interval.high, abs=0.08 * scale)
    assert gap.stderr == pytest.approx(expected.standard_error, rel=0.08)


def test_of_losses_of_rows_the_t_value_is_bootstrapped() -> None:
    gap = (B - Y) ** 2 - (A - Y) ** 2
    drawn = gap[RNG.integers(0, N, (20_000, N))]
    t = np.abs(drawn.mean(axis=1) - gap.mean()) / stats.sem(drawn, axis=1)
    reach = np.quantile(t, 0.95) * stats.sem(gap)
    found = difference(
        losscli.compare("mse", Y, {"a": A, "b": B}, test="bootstrap", resamples=20_000)
    )
    assert found.high - found.low == pytest.approx(2.0 * reach, rel=0.03)
    expected = np.mean(t >= abs(gap.mean()) / stats.sem(gap))
    assert found.p_value == pytest.approx(expected, abs=0.015)


def test_sample_weights_and_class_weights_make_ratios() -> None:
    found = losscli.compare("mse", Y, {"a": A, "b": B}, sample_weight=WEIGHT)
    losses = WEIGHT * (A - Y) ** 2, WEIGHT * (B - Y) ** 2
    kept = WEIGHT > 0
    first, second = (float(x.sum() / WEIGHT.sum()) for x in losses)
    influence = (losses[1] - losses[0] - (second - first) * WEIGHT)[kept] / WEIGHT[kept].mean()
    gap = difference(found)
    assert gap.value == pytest.approx(second - first, rel=1e-12)
    assert gap.stderr == pytest.approx(stats.sem(influence), rel=1e-10)
    assert found.ignored == N - kept.sum()
    logits = RNG.normal(size=(2, N, 3))
    labels = RNG.integers(0, 3, N)
    loss = "cross-entropy(weight=[1, 2, 5], ignore_index=1)"
    found = losscli.compare(loss, labels, {"a": logits[0], "b": logits[1]})
    for model, x in zip(found.models, logits, strict=True):
        result = losscli.compute(loss, x, labels)
        assert model.value == result.value
        assert result.distribution is not None
        assert model.stderr == pytest.approx(result.distribution.stderr, rel=1e-12)
    assert found.ignored == (labels == 1).sum()


def test_a_divisor_that_hangs_on_the_model_is_a_ratio_of_its_own() -> None:
    lists = [list(RNG.normal(size=k)) for k in RNG.integers(2, 6, 80)]
    targets = [[int(x) for x in RNG.integers(0, 3, len(row))] for row in lists]
    other = [list(RNG.normal(size=len(row))) for row in lists]
    found = losscli.compare("pair-logit", targets, {"a": lists, "b": other})
    alone = [losscli.compute("pair-logit", x, targets) for x in (lists, other)]
    assert [model.value for model in found.models] == [result.value for result in alone]
    assert difference(found).value == pytest.approx(alone[1].value - alone[0].value, rel=1e-9)


def test_identical_models_and_a_constant_difference() -> None:
    found = losscli.compare("mse", Y, {"a": A, "b": A.copy(), "c": B})
    gap = difference(found)
    assert (gap.value, gap.p_value, gap.tied, gap.verdict) == (0.0, 1.0, 1.0, "no difference")
    assert gap.note == "the same loss on every row"
    zeros = np.zeros(8)
    for test in ("t", "permutation", "bootstrap"):
        found = losscli.compare("mae", zeros, {"a": zeros + 1.0, "b": zeros + 3.0}, test=test)
        gap = difference(found)
        assert (gap.value, gap.stderr, gap.low, gap.high) == (2.0, 0.0, 2.0, 2.0)
        assert "every row differs by the same amount" in gap.note
        assert gap.verdict == "worse"


def test_one_row_and_two_rows() -> None:
    one = losscli.compare("mse", Y[:1], {"a": A[:1], "b": B[:1]})
    assert math.isnan(difference(one).p_value)
    assert difference(one).verdict == "no difference"
    assert "no spread" in difference(one).note
    json.loads(one.to_json())
    two = losscli.compare("mse", Y[:2], {"a": A[:2], "b": B[:2]})
    expected = stats.ttest_rel((B[:2] - Y[:2]) ** 2, (A[:2] - Y[:2]) ** 2)
    assert difference(two).p_value == pytest.approx(expected.pvalue, rel=1e-10)
    for loss in ("rmse", "r2", "mse"):
        for test in ("permutation", "bootstrap"):
            found = losscli.compare(loss, Y[:1], {"a": A[:1], "b": B[:1]}, test=test, resamples=20)
            json.loads(found.to_json())


def test_several_models_are_adjusted_by_holm() -> None:
    models = {"a": A, "b": B, "c": A + 0.05 * RNG.normal(size=N), "d": B + 0.2}
    found = losscli.compare("mse", Y, models, reference="c")
    assert found.reference == "c"
    raw = {name: difference(found, name).p_value for name in "abd"}
    order = sorted(raw, key=raw.__getitem__)
    expected, largest = {}, 0.0
    for rank, name in enumerate(order):
        largest = max(largest, min(1.0, (3 - rank) * raw[name]))
        expected[name] = largest
    assert {name: difference(found, name).p_adjusted for name in "abd"} == expected


def test_clusters_are_the_unit() -> None:
    users = RNG.integers(0, 12, N)
    found = losscli.compare("mse", Y, {"a": A, "b": B}, cluster=users.astype(str))
    gap = (B - Y) ** 2 - (A - Y) ** 2
    loss = np.bincount(users, gap)
    count = np.bincount(users)
    residual = loss[count > 0] - gap.mean() * count[count > 0]
    clusters = int((count > 0).sum())
    stderr = math.sqrt((residual**2).sum() / (clusters - 1) * clusters) / N
    assert found.clusters == clusters
    assert difference(found).stderr == pytest.approx(stderr, rel=1e-10)
    p_value = 2 * stats.t.sf(abs(gap.mean() / stderr), clusters - 1)
    assert difference(found).p_value == pytest.approx(p_value, rel=1e-9)
    for loss_name in ("mse", "rmse", "r2"):
        drawn = losscli.compare(
            loss_name, Y, {"a": A, "b": B}, cluster=users, test="bootstrap", resamples=500
        )
        assert (drawn.units, drawn.clusters) == (clusters, clusters)
    exact = losscli.compare("mse", Y, {"a": A, "b": B}, cluster=users, test="permutation")
    assert difference(exact).exact


def test_rows_that_only_repeat_others_are_no_evidence_once_clustered() -> None:
    users = np.repeat(np.arange(N), 20)
    repeated = {"a": np.repeat(A, 20), "b": np.repeat(B, 20)}
    plain = losscli.compare("mse", Y, {"a": A, "b": B})
    found = losscli.compare("mse", np.repeat(Y, 20), repeated, cluster=users)
    assert difference(found).p_value == pytest.approx(difference(plain).p_value, rel=1e-9)


def test_slices_worst_first() -> None:
    part = np.array(["x", "y", "z"])[np.arange(N) % 3]
    found = losscli.compare("mse", Y, {"a": A, "b": B}, by=part)
    assert found.by == ("by",)
    gaps = []
    for one in found.slices:
        rows = part == one.values[0]
        alone = losscli.compare("mse", Y[rows], {"a": A[rows], "b": B[rows]})
        gap = one.models[1].difference
        assert gap is not None
        assert one.n == rows.sum()
        assert one.small
        assert gap.p_value == pytest.approx(difference(alone).p_value, rel=1e-9)
        assert gap.p_adjusted >= gap.p_value
        assert one.models[0].value == pytest.approx(alone["a"].value, rel=1e-12)
        gaps.append(gap.value)
    assert gaps == sorted(gaps, reverse=True)
    assert len(gaps) == 3
    assert len(found.to_pandas()) == 8
    sets = losscli.compare("rmse", Y, {"a": A, "b": B}, by=part, resamples=50)
    rows = part == sets.slices[0].values[0]
    expected = losscli.compute("rmse", A[rows], Y[rows]).value
    assert sets.slices[0].models[0].value == pytest.approx(expected)


def test_losses_with_several_roles_of_a_model() -> None:
    var = np.full(N, 0.9)
    models: list[dict[str, object]] = [
        {"a": {"prediction": A, "var": var}, "b": {"prediction": B, "var": var + 1.0}},
        {
            "a": pd.DataFrame({"prediction": A, "var": var}),
            "b": pd.DataFrame({"var": var + 1.0, "prediction": B}),
        },
        {
            "a": pa.table({"prediction": A, "var": var}),
            "b": pa.table({"prediction": B, "var": var + 1.0}),
        },
    ]
    expected = losscli.compute("gaussian-nll", B, Y, var=var + 1.0).value
    for given in models:
        assert losscli.compare("gaussian-nll", Y, given)["b"].value == expected
    anchors = RNG.normal(size=(6, N, 4))
    triplets = {
        name: dict(zip(("anchor", "positive", "negative"), x, strict=True))
        for name, x in (("a", anchors[:3]), ("b", anchors[3:]))
    }
    found = losscli.compare("triplet-margin", None, triplets)
    assert found["b"].value == losscli.compute("triplet-margin", *anchors[3:]).value


def test_models_that_hold_the_target_themselves() -> None:
    models = {
        "a": pd.DataFrame({"prediction": A, "target": Y}),
        "b": pa.table({"target": Y, "prediction": B}),
    }
    found = losscli.compare("mse", None, models)
    assert found.models == losscli.compare("mse", Y, {"a": A, "b": B}).models
    other = Y.copy()
    other[41] += 1e-9
    models["b"] = pd.DataFrame({"prediction": B, "target": other})
    with pytest.raises(losscli.DataError, match="row 42: the target is not that of") as error:
        losscli.compare("mse", None, models)
    assert error.value.hint == "give one target for all: --target FILE"


def test_losses_that_are_there_already() -> None:
    losses = {"old": (A - Y) ** 2, "new": (B - Y) ** 2}
    models = compare_losses(losses)
    found = losscli.compare("mse", Y, {"old": A, "new": B})
    assert models == found.models
    weighted = {name: loss * WEIGHT for name, loss in losses.items()}
    models = compare_losses(weighted, dict.fromkeys(losses, WEIGHT), Judging(reference="new"))
    found = losscli.compare("mse", Y, {"old": A, "new": B}, sample_weight=WEIGHT, reference="new")
    gap, expected = models[0].difference, difference(found, "old")
    assert gap is not None
    assert gap.p_value == pytest.approx(expected.p_value, rel=1e-9)


def test_a_loss_that_is_not_finite_fails() -> None:
    bad = B.copy()
    bad[7] = np.inf
    found = losscli.compare("mse", Y, {"a": A, "b": bad}, test="bootstrap", resamples=10)
    assert found.failed
    assert "b: " in found.diagnostics[0].message
    assert math.isnan(difference(found).p_value)
    assert found.best is not None
    assert found.best.name == "a"


@pytest.mark.parametrize("loss", ["mse", "rmse", "r2"])
@pytest.mark.parametrize("test", ["t", "permutation", "bootstrap"])
def test_a_model_that_is_not_finite_leaves_the_others_their_tests(loss: str, test: Any) -> None:
    if test == "t" and loss != "mse":
        return
    bad = A.copy()
    bad[7] = np.inf
    settings: dict[str, Any] = {"test": test, "resamples": 40}
    found = losscli.compare(loss, Y, {"a": A, "b": B, "c": bad}, **settings)
    alone = losscli.compare(loss, Y, {"a": A, "b": B}, **settings)
    assert difference(found).p_value == difference(alone).p_value
    assert math.isnan(difference(found, "c").p_value)
    assert found.failed


def test_clusters_and_slices_do_not_depend_on_threads(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    n = 90_000
    y = rng.normal(size=n)
    users = rng.permutation(n) // 5
    table = pa.table({"target": y, "user": users, "part": [f"p{i}" for i in users % 7]})
    pq.write_table(table, tmp_path / "target.parquet", row_group_size=10_000)
    pa_csv.write_csv(table, tmp_path / "target.csv")
    models = {"a": y + rng.normal(size=n), "b": y + rng.normal(size=n)}
    for name, x in models.items():
        pq.write_table(pa.table({"prediction": x}), tmp_path / f"{name}.pq", row_group_size=10_000)
    found = {
        repr((comparison.models, comparison.slices))
        for threads in (1, 2, 7)
        for target in ("target.parquet", "target.csv")
        for comparison in [
            losscli.compare(
                "mse",
                tmp_path / target,
                {name: tmp_path / f"{name}.pq" for name in models},
                cluster="user",
                by="part",
                test="bootstrap",
                resamples=19,
                threads=threads,
            )
        ]
    }
    assert len(found) == 1
    assert "p3" in found.pop()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losscli.compare("mse", Y, {"a": A}), "there is one model to compare"),
        (lambda: losscli.compare("mse", Y, {}), "there is no model to compare"),
        (lambda: losscli.compare("mse", Y, {"a": A, "b": B}, reference="c"), "no model 'c'"),
        (lambda: losscli.compare("mse", Y, {"a": A, "b": B}, confidence=1.0), "between 0 and 1"),
        (lambda: losscli.compare("mse", Y, {"a": A, "b": B}, seed=-1), "negative"),
        (lambda: losscli.compare("mse", Y, {"a": A, "b": B}, resamples=0), "too few"),
        (lambda: losscli.compare("mse", Y, {"a": A, "b": B}, test="z"), "no test 'z'"),  # type: ignore[arg-type]
        (lambda: losscli.compare("rmse", Y, {"a": A, "b": B}, test="t"), "no row has a loss"),
        (lambda: losscli.compare("mse", Y, {"a": A, "b": B}, reduction="sum"), "by a mean"),
        (lambda: losscli.compare("mse", Y, {"a": A, "b": B[1:]}), "59 rows"),
        (lambda: losscli.compare("mse", None, {"a": A, "b": B}), "target"),
        (lambda: losscli.compare("triplet-margin", Y, {"a": A, "b": B}), "has no target"),
        (
            lambda: losscli.compare("gaussian-nll", Y, {"a": {"prediction": A}, "b": B}),
            "'a' has no var",
        ),
        (
            lambda: losscli.compare("mse", Y, {"a": {"prediction": A, "vra": A}, "b": B}),
            "has a vra",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises((losscli.UsageError, losscli.DataError), match=message):
        call()


def sample(loss: np.ndarray) -> Sample:
    return Sample(loss, loss, 1.0)


def folded(a: np.ndarray, b: np.ndarray, **settings: Any) -> Estimate:
    method = Method(
        **{"test": "t", "reference": 0, "confidence": 0.95, "seed": 0, "resamples": 199} | settings
    )
    fold = RowFold(2, method)
    fold.add([sample(a), sample(b)])
    return fold.conclude()


@pytest.mark.parametrize("test", ["t", "permutation", "bootstrap"])
def test_intervals_cover_and_p_values_are_uniform_under_no_difference(test: str) -> None:
    rng = np.random.default_rng(5)
    runs, n = 1500, 100
    p_values, covered = [], []
    for run in range(runs):
        # Exchangeable, skewed and correlated: no model is better.
        common = rng.gamma(2.0, size=n)
        a, b = common * rng.gamma(4.0, size=n), common * rng.gamma(4.0, size=n)
        (_, gap) = folded(a, b, test=test, seed=run, resamples=399).gaps
        assert gap is not None
        p_values.append(gap.p_value)
        covered.append(gap.spread.low <= 0.0 <= gap.spread.high)
    assert 0.93 <= np.mean(covered) <= 0.97
    # p-values of replicates are multiples of 1/400: spread them within their step.
    spread = np.array(p_values) - (rng.uniform(size=runs) / 400 if test != "t" else 0.0)
    assert stats.kstest(spread, "uniform").pvalue > 0.001
    assert 0.03 <= np.mean(np.array(p_values) <= 0.05) <= 0.07


def test_intervals_of_a_real_difference_cover_it() -> None:
    rng = np.random.default_rng(6)
    covered = {"t": [], "bootstrap": []}
    for run in range(1000):
        a, b = rng.gamma(2.0, size=80), rng.gamma(2.0, 1.3, size=80)
        for test, found in covered.items():
            (_, gap) = folded(a, b, test=test, seed=run, resamples=399).gaps
            assert gap is not None
            found.append(gap.spread.low <= 0.6 <= gap.spread.high)
    assert all(0.93 <= np.mean(found) <= 0.97 for found in covered.values())


def test_many_rows_share_units_and_keep_the_p_value() -> None:
    rng = np.random.default_rng(7)
    n = 200_000
    a = np.sort(rng.gamma(1.0, size=n))
    b = a + rng.normal(0.004, 1.0, size=n)
    by_t = folded(a, b).gaps[1]
    assert by_t is not None
    for test in ("permutation", "bootstrap"):
        found = folded(a, b, test=test, resamples=9999)
        gap = found.gaps[1]
        assert gap is not None
        assert found.units == MOST_UNITS
        assert gap.p_value == pytest.approx(by_t.p_value, abs=0.03)
        if test == "bootstrap":
            assert gap.spread.low == pytest.approx(by_t.spread.low, abs=0.1 * by_t.spread.stderr)


def test_set_losses_of_many_rows() -> None:
    rng = np.random.default_rng(8)
    n = 100_000
    y = rng.normal(size=n)
    a, b = y + rng.normal(size=n), y + 1.01 * rng.normal(size=n)
    squares = losscli.compare("mse", y, {"a": a, "b": b})
    roots = losscli.compare("rmse", y, {"a": a, "b": b}, resamples=400)
    expected = squares["a"].stderr / (2.0 * roots["a"].value)
    assert roots["a"].stderr == pytest.approx(expected, rel=0.12)
    assert (roots.units, roots.sampled) == (MOST_UNITS // 1, 1.0)
    median = losscli.compare("median-absolute-error", y, {"a": a, "b": b}, resamples=60)
    assert median.sampled == MOST_UNITS / n
    assert median["a"].value == losscli.compute("median-absolute-error", a, y).value
    density = 2.0 * stats.norm.pdf(stats.norm.ppf(0.75))
    assert median["a"].stderr == pytest.approx(0.5 / density / math.sqrt(n), rel=0.35)
    assert "random 16 %" in median.notes[0]


ROWS = 150_000


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, dict[str, Any]]]:
    """One table in CSV, in Parquet of two row-group sizes, in one file for all and in several."""
    rng = np.random.default_rng(9)
    y = rng.normal(size=ROWS) * 10.0 ** rng.integers(-4, 4, ROWS)
    columns = {
        "target": y,
        "one": y * rng.normal(1.0, 0.1, ROWS),
        "two": y * rng.normal(1.0, 0.101, ROWS),
    }
    table = pa.table(columns)
    folder = tmp_path_factory.mktemp("layouts")
    found: list[tuple[Any, dict[str, Any]]] = []
    for extension, write in {
        "csv": pa_csv.write_csv,
        "small.parquet": lambda t, p: pq.write_table(t, p, row_group_size=7_001),
        "parquet": pq.write_table,
    }.items():
        paths = {name: folder / f"{name}.{extension}" for name in columns}
        for name, path in paths.items():
            write(table.select([name]), path)
        target = paths.pop("target")
        found.append((target, paths))
    return found


@pytest.mark.parametrize(
    ("loss", "test"),
    [
        ("mse", "t"),
        ("huber(delta=0.5)", "permutation"),
        ("mae", "bootstrap"),
        ("rmse", "bootstrap"),
    ],
)
def test_same_bits_from_any_layout_on_any_number_of_threads(
    loss: str, test: Any, layouts: list[tuple[Path, dict[str, Path]]]
) -> None:
    found = {
        repr(losscli.compare(loss, target, models, test=test, resamples=99, threads=threads).models)
        for target, models in layouts
        for threads in (1, 2, 7)
    }
    assert len(found) == 1


def test_a_row_that_lacks_a_value_for_one_model_counts_for_none() -> None:
    gaps = B.copy()
    gaps[[4, 9]] = np.nan
    kept = ~np.isnan(gaps)
    expected = losscli.compare("mse", Y[kept], {"a": A[kept], "b": B[kept]})
    frames = {
        name: pd.DataFrame({"prediction": x, "target": Y}) for name, x in (("a", A), ("b", gaps))
    }
    for target, models in ((Y, {"a": A, "b": gaps}), (None, frames)):
        found = losscli.compare("mse", target, models, missing="drop")
        assert (found.n, found.missing, found.ignored) == (N, 2, 0)
        assert found.models == expected.models
    other = Y.copy()
    other[20] += 1.0
    frames["b"] = pd.DataFrame({"prediction": gaps, "target": other})
    with pytest.raises(losscli.DataError, match="row 21: the target is not that of"):
        losscli.compare("mse", None, frames, missing="drop")


def test_a_users_own_loss_of_all_rows_is_drawn_as_ours() -> None:
    def root(prediction: np.ndarray, target: np.ndarray) -> float:
        return float(np.sqrt(np.mean((prediction - target) ** 2)))

    for test in ("bootstrap", "permutation"):
        settings: dict[str, Any] = {"test": test, "resamples": 60}
        ours = losscli.compare("rmse", Y, {"a": A, "b": B}, **settings)
        own = losscli.compare(root, Y, {"a": A, "b": B}, **settings)
        assert own["b"].stderr == pytest.approx(ours["b"].stderr, rel=1e-9)
        assert difference(own).p_value == difference(ours).p_value
        assert difference(own).low == pytest.approx(difference(ours).low, rel=1e-9)
