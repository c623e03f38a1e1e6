"""Commands run by tests, and what they leave behind."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from losscli.cli import main

SAMPLES = Path(__file__).parent.parent / "sample_data"


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.out.rstrip("\n").rpartition("\n")[2]


def run(*words: str) -> Ran:
    """A command line, in this process, with stdout and stderr that are no terminals."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main(list(words))
    assert isinstance(left.value.code, int)
    return Ran(left.value.code, out.getvalue(), err.getvalue())


def run_line(line: str) -> Ran:
    """A command line as it stands in the README."""
    program, *words = shlex.split(line, comments=True)
    assert program == "losscli"
    return run(*words)


def start(words: Sequence[str], **environ: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "losscli", *words],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environ},
        timeout=60,
        check=False,
    )


def assert_refused(ran: Ran, says: tuple[str, ...]) -> None:
    """One message on stderr, and nothing else."""
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert ran.err.count("error: ") == 1
    assert "Traceback" not in ran.err
    assert "a bug" not in ran.err
    assert [text for text in says if text not in ran.err] == [], ran.err
