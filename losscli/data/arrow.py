"""Arrow columns as NumPy numbers: which types hold numbers, and what to say where one does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from losscli.data.blocks import Numbers
from losscli.data.columns import Column
from losscli.errors import DataError

# Beyond it, neighbouring integers are one float64.
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Place:
    """Where values come from: ``row`` of the file, from 0, is the first of them."""

    path: str | None
    column: str | None
    row: int = 0

    def fault(self, message: str, row: int = 0, hint: str | None = None) -> DataError:
        """What is wrong with the value ``row`` rows further."""
        return DataError(
            message, path=self.path, column=self.column, row=self.row + row + 1, hint=hint
        )

    def missing(self, row: int) -> DataError:
        """A value is missing."""
        hint = "remove such rows from every input, or fill them in; pandas writes NaN as missing"
        return self.fault("the value is missing", row, hint)


def column(field: pa.Field) -> Column:
    """What the rules for choosing columns need to know about a field."""
    element, is_list = _element(field.type)
    return Column(field.name, str(field.type), _is_number(element), is_list)


def _element(kind: pa.DataType) -> tuple[pa.DataType, bool]:
    """The type of the innermost elements, and whether they come in lists."""
    is_list = False
    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif _is_list(kind) or pa.types.is_dictionary(kind):
            is_list = is_list or _is_list(kind)
            kind = kind.value_type
        else:
            return kind, is_list


def _is_list(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _is_number(kind: pa.DataType) -> bool:
    types = pa.types
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    return any(test(kind) for test in tests)


def numbers(array: pa.Array, place: Place, shape: tuple[int, ...] | None = None) -> Numbers:
    """The values of an array: (n,) for numbers and (n, k, ...) for lists; without a copy if possible.

    Args:
        array: numbers, booleans, dictionary-encoded numbers, tensors, or lists of them.
        place: where the array comes from.
        shape: the shape every row must have; None takes that of the first.

    Raises:
        DataError: a value is missing, is not a number or not exact in float64, or a row has another
            shape.
    """
    kind = array.type
    if isinstance(kind, pa.FixedShapeTensorType):
        return _tensors(array, place)
    if isinstance(kind, pa.BaseExtensionType):
        return numbers(array.storage, place, shape)
    if pa.types.is_dictionary(kind):
        return numbers(array.dictionary_decode(), place, shape)
    if array.null_count:
        raise place.missing(int(np.argmax(array.is_null().to_numpy(zero_copy_only=False))))
    if _is_list(kind):
        return _lists(array, place, shape)
    if not _is_number(kind):
        raise place.fault(f"holds {kind}, not numbers")
    if pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    return exact(array.to_numpy(zero_copy_only=False), place)


def _lists(array: pa.Array, place: Place, shape: tuple[int, ...] | None) -> Numbers:
    lengths = _lengths(array)
    length = shape[0] if shape else int(lengths[0]) if len(lengths) else 0
    ragged = lengths != length
    if ragged.any():
        row = int(ragged.argmax())
        raise place.fault(
            f"has {lengths[row]} elements, the rows before it {length}",
            row,
            "every row of a list column must have the same number of elements",
        )
    inner = shape[1:] if shape else None
    try:
        flat = numbers(array.flatten(), Place(None, None), inner or None)
    except DataError as error:
        # The row of an element of a list is the row of its list.
        row = 0 if error.row is None else (error.row - 1) // max(length, 1)
        raise place.fault(error.message, row, error.hint) from None
    return flat.reshape(len(array), length, *flat.shape[1:])


def _lengths(array: pa.Array) -> Any:
    if pa.types.is_fixed_size_list(array.type):
        return np.full(len(array), array.type.list_size)
    return np.diff(array.offsets.to_numpy())


def _tensors(array: pa.Array, place: Place) -> Numbers:
    numbers(array.storage, place)
    values: Numbers = array.to_numpy_ndarray()
    return values


def exact(values: Numbers, place: Place) -> Numbers:
    """The values, if float64 holds them all.

    Raises:
        DataError: a whole number lies beyond 2**53; of a vector, its row is named.
    """
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 8 or values.size == 0:
        return values
    if int(values.max()) > _EXACT or int(values.min()) < -_EXACT:
        large = (values > _EXACT) | (values < -_EXACT)
        first = np.unravel_index(int(large.argmax()), values.shape)
        hint = "is this an id column? losses are computed in float64"
        raise place.fault(f"{values[first]} is too large to be exact in float64", int(first[0]), hint)
    return values


def row_shape(array: pa.Array, place: Place) -> tuple[int, ...]:
    """The shape of a row, read off the first one."""
    return numbers(array[:1], place).shape[1:]
