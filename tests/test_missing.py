"""Rows that lack a value: an error, or left out with the numbers of the data without them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather

import losscli
from losscli.api import Run, choose_reduction
from losscli.cli import main
from losscli.data.files import open_files
from losscli.data.reading import Reading
from losscli.errors import DataError
from losscli.results import Result
from losscli.spec import parse

DROP = Reading(missing="drop")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def evaluate(spec: str, *files: Path, reading: Reading = DROP, **how: Any) -> Result:
    bound = parse(spec)
    threads, reduction = how.pop("threads", None), how.pop("reduction", None)
    inputs = open_files(
        bound.loss.inputs, [str(f) for f in files], reading=reading, **{"columns": {}, **how}
    )
    chosen = choose_reduction(bound, reduction, grouped=inputs.groups is not None)
    return Run(bound, inputs, chosen, threads, keep_elements=chosen != "overall").evaluate()


def with_gaps(rows: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Predictions, targets and weights, of which some are missing, and which rows have all."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "prediction": rng.normal(size=rows),
            "target": rng.normal(size=rows),
            "w": rng.random(rows),
        }
    )
    for name in frame:
        frame.loc[rng.random(rows) < 0.1, name] = np.nan
    frame.loc[rows // 2 : rows // 2 + rows // 10, "prediction"] = np.nan
    return frame, frame.notna().all(axis=1).to_numpy()


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=999)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("spec", ["mse", "huber(delta=0.5)", "rmse", "r2", "median-absolute-error"])
@pytest.mark.parametrize("weight", [{}, {"sample_weight": "w"}])
def test_the_numbers_are_those_of_the_data_without_the_rows(
    suffix: str, spec: str, weight: dict[str, str], tmp_path: Path
) -> None:
    frame, whole = with_gaps(3000)
    if not weight:
        whole = frame[["prediction", "target"]].notna().all(axis=1).to_numpy()
    path = write(frame, tmp_path / f"gaps{suffix}")
    clean = write(frame[whole], tmp_path / f"clean{suffix}")
    result = evaluate(spec, path, columns=weight)
    alone = evaluate(spec, clean, columns=weight, reading=Reading())
    assert result.value == pytest.approx(alone.value, rel=1e-13)
    assert (result.n, result.missing) == (3000, int((~whole).sum()))
    assert result.missing_rows == result.missing
    assert result.counted == alone.n
    assert result.divisor == pytest.approx(alone.divisor, rel=1e-13)
    assert f"missing:{result.missing}" in result.signature
    if result.per_sample is not None and alone.per_sample is not None:
        np.testing.assert_array_equal(np.isnan(result.per_sample), ~whole)
        np.testing.assert_array_equal(result.per_sample[whole], alone.per_sample)
        assert result.elements is not None
        np.testing.assert_array_equal(np.isnan(result.elements), ~whole)
    rows = np.flatnonzero(whole) + 1
    assert [worst.row for worst in result.worst] == [rows[one.row - 1] for one in alone.worst]


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_without_any_row(threads: int, tmp_path: Path) -> None:
    rows = 400_000
    frame, _ = with_gaps(rows)
    frame.loc[: rows // 3, "target"] = np.nan
    frame.loc[rows - rows // 3 :, "target"] = np.nan
    whole = frame[["prediction", "target"]].notna().all(axis=1)
    path = write(frame, tmp_path / "gaps.parquet")
    for spec in ("mse", "rmse"):
        result = evaluate(spec, path, threads=threads)
        losses = np.square(frame["prediction"] - frame["target"])[whole]
        expected = losses.mean() if spec == "mse" else np.sqrt(losses.mean())
        assert result.value == pytest.approx(expected, rel=1e-12)
        assert result.n == rows
        assert result.missing == int((~whole).sum())


def test_every_way_of_having_no_value(tmp_path: Path) -> None:
    text = "prediction,target\n1,2\n,3\nNA,4\n5,null\n6,None\n7,nan\n8,-\n9,9.5\n N/A ,1\n"
    (tmp_path / "gaps.csv").write_text(text)
    result = evaluate("mse", tmp_path / "gaps.csv")
    assert (result.value, result.n, result.missing) == ((1 + 0.25) / 2, 9, 7)
    target = [2.0, 3.0, 4.0]
    for held in (
        pd.Series([1.0, None, 4.5]),
        pd.Series([1, None, 4], dtype="Int64"),
        pd.Series([1, None, 4], dtype="float64[pyarrow]"),
        pd.Series([1, None, 4], dtype=object),
        np.array([1.0, np.nan, 4.5]),
        np.ma.masked_array([1.0, 7.0, 4.5], [False, True, False]),
        pa.array([1, None, 4]),
        pa.chunked_array([[1.0], [None, 4.0]]),
    ):
        result = losscli.compute("mse", held, target, missing="drop")
        assert (result.n, result.missing) == (3, 1)
        assert result.value == pytest.approx((1 + (np.asarray(held)[2] - 4) ** 2) / 2)
    for kind in (pa.int32(), pa.bool_(), pa.float32(), pa.decimal128(5)):
        table = pa.table(
            {
                "prediction": pa.array(
                    [True, None, True] if kind == pa.bool_() else [1, None, 1], kind
                ),
                "target": [1.0, 1, 1],
            }
        )
        pq.write_table(table, tmp_path / "gaps.parquet")
        result = evaluate("mse", tmp_path / "gaps.parquet")
        assert (result.value, result.missing) == (0.0, 1)


def test_gaps_in_the_other_formats(tmp_path: Path) -> None:
    table = pa.table({"prediction": [1.0, None, 3.0, float("nan")], "target": [2, 2, None, 1]})
    feather.write_feather(table, tmp_path / "gaps.arrow")
    lines = [{"prediction": 1.0, "target": 2}, {"target": 2}, {"prediction": 3.0, "target": None}]
    (tmp_path / "gaps.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    np.savez(tmp_path / "gaps.npz", prediction=[1.0, np.nan], target=[2.0, 2.0])
    for name, missing in (("gaps.arrow", 3), ("gaps.jsonl", 2), ("gaps.npz", 1)):
        result = evaluate("mse", tmp_path / name)
        assert (result.value, result.missing) == (1.0, missing)


def test_a_lone_column_may_have_empty_lines(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("prediction\n1\n\n3\n")
    (tmp_path / "t.csv").write_text("target\n1\n2\n4\n")
    result = evaluate("mse", tmp_path / "p.csv", tmp_path / "t.csv")
    assert (result.value, result.n, result.missing) == (0.5, 3, 1)


def test_lists_with_gaps(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    logits: list[Any] = rng.normal(size=(6, 3)).tolist()
    logits[1] = None
    logits[3] = [1.0, None, 2.0]
    classes = [0, 1, 2, 0, None, 2]
    table = pa.table({"logits": pa.array(logits), "target": classes})
    fixed = table.set_column(0, "logits", pa.array(logits, pa.list_(pa.float64(), 3)))
    whole = [0, 2, 5]
    alone = losscli.compute(
        "cross-entropy", np.array([logits[i] for i in whole]), [classes[i] for i in whole]
    )
    for held in (table, fixed):
        pq.write_table(held, tmp_path / "gaps.parquet")
        result = evaluate("cross-entropy", tmp_path / "gaps.parquet")
        assert (result.value, result.n, result.missing) == (alone.value, 6, 3)
    assert losscli.compute("cross-entropy", table, missing="drop").value == alone.value
    scores = [[0.3, 0.2], None, [0.5, None], [0.1], [0.4, 0.6, 0.2]]
    labels = [[1.0, 0.0], [1.0], [1.0, 0.0], [1.0], [0.0, 2.0, 1.0]]
    pq.write_table(pa.table({"scores": scores, "labels": labels}), tmp_path / "lists.parquet")
    columns = {"prediction": "scores", "target": "labels"}
    result = evaluate("ndcg", tmp_path / "lists.parquet", columns=columns)
    clean = pa.table({"scores": scores, "labels": labels}).take(pa.array([0, 3, 4]))
    pq.write_table(clean, tmp_path / "clean.parquet")
    alone = evaluate("ndcg", tmp_path / "clean.parquet", columns=columns, reading=Reading())
    assert (result.value, result.missing) == (alone.value, 2)


@pytest.mark.parametrize("spec", ["mse", "ndcg", "rmse"])
def test_groups_lose_the_rows_that_lack_a_value(spec: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = 600
    frame = pd.DataFrame(
        {
            "query": np.repeat(np.arange(rows // 4), 4),
            "prediction": rng.normal(size=rows),
            "target": rng.integers(0, 3, rows).astype(float),
        }
    )
    frame.loc[rng.random(rows) < 0.2, "prediction"] = np.nan
    frame.loc[frame["query"].isin([3, 77, 149]), "target"] = np.nan
    whole = frame.notna().all(axis=1)
    assert not whole[frame["query"] == 3].any()
    path = write(frame, tmp_path / "gaps.parquet")
    clean = write(frame[whole], tmp_path / "clean.parquet")
    result = evaluate(spec, path, group="query")
    alone = evaluate(spec, clean, group="query", reading=Reading())
    assert result.value == pytest.approx(alone.value, rel=1e-14)
    assert result.n == rows // 4
    assert result.missing == rows // 4 - alone.n
    assert result.missing_rows == int((~whole).sum())
    assert [one.key for one in result.worst] == [one.key for one in alone.worst]


def test_a_fault_behind_gaps_is_named_by_its_own_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("prediction,target\n0.5,1\n,1\n,0\n0.5,7\n")
    with pytest.raises(DataError) as raised:
        evaluate("bce", tmp_path / "t.csv")
    assert (raised.value.row, raised.value.column) == (4, "target")
    (tmp_path / "g.csv").write_text("q,prediction,target\na,0.5,1\na,,1\nb,,0\nb,0.5,7\n")
    with pytest.raises(DataError) as raised:
        evaluate("bce", tmp_path / "g.csv", group="q")
    assert (raised.value.row, raised.value.column) == (4, "target")


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("prediction,target\n,1\n1,\n")
    with pytest.raises(DataError, match="has all its values"):
        evaluate("mse", tmp_path / "t.csv")


def test_a_row_that_one_model_lacks_counts_for_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=400)
    models = {name: truth + rng.normal(size=400) for name in ("a", "b")}
    models["a"][::7] = np.nan
    models["b"][3::50] = np.nan
    whole = ~(np.isnan(models["a"]) | np.isnan(models["b"]))
    both = losscli.compare("mse", truth, models, missing="drop", by=np.arange(400) % 3)
    alone = losscli.compare(
        "mse", truth[whole], {name: held[whole] for name, held in models.items()},
        by=(np.arange(400) % 3)[whole],
    )  # fmt: skip
    for name in models:
        assert both[name].value == pytest.approx(alone[name].value, rel=1e-14)
    mine, theirs = both["b"].difference, alone["b"].difference
    assert mine is not None
    assert theirs is not None
    assert mine.p_value == pytest.approx(theirs.p_value, rel=1e-9)
    assert [one.n for one in both.slices] == [one.n for one in alone.slices]


@given(st.lists(st.tuples(*[st.one_of(st.none(), st.floats(-9, 9))] * 2), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_dropping_is_what_dropna_does(pairs: list[tuple[float | None, float | None]]) -> None:
    frame = pd.DataFrame(pairs, columns=["prediction", "target"], dtype=float)
    clean = frame.dropna()
    if clean.empty:
        with pytest.raises(DataError):
            losscli.compute("mse", frame, missing="drop")
        return
    result = losscli.compute("mse", frame, missing="drop")
    alone = losscli.compute("mse", clean)
    assert result.value == alone.value
    assert result.missing == len(frame) - len(clean)
    assert result.distribution == alone.distribution


def test_the_command_line_says_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("prediction,target\n1,2\n,3\n4,4\n")
    code, _, err = run(capsys, "compute", "mse", str(path))
    assert code == 2
    assert "row 2: the value is missing" in err
    assert "--missing drop" in err
    code, out, _ = run(capsys, "compute", "mse", str(path), "--missing", "drop")
    assert code == 0
    assert "mean over 2 rows; 1 row without a value" in out
    code, out, _ = run(capsys, "compute", "mse", str(path), "--missing", "drop", "-f", "json")
    result = json.loads(out)
    assert (result["n"], result["missing"], result["value"]) == (3, 1, 0.5)
    rows = tmp_path / "rows.csv"
    run(capsys, "compute", "mse", str(path), "--missing", "drop", "--per-sample", str(rows))
    assert rows.read_text() == '"row","loss"\n1,1\n2,nan\n3,0\n'
    code, _, err = run(capsys, "compute", "mse", str(path), "--missing", "drap")
    assert code == 2
    assert "did you mean 'drop'?" in err


ELEMENTS = Reading(missing="ignore-elements")


def wide(rows: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and targets (rows, 4), of which some elements and whole rows are missing."""
    rng = np.random.default_rng(seed)
    prediction, target = rng.normal(size=(2, rows, 4))
    prediction[rng.random((rows, 4)) < 0.2] = np.nan
    target[rng.random((rows, 4)) < 0.1] = np.nan
    prediction[::41] = np.nan
    return prediction, target


