"""Slices: each has what a run on its rows alone gives, whatever the loss and whoever reads."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from csv import DictReader
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from scipy import stats
from strategies import large_example

import losscli
from losscli.api import Run, choose_reduction
from losscli.cli import main
from losscli.data import feed
from losscli.data.files import open_files
from losscli.data.reading import Reading
from losscli.data.slicing import slice_labels
from losscli.domain import Array
from losscli.engine import slices as engine_slices
from losscli.errors import DataError, UsageError
from losscli.results import Result, SliceRecord
from losscli.spec import Loss, parse, registered
from losscli.state import ExactSum

ROWS = 200_000
KINDS = ["x", "y", "z"]


def evaluate(spec: str, files: Iterable[Path], by: Iterable[str], **options: Any) -> Result:
    bound = parse(spec)
    labels = slice_labels(by)
    reduction, threads = options.pop("reduction", None), options.pop("threads", None)
    inputs = open_files(
        bound.loss.inputs,
        [str(file) for file in files],
        columns=options.pop("columns", {}),
        labels=labels,
        **options,
    )
    chosen = choose_reduction(bound, reduction, grouped=inputs.groups is not None)
    return Run(bound, inputs, chosen, threads, by=tuple(labels)).evaluate()


def by_name(result: Result) -> dict[str, SliceRecord]:
    return {one.name: one for one in result.slices}


def numbers(one: SliceRecord) -> tuple[str, ...]:
    return tuple(x.hex() for x in (one.value, one.stderr, one.low, one.high, one.share))


# --- what a slice is worth ------------------------------------------------------------------------


def agree(one: SliceRecord, alone: Result, scale: float) -> None:
    """A slice has the value, the counts and the error of a run on its rows alone."""
    assert (one.n, one.ignored) == (alone.n, alone.ignored)
    assert one.value == pytest.approx(alone.value, rel=1e-13, abs=1e-15 * scale, nan_ok=True)
    if alone.reduction in ("mean", "none") and alone.distribution is not None:
        expected = alone.distribution.stderr
        assert one.stderr == pytest.approx(expected, rel=1e-9, abs=1e-13 * scale, nan_ok=True)


def cases() -> list[Any]:
    return [
        pytest.param(loss, reduction, id=f"{loss.name}-{reduction}")
        for loss in registered().values()
        for reduction in loss.reductions
        # The value under none is the mean.
        if reduction != "none"
    ]


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize(("loss", "reduction"), cases())
def test_every_loss(loss: Loss, reduction: str, weighted: bool) -> None:
    example = large_example(loss, 11)
    tables = {role.name for role in loss.roles if role.is_table}
    given = dict(example.given)
    rows = len(next(array for name, array in given.items() if name not in tables))
    rng = np.random.default_rng(5)
    kinds = rng.choice(KINDS, rows)
    if weighted:
        given["sample_weight"] = rng.integers(0, 3, rows).astype(float)

    def run(keep: Array, **options: Any) -> Result:
        some = {name: x if name in tables else x[keep] for name, x in given.items()}
        bound = example.bound
        return losscli.compute(bound, reduction=reduction, **some, **options)

    whole = run(np.arange(rows), by=kinds)
    assert sorted(one.slice["by"] or "" for one in whole.slices) == KINDS
    for one in whole.slices:
        alone = run(np.flatnonzero(kinds == one.slice["by"]))
        size = 1.0 if alone.per_sample is None else float(np.abs(alone.per_sample).max())
        agree(one, alone, size)


@pytest.fixture(scope="module")
def pairs() -> pa.Table:
    rng = np.random.default_rng(7)
    target = rng.normal(size=ROWS) * 10.0 ** rng.integers(-3, 3, ROWS)
    return pa.table(
        {
            "prediction": target * rng.normal(1.0, 0.1, ROWS),
            "target": target,
            "sample_weight": rng.integers(0, 3, ROWS).astype(float),
            "country": rng.choice(
                ["DE", "FR", "US", "", "AT"], ROWS, p=[0.5, 0.3, 0.1, 0.09, 0.01]
            ),
            "week": rng.integers(0, 53, ROWS),
        }
    )


@pytest.fixture(scope="module")
def files(pairs: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("slices")
    made = {"csv": folder / "all.csv", "arrow.csv": folder / "quoted.csv"}
    pacsv.write_csv(pairs, made["csv"])
    noted = pairs.append_column("note", pa.array(['a "b"\nc', *["d"] * (ROWS - 1)]))
    pacsv.write_csv(noted, made["arrow.csv"])
    for group in (5_000, 70_000, ROWS):
        made[f"{group}"] = folder / f"{group}.parquet"
        pq.write_table(pairs, made[f"{group}"], row_group_size=group)
    made["dictionary"] = folder / "dictionary.parquet"
    encoded = pairs.set_column(3, "country", pairs["country"].dictionary_encode())
    pq.write_table(encoded, made["dictionary"])
    return made


@pytest.mark.parametrize("spec", ["mse", "rmse", "r2", "huber(delta=0.5)"])
def test_many_blocks(spec: str, pairs: pa.Table, files: dict[str, Path]) -> None:
    found = by_name(evaluate(spec, [files["70000"]], ["country"]))
    assert [*found] != sorted(found)
    country = pairs["country"].to_numpy(zero_copy_only=False)
    for value in ("DE", "FR", "US", "AT", ""):
        some = pairs.filter(pa.array(country == value))
        alone = losscli.compute(spec, some["prediction"], some["target"])
        one = found[f"country={value or '(missing)'}"]
        assert one.slice == {"country": value or None}
        assert one.n == alone.n
        assert one.value == pytest.approx(alone.value, rel=1e-15)
        if alone.distribution is not None:
            assert one.stderr == pytest.approx(alone.distribution.stderr, rel=1e-12)


@pytest.mark.parametrize("spec", ["mse", "rmse", "median-absolute-error"])
@pytest.mark.parametrize("by", [["country"], ["country", "week"]], ids=len)
def test_same_bits_from_any_layout_on_any_threads(
    spec: str, by: list[str], files: dict[str, Path]
) -> None:
    results = [evaluate(spec, [files["5000"]], by, threads=threads) for threads in (1, 2, 7)]
    results += [evaluate(spec, [path], by) for path in files.values()]
    first = [(one.slice, one.n, numbers(one)) for one in results[0].slices]
    for result in results[1:]:
        assert [(one.slice, one.n, numbers(one)) for one in result.slices] == first
    assert sum(one.n for one in results[0].slices) == ROWS


def test_what_the_slices_add_up_to(files: dict[str, Path]) -> None:
    total = evaluate("mse", [files["5000"]], ["week", "country"], reduction="sum")
    assert math.fsum(one.value for one in total.slices) == pytest.approx(total.value, rel=1e-15)
    assert math.fsum(one.share for one in total.slices) == pytest.approx(1.0, rel=1e-13)
    # Slicing takes nothing from the whole.
    plain = losscli.compute("mse", str(files["5000"]), reduction="sum")
    assert plain.value.hex() == total.value.hex()
    assert plain.distribution == total.distribution


def test_the_interval_is_students() -> None:
    rng = np.random.default_rng(2)
    prediction = rng.exponential(size=90)
    kind = np.repeat(["a", "b", "c"], [2, 8, 80])
    found = by_name(losscli.compute("mae", prediction, np.zeros(90), by={"kind": kind}))
    for name in "abc":
        x = prediction[kind == name]
        one = found[f"kind={name}"]
        assert one.stderr == pytest.approx(stats.sem(x), rel=1e-13)
        low, high = stats.t.interval(0.95, x.size - 1, x.mean(), stats.sem(x))
        assert (one.low, one.high) == pytest.approx((low, high), rel=1e-12)
        assert one.small == (x.size < 30)
    # The interval of a sum is that of the mean, so many times.
    of_sum = by_name(
        losscli.compute("mae", prediction, np.zeros(90), by={"kind": kind}, reduction="sum")
    )
    for name, one in of_sum.items():
        assert one.stderr == pytest.approx(found[name].stderr * one.n, rel=1e-13)
        assert one.low == pytest.approx(found[name].low * one.n, rel=1e-12)


def test_intervals_of_weighted_means_hold_their_promise() -> None:
    rng = np.random.default_rng(12)
    runs, rows = 2_000, 60
    kind = np.repeat(np.arange(runs), rows)
    loss, weight = rng.normal(3.0, 1.0, runs * rows), rng.integers(1, 4, runs * rows)
    target = np.zeros(runs * rows)
    result = losscli.compute("mae", np.abs(loss), target, sample_weight=weight, by=kind)
    truth = stats.foldnorm.mean(3.0)
    held = np.mean([one.low <= truth <= one.high for one in result.slices])
    assert 0.93 <= held <= 0.97


def test_set_losses_have_no_interval() -> None:
    result = losscli.compute("rmse", [1.0, 2.0, 3.0], [0.0, 0.0, 0.0], by=np.array([1, 1, 2]))
    assert [one.value for one in result.slices] == [3.0, math.sqrt(2.5)]
    assert all(math.isnan(x) for one in result.slices for x in (one.stderr, one.low, one.share))


# --- kinds of data --------------------------------------------------------------------------------


@pytest.fixture
def queries(tmp_path: Path) -> tuple[Path, pa.Table]:
    rng = np.random.default_rng(3)
    lengths = rng.integers(1, 9, 3_000)
    rows = int(lengths.sum())
    table = pa.table(
        {
            "query": np.repeat(np.arange(3_000), lengths),
            "prediction": rng.normal(size=rows),
            "target": rng.integers(0, 4, rows).astype(float),
            "market": np.repeat(rng.choice(["a", "b"], 3_000), lengths),
        }
    )
    path = tmp_path / "queries.parquet"
    pq.write_table(table, path)
    return path, table


@pytest.mark.parametrize(
    ("spec", "reduction"),
    [("ndcg", "mean"), ("mse", "mean"), ("mse", "sum"), ("rmse", "mean"), ("rmse", "overall")],
)
def test_groups(spec: str, reduction: str, queries: tuple[Path, pa.Table]) -> None:
    path, table = queries
    result = evaluate(spec, [path], ["market"], group="query", reduction=reduction)
    market = table["market"].to_numpy(zero_copy_only=False)
    assert sum(one.n for one in result.slices) == 3_000
    for one in result.slices:
        keep = pa.array(market == one.slice["market"])
        some = table.filter(keep)
        alone = losscli.compute(
            spec, some["prediction"], some["target"], group=some["query"], reduction=reduction
        )
        agree(one, alone, 1.0)


def test_batchmean_of_groups(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    p, q = rng.dirichlet(np.ones(3), (2, 40))
    group, kind = np.repeat(np.arange(10), 4), np.repeat(["a", "b"], 20)
    options: dict[str, Any] = {"reduction": "batchmean", "log_target": False}
    result = losscli.compute("kl-div", np.log(p), q, group=group, by=kind, **options)
    for one in result.slices:
        keep = kind == one.slice["by"]
        alone = losscli.compute("kl-div", np.log(p[keep]), q[keep], group=group[keep], **options)
        assert one.value == pytest.approx(alone.value, rel=1e-14)
        rows = losscli.compute("kl-div", np.log(p[keep]), q[keep], **options)
        assert one.value == pytest.approx(rows.value, rel=1e-14)


def test_a_group_in_two_slices(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("q,prediction,target,what\n1,1,2,DE\n2,3,4,FR\n2,3,4,\n")
    with pytest.raises(DataError, match=r"row 3: \(missing\) in a group that began with 'FR'"):
        evaluate("mse", [path], ["what"], group="q")


def test_what_is_ignored_counts_in_no_slice() -> None:
    logits, target = np.eye(3)[[0, 1, 2, 0, 1]], np.array([0, 1, -100, -100, 2])
    kind = np.array(["a", "a", "b", "b", "c"])
    found = losscli.compute("cross-entropy", logits, target, by={"kind": kind}).slices
    # Nothing counts in b, so it has no loss, and comes last.
    assert [one.slice["kind"] for one in found] == ["c", "a", "b"]
    assert [(one.n, one.ignored) for one in found] == [(1, 0), (2, 0), (2, 2)]
    assert math.isnan(found[2].value)
    assert found[2].small


def test_the_target_itself() -> None:
    logits, target = np.eye(3)[[0, 1, 2, 0]], np.array([0, 1, 1, 0])
    frame = pd.DataFrame(logits, columns=["logits_0", "logits_1", "logits_2"]).assign(target=target)
    found = losscli.compute("cross-entropy", frame, by="target").slices
    assert [one.slice for one in found] == [{"target": "1"}, {"target": "0"}]
    for one in found:
        alone = target == int(one.slice["target"] or -1)
        expected = losscli.compute("cross-entropy", logits[alone], target[alone]).value
        assert one.value == expected


# --- order and edges ------------------------------------------------------------------------------


def test_the_worst_come_first_and_ties_by_name() -> None:
    loss = [1.0, 3.0, 1.0, 2.0, 1.0, math.inf, math.nan]
    kind = np.array(["b", "c", "a", "d", None, "e", "f"], dtype=object)
    found = losscli.compute("mae", loss, np.zeros(7), by={"kind": kind}).slices
    assert [one.slice["kind"] for one in found] == ["f", "e", "c", "d", "a", "b", None]
    assert [one.status for one in found[:3]] == ["nan", "inf", "ok"]
    assert found[-1].name == "kind=(missing)"
    # A slice that is not finite spoils no other.
    assert [one.value for one in found[2:]] == [3.0, 2.0, 1.0, 1.0, 1.0]


def test_shares_are_of_losses_that_cannot_cancel() -> None:
    kind = np.array(["a", "b", "b"])
    positive = losscli.compute("mae", [3.0, 1.0, 0.0], np.zeros(3), by=kind).slices
    assert [one.share for one in positive] == [0.75, 0.25]
    signed = losscli.compute("gaussian-nll", [0.0] * 3, [0.0] * 3, [0.01, 9.0, 9.0], by=kind)
    assert all(math.isnan(one.share) for one in signed.slices)
    nothing = losscli.compute("mae", np.zeros(3), np.zeros(3), by=kind).slices
    assert all(math.isnan(one.share) for one in nothing)


def test_sums_beyond_the_largest_double() -> None:
    rows = 3 * 2**16
    kind = np.arange(rows) % 2
    loss = np.where(kind == 1, 1e308, 1.0)
    found = by_name(losscli.compute("mae", loss, np.zeros(rows), by={"kind": kind}))
    assert found["kind=1"].value == pytest.approx(1e308, rel=1e-15)
    assert found["kind=0"].value == 1.0


def test_sums_lose_nothing_over_many_blocks() -> None:
    # Every block adds a little to a lot: in plain doubles most of it would be lost.
    rows = 8 * 2**16
    kind = np.zeros(rows, np.int64)
    kind[1::2] = 1
    loss = np.full(rows, 1e-9)
    loss[:2] = 1e9
    found = losscli.compute("mae", loss, np.zeros(rows), by={"kind": kind}, reduction="sum").slices
    expected = math.fsum(loss[::2])
    assert [one.value for one in found] == pytest.approx([expected, expected], rel=2e-16)


def test_one_slice_is_the_whole() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 150_000))
    result = losscli.compute("mse", x, y, by=np.zeros(150_000))
    (one,) = result.slices
    assert one.value == result.value
    assert one.slice == {"by": "0.0"}
    assert result.distribution is not None
    assert one.stderr == pytest.approx(result.distribution.stderr, rel=1e-12)
    assert one.share == 1.0


def test_as_many_slices_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = feed.MOST_SLICES
    x = np.arange(rows, dtype=float)
    result = losscli.compute("mae", x, np.zeros(rows), by=np.arange(rows))
    assert [one.value for one in result.slices] == x[::-1].tolist()
    with pytest.raises(DataError, match="holds more than 10,000 different values"):
        losscli.compute("mae", np.zeros(rows + 1), np.zeros(rows + 1), by=np.arange(rows + 1))


def test_too_many_combinations(monkeypatch: pytest.MonkeyPatch) -> None:
    n = np.arange(120 * 120)
    by = {"one": n // 120, "two": n % 120}
    with pytest.raises(DataError, match="one and two make more than 10,000 slices"):
        losscli.compute("mae", np.zeros(n.size), np.zeros(n.size), by=by)
    # Of combinations, only those that occur count.
    same = losscli.compute("mae", np.zeros(200), np.zeros(200), by={"a": n[:200], "b": n[:200]})
    assert len(same.slices) == 200


def test_three_columns_make_combinations() -> None:
    rng = np.random.default_rng(9)
    a, b, c = rng.integers(0, 3, (3, 500))
    loss = rng.exponential(size=500)
    found = losscli.compute("mae", loss, np.zeros(500), by={"a": a, "b": b, "c": c}).slices
    expected = pd.DataFrame({"a": a, "b": b, "c": c, "loss": loss}).groupby(["a", "b", "c"]).loss
    assert len(found) == len(expected)
    for one in found:
        key = tuple(int(value or -1) for value in one.slice.values())
        assert one.value == pytest.approx(expected.mean()[key], rel=1e-14)
        assert one.n == expected.count()[key]


def test_entries_of_set_losses_wait_for_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many slices in many blocks: a call for each of them in each block would take for ever."""
    rng = np.random.default_rng(10)
    rows = 5 * 2**16
    x, kind = rng.normal(size=rows), rng.integers(0, 5_000, rows)
    calls = 0
    gather = engine_slices.SetSlices._gather_alike

    def counted(self: Any, parts: Any) -> None:
        nonlocal calls
        calls += 1
        gather(self, parts)

    monkeypatch.setattr(engine_slices.SetSlices, "_gather_alike", counted)
    found = losscli.compute("rmse", x, np.zeros(rows), by={"kind": kind})
    assert 1 <= calls <= 2
    expected = pd.Series(x**2).groupby(kind).mean() ** 0.5
    for one in found.slices:
        assert one.value == pytest.approx(expected[int(one.slice["kind"] or -1)], rel=1e-14)


