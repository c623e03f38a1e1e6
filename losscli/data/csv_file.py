"""CSV and TSV: pieces of whole rows, each parsed on its own by whoever walks over them."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from losscli.data.arrow import values_of
from losscli.data.blocks import Chunk, ChunkedFeed
from losscli.data.columns import NO_CODERS, Column
from losscli.data.csv_dialect import (
    BOOLEANS,
    LISTS,
    MISSING,
    NAMES,
    number,
    option,
)
from losscli.data.csv_head import look_at_head
from losscli.data.csv_lines import Lines, find_lines, pieces
from losscli.data.feed import RoleInput
from losscli.data.place import Numbers, Place, check_rounding, may_be_rounded
from losscli.data.reading import AS_IT_IS, Reading
from losscli.data.selection import Selection
from losscli.data.stored import Stored
from losscli.errors import DataError
from losscli.ragged import Ragged, first_length

if TYPE_CHECKING:
    from losscli.data.coding import Coder

_PIECE_BYTES = 3 * 2**19

_TYPES = {"bool": pa.bool_()}
_SPELLINGS = sorted({spelt for word in MISSING for spelt in (word, word.upper(), word.title())})


# Positions, each with its coder or None for numbers.
Columns: TypeAlias = Sequence[tuple[int, "Coder | None"]]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the cells of a CSV file are told apart, and what the columns hold.

    With ``gaps`` numbers may be missing.
    """

    file: Stored
    delimiter: str
    decimal: str
    columns: tuple[Column, ...]
    gaps: bool = False

    @property
    def path(self) -> str:
        """What messages call the file."""
        return self.file.name


class CsvTable:
    """A CSV file whose header and first rows have been looked at.

    Args:
        file: the file.
        reading: what the user said about header, delimiter and decimal mark.
        delimiter: what separates the cells unless the user said; None takes what the first lines
            show.
        is_part: is it one of several files, any of which may have no rows?

    Raises:
        DataError: the file is empty, has no rows, is no UTF-8 text, or its header is unclear.
    """

    parts = None

    def __init__(
        self,
        file: Stored,
        reading: Reading = AS_IT_IS,
        *,
        delimiter: str | None = None,
        is_part: bool = False,
    ) -> None:
        self.name = file.name
        head = look_at_head(file, reading, delimiter)
        if not head.has_rows and not is_part:
            hint = "a loss of nothing is not defined"
            raise DataError("has a header but no rows", path=file.name, hint=hint, code="LC122")
        self.columns: Sequence[Column] = head.columns
        self._start = head.start
        self._layout = Layout(file, head.delimiter, reading.decimal, head.columns, reading.gaps)

    def feed(
        self,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str] = (),
        coders: Mapping[str, Coder] = NO_CODERS,
    ) -> CsvFeed:
        """The rows of these columns; a cell is no list. See :class:`losscli.data.columns.Table`."""
        return CsvFeed(self._layout, self._lines, chosen, coders)

    def keys(self, column: int) -> Iterator[pa.Array]:
        """The text of a column; see :class:`losscli.data.columns.Table`."""
        lines = self._lines
        if lines.rows == 0:
            return
        parse = _Parser(self._layout, [column], [column])
        for data, first, rows in pieces(self._layout.file, lines, 0, lines.rows):
            yield from parse.text(data, first, rows)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._lines.rows

    @cached_property
    def _lines(self) -> Lines:
        return find_lines(self._layout.file, self._start, _PIECE_BYTES)


class CsvFeed(ChunkedFeed):
    """Some columns of a CSV file, by role."""

    def __init__(
        self,
        layout: Layout,
        lines: Lines,
        chosen: Mapping[str, tuple[int, ...]],
        coders: Mapping[str, Coder],
    ) -> None:
        self.name = layout.path
        self.rows = lines.rows
        self.starts = range(0, lines.rows, lines.step)
        self._layout = layout
        self._lines = lines
        selection = Selection.of(chosen, coders)
        self.positions = selection.positions
        self._columns = selection.columns
        self.roles = [self._role(role, columns, coders) for role, columns in chosen.items()]

    def _role(self, role: str, columns: tuple[int, ...], coders: Mapping[str, Coder]) -> RoleInput:
        held = [self._layout.columns[i] for i in columns]
        names = tuple(column.name for column in held)
        coder = coders.get(role)
        if coder is None:
            for column in held:
                if column.type == LISTS:
                    raise _lists_as_text(self.name, column.name)
            width = (len(columns),) if len(columns) > 1 else ()
            return RoleInput(role, self.name, names, width, held[0].type)
        length = self._first_length(columns[0], coder) if coder.row_shape and self.rows else 1
        return RoleInput(role, self.name, names, coder.row_shape, "string", length)

    def _first_length(self, column: int, coder: Coder) -> int:
        """How long the list of the first row is, at least 1."""
        with closing(self._read(0, 1, [(column, coder)])) as chunks:
            return first_length(next(chunks)[0])

    def chunks(self, start: int, stop: int, rows: int) -> Generator[Chunk, None, None]:
        """The rows ``start`` to ``stop``, piece by piece; see :class:`ChunkedFeed`."""
        return self._read(start, stop, self._columns)

    def _read(self, start: int, stop: int, columns: Columns) -> Generator[Chunk, None, None]:
        coded = [i for i, coder in columns if coder is not None]
        parse = _Parser(self._layout, sorted({i for i, _ in columns}), coded)
        for data, first, rows in pieces(self._layout.file, self._lines, start, stop):
            wanted = slice(max(start - first, 0), min(stop - first, rows))
            yield parse(data, first, rows, wanted, columns)


