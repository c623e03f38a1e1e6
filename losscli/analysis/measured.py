"""What was measured of the data, in words."""

from __future__ import annotations

from losscli.advice import Measurement
from losscli.analysis.facts import OUTLIER_DEVIATIONS, Facts, percent


def measurements(facts: Facts) -> tuple[Measurement, ...]:
    """All that was measured, in words."""
    pairs = (
        ("rows", f"{facts.rows:,}"),
        ("target", _target(facts)),
        ("classes", _classes(facts)),
        ("input kind", _input(facts)),
        ("class shares", _shares(facts)),
        ("outlier share", _outliers(facts)),
        ("tail share", _tail(facts)),
    )
    return tuple(Measurement(name, text) for name, text in pairs if text)


def _target(facts: Facts) -> str:
    target = facts.target
    if target is None:
        return ""
    if target.is_one_hot:
        return f"one-hot rows of {target.width} columns"
    if target.is_simplex:
        return f"rows of {target.width} probabilities that sum to 1"
    kind = "whole numbers" if target.integral else "numbers"
    distinct = ""
    if target.counts is not None:
        distinct = f", {len(target.counts.by_value())} distinct"
    return f"{kind} {target.least:.6g} to {target.greatest:.6g}{distinct}"


def _classes(facts: Facts) -> str:
    classes = facts.classes
    if classes is None or facts.prediction is None or facts.target is None:
        return ""
    if facts.is_multi_label:
        return f"2 for each of {facts.target.width} columns: a row has several yes-or-no answers"
    if max(facts.prediction.width, facts.target.width) > 1:
        return f"{classes}, one column for each"
    return "2: the target is 0 or 1"


def _input(facts: Facts) -> str:
    prediction, kind = facts.prediction, facts.input_kind
    if prediction is None or kind is None:
        return ""
    span = f"values from {prediction.least:.6g} to {prediction.greatest:.6g}"
    if kind == "labels":
        return "labels: every value is 0 or 1"
    if kind == "log-probabilities":
        return "log-probabilities: the exponentials of every row sum to 1"
    if kind == "logits":
        return f"logits: {span}"
    rows = "every row sums to 1" if prediction.is_simplex else "all in [0, 1]"
    return f"probabilities: {span}, {rows}"


def _shares(facts: Facts) -> str:
    ratio, counts = facts.imbalance, facts.class_counts
    if ratio is None:
        return ""
    total = sum(counts.values())
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if most == least:
        return f"each of {len(counts)} classes has {percent(1 / len(counts))} of the rows"
    return (
        f"class {most} has {percent(counts[most] / total)} of the rows, class {least} has "
        f"{percent(counts[least] / total)}: {ratio:.3g} to 1"
    )


def _outliers(facts: Facts) -> str:
    share = facts.outlier_share if facts.task in (None, "regression") else None
    if share is None:
        return ""
    return (
        f"{percent(share)} of the residuals are beyond {OUTLIER_DEVIATIONS:g} robust standard "
        "deviations (1.4826 times the median absolute residual)"
    )


def _tail(facts: Facts) -> str:
    share = facts.tail_share if facts.task in (None, "regression") else None
    return "" if share is None else f"the worst 1 % carry {percent(share)} of the squared error"
