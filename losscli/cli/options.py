"""Options that several commands share, and what their values mean."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

import typer

from losscli.data.reading import INPUT_FORMATS, TOKENS, Reading
from losscli.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from losscli.data.feed import Inputs
    from losscli.domain import Role

Made = TypeVar("Made")

# Panels of --help.
DATA = "Data"
OUTPUT = "Output"


class ResultFormat(StrEnum):
    """What ``--format`` takes where the result is a loss."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    markdown = "markdown"
    value = "value"


class PageFormat(StrEnum):
    """What ``--format`` takes where the result is text about losses."""

    table = "table"
    json = "json"
    markdown = "markdown"


Format: TypeAlias = Annotated[
    ResultFormat,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="How to print the result: table, json, jsonl, csv, markdown, value.",
        rich_help_panel=OUTPUT,
    ),
]
Files: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE", help="CSV or Parquet; ROLE=FILE names the role.", show_default=False
    ),
]
Convention: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Whose numbers, where libraries differ: torch, sklearn, keras or exact.",
        rich_help_panel=OUTPUT,
    ),
]


PageFormatOption: TypeAlias = Annotated[
    PageFormat,
    typer.Option(
        "--format", "-f", metavar="FORMAT", help="How to print it: table, json, markdown."
    ),
]
Columns: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        "-c",
        metavar="ROLE=NAME",
        help="Which column is which: a name, a,b,c or a glob such as 'p_*'. Repeatable.",
        rich_help_panel=DATA,
    ),
]
Header: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Does a CSV file begin with column names?",
        rich_help_panel=DATA,
    ),
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Threads to use; the result is the same for any number.",
        rich_help_panel=DATA,
    ),
]


Delimiter: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="CHAR",
        help="What separates the cells of a CSV file: , ; | tab space. Default: what it shows.",
        show_default=False,
        rich_help_panel=DATA,
    ),
]
Decimal: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="CHAR", help="The decimal mark in CSV files: . or ,", rich_help_panel=DATA
    ),
]
InputFormat: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        help=f"What standard input or an unknown file is: {', '.join(INPUT_FORMATS)}.",
        show_default=False,
        rich_help_panel=DATA,
    ),
]
On: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--on",
        metavar="KEY",
        help="Join files by this column instead of by position; id=V1 where the first file says id "
        "and the others V1. Repeatable, or a,b.",
        rich_help_panel=DATA,
    ),
]
ByPosition: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--by-position",
        help="Pair rows as they stand, even where a column such as id says otherwise.",
        rich_help_panel=DATA,
    ),
]
OnMissing: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="error|drop",
        help="What becomes of rows whose key is not in every file.",
        rich_help_panel=DATA,
    ),
]
Missing: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="error|drop|ignore-elements",
        help="What becomes of rows, or of their elements, that lack a value: empty, null, NaN.",
        rich_help_panel=DATA,
    ),
]
Tokens: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(TOKENS),
        help="What texts are split into, for losses of tokens such as error-rate.",
        show_default=False,
        rich_help_panel=DATA,
    ),
]
Memory: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="SIZE",
        help="What a join may use before it goes to disk, such as 512M.",
        rich_help_panel=DATA,
    ),
]


PerSample: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="Write the loss of each row to a .csv or .parquet file.",
        rich_help_panel=OUTPUT,
    ),
]
JsonReport: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Write a JSON report as well.", rich_help_panel=OUTPUT),
]
MarkdownReport: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Write a Markdown report as well.", rich_help_panel=OUTPUT),
]


def reading_of(
    *,
    header: Header = None,
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    input_format: InputFormat = None,
    on: On = None,
    on_missing: OnMissing = "error",
    by_position: ByPosition = False,
    missing: Missing = "error",
    tokens: Tokens = None,
    memory: Memory = "1G",
) -> Reading:
    """How files are read, from the options of every command that reads some."""
    return Reading(
        header=header,
        delimiter=delimiter,
        decimal=decimal,
        input_format=input_format,
        on=tuple(on or ()),
        on_missing=on_missing,
        by_position=by_position,
        missing=missing,
        tokens=tokens,
        memory=_bytes("--memory", memory),
    )


def _bytes(option: str, text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?", text.strip(), re.IGNORECASE)
    size = int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " ")) if match else 0
    if size < 1:
        raise UsageError(f"{option} {text!r} is no size", hint="write it as 512M or 4G")
    return size


def expand(command: Callable[..., Made], **makers: Callable[..., object]) -> Callable[..., Made]:
    """The command with some of its arguments replaced by the options that make them.

    ``expand(recommend, reading=reading_of)`` has the options of ``reading_of`` where ``recommend``
    has the argument ``reading``, so that options which belong together are declared once for all
    commands and travel as one value.
    """
    made = {name: inspect.signature(make, eval_str=True) for name, make in makers.items()}
    own = inspect.signature(command, eval_str=True)

    def run(**values: Any) -> Made:
        for name, make in makers.items():
            options = {option: values.pop(option) for option in made[name].parameters}
            values[name] = make(**options)
        return command(**values)

    parameters = [
        option
        for parameter in own.parameters.values()
        for option in (
            made[parameter.name].parameters.values() if parameter.name in made else [parameter]
        )
    ]
    run.__doc__ = command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # typer reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def columns_by_role(roles: Sequence[Role], given: Sequence[str] | None) -> dict[str, str]:
    """What ``-c ROLE=NAME`` says, by role.

    A name that several roles have is said of them all, but for those that are named themselves:
    ``-c prediction=p -c prediction@new=q``.

    Raises:
        UsageError: not ROLE=NAME, or no such role.
    """
    meant: dict[str, list[str]] = {}
    for one in roles:
        for name in {one.name, *one.own_names}:
            meant.setdefault(name, []).append(one.name)
    known = f"roles: {', '.join(role.name for role in roles)}"
    said: dict[str, tuple[str, int]] = {}
    for text in given or ():
        role, equals, name = text.partition("=")
        if not equals or not name:
            raise UsageError(f"-c {text}: write it as ROLE=NAME", hint=known)
        if role not in meant:
            hint = did_you_mean(role, meant) or known
            raise UsageError(f"-c {text}: there is no role {role!r}", hint=hint)
        width = len(meant[role])
        for held in meant[role]:
            _, before = said.get(held, ("", 0))
            if before == width:
                hint = f"name several as -c {role}=a,b,c"
                raise UsageError(f"-c {role} is given twice", hint=hint)
            if before == 0 or width < before:
                said[held] = name, width
    return {held: name for held, (name, _) in said.items()}


def paths_of(inputs: Inputs) -> list[str]:
    """The files that these inputs are read from."""
    sources = (*inputs.roles.values(), *inputs.coded.values())
    return [source.path for source in sources if source.path is not None]


def reject_overwrite(outputs: Sequence[str], inputs: Iterable[str]) -> None:
    """No output may have the name of an input, or of another output.

    Raises:
        UsageError: one does.
    """
    taken = {os.path.realpath(path): path for path in inputs}
    for path in outputs:
        real = os.path.realpath(path)
        if real in taken:
            raise UsageError(f"{path} would overwrite {taken[real]}", hint="choose another name")
        taken[real] = path
