"""Means and covariances of what two models cost on the same rows, merged block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from losscli.domain import Array
from losscli.state import JointMoments


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
