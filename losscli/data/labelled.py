"""Where columns stand that hold no role: those that rows are sliced or clustered by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from losscli.data.columns import Table, distinct, no_column, position_of
from losscli.errors import DataError, UsageError

if TYPE_CHECKING:
    from losscli.data.coding import Labels


@dataclass(frozen=True, slots=True)
class Labelled:
    """A column of a table, and the labels of what it holds."""

    labels: Labels
    table: Table
    column: int


def find_labelled(
    tables: Sequence[Table],
    labels: Mapping[str, Labels],
    aside: Table | None = None,
    *,
    joined: bool = False,
) -> dict[str, Labelled]:
    """The columns of the labels, by name: of several that are called so, that of the first table.

    Where rows pair by position, the others are there too, under names of their own and with the
    same labels: in rows that belong together, they have to say the same.

    Args:
        tables: those that hold roles.
        labels: what is looked for.
        aside: a table that was given for such columns; what it has, no other is asked about.
        joined: are the rows paired by key?

    Raises:
        DataError: no table has a column, or one has several of its name.
        UsageError: nothing of ``aside`` is asked for.
    """
    found: dict[str, Labelled] = {}
    used = False
    for name, one in labels.items():
        places = [*_places(tables, one)]
        own = [*_places([aside], one)] if aside is not None else []
        used = used or bool(own)
        if not own and not places:
            raise _nowhere([*([aside] if aside is not None else []), *tables], one)
        first, *others = own or places
        found[name] = first
        if not own and not joined:
            alike = (other for other in others if not other.table.columns[other.column].is_list)
            found |= {f"{name} of {other.table.name}": other for other in alike}
    if aside is not None and not used:
        raise UsageError(
            f"by={aside.name} has none of the columns that are asked for",
            hint="name one of its columns: --by COLUMN",
        )
    return found


def _places(tables: Sequence[Table], labels: Labels) -> Iterator[Labelled]:
    for table in distinct(tables):
        at = position_of(table, labels.column, labels.purpose)
        if at is not None:
            yield Labelled(labels, table, at)


def _nowhere(tables: Sequence[Table], labels: Labels) -> DataError:
    if tables:
        return no_column(distinct(tables), labels.column, labels.purpose)
    return DataError(
        f"there is no file or frame with a column {labels.column!r} {labels.purpose}",
        hint="to give the values themselves, pass an array: by=np.asarray(values)",
        code="LC161",
    )
