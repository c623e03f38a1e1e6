"""Parameters and columns that may mean something else than they are taken for."""

from __future__ import annotations

import math
from collections.abc import Iterator

from losscli.analysis.checks.case import Case, check
from losscli.analysis.finding import finding
from losscli.findings import Diagnostic

# A spread or a mean of fewer rows is off by more than the factors below once in a while.
_ROWS = 50
# A denominator this much smaller than the median one weighs a thousand times as much.
_TINY = 1e-3
# The median of a squared standard normal number.
_MEDIAN_OF_CHI_SQUARE = 0.4549364231195724
# Off by more than _OFF is no model that was fitted; within _NEAR is one that was. A model may well
# be overconfident by a factor of two, and hardly one of four by chance under both readings.
_OFF, _NEAR = 4.0, 2.0
_OF_VARIANCE = ("gaussian-nll",)
_OF_STD = ("crps-gaussian",)
_RATIOS = ("mape", "smape")
_LOGS = ("msle", "rmsle")
_SKEWED = ("gamma-deviance", "gamma-nll")


@check("LC140", needs=("detail", "target"), about=lambda case: case.bound.name in _RATIOS)
def tiny_denominators(case: Case) -> Iterator[Diagnostic]:
    if case.bound.name == "smape":
        sizes = case.facts.evidence.pair_sizes
        what = "0 / 0, where both numbers are 0"
    else:
        sizes = case.facts.evidence.target_sizes
        what = "a division by a target that is 0, or a thousandth of the median one"
    if sizes is None:
        return
    is_relative = case.bound.name != "smape" and sizes.median > 0.0
    rows = sizes.below(_TINY * sizes.median) if is_relative else sizes.zeros
    if rows:
        first = "" if sizes.row is None else f"; the smallest is in {case.name_of(sizes.row)}"
        yield finding(
            "LC140",
            f"{rows:,} of {sizes.rows:,} rows are {what}{first}",
            "wmape divides by the sum of the targets; mae does not divide",
            numbers={"rows": rows, "of": sizes.rows, "least": sizes.least},
        )


@check("LC141", needs=("detail", "target"), about=lambda case: case.bound.name in _LOGS + _SKEWED)
def edge_of_the_logarithm(case: Case) -> Iterator[Diagnostic]:
    if case.bound.name in _LOGS:
        for role in (case.prediction, case.target):
            if role is not None and role.least < 0.0:
                yield finding(
                    "LC141",
                    f"{role.name} goes down to {role.least:.6g}: log(1 + x) of numbers below 0 "
                    "grows without bound towards -1",
                    "clip predictions at 0, or compare the numbers themselves with mse",
                    numbers={"least": role.least},
                )
        return
    sizes = case.facts.evidence.target_sizes
    rows = 0 if sizes is None else sizes.below(_TINY * _TINY * sizes.median)
    if sizes is not None and rows:
        yield finding(
            "LC141",
            f"{rows:,} of {sizes.rows:,} targets are below a millionth of the median one, so that "
            "their logarithm outweighs all others",
            "look whether they stand for 0; tweedie-deviance with a power between 1 and 2 takes 0",
            numbers={"rows": rows, "least": sizes.least},
        )


@check(
    "LC142",
    needs=("detail", "target"),
    rows=_ROWS,
    about=lambda case: case.bound.name == "poisson-nll",
)
def rate_or_its_logarithm(case: Case) -> Iterator[Diagnostic]:
    rates = case.facts.evidence.rates
    mean = math.nan if rates is None else rates.target.over(float(case.facts.rows))
    if rates is None or not mean > 0.0:
        return
    logs = bool(case.bound.params["log_input"])
    as_rate = rates.prediction.over(float(case.facts.rows))
    as_log = rates.exponential.over(float(case.facts.rows))
    taken, other = (as_log, as_rate) if logs else (as_rate, as_log)
    if _is_off(taken / mean) and _is_near(other / mean) and rates.least >= 0.0:
        names = ("logarithms of rates", "rates") if logs else ("rates", "logarithms of rates")
        option = "--no-log-input" if logs else "--log-input"
        yield finding(
            "LC142",
            f"the predictions are taken for {names[0]}, of mean {taken:.6g}, and the targets have "
            f"mean {mean:.6g}; as {names[1]} their mean is {other:.6g}",
            f"{option} takes them for {names[1]}",
            option=option,
            numbers={"target mean": mean},
            readings={names[0]: taken, names[1]: other},
        )


def _is_off(ratio: float) -> bool:
    return not 1.0 / _OFF <= ratio <= _OFF


def _is_near(ratio: float) -> bool:
    return 1.0 / _NEAR <= ratio <= _NEAR


