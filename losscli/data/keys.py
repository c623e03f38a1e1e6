"""Key columns as text: what a row is called, in every file alike.

Keys never pass through a float, so that ``007`` and ids of 64 bits survive. Two keys are the same
if their text is: an integer in one file and its digits in another are. Whole numbers that a file
holds as floats are read as integers while a float tells them apart; beyond, and for fractions, the
key is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from losscli.data.arrow import values_of
from losscli.data.columns import Table, place_in, position_of, show_columns
from losscli.data.place import Place
from losscli.errors import DataError, UsageError, did_you_mean

# Keys looked at in one go.
_CHUNK_ROWS = 2**17
# Beyond it, neighbouring whole numbers are one float.
_EXACT = 2**53
_MIDNIGHT = " 00:00:00"


@dataclass(frozen=True, slots=True)
class KeyColumns:
    """The columns that name the rows of a table, as positions.

    ``several`` is how many columns a single one stands for, which holds :meth:`texts` of them.
    """

    table: Table
    columns: tuple[int, ...]
    several: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called in this table."""
        return tuple(self.table.columns[i].name for i in self.columns)

    def place(self, row: int = 0) -> Place:
        """Where the key of a row stands, for a message."""
        return Place(self.table.name, ", ".join(self.names), row, self.table.parts)

    def row_name(self, row: int) -> str:
        """What a message calls a row of the table, which counts from 0."""
        parts = self.table.parts
        if parts is None:
            return f"row {row + 1}"
        name, at = parts.locate(row)
        return f"row {at + 1} of {name}"

    def shown(self, key: object) -> str:
        """A key as :meth:`texts` or :meth:`integers` gives it, readable: ``7, 2020-01-31``."""
        rest, parts = str(key), []
        try:
            for _ in range(max(len(self.columns), self.several) - 1):
                length, _, rest = rest.partition(":")
                # Lengths are of bytes.
                encoded = rest.encode()
                parts.append(encoded[: int(length)].decode())
                rest = encoded[int(length) :].decode()
        except ValueError:
            # A file that somebody kept holds something else.
            return str(key)
        return ", ".join([*parts, rest])

    def are_integers(self) -> bool:
        """Is it one column of integers of 64 bits? Two are equal where their texts are."""
        if len(self.columns) > 1:
            return False
        with closing(self._column(self.columns[0])) as chunks:
            kind = getattr(next(chunks, None), "type", pa.null())
        return bool(pa.types.is_integer(kind)) and kind != pa.uint64()

    def integers(self) -> Generator[pa.Array, None, None]:
        """The keys as numbers, where they are integers.

        Raises:
            DataError: a key is missing.
        """
        with closing(self._column(self.columns[0])) as chunks:
            row = 0
            for chunk in chunks:
                _reject_missing(chunk, self.place(row))
                yield chunk.cast(pa.int64())
                row += len(chunk)

    def texts(self) -> Generator[pa.Array, None, None]:
        """The keys as text, in the order of the rows; :meth:`shown` makes them readable.

        Raises:
            DataError: a key is missing, or is a number that has lost digits; names its row.
        """
        with ExitStack() as stack:
            columns = [stack.enter_context(closing(self._texts(i))) for i in self.columns]
            for parts in lockstep(columns):
                yield _joined([part for part in parts if part is not None])

    def _texts(self, column: int) -> Generator[pa.Array, None, None]:
        place = place_in(self.table, self.table.columns[column].name)
        with closing(self._column(column)) as chunks:
            row, as_text = 0, None
            for chunk in chunks:
                here = replace(place, row=row)
                _reject_missing(chunk, here)
                as_text = as_text or self._reader(column, chunk.type)
                yield as_text(chunk, here)
                row += len(chunk)

    def _column(self, column: int) -> Generator[pa.Array, None, None]:
        for chunk in self.table.keys(column):
            plain = chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk
            for start in range(0, len(plain), _CHUNK_ROWS):
                yield plain.slice(start, _CHUNK_ROWS)

    def _reader(self, column: int, kind: pa.DataType) -> Callable[[pa.Array, Place], pa.Array]:
        if pa.types.is_floating(kind):
            return _whole_numbers
        if pa.types.is_timestamp(kind):
            with closing(self._column(column)) as chunks:
                are_days = all(_are_midnight(chunk) for chunk in chunks)
            return _days if are_days else _moments
        return _plain


