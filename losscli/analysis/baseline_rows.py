"""The loss of each row beside a baseline, so that a later run is paired with it row by row.

The loss is what the row adds to the sum, weights and all, so that the sum over what the mean
divides by is the baseline's number again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np

from losscli.analysis.baseline import Baseline
from losscli.analysis.digest import LossDigest
from losscli.analysis.worse import Paired, PairedFold
from losscli.data.feed import Cursor
from losscli.data.opening import open_table
from losscli.engine.evaluate import Sample
from losscli.errors import DataError
from losscli.results import Result

_UPDATE = "--update-baseline with --baseline-rows writes them anew"


class StoredRows:
    """The losses of a baseline, read in step with those of a run."""

    def __init__(self, path: str, cursor: Cursor) -> None:
        self._path = path
        self._cursor = cursor
        self._digest = LossDigest()
        self._fold = PairedFold()

    def take(self, sample: Sample) -> None:
        """Pair the next rows.

        Raises:
            DataError: the file ends before.
        """
        before = np.asarray(self._cursor.read(len(sample))["loss"])
        if len(before) < len(sample):
            raise DataError("has fewer rows than the baseline", path=self._path, hint=_UPDATE)
        self._digest.add(before)
        self._fold.add(before, sample.loss, sample.divisor)

    def paired(self, result: Result, baseline: Baseline) -> Paired:
        """The difference to the baseline and its standard error.

        Raises:
            DataError: these are not the losses that the baseline was made of.
        """
        if len(self._cursor.read(1)["loss"]):
            raise DataError("has more rows than the baseline", path=self._path, hint=_UPDATE)
        if baseline.rows is None or self._digest.text() != baseline.rows.digest:
            raise DataError(
                "does not hold the losses that the baseline was made of",
                path=self._path,
                hint=_UPDATE,
            )
        return self._fold.paired(result.value, baseline.value)


@contextmanager
def open_stored(path: str) -> Iterator[StoredRows]:
    """The losses of a baseline from their file.

    Raises:
        DataError: it cannot be read, or has no column ``loss``.
    """
    table = open_table(path)
    at = [i for i, column in enumerate(table.columns) if column.name == "loss"]
    if len(at) != 1:
        raise DataError("has no column 'loss'", path=path, hint=_UPDATE)
    feed = table.feed({"loss": (at[0],)})
    with closing(feed.cursor(0, None)) as cursor:
        yield StoredRows(path, cursor)
