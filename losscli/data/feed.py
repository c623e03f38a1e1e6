"""What the engine sees of the data: feeds of rows, cut anywhere, read by any thread.

A :class:`Feed` is one opened thing (a file, several files as one long table, arrays in memory) and
the roles it holds. A cursor walks a range of its rows. The engine opens many cursors on one feed,
each on its own thread; where a cursor opens cheaply, ``starts`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.data.place import Parts, Place
from losscli.domain import Array
from losscli.errors import DataError
from losscli.ragged import Ragged

if TYPE_CHECKING:
    from losscli.data.coding import Labels
    from losscli.data.columns import Table
    from losscli.data.ids import Ids
    from losscli.results import JoinRecord

Rows: TypeAlias = Array | Ragged

# More than that nobody reads, and a column with more is not what was meant.
MOST_SLICES = 10_000


NO_LABELS: Mapping[str, Labels] = MappingProxyType({})


def by_role(column: str) -> str:
    """The role of a column that the rows are sliced by: it is none of the loss."""
    return f"by {column}"


@dataclass(frozen=True, slots=True)
class RoleInput:
    """Where one role comes from: ``columns`` of a file, or an array when ``path`` is None.

    ``shape`` is the shape of one row: ``()`` for a single number. Where rows are lists of their own
    length, ``length`` is that of the first; where they are groups, ``bounds`` says which rows.
    ``row_of`` says where the file has a row, if that is not its place here.
    ``parts`` says which file has which rows, where there are several.
    """

    role: str
    path: str | None
    columns: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    length: int = 1
    bounds: NDArray[np.int64] | None = field(default=None, compare=False)
    row_of: Callable[[int], int] | None = field(default=None, compare=False)
    parts: Parts | None = field(default=None, compare=False)

    def fault(
        self,
        message: str,
        row: int,
        *,
        index: tuple[int, ...] = (),
        hint: str | None = None,
        code: str,
    ) -> DataError:
        """What is wrong with element ``index`` of a row of the feed, which counts from 0."""
        place = Place(self.path or self.role, self.column_at(index), parts=self.parts)
        at = row if self.row_of is None else self.row_of(row)
        return place.fault(message, at, hint, code=code)

    def file_of(self, row: int, otherwise: str) -> str:
        """What a message calls the file that has a row of the feed; of several, with its row there.

        ``otherwise`` is what it calls a role without a file.
        """
        if self.parts is None:
            return self.path or otherwise
        name, at = self.parts.locate(row if self.row_of is None else self.row_of(row))
        return f"{name}, row {at + 1},"

    def column_at(self, index: tuple[int, ...]) -> str | None:
        """The column that holds element ``index`` of a row, for an error message."""
        if not self.columns:
            return None
        return self.columns[index[0]] if len(self.columns) > 1 and index else self.columns[0]


class SampleKeys(Protocol):
    """What the samples of a run are called: groups, or rows that have a key."""

    @property
    def column(self) -> str: ...

    def key(self, i: int) -> str:
        """What sample ``i`` is called; cheap for the one behind the last that was asked for."""
        ...


class JoinKeys(SampleKeys, Protocol):
    """What rows are called that were joined by a key."""

    def text(self, i: int) -> str:
        """The key of row ``i`` as one text that :meth:`align` knows again."""
        ...

    def align(self, table: Table, column: int, hint: str) -> Table:
        """A table whose ``column`` holds such texts, in the order of these rows.

        Raises:
            DataError: a key is missing, occurs twice, or is not on both sides; advises ``hint``.
        """
        ...


class GroupKeys(SampleKeys, Protocol):
    """What the groups of a run are called."""

    def __len__(self) -> int: ...


class Cursor(Protocol):
    """A walk over the rows ``start`` to ``stop`` of a feed, in order, on one thread."""

    def read(self, n: int) -> Mapping[str, Rows]:
        """The next ``n`` rows of each role, float64, shape (n, *row shape); fewer only at the end.

        Rows of different lengths come as :class:`~losscli.ragged.Ragged`.

        The arrays may be views, and read-only; no later call writes into them.

        Raises:
            DataError: a value is missing or is not a number; names file, column and row.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Feed(Protocol):
    """Rows of one or several roles that lie side by side."""

    @property
    def name(self) -> str:
        """What a message calls it: the path, or the names of the roles."""
        ...

    @property
    def roles(self) -> Sequence[RoleInput]: ...

    @property
    def rows(self) -> int | None:
        """How many rows there are; None when only reading tells."""
        ...

    @property
    def starts(self) -> Sequence[int]:
        """Rows at which a cursor opens cheaply, ascending from 0: row groups, pieces of a file."""
        ...

    def cursor(self, start: int, stop: int | None) -> Cursor: ...


