"""What is kept of the rows seen so far, and how that of the next block is added to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from losscli.data.feed import NO_LABELS
from losscli.domain import Array
from losscli.engine.detail import NOTHING, Asked, Detail
from losscli.engine.sample import Sample
from losscli.results import RowLoss

if TYPE_CHECKING:
    from losscli.data.coding import Labels
    from losscli.engine.slices import Slices

NONFINITE_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What of the rows is kept besides what the number takes.

    Attributes:
        detail: how the losses are spread, and what findings need.
        rows: what each row costs.
        elements: the losses before any reduction.
        entries: what each row gives to the statistics of a set loss.
        asked: what somebody asks of the losses of rows; needs ``detail``.
        by: the labels of what the rows are sliced by, by the name of the coded role.
    """

    detail: bool = True
    rows: bool = False
    elements: bool = False
    entries: bool = False
    asked: Asked = NOTHING
    by: Mapping[str, Labels] = field(default_factory=lambda: NO_LABELS)


@dataclass(slots=True, kw_only=True)
class State:
    """What is kept of rows whatever they are measured by.

    ``rows`` are samples, which may be groups of ``rows_read``; ``missing`` samples, and
    ``missing_rows`` rows of the files, were left out since they lack a value. ``sample`` and
    ``elements`` hold a single block's values on their way to whoever keeps them.
    """

    rows: int = 0
    rows_read: int = 0
    ignored: int = 0
    missing: int = 0
    missing_rows: int = 0
    missing_elements: int = 0
    nonfinite: int = 0
    nonfinite_rows: list[RowLoss] = field(default_factory=list)
    detail: Detail | None = None
    slices: Slices | None = None
    sample: Sample | None = None
    elements: Array | None = None

    @property
    def is_empty(self) -> bool:
        """Do all rows lack a value?"""
        return 0 < self.rows == self.missing

    def count(self, other: State) -> None:
        """Take in how many rows were read, and how many of them lack a value."""
        self.rows += other.rows
        self.rows_read += other.rows_read
        self.missing += other.missing
        self.missing_rows += other.missing_rows
        self.missing_elements += other.missing_elements

    def merge(self, later: Self) -> None:
        """Take in the rows that follow."""
        self.count(later)
        self.ignored += later.ignored
        self.nonfinite += later.nonfinite
        self.nonfinite_rows = (self.nonfinite_rows + later.nonfinite_rows)[:NONFINITE_ROWS]
        if self.detail is not None and later.detail is not None:
            self.detail.merge(later.detail)
        if self.slices is not None and later.slices is not None:
            self.slices.merge(later.slices)


AnyState = TypeVar("AnyState", bound=State)


@dataclass(slots=True)
class Fold(Generic[AnyState]):
    """States merged in block order; what is kept of rows is gathered as it comes."""

    state: AnyState | None = None
    per_sample: list[Array] = field(default_factory=list)
    elements: list[Array] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows merged so far."""
        return self.state.rows if self.state else 0

    def add(self, state: AnyState) -> None:
        """Merge the state of the next block."""
        if state.sample is not None:
            self.per_sample.append(state.sample.per_sample)
        if state.elements is not None:
            self.elements.append(state.elements)
        state.sample = state.elements = None
        if self.state is None:
            self.state = state
        elif state.is_empty:
            self.state.count(state)
        elif self.state.is_empty:
            state.count(self.state)
            self.state = state
        else:
            self.state.merge(state)
