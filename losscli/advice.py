"""What ``recommend`` says, and the guide it walks: frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from losscli.findings import Diagnostic, HasFindings
from losscli.strict_json import SCHEMA_VERSION, plain


@dataclass(frozen=True, slots=True)
class Leaf:
    """The end of a walk through the decision guide.

    ``torch`` is PyTorch's name, ``command`` the line to run next, ``instead`` other losses that
    fit.
    """

    loss: str
    use_when: str
    avoid_when: str
    torch: str | None
    command: str
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a question of the guide, and where it leads."""

    name: str
    meaning: str
    flag: str
    leads_to: Question | Leaf


@dataclass(frozen=True, slots=True)
class Question:
    """A fork in the decision guide."""

    name: str
    text: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A question that is settled, and by what: ``a flag``, ``the data`` or ``you``."""

    question: str
    choice: str
    source: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something read from the data, such as ``outlier share`` and ``4.1 % of residuals``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A loss that is not defined for the data, and why."""

    loss: str
    because: str


@dataclass(frozen=True)
class Advice(HasFindings):
    """What ``recommend`` says: answers, measurements, and a leaf or the open question.

    ``refused`` are losses that the guide leads to and the data rules out; ``turning_points`` say
    what of the data would have to be otherwise for another loss.
    """

    answers: tuple[Answer, ...]
    measured: tuple[Measurement, ...]
    outcome: Question | Leaf
    diagnostics: tuple[Diagnostic, ...] = ()
    refused: tuple[Refusal, ...] = ()
    turning_points: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The record as ``--format json`` shows it."""
        settled = isinstance(self.outcome, Leaf)
        return {
            "schema_version": SCHEMA_VERSION,
            "answers": plain(self.answers),
            "measured": plain(self.measured),
            "recommendation": plain(self.outcome) if settled else None,
            "open": None if settled else plain(self.outcome),
            "refused": plain(self.refused),
            "turning_points": list(self.turning_points),
            "diagnostics": plain(self.diagnostics),
        }
