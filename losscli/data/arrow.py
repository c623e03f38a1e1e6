"""Arrow columns as NumPy numbers: which types hold numbers, and what to say where one does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.data.columns import Column
from losscli.data.place import Numbers, Place, exact
from losscli.errors import DataError
from losscli.ragged import Ragged


def column(field: pa.Field) -> Column:
    """What the rules for choosing columns need to know about a field."""
    kind, is_list = element(field.type)
    return Column(field.name, str(field.type), _is_number(kind), is_list, is_text(field.type))


def element(kind: pa.DataType) -> tuple[pa.DataType, bool]:
    """The type of the innermost elements, and whether they come in lists."""
    is_list = False
    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif _is_list(kind) or _is_encoded(kind):
            is_list = is_list or _is_list(kind)
            kind = kind.value_type
        else:
            return kind, is_list


def is_text(kind: pa.DataType) -> bool:
    """Is a value of this type a text?"""
    inner, is_list = element(kind)
    return not is_list and str(inner) in ("string", "large_string", "string_view")


def _is_list(kind: pa.DataType) -> bool:
    types = pa.types
    tests = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(test(kind) for test in tests) or _is_view(kind)


def _is_view(kind: pa.DataType) -> bool:
    """Lists that need not lie one after the other."""
    return bool(pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind))


def _is_encoded(kind: pa.DataType) -> bool:
    """Are these values that are written once and referred to?"""
    return bool(pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind))


def _is_number(kind: pa.DataType) -> bool:
    types = pa.types
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    return any(test(kind) for test in tests)


def numbers(array: pa.Array, place: Place, shape: tuple[int, ...] | None = None) -> Numbers:
    """The values of an array: (n,) for numbers, (n, k, ...) for lists; if possible without a copy.

    Lists of different lengths need :func:`lists`.

    Args:
        array: numbers, booleans, dictionary-encoded numbers, tensors, or lists of them.
        place: where the array comes from.
        shape: the shape every row must have; None takes that of the first.

    Raises:
        DataError: a value is missing, is not a number or not exact in float64, or a row has another
            shape.
    """
    kind = array.type
    if place.gaps and array.null_count:
        return _with_gaps(array, place, shape)
    if is_tensor(kind):
        return _tensors(array, place)
    if isinstance(kind, pa.BaseExtensionType):
        return numbers(array.storage, place, shape)
    if pa.types.is_dictionary(kind):
        return numbers(array.dictionary_decode(), place, shape)
    if pa.types.is_run_end_encoded(kind):
        return numbers(_decoded(array), place, shape)
    if array.null_count:
        raise place.missing(int(np.argmax(values_of(array.is_null()))))
    if _is_list(kind):
        return _lists(array, place, shape)
    if not _is_number(kind):
        raise place.fault(f"holds {kind}, not numbers", code="LC162")
    if pa.types.is_decimal(kind):
        # Cast to floats, every fourth would be off by its last bit; the same text in CSV is not.
        array = array.cast(pa.string()).cast(pa.float64())
    return exact(values_of(array), place)


def _decoded(array: pa.Array) -> pa.Array:
    from pyarrow.compute import run_end_decode

    return run_end_decode(array)


def _with_gaps(array: pa.Array, place: Place, shape: tuple[int, ...] | None) -> Numbers:
    """The values, and NaN where one is missing."""
    there = np.flatnonzero(values_of(array.is_valid()))
    try:
        found = numbers(array.take(from_integers(there)), Place(None, gaps=True), shape)
    except DataError as error:
        row = int(there[0 if error.row is None else error.row - 1])
        raise place.fault(error.message, row, error.hint, code=error.code) from None
    inner = shape if shape and not len(there) else found.shape[1:]
    values = np.full((len(array), *inner), np.nan)
    if len(there):
        values[there] = found
    return values


def _lists_with_gaps(array: pa.Array, place: Place, inner: tuple[int, ...] | None) -> Ragged:
    """The lists; a missing one is a list of one missing value."""
    is_there = values_of(array.is_valid()).astype(bool)
    there = np.flatnonzero(is_there)
    try:
        found = lists(array.take(from_integers(there)), Place(None, gaps=True), inner)
    except DataError as error:
        row = int(there[0 if error.row is None else error.row - 1])
        raise place.fault(error.message, row, error.hint, code=error.code) from None
    shape = inner if inner is not None and not len(there) else found.values.shape[1:]
    nothing = Ragged(np.full((1, *shape), np.nan), np.array([0, 1]))
    whole = Ragged.joined([Ragged(found.values.reshape(-1, *shape), found.offsets), nothing])
    return whole.take(np.where(is_there, np.cumsum(is_there) - 1, len(there)))


def is_tensor(kind: pa.DataType) -> bool:
    """Are these arrays of one fixed shape?"""
    return isinstance(kind, pa.FixedShapeTensorType)


def lists(array: pa.Array, place: Place, inner: tuple[int, ...] | None = None) -> Ragged:
    """The lists of an array, each with its own length; ``inner`` is the shape of an element.

    Raises:
        DataError: as :func:`numbers`.
    """
    if isinstance(array.type, pa.BaseExtensionType):
        return lists(array.storage, place, inner)
    if place.gaps and array.null_count:
        return _lists_with_gaps(array, place, inner)
    if array.null_count:
        raise place.missing(int(np.argmax(values_of(array.is_null()))))
    offsets = np.concatenate([[0], np.cumsum(_lengths(array), dtype=np.int64)])
    try:
        flat = numbers(array.flatten(), Place(None, gaps=place.gaps), inner)
    except DataError as error:
        # The row of an element of a list is the row of its list.
        element_at = 0 if error.row is None else error.row - 1
        row = int(np.searchsorted(offsets, element_at, side="right")) - 1
        raise place.fault(error.message, row, error.hint, code=error.code) from None
    return Ragged(np.asarray(flat, np.float64), offsets)


def values_of(array: pa.Array) -> Numbers:
    """The values of an array without missing ones.

    Through DLPack, since ``to_numpy`` loads pandas, which costs as much as reading ten million
    rows.
    """
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    return np.from_dlpack(array)


def from_integers(values: NDArray[Any]) -> pa.Array:
    """Integers as an Arrow array of 64 bits; ``pa.array`` would load pandas."""
    held = np.ascontiguousarray(values, np.int64)
    return pa.Array.from_buffers(pa.int64(), len(held), [None, pa.py_buffer(held)])


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
            code="LC129",
        )
    inner = shape[1:] if shape else None
    try:
        flat = numbers(array.flatten(), Place(None, gaps=place.gaps), inner or None)
    except DataError as error:
        # The row of an element of a list is the row of its list.
        row = 0 if error.row is None else (error.row - 1) // max(length, 1)
        raise place.fault(error.message, row, error.hint, code=error.code) from None
    return flat.reshape(len(array), length, *flat.shape[1:])


def _lengths(array: pa.Array) -> Any:
    if pa.types.is_fixed_size_list(array.type):
        return np.full(len(array), array.type.list_size)
    if _is_view(array.type):
        return values_of(array.sizes)
    return np.diff(values_of(array.offsets))


def _tensors(array: pa.Array, place: Place) -> Numbers:
    flat = numbers(array.storage, place)
    if place.gaps and array.storage.flatten().null_count:
        return flat.reshape(len(array), *array.type.shape)
    values: Numbers = array.to_numpy_ndarray()
    return values


def row_shape(array: pa.Array, place: Place) -> tuple[int, ...]:
    """The shape of a row, read off the first one."""
    return numbers(array[:1], place).shape[1:]
