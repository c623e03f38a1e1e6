"""Text to stdout, reports to files. What prints a format is loaded when it is known which."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from losscli.report.terminal import Terminal

if TYPE_CHECKING:
    from losscli.results import Advice, Result
    from losscli.spec import Loss

# What these print has no place for findings.
_SILENT = ("value", "csv", "jsonl")


def show_result(result: Result, format: str) -> None:
    """A result on stdout; its findings on stderr where the format has no place for them."""
    from losscli.report.result import FORMATS

    FORMATS[format](result, Terminal.of(sys.stdout))
    if format in _SILENT:
        from losscli.report.error import print_findings

        print_findings(result.diagnostics, Terminal.of(sys.stderr))


def write_report(result: Result, format: str, path: str) -> None:
    """A report in a file, whole or not at all."""
    from losscli.data.sink import whole_file
    from losscli.report.result import FORMATS

    with whole_file(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        FORMATS[format](result, Terminal(file))


def show_advice(advice: Advice, format: str) -> None:
    """What ``recommend`` says, on stdout."""
    from losscli.report.advice import FORMATS

    FORMATS[format](advice, Terminal.of(sys.stdout))


def show_list(losses: list[Loss], format: str) -> None:
    """The losses by family, on stdout."""
    from losscli.report.catalogue import LIST_FORMATS

    LIST_FORMATS[format](losses, Terminal.of(sys.stdout))


def show_page(loss: Loss, format: str) -> None:
    """Everything about a loss, on stdout."""
    from losscli.report.catalogue import PAGE_FORMATS

    PAGE_FORMATS[format](loss, Terminal.of(sys.stdout))
