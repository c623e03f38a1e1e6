"""Rows of different lengths: the lists of a list loss, the rows of a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Lists one after the other: list ``i`` is ``values[offsets[i] : offsets[i + 1]]``.

    ``values`` has shape (total, ...), ``offsets`` (N + 1,) and begins at 0.
    """

    values: Array
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Array]) -> Ragged:
        """The rows, each an array with its own length."""
        lengths = np.array([len(row) for row in rows], np.int64)
        values = np.concatenate(rows) if rows else np.empty(0)
        return cls(values, np.concatenate([[0], np.cumsum(lengths)]))

    @classmethod
    def joined(cls, parts: Sequence[Ragged]) -> Ragged:
        """The rows of several, one after the other."""
        if len(parts) == 1:
            return parts[0]
        lengths = np.concatenate([part.lengths for part in parts])
        values = np.concatenate([part.values for part in parts])
        return cls(values, np.concatenate([[0], np.cumsum(lengths)]))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How long each row is, (N,)."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, rows: slice) -> Ragged:
        start, stop, _ = rows.indices(len(self))
        offsets = self.offsets[start : max(stop, start) + 1]
        return Ragged(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])

    def take(self, rows: NDArray[np.intp]) -> Ragged:
        """These rows, in this order."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return Ragged(self.values[places], offsets)

    def dense(self, rows: NDArray[np.intp]) -> Array:
        """These rows, all of one length, as an array (n, length, ...)."""
        length = int(self.lengths[rows[0]])
        found: Array = self.values[self.offsets[rows, np.newaxis] + np.arange(length)]
        return found


def first_length(rows: NDArray[Any] | Ragged) -> int:
    """How long the first row is, at least 1: where rows are no lists, one."""
    return max(int(rows.lengths[0]), 1) if isinstance(rows, Ragged) and len(rows) else 1


def by_length(lists: Sequence[Ragged]) -> Iterator[NDArray[np.intp]]:
    """Row numbers, those together whose lengths agree in every one of ``lists``."""
    lengths = np.stack([ragged.lengths for ragged in lists], axis=1)
    order = np.lexsort(lengths.T)
    changes = np.flatnonzero((np.diff(lengths[order], axis=0) != 0).any(axis=1)) + 1
    yield from np.split(order, changes)
