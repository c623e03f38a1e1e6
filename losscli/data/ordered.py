"""A table whose rows stand in another order than in its file.

Columns are put in order when they are first read: in memory if they fit, else through files on
disk that each hold the rows of one stretch of the result.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.data.arrow import from_integers
from losscli.data.blocks import BlockCursor, Chunk
from losscli.data.buckets import Buckets
from losscli.data.columns import NO_CODERS, Column, Table
from losscli.data.feed import Feed, RoleInput, Rows
from losscli.domain import Array
from losscli.ragged import Ragged
from losscli.shapes import VARIES

if TYPE_CHECKING:
    from losscli.data.coding import Coder

Target: TypeAlias = NDArray[np.int64]

# Rows read in one go, and rows between the places where a cursor may begin.
_ROWS = 2**16
# A stretch on disk has this part of the memory, since every thread reads one of its own.
_SHARE = 32
_MOST_STEP = 22


class OrderedTable:
    """The rows of a table in another order, without those that are left out.

    Args:
        table: where the rows come from.
        target: for each row of it, its place here; negative for one that is left out.
        rows: how many rows there are here.
        memory: bytes that may be used before columns go to disk.
    """

    def __init__(self, table: Table, target: Target, rows: int, memory: int) -> None:
        self.name = table.name
        self.columns: Sequence[Column] = table.columns
        self.parts = None
        self._table = table
        self._target = target
        self._rows = rows
        self._memory = memory

    def feed(
        self,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str] = (),
        coders: Mapping[str, Coder] = NO_CODERS,
    ) -> OrderedFeed:
        """The rows of these columns; see :class:`losscli.data.columns.Table`."""
        feed = self._table.feed(chosen, lists, coders)
        return OrderedFeed(feed, self._target, self._rows, self._memory)

    def keys(self, column: int) -> Iterator[Any]:
        """What a column holds, in the order of the rows here."""
        chunks = [*self._table.keys(column)]
        whole = pa.chunked_array(chunks)
        order = np.full(self._rows, 0, np.int64)
        there = np.flatnonzero(self._target >= 0)
        order[self._target[there]] = there
        yield from whole.take(from_integers(order)).chunks


class OrderedFeed:
    """Some columns of an :class:`OrderedTable`, by role; read whole when a cursor is first used."""

    def __init__(self, feed: Feed, target: Target, rows: int, memory: int) -> None:
        self.name = feed.name
        self.rows: int | None = rows
        self.roles: Sequence[RoleInput] = [
            replace(source, row_of=self.source_row) for source in feed.roles
        ]
        self._feed = feed
        self._target = target
        self._store: _InMemory | _OnDisk = (
            _InMemory(feed.roles, rows)
            if rows * _row_bytes(feed.roles) <= memory
            else _OnDisk(feed.roles, rows, memory)
        )
        self.starts = range(0, max(rows, 1), self._store.step)
        self._lock = Lock()
        self._is_read = False

    def source_row(self, row: int) -> int:
        """The row of the file, from 0, that became this one."""
        return int(np.flatnonzero(self._target == row)[0])

    def cursor(self, start: int, stop: int | None) -> BlockCursor:
        """A walk over the rows ``start`` to ``stop``."""
        end = self.rows or 0 if stop is None else stop

        def chunks(rows: int) -> Generator[Chunk, None, None]:
            self._read()
            yield from self._store.chunks(start, end)

        positions = {source.role: (i,) for i, source in enumerate(self.roles)}
        return BlockCursor(self.roles, positions, end - start, chunks)

    def _read(self) -> None:
        with self._lock:
            if self._is_read:
                return
            with closing(self._feed.cursor(0, None)) as cursor:
                row = 0
                while row < len(self._target):
                    read = cursor.read(self._store.rows_at_once)
                    values = [read[source.role] for source in self.roles]
                    target = self._target[row : row + len(values[0])]
                    row += len(target)
                    there = np.flatnonzero(target >= 0)
                    if len(there) < len(target):
                        target, values = target[there], [_taken(x, there) for x in values]
                    self._store.add(values, target)
            self._store.finish()
            self._is_read = True


def _row_bytes(roles: Sequence[RoleInput]) -> int:
    """What a row takes in memory; lists are taken to be as long as the first."""
    return sum(8 * max(abs(prod(source.shape)) * source.length, 1) for source in roles)


def _taken(rows: Rows, places: NDArray[Any]) -> Rows:
    return rows.take(places) if isinstance(rows, Ragged) else rows[places]


def _in_order(pieces: Sequence[tuple[Rows, Target]], shape: tuple[int, ...]) -> Rows:
    """The rows of all pieces, each of which says where its rows go."""
    if not pieces:
        return np.empty((0, *shape))
    order = np.argsort(np.concatenate([target for _, target in pieces]))
    lists = [rows for rows, _ in pieces if isinstance(rows, Ragged)]
    if lists:
        return Ragged.joined(lists).take(order)
    return _taken(np.concatenate([np.asarray(rows) for rows, _ in pieces]), order)


class _InMemory:
    """All rows of all roles, in order."""

    step = rows_at_once = _ROWS

    def __init__(self, roles: Sequence[RoleInput], rows: int) -> None:
        self._roles = roles
        self._rows = rows
        self._arrays: dict[int, Array] = {}
        self._lists: dict[int, list[tuple[Rows, Target]]] = {}
        self._columns: list[Rows] = []

    def add(self, values: Sequence[Rows], target: Target) -> None:
        """Take in rows, and where they go."""
        for i, x in enumerate(values):
            if isinstance(x, Ragged):
                # Where a list goes depends on the lengths of all before it.
                self._lists.setdefault(i, []).append((x, target))
            else:
                if i not in self._arrays:
                    self._arrays[i] = np.empty((self._rows, *x.shape[1:]))
                self._arrays[i][target] = x

    def finish(self) -> None:
        """All rows are there."""
        self._columns = [
            _in_order(self._lists.pop(i), ()) if i in self._lists else self._arrays.pop(i)
            for i in range(len(self._roles))
        ]

    def chunks(self, start: int, stop: int) -> Generator[Chunk, None, None]:
        """The rows ``start`` to ``stop``."""
        yield [column[start:stop] for column in self._columns]


class _OnDisk:
    """Rows on disk, those of ``step`` neighbours together."""

    def __init__(self, roles: Sequence[RoleInput], rows: int, memory: int) -> None:
        fitting = max(memory // _SHARE // _row_bytes(roles), 1)
        self.step = 1 << min(fitting.bit_length() - 1, _MOST_STEP)
        # Many rows at a time, so that what goes to one stretch is worth a write of its own.
        self.rows_at_once = max(self.step, _ROWS)
        self._roles = roles
        self._shelves = [Buckets() for _ in roles]

    def add(self, values: Sequence[Rows], target: Target) -> None:
        """Take in rows, and where they go."""
        stretch = target // self.step
        order = np.argsort(stretch, kind="stable")
        found, begins = np.unique(stretch[order], return_index=True)
        ends = [*begins[1:].tolist(), len(order)]
        for number, begin, end in zip(found.tolist(), begins.tolist(), ends, strict=True):
            places = order[begin:end]
            for shelf, x in zip(self._shelves, values, strict=True):
                shelf.put(number, _packed(_taken(x, places), target[places]))

    def finish(self) -> None:
        """All rows are there."""

    def chunks(self, start: int, stop: int) -> Generator[Chunk, None, None]:
        """The rows ``start`` to ``stop``, a stretch at a time."""
        for number in range(start // self.step, -(-stop // self.step)):
            columns = [
                _in_order([_unpacked(data, role.shape) for data in shelf.take(number)], role.shape)
                for role, shelf in zip(self._roles, self._shelves, strict=True)
            ]
            first = number * self.step
            yield [column[max(start - first, 0) : stop - first] for column in columns]


def _packed(rows: Rows, target: Target) -> bytes:
    parts = [np.array([len(target)], np.int64), np.ascontiguousarray(target)]
    if isinstance(rows, Ragged):
        parts.append(rows.lengths)
    values = rows.values if isinstance(rows, Ragged) else rows
    return b"".join(part.tobytes() for part in (*parts, values))


def _unpacked(data: bytearray, shape: tuple[int, ...]) -> tuple[Rows, Target]:
    counts = np.frombuffer(data, np.int64)
    n = int(counts[0])
    target = counts[1 : n + 1]
    varies = shape[:1] == (VARIES,)
    inner = shape[1:] if varies else shape
    values = np.frombuffer(data, np.float64)[(2 if varies else 1) * n + 1 :].reshape(-1, *inner)
    if not varies:
        return values, target
    return Ragged(values, np.concatenate([[0], np.cumsum(counts[n + 1 : 2 * n + 1])])), target
