"""Estimates become records: p-values adjusted for their number, better or worse."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from losscli.analysis.paired.estimate import Estimate, Gap, Method
from losscli.analysis.paired.fold import RowFold
from losscli.analysis.paired.significance import holm
from losscli.comparison import (
    Difference,
    ModelLoss,
    SliceComparison,
    Verdict,
    is_settled,
)
from losscli.domain import Array
from losscli.engine.sample import Sample
from losscli.findings import Diagnostic
from losscli.results import InputRecord, Result
from losscli.spec import parse
from losscli.versus.judging import AS_USUAL, Judging
from losscli.versus.roles import check_names


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
        (models,) = judged_models([fold.conclude()], method, names)
    return models


def judged_models(
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


def worst_first(slices: Iterable[SliceComparison]) -> tuple[SliceComparison, ...]:
    """The slices in which a model loses most against the reference come first."""

    def place(one: SliceComparison) -> tuple[bool, float, tuple[str, ...]]:
        gaps = [model.difference.value for model in one.models if model.difference is not None]
        worst = max((gap for gap in gaps if gap == gap), default=math.nan)
        names = tuple("" if value is None else value for value in one.values)
        return worst != worst, 0.0 if worst != worst else -worst, names

    return tuple(sorted(slices, key=place))


def inputs_of(models: Sequence[str], results: Sequence[Result]) -> tuple[InputRecord, ...]:
    """Where everything was read from; what all models share only once."""
    found: list[InputRecord] = []
    for model, result in zip(models, results, strict=True):
        for record in result.inputs:
            shared = all(record in other.inputs for other in results)
            if not shared:
                found.append(replace(record, role=f"{record.role}@{model}"))
            elif record not in found:
                found.append(record)
    return tuple(found)


def shared_findings(models: Sequence[str], results: Sequence[Result]) -> tuple[Diagnostic, ...]:
    """Errors and warnings about the models' data, each once, with the models that it is about."""
    about: list[tuple[Diagnostic, list[str]]] = []
    for model, result in zip(models, results, strict=True):
        for finding in result.diagnostics:
            if finding.severity == "info":
                continue
            known = next((names for one, names in about if one == finding), None)
            if known is None:
                about.append((finding, [model]))
            else:
                known.append(model)
    return tuple(
        finding
        if len(names) == len(models)
        else replace(finding, message=f"{', '.join(names)}: {finding.message}")
        for finding, names in about
    )
