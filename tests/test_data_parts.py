"""Several files as one long table: folders, patterns, partitions."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from commands import run

import losscli
from losscli.api import Run
from losscli.data.align import check_counts
from losscli.data.coding import Labels
from losscli.data.files import open_files
from losscli.data.listing import list_files, natural_order
from losscli.data.opening import open_table
from losscli.data.reading import Reading
from losscli.domain import LOGITS, REAL, Role
from losscli.errors import DataError
from losscli.spec import parse

PREDICTION, TARGET = Role("prediction", REAL), Role("target", REAL)


def read(path: str | Path, columns: dict[str, str] | None = None) -> list[float]:
    inputs = open_files((PREDICTION,), [str(path)], columns=columns or {})
    check_counts(inputs)
    (feed,) = inputs.feeds
    with closing(feed.cursor(0, None)) as cursor:
        return [float(x) for x in np.asarray(cursor.read(10**6)["prediction"])]


def parquet(path: Path, **columns: Sequence[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(columns)), path)


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Twelve files of two rows in a folder, with what other programs leave beside them."""
    folder = tmp_path / "parts"
    for i in range(12):
        parquet(folder / f"part-{i}.parquet", prediction=[i + 0.25, i + 0.5])
    (folder / "_SUCCESS").write_text("")
    (folder / ".part-0.parquet.crc").write_bytes(b"crc")
    (folder / "_metadata").write_bytes(b"PAR1")
    return folder


EXPECTED = [i + x for i in range(12) for x in (0.25, 0.5)]


@pytest.mark.parametrize("named", ["parts", "parts/", "parts/*.parquet", "part*/*", "**/part-*"])
def test_folders_and_patterns_in_natural_order(
    parts: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.chdir(parts.parent)
    assert read(named) == EXPECTED


def test_natural_order() -> None:
    assert natural_order(["b10", "b9", "a2/10", "a2/9", "a10/1", "b09", "B"]) == [
        "B", "a2/9", "a2/10", "a10/1", "b09", "b9", "b10",
    ]  # fmt: skip


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "preds[1].csv").write_text("prediction\n1\n")
    (tmp_path / "preds1.csv").write_text("prediction\n2\n")
    assert read(tmp_path / "preds[1].csv") == [1.0]


def test_csv_files_with_other_orders_of_columns(tmp_path: Path) -> None:
    (tmp_path / "p1.csv").write_text("id,prediction\n1,1.5\n")
    (tmp_path / "p2.csv").write_text("prediction,id\n")
    (tmp_path / "p3.csv").write_text("prediction,id\n2.5,2\n3.5,3\n")
    assert read(tmp_path / "p*.csv") == [1.5, 2.5, 3.5]
    assert read(tmp_path / "p*.csv", {"prediction": "id"}) == [1, 2, 3]


def test_compressed_parts(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"p{i}.csv.gz").write_bytes(gzip.compress(b"prediction\n%d\n" % i))
    assert read(tmp_path) == [0, 1, 2]


def test_a_matrix_from_columns_in_another_order(tmp_path: Path) -> None:
    parquet(tmp_path / "1.parquet", logits_0=[1.0], logits_1=[2.0])
    parquet(tmp_path / "2.parquet", logits_1=[4.0], logits_0=[3.0])
    (feed,) = open_files((Role("logits", LOGITS),), [str(tmp_path)], columns={}).feeds
    assert np.asarray(feed.cursor(0, None).read(9)["logits"]).tolist() == [[1, 2], [3, 4]]


@pytest.fixture
def hive(tmp_path: Path) -> Path:
    """Rows in folders by model and fold, as Spark and pandas write them."""
    folder = tmp_path / "runs"
    for k, (model, fold) in enumerate([("a", "1"), ("a", "2"), ("b b", "1"), ("b b", "10")]):
        quoted = model.replace(" ", "%20")
        parquet(
            folder / f"model={quoted}" / f"fold={fold}" / "part-0.parquet",
            prediction=[k, k + 0.5],
            target=[1.0, 2.0],
        )
    return folder


def test_partitions_are_columns(hive: Path) -> None:
    table = open_table(str(hive))
    assert [column.name for column in table.columns] == ["prediction", "target", "model", "fold"]
    whole = ds.dataset(hive, partitioning="hive").to_table().sort_by("prediction")
    assert read(hive) == whole["prediction"].to_pylist()
    assert read(hive, {"prediction": "fold"}) == [1, 1, 2, 2, 1, 1, 10, 10]
    keys = pa.chunked_array(table.keys(2)).to_pylist()
    assert keys == ["a"] * 4 + ["b b"] * 4
    labels = Labels("model")
    feed = table.feed({"by": (2,)}, (), {"by": labels})
    codes = np.asarray(feed.cursor(0, None).read(99)["by"])
    assert [labels.name(int(code)) for code in codes] == keys


