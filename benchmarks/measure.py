"""One process from start to end: its number, its time, its memory. Standard library only."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

# Linux counts ru_maxrss in kibibytes, macOS in bytes.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class MeasurementError(Exception):
    """A competitor failed or printed something that is no number."""


@dataclass(frozen=True)
class Run:
    value: float
    seconds: float
    cpu_seconds: float
    megabytes: float


def measure(command: list[str]) -> Run:
    """Run a command and wait for it; the peak is that of the largest process it consisted of."""
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        # Popen did not wait itself, and would wonder what became of its child.
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        stderr.seek(0)
        if process.returncode != 0:
            raise MeasurementError(
                f"{' '.join(command)}: exit {process.returncode}\n{stderr.read()}"
            )
        value = number(command, stdout.read())
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Run(value, seconds, cpu_seconds, usage.ru_maxrss * MAXRSS_UNIT / 1e6)


def number(command: list[str], text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise MeasurementError(f"{' '.join(command)}: printed {text!r}, not one number") from None
