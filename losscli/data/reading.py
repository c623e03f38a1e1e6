"""How files are read: what a command says once about all of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything about reading that is no role, no column and no file.

    Attributes:
        header: does a CSV file begin with the names of its columns? None if that is obvious.
    """

    header: bool | None = None


# What holds when nothing is said.
AS_IT_IS = Reading()
