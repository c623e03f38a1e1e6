"""Several evaluations in one read of the inputs; a loss alone is the case of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from losscli.analysis.annotate import annotate
from losscli.analysis.evidence import wanted_by
from losscli.analysis.facts import Facts
from losscli.analysis.slices import with_intervals
from losscli.combination import Combination
from losscli.data.align import check_counts, no_rows, nothing_there
from losscli.data.feed import Inputs
from losscli.engine.conclude import conclude, name_rows
from losscli.engine.detail import NOTHING, Asked
from losscli.engine.evaluation import Evaluation, Layout, View, lay_out
from losscli.engine.executor import Blocks, run
from losscli.engine.fold import AnyState, Fold, Keep, State
from losscli.engine.measure import LossState, Measure
from losscli.engine.plan import Block, Schedule, TakeRoles
from losscli.engine.sample import Sample
from losscli.results import Result
from losscli.spec import BoundLoss

if TYPE_CHECKING:
    from losscli.engine.combine import Mixture, WholeState

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
        layout = lay_out(self.evaluations, self.inputs)
        measures = [self._measure(layout, number) for number in range(len(layout.terms))]
        mixtures = dict(self._mixtures())
        fold = _Fold(self.evaluations, layout, self.detail, self._in_step())
        schedule = Schedule(self.inputs, tuple(view.plan for view in layout.views))

        def look(blocks: Blocks) -> _Step:
            return self._look(layout, measures, mixtures, blocks)

        # Infinities and NaN are results; they are reported as such, not warned about on the way.
        with np.errstate(all="ignore"):
            serial = any(term.bound.loss.serial for term in layout.terms)
            with closing(run(schedule, look, self.threads, serial=serial)) as outcomes:
                for step in outcomes:
                    fold.add(step)
                    self._hand_on_roles(step.views)
                    if self.progress is not None:
                        self.progress(fold.totals[0].rows, schedule.rows)
            results = {
                number: self._conclude(view, measures[number], fold.totals[number], facts)
                for view, facts in zip(layout.views, fold.facts, strict=True)
                for number in view.members
            }
            for number, mixture in mixtures.items():
                parts = [results[term] for term in layout.ranges[number]]
                results[layout.ranges[number][0]] = self._conclude_whole(
                    self.evaluations[number], mixture, parts, fold.wholes[number]
                )
        return tuple(results[terms[0]] for terms in layout.ranges)

    @property
    def _keep(self) -> Keep:
        return Keep(
            detail=self.detail,
            rows=self.keep_elements or self.take_samples is not None,
            elements=self.keep_elements,
            entries=self.keep_entries,
            asked=self.asked,
            by={name: self.inputs.labels[name] for name in self.by},
        )

    def _measure(self, layout: Layout, number: int) -> Measure:
        term = layout.terms[number]
        keep = self._keep
        if term.is_part:
            keep = replace(keep, rows=True, entries=False, asked=NOTHING)
        return Measure(term.bound, term.reduction, keep)

    def _mixtures(self) -> Iterator[tuple[int, Mixture]]:
        """How to add up the parts of the evaluations that are combinations, by number."""
        for number, evaluation in enumerate(self.evaluations):
            if isinstance(evaluation.bound, Combination):
                from losscli.engine.combine import Mixture

                yield number, Mixture(evaluation.bound, evaluation.reduction, self._keep)

    def _in_step(self) -> _InStep | None:
        if self.take_samples is None:
            return None
        keeps = [
            evaluation.reduction != "overall"
            or (self.keep_entries and isinstance(evaluation.bound, BoundLoss))
            for evaluation in self.evaluations
        ]
        return _InStep(keeps, self.take_samples)

    def _look(
        self,
        layout: Layout,
        measures: Sequence[Measure],
        mixtures: Mapping[int, Mixture],
        blocks: Blocks,
    ) -> _Step:
        seen = [
            None if block is None else self._look_at(view, measures, block)
            for view, block in zip(layout.views, blocks, strict=True)
        ]
        states: dict[int, LossState] = {}
        block_of: dict[int, Block] = {}
        for of_view, block in zip(seen, blocks, strict=True):
            if of_view is not None and block is not None:
                states.update(of_view.states)
                block_of.update((number, block) for number, _ in of_view.states)
        wholes = {}
        for number, mixture in mixtures.items():
            terms = layout.ranges[number]
            if terms[0] in states:
                wholes[number] = mixture(block_of[terms[0]], [states[term] for term in terms])
        return _Step(seen, wholes)

    def _look_at(self, view: View, measures: Sequence[Measure], block: Block) -> _Seen:
        states = [(number, measures[number](block)) for number in view.members]
        roles = None
        if self.take_roles is not None and 0 in view.members:
            roles = self.take_roles.of(block)
        if not block.rows or any(measures[n].bound.loss.is_list for n in view.members):
            # What the facts know of columns does not hold for lists.
            return _Seen(states, Facts(self.detail, rows=block.rows), roles)
        wanted = [wanted_by(measures[n].bound.loss) for n in view.members]
        facts = facts_of(block, detail=self.detail, wanted=frozenset().union(*wanted))
        return _Seen(states, facts, roles)

    def _hand_on_roles(self, seen: Sequence[_Seen | None]) -> None:
        for of_view in seen:
            if self.take_roles is not None and of_view is not None and of_view.roles is not None:
                self.take_roles.take(of_view.roles)

    def _conclude(
        self, view: View, measure: Measure, total: Fold[LossState], facts: Facts
    ) -> Result:
        state = self._state_of(total)
        result = _completed(conclude(view.plan, measure, state), total)
        nonfinite = name_rows(state.nonfinite_rows, self.inputs)
        return annotate(measure.bound, result, facts, nonfinite, state.nonfinite)

    def _conclude_whole(
        self,
        evaluation: Evaluation,
        mixture: Mixture,
        parts: Sequence[Result],
        total: Fold[WholeState],
    ) -> Result:
        from losscli.analysis.combined import judge_whole
        from losscli.engine.combine import conclude_whole

        state, names = self._state_of(total), evaluation.roles
        inputs = self.inputs if names is None else self.inputs.seen_as(names)
        result = _completed(conclude_whole(mixture, parts, state, inputs), total)
        nonfinite = name_rows(state.nonfinite_rows, self.inputs)
        return judge_whole(result, nonfinite, state.nonfinite)

    def _state_of(self, total: Fold[AnyState]) -> AnyState:
        """What is kept of all rows, of which there has to be one."""
        if total.state is None:
            raise no_rows(self.inputs)
        if total.state.is_empty:
            raise nothing_there(self.inputs)
        return total.state


def _completed(result: Result, total: Fold[Any]) -> Result:
    """With the losses of rows that were kept, and intervals around the slices."""
    per_sample, elements = total.per_sample, total.elements
    return replace(
        result,
        slices=with_intervals(result.slices),
        per_sample=np.concatenate(per_sample) if per_sample else None,
        elements=np.concatenate(elements) if elements else None,
    )


def facts_of(block: Block, *, detail: bool = True, wanted: frozenset[str] = frozenset()) -> Facts:
    """What a block of rows shows; ``wanted`` is what the losses are judged by."""
    return Facts.of(
        {**block.plain, **block.constants},
        block.first_row,
        detail=detail,
        wanted=wanted,
        row_of=block.gaps.sample if block.groups is None else None,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a view shows of a block: the states of its members, by number, and the facts."""

    states: list[tuple[int, LossState]]
    facts: Facts
    roles: Block | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """What the next rows gave: under each view, and under the combinations, by number."""

    views: list[_Seen | None]
    wholes: dict[int, WholeState]