def test_a_pattern_of_partitions(hive: Path) -> None:
    assert read(f"{hive}/model=a*/fold=*/*.parquet") == [0, 0.5, 1, 1.5]
    assert read(f"{hive}/model=*") == read(hive)
    table = open_table(f"{hive}/model=a/fold=*/*.parquet")
    assert [column.name for column in table.columns] == ["prediction", "target", "fold"]


def test_rows_without_a_partition(tmp_path: Path) -> None:
    parquet(tmp_path / "fold=1" / "x.parquet", prediction=[1.0])
    parquet(tmp_path / "fold=__HIVE_DEFAULT_PARTITION__" / "x.parquet", prediction=[2.0])
    assert read(tmp_path) == [1.0, 2.0]
    with pytest.raises(DataError, match=r"PARTITION__/x.*column 'fold', row 1: the value is"):
        read(tmp_path, {"prediction": "fold"})
    (labels,) = [Labels("fold")]
    table = open_table(str(tmp_path))
    codes = table.feed({"by": (1,)}, (), {"by": labels}).cursor(0, None).read(9)["by"]
    assert [labels.name(int(code)) for code in np.asarray(codes)] == ["1", None]


@pytest.mark.parametrize("missing", ["drop", "ignore-elements"])
def test_rows_without_a_partition_lack_a_value(tmp_path: Path, missing: str) -> None:
    for name, value in (("1", 2.5), ("__HIVE_DEFAULT_PARTITION__", 7.0), ("3", 3.5)):
        parquet(tmp_path / f"fold={name}" / "x.parquet", prediction=[value] * 2)
    words = ["compute", "mse", str(tmp_path), "-c", "target=fold", "--missing", missing]
    result = json.loads(run(*words, "--format", "json").out)
    assert (result["value"], result["n"], result["missing"]) == ((1.5**2 + 0.5**2) / 2, 6, 2)
    ran = run("compute", "mse", str(tmp_path), "-c", "target=prediction", "--group", "fold")
    assert ran.code == 2
    assert "the value is missing (LC128)\n  every row needs a group" in ran.err


@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_a_role_that_is_said_again_goes_on(tmp_path: Path, extension: str) -> None:
    """In the order that was said, with folders and patterns among them."""

    def write(name: str, role: str, values: Sequence[float]) -> str:
        path = tmp_path / f"{name}.{extension}"
        if extension == "csv":
            path.write_text("\n".join([role, *map(str, values)]))
        else:
            parquet(path, **{role: values})
        return str(path)

    late, early = write("z", "target", [1, 2]), write("a", "target", [3])
    (tmp_path / "more").mkdir()
    write("more/2", "target", [4, 5])
    words = [f"target={late}", f"target={early}", f"target={tmp_path / 'more'}"]
    words.append(write("p", "prediction", [2, 4, 6, 8, 0]))
    ran = run("compute", "mae", *words, "--reduction", "none", "--format", "value")
    assert ran.out.split() == ["1.0", "2.0", "3.0", "4.0", "5.0"]


def test_two_roles_in_the_same_files(tmp_path: Path) -> None:
    for name, value in (("b", 1), ("a", 2)):
        (tmp_path / f"{name}.csv").write_text(f"prediction,target\n{value},{3 * value}\n")
    words = [f"{role}={tmp_path}/{n}.csv" for role in ("prediction", "target") for n in "ba"]
    assert run("compute", "mse", *words, "--format", "value").out == "10.0\n"
    (tmp_path / "a.csv").write_text("prediction,target\n2,1\n2,x\n")
    ran = run("compute", "mse", *words)
    assert f"{tmp_path}/a.csv, column 'target', row 2: 'x' is not a number" in ran.err


def test_names_of_folders_with_leading_zeros_are_text(tmp_path: Path) -> None:
    parquet(tmp_path / "day=007" / "x.parquet", prediction=[1.0])
    assert pa.chunked_array(open_table(str(tmp_path)).keys(1)).to_pylist() == ["007"]
    with pytest.raises(DataError, match="its folder says '007', not a number"):
        read(tmp_path, {"prediction": "day"})


