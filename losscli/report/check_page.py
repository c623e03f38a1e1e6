"""The page about checks: every gate with its reason, the verdict last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from losscli.report.compute_page import findings, headline
from losscli.report.denominator import denominator_line
from losscli.report.numbers import full, things
from losscli.report.page import (
    Block,
    Code,
    Column,
    Entries,
    Line,
    Page,
    Prose,
    Section,
    Table,
    Words,
    line,
)
from losscli.report.slices import SHOWN_SLICES, slices_table
from losscli.report.terminal import Style, printable
from losscli.verdict import Checked, Judged, Outcome, Planned, Verdict

_STYLES: dict[Outcome, Style] = {"passed": "value", "failed": "error", "error": "error"}
_WORDS: dict[Outcome, str] = {
    "passed": "passed",
    "failed": "failed",
    "error": "could not be checked",
}


def table_page(checked: Checked, *, unicode: bool) -> Page:
    """Every check, for a screen: read from the bottom."""
    marks = ("✓", "✗") if unicode else ("ok", "FAILED")
    sections = [
        Section(printable(verdict.name), tuple(_blocks(verdict, marks)))
        for verdict in checked.verdicts
    ]
    return (*sections, Section("", (Code(tuple(conclusion(checked))),)))


def summary_page(checked: Checked) -> Page:
    """The same for a page that is read from the top."""
    sections = [
        Section(printable(verdict.name), tuple(_blocks(verdict, ("✅", "❌"))))
        for verdict in checked.verdicts
    ]
    return (Section("", (Prose(tuple(conclusion(checked))),)), *sections)


def plan_page(plans: Sequence[Planned]) -> Page:
    """What would be checked."""
    return tuple(Section(printable(plan.name), (Entries(tuple(_plan(plan))),)) for plan in plans)


def _plan(plan: Planned) -> Iterator[tuple[Words, tuple[Line, ...]]]:
    yield Words("loss", "dim"), (line(plan.loss),)
    yield Words("files", "dim"), (line(", ".join(plan.files)),)
    for name, value in plan.settings:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield Words(name, "dim"), (line(text),)
    if plan.place is not None:
        yield Words("declared in", "dim"), (line(f"{plan.place.file}:{plan.place.line}"),)


def _blocks(verdict: Verdict, marks: tuple[str, str]) -> Iterator[Block]:
    if verdict.problem is not None:
        yield Prose(tuple(_problem(verdict)))
        return
    shown = _worth_showing(verdict.gates)
    yield _gates(shown, marks)
    if len(shown) < len(verdict.gates):
        left = set(verdict.gates) - set(shown)
        bad = sum(not gate.passed for gate in left)
        text = f"and {things(len(left), 'gates')} of slices more, of which {bad} failed"
        yield Prose((line(Words(text, "error" if bad else "dim")),))
    if verdict.result is not None:
        if all(gate.slice is None for gate in verdict.gates):
            yield from slices_table(verdict.result, SHOWN_SLICES, "--format json")
        found = findings(verdict.remarks)
        if found is not None:
            yield found
        yield denominator_line(verdict.result)
        yield Prose((*map(line, verdict.notes), _headline(verdict)))


def _worth_showing(gates: tuple[Judged, ...]) -> tuple[Judged, ...]:
    """All gates of all rows, and some of slices: those that failed before those that passed."""
    sliced = [gate for gate in gates if gate.slice is not None]
    some = set(sorted(sliced, key=lambda gate: gate.passed)[:SHOWN_SLICES])
    return tuple(gate for gate in gates if gate.slice is None or gate in some)


def _problem(verdict: Verdict) -> Iterator[Line]:
    if verdict.problem is not None:
        yield line(Words(verdict.problem.sentence, "error"))
        if verdict.problem.hint:
            yield line(Words(verdict.problem.hint, "dim"))


def _gates(gates: tuple[Judged, ...], marks: tuple[str, str]) -> Table:
    columns = (Column(""), Column("gate"), Column("why", folds=True))
    return Table(columns, tuple(_gate(gate, marks) for gate in gates))


def _gate(gate: Judged, marks: tuple[str, str]) -> tuple[Words, ...]:
    passed, failed = marks
    name = gate.label
    if gate.passed:
        return Words(passed, "accent"), Words(name), Words(gate.reason)
    return Words(failed, "error"), Words(name, "error"), Words(gate.reason)


def _headline(verdict: Verdict) -> Line:
    result = verdict.result
    if result is None:
        return ()
    spread = result.distribution
    error = "" if spread is None else f"  standard error {full(spread.stderr)}"
    return (*headline(result), Words(error, "dim"))


def conclusion(checked: Checked) -> Iterator[Line]:
    """One line for each check that did not pass, and one for all."""
    several = len(checked.verdicts) > 1
    for verdict in checked.verdicts:
        if not verdict.passed and several:
            label = Words(f"{verdict.name} {_WORDS[verdict.outcome]}", "error")
            yield line(label, f": {verdict.reason}")
    label = Words(_WORDS[checked.outcome], _STYLES[checked.outcome])
    yield line(label, f": {_count(checked) if several else _single(checked.verdicts[0])}")


def _count(checked: Checked) -> str:
    passed = sum(verdict.passed for verdict in checked.verdicts)
    return f"{passed} of {things(len(checked.verdicts), 'checks')} passed"


def _single(verdict: Verdict) -> str:
    return verdict.reason
