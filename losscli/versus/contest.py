"""A comparison: what is read, the fold of the rows, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from losscli.analysis.paired.estimate import Estimate, Method
from losscli.analysis.paired.fold import RowFold, SetFold
from losscli.api import choose_reduction
from losscli.combination import AnyLoss, Combination
from losscli.comparison import Comparison, ModelLoss, SliceComparison
from losscli.data.feed import Inputs
from losscli.domain import Array
from losscli.engine.evaluation import Evaluation
from losscli.engine.sample import Sample
from losscli.engine.settle import settle_alike
from losscli.engine.slices import Slicing
from losscli.errors import DataError, UsageError
from losscli.results import SMALL_SLICE, LossRecord, Result
from losscli.spec import BoundLoss, parse
from losscli.statistics import Extent
from losscli.together import Samples, Together
from losscli.version import __version__
from losscli.versus.judging import AS_USUAL, Judging
from losscli.versus.roles import CLUSTER, check_names, own_roles
from losscli.versus.verdicts import inputs_of, judged_models, shared_findings, worst_first


@dataclass(frozen=True, slots=True)
class Contest:
    """A comparison: which models, on which rows, judged how.

    Attributes:
        bound: the loss.
        inputs: the roles of :func:`~losscli.engine.evaluation.of_models` for these models.
        models: their names.
        judging: the reference, the test and its settings.
        threads: how many to use.
        by: the coded roles that make slices.
        reduction: how rows become one number; settled by :meth:`settled`.
        progress: hears how many rows are done, of how many.
    """

    bound: AnyLoss
    inputs: Inputs
    models: tuple[str, ...]
    judging: Judging = AS_USUAL
    threads: int | None = None
    by: tuple[str, ...] = ()
    reduction: str | None = None
    progress: Callable[[int, int | None], None] | None = None

    def settled(self, reduction: str | None) -> Contest:
        """This contest with its reduction; a user's own loss is tried on the first rows.

        Raises:
            UsageError: the loss has no such reduction, or it is no mean.
        """
        models = {model: self._names(model) for model in self.models}
        bound = settle_alike(self.bound, self.inputs, reduction, models)
        grouped = self.inputs.groups is not None
        chosen = choose_reduction(bound, reduction, grouped=grouped)
        if chosen in ("sum", "none"):
            raise UsageError(
                f"models are compared by a mean, and {chosen} is none",
                hint="leave out the reduction",
            )
        if chosen == "overall" and grouped:
            raise UsageError(
                f"{bound.name} over all rows at once does not know groups",
                hint="leave out the reduction, for the mean over groups, or use a cluster column",
            )
        return replace(self, bound=bound, reduction=chosen)

    def _names(self, model: str) -> dict[str, str]:
        held = {*self.inputs.roles, *self.inputs.constants}
        return {
            role.name: name if (name := f"{role.name}@{model}") in held else role.name
            for role in self.bound.loss.inputs
        }

    def evaluate(self) -> Comparison:
        """Read everything once.

        Raises:
            UsageError: the settings do not fit the loss or the models.
            DataError: the data does not fit the loss, or the models' own targets differ.
        """
        check_names(self.models)
        if self.reduction is None:
            return self.settled(None).evaluate()
        method = self.judging.method(self.bound, self.reduction, self.models)
        reduction = choose_reduction(self.bound, self.reduction)
        evaluations = [
            Evaluation(self.bound, reduction, self._names(model), model) for model in self.models
        ]
        same = self._same_targets()
        folds = _Folds(self, method, [one.roles or {} for one in same])
        results = Together(
            [*evaluations, *same],
            self.inputs,
            self.threads,
            detail=False,
            take_samples=folds.take,
            progress=self.progress,
            keep_entries=True,
        ).evaluate()
        return self._conclude(method, folds, results[: len(self.models)])

    def _same_targets(self) -> list[Evaluation]:
        """Evaluations that are 0 on every row where a model's target is that of the first."""
        held = self.inputs.roles
        first, *others = self.models
        return [
            Evaluation(
                parse("mae"),
                "mean",
                {"prediction": f"{role}@{model}", "target": f"{role}@{first}"},
                model,
            )
            for role in (role.name for role in self.bound.loss.roles)
            if role not in own_roles(self.bound.loss) and f"{role}@{first}" in held
            for model in others
        ]

    def _conclude(self, method: Method, folds: _Folds, results: Sequence[Result]) -> Comparison:
        values = [result.value for result in results]
        # As in the pass itself, what is not a number is a result and no reason to warn.
        with np.errstate(all="ignore"):
            whole = folds.whole.conclude(values)
            slices = [(key, fold.conclude()) for key, fold in folds.slices.items()]
        models, *sliced = judged_models([whole], method, self.models) + judged_models(
            [found for _, found in slices], method, self.models
        )
        first = results[0]
        labels = self.inputs.labels
        cluster = labels.get(CLUSTER)
        needs_draws = method.test != "t" or self.reduction == "overall"
        return Comparison(
            loss=LossRecord(
                self.bound.name, str(self.bound), self.bound.params, self.bound.loss.summary
            ),
            inputs=inputs_of(self.models, results),
            n=first.n,
            ignored=first.n - first.missing - whole.rows,
            missing=first.missing,
            reduction=first.reduction,
            reference=self.models[method.reference],
            models=models,
            test=method.test,
            resamples=method.resamples if needs_draws else 0,
            seed=method.seed,
            confidence=method.confidence,
            units=whole.units,
            sampled=whole.sampled,
            version=__version__,
            cluster=None if cluster is None else cluster.column,
            clusters=whole.clusters,
            group=first.group,
            divisor_meaning=first.divisor_meaning,
            by=tuple(labels[name].column for name in self.by),
            slices=worst_first(
                self._slice(key, found, judged)
                for (key, found), judged in zip(slices, sliced, strict=True)
            ),
            notes=tuple(self._notes(whole, method)),
            diagnostics=shared_findings(self.models, results),
            join=first.join,
            tokens=first.tokens,
            convention=first.convention,
            denominators={
                name: result.denominator for name, result in zip(self.models, results, strict=True)
            },
        )

    def _slice(
        self, key: Sequence[int], found: Estimate, judged: tuple[ModelLoss, ...]
    ) -> SliceComparison:
        labels = [self.inputs.labels[name] for name in self.by]
        values = tuple(one.name(code) for one, code in zip(labels, key, strict=True))
        return SliceComparison(values, found.rows, found.rows < SMALL_SLICE, judged)

    def _notes(self, whole: Estimate, method: Method) -> list[str]:
        notes = []
        if whole.sampled < 1.0:
            notes.append(
                f"{self.bound.name} needs its rows, so replicates are of a random "
                f"{100.0 * whole.sampled:.2g} % of them, and their spread is scaled to all"
            )
        set_loss = isinstance(self.bound, BoundLoss) and Extent in self.bound.loss.statistics
        if set_loss and method.test != "t":
            notes.append(
                f"{self.bound.name} hangs on its most extreme rows, of which replicates know too "
                "little: its intervals and p-values are rough"
            )
        return notes