def test_partitions_in_a_run(hive: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "losscli",
            "compute",
            "mse",
            str(hive),
            "--by",
            "model",
            "-f",
            "json",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    result = json.loads(done.stdout)
    assert result["n"] == 8
    assert "b b" in done.stdout
    grouped = losscli.compute("mse", str(hive), group="model", reduction="none")
    assert grouped.n == 2


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"1.csv": "a,prediction\n1,2\n", "2.csv": "prediction\n1\n"}, "2.csv: has no column 'a'"),
        ({"1.csv": "prediction\n1\n", "2.csv": "a,prediction\n1,2\n"}, "2.csv: has column 'a', o"),
        ({"1.csv": "prediction\n1\n", "2.csv": "target\n1\n"}, "2.csv: has column 'target', other"),
        (
            {"1.csv": "a,prediction\n1,1\n", "2.csv": "a,prediction\nx,1\n"},
            "2.csv, column 'a': holds text, but numbers in",
        ),
        ({"1.csv": "prediction\n1\n2\n", "2.csv": "prediction\n1\nx\n"}, "2.csv, column 'predicti"),
        ({"1.csv": "prediction\n1\n2\n", "2.csv": "prediction\n1\nx\n"}, "row 2: 'x' is not a num"),
        ({"1.csv": "prediction\n1\n", "2.tsv": "prediction\n1\n"}, "2.tsv: is tsv, but"),
        ({"1.csv": "prediction\n1\n", "notes.md": "x"}, "notes.md: unknown extension '.md'"),
        ({"1.csv": "prediction\n1\n", "2.csv": ""}, "2.csv: is empty"),
        ({"1.csv": "prediction\n", "2.csv": "prediction\n"}, "has no rows"),
        ({"a/1.csv": "prediction\n1\n"}, "holds the folder 'a', which is no partition"),
        ({"a=1/1.csv": "prediction\n1\n", "b=1/1.csv": "prediction\n1\n"}, "its folders say b, th"),
        ({"_hidden.csv": "prediction\n1\n"}, "holds no files"),
    ],
)
def test_what_is_no_table(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert message in str(caught.value)


def test_lists_of_another_length_in_another_file(tmp_path: Path) -> None:
    parquet(tmp_path / "1.parquet", logits=[[1.0, 2.0]])
    parquet(tmp_path / "2.parquet", logits=[[1.0, 2.0, 3.0]])
    with pytest.raises(DataError, match=r"2\.parquet, column 'logits', row 1: has rows of shape"):
        open_files((Role("logits", LOGITS),), [str(tmp_path)], columns={})


def test_types_of_numbers_may_differ(tmp_path: Path) -> None:
    parquet(tmp_path / "1.parquet", prediction=[1, 2])
    parquet(tmp_path / "2.parquet", prediction=[2.5])
    assert read(tmp_path) == [1, 2, 2.5]


def test_faults_of_the_domain_name_the_file_and_its_row(tmp_path: Path) -> None:
    for i in range(3):
        target = [0, 1, 1] if i < 2 else [1, 3, 0]
        parquet(tmp_path / "p" / f"{i}.parquet", prediction=[0.1, 0.2, 0.3], target=target)
    with pytest.raises(DataError) as caught:
        losscli.compute("bce", str(tmp_path / "p"))
    assert (caught.value.path, caught.value.row) == (str(tmp_path / "p" / "2.parquet"), 2)


def test_faults_of_groups_name_the_file_and_its_row(tmp_path: Path) -> None:
    for i, q in enumerate(([1, 1, 2], [2, 3, 1])):
        columns = {"prediction": [1.0] * 3, "target": [1.0] * 3, "q": q}
        parquet(tmp_path / f"{i}.parquet", **columns)
    with pytest.raises(DataError, match="group 1 begins again") as caught:
        losscli.compute("mse", str(tmp_path), group="q")
    assert (caught.value.path, caught.value.row) == (str(tmp_path / "1.parquet"), 3)


def test_an_empty_pattern_of_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="matches no file"):
        list_files(str(tmp_path / "*"))


def test_a_join_names_the_file_and_its_row(tmp_path: Path) -> None:
    for i in range(3):
        ids = [3 * i, 3 * i + 1, 3 * i + 2]
        parquet(tmp_path / "p" / f"{i}.parquet", id=ids, prediction=[0.1, 0.2, 0.3])
    shuffled = np.random.default_rng(0).permutation(9)
    target = np.where(shuffled == 7, 2.0, 1.0)
    for i in range(3):
        rows = slice(3 * i, 3 * i + 3)
        parquet(tmp_path / "t" / f"{i}.parquet", id=shuffled[rows], target=target[rows])
    at = int(np.flatnonzero(shuffled == 7)[0])
    inputs = [str(tmp_path / "p"), str(tmp_path / "t")]
    with pytest.raises(DataError) as caught:
        run_bce(inputs, Reading(on=("id",)))
    assert caught.value.path == str(tmp_path / "t" / f"{at // 3}.parquet")
    assert caught.value.row == at % 3 + 1


def run_bce(files: list[str], reading: Reading) -> None:
    bound = parse("bce")
    inputs = open_files(bound.loss.inputs, files, columns={}, reading=reading)
    Run(bound, inputs, "mean").evaluate()


