"""Rows that belong together, lists of their own length, and losses of all rows at once."""

from __future__ import annotations

import io
import json
import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import losscli
from losscli import losses, report
from losscli.api import Run, choose_reduction
from losscli.data.files import open_files
from losscli.data.sink import open_rows
from losscli.errors import DataError
from losscli.results import Result
from losscli.spec import parse

GROUPS = 20_000


@pytest.fixture(scope="module")
def queries() -> pa.Table:
    """A long table: some 90,000 items of 20,000 queries."""
    rng = np.random.default_rng(3)
    lengths = rng.integers(1, 9, GROUPS)
    rows = int(lengths.sum())
    return pa.table(
        {
            "query_id": np.repeat([f"q{i}" for i in range(GROUPS)], lengths),
            "prediction": rng.normal(size=rows),
            "target": rng.integers(0, 4, rows).astype(float),
            "importance": np.repeat(rng.integers(0, 3, GROUPS), lengths).astype(float),
        }
    )


def bounds_of(table: pa.Table) -> np.ndarray:
    ids = table["query_id"].to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.flatnonzero(ids[1:] != ids[:-1]) + 1, [len(ids)]])


def evaluate(
    spec: str,
    *files: Path,
    threads: int | None = None,
    reduction: str | None = None,
    **options: Any,
) -> Result:
    bound = parse(spec)
    columns = options.pop("columns", {})
    inputs = open_files(bound.loss.inputs, [*map(str, files)], columns=columns, **options)
    grouped = inputs.groups is not None
    return Run(
        bound, inputs, choose_reduction(bound, reduction, grouped=grouped), threads
    ).evaluate()


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --- a row loss over groups ----------------------------------------------------------------------


