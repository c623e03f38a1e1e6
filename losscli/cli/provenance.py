"""How a baseline came about: who wrote it, when, from which commit."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from losscli.version import __version__

_PATIENCE_SECONDS = 5


def provenance(words: Sequence[str]) -> Any:
    """That of a command that was called with these words."""
    from losscli.analysis.baseline import Provenance

    return Provenance(
        losscli=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command_line(words),
        commit=_commit(),
    )


def command_line(words: Sequence[str]) -> str:
    """What to type to call losscli with these words."""
    return shlex.join(["losscli", *words])


def _commit() -> str | None:
    """The commit of the repository that this is called in; None outside of one."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--verify", "HEAD"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
