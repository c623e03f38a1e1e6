"""Every format by itself: types, missing values, and files that are broken."""

from __future__ import annotations

import decimal
import io
import json
import os
import struct
import zipfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import losscli
from losscli.data import json_lines
from losscli.data.align import check_counts
from losscli.data.coding import Labels
from losscli.data.files import open_files
from losscli.data.opening import open_table
from losscli.domain import LOGITS, REAL, RELEVANCES, Array, Role
from losscli.errors import DataError

PREDICTION = Role("prediction", REAL)
MATRIX = Role("logits", LOGITS)


def read(path: Path, role: Role = PREDICTION, columns: dict[str, str] | None = None) -> Array:
    inputs = open_files((role,), [str(path)], columns=columns or {})
    check_counts(inputs)
    (feed,) = inputs.feeds
    with closing(feed.cursor(0, None)) as cursor:
        return np.asarray(cursor.read(10**6)[role.name])


def write(table: pa.Table, path: Path) -> Path:
    """An Arrow table in the format that the name says."""
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".feather":
        feather.write_feather(table, path)
    else:
        opened = ipc.new_stream if path.suffix == ".arrows" else ipc.new_file
        with opened(path, table.schema) as writer:
            writer.write_table(table)
    return path


FORMATS = ("x.parquet", "x.feather", "x.arrow", "x.arrows")
ONE_TWO = [1, 2]
NUMBERS: dict[str, pa.Array] = {
    **{str(kind): pa.array(ONE_TWO, kind) for kind in (
        pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(),
        pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(9, 3), pa.decimal256(50, 3),
    )},
    "float16": pa.array(np.array(ONE_TWO, np.float16)),
    "dictionary": pa.array([1.0, 2.0]).dictionary_encode(),
}  # fmt: skip
LISTS: dict[str, pa.DataType] = {
    "list": pa.list_(pa.float64()),
    "large_list": pa.large_list(pa.float32()),
    "fixed-size list": pa.list_(pa.int16(), 3),
    "list_view": pa.list_view(pa.float64()),
    "large_list_view": pa.large_list_view(pa.float32()),
    "list of float16": pa.list_(pa.float16()),
    "list of decimals": pa.list_(pa.decimal128(9, 2)),
    "tensor": pa.fixed_shape_tensor(pa.float32(), (3,)),
}
ROWS = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def lists(kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.FixedShapeTensorType):
        return pa.FixedShapeTensorArray.from_numpy_ndarray(np.array(ROWS, np.float32))
    value = kind.value_type
    if pa.types.is_float16(value):
        return pa.array([np.array(row, np.float16) for row in ROWS], kind)
    rows = ROWS
    if pa.types.is_decimal(value):
        rows = [[decimal.Decimal(x) for x in row] for row in ROWS]  # type: ignore[misc]
    return pa.array(rows, kind)


def is_writable(kind: pa.DataType, name: str) -> bool:
    """Parquet has no views of lists; Arrow's writer turns them down."""
    return not (name.endswith(".parquet") and "view" in str(kind))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_every_type(tmp_path: Path, name: str, kind: str) -> None:
    path = write(pa.table({"prediction": NUMBERS[kind]}), tmp_path / name)
    assert read(path).tolist() == ONE_TWO


@pytest.mark.parametrize("name", FORMATS)
def test_booleans(tmp_path: Path, name: str) -> None:
    path = write(pa.table({"prediction": [True, False, True]}), tmp_path / name)
    assert read(path).tolist() == [1, 0, 1]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_every_type(tmp_path: Path, name: str, kind: str) -> None:
    if not is_writable(LISTS[kind], name):
        pytest.skip("no such type in this format")
    path = write(pa.table({"logits": lists(LISTS[kind])}), tmp_path / name)
    assert read(path, MATRIX).tolist() == ROWS


def test_run_ends_and_views_out_of_order(tmp_path: Path) -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array([1.0, 2.0]))
    assert read(write(pa.table({"prediction": runs}), tmp_path / "x.arrow")).tolist() == [1, 1, 2]
    views = pa.ListViewArray.from_arrays([2, 0, 1], [2, 2, 2], [1.0, 2.0, 3.0, 4.0])
    path = write(pa.table({"logits": views}), tmp_path / "y.arrow")
    assert read(path, MATRIX).tolist() == [[3, 4], [1, 2], [2, 3]]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("column", "role", "row"),
    [
        (pa.array([1.0, None]), PREDICTION, 2),
        (pa.array([None, None], pa.float64()), PREDICTION, 1),
        (pa.array([1, 2, None]).dictionary_encode(), PREDICTION, 3),
        (pa.array([[1.0, 2.0], None]), MATRIX, 2),
        (pa.array([[1.0, 2.0], [1.0, 2.0], [None, 1.0]]), MATRIX, 3),
        (pa.array([[1.0, 2.0], [1.0, None]], pa.list_(pa.float64(), 2)), MATRIX, 2),
    ],
)
def test_missing_values(tmp_path: Path, name: str, column: pa.Array, role: Role, row: int) -> None:
    path = write(pa.table({role.name: column}), tmp_path / name)
    with pytest.raises(DataError, match="the value is missing") as caught:
        read(path, role)
    assert (caught.value.path, caught.value.row) == (str(path), row)


