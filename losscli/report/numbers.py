"""Numbers as a reader wants them."""

from __future__ import annotations

import math


def short(value: float) -> str:
    """Six digits, enough to read; a number to work with comes from :func:`full`."""
    return f"{value:.6g}"


def full(value: float) -> str:
    """Every digit: reads back to the same double."""
    return repr(float(value))


def count(value: float) -> str:
    """A number of things: 1,000,000; a sum of weights need not be whole."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return short(value)


def percent(share: float) -> str:
    """A share such as ``71.3 %``; a tiny one keeps two digits, ``0.05 %``."""
    if 0.0 < abs(share) < 0.001:
        return f"{100.0 * share:.2g} %"
    return f"{100.0 * share:.1f} %"


def things(number: float, plural: str) -> str:
    """``3 rows``, ``1 row``, ``1 row not ignored``."""
    noun, space, rest = plural.partition(" ")
    if number == 1:
        noun = {"losses": "loss"}.get(noun, noun.removesuffix("s"))
    return f"{count(number)} {noun}{space}{rest}"
