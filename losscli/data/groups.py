"""Rows that belong together: those with one value in the column of ``--group``.

The rows of a group stand together, as LightGBM and XGBoost want them too, so that groups can be
read one after the other and memory stays flat. The column is read once before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import Cursor, Feed, RoleInput, Rows
from losscli.data.place import Place
from losscli.domain import Role
from losscli.errors import DataError
from losscli.ragged import Ragged
from losscli.shapes import VARIES

ALL_ROWS = "all rows"


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Group ``i`` is the rows ``bounds[i]`` to ``bounds[i + 1]`` and is called ``key(i)``."""

    column: str
    bounds: NDArray[np.int64]
    key: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.bounds) - 1


def one_group(rows: int) -> Groups:
    """All rows as one group."""
    return Groups(ALL_ROWS, np.array([0, rows], np.int64), lambda i: ALL_ROWS)


def ungrouped(role: Role) -> Role:
    """The role as a single row of a group has it: without the axis of its list."""
    domain = role.domain
    if not domain.is_list:
        return role
    axes = (domain.axes[0], *domain.axes[2:])
    return replace(role, domain=replace(domain, axes=axes))


class GroupedFeed:
    """A feed whose rows are the groups of another: every role is a list for each group."""

    def __init__(self, feed: Feed, groups: Groups) -> None:
        bounds = groups.bounds
        self.name = feed.name
        self.rows: int | None = len(groups)
        self._feed = feed
        self._bounds = bounds
        length = int(bounds[1] - bounds[0]) if len(groups) else 1
        self.roles: Sequence[RoleInput] = [
            replace(role, shape=(VARIES, *role.shape), length=length, bounds=bounds)
            for role in feed.roles
        ]
        self.starts = _group_starts(feed.starts, bounds)

    def cursor(self, start: int, stop: int | None) -> _GroupedCursor:
        """A walk over the groups ``start`` to ``stop``."""
        end = len(self._bounds) - 1 if stop is None else stop
        rows = self._feed.cursor(int(self._bounds[start]), int(self._bounds[end]))
        return _GroupedCursor(rows, self._bounds[start : end + 1])


def _group_starts(starts: Sequence[int], bounds: NDArray[np.int64]) -> list[int]:
    """The groups that begin at or behind the rows at which the feed opens cheaply."""
    found = np.searchsorted(bounds[:-1], np.asarray(starts, np.int64))
    return sorted({0, *(int(i) for i in found if i < len(bounds) - 1)})


class _GroupedCursor:
    def __init__(self, rows: Cursor, bounds: NDArray[np.int64]) -> None:
        self._rows = rows
        self._bounds = bounds
        self._at = 0

    def read(self, n: int) -> Mapping[str, Rows]:
        """The next ``n`` groups of each role."""
        stop = min(self._at + n, len(self._bounds) - 1)
        offsets = self._bounds[self._at : stop + 1] - self._bounds[self._at]
        self._at = stop
        rows = self._rows.read(int(offsets[-1]))
        return {role: Ragged(np.asarray(values), offsets) for role, values in rows.items()}

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()


def check_same(first: Groups, second: Groups, place: Place) -> None:
    """Do two files hold the same groups in the same order?

    Raises:
        DataError: they do not; says where the second goes its own way.
    """
    for i in range(min(len(first), len(second))):
        if first.key(i) != second.key(i):
            raise place.fault(
                f"group {second.key(i)!r} stands where the other file has {first.key(i)!r}",
                int(second.bounds[i]),
                f"sort both files by {first.column}",
                code="LC114",
            )
    if len(first) != len(second):
        raise DataError(
            f"has {len(second)} groups, the other file {len(first)}",
            path=place.path,
            column=place.column,
            hint="every group must stand in both files",
            code="LC114",
        )
