"""From an input that fails to a small one that fails: fewer rows, then simpler numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from losscli.domain import Array
from losscli.laws.draws import Draw

Rows = Mapping[str, Array]
_MOST_TRIES = 400
_SIMPLE = (0.0, 1.0, -1.0, 0.5, 2.0)


def smallest(rows: Rows, fails: Callable[[Rows], bool], draw: Draw) -> Rows:
    """Rows of the same domains that still fail, as few and as simple as are found soon."""
    shrink = _Shrink(fails, draw)
    return shrink.simpler(shrink.fewer(rows))


class _Shrink:
    def __init__(self, fails: Callable[[Rows], bool], draw: Draw) -> None:
        self._fails, self._draw = fails, draw
        self._left = _MOST_TRIES

    def _still(self, rows: Rows) -> bool:
        self._left -= 1
        return self._fails(rows)

    def fewer(self, rows: Rows) -> Rows:
        """Leave out runs of rows, half of them first, one by one at last."""
        count = _count(rows, self._draw)
        step = count // 2
        while step >= 1 and self._left > 0:
            start = 0
            while start < count and count > 1 and self._left > 0:
                kept = [i for i in range(count) if not start <= i < start + step]
                part = _take(rows, kept, self._draw) if kept else rows
                if kept and self._still(part):
                    rows, count = part, len(kept)
                else:
                    start += step
            step //= 2
        return rows

    def simpler(self, rows: Rows) -> Rows:
        """Put simple numbers in the place of others, where the domain has them."""
        for name in rows:
            for place in np.ndindex(rows[name].shape):
                for value in self._simpler_than(float(rows[name][place])):
                    if self._left <= 0:
                        return rows
                    changed = rows[name].copy()
                    changed[place] = value
                    if self._draw.domains[name].first_bad(changed) is None and self._still(
                        {**rows, name: changed}
                    ):
                        rows = {**rows, name: changed}
                        break
        return rows

    def _simpler_than(self, value: float) -> Iterator[float]:
        candidates = [*_SIMPLE, float(np.round(value)), float(np.round(value, 1))]
        for candidate in dict.fromkeys(candidates):
            if candidate == value:
                return
            yield candidate


def _count(rows: Rows, draw: Draw) -> int:
    return next(len(x) for name, x in rows.items() if name not in draw.tables)


def _take(rows: Rows, kept: list[int], draw: Draw) -> Rows:
    return {name: x if name in draw.tables else x[kept] for name, x in rows.items()}
