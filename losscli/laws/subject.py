"""A loss under trial: what it costs these rows, through the same engine as any run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from losscli.api import Run, choose_reduction
from losscli.data.arrays import from_arrays
from losscli.data.feed import Inputs
from losscli.domain import Array
from losscli.engine.settle import settle_one
from losscli.results import Result
from losscli.spec import BoundLoss, Reduction


@dataclass(frozen=True, slots=True)
class Subject:
    """A loss settled on some rows; ``names`` are what the data calls its roles."""

    bound: BoundLoss
    names: Mapping[str, str]
    reduction: Reduction

    @classmethod
    def of(cls, bound: BoundLoss, rows: Mapping[str, Array]) -> Subject:
        """The loss, tried on these rows; its roles take them in their order.

        Raises:
            UserCodeError: it fails on them.
        """
        required = [role.name for role in bound.loss.roles if not role.optional]
        names = dict(zip(required, rows, strict=True))
        settled = settle_one(bound, _inputs(bound, names, rows))
        return cls(settled, names, choose_reduction(settled, None))

    def doubt(self, code: str) -> str | None:
        """What was seen when it was tried, if it was what this finding is about."""
        conduct = self.bound.loss.conduct
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
        if self.bound.loss.conduct is not None:
            return self.bound.loss.conduct.changes
        copies = {name: array.copy(order="K") for name, array in rows.items()}
        held = [
            copies[self.names[role.name]] if role.name in self.names else None
            for role in self.bound.loss.roles
        ]
        with np.errstate(all="ignore"):
            self.bound.loss.kernel(*held, **self.bound.arguments)
        return tuple(n for n, x in rows.items() if not np.array_equal(x, copies[n], equal_nan=True))


def _inputs(bound: BoundLoss, names: Mapping[str, str], rows: Mapping[str, Array]) -> Inputs:
    named = {mine: rows[name] for mine, name in names.items()}
    return from_arrays(bound.loss.inputs, (), named)
