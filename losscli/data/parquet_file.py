"""Parquet: rows in groups, each decoded on its own, a few pages at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.data.arrow import column, element, is_tensor, lists, numbers, row_shape
from losscli.data.blocks import BlockCursor, Chunk
from losscli.data.columns import NO_CODERS, Column
from losscli.data.feed import RoleInput
from losscli.data.place import Numbers, Place
from losscli.data.selection import Selection
from losscli.data.stored import Stored
from losscli.errors import DataError
from losscli.ragged import Ragged
from losscli.shapes import VARIES

if TYPE_CHECKING:
    from losscli.data.coding import Coder

# With a buffer, pages are read as they are decoded; without, a whole column of a row group is held.
_BUFFER_BYTES = 2**16
# A batch costs some microseconds for each column, but should stay in cache.
_BATCH_VALUES = 2**17
_MOST_ROWS = 2**16

# Types that Parquet keeps as a dictionary, and can give as one.
_TEXT = ("string", "large_string", "binary")

# What a file with bytes gone bad makes Arrow raise.
_BROKEN = (pa.ArrowException, OSError, UnicodeError)


class ParquetTable:
    """A Parquet file whose footer has been read.

    Raises:
        DataError: the file is cut off, or not Parquet after all.
    """

    def __init__(self, file: Stored) -> None:
        self.name = file.name
        self._stored = file
        try:
            with pq.ParquetFile(file.path) as opened:
                self.metadata = opened.metadata
                self.schema: pa.Schema = opened.schema_arrow
        except _BROKEN as error:
            raise _unreadable(file.name, error) from None
        self.columns: Sequence[Column] = [column(field) for field in self.schema]

    def feed(
        self,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str] = (),
        coders: Mapping[str, Coder] = NO_CODERS,
    ) -> ParquetFeed:
        """The rows of these columns; see :class:`losscli.data.columns.Table`."""
        return ParquetFeed(self, chosen, lists, coders)

    def keys(self, column: int) -> Iterator[pa.Array]:
        """What a column holds; see :class:`losscli.data.columns.Table`."""
        name = self.columns[column].name
        try:
            with self.open() as file:
                for batch in file.iter_batches(_MOST_ROWS, columns=[name], use_threads=False):
                    yield batch.column(0)
        except _BROKEN as error:
            raise _unreadable(self.name, error) from None

    def open(self, dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
        """The file, for one thread; its footer is not read again.

        Columns of text in ``dictionaries`` come as each different text once, and indices.
        """
        return pq.ParquetFile(
            self._stored.path,
            metadata=self.metadata,
            read_dictionary=list(dictionaries),
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
            page_checksum_verification=True,
        )


class ParquetFeed:
    """Some columns of a Parquet file, by role."""

    def __init__(
        self,
        table: ParquetTable,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str],
        coders: Mapping[str, Coder],
    ) -> None:
        self.name = table.name
        self._table = table
        selection = Selection.of(chosen, coders)
        self._positions = selection.positions
        self._names = [table.columns[i].name for i, _ in selection.columns]
        self._coders = [coder for _, coder in selection.columns]
        self._texts = [
            table.columns[i].name
            for i, coder in selection.columns
            if coder is not None and table.columns[i].type in _TEXT
        ]
        sizes = [table.metadata.row_group(i).num_rows for i in range(table.metadata.num_row_groups)]
        self._bounds = [0, *accumulate(sizes)]
        self.rows = self._bounds[-1]
        self.starts = sorted({start for start in self._bounds if start < self.rows}) or [0]
        may_vary = {i for role in lists for i in chosen.get(role, ())}
        firsts = [
            self._first_row(table.columns[i], i in may_vary) if coder is None else ((), 1)
            for i, coder in selection.columns
        ]
        self._shapes = [shape for shape, _ in firsts]
        self._lengths = [length for _, length in firsts]
        self.roles = [self._role(role, columns) for role, columns in chosen.items()]

    def _first_row(self, column: Column, may_vary: bool) -> tuple[tuple[int, ...], int]:
        """The shape of a row, and how many lengths of its first axis the first row has."""
        if not column.is_number:
            raise _not_numbers(self.name, column)
        if not column.is_list or self.rows == 0:
            return (), 1
        try:
            with self._table.open() as file:
                batch = next(file.iter_batches(1, columns=[column.name], use_threads=False))
        except _BROKEN as error:
            raise _unreadable(self.name, error, 0) from None
        array, place = batch.column(column.name), Place(self.name, column.name)
        if not may_vary or is_tensor(array.type):
            return row_shape(array, place), 1
        first = lists(array, place)
        return (VARIES, *first.values.shape[1:]), max(len(first.values), 1)

    def _role(self, role: str, columns: tuple[int, ...]) -> RoleInput:
        used = [self._table.columns[i] for i in columns]
        at = self._positions[role][0]
        shape = (len(columns),) if len(columns) > 1 else self._shapes[at]
        stored, _ = element(self._table.schema.field(columns[0]).type)
        names = tuple(c.name for c in used)
        return RoleInput(role, self.name, names, shape, str(stored), self._lengths[at])

    def cursor(self, start: int, stop: int | None) -> BlockCursor:
        """A walk over the rows ``start`` to ``stop``, with its own handle on the file."""
        end = self.rows if stop is None else stop

        def chunks(rows: int) -> Generator[Chunk, None, None]:
            return self._chunks(start, end, rows)

        return BlockCursor(self.roles, self._positions, end - start, chunks)

    def _chunks(self, start: int, stop: int, rows: int) -> Generator[Chunk, None, None]:
        names = list(dict.fromkeys(self._names))
        first = bisect_right(self._bounds, start) - 1
        groups = [i for i in range(first, len(self._bounds) - 1) if self._bounds[i] < stop]
        row = self._bounds[first]
        try:
            with self._table.open(self._texts) as file:
                for batch in file.iter_batches(
                    self._batch_rows(rows),
                    row_groups=groups,
                    columns=names,
                    use_threads=False,
                ):
                    skip = max(start - row, 0)
                    wanted = batch.slice(skip, max(min(stop - row, batch.num_rows) - skip, 0))
                    if wanted.num_rows:
                        yield self._columns(wanted, row + skip)
                    row += batch.num_rows
        except _BROKEN as error:
            raise _unreadable(self.name, error, row) from None

    def _batch_rows(self, block: int) -> int:
        """Rows decoded in one go: whole blocks, and several where rows are wide."""
        sizes = [abs(prod(shape)) * n for shape, n in zip(self._shapes, self._lengths, strict=True)]
        values = max(sum(sizes), 1)
        return max(min(_BATCH_VALUES // values, _MOST_ROWS) // block, 1) * block

    def _columns(self, batch: pa.RecordBatch, row: int) -> Chunk:
        wanted = zip(self._names, self._shapes, self._coders, strict=True)
        return [
            self._column(batch.column(name), Place(self.name, name, row), shape, coder)
            for name, shape, coder in wanted
        ]

    def _column(
        self, array: pa.Array, place: Place, shape: tuple[int, ...], coder: Coder | None
    ) -> Numbers | Ragged:
        if coder is not None:
            return coder.encode(array, place)
        if shape[:1] == (VARIES,):
            return lists(array, place, shape[1:])
        return numbers(array, place, shape)


def _not_numbers(path: str, column: Column) -> DataError:
    hint = "choose another column with -c ROLE=NAME"
    if "string" in column.type:
        hint += "; labels must be class indices 0 .. C-1, not names"
    return DataError(f"holds {column.type}, not numbers", path=path, column=column.name, hint=hint)


def _unreadable(path: str, error: Exception, row: int | None = None) -> DataError:
    return DataError(
        f"cannot be read as Parquet: {str(error).rstrip('.')}",
        path=path,
        row=None if row is None else row + 1,
        hint="was it copied or written to the end? write the file again",
    )
