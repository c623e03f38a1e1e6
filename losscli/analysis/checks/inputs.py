"""Predictions: are they what the loss takes them for?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from losscli.analysis.checks.case import Case, check
from losscli.analysis.facts import ROWS_FOR_RANGE, ROWS_FOR_SHARES
from losscli.analysis.finding import finding
from losscli.findings import Diagnostic


def _takes_logits(case: Case) -> bool:
    return case.kind in ("logits", "logit")


@check("LC101", "LC108", needs=("prediction",), about=_takes_logits)
def probabilities_as_logits(case: Case) -> Iterator[Diagnostic]:
    seen = case.prediction
    if seen is None or not seen.in_unit:
        return
    if case.kind == "logits" and seen.is_simplex:
        what = f"all {case.facts.rows:,} rows of {seen.name} are in [0, 1] and sum to 1"
        yield _squeezed(case, what, _softmax_floor(case, seen.width))
    elif case.kind == "logit" and case.facts.rows >= ROWS_FOR_RANGE and not seen.is_constant:
        span = f"from {seen.least:.3g} to {seen.greatest:.3g}"
        what = f"all {case.facts.rows:,} rows of {seen.name} are in [0, 1], {span}"
        yield _squeezed(case, what, _sigmoid_floor(case))


def _squeezed(case: Case, what: str, floor: str) -> Diagnostic:
    seen = case.prediction
    numbers = {"least": seen.least, "greatest": seen.greatest} if seen is not None else {}
    if seen is not None and seen.integral:
        return finding(
            "LC108",
            f"{what}, and all are 0 or 1, as labels are; {case.bound.name} takes logits{floor}",
            "save the model's scores, not its decisions",
            numbers=numbers,
        )
    squeeze, hint = "a sigmoid", "give the logits"
    if case.kind == "logits":
        squeeze = "a softmax"
        hint = "give the logits, or compute log-loss, which takes probabilities"
    elif case.bound.name == "bce-with-logits":
        hint = "give the logits, or compute bce, which takes probabilities"
    readings = _readings(case)
    both = ""
    if readings:
        value, other = readings["logits"], readings["probabilities"]
        both = f". Read as logits the mean is {value:.6g}, as probabilities {other:.6g}"
    return finding(
        "LC101",
        f"{what}, as probabilities are; {case.bound.name} takes logits and applies {squeeze} to "
        f"them{floor}{both}",
        hint,
        numbers=numbers,
        readings=readings,
    )


def _readings(case: Case) -> dict[str, float]:
    """The mean loss of the predictions as logits and as probabilities, if it is known."""
    reading = case.facts.as_probabilities
    if reading is None or not case.is_plain_mean or reading.n != case.counted:
        return {}
    if case.bound.name not in ("cross-entropy", "bce-with-logits"):
        return {}
    return {"logits": case.result.value, "probabilities": reading.mean()}


def _softmax_floor(case: Case, classes: int) -> str:
    if not case.is_plain_mean or case.bound.name != "cross-entropy":
        return ""
    floor = math.log1p((classes - 1) / math.e)
    return f", so that no row with one right class can cost less than {floor:.3f}"


def _sigmoid_floor(case: Case) -> str:
    if not case.is_plain_mean or case.bound.name != "bce-with-logits":
        return ""
    return ", so that a sure yes costs 0.313 and a sure no 0.693"


@check("LC102", needs=("prediction",), about=lambda case: case.kind == "logits")
def log_probabilities_as_logits(case: Case) -> Iterator[Diagnostic]:
    if case.prediction is not None and case.prediction.is_log_simplex:
        yield finding(
            "LC102",
            f"{case.prediction.name} holds log-probabilities; the result is right, since a softmax "
            "leaves them as they are",
        )


@check(
    "LC103",
    needs=("prediction",),
    about=lambda case: case.kind in ("log-probabilities", "log-probability"),
)
def not_normalised(case: Case) -> Iterator[Diagnostic]:
    seen = case.prediction
    if seen is not None and seen.is_matrix and seen.off_log_simplex:
        yield finding(
            "LC103",
            f"{seen.off_log_simplex:,} of {case.facts.rows:,} rows of {seen.name} are no "
            "log-probabilities: their exponentials do not sum to 1",
            "take the log-softmax of the logits first, or compute cross-entropy from logits",
            numbers={"rows": seen.off_log_simplex},
        )


@check("LC106", needs=("prediction", "target"), rows=ROWS_FOR_SHARES)
def swapped(case: Case) -> Iterator[Diagnostic]:
    target, seen = case.target, case.prediction
    if target is None or seen is None or target.shape != seen.shape or seen.name != "prediction":
        return
    if seen.is_constant or target.nan or target.integral:
        return
    if seen.integral:
        yield finding(
            "LC106",
            "every prediction is a whole number and the target is not: they look swapped",
            "the order is PREDICTION TARGET; or name them: prediction=FILE target=FILE",
            option="prediction=FILE target=FILE",
        )


@check("LC208", needs=("prediction",), rows=ROWS_FOR_RANGE)
def constant_prediction(case: Case) -> Iterator[Diagnostic]:
    seen = case.prediction
    if seen is None or not seen.is_constant:
        return
    if case.target is not None and case.target.is_constant:
        return
    value = "the same row" if seen.shape else f"{seen.least:.6g}"
    yield finding(
        "LC208",
        f"{seen.name} is {value} in all {case.facts.rows:,} rows",
        "check that the right column was read",
        option="-c",
    )


CHECKS = (
    probabilities_as_logits,
    log_probabilities_as_logits,
    not_normalised,
    swapped,
    constant_prediction,
)
