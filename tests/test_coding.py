"""Columns that travel as codes: any type, any format, the same names."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

import losscli.losses  # noqa: F401 - registers them
from losscli.data import csv_file
from losscli.data.arrays import from_arrays
from losscli.data.coding import Labels
from losscli.data.feed import Inputs
from losscli.data.files import open_files
from losscli.data.place import Place
from losscli.domain import REAL, Role
from losscli.engine.executor import run
from losscli.engine.plan import Plan, Schedule
from losscli.engine.shapes import fit_inputs
from losscli.errors import DataError
from losscli.spec import parse

ROLES = (Role("prediction", REAL), Role("target", REAL))
BY = "by what"


def names_of(inputs: Inputs, start: int = 0, block: int = 10**6) -> list[str | None]:
    """What each row is called."""
    labels = inputs.labels[BY]
    (feed,) = [f for f in inputs.feeds if BY in {source.role for source in f.roles}]
    assert feed.rows is not None
    found = []
    with closing(feed.cursor(start, feed.rows)) as cursor:
        for _ in range(start, feed.rows, block):
            codes = cursor.read(block)[BY]
            assert isinstance(codes, np.ndarray)
            assert codes.dtype == np.float64
            found += [labels.name(int(code)) for code in codes]
    return found


def read(path: Path, column: str = "what", **options: Any) -> list[str | None]:
    return names_of(
        open_files(ROLES, [str(path)], columns={}, labels={BY: Labels(column)}), **options
    )


def table(values: pa.Array) -> pa.Table:
    numbers = pa.array(np.arange(len(values)), pa.float64())
    return pa.table({"prediction": numbers, "target": numbers, "what": values})


SECOND = dt.datetime(2024, 1, 5, 12, 30, 1)
TYPES = [
    (pa.array(["DE", "FR", "DE", None, ""]), ["DE", "FR", "DE", None, None]),
    (pa.array(["DE", None, "DE"], pa.large_string()), ["DE", None, "DE"]),
    (pa.array(["a", "b", "a"], pa.string_view()), ["a", "b", "a"]),
    (pa.array(["b", None, "a", "b"]).dictionary_encode(), ["b", None, "a", "b"]),
    (pa.array([b"x", b"\xff", None]), ["x", "\\xff", None]),
    (pa.array([1, 2, None, 1]), ["1", "2", None, "1"]),
    (pa.array([7, 7, 255], pa.uint8()), ["7", "7", "255"]),
    (pa.array([2**63, 2**63 + 1], pa.uint64()), ["9223372036854775808", "9223372036854775809"]),
    (pa.array([0.1, float("nan"), None, 2.0]), ["0.1", None, None, "2.0"]),
    (pa.array(np.array([0.5, 1.5], np.float16)), ["0.5", "1.5"]),
    (pa.array([True, False, None]), ["True", "False", None]),
    (pa.array([dt.date(2024, 1, 5), None]), ["2024-01-05", None]),
    (pa.array([SECOND, SECOND], pa.timestamp("us")), ["2024-01-05 12:30:01"] * 2),
    (pa.array([dt.datetime(2024, 1, 5)], pa.timestamp("ns")), ["2024-01-05"]),
    (pa.array([Decimal("1.50"), Decimal("2.00")]), ["1.50", "2.00"]),
    (pa.nulls(3), [None, None, None]),
]  # fmt: skip


@pytest.mark.parametrize(("values", "names"), TYPES, ids=lambda one: str(getattr(one, "type", "")))
def test_types(tmp_path: Path, values: pa.Array, names: list[str | None]) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(table(values), path, row_group_size=2)
    assert read(path) == names
    assert read(path, block=2) == names
    assert read(path, start=1) == names[1:]
    whole = from_arrays(ROLES, [table(values)], {}, labels={BY: Labels("what")})
    assert names_of(whole) == names
    alone = from_arrays(
        ROLES,
        [np.arange(len(values)), np.arange(len(values))],
        {},
        labels={BY: Labels("what")},
        labelled={BY: pa.chunked_array([values[:1], values[1:]])},
    )
    assert names_of(alone) == names


def test_csv_and_parquet_name_values_alike(tmp_path: Path) -> None:
    values = table(pa.array([3, 1, None, 3]))
    pq.write_table(values, tmp_path / "data.parquet")
    pacsv.write_csv(values, tmp_path / "data.csv")
    assert read(tmp_path / "data.csv") == read(tmp_path / "data.parquet") == ["3", "1", None, "3"]


CSV = [
    ("prediction,target,what\n1,2,DE\n3,4,\n5,6, x \n", ["DE", None, " x "]),
    ('prediction,target,what\n1,2,"a,b"\n3,4,"say ""hi"""\n', ["a,b", 'say "hi"']),
    # A line end within quotes goes past Arrow.
    ('prediction,target,what,note\n1,2,DE,"a\nb"\n3,4,NA,x\n5,6,"",y\n', ["DE", "NA", None]),
    ('prediction,target,what\n1,2,"D\nE"\n3,4,FR\n', ["D\nE", "FR"]),
    ("prediction,target,what\n 1,2,007\n3,4,7\n", ["007", "7"]),
    ("prediction,target,what\n1,2,true\n3,4,True\n", ["true", "True"]),
]


@pytest.mark.parametrize(("content", "names"), CSV)
def test_csv(tmp_path: Path, content: str, names: list[str | None]) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content)
    assert read(path) == names
    assert read(path, start=1) == names[1:]


def test_csv_in_pieces_with_a_careful_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "_PIECE_BYTES", 64)
    notes = ["x"] * 19 + ['"line\nend"']
    rows = [f"{i},{i},{'abc'[i % 3]},{notes[i % 20]}" for i in range(100)]
    path = tmp_path / "data.csv"
    path.write_text("prediction,target,what,note\n" + "\n".join(rows) + "\n")
    assert read(path, block=7) == ["abc"[i % 3] for i in range(100)]


