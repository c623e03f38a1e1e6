"""How a CSV file is written: what separates its cells, and what a number looks like."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from io import StringIO
from itertools import islice

from losscli.errors import DataError

NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_SNIFFED = (",", ";", "\t", "|")
# Nobody's first guess, and seldom meant where they stand in a name.
_RARE = (" ", "~", "^", ":", "\x01")
_SAMPLED_ROWS = 100
# What people and programs write where they have no value, in lower case.
MISSING = {"", "na", "n/a", "#n/a", "<na>", "null", "none", "-"}
BOOLEANS = {"true": 1.0, "false": 0.0}
# What a column of lists is called, which pandas writes as Python shows them.
LISTS = "lists as text"
_EXCEL = re.compile(rb"(?:\xef\xbb\xbf)?\"?sep=(.)\"?\r?\n", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|nan|inf(inity)?)", re.I)
# A text may well be longer than the 128 KiB that Python's reader allows unless it is told so.
csv.field_size_limit(max(csv.field_size_limit(), 2**26))
# A point in a number with a decimal comma, say one of thousands.
_OUT_OF_PLACE = "_"


def number(cell: str, decimal: str = ".") -> float | None:
    """What this cell is as a number; None if it is none."""
    text = cell.strip()
    if decimal != ".":
        text = text.replace(".", _OUT_OF_PLACE).replace(decimal, ".")
    return float(text) if _NUMBER.fullmatch(text) else None


def rows_of(text: str, delimiter: str) -> list[list[str]]:
    """The cells of the first rows."""
    rows: list[list[str]] = []
    try:
        rows.extend(
            islice(csv.reader(StringIO(text, newline=""), delimiter=delimiter), _SAMPLED_ROWS)
        )
    except csv.Error:
        return rows or [[]]
    return rows


def sniff(path: str, first: str, sample: str, decimal: str) -> str:
    """What separates the cells: what cuts the first line and the rows into as many cells each.

    Args:
        path: what messages call the file.
        first: its first line.
        sample: some whole rows that follow.
        decimal: the decimal mark, which separates nothing.

    Raises:
        DataError: several marks would do.
    """
    cells = {mark: len(rows_of(first, mark)[0]) for mark in _SNIFFED if mark in first}
    cutting = [mark for mark, count in cells.items() if count > 1 and mark != decimal]
    if cutting == [","]:
        return ","
    rows = {mark: [len(row) for row in rows_of(sample, mark) if row] for mark in cutting}
    alike = [mark for mark in cutting if all(count == cells[mark] for count in rows[mark])]
    if len(alike) == 1:
        return alike[0]
    if len(alike) > 1:
        raise _unclear(path, first, alike)
    # Some rows are broken. What cuts no row as it cuts the first line is part of a name.
    if "," in cutting:
        return ","
    some = [mark for mark in cutting if cells[mark] in rows[mark]]
    if len(some) > 1:
        raise _unclear(path, first, some)
    if some:
        return some[0]
    return ";" if decimal == "," and cells.get(",", 1) == 1 else ","


def said_by_excel(head: bytes) -> str | None:
    """What separates the cells if the first line is Excel's word about it: ``sep=;``."""
    line = _EXCEL.match(head)
    return None if line is None else line[1].decode("latin-1")


def is_list(cell: str) -> bool:
    """Is it a list as text, of which CSV has none: ``[0.5, 1.5]``?"""
    return cell.startswith("[") and cell.endswith("]")


def reject_rare_delimiter(path: str, first: str, sample: str) -> None:
    """Is a file with one column one with several, cut by a mark that nobody guesses?

    Raises:
        DataError: such a mark cuts all lines into as many cells, some of which are numbers.
    """
    for mark in _RARE:
        count = len(rows_of(first.strip(), mark)[0])
        rows = [row for row in rows_of(sample, mark) if row]
        # R leaves out the name of the row names.
        cut = count > 1 and all(len(row) in (count, count + 1) for row in rows)
        if cut and any(number(cell) is not None for row in rows for cell in row):
            raise _unclear(path, first, [mark])


def _unclear(path: str, first: str, marks: Sequence[str]) -> DataError:
    shown = first.strip()
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    names = " or ".join(NAMES.get(mark, repr(mark)) for mark in marks)
    return DataError(
        f"its cells could be separated by {names}: {shown!r}",
        path=path,
        hint=f"say which: {' or '.join(map(option, marks))}",
        code="LC160",
    )


def option(mark: str) -> str:
    """The option that says what separates the cells."""
    return f"--delimiter {'tab' if mark == chr(9) else 'space' if mark == ' ' else repr(mark)}"
