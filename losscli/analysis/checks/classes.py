"""Class columns: are they in the order of the labels, and does every class occur?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from losscli.analysis.checks.case import Case, check
from losscli.analysis.facts import percent
from losscli.analysis.finding import finding
from losscli.findings import Diagnostic

# Beyond, a permutation says little and the table grows.
_MOST_CLASSES = 50
# So many rows a class and even a class ten times rarer than the others is missing in e^-5 of data.
_ROWS_TO_MISS = 50
# So many rows a class, of which half agree with another order: no chance does that.
_ROWS_TO_SEE = 10
_AGREE = 0.5


def _has_class_columns(case: Case) -> bool:
    first = case.bound.loss.roles[0].domain
    return "C" in first.axes and any(role.domain.integral for role in case.bound.loss.roles)


@check("LC130", "LC131", about=_has_class_columns)
def order_of_names(case: Case) -> Iterator[Diagnostic]:
    first = case.bound.loss.roles[0].name
    record = next((r for r in case.result.inputs if r.role == first), None)
    names = record.columns if record is not None else ()
    matches = [re.fullmatch(r"(.*?)(\d+)", name) for name in names]
    found = [m for m in matches if m is not None]
    if len(found) < 2 or len(found) < len(names) or len({m[1] for m in found}) > 1:
        return
    numbers = [int(m[2]) for m in found]
    if numbers == sorted(numbers):
        return
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    if [m[2] for m in found] == sorted(m[2] for m in found):
        yield finding(
            "LC131",
            f"the columns of {first} are in the order of text, 10 before 2: {shown}",
            f"-c {first}=NAME,NAME,... gives their order; right only if the labels were numbered "
            "in that order too",
            option="-c",
        )
    else:
        yield finding(
            "LC130",
            f"label k is compared with the k-th column, and the columns of {first} are not in "
            f"order: {shown}",
            f"-c {first}=NAME,NAME,... gives their order, class 0 first",
            option="-c",
        )


@check(
    "LC132",
    needs=("detail", "prediction", "target"),
    about=_has_class_columns,
)
def order_of_columns(case: Case) -> Iterator[Diagnostic]:
    sample, seen, target = case.facts.sample, case.prediction, case.target
    if sample is None or seen is None or target is None or target.shape or len(seen.shape) != 1:
        return
    classes = seen.width
    if not 2 <= classes <= _MOST_CLASSES or not target.integral:
        return
    arrays = sample.arrays()
    scores, labels = arrays[seen.name], arrays["target"].reshape(-1)
    counted = (labels >= 0) & (labels < classes)
    if int(counted.sum()) < _ROWS_TO_SEE * classes:
        return
    chosen, labels = scores[counted].argmax(axis=1), labels[counted].astype(np.intp)
    table = np.bincount(chosen * classes + labels, minlength=classes**2).reshape(classes, classes)
    stands_for = table.argmax(axis=1)
    if len(set(stands_for.tolist())) < classes or (table.sum(axis=1) == 0).any():
        return
    right = float(np.trace(table)) / labels.size
    other = float(table[np.arange(classes), stands_for].sum()) / labels.size
    if other >= _AGREE and right <= 0.5 * other:
        moved = [f"{i} is {int(to)}" for i, to in enumerate(stands_for) if i != to][:5]
        yield finding(
            "LC132",
            f"{percent(right)} of the rows have their label on top; if the columns stood for other "
            f"classes ({', '.join(moved)}), it would be {percent(other)}",
            f"-c {seen.name}=NAME,NAME,... gives the order of the columns, class 0 first",
            option="-c",
            numbers={"rows": labels.size},
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
