"""Who reads and evaluates the blocks: this thread, or a few threads at once.

Each span is walked by one thread with cursors of its own, so what it decodes it also evaluates
while it is in cache. Outcomes come back in block order through one bounded queue a span. When
there are fewer spans than threads, the files of a span are read side by side, a block ahead of the
arithmetic.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from queue import Full, Queue
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from losscli.data.align import count_mismatch
from losscli.data.feed import Cursor, Rows
from losscli.engine.blocks import arrange
from losscli.engine.plan import Block, Plan, Span
from losscli.numerics import keep_freed_memory

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


def run(
    plan: Plan, measure: Callable[[Block], Outcome], threads: int | None = None
) -> Generator[Outcome, None, None]:
    """``measure`` of every block, in block order, whatever the number of threads.

    Raises:
        DataError: the first fault in row order: a value outside its domain, a missing value,
            files of different lengths.
    """
    spans = plan.spans()
    threads = default_threads() if threads is None else threads
    keep_freed_memory()
    if threads == 1 or (plan.rows or plan.block_rows + 1) <= plan.block_rows:
        for span in spans:
            yield from (measure(block) for block in _walk(plan, span, None))
        return
    yield from _run_threads(plan, spans, measure, threads)


def _run_threads(
    plan: Plan, spans: list[Span], measure: Callable[[Block], Outcome], threads: int
) -> Generator[Outcome, None, None]:
    from concurrent.futures import ThreadPoolExecutor

    stop = Event()
    with ExitStack() as stack:
        workers = stack.enter_context(ThreadPoolExecutor(threads, "losscli-span"))
        readers = None
        if len(spans) < threads:
            readers = stack.enter_context(ThreadPoolExecutor(threads, "losscli-read"))
        stack.callback(workers.shutdown, wait=False, cancel_futures=True)
        stack.callback(stop.set)
        lanes: deque[_Lane[Outcome]] = deque()
        for span in spans:
            # One span waits for its thread, no more: those that are done hold their outcomes.
            if len(lanes) > threads:
                yield from lanes.popleft()
            lanes.append(_Lane(stop))
            workers.submit(_fill, lanes[-1], plan, span, measure, readers)
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
    plan: Plan,
    span: Span,
    measure: Callable[[Block], Outcome],
    readers: Executor | None,
) -> None:
    try:
        for block in _walk(plan, span, readers):
            if not lane.put(measure(block)):
                return
    except BaseException as error:
        lane.put(None, error)
    else:
        lane.put(None)


def _walk(plan: Plan, span: Span, readers: Executor | None) -> Iterator[Block]:
    """The blocks of a span, checked against the domains of their roles."""
    with ExitStack() as stack:
        cursors: list[Cursor | _Ahead] = []
        for feed in plan.inputs.feeds:
            cursor = stack.enter_context(closing(feed.cursor(span.start, span.stop)))
            cursors.append(_Ahead(cursor, readers, plan.block_rows, stack) if readers else cursor)
        start = span.start
        while span.stop is None or start < span.stop:
            block = _read_block(plan, cursors, start)
            if block.rows == 0:
                return
            yield block
            start += block.rows


def _read_block(plan: Plan, cursors: list[Cursor | _Ahead], start: int) -> Block:
    arrays: dict[str, Rows] = {}
    counts = []
    for cursor in cursors:
        rows = cursor.read(plan.block_rows)
        arrays |= rows
        counts.append(len(next(iter(rows.values()))))
    if len(set(counts)) > 1:
        raise count_mismatch(plan.inputs, [start + count for count in counts])
    return arrange(plan, arrays, start, counts[0])


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
