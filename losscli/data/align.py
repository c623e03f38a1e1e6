"""Rows of several feeds belong together by position: row 7 of one is row 7 of the other."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.data.feed import Feed, Inputs
from losscli.errors import DataError

_BY_POSITION = "rows are paired by position, so every input must have the same number of rows"


def check_counts(inputs: Inputs) -> None:
    """Do all feeds that know how many rows they have agree, and is there a row at all?

    Raises:
        DataError: two feeds differ, or there are no rows.
    """
    counts = [feed.rows for feed in inputs.feeds]
    known = {count for count in counts if count is not None}
    if len(known) > 1:
        raise count_mismatch(inputs, counts)
    if known == {0} or not counts:
        raise no_rows(inputs)


def count_mismatch(inputs: Inputs, counts: Sequence[int | None]) -> DataError:
    """The error for feeds of different lengths, one count a feed; None is a count not known yet.

    While a stream is read, the count of a feed that has not ended is what was read of it so far.
    """
    pairs = zip(counts, inputs.feeds, strict=True)
    known = [(count, feed) for count, feed in pairs if count is not None]
    short, first = min(known, key=lambda pair: pair[0])
    long, second = max(known, key=lambda pair: pair[0])
    return DataError(
        f"{first.name} has {_rows(short)}, {second.name} has {_count(second, long)}: "
        f"{_row_name(second, short)} has no partner",
        hint=f"{_BY_POSITION}; look for missing or extra rows, for example at the end",
        code="LC121",
    )


def _row_name(feed: Feed, row: int) -> str:
    """What a message calls a row, from 0, of the file that has it."""
    parts = next((role.parts for role in feed.roles if role.parts is not None), None)
    name, at = (feed.name, row) if parts is None else parts.locate(row)
    return f"row {at + 1} of {name}"


def _count(feed: Feed, count: int) -> str:
    return _rows(feed.rows) if feed.rows is not None else f"at least {_rows(count)}"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def nothing_there(inputs: Inputs) -> DataError:
    """The error for data of which no row has all its values."""
    names = " and ".join(feed.name for feed in inputs.feeds)
    return DataError(
        f"no row of {names} has all its values, so nothing is left to evaluate",
        hint="look whether a column is empty altogether, or -c names the wrong one",
        code="LC122",
    )


def no_rows(inputs: Inputs) -> DataError:
    """The error for data without a single row."""
    names = " and ".join(feed.name for feed in inputs.feeds) or "the input"
    verb = "have" if len(inputs.feeds) > 1 else "has"
    return DataError(
        f"{names} {verb} no rows", hint="a loss of nothing is not defined", code="LC122"
    )
