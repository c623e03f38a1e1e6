"""Text to stdout, reports to files."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from losscli.report.terminal import Terminal

if TYPE_CHECKING:
    from losscli.results import Advice, Result
    from losscli.spec import Loss

# What these print has no place for findings.
_SILENT = ("value", "csv", "jsonl")


def show_result(result: Result, format: str) -> None:
    """A result on stdout; its findings on stderr where the format has no place for them."""
    _show("result", "FORMATS", result, format)
    if format in _SILENT:
        from losscli.report.error import print_findings

        print_findings(result.diagnostics, Terminal.of(sys.stderr))


def show_advice(advice: Advice, format: str) -> None:
    """What ``recommend`` says, on stdout."""
    _show("advice", "FORMATS", advice, format)


def show_list(losses: list[Loss], format: str) -> None:
    """The losses by family, on stdout."""
    _show("catalogue", "LIST_FORMATS", losses, format)


def show_page(loss: Loss, format: str) -> None:
    """Everything about a loss, on stdout."""
    _show("catalogue", "PAGE_FORMATS", loss, format)


def write_report(result: Result, format: str, path: str) -> None:
    """A report in a file, whole or not at all."""
    from losscli.data.sink import whole_file
    from losscli.report.result import FORMATS

    with whole_file(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        FORMATS[format](result, Terminal(file))


def _show(module: str, formats: str, what: object, format: str) -> None:
    # Loaded when it is known what to print: a bare value should not wait for tables.
    renderers = getattr(import_module(f"losscli.report.{module}"), formats)
    renderers[format](what, Terminal.of(sys.stdout))
    sys.stdout.flush()
