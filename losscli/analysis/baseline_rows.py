"""The loss of each row beside a baseline, so that a later run is paired with it row by row.

The loss is what the row adds to the sum, weights and all, so that the sum over what the mean
divides by is the baseline's number again. Rows are paired by position, or by key where both runs
joined their files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np

from losscli.analysis.baseline import Baseline
from losscli.analysis.digest import LossDigest
from losscli.analysis.worse import Paired, PairedFold
from losscli.data.columns import Table
from losscli.data.feed import Cursor, JoinKeys
from losscli.data.opening import open_table
from losscli.data.sink import KEY
from losscli.engine.sample import Sample
from losscli.errors import DataError
from losscli.results import Result

_UPDATE = "--update-baseline with --baseline-rows writes them anew"


class StoredRows:
    """The losses of a baseline, read in step with those of a run.

    Args:
        path: their file.
        cursor: the rows, in the order of the run's.
        ordered: is that the order of the file?
    """

    def __init__(self, path: str, cursor: Cursor, *, ordered: bool = True) -> None:
        self._path = path
        self._cursor = cursor
        self._digest = LossDigest(ordered)
        self._fold = PairedFold()

    def take(self, sample: Sample) -> None:
        """Pair the next rows.

        Raises:
            DataError: the file ends before.
        """
        before = np.asarray(self._cursor.read(len(sample))["loss"])
        if len(before) < len(sample):
            raise DataError(
                "has fewer rows than the baseline", path=self._path, hint=_UPDATE, code="LC501"
            )
        self._digest.add(before)
        self._fold.add(before, sample.loss, sample.divisor)

    def paired(self, result: Result, baseline: Baseline) -> Paired:
        """The difference to the baseline and its standard error.

        Raises:
            DataError: these are not the losses that the baseline was made of.
        """
        if len(self._cursor.read(1)["loss"]):
            raise DataError(
                "has more rows than the baseline", path=self._path, hint=_UPDATE, code="LC501"
            )
        if baseline.rows is None or self._digest.text() != baseline.rows.digest:
            raise DataError(
                "does not hold the losses that the baseline was made of",
                path=self._path,
                hint=_UPDATE,
                code="LC501",
            )
        return self._fold.paired(result.value, baseline.value)


@contextmanager
def open_stored(path: str, baseline: Baseline, keys: JoinKeys | None) -> Iterator[StoredRows]:
    """The losses of a baseline from their file.

    Args:
        path: the file.
        baseline: what it belongs to.
        keys: those of the rows of the run, if it joined its files.

    Raises:
        DataError: the file cannot be read or has no column ``loss``; its rows are not kept as the
            run pairs them; a key is not on both sides.
    """
    table = open_table(path)
    at = _find(table, "loss")
    if at is None:
        raise DataError("has no column 'loss'", path=path, hint=_UPDATE, code="LC501")
    # Groups have keys as well, but were not joined by them.
    key = None if baseline.identity.group is not None else _find(table, KEY)
    if keys is None and key is not None:
        raise DataError(
            "keeps rows by key, and this run pairs them by position",
            path=path,
            hint=f"join the files as the baseline did: --on KEY; or {_UPDATE}",
            code="LC501",
        )
    if keys is not None:
        if key is None:
            raise DataError(
                "keeps rows by position, and this run joins them by key",
                path=path,
                hint=f"leave out --on, as the baseline did; or {_UPDATE}",
                code="LC501",
            )
        table = keys.align(table, key, f"join the same rows by the same columns; or {_UPDATE}")
    feed = table.feed({"loss": (at,)})
    with closing(feed.cursor(0, None)) as cursor:
        yield StoredRows(path, cursor, ordered=keys is None)


def _find(table: Table, name: str) -> int | None:
    """The one column of this name."""
    at = [i for i, column in enumerate(table.columns) if column.name == name]
    return at[0] if len(at) == 1 else None
