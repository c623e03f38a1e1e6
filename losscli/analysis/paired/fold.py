"""The rows of several models become moments, totals and replicates, and these an estimate.

Rows come in order, a block at a time, those of every model together. What is kept does not grow
with them: moments for the t test, and for replicates a bounded number of units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from losscli.analysis.paired.estimate import Estimate, Gap, Method, Spread, note_of
from losscli.analysis.paired.moments import Versus
from losscli.analysis.paired.replicates import resampled
from losscli.analysis.paired.sides import RatioSides, RowSides, Sides, SumSides
from losscli.analysis.paired.significance import detectable, t_interval, t_p_value
from losscli.analysis.paired.units import ClusterTotals, KeptRows, UnitTotals, most_units
from losscli.domain import Array
from losscli.engine.rows import weigh
from losscli.engine.sample import Sample
from losscli.errors import DataError, UsageError
from losscli.spec import BoundLoss
from losscli.state import JointMoments
from losscli.statistics import Sum


@dataclass(slots=True)
class RowFold:
    """Losses that are sum over sum, of rows that have a loss of their own."""

    models: int
    method: Method
    clustered: bool = False
    counted: int = 0
    _own: list[JointMoments] = field(default_factory=list)
    _versus: list[Versus] = field(default_factory=list)
    _won: list[int] = field(default_factory=list)
    _tied: list[int] = field(default_factory=list)
    _units: UnitTotals | None = None
    _clusters: ClusterTotals | None = None

    def __post_init__(self) -> None:
        self._own = [JointMoments() for _ in range(self.models)]
        self._versus = [Versus(JointMoments()) for _ in range(self.models)]
        self._won, self._tied = [0] * self.models, [0] * self.models
        if self.clustered:
            self._clusters = ClusterTotals(2 * self.models)
        elif self.method.draws:
            self._units = UnitTotals(2 * self.models, self.method.seed)

    def add(self, samples: Sequence[Sample], clusters: Array | None = None) -> None:
        """Take in the rows that follow, and the codes of their clusters.

        Raises:
            UsageError: what the rows cost does not add up to the loss.
        """
        if any(isinstance(x.divisor, float) and math.isnan(x.divisor) for x in samples):
            raise UsageError(
                "the parts of the combination divide by different numbers, so what rows differ by "
                "does not add up to the difference",
                hint="compare by each loss alone",
            )
        samples, clusters = _counted(samples, clusters)
        rows = len(samples[0])
        if rows == 0:
            return
        self.counted += rows
        self._count_wins(samples)
        if self._clusters is not None and clusters is not None:
            self._clusters.add(clusters, _columns(samples))
            return
        first = samples[self.method.reference]
        for number, sample in enumerate(samples):
            self._own[number].merge(JointMoments.of([sample.loss, sample.divisor]))
            if number != self.method.reference:
                pair = (first.loss, first.divisor), (sample.loss, sample.divisor)
                self._versus[number].merge(Versus.of(*pair))
        if self._units is not None:
            self._units.add(_columns(samples))

    def _count_wins(self, samples: Sequence[Sample]) -> None:
        first = samples[self.method.reference].per_sample
        for number, sample in enumerate(samples):
            if number != self.method.reference:
                self._won[number] += int(np.count_nonzero(sample.per_sample < first))
                self._tied[number] += int(np.count_nonzero(sample.per_sample == first))

    def conclude(self, values: Sequence[float] | None = None) -> Estimate:
        """What all rows say.

        Args:
            values: the losses of the models as they were summed exactly, if they were.
        """
        clusters = None
        if self._clusters is not None:
            clusters = len(self._clusters)
            self._take_clusters(self._clusters.totals())
        freedom = self._own[0].n - 1
        found = [_ratio(moments) for moments in self._own] if values is None else list(values)
        models, gaps = self._by_moments(found, freedom)
        units = self._own[0].n
        if self._units is not None:
            both = self._units.totals()
            units = len(both)
            sides = RatioSides(both[:, : self.models], both[:, self.models :])
            models, gaps = resampled(sides, models, gaps, self.method, self._units.is_dealt)
        shared = [
            None if gap is None else replace(gap, won=won / self.counted, tied=tied / self.counted)
            for gap, won, tied in zip(gaps, self._won, self._tied, strict=True)
        ]
        return Estimate(tuple(models), tuple(shared), self.counted, units, clusters)

    def _take_clusters(self, totals: Array) -> None:
        """Clusters stand for rows."""
        loss, divisor = totals[:, : self.models].T, totals[:, self.models :].T
        first = loss[self.method.reference], divisor[self.method.reference]
        for number in range(self.models):
            self._own[number] = JointMoments.of([loss[number], divisor[number]])
            self._versus[number] = Versus.of(first, (loss[number], divisor[number]))
        if self.method.draws:
            self._units = UnitTotals(2 * self.models, self.method.seed)
            self._units.add(list(totals.T))

    def _by_moments(
        self, values: list[float], freedom: int
    ) -> tuple[list[Spread], list[Gap | None]]:
        confidence, first = self.method.confidence, values[self.method.reference]
        models, gaps = [], list[Gap | None]()
        for number, value in enumerate(values):
            stderr = _ratio_error(self._own[number], value)
            models.append(Spread(value, stderr, *t_interval(value, stderr, freedom, confidence)))
            if number == self.method.reference:
                gaps.append(None)
                continue
            stderr = self._versus[number].stderr(first, value)
            gap = self._versus[number].gap(first, value)
            spread = Spread(gap, stderr, *t_interval(gap, stderr, freedom, confidence))
            p_value = t_p_value(gap, stderr, freedom)
            note = note_of(gap, stderr, freedom)
            gaps.append(Gap(spread, p_value, detectable(stderr, freedom, confidence), note=note))
        return models, gaps


def _counted(
    samples: Sequence[Sample], clusters: Array | None
) -> tuple[Sequence[Sample], Array | None]:
    """The rows that count for at least one model; ignored rows say nothing of any."""
    shares = [one.divisor for one in samples if isinstance(one.divisor, np.ndarray)]
    if len(shares) < len(samples):
        return samples, clusters
    counts = np.logical_or.reduce([share > 0.0 for share in shares])
    if counts.all():
        return samples, clusters
    return [one[counts] for one in samples], None if clusters is None else clusters[counts]


def _columns(samples: Sequence[Sample]) -> list[Array]:
    rows = len(samples[0])
    losses = [sample.loss for sample in samples]
    return losses + [np.broadcast_to(np.asarray(one.divisor), rows) for one in samples]


def _ratio(moments: JointMoments) -> float:
    loss, divisor = moments.mean.tolist()
    return math.nan if divisor == 0.0 else loss / divisor


def _ratio_error(moments: JointMoments, value: float) -> float:
    if moments.n == 0 or moments.mean[1] == 0.0 or not math.isfinite(value):
        return math.nan
    divisor = float(moments.mean[1])
    return moments.stderr([1.0 / divisor, -value / divisor])


@dataclass(slots=True)
class SetFold:
    """A set loss: its rows have no loss, only entries into its statistics."""

    bound: BoundLoss
    models: int
    method: Method
    clustered: bool = False
    counted: int = 0
    _adds_up: bool = True
    _shapes: tuple[tuple[int, ...], ...] = ()
    _totals: UnitTotals | ClusterTotals | None = None
    _rows: KeptRows | None = None
    _places: ClusterTotals | None = None

    def __post_init__(self) -> None:
        self._adds_up = all(statistic is Sum for statistic in self.bound.loss.statistics)

    def add(self, samples: Sequence[Sample], clusters: Array | None = None) -> None:
        """Take in the rows that follow, and the codes of their clusters."""
        samples, clusters = _counted(samples, clusters)
        if len(samples[0]) == 0:
            return
        self.counted += len(samples[0])
        self._shapes = tuple(values.shape[1:] for values in samples[0].entries)
        if self._adds_up:
            self._add_totals(samples, clusters)
        else:
            self._keep(samples, clusters)

    def _add_totals(self, samples: Sequence[Sample], clusters: Array | None) -> None:
        weight = np.broadcast_to(np.asarray(samples[0].divisor), len(samples[0]))
        columns = [weight]
        for sample in samples:
            for values in sample.entries:
                columns += [weigh(x, weight) for x in values.reshape(len(values), -1).T]
        if clusters is not None:
            self._totals = self._totals or ClusterTotals(len(columns))
            if isinstance(self._totals, ClusterTotals):
                self._totals.add(clusters, columns)
            return
        self._totals = self._totals or UnitTotals(len(columns), self.method.seed)
        if isinstance(self._totals, UnitTotals):
            self._totals.add(columns)

    def _keep(self, samples: Sequence[Sample], clusters: Array | None) -> None:
        rows = len(samples[0])
        weight = np.broadcast_to(np.asarray(samples[0].divisor), rows)
        place = np.zeros(rows)
        if clusters is not None:
            self._places = self._places or ClusterTotals(0)
            place = self._places.places(clusters).astype(np.float64)
        arrays = [weight, place, *(values for one in samples for values in one.entries)]
        width = sum(values[0].size for values in arrays)
        self._rows = self._rows or KeptRows(most_units(width), self.method.seed)
        self._rows.add(arrays)

    def conclude(self, values: Sequence[float] | None = None) -> Estimate:
        """What all rows say; see :meth:`RowFold.conclude`."""
        sides, sampled, dealt = self._sides()
        observed = sides.under(np.ones((1, sides.units)))[0].tolist()
        found = observed if values is None else list(values)
        nothing = [Spread(value, math.nan, math.nan, math.nan) for value in found]
        first = found[self.method.reference]
        gaps = [
            None
            if number == self.method.reference
            else Gap(Spread(value - first, math.nan, math.nan, math.nan), math.nan, math.nan)
            for number, value in enumerate(found)
        ]
        # A part of the rows spreads more than all of them, by the square root of its share.
        shrink = math.sqrt(sampled)
        models, gaps = resampled(sides, nothing, gaps, self.method, dealt, shrink)
        clusters = None
        if self.clustered:
            holder = self._totals if isinstance(self._totals, ClusterTotals) else self._places
            clusters = None if holder is None else len(holder)
        return Estimate(tuple(models), tuple(gaps), self.counted, sides.units, clusters, sampled)

    def _sides(self) -> tuple[Sides, float, bool]:
        """The units, what share of the rows they are, and whether several rows are one."""
        if self._rows is not None:
            return self._row_sides(self._rows), self._rows.share, False
        totals = self._totals
        if totals is None:
            return RatioSides(np.empty((0, self.models)), np.empty((0, self.models))), 1.0, False
        if isinstance(totals, ClusterTotals):
            clusters = UnitTotals(totals.width, self.method.seed)
            clusters.add(list(totals.totals().T))
            totals = clusters
        weight, *columns = totals.totals().T
        by_model = np.array(columns).reshape(self.models, -1, len(weight)).transpose(0, 2, 1)
        sides = SumSides(
            self.bound, np.ascontiguousarray(by_model), weight, self._shapes, self.counted
        )
        return sides, 1.0, totals.is_dealt

    def _row_sides(self, kept: KeptRows) -> RowSides:
        weight, place, *entries = kept.arrays
        unit, units = np.arange(len(weight)), len(weight)
        if self._places is not None:
            if kept.share < 1.0:
                raise DataError(
                    f"{self.bound.name} can be resampled by cluster for at most {kept.most:,} "
                    f"rows, and there are {kept.rows:,}",
                    hint="leave out --cluster, or compare a loss of rows",
                    code="LC164",
                )
            unit, units = place.astype(np.int64), len(self._places)
        step = len(entries) // self.models
        by_model = [entries[start : start + step] for start in range(0, len(entries), step)]
        return RowSides(self.bound, by_model, weight, unit, units)
