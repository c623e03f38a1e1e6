"""One check or several, from what was said about each to the verdicts and the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from losscli.cli.expand import expand
from losscli.cli.gating import Gating, gating_of
from losscli.cli.judging import Judging, judging_of
from losscli.cli.options import Convention, columns_by_role, output_option
from losscli.cli.output import append_summary, show_checked, show_problem, write_checked
from losscli.cli.outputs import Reports, reject_overwrite, reports_of
from losscli.cli.provenance import command_line, provenance
from losscli.cli.selection import ReductionName, Selection, selection_of
from losscli.errors import LosscliError, OutputError, UsageError
from losscli.report import Terminal

if TYPE_CHECKING:
    from losscli.combination import AnyLoss
    from losscli.data.feed import Inputs
    from losscli.verdict import Checked, Place, Verdict


class CheckFormat(StrEnum):
    """What ``--format`` takes where the result is a verdict."""

    table = "table"
    json = "json"
    markdown = "markdown"
    github = "github"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is said about one check, besides its loss and its files."""

    selection: Selection
    reduction: str | None
    convention: str | None
    gating: Gating
    judging: Judging


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the verdict goes."""

    format: CheckFormat
    reports: Reports
    junit_xml: str | None

    @property
    def files(self) -> dict[str, str]:
        """The reports in files, by format."""
        junit = {} if self.junit_xml is None else {"junit": self.junit_xml}
        return {**self.reports.files, **junit}


def _settings_of(
    *,
    selection: Selection,
    reduction: ReductionName = None,
    convention: Convention = None,
    gating: Gating,
    judging: Judging,
) -> Settings:
    return Settings(selection, reduction, convention, gating, judging)


settings_of = expand(_settings_of, selection=selection_of, gating=gating_of, judging=judging_of)


def _outputs_of(
    *,
    format: Annotated[
        CheckFormat,
        output_option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="How to print the verdict: table, json, markdown, github (annotations).",
        ),
    ] = CheckFormat.table,
    reports: Reports,
    junit_xml: Annotated[
        str | None,
        output_option(metavar="PATH", help="Write a JUnit report, a case a gate."),
    ] = None,
) -> Outputs:
    return Outputs(format, reports, junit_xml)


outputs_of = expand(_outputs_of, reports=reports_of)


@dataclass(frozen=True, slots=True)
class Job:
    """One check: what it is called, the loss, its files and what is said about it."""

    name: str | None
    bound: Any  # a AnyLoss: its module loads NumPy, which `--help` should not wait for
    files: Sequence[str]
    settings: Settings
    place: Place | None = None

    def of_command(self, words: Sequence[str], *, update: bool) -> Job:
        """The job with what its command says about its baseline.

        Raises:
            UsageError: it has none to update.
        """
        baseline = self.settings.gating.baseline
        if baseline is None:
            if update:
                hint = "say where it is: --baseline FILE"
                raise UsageError("there is no baseline to update", hint=hint)
            return self
        only = [] if self.place is None or "--only" in words else ["--only", str(self.name)]
        create = f"write it: {command_line([*words, *only, '--update-baseline'])}"
        written = provenance(words) if update else None
        gating = replace(
            self.settings.gating, baseline=replace(baseline, create=create, update=written)
        )
        return replace(self, settings=replace(self.settings, gating=gating))

    def refuse(self, outputs: Outputs) -> None:
        """What is wrong before a file is opened.

        Raises:
            UsageError: nothing can be judged, or an output would overwrite an input.
        """
        from losscli.checks import refuse

        gating, selection = self.settings.gating, self.settings.selection
        others = gating.baseline is not None or gating.rival is not None
        refuse(self.bound.loss, gating.gates, others=others, sliced=bool(selection.by))
        read = [*self.files, *(file.partition("=")[2] for file in self.files)]
        read += [] if gating.rival is None else [gating.rival.path]
        kept = [] if gating.baseline is None else gating.baseline.files
        # A report is written even if the check comes to nothing.
        reject_overwrite(list(outputs.files.values()), [*read, *kept])
        reject_overwrite(kept, read)

    def open(self) -> tuple[Inputs, AnyLoss]:
        """The rows, and the loss as the engine evaluates it.

        Raises:
            UsageError, DataError: the files, or what is said about them, do not fit the loss.
        """
        from losscli.engine.settle import settle, settle_alike

        loss, selection, rival = (
            self.bound.loss,
            self.settings.selection,
            self.settings.gating.rival,
        )
        reduction = self.settings.reduction
        if rival is None:
            inputs = selection.open(loss, self.files)
            return inputs, settle(self.bound, inputs, reduction)
        roles = rival.roles(self.bound)
        columns = columns_by_role(roles, selection.column)
        inputs = selection.open_as(roles, rival.files(loss, self.files), columns)
        return inputs, settle_alike(self.bound, inputs, reduction, rival.names(loss, inputs))

    def verdict(self, threads: int | None) -> Verdict:
        """The verdict; what keeps it from being checked is part of it."""
        from losscli.api import choose_reduction
        from losscli.checks import Check
        from losscli.report.progress import Progress
        from losscli.verdict import Problem, Verdict

        settings, gating, judging = self.settings, self.settings.gating, self.settings.judging
        try:
            inputs, bound = self.open()
            grouped = inputs.groups is not None
            reduction = choose_reduction(bound, settings.reduction, grouped=grouped)
            with Progress(Terminal.of(sys.stderr)) as progress:
                verdict = Check(
                    bound,
                    inputs,
                    reduction,
                    gating.gates,
                    gating.baseline,
                    gating.rival,
                    settings.selection.by_roles,
                    self.name,
                    threads,
                    progress,
                    judging.strict,
                    judging.allow,
                ).verdict()
        except LosscliError as error:
            show_problem(error)
            problem = Problem(error.message, error.where, error.hint or "", error.code or "")
            verdict = Verdict(self.name or str(self.bound), problem=problem)
        return replace(verdict, place=self.place)


def run_jobs(jobs: Sequence[Job], threads: int | None, outputs: Outputs) -> None:
    """Check everything, print the verdicts, write every report, and only then leave.

    Raises:
        Exit: always; its code is that of the worst verdict.
    """
    from losscli.verdict import Checked
    from losscli.version import __version__

    for job in jobs:
        job.refuse(outputs)
    date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    checked = Checked(tuple(job.verdict(threads) for job in jobs), __version__, date)
    written = [_write(checked, format, path) for format, path in outputs.files.items()]
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        append_summary(checked, path)
    show_checked(checked, outputs.format)
    raise typer.Exit(checked.exit_code if all(written) else OutputError.exit_code)


def _write(checked: Checked, format: str, path: str) -> bool:
    """Write a report; one that cannot be written keeps no other from being."""
    try:
        write_checked(checked, format, path)
    except OutputError as error:
        show_problem(error)
        return False
    return True