def find_keys(tables: Sequence[Table], on: Sequence[str]) -> list[KeyColumns]:
    """The key columns of each table.

    Args:
        tables: the first of them has the names that stand before ``=``.
        on: ``id``; ``id,date`` or both one by one; ``id=V1`` where the other files call it V1.

    Raises:
        UsageError: a name is empty, or stands there twice.
        DataError: a table does not have the column, or has it twice.
    """
    named = [name for text in on for name in _split(text, tables[0])]
    firsts = [first for first, _ in named]
    twice = [name for name in firsts if firsts.count(name) > 1]
    if twice:
        raise UsageError(f"--on names {twice[0]!r} twice", hint="name each key once")
    found = [KeyColumns(tables[0], tuple(_find(tables[0], (first,)) for first in firsts))]
    for table in tables[1:]:
        columns = tuple(_find(table, (other, first)) for first, other in named)
        found.append(KeyColumns(table, columns))
    return found


def _split(text: str, first: Table) -> Iterator[tuple[str, str]]:
    """What ``--on`` says: names in the first file and in the others."""
    if any(column.name == text for column in first.columns):
        yield text, text
        return
    for part in text.split(","):
        name, equals, other = (word.strip() for word in part.partition("="))
        if not name or (equals and not other):
            raise UsageError(f"--on {text!r} names no column", hint="write --on id, or --on id=ID")
        yield name, other or name


def _find(table: Table, names: tuple[str, ...]) -> int:
    """The column with the first of these names that the table has."""
    for name in names:
        at = position_of(table, name, "to join by")
        if at is not None:
            return at
    close = did_you_mean(names[0], [column.name for column in table.columns])
    differs = f"where files call it differently: --on {names[-1]}=OTHER, first file first"
    raise DataError(
        f"there is no column {names[0]!r} to join by",
        path=table.name,
        hint="; ".join(filter(None, [close, show_columns(table), differs])),
        code="LC161",
    )


def lockstep(streams: Sequence[Generator[pa.Array, None, None]]) -> Iterator[tuple[Any, ...]]:
    """Chunks of several streams side by side, cut so that all have as many rows.

    Where streams differ in length, the last item is None for those that have ended.
    """
    held: list[Any] = [None] * len(streams)
    while True:
        for i, stream in enumerate(streams):
            while held[i] is None or len(held[i]) == 0:
                held[i] = next(stream, None)
                if held[i] is None:
                    break
        rows = [len(chunk) for chunk in held if chunk is not None]
        if not rows:
            return
        if len(rows) < len(held):
            yield tuple(held)
            return
        n = min(rows)
        yield tuple(chunk.slice(0, n) for chunk in held if chunk is not None)
        held = [chunk.slice(n) for chunk in held if chunk is not None]


def _reject_missing(chunk: pa.Array, place: Place) -> None:
    if chunk.null_count:
        raise _no_key(int(np.argmax(values_of(chunk.is_null()))), place)


def _no_key(row: int, place: Place) -> DataError:
    return place.fault(
        "the key is missing", row, "every row needs a key to be joined by", code="LC112"
    )


def _plain(chunk: pa.Array, place: Place) -> pa.Array:
    if pa.types.is_date64(chunk.type):
        chunk = chunk.cast(pa.date32())
    try:
        return chunk.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise place.fault(
            f"holds {chunk.type}, which is no key",
            hint="join by text, whole numbers or dates",
            code="LC162",
        ) from None


def _whole_numbers(chunk: pa.Array, place: Place) -> pa.Array:
    values = values_of(chunk.cast(pa.float64()))
    lossy = (values != np.floor(values)) | ~(np.abs(values) <= _EXACT)
    if lossy.any():
        row = int(lossy.argmax())
        if np.isnan(values[row]):
            raise _no_key(row, place)
        raise place.fault(
            f"the key {float(values[row])!r} is a float, which may have lost digits",
            row,
            "write keys as whole numbers or as text",
            code="LC151",
        )
    return chunk.cast(pa.int64()).cast(pa.string())


def _moments(chunk: pa.Array, place: Place) -> pa.Array:
    """Date and time, without the zeros behind the last digit of a second; with Z in UTC."""
    if chunk.type.tz is not None:
        chunk = chunk.cast(pa.timestamp(chunk.type.unit, "UTC"))
    text = pc.replace_substring_regex(chunk.cast(pa.string()), r"(\.\d*?)0+(Z?)$", r"\1\2")
    return pc.replace_substring_regex(text, r"\.(Z?)$", r"\1")


def _days(chunk: pa.Array, place: Place) -> pa.Array:
    return chunk.cast(pa.date32()).cast(pa.string())


def _are_midnight(chunk: pa.Array) -> bool:
    if chunk.type.tz is not None:
        return False
    days = chunk.cast(pa.date32()).cast(chunk.type)
    return bool(pc.all(pc.equal(days, chunk)).as_py())


def _joined(parts: Sequence[pa.Array]) -> pa.Array:
    """Several texts as one from which they can be told apart: each but the last has its length."""
    if len(parts) == 1:
        return parts[0]
    pieces = []
    for part in parts[:-1]:
        pieces += [pc.binary_length(part).cast(pa.string()), ":", part]
    return pc.binary_join_element_wise(*pieces, parts[-1], "")
