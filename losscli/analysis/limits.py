"""What the data rules out, and what of it would have to be otherwise for another advice."""

from __future__ import annotations

from collections.abc import Iterator

from losscli.advice import Leaf, Refusal
from losscli.analysis.facts import (
    IMBALANCED_FROM,
    OUTLIERS_FROM,
    Facts,
    RoleFacts,
    percent,
)
from losscli.domain import (
    ClassIndexDomain,
    Domain,
    LogInputDomain,
    LogTargetDomain,
    MaskDomain,
    TweedieDomain,
)
from losscli.spec import find

# Domains that mean the same whatever the shapes and parameters are, or nearly so.
_PLAIN = (Domain, LogInputDomain, LogTargetDomain, MaskDomain, TweedieDomain)


def refusals(losses: tuple[str, ...], facts: Facts | None) -> tuple[Refusal, ...]:
    """Those of the losses that are not defined for these targets, each with the reason."""
    target = facts.target if facts is not None else None
    if target is None:
        return ()
    found = ((name, _obstacle(name, target)) for name in losses)
    return tuple(Refusal(name, reason) for name, reason in found if reason)


def _obstacle(name: str, target: RoleFacts) -> str:
    declared = find(name)
    role = next((role for role in declared.roles if role.name == "target"), None)
    if role is None:
        return ""
    domain = role.domain
    columns = [int(axis) for axis in domain.axes[1:] if axis.isdigit()]
    if columns and columns != [target.width]:
        return f"{name} takes {domain.meaning}, and the target has {target.width} to a row"
    if isinstance(domain, ClassIndexDomain) and not target.is_matrix and not target.integral:
        return f"{name} takes {domain.meaning}, and the target is not whole"
    if type(domain) not in _PLAIN:
        return ""
    span = f"the target runs from {target.least:.6g} to {target.greatest:.6g}"
    values = target.counts.by_value() if target.counts is not None else {}
    if domain.values is not None:
        known = bool(values) and set(values) <= {int(x) for x in domain.values}
        return "" if known else f"{name} takes {domain.meaning}, and {span}"
    if target.least not in domain.interval or target.greatest not in domain.interval:
        return f"{name} takes {domain.meaning}, and {span}"
    if domain.integral and not target.integral:
        return f"{name} takes {domain.meaning}, and the target is not whole"
    return ""


def turning_points(leaf: Leaf, facts: Facts | None) -> tuple[str, ...]:
    """What would change the advice, with where the data stands now."""
    return tuple(_turning_points(leaf, facts)) if facts is not None else ()


def _turning_points(leaf: Leaf, facts: Facts) -> Iterator[str]:
    outliers, tail = facts.outlier_share, facts.tail_share
    if leaf.loss in ("mse", "huber") and outliers is not None and tail is not None:
        now = f"now {percent(outliers)} and {percent(tail)}"
        limits = f"{percent(OUTLIERS_FROM)} of the residuals"
        heavy = f"{percent(facts.heavy_tail_from)} of the squared error"
        if leaf.loss == "mse":
            yield (
                f"with outliers from {limits} on, or a worst 1 % that carries more than {heavy} "
                f"({now}), it would be huber"
            )
        else:
            yield (
                f"with fewer outliers than {limits}, and a worst 1 % that carries at most {heavy} "
                f"({now}), it would be mse"
            )
    imbalance = facts.imbalance
    if imbalance is not None:
        way = "focal" if facts.classes == 2 else "class weights"
        now = f"now {imbalance:.3g} to 1"
        limit = f"{IMBALANCED_FROM:g} rows of the largest class for one of the smallest ({now})"
        yield (
            f"from {limit} on, see {way}"
            if imbalance < IMBALANCED_FROM
            else (f"with fewer than {limit}, {way} would not be needed")
        )
    other = {"bce": "bce-with-logits", "bce-with-logits": "bce"}.get(leaf.loss)
    if other is not None and facts.input_kind in ("logits", "probabilities"):
        kind = "logits" if other == "bce-with-logits" else "probabilities"
        yield f"with {kind} as predictions (now {facts.input_kind}), it would be {other}"
