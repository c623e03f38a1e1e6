"""Options that several commands share, and what their values mean."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from losscli.data.reading import INPUT_FORMATS, TOKENS, Reading
from losscli.errors import UsageError, did_you_mean
from losscli.sizes import size

if TYPE_CHECKING:
    from losscli.domain import Role

# Options that --help shows under one title.
data_option = partial(typer.Option, rich_help_panel="Data")
output_option = partial(typer.Option, rich_help_panel="Output")


class PageFormat(StrEnum):
    """What ``--format`` takes where the result is text about losses."""

    table = "table"
    json = "json"
    markdown = "markdown"


Files: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE", help="CSV or Parquet; ROLE=FILE names the role.", show_default=False
    ),
]
Convention: TypeAlias = Annotated[
    str | None,
    output_option(
        metavar="NAME",
        help="Whose numbers, where libraries differ: torch, sklearn, keras or exact.",
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
    data_option(
        "--column",
        "-c",
        metavar="ROLE=NAME",
        help="Which column is which: a name, a,b,c or a glob such as 'p_*'. Repeatable.",
    ),
]
Header: TypeAlias = Annotated[
    bool | None,
    data_option("--header/--no-header", help="Does a CSV file begin with column names?"),
]
Threads: TypeAlias = Annotated[
    int | None,
    data_option(min=1, metavar="N", help="Threads to use; the result is the same for any number."),
]


Delimiter: TypeAlias = Annotated[
    str | None,
    data_option(
        metavar="CHAR",
        help="What separates the cells of a CSV file: , ; | tab space. Default: what it shows.",
        show_default=False,
    ),
]
Decimal: TypeAlias = Annotated[
    str,
    data_option(metavar="CHAR", help="The decimal mark in CSV files: . or ,"),
]
InputFormat: TypeAlias = Annotated[
    str | None,
    data_option(
        metavar="FORMAT",
        help=f"What standard input or an unknown file is: {', '.join(INPUT_FORMATS)}.",
        show_default=False,
    ),
]
On: TypeAlias = Annotated[
    list[str] | None,
    data_option(
        "--on",
        metavar="KEY",
        help="Join files by this column instead of by position; id=V1 where the first file says id "
        "and the others V1. Repeatable, or a,b.",
    ),
]
ByPosition: TypeAlias = Annotated[
    bool,
    data_option(
        "--by-position",
        help="Pair rows as they stand, even where a column such as id says otherwise.",
    ),
]
OnMissing: TypeAlias = Annotated[
    str,
    data_option(metavar="error|drop", help="What becomes of rows whose key is not in every file."),
]
Missing: TypeAlias = Annotated[
    str,
    data_option(
        metavar="error|drop|ignore-elements",
        help="What becomes of rows, or of their elements, that lack a value: empty, null, NaN.",
    ),
]
Tokens: TypeAlias = Annotated[
    str | None,
    data_option(
        metavar="|".join(TOKENS),
        help="What texts are split into, for losses of tokens such as error-rate.",
        show_default=False,
    ),
]
Memory: TypeAlias = Annotated[
    str,
    data_option(metavar="SIZE", help="What a join may use before it goes to disk, such as 512M."),
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
        memory=size("--memory", memory),
    )


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
