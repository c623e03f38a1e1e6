"""What is remarkable about a result: each check looks at one mistake people really make.

A check is a function from a :class:`Case` to findings; :data:`_CHECKS` lists them in the order in
which they are shown. The codes and their long explanations are in :mod:`losscli.analysis.codes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from losscli.analysis.codes import finding
from losscli.analysis.facts import (
    HEAVY_TAIL_FROM,
    IMBALANCED_FROM,
    ROWS_FOR_RANGE,
    ROWS_FOR_SHARES,
    Facts,
    RoleFacts,
    percent,
)
from losscli.analysis.guide import answers_in, has_column_each
from losscli.results import Diagnostic, Recommendation, Result, RowLoss
from losscli.spec import BoundLoss

_SQUARED = ("mse", "half-squared-error", "rmse")
# Families that compare numbers, and those that a target of classes may be given to.
_OF_RESIDUALS = ("regression", "robust")
_OF_CLASSES = (*_OF_RESIDUALS, "binary", "multiclass")
# In so many rows for each class, a class that is not rare by design does occur.
_ROWS_PER_CLASS = 5


@dataclass(frozen=True, slots=True)
class Case:
    """A result and all that is known beside it."""

    bound: BoundLoss
    result: Result
    facts: Facts
    nonfinite: tuple[RowLoss, ...]
    nonfinite_count: int

    @property
    def prediction(self) -> RoleFacts | None:
        return self.facts.prediction

    @property
    def target(self) -> RoleFacts | None:
        return self.facts.target

    @property
    def kind(self) -> str:
        """What the loss takes the predictions for: the domain of its first role."""
        return self.bound.loss.roles[0].domain.name

    @property
    def counted(self) -> int:
        """Rows that count."""
        return self.result.counted

    @property
    def is_plain_mean(self) -> bool:
        """Is the value the plain mean of the loss, with no weight or smoothing in it?"""
        neutral = all(
            self.bound.params.get(name) in (None, 0.0)
            for name in ("weight", "pos_weight", "label_smoothing")
        )
        unweighted = all(i.role not in ("weight", "sample_weight") for i in self.result.inputs)
        return self.result.reduction in ("mean", "none") and neutral and unweighted


def diagnose(
    bound: BoundLoss,
    result: Result,
    facts: Facts | None,
    nonfinite: tuple[RowLoss, ...] = (),
    nonfinite_count: int = 0,
) -> tuple[Diagnostic, ...]:
    """All findings, the errors first.

    Args:
        bound: the loss that was computed.
        result: its result.
        facts: what was seen of the data; without it only the result is looked at.
        nonfinite: the first rows whose loss is not finite.
        nonfinite_count: how many such rows there are.
    """
    count = max(nonfinite_count, len(nonfinite))
    case = Case(bound, result, facts or Facts(), nonfinite, count)
    found = [diagnostic for check in _CHECKS for diagnostic in check(case)]
    return tuple(sorted(found, key=lambda d: ("error", "warning", "info").index(d.severity)))


def _no_row_counts(case: Case) -> Iterator[Diagnostic]:
    if case.result.n == 0 or (case.counted > 0 and case.result.divisor != 0.0):
        return
    yield finding(
        "LC202",
        f"no {case.result.samples.removesuffix('s')} counts: {case.result.ignored:,} of "
        f"{case.result.n:,} {case.result.samples} are ignored and the divisor is "
        f"{case.result.divisor:g}",
        _why_ignored(case),
    )


def _why_ignored(case: Case) -> str:
    ignore_index = case.bound.params.get("ignore_index")
    if _rows_with_label(case, ignore_index):
        return f"the label of these rows is ignore_index = {ignore_index}"
    return "their weight is 0"


def _rows_with_label(case: Case, label: object) -> int:
    counts = case.target.counts if case.target is not None else None
    return counts.by_value().get(label, 0) if counts is not None and isinstance(label, int) else 0


def _not_finite(case: Case) -> Iterator[Diagnostic]:
    if case.result.status == "ok" or case.counted == 0 or case.result.divisor == 0.0:
        return
    if case.result.reduction == "overall":
        what = f"the result is {case.result.status} over {case.counted:,} rows"
        yield finding("LC201", what, _why_not_finite(case))
        return
    if case.nonfinite_count == 0:
        yield finding(
            "LC201",
            f"the result is {case.result.status} although every row is finite: the sum is beyond "
            "the largest double",
            "change the unit of the data, or look at the mean",
        )
        return
    unit = case.result.samples.removesuffix("s")
    rows = ", ".join(f"{unit} {bad.key or bad.row} ({bad.loss:g})" for bad in case.nonfinite)
    more = case.nonfinite_count - len(case.nonfinite)
    noun = f"{unit} has" if case.nonfinite_count == 1 else f"{unit}s have"
    what = f"{case.nonfinite_count:,} {noun} no finite loss: {rows}"
    what += f" and {more:,} more" if more > 0 else ""
    yield finding("LC201", f"the result is {case.result.status}: {what}", _why_not_finite(case))


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


def _probabilities_as_logits(case: Case) -> Iterator[Diagnostic]:
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
    if seen is not None and seen.integral:
        return finding(
            "LC108",
            f"{what}, and all are 0 or 1, as labels are; {case.bound.name} takes logits{floor}",
            "save the model's scores, not its decisions",
        )
    squeeze, hint = "a sigmoid", "give the logits"
    if case.kind == "logits":
        squeeze, hint = "a softmax", "give the logits, or the logarithms of these probabilities"
    elif case.bound.name == "bce-with-logits":
        hint = "give the logits, or compute bce, which takes probabilities"
    return finding(
        "LC101",
        f"{what}, as probabilities are; {case.bound.name} takes logits and applies {squeeze} to "
        f"them{floor}{_both_readings(case)}",
        hint,
    )


def _both_readings(case: Case) -> str:
    reading = case.facts.as_probabilities
    if reading is None or not case.is_plain_mean or reading.n != case.counted:
        return ""
    if case.bound.name not in ("cross-entropy", "bce-with-logits"):
        return ""
    value, other = case.result.value, reading.mean()
    return f". Read as logits the mean is {value:.6g}, as probabilities {other:.6g}"


def _softmax_floor(case: Case, classes: int) -> str:
    if not case.is_plain_mean or case.bound.name != "cross-entropy":
        return ""
    floor = math.log1p((classes - 1) / math.e)
    return f", so that no row with one right class can cost less than {floor:.3f}"


def _sigmoid_floor(case: Case) -> str:
    if not case.is_plain_mean or case.bound.name != "bce-with-logits":
        return ""
    return ", so that a sure yes costs 0.313 and a sure no 0.693"


def _log_probabilities_as_logits(case: Case) -> Iterator[Diagnostic]:
    if case.kind == "logits" and case.prediction is not None and case.prediction.is_log_simplex:
        yield finding(
            "LC102",
            f"{case.prediction.name} holds log-probabilities; the result is right, since a softmax "
            "leaves them as they are",
        )


def _not_normalised(case: Case) -> Iterator[Diagnostic]:
    seen = case.prediction
    takes_logs = case.kind in ("log-probabilities", "log-probability")
    if takes_logs and seen is not None and seen.is_matrix and seen.off_log_simplex:
        yield finding(
            "LC103",
            f"{seen.off_log_simplex:,} of {case.facts.rows:,} rows of {seen.name} are no "
            "log-probabilities: their exponentials do not sum to 1",
            "take the log-softmax of the logits first, or compute cross-entropy from logits",
        )


def _unnormalised_target(case: Case) -> Iterator[Diagnostic]:
    target, seen = case.target, case.prediction
    if target is None or seen is None or not target.is_matrix or target.shape != seen.shape:
        return
    if case.kind != "logits" and case.bound.name != "kl-div":
        return
    logs = bool(case.bound.params.get("log_target"))
    off = target.off_log_simplex if logs else target.off_simplex
    if off:
        sums = "exponentials do" if logs else "probabilities do"
        yield finding(
            "LC104",
            f"in {off:,} of {case.facts.rows:,} rows of the target the {sums} not sum to 1",
            "divide each row by its sum",
        )


def _labels_from_one(case: Case) -> Iterator[Diagnostic]:
    target, seen = case.target, case.prediction
    if target is None or seen is None or target.counts is None or target.shape == seen.shape:
        return
    if case.kind not in ("logits", "log-probabilities") or seen.width < 3:
        return
    ignore_index = case.bound.params.get("ignore_index")
    labels = {label: n for label, n in target.counts.by_value().items() if label != ignore_index}
    enough = sum(labels.values()) >= max(ROWS_FOR_SHARES, _ROWS_PER_CLASS * seen.width)
    if enough and ignore_index != 0 and sorted(labels) == list(range(1, seen.width)):
        yield finding(
            "LC105",
            f"labels run from 1 to {seen.width - 1} and never are 0, with {seen.width} columns in "
            f"{seen.name}: they seem to count from 1",
            "subtract 1 from the labels and leave out the spare column, unless class 0 truly never "
            "occurs",
        )


def _swapped(case: Case) -> Iterator[Diagnostic]:
    target, seen = case.target, case.prediction
    if target is None or seen is None or target.shape != seen.shape or seen.name != "prediction":
        return
    if case.facts.rows < ROWS_FOR_SHARES or seen.is_constant or target.nan or target.integral:
        return
    if seen.integral:
        yield finding(
            "LC106",
            "every prediction is a whole number and the target is not: they look swapped",
            "the order is PREDICTION TARGET; or name them: prediction=FILE target=FILE",
        )


def _single_target(case: Case) -> Iterator[Diagnostic]:
    target = case.target
    if target is None or case.facts.rows < ROWS_FOR_RANGE or case.counted == 0:
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
        )


def _kl_mean(case: Case) -> Iterator[Diagnostic]:
    result = case.result
    batchmean = result.reductions.get("batchmean")
    if case.bound.name != "kl-div" or result.reduction != "mean" or batchmean is None:
        return
    if case.prediction is not None and case.prediction.is_matrix and math.isfinite(batchmean):
        yield finding(
            "LC203",
            f"the mean divides by {result.divisor:,.15g} elements, not by {result.n:,} rows; the "
            f"mean divergence of a row is {batchmean:.6g}",
            "use --reduction batchmean, as PyTorch advises",
        )


def _weighted_mean(case: Case) -> Iterator[Diagnostic]:
    result = case.result
    if result.reduction == "mean" and "weights" in result.divisor_meaning and result.divisor > 0.0:
        yield finding(
            "LC204",
            f"the mean divides by the {result.divisor_meaning}, {result.divisor:.6g}, not by "
            f"{result.n:,} {result.samples}",
        )


def _estimated(case: Case) -> Iterator[Diagnostic]:
    error = case.result.rank_error
    if error:
        yield finding(
            "LC209",
            f"the result rests on quantiles of {case.result.n:,} rows, each of which may be off by "
            f"{percent(error)} of the rows",
            "up to 1,048,576 rows are exact",
        )


def _ignored_rows(case: Case) -> Iterator[Diagnostic]:
    if 0 < case.result.ignored < case.result.n:
        yield finding(
            "LC205",
            f"{case.result.ignored:,} of {case.result.n:,} {case.result.samples} do not count: "
            f"{_why_ignored(case)}",
        )


def _heavy_tail(case: Case) -> Iterator[Diagnostic]:
    spread = case.result.distribution
    if spread is None or case.bound.name not in _SQUARED or case.counted < ROWS_FOR_SHARES:
        return
    if spread.tail_share > HEAVY_TAIL_FROM:
        rows = math.ceil(0.01 * case.counted)
        yield finding(
            "LC206",
            f"the worst 1 % of the {case.result.samples} ({rows:,} of {case.counted:,}) carry "
            f"{percent(spread.tail_share)} of the loss",
            "huber or mae count large errors in proportion; look at the worst "
            f"{case.result.samples} first",
        )


def _too_good(case: Case) -> Iterator[Diagnostic]:
    residuals, result = case.facts.residuals, case.result
    if residuals is not None and residuals.largest == 0.0 and case.facts.rows > 1:
        yield finding(
            "LC207",
            f"prediction and target are equal in all {case.facts.rows:,} rows",
            "check that the same file or column was not given twice",
        )
    elif result.value == 0.0 and case.counted > 1 and _can_only_approach_zero(case):
        yield finding(
            "LC207",
            f"the loss is exactly 0 over {case.counted:,} rows",
            "check that the target did not leak into the predictions",
        )


def _can_only_approach_zero(case: Case) -> bool:
    # A margin loss is 0 when every pair is far enough apart, which is what training aims at.
    return case.bound.loss.minimum_when_equal is not None or case.kind in (
        "logits", "logit", "log-probabilities",
    )  # fmt: skip


def _constant_prediction(case: Case) -> Iterator[Diagnostic]:
    seen = case.prediction
    if seen is None or not seen.is_constant or case.facts.rows < ROWS_FOR_RANGE:
        return
    if case.target is not None and case.target.is_constant:
        return
    value = "the same row" if seen.shape else f"{seen.least:.6g}"
    yield finding(
        "LC208",
        f"{seen.name} is {value} in all {case.facts.rows:,} rows",
        "check that the right column was read",
    )


def _own_loss(case: Case) -> Iterator[Diagnostic]:
    """How a loss of the user's own was run, and what is odd about it."""
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


