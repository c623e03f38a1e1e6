"""The engine: the same bits whoever does the work, small blocks, faults in row order."""

from __future__ import annotations

import math
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import losscli
from losscli.api import Run
from losscli.data.files import open_files
from losscli.engine.executor import run
from losscli.engine.plan import Plan, Schedule
from losscli.engine.shapes import fit_inputs
from losscli.results import Result
from losscli.spec import parse
from losscli.state import Quantiles

ROWS = 300_000


@pytest.fixture(scope="module")
def pairs() -> pa.Table:
    rng = np.random.default_rng(7)
    target = rng.normal(size=ROWS) * 10.0 ** rng.integers(-8, 8, ROWS)
    return pa.table({"prediction": target * rng.normal(1.0, 0.1, ROWS), "target": target})


@pytest.fixture(scope="module")
def scores() -> pa.Table:
    rng = np.random.default_rng(8)
    logits = rng.normal(size=(ROWS // 4, 5)) * 30.0
    columns = {f"logits_{i}": column for i, column in enumerate(logits.T)}
    return pa.table({**columns, "target": rng.integers(0, 5, ROWS // 4)})


def evaluate(spec: str, files: list[Path], threads: int | None = None) -> Result:
    bound = parse(spec)
    inputs = open_files(bound.loss.inputs, [str(file) for file in files], columns={})
    return Run(bound, inputs, "mean", threads).evaluate()


def layouts(table: pa.Table, first: list[str], folder: Path) -> list[list[Path]]:
    """The same rows as CSV, as Parquet with several row-group sizes, in one file and in two."""
    folder.mkdir(exist_ok=True)
    both = {"one": table.column_names}, {"a": first, "b": table.drop_columns(first).column_names}
    made: list[list[Path]] = []
    for names in both:
        for group in (None, 1_000, 65_536, 100_003, ROWS):
            paths = []
            for name, columns in names.items():
                path = folder / f"{name}-{group}.{'csv' if group is None else 'parquet'}"
                if group is None:
                    pa_csv.write_csv(table.select(columns), path)
                else:
                    pq.write_table(table.select(columns), path, row_group_size=group)
                paths.append(path)
            made.append(paths)
    # Two files that are cut differently.
    made.append([made[6][0], made[8][1]])
    # The same rows in forty files, some of them empty, of one format and of another.
    for suffix, write in ((".parquet", pq.write_table), (".csv", pa_csv.write_csv)):
        parts = folder / f"parts{suffix}"
        parts.mkdir()
        cuts = [*range(0, 20_000, 1_000), *[20_000] * 3, *range(30_000, len(table), 16_411)]
        for i, (start, stop) in enumerate(pairwise([*cuts, len(table)])):
            write(table.slice(start, stop - start), parts / f"part-{i}{suffix}")
        made.append([parts])
    # And in formats that are neither.
    for suffix, write in ((".feather", feather.write_feather), (".arrow", write_arrow)):
        write(table, folder / f"one{suffix}")
        made.append([folder / f"one{suffix}"])
    arrays = {name: table[name].to_numpy() for name in table.column_names}
    np.savez(folder / "one.npz", **arrays)
    made.append([folder / "one.npz"])
    return made


def write_arrow(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=70_001)


def bits(result: Result) -> tuple[object, ...]:
    numbers = [*result.reductions.values(), result.divisor]
    assert result.distribution is not None
    numbers += [getattr(result.distribution, n) for n in ("std", "stderr", "median", "p99", "max")]
    return (
        *(number.hex() for number in numbers),
        # Which file a row is in depends on the files, and nothing else may.
        tuple(replace(one, place=None) for one in result.worst),
        result.n,
        result.ignored,
    )


def test_same_bits_from_any_layout_on_any_threads(pairs: pa.Table, tmp_path: Path) -> None:
    found = {
        bits(evaluate("huber(delta=0.5)", files, threads))
        for files in layouts(pairs, ["prediction"], tmp_path)
        for threads in (1, 2, 7)
    }
    assert len(found) == 1


def test_same_bits_for_matrices(scores: pa.Table, tmp_path: Path) -> None:
    wide = scores.drop_columns("target").column_names
    files = layouts(scores, wide, tmp_path)
    nested = pa.table({
        "logits": pa.array(list(np.column_stack([scores[name] for name in wide]))),
        "target": scores["target"],
    })  # fmt: skip
    pq.write_table(nested, tmp_path / "nested.parquet", row_group_size=12_345)
    found = {
        bits(evaluate("cross-entropy(label_smoothing=0.1)", paths, threads))
        for paths in [*files, [tmp_path / "nested.parquet"]]
        for threads in (1, 2, 7)
    }
    assert len(found) == 1


def test_arrays_give_the_bits_of_files(pairs: pa.Table, tmp_path: Path) -> None:
    pq.write_table(pairs, tmp_path / "pairs.parquet")
    from_file = evaluate("mse", [tmp_path / "pairs.parquet"])
    columns = [pairs[name].to_numpy() for name in ("prediction", "target")]
    assert bits(losscli.compute("mse", *columns)) == bits(from_file)
    assert bits(losscli.compute("mse", str(tmp_path / "pairs.parquet"))) == bits(from_file)


def test_agrees_with_numpy(pairs: pa.Table) -> None:
    prediction, target = (pairs[name].to_numpy() for name in ("prediction", "target"))
    result = losscli.compute("mse", prediction, target)
    losses = (prediction - target) ** 2
    assert result.value == pytest.approx(math.fsum(losses) / ROWS, rel=1e-15)
    assert result.per_sample is not None
    np.testing.assert_array_equal(result.per_sample, losses)
    spread = result.distribution
    assert spread is not None
    assert spread.std == pytest.approx(losses.std(ddof=1), rel=1e-12)
    assert spread.stderr == pytest.approx(losses.std(ddof=1) / math.sqrt(ROWS), rel=1e-12)
    assert spread.quantile_error == 0.0
    assert [spread.p25, spread.median, spread.p99] == list(np.quantile(losses, [0.25, 0.5, 0.99]))
    order = np.lexsort((np.arange(ROWS), -losses))[:10]
    assert [worst.row - 1 for worst in result.worst] == order.tolist()
    top = np.sort(losses)[-ROWS // 100 :]
    assert spread.tail_share == pytest.approx(top.sum() / losses.sum(), rel=1e-12)


@pytest.mark.parametrize("first", [0, 150_000])
def test_rows_ignored_in_some_blocks_only(first: int) -> None:
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(size=(200_000, 3, 2)), rng.integers(0, 3, (200_000, 2))
    labels[first : first + 5] = -100
    by = np.where(np.arange(200_000) % 3, "a", "b")
    result = losscli.compute("cross-entropy", logits, labels, by=by)
    own = losscli.losses.cross_entropy(logits, labels).mean(axis=1)[(labels >= 0).all(axis=1)]
    assert result.distribution is not None
    expected = own.std(ddof=1) / math.sqrt(own.size)
    assert result.distribution.stderr == pytest.approx(expected, rel=1e-9)
    a = np.concatenate([np.arange(200_000)[:first], np.arange(200_000)[first + 5 :]]) % 3 != 0
    for one in result.slices:
        rows = a if one.name == "by=a" else ~a
        part = own[rows]
        assert one.stderr == pytest.approx(part.std(ddof=1) / math.sqrt(part.size), rel=1e-9)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5),
)
def test_exact_quantiles_are_numpys(values: list[float], shares: list[float]) -> None:
    x = np.array(values)
    with np.errstate(invalid="ignore", over="ignore"):
        expected = np.quantile(x, shares)
    np.testing.assert_array_equal(Quantiles.of(x, 0).at(shares), expected)


def test_blocks_depend_on_the_shape_of_a_row_alone(pairs: pa.Table, tmp_path: Path) -> None:
    bound = parse("mse")
    cuts = set()
    for paths in layouts(pairs, ["prediction"], tmp_path):
        inputs = open_files(bound.loss.inputs, [str(path) for path in paths], columns={})
        plan = Plan(inputs, fit_inputs(bound, inputs))
        schedule = Schedule(inputs, (plan,))
        seen = [block for (block,) in run(schedule, lambda blocks: blocks, threads=2) if block]
        cuts.add(tuple((block.first_row, block.rows) for block in seen))
        assert all(max(x.size for x in block.arrays.values()) <= 2**16 for block in seen)
    assert len(cuts) == 1


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_first_fault_in_row_order_is_reported(threads: int, tmp_path: Path) -> None:
    target = np.ones(ROWS)
    target[[70_000, 250_000]] = 2.0
    pq.write_table(
        pa.table({"prediction": np.full(ROWS, 0.5), "target": target}),
        tmp_path / "p.parquet",
        row_group_size=65_536,
    )
    with pytest.raises(losscli.DataError) as caught:
        evaluate("bce", [tmp_path / "p.parquet"], threads)
    assert (caught.value.row, caught.value.column) == (70_001, "target")


def peak_kilobytes(folder: Path, rows: int) -> int:
    """Peak memory of a whole process that evaluates so many rows."""
    rng = np.random.default_rng(1)
    path = folder / f"{rows}.parquet"
    columns = {name: rng.normal(size=rows) for name in ("prediction", "target")}
    pq.write_table(pa.table(columns), path, row_group_size=2**18)
    # ru_maxrss would count the memory of the process that starts this one.
    script = (
        "import sys; from pathlib import Path; from losscli.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print(Path('/proc/self/status').read_text())"
    )
    words = ["compute", "mse", str(path), "--format", "value", "--threads", "2"]
    words += ["--per-sample", str(folder / "losses.parquet")]
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
    )
    return int(done.stdout.partition("VmHWM:")[2].split()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_memory_is_flat_in_rows(tmp_path: Path) -> None:
    small, large = (peak_kilobytes(tmp_path, rows) for rows in (2_000_000, 6_000_000))
    # Four million pairs more are 64 MB of columns and 32 MB of losses.
    assert large - small < 24_000


@pytest.mark.parametrize(
    ("spec", "shapes"),
    [
        ("mse", [(2**16,), (2**16,)]),
        ("huber", [(2**16,), (2**16,)]),
        ("bce-with-logits", [(2**16,), (2**16,)]),
        ("cross-entropy", [(4096, 16), (4096,)]),
        ("triplet-margin(swap=True)", [(512, 128)] * 3),
    ],
)
def test_a_kernel_holds_a_few_blocks_at_most(spec: str, shapes: list[tuple[int, ...]]) -> None:
    bound = parse(spec)
    arrays = [np.ones(shape, order="F" if spec == "cross-entropy" else "C") for shape in shapes]
    tracemalloc.start()
    try:
        bound.loss.kernel(*arrays, **bound.arguments)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 4.5 * arrays[0].nbytes


def test_sample_weight_is_a_weighted_mean() -> None:
    rng = np.random.default_rng(3)
    p, t, w = rng.normal(size=(3, 1000))
    w = np.abs(w)
    w[::7] = 0.0
    result = losscli.compute("mae", p, t, sample_weight=w)
    losses = np.abs(p - t)
    assert result.value == pytest.approx((w * losses).sum() / w.sum(), rel=1e-14)
    assert result.ignored == np.count_nonzero(w == 0.0)
    assert result.divisor_meaning == "sum of sample weights"
    # Weights of 1 and 0 are the same as leaving rows out.
    plain = losscli.compute("mae", p[w > 0], t[w > 0])
    kept = losscli.compute("mae", p, t, sample_weight=(w > 0).astype(float))
    assert kept.value == pytest.approx(plain.value, rel=1e-15)
    assert plain.distribution is not None
    assert kept.distribution is not None
    assert kept.distribution.stderr == pytest.approx(plain.distribution.stderr, rel=1e-12)


def test_weight_zero_leaves_out_even_an_infinite_loss() -> None:
    weight = [1.0, 0.0, 0.0, 3.0]
    result = losscli.compute("mse", [1.0, np.inf, np.nan, 2.0], np.zeros(4), sample_weight=weight)
    assert result.value == 13.0 / 4.0
    assert result.ignored == 2
    assert result.distribution is not None
    assert result.distribution.max == 4.0


def test_a_weight_for_all_rows_is_checked() -> None:
    with pytest.raises(losscli.DataError, match="at least 0"):
        losscli.compute("mse", np.ones((3, 2)), np.zeros((3, 2)), weight=[1.0, -1.0])


def test_a_mean_survives_a_sum_beyond_the_largest_double() -> None:
    result = losscli.compute("mae", np.full(100, 1e308), np.zeros(100))
    assert result.value == pytest.approx(1e308, rel=1e-15)
    assert result.reductions["sum"] == math.inf


def test_rows_of_several_elements_reduce_like_the_whole() -> None:
    rng = np.random.default_rng(4)
    p, t = rng.normal(size=(2, 50, 3, 2))
    mean = losscli.compute("mse", p, t)
    assert mean.per_sample is not None
    assert mean.elements is not None
    assert mean.elements.shape == (50, 3, 2)
    np.testing.assert_allclose(mean.per_sample, ((p - t) ** 2).mean(axis=(1, 2)), rtol=1e-14)
    assert mean.value == pytest.approx(mean.per_sample.mean(), rel=1e-14)
    total = losscli.compute("mse", p, t, reduction="sum")
    assert total.per_sample is not None
    assert total.value == pytest.approx(total.per_sample.sum(), rel=1e-14)


@pytest.mark.parametrize(
    ("prediction", "target"), [((5,), (5, 1)), ((5, 1), (5,)), ((5, 1), (5, 1))]
)
def test_n_against_n_by_one_are_n_pairs(
    prediction: tuple[int, ...], target: tuple[int, ...]
) -> None:
    p, t = np.arange(5.0), np.zeros(5)
    result = losscli.compute("mse", p.reshape(prediction), t.reshape(target))
    assert result.value == 6.0
    assert result.divisor == 5.0


def test_nothing_is_broadcast() -> None:
    with pytest.raises(losscli.DataError, match=r"target has shape \(N, 4\)"):
        losscli.compute("mse", np.zeros((5, 3)), np.zeros((5, 4)))
    with pytest.raises(losscli.DataError, match="5 rows"):
        losscli.compute("mse", np.zeros(5), np.zeros(4))


def test_all_ignored_is_nan_and_says_so() -> None:
    result = losscli.compute("cross-entropy", np.zeros((3, 2)), [-100, -100, -100])
    assert result.status == "nan"
    assert result.reductions["sum"] == 0.0
    assert result.ignored == 3
    assert result.failed


def test_no_rows_is_an_error() -> None:
    with pytest.raises(losscli.DataError, match="no rows"):
        losscli.compute("mse", [], [])
