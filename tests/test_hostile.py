"""Wrong input: exit 2, one message that says what, where and what to do, nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import Ran, assert_refused, run

Content: TypeAlias = str | bytes | pa.Table | Callable[[Path], None]


def write(path: Path, content: Content) -> None:
    """A file of this content, in whatever form it is given."""
    if isinstance(content, str):
        path.write_bytes(content.encode("utf-8"))
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, pa.Table):
        pq.write_table(content, path)
    else:
        content(path)


@dataclass(frozen=True)
class Case:
    """A wrong command: its files, its words, and what the message must contain."""

    about: str
    words: str
    says: tuple[str, ...]
    files: dict[str, Content] = field(default_factory=dict)


def one_column(*values: object) -> str:
    return "".join(f"{value}\n" for value in values)


T3 = one_column("target", 1, 2, 3)
P3 = one_column("prediction", 1, 2, 3)
LOGITS = "logits_0,logits_1,logits_2\n1,2,3\n3,2,1\n0,1,0\n"


def cut_in_half(path: Path) -> None:
    pq.write_table(pa.table({"prediction": list(range(1000))}), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_pages(path: Path) -> None:
    """A footer that is whole over pages that are not."""
    pq.write_table(pa.table({"prediction": [i / 7 for i in range(5000)]}), path)
    data = bytearray(path.read_bytes())
    data[100:4000] = bytes(3900)
    path.write_bytes(bytes(data))


def lists(*rows: list[float | None]) -> pa.Table:
    return pa.table({"logits": pa.array(list(rows), pa.list_(pa.float64()))})


CASES = [
    # Rows that do not pair.
    Case(
        "unequal counts, CSV",
        "mse p.csv t.csv",
        ("t.csv has 2 rows, p.csv has 3 rows", "row 3 of p.csv", "same number of rows"),
        {"p.csv": P3, "t.csv": one_column("target", 1, 2)},
    ),
    Case(
        "unequal counts, CSV and Parquet",
        "mse p.csv t.parquet",
        ("p.csv has 3 rows", "t.parquet has 5 rows", "row 4"),
        {"p.csv": P3, "t.parquet": pa.table({"target": [1.0] * 5})},
    ),
    Case(
        "unequal counts, weight",
        "mse p.csv t.csv weight=w.csv",
        ("p.csv", "3 rows", "w.csv", "2 rows"),
        {"p.csv": P3, "t.csv": T3, "w.csv": one_column("weight", 1, 2)},
    ),
    # Columns.
    Case(
        "missing column",
        "mse p.csv t.csv -c prediction=y_hat",
        ("p.csv", "'y_hat'", "columns: prediction"),
        {"p.csv": P3, "t.csv": T3},
    ),
    Case(
        "misspelt column",
        "mse d.csv -c prediction=y_hta -c target=y",
        ("d.csv", "'y_hta'", "did you mean 'y_hat'?"),
        {"d.csv": "y_hat,y\n1,2\n"},
    ),
    Case(
        "column not named",
        "mse d.csv",
        ("d.csv", "'prediction'", "columns: a, b", "-c prediction=NAME"),
        {"d.csv": "a,b\n1,2\n"},
    ),
    Case(
        "glob that matches nothing",
        "cross-entropy l.csv t.csv -c logits=p_*",
        ("l.csv", "'p_*'", "logits_0"),
        {"l.csv": LOGITS, "t.csv": one_column("target", 0, 1, 2)},
    ),
    Case(
        "gap in numbered columns",
        "cross-entropy l.csv t.csv",
        ("l.csv", "1 is missing", "-c ROLE=a,b,c"),
        {"l.csv": "logits_0,logits_2\n1,2\n", "t.csv": "target\n0\n"},
    ),
    Case(
        "duplicate headers",
        "mse d.csv",
        ("d.csv", "2 columns are named 'prediction'", "rename"),
        {"d.csv": "prediction,prediction,target\n1,2,3\n"},
    ),
    Case(
        "two columns could be it",
        "mse d.csv",
        ("d.csv", "y_hat, pred could each be prediction", "-c prediction=NAME"),
        {"d.csv": "y_hat,pred,target\n1,2,3\n"},
    ),
    Case(
        "numeric header",
        "mse p.csv t.csv",
        ("p.csv", "only numbers (1)", "--no-header", "--header"),
        {"p.csv": one_column(1, 2, 3), "t.csv": T3},
    ),
    # Cells.
    Case(
        "text among numbers",
        "mse p.csv t.csv",
        ("p.csv", "column 'prediction'", "row 2", "'oops' is not a number"),
        {"p.csv": one_column("prediction", 1, "oops", 3), "t.csv": T3},
    ),
    Case(
        "text far down",
        "mse p.csv t.csv",
        ("p.csv", "column 'prediction'", "row 70001", "'12a'"),
        {
            "p.csv": "prediction\n" + "1\n" * 70_000 + "12a\n" + "1\n" * 9,
            "t.csv": "target\n" + "1\n" * 70_010,
        },
    ),
    Case(
        "a column of text",
        "cross-entropy l.csv t.csv",
        ("t.csv", "column 'target'", "'cat' and 'dog'", "numbered", "--classes a,b,c"),
        {"l.csv": LOGITS, "t.csv": one_column("target", "cat", "dog", "cat")},
    ),
    Case(
        "a column of strings in Parquet",
        "cross-entropy l.csv t.parquet",
        ("t.parquet", "column 'target'", "'cat' and 'dog'", "--classes a,b,c"),
        {"l.csv": LOGITS, "t.parquet": pa.table({"target": ["cat", "dog", "cat"]})},
    ),
    Case(
        "decimal comma, quoted",
        "mse p.csv t.csv",
        ("p.csv", "column 'prediction'", "row 1", "'1,5'", "--decimal ,"),
        {"p.csv": one_column("prediction", '"1,5"', '"2,5"', '"3,5"'), "t.csv": T3},
    ),
    Case(
        "decimal comma among semicolons",
        "mse d.csv",
        ("d.csv", "column 'prediction'", "row 1", "'1,5'", "--decimal ,"),
        {"d.csv": "prediction;target\n1,5;2,5\n"},
    ),
    Case(
        "empty cell",
        "mse d.csv",
        ("d.csv", "column 'prediction'", "row 2", "missing", "fill it in"),
        {"d.csv": "prediction,target\n1,2\n,3\n"},
    ),
    Case(
        "NA",
        "mse d.csv",
        ("d.csv", "column 'target'", "row 1", "missing"),
        {"d.csv": "prediction,target\n1,NA\n2,3\n"},
    ),
    Case(
        "null in Parquet",
        "mse p.parquet t.csv",
        ("p.parquet", "column 'prediction'", "row 3", "missing", "fill it in"),
        {"p.parquet": pa.table({"prediction": [1.0, 2.0, None]}), "t.csv": T3},
    ),
    Case(
        "null inside a list",
        "cross-entropy l.parquet t.csv",
        ("l.parquet", "column 'logits'", "row 2", "missing"),
        {"l.parquet": lists([1, 2], [1, None], [0, 1]), "t.csv": one_column("target", 0, 1, 1)},
    ),
    Case(
        "blank line in one column",
        "mse p.csv t.csv",
        ("p.csv", "row 2", "remove it"),
        {"p.csv": one_column("prediction", 1, "", 3), "t.csv": T3},
    ),
    Case(
        "blank line at the end of one column",
        "mse p.csv t.csv",
        ("p.csv", "row 4"),
        {"p.csv": P3 + "\n", "t.csv": T3},
    ),
    Case(
        "blank line in several columns",
        "mse d.csv",
        ("d.csv", "row 2", "blank line", "remove it"),
        {"d.csv": "prediction,target\n1,2\n\n3,4\n"},
    ),
    Case(
        "too few cells",
        "mse d.csv",
        ("d.csv", "row 2", "has 1 cell, not 2", "commas"),
        {"d.csv": "prediction,target\n1,2\n3\n"},
    ),
    Case(
        "too many cells",
        "mse d.csv",
        ("d.csv", "row 2", "has 3 cells, not 2", "commas"),
        {"d.csv": "prediction,target\n1,2\n3,4,5\n"},
    ),
    Case(
        "a quote that is never closed",
        "mse d.csv",
        ("d.csv", "never closed", "doubled"),
        {"d.csv": 'prediction,target\n"1,2\n3,4\n'},
    ),
    Case(
        "ids beyond float64",
        "mse p.parquet t.csv",
        ("p.parquet", "column 'prediction'", "row 2", "too large", "ids"),
        {"p.parquet": pa.table({"prediction": [1, 2**60, 3]}), "t.csv": T3},
    ),
    Case(
        "ids beyond float64 in text",
        "mse d.csv",
        ("d.csv", "column 'target'", "row 2", "9007199254740993 is too large", "ids"),
        {"d.csv": "prediction,target\n1,2\n1,9007199254740993\n"},
    ),
    Case(
        "ids beyond float64 in JSON Lines",
        "mse d.jsonl",
        ("d.jsonl", "column 'target'", "row 2", "-9007199254740993 is too large", "ids"),
        {
            "d.jsonl": '{"prediction": 1, "target": 2}\n'
            '{"prediction": 1, "target": -9007199254740993}\n'
        },
    ),
    Case(
        "a whole number of hundreds of digits",
        "mse d.csv",
        ("d.csv", "row 1", "1111... is too large"),
        {"d.csv": f"prediction,target\n{'1' * 300},2\n"},
    ),
    # Values outside the domain.
    Case(
        "label too large",
        "cross-entropy l.csv t.csv",
        ("t.csv", "column 'target'", "row 3", "3", "0 to 2"),
        {"l.csv": LOGITS, "t.csv": one_column("target", 0, 1, 3)},
    ),
    Case(
        "label negative",
        "nll l.csv t.csv -c log_probs=l*",
        ("t.csv", "row 2", "-1", "0 to 2"),
        {"l.csv": "l0,l1,l2\n-1,-1,-1\n-1,-2,-3\n", "t.csv": one_column("target", 0, -1)},
    ),
    Case(
        "label 1.5",
        "cross-entropy l.csv t.csv",
        ("t.csv", "column 'target'", "row 2", "1.5"),
        {"l.csv": LOGITS, "t.csv": one_column("target", 0, 1.5, 1)},
    ),
    Case(
        "label nan",
        "cross-entropy l.csv t.csv",
        ("t.csv", "column 'target'", "row 2", "nan"),
        {"l.csv": LOGITS, "t.csv": one_column("target", 0, "nan", 1)},
    ),
    Case(
        "one-dimensional logits",
        "cross-entropy l.csv t.csv",
        ("l.csv", "logits"),
        {"l.csv": one_column("logits", 1, 2, 3), "t.csv": one_column("target", 0, 1, 1)},
    ),
    Case(
        "probability above 1",
        "bce d.csv",
        ("d.csv", "column 'prediction'", "row 2", "1.5", "[0, 1]", "sigmoid"),
        {"d.csv": "prediction,target\n0.5,1\n1.5,0\n"},
    ),
    Case(
        "probability below 0",
        "bce d.csv",
        ("d.csv", "column 'prediction'", "row 1", "-0.1", "[0, 1]"),
        {"d.csv": "prediction,target\n-0.1,1\n"},
    ),
    Case(
        "0/1 labels for hinge-embedding",
        "hinge-embedding d.csv",
        ("d.csv", "column 'target'", "row 2", "1 or -1", "--labels 01"),
        {"d.csv": "distance,target\n0.5,1\n1.5,0\n"},
    ),
    Case(
        "negative sample weight",
        "mse d.csv --sample-weight w",
        ("d.csv", "column 'w'", "row 2", "-1", "at least 0"),
        {"d.csv": "prediction,target,w\n1,2,1\n3,4,-1\n"},
    ),
    Case(
        "embeddings of different widths",
        "pairwise-distance a.csv b.csv",
        ("b.csv", "(N, 2)", "(N, 3)", "nothing is broadcast"),
        {"a.csv": "u0,u1,u2\n1,2,3\n", "b.csv": "v0,v1\n1,2\n"},
    ),
    Case(
        "ragged list",
        "cross-entropy l.parquet t.csv",
        ("l.parquet", "column 'logits'", "row 3", "1 elements", "same number"),
        {"l.parquet": lists([1, 2], [3, 4], [5]), "t.csv": one_column("target", 0, 1, 1)},
    ),
    # Files.
    Case(
        "empty file",
        "mse p.csv t.csv",
        ("p.csv", "is empty", "written"),
        {"p.csv": "", "t.csv": T3},
    ),
    Case(
        "blank file",
        "mse p.csv t.csv",
        ("p.csv", "blank"),
        {"p.csv": "\n\n\n", "t.csv": T3},
    ),
    Case(
        "header only",
        "mse p.csv t.csv",
        ("p.csv", "no rows"),
        {"p.csv": "prediction\n", "t.csv": T3},
    ),
    Case(
        "header only, without a line end",
        "mse d.csv",
        ("d.csv", "no rows"),
        {"d.csv": "prediction,target"},
    ),
    Case(
        "Parquet of no rows",
        "mse p.parquet t.parquet",
        ("p.parquet", "no rows"),
        {
            "p.parquet": pa.table({"prediction": pa.array([], pa.float64())}),
            "t.parquet": pa.table({"target": pa.array([], pa.float64())}),
        },
    ),
    Case(
        "Parquet of no rows against rows",
        "mse p.parquet t.csv",
        ("p.parquet", "0 rows"),
        {"p.parquet": pa.table({"prediction": pa.array([], pa.float64())}), "t.csv": T3},
    ),
    Case(
        "a directory",
        "mse folder t.csv",
        ("folder", "holds no files"),
        {"folder": Path.mkdir, "t.csv": T3},
    ),
    Case(
        "a directory named .csv",
        "mse folder.csv t.csv",
        ("folder.csv", "holds no files"),
        {"folder.csv": Path.mkdir, "t.csv": T3},
    ),
    Case(
        "truncated Parquet",
        "mse p.parquet t.csv",
        ("p.parquet", "Parquet", "write the file again"),
        {"p.parquet": cut_in_half, "t.csv": T3},
    ),
    Case(
        "Parquet of four bytes",
        "mse p.parquet t.csv",
        ("p.parquet", "Parquet"),
        {"p.parquet": b"PAR1", "t.csv": T3},
    ),
    Case(
        "Parquet with broken pages",
        "mse p.parquet t.parquet",
        ("p.parquet", "Parquet", "write the file again"),
        {"p.parquet": flip_pages, "t.parquet": pa.table({"target": [0.0] * 5000})},
    ),
    Case(
        "binary named .csv",
        "mse p.csv t.csv",
        ("p.csv", "NumPy", "numpy.save"),
        {"p.csv": b"\x93NUMPY\x01\x00v\x00\x00\x01\x02\n\x00\x03\xff", "t.csv": T3},
    ),
    Case(
        "binary without a zero, named .csv",
        "mse p.csv t.csv",
        ("p.csv", "UTF-8"),
        {"p.csv": b"\xff\xd8\xff\xe1\x89abc\n\xfe\xfd\n", "t.csv": T3},
    ),
    Case(
        "bytes that are no text, further down",
        "mse p.csv t.csv",
        ("p.csv", "row 2"),
        {"p.csv": b"prediction\n1\n\xff\xfe\n3\n", "t.csv": T3},
    ),
    Case(
        "UTF-16",
        "mse p.csv t.csv",
        ("p.csv", "UTF-16", "UTF-8"),
        {"p.csv": P3.encode("utf-16"), "t.csv": T3},
    ),
    Case(
        "old Macintosh line ends",
        "mse p.csv t.csv",
        ("p.csv", "carriage returns", "line feeds"),
        {"p.csv": P3.replace("\n", "\r"), "t.csv": T3},
    ),
    Case(
        "text named .parquet",
        "mse p.parquet t.csv",
        ("p.parquet", "is not a Parquet file"),
        {"p.parquet": P3, "t.csv": T3},
    ),
    Case(
        "unknown extension",
        "mse p.xlsx t.csv",
        ("p.xlsx", "unknown extension '.xlsx'", ".csv"),
        {"p.xlsx": P3, "t.csv": T3},
    ),
    Case(
        "no extension",
        "mse p t.csv",
        ("no extension", ".csv"),
        {"p": P3, "t.csv": T3},
    ),
    Case(
        "missing file",
        "mse perds.csv targets.csv",
        ("perds.csv", "no such file", "did you mean 'preds.csv'"),
        {"preds.csv": P3, "targets.csv": T3},
    ),
    Case(
        "missing folder",
        "mse nowhere/p.csv t.csv",
        ("nowhere/p.csv", "no such file"),
        {"t.csv": T3},
    ),
    # The command line.
    Case(
        "unknown loss",
        "hubr d.csv",
        ("unknown loss 'hubr'", "did you mean 'huber'", "losscli list"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "spec string with an unknown parameter",
        "huber(detla=2) d.csv",
        ("huber has no parameter 'detla'", "did you mean 'delta'?"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "spec string that does not parse",
        "huber(2 d.csv",
        ("huber(2", "huber(delta=2)"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "unknown role",
        "mse d.csv -c predicted=prediction",
        ("'predicted'", "did you mean 'prediction'?"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "column without a role",
        "mse d.csv -c prediction",
        ("-c prediction", "ROLE=NAME"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "column given twice",
        "mse d.csv -c target=a -c target=b",
        ("target", "twice"),
        {"d.csv": "prediction,a,b\n1,2,3\n"},
    ),
    Case(
        "unknown option",
        "huber d.csv --detla 2",
        ("--detla", "--delta", "losscli compute huber --help"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "unknown reduction",
        "mse d.csv --reduction man",
        ("'man'", "did you mean 'mean'?"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "reduction of another loss",
        "mse d.csv --reduction batchmean",
        ("mse", "'batchmean'", "mean"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "unknown format",
        "mse d.csv --format xml",
        ("--format", "xml", "json"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "no threads",
        "mse d.csv --threads 0",
        ("--threads", "1"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "parameter out of range",
        "huber d.csv --delta -1",
        ("huber", "delta", "-1", "(0, inf)"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "parameter that is nan",
        "huber d.csv --delta nan",
        ("huber", "delta", "nan", "(0, inf)"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "parameter that is text",
        "huber d.csv --delta large",
        ("huber", "delta", "large", "a number"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "parameter without a value",
        "huber d.csv --delta",
        ("--delta", "argument"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
    Case(
        "class weights of wrong length",
        "cross-entropy l.csv t.csv --weight 1,2",
        ("cross-entropy", "weight", "2 values", "3 class", "one value for each class"),
        {"l.csv": LOGITS, "t.csv": one_column("target", 0, 1, 2)},
    ),
    Case(
        "class weights that are no numbers",
        "cross-entropy l.csv t.csv --weight 1,two,3",
        ("cross-entropy", "weight", "1,two,3", "a list of numbers"),
        {"l.csv": LOGITS, "t.csv": one_column("target", 0, 1, 2)},
    ),
    Case(
        "class weights in no file",
        "cross-entropy l.csv t.csv --weight @w.csv",
        ("w.csv", "no such file"),
        {"l.csv": LOGITS, "t.csv": one_column("target", 0, 1, 2)},
    ),
    Case(
        "a table of class weights",
        "cross-entropy l.csv t.csv --weight @w.csv",
        ("w.csv", "one column or one row"),
        {"l.csv": LOGITS, "t.csv": one_column("target", 0, 1, 2), "w.csv": "1,2\n3,4\n"},
    ),
    Case(
        "one file too many",
        "mse p.csv t.csv p2.csv",
        ("PREDICTION TARGET", "given: 3"),
        {"p.csv": P3, "t.csv": T3, "p2.csv": P3},
    ),
    Case("no file", "mse", ("FILE",)),
    Case(
        "one file too few",
        "triplet-margin a.csv b.csv",
        ("ANCHOR POSITIVE NEGATIVE", "given: 2"),
        {"a.csv": "a\n1\n", "b.csv": "b\n1\n"},
    ),
    Case(
        "two files for a role that have not the same columns",
        "mse target=t.csv target=p.csv p.csv",
        ("p.csv", "has column 'prediction', other than t.csv"),
        {"p.csv": P3, "t.csv": T3},
    ),
    Case(
        "a file given twice for a role",
        "mse target=t.csv target=./t.csv p.csv",
        ("./t.csv is given twice", "count twice"),
        {"p.csv": P3, "t.csv": T3},
    ),
    Case(
        "files with a comma between them",
        "mse p.csv target=t.csv,u.csv",
        ("t.csv,u.csv", "no such file", "target=t.csv target=u.csv"),
        {"p.csv": P3, "t.csv": T3, "u.csv": T3},
    ),
    Case(
        "an output that is a part of an input",
        "mse parts/*.csv t.csv --json-report parts/b.csv",
        ("parts/b.csv would overwrite parts/b.csv",),
        {"parts": Path.mkdir, "parts/a.csv": P3, "parts/b.csv": P3, "t.csv": T3 + "1\n2\n3\n"},
    ),
    Case(
        "sample weight of no column",
        "mse d.csv --sample-weight trust",
        ("'trust'", "sample_weight", "prediction, target"),
        {"d.csv": "prediction,target\n1,2\n"},
    ),
]


OUTPUT_OPTIONS = (
    "--per-sample", "out.csv", "--json-report", "out.json", "--markdown-report", "out.md"
)  # fmt: skip


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def tells_what_to_do(message: str) -> bool:
    """A line of its own says it, or what is wrong leaves no question."""
    plain = ("must be", "at least", "wanted is", "requires an argument", "is given twice")
    return len(message.splitlines()) > 1 or any(words in message for words in plain)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("case", CASES, ids=[case.about for case in CASES])
def test_refused_with_one_message_and_nothing_left_behind(case: Case, folder: Path) -> None:
    for name, content in case.files.items():
        write(folder / name, content)
    before = listing(folder)
    loss, *words = case.words.split()
    refused = run("compute", loss, *words)
    assert_refused(refused, case.says)
    assert tells_what_to_do(refused.err), refused.err
    assert_refused(run("compute", loss, *OUTPUT_OPTIONS, *words), case.says)
    assert listing(folder) == before


RECOMMEND = [
    ("recommend p.csv", ("p.csv",)),
    ("recommend p.csv short.csv", ("short.csv", "row 3")),
    ("recommend nowhere.csv t.csv", ("nowhere.csv", "no such file")),
    ("recommend p.csv text.csv", ("text.csv", "column 'target'", "row 2", "'x'")),
    ("recommend p.csv t.csv p.csv", ("given: 3",)),
    ("show nonsense", ("unknown loss 'nonsense'", "losscli list")),
    ("list --family nonsense", ("'nonsense'", "regression")),
    ("recommend --bogus", ("--bogus",)),
    ("bogus", ("bogus",)),
]


@pytest.mark.parametrize(("line", "says"), RECOMMEND, ids=[line for line, _ in RECOMMEND])
def test_other_commands_refuse_in_the_same_way(
    line: str, says: tuple[str, ...], folder: Path
) -> None:
    write(folder / "p.csv", P3)
    write(folder / "t.csv", T3)
    write(folder / "short.csv", one_column("target", 1, 2))
    write(folder / "text.csv", one_column("target", 1, "x", 3))
    assert_refused(run(*line.split()), says)


OUTPUTS = [
    ("--per-sample nowhere/out.csv", ("cannot write nowhere/out.csv", "make the folder first")),
    ("--json-report nowhere/out.json", ("cannot write nowhere/out.json",)),
    ("--markdown-report nowhere/out.md", ("cannot write nowhere/out.md",)),
    ("--per-sample out.xlsx", ("out.xlsx", ".csv or .parquet")),
    ("--per-sample out", ("'out'", ".csv or .parquet")),
    ("--per-sample folder.csv", ("cannot write folder.csv",)),
    ("--per-sample d.csv", ("d.csv would overwrite d.csv",)),
    ("--json-report ./d.csv", ("would overwrite d.csv",)),
]


@pytest.mark.parametrize(("words", "says"), OUTPUTS, ids=[words for words, _ in OUTPUTS])
def test_outputs_that_cannot_be_written(words: str, says: tuple[str, ...], folder: Path) -> None:
    write(folder / "d.csv", "prediction,target\n1,2\n")
    (folder / "folder.csv").mkdir()
    before = listing(folder)
    assert_refused(run("compute", "mse", "d.csv", *words.split()), says)
    assert listing(folder) == before
    assert (folder / "d.csv").read_text(encoding="utf-8") == "prediction,target\n1,2\n"


def test_an_older_output_survives_an_error(folder: Path) -> None:
    write(folder / "d.csv", "prediction,target\n1,2\n3,x\n")
    write(folder / "out.csv", "precious")
    assert run("compute", "mse", "d.csv", "--per-sample", "out.csv").code == 2
    assert (folder / "out.csv").read_text(encoding="utf-8") == "precious"
    assert listing(folder) == ["d.csv", "out.csv"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable to root"
)
def test_an_unreadable_file(folder: Path) -> None:
    write(folder / "d.csv", "prediction,target\n1,2\n")
    (folder / "d.csv").chmod(0)
    assert_refused(run("compute", "mse", "d.csv"), ("d.csv", "permission denied"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_device_is_refused() -> None:
    assert_refused(run("compute", "mse", os.devnull, os.devnull), (os.devnull,))


def test_control_characters_of_a_file_do_not_reach_the_terminal(folder: Path) -> None:
    write(folder / "d.csv", "prediction,target\n1,2\n\x1b[31mred,4\n")
    ran = run("compute", "mse", "d.csv")
    assert_refused(ran, ("row 2",))
    assert "\x1b" not in ran.err


# Near misses: all of these are fine.

FINE = {
    "CRLF": {"d.csv": "prediction,target\r\n1,2\r\n3,5\r\n"},
    "BOM": {"d.csv": b"\xef\xbb\xbfprediction,target\n1,2\n3,5\n"},
    "BOM and CRLF": {"d.csv": b"\xef\xbb\xbfprediction,target\r\n1,2\r\n3,5\r\n"},
    "no line end": {"d.csv": "prediction,target\n1,2\n3,5"},
    "quoted numbers": {"d.csv": '"prediction","target"\n"1","2"\n"3","5"\n'},
    "padded numbers": {"d.csv": "prediction, target\n 1 ,2\n3,  5  \n"},
    "text between": {
        "d.csv": 'id,prediction,note,target\na,1,"one, or\ntwo ""quoted""",2\nb,3,,5\n'
    },
    "exponents and signs": {"d.csv": "prediction,target\n+1.0e0,.2E1\n30e-1,+5.\n"},
    "upper case": {"d.csv": "Prediction,TARGET\n1,2\n3,5\n"},
    "other usual names": {"d.csv": "y_hat,y_true\n1,2\n3,5\n"},
    "tabs": {"d.tsv": "prediction\ttarget\n1\t2\n3\t5\n"},
    "extra columns": {"d.csv": "id,prediction,name,target\n7,1,x,2\n8,3,y,5\n"},
    "missing elsewhere": {"d.csv": "prediction,target,other\n1,2,\n3,5,NA\n"},
    "integers in Parquet": {"d.parquet": pa.table({"prediction": [1, 3], "target": [2, 5]})},
    "float32 and a dictionary": {
        "d.parquet": pa.table(
            {
                "prediction": pa.array([1, 3], pa.float32()),
                "target": pa.array([2.0, 5.0]).dictionary_encode(),
            }
        )
    },
    "Parquet named otherwise": {
        "d.dat": pa.table({"prediction": [1.0, 3.0], "target": [2.0, 5.0]})
    },
}


