"""Which columns of a table are to be read, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losscli.data.coding import Coder


@dataclass(frozen=True, slots=True)
class Selection:
    """Columns, by their position in the table, each with its coder or None for numbers.

    A column that is wanted both as numbers and as codes is there twice. ``positions`` says for each
    role which of ``columns`` are its own.
    """

    columns: tuple[tuple[int, Coder | None], ...]
    positions: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, chosen: Mapping[str, tuple[int, ...]], coders: Mapping[str, Coder]) -> Selection:
        """The columns of all roles, in the order of the table."""
        asked = {role: [(i, coders.get(role)) for i in columns] for role, columns in chosen.items()}
        distinct = dict.fromkeys(one for columns in asked.values() for one in columns)
        wanted = sorted(distinct, key=lambda one: one[0])
        place = {one: at for at, one in enumerate(wanted)}
        positions = {role: tuple(place[one] for one in columns) for role, columns in asked.items()}
        return cls(tuple(wanted), positions)
