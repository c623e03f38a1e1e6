"""A loss of the user's own: how it was run, and what is odd about it."""

from __future__ import annotations

from collections.abc import Iterator

from losscli.analysis.checks.case import Case, check
from losscli.analysis.finding import finding
from losscli.findings import Diagnostic


@check(
    "LC401",
    "LC402",
    "LC403",
    "LC404",
    "LC405",
    about=lambda case: case.bound.loss.conduct is not None,
)
def own_loss(case: Case) -> Iterator[Diagnostic]:
    conduct = case.bound.loss.conduct
    if conduct is None:
        return
    for code, message, hint in conduct.doubts:
        yield finding(code, message, hint)
    if conduct.how == "rows":
        yield finding(
            "LC401",
            f"{case.bound.name} returns one number, so it was evaluated for each row by itself: "
            f"{conduct.why}",
            "return the loss of each row, without the mean at its end, and it runs many times as "
            "fast",
        )
    elif conduct.how == "once" and conduct.why:
        yield finding(
            "LC404",
            f"{case.bound.name} was evaluated once, over all {case.result.n:,} rows: {conduct.why}",
            "the mean over batches, as in training, is another number",
        )


CHECKS = (own_loss,)
