"""``losscli compute mse,mae,... FILE...``: several losses, and the data is read once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import typer

from losscli.cli.judging import Judging
from losscli.cli.options import Convention, Files, Threads
from losscli.cli.output import show_results, write_results
from losscli.cli.outputs import ResultOutputs
from losscli.cli.selection import ReductionName, Selection
from losscli.errors import UsageError
from losscli.report import Terminal

if TYPE_CHECKING:
    from losscli.data.feed import Inputs
    from losscli.engine.evaluation import Evaluation
    from losscli.results import Result
    from losscli.together import Together


def compute_several(
    losses: Any,  # losses and combinations: their module loads NumPy
    *,
    files: Files,
    selection: Selection,
    judging: Judging,
    reduction: ReductionName = None,
    convention: Convention = None,
    threads: Threads = None,
    outputs: ResultOutputs,
) -> None:
    """A result for each loss, of one read."""
    from losscli.api import evaluations_of
    from losscli.combination import unite
    from losscli.engine.conventions import following
    from losscli.together import Together

    losses = [following(loss, convention) for loss in losses]
    united = unite(losses)
    if reduction == "none":
        raise UsageError(
            "--reduction none is a loss for each row, and here are several losses",
            hint="--per-sample PATH writes a row's losses side by side",
        )
    inputs = selection.open(united, files)
    evaluations = evaluations_of(losses, united, inputs, reduction)
    outputs.refuse(inputs)
    if outputs.per_sample is not None:
        _reject_whole(evaluations)
    if selection.by and not outputs.shows_detail:
        raise UsageError(
            "--format value prints numbers, which have no place for the slices of --by",
            hint="leave one of them out, or add --json-report PATH",
        )
    together = Together(
        evaluations,
        inputs,
        threads,
        by=selection.by_roles,
        detail=outputs.shows_detail,
    )
    results = [judging.of(result) for result in _evaluate(together, outputs.per_sample)]
    for name, path in outputs.reports.files.items():
        write_results(results, name, path)
    show_results(results, outputs.format)
    if code := judging.exit_code(results):
        raise typer.Exit(code)


def _reject_whole(evaluations: Sequence[Evaluation]) -> None:
    whole = [one.name for one in evaluations if one.reduction == "overall"]
    if whole:
        raise UsageError(
            f"{' and '.join(whole)} is one number of all rows, so a row has no loss to write",
            hint="--reduction mean takes each row by itself, --group COLUMN each group",
        )


def _evaluate(together: Together, per_sample: str | None) -> tuple[Result, ...]:
    """Evaluate; the losses of rows go to the file that was asked for, a column each."""
    from dataclasses import replace

    from losscli.report.progress import Progress

    with ExitStack() as stack:
        take = None if per_sample is None else _taker(together, per_sample, together.inputs, stack)
        progress = stack.enter_context(Progress(Terminal.of(sys.stderr)))
        return replace(together, take_samples=take, progress=progress).evaluate()


def _taker(together: Together, path: str, inputs: Inputs, stack: ExitStack) -> Any:
    from losscli.data.sink import open_rows

    key_of = None if inputs.keys is None else inputs.keys.key
    names = [evaluation.name for evaluation in together.evaluations]
    writer = stack.enter_context(open_rows(path, names, key_of, inputs.parts))
    return lambda samples: writer.write(*(sample.per_sample for sample in samples))
