"""Where a value comes from, so that what is wrong with it can be found again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.errors import DataError

# An array of any type of number.
Numbers: TypeAlias = NDArray[Any]

# Beyond it, neighbouring integers are one float64.
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Place:
    """A column of a file, or an array; ``row``, from 0, is that of the first value at hand."""

    path: str | None
    column: str | None = None
    row: int = 0

    def fault(self, message: str, row: int = 0, hint: str | None = None) -> DataError:
        """What is wrong with the value ``row`` rows further."""
        return DataError(
            message, path=self.path, column=self.column, row=self.row + row + 1, hint=hint
        )

    def missing(self, row: int) -> DataError:
        """A value is missing."""
        hint = "fill it in, or remove the row from every input (pandas writes NaN as missing)"
        return self.fault("the value is missing", row, hint)


def exact(values: Numbers, place: Place) -> Numbers:
    """The values, if float64 holds them all.

    Raises:
        DataError: a whole number lies beyond 2**53; names its row.
    """
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 8 or values.size == 0:
        return values
    if int(values.max()) <= _EXACT and int(values.min()) >= -_EXACT:
        return values
    large = (values > _EXACT) | (values < -_EXACT)
    first = np.unravel_index(int(large.argmax()), values.shape)
    hint = "is this a column of ids? losses are computed in float64"
    row = int(first[0]) if first else 0
    raise place.fault(f"{values[first]} is too large to be exact in float64", row, hint)