class _Fold:
    """What is merged of all blocks: of each term, combination and view; samples go on in step."""

    def __init__(
        self,
        evaluations: Sequence[Evaluation],
        layout: Layout,
        detail: bool,
        in_step: _InStep | None,
    ) -> None:
        self.totals: list[Fold[LossState]] = [Fold() for _ in layout.terms]
        self.wholes: list[Fold[WholeState]] = [Fold() for _ in evaluations]
        self.facts = [Facts(detail=detail) for _ in layout.views]
        self._in_step = in_step
        self._evaluation_of = {
            terms[0]: number
            for number, (evaluation, terms) in enumerate(
                zip(evaluations, layout.ranges, strict=True)
            )
            if isinstance(evaluation.bound, BoundLoss)
        }

    def add(self, step: _Step) -> None:
        """Merge what the next rows gave, view by view."""
        for facts, of_view in zip(self.facts, step.views, strict=True):
            if of_view is None:
                continue
            for term, state in of_view.states:
                if term in self._evaluation_of:
                    self._hand_over(self._evaluation_of[term], state)
                self.totals[term].add(state)
            facts.merge(of_view.facts)
        for number, whole in step.wholes.items():
            self._hand_over(number, whole)
            self.wholes[number].add(whole)
        if self._in_step is not None:
            self._in_step.hand_on()

    def _hand_over(self, evaluation: int, state: State) -> None:
        if self._in_step is not None and state.sample is not None:
            self._in_step.waiting[evaluation].append(state.sample)
            state.sample = None


class _InStep:
    """Samples of evaluations whose blocks may differ in size, handed on for the same rows."""

    def __init__(self, keeps: Sequence[bool], take: Callable[[Samples], None]) -> None:
        self._count = len(keeps)
        self._take = take
        # By number, the samples that wait for those of others; none under one number of all rows.
        self.waiting: dict[int, list[Sample]] = {
            number: [] for number, has_samples in enumerate(keeps) if has_samples
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
