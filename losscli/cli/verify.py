"""``losscli verify LOSS``: is a loss what its user thinks it is?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from losscli.cli.expand import expand
from losscli.cli.loss_group import loss_group
from losscli.cli.options import PageFormat, PageFormatOption
from losscli.cli.output import show_verification

if TYPE_CHECKING:
    from losscli.combination import AnyLoss

_FAILED = 1


def _verify(
    bound: Any,  # a loss: its module loads NumPy, which `--help` should not wait for
    *,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="LOSS",
            help="What it should be equal to, on data from the domains of that loss.",
        ),
    ] = None,
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="Random rows to draw.")] = 200,
    seed: Annotated[int, typer.Option(metavar="S", help="Of the random numbers.")] = 0,
    format: PageFormatOption = PageFormat.table,
) -> None:
    from losscli.laws.verify import verify

    found = verify(bound, against, rows=rows, seed=seed)
    show_verification(found, format)
    if not found.holds:
        raise typer.Exit(_FAILED)


def _data(bound: AnyLoss) -> list[str]:
    """There are no files."""
    return ["It is tried on random data from the domains of its roles."]


VerifyGroup = loss_group(expand(_verify), _data)
