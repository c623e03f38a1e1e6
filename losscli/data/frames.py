"""pandas and Arrow objects in memory. Neither library is imported unless the caller already has."""

from __future__ import annotations

import sys
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from losscli.data.blocks import Chunk, ChunkedFeed
from losscli.data.columns import NO_CODERS, Column
from losscli.data.feed import RoleInput
from losscli.data.place import Numbers, Place, exact
from losscli.data.selection import Selection
from losscli.errors import DataError
from losscli.ragged import Ragged, first_length
from losscli.shapes import VARIES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from losscli.data.coding import Coder

# Memory can be entered anywhere; a place to start every so many rows is plenty.
_ROWS_BETWEEN_STARTS = 2**16


class MemoryFeed(ChunkedFeed):
    """Columns in memory, by role: one array of shape (N, ...), or several of shape (N,)."""

    def __init__(
        self,
        roles: Sequence[RoleInput],
        columns: Sequence[Numbers | Ragged],
        positions: Mapping[str, tuple[int, ...]],
        *,
        name: str | None = None,
        rows: int | None = None,
    ) -> None:
        self.name = ", ".join(role.role for role in roles) if name is None else name
        self.roles = roles
        self.rows = len(columns[0]) if rows is None else rows
        self.starts = range(0, max(self.rows, 1), _ROWS_BETWEEN_STARTS)
        self._columns = [
            column if isinstance(column, Ragged) else _read_only(column) for column in columns
        ]
        self.positions = positions

    @classmethod
    def of(cls, role: str, array: Numbers | Ragged, dtype: str | None = None) -> MemoryFeed:
        """One array of shape (N, ...), or N lists, that hold one role; ``dtype`` is what it was."""
        shape, own, length = describe_rows(array)
        source = RoleInput(role, None, (), shape, own if dtype is None else dtype, length)
        return cls([source], [array], {role: (0,)})

    def chunks(self, start: int, stop: int, rows: int) -> Generator[Chunk, None, None]:
        """The rows ``start`` to ``stop`` as one chunk; blocks of float64 are views."""
        yield [column[start:stop] for column in self._columns]


def describe_rows(array: Numbers | Ragged) -> tuple[tuple[int, ...], str, int]:
    """The shape of a row, its type, and the length of the first if lengths vary."""
    if isinstance(array, Ragged):
        shape = (VARIES, *array.values.shape[1:])
        return shape, str(array.values.dtype), first_length(array)
    return array.shape[1:], str(array.dtype), 1


def _read_only(array: Numbers) -> Numbers:
    """A view through which nobody can change the caller's data."""
    view = array.view()
    view.flags.writeable = False
    return view


class FrameTable:
    """A pandas DataFrame or an Arrow Table as a table of columns, in the order they have."""

    parts = None

    def __init__(self, frame: Any, name: str = "the data frame", *, gaps: bool = False) -> None:
        self.name = name
        self._gaps = gaps
        self._frame = frame
        self.columns = [*_describe(frame)]

    def keys(self, column: int) -> Iterator[Any]:
        """What a column holds; see :class:`losscli.data.columns.Table`."""
        yield from arrow_chunks(self._held(column))

    def feed(
        self,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str] = (),
        coders: Mapping[str, Coder] = NO_CODERS,
    ) -> MemoryFeed:
        """The rows of these columns; see :class:`losscli.data.columns.Table`."""
        selection = Selection.of(chosen, coders)
        positions = selection.positions
        may_vary = {i for role in lists for i in chosen.get(role, ())}
        arrays = [
            self._column(i, i in may_vary)
            if coder is None
            else codes(self._held(i), coder, self._place(i))
            for i, coder in selection.columns
        ]
        roles = []
        for role, columns in chosen.items():
            names = tuple(self.columns[i].name for i in columns)
            first = arrays[positions[role][0]]
            shape, dtype, length = describe_rows(first)
            if len(columns) > 1:
                shape = (len(columns),)
            if role in coders and coders[role].row_shape:
                dtype = "string"
            roles.append(RoleInput(role, None, names, shape, dtype, length))
        return MemoryFeed(roles, arrays, positions)

    def _column(self, i: int, may_vary: bool) -> Numbers | Ragged:
        place = self._place(i)
        column = self._held(i)
        if may_vary:
            return lists_of(column, place)
        return arrow_numbers(column, place) if is_arrow(column) else series_numbers(column, place)

    def _place(self, i: int) -> Place:
        return Place(None, self.columns[i].name, gaps=self._gaps)

    def _held(self, i: int) -> Any:
        return self._frame.column(i) if is_arrow(self._frame) else self._frame.iloc[:, i]