@pytest.mark.parametrize("name", FORMATS)
def test_lists_of_other_lengths(tmp_path: Path, name: str) -> None:
    path = write(pa.table({"logits": [[1.0, 2.0], [1.0]]}), tmp_path / name)
    with pytest.raises(DataError, match=r"row 2: has 1 elements, the rows before it 2"):
        read(path, MATRIX)


@pytest.mark.parametrize("name", [*FORMATS, "x.jsonl"])
def test_lists_that_may_vary(tmp_path: Path, name: str) -> None:
    table = pa.table({"relevance": [[1.0, 2.0], [1.0], [], [3.0, 4.0, 5.0]]})
    path = tmp_path / name
    if name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        write(table, path)
    role = Role("relevance", RELEVANCES)
    (feed,) = open_files((role,), [str(path)], columns={}).feeds
    rows = feed.cursor(1, 4).read(9)["relevance"]
    assert rows.values.tolist() == [1, 3, 4, 5]  # type: ignore[union-attr]
    assert rows.lengths.tolist() == [1, 0, 3]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", [*FORMATS, "x.csv", "x.jsonl", "x.npz"])
def test_coded_columns(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    group, ids = ["a", "b", "a", "007"], [2**60 + 1, 2**60 + 2, 1, 2]
    table = pa.table({"prediction": [1.0, 2.0, 3.0, 4.0], "group": group, "id": ids})
    if path.suffix == ".csv":
        pacsv.write_csv(table, path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    elif path.suffix == ".npz":
        np.savez(path, prediction=np.arange(1.0, 5.0), group=np.array(group), id=np.array(ids))
    else:
        write(table, path)
    opened = open_table(str(path))
    for at, expected in ((1, group), (2, list(map(str, ids)))):
        labels = Labels("group")
        feed = opened.feed({"by": (at,), "prediction": (0,)}, (), {"by": labels})
        rows = feed.cursor(0, None).read(9)
        assert [labels.name(int(code)) for code in np.asarray(rows["by"])] == expected
        assert np.asarray(rows["prediction"]).tolist() == [1, 2, 3, 4]
        assert [str(k) for chunk in opened.keys(at) for k in chunk.to_pylist()] == expected


@pytest.mark.parametrize("name", ["x.feather", "x.arrow", "x.arrows"])
def test_broken_arrow_files(tmp_path: Path, name: str) -> None:
    table = pa.table(
        {"prediction": np.arange(1000.0), "note": ["x" * (i % 9) for i in range(1000)]}
    )
    whole = write(table, tmp_path / name).read_bytes()
    for end in (0, 3, 8, 40, len(whole) // 2, len(whole) - 1):
        (tmp_path / name).write_bytes(whole[:end])
        with pytest.raises(DataError) as caught:
            read(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_arrow_files_with_a_bit_flipped(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("arrow")
    table = pa.table({"prediction": [1.0, 2.0], "n": ["a", "bc"]})
    for name in ("x.arrow", "x.arrows"):
        data = bytearray(write(table, folder / name).read_bytes())
        data[at % len(data)] ^= 1 << bit
        (folder / name).write_bytes(data)
        with suppress(DataError):
            read(folder / name)


@pytest.mark.parametrize("name", ["x.arrow", "x.arrows", "x.parquet"])
def test_a_name_that_is_no_text(tmp_path: Path, name: str) -> None:
    table = pa.table({"prediction": [1.0, 2.0], "target": [1.0, 2.0]})
    path = tmp_path / name
    if name.endswith("parquet"):
        pq.write_table(table, path, store_schema=False)
    else:
        write(table, path)
    path.write_bytes(path.read_bytes().replace(b"prediction", b"\xf0rediction"))
    with pytest.raises(DataError):
        read(path)


def test_feather_version_1(tmp_path: Path) -> None:
    (tmp_path / "x.feather").write_bytes(b"FEA1" + bytes(20))
    with pytest.raises(DataError, match="is Feather version 1\nwrite it as version 2"):
        read(tmp_path / "x.feather")


# JSON Lines.
GOOD_LINES: list[tuple[str, list[float]]] = [
    ('{"prediction": 1}\n{"prediction": 2.5}\n', [1, 2.5]),
    ('{"prediction": 1}\r\n{"prediction": 2.5}', [1, 2.5]),
    ('\ufeff{"prediction": 1}\n', [1]),
    ('{"id": "a", "prediction": 1, "more": {"x": [1]}}\n{"prediction": 2}\n', [1, 2]),
    ('{"prediction": 1}\n{"prediction": 2, "new": "x"}\n', [1, 2]),
    ('{"prediction": NaN}\n{"prediction": -Infinity}\n', [np.nan, -np.inf]),
    ('{"prediction": 1e400}\n{"prediction": 1e-400}\n', [np.inf, 0]),
    ('{"prediction": true}\n{"prediction": false}\n', [1, 0]),
    ('{"prediction": 1}\n{"prediction": true}\n', [1, 1]),
    ('{"pred\\u0069ction": 1, "note": "a\\nb"}\n', [1]),
    ('{"prediction": 1' + "0" * 400 + "}\n", [np.inf]),
    ('{"note": "say \\"hi\\"", "prediction": 1}\n{"note": "\\"", "prediction": 2}\n', [1, 2]),
]
BAD_LINES: list[tuple[str | bytes, str]] = [
    ("", "is empty"),
    ("\n", "is empty"),
    ("[1, 2]\n", "holds one JSON document, not one object a line\nwrite JSON Lines, for example"),
    ('[{"prediction": 1}]', "holds one JSON document"),
    ('{\n"prediction": 1}\n', "holds one JSON document"),
    ('{"prediction": 1}\n{"prediction": }\n', "row 2: is no JSON: Expecting value"),
    ('{"prediction": 1}\n{"predic', "row 2: is no JSON: "),
    ('{"prediction": 1}\n\n{"prediction": 1}\n', "row 2: blank line"),
    ('{"prediction": 1}\n3\n', "row 2: is no JSON object"),
    ('{"prediction": 1}\n{"prediction": 1, "prediction": 2}\n', "row 2: has 'prediction' twice"),
    ('{"prediction": 1}{"prediction": 2}\n', "row 1: is no JSON: Extra data"),
    ('{"prediction": 1}\n{"prediction": null}\n', "column 'prediction', row 2: the value is miss"),
    ('{"prediction": 1}\n{}\n', "column 'prediction', row 2: the value is missing"),
    ('{"prediction": 1}\n{"prediction": "x"}\n', 'row 2: "x" is not a number'),
    ('{"prediction": "x"}\n', "column 'prediction': holds string, not numbers"),
    ('{"prediction": {"a": 1}}\n', "column 'prediction': holds struct"),
    ('{"prediction": ' + "[" * 10**5 + "]" * 10**5 + "}\n", "row 1: is no JSON: it is nested too"),
    (b'{"prediction": 1, "note": "\xff"}\n', "row 1: is no JSON: it is no UTF-8 text"),
]


@pytest.mark.parametrize("size", [1, 2**20])
@pytest.mark.parametrize(("content", "values"), GOOD_LINES)
def test_json_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, values: list[float], size: int
) -> None:
    monkeypatch.setattr(json_lines, "_PIECE_BYTES", size)
    (tmp_path / "x.jsonl").write_bytes(content.encode())
    np.testing.assert_array_equal(read(tmp_path / "x.jsonl"), values)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(("content", "message"), BAD_LINES)
def test_broken_json_lines(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str | bytes,
    message: str,
    later: bool,
) -> None:
    if later:
        # What is wrong is found when the rows are read, not when the first ones are looked at.
        monkeypatch.setattr(json_lines, "_SAMPLED_ROWS", 1)
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "x.jsonl").write_bytes(data)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "x.jsonl")
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "x.jsonl"))


