"""Is a model worse than another on the same rows, and more than by chance?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from losscli.analysis.gate import ROUNDING, Tolerance
from losscli.analysis.paired.moments import Versus
from losscli.analysis.paired.significance import t_p_value
from losscli.domain import Array
from losscli.state import JointMoments
from losscli.verdict import Judged

# What a test may err by where nobody says otherwise.
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Paired:
    """A loss now and before, on the same ``n`` rows, and the standard error of their difference."""

    now: float
    before: float
    stderr: float
    n: int

    @property
    def difference(self) -> float:
        """Above 0 it is worse now."""
        return self.now - self.before

    def p_value(self, tolerated: float = 0.0) -> float:
        """The chance of a difference so far above what is tolerated, were there none; one-sided.

        1 where it is not above; NaN where a single row leaves nothing to judge by.
        """
        beyond = self.difference - tolerated
        if beyond <= 0.0:
            return 1.0
        return t_p_value(beyond, self.stderr, self.n - 1) / 2.0

    def __str__(self) -> str:
        return (
            f"paired on {self.n:,} rows it is {self.difference:+.6g}, "
            f"standard error {self.stderr:.6g}"
        )


def judge_paired(
    gate: str,
    what: str,
    paired: Paired,
    than: str,
    *,
    alpha: float = ALPHA,
    tolerance: Tolerance = ROUNDING,
) -> Judged:
    """Passes unless the loss is worse, by more than is tolerated, and not by chance.

    Args:
        gate: the label of the gate.
        what: what the loss is called.
        paired: the two numbers.
        than: what the number before is called: ``the baseline's``.
        alpha: the chance to fail a model that is no worse.
        tolerance: how much worse it may be.
    """
    if not math.isfinite(paired.now):
        return Judged(gate, False, f"{what} is {paired.now}, which never passes", paired.now)
    p = paired.p_value(tolerance.limit(paired.before) - paired.before)
    # NaN is no evidence that it is only chance.
    passed = p >= alpha
    more = "" if tolerance == ROUNDING else f" by more than {tolerance}"
    relation = "is not significantly worse" if passed else "is significantly worse"
    tested = f", p = {p:.3g} (one-sided t test at {alpha:g})" if p < 1.0 else ""
    if math.isnan(p):
        relation, tested = "is worse", ", and the rows are too few to say by chance"
    reason = (
        f"{what} = {paired.now!r} {relation}{more} than {than} {paired.before!r}: {paired}{tested}"
    )
    return Judged(gate, passed, reason, paired.now)


@dataclass(slots=True)
class PairedFold:
    """What is kept of the rows to know the standard error of the difference."""

    versus: Versus = field(default_factory=lambda: Versus(JointMoments()))

    def add(self, before: Array, now: Array, divisor: Array | float) -> None:
        """Take in what the next rows add to either sum, and to the divisor of both."""
        self.versus.merge(Versus.of((before, divisor), (now, divisor)))

    def paired(self, now: float, before: float) -> Paired:
        """The two numbers with what the rows said."""
        return Paired(now, before, self.versus.stderr(before, now), self.versus.joint.n)
