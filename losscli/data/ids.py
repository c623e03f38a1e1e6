"""Columns that name rows, such as ``id``, in files whose rows pair by position: do they agree?

They travel with the rows as fingerprints of their text, so that the check costs one more column
in the one pass, and no memory. Values are looked up again only to say what differs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from threading import Lock

import numpy as np
import pyarrow as pa

from losscli.data.coding import Labels
from losscli.data.columns import Table, distinct, id_columns
from losscli.data.labelled import Labelled
from losscli.data.partitions import fingerprints
from losscli.data.place import Place
from losscli.domain import Array

# Columns that often do nothing but count the rows of their own file.
_INDEX_LIKE = re.compile(r"|index|row|unnamed: \d+|__index_level_\d+__")


class Ids(Labels):
    """Fingerprints of what names a row: equal for equal text, with 53 bits.

    Args:
        column: what the column is called, in every table that has it.
        tables: these tables.
    """

    def __init__(self, column: str, tables: Sequence[Table]) -> None:
        super().__init__(column, "to tell rows apart")
        self.tables = tables
        self._may_count = _INDEX_LIKE.fullmatch(column.strip().casefold()) is not None
        self._are_integers = all(_is_integer(table, self.position(table)) for table in tables)
        self._lock_of_counts = Lock()
        self._is_count: bool | None = None

    def encode(self, column: pa.Array, place: Place) -> Array:
        """A fingerprint for each cell, float64; 0 where it is missing."""
        if self._are_integers:
            # Their text is the same where they are, and does not have to be written.
            column = column.cast(pa.int64(), safe=False).fill_null(0)
        else:
            column = _text(column)
        return (fingerprints(column) >> np.uint64(11)).astype(np.float64)

    def position(self, table: Table) -> int:
        """Where a table has the column."""
        return next(i for i, known in enumerate(table.columns) if known.name == self.column)

    def only_counts(self) -> bool:
        """Does the column only count the rows of one file, and mean others in another?

        An index that pandas wrote counts from 0 after ``reset_index``, and is that of a larger
        table before. The two then never agree, which says nothing about the rows. Where one is the
        other in another order it says a lot.
        """
        with self._lock_of_counts:
            if self._is_count is None:
                self._is_count = self._may_count and self._find_count()
            return self._is_count

    def _find_count(self) -> bool:
        columns = [self._numbers(table) for table in self.tables]
        counts = [x for x in columns if x is not None and _counts(x)]
        if not counts:
            return False
        return any(x is None or not np.array_equal(np.sort(x), counts[0]) for x in columns)

    def _numbers(self, table: Table) -> Array | None:
        chunks = []
        for chunk in table.keys(self.position(table)):
            with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
                chunks.append(_text(chunk).cast(pa.float64()))
                continue
            return None
        found = pa.chunked_array(chunks, pa.float64())
        return None if found.null_count else np.concatenate([np.asarray(c) for c in found.chunks])

    def at(self, table: Table, row: int) -> str:
        """What names a row of a table, for a message."""
        for chunk in table.keys(self.position(table)):
            if row < len(chunk):
                value = _text(chunk.slice(row, 1))[0].as_py()
                return "(missing)" if value is None else repr(value)
            row -= len(chunk)
        return "(no row)"


def shared_ids(tables: Sequence[Table], taken: Collection[str | None]) -> dict[str, Labelled]:
    """The columns that name rows in more than one of these tables, by a name of their own.

    Args:
        tables: whose rows pair by position.
        taken: columns that are something else.
    """
    named = [(table, id_columns(table)) for table in distinct(tables)]
    found: dict[str, Labelled] = {}
    for name in dict.fromkeys(name for _, names in named for name in names):
        having = [table for table, names in named if name in names]
        if len(having) < 2 or name in taken:
            continue
        ids = Ids(name, having)
        for i, table in enumerate(having):
            found[f"id {name} {i}"] = Labelled(ids, table, ids.position(table))
    return found


def _text(column: pa.Array) -> pa.Array:
    """The values as text; whole numbers alike, whatever their type."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _text(column.storage)
    if pa.types.is_dictionary(kind):
        return _text(column.dictionary_decode())
    if pa.types.is_floating(kind):
        with suppress(pa.ArrowInvalid):
            column = column.cast(pa.float64()).cast(pa.int64())
    with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return column.cast(pa.string())
    return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())


def _is_integer(table: Table, column: int) -> bool:
    return re.fullmatch(r"u?int\d+", table.columns[column].type) is not None


def _counts(x: Array) -> bool:
    return any(np.array_equal(x, np.arange(first, first + len(x))) for first in (0, 1))