def test_a_group_is_a_sample_of_its_own_mean(queries: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "q.parquet"
    pq.write_table(queries, path)
    result = evaluate("mse", path, group="query_id")
    errors = (queries["prediction"].to_numpy() - queries["target"].to_numpy()) ** 2
    bounds = bounds_of(queries)
    means = [errors[start:stop].mean() for start, stop in pairwise(bounds)]
    worst = int(np.argmax(means))
    assert (result.n, result.divisor, result.divisor_meaning) == (GROUPS, len(errors), "rows")
    assert result.value == pytest.approx(errors.mean(), rel=1e-13)
    assert result.reductions["sum"] == pytest.approx(errors.sum(), rel=1e-13)
    assert result.worst[0].key == f"q{worst}"
    assert result.worst[0].loss == pytest.approx(means[worst], rel=1e-13)
    assert result.distribution is not None
    assert result.distribution.median == pytest.approx(np.median(means), rel=1e-13)
    assert {record.rows for record in result.inputs} == {len(errors)}


def bits(result: Result) -> tuple[object, ...]:
    assert result.distribution is not None
    numbers = [*result.reductions.values(), result.divisor, result.distribution.p99]
    return (*(number.hex() for number in numbers), result.worst)


@pytest.mark.parametrize("spec", ["huber", "ndcg(k=3)", "listnet"])
def test_same_bits_from_any_layout_on_any_threads(
    spec: str, queries: pa.Table, tmp_path: Path
) -> None:
    found = set()
    for size in (None, 1_000, 30_000, 200_000):
        path = tmp_path / f"{size}.{'csv' if size is None else 'parquet'}"
        if size is None:
            pa_csv.write_csv(queries, path)
        else:
            pq.write_table(queries, path, row_group_size=size)
        for threads in (1, 2, 7):
            found.add(bits(evaluate(spec, path, threads=threads, group="query_id")))
    apart = [tmp_path / "p.csv", tmp_path / "t.parquet"]
    pa_csv.write_csv(queries.select(["query_id", "prediction"]), apart[0])
    pq.write_table(queries.select(["target"]), apart[1])
    found.add(bits(evaluate(spec, *apart, group="query_id")))
    columns = {name: queries[name].to_numpy(zero_copy_only=False) for name in queries.column_names}
    ids = columns["query_id"]
    result = losscli.compute(spec, columns["prediction"], columns["target"], group=ids)
    found.add(bits(result))
    assert len(found) == 1


def test_lists_give_the_bits_of_a_long_table(queries: pa.Table, tmp_path: Path) -> None:
    offsets = pa.array(bounds_of(queries), pa.int64())
    lists = pa.table(
        {
            name: pa.LargeListArray.from_arrays(offsets, queries[name].combine_chunks())
            for name in ("prediction", "target")
        }
    )
    path, long = tmp_path / "lists.parquet", tmp_path / "long.parquet"
    pq.write_table(lists, path, row_group_size=3_000)
    pq.write_table(queries, long)
    expected = evaluate("lambda-ndcg", long, group="query_id")
    for result in (
        evaluate("lambda-ndcg", path),
        losscli.compute("lambda-ndcg", lists["prediction"], lists["target"]),
        losscli.compute(
            "lambda-ndcg", lists["prediction"].to_pylist(), lists["target"].to_pylist()
        ),
    ):
        assert result.reductions == expected.reductions
        assert [row.row for row in result.worst] == [row.row for row in expected.worst]


def test_weights_inside_groups(tmp_path: Path) -> None:
    path = write(
        tmp_path, "g.csv", "g,prediction,target,w\na,1,0,1\na,3,0,0\nb,2,0,2\nb,0,0,2\nc,9,0,0\n"
    )
    result = evaluate("mse", path, group="g", columns={"sample_weight": "w"})
    assert result.value == (1 * 1 + 4 * 2) / 5
    assert (result.n, result.ignored) == (3, 1)
    overall = evaluate("rmse", path, group="g", columns={"sample_weight": "w"})
    assert overall.reductions["overall"] == math.sqrt(9 / 5)


def test_a_weight_of_a_list_is_one_for_its_group(queries: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "q.parquet"
    pq.write_table(queries, path)
    result = evaluate("ndcg", path, group="query_id", columns={"sample_weight": "importance"})
    weight = queries["importance"].to_numpy()[bounds_of(queries)[:-1]]
    assert result.divisor == weight.sum()
    assert result.ignored == (weight == 0).sum()
    varies = write(tmp_path, "v.csv", "g,prediction,target,w\na,1,0,1\na,3,1,2\n")
    with pytest.raises(DataError, match=r"differs within one") as caught:
        evaluate("ndcg", varies, group="g", columns={"sample_weight": "w"})
    assert (caught.value.column, caught.value.row) == ("w", 2)


@pytest.mark.parametrize(
    "keys",
    [["b", "b", "a"], [7, 7, -1], [1.5, 1.5, 0.0], [True, True, False], ["", "", "é"]],
    ids=repr,
)
def test_keys_of_any_type(keys: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "k.parquet"
    pq.write_table(pa.table({"g": keys, "prediction": [1.0, 2, 3], "target": [0.0, 0, 0]}), path)
    result = evaluate("mse", path, group="g")
    assert [row.key for row in result.worst] == [str(keys[2]), str(keys[0])]
    as_array = losscli.compute("mse", [1.0, 2, 3], [0.0, 0, 0], group=np.array(keys))
    assert as_array.worst == result.worst


def test_encoded_and_dated_keys(tmp_path: Path) -> None:
    import datetime

    days = pa.array([datetime.date(2026, 1, 1)] * 2 + [datetime.date(2026, 1, 2)])
    for keys in (days, pa.array(["x", "x", "y"]).dictionary_encode()):
        path = tmp_path / "d.parquet"
        pq.write_table(pa.table({"g": keys, "prediction": [1.0, 2, 3], "target": [0.0] * 3}), path)
        assert evaluate("mse", path, group="g").n == 2


@pytest.mark.parametrize(
    ("text", "group", "message", "row"),
    [
        ("g,prediction,target\na,1,1\nb,2,2\na,3,3\n", "g", "group 'a' begins again", 3),
        ("g,prediction,target\na,1,1\n,2,2\n", "g", "missing", 2),
        ("g,prediction,target\na,1,1\n", "grp", "no file has a column 'grp'", None),
        ("g,prediction,target\na,1,1\na,x,2\n", "g", "'x' is not a number", 2),
    ],
)
def test_bad_groups(text: str, group: str, message: str, row: int | None, tmp_path: Path) -> None:
    path = write(tmp_path, "g.csv", text)
    with pytest.raises(DataError, match=message) as caught:
        evaluate("mse", path, group=group)
    assert caught.value.row == row


def test_a_bad_value_in_a_group_is_named_by_its_row(tmp_path: Path) -> None:
    path = write(tmp_path, "g.csv", "g,prediction,target\na,1,0\na,2,1\nb,3,0\nb,4,-7\n")
    with pytest.raises(DataError, match="-7 is not") as caught:
        evaluate("ndcg", path, group="g")
    assert (caught.value.column, caught.value.row) == ("target", 4)


def test_two_files_must_hold_the_same_groups(tmp_path: Path) -> None:
    first = write(tmp_path, "p.csv", "g,prediction\na,1\na,2\nb,3\n")
    swapped = write(tmp_path, "t.csv", "g,target\na,1\na,0\nc,1\n")
    with pytest.raises(DataError, match="group 'c' stands where the other file has 'b'") as caught:
        evaluate("ndcg", first, swapped, group="g")
    assert (caught.value.path, caught.value.row) == (str(swapped), 3)
    fewer = write(tmp_path, "f.csv", "g,target\na,1\na,0\n")
    with pytest.raises(DataError, match="has 1 groups, the other file 2"):
        evaluate("ndcg", first, fewer, group="g")
    short = write(tmp_path, "s.csv", "target\n1\n0\n")
    with pytest.raises(DataError, match="has 2 rows, but the groups of g have 3"):
        evaluate("ndcg", first, short, group="g")
    uneven = write(tmp_path, "u.csv", "g,target\na,1\nb,0\nb,1\n")
    with pytest.raises(DataError, match="target has 1 rows in group a, prediction has 2"):
        evaluate("ndcg", first, uneven, group="g")


def test_lists_of_one_row_agree_in_length() -> None:
    with pytest.raises(DataError, match="target has 2 items, prediction has 3") as caught:
        losscli.compute("ndcg", [[1.0, 2], [3, 4, 5.0]], [[1, 0], [1, 0]])
    assert caught.value.row == 2


def test_a_list_loss_wants_lists(tmp_path: Path) -> None:
    path = write(tmp_path, "g.csv", "g,prediction,target\na,1,0\na,2,1\n")
    with pytest.raises(DataError, match="ndcg needs a list for each row") as caught:
        evaluate("ndcg", path)
    assert "--group COLUMN" in str(caught.value.hint)
    one = evaluate("ndcg", path, all_rows=True)
    assert one.value == losses.ndcg([1.0, 2], [0, 1])
    assert one.worst[0].key == "all rows"
    assert losscli.compute("ndcg", [1.0, 2], [0, 1]).value == one.value


def test_keys_stand_wherever_a_group_does(tmp_path: Path) -> None:
    path = write(tmp_path, "k.csv", 'g,prediction,target\n"a, b",1,1\n"a, b",2,3\nb,3,5\n')
    result = evaluate("mse", path, group="g", reduction="none")
    record = json.loads(result.to_json())
    assert (record["keys"], record["per_sample"]) == (["a, b", "b"], [0.5, 4.0])
    assert result.to_pandas().to_dict("list") == {
        "row": [1, 2],
        "key": ["a, b", "b"],
        "loss": [0.5, 4.0],
    }

    def printed(format: str) -> str:
        stream = io.StringIO()
        report.show_result(result, format, report.Terminal(stream))
        return stream.getvalue()

    assert printed("csv") == 'row,key,loss\n1,"a, b",0.5\n2,b,4.0\n'
    assert [json.loads(line)["key"] for line in printed("jsonl").splitlines()] == ["a, b", "b"]
    assert printed("json") == result.to_json() + "\n"
    assert re.search(r"^ +g +loss .*\n +a, b +0\.5 .*\n +b +4 ", printed("table"), re.M)
    for name in ("rows.csv", "rows.parquet"):
        with open_rows(str(tmp_path / name), key_of=result.key_of) as rows:
            rows.write(np.array([0.5, 4.0]))
    assert pa_csv.read_csv(tmp_path / "rows.csv") == pq.read_table(tmp_path / "rows.parquet")


def test_rows_of_a_group_pair_only_with_those_of_the_same_group(tmp_path: Path) -> None:
    first = write(tmp_path, "p.csv", "g,prediction\na,1\na,2\nb,3\n")
    second = write(tmp_path, "t.csv", "g,target\na,1\nb,2\nb,5\n")
    for spec in ("mse", "rmse"):
        with pytest.raises(DataError, match="target has 1 rows in group a, prediction has 2"):
            evaluate(spec, first, second, group="g")
    short = write(tmp_path, "s.csv", "target\n1\n")
    with pytest.raises(DataError, match="target has 1 rows"):
        evaluate("mse", first, short, all_rows=True)


def test_a_group_whose_rows_weigh_nothing_does_not_count(tmp_path: Path) -> None:
    path = write(tmp_path, "w.csv", "g,prediction,target,w\na,1,1,0\na,2,3,0\nb,3,5,1\n")
    for spec in ("mse", "rmse"):
        result = evaluate(spec, path, group="g", columns={"sample_weight": "w"})
        assert (result.status, result.ignored) == ("ok", 1)
    assert result.value == 2.0
    assert (result.divisor, result.divisor_meaning) == (1.0, "groups not ignored")
    nothing = losscli.compute("rmse", [1.0, 2], [2.0, 3], sample_weight=[0, 0])
    assert [found.code for found in nothing.diagnostics if found.severity == "error"] == ["LC202"]


def test_two_columns_of_that_name_are_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "d.csv", "g,g,prediction,target\na,x,1,1\na,y,2,2\n")
    with pytest.raises(DataError, match="2 columns are named 'g', to group by"):
        evaluate("mse", path, group="g")


def test_keys_that_are_no_utf8_are_told_apart_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes(b"g,prediction,target\ncaf\xe9,1,1\ncaf\xe9,2,3\nb,3,3\n")
    assert evaluate("mse", path, group="g").n == 2


# --- set losses ----------------------------------------------------------------------------------


def test_a_set_loss_is_one_number_of_all_rows(queries: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "q.parquet"
    pq.write_table(queries, path)
    errors = queries["prediction"].to_numpy() - queries["target"].to_numpy()
    result = evaluate("rmse", path)
    assert result.reductions.keys() == {"overall"}
    assert result.value == pytest.approx(math.sqrt(np.mean(errors**2)), rel=1e-14)
    assert (result.divisor, result.divisor_meaning) == (len(errors), "rows, all at once")
    assert result.distribution is None
    assert result.per_sample is None


def test_a_set_loss_of_each_group_and_their_mean(queries: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "q.parquet"
    pq.write_table(queries, path)
    errors = queries["prediction"].to_numpy() - queries["target"].to_numpy()
    roots = [
        math.sqrt(np.mean(errors[start:stop] ** 2)) for start, stop in pairwise(bounds_of(queries))
    ]
    result = evaluate("rmse", path, group="query_id")
    assert result.reduction == "mean"
    assert result.value == pytest.approx(np.mean(roots), rel=1e-13)
    assert result.reductions["overall"] == pytest.approx(math.sqrt(np.mean(errors**2)), rel=1e-13)
    assert result.divisor_meaning == "groups"
    overall = evaluate("rmse", path, group="query_id", reduction="overall")
    assert overall.value == pytest.approx(math.sqrt(np.mean(errors**2)), rel=1e-14)


def test_a_set_loss_of_each_row() -> None:
    x, y = [[1.0, 5.0], [2.0, 2.0]], [[1.0, 1.0], [2.0, 0.0]]
    result = losscli.compute("rmse", x, y, reduction="none")
    np.testing.assert_allclose(result.per_sample, [math.sqrt(8), math.sqrt(2)])
    weighted = losscli.compute("rmse", x, y, reduction="mean", sample_weight=[3, 1])
    assert weighted.value == pytest.approx((3 * math.sqrt(8) + math.sqrt(2)) / 4)


def test_a_set_loss_of_lists(queries: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "q.parquet"
    pq.write_table(queries, path)
    errors = queries["prediction"].to_numpy() - queries["target"].to_numpy()
    parts = [errors[start:stop] for start, stop in pairwise(bounds_of(queries))]
    spread = sum(((part - part.mean()) ** 2).sum() for part in parts)
    result = evaluate("query-rmse", path, group="query_id", reduction="overall")
    assert result.value == pytest.approx(math.sqrt(spread / len(errors)), rel=1e-12)
    each = losscli.compute(
        "query-rmse", [[1.0, 2], [3, 5, 9.0]], [[0, 0], [0, 0, 0]], reduction="none"
    )
    np.testing.assert_allclose(each.per_sample, [0.5, math.sqrt(56 / 9)])


def test_many_rows_are_an_estimate_that_says_so() -> None:
    rows = 3 * 2**20
    target = np.random.default_rng(4).normal(size=rows)
    error = np.abs(target)
    result = losscli.compute("median-absolute-error", np.zeros(rows), target)
    assert 0.0 < result.rank_error < 1e-3
    low, high = np.quantile(error, [0.5 - result.rank_error, 0.5 + result.rank_error])
    assert low <= result.value <= high
    assert "LC209" in [finding.code for finding in result.diagnostics]
    few = losscli.compute("median-absolute-error", np.zeros(1001), target[:1001])
    assert few.value == np.median(np.abs(target[:1001]))
    assert few.rank_error == 0.0


def test_a_set_loss_that_is_not_defined_says_so() -> None:
    result = losscli.compute("r2", [1.0], [1.0])
    assert result.status == "nan"
    assert result.failed
    assert "LC201" in [finding.code for finding in result.diagnostics]


# --- sequences, tables, further axes ------------------------------------------------------------


def log_softmax(x: np.ndarray) -> np.ndarray:
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def test_ctc_from_padded_lists_ragged_lists_and_two_long_tables(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    frames, labels = [6, 4, 5], [2, 1, 0]
    probs = [log_softmax(rng.normal(size=(n, 3))) for n in frames]
    targets = [rng.integers(1, 3, n).tolist() for n in labels]
    ragged = losscli.compute("ctc", probs, targets)
    padded = losscli.compute(
        "ctc",
        np.stack([np.concatenate([p, np.full((6 - len(p), 3), -1.0)]) for p in probs]),
        np.array([t + [1] * (2 - len(t)) for t in targets]),
        input_lengths=frames,
        target_lengths=labels,
    )
    assert ragged.reductions == padded.reductions
    elements = ragged.elements
    assert elements is not None
    assert ragged.value == pytest.approx(np.mean(elements / np.maximum(labels, 1)))
    assert ragged.reductions["sum"] == pytest.approx(elements.sum())
    speech = tmp_path / "speech.parquet"
    pq.write_table(pa.table({"log_probs": [p.tolist() for p in probs], "targets": targets}), speech)
    assert evaluate("ctc", speech).reductions == ragged.reductions
    long = pa.table(
        {
            "utterance": np.repeat(["a", "b"], frames[:2]),
            **{f"log_probs_{c}": np.concatenate(probs[:2])[:, c] for c in range(3)},
        }
    )
    pa_csv.write_csv(long, tmp_path / "frames.csv")
    text = "".join(f"{u},{t}\n" for u, ts in zip("ab", targets, strict=False) for t in ts)
    spoken = write(tmp_path, "labels.csv", f"utterance,targets\n{text}")
    two = evaluate("ctc", tmp_path / "frames.csv", spoken, group="utterance")
    assert two.value == losscli.compute("ctc", probs[:2], targets[:2]).value


@pytest.mark.parametrize(("role", "value"), [("input_lengths", 7), ("target_lengths", 3)])
@pytest.mark.parametrize("ragged", [False, True])
def test_a_length_beyond_its_sequence_is_an_error(role: str, value: int, ragged: bool) -> None:
    probs, targets = log_softmax(np.zeros((2, 6, 3))).tolist(), [[1, 2], [1, 1]]
    if ragged:
        probs.append([[0.0, -9.0, -9.0]])
        targets.append([])
    lengths = [2, value] + [0] * ragged
    with pytest.raises(DataError, match=str(value)) as caught:
        losscli.compute("ctc", probs, targets, **{role: lengths})
    assert caught.value.row == 2


def test_a_table_of_weights_is_given_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(9, 4)), rng.integers(0, 3, 9)
    weight, bias = rng.normal(size=(3, 4)), rng.normal(size=3)
    expected = losscli.compute("cross-entropy", x @ weight.T + bias, y).value
    direct = losscli.compute("linear-cross-entropy", x, y, linear_weight=weight, linear_bias=bias)
    assert direct.value == pytest.approx(expected, rel=1e-13)
    files = {"x.csv": x, "y.csv": y[:, None], "w.csv": weight, "b.csv": bias[:, None]}
    for name, array in files.items():
        lines = [",".join(f"c{i}" for i in range(array.shape[1]))]
        lines += [",".join(map(repr, row)) for row in array.tolist()]
        write(tmp_path, name, "\n".join(lines) + "\n")
    roles = parse("linear-cross-entropy").loss.roles
    named = [f"linear_bias={tmp_path / 'b.csv'}"]
    paths = [str(tmp_path / name) for name in ("x.csv", "w.csv", "y.csv")]
    inputs = open_files(roles, [*paths, *named], columns={})
    bound = parse("linear-cross-entropy")
    assert Run(bound, inputs, "mean").evaluate().value == direct.value
    with pytest.raises(DataError, match="needs"):
        losscli.compute("linear-cross-entropy", x, y, linear_weight=weight[:, :2])


def test_pixels_and_tokens_come_as_nested_lists_and_tensors(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    logits, target = rng.normal(size=(5, 3, 4, 2)), rng.integers(0, 3, (5, 4, 2))
    expected = losscli.compute("cross-entropy", logits, target)
    assert expected.elements is not None
    assert expected.elements.shape == (5, 4, 2)
    nested = pa.table({"logits": logits.tolist(), "target": target.tolist()})
    tensors = pa.table(
        {
            "logits": pa.FixedShapeTensorArray.from_numpy_ndarray(logits),
            "target": pa.FixedShapeTensorArray.from_numpy_ndarray(target),
        }
    )
    for name, table in (("nested", nested), ("tensors", tensors)):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(table, path, row_group_size=2)
        assert evaluate("cross-entropy", path).reductions == expected.reductions


def test_a_long_table_of_tokens_is_one_sample_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    logits, target = rng.normal(size=(4, 6, 3)), rng.integers(0, 3, (4, 6))
    whole = losscli.compute("cross-entropy", logits.transpose(0, 2, 1), target)
    table = pa.table(
        {
            "sentence": np.repeat([10, 20, 30, 40], 6),
            **{f"logits_{c}": logits.reshape(-1, 3)[:, c] for c in range(3)},
            "target": target.ravel(),
        }
    )
    pa_csv.write_csv(table, tmp_path / "tokens.csv")
    result = evaluate("cross-entropy", tmp_path / "tokens.csv", group="sentence")
    assert result.value == pytest.approx(whole.value, rel=1e-14)
    assert whole.per_sample is not None
    worst = np.argsort(-whole.per_sample)
    assert [row.row - 1 for row in result.worst] == worst.tolist()
    assert result.worst[0].key == str(10 * (worst[0] + 1))
