"""Sums that are rounded once, and the moments of losses and divisors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from losscli.domain import Array

# Sums near the largest double are also kept scaled by this power of two, so that a mean which is a
# double survives a sum which is not.
_SCALE = 2.0**-64
# Block sums are summed up when there are so many, so that memory does not grow with the rows.
_MOST_PARTS = 2**12


@dataclass(slots=True)
class ExactSum:
    """A sum of block sums, rounded once at the end (Shewchuk, through ``math.fsum``)."""

    parts: list[float] = field(default_factory=list)
    scaled: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, x: Array) -> ExactSum:
        """The sum of a block of numbers."""
        total = float(np.add.reduce(x, axis=None))
        if math.isinf(total) and bool(np.isfinite(x).all()):
            return cls(scaled=[float(np.add.reduce(x * _SCALE, axis=None))])
        return cls(parts=[total])

    @property
    def is_finite(self) -> bool:
        """Is every number in it finite, whatever the sum?"""
        return all(map(math.isfinite, self.parts))

    def merge(self, other: ExactSum) -> None:
        """Take in the sum of later rows."""
        self.parts += other.parts
        self.scaled += other.scaled
        if len(self.parts) > _MOST_PARTS:
            self.parts = _fewer(self.parts)

    def total(self) -> float:
        """The sum, infinite if it is beyond the largest double."""
        return self.over(1.0)

    def over(self, divisor: float) -> float:
        """The sum divided by ``divisor``: NaN for 0/0, as in PyTorch."""
        try:
            total = _exact_sum(self.parts) if not self.scaled else math.inf
        except OverflowError:
            total = math.inf
        if math.isinf(total) and self.is_finite:
            total = math.fsum([part * _SCALE for part in self.parts] + self.scaled)
            return _divide(_divide(total, divisor), _SCALE)
        return _divide(total, divisor)


def _fewer(parts: list[float]) -> list[float]:
    """A few numbers with the same sum, to the last bit."""
    if not all(map(math.isfinite, parts)):
        return [_exact_sum(parts)]
    found: list[float] = []
    try:
        while lead := math.fsum([*parts, *(-one for one in found)]):
            found.append(lead)
    except OverflowError:
        return parts
    return found


def _exact_sum(parts: Sequence[float]) -> float:
    # fsum refuses inf - inf; PyTorch's sum is NaN there.
    try:
        return math.fsum(parts)
    except ValueError:
        return math.nan


def _divide(total: float, divisor: float) -> float:
    # A mean over nothing; PyTorch has NaN there too, even where smoothing leaves a loss.
    if divisor == 0.0:
        return math.nan
    try:
        return total / divisor
    except OverflowError:
        return math.copysign(math.inf, total)


@dataclass(slots=True)
class Moments:
    """Count, means and centred second moments of pairs (loss, divisor), merged as Chan et al. 1983.

    The pairs are what the ratio ``sum(loss) / sum(divisor)`` is made of, so they also give its
    standard error. With equal divisors that is the textbook ``std / sqrt(n)``.
    """

    n: int = 0
    mean: float = 0.0
    mean_divisor: float = 0.0
    m2: float = 0.0
    m2_divisor: float = 0.0
    co: float = 0.0

    @classmethod
    def of(cls, x: Array, divisor: Array | None) -> Moments:
        """The moments of a block; ``divisor`` None means 1 for each row."""
        n = x.size
        if n == 0:
            return cls()
        mean = float(np.add.reduce(x)) / n
        deviation = x - mean
        moments = cls(n, mean, 1.0)
        if divisor is not None:
            moments.mean_divisor = float(np.add.reduce(divisor)) / n
            spread = divisor - moments.mean_divisor
            moments.co = float(np.add.reduce(deviation * spread))
            moments.m2_divisor = float(np.add.reduce(np.square(spread, out=spread)))
        moments.m2 = float(np.add.reduce(np.square(deviation, out=deviation)))
        return moments

    def scaled(self, by: float, divisor: float) -> Moments:
        """The moments of losses that are so many times as large, each with this divisor."""
        return Moments(self.n, by * self.mean, divisor, by * by * self.m2)

    def merge(self, other: Moments) -> None:
        """Take in the moments of later rows."""
        n = self.n + other.n
        if n == 0:
            return
        delta, delta_divisor = other.mean - self.mean, other.mean_divisor - self.mean_divisor
        share = other.n / n
        weight = self.n * share
        self.m2 += other.m2 + delta * delta * weight
        self.m2_divisor += other.m2_divisor + delta_divisor * delta_divisor * weight
        self.co += other.co + delta * delta_divisor * weight
        self.mean += delta * share
        self.mean_divisor += delta_divisor * share
        self.n = n

    def std(self) -> float:
        """Sample standard deviation (n - 1) of the losses; NaN below two rows."""
        return math.sqrt(self.m2 / (self.n - 1)) if self.n > 1 else math.nan

    def stderr(self) -> float:
        """Standard error of ``sum(loss) / sum(divisor)``, to first order; NaN below two rows."""
        if self.n < 2 or self.mean_divisor == 0.0:
            return math.nan
        ratio = self.mean / self.mean_divisor
        residual = self.m2 - 2.0 * ratio * self.co + ratio * ratio * self.m2_divisor
        spread = math.sqrt(max(residual, 0.0) / (self.n - 1)) if residual == residual else math.nan
        return spread / (math.sqrt(self.n) * self.mean_divisor)


@dataclass(slots=True)
class JointMoments:
    """Means and centred products of several numbers a row, merged as Chan et al. 1983.

    Attributes:
        n: rows.
        mean: (k,) the mean of each number.
        products: (k, k) the sum over the rows of products of deviations from the means.
    """

    n: int = 0
    mean: Array = field(default_factory=lambda: np.empty(0))
    products: Array = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def of(cls, columns: Sequence[Array | float]) -> JointMoments:
        """Of a block: for each number an array (n,), or one number that all rows have."""
        n = max((len(x) for x in columns if isinstance(x, np.ndarray)), default=0)
        if n == 0:
            return cls(0, np.zeros(len(columns)), np.zeros((len(columns), len(columns))))
        mean = np.array(
            [float(np.add.reduce(x)) / n if isinstance(x, np.ndarray) else x for x in columns]
        )
        apart = [x - mean[i] if isinstance(x, np.ndarray) else None for i, x in enumerate(columns)]
        products = np.zeros((len(columns), len(columns)))
        for i, x in enumerate(apart):
            for j, y in enumerate(apart[: i + 1]):
                if x is not None and y is not None:
                    products[i, j] = products[j, i] = float(np.add.reduce(x * y))
        return cls(n, mean, products)

    def merge(self, later: JointMoments) -> None:
        """Take in the rows that follow."""
        if later.n == 0:
            return
        if self.n == 0:
            self.n, self.mean, self.products = later.n, later.mean, later.products
            return
        n = self.n + later.n
        gap, share = later.mean - self.mean, later.n / n
        self.products = self.products + later.products + np.outer(gap, gap) * (self.n * share)
        self.mean = self.mean + gap * share
        self.n = n

    def stderr(self, gradient: Sequence[float]) -> float:
        """Standard error of a smooth function of the means, to first order; NaN below two rows.

        Args:
            gradient: its derivative by each mean.
        """
        if self.n < 2:
            return math.nan
        slope = np.asarray(gradient)
        # What does not matter must not spoil the rest: 0 times infinity.
        used = slope != 0.0
        slope = slope[used]
        variance = float(slope @ self.products[np.ix_(used, used)] @ slope) / (self.n - 1)
        return math.sqrt(max(variance, 0.0) / self.n) if variance == variance else math.nan