def test_bytes_that_are_no_text_still_have_a_name(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"prediction,target,what\n1,2,caf\xe9\n3,4,tea\n")
    assert read(path) == ["caf\\xe9", "tea"]


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("values", [[0.5, 1.0, 0.5], [True, False, True]], ids=["number", "bool"])
def test_a_role_may_be_sliced_by_as_well(tmp_path: Path, format: str, values: list[Any]) -> None:
    frame = pa.table({"prediction": [1.0, 2.0, 3.0], "target": values})
    path = tmp_path / f"data.{format}"
    (pacsv.write_csv if format == "csv" else pq.write_table)(frame, path)
    inputs = open_files(ROLES, [str(path)], columns={}, labels={BY: Labels("target")})
    (feed,) = inputs.feeds
    with closing(feed.cursor(0, None)) as cursor:
        rows = cursor.read(3)
    assert np.asarray(rows["target"]).tolist() == [float(value) for value in values]
    codes = np.asarray(rows[BY])
    assert codes[0] == codes[2] != codes[1]


def test_a_number_that_is_wrong_is_still_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("prediction,target\n1,2\n1,x\n")
    with pytest.raises(DataError, match="column 'target', row 2: 'x' is not a number"):
        read(path, "target")


def test_pandas(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"prediction": [1, 2, 3], "target": [1, 2, 3], "kind": pd.Categorical(["b", "a", None])}
    )
    frame["mixed"] = pd.Series(["a", 1, None], dtype=object)
    for column, names in (("kind", ["b", "a", None]), ("mixed", ["a", "1", None])):
        inputs = from_arrays(ROLES, [frame], {}, labels={BY: Labels(column)})
        assert names_of(inputs) == names


def test_a_column_to_slice_by_is_no_role(tmp_path: Path) -> None:
    path = tmp_path / "preds.csv"
    path.write_text("week,score\n1,0.5\n2,0.5\n")
    (tmp_path / "labels.csv").write_text("target\n1\n2\n")
    files = [str(path), str(tmp_path / "labels.csv")]
    inputs = open_files(ROLES, files, columns={}, labels={BY: Labels("week")})
    assert inputs.roles["prediction"].columns == ("score",)
    assert [*inputs.roles] == ["prediction", "target"]
    assert [*inputs.coded] == [BY]
    assert names_of(inputs) == ["1", "2"]


def test_a_column_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("prediction,target,country\n1,2,DE\n")
    with pytest.raises(DataError, match="no file has a column 'contry' to slice by") as error:
        read(path, "contry")
    assert "did you mean 'country'?" in str(error.value)


def test_a_name_that_occurs_twice(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("prediction,target,what,what\n1,2,DE,FR\n")
    with pytest.raises(DataError, match="2 columns are named 'what', to slice by"):
        read(path)


def test_lists_are_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(table(pa.array([[1], [2]])), path)
    with pytest.raises(DataError, match=r"column 'what': holds list<.*>, not single values"):
        read(path)


def test_too_many_values() -> None:
    labels = Labels("user", limit=3, hint="choose another")
    labels.encode(pa.array(["a", "b", "c", "a"]), Place("x.csv", "user"))
    with pytest.raises(
        DataError, match=r"x.csv, column 'user': holds more than 3 different values"
    ):
        labels.encode(pa.array(["a", "d"]), Place("x.csv", "user"))


def test_what_a_dictionary_holds_unused_does_not_count() -> None:
    labels = Labels("what", limit=2)
    unused = pa.DictionaryArray.from_arrays(pa.array([3, 3, None]), pa.array([*"abcd"]))
    codes = labels.encode(unused, Place(None))
    assert [labels.name(int(code)) for code in codes] == ["d", "d", None]


def test_threads_agree_on_codes() -> None:
    labels = Labels("what")
    words = pa.array([f"w{i % 997}" for i in range(5000)])
    with ThreadPoolExecutor(8) as pool:
        parts = [pool.submit(labels.encode, words[i:], Place(None)) for i in range(32)]
    for i, part in enumerate(parts):
        found = [labels.name(int(code)) for code in part.result()]
        assert found == words[i:].to_pylist()
    assert len(labels) == 997


def test_a_group_belongs_to_one_slice(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("q,prediction,target,what\n1,1,2,DE\n1,3,4,DE\n2,3,4,FR\n2,3,4,DE\n2,3,4,\n")
    inputs = open_files(ROLES, [str(path)], columns={}, group="q", labels={BY: Labels("what")})
    schedule = Schedule(inputs, (Plan(inputs, fit_inputs(parse("mse"), inputs)),))
    with pytest.raises(DataError) as error, closing(run(schedule, list)) as blocks:
        next(blocks)
    assert f"{path}, column 'what', row 4: 'DE' in a group that began with 'FR'" in str(error.value)


def test_blocks_carry_codes(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("q,prediction,target,what\n1,1,2,DE\n1,3,4,DE\n2,3,4,FR\n3,3,4,DE\n")
    for group, names in ((None, ["DE", "DE", "FR", "DE"]), ("q", ["DE", "FR", "DE"])):
        inputs = open_files(
            ROLES, [str(path)], columns={}, group=group, labels={BY: Labels("what")}
        )
        schedule = Schedule(inputs, (Plan(inputs, fit_inputs(parse("mse"), inputs)),))
        ((block,),) = run(schedule, list)
        assert block is not None
        assert [inputs.labels[BY].name(int(code)) for code in block.codes[BY]] == names
