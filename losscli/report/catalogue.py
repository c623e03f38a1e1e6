"""What losses there are, and everything about one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any

from losscli.convention import CONVENTIONS, Convention, FromData
from losscli.domain import SAMPLE_WEIGHT, Role
from losscli.report import docstring
from losscli.report.draw import draw_markdown, draw_text
from losscli.report.formula import plain
from losscli.report.numbers import things
from losscli.report.page import (
    Code,
    Column,
    Entries,
    Line,
    Page,
    Prose,
    Section,
    Table,
    Words,
    line,
)
from losscli.report.terminal import Terminal
from losscli.spec import REQUIRED, Loss, Param, PublishedLoss, format_value
from losscli.strict_json import SCHEMA_VERSION


def list_page(losses: Sequence[Loss], published: Sequence[PublishedLoss] = ()) -> Page:
    """One line a loss, family by family, columns under each other; those of packages last."""
    columns = (
        Column("loss", least=max(len(loss.name) for loss in losses)),
        Column("PyTorch", least=max(len(_torch(loss)) for loss in losses)),
        Column("what it is", folds=True),
    )
    families = [
        Section(family, (Table(columns, tuple(_row(loss) for loss in members), heads=False),))
        for family, members in groupby(losses, key=lambda loss: loss.family)
    ]
    if published:
        families.append(Section("from packages", (_published(published),)))
    count = things(len(losses) + len(published), "losses")
    closing = line(f"{count}; all about one: ", command("show LOSS"))
    return (*families, Section("", (Prose((closing,)),)))


def _published(losses: Sequence[PublishedLoss]) -> Table:
    columns = (Column("loss"), Column("from"), Column("object"))
    rows = [(Words(one.name, "accent"), Words(one.package), Words(one.target)) for one in losses]
    return Table(columns, tuple(rows))


def _row(loss: Loss) -> tuple[Words, ...]:
    return (
        Words(loss.name, "accent"),
        Words(_torch(loss), "dim"),
        Words(docstring.plain(loss.summary)),
    )


def _torch(loss: Loss) -> str:
    return loss.torch.rpartition(".")[2] if loss.torch else ""


def command(words: str) -> Words:
    """A command line of losscli."""
    return Words(f"losscli {words}", "accent")


def loss_page(loss: Loss, place: Sequence[str]) -> Page:
    """Everything about a loss, the command to run it last; ``place`` leads there in the guide."""
    doc = docstring.read(loss.doc)
    formula = tuple(line(Words(text, "value")) for text in plain(doc.formula) if doc.formula)
    shapes = tuple(line(docstring.plain(text)) for text in doc.shapes_alone)
    legend = tuple(line(docstring.plain(text)) for text in doc.legend)
    remarks = doc.remarks if formula else doc.shapes_alone
    notes = tuple(line(docstring.plain(text)) for text in remarks)
    summary = line(Words(loss.name, "value"), f": {docstring.plain(doc.summary)}")
    parts = [
        Section("", (Prose((summary,)),)),
        Section("inputs", (inputs_of(loss.inputs),)),
        Section("parameters", (_params(loss),)) if loss.params else None,
        Section("formula", (Code(formula), *_prose(*legend, *shapes))) if formula else None,
        Section("notes", _prose(*notes)) if notes else None,
        Section("libraries", (_conventions(loss),)) if loss.conventions else None,
        Section("about", (_about(loss, doc, place),)),
        Section("in Python", (_example(doc),)) if doc.example else None,
        Section("", (Code((line(command(usage(loss))),)),)),
    ]
    return tuple(part for part in parts if part is not None)


def _example(doc: docstring.Doc) -> Code:
    return Code(tuple(line(text) for text in doc.example.splitlines()))


def _prose(*lines: Line) -> tuple[Prose, ...]:
    return (Prose(lines),) if lines else ()


def inputs_of(roles: Sequence[Role]) -> Table:
    """What each role may hold."""
    columns = (Column("role"), Column("shape"), Column("values", folds=True))
    return Table(columns, tuple(_input(role) for role in roles))


def _input(role: Role) -> tuple[Words, ...]:
    optional = " (optional)" if role.optional else ""
    return (
        Words(role.name, "accent"),
        Words(shape(role)),
        Words(f"{role.domain}{optional}"),
    )


def shape(role: Role) -> str:
    """The axes of a role, as in a docstring: ``(N, C, ...)``."""
    axes = ", ".join(role.domain.axes)
    return f"({axes},)" if len(role.domain.axes) == 1 else f"({axes})"


def _params(loss: Loss) -> Table:
    columns = (
        Column("option"),
        Column("default"),
        Column("may be", folds=True),
        Column("what it is", folds=True),
    )
    return Table(columns, tuple(_param(param) for param in loss.params.values()))


def _param(param: Param) -> tuple[Words, ...]:
    return (
        Words(option(param), "accent"),
        Words(default(param)),
        Words(allowed(param)),
        Words(param.help),
    )


def option(param: Param) -> str:
    """The option of the command line that sets it."""
    return f"--{param.name.replace('_', '-')}"


def default(param: Param) -> str:
    """The default as one would type it."""
    if param.default is None:
        return "none"
    if param.default is REQUIRED:
        return "required"
    return str(param.default).lower() if param.kind == "bool" else format_value(param.default)


def allowed(param: Param) -> str:
    """What it may be, ``none`` and the length of a list included."""
    each = {"C": ", one for each class", "K": ", one for each column"}.get(param.size, "")
    return f"{param.describe()}{each}{', or none' if param.optional else ''}"


def _conventions(loss: Loss) -> Table:
    columns = [Column("--convention"), Column("parameters", folds=True)]
    rows = [(Words(name, "accent"), Words(text)) for name, text, _ in conventions(loss)]
    if loss.is_set:
        return Table(tuple(columns), tuple(rows))
    columns.append(Column("weighted mean by"))
    means = [(Words(mean),) for _, _, mean in conventions(loss)]
    return Table(
        tuple(columns), tuple((*row, *mean) for row, mean in zip(rows, means, strict=True))
    )


def _about(loss: Loss, doc: docstring.Doc, place: Sequence[str]) -> Entries:
    pairs = (
        ("from", "" if loss.origin is None else str(loss.origin)),
        ("use when", loss.use_when),
        ("avoid when", loss.avoid_when),
        ("in the guide", f"losscli recommend {' '.join(place)}"),
        ("divisor", docstring.plain(doc.divisor)),
        ("reductions", ", ".join(loss.reductions)),
        ("conventions", weighted_means(loss)),
        ("PyTorch", loss.torch or ""),
        ("also called", ", ".join(spellings(loss))),
        ("reference", loss.reference),
    )
    items = tuple((Words(label, "dim"), (line(text),)) for label, text in pairs if text)
    return Entries(items)


def conventions(loss: Loss) -> list[tuple[str, str, str]]:
    """What ``--convention`` may be, what it stands for, and what a weighted mean divides by.

    There are none where libraries differ in weighted means at most: see :func:`weighted_means`.
    """
    if not loss.conventions:
        return []
    weighing = () if loss.is_set else loss.weighing_libraries
    return [
        (
            name,
            _settings(loss.conventions.get(name, Convention())),
            "" if loss.is_set else _weighting(loss, name),
        )
        for name in CONVENTIONS
        if name in loss.conventions or name in weighing
    ]


def _settings(convention: Convention) -> str:
    """What a convention makes other than the defaults."""
    said = [
        f"{name} = {value}" if isinstance(value, FromData) else f"{name}={format_value(value)}"
        for name, value in convention.params.items()
    ]
    if convention.swapped is not None:
        said.append(f"{' and '.join(convention.swapped)} change places")
    if convention.rows:
        said.append("the mean divides by rows")
    return ", ".join(said) or "default"


def _weighting(loss: Loss, convention: str) -> str:
    return _WEIGHTINGS[loss.weighting(convention)]


_WEIGHTINGS = {"sum": "sum of weights", "count": "elements"}


def weighted_means(loss: Loss) -> str:
    """What libraries divide a weighted mean by, where that is all they differ in."""
    if loss.is_set or loss.conventions:
        return ""
    by_mean: dict[str, list[str]] = {}
    for name in loss.weighing_libraries:
        by_mean.setdefault(_weighting(loss, name), []).append(name)
    said = [f"{mean} in {' and '.join(names)}" for mean, names in by_mean.items()]
    return f"a weighted mean is divided by: {', '.join(said)}"


def spellings(loss: Loss) -> list[str]:
    """The other names it goes by, PyTorch's class without its module."""
    others = [alias for alias in loss.aliases if alias != loss.torch]
    return [*others, _torch(loss)] if loss.torch else others


