"""Several files as one long table, and what the names of their folders say about them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from losscli.data.blocks import Chunk, ChunkedFeed
from losscli.data.columns import NO_CODERS, Column
from losscli.data.feed import RoleInput
from losscli.data.place import Numbers, Parts, Place
from losscli.data.selection import Selection
from losscli.errors import DataError

if TYPE_CHECKING:
    from losscli.data.coding import Coder

# Numbers that are written as numbers are: 007 is a name.
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_MOST_ROWS = 2**16
# A column of folder names has one value a file; the type only says what it is called.
PARTITION = "partition"


class Part(Protocol):
    """A table that can be a part of another."""

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def rows(self) -> int: ...

    def feed(
        self,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str] = (),
        coders: Mapping[str, Coder] = NO_CODERS,
    ) -> ChunkedFeed: ...

    def keys(self, column: int) -> Iterator[pa.Array]: ...


class PartsTable:
    """Files with the same columns, one after the other.

    The order of the columns is that of the first file. Behind them come those that the names of
    the folders give, ``split=test``, unless the files have such a column.

    Args:
        name: what the user called all of them.
        tables: the files, in the order of their rows.
        folders: for each file, what the names of its folders say.
        gaps: may values be missing, of these too?

    Raises:
        DataError: the files differ in their columns, or their folders in what they say.
    """

    def __init__(
        self,
        name: str,
        tables: Sequence[Part],
        folders: Sequence[Mapping[str, str | None]],
        *,
        gaps: bool = False,
    ) -> None:
        self.name = name
        self._gaps = gaps
        self._tables = tables
        first = tables[0]
        self._at = [_positions(first, table) for table in tables]
        own = {column.name for column in first.columns}
        self._partitions = [key for key in folders[0] if key not in own]
        for table, folder in zip(tables, folders, strict=True):
            if list(folder) != list(folders[0]):
                raise _other_folders(table.name, list(folder), first.name, list(folders[0]))
        self._values = {
            key: _typed([folder[key] for folder in folders]) for key in self._partitions
        }
        added = [Column(key, PARTITION, is_number=False) for key in self._partitions]
        self.columns: Sequence[Column] = [*first.columns, *added]

    @cached_property
    def parts(self) -> Parts:
        """Which file has which rows; to count them may mean to read them."""
        bounds = accumulate((table.rows for table in self._tables), initial=0)
        return Parts(tuple(table.name for table in self._tables), tuple(bounds))

    def feed(
        self,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str] = (),
        coders: Mapping[str, Coder] = NO_CODERS,
    ) -> PartsFeed:
        """The rows of these columns; see :class:`losscli.data.columns.Table`."""
        selection = Selection.of(chosen, coders)
        stored = [i for i, _ in selection.columns if i < len(self._at[0])]
        may_vary = {i for role in lists for i in chosen.get(role, ())}
        pieces = []
        for k, table in enumerate(self._tables):
            if table.rows == 0 and len(self._tables) > 1:
                continue
            # Each column is a role of its own, by its place in the selection.
            names = {str(n): (i, coder) for n, (i, coder) in enumerate(selection.columns)}
            held = {n: (self._at[k][i],) for n, (i, _) in names.items() if i in stored}
            feed = table.feed(
                held,
                [n for n, (i, _) in names.items() if i in may_vary],
                {n: coder for n, (_, coder) in names.items() if n in held and coder is not None},
            )
            fixed = {
                int(n): self._constant(table.name, i, k, coder)
                for n, (i, coder) in names.items()
                if n not in held
            }
            pieces.append(_Piece(feed, fixed))
        return PartsFeed(self, pieces or [_Piece(self._tables[0].feed({}), {})], chosen, selection)

    def _constant(self, file: str, column: int, part: int, coder: Coder | None) -> float:
        key = self._partitions[column - len(self._at[0])]
        value = self._values[key][part]
        place = Place(file, key)
        if coder is not None:
            (code,) = np.asarray(coder.encode(pa.array([value]), place)).tolist()
            return float(code)
        if value is None:
            if self._gaps:
                return math.nan
            raise place.missing(0)
        if isinstance(value, str):
            raise DataError(
                f"its folder says {value!r}, not a number",
                path=file,
                column=key,
                hint="choose another column with -c ROLE=NAME",
                code="LC162",
            )
        return float(value)

    def keys(self, column: int) -> Iterator[pa.Array]:
        """What a column holds; see :class:`losscli.data.columns.Table`."""
        for k, table in enumerate(self._tables):
            if column < len(self._at[k]):
                yield from table.keys(self._at[k][column])
                continue
            value = self._values[self._partitions[column - len(self._at[k])]][k]
            for start in range(0, table.rows, _MOST_ROWS):
                yield pa.array([value] * min(_MOST_ROWS, table.rows - start))


@dataclass(frozen=True, slots=True)
class _Piece:
    """The rows of one file, and by place in a chunk the columns that are one value for all."""

    feed: ChunkedFeed
    fixed: Mapping[int, float]

    def source(self, at: int) -> RoleInput | None:
        """What the file says about a column of a chunk, if it has it."""
        return next((role for role in self.feed.roles if role.role == str(at)), None)


class PartsFeed(ChunkedFeed):
    """Some columns of several files, by role."""

    def __init__(
        self,
        table: PartsTable,
        pieces: Sequence[_Piece],
        chosen: Mapping[str, tuple[int, ...]],
        selection: Selection,
    ) -> None:
        self.name = table.name
        self.positions = selection.positions
        self._pieces = pieces
        self._bounds = [0, *accumulate(piece.feed.rows for piece in pieces)]
        self._width = len(selection.columns)
        self.rows = self._bounds[-1]
        firsts = zip(self._bounds, pieces, strict=False)
        starts = {first + start for first, p in firsts for start in p.feed.starts}
        self.starts = sorted({0, *starts})
        for piece in pieces[1:]:
            _check_shapes(pieces[0], piece)
        names = {role: tuple(table.columns[i].name for i in at) for role, at in chosen.items()}
        self.roles = [self._role(role, names[role], table.parts) for role in chosen]

    def _role(self, role: str, names: tuple[str, ...], parts: Parts) -> RoleInput:
        first = self._pieces[0].source(self.positions[role][0])
        if first is None:
            first = RoleInput(role, self.name, names, (), PARTITION)
        shape = (len(names),) if len(names) > 1 else first.shape
        return RoleInput(role, self.name, names, shape, first.dtype, first.length, parts=parts)

    def chunks(self, start: int, stop: int, rows: int) -> Generator[Chunk, None, None]:
        """The rows ``start`` to ``stop``, file by file; see :class:`ChunkedFeed`."""
        for piece, first in zip(self._pieces, self._bounds, strict=False):
            begin, end = max(start - first, 0), min(stop - first, piece.feed.rows)
            if begin < end:
                yield from self._chunks_of(piece, begin, end, rows)

    def _chunks_of(
        self, piece: _Piece, start: int, stop: int, rows: int
    ) -> Generator[Chunk, None, None]:
        if not piece.feed.roles:
            for begin in range(start, stop, _MOST_ROWS):
                count = min(_MOST_ROWS, stop - begin)
                yield [np.full(count, piece.fixed[n]) for n in range(self._width)]
            return
        place = {role: at for role, (at,) in piece.feed.positions.items()}
        for chunk in piece.feed.chunks(start, stop, rows):
            count = len(chunk[0])
            yield [
                _repeated(piece.fixed[n], count) if n in piece.fixed else chunk[place[str(n)]]
                for n in range(self._width)
            ]


def _repeated(value: float, count: int) -> Numbers:
    return np.full(count, value)


def _positions(first: Part, other: Part) -> list[int]:
    """Where ``other`` has the columns of ``first``."""
    names, others = [c.name for c in first.columns], [c.name for c in other.columns]
    if sorted(names) != sorted(others):
        odd = sorted({*others} - {*names}) or sorted({*names} - {*others}) or names
        has = "has" if odd[0] in others else "has no"
        raise DataError(
            f"{has} column {odd[0]!r}, other than {first.name}",
            path=other.name,
            hint="files that make one table have the same columns; name those that belong together",
            code="LC163",
        )
    in_order = range(len(names))
    place = {name: i for i, name in reversed([*enumerate(others)])}
    found = [*in_order] if names == others else [place[name] for name in names]
    for column, at in zip(first.columns, found, strict=True):
        mine = other.columns[at]
        is_same = _kind(column) == _kind(mine) or (column.is_text and mine.is_text)
        if "null" not in (column.type, mine.type) and not is_same:
            raise DataError(
                f"holds {_kind(mine)}, but {_kind(column)} in {first.name}",
                path=other.name,
                column=column.name,
                hint="files that make one table hold the same in a column",
                code="LC163",
            )
    return found


def _kind(column: Column) -> str:
    noun = "numbers" if column.is_number else "text" if column.type == "double" else column.type
    return f"lists of {noun}" if column.is_list else noun


def _check_shapes(first: _Piece, other: _Piece) -> None:
    for role in other.feed.roles:
        before = next(one for one in first.feed.roles if one.role == role.role)
        if before.shape != role.shape:
            raise DataError(
                f"has rows of shape {role.shape}, {first.feed.name} of {before.shape}",
                path=other.feed.name,
                column=role.columns[0],
                row=1,
                code="LC163",
            )


def _typed(values: Sequence[str | None]) -> Sequence[str | int | None]:
    """Names of folders as integers if all are."""
    if all(value is None or _INTEGER.fullmatch(value) for value in values):
        return [None if value is None else int(value) for value in values]
    return values


def _other_folders(file: str, has: list[str], first: str, expected: list[str]) -> DataError:
    return DataError(
        f"its folders say {' and '.join(has) or 'nothing'}, "
        f"those of {first} {' and '.join(expected) or 'nothing'}",
        path=file,
        hint="folders such as split=test give every file of a table the same columns",
        code="LC163",
    )