class _Parser:
    """Bytes of whole rows to columns of numbers, or of codes for what is ``text``.

    Arrow parses; where it finds a fault or a missing value, the rows are gone through one by one to
    say which, or to read what only Arrow did not like.
    """

    def __init__(self, layout: Layout, wanted: Sequence[int], text: Collection[int]) -> None:
        self._layout = layout
        self._wanted = wanted
        # Names may be missing or occur twice; positions do neither.
        self._names = [str(i) for i in range(len(layout.columns))]
        included = [self._names[i] for i in wanted]
        types = {
            name: pa.string() if i in text else _type(layout.columns[i])
            for name, i in zip(included, wanted, strict=True)
        }
        self._parse = pacsv.ParseOptions(
            delimiter=layout.delimiter, ignore_empty_lines=False, newlines_in_values=False
        )
        self._convert = pacsv.ConvertOptions(
            column_types=types,
            include_columns=included,
            null_values=_SPELLINGS if layout.gaps and not text else [""],
            strings_can_be_null=True,
            check_utf8=bool(text),
            decimal_point=layout.decimal,
        )

    def __call__(
        self, data: memoryview, first_row: int, rows: int, wanted: slice, columns: Columns
    ) -> Chunk:
        """The wanted ones of these ``rows`` rows, of which the first is row ``first_row``."""
        found = self._read(data, first_row, rows, wanted, columns)
        if found is not None:
            return found
        as_text = any(coder is not None and coder.row_shape for _, coder in columns)
        records = _records(bytes(data), self._layout, check=as_text)
        return read_carefully(records, self._layout, columns, first_row, rows, wanted)

    def text(self, data: memoryview, first_row: int, rows: int) -> Sequence[pa.Array]:
        """The one wanted column of these rows as text."""
        table = self._table(data)
        if table is not None and len(table) == rows:
            chunks: Sequence[pa.Array] = table.column(0).chunks
            return chunks
        found = []
        for row, cells in enumerate(_records(bytes(data), self._layout)):
            _check_cells(cells, self._layout, first_row + row)
            found.append(cells[self._wanted[0]] or None)
        return [pa.array(found, pa.string())]

    def _read(
        self, data: memoryview, first_row: int, rows: int, wanted: slice, columns: Columns
    ) -> Chunk | None:
        """The columns; None if a number is missing or something is wrong."""
        table = self._table(data)
        if table is None or len(table) != rows:
            return None
        has_gaps = any(table.column(self._names[i]).null_count for i, c in columns if c is None)
        if has_gaps and not self._layout.gaps:
            return None
        start, count = wanted.start, wanted.stop - wanted.start
        found: list[Numbers | Ragged] = []
        for i, coder in columns:
            column = table.column(self._names[i])
            if coder is not None:
                name, gaps = self._layout.columns[i].name, self._layout.gaps
                place = Place(self._layout.path, name, first_row + start, gaps=gaps)
                cells = column.slice(start, count).combine_chunks()
                # A text may be empty; for what names something an empty cell is a missing name.
                found.append(coder.encode(cells.fill_null("") if coder.row_shape else cells, place))
                continue
            values = _to_numpy(column, _type(self._layout.columns[i]))
            if values is None or may_be_rounded(values):
                return None
            found.append(values[wanted])
        return found

    def _table(self, data: memoryview) -> pa.Table | None:
        read = pacsv.ReadOptions(
            use_threads=False, block_size=len(data) + 1, column_names=self._names
        )
        try:
            return pacsv.read_csv(pa.BufferReader(data), read, self._parse, self._convert)
        except pa.ArrowInvalid:
            return None


def _type(column: Column) -> pa.DataType:
    """The Arrow type that a column of numbers is read as."""
    return _TYPES.get(column.type, pa.float64())


