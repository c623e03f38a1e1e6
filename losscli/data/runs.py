"""Runs of equal values in a column: where each group begins, and what it is called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from losscli.data.arrow import values_of
from losscli.data.groups import Groups
from losscli.data.place import Place


def find_groups(chunks: Iterable[Any], place: Place) -> Groups:
    """The runs of equal values in a column, given as Arrow arrays in order.

    Raises:
        DataError: a value is missing, or a group goes on after another one.
    """
    column = place.column or "group"
    starts: list[NDArray[np.int64]] = []
    keys: list[Any] = []
    row, last = 0, None
    for chunk in chunks:
        chunk = _plain(chunk)
        if chunk.null_count:
            at = int(np.argmax(values_of(chunk.is_null())))
            hint = "every row needs a group"
            raise place.at(row).fault("the value is missing", at, hint, code="LC128")
        first, found = _runs(chunk)
        if last is not None and len(found) and found[0].equals(last):
            first, found = first[1:], found[1:]
        starts.append(first + row)
        keys.append(found)
        row += len(chunk)
        last = chunk[-1] if len(chunk) else last
    names = pa.chunked_array(keys).combine_chunks() if keys else pa.array([])
    bounds = np.concatenate([*starts, [row]]).astype(np.int64)
    _reject_split(names, bounds, place)
    return Groups(column, bounds, lambda i: str(names[i].as_py()))


def _plain(chunk: Any) -> Any:
    if pa.types.is_dictionary(chunk.type):
        return chunk.dictionary_decode()
    return chunk


def _runs(chunk: Any) -> tuple[NDArray[np.int64], Any]:
    """Where each run of equal values begins, and its value."""
    if len(chunk) == 0:
        return np.empty(0, np.int64), chunk
    changed = values_of(pc.not_equal(chunk[1:], chunk[:-1])) if len(chunk) > 1 else np.empty(0)
    first = np.concatenate([[0], np.flatnonzero(changed) + 1])
    return first, chunk.take(pa.array(first.tolist(), pa.int64()))


def _reject_split(names: Any, bounds: NDArray[np.int64], place: Place) -> None:
    if len(names) == 0 or pc.count_distinct(names).as_py() == len(names):
        return
    seen: dict[object, int] = {}
    for i, name in enumerate(names.to_pylist()):
        before = seen.setdefault(name, i)
        if before != i:
            raise place.fault(
                f"group {name!r} begins again here, but ended at row {bounds[before + 1]}",
                int(bounds[i]),
                f"sort the rows by {place.column or 'their group'}, in every file alike",
                code="LC114",
            )
