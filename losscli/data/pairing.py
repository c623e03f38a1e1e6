"""Which rows of several tables belong together, by their keys.

One streaming pass finds out whether the keys already stand in the same order everywhere, which is
common and costs next to nothing. Only where they do not, keys are looked up: in memory if they fit,
else partition by partition on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from losscli.data.arrow import values_of
from losscli.data.keys import KeyColumns, lockstep
from losscli.data.partitions import Part, collect
from losscli.errors import DataError

RowNumbers: TypeAlias = NDArray[np.int64]
Stream: TypeAlias = Callable[[KeyColumns], Generator[pa.Array, None, None]]

_EXAMPLES = 3
# Where a row goes that is left out.
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Pairing:
    """Where the rows of each table go.

    Attributes:
        rows: how many rows there are in the end.
        targets: for each table, the row of the result that each of its rows becomes, ``NOWHERE``
            for one that is left out; None if every row stays where it is.
        counts: the rows of each table.
        alone: how many of them have a key that the first table (of the first: another one) lacks.
        kept: which rows of the first table stay; None if all do.
    """

    rows: int
    targets: tuple[RowNumbers | None, ...]
    counts: tuple[int, ...]
    alone: tuple[int, ...]
    kept: NDArray[np.bool_] | None = None


def pair(keyed: Sequence[KeyColumns], memory: int, *, drop: bool, hint: str = "") -> Pairing:
    """Find the rows that belong together, in the order of the first table.

    Args:
        keyed: the tables and their keys.
        memory: bytes that may be used before work goes to disk.
        drop: are rows without a partner left out? Otherwise they are an error.
        hint: what that error advises, if not what to look for in files of one run.

    Raises:
        DataError: a key is missing, occurs twice, or is not in every table.
        OutputError: there is no room for temporary files.
    """
    are_integers = all(keys.are_integers() for keys in keyed)
    stream: Stream = KeyColumns.integers if are_integers else KeyColumns.texts
    rows, is_ascending = _rows_in_order(keyed, stream)
    if rows is None:
        return _look_up(keyed, stream, memory, drop=drop, hint=hint)
    if not is_ascending:
        _, parts = collect([stream(keyed[0])], memory)
        twice = _Twice()
        for (part,) in parts:
            twice.add(part)
        twice.reject(keyed[0])
    return Pairing(rows, (None,) * len(keyed), (rows,) * len(keyed), (0,) * len(keyed))


def _rows_in_order(keyed: Sequence[KeyColumns], stream: Stream) -> tuple[int | None, bool]:
    """The number of rows if all tables have the same keys in the same order, and if they ascend."""
    rows, order = 0, _Ascent()
    with ExitStack() as stack:
        for first, *others in lockstep([stack.enter_context(closing(stream(k))) for k in keyed]):
            if first is None or any(o is None or not o.equals(first) for o in others):
                return None, False
            rows += len(first)
            order.add(first)
    return rows, order.holds


@dataclass(slots=True)
class _Ascent:
    """Do keys ascend, by their bytes or, as numbers written out do, by length and bytes?

    Then none occurs twice, and nobody has to remember them to know it.
    """

    by_bytes: bool = True
    by_length: bool = True
    last: Any = None

    @property
    def holds(self) -> bool:
        return self.by_bytes or self.by_length

    def add(self, keys: pa.Array) -> None:
        """Take in the next keys."""
        if not self.holds or len(keys) == 0:
            return
        chain = keys if self.last is None else pa.concat_arrays([self.last, keys])
        self.last = keys.slice(len(keys) - 1)
        before, after = chain.slice(0, len(chain) - 1), chain.slice(1)
        less = pc.less(before, after)
        self.by_bytes = self.by_bytes and pc.all(less).as_py() is not False
        if pa.types.is_integer(keys.type):
            self.by_length = False
        elif self.by_length:
            short, long = pc.binary_length(before), pc.binary_length(after)
            longer = pc.or_(pc.less(short, long), pc.and_(pc.equal(short, long), less))
            self.by_length = pc.all(longer).as_py() is not False


@dataclass(slots=True)
class _Alone:
    """The rows of a table that have no partner: how many, and the first few."""

    count: int = 0
    examples: list[tuple[int, Any]] = field(default_factory=list)

    def add(self, part: Part, at: NDArray[np.intp]) -> None:
        """Take in rows of a part, given by their places in it, ascending."""
        self.count += len(at)
        found = [(part.row(i), part.key(i)) for i in at[:_EXAMPLES].tolist()]
        self.examples = sorted([*self.examples, *found])[:_EXAMPLES]


@dataclass(slots=True)
class _Twice:
    """The keys of a table that occur more than once: how many, and where the first few do.

    An example has the row where a key occurs again, the one where it does first, and the key.
    """

    count: int = 0
    examples: list[tuple[int, int, Any]] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Take in all rows of some keys."""
        if len(part.keys.unique()) == len(part):
            return
        codes = np.concatenate([values_of(c.indices) for c in part.keys.dictionary_encode().chunks])
        order = np.argsort(codes, kind="stable")
        again = codes[order[1:]] == codes[order[:-1]]
        once = again & ~np.concatenate([[False], again[:-1]])
        firsts, seconds = order[:-1][once], order[1:][once]
        self.count += len(seconds)
        found = [
            (part.row(int(seconds[i])), part.row(int(firsts[i])), part.key(int(seconds[i])))
            for i in np.argsort(seconds)[:_EXAMPLES]
        ]
        self.examples = sorted([*self.examples, *found])[:_EXAMPLES]

    def reject(self, keys: KeyColumns) -> None:
        """Let there be none.

        Raises:
            DataError: there are; names both rows of the first few.
        """
        if not self.examples:
            return
        (second, first, key), *others = self.examples
        said = f"the key {keys.shown(key)!r} stands in {keys.row_name(first)} already"
        if others:
            shown = ", ".join(
                f"{keys.shown(key)!r} in {keys.row_name(row)} as in {keys.row_name(before)}"
                for row, before, key in others
            )
            more = ", ..." if self.count > len(self.examples) else ""
            said += f"; {self.count:,} keys occur more than once: also {shown}{more}"
        raise keys.place(second).fault(
            said,
            hint="a key names one row: remove the other, or name more columns: --on a --on b",
            code="LC111",
        )