@pytest.mark.parametrize("files", FINE.values(), ids=FINE)
def test_near_misses_work(files: dict[str, Content], folder: Path) -> None:
    for name, content in files.items():
        write(folder / name, content)
    assert run("compute", "mse", *files, "-f", "value") == Ran(0, "2.5\n", "")


LARGE = ["9007199254740992", "-9007199254740994", "1180591620717411303424", "1e300", "12e15"]


@pytest.mark.parametrize("number", LARGE)
@pytest.mark.parametrize("line", ["1\n{}\n", '{{"target": 1}}\n{{"target": {}}}\n'])
def test_large_numbers_that_float64_holds(number: str, line: str, folder: Path) -> None:
    name = "t.jsonl" if "{{" in line else "t.csv"
    write(folder / name, ("" if "{{" in line else "target\n") + line.format(number))
    write(folder / "p.csv", one_column("prediction", 0, 0))
    ran = run("compute", "mae", "p.csv", name, "--reduction", "sum", "-f", "value")
    assert (ran.code, float(ran.out)) == (0, abs(float(number)) + 1)


def test_nan_and_infinity_are_numbers(folder: Path) -> None:
    text = one_column("prediction", "nan", "NaN", "inf", "-Infinity", "+inf", 1)
    write(folder / "p.csv", text)
    write(folder / "t.csv", one_column("target", *range(6)))
    ran = run("compute", "mae", "p.csv", "t.csv", "--reduction", "none", "-f", "value")
    assert (ran.code, ran.out.split()) == (2, ["nan", "nan", "inf", "inf", "inf", "4.0"])


