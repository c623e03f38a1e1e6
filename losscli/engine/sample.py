"""What single rows cost, for whoever wants to see them one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.domain import Array
from losscli.engine.gaps import Gaps
from losscli.results import SHOWN_ROWS, RowLoss


@dataclass(frozen=True, slots=True)
class Sample:
    """What each row (or group) of some consecutive ones costs under one evaluation.

    The mean of the loss is ``sum(loss) / sum(divisor)`` over all rows. The rows of a set loss that
    is one number of them all cost nothing by themselves: they have ``entries`` instead, and
    ``per_sample`` and ``loss`` have no columns.

    Attributes:
        per_sample: (n,) the row's own loss.
        loss: (n,) what the row adds to the sum, sample weight and all.
        divisor: (n,) what it adds to the divisor, or a number where all rows add the same; of a set
            loss the sample weight. Of a combination whose parts divide by different numbers it is
            NaN.
        codes: by the name of each coded column, (n,) the codes of the rows.
        entries: (n, ...) what each row gives to each statistic of a set loss.
        there: (n,) which rows have all their values; None if all have. One that lacks a value has
            a loss of its own that is NaN, and adds nothing to anything.
        parts: of a combination, the weight and the sample of each part. The value is the sum of
            weight times mean of the part.
    """

    per_sample: Array
    loss: Array
    divisor: Array | float
    codes: Mapping[str, Array] = field(default_factory=dict)
    entries: tuple[Array, ...] = ()
    there: NDArray[np.bool_] | None = None
    parts: tuple[tuple[float, Sample], ...] = ()

    def __len__(self) -> int:
        return len(self.per_sample)

    def __getitem__(self, rows: slice | NDArray[Any]) -> Sample:
        return Sample(
            self.per_sample[rows],
            self.loss[rows],
            self.divisor if isinstance(self.divisor, float) else self.divisor[rows],
            {name: codes[rows] for name, codes in self.codes.items()},
            tuple(values[rows] for values in self.entries),
            None if self.there is None else self.there[rows],
            tuple((weight, part[rows]) for weight, part in self.parts),
        )

    def spread(self, gaps: Gaps) -> Sample:
        """The same rows among those that lack a value."""
        there = np.zeros(gaps.rows, np.bool_)
        there[slice(None) if gaps.there is None else gaps.there] = True
        divisor = np.broadcast_to(self.divisor, len(self))
        return Sample(
            gaps.spread(self.per_sample, np.nan),
            gaps.spread(self.loss, 0.0),
            gaps.spread(divisor, 0.0),
            {name: gaps.spread(codes, 0.0) for name, codes in self.codes.items()},
            tuple(gaps.spread(values, 0.0) for values in self.entries),
            there,
            tuple((weight, part.spread(gaps)) for weight, part in self.parts),
        )

    def counted(self) -> Sample:
        """Without the rows that lack a value."""
        return self if self.there is None else self[self.there]


def is_shown(rows: int) -> bool:
    """A data set this small is shown row by row, whoever asks."""
    return rows <= SHOWN_ROWS


def nonfinite_rows(per_sample: Array, gaps: Gaps) -> list[RowLoss]:
    """The rows of a block whose loss is not finite."""
    found = np.flatnonzero(~np.isfinite(per_sample))
    return [RowLoss(gaps.sample(i) + 1, float(per_sample[i])) for i in found.tolist()]
