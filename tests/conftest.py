"""Shared by all tests; its presence also puts this directory on the path of the ones below it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("checking", "commands")

SAMPLES = Path(__file__).parent.parent / "sample_data"

settings.register_profile(
    "losscli",
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # A gate judges a change by the same examples every time; whoever runs the tests by hand looks
    # for new ones.
    derandomize="CI" in os.environ,
)
settings.load_profile("losscli")


@pytest.fixture
def among_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample data are the working folder, and no pipeline says how to print."""
    monkeypatch.chdir(SAMPLES)
    # GitHub's runners make Typer draw for a terminal.
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "GITHUB_ACTIONS", "PYTHONUNBUFFERED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample data, for commands that write files."""
    return Path(shutil.copytree(SAMPLES, tmp_path / "sample_data"))
