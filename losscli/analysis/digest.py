"""What a model was judged by, as a few letters: the same targets give the same digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.data.feed import Rows
from losscli.domain import Array
from losscli.engine.plan import Block, TakeRoles
from losscli.ragged import Ragged

# Roles that come with the data and not from the model.
TRUTH = frozenset(
    {
        "target",
        "targets",
        "labels",
        "weight",
        "sample_weight",
        "time",
        "event",
        "lower",
        "upper",
        "target_lengths",
    }
)
_BYTES = 16


@dataclass(slots=True)
class TargetDigest:
    """A digest of the values of all roles of :data:`TRUTH`, fed block by block in row order.

    It is one of the doubles and of their order: how a file holds them, and how the rows are cut
    into blocks, does not matter. Rows that were joined by a key have no order of their own, so
    theirs does not matter either (``ordered`` is false): each row is hashed, and hashes are added.
    """

    ordered: bool = True
    _by_part: dict[str, Any] = field(default_factory=dict)

    @property
    def wanted(self) -> TakeRoles:
        """What a run hands over."""
        return TakeRoles(TRUTH, self.add)

    def add(self, block: Block) -> None:
        """Take in the next rows."""
        for name, values in block.arrays.items():
            self._add(name, values)
        if block.first_row == 0:
            for name, constant in block.constants.items():
                self._add(name, constant)
        if block.groups is not None and block.arrays:
            self._update("groups", np.diff(block.groups).astype("<i8"))

    def _add(self, name: str, values: Rows) -> None:
        if isinstance(values, Ragged):
            self._update(f"{name} lengths", np.diff(values.offsets).astype("<i8"))
            values = values.values
        elif not self.ordered:
            part = f"{name} {values.shape[1:]}"
            self._by_part[part] = self._by_part.get(part, _Unordered()).plus(digestible(values))
            return
        self._update(f"{name} {values.shape[1:]}", digestible(values))

    def _update(self, part: str, data: Any) -> None:
        if part not in self._by_part:
            self._by_part[part] = hashlib.blake2b(digest_size=_BYTES)
        self._by_part[part].update(data)

    def text(self) -> str | None:
        """The digest; None where the loss has no such role."""
        if not self._by_part:
            return None
        whole = hashlib.blake2b(digest_size=_BYTES)
        for part, one in sorted(self._by_part.items()):
            whole.update(f"{part} {one.hexdigest()}\n".encode())
        return f"{'blake2b' if self.ordered else 'unordered'}:{whole.hexdigest()}"


@dataclass(frozen=True, slots=True)
class _Unordered:
    """Sums, modulo 2^64, of two hashes of each row."""

    sums: tuple[int, int] = (0, 0)

    def plus(self, values: Array) -> _Unordered:
        """With further rows."""
        columns = values.reshape(len(values), -1).view(np.uint64).T
        with np.errstate(over="ignore"):
            added = [
                int(np.add.reduce(reduce(_mixed, columns, np.full(len(values), seed))))
                for seed in _SEEDS
            ]
        return _Unordered(((self.sums[0] + added[0]) % 2**64, (self.sums[1] + added[1]) % 2**64))

    def hexdigest(self) -> str:
        """The two sums."""
        return f"{self.sums[0]:016x}{self.sums[1]:016x}"


_SEEDS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))


def _mixed(hashes: NDArray[np.uint64], bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele et al. 2014, doi:10.1145/2714064.2660195)."""
    mixed = hashes ^ bits
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@dataclass(slots=True)
class LossDigest:
    """A digest of the losses of rows, so that a file of them is known again.

    The order counts unless rows were joined by a key, as for :class:`TargetDigest`.
    """

    ordered: bool = True
    _digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=_BYTES))
    _sums: _Unordered = field(default_factory=_Unordered)

    def add(self, losses: Array) -> None:
        """Take in the next rows."""
        if self.ordered:
            self._digest.update(digestible(losses))
        else:
            self._sums = self._sums.plus(digestible(losses))

    def text(self) -> str:
        """The digest."""
        if self.ordered:
            return f"blake2b:{self._digest.hexdigest()}"
        return f"unordered:{self._sums.hexdigest()}"


def digestible(values: Array) -> Array:
    """The values row by row as little-endian doubles, with one zero and one NaN."""
    clean = np.array(values, "<f8", order="C") + 0.0
    clean[np.isnan(clean)] = np.nan
    return clean
