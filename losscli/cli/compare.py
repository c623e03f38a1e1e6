"""``losscli compare LOSS [NAME=]FILE... --target FILE``: which model is better, and is it real?"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from losscli.cli.expand import expand
from losscli.cli.judging import Judging, judging_of
from losscli.cli.loss_group import loss_group
from losscli.cli.options import Convention, Threads, columns_by_role, data_option, output_option
from losscli.cli.output import show_comparison, write_comparison
from losscli.cli.outputs import Reports, paths_of, reject_overwrite, reports_of
from losscli.cli.selection import ReductionName, Selection, selection_of
from losscli.errors import DataError, UsageError
from losscli.report import Terminal

if TYPE_CHECKING:
    from losscli.combination import AnyLoss, Declared
    from losscli.data.feed import Inputs
    from losscli.spec import Loss
    from losscli.versus import Contest

judging_option = partial(typer.Option, rich_help_panel="Judging")


class ComparisonFormat(StrEnum):
    """What ``--format`` takes where the result is a comparison."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    markdown = "markdown"


class TestName(StrEnum):
    """What ``--test`` takes."""

    t = "t"
    permutation = "permutation"
    bootstrap = "bootstrap"


Models: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="[NAME=]FILE",
        help="A model's predictions; FILE:COLUMN names the column.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class _Model:
    """A model: what it is called, its file, and the column of its prediction, if one was named."""

    name: str
    path: str
    column: str | None


