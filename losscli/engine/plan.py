"""What will be done, before any of it is: which rows make which block, and who reads them.

Blocks are the unit of arithmetic. Their size depends on the shape of a row alone, so that the same
rows give the same bits whoever reads them. Spans are the unit of reading: runs of whole blocks that
begin where the files open cheaply. They decide only who does the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import prod
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import Feed, Inputs, Rows
from losscli.domain import Array
from losscli.engine.gaps import Gaps
from losscli.ragged import Ragged
from losscli.shapes import VARIES, Fit

# A block of single numbers is half a megabyte. A wide row counts all its values, and a block of
# them is as large, so that a kernel's few temporaries stay in a core's cache.
BLOCK_VALUES = 2**16
_SMALLEST_SPAN = 4
# The first list may be short and those behind it long.
_MOST_LISTS = 2**11


@dataclass(frozen=True, slots=True)
class Block:
    """Rows ``first_row`` (from 0) onwards, checked and in the kernel's shape.

    ``arrays`` has one array a role, or lists where a row is one; ``constants`` what holds for all
    rows. Where rows are grouped for a loss that knows no lists, the arrays hold the rows of the
    files and ``groups`` (rows + 1,) says where each group begins. ``codes`` has a code a row for
    each column that is no role of the loss. ``gaps`` says where the rows stood if some were left
    out for want of a value: then ``rows`` are fewer than were read. With ``of_elements`` the groups
    are rows, and what they hold are the elements that they have.
    """

    first_row: int
    rows: int
    arrays: Mapping[str, Rows]
    constants: Mapping[str, Array]
    gaps: Gaps
    groups: NDArray[np.int64] | None = None
    codes: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))
    of_elements: bool = False

    @property
    def plain(self) -> dict[str, Array]:
        """The roles that are one array, by name."""
        return {name: x for name, x in self.arrays.items() if not isinstance(x, Ragged)}


@dataclass(frozen=True, slots=True)
class TakeRoles:
    """Somebody who wants the values of these roles, block by block, in order."""

    names: frozenset[str]
    take: Callable[[Block], None]

    def of(self, block: Block) -> Block:
        """The block without the other roles, so that they do not wait in memory."""
        arrays = {name: x for name, x in block.arrays.items() if name in self.names}
        constants = {name: x for name, x in block.constants.items() if name in self.names}
        return replace(block, arrays=arrays, constants=constants)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of rows that one cursor for each feed walks; ``stop`` None is the end of the data."""

    start: int
    stop: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The inputs, how each role meets the loss, and the cut into blocks.

    ``names`` says under which name a role is read where others read the same rows, see
    :class:`Schedule`; None where it is its own. ``most_rows`` bounds a block that has to be no
    larger than those of others.
    """

    inputs: Inputs
    fits: Mapping[str, Fit]
    names: Mapping[str, str] | None = None
    most_rows: int | None = None

    @property
    def block_rows(self) -> int:
        """Rows in a block: a power of two that holds about 2^16 values of the widest role.

        Lists are taken to be as long as the first.
        """
        sources = self.inputs.roles
        widest = max(
            (
                prod(length for length in self.fits[name].shape if length != VARIES) * source.length
                for name, source in sources.items()
            ),
            default=1,
        )
        rows = 1 << max((BLOCK_VALUES // max(widest, 1)).bit_length() - 1, 0)
        varies = any(source.shape[:1] == (VARIES,) for source in sources.values())
        return min(rows, _MOST_LISTS if varies else rows, self.most_rows or rows)

    def take(self, read: Mapping[str, Rows]) -> Mapping[str, Rows]:
        """Of the rows that were read for all, this plan's, under its own names."""
        if self.names is None:
            return read
        coded = {name: name for name in self.inputs.labels}
        wanted = {**self.names, **coded}
        return {mine: read[name] for mine, name in wanted.items() if name in read}


@dataclass(frozen=True, slots=True)
class Schedule:
    """One read of the inputs, for one plan or for several.

    Each plan keeps the blocks that it would have alone. All their sizes are powers of two, so the
    smallest is what is read at a time, and a plan with larger blocks gathers several.
    """

    inputs: Inputs
    plans: tuple[Plan, ...]

    @property
    def step(self) -> int:
        """Rows that are read at a time."""
        return min(plan.block_rows for plan in self.plans)

    @property
    def rows(self) -> int | None:
        """Rows of the data, None when a file does not say."""
        return next((feed.rows for feed in self.inputs.feeds if feed.rows is not None), None)

    def spans(self) -> list[Span]:
        """The work, in row order. One span when a feed cannot be entered in the middle."""
        rows = self.rows
        if rows is None or any(feed.rows is None for feed in self.inputs.feeds):
            return [Span(0, None)]
        block_rows = max(plan.block_rows for plan in self.plans)
        cuts = [0]
        for start in _cheapest(self.inputs.feeds).starts:
            cut = -(-start // block_rows) * block_rows
            if cut - cuts[-1] >= _SMALLEST_SPAN * block_rows and cut < rows:
                cuts.append(cut)
        return [Span(start, stop) for start, stop in pairwise([*cuts, rows])]


def _cheapest(feeds: Sequence[Feed]) -> Feed:
    """The feed that minds most where it is entered: the one with the fewest places to do so."""
    return min(feeds, key=lambda feed: len(feed.starts))