@pytest.mark.parametrize("spec", ["mse", "mae", "huber(delta=0.3)"])
@pytest.mark.parametrize("threads", [1, 3])
def test_elements_that_are_missing_do_not_count(spec: str, threads: int, tmp_path: Path) -> None:
    prediction, target = wide(40_000)
    there = ~(np.isnan(prediction) | np.isnan(target))
    names = [f"prediction_{i}" for i in range(4)] + [f"target_{i}" for i in range(4)]
    frame = pd.DataFrame(np.hstack([prediction, target]), columns=names)
    path = write(frame, tmp_path / "wide.parquet")
    elements = losscli.compute(spec, prediction[there], target[there])
    for result in (
        evaluate(spec, path, reading=ELEMENTS, threads=threads),
        losscli.compute(spec, prediction, target, missing="ignore-elements"),
    ):
        assert result.value == pytest.approx(elements.value, rel=1e-12)
        assert result.divisor == there.sum()
        assert (result.n, result.missing) == (len(there), int((~there.any(axis=1)).sum()))
        whole = there.any(axis=1)
        assert result.missing_elements == int((~there[whole]).sum())
        assert result.per_sample is not None
        np.testing.assert_array_equal(np.isnan(result.per_sample), ~whole)
        assert elements.per_sample is not None
        losses = np.full(there.shape, np.nan)
        losses[there] = elements.per_sample
        np.testing.assert_allclose(
            result.per_sample[whole], np.nanmean(losses[whole], axis=1), rtol=1e-13
        )
        assert f"missing-elements:{result.missing_elements}" in result.signature


