"""Labels written in another way than a loss wants them: said by the user, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from losscli.domain import UNIT, Array, Domain, Interval
from losscli.errors import UsageError
from losscli.shapes import Fit

# What ``--labels`` may be.
WRITTEN: Mapping[str, str] = MappingProxyType(
    {
        "01": "0 and 1, where the loss wants -1 and 1",
        "pm1": "-1 and 1, where the loss wants 0 and 1",
        "from-1": "classes 1 .. C, where the loss counts from 0",
    }
)


def with_labels(loss: str, fits: Mapping[str, Fit], written: str) -> dict[str, Fit]:
    """The fits, with those marked whose labels are written so.

    Raises:
        UsageError: there is no such way to write labels, or the loss has no label it could mean.
    """
    if written not in WRITTEN:
        ways = "; ".join(f"{name}: {meaning}" for name, meaning in WRITTEN.items())
        raise UsageError(f"labels cannot be written as {written!r}", hint=ways)
    marked = {
        name: replace(fit, labels=written) if _takes(fit, written) else fit
        for name, fit in fits.items()
    }
    if marked == fits:
        raise UsageError(
            f"--labels {written} has no effect: {loss} takes no labels that could be "
            f"{WRITTEN[written]}",
            hint=f"leave it out; `losscli show {loss}` says what it takes",
            code="LC146",
        )
    return marked


def _takes(fit: Fit, written: str) -> bool:
    domain = fit.domain
    if written == "01":
        return domain.values == (-1.0, 1.0)
    if written == "pm1":
        yes_or_no = domain.values == (0.0, 1.0) or domain.interval == UNIT
        return yes_or_no and fit.role == "target" and "C" not in domain.axes
    return domain.are_classes


def as_written(domain: Domain, written: str) -> Domain:
    """What the data may hold, where the loss wants this domain."""
    if written == "from-1":
        low, high = domain.interval.low + 1, domain.interval.high + 1
        return replace(
            domain,
            interval=Interval(low, high),
            meaning=f"a class {low:g} .. {high:g}, as --labels from-1 says",
            hint=f"there are {high:g} classes, so labels run from {low:g} to {high:g}",
        )
    values = (0.0, 1.0) if written == "01" else (-1.0, 1.0)
    return Domain(
        domain.name,
        domain.axes,
        f"{values[0]:g} or {values[1]:g}, as --labels {written} says",
        values=values,
        hint="leave out --labels where the labels are as the loss wants them",
    )


def convert(x: Array, domain: Domain, written: str) -> Array:
    """The labels as the loss wants them."""
    if written == "01":
        return np.where(x == 0.0, -1.0, x)
    if written == "pm1":
        return np.where(x == -1.0, 0.0, x)
    return np.where(x == domain.also, x, x - 1.0) if domain.also is not None else x - 1.0
