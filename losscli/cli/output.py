"""Text to stdout, reports to files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from losscli import report
from losscli.report import Terminal

if TYPE_CHECKING:
    from losscli.results import Advice, Result
    from losscli.spec import Loss

# What these print has no place for findings.
_SILENT = ("value", "csv", "jsonl")


def show_result(result: Result, format: str) -> None:
    """A result on stdout; its findings on stderr where the format has no place for them."""
    report.show_result(result, format, Terminal.of(sys.stdout))
    if format in _SILENT:
        report.show_findings(result.diagnostics, Terminal.of(sys.stderr))


def write_report(result: Result, format: str, path: str) -> None:
    """A report in a file, whole or not at all."""
    from losscli.data.sink import whole_file

    with whole_file(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        report.show_result(result, format, Terminal(file))


def show_advice(advice: Advice, format: str) -> None:
    """What ``recommend`` says, on stdout."""
    report.show_advice(advice, format, Terminal.of(sys.stdout))


def show_list(losses: list[Loss], format: str) -> None:
    """The losses by family, on stdout."""
    report.show_list(losses, format, Terminal.of(sys.stdout))


def show_page(loss: Loss, format: str) -> None:
    """Everything about a loss, on stdout."""
    report.show_loss(loss, format, Terminal.of(sys.stdout))
