"""CSV as people write it, and as they break it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli.data import csv_file, csv_head, csv_lines
from losscli.data.align import check_counts
from losscli.data.files import open_files
from losscli.data.reading import Reading
from losscli.data.stored import Stored
from losscli.domain import LOGITS, REAL, Array, Role
from losscli.errors import DataError

PREDICTION, TARGET = Role("prediction", REAL), Role("target", REAL)
MATRIX = Role("logits", LOGITS)


def write(folder: Path, content: str | bytes, name: str = "preds.csv") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(
    path: str,
    roles: Sequence[Role] = (PREDICTION,),
    columns: dict[str, str] | None = None,
    header: bool | None = None,
) -> dict[str, Array]:
    """All rows of every role."""
    inputs = open_files(roles, [path], columns=columns or {}, reading=Reading(header=header))
    check_counts(inputs)
    (feed,) = inputs.feeds
    with closing(feed.cursor(0, None)) as cursor:
        rows = cursor.read(10**6)
    assert all(len(x) == feed.rows and x.dtype == np.float64 for x in rows.values())
    return dict(rows)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("prediction\n1\n2.5\n", [1, 2.5]),
        ("prediction\n1\n2.5", [1, 2.5]),
        ("prediction\r\n1\r\n2.5\r\n", [1, 2.5]),
        ("prediction\r\n1\r\n2.5", [1, 2.5]),
        (b"\xef\xbb\xbfprediction\n1\n2.5\n", [1, 2.5]),
        ('"prediction"\n"1"\n" 2.5"\n', [1, 2.5]),
        ("prediction\n 1\n2.5 \n", [1, 2.5]),
        ("prediction\n+1\n-.5\n5.\n1e3\n1E-3\n", [1, -0.5, 5, 1000, 0.001]),
        ("prediction\n1e400\n-1e400\n1e-400\n", [np.inf, -np.inf, 0]),
        ("prediction\nnan\nNaN\ninf\n-inf\nInfinity\n", [np.nan, np.nan, np.inf, -np.inf, np.inf]),
        ("prediction\ntrue\nFALSE\nTrue\n", [1, 0, 1]),
        ("prediction\n0.1\n0.30000000000000004\n", [0.1, 0.30000000000000004]),
        ("id,prediction\n1,2.5\n2,3\n", [2.5, 3]),
        ("prediction,id\n2.5,x\n3,y\n", [2.5, 3]),
        ('note,prediction\n"a\nb",1\n"say ""hi"", x",2\nplain,3\n', [1, 2, 3]),
        ('prediction,note\n1,"a\r\nb\r\n"\r\n2,""\r\n', [1, 2]),
        ('note,prediction\n5"" pipe,1\nthe "big" one,2\n', [1, 2]),
        ("note,prediction\nna\xefve,1\n".encode("latin-1"), [1]),
        ("note,prediction\n,1\n,2\n", [1, 2]),
    ],
)
def test_values(tmp_path: Path, content: str | bytes, values: list[float]) -> None:
    np.testing.assert_array_equal(read(write(tmp_path, content))["prediction"], values)


def test_tabs(tmp_path: Path) -> None:
    path = write(tmp_path, "prediction\tnote\n1\ta,b\n2\tc\n", "preds.tsv")
    assert read(path)["prediction"].tolist() == [1, 2]


def test_text_files_are_csv(tmp_path: Path) -> None:
    assert read(write(tmp_path, "prediction\n1\n", "preds.txt"))["prediction"].tolist() == [1]


def test_several_columns_are_a_matrix_in_fortran_order(tmp_path: Path) -> None:
    path = write(tmp_path, "logits_1,logits_0,target\n1,0,5\n3,2,6\n")
    rows = read(path, (MATRIX, TARGET))
    assert rows["logits"].tolist() == [[0, 1], [2, 3]]
    assert rows["logits"].flags.f_contiguous
    assert rows["target"].tolist() == [5, 6]


@pytest.mark.parametrize("header", [True, False])
def test_a_first_line_of_numbers_is_what_the_option_says(tmp_path: Path, header: bool) -> None:
    path = write(tmp_path, "0,1\n2,3\n")
    rows = read(path, (MATRIX,), header=header)
    assert rows["logits"].tolist() == ([[2, 3]] if header else [[0, 1], [2, 3]])


def test_columns_without_a_header_have_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbf1,2\n3,4\n")
    rows = read(path, (PREDICTION,), {"prediction": "column_1"}, header=False)
    assert rows["prediction"].tolist() == [2, 4]


# Contents, and what must be said about them; every row is a data row, counted from 1.
HOSTILE: list[tuple[str | bytes, str]] = [
    ("", "preds.csv: is empty"),
    (b"\xef\xbb\xbf", "preds.csv: is empty"),
    ("\n1\n", "the first line is blank"),
    ("prediction", "has a header but no rows"),
    ("prediction\n", "has a header but no rows"),
    ("prediction\r\n", "has a header but no rows"),
    ("1\n2\n", "--no-header if it is a row, --header if these are column names"),
    ("0,1,2,3,4,5\n", "only numbers (0, 1, 2, 3, 4, ...)"),
    ("prediction\n1\n\n3\n", "preds.csv, row 2: blank line"),
    ("prediction\n1\n  \n3\n", "preds.csv, row 2: blank line"),
    ("prediction\n1\n\n", "preds.csv, row 2: blank line"),
    ("prediction\n1\r\n\r\n", "preds.csv, row 2: blank line"),
    ("prediction\n\n1\n", "preds.csv, row 1: blank line"),
    ("id,prediction\n1,1\n\n3,3\n", "preds.csv, row 2: blank line"),
    ("id,prediction\n1,1\n\n", "preds.csv, row 2: blank line"),
    ('prediction\n1\n""\n', "column 'prediction', row 2: the value is missing"),
    ("id,prediction\n1,1\n2,\n", "column 'prediction', row 2: the value is missing"),
    ("id,prediction\n1,1\n2,NA\n", "row 2: the value is missing"),
    ("prediction\n1\nnull\n", "row 2: the value is missing"),
    ("prediction\n1\nNone\n", "row 2: the value is missing"),
    ("prediction\n1\n#N/A\n", "row 2: the value is missing"),
    ("prediction\n1\ntwo\n", "column 'prediction', row 2: 'two' is not a number"),
    ("prediction\ncat\ndog\n", "labels must be class indices 0 .. C-1"),
    ("prediction\n" + "x" * 99 + "\n", f"row 1: '{'x' * 37}'... is not a number"),
    ('prediction\n1\n"1,5"\n', "'1,5' is not a number\na decimal comma? say --decimal ,"),
    ("prediction\n1;2\n", "'1;2' is not a number\nare the cells separated by semicolons? say"),
    ("prediction\n1_000\n", "'1_000' is not a number"),
    ("prediction\n0x10\n", "'0x10' is not a number"),
    ("prediction\n1\n12h\n", "'12h' is not a number"),
    ("prediction\n1\n1.5.2\n", "'1.5.2' is not a number"),
    (b"prediction\n1\n\xff\xfe\n", "row 2: "),
    ("prediction\n1\n1\x00\n", "is a binary file, not CSV"),
    ("prediction,b\n1,2\n1\n", "preds.csv, row 2: has 1 cell, not 2"),
    ("prediction,b\n1,2\n1,2,3\n", "preds.csv, row 2: has 3 cells, not 2"),
    ("prediction,b\n1,2\n1,2,\n", "preds.csv, row 2: has 3 cells, not 2"),
    ('note,prediction\n"a,1\nb,2\n', "a quoted field is opened and never closed"),
    ("prediction\r1\r2\r", "ends its lines with carriage returns only"),
    ("prediction\n1\r2\n3\n", "rows 1 to 2 are 2 lines but 3 records"),
    ('note,prediction\n5" pipe,1\nx,2\n6" pipe,3\n', "lines but"),
    ("prediction\n1\n".encode("utf-16"), "is UTF-16 text"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "is a binary file, not CSV"),
    (b"\xff\xd8\xff\xe0ab\n1\n", "is no UTF-8 text"),
    ("a,b\n1,2\n", "columns: a, b"),
    ("prediction,prediction\n1,2\n", "2 columns are named 'prediction'"),
]


@pytest.mark.parametrize(("content", "message"), HOSTILE)
def test_hostile(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(path)


@pytest.mark.parametrize("cell", ["", "x", "1,5"])
def test_a_fault_in_a_column_that_nobody_asked_for_is_none(tmp_path: Path, cell: str) -> None:
    path = write(tmp_path, f'prediction,b\n1,2\n2,"{cell}"\n')
    assert read(path)["prediction"].tolist() == [1, 2]


def test_the_row_of_a_fault_far_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "_PIECE_BYTES", 64)
    path = write(tmp_path, "prediction\n" + "1\n" * 5000 + "x\n" + "1\n" * 10)
    with pytest.raises(DataError, match=r"column 'prediction', row 5001: 'x' is not a number"):
        read(path)


def test_a_fault_outside_the_rows_of_a_cursor_is_left_to_others(tmp_path: Path) -> None:
    path = write(tmp_path, "prediction\n1\nx\n3\n4\n")
    (feed,) = open_files((PREDICTION,), [path], columns={}).feeds
    with closing(feed.cursor(2, 4)) as cursor:
        assert cursor.read(5)["prediction"].tolist() == [3, 4]


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "prediction\n1\n2\n")
    (feed,) = open_files((PREDICTION,), [path], columns={}).feeds
    write(tmp_path, "prediction\n1\n")
    with closing(feed.cursor(0, None)) as cursor, pytest.raises(DataError, match="it changed"):
        cursor.read(5)


def test_a_row_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "_LONGEST_PIECE", 100)
    path = write(tmp_path, f"note,prediction\n{'x' * 200},1\n")
    with pytest.raises(DataError, match="row 1 has 203 bytes, more than 100"):
        read(path)


def test_a_header_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_head, "_HEAD_BYTES", 64)
    monkeypatch.setattr(csv_head, "_LONGEST_HEADER", 1000)
    with pytest.raises(DataError, match="has no line end in its first 16 MiB"):
        read(write(tmp_path, "x" * 2000))


def test_a_file_that_goes_away(tmp_path: Path) -> None:
    path = write(tmp_path, "prediction\n1\n2\n")
    (feed,) = open_files((PREDICTION,), [path], columns={}).feeds
    Path(path).unlink()
    with closing(feed.cursor(0, None)) as cursor, pytest.raises(DataError, match="no such file"):
        cursor.read(5)


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = ",".join(f"some_column_with_a_long_name_{i}" for i in range(10_000))
    path = write(tmp_path, f"{names}\n{','.join(map(str, range(10_000)))}\n")
    wanted = {"prediction": "some_column_with_a_long_name_9999"}
    assert read(path, columns=wanted)["prediction"].tolist() == [9999]


def test_a_cell_larger_than_what_is_sampled(tmp_path: Path) -> None:
    path = write(tmp_path, f"note,prediction\n{'x' * 2**19},1\ny,2\n")
    assert read(path)["prediction"].tolist() == [1, 2]


@pytest.mark.parametrize("threads", ["one share", "many"])
def test_pieces_begin_at_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: str
) -> None:
    if threads == "many":
        monkeypatch.setattr(csv_lines, "_SHARE", csv_lines._STRETCH)
    rows = 60_000
    path = write(tmp_path, "".join(f"{i},x\n" for i in range(rows)))
    lines = csv_lines.find_lines(Stored.regular(path), 0, 2**16)
    data = Path(path).read_bytes()
    assert lines.rows == rows
    assert lines.step == 8192
    pieces = [data[a:b] for a, b in zip(lines.offsets, lines.offsets[1:], strict=False)]
    firsts = [int(piece.split(b",")[0]) for piece in pieces]
    assert firsts == list(range(0, rows, lines.step))


cells = st.one_of(
    st.sampled_from(["", "plain", "a,b", "two\nlines", 'say "hi"', "\r\n", "é"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=5),
)


@given(
    notes=st.lists(cells, min_size=1, max_size=40),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    stretch=st.integers(1, 60),
)
def test_lines_are_found_among_quotes(
    tmp_path_factory: pytest.TempPathFactory,
    notes: list[str],
    ending: str,
    last: bool,
    stretch: int,
) -> None:
    quoted = ['"' + note.replace('"', '""') + '"' for note in notes]
    text = "note,prediction" + ending
    text += ending.join(f"{note},{i}" for i, note in enumerate(quoted)) + (ending if last else "")
    path = write(tmp_path_factory.mktemp("csv"), text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_lines, "_STRETCH", stretch)
        patch.setattr(csv_lines, "_READ", stretch * 3)
        patch.setattr(csv_lines, "_SHARE", stretch * 6)
        patch.setattr(csv_file, "_PIECE_BYTES", 100)
        assert read(path)["prediction"].tolist() == list(range(len(notes)))


@pytest.mark.parametrize(
    ("content", "options", "values"),
    [
        ("prediction;note\n1.5;a\n2;b\n", {}, [1.5, 2]),
        ("prediction|note\n1.5|a,b\n2|b\n", {}, [1.5, 2]),
        ("note\tprediction\na;b,c\t1.5\nb\t2\n", {}, [1.5, 2]),
        ('note;prediction\n"a;b,c";1.5\n"b";"2"\n', {}, [1.5, 2]),
        ("a,b;prediction\nx;1.5\ny;2\n", {}, [1.5, 2]),
        ("a|b,prediction\nx,1.5\ny,2\n", {}, [1.5, 2]),
        ("P(y|x)\n1.5\n2\n", {}, [1.5, 2]),
        ("prediction;note\n1,5;a\n2;b\n", {"decimal": ","}, [1.5, 2]),
        ("prediction;note\n 1,5 ;a\n-,5e2;b\n", {"decimal": ","}, [1.5, -50]),
        ("prediction;note\nnan;a\n+2,;b\n", {"decimal": ","}, [np.nan, 2]),
        ("prediction\n1,5\n2\n", {"decimal": ","}, [1.5, 2]),
        ('prediction,note\n"1,5",a\n2,b\n', {"decimal": ","}, [1.5, 2]),
        ('prediction,note\n "1,5",a\n2,b\n', {"decimal": ","}, None),
        ("1,5;1\n2;2\n", {"decimal": ",", "header": False}, [1.5, 2]),
        ("prediction note\n1.5 a\n2 b\n", {"delimiter": "space"}, [1.5, 2]),
        ("prediction^note\n1.5^a\n2^b\n", {"delimiter": "^"}, [1.5, 2]),
        ("prediction;n,m\n1.5;a,b\n2;b,c\n", {"delimiter": ";"}, [1.5, 2]),
        ("prediction\tnote\n1.5\ta\n2\tb\n", {"delimiter": "\\t"}, [1.5, 2]),
    ],
)
@pytest.mark.parametrize("careful", [False, True])
def test_delimiters_and_decimal_marks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str,
    options: dict[str, Any],
    values: list[float] | None,
    careful: bool,
) -> None:
    if careful:
        monkeypatch.setattr(csv_file._Parser, "_table", lambda self, data: None)
    inputs = open_files(
        (PREDICTION,),
        [write(tmp_path, content)],
        columns={"prediction": "column_0"} if options.get("header") is False else {},
        reading=Reading(**options),
    )
    (feed,) = inputs.feeds
    with closing(feed.cursor(0, None)) as cursor:
        if values is None:
            with pytest.raises(DataError, match="has 3 cells, not 2"):
                cursor.read(9)
        else:
            np.testing.assert_array_equal(cursor.read(9)["prediction"], values)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a,b|c\n1,2|3\n", {}, "could be separated by commas or bars: 'a,b|c'\nsay which: --delim"),
        ("a;b|c\n1;2|3\n", {}, "say which: --delimiter ';' or --delimiter '|'"),
        ("prediction;b\n1.5;2\n", {"decimal": ","}, "'1.5' is not a number\na decimal point? say"),
        ("prediction;b\n1.234,5;2\n", {"decimal": ","}, "'1.234,5' is not a number"),
        ("prediction;b\n1,5;2\n", {}, "'1,5' is not a number\na decimal comma? say --decimal ,"),
        ("prediction;b\n1;2\n1\n", {}, "cells that hold semicolons of their own need quotes"),
        ("a,b\n1,2\n", {"delimiter": ";"}, "separated by commas: 'a,b'\nsay --delimiter ','"),
        (
            "prediction b\n1 2\n",
            {},
            "separated by spaces: 'prediction b'\nsay which: --delimiter sp",
        ),
    ],
)
def test_what_delimiters_cannot_settle(
    tmp_path: Path, content: str, options: dict[str, Any], message: str
) -> None:
    path = write(tmp_path, content)

    def read_all() -> None:
        (feed,) = open_files((PREDICTION,), [path], columns={}, reading=Reading(**options)).feeds
        feed.cursor(0, None).read(9)

    with pytest.raises(DataError) as caught:
        read_all()
    assert message in str(caught.value)
    assert str(caught.value).startswith(path)


@given(
    text=st.from_regex(r"\s?[+-]?[0-9.,]{1,6}([eE][+-]?[0-9]{1,2})?\s?", fullmatch=True),
    decimal=st.sampled_from([".", ","]),
)
def test_arrow_and_the_careful_way_agree(
    tmp_path_factory: pytest.TempPathFactory, text: str, decimal: str
) -> None:
    if "\n" in text or "\r" in text or not text.strip():
        return
    path = write(tmp_path_factory.mktemp("csv"), f"prediction;b\n{text};1\n")
    reading = Reading(delimiter=";", decimal=decimal)
    found = []
    for careful in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            if careful:
                patch.setattr(csv_file._Parser, "_table", lambda self, data: None)
            (feed,) = open_files(
                (PREDICTION,), [path], columns={"prediction": "prediction"}, reading=reading
            ).feeds
            try:
                found.append(float(np.asarray(feed.cursor(0, None).read(1)["prediction"])[0]))
            except DataError as error:
                found.append(str(error))
    assert found[0] == found[1]
