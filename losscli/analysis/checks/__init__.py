"""What is remarkable about a result: each check looks at one mistake people really make.

A check is a function from a :class:`~losscli.analysis.checks.case.Case` to findings, made with
:func:`~losscli.analysis.checks.case.check`; ``CHECKS`` of each module lists its own. What the codes
mean is in :mod:`losscli.codes`.
"""

from __future__ import annotations

from losscli.analysis.checks import classes, divisors, inputs, labels, own, results, settings
from losscli.analysis.checks.case import Case
from losscli.codes import CODES
from losscli.findings import ChecksRecord, Diagnostic, gravest_first

_CHECKS = (
    *results.CHECKS,
    *inputs.CHECKS,
    *labels.CHECKS,
    *classes.CHECKS,
    *settings.CHECKS,
    *divisors.CHECKS,
    *own.CHECKS,
)


def diagnose(case: Case) -> tuple[tuple[Diagnostic, ...], ChecksRecord]:
    """All findings, the errors first, and which checks were made."""
    found: list[Diagnostic] = []
    # What would have stopped the run did not.
    made = [code.code for code in CODES.values() if code.stops]
    skipped: dict[str, str] = {}
    for check in _CHECKS:
        obstacle = check.obstacle(case)
        if obstacle:
            skipped |= dict.fromkeys(check.codes, obstacle)
        else:
            made += check.codes
            found += check.look(case)
    return gravest_first(found), ChecksRecord(tuple(sorted(made)), dict(sorted(skipped.items())))
