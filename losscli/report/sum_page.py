"""``show`` of a weighted sum: its parts, and the data that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from losscli.domain import Role
from losscli.report import docstring
from losscli.report.catalogue import command, inputs_of, record
from losscli.report.draw import draw_markdown, draw_text
from losscli.report.numbers import short
from losscli.report.page import Code, Column, Page, Prose, Section, Table, Words, line
from losscli.report.terminal import Terminal
from losscli.spec import BoundLoss
from losscli.strict_json import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class Sum:
    """What is shown of a combination."""

    spec: str
    parts: Sequence[tuple[float, BoundLoss]]
    roles: Sequence[Role]
    reductions: Sequence[str]


def sum_page(shown: Sum) -> Page:
    """The parts, the data, and the commands to go on with."""
    columns = (Column("weight", right=True), Column("loss"), Column("what it is", folds=True))
    rows = tuple(
        (
            Words(short(weight)),
            Words(str(bound), "accent"),
            Words(docstring.plain(bound.loss.summary)),
        )
        for weight, bound in shown.parts
    )
    files = " ".join(role.name.upper() for role in shown.roles if not role.optional)
    names = dict.fromkeys(bound.name for _, bound in shown.parts)
    return (
        Section("", (Prose((line(Words(shown.spec, "value"), ": a weighted sum of losses"),)),)),
        Section("parts", (Table(columns, rows),)),
        Section("inputs", (inputs_of(shown.roles),)),
        Section("reductions", (Prose((line(", ".join(shown.reductions)),)),)),
        Section("", (Code(tuple(line(command(f"show {name}")) for name in names)),)),
        Section("", (Code((line(command(f"compute '{shown.spec}' {files}")),)),)),
    )


def to_dict(shown: Sum) -> dict[str, Any]:
    """The record as ``--format json`` shows it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": "combination",
        "spec": shown.spec,
        "reductions": list(shown.reductions),
        "parts": [
            {"weight": weight, "spec": str(bound), "loss": record(bound.loss)}
            for weight, bound in shown.parts
        ],
    }


def _json(shown: Sum, terminal: Terminal) -> None:
    terminal.write_json(to_dict(shown))


FORMATS: Mapping[str, Callable[[Sum, Terminal], None]] = MappingProxyType(
    {
        "table": lambda shown, terminal: draw_text(sum_page(shown), terminal),
        "json": _json,
        "markdown": lambda shown, terminal: draw_markdown(sum_page(shown), terminal),
    }
)
