"""Progress: only where a person waits at a terminal, and gone when the work is done."""

from __future__ import annotations

import io

import pytest

from losscli.report import progress
from losscli.report.progress import Progress
from losscli.report.terminal import Terminal


def written(terminal: Terminal) -> str:
    assert isinstance(terminal.stream, io.StringIO)
    return terminal.stream.getvalue()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(progress, "_PAUSE_SECONDS", 0.0)


@pytest.mark.usefixtures("impatient")
def test_rows_and_share_are_written_over_and_cleared() -> None:
    terminal = Terminal(io.StringIO(), is_tty=True)
    with Progress(terminal) as told:
        told(65_536, 262_144)
        told(131_072, None)
    lines = written(terminal).split("\r\x1b[K")
    assert lines == ["", "65,536 of 262,144 (25%) rows", "131,072 rows", ""]


@pytest.mark.usefixtures("impatient")
def test_nothing_off_a_terminal() -> None:
    terminal = Terminal(io.StringIO(), is_tty=False)
    with Progress(terminal) as told:
        told(65_536, 262_144)
    assert written(terminal) == ""


def test_short_work_says_nothing() -> None:
    terminal = Terminal(io.StringIO(), is_tty=True)
    with Progress(terminal) as told:
        told(65_536, 262_144)
    assert written(terminal) == ""