def test_a_column_that_begins_empty(tmp_path: Path) -> None:
    lines = ['{"prediction": 1, "group": null}'] * 150 + ['{"prediction": 1, "group": "a"}'] * 50
    (tmp_path / "x.jsonl").write_text("\n".join(lines) + "\n")
    result = losscli.compute("mse", str(tmp_path / "x.jsonl"), np.zeros(200), reduction="sum")
    assert result.value == 200
    labels = Labels("group")
    feed = open_table(str(tmp_path / "x.jsonl")).feed({"by": (1,)}, (), {"by": labels})
    names = [labels.name(int(code)) for code in np.asarray(feed.cursor(0, None).read(999)["by"])]
    assert names == [None] * 150 + ["a"] * 50


# NumPy.
def save(path: Path, array: Any) -> Path:
    np.save(path, array)
    return path


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0),
        np.arange(6, dtype=np.int8),
        np.arange(6, dtype=">i4"),
        np.arange(6, dtype=np.float16),
        np.arange(6, dtype=np.uint64),
        np.array([True, False, True]),
        np.arange(6.0, dtype=np.longdouble),
        np.arange(12.0)[::2],
    ],
    ids=str,
)
def test_npy(tmp_path: Path, array: Array) -> None:
    assert read(save(tmp_path / "preds.npy", array)).tolist() == array.tolist()


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_matrices(tmp_path: Path, order: Any) -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    path = save(tmp_path / "logits.npy", np.asarray(values, order=order))
    np.testing.assert_array_equal(read(path, MATRIX), values)


