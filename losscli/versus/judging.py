"""Which test, against which model, and how sure: checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from losscli.analysis.paired.estimate import Method
from losscli.combination import AnyLoss
from losscli.comparison import Test
from losscli.errors import UsageError, did_you_mean

_RESAMPLES = 9_999
# Where a replicate is a call of the loss and not a product of matrices.
_RESAMPLES_OF_SETS = 1_999


@dataclass(frozen=True, slots=True)
class Judging:
    """How models are judged.

    Attributes:
        reference: the model that the others are compared to; None for the first.
        test: ``t``, ``permutation`` or ``bootstrap``; None for ``t`` where rows have losses, and
            for ``bootstrap`` where the loss is one number of all.
        confidence: of the intervals; a difference is called one if its p-value is below one minus
            it.
        seed: of every random draw.
        resamples: replicates; None for 9,999, or 1,999 where the loss is one number of all rows.
    """

    reference: str | None = None
    test: Test | None = None
    confidence: float = 0.95
    seed: int = 0
    resamples: int | None = None

    def check(self) -> None:
        """Is everything in its range?

        Raises:
            UsageError: it is not.
        """
        if not 0.0 < self.confidence < 1.0:
            raise UsageError(
                f"confidence = {self.confidence:g} is not between 0 and 1", hint="such as 0.95"
            )
        if self.seed < 0:
            raise UsageError(
                f"seed = {self.seed} is negative", hint="give a whole number from 0 on"
            )
        if self.resamples is not None and self.resamples < 1:
            raise UsageError(
                f"resamples = {self.resamples} is too few", hint="such as 9999; more take longer"
            )
        if self.test not in (None, "t", "permutation", "bootstrap"):
            raise UsageError(
                f"there is no test {self.test!r}", hint="choose t, permutation or bootstrap"
            )

    def method(self, bound: AnyLoss, reduction: str, models: Sequence[str]) -> Method:
        """The method for this loss and these models.

        Raises:
            UsageError: no model is called as the reference, or the test does not fit the loss.
        """
        self.check()
        reference = models[0] if self.reference is None else self.reference
        if reference not in models:
            close = did_you_mean(reference, models) or f"models: {', '.join(models)}"
            raise UsageError(f"there is no model {reference!r} to compare to", hint=close)
        whole = reduction == "overall"
        if self.test == "t" and whole:
            raise UsageError(
                f"{bound.name} is one number of all rows, so no row has a loss for a t test",
                hint="use --test bootstrap or permutation, or --reduction mean",
            )
        default = _RESAMPLES_OF_SETS if whole else _RESAMPLES
        return Method(
            test=self.test or ("bootstrap" if whole else "t"),
            reference=models.index(reference),
            confidence=self.confidence,
            seed=self.seed,
            resamples=default if self.resamples is None else self.resamples,
        )


AS_USUAL = Judging()
