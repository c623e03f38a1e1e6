"""Work that waits for a network, in threads that nobody has to wait for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread
from typing import TypeVar

T = TypeVar("T")


def in_turn(calls: Sequence[Callable[[], T]], at_once: int) -> list[T]:
    """What the calls return, in their order; up to ``at_once`` of them run side by side.

    An interrupt ends the wait at once, and what still runs ends with the process.

    Raises:
        Exception: what the first call that fails has raised. No other is begun then.
    """
    todo, lock, failed = iter(enumerate(calls)), Lock(), Event()
    results: dict[int, T] = {}
    failures: dict[int, Exception] = {}

    def work() -> None:
        while not failed.is_set():
            with lock:
                at, call = next(todo, (0, None))
            if call is None:
                return
            try:
                results[at] = call()
            except Exception as error:
                failures[at] = error
                failed.set()

    threads = [Thread(target=work, daemon=True) for _ in range(min(at_once, len(calls)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[min(failures)]
    return [results[at] for at in range(len(calls))]
