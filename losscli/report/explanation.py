"""What ``explain`` says: all codes in a table, or everything about one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from losscli.codes import CODES, ERROR, Code, Example, Severity
from losscli.report.draw import draw_markdown, draw_text
from losscli.report.page import (
    Block,
    Column,
    Entries,
    Page,
    Prose,
    Section,
    Table,
    Words,
    line,
)
from losscli.report.page import Code as Lines
from losscli.report.terminal import Style, Terminal
from losscli.strict_json import SCHEMA_VERSION

SEVERITY_STYLES: Mapping[Severity, Style] = {
    "error": "error",
    "warning": "warning",
    "info": "accent",
}
# So much of an example's file shows what is in it.
_SHOWN_LINES = 6


def codes_page(codes: Sequence[Code]) -> Page:
    """One line a code."""
    columns = (Column("code"), Column("severity"), Column("what it is", folds=True))
    rows = tuple(
        (Words(code.code), Words(severity(code), SEVERITY_STYLES[code.gravest]), Words(code.title))
        for code in codes
    )
    closing = line("all about one: ", Words("losscli explain CODE", "accent"))
    return (Section("", (Table(columns, rows), Prose((closing,)))),)


def code_page(code: Code) -> Page:
    """Everything about one code, what to do last."""
    title = line(Words(code.code, "value"), f": {code.title}")
    about = Entries(
        (
            (Words("severity", "dim"), (line(severity(code)),)),
            (Words("ends with", "dim"), (line(ending(code)),)),
        )
    )
    return (
        Section("", (Prose((title,)),)),
        Section("", (about,)),
        Section("why", (Prose((line(code.why),)),)),
        Section("example", tuple(_example(code.example))),
        Section("what to do", (Prose((line(code.remedy),)),)),
    )


def _example(example: Example) -> Iterator[Block]:
    for name, text in example.texts().items():
        yield Lines(tuple(line(f"{name}:" if not i else f"  {row}") for i, row in _shown(text)))
    yield Lines(tuple(line(Words(command, "accent")) for command in example.commands))


def _shown(text: str) -> Iterator[tuple[int, str]]:
    rows = text.splitlines()
    yield 0, ""
    more = len(rows) - _SHOWN_LINES
    shown = rows if more <= 1 else [*rows[:_SHOWN_LINES], f"... {more} more rows"]
    yield from enumerate(shown, 1)


def severity(code: Code) -> str:
    """How grave it is, or may become."""
    return code.severity if code.up_to is None else f"{code.severity} or {code.up_to}"


def ending(code: Code) -> str:
    """How a command ends that finds it, and what changes that."""
    if code.stops:
        instead = f", unless {code.option}" if code.option else ""
        return f"exit code {ERROR}{instead}; no number is printed, so it cannot be allowed"
    if code.gravest == "error":
        return f"exit code {ERROR}, unless --allow {code.code}"
    if code.gravest == "warning":
        return f"exit code 1 with --strict, unless --allow {code.code}"
    return "exit code 0"


def record(code: Code) -> dict[str, Any]:
    """A code in plain types, as ``--format json`` shows it."""
    return {
        "code": code.code,
        "severity": code.severity,
        "gravest": code.gravest,
        "title": code.title,
        "why": code.why,
        "remedy": code.remedy,
        "exit_code": ERROR if code.gravest == "error" else 0,
        "stops": code.stops,
        "allowed_by": None if code.stops or code.gravest == "info" else f"--allow {code.code}",
        "option": code.option or None,
        "example": {
            "files": code.example.texts(),
            "before": code.example.before or None,
            "command": code.example.command,
        },
    }


def _codes_table(terminal: Terminal) -> None:
    draw_text(codes_page(tuple(CODES.values())), terminal)


def _codes_json(terminal: Terminal) -> None:
    _json({"codes": [record(code) for code in CODES.values()]}, terminal)


def _codes_markdown(terminal: Terminal) -> None:
    draw_markdown(codes_page(tuple(CODES.values())), terminal)


def _code_table(code: Code, terminal: Terminal) -> None:
    draw_text(code_page(code), terminal)


def _code_json(code: Code, terminal: Terminal) -> None:
    _json(record(code), terminal)


def _code_markdown(code: Code, terminal: Terminal) -> None:
    draw_markdown(code_page(code), terminal)


def _json(payload: dict[str, Any], terminal: Terminal) -> None:
    terminal.write_json({"schema_version": SCHEMA_VERSION, **payload})


CODES_FORMATS: Mapping[str, Callable[[Terminal], None]] = MappingProxyType(
    {"table": _codes_table, "json": _codes_json, "markdown": _codes_markdown}
)
CODE_FORMATS: Mapping[str, Callable[[Code, Terminal], None]] = MappingProxyType(
    {"table": _code_table, "json": _code_json, "markdown": _code_markdown}
)
