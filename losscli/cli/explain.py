"""``losscli explain CODE``: what a finding means, an example that shows it, and what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from losscli.cli.options import PageFormat, PageFormatOption
from losscli.cli.output import show_code, show_codes


def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="[CODE]", help="Such as LC101; without it, all of them.", show_default=False
        ),
    ] = None,
    format: PageFormatOption = PageFormat.table,
) -> None:
    """Explain a finding: why it is one, an example that shows it, and what to do."""
    from losscli.findings import find_code

    if code is None:
        show_codes(format)
    else:
        show_code(find_code(code), format)