def _look_up(
    keyed: Sequence[KeyColumns], stream: Stream, memory: int, *, drop: bool, hint: str
) -> Pairing:
    counts, parts = collect([stream(keys) for keys in keyed], memory)
    kept = np.zeros(counts[0], bool)
    partners = [np.full(count, NOWHERE, np.int64) for count in counts[1:]]
    # Rows of the first table alone beside each other one, and the rows of that one.
    missing = [_Alone() for _ in partners]
    extra = [_Alone() for _ in partners]
    twice = [_Twice() for _ in keyed]
    for first, *others in parts:
        in_all = np.ones(len(first), bool)
        for i, other in enumerate(others):
            at = _places(other.keys, first.keys)
            found = np.flatnonzero(at >= 0)
            seen = np.zeros(len(first), bool)
            seen[at[found]] = True
            if i == 0 and _is_twice(first, seen):
                twice[0].add(first)
            if _is_other_twice(other, at, int(np.count_nonzero(seen))):
                twice[i + 1].add(other)
            partners[i][other.rows_at(found)] = first.rows_at(at[found])
            missing[i].add(first, np.flatnonzero(~seen))
            extra[i].add(other, np.flatnonzero(at < 0))
            in_all &= seen
        kept[first.rows_at(np.arange(len(first)))] = in_all
    for keys, found_twice in zip(keyed, twice, strict=True):
        found_twice.reject(keys)
    rows = int(np.count_nonzero(kept))
    if rows == 0 or (not drop and any(one.count for one in [*missing, *extra])):
        raise _unmatched(keyed, counts, missing, extra, hint)
    alone = (counts[0] - rows, *(one.count for one in extra))
    return Pairing(rows, _targets(kept, partners), tuple(counts), alone, kept)


def _targets(
    kept: NDArray[np.bool_], partners: Sequence[RowNumbers]
) -> tuple[RowNumbers | None, ...]:
    if kept.all():
        return None, *(None if _stays(partner) else partner for partner in partners)
    moved = np.cumsum(kept, dtype=np.int64) - 1
    moved[~kept] = NOWHERE
    targets = []
    for partner in partners:
        target = moved[partner]
        target[partner == NOWHERE] = NOWHERE
        targets.append(target)
    return moved, *(None if _stays(target) else target for target in targets)


def _stays(target: RowNumbers) -> bool:
    return np.array_equal(target, np.arange(len(target)))


def _places(keys: pa.ChunkedArray, among: pa.ChunkedArray) -> NDArray[np.int32]:
    """Where each key stands among others, -1 if it does not."""
    if len(keys) == 0:
        return np.empty(0, np.int32)
    found = pc.fill_null(pc.index_in(keys, value_set=among), -1)
    places: NDArray[np.int32] = np.concatenate([values_of(chunk) for chunk in found.chunks])
    return places


def _is_twice(part: Part, seen: NDArray[np.bool_]) -> bool:
    """Does a key of the first table occur twice? Only one of its places is found and so seen."""
    unseen = np.flatnonzero(~seen)
    return len(unseen) > 0 and bool((_places(part.take(unseen), part.keys) != unseen).any())


def _is_other_twice(part: Part, at: NDArray[np.int32], distinct: int) -> bool:
    """The same of another table, of whose keys ``distinct`` ones are in the first."""
    unknown = np.flatnonzero(at < 0)
    return len(part) - len(unknown) > distinct or (
        len(unknown) > 0 and len(part.take(unknown).unique()) < len(unknown)
    )


def _unmatched(
    keyed: Sequence[KeyColumns],
    counts: Sequence[int],
    missing: Sequence[_Alone],
    extra: Sequence[_Alone],
    hint: str,
) -> DataError:
    said = []
    for keys, lacks, has in zip(keyed[1:], missing, extra, strict=True):
        at = keyed.index(keys)
        for one, mine, total, other in (
            (lacks, keyed[0], counts[0], keys),
            (has, keys, counts[at], keyed[0]),
        ):
            if one.count:
                examples = ", ".join(
                    f"{mine.shown(key)!r} in {mine.row_name(row)}" for row, key in one.examples
                )
                said.append(
                    f"{one.count:,} of {total:,} keys of {mine.table.name} are not in "
                    f"{other.table.name}: {examples}{', ...' if one.count > _EXAMPLES else ''}"
                )
    nothing = all(lacks.count == counts[0] for lacks in missing)
    look = (
        "keys are compared as text: 007 is not 7"
        if nothing
        else (
            "look for rows that are missing or too many; "
            "--on-missing drop leaves them out and says how many"
        )
    )
    return DataError("; ".join(said), hint=hint or look, code="LC110")
