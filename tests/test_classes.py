"""Labels given as names: what the columns of the logits or --classes say, checked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.errors import DataError, UsageError

LOGITS = np.array([[2.0, 0.5, -1.0], [0.1, 1.5, 0.3], [0.0, 0.2, 3.0], [1.0, 1.0, 0.0]])
INDICES = np.array([0, 1, 2, 1])
NAMES = ["cat", "dog", "bird"]
EXPECTED = losscli.compute("cross-entropy", LOGITS, INDICES).value


def logits(path: Path, columns: Sequence[str]) -> str:
    frame = pd.DataFrame(LOGITS, columns=[*columns])
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(frame), path)
    return str(path)


def labels(path: Path, values: Sequence[object], name: str = "target") -> str:
    if path.suffix == ".csv":
        path.write_text("\n".join([name, *map(str, values)]) + "\n")
    else:
        pq.write_table(pa.table({name: values}), path)
    return str(path)


TEXT = [NAMES[i] for i in INDICES]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    "columns",
    [
        NAMES,
        [f"logits_{n}" for n in NAMES],
        [f"p.{n}" for n in NAMES],
        ["a/b cat", "a/b dog", "a/b bird"],
    ],
)
def test_names_come_from_the_columns(tmp_path: Path, suffix: str, columns: list[str]) -> None:
    files = logits(tmp_path / f"p{suffix}", columns), labels(tmp_path / f"t{suffix}", TEXT)
    assert losscli.compute("cross-entropy", *files).value == EXPECTED
    whole = labels(tmp_path / f"t{suffix}", [columns[i] for i in INDICES])
    assert losscli.compute("cross-entropy", files[0], whole).value == EXPECTED
    assert losscli.compute("cross-entropy", *files, classes=NAMES).value == EXPECTED


def test_names_in_one_file(tmp_path: Path) -> None:
    frame = pd.DataFrame(LOGITS, columns=[f"logits_{n}" for n in NAMES]).assign(target=TEXT)
    frame.to_csv(tmp_path / "all.csv", index=False)
    done = run(f"cross-entropy {tmp_path / 'all.csv'} -c logits=logits_*")
    assert float(done.stdout) == EXPECTED


def test_dictionary_encoded_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"target": pa.array(TEXT).dictionary_encode()}), path)
    files = logits(tmp_path / "p.csv", NAMES), str(path)
    assert losscli.compute("cross-entropy", *files).value == EXPECTED


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_numbered_columns_need_classes(tmp_path: Path, suffix: str) -> None:
    files = (
        logits(tmp_path / f"p{suffix}", ["logits_0", "logits_1", "logits_2"]),
        labels(tmp_path / f"t{suffix}", TEXT),
    )
    with pytest.raises(DataError) as caught:
        losscli.compute("cross-entropy", *files)
    assert "column 'target': holds names such as 'cat' and 'dog' and 'bird'" in str(caught.value)
    assert "logits_0, ... are numbered\nsay in which order the classes come" in str(caught.value)
    assert losscli.compute("cross-entropy", *files, classes=NAMES).value == EXPECTED


def test_names_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    names = ["7", "007", "1.0"]
    files = (
        logits(tmp_path / "p.csv", ["logits_0", "logits_1", "logits_2"]),
        labels(tmp_path / "t.csv", [names[i] for i in INDICES]),
    )
    assert losscli.compute("cross-entropy", *files, classes=names).value == EXPECTED
    with pytest.raises(DataError, match=r"'1.0' is none of the 3 classes\n1.0 and 1 are not two"):
        losscli.compute("cross-entropy", *files, classes=["7", "007", "1"])
    integers = labels(tmp_path / "t.parquet", [int(3 - i) for i in INDICES])
    result = losscli.compute("cross-entropy", files[0], integers, classes=["3", "2", "1"])
    assert result.value == EXPECTED


def test_integer_labels_are_indices_whatever_the_columns_are_called(tmp_path: Path) -> None:
    files = logits(tmp_path / "p.csv", NAMES), labels(tmp_path / "t.csv", INDICES.tolist())
    assert losscli.compute("cross-entropy", *files).value == EXPECTED


def test_faults(tmp_path: Path) -> None:
    p = logits(tmp_path / "p.csv", NAMES)
    with pytest.raises(DataError, match="row 3: 'brid' is none of the 3 classes\ndid you mean 'bi"):
        losscli.compute(
            "cross-entropy", p, labels(tmp_path / "t.csv", ["cat", "dog", "brid", "cat"])
        )
    with pytest.raises(DataError, match="'fish' is none of the 3 classes\nthe classes are cat"):
        losscli.compute("cross-entropy", p, labels(tmp_path / "t.csv", ["fish"] * 4))
    with pytest.raises(DataError, match="column 'target', row 2: the value is missing"):
        losscli.compute(
            "cross-entropy", p, labels(tmp_path / "t.parquet", ["cat", None, "dog", "cat"])
        )
    t = labels(tmp_path / "t.csv", TEXT)
    with pytest.raises(DataError) as caught:
        losscli.compute("cross-entropy", p, t, classes=["dog", "cat", "bird"])
    assert "p.csv: the columns stand for cat, dog, bird, but --classes says dog, cat, bird" in str(
        caught.value
    )
    with pytest.raises(DataError, match="but --classes says cat, dog"):
        losscli.compute("cross-entropy", p, t, classes=["cat", "dog"])
    numbered = logits(tmp_path / "n.csv", ["c0", "c1", "c2"])
    with pytest.raises(DataError, match="stand for c0, c1, c2, but --classes says 0, 2, 1"):
        losscli.compute("cross-entropy", numbered, t, classes=["0", "2", "1"])
    with pytest.raises(DataError, match="has 3 classes in a row, but --classes names 2"):
        losscli.compute("cross-entropy", numbered, t, classes=["cat", "dog"])


@pytest.mark.parametrize(
    ("classes", "message"),
    [(["cat"], "names one class"), (["a", "b", "a"], "has 'a' twice"), (["a", ""], "has an empty")],
)
def test_lists_that_are_none(classes: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        losscli.compute("cross-entropy", LOGITS, TEXT, classes=classes)


def test_lists_of_logits(tmp_path: Path) -> None:
    pq.write_table(pa.table({"logits": LOGITS.tolist(), "target": TEXT}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"holds names such as .* but nothing names the classes"):
        losscli.compute("cross-entropy", str(tmp_path / "x.parquet"))
    result = losscli.compute("cross-entropy", str(tmp_path / "x.parquet"), classes=NAMES)
    assert result.value == EXPECTED
    with pytest.raises(DataError, match="has 3 classes in a row, but --classes names 2"):
        losscli.compute("cross-entropy", str(tmp_path / "x.parquet"), classes=["cat", "dog"])


@pytest.mark.parametrize("make", [list, np.array, pd.Series, pa.array, pd.Categorical])
def test_labels_in_memory(make: object) -> None:
    values = make(TEXT)  # type: ignore[operator]
    assert losscli.compute("cross-entropy", LOGITS, values, classes=NAMES).value == EXPECTED


@pytest.mark.parametrize(("loss", "codes"), [("bce", [0, 1, 1]), ("soft-margin", [-1, 1, 1])])
def test_two_classes(tmp_path: Path, loss: str, codes: list[int]) -> None:
    scores = [0.25, 0.5, 0.75]
    expected = losscli.compute(loss, scores, codes).value
    p = labels(tmp_path / "p.csv", scores, "prediction")
    t = labels(tmp_path / "t.csv", ["no", "yes", "yes"])
    assert losscli.compute(loss, p, t, classes=["no", "yes"]).value == expected
    with pytest.raises(DataError) as caught:
        losscli.compute(loss, p, t)
    low = min(codes)
    assert f"holds names such as 'no' and 'yes', not {low} and 1" in str(caught.value)
    assert f"say which is which, first that for {low}: --classes no,yes" in str(caught.value)
    with pytest.raises(UsageError, match=f"names 3 classes, but target is {low} or 1"):
        losscli.compute(loss, p, t, classes=NAMES)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_labels_that_are_missing(tmp_path: Path, suffix: str) -> None:
    p = logits(tmp_path / f"p{suffix}", NAMES)
    t = tmp_path / f"t{suffix}"
    pd.DataFrame({"id": range(4), "target": ["cat", "dog", None, "dog"]}).to_csv(t, index=False)
    if suffix == ".parquet":
        labels(t, ["cat", "dog", None, "dog"])
    result = losscli.compute("cross-entropy", p, str(t), missing="drop")
    rows = [0, 1, 3]
    assert result.value == losscli.compute("cross-entropy", LOGITS[rows], INDICES[rows]).value
    with pytest.raises(DataError, match="row 3: the value is missing"):
        losscli.compute("cross-entropy", p, str(t))


def run(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "losscli", "compute", *command.split(), "-f", "value"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_on_the_command_line(tmp_path: Path) -> None:
    p = logits(tmp_path / "p.csv", ["c0", "c1", "c2"])
    t = labels(tmp_path / "t.csv", TEXT)
    (tmp_path / "classes.txt").write_text("cat\ndog\nbird\n")
    for given in ("cat,dog,bird", f"@{tmp_path / 'classes.txt'}"):
        assert float(run(f"cross-entropy {p} {t} --classes {given}").stdout) == EXPECTED
    done = run(f"cross-entropy {p} {t}")
    assert done.returncode == 2
    assert "--classes" in done.stderr
    done = run(f"cross-entropy {p} {t} --classes @{tmp_path / 'none.txt'}")
    assert done.returncode == 2
    assert "there is no such file" in done.stderr