def _to_numpy(column: pa.ChunkedArray, kind: pa.DataType) -> Numbers | None:
    """The numbers of a column, which is text if codes are wanted too; None where it has others."""
    if column.type != kind:
        import pyarrow.compute as pc

        try:
            column = pc.utf8_trim_whitespace(column).cast(kind)
        except pa.ArrowInvalid:
            return None
    if column.null_count:
        column = column.cast(pa.float64()).fill_null(np.nan)
    parts = [values_of(chunk) for chunk in column.chunks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def read_carefully(
    records: Iterable[list[str]],
    layout: Layout,
    columns: Columns,
    first_row: int,
    rows: int,
    wanted: slice,
) -> Chunk:
    """The same columns cell by cell, slowly, to name what is wrong.

    Raises:
        DataError: a line is blank or has not as many cells as others; a value is missing or text.
    """
    values: list[list[float]] = [[] for _ in columns]
    texts: list[list[str]] = [[] for _ in columns]
    as_text = any(coder is not None and coder.row_shape for _, coder in columns)
    row = -1
    for row, cells in enumerate(records):
        if wanted.start <= row < wanted.stop:
            _check_cells(cells, layout, first_row + row, as_text)
            for at, (i, coder) in enumerate(columns):
                if coder is not None:
                    texts[at].append(cells[i])
                    continue
                place = Place(
                    layout.path, layout.columns[i].name, first_row + row, gaps=layout.gaps
                )
                values[at].append(_read_cell(cells[i], place, layout))
    if row + 1 != rows:
        raise DataError(
            f"rows {first_row + 1} to {first_row + rows} are {rows} lines but {row + 1} records",
            path=layout.path,
            hint="look for stray quotes and carriage returns",
            code="LC160",
        )
    start = first_row + wanted.start
    return [
        np.array(values[at])
        if coder is None
        else _encoded(
            texts[at], coder, Place(layout.path, layout.columns[i].name, start, gaps=layout.gaps)
        )
        for at, (i, coder) in enumerate(columns)
    ]


def _encoded(texts: list[str], coder: Coder, place: Place) -> Numbers | Ragged:
    held = texts if coder.row_shape else [text or None for text in texts]
    try:
        column = pa.array(held, pa.string())
    except UnicodeEncodeError:
        row = next(i for i, text in enumerate(texts) if not _is_unicode(text))
        raise place.fault("is no UTF-8 text", row, "save the file as UTF-8", code="LC160") from None
    return coder.encode(column, place)


def _is_unicode(text: str) -> bool:
    return text == text.encode("utf-8", "replace").decode("utf-8")


def _check_cells(cells: list[str], layout: Layout, row: int, as_text: bool = False) -> None:
    expected = len(layout.columns)
    place = Place(layout.path, None, row)
    # Where a row is one cell, a blank line is an empty one.
    may_be_blank = expected == 1 and (layout.gaps or as_text)
    if may_be_blank and not cells:
        cells.append("")
    if not cells or (len(cells) == 1 and cells[0].isspace() and not may_be_blank):
        raise place.fault(
            "blank line", hint="remove it, or write the value that is missing", code="LC128"
        )
    if len(cells) != expected:
        mark = NAMES.get(layout.delimiter, repr(layout.delimiter))
        quotes = f"cells that hold {mark} of their own need quotes"
        count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        raise place.fault(
            f"has {count}, not {expected} as the first line",
            hint=f"does the first line name the row names that R writes? {quotes}"
            if len(cells) == expected + 1
            else f"is it cut off? {quotes}",
            code="LC160",
        )


def _read_cell(cell: str, place: Place, layout: Layout) -> float:
    text = cell.strip()
    if text.casefold() in MISSING:
        if place.gaps:
            return math.nan
        raise place.missing(0)
    boolean = BOOLEANS.get(text.casefold())
    if boolean is not None:
        return boolean
    value = number(text, layout.decimal)
    if value is None:
        raise _no_number(text, place, layout)
    check_rounding(text, value, place)
    return value


def _no_number(text: str, place: Place, layout: Layout) -> DataError:
    other = "," if layout.decimal == "." else "."
    if number(text, other) is None:
        hint, code = _what_it_looks_like(text, layout), "LC162"
    else:
        name = "comma" if other == "," else "point"
        hint, code = f"a decimal {name}? say --decimal {other}", "LC152"
    return place.fault(f"{_show(text)} is not a number", hint=hint, code=code)


def _lists_as_text(path: str, column: str) -> DataError:
    return DataError(
        "holds lists that are written as text",
        path=path,
        column=column,
        hint="write a column for each element, or Parquet or JSON Lines, which have lists",
        code="LC162",
    )


def _show(text: str) -> str:
    return repr(text) if len(text) <= 40 else f"{text[:37]!r}..."


def _what_it_looks_like(text: str, layout: Layout) -> str:
    for mark, name in NAMES.items():
        if mark in text and mark not in (layout.delimiter, layout.decimal):
            return f"are the cells separated by {name}? say {option(mark)}"
    if text.isascii() and any(map(str.isalpha, text)):
        return "if these are class names: labels must be class indices 0 .. C-1"
    return "choose another column with -c ROLE=NAME"


def _records(data: bytes, layout: Layout, *, check: bool = False) -> Iterator[list[str]]:
    # Text of another encoding may stand in columns that nobody asked for; to check it, bytes that
    # are no text become surrogates.
    errors = "surrogateescape" if check else "backslashreplace"
    text = StringIO(data.decode("utf-8", errors), newline="")
    try:
        yield from csv.reader(text, delimiter=layout.delimiter)
    except csv.Error as error:
        raise DataError(f"cannot be read as CSV: {error}", path=layout.path, code="LC160") from None
