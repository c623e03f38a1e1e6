"""How models are judged, and what is found of them before the verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from losscli.comparison import Test


@dataclass(frozen=True, slots=True)
class Method:
    """How differences are judged.

    Attributes:
        test: where p-values come from.
        reference: the number of the model that the others are compared to.
        confidence: of the intervals.
        seed: of every random draw.
        resamples: replicates of a bootstrap, and of a permutation test that cannot be exact.
    """

    test: Test
    reference: int
    confidence: float
    seed: int
    resamples: int

    @property
    def draws(self) -> bool:
        """Does the test need units?"""
        return self.test != "t"


@dataclass(frozen=True, slots=True)
class Spread:
    """A number with its standard error and interval."""

    value: float
    stderr: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference to the reference, and what is said of it before others are known."""

    spread: Spread
    p_value: float
    detectable: float
    exact: bool = False
    note: str = ""
    won: float | None = None
    tied: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a fold found; ``gaps`` has None for the reference."""

    models: tuple[Spread, ...]
    gaps: tuple[Gap | None, ...]
    rows: int
    units: int
    clusters: int | None
    sampled: float = 1.0


def note_of(gap: float, stderr: float, freedom: int) -> str:
    """What is special about a difference, empty if nothing."""
    if freedom < 1:
        return "a single one has no spread to judge a difference by"
    if stderr == 0.0 and gap == 0.0:
        return "the same loss on every row"
    if stderr == 0.0:
        return "every row differs by the same amount, so there is no spread to judge it by"
    return ""
