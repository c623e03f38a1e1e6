"""Targets: labels, class probabilities, and how many classes there are."""

from __future__ import annotations

import math
from collections.abc import Iterator

from losscli.analysis.checks.case import Case, check
from losscli.analysis.evidence import Agreement
from losscli.analysis.facts import ROWS_FOR_RANGE, ROWS_FOR_SHARES
from losscli.analysis.finding import finding
from losscli.findings import Diagnostic

# In so many rows for each class, a class that is not rare by design does occur.
_ROWS_PER_CLASS = 5


@check(
    "LC104",
    needs=("prediction", "target"),
    about=lambda case: case.kind == "logits" or case.bound.name == "kl-div",
)
def unnormalised_target(case: Case) -> Iterator[Diagnostic]:
    target, seen = case.target, case.prediction
    if target is None or seen is None or not target.is_matrix or target.shape != seen.shape:
        return
    logs = bool(case.bound.params.get("log_target"))
    off = target.off_log_simplex if logs else target.off_simplex
    if off:
        sums = "exponentials do" if logs else "probabilities do"
        several = case.kind == "logits" and target.is_binary
        yield finding(
            "LC104",
            f"in {off:,} of {case.facts.rows:,} rows of the target the {sums} not sum to 1",
            "where several classes may hold at once, compute bce-with-logits"
            if several
            else "divide each row by its sum; --allow LC104 takes them as they are",
            option="--allow LC104",
            numbers={"rows": off},
        )


@check(
    "LC105",
    needs=("prediction", "target"),
    rows=ROWS_FOR_SHARES,
    about=lambda case: case.kind in ("logits", "log-probabilities"),
)
def labels_from_one(case: Case) -> Iterator[Diagnostic]:
    target, seen = case.target, case.prediction
    if target is None or seen is None or target.counts is None or target.shape == seen.shape:
        return
    if seen.width < 3:
        return
    ignore_index = case.bound.params.get("ignore_index")
    labels = {label: n for label, n in target.counts.by_value().items() if label != ignore_index}
    agreement = case.facts.evidence.agreement
    if agreement is not None and _are_right(agreement):
        return
    enough = sum(labels.values()) >= max(ROWS_FOR_SHARES, _ROWS_PER_CLASS * seen.width)
    if enough and ignore_index != 0 and sorted(labels) == list(range(1, seen.width)):
        yield finding(
            "LC105",
            f"labels run from 1 to {seen.width - 1} and never are 0, with {seen.width} columns in "
            f"{seen.name}: they seem to count from 1",
            "--labels from-1 counts them from 1; leave out the spare column, unless class 0 truly "
            "never occurs",
            option="--labels from-1",
            numbers={"columns": seen.width, "greatest": seen.width - 1},
        )


def _are_right(agreement: Agreement) -> bool:
    """Do the predictions agree with the labels as they are, and not with those one class below?"""
    slack = 2.0 * math.sqrt(agreement.right / max(agreement.rows, 1))
    return agreement.right > agreement.one_below + slack


@check("LC107", needs=("target",), rows=ROWS_FOR_RANGE)
def single_target(case: Case) -> Iterator[Diagnostic]:
    target = case.target
    if target is None or case.counted == 0:
        return
    ignore_index = case.bound.params.get("ignore_index")
    values = set(target.counts.by_value()) - {ignore_index} if target.counts is not None else set()
    # One distribution for all rows is a prior, and fine; one class for all rows is not.
    if target.is_matrix and not (target.is_constant and target.is_one_hot):
        return
    if target.is_constant or len(values) == 1:
        value = "the same class" if target.is_matrix else f"{max(values, default=target.least):g}"
        yield finding(
            "LC107",
            f"the target is {value} in all {case.counted:,} rows that count",
            "check that the right column was read and that no class was filtered out",
            option="-c",
        )


CHECKS = (unnormalised_target, labels_from_one, single_target)
