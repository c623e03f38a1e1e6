"""What is remarkable about a combination: what is so about its parts, and about their sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from losscli.analysis.checks.divisors import divisors_of_parts
from losscli.analysis.finding import finding
from losscli.findings import SEVERITIES, ChecksRecord, Diagnostic, merge_findings
from losscli.results import Recommendation, Result, RowLoss


def judge_whole(result: Result, nonfinite: tuple[RowLoss, ...], nonfinite_count: int) -> Result:
    """A combination's result with all that is to be said about it.

    Args:
        result: its result, whose parts have their own findings.
        nonfinite: the first rows whose sum is not finite.
        nonfinite_count: how many such rows there are.
    """
    parts = [(part.result.loss.spec, part.result.diagnostics) for part in result.parts]
    found = (*_of_sum(result, nonfinite, nonfinite_count), *merge_findings(parts))
    gravest_first = sorted(found, key=lambda one: SEVERITIES.index(one.severity))
    return replace(
        result,
        diagnostics=tuple(gravest_first),
        checks=_checks(result),
        recommendation=_word(result),
    )


def _checks(result: Result) -> ChecksRecord:
    """What was looked for in one of the parts, and what in none."""
    made = {"LC210"}
    skipped: dict[str, str] = {}
    for part in result.parts:
        checks = part.result.checks
        if checks is not None:
            made |= set(checks.run)
            skipped |= checks.skipped
    left = {code: why for code, why in sorted(skipped.items()) if code not in made}
    return ChecksRecord(tuple(sorted(made)), left)


def _of_sum(result: Result, nonfinite: tuple[RowLoss, ...], count: int) -> Iterator[Diagnostic]:
    finite = all(part.result.status == "ok" for part in result.parts)
    if finite and result.status != "ok":
        what = f"the result is {result.status} although every part is finite"
        yield finding("LC201", f"{what}: the sum is beyond the largest double", "scale the weights")
    elif finite and count:
        rows = ", ".join(f"{bad.key or bad.place or bad.row} ({bad.loss:g})" for bad in nonfinite)
        yield finding("LC201", f"{count:,} rows have no finite sum: {rows}")
    yield from divisors_of_parts(result)


def _word(result: Result) -> Recommendation | None:
    """The guide looks at the data, so what it says of one part holds for all."""
    words = [part.result.recommendation for part in result.parts]
    given = [word for word in words if word is not None]
    if not given:
        return None
    return replace(given[0], agrees=any(word.agrees for word in given))
