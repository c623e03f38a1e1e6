"""Tables whose rows belong together by key, as tables whose rows stand in the same order.

The order is that of the first table, and everything behind sees nothing else: roles, groups,
weights and slices work as they do with rows that pair by position. Only the columns that are asked
for are put in order, when they are read.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.data.arrow import from_integers
from losscli.data.columns import Table
from losscli.data.feed import Inputs
from losscli.data.keys import KeyColumns, find_keys
from losscli.data.ordered import OrderedTable
from losscli.data.pairing import Pairing, pair
from losscli.data.reading import Reading
from losscli.results import JoinedTable, JoinRecord


@dataclass(frozen=True, slots=True)
class Joined:
    """Tables with the same rows in the same order.

    Attributes:
        tables: in the order in which they were given.
        keys: which of the columns of each table are its key.
        record: what was found.
        names: what the rows are called.
    """

    tables: tuple[Table, ...]
    keys: tuple[KeyColumns, ...]
    record: JoinRecord
    names: RowKeys

    def apply(self, inputs: Inputs) -> Inputs:
        """The inputs, which were read from the tables, with what is known of the join."""
        return replace(inputs, row_keys=self.names, join=self.record)

    def columns(self, table: Table) -> tuple[int, ...]:
        """The key of one of the tables, as positions."""
        at = next(i for i, known in enumerate(self.tables) if known is table)
        return self.keys[at].columns


def align_tables(tables: Sequence[Table], reading: Reading) -> Joined:
    """Bring the rows of tables together by the keys that ``reading.on`` names.

    Args:
        tables: the first one says which rows there are, and in which order.
        reading: the names of the keys, what becomes of rows without a partner, and the memory that
            may be used before the work goes to disk.

    Raises:
        UsageError: a key is named twice, or not at all.
        DataError: a table does not have a key, or a key is missing, occurs twice, or is not in
            every table.
        OutputError: there is no room for temporary files.
    """
    keyed = find_keys(tables, reading.on)
    pairing = pair(keyed, reading.memory, drop=reading.on_missing == "drop")
    ordered = tuple(
        table if target is None else OrderedTable(table, target, pairing.rows, reading.memory)
        for table, target in zip(tables, pairing.targets, strict=True)
    )
    names = RowKeys(keyed[0], pairing.kept, ordered[0], reading.memory)
    return Joined(ordered, tuple(keyed), _record(keyed, pairing), names)


def _record(keyed: Sequence[KeyColumns], pairing: Pairing) -> JoinRecord:
    tables = zip(keyed, pairing.counts, pairing.alone, pairing.targets, strict=True)
    return JoinRecord(
        on=keyed[0].names,
        rows=pairing.rows,
        tables=tuple(
            JoinedTable(
                keys.table.name, keys.names, count, alone, count - pairing.rows, target is not None
            )
            for keys, count, alone, target in tables
        ),
    )


class RowKeys:
    """What the rows are called. Keys are read again when they are asked for, in ascending order.

    Memory holds one chunk of them, however many rows there are.

    Args:
        keys: those of the first table.
        kept: which of its rows stay; None if all do.
        table: the first table, without the others.
        memory: bytes that may be used before work goes to disk.
    """

    def __init__(
        self, keys: KeyColumns, kept: NDArray[np.bool_] | None, table: Table, memory: int
    ) -> None:
        self.column = ", ".join(keys.names)
        self._keys = keys
        self._kept = kept
        self._table = table
        self._memory = memory
        self._chunks: Generator[Any, None, None] | None = None
        self._held: Sequence[str] = ()
        self._start = 0

    def key(self, i: int) -> str:
        """The key of row ``i``; cheap where it follows the one asked for before."""
        return self._keys.shown(self.text(i))

    def text(self, i: int) -> str:
        """The same as one text that :meth:`align` knows again."""
        if self._chunks is None or i < self._start:
            self._chunks = self._texts()
            self._held, self._start = (), 0
        while i >= self._start + len(self._held):
            self._start += len(self._held)
            self._held = next(self._chunks).to_pylist()
        return self._held[i - self._start]

    def align(self, table: Table, column: int, hint: str) -> Table:
        """A table with as many rows, in the order of these.

        Args:
            table: what was kept of rows that have the same keys.
            column: which of its columns has what :meth:`text` gave.
            hint: what to do where keys differ.

        Raises:
            DataError: a key is missing, occurs twice, or is not on both sides.
            OutputError: there is no room for temporary files.
        """
        own = self._keys.columns
        keyed = KeyColumns(self._table, own), KeyColumns(table, (column,), len(own))
        pairing = pair(keyed, self._memory, drop=False, hint=hint)
        target = pairing.targets[1]
        return table if target is None else OrderedTable(table, target, pairing.rows, self._memory)

    def _texts(self) -> Generator[Any, None, None]:
        row = 0
        with closing(self._keys.texts()) as chunks:
            for chunk in chunks:
                kept = None if self._kept is None else self._kept[row : row + len(chunk)]
                row += len(chunk)
                yield (
                    chunk
                    if kept is None or kept.all()
                    else chunk.take(from_integers(np.flatnonzero(kept)))
                )
