"""What ``check`` found: frozen records, one schema for Python, JSON and every report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from losscli.findings import Diagnostic
from losscli.results import Result
from losscli.strict_json import SCHEMA_VERSION, finite_or_none, status, to_text

Outcome: TypeAlias = Literal["passed", "failed", "error"]

# Beyond these, a sentence about every gate is one that nobody reads.
_TOLD = 3
# From the best to the worst, which is what several checks together are.
_EXIT_CODES: Mapping[Outcome, int] = {"passed": 0, "failed": 1, "error": 2}


@dataclass(frozen=True, slots=True)
class Judged:
    """One gate, and how it went.

    Attributes:
        gate: which, as a short label that names its setting: ``max 0.09``.
        passed: did it?
        reason: one sentence that says why.
        value: what was compared, unrounded.
        limit: the most that would have passed; None where there is no such number.
        slice: the slice it is about, such as ``country=NL``; None for all rows.
        detail: what else is to be said where nothing stands beside it, as in JUnit.
    """

    gate: str
    passed: bool
    reason: str
    value: float
    limit: float | None = None
    slice: str | None = None
    detail: str = ""

    @property
    def label(self) -> str:
        """The gate and its slice: ``max-worst-slice 0.8 [country=NL]``."""
        return self.gate if self.slice is None else f"{self.gate} [{self.slice}]"

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON shows it: None where not finite, and ``status`` says what it was."""
        return {
            "gate": self.gate,
            "slice": self.slice,
            "passed": self.passed,
            "reason": self.reason,
            "value": finite_or_none(self.value),
            "status": status(self.value),
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something could not be checked, and what to do about it."""

    message: str
    where: str = ""
    hint: str = ""
    code: str = ""

    @property
    def sentence(self) -> str:
        """Place and message, and the code of the finding that it is."""
        code = f" ({self.code})" if self.code else ""
        return f"{self.where}: {self.message}{code}" if self.where else f"{self.message}{code}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a check is declared; lines count from 1."""

    file: str
    line: int


@dataclass(frozen=True)
class Verdict:
    """One check: its gates, each with its outcome, and the result they judged.

    Attributes:
        name: what the check is called; the loss's spec string where it has no name.
        gates: every gate, in the order of the options; all are evaluated, whatever fails first.
        result: what was computed; None if ``problem`` kept it from being.
        problem: why it could not be checked.
        notes: what else happened, such as a baseline that was written.
        seconds: how long it took.
        place: where it is declared, if in a file.
    """

    name: str
    gates: tuple[Judged, ...] = ()
    result: Result | None = None
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    place: Place | None = None

    @property
    def outcome(self) -> Outcome:
        """``passed``, ``failed``, or ``error`` when it could not be checked."""
        if self.problem is not None:
            return "error"
        return "passed" if all(gate.passed for gate in self.gates) else "failed"

    @property
    def passed(self) -> bool:
        """Did every gate pass?"""
        return self.outcome == "passed"

    @property
    def failures(self) -> tuple[Judged, ...]:
        """The gates that failed."""
        return tuple(gate for gate in self.gates if not gate.passed)

    @property
    def remarks(self) -> tuple[Diagnostic, ...]:
        """The findings that are shown beside the gates: warnings, and what is allowed."""
        found = () if self.result is None else self.result.diagnostics
        return tuple(one for one in found if one.severity == "warning" or one.allowed)

    @property
    def reason(self) -> str:
        """Why it passed or failed, in a sentence for each of the first gates that decided."""
        if self.problem is not None:
            return self.problem.sentence
        decided = self.failures or self.gates
        told = [gate.reason for gate in decided[:_TOLD]]
        if len(decided) > _TOLD:
            told.append(
                f"and {len(decided) - _TOLD} more {'failed' if self.failures else 'passed'}"
            )
        return "; ".join(told)

    def to_dict(self) -> dict[str, Any]:
        """The record as ``--format json`` shows it."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "reason": self.reason,
            "gates": [gate.to_dict() for gate in self.gates],
            "notes": list(self.notes),
            "problem": None
            if self.problem is None
            else {
                "message": self.problem.message,
                "where": self.problem.where,
                "hint": self.problem.hint,
                "code": self.problem.code,
            },
            "seconds": self.seconds,
            "result": None if self.result is None else self.result.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Planned:
    """A check that would be made: its loss, its files, and what is set, by the name of its key."""

    name: str
    loss: str
    files: tuple[str, ...]
    settings: tuple[tuple[str, Any], ...]
    place: Place | None

    def to_dict(self) -> dict[str, Any]:
        """The record as ``--format json`` shows it."""
        return {
            "name": self.name,
            "loss": self.loss,
            "files": list(self.files),
            "settings": dict(self.settings),
            "file": None if self.place is None else self.place.file,
            "line": None if self.place is None else self.place.line,
        }


@dataclass(frozen=True)
class Checked:
    """All checks of a run; ``date`` is when they began, in UTC."""

    verdicts: tuple[Verdict, ...]
    version: str
    date: str

    @property
    def outcome(self) -> Outcome:
        """The worst of all."""
        outcomes = [verdict.outcome for verdict in self.verdicts]
        return max(outcomes, key=lambda outcome: _EXIT_CODES[outcome], default="passed")

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 2 could not be checked."""
        return _EXIT_CODES[self.outcome]

    def to_dict(self) -> dict[str, Any]:
        """The record as ``--format json`` shows it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "version": self.version,
            "date": self.date,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "checks": [verdict.to_dict() for verdict in self.verdicts],
        }

    def to_json(self) -> str:
        """Strict JSON: no NaN or Infinity tokens."""
        return to_text(self.to_dict())
