"""What is tried with every store alike."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import losscli

ROWS = 240
MODELS = ("a", "b", "c")

# One file, several, partitions: names that mean the same in a store and on disk.
NAMES = (
    "all.csv",
    "all.csv.gz",
    "all.jsonl",
    "all.parquet",
    "a b/100% new.csv",
    "parts",
    "parts/*.parquet",
    "parts/part-?.parquet",
    "parts/part-1[01].parquet",
    "p*/part-3.parquet",
    "runs",
    "runs/model=a",
    "runs/model=a/to=us%2Feast",
    "runs/model=[ab]",
    "runs/*/*/*.parquet",
    "runs/**/*.parquet",
)


def same_as_on_disk(address: str, path: Path) -> None:
    """A store has the losses of all rows that the disk has, in the same order."""
    there = losscli.compute("mse", address, reduction="none")
    here = losscli.compute("mse", str(path), reduction="none")
    assert there.per_sample is not None
    assert here.per_sample is not None
    assert there.per_sample.tolist() == here.per_sample.tolist()
    assert there.value == here.value
    assert there.inputs[0].path == address


def run(address: str, *words: str, seconds: float = 60) -> tuple[int, str]:
    """``compute mse`` in a process of its own: its exit code, and all that it says."""
    done = subprocess.run(
        [sys.executable, "-m", "losscli", "compute", "mse", address, *words],
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert "secret" not in done.stdout
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def refused(address: str, *, seconds: float = 60) -> str:
    """What is said of an address that cannot be read."""
    code, said = run(address, seconds=seconds)
    assert code == 2, said
    return said.removeprefix("error: ")