@pytest.fixture
def two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of five rows in two files, the second of which begins at row 3."""
    monkeypatch.chdir(tmp_path)
    Path("t-1.csv").write_text("id,prediction,target\na,1,2\nb,2,2.5\n")
    Path("t-2.csv").write_text("id,prediction,target\nc,3,4\nd,5,2.5\ne,9,9.5\n")


FILES = ["t-1.csv", "t-1.csv", "t-2.csv", "t-2.csv", "t-2.csv"]
FILE_ROWS = [1, 2, 1, 2, 3]


@pytest.mark.usefixtures("two_files")
def test_rows_are_named_by_file_and_row_wherever_they_are_shown() -> None:
    table = run("compute", "mse", "t-*.csv").out
    assert all(f"{f}, row {r}" in table for f, r in zip(FILES, FILE_ROWS, strict=True))
    each = ("compute", "mse", "t-*.csv", "--reduction", "none", "--format")
    expected = [f"{i},{f},{r}" for i, (f, r) in enumerate(zip(FILES, FILE_ROWS, strict=True), 1)]
    lines = run(*each, "csv").out.splitlines()
    assert lines[0] == "row,file,file_row,loss"
    assert [line.rpartition(",")[0] for line in lines[1:]] == expected
    records = [json.loads(line) for line in run(*each, "jsonl").out.splitlines()]
    assert [(one["file"], one["file_row"]) for one in records] == [
        *zip(FILES, FILE_ROWS, strict=True)
    ]
    record = json.loads(run(*each, "json").out)
    assert (record["files"], record["file_rows"]) == (FILES, FILE_ROWS)
    result = losscli.compute("mse", "t-*.csv", reduction="none")
    assert json.loads(result.to_json()) == record
    frame = result.to_pandas()
    assert [*frame] == ["row", "file", "file_row", "loss"]
    assert (frame["file"].tolist(), frame["file_row"].tolist()) == (FILES, FILE_ROWS)


@pytest.mark.usefixtures("two_files")
def test_rows_are_written_with_file_and_row() -> None:
    assert run("compute", "mse", "t-*.csv", "--per-sample", "rows.parquet").code == 0
    table = pq.read_table("rows.parquet").to_pydict()
    assert (table["file"], table["file_row"]) == (FILES, FILE_ROWS)
    assert table["loss"] == [1.0, 0.25, 1.0, 6.25, 0.25]
    assert run("compute", "mse,mae", "t-*.csv", "--per-sample", "rows.csv").code == 0
    assert Path("rows.csv").read_text().splitlines()[3] == "3,t-2.csv,1,1,1"


@pytest.mark.usefixtures("two_files")
def test_one_file_needs_no_name_and_joined_rows_have_keys() -> None:
    assert run("compute", "mse", "t-1.csv", "--reduction", "none", "-f", "csv").out == (
        "row,loss\n1,1.0\n2,0.25\n"
    )
    Path("truth.csv").write_text("id,target\ne,9\nd,2\nb,2\n")
    words = ["mse", "t-*.csv", "truth.csv", "-c", "target=target", "--on", "id"]
    joined = run("compute", *words, "--on-missing", "drop", "--reduction", "none", "-f", "csv")
    assert joined.out.splitlines()[0] == "row,key,loss"
    # Rows a and c were dropped: b is row 2 of the first file, d row 2 of the second.
    table = run("compute", *words, "--on-missing", "drop").out
    assert [line.split()[1:5] for line in table.splitlines() if ", row " in line] == [
        ["b", "t-1.csv,", "row", "2"],
        ["d", "t-2.csv,", "row", "2"],
        ["e", "t-2.csv,", "row", "3"],
    ]


def test_rows_of_other_files_are_named_by_file(tmp_path: Path) -> None:
    """Where two files disagree, both sides say which row of which file it is."""

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    (tmp_path / "parts").mkdir()
    first = write("parts/part-1.csv", "id,prediction\na,1\na,1\n")
    last = write("parts/part-2.csv", "id,prediction\nb,1\nb,1\n")
    parts = str(tmp_path / "parts")
    targets = write("t.csv", "id,target\na,1\na,1\nc,1\nc,1\n")
    for others, said in (
        ((write("short.csv", "target\n1\n1\n1\n"),), f"row 2 of {last} has no partner"),
        ((targets,), f"'c' stands where {last}, row 1, has 'b'"),
    ):
        with pytest.raises(DataError) as caught:
            losscli.compute("mse", parts, *others)
        assert said in caught.value.message
    with pytest.raises(DataError) as caught:
        losscli.compute("mse", parts, targets, by="id")
    assert f"'c' stands where {last}, row 1, has 'b'" in caught.value.message
    swapped = write("s.csv", "id,prediction\na,1\na,1\nc,1\nc,1\n")
    for i, path in enumerate((first, last)):
        Path(path).write_text(f"id,target\n{'ab'[i]},1\n{'ab'[i]},1\n")
    with pytest.raises(DataError) as caught:
        losscli.compute("mse", swapped, parts, group="id")
    assert (caught.value.path, caught.value.row) == (last, 1)
