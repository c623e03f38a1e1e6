"""Class columns: are they in the order of the labels, and does every class occur?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from losscli.analysis.checks.case import Case, check
from losscli.analysis.evidence import has_class_columns
from losscli.analysis.facts import percent
from losscli.analysis.finding import finding
from losscli.findings import Diagnostic

# So many rows a class and even a class ten times rarer than the others is missing in e^-5 of data.
_ROWS_TO_MISS = 50
# So many rows a class, of which half agree with another order: no chance does that.
_ROWS_TO_SEE = 10
_AGREE = 0.5


def _has_class_columns(case: Case) -> bool:
    return has_class_columns(case.bound.loss)


@check("LC130", "LC131", about=_has_class_columns)
def order_of_names(case: Case) -> Iterator[Diagnostic]:
    first = case.bound.loss.roles[0].name
    record = next((r for r in case.result.inputs if r.role == first), None)
    columns = record.columns if record is not None else ()
    option = f"-c {first}=NAME,NAME,..."
    if case.result.classes and [*case.result.classes] == _numbers(columns):
        # Labels are compared with the columns by name, so any order is right.
        return
    if _is_in_text_order(columns):
        yield finding(
            "LC131",
            f"the columns of {first} are in the order of text, 10 before 2: {_few(columns)}",
            f"{option} gives their order; right only if the labels were numbered in that order too",
            option="-c",
        )
    elif not _ascends(columns):
        yield finding(
            "LC130",
            f"label k is compared with the k-th column, and the columns of {first} are not in "
            f"order: {_few(columns)}",
            f"{option} gives their order, class 0 first",
            option="-c",
        )
    elif _is_in_text_order(case.result.classes):
        yield finding(
            "LC131",
            f"the classes are in the order of text, 10 before 2: {_few(case.result.classes)}",
            "--classes gives their order; right only if the columns of the scores were written in "
            "that order too",
            option="--classes",
        )


def _numbers(names: Sequence[str]) -> list[str]:
    """The numbers at the end of names that differ in nothing else; empty if they do."""
    matches = [re.fullmatch(r"(.*?)(\d+)", name) for name in names]
    stems = {match[1] if match else None for match in matches}
    return [match[2] for match in matches if match] if len(stems) == 1 else []


def _ascends(names: Sequence[str]) -> bool:
    numbers = [int(number) for number in _numbers(names)]
    return numbers == sorted(numbers)


def _is_in_text_order(names: Sequence[str]) -> bool:
    numbers = _numbers(names)
    return numbers == sorted(numbers) and not _ascends(names)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")


@check(
    "LC132",
    needs=("detail", "prediction", "target"),
    about=_has_class_columns,
)
def order_of_columns(case: Case) -> Iterator[Diagnostic]:
    agreement, seen = case.facts.evidence.agreement, case.prediction
    if agreement is None or seen is None:
        return
    table, classes = agreement.table, seen.width
    if agreement.rows < _ROWS_TO_SEE * classes:
        return
    stands_for = table.argmax(axis=1)
    if len(set(stands_for.tolist())) < classes or (table.sum(axis=1) == 0).any():
        return
    right = agreement.right
    other = float(table[np.arange(classes), stands_for].sum()) / agreement.rows
    if other >= _AGREE and right <= 0.5 * other:
        moved = [f"{i} is {int(to)}" for i, to in enumerate(stands_for) if i != to][:5]
        yield finding(
            "LC132",
            f"{percent(right)} of the rows have their label on top; if the columns stood for other "
            f"classes ({', '.join(moved)}), it would be {percent(other)}",
            f"-c {seen.name}=NAME,NAME,... gives the order of the columns, class 0 first",
            option="-c",
            numbers={"rows": agreement.rows},
            readings={"as given": right, "in another order": other},
        )


@check("LC133", needs=("detail", "prediction", "target"), about=_has_class_columns)
def missing_classes(case: Case) -> Iterator[Diagnostic]:
    seen, target = case.prediction, case.target
    if seen is None or target is None or target.shape or target.counts is None:
        return
    labels = {label for label in target.counts.by_value() if 0 <= label < seen.width}
    missing = sorted(set(range(seen.width)) - labels)
    # Labels 1 .. C and a single class have findings of their own.
    if not missing or missing == [0] or len(labels) < 2:
        return
    if case.counted >= _ROWS_TO_MISS * seen.width:
        shown = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        yield finding(
            "LC133",
            f"{len(missing)} of {seen.width} classes never occur in {case.counted:,} rows: {shown}",
            "check that no class was filtered out, and that labels were numbered as the columns",
            numbers={"missing": len(missing), "classes": seen.width},
        )


CHECKS = (order_of_names, order_of_columns, missing_classes)
