"""The files that the user named: which role each is for, and how to open it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import numpy as np

from losscli.data.columns import (
    HeaderUnclearError,
    Table,
    choose,
    is_id,
    matches,
    no_column,
    place_in,
    position_of,
)
from losscli.data.feed import NO_LABELS, Feed, Inputs
from losscli.data.groups import GroupedFeed, Groups, check_same, one_group, ungrouped
from losscli.data.labelled import Labelled, find_labelled
from losscli.data.opening import OpenTables, open_table
from losscli.data.place import Place
from losscli.data.reading import AS_IT_IS, Reading
from losscli.data.sources import STANDARD_INPUT
from losscli.data.texts import NO_TEXTS, Texts
from losscli.domain import ANYTHING, COMPONENTS, Array, Domain, Role, known_names
from losscli.errors import DataError, UsageError

if TYPE_CHECKING:
    from losscli.data.classes import ClassNames
    from losscli.data.coding import Coder, Labels
    from losscli.data.ids import Ids
    from losscli.data.join import Joined


_NONE_LABELLED: Mapping[str, Labelled] = MappingProxyType({})

# The file that holds no role, but columns to slice by.
_BY = "by"
_ASIDE = Role(_BY, ANYTHING)


@dataclass(frozen=True, slots=True)
class Source:
    """A role and the table that holds it; ``alone`` if the table was given for this role only."""

    role: Role
    table: Table
    alone: bool


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
            names the role, and is how optional ones are given; ``by=path`` holds columns of
            ``labels`` and no role.
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
    aside = None if any(role.name == _BY for role in roles) else paths.pop(_BY, None)
    if aside is not None and not labels:
        raise UsageError(f"by={aside} is to slice by", hint="name its columns: --by COLUMN")
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
    texts = Texts(reading.tokens, roles, grouped=grouped)
    whole = {source.role.name: _read_whole(source) for source in sources if source.role.is_table}
    by_row = [source for source in sources if not source.role.is_table]
    if aside is not None:
        by_row.append(Source(_ASIDE, tables[aside], alone=True))
    by_row, joined = join_sources(by_row, reading)
    own = by_row.pop().table if aside is not None else None
    held = [source.table for source in by_row]
    labelled = find_labelled(held, labels, own, joined=joined is not None)
    ids = find_ids(held, [group, *columns.values()], labelled, reading)
    both = {**labelled, **ids}
    made = feeds(by_row, seen, columns, group, both, joined, reading, texts)
    coded = {name: one.labels for name, one in labelled.items()}
    inputs = Inputs(
        made,
        whole,
        labels=coded,
        missing=reading.missing,
        ids=ids_in(ids),
        tokens=texts.settled(),
    )
    if joined is not None:
        inputs = joined.apply(inputs)
    if not grouped:
        return inputs
    if group is None:
        return group_inputs(inputs, {f.name: one_group(f.rows or 0) for f in inputs.feeds})
    return group_inputs(inputs, column_groups(held if own is None else [*held, own], group))


def find_ids(
    tables: Sequence[Table],
    taken: Iterable[str | None],
    labelled: Mapping[str, Labelled],
    reading: Reading,
) -> dict[str, Labelled]:
    """The columns that name rows in several tables and have to agree, where rows pair by position.

    Those that are ``taken`` or ``labelled`` are looked at by others.
    """
    distinct = {id(table): table for table in tables}.values()
    ids = [{column.name for column in table.columns if is_id(column.name)} for table in distinct]
    if reading.on or reading.by_position or len(set().union(*ids)) == sum(map(len, ids)):
        return {}
    from losscli.data.ids import shared_ids

    return shared_ids(tables, {*taken, *(one.labels.column for one in labelled.values())})


def ids_in(found: Mapping[str, Labelled]) -> dict[str, Ids]:
    """What :func:`find_ids` found, by name."""
    return {name: cast("Ids", one.labels) for name, one in found.items()}


def join_sources(sources: Sequence[Source], reading: Reading) -> tuple[list[Source], Joined | None]:
    """The sources with their tables joined by key, if ``reading`` names one.

    Raises:
        DataError: as :func:`losscli.data.join.align_tables`.
    """
    if not reading.on:
        return [*sources], None
    from losscli.data.join import align_tables

    tables = list({id(source.table): source.table for source in sources}.values())
    joined = align_tables(tables, reading)
    places = [next(i for i, t in enumerate(tables) if t is s.table) for s in sources]
    pairs = zip(sources, places, strict=True)
    return [replace(source, table=joined.tables[i]) for source, i in pairs], joined


def group_inputs(inputs: Inputs, found: Mapping[str, Groups]) -> Inputs:
    """The feeds with a group for a row; those that do not say their groups share the others'.

    Args:
        inputs: rows.
        found: the groups of each feed that has the column, by the name of the feed.
    """
    first = next(iter(found.values()))
    for name, groups in found.items():
        if groups is not first:
            check_same(first, groups, Place(name, groups.column))
    for feed in inputs.feeds:
        groups = found.get(feed.name, first)
        if feed.rows is not None and feed.rows != groups.bounds[-1]:
            raise DataError(
                f"has {feed.rows} rows, but the groups of {groups.column} have {groups.bounds[-1]}",
                path=feed.name,
                hint=f"give it a column {groups.column} of its own, or one row for each of theirs",
                code="LC114",
            )
    grouped = tuple(GroupedFeed(feed, found.get(feed.name, first)) for feed in inputs.feeds)
    return replace(inputs, feeds=grouped, groups=first)


def column_groups(tables: Sequence[Table], column: str) -> dict[str, Groups]:
    """The groups of each table that has this column, by the name of the table.

    Raises:
        DataError: none has it.
    """
    from losscli.data.runs import find_groups

    distinct = {id(table): table for table in tables}.values()
    found = {}
    for table in distinct:
        at = position_of(table, column, "to group by")
        if at is not None:
            found[table.name] = find_groups(table.keys(at), place_in(table, column))
    if found:
        return found
    raise no_column([*distinct], column, "to group by")


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
) -> tuple[dict[str, str], list[str]]:
    """The path for each role that has one, and the roles that have one path in common."""
    named, positional = _split_named(roles, files)
    given = list(named.values())
    together = [name for name, path in named.items() if given.count(path) > 1]
    required = [role.name for role in roles if not role.optional and role.name not in named]
    in_rows = [role.name for role in roles if role.name in required and not role.is_table]
    if len(positional) == 1 and len(required) > 1:
        return named | dict.fromkeys(in_rows, positional[0]), [*together, *in_rows]
    if len(positional) != len(required):
        required = [name for name in required if name not in columns]
    if len(positional) != len(required):
        raise wrong_number("file", roles, files)
    return named | dict(zip(required, positional, strict=True)), together


def feeds(
    sources: Sequence[Source],
    roles: Sequence[Role],
    columns: Mapping[str, str],
    group: str | None = None,
    labelled: Mapping[str, Labelled] = _NONE_LABELLED,
    joined: Joined | None = None,
    reading: Reading = AS_IT_IS,
    texts: Texts = NO_TEXTS,
) -> tuple[Feed, ...]:
    """One feed for each table, of the columns that hold the roles it is a source of.

    Labels that are names become the indices of ``reading.classes``, or of the names of the columns
    of the logits; ``texts`` are split into tokens. The keys of ``joined``, the column ``group`` and
    those that are ``labelled`` hold no role that is not named after them, unless ``columns`` says
    so. Where elements may be missing, columns of lists may have some of any length.

    Raises:
        DataError: it is not clear which column is meant, or one does not hold numbers.
    """
    held = [*(source.table for source in sources), *(one.table for one in labelled.values())]
    lists = [
        role.name
        for role in roles
        if role.domain.is_list or (reading.by_element and role.domain.axes == ("N", "..."))
    ]
    reserved = {group, *(one.labels.column for one in labelled.values())}
    tables = []
    for table in {id(table): table for table in held}.values():
        own = [source for source in sources if source.table is table]
        keys = joined.columns(table) if joined is not None else ()
        names = reserved | {table.columns[i].name for i in keys}
        tables.append((table, _choose_all(own, roles, columns, names, texts) if own else {}))
    named = _class_coders(tables, roles, reading.classes)
    made = []
    for table, chosen in tables:
        coded = {name: one for name, one in labelled.items() if one.table is table}
        wanted = {**chosen, **{name: (one.column,) for name, one in coded.items()}}
        coders: dict[str, Coder] = {name: one.labels for name, one in coded.items()}
        coders |= {name: coder for name, coder in named.items() if name in chosen}
        coders |= texts.coders(table, chosen)
        made.append(table.feed(wanted, lists, coders))
    if named:
        from losscli.data.classes import check_number

        check_number(named, roles, made)
    return tuple(made)


def _class_coders(
    chosen: Sequence[tuple[Table, Mapping[str, tuple[int, ...]]]],
    roles: Sequence[Role],
    classes: Sequence[str],
) -> Mapping[str, ClassNames]:
    """How labels that are names become numbers; nearly always there are none."""
    texts = (
        role
        for table, columns in chosen
        for role, at in columns.items()
        if not table.columns[at[0]].is_number
    )
    if not classes and next(texts, None) is None:
        return {}
    from losscli.data.classes import class_coders

    return class_coders(chosen, roles, classes)


def _choose_all(
    sources: Sequence[Source],
    roles: Sequence[Role],
    columns: Mapping[str, str],
    reserved: Collection[str | None],
    texts: Texts,
) -> dict[str, tuple[int, ...]]:
    def find(source: Source) -> tuple[int, ...]:
        role, wanted = source.role, columns.get(source.role.name)
        return choose(
            role,
            roles,
            source.table,
            wanted=wanted,
            alone=source.alone,
            taken=taken,
            is_text=texts.wants(role.name),
        )

    # What -c names for one role is not left over for another.
    taken = {i for i, c in enumerate(sources[0].table.columns) if c.name in reserved}
    named = {s.role.name: find(s) for s in sources if s.role.name in columns}
    taken.update(*named.values())
    return {s.role.name: named.get(s.role.name) or find(s) for s in sources}


def _split_named(roles: Sequence[Role], files: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    names = {**known_names(roles), _BY: _BY}
    named: dict[str, str] = {}
    positional = []
    for file in files:
        name, equals, path = file.partition("=")
        if not equals or name not in names:
            positional.append(file)
        elif (role := names[name]) in named:
            raise UsageError(f"{name} is given twice: {named[role]} and {path}")
        else:
            named[role] = path
    if [*named.values(), *positional].count(STANDARD_INPUT) > 1:
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
    return UsageError(
        f"this loss takes {these}: {' '.join(required)}; given: {len(given)}", hint=hint
    )


def _look_up(role: Role, tables: Sequence[Table], wanted: str) -> Source:
    """The one given file that has these columns."""
    distinct = list({id(table): table for table in tables}.values())
    found = [table for table in distinct if matches(table, wanted)]
    if len(found) == 1:
        return Source(role, found[0], alone=False)
    if found:
        raise UsageError(
            f"{' and '.join(table.name for table in found)} both have {wanted!r} for {role.name}",
            hint=f"name the file: {role.name}=FILE -c {role.name}={wanted}",
        )
    raise no_column(distinct, wanted, f"for {role.name}")


def read_vector(path: str) -> tuple[float, ...]:
    """A few numbers from a file: its one column of numbers, or its one row.

    Raises:
        DataError: the file cannot be read, or has several columns and several rows.
    """
    try:
        table = open_table(path)
    except HeaderUnclearError:
        # Nobody names columns of weights by numbers.
        table = open_table(path, Reading(header=False))
    role = Role("weight", Domain("weight", COMPONENTS, "a weight"), optional=False)
    (feed,) = feeds([Source(role, table, alone=True)], [role], {})
    with closing(feed.cursor(0, None)) as cursor:
        values = np.asarray(cursor.read(feed.rows or 0)[role.name])
    if values.ndim > 1 and len(values) > 1:
        raise DataError(
            f"has {len(values)} rows of {values[0].size} numbers; wanted is one column or one row",
            path=path,
            code="LC120",
        )
    return tuple(values.reshape(-1).tolist())