_CHECKS: tuple[Callable[[Case], Iterator[Diagnostic]], ...] = (
    _no_row_counts,
    _not_finite,
    _probabilities_as_logits,
    _log_probabilities_as_logits,
    _not_normalised,
    _unnormalised_target,
    _labels_from_one,
    _swapped,
    _single_target,
    _constant_prediction,
    _too_good,
    _heavy_tail,
    _kl_mean,
    _weighted_mean,
    _ignored_rows,
    _estimated,
    _own_loss,
)


def guide_word(bound: BoundLoss, result: Result, facts: Facts | None) -> Recommendation | None:
    """What the decision guide says about this data and this loss; None where the data is silent."""
    if facts is None or not facts.detail or facts.target is None:
        return None
    family, answers = bound.loss.family, answers_in(facts)
    task = answers.get("task", "regression" if family in _OF_RESIDUALS else None)
    if task == "regression" and family in _OF_RESIDUALS and "outliers" in answers:
        return _word_on_residuals(bound, facts)
    if task == "classification" and family in _OF_CLASSES:
        return _word_on_classes(bound, facts)
    if task == "distributions":
        because = f"each target row is a distribution over {facts.target.width} classes, so KL"
        return Recommendation("kl-div", because, bound.name in ("kl-div", "cross-entropy"))
    return None


