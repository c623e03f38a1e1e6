"""Models against each other on the same rows: one read, paired differences, tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from losscli.analysis.paired.fold import Estimate, Gap, Method, RowFold, SetFold
from losscli.analysis.paired.significance import holm
from losscli.api import bind, choose_reduction
from losscli.combination import AnyLoss, Combination, Declared
from losscli.comparison import (
    Comparison,
    Difference,
    ModelLoss,
    SliceComparison,
    Test,
    Verdict,
    is_settled,
)
from losscli.data.feed import Inputs
from losscli.data.reading import Reading
from losscli.domain import Array
from losscli.engine.evaluate import Sample
from losscli.engine.evaluation import Evaluation, of_models
from losscli.engine.settle import settle
from losscli.engine.slices import Slicing
from losscli.errors import DataError, UsageError, did_you_mean
from losscli.results import SMALL_SLICE, Diagnostic, LossRecord, Result
from losscli.spec import BoundLoss, Loss, parse
from losscli.statistics import Extent
from losscli.together import Samples, Together
from losscli.version import __version__

# The role under which the inputs hold the codes of clusters.
CLUSTER = "cluster"
# What belongs to the data and not to a model, whichever loss asks for it.
_SHARED = frozenset(
    ("target", "targets", "labels", "time", "event", "input_lengths", "target_lengths")
)
_RESAMPLES = 9_999
# Where a replicate is a call of the loss and not a product of matrices.
_RESAMPLES_OF_SETS = 1_999


@dataclass(frozen=True, slots=True)
class Judging:
    """How models are judged.

    Attributes:
        reference: the model that the others are compared to; None for the first.
        test: ``t``, ``permutation`` or ``bootstrap``; None for ``t`` where rows have losses, and
            for ``bootstrap`` where the loss is one number of all.
        confidence: of the intervals; a difference is called one if its p-value is below one minus
            it.
        seed: of every random draw.
        resamples: replicates; None for 9,999, or 1,999 where the loss is one number of all rows.
    """

    reference: str | None = None
    test: Test | None = None
    confidence: float = 0.95
    seed: int = 0
    resamples: int | None = None

    def check(self) -> None:
        """Is everything in its range?

        Raises:
            UsageError: it is not.
        """
        if not 0.0 < self.confidence < 1.0:
            raise UsageError(
                f"confidence = {self.confidence:g} is not between 0 and 1", hint="such as 0.95"
            )
        if self.seed < 0:
            raise UsageError(
                f"seed = {self.seed} is negative", hint="give a whole number from 0 on"
            )
        if self.resamples is not None and self.resamples < 1:
            raise UsageError(
                f"resamples = {self.resamples} is too few", hint="such as 9999; more take longer"
            )
        if self.test not in (None, "t", "permutation", "bootstrap"):
            raise UsageError(
                f"there is no test {self.test!r}", hint="choose t, permutation or bootstrap"
            )

    def method(self, bound: AnyLoss, reduction: str, models: Sequence[str]) -> Method:
        """The method for this loss and these models.

        Raises:
            UsageError: no model is called as the reference, or the test does not fit the loss.
        """
        self.check()
        reference = models[0] if self.reference is None else self.reference
        if reference not in models:
            close = did_you_mean(reference, models) or f"models: {', '.join(models)}"
            raise UsageError(f"there is no model {reference!r} to compare to", hint=close)
        whole = reduction == "overall"
        if self.test == "t" and whole:
            raise UsageError(
                f"{bound.name} is one number of all rows, so no row has a loss for a t test",
                hint="use --test bootstrap or permutation, or --reduction mean",
            )
        default = _RESAMPLES_OF_SETS if whole else _RESAMPLES
        return Method(
            test=self.test or ("bootstrap" if whole else "t"),
            reference=models.index(reference),
            confidence=self.confidence,
            seed=self.seed,
            resamples=default if self.resamples is None else self.resamples,
        )


AS_USUAL = Judging()


def own_roles(loss: Loss | Declared, given: Sequence[str] = ()) -> tuple[str, ...]:
    """The roles of which each model has its own: all that are no data and not given for all."""
    shared = _SHARED | set(given)
    first = loss.roles[0].name
    if first in ("prediction", "ensemble"):
        # The ends of an interval that was observed, not predicted.
        shared = shared | {"lower", "upper"}
    return tuple(
        role.name for role in loss.roles if role.name not in shared and not role.optional
    ) or (first,)


def with_targets(
    loss: Loss | Declared, own: Sequence[str], given: Sequence[str]
) -> tuple[str, ...]:
    """The roles that each model gives if nobody gives the target: its file holds that as well."""
    return tuple(
        role.name
        for role in loss.roles
        if role.name in own or not (role.optional or role.name in given)
    )


def compare(
    loss: str | AnyLoss | Callable[..., Any],
    target: object,
    models: Mapping[str, object],
    *,
    reference: str | None = None,
    test: Test | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int | None = None,
    reduction: str | None = None,
    cluster: object = None,
    by: object = None,
    group: object = None,
    threads: int | None = None,
    on: str | Sequence[str] = (),
    on_missing: str = "error",
    missing: str = "error",
    by_position: bool = False,
    **named: object,
) -> Comparison:
    """Compare models by one loss on the same rows.

    Args:
        loss: as for :func:`losscli.compute`.
        target: what all models are held against: an array, a frame or a path. None for a loss
            without a target, such as ``triplet-margin``, and where each model's frame or file holds
            the target as well, which is then checked to be the same.
        models: by name, what each model predicts: an array, a frame or a path; for a loss with
            several roles of a model (``gaussian-nll``: prediction and variance) a frame or a path
            that holds them as columns, or a mapping by role.
        reference: the model that the others are compared to; the first, if None.
        test: ``t`` (paired), ``permutation`` (of signs) or ``bootstrap``; None for ``t``, and for
            ``bootstrap`` where the loss is one number of all rows.
        confidence: of the intervals, and one minus the level of the verdicts.
        seed: of the random draws, which depend on nothing else.
        resamples: how many replicates a test that draws makes.
        reduction: ``mean``, or what else the loss allows that is a mean.
        cluster: which rows are not independent of each other: a value for each row, or a column.
        by: what to slice by, as for :func:`losscli.compute`.
        group: which rows belong together, as for :func:`losscli.compute`.
        threads: how many to use; the result has the same bits for any number.
        on, on_missing, missing, by_position: as for :func:`losscli.compute`; a row that lacks a
            value for one model counts for none.
        named: further data by its role (``sample_weight=...``, ``weight=...``), and parameters.

    Returns:
        The comparison; ``comparison["new"].difference.p_value`` and all else by the model's name.

    Raises:
        UsageError, DataError, ParameterError, UnknownLossError: as :func:`losscli.compute`.
    """
    from losscli.data.arrays import from_arrays
    from losscli.data.slicing import sliced_by

    bound = bind(loss)
    known = {role.name for role in bound.loss.inputs}
    bound = bound.replace(**{name: value for name, value in named.items() if name not in known})
    shared = {name: value for name, value in named.items() if name in known and value is not None}
    own = own_roles(bound.loss, list(shared))
    check_names(list(models))
    if target is not None:
        shared |= {_target_role(bound.loss, own): target}
    own = with_targets(bound.loss, own, list(shared))
    judging = Judging(reference, test, confidence, seed, resamples)
    roles, _ = of_models(bound, "mean", list(models), own)
    labels, values = sliced_by(by)
    slices = tuple(labels)
    if cluster is not None:
        column, at = _clusters(cluster)
        labels, values = labels | {CLUSTER: column}, values | at
    held = {
        f"{role}@{name}": value
        for name, given in models.items()
        for role, value in _of_model(name, given, own).items()
    }
    inputs = from_arrays(
        roles,
        (),
        {**held, **shared},
        group,
        labels,
        values,
        Reading.of(on, on_missing, missing, by_position),
    )
    contest = Contest(bound, inputs, tuple(models), judging, threads, slices)
    return contest.settled(reduction).evaluate()


def check_names(models: Sequence[str]) -> None:
    """Can models be told apart by these names?

    Raises:
        UsageError: there are fewer than two, or two have one name.
    """
    if len(models) < 2:
        raise UsageError(
            f"there is {'one model' if models else 'no model'} to compare",
            hint="give at least two: base=a.parquet new=b.parquet",
        )
    for name in models:
        if models.count(name) > 1:
            raise UsageError(f"two models are called {name!r}", hint="name them: NAME=FILE")


def _target_role(loss: Loss | Declared, own: Sequence[str]) -> str:
    for role in loss.roles:
        if role.name not in own and not role.optional:
            return role.name
    raise UsageError(
        f"{loss.name} has no target: {', '.join(own)} are all the models'",
        hint="leave the target out; each model holds all roles",
    )


def _clusters(cluster: object) -> tuple[Any, dict[str, object]]:
    from losscli.data.coding import Labels

    if isinstance(cluster, str):
        return cluster_labels(cluster), {}
    name = getattr(cluster, "name", None)
    return Labels(str(name or "cluster"), "to cluster by"), {CLUSTER: cluster}


def cluster_labels(column: str) -> Any:
    """The labels of the column that says which rows are not independent of each other."""
    from losscli.data.coding import Labels

    return Labels(column, "to cluster by")


def _of_model(name: str, given: object, own: Sequence[str]) -> dict[str, object]:
    """What a model gives for each of its roles."""
    if isinstance(given, Mapping):
        missing = [role for role in own if role not in given]
        if missing:
            raise UsageError(f"model {name!r} has no {' and no '.join(missing)}")
        for role in given:
            if role not in own:
                hint = did_you_mean(str(role), own) or f"roles of a model: {', '.join(own)}"
                raise UsageError(f"model {name!r} has a {role}, which is no role of it", hint=hint)
        return dict(given)
    if len(own) == 1 or not hasattr(given, "__getitem__") or isinstance(given, str):
        return dict.fromkeys(own, given)
    frame: Any = given
    try:
        return {role: frame[role] for role in own}
    except (KeyError, IndexError, TypeError, ValueError):
        raise DataError(
            f"does not hold {' and '.join(own)} as columns", path=f"model {name!r}"
        ) from None


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
        bound = settle(self.bound, self.inputs, reduction, self._names(self.models[0]))
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
        models, *sliced = _judged([whole], method, self.models) + _judged(
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
            inputs=_inputs(self.models, results),
            n=first.n,
            ignored=first.n - whole.rows,
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
            slices=_worst_first(
                SliceComparison(
                    tuple(labels[name].name(code) for name, code in zip(self.by, key, strict=True)),
                    found.rows,
                    found.rows < SMALL_SLICE,
                    judged,
                )
                for (key, found), judged in zip(slices, sliced, strict=True)
            ),
            notes=tuple(self._notes(whole, method)),
            diagnostics=_shared_findings(self.models, results),
            join=first.join,
        )

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
        rows = max(len(sample) for sample in samples if sample is not None)
        given = [sample.counted() for sample in samples if sample is not None]
        if len(given[0]) == 0:
            self.rows += rows
            return
        models = given[: len(self.contest.models)]
        for sample, roles in zip(given[len(models) :], self.same, strict=True):
            self._check_same(sample, roles)
        clusters = models[0].codes.get(CLUSTER)
        self.whole.add(models, clusters)
        if self.contest.by:
            self._take_slices(models, clusters)
        self.rows += rows

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
        differs = np.flatnonzero(sample.per_sample != 0.0)
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
        )


def compare_losses(
    losses: Mapping[str, Array],
    divisors: Mapping[str, Array] | None = None,
    judging: Judging = AS_USUAL,
) -> tuple[ModelLoss, ...]:
    """Compare losses that are there already, row by row.

    Args:
        losses: by model, (n,) what each row adds to the sum.
        divisors: by model, (n,) what each row adds to the divisor; None for 1 each.
        judging: the reference, the test and its settings.

    Raises:
        UsageError: the settings are out of range, or fewer than two models.
    """
    names = tuple(losses)
    check_names(names)
    method = judging.method(parse("mae"), "mean", names)
    fold = RowFold(len(names), method)
    samples = []
    for name, loss in losses.items():
        divisor: Array | float = 1.0 if divisors is None else divisors[name]
        own = loss
        if isinstance(divisor, np.ndarray):
            own = np.divide(loss, divisor, out=loss.copy(), where=divisor != 0.0)
        samples.append(Sample(own, loss, divisor))
    with np.errstate(all="ignore"):
        fold.add(samples)
        (models,) = _judged([fold.conclude()], method, names)
    return models


def _judged(
    found: Sequence[Estimate], method: Method, names: Sequence[str]
) -> list[tuple[ModelLoss, ...]]:
    """The estimates with their verdicts; all their tests are adjusted together."""
    p_values = [gap.p_value for one in found for gap in one.gaps if gap is not None]
    adjusted = iter(holm(p_values))
    judged = []
    for one in found:
        finite = [model.value for model in one.models if math.isfinite(model.value)]
        best = min(finite, default=math.nan)
        judged.append(
            tuple(
                ModelLoss(
                    name,
                    spread.value,
                    spread.stderr,
                    spread.low,
                    spread.high,
                    spread.value == best,
                    None if gap is None else _difference(gap, next(adjusted), method.confidence),
                )
                for name, spread, gap in zip(names, one.models, one.gaps, strict=True)
            )
        )
    return judged


def _difference(gap: Gap, adjusted: float, confidence: float) -> Difference:
    verdict: Verdict = "no difference"
    if is_settled(adjusted, confidence):
        verdict = "better" if gap.spread.value < 0.0 else "worse"
    return Difference(
        gap.spread.value,
        gap.spread.stderr,
        gap.spread.low,
        gap.spread.high,
        gap.p_value,
        adjusted,
        gap.detectable,
        gap.won,
        gap.tied,
        verdict,
        gap.exact,
        gap.note,
    )


def _worst_first(slices: Any) -> tuple[SliceComparison, ...]:
    """The slices in which a model loses most against the reference come first."""

    def place(one: SliceComparison) -> tuple[bool, float, tuple[str, ...]]:
        gaps = [model.difference.value for model in one.models if model.difference is not None]
        worst = max((gap for gap in gaps if gap == gap), default=math.nan)
        names = tuple("" if value is None else value for value in one.values)
        return worst != worst, 0.0 if worst != worst else -worst, names

    return tuple(sorted(slices, key=place))


def _inputs(models: Sequence[str], results: Sequence[Result]) -> tuple[Any, ...]:
    """Where everything was read from; what all models share only once."""
    found = []
    for model, result in zip(models, results, strict=True):
        for record in result.inputs:
            shared = all(record in other.inputs for other in results)
            if not shared:
                found.append(replace(record, role=f"{record.role}@{model}"))
            elif record not in found:
                found.append(record)
    return tuple(found)


def _shared_findings(models: Sequence[str], results: Sequence[Result]) -> tuple[Diagnostic, ...]:
    """Errors and warnings about the models' data, each once, with the models that it is about."""
    about: dict[Diagnostic, list[str]] = {}
    for model, result in zip(models, results, strict=True):
        for finding in result.diagnostics:
            if finding.severity != "info":
                about.setdefault(finding, []).append(model)
    return tuple(
        finding
        if len(names) == len(models)
        else replace(finding, message=f"{', '.join(names)}: {finding.message}")
        for finding, names in about.items()
    )
