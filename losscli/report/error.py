"""Errors and findings on stderr: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from losscli.report.terminal import Style, Terminal, printable

if TYPE_CHECKING:
    from losscli.errors import LosscliError
    from losscli.findings import Diagnostic

_INDENT = "  "


def print_error(error: LosscliError, terminal: Terminal) -> None:
    """``error:``, the place, the message; what to do on a line of its own."""
    where = f"{error.where}: " if error.where else ""
    message = f"{where}{error.message}"
    _print("error", "error", message, error.hint or "", terminal, error.code)


def print_warning(message: str, terminal: Terminal) -> None:
    """``warning:`` and the message."""
    _print("warning", "warning", message, "", terminal)


def print_findings(findings: Iterable[Diagnostic], terminal: Terminal) -> None:
    """Errors and warnings about the data, for a format that has no place for them."""
    for finding in findings:
        if finding.severity != "info":
            severity = finding.severity
            _print(severity, severity, finding.message, finding.hint, terminal, finding.code)


def _print(
    label: str, style: Style, message: str, hint: str, terminal: Terminal, code: str | None = None
) -> None:
    first, *more = message.splitlines() or [""]
    first += f" ({code})" if code else ""
    lines = [f"{terminal.paint(f'{label}:', style)} {printable(first)}"]
    lines += [_INDENT + printable(text) for text in (*more, *hint.splitlines())]
    terminal.write("".join(f"{text}\n" for text in lines))
