"""Who reads and evaluates the blocks: this thread, or a few threads at once.

Each span is walked by one thread with cursors of its own, so what it decodes it also evaluates
while it is in cache. Outcomes come back in block order through one bounded queue a span. When
there are fewer spans than threads, the files of a span are read side by side, a block ahead of the
arithmetic.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from queue import Full, Queue
from threading import Event
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from losscli.data.align import count_mismatch
from losscli.data.feed import Cursor, Rows
from losscli.engine.blocks import arrange
from losscli.engine.gaps import Gaps, leave_out
from losscli.engine.identity import check_ids
from losscli.engine.plan import Block, Plan, Schedule, Span
from losscli.numerics import keep_freed_memory
from losscli.ragged import Ragged

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

Outcome = TypeVar("Outcome")

# Blocks that a span may be ahead of the fold: bounds memory, and lets a span of a few million rows
# finish without waiting for the one before it.
_QUEUE_BLOCKS = 32
_POLL_SECONDS = 0.05


def default_threads() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# One block for each plan; None while the plan gathers a larger one.
Blocks: TypeAlias = tuple[Block | None, ...]


def run(
    schedule: Schedule,
    measure: Callable[[Blocks], Outcome],
    threads: int | None = None,
    *,
    serial: bool = False,
) -> Generator[Outcome, None, None]:
    """``measure`` of all blocks, in row order, whatever the number of threads.

    With ``serial`` one thread calls ``measure``, block after block; the others read ahead.

    Raises:
        DataError: the first fault in row order: a value outside its domain, a missing value,
            files of different lengths.
    """
    spans = schedule.spans()
    threads = default_threads() if threads is None else threads
    keep_freed_memory()
    if threads == 1 or (schedule.rows or schedule.step + 1) <= schedule.step:
        for span in spans:
            yield from (measure(blocks) for blocks in _walk(schedule, span, None))
        return
    yield from _run_threads(schedule, spans, measure, threads, 1 if serial else threads)


def _run_threads(
    schedule: Schedule,
    spans: list[Span],
    measure: Callable[[Blocks], Outcome],
    threads: int,
    evaluating: int,
) -> Generator[Outcome, None, None]:
    from concurrent.futures import ThreadPoolExecutor

    stop = Event()
    with ExitStack() as stack:
        workers = stack.enter_context(ThreadPoolExecutor(evaluating, "losscli-span"))
        readers = None
        if min(len(spans), evaluating) < threads:
            readers = stack.enter_context(ThreadPoolExecutor(threads, "losscli-read"))
        stack.callback(workers.shutdown, wait=False, cancel_futures=True)
        stack.callback(stop.set)
        lanes: deque[_Lane[Outcome]] = deque()
        for span in spans:
            # One span waits for its thread, no more: those that are done hold their outcomes.
            if len(lanes) > threads:
                yield from lanes.popleft()
            lanes.append(_Lane(stop))
            workers.submit(_fill, lanes[-1], schedule, span, measure, readers)
        while lanes:
            yield from lanes.popleft()


class _Lane(Iterator[Outcome]):
    """The outcomes of one span on their way to the fold; what went wrong travels in their place."""

    def __init__(self, stop: Event) -> None:
        self._queue: Queue[tuple[Outcome | None, BaseException | None]] = Queue(_QUEUE_BLOCKS)
        self._stop = stop

    def put(self, outcome: Outcome | None, error: BaseException | None = None) -> bool:
        """Hand over an outcome, or the end (neither). False when nobody wants it any more."""
        while not self._stop.is_set():
            try:
                self._queue.put((outcome, error), timeout=_POLL_SECONDS)
            except Full:
                continue
            return True
        return False

    def __next__(self) -> Outcome:
        outcome, error = self._queue.get()
        if error is not None:
            raise error
        if outcome is None:
            raise StopIteration
        return outcome


def _fill(
    lane: _Lane[Outcome],
    schedule: Schedule,
    span: Span,
    measure: Callable[[Blocks], Outcome],
    readers: Executor | None,
) -> None:
    try:
        for blocks in _walk(schedule, span, readers):
            if not lane.put(measure(blocks)):
                return
    except BaseException as error:
        lane.put(None, error)
    else:
        lane.put(None)


def _walk(schedule: Schedule, span: Span, readers: Executor | None) -> Iterator[Blocks]:
    """The blocks of a span, checked against the domains of their roles."""
    step = schedule.step
    gathers = [_Gather(plan, step) for plan in schedule.plans]
    with ExitStack() as stack:
        cursors: list[Cursor | _Ahead] = []
        for feed in schedule.inputs.feeds:
            cursor = stack.enter_context(closing(feed.cursor(span.start, span.stop)))
            cursors.append(_Ahead(cursor, readers, step, stack) if readers else cursor)
        start = span.start
        while span.stop is None or start < span.stop:
            read, rows = _read(schedule, cursors, start)
            if rows == 0:
                break
            check_ids(read, start, schedule.inputs)
            there, gaps = leave_out(read, start, rows, schedule.inputs)
            start += rows
            yield tuple(gather.add(there, gaps) for gather in gathers)
    if any(gather.rows for gather in gathers):
        yield tuple(gather.flush() for gather in gathers)


def _read(
    schedule: Schedule, cursors: list[Cursor | _Ahead], start: int
) -> tuple[dict[str, Rows], int]:
    """The next rows of all feeds, and how many they are."""
    arrays: dict[str, Rows] = {}
    counts = []
    for cursor in cursors:
        rows = cursor.read(schedule.step)
        arrays |= rows
        counts.append(len(next(iter(rows.values()))))
    if len(set(counts)) > 1:
        raise count_mismatch(schedule.inputs, [start + count for count in counts])
    return arrays, counts[0]


class _Gather:
    """The rows of one plan on their way to a block of its own size."""

    def __init__(self, plan: Plan, step: int) -> None:
        self._plan = plan
        self._is_whole = plan.block_rows == step
        self._parts: list[Mapping[str, Rows]] = []
        self._gaps: list[Gaps] = []
        self.rows = 0

    def add(self, read: Mapping[str, Rows], gaps: Gaps) -> Block | None:
        """The block that these rows complete."""
        mine = self._plan.take(read)
        if self._is_whole:
            return arrange(self._plan, mine, gaps)
        self._parts.append(mine)
        self._gaps.append(gaps)
        self.rows += gaps.rows
        return self.flush() if self.rows == self._plan.block_rows else None

    def flush(self) -> Block | None:
        """The block of what was gathered since the last."""
        if not self._parts:
            return None
        parts, gaps = self._parts, Gaps.joined(self._gaps)
        self._parts, self._gaps, self.rows = [], [], 0
        read = {name: _join([part[name] for part in parts]) for name in parts[0]}
        return arrange(self._plan, read, gaps)


def _join(parts: Sequence[Rows]) -> Rows:
    lists = [part for part in parts if isinstance(part, Ragged)]
    if lists:
        return Ragged.joined(lists)
    return np.concatenate([part for part in parts if isinstance(part, np.ndarray)])


class _Ahead:
    """A cursor that is read one block ahead, on another thread."""

    def __init__(self, cursor: Cursor, readers: Executor, rows: int, stack: ExitStack) -> None:
        self._cursor, self._readers, self._rows = cursor, readers, rows
        self._next: Future[Mapping[str, Rows]] = readers.submit(cursor.read, rows)
        stack.callback(self._settle)

    def read(self, n: int) -> Mapping[str, Rows]:
        """The next rows; ``n`` is the same for every call."""
        rows = self._next.result()
        self._next = self._readers.submit(self._cursor.read, n)
        return rows

    def _settle(self) -> None:
        # The cursor may be closed only when nobody reads from it. A fault in rows past the end of
        # the walk is nobody's: the thread that folds has raised an earlier one, or wants no more.
        if not self._next.cancel():
            self._next.exception()