def _method_of(
    *,
    reference: Annotated[
        str | None,
        judging_option(
            metavar="NAME", help="The model that the others are compared to; by default the first."
        ),
    ] = None,
    test: Annotated[
        TestName | None,
        judging_option(
            metavar="TEST",
            help="t (paired), permutation (of signs) or bootstrap. Default t; of a loss that is "
            "one number of all rows, bootstrap.",
        ),
    ] = None,
    confidence: Annotated[
        float,
        judging_option(
            metavar="SHARE",
            help="Of the intervals; a difference is called one if p is below one minus it.",
        ),
    ] = 0.95,
    resamples: Annotated[
        int | None,
        judging_option(
            metavar="N",
            help="Replicates of permutation and bootstrap. Default 9999; of a loss that is one "
            "number of all rows, 1999.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int,
        judging_option(metavar="N", help="Of every random draw."),
    ] = 0,
) -> Any:  # a versus.Judging: its module loads NumPy
    from losscli import versus

    method = versus.Judging(
        reference, None if test is None else test.value, confidence, seed, resamples
    )
    method.check()
    return method


def _compare(
    bound: Any,  # a loss: its module loads NumPy, which `--help` should not wait for
    *,
    files: Models,
    target: Annotated[
        str | None,
        data_option(
            "--target",
            "-t",
            metavar="FILE",
            help="What all models are held against. Without it each file holds the target too.",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        data_option(
            metavar="COLUMN",
            help="Rows with one value here are not independent: a user, a session, a patient.",
        ),
    ] = None,
    selection: Selection,
    method: Any,  # which test, against which model: see above
    judging: Judging,
    reduction: ReductionName = None,
    convention: Convention = None,
    threads: Threads = None,
    format: Annotated[
        ComparisonFormat,
        output_option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="How to print it: table, json, jsonl, csv, markdown.",
        ),
    ] = ComparisonFormat.table,
    reports: Reports,
) -> None:
    from losscli.engine.conventions import following
    from losscli.report.progress import Progress

    bound = following(bound, convention)
    contest = _open(bound, files, target, cluster, selection)
    reject_overwrite([*reports.files.values()], paths_of(contest.inputs))
    contest = replace(contest, judging=method, threads=threads, by=selection.by_roles).settled(
        reduction
    )
    with Progress(Terminal.of(sys.stderr)) as progress:
        comparison = judging.of(replace(contest, progress=progress).evaluate())
    for name, path in reports.files.items():
        write_comparison(comparison, name, path)
    show_comparison(comparison, format)
    if code := judging.exit_code([comparison]):
        raise typer.Exit(code)


def _open(
    bound: AnyLoss,
    given: Sequence[str],
    target: str | None,
    cluster: str | None,
    selection: Selection,
) -> Contest:
    from losscli.engine.evaluation import of_models
    from losscli.versus import Contest
    from losscli.versus.roles import (
        CLUSTER,
        check_names,
        cluster_labels,
        own_roles,
        with_targets,
    )

    loss = bound.loss
    named, models = _split(loss, given)
    check_names([model.name for model in models])
    own = own_roles(loss, list(named))
    data = {role: _at(path) for role, path in named.items()}
    data |= _targets(loss, own, models, list(named), target)
    own = with_targets(loss, own, list(data))
    roles, _ = of_models(bound, "mean", [model.name for model in models], own)
    columns = columns_by_role(roles, selection.column)
    columns |= {role: at.column for role, at in data.items() if at.column is not None}
    files = [f"{role}={at.path}" for role, at in data.items()]
    for model in models:
        files += [f"{role}@{model.name}={model.path}" for role in own]
        if model.column is not None:
            columns[f"{own[0]}@{model.name}"] = model.column
    labels = {} if cluster is None else {CLUSTER: cluster_labels(cluster)}
    try:
        inputs: Inputs = selection.open_as(roles, files, columns, labels)
    except DataError as error:
        if target is None and any(
            f"{r}@" in error.message for r in own if r not in own_roles(loss)
        ):
            error.hint = f"{error.hint}; or one file for all models: --target FILE"
        raise
    return Contest(bound, inputs, tuple(model.name for model in models))


def _targets(
    loss: Loss | Declared,
    own: Sequence[str],
    models: Sequence[_Model],
    named: Sequence[str],
    target: str | None,
) -> dict[str, _Model]:
    """Where the roles that belong to the data are, unless every model's file holds its own."""
    wanted = [r.name for r in loss.roles if not (r.optional or r.name in own or r.name in named)]
    if target is not None:
        if not wanted:
            raise UsageError(
                f"{loss.name} takes nothing from --target {target}",
                hint=f"each model's file holds {', '.join(own)}",
            )
        return dict.fromkeys(wanted, _at(target))
    if len({os.path.realpath(model.path) for model in models}) == 1:
        return dict.fromkeys(wanted, _Model("", models[0].path, None))
    return {}


def _split(loss: Loss | Declared, given: Sequence[str]) -> tuple[dict[str, str], list[_Model]]:
    """The files of roles, and the models."""
    roles = {role.name for role in loss.inputs}
    named: dict[str, str] = {}
    models = []
    for text in given:
        name, equals, path = text.partition("=")
        if not equals or os.path.exists(text):
            models.append(_at(text))
        elif name in named:
            raise UsageError(f"{name} is given twice: {named[name]} and {path}")
        elif name in roles:
            named[name] = path
        elif not name or not path:
            raise UsageError(f"{text}: write it as NAME=FILE")
        else:
            models.append(replace(_at(path), name=name))
    return named, models


def _at(text: str) -> _Model:
    """``FILE`` or ``FILE:COLUMN``; a model is called after the column, else after the file."""
    path, colon, column = text.rpartition(":")
    if colon and not os.path.exists(text) and os.path.exists(path):
        return _Model(column, path, column)
    return _Model(Path(text).name.split(".")[0] or text, text, None)


def _about(bound: AnyLoss) -> list[str]:
    from losscli.versus import own_roles

    own = own_roles(bound.loss)
    shared = [r.name for r in bound.loss.roles if not (r.optional or r.name in own)]
    lines = [f"FILE... is {' and '.join(own)} of each model, two models or more."]
    if shared:
        lines.append(f"--target FILE is {' and '.join(shared)}, the same for all.")
    optional = [role.name for role in bound.loss.inputs if role.optional]
    lines.append(f"Optional data: {', '.join(f'{name}=FILE' for name in optional)}.")
    return lines


CompareGroup = loss_group(
    expand(
        _compare,
        selection=selection_of,
        method=_method_of,
        judging=judging_of,
        reports=reports_of,
    ),
    about=_about,
)
