"""Files as the tools that people use write them, and what is said where they cannot be read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import losscli
from losscli.data.reading import Reading
from losscli.errors import DataError, UsageError

Write = Callable[[str, str], str]

TARGETS = "id,target\nd,1\nc,5\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> str:
        (tmp_path / name).write_bytes(text.encode())
        return str(tmp_path / name)

    return write_file


def _refused(path: str, *others: str, loss: str = "mse", **how: object) -> str:
    with pytest.raises(DataError) as caught:
        losscli.compute(loss, path, *others, **how)
    return f"{caught.value.message}\n{caught.value.hint}"


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_excel_says_what_separates_the_cells(write: Write, bom: str, line: str, end: str) -> None:
    rows = ["a, b;prediction;target", "x;1;2", "y;3;3"]
    path = write("x.csv", bom + end.join([line, *rows, ""]))
    result = losscli.compute("mse", path)
    assert (result.value, result.n) == (0.5, 2)
    bare = Reading(header=False)
    files = [write(f"{i}.csv", bom + end.join([line, f"x;{i}", "y;3", ""])) for i in (1, 2)]
    result = losscli.compute("mse", *files, reading=bare)
    assert (result.value, result.n) == (0.5, 2)


@pytest.mark.parametrize(
    ("mark", "option"), [(" ", "--delimiter space"), ("~", "--delimiter '~'"), ("^", "'^'")]
)
def test_a_delimiter_that_is_not_guessed_is_suggested(write: Write, mark: str, option: str) -> None:
    path = write("x.csv", "id,prediction,target\na,1,2\nb,3,3\n".replace(",", mark))
    assert option in _refused(path)
    assert losscli.compute("mse", path, reading=Reading(delimiter=mark)).value == 0.5


def test_what_is_no_delimiter(write: Write) -> None:
    """Names of two words are one column, and so are numbers below one."""
    labels = write("labels.csv", "class name\nNew York\nLos Angeles\n")
    logits = write("logits.csv", "New York,Los Angeles\n2,1\n0,1\n")
    assert losscli.compute("cross-entropy", logits, labels).n == 2
    numbers = write("numbers.csv", "predicted value\n1\n3\n")
    targets = write("targets.csv", "true value\n2\n3\n")
    assert losscli.compute("mse", numbers, targets).value == 0.5


def test_row_names_without_a_name(write: Write) -> None:
    """As R's write.table writes them."""
    path = write("x.csv", '"prediction" "target"\n"1" 1 2\n"2" 3 3\n')
    assert "--delimiter space" in _refused(path)
    said = _refused(path, reading=Reading(delimiter=" "))
    assert "has 3 cells, not 2 as the first line" in said
    assert "does the first line name the row names that R writes?" in said


@pytest.mark.parametrize("cell", ["[0.5, 1.5]", "[0.5 1.5]", "[]"])
def test_lists_as_text(write: Write, cell: str) -> None:
    path = write("x.csv", f'logits,target\n"{cell}",0\n"{cell}",1\n')
    said = _refused(path, loss="cross-entropy")
    assert "holds lists that are written as text" in said
    assert "or Parquet or JSON Lines, which have lists" in said


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{\n "prediction": 1,\n "target": 1\n}\n', "jq -c ."),
        ('[{"prediction": 1, "target": 1}]', "jq -c '.[]'"),
        ('{"prediction":{"0":1.5},"target":{"0":1}}', "orient='records', lines=True"),
    ],
)
def test_one_json_document(write: Write, text: str, hint: str) -> None:
    said = _refused(write("x.json", text))
    assert "holds one JSON document, not one object a line" in said
    assert hint in said


@pytest.mark.parametrize("word", ["NA", "", "null", " - ", "N/A"])
def test_a_label_may_be_missing(write: Write, word: str) -> None:
    """What R and pandas write where a label is missing is no unknown class."""
    logits = write("logits.csv", "cat,dog\n2,1\n0,1\n1,1\n")
    labels = write("labels.csv", f'id,target\n1,cat\n2,dog\n3,"{word}"\n')
    said = _refused(logits, labels, loss="cross-entropy")
    assert "the value is missing" in said
    result = losscli.compute("cross-entropy", logits, labels, missing="drop")
    whole = losscli.compute("cross-entropy", [[2.0, 1.0], [0.0, 1.0]], [0, 1])
    assert (result.value, result.missing) == (whole.value, 1)


def test_a_class_may_be_called_na(write: Write) -> None:
    logits = write("logits.csv", "NA,EU\n2,1\n0,1\n")
    labels = write("labels.csv", "target\nNA\nEU\n")
    result = losscli.compute("cross-entropy", logits, labels, missing="drop")
    assert (result.n, result.missing) == (2, 0)


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("xl/workbook.xml", "is an Excel workbook\nsave the sheet as CSV"),
        ("archive/data.pkl", "was saved by torch.save\nsave tensors with numpy.save"),
        ("preds.csv", "is a zip archive of 'preds.csv'\nunpack it"),
    ],
)
@pytest.mark.parametrize("suffix", [".zip", ".csv", ".npz"])
def test_other_zip_archives(tmp_path: Path, member: str, said: str, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, "prediction,target\n1,2\n")
    assert said in _refused(str(path))


def test_numbers_that_are_text(write: Write) -> None:
    said = _refused(write("x.jsonl", '{"prediction": "1.5", "target": 1}\n'))
    assert "holds string, not numbers" in said
    assert "numbers that are text need a cast" in said


def test_a_pattern_that_the_shell_has_expanded(tmp_path: Path) -> None:
    files = [str(tmp_path / f"part-{i}.csv") for i in range(12)]
    with pytest.raises(UsageError) as caught:
        losscli.compute("mse", *files)
    assert caught.value.hint is not None


def test_a_row_that_is_named_is_that_of_its_file(write: Write) -> None:
    """Rows that were left out of a join do not change what the others are called."""
    predictions = write("p.csv", "id,prediction\na,1\nb,2\nc,3\nd,inf\n")
    targets = write("t.csv", TARGETS)
    result = losscli.compute("mse", predictions, targets, on="id", on_missing="drop")
    assert [one.place for one in result.worst] == [f"{predictions}, row 4", f"{predictions}, row 3"]
    (found,) = [one for one in result.diagnostics if one.code == "LC201"]
    assert f"1 row has no finite loss: {predictions}, row 4, key 'd' (inf)" in found.message
    whole = losscli.compute("mse", predictions, write("all.csv", f"{TARGETS}a,0\nb,0\n"), on="id")
    assert [one.place for one in whole.worst] == [None] * 4
