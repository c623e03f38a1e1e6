"""Means and covariances of what two models cost on the same rows, merged block by block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from losscli.domain import Array


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


@dataclass(slots=True)
class Versus:
    """One model against another, ratio of sums against ratio of sums, in moments.

    The numbers of a row are what the losses differ by, the divisor of the first, what the divisors
    differ by, and the first loss. The difference itself is summed, since its spread would drown in
    the rounding of two large variances; where the divisors are the same, it alone counts.
    """

    joint: JointMoments

    @classmethod
    def of(
        cls,
        first: tuple[Array, Array | float],
        second: tuple[Array, Array | float],
    ) -> Versus:
        """Of a block: loss and divisor of each row under both."""
        (loss, share), (other, other_share) = first, second
        gap = other_share - share
        level = loss if isinstance(gap, np.ndarray) else 0.0
        return cls(JointMoments.of([other - loss, share, gap, level]))

    def merge(self, later: Versus) -> None:
        """Take in the rows that follow."""
        self.joint.merge(later.joint)

    def gap(self, ratio: float, other: float) -> float:
        """The difference between the two ratios of sums, ``other - ratio``.

        With the same divisors it is the ratio of the summed differences, which keeps the digits
        that two large losses would cancel.
        """
        gap, divisor, wider, _ = self.joint.mean.tolist() if self.joint.n else [math.nan] * 4
        plain = other - ratio
        differ = self.joint.n > 0 and (wider != 0.0 or self.joint.products[2, 2] != 0.0)
        if differ or divisor == 0.0:
            return plain
        return gap / divisor if math.isfinite(gap) and math.isfinite(plain) else plain

    def stderr(self, ratio: float, other: float) -> float:
        """Standard error of the difference between the two ratios of sums, ``other - ratio``."""
        if self.joint.n == 0:
            return math.nan
        divisor, gap = float(self.joint.mean[1]), float(self.joint.mean[2])
        second = divisor + gap
        if divisor == 0.0 or second == 0.0:
            return math.nan
        by_divisor = -(other / second - ratio / divisor)
        by_loss = 1.0 / second - 1.0 / divisor
        return self.joint.stderr([1.0 / second, by_divisor, -other / second, by_loss])
