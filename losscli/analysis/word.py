"""What the decision guide says about data and a loss that was computed on it."""

from __future__ import annotations

from losscli.analysis.answers import answers_in, has_column_each
from losscli.analysis.checks.results import SQUARED
from losscli.analysis.facts import IMBALANCED_FROM, Facts, percent
from losscli.results import Recommendation
from losscli.spec import BoundLoss

# Families that compare numbers, and those that a target of classes may be given to.
_OF_RESIDUALS = ("regression", "robust")
_OF_CLASSES = (*_OF_RESIDUALS, "binary", "multiclass")


def guide_word(bound: BoundLoss, facts: Facts | None) -> Recommendation | None:
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
    return Recommendation("mse", f"light tails: {because}, so MSE", bound.name in SQUARED)


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