@check(
    "LC143",
    needs=("detail", "target"),
    rows=_ROWS,
    about=lambda case: case.bound.name in _OF_VARIANCE + _OF_STD,
)
def variance_or_deviation(case: Case) -> Iterator[Diagnostic]:
    role = "var" if case.bound.name in _OF_VARIANCE else "std"
    spreads = case.facts.evidence.spreads
    if spreads is None:
        return
    ratios = {
        name: squares.at([0.5])[0] / _MEDIAN_OF_CHI_SQUARE
        for name, squares in spreads.readings.items()
    }
    taken = "variances" if role == "var" else "standard deviations"
    others = {name: x for name, x in ratios.items() if name != taken and _is_near(x)}
    if not _is_off(ratios[taken]) or not others:
        return
    best = min(others, key=lambda name: abs(math.log(others[name])))
    yield finding(
        "LC143",
        f"{role} is taken for {taken}, by which the median squared error is {ratios[taken]:.3g} "
        f"times what a normal distribution has; read as {best} it is {ratios[best]:.3g} times",
        f"if {role} holds {best}, turn them into {taken} first",
        numbers={"rows": spreads.rows},
        readings={taken: ratios[taken], best: ratios[best]},
    )


@check("LC144", about=lambda case: case.bound.name in ("huber", "smooth-l1"))
def huber_or_smooth_l1(case: Case) -> Iterator[Diagnostic]:
    is_huber = case.bound.name == "huber"
    width = float(case.bound.arguments["delta" if is_huber else "beta"])
    if width in (0.0, 1.0):
        return
    factor = 1.0 / width if is_huber else width
    other = f"smooth-l1(beta={width:g})" if is_huber else f"huber(delta={width:g})"
    value = case.result.value
    yield finding(
        "LC144",
        f"{other} of the same numbers is {value * factor:.6g}: the two differ by the factor "
        f"{width:g}",
        readings={case.bound.name: value, other: value * factor},
    )


@check("LC145", needs=("detail",))
def without_effect(case: Case) -> Iterator[Diagnostic]:
    for name in ("weight", "pos_weight"):
        given = case.bound.params.get(name)
        if isinstance(given, tuple) and len(given) > 1 and len(set(given)) == 1:
            yield finding(
                "LC145",
                f"--{name.replace('_', '-')} is {given[0]:g} for every class, which weighs none "
                "more than another",
                "leave it out, or give each class its own weight",
            )
    weights = case.facts.evidence.weights
    for name, (low, high) in ({} if weights is None else weights.of_role).items():
        if low == high and case.facts.rows > 1:
            yield finding(
                "LC145",
                f"{name} is {low:g} in every row, which weighs none more than another",
                "leave it out, or look whether the right column was read",
                option="-c",
            )
    yield from _ignore_index_unseen(case)


def _ignore_index_unseen(case: Case) -> Iterator[Diagnostic]:
    param = case.bound.loss.params.get("ignore_index")
    target = case.target
    if param is None or target is None or target.counts is None:
        return
    given = case.bound.params["ignore_index"]
    if given in (None, param.default) or case.rows_with_label(given):
        return
    labels = target.counts.by_value()
    yield finding(
        "LC145",
        f"no label is {given}, so --ignore-index ignores no row; labels run from {min(labels)} to "
        f"{max(labels)}",
        "look which label stands for rows to ignore",
        option="--ignore-index",
    )


@check("LC150")
def low_precision(case: Case) -> Iterator[Diagnostic]:
    digits = {"float16": 3, "halffloat": 3, "float32": 7, "float": 7}
    for record in case.result.inputs:
        if record.dtype in digits:
            yield finding(
                "LC150",
                f"{record.role} is {record.dtype}, with {digits[record.dtype]} digits; sums are "
                "float64 all the same",
                numbers={"digits": digits[record.dtype]},
            )


@check("LC153", about=lambda case: "label_smoothing" in case.bound.params)
def smoothing_and_weights(case: Case) -> Iterator[Diagnostic]:
    smoothing = case.bound.arguments["label_smoothing"]
    if smoothing and case.bound.params.get("weight") is not None:
        yield finding(
            "LC153",
            f"a label smoothing of {smoothing:g} spreads over all classes, each with its own "
            "weight, while the mean divides by the weights of the targets alone, as in PyTorch",
            "compare with the loss without smoothing before reading anything into the number",
        )


CHECKS = (
    tiny_denominators,
    edge_of_the_logarithm,
    rate_or_its_logarithm,
    variance_or_deviation,
    huber_or_smooth_l1,
    without_effect,
    low_precision,
    smoothing_and_weights,
)