def test_npz_holds_roles(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(50, 4)).astype(np.float32), rng.integers(0, 4, 50)
    expected = losscli.compute("cross-entropy", logits, target).value
    for writer in (np.savez, np.savez_compressed):
        writer(tmp_path / "all.npz", logits=logits, target=target, step=np.array(7))
        assert losscli.compute("cross-entropy", str(tmp_path / "all.npz")).value == expected
    np.save(tmp_path / "logits.npy", logits)
    np.save(tmp_path / "labels.npy", target)
    files = (str(tmp_path / "logits.npy"), str(tmp_path / "labels.npy"))
    assert losscli.compute("cross-entropy", *files).value == expected


def test_npy_parts(tmp_path: Path) -> None:
    for i in range(12):
        save(tmp_path / f"part{i}.npy", np.full(3, float(i)))
    assert read(tmp_path).tolist() == [float(i) for i in range(12) for _ in range(3)]


class Evil:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("touch /tmp/losscli-was-here",)


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as written:
        for name, data in members.items():
            written.writestr(name, data)
    return path


def npy_bytes(array: Any) -> bytes:
    written = io.BytesIO()
    np.save(written, array)
    return written.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy_bytes(np.array([Evil()])), "it holds Python objects, which could run code"),
        (npy_bytes(np.float64(3.0)), "holds no array with rows"),
        (npy_bytes(np.array(["cat", "dog"])), "holds text, not numbers, such as 'cat'"),
        (npy_bytes(np.array([1 + 2j])), "holds complex numbers, not numbers"),
        (npy_bytes(np.array([2**60 + 1])), "row 1: 1152921504606846977 is too large to be exact"),
        (npy_bytes(np.empty(0)), "has no rows"),
        (npy_bytes(np.arange(99.0))[:300], "cannot be read as NumPy's format"),
        (npy_bytes(np.arange(9.0))[:20], "cannot be read as NumPy's format"),
        (b"\x93NUMPY\x01\x00" + struct.pack("<H", 9) + b"__import__", "cannot be read as NumPy's"),
        (b"PK\x03\x04rubbish", "cannot be read as NumPy's format"),
    ],
)
def test_broken_numpy_files(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / ("x.npz" if data.startswith(b"PK") else "x.npy")
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a.npy": npy_bytes(np.arange(2.0)), "b.npy": npy_bytes(np.arange(3.0))}, "columns: a, b"),
        ({"readme.txt": b"hello"}, "is a zip archive of 'readme.txt'"),
        ({"prediction.npy": b"nope"}, "cannot be read as NumPy's format"),
    ],
)
def test_odd_archives(tmp_path: Path, members: dict[str, bytes], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(archive(tmp_path / "x.npz", **members))
    assert message in str(caught.value)


def test_arrays_of_other_lengths(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", prediction=np.zeros(3), target=np.zeros(2), classes=np.zeros(9))
    with pytest.raises(DataError, match="prediction has 3 rows, target has 2"):
        losscli.compute("mse", str(tmp_path / "x.npz"))


def test_a_trap_in_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "x.npz", prediction=np.zeros(10**6))
    assert read(tmp_path / "x.npz").sum() == 0
    monkeypatch.setenv("LOSSCLI_UNPACK_LIMIT", "1M")
    with pytest.raises(DataError, match="this looks like a trap"):
        read(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.arrow", b"prediction\n1\n", "is not an Arrow file, though it is called one"),
        ("x.npy", b"prediction\n1\n", "is not a NumPy file, though it is called one"),
        ("x.npz", b"prediction\n1\n", "is not a NumPy archive, though it is called one"),
        ("x.jsonl", b"prediction\n1\n", "row 1: is no JSON"),
        ("x.csv", b'{"prediction": 1}\n', "has a header but no rows"),
    ],
)
def test_wrong_extensions(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / name)


def test_bytes_beat_names(tmp_path: Path) -> None:
    table = pa.table({"prediction": [1.0, 2.0]})
    for name, wrong in (("x.arrow", "a.csv"), ("x.arrows", "b.txt"), ("x.parquet", "c.jsonl")):
        write(table, tmp_path / name).rename(tmp_path / wrong)
        assert read(tmp_path / wrong).tolist() == [1, 2]
    np.save(tmp_path / "x.npy", [1.0, 2.0])
    (tmp_path / "x.npy").rename(tmp_path / "d.csv")
    assert read(tmp_path / "d.csv").tolist() == [1, 2]
