"""What a check is given, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from losscli.analysis.facts import Facts, RoleFacts
from losscli.findings import Diagnostic
from losscli.results import Result, RowLoss, show_place
from losscli.spec import BoundLoss


@dataclass(frozen=True, slots=True)
class Case:
    """A result and all that is known beside it."""

    bound: BoundLoss
    result: Result
    facts: Facts
    nonfinite: tuple[RowLoss, ...] = ()
    nonfinite_count: int = 0

    @property
    def prediction(self) -> RoleFacts | None:
        return self.facts.prediction

    @property
    def target(self) -> RoleFacts | None:
        return self.facts.target

    @property
    def kind(self) -> str:
        """What the loss takes the predictions for: the domain of its first role."""
        return self.bound.loss.roles[0].domain.name

    @property
    def counted(self) -> int:
        """Rows that count."""
        return self.result.counted

    @property
    def is_plain_mean(self) -> bool:
        """Is the value the plain mean of the loss, with no weight or smoothing in it?"""
        neutral = all(
            self.bound.params.get(name) in (None, 0.0)
            for name in ("weight", "pos_weight", "label_smoothing")
        )
        unweighted = all(i.role not in ("weight", "sample_weight") for i in self.result.inputs)
        return self.result.reduction in ("mean", "none") and neutral and unweighted

    def name_of(self, row: int) -> str:
        """What a row, from 0, is called: by its key, by its file and row, or by its number."""
        key_of, place_of = self.result.key_of, self.result.place_of
        if key_of is not None:
            return f"row {key_of(row)}"
        return f"row {row + 1}" if place_of is None else show_place(*place_of(row))

    def rows_with_label(self, label: object) -> int:
        """How many targets are this whole number."""
        counts = self.target.counts if self.target is not None else None
        if counts is None or not isinstance(label, int):
            return 0
        return counts.by_value().get(label, 0)


Look = Callable[[Case], Iterator[Diagnostic]]


@dataclass(frozen=True, slots=True)
class Check:
    """One look at a case: which findings it may make, on what, and what it needs to see.

    ``about`` says whether it concerns this loss at all. ``needs`` names what must be known:
    ``prediction`` and ``target``, and ``detail``, what a bare number does without. Below ``rows``
    rows a coincidence would look the same.
    """

    look: Look
    codes: tuple[str, ...]
    needs: tuple[str, ...]
    rows: int
    about: Callable[[Case], bool] | None

    def obstacle(self, case: Case) -> str:
        """Why it cannot be done here, empty if it can."""
        if self.about is not None and not self.about(case):
            return f"does not concern {case.bound.name}"
        if self.needs and case.bound.loss.is_list:
            return "a row is a list"
        if self.needs and case.facts.rows == 0:
            return "the rows were not looked at"
        if "detail" in self.needs and not case.facts.detail:
            return "only the number was asked for"
        for name in self.needs:
            if name != "detail" and getattr(case, name) is None:
                return f"there is no {name}"
        if case.facts.rows < self.rows:
            return f"fewer than {self.rows} rows"
        return ""


def check(
    *codes: str,
    needs: tuple[str, ...] = (),
    rows: int = 0,
    about: Callable[[Case], bool] | None = None,
) -> Callable[[Look], Check]:
    """Make a check of a function from a case to findings with these codes."""
    return lambda look: Check(look, codes, needs, rows, about)
