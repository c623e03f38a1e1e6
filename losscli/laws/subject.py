"""A loss under trial: what it costs these rows, through the same engine as any run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from losscli.api import Run, choose_reduction
from losscli.combination import AnyLoss
from losscli.data.arrays import from_arrays
from losscli.data.feed import Inputs
from losscli.domain import Array
from losscli.engine.settle import settle
from losscli.results import Result
from losscli.spec import BoundLoss, Reduction


@dataclass(frozen=True, slots=True)
class Subject:
    """A loss settled on some rows; ``names`` are what the data calls its roles."""

    bound: AnyLoss
    names: Mapping[str, str]
    reduction: Reduction

    @classmethod
    def of(cls, bound: AnyLoss, rows: Mapping[str, Array]) -> Subject:
        """The loss, tried on these rows; its roles take them in their order.

        Raises:
            UserCodeError: it fails on them.
        """
        required = [role.name for role in bound.loss.roles if not role.optional]
        names = dict(zip(required, rows, strict=True))
        settled = settle(bound, _inputs(bound, names, rows))
        return cls(settled, names, choose_reduction(settled, None))

    @property
    def single(self) -> BoundLoss:
        """The loss, where it is no combination.

        Raises:
            TypeError: it is one.
        """
        if not isinstance(self.bound, BoundLoss):
            raise TypeError(f"{self.bound} is not a single loss")
        return self.bound

    def doubt(self, code: str) -> str | None:
        """What was seen when it was tried, if it was what this finding is about."""
        conduct = self.single.loss.conduct
        doubts = () if conduct is None else conduct.doubts
        return next((message for kind, message, _ in doubts if kind == code), None)

    @property
    def is_of_rows(self) -> bool:
        """Has a row a loss of its own?"""
        return self.reduction != "overall"

    def result(self, rows: Mapping[str, Array]) -> Result:
        """What the rows cost.

        Raises:
            UserCodeError: it fails on them.
        """
        inputs = _inputs(self.bound, self.names, rows)
        return Run(
            self.bound, inputs, self.reduction, threads=1, keep_elements=self.is_of_rows
        ).evaluate()

    def costs(self, rows: Mapping[str, Array]) -> Array:
        """The loss of each row, or the one number of all."""
        result = self.result(rows)
        if result.per_sample is None:
            return np.array([result.value])
        return result.per_sample

    def changes(self, rows: Mapping[str, Array]) -> tuple[str, ...]:
        """The roles whose values it changed."""
        if self.single.loss.conduct is not None:
            return self.single.loss.conduct.changes
        copies = {name: array.copy(order="K") for name, array in rows.items()}
        held = [
            copies[self.names[role.name]] if role.name in self.names else None
            for role in self.single.loss.roles
        ]
        with np.errstate(all="ignore"):
            self.single.loss.kernel(*held, **self.single.arguments)
        return tuple(n for n, x in rows.items() if not np.array_equal(x, copies[n], equal_nan=True))


def _inputs(bound: AnyLoss, names: Mapping[str, str], rows: Mapping[str, Array]) -> Inputs:
    named = {mine: rows[name] for mine, name in names.items()}
    return from_arrays(bound.loss.inputs, (), named)