@dataclass(frozen=True, slots=True)
class Inputs:
    """The feeds of a run, row by row, and the roles that are one value for all rows.

    ``missing`` says what becomes of rows that lack a value, which is NaN here: they are an
    ``error`` before they come here, or may be there and are left out (``drop``).

    With ``groups`` a row of a feed is a group of rows of a file. Roles in ``labels`` are none of
    the loss: their rows are codes for the values of a column, such as one to slice by. Where rows
    were joined, ``row_keys`` has their keys and ``join`` says what was found; where they pair by
    position, ``ids`` are the columns of several files that have to say the same. ``written`` says
    how labels are written where a loss wants others, such as ``01``; ``tokens``, what texts were
    split into; ``classes``, the names that labels may have, in the order that was said.
    """

    feeds: tuple[Feed, ...]
    constants: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))
    groups: GroupKeys | None = None
    labels: Mapping[str, Labels] = field(default_factory=lambda: MappingProxyType({}))
    missing: str = "error"
    row_keys: JoinKeys | None = None
    join: JoinRecord | None = None
    written: str = ""
    ids: Mapping[str, Ids] = field(default_factory=lambda: MappingProxyType({}))
    tokens: str | None = None
    classes: tuple[str, ...] = ()

    @property
    def keys(self) -> SampleKeys | None:
        """What the samples are called, if they have names."""
        return self.row_keys if self.groups is None else self.groups

    @property
    def parts(self) -> Parts | None:
        """The files that make one table, if a role has several; the first such role's."""
        return None if self._in_parts is None else self._in_parts.parts

    @property
    def place_of(self) -> Callable[[int], tuple[str, int]] | None:
        """Which file has sample ``i``, and as which row; None where it is row ``i`` of the file.

        Both rows count from 0. Of rows that were joined it is the first file that counts.
        """
        source = self._in_parts or next(iter(self.roles.values()), None)
        if source is None or self.groups is not None:
            return None
        parts, row_of, path = source.parts, source.row_of, source.path or source.role
        if parts is not None:
            return lambda i: parts.locate(i if row_of is None else row_of(i))
        return None if row_of is None else lambda i: (path, row_of(i))

    @property
    def _in_parts(self) -> RoleInput | None:
        return next((role for role in self.roles.values() if role.parts is not None), None)

    @property
    def roles(self) -> dict[str, RoleInput]:
        """Every role of the loss that has rows, by name."""
        others = {*self.labels, *self.ids}
        return {name: one for name, one in self._sources.items() if name not in others}

    @property
    def coded(self) -> dict[str, RoleInput]:
        """Every role that has codes, by name."""
        return {name: one for name, one in self._sources.items() if name in self.labels}

    @property
    def named(self) -> dict[str, RoleInput]:
        """Every column that names rows and is to agree with that of another file."""
        return {name: one for name, one in self._sources.items() if name in self.ids}

    @property
    def _sources(self) -> dict[str, RoleInput]:
        return {source.role: source for feed in self.feeds for source in feed.roles}

    def seen_as(self, names: Mapping[str, str]) -> Inputs:
        """The same rows as a loss sees them that calls its roles something else.

        Args:
            names: by the loss's name of a role, the name under which it is held here. What is not
                held is not given to the loss, and what is not named it does not see. Codes keep
                their names.
        """
        kept = {**names, **{name: name for name in self.labels}}
        seen = tuple(RenamedFeed(feed, kept) for feed in self.feeds)
        constants = {
            mine: self.constants[name] for mine, name in names.items() if name in self.constants
        }
        given = tuple(feed for feed in seen if feed.roles)
        return replace(self, feeds=given, constants=constants)


class RenamedFeed:
    """Some roles of a feed, under other names; one role may have several."""

    def __init__(self, feed: Feed, names: Mapping[str, str]) -> None:
        held = {source.role: source for source in feed.roles}
        self.name = feed.name
        self.rows = feed.rows
        self.starts = feed.starts
        self._feed = feed
        self._names = {mine: name for mine, name in names.items() if name in held}
        self.roles: Sequence[RoleInput] = [
            replace(held[name], role=mine) for mine, name in self._names.items()
        ]

    def cursor(self, start: int, stop: int | None) -> Cursor:
        """A walk over the rows of these roles."""
        return _RenamedCursor(self._feed.cursor(start, stop), self._names)


class _RenamedCursor:
    def __init__(self, rows: Cursor, names: Mapping[str, str]) -> None:
        self._rows = rows
        self._names = names

    def read(self, n: int) -> Mapping[str, Rows]:
        """The next ``n`` rows of each role."""
        read = self._rows.read(n)
        return {mine: read[name] for mine, name in self._names.items()}

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()
