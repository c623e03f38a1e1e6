"""What ``compare`` found, in every format."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from losscli.comparison import Comparison
from losscli.report.numbers import full
from losscli.report.terminal import Terminal
from losscli.strict_json import plain, to_line


def _table(comparison: Comparison, terminal: Terminal) -> None:
    from losscli.report.comparison_page import table_page
    from losscli.report.draw import draw_text

    draw_text(table_page(comparison, unicode=terminal.unicode), terminal)


def _markdown(comparison: Comparison, terminal: Terminal) -> None:
    from losscli.report.comparison_page import summary_page
    from losscli.report.draw import draw_markdown

    draw_markdown(summary_page(comparison), terminal)


def _json(comparison: Comparison, terminal: Terminal) -> None:
    terminal.write_json(comparison.to_dict())


def _jsonl(comparison: Comparison, terminal: Terminal) -> None:
    for record in comparison.records():
        terminal.write(f"{to_line(plain(record), ascii_only=not terminal.unicode)}\n")


def _csv(comparison: Comparison, terminal: Terminal) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    records = comparison.records()
    writer.writerow(records[0])
    for record in records:
        writer.writerow(map(_cell, record.values()))
    terminal.write(text.getvalue())


def _cell(value: Any) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return full(value) if isinstance(value, float) else value


Renderer = Callable[[Comparison, Terminal], None]
FORMATS: Mapping[str, Renderer] = MappingProxyType(
    {"table": _table, "json": _json, "jsonl": _jsonl, "csv": _csv, "markdown": _markdown}
)
