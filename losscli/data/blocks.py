"""Chunks of columns, as a file yields them, become the blocks of rows that the engine asks for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from losscli.data.feed import RoleInput, Rows
from losscli.data.place import Numbers
from losscli.domain import Array
from losscli.errors import DataError
from losscli.ragged import Ragged
from losscli.shapes import VARIES

# Some rows of every column that is read: of one number of rows, of any type of number.
Chunk: TypeAlias = Sequence[Numbers | Ragged]
# Called with the rows of a block, which is a good size for a chunk.
Chunks: TypeAlias = Callable[[int], Generator[Chunk, None, None]]


class BlockCursor:
    """A cursor over chunks, cut anew into blocks with as few copies as possible.

    A block that lies in one chunk is a view of it. Several columns become those of one matrix in
    Fortran order, so that each is copied as a whole; a column of lists is a matrix in C order.
    """

    def __init__(
        self,
        roles: Sequence[RoleInput],
        columns: Mapping[str, tuple[int, ...]],
        rows: int,
        chunks: Chunks,
    ) -> None:
        self._roles = roles
        self._columns = columns
        self._left = rows
        self._open = chunks
        self._chunks: Generator[Chunk, None, None] | None = None
        self._chunk: Chunk = ()
        self._used = self._size = 0

    def read(self, n: int) -> Mapping[str, Rows]:
        """The next ``n`` rows of each role, float64; see :meth:`losscli.data.feed.Cursor.read`."""
        if self._chunks is None:
            self._chunks = self._open(n)
        rows = min(n, self._left)
        parts = self._take(rows)
        self._left -= rows
        return {role.role: self._join(role, parts, rows) for role in self._roles}

    def _join(self, role: RoleInput, parts: Sequence[Chunk], rows: int) -> Rows:
        columns = self._columns[role.role]
        if len(columns) > 1:
            return _as_matrix(parts, columns, rows)
        pieces: list[Any] = [part[columns[0]] for part in parts]
        if role.shape[:1] == (VARIES,):
            return Ragged.joined(pieces)
        if len(pieces) == 1:
            return np.ascontiguousarray(pieces[0], np.float64)
        return np.concatenate(pieces, dtype=np.float64) if pieces else np.empty((0, *role.shape))

    def _take(self, rows: int) -> list[Chunk]:
        parts: list[Chunk] = []
        while rows:
            if self._used == self._size:
                self._advance()
            stop = min(self._used + rows, self._size)
            parts.append([column[self._used : stop] for column in self._chunk])
            rows -= stop - self._used
            self._used = stop
        return parts

    def _advance(self) -> None:
        self._chunk = next(self._chunks or iter(()), ())
        if not self._chunk:
            raise DataError(
                f"ended {self._left} rows early: it changed while it was read",
                path=self._roles[0].path,
                code="LC160",
            )
        self._used, self._size = 0, len(self._chunk[0])

    def close(self) -> None:
        """Let go of the file."""
        if self._chunks is not None:
            self._chunks.close()


class ChunkedFeed(ABC):
    """A feed that comes in chunks.

    Attributes:
        name: what a message calls it.
        roles: what it holds.
        rows: how many rows there are.
        starts: rows at which chunks are found cheaply.
        positions: by role, which of the columns of a chunk are its own.
    """

    name: str
    roles: Sequence[RoleInput]
    rows: int
    starts: Sequence[int]
    positions: Mapping[str, tuple[int, ...]]

    @abstractmethod
    def chunks(self, start: int, stop: int, rows: int) -> Generator[Chunk, None, None]:
        """The rows ``start`` to ``stop``; ``rows`` is a good size for a chunk."""

    def cursor(self, start: int, stop: int | None) -> BlockCursor:
        """A walk over the rows ``start`` to ``stop``, with its own handle on the file."""
        end = self.rows if stop is None else stop

        def chunks(rows: int) -> Generator[Chunk, None, None]:
            return self.chunks(start, end, rows)

        return BlockCursor(self.roles, self.positions, end - start, chunks)


def _as_matrix(parts: Sequence[Chunk], columns: tuple[int, ...], rows: int) -> Array:
    matrix = np.empty((len(columns), rows))
    start = 0
    for part in parts:
        stop = start + len(part[0])
        for target, column in zip(matrix, columns, strict=True):
            target[start:stop] = np.asarray(part[column])
        start = stop
    return matrix.T
