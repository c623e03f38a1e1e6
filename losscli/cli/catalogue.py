"""``losscli list`` and ``losscli show``: what there is, and everything about one of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from losscli.cli.options import PageFormat, PageFormatOption
from losscli.cli.output import show_list, show_page, show_sum

if TYPE_CHECKING:
    from losscli.combination import Combination
    from losscli.report.sum_page import Sum


def list_losses(
    family: Annotated[
        str | None, typer.Option(metavar="F", help="Only this family, such as regression.")
    ] = None,
    format: PageFormatOption = PageFormat.table,
) -> None:
    """List the losses by family, one line each."""
    import losscli.losses  # noqa: F401 - registers the losses
    from losscli.custom.published import published
    from losscli.errors import UsageError, did_you_mean
    from losscli.spec import registered

    losses = list(registered().values())
    families = {declared.family for declared in losses}
    if family is not None and family not in families:
        hint = did_you_mean(family, families) or f"families: {', '.join(sorted(families))}"
        raise UsageError(f"there is no family {family!r}", hint=hint)
    others = published() if family is None else []
    show_list([one for one in losses if family in (None, one.family)], others, format)


def show_loss(
    loss: Annotated[str, typer.Argument(metavar="LOSS", show_default=False)],
    format: PageFormatOption = PageFormat.table,
) -> None:
    """Show everything about a loss: inputs, parameters, formula, divisor, when to use it."""
    import losscli.custom  # noqa: F401 - finds a user's own
    from losscli.analysis.questions import place_of
    from losscli.combination import Combination, parse

    bound = parse(loss)
    if isinstance(bound, Combination):
        show_sum(_sum(bound), format)
    else:
        show_page(bound.loss, place_of(bound.name), format)


def _sum(combination: Combination) -> Sum:
    from losscli.report.sum_page import Sum

    parts = [(part.weight, part.bound) for part in combination.parts]
    declared = combination.loss
    return Sum(str(combination), parts, declared.inputs, declared.reductions)
