"""The spread of the losses of rows: kept block by block, and its record."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from losscli.engine.gaps import Gaps
from losscli.engine.sample import Sample
from losscli.results import Distribution, RowsAbove
from losscli.state import Extremes, Moments, Quantiles, Worst

WORST_ROWS = 10
_TAIL = 0.01


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks of the per-sample losses besides what is always looked at.

    ``quantiles`` are shares in [0, 1]; the rows whose loss lies above each of ``levels`` are
    counted.
    """

    quantiles: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()


NOTHING = Asked()


@dataclass(slots=True)
class Detail:
    """The spread of the per-sample losses: what a bare number does not need.

    ``ratio`` is of losses and divisors where these differ from row to row, else None, and ``even``
    what a row's own loss is multiplied by and divided by there; ``above`` is
    how many of ``counted`` losses lie above each level that was asked for.
    """

    losses: Moments
    ratio: Moments | None
    even: tuple[float, float]
    extremes: Extremes
    quantiles: Quantiles
    worst: Worst
    counted: int
    above: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        sample: Sample,
        counted: NDArray[np.intp] | None,
        nonfinite: int,
        gaps: Gaps,
        asked: Asked,
    ) -> Detail:
        """Of a block.

        ``counted`` says which rows count, None that all do; ``nonfinite`` how many losses are not
        finite; ``gaps`` where the rows stood.
        """
        per_sample, loss, share = sample.per_sample, sample.loss, sample.divisor
        if counted is not None:
            share = share[counted] if isinstance(share, np.ndarray) else share
            if counted.size < per_sample.size:
                per_sample, loss = per_sample[counted], loss[counted]
        worst = Worst.of(per_sample, 0, WORST_ROWS)
        places = worst.row if counted is None else counted[worst.row]
        worst.row = (places if gaps.there is None else gaps.there[places]) + gaps.start
        finite = per_sample[~np.isnan(per_sample)] if nonfinite else per_sample
        return cls(
            losses=Moments.of(per_sample, None),
            ratio=Moments.of(loss, share) if isinstance(share, np.ndarray) else None,
            even=_even(sample),
            extremes=Extremes.of(finite),
            quantiles=Quantiles.of(finite, gaps.start),
            worst=worst,
            counted=per_sample.size,
            above=np.array([np.count_nonzero(per_sample > x) for x in asked.levels], np.int64),
        )

    def _pairs(self) -> Moments:
        """The moments of losses and divisors."""
        return self.losses.scaled(*self.even) if self.ratio is None else self.ratio

    def merge(self, other: Detail) -> None:
        """Take in later rows."""
        if self.ratio is not None or other.ratio is not None:
            # Of one of the two the divisors may be equal, as where no row of a block is ignored.
            self.ratio = self._pairs()
            self.ratio.merge(other._pairs())
        self.losses.merge(other.losses)
        self.extremes.merge(other.extremes)
        self.quantiles.merge(other.quantiles)
        self.worst.merge(other.worst)
        self.counted += other.counted
        self.above += other.above


def _even(sample: Sample) -> tuple[float, float]:
    if isinstance(sample.divisor, np.ndarray):
        return 1.0, 1.0
    return 1.0 if sample.loss is sample.per_sample else sample.divisor, sample.divisor


def distribution_of(detail: Detail, nonfinite: int) -> Distribution:
    """The record of the spread."""
    p25, median, p75, p95, p99 = detail.quantiles.at([0.25, 0.5, 0.75, 0.95, 0.99])
    empty = detail.quantiles.n == 0
    return Distribution(
        std=detail.losses.std(),
        stderr=(detail.ratio or detail.losses).stderr(),
        min=math.nan if empty else detail.extremes.low,
        p25=p25,
        median=median,
        p75=p75,
        p95=p95,
        p99=p99,
        max=math.nan if empty else detail.extremes.high,
        tail_share=math.nan if nonfinite else detail.quantiles.tail_share(_TAIL),
        quantile_error=detail.quantiles.error,
    )


def quantiles_of(asked: Asked, detail: Detail) -> dict[float, float]:
    """The quantiles that were asked for."""
    shares = asked.quantiles
    return dict(zip(shares, detail.quantiles.at(shares), strict=True))


def above_of(asked: Asked, detail: Detail) -> tuple[RowsAbove, ...]:
    """How many rows lie above the levels that were asked for."""
    pairs = zip(asked.levels, detail.above.tolist(), strict=True)
    return tuple(RowsAbove(level, rows, detail.counted) for level, rows in pairs)
