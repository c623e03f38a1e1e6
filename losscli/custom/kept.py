"""All rows of a role in memory: for a loss that is one number of them all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from losscli.domain import Array
from losscli.errors import DataError
from losscli.statistics import Exact

# A gibibyte of doubles.
MOST_VALUES = 2**27


@dataclass(slots=True)
class Kept(Exact):
    """The rows themselves, up to :data:`MOST_VALUES` values of a role."""

    blocks: list[Array]

    @classmethod
    def of(cls, values: Array, weight: Array | None) -> Kept:
        """Of a block."""
        return cls([np.array(values, order="C")])

    def merge(self, later: Kept) -> None:
        """Take in the rows that follow.

        Raises:
            DataError: there are more than may be kept.
        """
        self.blocks += later.blocks
        values = sum(block.size for block in self.blocks)
        if values > MOST_VALUES:
            raise DataError(
                f"a loss of all rows at once needs them all in memory, and these are more than "
                f"{MOST_VALUES:,} values",
                hint="return the loss of each row, or take each row by itself: --reduction mean",
                code="LC164",
            )

    @property
    def rows(self) -> Array:
        """All of them, (N, ...)."""
        return np.concatenate(self.blocks)
