"""Tables that hold roles become inputs: joined or paired, labelled, grouped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from losscli.data.columns import (
    Table,
    choose,
    distinct,
    id_columns,
    no_column,
    place_in,
    position_of,
)
from losscli.data.feed import Feed, Inputs
from losscli.data.groups import GroupedFeed, Groups, check_same
from losscli.data.labelled import Labelled, find_labelled
from losscli.data.place import Place
from losscli.data.reading import AS_IT_IS, Reading
from losscli.data.texts import NO_TEXTS, Texts
from losscli.domain import ANYTHING, Array, Role
from losscli.errors import DataError

if TYPE_CHECKING:
    from losscli.data.classes import ClassNames
    from losscli.data.coding import Coder, Labels
    from losscli.data.ids import Ids
    from losscli.data.join import Joined

# The file that holds no role, but columns to slice by.
BY = "by"
_ASIDE = Role(BY, ANYTHING)


@dataclass(frozen=True, slots=True)
class Source:
    """A role and the table that holds it; ``alone`` if the table was given for this role only."""

    role: Role
    table: Table
    alone: bool


@dataclass(frozen=True, slots=True)
class Assembly:
    """Tables whose rows belong together, and what is read of them.

    Attributes:
        sources: the tables of the roles, joined by key if one was named.
        aside: a table that holds no role, but columns to slice by.
        labelled: the columns that become codes, by a name that is no role.
        ids: the columns that name rows in several tables, and have to agree.
        joined: how rows were joined; None where they pair by position.
        reading: how the tables are read.
        texts: what becomes of roles that are text.
    """

    sources: Sequence[Source]
    aside: Table | None = None
    labelled: Mapping[str, Labelled] = field(default_factory=dict)
    ids: Mapping[str, Labelled] = field(default_factory=dict)
    joined: Joined | None = None
    reading: Reading = AS_IT_IS
    texts: Texts = NO_TEXTS

    @classmethod
    def of(
        cls,
        sources: Sequence[Source],
        aside: Table | None,
        labels: Mapping[str, Labels],
        reading: Reading,
        texts: Texts,
        taken: Iterable[str | None],
    ) -> Assembly:
        """Join the tables, and find the columns that hold no role.

        Args:
            sources: the tables of the roles.
            aside: a table that was given for ``labels``.
            labels: by a name that is no role, the labels of a column.
            reading: how the tables are read; by which key they are joined.
            texts: what becomes of roles that are text.
            taken: the names of columns that are something else than ids.

        Raises:
            DataError: a table has no such column, or as :func:`losscli.data.join.align_tables`.
        """
        own = [] if aside is None else [Source(_ASIDE, aside, alone=True)]
        sources, joined = _join([*sources, *own], reading)
        if aside is not None:
            aside = sources.pop().table
        tables = [source.table for source in sources]
        labelled = find_labelled(tables, labels, aside, joined=joined is not None)
        ids = _find_ids(tables, taken, labelled, reading)
        return cls(sources, aside, labelled, ids, joined, reading, texts)

    @property
    def tables(self) -> list[Table]:
        """Every table once."""
        own = [] if self.aside is None else [self.aside]
        return distinct([*(source.table for source in self.sources), *own])

    def feeds(
        self,
        roles: Sequence[Role],
        columns: Mapping[str, str],
        group: str | None = None,
    ) -> tuple[Feed, ...]:
        """One feed for each table, of the columns that hold the roles it is a source of.

        Labels that are names become the indices of ``reading.classes``, or of the names of the
        columns of the logits. Keys, the column ``group`` and those that are labelled hold no role
        that is not named after them, unless ``columns`` says so. Where elements may be missing,
        columns of lists may have some of any length.

        Raises:
            DataError: it is not clear which column is meant, or one does not hold numbers.
        """
        lists = [
            role.name
            for role in roles
            if role.domain.is_list or (self.reading.by_element and role.domain.axes == ("N", "..."))
        ]
        coded = {**self.labelled, **self.ids}
        reserved = {group, *(one.labels.column for one in coded.values())}
        held = [*(s.table for s in self.sources), *(one.table for one in coded.values())]
        tables = [
            (table, self._choose(table, roles, columns, reserved)) for table in distinct(held)
        ]
        named = _class_coders(tables, roles, self.reading.classes)
        made = []
        for table, chosen in tables:
            codes = {name: one for name, one in coded.items() if one.table is table}
            wanted = {**chosen, **{name: (one.column,) for name, one in codes.items()}}
            coders: dict[str, Coder] = {name: one.labels for name, one in codes.items()}
            coders |= {name: coder for name, coder in named.items() if name in chosen}
            coders |= self.texts.coders(table, chosen)
            made.append(table.feed(wanted, lists, coders))
        if named:
            from losscli.data.classes import check_number

            check_number(named, roles, made)
        return tuple(made)

    def _choose(
        self,
        table: Table,
        roles: Sequence[Role],
        columns: Mapping[str, str],
        reserved: Collection[str | None],
    ) -> dict[str, tuple[int, ...]]:
        """The columns of a table that hold its roles."""
        sources = [source for source in self.sources if source.table is table]
        keys = self.joined.columns(table) if self.joined is not None and sources else ()
        names = {*reserved, *(table.columns[i].name for i in keys)}
        taken = {i for i, column in enumerate(table.columns) if column.name in names}

        def find(source: Source) -> tuple[int, ...]:
            return choose(
                source.role,
                roles,
                table,
                wanted=columns.get(source.role.name),
                alone=source.alone,
                taken=taken,
                is_text=self.texts.wants(source.role.name),
            )

        # What -c names for one role is not left over for another.
        named = {s.role.name: find(s) for s in sources if s.role.name in columns}
        taken.update(*named.values())
        return {s.role.name: named.get(s.role.name) or find(s) for s in sources}

    def inputs(
        self,
        feeds: Sequence[Feed],
        constants: Mapping[str, Array],
        labels: Mapping[str, Labels],
    ) -> Inputs:
        """The inputs that these feeds are, once every text has been met."""
        inputs = Inputs(
            tuple(feeds),
            constants,
            labels=labels,
            missing=self.reading.missing,
            ids={name: cast("Ids", one.labels) for name, one in self.ids.items()},
            tokens=self.texts.settled(),
            classes=tuple(self.reading.classes),
        )
        return inputs if self.joined is None else self.joined.apply(inputs)


def _join(sources: Sequence[Source], reading: Reading) -> tuple[list[Source], Joined | None]:
    """The sources with their tables joined by key, if ``reading`` names one."""
    if not reading.on:
        return [*sources], None
    from losscli.data.join import align_tables

    tables = distinct(source.table for source in sources)
    joined = align_tables(tables, reading)
    places = [next(i for i, t in enumerate(tables) if t is s.table) for s in sources]
    pairs = zip(sources, places, strict=True)
    return [replace(source, table=joined.tables[i]) for source, i in pairs], joined


def _find_ids(
    tables: Sequence[Table],
    taken: Iterable[str | None],
    labelled: Mapping[str, Labelled],
    reading: Reading,
) -> dict[str, Labelled]:
    """The columns that name rows in several tables and have to agree, where rows pair by position.

    Those that are ``taken`` or ``labelled`` are looked at by others.
    """
    ids = [id_columns(table) for table in distinct(tables)]
    if reading.on or reading.by_position or len(set().union(*ids)) == sum(map(len, ids)):
        return {}
    from losscli.data.ids import shared_ids

    return shared_ids(tables, {*taken, *(one.labels.column for one in labelled.values())})


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


def column_groups(tables: Sequence[Table], column: str) -> dict[str, Groups]:
    """The groups of each table that has this column, by the name of the table.

    Raises:
        DataError: none has it.
    """
    from losscli.data.runs import find_groups

    found = {}
    for table in distinct(tables):
        at = position_of(table, column, "to group by")
        if at is not None:
            found[table.name] = find_groups(table.keys(at), place_in(table, column))
    if found:
        return found
    raise no_column(distinct(tables), column, "to group by")


def group_inputs(inputs: Inputs, found: Mapping[str, Groups]) -> Inputs:
    """The feeds with a group for a row; those that do not say their groups share the others'.

    Args:
        inputs: rows.
        found: the groups of each feed that has the column, by the name of the feed.

    Raises:
        DataError: the groups of two feeds differ, or a feed has another number of rows.
    """
    first = next(iter(found.values()))
    for name, groups in found.items():
        if groups is not first:
            parts = next((r.parts for f in inputs.feeds if f.name == name for r in f.roles), None)
            check_same(first, groups, Place(name, groups.column, parts=parts))
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