def test_weighted_rows_with_elements_missing() -> None:
    prediction, target = wide()
    weight = np.random.default_rng(3).random(len(target))
    there = ~(np.isnan(prediction) | np.isnan(target))
    result = losscli.compute(
        "mse", prediction, target, sample_weight=weight, missing="ignore-elements"
    )
    error = np.where(there, np.square(prediction - target), 0.0)
    expected = (error * weight[:, None]).sum() / (there * weight[:, None]).sum()
    assert result.value == pytest.approx(expected, rel=1e-12)


def test_horizons_that_differ_by_series(tmp_path: Path) -> None:
    prediction = [[1.0, 2.0, 3.0], [1.0], [2.0, None, 4.0], [5.0, 6.0, None], [None]]
    target = [[1.5, 2.0, 3.5], [2.0], [2.0, 9.0, 4.5], [5.0, 6.5], [1.0]]
    pq.write_table(
        pa.table({"prediction": prediction, "target": target}), tmp_path / "horizons.parquet"
    )
    result = evaluate("mse", tmp_path / "horizons.parquet", reading=ELEMENTS)
    errors = [[0.5, 0.0, 0.5], [1.0], [0.0, 0.5], [0.0, 0.5]]
    squares = [[e * e for e in row] for row in errors]
    assert result.value == pytest.approx(sum(map(sum, squares)) / 8)
    assert (result.n, result.missing) == (5, 1)
    assert result.per_sample is not None
    np.testing.assert_allclose(result.per_sample[:4], [np.mean(row) for row in squares])
    target[1] = [2.0, 7.0]
    pq.write_table(
        pa.table({"prediction": prediction, "target": target}), tmp_path / "horizons.parquet"
    )
    with pytest.raises(DataError, match="target has 2 items, prediction has 1") as raised:
        evaluate("mse", tmp_path / "horizons.parquet", reading=ELEMENTS)
    assert raised.value.row == 2


