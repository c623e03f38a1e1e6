"""Parquet: every type that holds numbers, rows in any groups, and broken files."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.data.align import check_counts
from losscli.data.files import open_files
from losscli.domain import LOGITS, REAL, Array, Role
from losscli.errors import DataError

PREDICTION, MATRIX = Role("prediction", REAL), Role("logits", LOGITS)


def write(folder: Path, array: pa.Array, *, name: str = "prediction", group: int = 2**20) -> str:
    path = folder / "preds.parquet"
    pq.write_table(pa.table({name: array}), path, row_group_size=group)
    return str(path)


def read(path: str, role: Role = PREDICTION, block: int = 10**6) -> Array:
    inputs = open_files((role,), [path], columns={})
    check_counts(inputs)
    (feed,) = inputs.feeds
    assert feed.rows is not None
    with closing(feed.cursor(0, None)) as cursor:
        blocks = [np.array(cursor.read(block)[role.name]) for _ in range(0, feed.rows, block)]
    whole = np.concatenate(blocks)
    assert whole.dtype == np.float64
    assert whole.shape == (feed.rows, *feed.roles[0].shape)
    return whole


NUMBERS = [
    pa.array([0.1, 2.0, -3.5]),
    pa.array([0.1, 2.0, -3.5], pa.float32()),
    pa.array(np.array([0.1, 2.0, -3.5], np.float16)),
    *(pa.array([1, 2, 3], kind) for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())),
    *(pa.array([1, 2, 3], kind) for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())),
    pa.array([True, False, True]),
    pa.array([Decimal("1.25"), Decimal("2.50"), Decimal("-3.75")]),
    pa.array([1.5, 2.5, 1.5]).dictionary_encode(),
    pa.array([2**53, -(2**53), 0]),
    pa.array([np.nan, np.inf, -np.inf]),
]


@pytest.mark.parametrize("array", NUMBERS, ids=lambda array: str(array.type))
def test_numbers(tmp_path: Path, array: pa.Array) -> None:
    expected = [float(value) for value in array.to_pylist()]
    np.testing.assert_array_equal(read(write(tmp_path, array, group=2)), expected)


LISTS = [
    pa.list_(pa.float64()),
    pa.large_list(pa.float32()),
    pa.list_(pa.float64(), 2),
    pa.list_(pa.int64(), 2),
    pa.list_(pa.bool_()),
]


@pytest.mark.parametrize("kind", LISTS, ids=str)
def test_lists_are_rows_of_a_matrix(tmp_path: Path, kind: pa.DataType) -> None:
    array = pa.array([[True, False], [False, True], [True, True]]).cast(kind)
    values = read(write(tmp_path, array, name="logits", group=2), MATRIX)
    assert values.tolist() == [[1, 0], [0, 1], [1, 1]]
    assert values.flags.c_contiguous


def test_lists_of_lists(tmp_path: Path) -> None:
    array = pa.array([[[1.0, 2, 3], [4, 5, 6]]] * 3)
    assert read(write(tmp_path, array, name="logits"), MATRIX).shape == (3, 2, 3)


def test_tensors(tmp_path: Path) -> None:
    values = np.arange(24.0).reshape(4, 2, 3)
    array = pa.FixedShapeTensorArray.from_numpy_ndarray(values)
    path = write(tmp_path, array, name="logits", group=3)
    np.testing.assert_array_equal(read(path, MATRIX), values)


def test_scalar_columns_are_a_matrix_in_fortran_order(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    columns = {"logits_1": pa.array([1, 2]), "logits_0": pa.array([0.5, 1.5], pa.float32())}
    pq.write_table(pa.table(columns), path)
    (feed,) = open_files((MATRIX,), [str(path)], columns={}).feeds
    with closing(feed.cursor(0, None)) as cursor:
        values = cursor.read(10)["logits"]
    assert values.tolist() == [[0.5, 1], [1.5, 2]]
    assert values.flags.f_contiguous
    assert feed.roles[0].columns == ("logits_0", "logits_1")


def test_a_column_of_doubles_is_not_copied(tmp_path: Path) -> None:
    (feed,) = open_files(
        (PREDICTION,), [write(tmp_path, pa.array(np.ones(1000)))], columns={}
    ).feeds
    with closing(feed.cursor(0, None)) as cursor:
        values = cursor.read(100)["prediction"]
    assert not values.flags.owndata
    assert not values.flags.writeable


def test_row_groups_are_where_cursors_open(tmp_path: Path) -> None:
    path = write(tmp_path, pa.array(np.arange(10.0)), group=4)
    (feed,) = open_files((PREDICTION,), [path], columns={}).feeds
    assert list(feed.starts) == [0, 4, 8]
    assert feed.rows == 10


def test_names_with_dots_are_no_paths(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"p": [9.0], "p.0": [1.0], "p.1": [2.0]}), path)
    inputs = open_files((MATRIX,), [str(path)], columns={"logits": "p.*"})
    with closing(inputs.feeds[0].cursor(0, None)) as cursor:
        assert cursor.read(5)["logits"].tolist() == [[1, 2]]


HOSTILE = [
    (pa.array([1.0, None, 3]), "column 'prediction', row 2: the value is missing"),
    (pa.array([1, None], pa.int64()), "row 2: the value is missing"),
    (pa.nulls(2), "row 1: the value is missing"),
    (pa.array([1.5, None]).dictionary_encode(), "row 2: the value is missing"),
    (pa.array([1, 2**53 + 1]), "row 2: 9007199254740993 is too large to be exact"),
    (pa.array([2**64 - 1], pa.uint64()), "row 1: 18446744073709551615 is too large"),
    (pa.array([-(2**62)]), "row 1: -4611686018427387904 is too large"),
    (pa.array(["cat", "dog"]), "column 'prediction': holds string, not numbers"),
    (pa.array(["cat", "dog"]), "labels must be class indices 0 .. C-1"),
    (pa.array(["cat", "dog"]).dictionary_encode(), "not numbers"),
    (pa.array([0], pa.timestamp("s")), "holds timestamp["),
    (pa.array([b"x"]), "holds binary, not numbers"),
    (pa.array([{"a": 1.0}]), "holds struct<a: double>, not numbers"),
    (pa.array([["a"]]), "holds list<element: string>, not numbers"),
    (pa.array([[1.0, 2], [1.0], [1, 2]]), "row 2: has 1 elements, the rows before it 2"),
    (pa.array([[1.0, 2], None]), "row 2: the value is missing"),
    (pa.array([None, [1.0, 2]], pa.list_(pa.float64(), 2)), "row 1: "),
    (pa.array([[1.0, 2], [3, None]]), "column 'prediction', row 2: the value is missing"),
    (pa.array([[1.0, 2], [3, None]], pa.list_(pa.float64(), 2)), "row 2: the value is missing"),
    (pa.array([[1], [2**60]]), "row 2: 1152921504606846976 is too large"),
    (pa.array([[[1.0], [2.0]], [[1.0], [2.0, 3]]]), "row 2: has 2 elements"),
    (pa.array([], pa.float64()), "has no rows"),
    (pa.array([], pa.list_(pa.float64())), "has no rows"),
]


@pytest.mark.parametrize("group", [1, 100])
@pytest.mark.parametrize(("array", "message"), HOSTILE)
def test_hostile(tmp_path: Path, array: pa.Array, message: str, group: int) -> None:
    path = write(tmp_path, array, group=group)
    with pytest.raises(DataError) as caught:
        read(path)
    assert message in str(caught.value)
    assert path in str(caught.value)


@pytest.mark.parametrize("row", [1, 999, 1500, 2999])
def test_the_row_of_a_fault_far_down(tmp_path: Path, row: int) -> None:
    values = [[1.0, 2.0]] * 3000
    values[row] = [1.0]
    path = write(tmp_path, pa.array(values), name="logits", group=1000)
    with pytest.raises(DataError, match=f"row {row + 1}: has 1 elements"):
        read(path, MATRIX, block=64)


def test_a_fault_outside_the_rows_of_a_cursor_is_left_to_others(tmp_path: Path) -> None:
    path = write(tmp_path, pa.array([1.0, None, 3.0, 4.0, None]))
    (feed,) = open_files((PREDICTION,), [path], columns={}).feeds
    with closing(feed.cursor(2, 4)) as cursor:
        assert cursor.read(5)["prediction"].tolist() == [3, 4]


@pytest.mark.parametrize("kept", [4, 100, 0.5, 0.99])
def test_truncated(tmp_path: Path, kept: float) -> None:
    path = Path(write(tmp_path, pa.array(np.random.default_rng(0).normal(size=1000))))
    data = path.read_bytes()
    path.write_bytes(data[: int(kept if kept > 1 else kept * len(data))])
    with pytest.raises(DataError, match="cannot be read as Parquet") as caught:
        read(str(path))
    assert str(caught.value).startswith(str(path))


def test_bytes_gone_bad(tmp_path: Path) -> None:
    path = Path(write(tmp_path, pa.array(np.random.default_rng(0).normal(size=10_000))))
    data = bytearray(path.read_bytes())
    data[1000:2000] = bytes(1000)
    data[4:40] = bytes(36)
    path.write_bytes(data)
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read(str(path))


def test_a_page_whose_checksum_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "preds.parquet"
    table = pa.table({"prediction": np.random.default_rng(0).normal(size=1000)})
    pq.write_table(table, path, write_page_checksum=True, use_dictionary=False, compression="none")
    data = bytearray(path.read_bytes())
    data[4000] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"cannot be read as Parquet: .*CRC"):
        read(str(path))


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = Path(write(tmp_path, pa.array([1.0])))
    path.write_bytes(path.read_bytes().replace(b"prediction", b"predict\xffon"))
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read(str(path))


def test_parquet_by_any_name(tmp_path: Path) -> None:
    path = Path(write(tmp_path, pa.array([1.0]))).rename(tmp_path / "preds.csv")
    assert read(str(path)).tolist() == [1]


def test_csv_named_parquet(tmp_path: Path) -> None:
    path = tmp_path / "preds.parquet"
    path.write_text("prediction\n1\n")
    with pytest.raises(DataError, match="is not a Parquet file, though it is called one"):
        read(str(path))
