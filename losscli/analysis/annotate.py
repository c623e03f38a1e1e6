"""What is to be said about a result: findings, the checks made, the guide's word."""

from __future__ import annotations

from dataclasses import replace

from losscli.analysis.checks import diagnose
from losscli.analysis.checks.case import Case
from losscli.analysis.facts import Facts
from losscli.analysis.reference import reference
from losscli.analysis.word import guide_word
from losscli.results import Result, RowLoss
from losscli.spec import BoundLoss


def annotate(
    bound: BoundLoss,
    result: Result,
    facts: Facts | None,
    nonfinite: tuple[RowLoss, ...] = (),
    nonfinite_count: int = 0,
) -> Result:
    """The result with all that is to be said about it.

    Args:
        bound: the loss that was computed.
        result: its result.
        facts: what was seen of the data; without it only the result is looked at.
        nonfinite: the first rows whose loss is not finite.
        nonfinite_count: how many such rows there are.
    """
    count = max(nonfinite_count, len(nonfinite))
    if facts is not None:
        result = replace(result, reference=reference(bound, result, facts))
    found, checks = diagnose(Case(bound, result, facts or Facts(), nonfinite, count))
    return replace(
        result, diagnostics=found, checks=checks, recommendation=guide_word(bound, facts)
    )
