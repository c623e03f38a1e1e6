"""Several evaluations in one read of the inputs; a loss alone is the case of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from losscli.analysis.annotate import annotate
from losscli.analysis.facts import Facts
from losscli.analysis.slices import with_intervals
from losscli.data.align import check_counts, no_rows, nothing_there
from losscli.data.feed import Inputs
from losscli.engine.evaluate import (
    NOTHING,
    Asked,
    LossState,
    Measure,
    Sample,
    Total,
    conclude,
    name_rows,
)
from losscli.engine.evaluation import Evaluation, View, views_of
from losscli.engine.executor import Blocks, run
from losscli.engine.plan import Block, Schedule, TakeRoles
from losscli.results import Result

# What some consecutive rows cost, under each evaluation; None under one that is a single number of
# all rows, so that no row has a loss.
Samples: TypeAlias = tuple[Sample | None, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """Evaluations that share one read: what, on which rows, and what to keep of it.

    Each result has the bits that it would have alone. ``detail`` asks for the distribution, the
    worst rows and the guide's word; without it a run costs what its numbers cost. ``take_samples``
    receives the losses of the rows, in row order, those of every evaluation together: the samples
    of one call are of the same rows. ``progress`` hears how many rows are done, of how many;
    ``asked`` needs ``detail``. ``take_roles`` receives the blocks of the first evaluation in order,
    each with the roles it names and no other. ``by`` names the coded roles of the inputs whose
    values make slices, each of which gets a loss of its own. ``keep_entries``
    asks for the samples of set losses too.
    """

    evaluations: Sequence[Evaluation]
    inputs: Inputs
    threads: int | None = None
    detail: bool = True
    keep_elements: bool = False
    take_samples: Callable[[Samples], None] | None = None
    progress: Callable[[int, int | None], None] | None = None
    asked: Asked = NOTHING
    take_roles: TakeRoles | None = None
    by: Sequence[str] = ()
    keep_entries: bool = False

    def evaluate(self) -> tuple[Result, ...]:
        """Read everything once; a result for each evaluation, in their order.

        Raises:
            UsageError: a loss needs a role that is not given.
            DataError: the data does not fit a loss; names file, column and row.
            ParameterError: a vector parameter does not have one value for each class or column.
        """
        check_counts(self.inputs)
        views = views_of(self.evaluations, self.inputs)
        measures = [self._measure(evaluation) for evaluation in self.evaluations]
        fold = _Fold(
            [Total() for _ in measures],
            [Facts(detail=self.detail) for _ in views],
            None if self.take_samples is None else _InStep(measures, self.take_samples),
        )
        schedule = Schedule(self.inputs, tuple(view.plan for view in views))

        def look(blocks: Blocks) -> list[_Seen | None]:
            pairs = zip(views, blocks, strict=True)
            return [
                None if block is None else self._look(view, measures, block)
                for view, block in pairs
            ]

        # Infinities and NaN are results; they are reported as such, not warned about on the way.
        with np.errstate(all="ignore"):
            serial = any(measure.bound.loss.serial for measure in measures)
            with closing(run(schedule, look, self.threads, serial=serial)) as outcomes:
                for seen in outcomes:
                    fold.add(seen)
                    self._hand_on_roles(seen)
                    if self.progress is not None:
                        self.progress(fold.totals[0].rows, schedule.rows)
            results = {
                number: self._conclude(view, measures[number], fold.totals[number], facts)
                for view, facts in zip(views, fold.facts, strict=True)
                for number in view.members
            }
        return tuple(results[number] for number in range(len(measures)))

    def _measure(self, evaluation: Evaluation) -> Measure:
        keep_rows = self.keep_elements or self.take_samples is not None
        return Measure(
            evaluation.bound,
            evaluation.reduction,
            self.detail,
            keep_rows,
            self.keep_elements,
            self.asked,
            {name: self.inputs.labels[name] for name in self.by},
            self.keep_entries,
        )

    def _look(self, view: View, measures: Sequence[Measure], block: Block) -> _Seen:
        states = [(number, measures[number](block)) for number in view.members]
        roles = None
        if self.take_roles is not None and 0 in view.members:
            roles = self.take_roles.of(block)
        if not block.rows or any(measures[n].bound.loss.is_list for n in view.members):
            # What the facts know of columns does not hold for lists.
            return _Seen(states, Facts(self.detail, rows=block.rows), roles)
        return _Seen(states, facts_of(block, detail=self.detail), roles)

    def _hand_on_roles(self, seen: Sequence[_Seen | None]) -> None:
        for of_view in seen:
            if self.take_roles is not None and of_view is not None and of_view.roles is not None:
                self.take_roles.take(of_view.roles)

    def _conclude(self, view: View, measure: Measure, total: Total, facts: Facts) -> Result:
        state = total.state
        if state is None:
            raise no_rows(self.inputs)
        if state.is_empty:
            raise nothing_there(self.inputs)
        result = conclude(view.plan, measure, state)
        if total.per_sample:
            result = replace(result, per_sample=np.concatenate(total.per_sample))
        if total.elements:
            result = replace(result, elements=np.concatenate(total.elements))
        nonfinite = name_rows(state.nonfinite_rows, self.inputs.keys)
        result = replace(result, slices=with_intervals(result.slices))
        return annotate(measure.bound, result, facts, nonfinite, state.nonfinite)


def facts_of(block: Block, *, detail: bool = True) -> Facts:
    """What a block of rows shows."""
    return Facts.of({**block.plain, **block.constants}, block.first_row, detail=detail)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a view shows of a block: the states of its members, by number, and the facts."""

    states: list[tuple[int, LossState]]
    facts: Facts
    roles: Block | None = None


@dataclass(slots=True)
class _Fold:
    """What is merged of all blocks: of each evaluation, of each view, and the samples in step."""

    totals: list[Total]
    facts: list[Facts]
    in_step: _InStep | None

    def add(self, seen: Sequence[_Seen | None]) -> None:
        """Merge what the next rows gave, view by view."""
        for facts, of_view in zip(self.facts, seen, strict=True):
            if of_view is None:
                continue
            for number, state in of_view.states:
                if self.in_step is not None and state.sample is not None:
                    self.in_step.waiting[number].append(state.sample)
                    state.sample = None
                self.totals[number].add(state)
            facts.merge(of_view.facts)
        if self.in_step is not None:
            self.in_step.hand_on()


class _InStep:
    """Samples of evaluations whose blocks may differ in size, handed on for the same rows."""

    def __init__(self, measures: Sequence[Measure], take: Callable[[Samples], None]) -> None:
        self._count = len(measures)
        self._take = take
        # By number, the samples that wait for those of others; none under one number of all rows.
        self.waiting: dict[int, list[Sample]] = {
            number: []
            for number, measure in enumerate(measures)
            if measure.reduction != "overall" or measure.keep_entries
        }

    def hand_on(self) -> None:
        """Pass on the rows of which every evaluation has the sample."""
        while self.waiting and all(self.waiting.values()):
            rows = min(len(held[0]) for held in self.waiting.values())
            first = {number: _next(held, rows) for number, held in self.waiting.items()}
            self._take(tuple(first.get(number) for number in range(self._count)))


def _next(held: list[Sample], rows: int) -> Sample:
    sample = held.pop(0)
    if len(sample) > rows:
        held.insert(0, sample[rows:])
        sample = sample[:rows]
    return sample
