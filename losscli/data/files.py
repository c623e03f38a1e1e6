"""The files that the user named: which role each is for, and how to open it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from losscli.data.assembly import BY, Assembly, Source, column_groups, group_inputs
from losscli.data.columns import HeaderUnclearError, Table, distinct, matches, no_column
from losscli.data.feed import NO_LABELS, Inputs
from losscli.data.groups import one_group, ungrouped
from losscli.data.opening import OpenTables, open_table
from losscli.data.reading import AS_IT_IS, Reading
from losscli.data.sources import STANDARD_INPUT
from losscli.data.texts import Texts
from losscli.domain import COMPONENTS, Array, Domain, Role, known_names
from losscli.errors import DataError, UsageError

if TYPE_CHECKING:
    from losscli.data.coding import Labels


def open_files(
    roles: Sequence[Role],
    files: Sequence[str],
    *,
    columns: Mapping[str, str],
    reading: Reading = AS_IT_IS,
    group: str | None = None,
    all_rows: bool = False,
    labels: Mapping[str, Labels] = NO_LABELS,
) -> Inputs:
    """Open what the command line names.

    Args:
        roles: what the loss takes, in its order.
        files: one path for each required role in order, or one that holds them all; ``role=path``
            names the role, and is how optional ones are given; said again, the rows of the next
            file follow. ``by=path`` holds columns of ``labels`` and no role.
        columns: by role, the column or columns that hold it. A role without a file of its own is
            looked for in the files that are given.
        reading: how the files are read.
        group: the column whose values say which rows belong together.
        all_rows: do all rows make one group?
        labels: by a name that is no role of the loss, the labels of a further column, which is
            looked for in all files.

    Raises:
        UsageError: too few or too many files.
        DataError: a file cannot be read, or it is not clear which column is meant.
    """
    paths, shared = _assign(roles, files, columns)
    tables = OpenTables(reading)
    aside = None if any(role.name == BY for role in roles) else paths.pop(BY, None)
    if aside is not None and not labels:
        raise UsageError(f"by={aside[0]} is to slice by", hint="name its columns: --by COLUMN")
    opened = {name: tables[path] for name, path in paths.items()}
    grouped = all_rows or group is not None
    seen = [ungrouped(role) for role in roles] if grouped else roles
    sources = [
        Source(role, opened[role.name], alone=role.name not in shared)
        if role.name in opened
        else _look_up(role, list(opened.values()), columns[role.name])
        for role in seen
        if role.name in opened or role.name in columns
    ]
    whole = {source.role.name: _read_whole(source) for source in sources if source.role.is_table}
    assembly = Assembly.of(
        [source for source in sources if not source.role.is_table],
        None if aside is None else tables[aside],
        labels,
        reading,
        Texts(reading.tokens, roles, grouped=grouped),
        taken=[group, *columns.values()],
    )
    feeds = assembly.feeds(seen, columns, group)
    coded = {name: one.labels for name, one in assembly.labelled.items()}
    inputs = assembly.inputs(feeds, whole, coded)
    if not grouped:
        return inputs
    if group is None:
        return group_inputs(inputs, {f.name: one_group(f.rows or 0) for f in inputs.feeds})
    return group_inputs(inputs, column_groups(assembly.tables, group))


def _read_whole(source: Source) -> Array:
    """A role that is one array for the whole run: all rows of its file."""
    role, table = source.role, source.table
    if not source.alone:
        raise UsageError(
            f"{role.name} is {role.domain.meaning}, not a column", hint=f"give {role.name}=FILE"
        )
    columns = tuple(i for i, column in enumerate(table.columns) if column.is_number)
    feed = table.feed({role.name: columns})
    with closing(feed.cursor(0, None)) as cursor:
        values = cursor.read(feed.rows or 0)[role.name]
    return np.asarray(values)


def _assign(
    roles: Sequence[Role], files: Sequence[str], columns: Mapping[str, str]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The files of each role that has some, and the roles that have theirs in common."""
    named, positional = _split_named(roles, files)
    given = list(named.values())
    together = [name for name, paths in named.items() if given.count(paths) > 1]
    required = [role.name for role in roles if not role.optional and role.name not in named]
    in_rows = [role.name for role in roles if role.name in required and not role.is_table]
    if len(positional) == 1 and len(required) > 1:
        return named | dict.fromkeys(in_rows, (positional[0],)), [*together, *in_rows]
    if len(positional) != len(required):
        required = [name for name in required if name not in columns]
    if len(positional) != len(required):
        raise wrong_number("file", roles, files)
    paths = [(path,) for path in positional]
    return named | dict(zip(required, paths, strict=True)), together


def _split_named(
    roles: Sequence[Role], files: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    names = {**known_names(roles), BY: BY}
    named: dict[str, tuple[str, ...]] = {}
    positional = []
    for file in files:
        name, equals, path = file.partition("=")
        if not equals or name not in names:
            positional.append(file)
        else:
            role = names[name]
            named[role] = (*named.get(role, ()), path)
    if [*chain.from_iterable(named.values()), *positional].count(STANDARD_INPUT) > 1:
        raise UsageError(
            "standard input is for one role, since it can be read once",
            hint="or - alone with all roles as columns; <(COMMAND) is a file of its own",
        )
    return named, positional


def wrong_number(noun: str, roles: Sequence[Role], given: Sequence[object]) -> UsageError:
    """The error for too few or too many files or arrays."""
    required = [role.name.upper() for role in roles if not role.optional]
    optional = [role.name for role in roles if role.optional]
    count = len(required)
    whole = {1: "it", 2: "both"}.get(count, f"all {count}")
    these = {1: f"one {noun}"}.get(count, f"{count} {noun}s")
    hint = f"or one {'file' if noun == 'file' else 'frame or path'} with {whole} as columns"
    if optional and noun == "file":
        hint += f"; optional: {', '.join(f'{name}=FILE' for name in optional)}"
    if len(given) > count + len(optional) and noun == "file":
        hint += "; many files as one table: quote the pattern, or name the folder"
    return UsageError(
        f"this loss takes {these}: {' '.join(required)}; given: {len(given)}", hint=hint
    )


def _look_up(role: Role, tables: Sequence[Table], wanted: str) -> Source:
    """The one given file that has these columns."""
    found = [table for table in distinct(tables) if matches(table, wanted)]
    if len(found) == 1:
        return Source(role, found[0], alone=False)
    if found:
        raise UsageError(
            f"{' and '.join(table.name for table in found)} both have {wanted!r} for {role.name}",
            hint=f"name the file: {role.name}=FILE -c {role.name}={wanted}",
        )
    raise no_column(distinct(tables), wanted, f"for {role.name}")


def read_vector(path: str) -> tuple[float, ...]:
    """A few numbers from a file: its one column of numbers, or its one row.

    Raises:
        DataError: the file cannot be read, or has several columns and several rows.
    """
    try:
        table = open_table(path)
    except HeaderUnclearError:
        # Nobody names columns of weights by numbers.
        table = open_table(path, reading=Reading(header=False))
    role = Role("weight", Domain("weight", COMPONENTS, "a weight"), optional=False)
    (feed,) = Assembly([Source(role, table, alone=True)]).feeds([role], {})
    with closing(feed.cursor(0, None)) as cursor:
        values = np.asarray(cursor.read(feed.rows or 0)[role.name])
    if values.ndim > 1 and len(values) > 1:
        raise DataError(
            f"has {len(values)} rows of {values[0].size} numbers; wanted is one column or one row",
            path=path,
            code="LC120",
        )
    return tuple(values.reshape(-1).tolist())
