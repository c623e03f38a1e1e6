"""FILE arguments: which file is for which role, and files that are none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli.losses  # noqa: F401 - registers them
from losscli.data import stored
from losscli.data.align import check_counts, count_mismatch, no_rows
from losscli.data.feed import Inputs
from losscli.data.files import open_files, read_vector
from losscli.errors import DataError, LosscliError, UsageError
from losscli.spec import find

PREDS = "id,prediction,w\n1,1.5,2\n2,2.5,3\n"
TARGETS = "target\n1\n2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a few files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "preds.csv").write_text(PREDS)
    (tmp_path / "targets.csv").write_text(TARGETS)
    (tmp_path / "weights.csv").write_text("weight\n3\n4\n")
    (tmp_path / "scores.csv").write_text("score,w\n3,1\n4,2\n")
    (tmp_path / "both.csv").write_text("prediction,target,w\n1.5,1,2\n2.5,2,3\n")
    pq.write_table(pa.table({"target": [1, 2]}), tmp_path / "targets.parquet")
    (tmp_path / "empty").mkdir()
    for name in ("anchor", "positive", "negative"):
        (tmp_path / f"{name}.csv").write_text("e_0,e_1\n1,2\n3,4\n")
    return tmp_path


def opened(loss: str, *files: str, columns: Mapping[str, str] | None = None) -> Inputs:
    return open_files(find(loss).inputs, files, columns=columns or {})


def sources(inputs: Inputs) -> dict[str, str]:
    return {
        role: f"{source.path}:{','.join(source.columns)}" for role, source in inputs.roles.items()
    }


PREDICTION_TARGET = {"prediction": "preds.csv:prediction", "target": "targets.csv:target"}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "columns", "expected"),
    [
        ("mse preds.csv targets.csv", {}, PREDICTION_TARGET),
        ("mse target=targets.csv preds.csv", {}, PREDICTION_TARGET),
        ("mse target=targets.csv prediction=preds.csv", {}, PREDICTION_TARGET),
        ("mse both.csv", {}, {"prediction": "both.csv:prediction", "target": "both.csv:target"}),
        (
            "mse preds.csv targets.csv weight=weights.csv",
            {},
            PREDICTION_TARGET | {"weight": "weights.csv:weight"},
        ),
        (
            "mse preds.csv targets.csv",
            {"sample_weight": "w"},
            PREDICTION_TARGET | {"sample_weight": "preds.csv:w"},
        ),
        (
            "mse both.csv",
            {"sample_weight": "w", "target": "prediction"},
            {
                "prediction": "both.csv:prediction",
                "target": "both.csv:prediction",
                "sample_weight": "both.csv:w",
            },
        ),
        (
            "mse scores.csv scores.csv",
            {"sample_weight": "w"},
            {
                "prediction": "scores.csv:score",
                "target": "scores.csv:score",
                "sample_weight": "scores.csv:w",
            },
        ),
        ("mse preds.csv both.csv", {"target": "w"}, PREDICTION_TARGET | {"target": "both.csv:w"}),
        (
            "mse target=both.csv",
            {"prediction": "w"},
            {"prediction": "both.csv:w", "target": "both.csv:target"},
        ),
        (
            "triplet-margin anchor.csv positive.csv negative.csv",
            {},
            {name: f"{name}.csv:e_0,e_1" for name in ("anchor", "positive", "negative")},
        ),
    ],
)
def test_who_is_read_from_where(
    arguments: str, columns: dict[str, str], expected: dict[str, str]
) -> None:
    loss, *files = arguments.split()
    assert sources(opened(loss, *files, columns=columns)) == expected


@pytest.mark.usefixtures("folder")
def test_a_file_for_several_roles_is_one_feed() -> None:
    assert len(opened("mse", "both.csv").feeds) == 1
    assert len(opened("mse", "both.csv", "./both.csv").feeds) == 1
    assert len(opened("mse", "preds.csv", "targets.csv").feeds) == 2


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "columns", "kind", "message"),
    [
        (
            "mse",
            {},
            UsageError,
            "takes 2 files: PREDICTION TARGET; given: 0\nor one file with both",
        ),
        ("mse a b c", {}, UsageError, "given: 3"),
        (
            "triplet-margin anchor.csv positive.csv",
            {},
            UsageError,
            "takes 3 files: ANCHOR POSITIVE NEGATIVE; given: 2\nor one file with all 3 as columns",
        ),
        ("mse preds.csv targets.csv weights.csv", {}, UsageError, "optional: weight=FILE"),
        ("mse target=preds.csv target=./preds.csv c", {}, UsageError, "preds.csv is given twice"),
        ("mse target=preds.csv target=targets.csv", {}, UsageError, "PREDICTION TARGET; given: 2"),
        ("mse preds.csv", {}, DataError, "preds.csv: no column is named 'target'"),
        ("mse pred.csv targets.csv", {}, DataError, "no such file\ndid you mean 'preds.csv'"),
        ("mse nowhere/x.csv targets.csv", {}, DataError, "no such file\nlooked in nowhere"),
        (
            "mse preds.csv targets.csv",
            {"sample_weight": "v"},
            DataError,
            "no file has a column 'v'",
        ),
        (
            "mse preds.csv targets.csv",
            {"sample_weight": "v"},
            DataError,
            "preds.csv has columns: id",
        ),
        (
            "mse preds.csv both.csv",
            {"sample_weight": "w"},
            UsageError,
            "preds.csv and both.csv both",
        ),
        ("mse empty targets.csv", {}, DataError, "empty: holds no files"),
        ("mse none*.csv targets.csv", {}, DataError, "none*.csv: matches no file"),
        ("mse /dev/null targets.csv", {}, DataError, "/dev/null: is not a regular file"),
    ],
)
def test_usage(
    arguments: str, columns: dict[str, str], kind: type[LosscliError], message: str
) -> None:
    loss, *files = arguments.split()
    with pytest.raises(kind) as caught:
        opened(loss, *files, columns=columns)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("preds.dat", b"prediction\n", "unknown extension '.dat'\nlosscli reads .csv, .tsv, .txt"),
        ("preds", b"prediction\n1\n", "the name has no extension"),
        ("preds.parquet", b"", "is empty"),
        ("preds.pq", b"nope", "is not a Parquet file"),
        ("preds.csv", b"", "is empty"),
    ],
)
def test_formats(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        opened("mse", name, "targets.csv")
    assert f"{name}: {message}" in str(caught.value)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied"), "may not be read: permission denied"),
        (OSError(5, "Input/output error"), "cannot be read: Input/output error"),
    ],
)
def test_the_operating_system_says_no(
    monkeypatch: pytest.MonkeyPatch, error: OSError, message: str
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(stored, "open", refuse, raising=False)
    with pytest.raises(DataError, match=message):
        opened("mse", "preds.csv", "targets.csv")


@pytest.mark.usefixtures("folder")
def test_unequal_lengths(folder: Path) -> None:
    (folder / "long.csv").write_text("target\n1\n2\n3\n")
    inputs = opened("mse", "preds.csv", "long.csv")
    with pytest.raises(DataError) as caught:
        check_counts(inputs)
    assert "preds.csv has 2 rows, long.csv has 3 rows: row 3 of long.csv has no partner" in str(
        caught.value
    )
    assert "at least" not in str(count_mismatch(inputs, [2, 3]))
    check_counts(opened("mse", "preds.csv", "targets.csv"))


@pytest.mark.usefixtures("folder")
def test_no_rows() -> None:
    inputs = opened("mse", "preds.csv", "targets.csv")
    assert str(no_rows(inputs)).startswith("preds.csv and targets.csv have no rows")
    with pytest.raises(DataError, match="no rows"):
        check_counts(Inputs(()))


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("weight\n1\n2.5\n", (1, 2.5)),
        ("1\n2.5\n", (1, 2.5)),
        ("1,2.5,3\n", (1, 2.5, 3)),
        ("class,weight\ncat,1\ndog,2\n", (1, 2)),
        ("class,weight\n0,1\n1,2\n", (1, 2)),
        ("cat,dog\n1,2\n", (1, 2)),
        ("weight\n7\n", (7,)),
    ],
)
def test_vectors(tmp_path: Path, content: str, values: tuple[float, ...]) -> None:
    path = tmp_path / "weights.csv"
    path.write_text(content)
    assert read_vector(str(path)) == values


def test_a_table_is_no_vector(tmp_path: Path) -> None:
    path = tmp_path / "weights.csv"
    path.write_text("1,2\n3,4\n")
    with pytest.raises(DataError, match="has 2 rows of 2 numbers"):
        read_vector(str(path))


def test_only_the_reader_that_is_needed_is_loaded(folder: Path) -> None:
    script = """
import sys
from losscli.data.files import open_files
from losscli.spec import find
import losscli.losses
print("pyarrow" in sys.modules)
for feed in open_files(find("mse").inputs, sys.argv[1:], columns={}).feeds:
    cursor = feed.cursor(0, None)
    cursor.read(10)
    cursor.close()
print("pyarrow.parquet" in sys.modules, "pandas" in sys.modules, "pyarrow.compute" in sys.modules)
"""
    for target, expected in (("targets.csv", "False"), ("targets.parquet", "True")):
        done = subprocess.run(
            [sys.executable, "-c", script, "preds.csv", target],
            capture_output=True,
            text=True,
            check=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert done.stdout.split() == ["False", expected, "False", "False"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_files_are_closed(folder: Path) -> None:
    (folder / "bad.csv").write_text("target\n1\nx\n")
    before = len(os.listdir("/proc/self/fd"))
    for target in ("targets.csv", "targets.parquet", "bad.csv"):
        for feed in opened("mse", "preds.csv", target).feeds:
            with closing(feed.cursor(0, None)) as cursor:
                try:
                    cursor.read(1)
                except DataError:
                    assert target == "bad.csv"
    assert len(os.listdir("/proc/self/fd")) == before
