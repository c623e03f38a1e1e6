"""A check from its inputs to its verdict, shared by the Python call and the command line."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from losscli.analysis.baseline import (
    Baseline,
    Provenance,
    Rows,
    read_baseline,
    write_baseline,
)
from losscli.analysis.baseline_rows import StoredRows, open_stored
from losscli.analysis.digest import LossDigest, TargetDigest
from losscli.analysis.gate import (
    ROUNDING,
    Gates,
    Tolerance,
    counting,
    judge,
    parse_tolerance,
)
from losscli.analysis.worse import judge_paired
from losscli.api import bind_named, settle_reduction
from losscli.codes import CODES
from losscli.combination import AnyLoss, Declared
from losscli.data.arrays import from_arrays
from losscli.data.feed import Inputs
from losscli.data.reading import AS_IT_IS, Reading
from losscli.data.sink import RowWriter, open_rows
from losscli.data.slicing import sliced_by
from losscli.engine.evaluation import Evaluation
from losscli.errors import DataError, UsageError
from losscli.findings import allowable, gravest_first
from losscli.results import Result
from losscli.rival import Contested, Rival
from losscli.spec import Loss, Reduction
from losscli.together import Samples, Together
from losscli.verdict import Judged, Verdict


def check(
    loss: str | AnyLoss | Callable[..., Any],
    *arrays: object,
    max: float | None = None,
    max_quantile: Mapping[float, float] = MappingProxyType({}),
    max_share_above: Mapping[float, float] = MappingProxyType({}),
    max_worst_slice: float | None = None,
    baseline: str | os.PathLike[str] | None = None,
    tolerance: float | str | None = None,
    significance: float | None = None,
    reduction: str | None = None,
    group: object = None,
    by: object = None,
    threads: int | None = None,
    labels_are: str = "",
    convention: str = "",
    strict: bool = False,
    allow: Collection[str] = (),
    reading: Reading = AS_IT_IS,
    **named: object,
) -> Verdict:
    """Does a loss pass?

    >>> verdict = losscli.check("mse", [2.5, 0.0], [3.0, -0.5], max=0.2)
    >>> verdict.passed, verdict.reason
    (False, 'mse = 0.25 is more than 0.2')

    Args:
        loss: as for :func:`losscli.compute`.
        arrays: as for :func:`losscli.compute`.
        max: the most the loss may be.
        max_quantile: by share, the most that quantile of rows' losses may be: ``{0.99: 2.5}``.
        max_share_above: by loss, the largest share of rows that may lie above: ``{0.5: 0.01}``.
        max_worst_slice: the most the loss of any slice of ``by`` may be.
        baseline: a file that ``losscli check --update-baseline`` wrote, to be no worse than.
        tolerance: how much worse: a number, ``"2%"`` or ``"0.001+2%"``.
        significance: fail only what is worse than the baseline at this level, row by row.
        reduction, group, by, threads, labels_are, convention: as for :func:`losscli.compute`.
        strict: does a warning fail the check?
        allow: codes of findings that are accepted, such as ``["LC104"]``.
        reading, named: likewise; rows are joined by ``Reading(on=("id",))``.

    Returns:
        The verdict: ``passed``, ``reason``, every gate in ``gates``, and the ``result``.

    Raises:
        UsageError: there is no gate, or one does not suit the loss.
        DataError: the data does not fit the loss, or the baseline is of something else.
        UnknownLossError, ParameterError, UserCodeError: as for :func:`losscli.compute`.
    """
    gates = Gates(max, tuple(max_quantile.items()), tuple(max_share_above.items()), max_worst_slice)
    if baseline is None and (tolerance is not None or significance is not None):
        raise UsageError("tolerance and significance are about a baseline", hint="give one")
    stored = None
    if baseline is not None:
        tolerated = ROUNDING if tolerance is None else parse_tolerance(str(tolerance))
        stored = AgainstBaseline(os.fspath(baseline), tolerated, significance)
    bound, given = bind_named(loss, named, convention)
    labels, values = sliced_by(by)
    inputs = from_arrays(bound.loss.inputs, arrays, given, group, labels, values, reading)
    inputs = replace(inputs, written=labels_are)
    bound, chosen = settle_reduction(bound, inputs, reduction)
    return Check(
        bound,
        inputs,
        chosen,
        gates,
        stored,
        by=tuple(labels),
        threads=threads,
        strict=strict,
        allow=tuple(map(allowable, allow)),
    ).verdict()


@dataclass(frozen=True, slots=True)
class AgainstBaseline:
    """A stored number to be no worse than, or to write.

    Attributes:
        path: its file.
        tolerance: how much worse a loss may be.
        alpha: fail only what is worse at this level, row by row; needs the losses of rows.
        update: write the file instead of comparing with it; says how it came about.
        create: how the file is made, for who has none.
        rows: where the loss of each row is, or is written to; None is where the baseline says.
    """

    path: str
    tolerance: Tolerance = ROUNDING
    alpha: float | None = None
    update: Provenance | None = None
    rows: str | None = None
    create: str = "write it with --update-baseline"

    @property
    def files(self) -> list[str]:
        """What is read, or written."""
        return [self.path] if self.rows is None else [self.path, self.rows]

    @property
    def rows_beside(self) -> str | None:
        """The name of the file of rows as the baseline holds it: from its own folder."""
        if self.rows is None or os.path.isabs(self.rows):
            return self.rows
        return os.path.relpath(self.rows, os.path.dirname(self.path) or ".").replace(os.sep, "/")

    def stored_rows(self, baseline: Baseline) -> str | None:
        """Where the losses of rows of a baseline are; None if it has none, or no longer.

        Raises:
            DataError: they are needed.
        """
        path = None
        if baseline.rows is not None:
            path = self.rows or os.path.join(os.path.dirname(self.path), baseline.rows.path)
        if path is not None and os.path.exists(path):
            return path
        if self.alpha is None and self.rows is None:
            return None
        raise DataError(
            "has no losses of rows to pair a run with"
            if path is None
            else f"the losses of its rows are gone: {path}",
            path=self.path,
            hint="--update-baseline with --baseline-rows FILE writes them",
            code="LC501",
        )


@dataclass(frozen=True, slots=True)
class Check:
    """What is checked: a loss on these rows, against these gates.

    Attributes:
        name: what it is called; None is the loss's spec string.
        rival: another model; the inputs then hold its roles too, see :class:`Rival`.
        by: the coded roles of the inputs whose values make slices.
        progress: hears how many rows are done, of how many.
        strict: does a warning fail the check?
        allow: the codes of findings that are accepted.
    """

    bound: AnyLoss
    inputs: Inputs
    reduction: Reduction
    gates: Gates
    baseline: AgainstBaseline | None = None
    rival: Rival | None = None
    by: Sequence[str] = ()
    name: str | None = None
    threads: int | None = None
    progress: Callable[[int, int | None], None] | None = None
    strict: bool = False
    allow: Collection[str] = ()

    def verdict(self) -> Verdict:
        """Evaluate the loss once and judge every gate.

        Raises:
            UsageError: there is no gate, or one does not suit the loss.
            DataError: the data does not fit the loss, or the baseline is of something else.
            OutputError: the baseline could not be written.
        """
        began = time.monotonic()
        compared = self.baseline is not None or self.rival is not None
        refuse(self.bound.loss, self.gates, others=compared, sliced=bool(self.by))
        self.gates.check_reduction(self.bound.loss, self.reduction)
        # A file of rows is there only if all of it is good, so it is dropped by an exception.
        with suppress(_UnfitError), ExitStack() as stack:
            beside = None if self.baseline is None else self._beside(self.baseline, stack)
            contested = None
            if self.rival is not None:
                contested = self.rival.begin(self.bound, self.inputs, self.reduction)
            result, *rivals = self._evaluate(beside, contested)
            result = result.allowing(self.allow)
            if contested is not None:
                others = contested.findings(result, rivals[0].allowing(self.allow))
                result = replace(result, diagnostics=gravest_first((*result.diagnostics, *others)))
            _reject_broken(result)
            if isinstance(beside, _Updating) and not beside.is_fit(result):
                raise _UnfitError
        judged = judge(result, self.gates, strict=self.strict)
        notes: tuple[str, ...] = ()
        if beside is not None:
            more, notes = beside.conclude(result)
            judged = (*judged, *more)
        if contested is not None:
            judged = (*judged, contested.judge(result, rivals[0]))
        return Verdict(
            name=self.name or str(self.bound),
            gates=judged,
            result=result,
            notes=notes,
            seconds=time.monotonic() - began,
        )

    def _beside(self, against: AgainstBaseline, stack: ExitStack) -> _Comparing | _Updating:
        digest = TargetDigest(ordered=self.inputs.join is None)
        if against.update is None:
            baseline = read_baseline(against.path, against.create)
            stored = against.stored_rows(baseline)
            rows = (
                None
                if stored is None
                else stack.enter_context(open_stored(stored, baseline, self.inputs.row_keys))
            )
            return _Comparing(against, baseline, rows, digest)
        if against.rows is None:
            return _Updating(against, against.update, self.strict, digest=digest)
        if self.reduction != "mean":
            raise UsageError(
                f"the losses of rows do not add up to a {self.reduction}",
                hint="--baseline-rows goes with the reduction mean",
            )
        groups, keys = self.inputs.groups, self.inputs.row_keys
        if groups is not None and keys is not None:
            raise UsageError(
                "the losses of groups are kept in their order, and joined rows have none",
                hint="leave out --baseline-rows, or pair the rows by position",
            )
        named = keys.text if keys is not None else None if groups is None else groups.key
        writer = stack.enter_context(open_rows(against.rows, key_of=named))
        losses = LossDigest(keys is None)
        return _Updating(against, against.update, self.strict, writer, digest, losses)

    def _evaluate(
        self, beside: _Comparing | _Updating | None, contested: Contested | None
    ) -> tuple[Result, ...]:
        takers: list[Callable[[Samples], None]] = []
        if beside is not None and beside.rows is not None:
            takers.append(beside.take)
        if contested is not None:
            takers.append(contested.take)

        def take(samples: Samples) -> None:
            for taker in takers:
                taker(samples)

        alone = (Evaluation(self.bound, self.reduction),)
        return Together(
            alone if contested is None else contested.evaluations,
            self.inputs,
            self.threads,
            by=self.by,
            asked=self.gates.asked,
            progress=self.progress,
            take_roles=None if beside is None else beside.digest.wanted,
            take_samples=take if takers else None,
            keep_entries=contested is not None,
        ).evaluate()


def refuse(
    loss: Loss | Declared, gates: Gates, *, others: bool = False, sliced: bool = False
) -> None:
    """Before a file is opened: can this loss be judged, and is there something to judge it by?

    Args:
        loss: the loss.
        gates: its limits.
        others: is it held against a baseline or another model?
        sliced: are there slices?

    Raises:
        UsageError: no.
    """
    if loss.greater_is_better:
        raise UsageError(
            f"of {loss.name} more is better, so a gate would fail what is good",
            hint=f"avoid it when {loss.avoid_when}",
        )
    if gates.count == 0 and not others:
        raise UsageError("there is nothing to check", hint="give a gate, such as --max 0.1")
    if gates.worst_slice is not None and not sliced:
        raise UsageError("--max-worst-slice, but there are no slices", hint="give --by COLUMN")


class _UnfitError(Exception):
    """A result that cannot be a baseline."""


def _reject_broken(result: Result) -> None:
    """A number of data that breaks the contract of its loss is nothing to judge.

    Raises:
        DataError: the data does, and that is not allowed.
    """
    for found in result.diagnostics:
        if found.severity == "error" and not CODES[found.code].is_of_number:
            accept = f"--allow {found.code}"
            known = found.option == accept
            hint = found.hint if known else f"{found.hint}\n{accept} takes it as it is".strip()
            raise DataError(found.message, hint=hint, code=found.code)


@dataclass(slots=True)
class _Comparing:
    """A run beside a stored baseline."""

    against: AgainstBaseline
    baseline: Baseline
    rows: StoredRows | None
    digest: TargetDigest = field(default_factory=TargetDigest)

    def take(self, samples: Samples) -> None:
        if self.rows is not None and samples[0] is not None:
            self.rows.take(samples[0])

    def conclude(self, result: Result) -> tuple[list[Judged], tuple[str, ...]]:
        """The gate of the baseline, and what is worth noting.

        Raises:
            DataError: the baseline, or the losses of its rows, are of something else.
        """
        against, baseline = self.against, self.baseline
        baseline.check_same(result, self.digest.text(), against.path)
        paired = None if self.rows is None else self.rows.paired(result, baseline)
        if against.alpha is None or paired is None:
            notes = () if paired is None else (f"against the baseline, {paired}",)
            slices = baseline.judge_slices(result, against.tolerance)
            return [baseline.judge(result, against.tolerance), *slices], notes
        judged = judge_paired(
            f"baseline at {against.alpha:g}",
            result.loss.spec,
            paired,
            "the baseline's",
            alpha=against.alpha,
            tolerance=against.tolerance,
        )
        note = "slices are not held against the baseline: significance is of all rows"
        return [judged], (note,) if baseline.slices else ()


@dataclass(slots=True)
class _Updating:
    """A run that becomes a baseline."""

    against: AgainstBaseline
    written: Provenance
    strict: bool
    rows: RowWriter | None = None
    digest: TargetDigest = field(default_factory=TargetDigest)
    losses: LossDigest = field(default_factory=LossDigest)

    def take(self, samples: Samples) -> None:
        if self.rows is not None and samples[0] is not None:
            self.losses.add(samples[0].loss)
            self.rows.write(samples[0].loss)

    def is_fit(self, result: Result) -> bool:
        """Can a later run be compared with it?"""
        return math.isfinite(result.value) and not counting(result, strict=self.strict)

    def conclude(self, result: Result) -> tuple[list[Judged], tuple[str, ...]]:
        """Write the baseline, unless nothing could ever be compared with it.

        Raises:
            OutputError: it cannot be written.
        """
        name, path = result.loss.spec, self.against.path
        if not self.is_fit(result):
            found = " ".join(one.code for one in counting(result, strict=self.strict))
            counts = f" with {found}" if found else ""
            reason = f"{name} is {result.value}{counts}, so {path} is left as it is"
            return [Judged("baseline", False, reason, result.value)], ()
        before = _value_of(path)
        beside = self.against.rows_beside
        rows = None if beside is None else Rows(beside, self.losses.text())
        inputs = {one.role: one.path for one in result.inputs if one.path is not None}
        written = replace(self.written, inputs=inputs)
        write_baseline(Baseline.of(result, self.digest.text(), written, rows), path)
        was = "" if before is None else f", which was {before!r}"
        reason = f"{name} = {result.value!r} is written to {path}{was}"
        return [Judged("baseline", True, reason, result.value)], ()


def _value_of(path: str) -> float | None:
    """What an update replaces, if that is a baseline."""
    try:
        return read_baseline(path).value
    except DataError:
        return None