def test_n_values_pair_with_n_rows_of_one(folder: Path) -> None:
    pq.write_table(pa.table({"prediction": [[1.0], [2.0], [3.0]]}), folder / "p.parquet")
    write(folder / "t.csv", one_column("target", 3, 3, 3))
    assert run("compute", "mae", "p.parquet", "t.csv", "-f", "value").out == "1.0\n"
    assert run("compute", "mae", "t.csv", "p.parquet", "-f", "value").out == "1.0\n"


@pytest.mark.parametrize("labels", [(0, 1, 2), ("0.0", "1.0", "2.0"), (0, "1.", "2e0")])
def test_labels_may_be_written_as_whole_floats(labels: tuple[object, ...], folder: Path) -> None:
    write(folder / "l.csv", LOGITS)
    write(folder / "t.csv", one_column("target", *labels))
    write(folder / "plain.csv", one_column("target", 0, 1, 2))
    words = ("compute", "cross-entropy", "-f", "value", "l.csv")
    ran, plain = run(*words, "t.csv"), run(*words, "plain.csv")
    assert ran.code == 0
    assert ran == plain


def test_true_and_false_are_1_and_0(folder: Path) -> None:
    write(folder / "d.csv", "prediction,target\n0.9,True\n0.2,False\n")
    write(folder / "e.csv", "prediction,target\n0.9,1\n0.2,0\n")
    assert run("compute", "bce", "d.csv", "-f", "value") == run(
        "compute", "bce", "e.csv", "-f", "value"
    )
