"""What ``check`` found, in every format."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from losscli.report.check_page import plan_page, summary_page, table_page
from losscli.report.draw import draw_markdown, draw_text
from losscli.report.terminal import Terminal
from losscli.verdict import Checked, Planned


def _table(checked: Checked, terminal: Terminal) -> None:
    draw_text(table_page(checked, unicode=terminal.unicode), terminal)


def _markdown(checked: Checked, terminal: Terminal) -> None:
    draw_markdown(summary_page(checked), terminal)


def _json(checked: Checked, terminal: Terminal) -> None:
    terminal.write_json(checked.to_dict())


def show_plans(plans: Sequence[Planned], format: str, terminal: Terminal) -> None:
    """What would be checked: as JSON, as Markdown, or for a reader."""
    if format == "json":
        terminal.write_json([plan.to_dict() for plan in plans])
    else:
        draw = draw_markdown if format == "markdown" else draw_text
        draw(plan_page(plans), terminal)


def _github(checked: Checked, terminal: Terminal) -> None:
    from losscli.report import github

    github.draw(checked, terminal)


def _junit(checked: Checked, terminal: Terminal) -> None:
    from losscli.report import junit

    junit.draw(checked, terminal)


def summary(checked: Checked, room: int) -> str:
    """The Markdown for a job's summary, in no more than ``room`` bytes; empty if that is nothing.

    What is too long ends at the end of a line and says so.
    """
    text = io.StringIO()
    _markdown(checked, Terminal(text))
    whole = text.getvalue().encode("utf-8", "replace")
    if len(whole) <= room:
        return whole.decode("utf-8")
    kept = whole[: max(room - len(_CUT.encode("utf-8")), 0)]
    head, end, _ = kept.rpartition(b"\n")
    return f"{head.decode('utf-8')}\n{_CUT}" if end else ""


_CUT = "\n**cut short: the summary of a job holds no more; the reports have all of it**\n"
Renderer = Callable[[Checked, Terminal], None]
FORMATS: Mapping[str, Renderer] = MappingProxyType(
    {
        "table": _table,
        "json": _json,
        "markdown": _markdown,
        "github": _github,
        "junit": _junit,
    }
)
