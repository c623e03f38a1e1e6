"""What ``verify`` found, as a page or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from losscli.report.draw import draw_markdown, draw_text
from losscli.report.numbers import things
from losscli.report.page import Entries, Line, Page, Prose, Section, Words, line
from losscli.report.terminal import Style, Terminal
from losscli.verification import Law, Outcome, Verification

_STYLES: Mapping[Outcome, Style] = MappingProxyType(
    {"holds": "value", "fails": "error", "skipped": "dim"}
)


def page(found: Verification) -> Page:
    """Each law, what failed last of all, and how many hold."""
    about: list[tuple[Words, tuple[Line, ...]]] = [
        (Words("loss", "dim"), (line(found.loss),)),
        (Words("data", "dim"), (line(found.data),)),
        (Words("rows", "dim"), (line(f"{found.rows}, drawn with seed {found.seed}"),)),
    ]
    if found.origin:
        about.insert(1, (Words("from", "dim"), (line(found.origin),)))
    order = ("skipped", "holds", "fails")
    laws = sorted(found.laws, key=lambda law: order.index(law.outcome))
    return (
        Section("", (Entries(tuple(about)),)),
        Section("laws", (Entries(tuple(_law(law) for law in laws)),)),
        Section("", (Prose((_conclusion(found),)),)),
    )


def _law(law: Law) -> tuple[Words, tuple[Line, ...]]:
    texts = [law.name + (f": {law.detail}" if law.detail else "")]
    texts += list(_example(law.example)) if law.example is not None else []
    return Words(law.outcome, _STYLES[law.outcome]), tuple(line(text) for text in texts)


def _example(example: Mapping[str, Any]) -> Iterator[str]:
    """The rows of each role, as one would type them."""
    for name, rows in example.items():
        yield f"  {name} = {_numbers(rows)}"


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_numbers, value))}]"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _conclusion(found: Verification) -> Line:
    tried = [law for law in found.laws if law.outcome != "skipped"]
    failed = sum(law.outcome == "fails" for law in tried)
    if failed:
        return line(Words(f"{failed} of {things(len(tried), 'laws')} failed", "error"))
    return line(Words(f"all {things(len(tried), 'laws')} hold", "value"))


def _table(found: Verification, terminal: Terminal) -> None:
    draw_text(page(found), terminal)


def _markdown(found: Verification, terminal: Terminal) -> None:
    draw_markdown(page(found), terminal)


def _json(found: Verification, terminal: Terminal) -> None:
    terminal.write_json(found.to_dict())


FORMATS: Mapping[str, Callable[[Verification, Terminal], None]] = MappingProxyType(
    {"table": _table, "json": _json, "markdown": _markdown}
)
