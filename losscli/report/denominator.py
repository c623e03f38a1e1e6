"""The line that says what a number counts and what it is divided by."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from losscli.denominator import Denominator
from losscli.report.numbers import count, things
from losscli.report.page import Prose, Words, line
from losscli.results import Result


def divisor_of(counts: Denominator) -> str:
    """``3 elements``; ``12.5, the sum of weights``."""
    if math.isnan(counts.divisor):
        return counts.divisor_meaning
    if counts.divisor_meaning.startswith("sum of"):
        return f"{count(counts.divisor)}, the {counts.divisor_meaning}"
    return things(counts.divisor, counts.divisor_meaning)


def denominator_line(result: Result) -> Prose:
    """What the number of a result counts."""
    text = sentence(result.denominator, result.samples, divides=result.reduction != "sum")
    return Prose((line(Words(text, "dim")),))


def sentence(counts: Denominator, samples: str, *, divides: bool = True) -> str:
    """``7 rows read; 5 paired; 1 missing; divided by 4 rows; 1 clamped``.

    Args:
        counts: what there is to say; what is 0 is left out.
        samples: what is paired, ``rows`` or ``groups``.
        divides: is it a mean?
    """
    read = {*counts.rows_read.values()} - {counts.paired}
    parts = [f"{_range(counts.rows_read.values())} read"] if read else []
    parts.append(f"{things(counts.paired, samples)} {'paired' if read else 'read and paired'}")
    parts += [f"{count(counts.ignored)} ignored"] if counts.ignored else []
    parts += [f"{count(counts.missing)} missing"] if counts.missing else []
    weights = counts.sum_of_weights
    if weights is not None and weights != counts.divisor:
        parts.append(f"weights add up to {count(weights)}")
    parts.append(f"divided by {divisor_of(counts)}" if divides else "not divided")
    parts += [f"{count(counts.clamped)} clamped"] if counts.clamped else []
    return "; ".join(parts)


def _range(rows: Collection[int]) -> str:
    least, most = min(rows), max(rows)
    return things(most, "rows") if least == most else f"{count(least)} to {things(most, 'rows')}"


def sentences(
    counted: Mapping[str, Denominator], samples: str, *, divides: bool = True
) -> list[str]:
    """One sentence for all models or losses; one for each where they differ."""
    said = {name: sentence(one, samples, divides=divides) for name, one in counted.items()}
    if len(set(said.values())) == 1:
        return [next(iter(said.values()))]
    return [f"{name}: {text}" for name, text in said.items()]
