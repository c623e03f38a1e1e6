"""A value that its role may not have: which finding that is, and what to do."""

from __future__ import annotations

import numpy as np

from losscli.data.feed import RoleInput
from losscli.domain import UNIT, Domain
from losscli.errors import DataError


def outside(
    value: float, domain: Domain, source: RoleInput, row: int, index: tuple[int, ...] = ()
) -> DataError:
    """The error for a value of element ``index`` of a row, from 0, that is none of the domain."""
    code, hint = domain.code_of(value), domain.hint
    is_chance = domain.interval == UNIT and not domain.are_classes
    if source.role == "target" and value == -1.0 and is_chance:
        code = "LC124"
    if code == "LC124" and domain.values != (-1.0, 1.0):
        hint = "this loss wants labels 0 and 1; --labels pm1 reads labels -1 and 1 as these"
    elif code == "LC125" and value == domain.interval.high + 1.0:
        hint += "; --labels from-1 where they count from 1"
    return source.fault(
        f"{np.format_float_positional(value, trim='-')} is not {domain.meaning}",
        row,
        index=index,
        hint=hint,
        code=code,
    )
