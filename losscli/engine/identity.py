"""Do columns that name rows agree, where rows pair by position?"""

from __future__ import annotations

from collections.abc import Mapping

from losscli.data.feed import Inputs, Rows
from losscli.domain import Array
from losscli.errors import DataError
from losscli.ragged import Ragged


def check_ids(read: Mapping[str, Rows], start: int, inputs: Inputs) -> None:
    """Do the rows that were read, the first of which is ``start``, belong together?

    Raises:
        DataError: a column that names rows says they do not; names the first such row.
    """
    first: dict[int, str] = {}
    for name, ids in inputs.ids.items():
        known = first.setdefault(id(ids), name)
        if known == name:
            continue
        mine, theirs = _flat(read[name]), _flat(read[known])
        # Groups of different sizes are found to be so where they are put together.
        if len(mine) != len(theirs):
            continue
        differs = mine != theirs
        if differs.any() and not ids.only_counts():
            at = int(differs.argmax())
            bounds = inputs.named[name].bounds
            raise _apart(inputs, known, name, at + int(start if bounds is None else bounds[start]))


def _flat(x: Rows) -> Array:
    return x.values if isinstance(x, Ragged) else x


def _apart(inputs: Inputs, known: str, name: str, row: int) -> DataError:
    ids, source, other = inputs.ids[name], inputs.named[name], inputs.named[known]
    places = [one for one, same in inputs.ids.items() if same is ids]
    mine, theirs = (ids.at(ids.tables[places.index(one)], row) for one in (name, known))
    return source.fault(
        f"{mine} stands where {other.file_of(row, 'the other data frame')} has {theirs}",
        row,
        hint=f"--on {ids.column} pairs the rows by {ids.column}; --by-position pairs them as they "
        "stand, whatever it says",
        code="LC113",
    )