def _describe(frame: Any) -> Sequence[Column]:
    if is_arrow(frame):
        from losscli.data.arrow import column

        return [column(field) for field in frame.schema]
    return [
        Column(
            str(name),
            str(dtype),
            is_number=_may_be_number(dtype),
            is_text=holds_text(frame.iloc[:, i]),
        )
        for i, (name, dtype) in enumerate(zip(frame.columns, frame.dtypes, strict=True))
    ]


def _may_be_number(dtype: Any) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(dtype) or is_bool_dtype(dtype)


def holds_text(values: Any) -> bool:
    """Is it text, one a row? Of Python objects the first that is not missing tells."""
    if is_arrow(values):
        from losscli.data.arrow import is_text

        return is_text(values.type)
    dtype: Any = getattr(values, "dtype", None)
    if getattr(dtype, "categories", None) is not None:
        return holds_text(dtype.categories)
    if isinstance(values, list | tuple) or (isinstance(dtype, np.dtype) and dtype.kind == "O"):
        return isinstance(next((value for value in values if not _is_missing(value)), None), str)
    if isinstance(dtype, np.dtype):
        return dtype.kind in "UT"
    if not is_series(values):
        return False
    from pandas.api.types import is_string_dtype

    return is_string_dtype(dtype)


def _is_missing(value: object) -> bool:
    is_nan = isinstance(value, float) and value != value
    return value is None or is_nan or type(value).__name__ in ("NAType", "NaTType")


def is_frame(value: object) -> bool:
    """Is it a table of named columns?"""
    pandas, arrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    return (pandas is not None and isinstance(value, pandas.DataFrame)) or (
        arrow is not None and isinstance(value, arrow.Table | arrow.RecordBatch)
    )


def is_series(value: object) -> TypeGuard[pd.Series[Any]]:
    """Is it a pandas Series or Index?"""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.Series | pandas.Index)


def is_arrow(value: object) -> TypeGuard[pa.Array]:
    """Is it an Arrow object?"""
    arrow = sys.modules.get("pyarrow")
    kinds = ("Array", "ChunkedArray", "Table", "RecordBatch")
    return arrow is not None and isinstance(value, tuple(getattr(arrow, kind) for kind in kinds))


def arrow_chunks(values: Any) -> Sequence[Any]:
    """Values of any type, one a row, as Arrow arrays."""
    import pyarrow as pa

    if is_arrow(values):
        return [*getattr(values, "chunks", [values])]
    if not is_series(values):
        values = np.asarray(values)
    try:
        made = pa.array(values, from_pandas=True)
        # A column of text that pandas keeps in Arrow may be in several chunks.
        return [*getattr(made, "chunks", [made])]
    except pa.ArrowException:
        # Objects of several types: what they are called tells them apart.
        return [pa.array([None if v is None or v != v else str(v) for v in values], pa.string())]


def text_chunks(values: Any, place: Place) -> Sequence[Any]:
    """Texts, one a row, as Arrow arrays.

    Raises:
        DataError: one of them is no text.
    """
    import pyarrow as pa

    if is_arrow(values):
        return arrow_chunks(values)
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        values = values.tolist()
    is_plain = not is_series(values) or values.dtype == object
    try:
        made = pa.array(values, pa.large_string() if is_plain else None, from_pandas=True)
    except (pa.ArrowException, UnicodeError, TypeError):
        raise _no_text(values, place) from None
    return [*getattr(made, "chunks", [made])]


def _no_text(values: Iterable[Any], place: Place) -> DataError:
    for row, value in enumerate(values):
        if isinstance(value, str) and value.isascii():
            continue
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                return place.fault(f"{value!a:.40} is no Unicode text", row, code="LC162")
        elif not _is_missing(value):
            return place.fault(
                f"{value!r:.40} is no text", row, "give every row as a str", code="LC162"
            )
    return DataError("holds no text", path=place.path, column=place.column, code="LC162")


def codes(values: Any, coder: Coder, place: Place) -> Numbers | Ragged:
    """The code of each of some values, shape (N,), or its list of codes."""
    parts: list[Any] = []
    row = 0
    for chunk in text_chunks(values, place) if coder.row_shape else arrow_chunks(values):
        parts.append(coder.encode(chunk, place.at(row)))
        row += len(chunk)
    if coder.row_shape:
        return Ragged.joined(parts or [Ragged.of([])])
    return np.concatenate(parts) if parts else np.empty(0)


