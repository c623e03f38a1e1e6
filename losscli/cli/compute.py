"""``losscli compute LOSS FILE...``: one command a loss, made from its declaration."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from losscli.cli.expand import expand
from losscli.cli.judging import Judging, judging_of
from losscli.cli.loss_group import loss_group
from losscli.cli.options import Convention, Files, Threads
from losscli.cli.output import show_result, write_report
from losscli.cli.outputs import ResultFormat, ResultOutputs, result_outputs_of
from losscli.cli.selection import ReductionName, Selection, selection_of
from losscli.cli.several import compute_several
from losscli.errors import UsageError
from losscli.report import Terminal

if TYPE_CHECKING:
    from losscli.api import Run
    from losscli.domain import Array
    from losscli.results import Result


def _compute(
    bound: Any,  # a BoundLoss: its module loads NumPy, which `--help` should not wait for
    *,
    files: Files,
    selection: Selection,
    judging: Judging,
    reduction: ReductionName = None,
    convention: Convention = None,
    threads: Threads = None,
    outputs: ResultOutputs,
) -> None:
    from losscli.api import Run, settle_reduction
    from losscli.engine.conventions import following

    bound = following(bound, convention)
    inputs = selection.open(bound.loss, files)
    outputs.refuse(inputs)
    bound, chosen = settle_reduction(bound, inputs, reduction)
    if outputs.per_sample is not None and chosen == "overall":
        raise UsageError(
            f"{bound.name} is one number of all rows, so a row has no loss to write",
            hint="--reduction none takes each row by itself, --group COLUMN each group",
        )
    if selection.by and not outputs.reports.files:
        _reject_unseen_slices(outputs.format, chosen)
    run = Run(
        bound,
        inputs,
        chosen,
        threads,
        by=selection.by_roles,
        detail=outputs.shows_detail,
    )
    with ExitStack() as stack:
        result = judging.of(_evaluate(run, outputs.per_sample, stack))
        for name, path in outputs.reports.files.items():
            write_report(result, name, path)
        show_result(result, outputs.format)
    if code := judging.exit_code([result]):
        raise typer.Exit(code)


def _reject_unseen_slices(format: ResultFormat, reduction: str) -> None:
    """Slices are asked for, so the output must have a place for them."""
    by_row = (ResultFormat.csv, ResultFormat.jsonl)
    if format is ResultFormat.value or (reduction == "none" and format in by_row):
        holds = "one number" if reduction != "none" else "a number a row"
        raise UsageError(
            f"--format {format} prints {holds}, which has no place for the slices of --by",
            hint="leave one of them out, or add --json-report PATH",
        )


def _evaluate(run: Run, per_sample: str | None, stack: ExitStack) -> Result:
    """Evaluate; rows go to the file that was asked for, and aside when the output shows them."""
    from losscli.data.sink import open_rows, spool
    from losscli.report.progress import Progress

    takers: list[Callable[[Array], None]] = []
    with ExitStack() as files:
        if per_sample is not None:
            keys, parts = run.inputs.keys, run.inputs.parts
            key_of = None if keys is None else keys.key
            writer = files.enter_context(open_rows(per_sample, key_of=key_of, parts=parts))
            takers.append(writer.write)
        aside = stack.enter_context(spool()) if run.reduction == "none" else None
        if aside is not None:
            takers.append(aside.write)
        progress = files.enter_context(Progress(Terminal.of(sys.stderr)))
        result = replace(run, take_rows=_tee(takers), progress=progress).evaluate()
    return result if aside is None else replace(result, per_sample=aside.rows())


def _tee(takers: Sequence[Callable[[Array], None]]) -> Callable[[Array], None] | None:
    if len(takers) < 2:
        return takers[0] if takers else None

    def take(per_sample: Array) -> None:
        for taker in takers:
            taker(per_sample)

    return take


ComputeGroup = loss_group(
    expand(_compute, selection=selection_of, judging=judging_of, outputs=result_outputs_of),
    several=expand(
        compute_several, selection=selection_of, judging=judging_of, outputs=result_outputs_of
    ),
)
