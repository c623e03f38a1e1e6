"""The number that came out: is it one, and is it believable?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from losscli.analysis.checks.case import Case, check
from losscli.analysis.facts import ROWS_FOR_RANGE, ROWS_FOR_SHARES, heavy_tail_from, percent
from losscli.analysis.finding import finding
from losscli.findings import Diagnostic
from losscli.results import RowLoss

# A trained model comes so close to chance once in many thousands.
_AS_CHANCE = 2e-4
# So many rows for each share of a class that was taken from them.
_ROWS_A_SHARE = 10
CLASSES = "class probabilities"
SQUARED = ("mse", "half-squared-error", "rmse")


@check("LC202")
def no_row_counts(case: Case) -> Iterator[Diagnostic]:
    if case.result.n == 0 or (case.counted > 0 and case.result.divisor != 0.0):
        return
    yield finding(
        "LC202",
        f"no {case.result.samples.removesuffix('s')} counts: {case.result.ignored:,} of "
        f"{case.result.n:,} {case.result.samples} are ignored and the divisor is "
        f"{case.result.divisor:g}",
        _why_ignored(case),
        numbers={"ignored": case.result.ignored, "rows": case.result.n},
    )


def _why_ignored(case: Case) -> str:
    ignore_index = case.bound.params.get("ignore_index")
    if case.rows_with_label(ignore_index):
        return f"the label of these rows is ignore_index = {ignore_index}"
    return "their weight is 0"


@check("LC201")
def not_finite(case: Case) -> Iterator[Diagnostic]:
    if case.result.status == "ok" or case.counted == 0 or case.result.divisor == 0.0:
        return
    numbers = {"rows": case.nonfinite_count}
    if case.result.reduction == "overall":
        what = f"the result is {case.result.status} over {case.counted:,} rows"
        yield finding("LC201", what, _why_not_finite(case), option="--allow LC201")
        return
    if case.nonfinite_count == 0:
        yield finding(
            "LC201",
            f"the result is {case.result.status} although every row is finite: the sum is beyond "
            "the largest double",
            "change the unit of the data, or look at the mean",
            option="--reduction mean",
        )
        return
    unit = case.result.samples.removesuffix("s")
    rows = ", ".join(f"{_called(bad, unit)} ({bad.loss:g})" for bad in case.nonfinite)
    more = case.nonfinite_count - len(case.nonfinite)
    noun = f"{unit} has" if case.nonfinite_count == 1 else f"{unit}s have"
    what = f"{case.nonfinite_count:,} {noun} no finite loss: {rows}"
    what += f" and {more:,} more" if more > 0 else ""
    yield finding(
        "LC201",
        f"the result is {case.result.status}: {what}",
        _why_not_finite(case),
        option="--allow LC201",
        numbers=numbers,
    )


def _called(sample: RowLoss, unit: str) -> str:
    if unit == "group":
        return f"group {sample.key or sample.row}"
    row = sample.place or f"{unit} {sample.row}"
    return row if sample.key is None else f"{row}, key {sample.key!r}"


def _why_not_finite(case: Case) -> str:
    for role in (case.prediction, case.target):
        if role is None:
            continue
        if role.nan:
            return f"{role.name} holds {role.nan:,} NaN; leave these rows out of every file"
        if math.isinf(role.least) or math.isinf(role.greatest):
            return f"{role.name} holds infinite values"
    if case.result.reduction == "overall":
        doc = f"`losscli show {case.bound.name}` says when it is not defined"
        return f"too few rows, or a target that never changes? {doc}"
    if "prob" in case.kind:
        return "a probability of 0 was given to something that happened"
    return "look at these rows: the loss of such values is beyond any double"


@check("LC207")
def too_good(case: Case) -> Iterator[Diagnostic]:
    residuals, result = case.facts.residuals, case.result
    if not _is_no_chance(case):
        return
    if residuals is not None and residuals.largest == 0.0:
        yield finding(
            "LC207",
            f"prediction and target are equal in all {case.facts.rows:,} rows",
            "check that the same file or column was not given twice",
        )
    elif result.value == 0.0 and _can_only_approach_zero(case):
        yield finding(
            "LC207",
            f"the loss is exactly 0 over {case.counted:,} rows",
            "check that the target did not leak into the predictions",
        )


def _is_no_chance(case: Case) -> bool:
    """Are there too many rows for all of them to be right by luck?"""
    target = case.target
    if target is None or target.counts is None:
        return case.counted > 1
    # A few zeros of a rare event are predicted right by anybody.
    return case.counted >= ROWS_FOR_RANGE or len(target.counts.by_value()) > 2


def _can_only_approach_zero(case: Case) -> bool:
    # A margin loss is 0 when every pair is far enough apart, which is what training aims at.
    return case.bound.loss.minimum_when_equal is not None or case.kind in (
        "logits", "logit", "log-probabilities",
    )  # fmt: skip


@check("LC206", about=lambda case: case.bound.name in SQUARED)
def heavy_tail(case: Case) -> Iterator[Diagnostic]:
    spread = case.result.distribution
    if spread is None or case.counted < ROWS_FOR_SHARES:
        return
    if spread.tail_share > heavy_tail_from(case.counted):
        rows = math.ceil(0.01 * case.counted)
        yield finding(
            "LC206",
            f"the worst 1 % of the {case.result.samples} ({rows:,} of {case.counted:,}) carry "
            f"{percent(spread.tail_share)} of the loss",
            "huber or mae count large errors in proportion; look at the worst "
            f"{case.result.samples} first",
            numbers={"share": spread.tail_share},
        )


@check("LC205")
def ignored_rows(case: Case) -> Iterator[Diagnostic]:
    if 0 < case.result.ignored < case.result.n:
        yield finding(
            "LC205",
            f"{case.result.ignored:,} of {case.result.n:,} {case.result.samples} do not count: "
            f"{_why_ignored(case)}",
            numbers={"ignored": case.result.ignored, "rows": case.result.n},
        )


@check("LC209")
def estimated(case: Case) -> Iterator[Diagnostic]:
    error = case.result.rank_error
    if error:
        yield finding(
            "LC209",
            f"the result rests on quantiles of {case.result.n:,} rows, each of which may be off by "
            f"{percent(error)} of the rows",
            "up to 1,048,576 rows are exact",
            numbers={"rank_error": error},
        )


@check("LC213", about=lambda case: "exact" in case.bound.loss.conventions)
def clamped_logarithms(case: Case) -> Iterator[Diagnostic]:
    if not case.result.clamped:
        return
    eps = case.bound.params.get("eps")
    bound = "logarithms are at least -100"
    if eps is not None:
        bound = f"probabilities are kept {eps:.3g} away from 0 and 1"
    conventions = ", ".join(case.bound.loss.conventions)
    count = case.result.clamped
    yield finding(
        "LC213",
        f"{count:,} {'loss is' if count == 1 else 'losses are'} bounded, since {bound}; without a "
        "bound the loss of a probability of 0 for what happened is infinite",
        f"libraries bound it otherwise: --convention takes {conventions}",
        option="--convention",
        numbers={"clamped": case.result.clamped},
    )


@check("LC211", needs=("detail",), rows=ROWS_FOR_SHARES)
def worse_than_a_constant(case: Case) -> Iterator[Diagnostic]:
    naive, value = case.result.reference, case.result.value
    if naive is None or case.result.status != "ok" or _is_constant(case):
        return
    if not _are_enough_for_a_constant(case):
        return
    # By chance a good model of few rows may lose; not by two standard errors.
    if value > naive.value + 2.0 * _standard_error(case):
        yield finding(
            "LC211",
            f"the {naive.kind} alone, for every row, costs {naive.value:.6g}, and these "
            f"predictions {value:.6g}",
            "check that rows and columns belong together; else the model is of no use",
            readings={"predictions": value, "constant": naive.value},
        )


def _are_enough_for_a_constant(case: Case) -> bool:
    """Are there enough rows for the best constant not to be that of these rows alone?

    Shares of fifty classes that are taken from a few rows fit these better than any model does, and
    one rare event in forty rows says little of how often it comes. Of a target that never changes
    the constant is that target, which LC107 says.
    """
    target, seen = case.target, case.prediction
    if target is None or target.is_constant:
        return target is None
    if case.bound.loss.elicits == "prior":
        return seen is not None and case.counted >= _ROWS_A_SHARE * seen.width
    if target.is_binary and target.counts is not None:
        return min(target.counts.by_value().values()) >= _ROWS_A_SHARE
    return True


def _standard_error(case: Case) -> float:
    spread = case.result.distribution
    if spread is not None and math.isfinite(spread.stderr):
        return spread.stderr
    # Of a root of a mean of squares, if the errors are as heavy-tailed as Laplace's.
    return abs(case.result.value) * math.sqrt(1.25 / case.counted)


def _is_constant(case: Case) -> bool:
    return case.prediction is not None and case.prediction.is_constant


@check(
    "LC212",
    needs=("prediction", "detail"),
    rows=ROWS_FOR_SHARES,
    about=lambda case: case.bound.name in ("bce", "bce-with-logits", "cross-entropy", "log-loss"),
)
def coin_flip(case: Case) -> Iterator[Diagnostic]:
    seen = case.prediction
    if seen is None or seen.is_constant or not case.is_plain_mean:
        return
    classes = seen.width if "cross-entropy" in case.bound.name or case.kind == CLASSES else 2
    chance = math.log(max(classes, 2))
    if abs(case.result.value - chance) <= _AS_CHANCE * chance:
        yield finding(
            "LC212",
            f"the loss is {case.result.value:.6g}, that of a model which gives each of {classes} "
            f"classes the same probability: ln {classes} = {chance:.6g}",
            "check that these are the trained model's predictions, in the order of the targets",
            numbers={"chance": chance},
        )


CHECKS = (
    no_row_counts,
    not_finite,
    too_good,
    clamped_logarithms,
    coin_flip,
    worse_than_a_constant,
    heavy_tail,
    ignored_rows,
    estimated,
)
