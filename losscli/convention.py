"""Whose numbers: what libraries do differently about one and the same loss.

A loss declares its conventions beside its kernel::

    conventions={
        "torch": Convention(),
        "sklearn": Convention(eps=FLOAT_EPSILON),
        "keras": Convention(eps=1e-7),
        "exact": Convention(eps=0.0),
    }

What a library makes of weights is the same for all its losses, so it stands here, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np

# In place of a library: no logarithm is bounded.
EXACT = "exact"
# What --convention may be, and what a sentence calls it.
CONVENTIONS: Mapping[str, str] = MappingProxyType(
    {"torch": "PyTorch", "sklearn": "scikit-learn", "keras": "keras", EXACT: "the definition"}
)

# What a weighted mean divides by: the sum of the weights, how many elements count, whatever their
# weights, or for sample weights the one of these that the loss has for weights of its own.
Weighting: TypeAlias = Literal["sum", "count", "own"]
WEIGHTINGS: Mapping[str, Weighting] = MappingProxyType(
    # PyTorch has no sample weights, but some of its losses have a weight of elements.
    {"torch": "own", "sklearn": "sum", "keras": "count"}
)


@dataclass(frozen=True, slots=True)
class FromData:
    """A parameter that a library takes from the predictions it is given.

    Attributes:
        value: of their type, such as ``float32``, and the shape of a row.
        text: what it is, for a reader.
    """

    value: Callable[[str, tuple[int, ...]], Any]
    text: str

    def __str__(self) -> str:
        return self.text


_FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}


def _epsilon(dtype: str, shape: tuple[int, ...]) -> float:
    name = _FLOATS.get(dtype, dtype)
    return float(np.finfo(name if name in ("float16", "float32") else "float64").eps)


FLOAT_EPSILON = FromData(_epsilon, "2.2e-16, of float32 predictions 1.2e-07")
TWO_CLASSES = FromData(lambda dtype, shape: shape[:1] == (2,), "true for two classes")


class Convention:
    """How a library computes a loss.

    Attributes:
        params: the parameters that give its numbers; none if these are the defaults.
        rows: does its mean divide by the number of rows, where the loss has another divisor?
        swapped: two parameters whose names the library has the other way round.
    """

    __slots__ = ("params", "rows", "swapped")

    def __init__(
        self, *, rows: bool = False, swapped: tuple[str, str] | None = None, **params: Any
    ) -> None:
        self.params: Mapping[str, Any] = MappingProxyType(params)
        self.rows = rows
        self.swapped = swapped
