"""Draw docs/compute.svg: the quick start's output as a terminal shows it.

python docs/picture.py
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

import losscli
from losscli.report.result import FORMATS
from losscli.report.terminal import Terminal

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "losscli compute mse preds.csv targets.csv"
WIDTH = 92


def main() -> None:
    """Run the command on the sample data and save what it prints as an image."""
    os.chdir(ROOT / "sample_data")
    _, _, loss, *files = COMMAND.split()
    shown = io.StringIO()
    FORMATS["table"](losscli.compute(loss, *files), Terminal(shown, True, True, WIDTH, True))
    console = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True)
    console.print(Text(f"$ {COMMAND}", "bold"))
    console.print(Text.from_ansi(shown.getvalue()), soft_wrap=True)
    svg = console.export_svg(title="losscli", unique_id="losscli")
    # The reader's own monospaced font will do; nothing is fetched to show a picture.
    svg = re.sub(r"\s*@font-face \{.*?\n    \}", "", svg, flags=re.DOTALL)
    (ROOT / "docs" / "compute.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
