"""Where a result goes: what is printed, and the files that are written besides."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Annotated, TypeAlias

from losscli.cli.expand import expand
from losscli.cli.options import output_option
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.data.feed import Inputs


class ResultFormat(StrEnum):
    """What ``--format`` takes where the result is a loss."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    markdown = "markdown"
    value = "value"


Format: TypeAlias = Annotated[
    ResultFormat,
    output_option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="How to print the result: table, json, jsonl, csv, markdown, value.",
    ),
]
PerSample: TypeAlias = Annotated[
    str | None,
    output_option(metavar="PATH", help="Write the loss of each row to a .csv or .parquet file."),
]
JsonReport: TypeAlias = Annotated[
    str | None,
    output_option(metavar="PATH", help="Write a JSON report as well."),
]
MarkdownReport: TypeAlias = Annotated[
    str | None,
    output_option(metavar="PATH", help="Write a Markdown report as well."),
]


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports that are written besides."""

    json: str | None = None
    markdown: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """Their paths, by format."""
        given = {"json": self.json, "markdown": self.markdown}
        return {format: path for format, path in given.items() if path is not None}


def reports_of(
    *, json_report: JsonReport = None, markdown_report: MarkdownReport = None
) -> Reports:
    """The reports, from the options of every command that evaluates."""
    return Reports(json_report, markdown_report)


@dataclass(frozen=True, slots=True)
class ResultOutputs:
    """Where the loss of a run goes: how it is printed, its rows, and its reports."""

    format: ResultFormat
    per_sample: str | None
    reports: Reports

    @property
    def shows_detail(self) -> bool:
        """Is there a place for more than the number?"""
        return self.format is not ResultFormat.value or bool(self.reports.files)

    def refuse(self, inputs: Inputs) -> None:
        """Nothing that is read may be overwritten.

        Raises:
            UsageError: it would be.
        """
        rows = [] if self.per_sample is None else [self.per_sample]
        reject_overwrite([*rows, *self.reports.files.values()], paths_of(inputs))


def _result_outputs_of(
    *, format: Format = ResultFormat.table, per_sample: PerSample = None, reports: Reports
) -> ResultOutputs:
    return ResultOutputs(format, per_sample, reports)


result_outputs_of = expand(_result_outputs_of, reports=reports_of)


def paths_of(inputs: Inputs) -> list[str]:
    """The files that these inputs are read from."""
    sources = (*inputs.roles.values(), *inputs.coded.values())
    paths = [source.path for source in sources if source.path is not None]
    parts = (source.parts.names for source in sources if source.parts is not None)
    return [*paths, *chain.from_iterable(parts)]


def reject_overwrite(outputs: Sequence[str], inputs: Iterable[str]) -> None:
    """No output may have the name of an input, or of another output.

    Raises:
        UsageError: one does.
    """
    taken = {os.path.realpath(path): path for path in inputs}
    for path in outputs:
        real = os.path.realpath(path)
        if real in taken:
            raise UsageError(f"{path} would overwrite {taken[real]}", hint="choose another name")
        taken[real] = path
