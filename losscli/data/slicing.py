"""What the rows are to be sliced by: names of columns, or values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from losscli.data.feed import MOST_SLICES, by_role
from losscli.data.frames import is_arrow, is_frame, is_series
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.data.coding import Labels


def slice_labels(columns: Iterable[str]) -> dict[str, Labels]:
    """The labels of columns to slice by, each under a name that is no role of a loss.

    Raises:
        UsageError: a column is named twice.
    """
    found: dict[str, Labels] = {}
    for column in columns:
        from losscli.data.coding import Labels

        if by_role(column) in found:
            raise UsageError(f"{column!r} is given twice to slice by", hint="name it once")
        found[by_role(column)] = Labels(
            column,
            limit=MOST_SLICES,
            hint="slices are for a column with few values: bin or round them, or choose another",
        )
    return found


def sliced_by(by: Any) -> tuple[dict[str, Labels], dict[str, object]]:
    """The labels of what a Python caller slices by, and the values of those that are no column.

    Args:
        by: None; the name of a column; a list of names; values, one a row; or values by name.
    """
    values: dict[str, object] = {}
    names: Iterable[str]
    if by is None:
        names = ()
    elif isinstance(by, str):
        names = (by,)
    elif isinstance(by, list | tuple) and by and all(isinstance(one, str) for one in by):
        names = by
    elif isinstance(by, Mapping):
        names = [str(name) for name in by]
        values = {str(name): one for name, one in by.items() if one is not None}
    elif is_frame(by):
        names = [str(name) for name in by.columns] if not is_arrow(by) else by.schema.names
        values = {name: by[name] for name in names}
    else:
        name = str(by.name) if is_series(by) and by.name is not None else "by"
        names, values = (name,), {name: by}
    return slice_labels(names), {by_role(name): one for name, one in values.items()}
