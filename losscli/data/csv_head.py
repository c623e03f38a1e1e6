"""The head of a CSV file: what separates its cells, what its columns are called and hold."""

from __future__ import annotations

from dataclasses import dataclass

from losscli.data.columns import Column, HeaderUnclearError
from losscli.data.csv_dialect import (
    BOOLEANS,
    LISTS,
    MISSING,
    NAMES,
    is_list,
    number,
    option,
    reject_rare_delimiter,
    rows_of,
    said_by_excel,
    sniff,
)
from losscli.data.reading import Reading
from losscli.data.stored import Stored
from losscli.errors import DataError

_HEAD_BYTES = 2**18
_LONGEST_HEADER = 2**24

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Head:
    """What the first lines show; the first row begins at the byte ``start``."""

    delimiter: str
    columns: tuple[Column, ...]
    start: int
    has_rows: bool


def look_at_head(file: Stored, reading: Reading, delimiter: str | None = None) -> Head:
    """The header and the first rows of a file.

    Args:
        file: the file.
        reading: what the user said about header, delimiter and decimal mark.
        delimiter: what separates the cells unless the user said; None takes what the first lines
            show.

    Raises:
        DataError: the file is empty, is no UTF-8 text, or its header is unclear.
    """
    path, head = file.name, _read_head(file)
    first = _end_of_record(head)
    if first >= _LONGEST_HEADER:
        raise DataError(
            "has no line end in its first 16 MiB", path=path, hint="is it CSV?", code="LC160"
        )
    by_excel, begin = said_by_excel(head), 0
    if by_excel is not None:
        begin, first = first, first + _end_of_record(head[first:])
    line, sample = _text(path, head[begin:first]), _sampled(head[first:])
    said = reading.delimiter or by_excel or delimiter
    mark = said or sniff(path, line, sample, reading.decimal)
    cells = _split(path, line, mark)
    if said and reading.tokens is None:
        # A text may well hold commas.
        _reject_other_delimiter(path, cells)
    if reading.header is None and all(number(c, reading.decimal) is not None for c in cells):
        raise _header_unclear(path, cells)
    named = reading.header is not False
    names = cells if named else [f"column_{i}" for i in range(len(cells))]
    bom = len(_BOM) if head.startswith(_BOM) else 0
    rows = rows_of(sample if named else line + sample, mark)
    if not said and len(cells) == 1 and reading.tokens is None:
        reject_rare_delimiter(path, line, sample)
    columns = tuple(_column(name, i, rows, reading.decimal) for i, name in enumerate(names))
    return Head(mark, columns, first if named else begin or bom, has_rows=bool(rows))


def _read_head(stored: Stored) -> bytes:
    """The beginning of the file: its first record and a good part of what follows."""
    with open(stored.path, "rb") as file:
        head = file.read(_HEAD_BYTES)
        _check_text(stored.name, head)
        while len(head) < _LONGEST_HEADER and _end_of_record(head) > len(head) - _HEAD_BYTES:
            more = file.read(len(head))
            if not more:
                break
            head += more
    return head


def _check_text(path: str, head: bytes) -> None:
    if not head.removeprefix(_BOM):
        raise DataError("is empty", path=path, hint="was it written to the end?", code="LC160")
    if head.startswith(_UTF16):
        raise DataError("is UTF-16 text", path=path, hint="save it as UTF-8", code="LC160")
    if b"\0" in head:
        hint = "give a text file with a header, or a .parquet file"
        raise DataError("is a binary file, not CSV", path=path, hint=hint, code="LC160")
    if b"\r" in head and b"\n" not in head:
        hint = "save it with line feeds (LF or CRLF)"
        raise DataError(
            "ends its lines with carriage returns only", path=path, hint=hint, code="LC160"
        )


def _end_of_record(head: bytes) -> int:
    """Where the first record ends: after a line end that no quotes enclose."""
    end = quotes = 0
    while (newline := head.find(b"\n", end)) >= 0:
        quotes += head.count(b'"', end, newline)
        end = newline + 1
        if quotes % 2 == 0:
            return end
    return len(head)


def _text(path: str, line: bytes) -> str:
    try:
        return line.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError:
        raise DataError(
            "is no UTF-8 text", path=path, hint="is it CSV? save it as UTF-8", code="LC160"
        ) from None


def _split(path: str, line: str, delimiter: str) -> list[str]:
    cells = rows_of(line, delimiter)[0] if line else []
    if not any(cell.strip() for cell in cells):
        raise DataError(
            "the first line is blank", path=path, hint="remove it, or write a header", code="LC160"
        )
    return [cell.strip() for cell in cells]


def _reject_other_delimiter(path: str, cells: list[str]) -> None:
    """A single cell with separators in it is a line of cells from another country or tool."""
    for mark, name in NAMES.items():
        if len(cells) == 1 and mark in cells[0] and mark != " ":
            raise DataError(
                f"its first line is separated by {name}: {cells[0]!r}",
                path=path,
                hint=f"say {option(mark)}",
                code="LC160",
            )


def _header_unclear(path: str, cells: list[str]) -> HeaderUnclearError:
    shown = ", ".join(cells[:5]) + (", ..." if len(cells) > 5 else "")
    return HeaderUnclearError(
        f"the first line holds only numbers ({shown}): is it the header or the first row?",
        path=path,
        hint="say --no-header if it is a row, --header if these are column names",
        code="LC160",
    )


def _sampled(data: bytes) -> str:
    """Some whole rows, to see what separates the cells and which columns hold text."""
    if len(data) > _HEAD_BYTES // 2:
        data = data[: data.rfind(b"\n") + 1] or data
    return data.decode("utf-8", errors="replace")


def _column(name: str, i: int, sample: list[list[str]], decimal: str) -> Column:
    cells = [row[i].strip() for row in sample if i < len(row)]
    present = [cell for cell in cells if cell.casefold() not in MISSING]
    if present and all(cell.casefold() in BOOLEANS for cell in present):
        return Column(name, "bool", is_text=True)
    if not present:
        return Column(name, "null")
    if all(map(is_list, present)):
        return Column(name, LISTS, is_number=False, is_text=True)
    are_numbers = {number(cell, decimal) is not None for cell in present}
    return Column(name, "double", is_number=True in are_numbers, is_text=False in are_numbers)