def arrow_numbers(array: Any, place: Place) -> Numbers:
    """The numbers of an Arrow array, chunked or not; without a copy if it is one chunk."""
    from losscli.data.arrow import numbers

    chunks = getattr(array, "chunks", [array])
    parts: list[Numbers] = []
    row = 0
    for chunk in chunks:
        shape = parts[0].shape[1:] if parts else None
        parts.append(numbers(chunk, place.at(row), shape))
        row += len(chunk)
    if not parts:
        return np.empty(0)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def lists_of(value: Any, place: Place) -> Numbers | Ragged:
    """Rows that may each have a length of their own: a list or column of lists or arrays.

    Rows of one length become an array (N, L, ...).
    """
    if is_arrow(value):
        return _arrow_lists(value, place)
    rows = list(value)
    arrays = []
    for row, held in enumerate(rows):
        try:
            arrays.append(checked(np.asarray(held), place.at(row)))
        except ValueError:
            raise place.fault(
                "is a list of lists of different lengths", row, code="LC129"
            ) from None
    inner = {array.shape[1:] for array in arrays if array.size}
    if len(inner) > 1:
        raise place.fault(f"rows hold elements of different shapes: {sorted(inner)}", code="LC129")
    if len({array.shape for array in arrays}) == 1:
        return np.stack(arrays)
    shape = inner.pop() if inner else ()
    return Ragged.of([np.asarray(a, np.float64).reshape(len(a), *shape) for a in arrays])


def _arrow_lists(array: Any, place: Place) -> Numbers | Ragged:
    from losscli.data.arrow import element, lists

    if not element(array.type)[1]:
        return arrow_numbers(array, place)
    parts: list[Ragged] = []
    row = 0
    for chunk in getattr(array, "chunks", [array]):
        inner = parts[0].values.shape[1:] if parts else None
        parts.append(lists(chunk, place.at(row), inner))
        row += len(chunk)
    return Ragged.joined(parts) if parts else np.empty((0, 0))


def series_numbers(series: Any, place: Place) -> Numbers:
    """The numbers of a pandas Series, whatever its index; what pandas calls NA is missing."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return checked(series.to_numpy(), place)
    missing = np.asarray(series.isna())
    if missing.any():
        if not place.gaps:
            raise place.missing(int(missing.argmax()))
        there = np.flatnonzero(~missing)
        found = series_numbers(series.iloc[there], replace(place, gaps=False))
        values = np.full(len(missing), np.nan)
        values[there] = found
        return values
    plain = getattr(dtype, "numpy_dtype", None)
    if plain is None or plain.kind not in "fiub":
        return checked(np.asarray(series), place)
    return checked(series.to_numpy(dtype=plain), place)


def checked(array: Numbers, place: Place) -> Numbers:
    """The array, if all it holds is numbers that float64 can hold.

    Raises:
        DataError: it holds text, dates, complex numbers or Python objects, or a value is missing.
    """
    kind = array.dtype.kind
    if kind in "fiub":
        return exact(array, place)
    if kind == "O":
        return _unwrapped(array, place)
    what = {"U": "text", "S": "text", "T": "text", "M": "dates", "m": "time spans"}
    held = what.get(kind, "complex numbers" if kind == "c" else str(array.dtype))
    first = (
        f", such as {array.reshape(-1)[:1].tolist()[0]!r}" if array.size and kind in "UST" else ""
    )
    hint = "labels must be class indices 0 .. C-1, not names" if kind in "UST" else None
    message = f"holds {held}, not numbers{first}"
    raise DataError(message, path=place.path, column=place.column, hint=hint, code="LC162")


def _objects_with_gaps(array: Numbers, place: Place) -> Numbers:
    import pyarrow as pa

    try:
        return arrow_numbers(pa.array(array, from_pandas=True), place)
    except pa.ArrowException as error:
        raise place.fault(f"does not hold numbers: {error}", code="LC162") from None


def _unwrapped(array: Numbers, place: Place) -> Numbers:
    """What an array of Python objects holds, if each is a list of numbers, as pandas keeps them."""
    items = array.reshape(-1).tolist()
    for row, item in enumerate(items):
        if item is None or type(item).__name__ in ("NAType", "NaTType"):
            if place.gaps and array.ndim == 1:
                return _objects_with_gaps(array, place)
            raise place.missing(row if array.ndim == 1 else row // (array.size // len(array)))
    if array.ndim == 1 and items and isinstance(items[0], list | tuple | np.ndarray):
        import pyarrow as pa

        try:
            return arrow_numbers(pa.array(items), place)
        except pa.ArrowException as error:
            raise place.fault(f"the lists do not hold numbers: {error}", code="LC162") from None
    shown = f": {items[0]!r:.40}" if items else ""
    raise DataError(
        f"holds Python objects, not numbers{shown}",
        path=place.path,
        column=place.column,
        hint="convert it first, for example with .astype(float)",
        code="LC162",
    )
