"""The files that the user named: which role each is for, and how to open it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from losscli.data.columns import Table, choose, matches
from losscli.data.feed import Feed, Inputs
from losscli.errors import DataError, UsageError, did_you_mean
from losscli.spec import Role

_DELIMITERS = {".csv": ",", ".txt": ",", ".tsv": "\t"}
_PARQUET_MAGIC = b"PAR1"
_PARQUET = (".parquet", ".pq")
_FORMATS = ".csv, .tsv, .txt and .parquet"


@dataclass(frozen=True, slots=True)
class Source:
    """A table and the role it is read for; ``alone`` if it was given for that role only."""

    role: Role
    table: Table
    alone: bool


def open_files(
    roles: Sequence[Role],
    files: Sequence[str],
    *,
    columns: Mapping[str, str],
    header: bool | None = None,
) -> Inputs:
    """Open what the command line names.

    Args:
        roles: what the loss takes, in its order.
        files: one path for each required role in order, or one that holds them all; ``role=path``
            names the role, and is how optional ones are given.
        columns: by role, the column or columns that hold it. A role without a file of its own is looked
            for in the files that are given.
        header: does a CSV file begin with the names of its columns? None if that is obvious.

    Raises:
        UsageError: too few or too many files.
        DataError: a file cannot be read, or it is not clear which column is meant.
    """
    tables = OpenTables(header)
    named, paths = _split_named(roles, files)
    given = assign(roles, [*paths], named, columns)
    alone = len({*given.values()}) == len(given)
    ...
