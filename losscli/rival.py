"""A check against another model's predictions: both are read together, their rows paired."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from losscli.analysis.gate import ROUNDING, Tolerance
from losscli.analysis.paired.estimate import Gap
from losscli.analysis.paired.fold import RowFold, SetFold
from losscli.analysis.worse import ALPHA
from losscli.combination import AnyLoss, Declared
from losscli.data.feed import Inputs
from losscli.domain import Role
from losscli.engine.evaluation import Evaluation, of_models
from losscli.errors import DataError, UsageError
from losscli.findings import Diagnostic
from losscli.results import Result
from losscli.spec import Loss, Reduction
from losscli.together import Samples
from losscli.verdict import Judged
from losscli.versus import Judging, fold_of, own_roles

# The model that is checked, and the one that it is checked against.
_NOW, _BEFORE = "now", "against"
_MODELS = (_NOW, _BEFORE)


@dataclass(frozen=True, slots=True)
class Rival:
    """Predictions of another model for the same rows, to be no worse than.

    Attributes:
        path: their file.
        alpha: the chance to fail a model that is no worse.
        tolerance: how much worse it may be.
    """

    path: str
    alpha: float = ALPHA
    tolerance: Tolerance = ROUNDING

    def roles(self, bound: AnyLoss) -> tuple[Role, ...]:
        """What to open: ``prediction@now``, ``prediction@against``, ``target``."""
        roles, _ = of_models(bound, "mean", _MODELS, own_roles(bound.loss))
        return roles

    def files(self, loss: Loss | Declared, given: Sequence[str]) -> list[str]:
        """The files of a check as those of the roles of both models."""
        own = own_roles(loss)
        mine = [
            f"{role}@{_NOW}={path}" if (role := file.partition("=")[0]) in own else file
            for file in given
            for path in [file.partition("=")[2]]
        ]
        return mine + [f"{role}@{_BEFORE}={self.path}" for role in own]

    def names(self, loss: Loss | Declared, inputs: Inputs) -> dict[str, dict[str, str]]:
        """By model, the one that is checked first, under which name the inputs hold each role."""
        return {model: _names(loss, inputs, model) for model in _MODELS}

    def begin(self, bound: AnyLoss, inputs: Inputs, reduction: Reduction) -> Contested:
        """What a run needs to pair the two.

        Raises:
            UsageError: the reduction is no mean.
        """
        if reduction == "sum":
            raise UsageError(
                "models are compared by a mean, and sum is none", hint="leave out the reduction"
            )
        # A one-sided test at alpha is what the lower end of this interval says.
        judging = Judging(reference=_BEFORE, confidence=1.0 - 2.0 * self.alpha)
        method = judging.method(bound, reduction, _MODELS)
        fold = fold_of(bound, reduction, len(_MODELS), method)
        evaluations = tuple(
            Evaluation(bound, reduction, _names(bound.loss, inputs, model), model)
            for model in _MODELS
        )
        return Contested(self, evaluations, fold)


def _names(loss: Loss | Declared, inputs: Inputs, model: str) -> dict[str, str]:
    held = {*inputs.roles, *inputs.constants}
    return {
        role.name: name if (name := f"{role.name}@{model}") in held else role.name
        for role in loss.inputs
    }


@dataclass(slots=True)
class Contested:
    """A run of two models."""

    rival: Rival
    evaluations: tuple[Evaluation, ...]
    fold: RowFold | SetFold
    rows: int = field(default=0)

    def take(self, samples: Samples) -> None:
        """The next rows, of both."""
        self.fold.add([sample for sample in samples[: len(_MODELS)] if sample is not None])

    def findings(self, now: Result, before: Result) -> list[Diagnostic]:
        """What was found of the other model, and not of the one that is checked.

        Both have one target, and what is wrong with it is said once. A model whose predictions are
        read wrongly is easily beaten, so its warnings count as well.
        """
        said = {(one.code, one.message) for one in now.diagnostics}
        return [
            replace(one, message=f"of {self.rival.path}: {one.message}")
            for one in before.diagnostics
            if (one.severity != "info" or one.allowed) and (one.code, one.message) not in said
        ]

    def judge(self, now: Result, before: Result) -> Judged:
        """Passes unless the loss is worse, by more than is tolerated, and not by chance.

        Raises:
            DataError: the other model's loss is no number to compare with.
        """
        rival = self.rival
        if not math.isfinite(before.value):
            raise DataError(
                f"its loss is {before.value}, so nothing can be compared with it",
                path=rival.path,
                code="LC501",
            )
        gate = f"against {rival.path} at {rival.alpha:g}"
        name = now.loss.spec
        if not math.isfinite(now.value):
            return Judged(gate, False, f"{name} is {now.value}, which never passes", now.value)
        with np.errstate(all="ignore"):
            gap = self.fold.conclude([now.value, before.value]).gaps[0]
        tolerated = rival.tolerance.limit(before.value) - before.value
        passed = gap is not None and not _is_worse(gap, tolerated)
        more = "" if rival.tolerance == ROUNDING else f" by more than {rival.tolerance}"
        relation = "is not significantly worse" if passed else "is significantly worse"
        reason = f"{name} = {now.value!r} {relation}{more} than {before.value!r} of {rival.path}"
        if gap is not None:
            reason += f": {_said(gap, rival.alpha)}"
        return Judged(gate, passed, reason, now.value)


def _is_worse(gap: Gap, tolerated: float) -> bool:
    """Is more than chance and more than is tolerated between the two?"""
    if gap.spread.value <= tolerated:
        return False
    # Where nothing is known of the spread, a difference is no chance.
    return not gap.spread.low <= tolerated


def _said(gap: Gap, alpha: float) -> str:
    low, high = gap.spread.low, gap.spread.high
    interval = (
        "" if math.isnan(low) else f", {100 * (1 - 2 * alpha):g} % interval {low:.6g} .. {high:.6g}"
    )
    note = f", {gap.note}" if gap.note else ""
    return f"it is {gap.spread.value:+.6g}{interval}{note}"
