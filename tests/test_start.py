"""What a command does not wait for: modules that it has no use for are not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent.parent / "sample_data"

FILES = ["preds.csv", "targets.csv"]
# Slow to load, and of use to few.
HEAVY = {"pandas", "scipy", "fsspec", "rich"}
NUMPY = {"numpy", "pyarrow"}
READERS = {"pyarrow.parquet", "pyarrow.compute", "pyarrow.dataset", "pyarrow.fs"}
# For slices, sums of losses, joins, advice and comparisons.
OTHERS = {
    "losscli.engine.slices",
    "losscli.engine.combine",
    "losscli.data.pairing",
    "losscli.data.ids",
    "losscli.analysis.guide",
    "losscli.versus",
    "losscli.laws",
    "numpy.ma",
    "numpy.polynomial",
}
PLAIN = HEAVY | READERS | OTHERS


def modules_after(words: list[str]) -> set[str]:
    """What a fresh interpreter has loaded once the command is done."""
    code = (
        "import sys\n"
        "from losscli.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as left: code = left.code\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        encoding="utf-8",
        cwd=SAMPLES,
        timeout=60,
        check=True,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "unused"),
    [
        (["--version"], HEAVY | NUMPY),
        (["--help"], (HEAVY | NUMPY) - {"rich"}),
        (["explain", "LC101"], HEAVY | NUMPY),
        (["show", "huber"], HEAVY | {"pyarrow"}),
        (["recommend", "--task", "regression", "--clean"], HEAVY | {"pyarrow"}),
        (["compute", "mse", *FILES], PLAIN),
        (["compute", "huber", *FILES, "--delta", "2", "-f", "value", "--threads", "1"], PLAIN),
        (["compute", "mse", *FILES, "-f", "json"], PLAIN),
        (["check", "mse", *FILES, "--max", "1e9"], HEAVY | READERS),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_command_loads_only_what_it_needs(words: list[str], unused: set[str]) -> None:
    assert modules_after(words) & unused == set()
