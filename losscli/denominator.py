"""What a number counts and what it is divided by, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Denominator:
    """The rows that a loss rests on, from reading them to dividing by them.

    Attributes:
        rows_read: of each role, how many rows its table has.
        paired: how many of them were brought together; of grouped rows, how many groups.
        ignored: of those paired, how many do not count (``ignore_index``, weight 0).
        missing: of those paired, how many lack a value.
        counted: how many are left.
        sum_of_weights: of what elements are multiplied by; None where nothing is weighed, or the
            parts of a combination are weighed differently.
        divisor: what a mean divides by; NaN if each part of a combination has its own.
        divisor_meaning: what that is, such as ``rows`` or ``sum of sample weights``.
        clamped: elements whose loss a bound on a logarithm makes smaller or larger.
    """

    rows_read: Mapping[str, int]
    paired: int
    ignored: int
    missing: int
    counted: int
    sum_of_weights: float | None
    divisor: float
    divisor_meaning: str
    clamped: int
