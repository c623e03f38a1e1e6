"""Where a value comes from, and what can be wrong with it."""

from __future__ import annotations

import math
import os
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.errors import DataError, did_you_mean

# An array of any type of number.
Numbers: TypeAlias = NDArray[Any]

# Beyond it, neighbouring integers are one float64.
_EXACT = 2**53
_WHOLE = re.compile(r"[+-]?\d+")


@dataclass(frozen=True, slots=True)
class Parts:
    """Several files as one long table: file i has the rows ``bounds[i]`` to ``bounds[i + 1]``."""

    names: tuple[str, ...]
    bounds: tuple[int, ...]

    def locate(self, row: int) -> tuple[str, int]:
        """The file that has this row of the table, and its row there; both count from 0."""
        part = min(bisect_right(self.bounds, row), len(self.names)) - 1
        return self.names[part], row - self.bounds[part]

    def locate_all(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The number of the file that has each row, and the row there; all count from 0."""
        bounds = np.asarray(self.bounds, np.int64)
        files = np.searchsorted(bounds[: len(self.names)], rows, side="right") - 1
        return files, rows - bounds[files]


@dataclass(frozen=True, slots=True)
class Place:
    """A column of a file, or an array; ``row``, from 0, is that of the first value at hand.

    Where ``parts`` are given, the row is one of all of them, and a fault names its file. With
    ``gaps`` values may be missing; they become NaN.
    """

    path: str | None
    column: str | None = None
    row: int = 0
    parts: Parts | None = None
    gaps: bool = False

    def at(self, row: int) -> Place:
        """The same column, from this row on."""
        return replace(self, row=row)

    def fault(self, message: str, row: int = 0, hint: str | None = None, *, code: str) -> DataError:
        """What is wrong with the value ``row`` rows further."""
        path, at = self.path, self.row + row
        if self.parts is not None:
            path, at = self.parts.locate(at)
        return DataError(message, path=path, column=self.column, row=at + 1, hint=hint, code=code)

    def missing(self, row: int) -> DataError:
        """A value is missing."""
        hint = (
            "fill it in, or leave such rows out with --missing drop (pandas writes NaN as missing)"
        )
        return self.fault("the value is missing", row, hint, code="LC128")


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
    row = int(first[0]) if first else 0
    raise _inexact(str(values[first]), place, row)


def _inexact(shown: str, place: Place, row: int = 0) -> DataError:
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    hint = "is this a column of ids? losses are computed in float64"
    return place.fault(f"{shown} is too large to be exact in float64", row, hint, code="LC151")


def may_be_rounded(values: Numbers) -> bool:
    """May one of these numbers, which were text, be a whole one that float64 does not hold?"""
    if values.dtype.kind != "f":
        return False
    large = np.abs(values) >= _EXACT
    return bool(large.any() and np.isfinite(values[large]).any())


def check_rounding(text: str, value: float, place: Place) -> None:
    """Is a whole number, as it is written, the number that it was read as?

    Raises:
        DataError: it is not.
    """
    if abs(value) < _EXACT or not math.isfinite(value) or not _WHOLE.fullmatch(text):
        return
    if int(text) != value:
        raise _inexact(text, place)


def unreadable(path: str, error: OSError) -> DataError:
    """What the operating system said, and what to do about it."""
    if isinstance(error, IsADirectoryError):
        return DataError("is a directory", path=path, hint="name a file in it", code="LC160")
    if isinstance(error, PermissionError):
        return DataError(
            "may not be read: permission denied", path=path, hint="check its owner", code="LC160"
        )
    if isinstance(error, FileNotFoundError):
        folder = Path(path).parent
        neighbours = os.listdir(folder) if folder.is_dir() else []
        several = path.split(",")
        if len(several) > 1 and all(map(os.path.exists, several)):
            close = f"several files for one role: {' '.join(f'target={one}' for one in several)}"
        else:
            close = did_you_mean(Path(path).name, neighbours)
        return DataError(
            "there is no such file", path=path, hint=close or f"looked in {folder}", code="LC160"
        )
    return DataError(f"cannot be read: {error.strerror or error}", path=path, code="LC160")
