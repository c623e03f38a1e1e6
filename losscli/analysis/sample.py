"""Rows kept to be looked at again when all have been read: few enough to hold, the same each time.

All rows while they are few. Beyond, those whose number falls low when it is scattered by a
multiplication, which depends on nothing but the number, so that no cut of the rows shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array

_MOST_ROWS = 2**18
_MOST_VALUES = 2**20
# 2^64 / golden ratio: consecutive numbers fall evenly over the range (Knuth, Fibonacci hashing).
_SCATTER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(slots=True)
class Sample:
    """Some rows of every role, each ``level`` halving how many; ``whole`` says it is all of them.

    ``has_constants`` tells of roles that are one value for all rows, which are not here.
    """

    level: int
    most: int
    ids: list[NDArray[np.uint64]]
    parts: list[dict[str, Array]]
    has_constants: bool

    @classmethod
    def of(cls, block: Mapping[str, Array], rows: int, first_row: int) -> Sample:
        """Of a block whose first row is ``first_row``."""
        arrays = {name: x for name, x in block.items() if len(x) == rows and x.ndim > 0}
        widest = max(x[0].size for x in arrays.values())
        most = max(min(_MOST_ROWS, _MOST_VALUES // max(widest, 1)), 1)
        level = max((-(-(first_row + rows) // most) - 1).bit_length(), 0)
        ids = np.arange(first_row, first_row + rows, dtype=np.uint64)
        sample = cls(level, most, [ids], [arrays], len(arrays) < len(block))
        sample._thin()
        return sample

    def merge(self, other: Sample) -> None:
        """Take in later rows."""
        self.level = max(self.level, other.level)
        self.ids += other.ids
        self.parts += other.parts
        self.has_constants |= other.has_constants
        while sum(map(len, self.ids)) > self.most:
            before = self.level
            self._thin()
            if sum(map(len, self.ids)) > self.most:
                self.level = before + 1

    def _thin(self) -> None:
        if self.level == 0:
            # A block may be a view of something large.
            self.parts = [{k: np.array(x) for k, x in part.items()} for part in self.parts]
            return
        bound = np.uint64(2 ** (64 - self.level))
        kept = [np.flatnonzero(ids * _SCATTER < bound) for ids in self.ids]
        self.parts = [
            {name: x[rows] for name, x in part.items()}
            for rows, part in zip(kept, self.parts, strict=True)
        ]
        self.ids = [ids[rows] for rows, ids in zip(kept, self.ids, strict=True)]

    @property
    def whole(self) -> bool:
        """Are these all rows?"""
        return self.level == 0

    def arrays(self) -> dict[str, Array]:
        """The rows, by role."""
        first = self.parts[0]
        return {
            name: np.concatenate([part[name] for part in self.parts if name in part])
            for name in first
        }
