"""What the mean divides by, where libraries differ."""

from __future__ import annotations

import math
from collections.abc import Iterator

from losscli.analysis.checks.case import Case, check
from losscli.analysis.finding import finding
from losscli.codes import Severity
from losscli.findings import Diagnostic
from losscli.results import Result

# Below, two ways to divide agree in the digits that people compare.
_DIFFERS_FROM = 0.01


@check("LC203", needs=("prediction",), about=lambda case: case.bound.name == "kl-div")
def kl_mean(case: Case) -> Iterator[Diagnostic]:
    result = case.result
    batchmean = result.reductions.get("batchmean")
    if result.reduction != "mean" or batchmean is None:
        return
    if case.prediction is not None and case.prediction.is_matrix and math.isfinite(batchmean):
        yield finding(
            "LC203",
            f"the mean divides by {result.divisor:,.15g} elements, not by {result.n:,} rows; the "
            f"mean divergence of a row is {batchmean:.6g}",
            "use --reduction batchmean, as PyTorch advises",
            option="--reduction batchmean",
            readings={"elements": result.value, "rows": batchmean},
        )


@check("LC204")
def weighted_mean(case: Case) -> Iterator[Diagnostic]:
    result = case.result
    if result.reduction != "mean" or "weights" not in result.divisor_meaning:
        return
    total = result.reductions.get("sum", math.nan)
    if not result.divisor > 0.0:
        return
    by_rows = total / case.counted if case.counted else math.nan
    differs = abs(by_rows - result.value) > _DIFFERS_FROM * abs(result.value)
    severity: Severity = "warning" if differs and math.isfinite(by_rows) else "info"
    other = f"; divided by the rows it is {by_rows:.6g}" if math.isfinite(by_rows) else ""
    yield finding(
        "LC204",
        f"the mean divides by the {result.divisor_meaning}, {result.divisor:.6g}, not by "
        f"{case.counted:,} {result.samples}{other}",
        "say which divisor the number has; --convention keras divides by the count, as keras does"
        if severity == "warning"
        else "",
        severity=severity,
        option="--convention",
        readings={"sum of weights": result.value, "rows": by_rows},
    )


@check("LC210", about=lambda case: bool(case.result.parts))
def parts_differ(case: Case) -> Iterator[Diagnostic]:
    yield from divisors_of_parts(case.result)


def divisors_of_parts(result: Result) -> Iterator[Diagnostic]:
    """Do the losses that the rows have under a combination average to its value?"""
    counts = {"rows", "elements", "groups"}
    if result.reduction not in ("mean", "none") or not math.isnan(result.divisor):
        return
    if all(part.result.divisor_meaning in counts for part in result.parts):
        return
    each = "; ".join(
        f"{part.result.loss.spec} by {part.result.divisor:,.6g}, the {part.result.divisor_meaning}"
        for part in result.parts
    )
    yield finding(
        "LC210",
        f"the parts divide by different numbers, so the losses of the rows do not average to the "
        f"result: {each}",
    )


CHECKS = (kl_mean, weighted_mean, parts_differ)
