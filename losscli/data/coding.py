"""Columns of any type that travel with the rows as codes: what ``--by`` and ``--cluster`` name.

A coder sees a column chunk by chunk, as Arrow has it, and gives a float64 code for each row, or a
list of them (:mod:`losscli.data.tokens`). Of labels only those that differ within a chunk are
looked at one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from threading import Lock
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.data.arrow import values_of
from losscli.data.place import Place
from losscli.domain import Array
from losscli.errors import DataError
from losscli.ragged import Ragged

# As many values are looked up by Arrow; of more, looking through all for each chunk would cost more
# than calling those that it has by name.
_KNOWN = 2**15


class Coder(Protocol):
    """Turns the cells of a column into numbers. Several threads may call it at once.

    ``row_shape`` is what it makes of a cell: ``()`` for one code, ``(VARIES,)`` for a list.
    """

    @property
    def row_shape(self) -> tuple[int, ...]: ...

    def encode(self, column: pa.Array, place: Place) -> Array | Ragged:
        """A code for each of the ``n`` cells, float64, shape (n,); or a list of codes.

        Raises:
            DataError: a cell has no code; names its row.
        """
        ...


class Labels:
    """Codes for whatever a column holds: a value is entered when it is first seen.

    Values are told apart by their names, so that 1 in a Parquet file and ``1`` in a CSV file are
    the same. Empty cells, missing values and NaN are one value of their own, whose name is None.
    Which code a value gets depends on the threads; nothing shown may be in the order of codes.

    Args:
        column: the column that they are the values of.
        purpose: what a message says it is wanted for.
        limit: how many different values there may be; None for any number.
        hint: what to do where there are more.
    """

    row_shape = ()

    def __init__(
        self,
        column: str,
        purpose: str = "to slice by",
        *,
        limit: int | None = None,
        hint: str | None = None,
    ) -> None:
        self.column = column
        self.purpose = purpose
        self._limit = limit
        self._hint = hint
        self._codes: dict[str | None, int] = {}
        self._names: list[str | None] = []
        self._lock = Lock()
        # By type, values as Arrow has them, and their codes.
        self._known: dict[pa.DataType, tuple[pa.Array, NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def name(self, code: int) -> str | None:
        """What the value with this code is called; None where it is missing."""
        return self._names[code]

    def alike(self, code: float, other: float) -> bool:
        """Are two values the same, or the same number: 48 and 48.0?"""
        names = self._names[int(code)], self._names[int(other)]
        try:
            return code == other or float(names[0] or "") == float(names[1] or "")
        except ValueError:
            return False

    def show(self, code: float) -> str:
        """The value with this code, for a message."""
        name = self._names[int(code)]
        return "(missing)" if name is None else repr(name)

    def encode(self, column: pa.Array, place: Place) -> Array:
        """A code for each cell; see :class:`Coder`.

        Raises:
            DataError: the column holds lists or records, or too many different values.
        """
        indices, values = _distinct(column, place)
        # A dictionary may hold more than these rows use; its last place is for what is missing.
        used = np.flatnonzero(np.bincount(indices, minlength=len(values) + 1))
        codes = np.zeros(len(values) + 1)
        if used.size and used[-1] == len(values):
            used = used[:-1]
            codes[-1] = self._enter([None], place)[0]
        codes[used] = self._codes_of(values.take(pa.array(used)), place)
        found: Array = codes[indices]
        return found

    def _codes_of(self, values: pa.Array, place: Place) -> NDArray[np.int64]:
        """Codes of different values; only those that are new are called by name."""
        known, codes = self._known.get(values.type, (values[:0], np.empty(0, np.int64)))
        found = np.full(len(values), -1)
        if len(known):
            from pyarrow.compute import index_in

            at = values_of(index_in(values, known).fill_null(-1))
            found = np.where(at >= 0, codes[at], -1)
        new = np.flatnonzero(found < 0)
        if new.size:
            unknown = values.take(pa.array(new))
            found[new] = self._enter(_names(unknown), place)
        if new.size and len(known) < _KNOWN:
            # Another thread may do the same at once: then one of both is looked up again later.
            self._known[values.type] = (
                pa.concat_arrays([known, unknown]),
                np.concatenate([codes, found[new]]),
            )
        return found

    def _enter(self, names: Sequence[str | None], place: Place) -> list[int]:
        found = [self._codes.get(name, -1) for name in names]
        if -1 not in found:
            return found
        with self._lock:
            for name in names:
                if name not in self._codes:
                    self._names.append(name)
                    self._codes[name] = len(self._names) - 1
            if self._limit is not None and len(self._names) > self._limit:
                raise DataError(
                    f"holds more than {self._limit:,} different values",
                    path=place.path,
                    column=place.column,
                    hint=self._hint,
                    code="LC164",
                )
        return [self._codes[name] for name in names]


def _distinct(column: pa.Array, place: Place) -> tuple[NDArray[Any], pa.Array]:
    """Which of some values each cell has; one past the last where it has none."""
    if isinstance(column.type, pa.BaseExtensionType):
        return _distinct(column.storage, place)
    if pa.types.is_null(column.type):
        return np.zeros(len(column), np.int64), pa.array([], pa.string())
    if not pa.types.is_dictionary(column.type):
        column = _encodable(column, place).dictionary_encode()
    indices = column.indices
    if pa.types.is_unsigned_integer(indices.type) or indices.type.bit_width < 64:
        indices = indices.cast(pa.int64())
    if indices.null_count:
        indices = indices.fill_null(len(column.dictionary))
    return values_of(indices), column.dictionary


def distinct_values(column: pa.Array, place: Place) -> tuple[NDArray[Any], Sequence[str | None]]:
    """Which of some names each cell has; one past the last where it has none."""
    indices, values = _distinct(column, place)
    return indices, _names(values)


def _encodable(column: pa.Array, place: Place) -> pa.Array:
    """The column in a type of which Arrow can tell the different values."""
    kind, types = column.type, pa.types
    if types.is_nested(kind):
        raise DataError(
            f"holds {kind}, not single values",
            path=place.path,
            column=place.column,
            hint="choose a column with one value a row",
            code="LC162",
        )
    if types.is_float16(kind):
        return column.cast(pa.float32())
    if str(kind) in ("string_view", "binary_view"):
        return column.cast(pa.large_string() if str(kind) == "string_view" else pa.large_binary())
    return column


def _names(values: pa.Array) -> list[str | None]:
    kind = values.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        # Nanoseconds need pandas, which takes long to load; hardly a column has any.
        with suppress(pa.ArrowInvalid):
            values = values.cast(pa.timestamp("us", kind.tz))
    return [_name(value) for value in values.to_pylist()]


def _name(value: Any) -> str | None:
    """What a value is called, as it would stand in a CSV file; None if it is missing."""
    if value is None or value != value:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace") or None
    if isinstance(value, datetime):
        return str(value).removesuffix(" 00:00:00")
    return str(value) or None