def usage(loss: Loss) -> str:
    """The command that computes it, files in capitals, what may be left out in brackets."""
    files = [role.name.upper() for role in loss.roles if not role.optional]
    optional = [f"[{role.name}=FILE]" for role in loss.roles if role.optional]
    options = [_optional(param) for param in loss.params.values()]
    return " ".join(["compute", loss.name, *files, *optional, *options])


def _optional(param: Param) -> str:
    text = f"{option(param)}{_argument(param)}"
    return text if param.default is REQUIRED else f"[{text}]"


def _argument(param: Param) -> str:
    if param.kind == "bool":
        return ""
    if param.default is REQUIRED:
        return " X,X,..." if param.kind == "vector" else " X"
    return " X" if param.default is None else f" {default(param)}"


def record(loss: Loss) -> dict[str, Any]:
    """A loss in plain types, as ``--format json`` shows it."""
    doc = docstring.read(loss.doc)
    return {
        "name": loss.name,
        "family": loss.family,
        "summary": docstring.plain(loss.summary),
        "torch": loss.torch,
        "aliases": list(loss.aliases),
        "roles": [_role_record(role) for role in (*loss.roles, SAMPLE_WEIGHT)],
        "params": [_param_record(param) for param in loss.params.values()],
        "reductions": list(loss.reductions),
        "divisor": docstring.plain(doc.divisor),
        "conventions": {
            name: {k: str(v) if isinstance(v, FromData) else v for k, v in one.params.items()}
            for name, one in loss.conventions.items()
        },
        "weighted_mean_divides_by": {
            name: _weighting(loss, name)
            for name in ([] if loss.is_set else loss.weighing_libraries)
        },
        "formula": doc.formula,
        "example": doc.example,
        "use_when": loss.use_when,
        "avoid_when": loss.avoid_when,
        "reference": loss.reference,
        "from": "losscli" if loss.origin is None else str(loss.origin),
    }