def test_exact_sums_stay_small() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=20_000) * 10.0 ** rng.integers(-20, 20, 20_000)
    total = ExactSum()
    for value in x.tolist():
        total.merge(ExactSum([value]))
    assert len(total.parts) < 5_000
    assert total.total() == math.fsum(x)
    for odd in (math.inf, math.nan):
        total.merge(ExactSum([odd]))
        for value in x[:9_000].tolist():
            total.merge(ExactSum([value]))
        assert len(total.parts) < 10_000
        assert not total.is_finite
    assert math.isnan(total.total())


# --- Python ---------------------------------------------------------------------------------------


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "prediction": [1.0, 2.0, 3.0, 4.0],
            "target": [0.0, 0.0, 0.0, 0.0],
            "country": pd.Categorical(["DE", "FR", "DE", None]),
            "paid": [True, False, True, True],
        }
    )


def pick(result: Result) -> list[tuple[str, float]]:
    return [(one.name, one.value) for one in result.slices]


EXPECTED = [("country=(missing)", 4.0), ("country=DE", 2.0), ("country=FR", 2.0)]


@pytest.mark.parametrize(
    "by",
    [
        lambda f: "country",
        lambda f: ["country"],
        lambda f: ("country",),
        lambda f: {"country": None},
        lambda f: {"country": f["country"]},
        lambda f: f["country"],
        lambda f: f[["country"]],
        lambda f: {"country": pa.array(["DE", "FR", "DE", None])},
        lambda f: {"country": np.array(["DE", "FR", "DE", None], dtype=object)},
        lambda f: pa.table({"country": ["DE", "FR", "DE", None]}),
    ],
    ids=range(10),
)
def test_by_may_be(by: Callable[[pd.DataFrame], object]) -> None:
    data = frame()
    result = losscli.compute("mae", data, by=by(data))
    assert result.by == ("country",)
    assert pick(result) == EXPECTED
    given = by(data)
    if not isinstance(given, str | list | tuple) and str(given) != "{'country': None}":
        arrays = losscli.compute("mae", data["prediction"], data["target"], by=by(data))
        assert pick(arrays) == EXPECTED


