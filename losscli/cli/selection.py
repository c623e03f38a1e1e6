"""Which rows and columns a loss is evaluated on: the options of every command that evaluates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, TypeAlias

from losscli.cli.expand import expand
from losscli.cli.options import Columns, columns_by_role, data_option, output_option, reading_of
from losscli.data.reading import Reading
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.data.coding import Labels
    from losscli.data.feed import Inputs
    from losscli.domain import Role
    from losscli.spec import TakesRoles

ReductionName: TypeAlias = Annotated[
    str | None,
    output_option(metavar="NAME", help="How rows become one number: mean, sum, none, ..."),
]


@dataclass(frozen=True, slots=True)
class Selection:
    """What is said about the data besides the files' names."""

    column: Sequence[str] | None
    sample_weight: str | None
    group: str | None
    all_rows: bool
    reading: Reading
    by: Sequence[str] = ()
    labels: str | None = None

    @property
    def by_roles(self) -> tuple[str, ...]:
        """Under which names the inputs hold what the rows are sliced by."""
        from losscli.data.feed import by_role

        return tuple(map(by_role, self.by))

    def open(self, loss: TakesRoles, files: Sequence[str]) -> Inputs:
        """The rows of these files, as the roles of this loss.

        Raises:
            UsageError: options exclude each other, or there are too few or too many files.
            DataError: a file cannot be read, or it is not clear which column is meant.
        """
        return self.open_as(loss.inputs, files, columns_by_role(loss.inputs, self.column))

    def open_as(
        self,
        roles: Sequence[Role],
        files: Sequence[str],
        columns: Mapping[str, str],
        labels: Mapping[str, Labels] = MappingProxyType({}),
    ) -> Inputs:
        """The rows of these files, as these roles; ``labels`` are of further columns.

        Raises:
            UsageError, DataError: as :meth:`open`.
        """
        from losscli.data.files import open_files
        from losscli.data.slicing import slice_labels

        columns = dict(columns)
        if self.sample_weight is not None:
            columns["sample_weight"] = self.sample_weight
        if self.group is not None and self.all_rows:
            raise UsageError(
                "--group and --one-group exclude each other", hint="leave one of them out"
            )
        inputs = open_files(
            roles,
            files,
            columns=columns,
            reading=self.reading,
            group=self.group,
            all_rows=self.all_rows,
            labels={**slice_labels(self.by), **labels},
        )
        return inputs if self.labels is None else replace(inputs, written=self.labels)


def _selection_of(
    *,
    column: Columns = None,
    sample_weight: Annotated[
        str | None,
        data_option(metavar="COLUMN", help="The column that weighs the rows."),
    ] = None,
    group: Annotated[
        str | None,
        data_option(
            metavar="COLUMN",
            help="Rows with one value here belong together: a query, a user, an image.",
        ),
    ] = None,
    all_rows: Annotated[
        bool,
        data_option("--one-group", help="All rows are one group."),
    ] = False,
    by: Annotated[
        list[str] | None,
        data_option(
            metavar="COLUMN",
            help="Also the loss of the rows with each value here: a country, a class. Repeatable. "
            "In any of the files, or in by=FILE.",
        ),
    ] = None,
    labels: Annotated[
        str | None,
        data_option(
            metavar="01|pm1|from-1",
            help="How labels are written, where the loss wants others: 01 or pm1 for yes and no, "
            "from-1 for classes 1 .. C.",
        ),
    ] = None,
    classes: Annotated[
        str | None,
        data_option(
            metavar="NAMES",
            help="Labels are names: the classes in the order of the logits, cat,dog,bird or @FILE "
            "with one a line. Default: what the columns of the logits are called.",
            show_default=False,
        ),
    ] = None,
    reading: Reading,
) -> Selection:
    if classes is not None:
        from losscli.data.classes import read_classes

        reading = replace(reading, classes=read_classes(classes))
    return Selection(column, sample_weight, group, all_rows, reading, tuple(by or ()), labels)


selection_of = expand(_selection_of, reading=reading_of)