def _role_record(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "domain": role.domain.name,
        "values": str(role.domain),
        "axes": list(role.domain.axes),
        "optional": role.optional,
    }


def _param_record(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "option": option(param),
        "kind": param.kind,
        "default": None if param.default is REQUIRED else param.default,
        "required": param.default is REQUIRED,
        "allowed": allowed(param),
        "choices": list(param.choices),
        "help": param.help,
    }


def _json(payload: dict[str, Any], terminal: Terminal) -> None:
    terminal.write_json({"schema_version": SCHEMA_VERSION, **payload})


def _list_table(
    losses: Sequence[Loss], published: Sequence[PublishedLoss], terminal: Terminal
) -> None:
    draw_text(list_page(losses, published), terminal)


def _list_json(
    losses: Sequence[Loss], published: Sequence[PublishedLoss], terminal: Terminal
) -> None:
    others = [{"name": one.name, "from": one.package, "object": one.target} for one in published]
    _json({"losses": [record(loss) for loss in losses], "published": others}, terminal)


def _list_markdown(
    losses: Sequence[Loss], published: Sequence[PublishedLoss], terminal: Terminal
) -> None:
    # No closing line: the text goes into a document, not onto a screen.
    page = list_page(losses, published)
    draw_markdown(tuple(section for section in page if section.title), terminal)


def _loss_table(loss: Loss, place: Sequence[str], terminal: Terminal) -> None:
    draw_text(loss_page(loss, place), terminal)


def _loss_json(loss: Loss, place: Sequence[str], terminal: Terminal) -> None:
    _json({**record(loss), "guide": list(place)}, terminal)


def _loss_markdown(loss: Loss, place: Sequence[str], terminal: Terminal) -> None:
    draw_markdown(loss_page(loss, place), terminal)


LIST_FORMATS: Mapping[str, Callable[[Sequence[Loss], Sequence[PublishedLoss], Terminal], None]] = (
    MappingProxyType({"table": _list_table, "json": _list_json, "markdown": _list_markdown})
)
PAGE_FORMATS: Mapping[str, Callable[[Loss, Sequence[str], Terminal], None]] = MappingProxyType(
    {"table": _loss_table, "json": _loss_json, "markdown": _loss_markdown}
)
