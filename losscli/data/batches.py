"""Tables that come in Arrow batches: Parquet, Arrow IPC, JSON Lines. A format says how to get them.

A file has pieces that can be entered: row groups, batches, runs of lines. Whoever walks over rows
asks for the batches from one piece on and takes of them what is wanted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from math import prod
from typing import TYPE_CHECKING

import pyarrow as pa

from losscli.data.arrow import column, element, is_tensor, lists, numbers, row_shape
from losscli.data.blocks import Chunk, ChunkedFeed
from losscli.data.columns import NO_CODERS, Column
from losscli.data.feed import RoleInput
from losscli.data.place import Numbers, Place
from losscli.data.selection import Selection
from losscli.data.stored import without_secrets
from losscli.errors import DataError
from losscli.ragged import Ragged, first_length
from losscli.shapes import VARIES

if TYPE_CHECKING:
    from losscli.data.coding import Coder

# A batch costs some microseconds for each column, but should stay in cache.
_BATCH_VALUES = 2**17
MOST_ROWS = 2**16

# What a file with bytes gone bad makes Arrow raise.
BROKEN = (pa.ArrowException, OSError, UnicodeError)


def unreadable(format: str, path: str, error: Exception, row: int | None = None) -> DataError:
    """What Arrow says of a file of this format, at the row, from 0, where it stopped."""
    text, code = without_secrets(str(error)).rstrip("."), "LC160"
    hint = "was it copied or written to the end? write the file again"
    if isinstance(error, MemoryError):
        text, code = f"it asks for more memory than may be used ({text})", "LC164"
        hint = "is it damaged? if it is not, write it in smaller row groups or batches"
    return DataError(
        f"cannot be read as {format}: {text}",
        path=path,
        row=None if row is None else row + 1,
        hint=hint,
        code=code,
    )


class BatchTable(ABC):
    """A file of Arrow batches.

    Attributes:
        name: what messages call it.
        schema: the type of every column.
        columns: the same, for the rules that choose columns.
        gaps: may values be missing?
    """

    parts = None

    def __init__(self, name: str, schema: pa.Schema, *, gaps: bool = False) -> None:
        self.name = name
        self.gaps = gaps
        self.schema = schema
        try:
            self.columns: Sequence[Column] = [column(field) for field in schema]
        except UnicodeError:
            hint = "was it copied or written to the end? write the file again"
            raise DataError(
                "has a column whose name is no text", path=name, hint=hint, code="LC160"
            ) from None

    @property
    @abstractmethod
    def bounds(self) -> Sequence[int]:
        """The first row of each piece, and behind them how many rows there are."""

    @abstractmethod
    def batches(
        self, names: Sequence[str], piece: int, stop: int, rows: int, coded: Collection[str] = ()
    ) -> Generator[pa.RecordBatch, None, None]:
        """Some columns, in order from a piece on, at least up to row ``stop``.

        Args:
            names: of the columns.
            piece: the piece to begin with.
            stop: the row to end before; more may come.
            rows: a good number of rows for a batch.
            coded: columns of which only the different values matter.

        Raises:
            DataError: the file is damaged.
        """

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.bounds[-1]

    def feed(
        self,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str] = (),
        coders: Mapping[str, Coder] = NO_CODERS,
    ) -> BatchFeed:
        """The rows of these columns; see :class:`losscli.data.columns.Table`."""
        return BatchFeed(self, chosen, lists, coders)

    def keys(self, column: int) -> Iterator[pa.Array]:
        """What a column holds; see :class:`losscli.data.columns.Table`."""
        for batch in self.batches([self.columns[column].name], 0, self.rows, MOST_ROWS):
            yield batch.column(0)


class BatchFeed(ChunkedFeed):
    """Some columns of a table that comes in batches, by role."""

    def __init__(
        self,
        table: BatchTable,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str],
        coders: Mapping[str, Coder],
    ) -> None:
        self.name = table.name
        self._table = table
        selection = Selection.of(chosen, coders)
        self.positions = selection.positions
        self._names = [table.columns[i].name for i, _ in selection.columns]
        self._coders = [coder for _, coder in selection.columns]
        self.rows = table.rows
        self.starts = sorted({start for start in table.bounds if start < self.rows}) or [0]
        may_vary = {i for role in lists for i in chosen.get(role, ())}
        firsts = [
            self._first_row(table.columns[i], i in may_vary)
            if coder is None
            else self._first_codes(table.columns[i], coder)
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
        place = Place(self.name, column.name, gaps=self._table.gaps)
        array = self._first_there(column.name) if place.gaps else self._first(column.name)
        if not may_vary or is_tensor(array.type):
            return row_shape(array, place), 1
        first = lists(array, place)
        return (VARIES, *first.values.shape[1:]), max(len(first.values), 1)

    def _first_codes(self, column: Column, coder: Coder) -> tuple[tuple[int, ...], int]:
        """The same of what a coder makes."""
        if not coder.row_shape or self.rows == 0:
            return coder.row_shape, 1
        place = Place(self.name, column.name, gaps=self._table.gaps)
        return coder.row_shape, first_length(coder.encode(self._first(column.name), place))

    def _first(self, column: str) -> pa.Array:
        with closing(self._table.batches([column], 0, 1, 1)) as batches:
            return next(batch for batch in batches if batch.num_rows).column(0)[:1]

    def _first_there(self, column: str) -> pa.Array:
        """The first value that is not missing."""
        with closing(self._table.batches([column], 0, self.rows, MOST_ROWS)) as batches:
            for batch in batches:
                there = batch.column(0).drop_null()[:1]
                if len(there):
                    return there
        raise DataError("holds no value in any row", path=self.name, column=column, code="LC128")

    def _role(self, role: str, columns: tuple[int, ...]) -> RoleInput:
        at = self.positions[role][0]
        shape = (len(columns),) if len(columns) > 1 else self._shapes[at]
        stored, _ = element(self._table.schema.field(columns[0]).type)
        names = tuple(self._table.columns[i].name for i in columns)
        return RoleInput(role, self.name, names, shape, str(stored), self._lengths[at])

    def chunks(self, start: int, stop: int, rows: int) -> Generator[Chunk, None, None]:
        """The rows ``start`` to ``stop``; see :class:`ChunkedFeed`."""
        names = list(dict.fromkeys(self._names))
        coders = zip(self._names, self._coders, strict=True)
        coded = {name for name, coder in coders if coder is not None and not coder.row_shape}
        bounds = self._table.bounds
        piece = bisect_right(bounds, start) - 1
        row = bounds[piece]
        with closing(
            self._table.batches(names, piece, stop, self._batch_rows(rows), coded)
        ) as batches:
            for batch in batches:
                skip = max(start - row, 0)
                wanted = batch.slice(skip, max(min(stop - row, batch.num_rows) - skip, 0))
                if wanted.num_rows:
                    yield self._columns(wanted, row + skip)
                row += batch.num_rows
                if row >= stop:
                    return

    def _batch_rows(self, block: int) -> int:
        """Rows decoded in one go: whole blocks, and several where rows are wide."""
        sizes = [abs(prod(shape)) * n for shape, n in zip(self._shapes, self._lengths, strict=True)]
        values = max(sum(sizes), 1)
        return max(min(_BATCH_VALUES // values, MOST_ROWS) // block, 1) * block

    def _columns(self, batch: pa.RecordBatch, row: int) -> Chunk:
        wanted = zip(self._names, self._shapes, self._coders, strict=True)
        return [
            self._column(
                batch.column(name), Place(self.name, name, row, gaps=self._table.gaps), shape, coder
            )
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
    if column.is_text:
        hint += "; numbers that are text need a cast, labels must be class indices 0 .. C-1"
    return DataError(
        f"holds {column.type}, not numbers", path=path, column=column.name, hint=hint, code="LC162"
    )