def test_several_columns_and_the_order_of_names() -> None:
    result = losscli.compute("mae", frame(), by=["paid", "country"])
    assert [one.name for one in result.slices] == [
        "paid=True, country=(missing)",
        "paid=False, country=FR",
        "paid=True, country=DE",
    ]


def test_wrong_ways_to_slice() -> None:
    with pytest.raises(DataError, match="no file has a column 'land' to slice by"):
        losscli.compute("mae", frame(), by="land")
    with pytest.raises(DataError) as error:
        losscli.compute("mae", [1.0, 2.0], [1.0, 2.0], by=["a", "b"])
    assert "by=np.asarray(" in str(error.value)
    with pytest.raises(UsageError, match="'paid' is given twice to slice by"):
        losscli.compute("mae", frame(), by=["paid", "paid"])
    with pytest.raises(DataError, match="by x has 3 rows"):
        losscli.compute("mae", [1.0, 2.0], [1.0, 2.0], by={"x": np.arange(3)})
    assert losscli.compute("mae", [1.0], [1.0]).slices == ()


# --- command line ---------------------------------------------------------------------------------

SAMPLES = Path(__file__).parent.parent / "sample_data"


def cli(*words: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main(["compute", *words])
    assert isinstance(left.value.code, int)
    return left.value.code, out.getvalue(), err.getvalue()


@pytest.fixture(autouse=True)
def _among_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES)
    monkeypatch.setenv("COLUMNS", "100")


