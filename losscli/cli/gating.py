"""The gates of a check as options."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer

from losscli.cli.expand import expand
from losscli.errors import UsageError

gate_option = partial(typer.Option, rich_help_panel="Gates")


@dataclass(frozen=True, slots=True)
class InFile:
    """What an option may be in a configuration file, besides what its type says."""

    number: bool = False


@dataclass(frozen=True, slots=True)
class Gating:
    """What a loss is judged by."""

    # Gates, AgainstBaseline and Rival, whose modules load NumPy: `--help` should not wait for it.
    gates: Any
    baseline: Any
    rival: Any


def _gates_of(
    *,
    max: Annotated[
        float | None,
        gate_option(metavar="X", help="The most the loss may be."),
    ] = None,
    max_quantile: Annotated[
        list[str] | None,
        gate_option(
            metavar="SHARE=X",
            help="The most a quantile of the losses of rows may be: p99=2.5. Repeatable.",
        ),
    ] = None,
    max_share_above: Annotated[
        list[str] | None,
        gate_option(
            metavar="X=SHARE",
            help="The largest share of rows with a loss above X: 0.5=1%. Repeatable.",
        ),
    ] = None,
    max_worst_slice: Annotated[
        float | None,
        gate_option(metavar="X", help="The most the loss of any slice of --by may be."),
    ] = None,
) -> Any:
    from losscli.analysis.gate import Gates, parse_quantiles, parse_shares_above

    return Gates(
        max=max,
        quantiles=parse_quantiles("--max-quantile", max_quantile or ()),
        above=parse_shares_above("--max-share-above", max_share_above or ()),
        worst_slice=max_worst_slice,
    )


def _gating_of(
    *,
    gates: Any,
    baseline: Annotated[
        str | None,
        gate_option(
            metavar="FILE",
            help="No worse than the number in this file, which --update-baseline writes.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        gate_option(
            metavar="FILE",
            help="Not significantly worse than these predictions of another model, row by row.",
        ),
    ] = None,
    tolerance: Annotated[
        str | None,
        gate_option(
            metavar="T",
            help="How much worse it may be: 0.001, 2% or 0.001+2%. Default: rounding, 1e-9 of it.",
        ),
        InFile(number=True),
    ] = None,
    baseline_rows: Annotated[
        str | None,
        gate_option(
            metavar="PATH",
            help="The loss of each row beside the baseline, .parquet or .csv, to pair runs by.",
        ),
    ] = None,
    significance: Annotated[
        float | None,
        gate_option(
            metavar="A", help="Fail only what is worse at this level of significance, such as 0.05."
        ),
    ] = None,
) -> Gating:
    from losscli.analysis.gate import ROUNDING, parse_tolerance
    from losscli.analysis.worse import ALPHA
    from losscli.checks import AgainstBaseline
    from losscli.rival import Rival

    if baseline_rows is not None and baseline is None:
        raise UsageError("--baseline-rows is about a baseline", hint="give --baseline FILE as well")
    for option, given in (("--tolerance", tolerance), ("--significance", significance)):
        if given is not None and baseline is None and against is None:
            raise UsageError(
                f"{option} is about another number", hint="give --baseline or --against as well"
            )
    if significance is not None and not 0.0 < significance < 0.5:
        raise UsageError(
            f"--significance {significance:g}: it must be between 0 and 0.5", hint="0.05 is usual"
        )
    tolerated = ROUNDING if tolerance is None else parse_tolerance(tolerance)
    return Gating(
        gates,
        None
        if baseline is None
        else AgainstBaseline(baseline, tolerated, significance, rows=baseline_rows),
        None if against is None else Rival(against, significance or ALPHA, tolerated),
    )


gating_of = expand(_gating_of, gates=_gates_of)