def fold_of(
    bound: AnyLoss, reduction: str | None, models: int, method: Method, *, clustered: bool = False
) -> RowFold | SetFold:
    """What pairs the rows of this loss.

    Raises:
        UsageError: no row has a share in it.
    """
    if reduction != "overall":
        return RowFold(models, method, clustered)
    if isinstance(bound, Combination):
        raise UsageError(
            f"{bound} is a sum of numbers of all rows, so no row has a share in it",
            hint="use --reduction mean, or compare by each loss alone",
        )
    return SetFold(bound, models, method, clustered)


@dataclass(slots=True)
class _Folds:
    """All rows and each slice, folded as they come; targets of their own are compared."""

    contest: Contest
    method: Method
    same: Sequence[Mapping[str, str]]
    whole: RowFold | SetFold = field(init=False)
    slices: dict[tuple[int, ...], RowFold | SetFold] = field(default_factory=dict)
    rows: int = 0

    def __post_init__(self) -> None:
        self.whole = self._fold()

    def _fold(self) -> RowFold | SetFold:
        models, clustered = len(self.contest.models), CLUSTER in self.contest.inputs.labels
        bound, reduction = self.contest.bound, self.contest.reduction
        return fold_of(bound, reduction, models, self.method, clustered=clustered)

    def take(self, samples: Samples) -> None:
        """The next rows, of every evaluation."""
        given = [sample for sample in samples if sample is not None]
        for sample, roles in zip(given[len(self.contest.models) :], self.same, strict=True):
            self._check_same(sample, roles)
        self.rows += len(given[0])
        # A row that lacks a value for one model counts for none.
        models = [sample.counted() for sample in given[: len(self.contest.models)]]
        if len(models[0]) == 0:
            return
        clusters = models[0].codes.get(CLUSTER)
        self.whole.add(models, clusters)
        if self.contest.by:
            self._take_slices(models, clusters)

    def _take_slices(self, models: Sequence[Sample], clusters: Array | None) -> None:
        slicing = Slicing.of(models[0].codes, self.contest.by)
        order, segments = slicing.sorted()
        pairs = zip(slicing.keys, np.split(order, segments.starts[1:]), strict=True)
        for name, rows in pairs:
            if name not in self.slices:
                self.slices[name] = self._fold()
            some = [model[rows] for model in models]
            self.slices[name].add(some, None if clusters is None else clusters[rows])

    def _check_same(self, sample: Sample, roles: Mapping[str, str]) -> None:
        differs = np.flatnonzero(
            (sample.per_sample != 0.0) & (True if sample.there is None else sample.there)
        )
        if differs.size == 0:
            return
        held = self.contest.inputs.roles
        mine, first = held[roles["prediction"]], held[roles["target"]]
        raise DataError(
            f"the target is not that of {first.path or first.role}, so the losses cannot be paired",
            path=mine.path or mine.role,
            column=mine.column_at(()),
            row=self.rows + int(differs[0]) + 1,
            hint="give one target for all: --target FILE",
            code="LC115",
        )