def test_the_page() -> None:
    code, out, _ = cli("mse", "predictions.csv", "--by", "sex")
    assert code == 0
    section = out[out.index("slices by") :].split("\n\n")[0]
    assert section == (
        "slices by sex, worst first\n"
        "  sex     rows     loss       95 % interval  share of the sum\n"
        "  female    63  4107.96  2487.18 .. 5728.73            66.3 %\n"
        "  male      48  2744.73  1681.91 .. 3807.56            33.7 %"
    )
    assert out.endswith("mse = 3518.454323276438  (mean over 111 rows)\n")


def test_the_page_shows_the_worst_and_markdown_all(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    code, out, _ = cli("mse", "predictions.csv", "--by", "age", "--markdown-report", str(report))
    assert code == 0
    section = out[out.index("slices by") :].split("\n\n")[0].splitlines()
    assert len(section) == 2 + 20 + 2
    assert section[-2].strip() == "small: fewer than 30 rows, so much of its loss is chance"
    ages = {line.split(",")[1] for line in Path("predictions.csv").read_text().splitlines()[1:]}
    more = len(ages) - 20
    expected = f"and {more} slices more, with lower losses: --format csv has all"
    assert section[-1].strip() == expected
    table = report.read_text().split("**slices by age, worst first**")[1].split("\n\n")[1]
    assert len(table.splitlines()) == 2 + len(ages)


def test_json() -> None:
    _, out, _ = cli("mse", "predictions.csv", "--by", "sex", "--by", "age", "--format", "json")
    record = json.loads(out)
    assert record["by"] == ["sex", "age"]
    first = record["slices"][0]
    assert first["slice"] == {"sex": "female", "age": "37"}
    assert [*first] == [
        "slice", "n", "ignored", "value", "stderr", "low", "high", "share", "small", "status",
    ]  # fmt: skip
    assert first["stderr"] is None
    assert first["small"] is True
    plain = json.loads(cli("mse", "predictions.csv", "--format", "json")[1])
    assert "slices" not in plain
    assert {k: v for k, v in record.items() if k not in ("by", "slices")} == plain
    _, out, _ = cli("mse", "predictions.csv", "--by", "sex", "--format", "jsonl")
    assert len(json.loads(out)["slices"]) == 2
    _, out, _ = cli("mse", "predictions.csv", "--by", "sex", "-f", "json", "--reduction", "none")
    assert len(json.loads(out)["slices"]) == 2


def test_csv(tmp_path: Path) -> None:
    _, out, _ = cli("mse", "predictions.csv", "--by", "sex", "--format", "csv")
    rows = [*DictReader(StringIO(out))]
    assert [row["sex"] for row in rows] == ["female", "male"]
    assert float(rows[0]["value"]) == 4107.956303324547
    assert rows[0]["small"] == "False"
    path = tmp_path / "odd.csv"
    path.write_text('prediction,target,n,"a,b"\n1,2,x,"p,q"\n3,5,,y\n')
    _, out, _ = cli("mse", str(path), "--by", "n", "--by", "a,b", "--format", "csv")
    assert out.splitlines() == [
        'by_n,"a,b",n,ignored,loss,reduction,value,status,stderr,low,high,share,small',
        ",y,1,0,mse,mean,4.0,ok,nan,nan,nan,0.8,True",
        'x,"p,q",1,0,mse,mean,1.0,ok,nan,nan,nan,0.2,True',
    ]


def test_names_are_data_not_markup(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text('prediction,target,kind\n1,2,[red]x\n3,5,"a|b"\n')
    _, out, _ = cli("mse", str(path), "--by", "kind")
    assert "[red]x" in out
    _, out, _ = cli("mse", str(path), "--by", "kind", "-f", "markdown")
    assert r"a\|b" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predictions.csv", "--by", "sexx"], "no file has a column 'sexx' to slice by"),
        (["predictions.csv", "--by", "sexx"], "did you mean 'sex'?"),
        (["predictions.csv", "--by", "sex", "--by", "sex"], "'sex' is given twice to slice by"),
        (
            ["predictions.csv", "--by", "sex", "-f", "value"],
            "prints one number, which has no place",
        ),
        (
            ["predictions.csv", "--by", "sex", "-f", "csv", "--reduction", "none"],
            "prints a number a row, which has no place for the slices of --by",
        ),
        (["preds.csv", "targets.csv", "--by", "sex"], "preds.csv has columns: prediction"),
    ],
)
def test_wrong_options(words: list[str], message: str) -> None:
    code, out, err = cli("mse", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_value_with_a_report_for_the_slices(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["mse", "predictions.csv", "--by", "sex", "-f", "value", "--json-report", str(report)]
    assert cli(*words)[:2] == (0, "3518.454323276438\n")
    assert len(json.loads(report.read_text())["slices"]) == 2


def test_too_many_values_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    rows = "".join(f"1,2,user-{i}\n" for i in range(10_001))
    path.write_text(f"prediction,target,user\n{rows}")
    code, _, err = cli("mse", str(path), "--by", "user")
    assert code == 2
    assert "many.csv, column 'user': holds more than 10,000 different values" in err
    assert "choose another" in err


# --- several files --------------------------------------------------------------------------------


@pytest.fixture
def apart(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    write("preds.csv", "id,prediction,country", "1,1,DE", "2,2,FR", "3,4,DE")
    write("targets.csv", "id,target,country", "1,0,DE", "2,0,FR", "3,0,DE")
    write("shuffled.csv", "id,target,country", "3,0,DE", "2,0,FR", "1,0,DE")
    write("meta.csv", "id,device,country", "1,tv,X", "2,tv,Y", "3,pc,X")
    return lambda name: tmp_path / name


def test_a_column_in_two_files(apart: Callable[..., Path]) -> None:
    found = evaluate("mae", [apart("preds.csv"), apart("targets.csv")], ["country"])
    assert pick(found) == [("country=DE", 2.5), ("country=FR", 2.0)]
    assert [record.role for record in found.inputs] == ["prediction", "target"]


def test_a_column_in_two_files_that_disagree(apart: Callable[..., Path]) -> None:
    apart("targets.csv").write_text("id,target,country\n1,0,DE\n2,0,DE\n3,0,FR\n")
    with pytest.raises(DataError) as error:
        evaluate("mae", [apart("preds.csv"), apart("targets.csv")], ["country"])
    said = str(error.value)
    assert "targets.csv, column 'country', row 2: 'DE' stands where" in said
    assert "preds.csv has 'FR'" in said
    assert "are both files in the same order?" in said
    # Keys say which rows belong together, and the first file whose column counts.
    options: dict[str, Any] = {"reading": Reading(on=("id",))}
    found = evaluate("mae", [apart("preds.csv"), apart("targets.csv")], ["country"], **options)
    assert pick(found) == [("country=DE", 2.5), ("country=FR", 2.0)]


def test_the_same_numbers_written_differently(apart: Callable[..., Path]) -> None:
    rows = 70_000
    kind = np.arange(rows) % 3
    numbers = pa.table({"prediction": kind * 1.0, "kind": kind})
    pq.write_table(numbers, apart("a.parquet"))
    pq.write_table(pa.table({"target": kind * 0.0, "kind": kind * 1.0}), apart("b.parquet"))
    found = evaluate("mae", [apart("a.parquet"), apart("b.parquet")], ["kind"])
    assert pick(found) == [("kind=2", 2.0), ("kind=1", 1.0), ("kind=0", 0.0)]


def test_rows_joined_by_key(apart: Callable[..., Path]) -> None:
    apart("shuffled.csv").write_text("id,target,size\n3,0,L\n2,0,S\n1,0,S\n")
    reading = Reading(on=("id",))
    for by, expected in (
        (["country"], [("country=DE", 2.5), ("country=FR", 2.0)]),
        (["size"], [("size=L", 4.0), ("size=S", 1.5)]),
    ):
        found = evaluate("mae", [apart("preds.csv"), apart("shuffled.csv")], by, reading=reading)
        assert pick(found) == expected


def test_a_file_of_columns_to_slice_by(apart: Callable[..., Path]) -> None:
    files = [apart("preds.csv"), apart("targets.csv"), Path(f"by={apart('meta.csv')}")]
    found = evaluate("mae", files, ["device"])
    assert pick(found) == [("device=pc", 4.0), ("device=tv", 1.5)]
    # It is asked first, and says whose column counts.
    assert pick(evaluate("mae", files, ["country"])) == [("country=X", 2.5), ("country=Y", 2.0)]
    apart("meta.csv").write_text("id,device\n3,pc\n1,tv\n2,tv\n")
    found = evaluate("mae", files, ["device", "country"], reading=Reading(on=("id",)))
    assert pick(found) == [
        ("device=pc, country=DE", 4.0),
        ("device=tv, country=FR", 2.0),
        ("device=tv, country=DE", 1.0),
    ]
    with pytest.raises(
        DataError, match=r"meta.csv.* group '3' stands where the other file has '1'"
    ):
        evaluate("mae", files, ["device"], group="id")
    apart("meta.csv").write_text("device\ntv\ntv\npc\n")
    grouped = evaluate("mae", files, ["device"], group="id")
    assert [(one.name, one.n) for one in grouped.slices] == [("device=pc", 1), ("device=tv", 2)]


def test_a_file_to_slice_by_that_does_not_fit(
    apart: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(apart("."))
    files = ["mae", "preds.csv", "targets.csv", "by=meta.csv"]
    cases = [
        ([], "by=meta.csv is to slice by\n  name its columns: --by COLUMN"),
        (
            ["--by", "devise"],
            "no file has a column 'devise' to slice by (LC161)\n  did you mean 'device'?",
        ),
        (["--by", "id", "--json-report", "meta.csv"], "meta.csv would overwrite meta.csv"),
    ]
    for words, message in cases:
        code, _, err = cli(*files, *words)
        assert code == 2
        assert message in err
    Path("meta.csv").write_text("device\ntv\ntv\n")
    _, _, err = cli(*files, "--by", "device")
    assert "meta.csv has 2 rows, preds.csv has 3 rows" in err
    _, _, err = cli(*files, "--by", "country")
    assert "by=meta.csv has none of the columns that are asked for" in err
