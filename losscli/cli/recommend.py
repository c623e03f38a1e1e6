"""``losscli recommend``: walk the decision guide with flags, with questions, or with files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from losscli.cli.judging import Judging
from losscli.cli.options import Columns, PageFormat, PageFormatOption, Threads, columns_by_role
from losscli.cli.output import show_advice
from losscli.data.reading import Reading

if TYPE_CHECKING:
    from losscli.advice import Question
    from losscli.analysis.facts import Facts


def recommend(
    *,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE...]", help="Predictions and targets to measure.", show_default=False
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="What is predicted: regression, classification, similarity, ranking, "
            "distributions, segmentation, boxes, sequences, signals, survival, custom.",
        ),
    ] = None,
    outliers: Annotated[
        bool | None,
        typer.Option("--outliers/--clean", help="Regression: are some residuals far out?"),
    ] = None,
    classes: Annotated[
        int | None, typer.Option(metavar="N", help="Classification: how many classes?")
    ] = None,
    goal: Annotated[
        str | None,
        typer.Option(
            metavar="G",
            help="Similarity: matching, direction, ranking, batch, lists or preference.",
        ),
    ] = None,
    need: Annotated[
        str | None,
        typer.Option(
            metavar="X",
            help="Something special: imbalance, multilabel, quantile, counts, skewed, variance, "
            "baseline, objectives or rules.",
        ),
    ] = None,
    column: Columns = None,
    reading: Reading,
    judging: Judging,
    threads: Threads = None,
    format: PageFormatOption = PageFormat.table,
) -> None:
    """Which loss fits? Walk the decision guide with flags, with questions, or with your files."""
    from losscli.advice import Question
    from losscli.analysis.guide import advise
    from losscli.data.stored import shown

    flags = {"task": task, "goal": goal, "need": need}
    given = {name: value for name, value in flags.items() if value is not None}
    if outliers is not None:
        given["outliers"] = "outliers" if outliers else "clean"
    if classes is not None:
        given["classes"] = str(classes)
    facts = _measure(files, column, reading, threads) if files else None
    names = [shown(file) for file in files or ()]
    options = [word for text in column or () for word in ("-c", text)]
    replies: dict[str, str] = {}
    advice = advise(given, facts, names, command_options=options)
    while not given and facts is None and sys.stdin.isatty():
        question = advice.outcome
        if not isinstance(question, Question):
            break
        replies[question.name] = _ask(question)
        advice = advise(given, facts, names, command_options=options, replies=replies)
    advice = judging.of(advice)
    show_advice(advice, format)
    raise typer.Exit(judging.exit_code([advice]))


def _measure(
    files: list[str], column: list[str] | None, reading: Reading, threads: int | None
) -> Facts:
    from losscli.api import measure_facts
    from losscli.data.files import open_files
    from losscli.domain import PAIR

    inputs = open_files(PAIR, files, columns=columns_by_role(PAIR, column), reading=reading)
    return measure_facts(inputs, threads)


def _ask(question: Question) -> str:
    """Ask, on stderr, until the answer is one of the choices."""
    from losscli.analysis.questions import labels, reply
    from losscli.errors import UsageError

    typer.echo(f"\n{question.text}", err=True)
    for label, choice in zip(labels(question), question.choices, strict=True):
        typer.echo(f"  {label}  {choice.name}: {choice.meaning}", err=True)
    while True:
        try:
            return reply(question, typer.prompt("Your answer", err=True))
        except UsageError as error:
            typer.echo(str(error), err=True)