def test_items_that_are_missing_leave_their_list(tmp_path: Path) -> None:
    scores = [[0.3, None, 0.2], [0.5, 0.1, 0.7], [None, None, None]]
    labels = [[1.0, 2.0, 0.0], [None, 1.0, 0.0], [1.0, 0.0, 2.0]]
    pq.write_table(pa.table({"prediction": scores, "target": labels}), tmp_path / "gaps.parquet")
    clean = pa.table({"prediction": [[0.3, 0.2], [0.1, 0.7]], "target": [[1.0, 0.0], [1.0, 0.0]]})
    pq.write_table(clean, tmp_path / "clean.parquet")
    result = evaluate("ndcg", tmp_path / "gaps.parquet", reading=ELEMENTS)
    alone = evaluate("ndcg", tmp_path / "clean.parquet", reading=Reading())
    assert (result.value, result.missing) == (alone.value, 1)


@pytest.mark.parametrize(
    ("spec", "prediction", "target"),
    [
        ("cross-entropy", [[1.0, np.nan, 2.0], [1.0, 2.0, 0.0]], [0, 1]),
        ("rmse", [[1.0, np.nan], [1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]]),
    ],
)
def test_some_losses_take_a_row_together(spec: str, prediction: Any, target: Any) -> None:
    with pytest.raises(DataError, match="together") as raised:
        losscli.compute(spec, np.array(prediction), target, missing="ignore-elements")
    assert "--missing drop" in (raised.value.hint or "")


def test_single_values_are_elements_too() -> None:
    result = losscli.compute("mse", [1.0, np.nan, 3.0], [1.0, 2.0, 4.0], missing="ignore-elements")
    assert (result.value, result.missing, result.missing_elements) == (0.5, 1, 0)


def test_a_fault_among_elements_names_its_cell(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("prediction_0,prediction_1,target_0,target_1\n,0.5,1,1\n0.5,0.5,0,7\n")
    with pytest.raises(DataError) as raised:
        evaluate("bce", path, reading=ELEMENTS)
    assert (raised.value.row, raised.value.column) == (2, "target_1")
