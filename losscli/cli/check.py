"""``losscli check LOSS FILE...``: does this model pass? The exit code says so."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from losscli.cli.loss_group import loss_group
from losscli.cli.options import OUTPUT, Files, Threads, expand, reject_overwrite
from losscli.cli.output import show_checked, show_problem, write_checked
from losscli.cli.selection import ReductionName, Selection, selection_of
from losscli.errors import LosscliError
from losscli.report import Terminal

if TYPE_CHECKING:
    from losscli.spec import BoundLoss
    from losscli.verdict import Verdict

GATES = "Gates"


class CheckFormat(StrEnum):
    """What ``--format`` takes where the result is a verdict."""

    table = "table"
    json = "json"
    markdown = "markdown"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is said about one check, besides its loss and its files."""

    selection: Selection
    reduction: str | None
    gates: Any  # Gates: its module loads NumPy, which `--help` should not wait for


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the verdict goes."""

    format: CheckFormat
    json_report: str | None
    markdown_report: str | None

    @property
    def files(self) -> dict[str, str]:
        """The reports in files, by format."""
        given = {"json": self.json_report, "markdown": self.markdown_report}
        return {format: path for format, path in given.items() if path is not None}


def _gates_of(
    *,
    max: Annotated[
        float | None,
        typer.Option(metavar="X", help="The most the loss may be.", rich_help_panel=GATES),
    ] = None,
    max_quantile: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE=X",
            help="The most a quantile of the losses of rows may be: p99=2.5. Repeatable.",
            rich_help_panel=GATES,
        ),
    ] = None,
    max_share_above: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X=SHARE",
            help="The largest share of rows with a loss above X: 0.5=1%. Repeatable.",
            rich_help_panel=GATES,
        ),
    ] = None,
) -> Any:
    from losscli.analysis.gate import Gates, parse_quantiles, parse_shares_above

    return Gates(
        max=max,
        quantiles=parse_quantiles("--max-quantile", max_quantile or ()),
        above=parse_shares_above("--max-share-above", max_share_above or ()),
    )


def _settings_of(*, selection: Selection, reduction: ReductionName = None, gates: Any) -> Settings:
    return Settings(selection, reduction, gates)


settings_of = expand(_settings_of, selection=selection_of, gates=_gates_of)


def outputs_of(
    *,
    format: Annotated[
        CheckFormat,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="How to print the verdict: table, json, markdown.",
            rich_help_panel=OUTPUT,
        ),
    ] = CheckFormat.table,
    json_report: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Write a JSON report as well.", rich_help_panel=OUTPUT),
    ] = None,
    markdown_report: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Write a Markdown report as well.", rich_help_panel=OUTPUT
        ),
    ] = None,
) -> Outputs:
    """Where the verdict goes, from the options of a check."""
    return Outputs(format, json_report, markdown_report)


def _check(
    bound: Any,  # a BoundLoss: its module loads NumPy, which `--help` should not wait for
    *,
    files: Files,
    settings: Settings,
    threads: Threads = None,
    outputs: Outputs,
) -> None:
    # Before anything else: a report is written even if the check comes to nothing.
    reject_overwrite(list(outputs.files.values()), [*files, *(f.partition("=")[2] for f in files)])
    _finish([_verdict(None, bound, files, settings, threads, outputs)], outputs)


CheckGroup = loss_group(expand(_check, settings=settings_of, outputs=outputs_of))


def _verdict(
    name: str | None,
    bound: BoundLoss,
    files: Sequence[str],
    settings: Settings,
    threads: int | None,
    outputs: Outputs,
) -> Verdict:
    """The verdict of one check; what keeps it from being checked is part of it."""
    from losscli.api import choose_reduction
    from losscli.checks import Check
    from losscli.report.progress import Progress
    from losscli.verdict import Problem, Verdict

    try:
        settings.gates.check_fits(bound.loss)
        inputs = settings.selection.open(bound.loss, files)
        reduction = choose_reduction(bound, settings.reduction, grouped=inputs.groups is not None)
        with Progress(Terminal.of(sys.stderr)) as progress:
            return Check(
                bound, inputs, reduction, settings.gates, name, threads, progress
            ).verdict()
    except LosscliError as error:
        show_problem(error)
        problem = Problem(error.message, error.where, error.hint or "")
        return Verdict(name or str(bound), problem=problem)


def _finish(verdicts: Sequence[Verdict], outputs: Outputs) -> None:
    """Print the verdicts, write every report, and only then leave.

    Raises:
        Exit: always; its code is that of the worst verdict.
    """
    from losscli.verdict import Checked
    from losscli.version import __version__

    checked = Checked(tuple(verdicts), __version__)
    for format, path in outputs.files.items():
        write_checked(checked, format, path)
    show_checked(checked, outputs.format)
    raise typer.Exit(checked.exit_code)
