"""What ``check`` found, in every format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from losscli.report.check_page import summary_page, table_page
from losscli.report.draw import draw_markdown, draw_text
from losscli.report.terminal import Terminal
from losscli.verdict import Checked


def _table(checked: Checked, terminal: Terminal) -> None:
    draw_text(table_page(checked, unicode=terminal.unicode), terminal)


def _markdown(checked: Checked, terminal: Terminal) -> None:
    draw_markdown(summary_page(checked), terminal)


def _json(checked: Checked, terminal: Terminal) -> None:
    ascii_only = not terminal.unicode
    text = json.dumps(checked.to_dict(), indent=2, allow_nan=False, ensure_ascii=ascii_only)
    terminal.write(f"{text}\n")


Renderer = Callable[[Checked, Terminal], None]
FORMATS: Mapping[str, Renderer] = MappingProxyType(
    {"table": _table, "json": _json, "markdown": _markdown}
)
