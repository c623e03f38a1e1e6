"""Rows that belong together by key, wherever they stand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import losscli
from losscli.cli import main
from losscli.errors import DataError, OutputError, UsageError

ROWS = 500


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def frames(rows: int = ROWS, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions, and their targets in another order."""
    rng = np.random.default_rng(seed)
    ids = [f"{i:04d}" for i in rng.permutation(rows)]
    predictions = pd.DataFrame({"id": ids, "prediction": rng.normal(size=rows)})
    targets = pd.DataFrame({"id": ids, "target": rng.normal(size=rows)})
    return predictions, targets.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def write(frame: pd.DataFrame, path: Path) -> str:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return str(path)


def expected(predictions: pd.DataFrame, targets: pd.DataFrame, on: Any = "id") -> np.ndarray:
    both = predictions.merge(targets, on=on, how="inner", sort=False)
    return np.square(both["prediction"].to_numpy() - both["target"].to_numpy())


@pytest.mark.parametrize("first", [".csv", ".parquet"])
@pytest.mark.parametrize("second", [".csv", ".parquet"])
@pytest.mark.parametrize("memory", ["1G", "1k"])
def test_rows_are_joined_in_the_order_of_the_first_file(
    first: str, second: str, memory: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predictions, targets = frames()
    p, t = write(predictions, tmp_path / f"p{first}"), write(targets, tmp_path / f"t{second}")
    rows = tmp_path / "rows.csv"
    code, out, _ = run(
        capsys, "compute", "mse", p, t, "--on", "id", "--memory", memory, "-f", "json",
        "--per-sample", str(rows),
    )  # fmt: skip
    assert code == 0
    losses = expected(predictions, targets)
    result = json.loads(out)
    assert result["value"] == pytest.approx(losses.mean(), rel=1e-15)
    assert "on:id" in result["signature"]
    written = pd.read_csv(rows, dtype={"key": str})
    assert written["key"].tolist() == predictions["id"].tolist()
    assert written["row"].tolist() == list(range(1, ROWS + 1))
    np.testing.assert_array_equal(written["loss"], losses)
    for worst in result["worst"]:
        assert worst["key"] == predictions["id"][worst["row"] - 1]
    assert [t["reordered"] for t in result["join"]["tables"]] == [False, True]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("memory", [2**30, 2**12])
def test_the_bits_do_not_depend_on_how_rows_were_joined(threads: int, memory: int) -> None:
    from losscli.api import Run
    from losscli.data.arrays import from_arrays
    from losscli.data.reading import Reading
    from losscli.spec import parse

    rows = 300_000
    rng = np.random.default_rng(3)
    ids = rng.permutation(rows)
    predictions = pd.DataFrame({"id": ids, "prediction": rng.normal(size=rows)})
    targets = pd.DataFrame({"id": ids, "target": rng.normal(size=rows)})
    shuffled = targets.sample(frac=1.0, random_state=1)
    bound = parse("mse")
    inputs = from_arrays(
        bound.loss.inputs, [predictions, shuffled], {}, reading=Reading(on=("id",), memory=memory)
    )
    joined = Run(bound, inputs, "mean", threads).evaluate()
    plain = losscli.compute("mse", predictions["prediction"], targets["target"])
    assert joined.value == plain.value
    assert joined.distribution == plain.distribution


def test_keys_in_the_same_order_are_read_as_they_stand(tmp_path: Path) -> None:
    predictions, _ = frames()
    targets = predictions.rename(columns={"prediction": "target"})
    result = losscli.compute("mse", predictions, targets, on="id")
    assert result.value == 0.0
    assert result.join is not None
    assert not any(table.reordered for table in result.join.tables)


keys = st.lists(
    st.tuples(st.text(max_size=4), st.integers(-3, 3)), min_size=1, max_size=40, unique=True
)


@given(keys, keys, st.randoms(use_true_random=False), st.sampled_from([2**30, 1]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_join_is_what_pandas_merges(left: Any, right: Any, random: Any, memory: int) -> None:
    from losscli.data.frames import FrameTable
    from losscli.data.join import align_tables
    from losscli.data.reading import Reading

    right = [*right, *random.sample(left, len(left) // 2)]
    right = list(dict.fromkeys(right))
    random.shuffle(right)
    # An empty text is an empty cell, which is no key.
    left = [(f"k{a}", b) for a, b in left]
    right = [(f"k{a}", b) for a, b in right]
    a = pd.DataFrame(left, columns=["a", "b"]).assign(x=np.arange(len(left), dtype=float))
    b = pd.DataFrame(right, columns=["a", "b"]).assign(y=np.arange(len(right), dtype=float))
    merged = a.merge(b, on=["a", "b"])
    reading = Reading(on=("a", "b"), on_missing="drop", memory=memory)
    tables = [FrameTable(a), FrameTable(b)]
    if merged.empty:
        with pytest.raises(DataError, match="are not in"):
            align_tables(tables, reading)
        return
    joined = align_tables(tables, reading)
    assert joined.record.rows == len(merged)
    for table, column in zip(joined.tables, ["x", "y"], strict=True):
        feed = table.feed({"r": (2,)})
        np.testing.assert_array_equal(feed.cursor(0, None).read(len(merged))["r"], merged[column])
    names = [f"{a}, {b}" for a, b in zip(merged["a"], merged["b"], strict=True)]
    assert [joined.names.key(i) for i in range(len(merged))] == names
    assert joined.names.key(0) == names[0]


def test_keys_are_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = ["007", "7", "9007199254740993", "9007199254740992"]
    p = write(pd.DataFrame({"id": ids, "prediction": [1.0, 2, 3, 4]}), tmp_path / "p.csv")
    t = write(pd.DataFrame({"id": ids[::-1], "target": [4.0, 3, 2, 1]}), tmp_path / "t.csv")
    code, out, _ = run(capsys, "compute", "mse", p, t, "--on", "id", "-f", "value")
    assert (code, out) == (0, "0.0\n")


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (pa.array([9007199254740993, 7], pa.int64()), ["9007199254740993", "7"]),
        (pa.array([2**64 - 1, 7], pa.uint64()), [str(2**64 - 1), "7"]),
        (pa.array([3.0, -7.0]), ["3", "-7"]),
        (pa.array([3.0, -7.0], pa.float32()), ["3", "-7"]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
        (pa.array(["a", "b"], pa.string_view()), ["a", "b"]),
        (pa.array([b"a", b"b"]), ["a", "b"]),
        (pa.array([date(2020, 1, 31), date(1969, 2, 1)]), ["2020-01-31", "1969-02-01"]),
        (pa.array([datetime(2020, 1, 31), datetime(1969, 2, 1)]), ["2020-01-31", "1969-02-01"]),
        (
            pa.array([datetime(2020, 1, 31), datetime(2020, 1, 31, 1, 2, 3, 500000)]),
            ["2020-01-31 00:00:00", "2020-01-31 01:02:03.5"],
        ),
        (
            pa.array([datetime(2020, 1, 31, 10)] * 2, pa.timestamp("ns", "Europe/Berlin")).take(
                pa.array([0])
            ),
            ["2020-01-31 10:00:00Z"],
        ),
        (pa.array([True, False]), ["true", "false"]),
    ],
)  # fmt: skip
def test_what_a_key_is_in_text(held: pa.Array, text: list[str], tmp_path: Path) -> None:
    numbers = [float(i) for i in range(len(text))]
    pq.write_table(pa.table({"id": held, "prediction": numbers}), tmp_path / "p.parquet")
    pd.DataFrame({"id": text[::-1], "target": numbers[::-1]}).to_csv(
        tmp_path / "t.csv", index=False
    )
    result = losscli.compute("mse", tmp_path / "p.parquet", tmp_path / "t.csv", on="id")
    assert result.value == 0.0
    assert result.key_of is not None
    assert [result.key_of(i) for i in range(len(text))] == text


@pytest.mark.parametrize(
    ("held", "row", "said"),
    [
        (pa.array([1.0, 1.5]), 2, "1.5 is a float"),
        (pa.array([1.0, 9007199254740994.0]), 2, "may have lost digits"),
        (pa.array([1.0, float("nan")]), 2, "the key is missing"),
        (pa.array(["a", None]), 2, "the key is missing"),
        (pa.array([None, 1], pa.int64()), 1, "the key is missing"),
        (pa.array([[1], [2]]), 1, "which is no key"),
    ],
)
def test_what_is_no_key(held: pa.Array, row: int, said: str) -> None:
    frame = pa.table({"id": held, "prediction": [1.0, 2.0]})
    other = pa.table({"id": ["a", "b"], "target": [1.0, 2.0]})
    with pytest.raises(DataError, match=said) as raised:
        losscli.compute("mse", frame, other, on="id")
    assert raised.value.row == row
    assert raised.value.column == "id"


def test_an_empty_cell_is_no_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.csv").write_text("id,prediction\na,1\n,2\n")
    (tmp_path / "t.csv").write_text("id,target\na,1\nb,2\n")
    code, _, err = run(
        capsys, "compute", "mse", str(tmp_path / "p.csv"), str(tmp_path / "t.csv"), "--on", "id"
    )
    assert code == 2
    assert "p.csv, column 'id', row 2: the key is missing" in err


@pytest.mark.parametrize("memory", [2**30, 1])
def test_missing_and_extra_keys_are_shown(memory: int) -> None:
    predictions, targets = frames()
    fewer = targets.drop(index=[3, 5, 8, 13])
    extra = pd.concat([fewer, pd.DataFrame({"id": ["x1", "x2"], "target": [0.0, 0.0]})])
    places = sorted(predictions.index[predictions["id"].isin(targets["id"][[3, 5, 8, 13]])])
    with pytest.raises(DataError) as raised:
        joined(predictions, extra, memory=memory)
    said = raised.value.message
    assert "4 of 500 keys of the frame of prediction are not in the frame of target" in said
    for place in places[:3]:
        assert f"'{predictions['id'][place]}' in row {place + 1}" in said
    assert "2 of 498 keys of the frame of target" in said
    assert "'x1' in row 497, 'x2' in row 498" in said
    assert "--on-missing drop" in (raised.value.hint or "")


def joined(predictions: Any, targets: Any, memory: int = 2**30, **how: Any) -> Any:
    from losscli.data.frames import FrameTable
    from losscli.data.join import align_tables
    from losscli.data.reading import Reading

    tables = [
        FrameTable(predictions, "the frame of prediction"),
        FrameTable(targets, "the frame of target"),
    ]
    return align_tables(tables, Reading(**{"on": ("id",), "memory": memory, **how}))


@pytest.mark.parametrize("memory", [2**30, 1])
@pytest.mark.parametrize("twice", ["first", "second", "both, in order", "extra"])
def test_a_key_may_stand_there_once(twice: str, memory: int) -> None:
    predictions, targets = frames()
    more = targets.iloc[[7]]
    if twice == "first":
        predictions = pd.concat([predictions, predictions.iloc[[7]]])
        key, first = predictions["id"].iloc[7], 8
    elif twice == "second":
        targets = pd.concat([targets, more])
        key, first = targets["id"].iloc[7], 8
    elif twice == "extra":
        targets = pd.concat([targets, more.assign(id="new"), more.assign(id="new")])
        key, first = "new", ROWS + 1
    else:
        predictions = pd.concat([predictions, predictions.iloc[[7]]])
        targets = predictions.rename(columns={"prediction": "target"})
        key, first = predictions["id"].iloc[7], 8
    with pytest.raises(DataError) as raised:
        joined(predictions, targets, memory=memory, on_missing="drop")
    assert raised.value.message == f"the key '{key}' stands in row {first} already"
    assert raised.value.row == (ROWS + 2 if twice == "extra" else ROWS + 1)


@pytest.mark.parametrize("memory", ["1G", "1k"])
def test_rows_without_a_partner_can_be_left_out(
    memory: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predictions, targets = frames()
    targets = pd.concat([targets.iloc[5:], pd.DataFrame({"id": ["x"], "target": [1.0]})])
    predictions = predictions.iloc[:-20]
    p, t = write(predictions, tmp_path / "p.csv"), write(targets, tmp_path / "t.parquet")
    code, out, _ = run(
        capsys, "compute", "mse", p, t, "--on", "id", "--on-missing", "drop", "-f", "json",
        "--memory", memory,
    )  # fmt: skip
    losses = expected(predictions, targets)
    result = json.loads(out)
    assert code == 0
    assert result["value"] == pytest.approx(losses.mean(), rel=1e-15)
    assert result["n"] == len(losses)
    first, second = result["join"]["tables"]
    assert result["join"]["rows"] == len(losses)
    assert (first["rows"], first["dropped"]) == (480, 480 - len(losses))
    assert (second["rows"], second["dropped"]) == (496, 496 - len(losses))
    assert first["alone"] == first["dropped"]
    assert second["alone"] == second["dropped"]
    _, table, _ = run(capsys, "compute", "mse", p, t, "--on", "id", "--on-missing", "drop")
    assert "without partner" in table
    assert "rearranged" in table


def test_nothing_in_common_is_an_error_even_with_drop() -> None:
    a = pd.DataFrame({"id": ["1", "2"], "prediction": [1.0, 2.0]})
    b = pd.DataFrame({"id": ["01", "02"], "target": [1.0, 2.0]})
    with pytest.raises(DataError, match="2 of 2 keys") as raised:
        losscli.compute("mse", a, b, on="id", on_missing="drop")
    assert "007 is not 7" in (raised.value.hint or "")


def test_keys_may_be_called_differently(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predictions, targets = frames()
    p = write(predictions, tmp_path / "p.csv")
    t = write(targets.rename(columns={"id": "V1"}), tmp_path / "t.csv")
    code, out, _ = run(capsys, "compute", "mse", p, t, "--on", "id=V1", "-f", "value")
    assert code == 0
    assert float(out) == pytest.approx(expected(predictions, targets).mean(), rel=1e-15)
    code, _, err = run(capsys, "compute", "mse", p, t, "--on", "id")
    assert code == 2
    assert "t.csv: there is no column 'id' to join by" in err
    assert "columns: V1, target" in err
    code, _, err = run(capsys, "compute", "mse", p, t, "--on", "ids")
    assert "did you mean 'id'?" in err


@pytest.mark.parametrize("how", [("a,b",), ("a", "b")])
def test_several_keys(how: tuple[str, ...]) -> None:
    rng = np.random.default_rng(0)
    grid = pd.DataFrame([(a, b) for a in "xyz" for b in range(12)], columns=["a", "b"])
    predictions = grid.assign(prediction=rng.normal(size=36))
    targets = grid.assign(target=rng.normal(size=36)).sample(frac=1.0, random_state=0)
    result = losscli.compute("mse", predictions, targets, on=how)
    assert result.value == pytest.approx(
        expected(predictions, targets, ["a", "b"]).mean(), rel=1e-15
    )
    assert result.key_of is not None
    assert result.key_of(13) == "y, 1"


def test_several_keys_are_never_mixed_up() -> None:
    a = pd.DataFrame({"a": ["x", "xy"], "b": ["yz", "z"], "prediction": [1.0, 2.0]})
    b = pd.DataFrame({"a": ["xy", "x"], "b": ["z", "yz"], "target": [2.0, 1.0]})
    assert losscli.compute("mse", a, b, on="a,b").value == 0.0


def test_one_file_names_its_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "both.csv"
    path.write_text("name,prediction,target\nann,1,2\nbob,3,3\n")
    code, out, _ = run(
        capsys, "compute", "mse", str(path), "--on", "name", "--reduction", "none", "-f", "csv"
    )
    assert code == 0
    assert out == "row,key,loss\n1,ann,1.0\n2,bob,0.0\n"
    path.write_text("name,prediction,target\nann,1,2\nann,3,3\n")
    code, _, err = run(capsys, "compute", "mse", str(path), "--on", "name")
    assert code == 2
    assert "row 2: the key 'ann' stands in row 1 already" in err


def test_a_bad_value_is_named_by_the_row_of_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.csv").write_text("id,prediction\na,0.5\nb,0.5\nc,0.5\n")
    (tmp_path / "t.csv").write_text("id,target\nc,1\na,0\nb,7\n")
    p, t = str(tmp_path / "p.csv"), str(tmp_path / "t.csv")
    code, _, err = run(capsys, "compute", "bce", p, t, "--on", "id")
    assert code == 2
    assert "t.csv, column 'target', row 3" in err
    (tmp_path / "t.csv").write_text("id,target\nc,1\na,\nb,1\n")
    code, _, err = run(capsys, "compute", "bce", p, t, "--on", "id")
    assert "t.csv, column 'target', row 2: the value is missing" in err


@pytest.mark.parametrize("memory", [2**30, 2**10])
def test_lists_matrices_groups_and_weights_follow_their_rows(memory: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    n = 40
    ids = [f"q{i}" for i in range(n)]
    lengths = rng.integers(1, 6, n)
    scores = [rng.normal(size=k).tolist() for k in lengths]
    labels = [rng.integers(0, 3, k).astype(float).tolist() for k in lengths]
    order = rng.permutation(n)
    p = pa.table({"id": ids, "scores": scores})
    t = pa.table({"id": ids, "labels": labels})
    pq.write_table(p, tmp_path / "p.parquet")
    pq.write_table(t.take(pa.array(order)), tmp_path / "t.parquet", row_group_size=7)
    pq.write_table(t, tmp_path / "plain.parquet")
    files = [tmp_path / "p.parquet", tmp_path / "t.parquet"]
    plain = losscli.compute("ndcg", files[0], tmp_path / "plain.parquet")
    assert evaluate("ndcg", files, memory).value == plain.value
    logits = rng.normal(size=(n, 3))
    classes = rng.integers(0, 3, n)
    a = pd.DataFrame(logits, columns=["logits_0", "logits_1", "logits_2"]).assign(id=ids)
    b = pd.DataFrame({"id": ids, "target": classes, "w": rng.random(n), "g": np.arange(n) // 4})
    write(a, tmp_path / "p.csv")
    write(b.iloc[order], tmp_path / "t.csv")
    result = evaluate("cross-entropy", [tmp_path / "p.csv", tmp_path / "t.csv"], memory)
    assert result.value == losscli.compute("cross-entropy", logits, classes).value
    result = evaluate(
        "cross-entropy", [tmp_path / "p.csv", tmp_path / "t.csv"], memory,
        columns={"sample_weight": "w"}, group="g",
    )  # fmt: skip
    alone = losscli.compute(
        "cross-entropy", logits, classes, sample_weight=b["w"], group=b["g"].to_numpy()
    )
    assert result.value == alone.value
    assert result.group == "g"


def evaluate(loss: str, files: list[Path], memory: int, **how: Any) -> Any:
    from losscli.api import Run, choose_reduction
    from losscli.data.files import open_files
    from losscli.data.reading import Reading
    from losscli.spec import parse

    bound = parse(loss)
    inputs = open_files(
        bound.loss.inputs, [str(file) for file in files],
        reading=Reading(on=("id",), memory=memory), **{"columns": {}, **how},
    )  # fmt: skip
    reduction = choose_reduction(bound, None, grouped=inputs.groups is not None)
    return Run(bound, inputs, reduction).evaluate()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--on", ""), "names no column"),
        (("--on", "id="), "names no column"),
        (("--on", "id,id"), "twice"),
        (("--on", "id", "--on-missing", "dorp"), "did you mean 'drop'?"),
        (("--on", "id", "--memory", "much"), "is no size"),
    ],
)
def test_wrong_options(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predictions, targets = frames(5)
    p, t = write(predictions, tmp_path / "p.csv"), write(targets, tmp_path / "t.csv")
    code, _, err = run(capsys, "compute", "mse", p, t, *words)
    assert code == 2
    assert said in err


def test_arrays_have_no_keys() -> None:
    predictions, targets = frames(5)
    with pytest.raises(UsageError, match="target is no frame and no file"):
        losscli.compute("mse", predictions, targets["target"], on="id")


def test_a_full_disk_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    predictions, targets = frames()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(OutputError, match="cannot write temporary files") as raised:
        joined(predictions, targets, memory=1)
    assert "TMPDIR" in (raised.value.hint or "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_disk_that_fills_up_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions, targets = frames()
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **how: FileIO("/dev/full", "r+"))
    with pytest.raises(OutputError, match="No space left on device") as raised:
        joined(predictions, targets, memory=1)
    assert "--memory" in (raised.value.hint or "")


def holds_files(pid: int, folder: Path) -> bool:
    """Has the process files open in this folder that have no name?"""
    links = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(os.readlink(descriptor))
    return any(link.startswith(f"{folder}/") and link.endswith("(deleted)") for link in links)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_a_join_is_stopped(number: signal.Signals, tmp_path: Path) -> None:
    rows = 400_000
    rng = np.random.default_rng(0)
    ids = rng.permutation(rows)
    for name, column in (("p", "prediction"), ("t", "target")):
        table = pa.table({"id": rng.permutation(ids), column: rng.normal(size=rows)})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "losscli", "compute", "mse", "p.parquet", "t.parquet",
            "--on", "id", "--memory", "64k",
        ],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not holds_files(process.pid, temporary) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("memory", [2**30, 1])
@pytest.mark.parametrize("side", ["first", "second"])
def test_keys_that_occur_more_than_once_are_counted(side: str, memory: int) -> None:
    predictions, targets = frames()
    again = targets if side == "second" else predictions
    more = pd.concat([again, again.iloc[[7, 3, 3, 90, 12, 55]]])
    with pytest.raises(DataError) as raised:
        joined(predictions, more, memory=memory) if side == "second" else joined(
            more, targets, memory=memory
        )
    names = [again["id"].iloc[i] for i in (7, 3, 90)]
    assert raised.value.row == ROWS + 1
    assert raised.value.message == (
        f"the key '{names[0]}' stands in row 8 already; 5 keys occur more than once: "
        f"also '{names[1]}' in row {ROWS + 2} as in row 4, "
        f"'{names[2]}' in row {ROWS + 4} as in row 91, ..."
    )


def test_rows_of_several_files_are_named_by_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "parts").mkdir()
    for i in range(3):
        rows = "".join(f"{k},{k}\n" for k in range(i * 4, i * 4 + 4))
        (tmp_path / "parts" / f"part-{i}.csv").write_text(f"id,prediction\n{rows}")
    targets = tmp_path / "t.csv"
    targets.write_text("id,target\n" + "".join(f"{k},0\n" for k in (11, 0, 1, 2, 3, 4, 6, 7, 8, 9)))
    parts = str(tmp_path / "parts")
    code, _, err = run(capsys, "compute", "mse", parts, str(targets), "--on", "id")
    assert code == 2
    name = tmp_path / "parts" / "part"
    assert f"'5' in row 2 of {name}-1.csv, '10' in row 3 of {name}-2.csv" in err
    with open(f"{name}-2.csv", "a") as file:
        file.write("5,5\n")
    code, _, err = run(capsys, "compute", "mse", parts, str(targets), "--on", "id")
    assert code == 2
    assert f"part-2.csv, column 'id', row 5: the key '5' stands in row 2 of {name}-1.csv" in err