def _word_on_residuals(bound: BoundLoss, facts: Facts) -> Recommendation:
    outliers, tail = facts.outlier_share, facts.tail_share
    reasons = []
    if outliers is not None:
        reasons.append(f"{percent(outliers)} of the residuals lie beyond 3.5 robust deviations")
    if tail is not None:
        reasons.append(f"the worst 1 % carry {percent(tail)} of the squared error")
    because = " and ".join(reasons)
    if facts.has_outliers:
        robust = bound.loss.family == "robust" or bound.name == "mae"
        return Recommendation("huber", f"heavy tails: {because}, so Huber or L1", robust)
    return Recommendation("mse", f"light tails: {because}, so MSE", bound.name in _SQUARED)


def _word_on_classes(bound: BoundLoss, facts: Facts) -> Recommendation:
    imbalance = facts.imbalance or 1.0
    rare = ""
    if imbalance >= IMBALANCED_FROM:
        way = "focal" if facts.classes == 2 else "class weights"
        rare = f"; the largest class has {imbalance:.3g} times the rows of the smallest: see {way}"
    if facts.classes == 2 and not has_column_each(facts):
        probable = facts.input_kind == "probabilities"
        loss = "bce" if probable else "bce-with-logits"
        fits = ("bce",) if probable else ("bce-with-logits", "bce")
        why = "several yes-or-no answers a row" if facts.is_multi_label else "two classes"
        balanced = ("focal",) if imbalance >= IMBALANCED_FROM else ()
        because = f"{why}, so BCE{' with logits' if loss != 'bce' else ' of probabilities'}{rare}"
        return Recommendation(loss, because, bound.name in (*fits, *balanced))
    because = f"{facts.classes} classes, so cross-entropy{rare}"
    return Recommendation("cross-entropy", because, bound.name in ("cross-entropy", "nll"))
