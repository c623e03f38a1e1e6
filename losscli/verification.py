"""What ``verify`` found: frozen records, one schema for Python, JSON and the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from losscli.strict_json import SCHEMA_VERSION, to_text

Outcome: TypeAlias = Literal["holds", "fails", "skipped"]


@dataclass(frozen=True, slots=True)
class Law:
    """One law, and how it went.

    Attributes:
        name: what should hold, in words.
        outcome: does it? ``skipped`` where it says nothing about this loss.
        detail: what was seen, or why it was skipped.
        example: the smallest input that shows a failure: the rows of each role.
    """

    name: str
    outcome: Outcome
    detail: str = ""
    example: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """A loss tried against the laws, and against another loss.

    Attributes:
        loss: its spec string.
        origin: where a user's own came from.
        against: the spec string of the other loss, None without one.
        data: what it was tried on.
        rows: how many random rows there were.
        seed: of the random numbers.
        laws: in the order in which they were tried.
    """

    loss: str
    origin: str
    against: str | None
    data: str
    rows: int
    seed: int
    laws: tuple[Law, ...]
    version: str

    @property
    def holds(self) -> bool:
        """Does nothing fail?"""
        return all(law.outcome != "fails" for law in self.laws)

    def to_dict(self) -> dict[str, Any]:
        """The record as ``--format json`` shows it; a number that is not finite is text."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self), "holds": self.holds}

    def to_json(self) -> str:
        """Strict JSON."""
        return to_text(self.to_dict())
