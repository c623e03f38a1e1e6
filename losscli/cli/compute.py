"""``losscli compute LOSS FILE...``: one command a loss, made from its declaration."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from losscli.cli.options import (
    DATA,
    OUTPUT,
    Columns,
    Files,
    Format,
    ResultFormat,
    Threads,
    columns_by_role,
    expand,
    reading_of,
    reject_overwrite,
)
from losscli.cli.output import show_result, write_report
from losscli.data.reading import Reading
from losscli.errors import UsageError
from losscli.report import Terminal

if TYPE_CHECKING:
    from losscli.api import Run
    from losscli.domain import Array
    from losscli.results import Result
    from losscli.spec import BoundLoss, Param

# An error-level finding, such as a loss that is not finite.
_FAILED = 1
_WORDS = {"float": "FLOAT", "int": "INTEGER", "vector": "X,X,...|@FILE", "str": "TEXT"}


class LossGroup(TyperGroup):
    """The losses as subcommands, each built when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The canonical names, family by family."""
        return list(_registered())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a loss, an alias, or a spec string such as ``huber(delta=2)``."""
        _registered()
        from losscli.spec import parse

        return _command(parse(cmd_name), cmd_name)


def _registered() -> Mapping[str, object]:
    import losscli.losses  # noqa: F401 - registers the losses
    from losscli.spec import registered

    return registered()


def _command(bound: BoundLoss, name: str) -> Any:
    compute = expand(_compute, reading=reading_of)

    def run(**values: Any) -> None:
        options = {k: values.pop(k) for k in bound.loss.params}
        compute(bound=_with_options(bound, options), **values)

    loss_options = [_option(param, bound) for param in bound.loss.params.values()]
    shared = list(inspect.signature(compute).parameters.values())[1:]
    files, *rest = shared
    parameters = [files, *loss_options, *rest]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # dynamic by intent
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    app = typer.Typer(add_completion=False)
    summary = _plain(bound.loss.summary)
    panel = f"{bound.loss.family} losses".capitalize()
    app.command(name, help=_help(bound), short_help=summary, rich_help_panel=panel)(run)
    return typer.main.get_command(app)


def _help(bound: BoundLoss) -> str:
    names = " ".join(role.name.upper() for role in bound.loss.roles if not role.optional)
    lines = [
        _plain(bound.loss.summary),
        f"FILE... is {names}, one file each, or one file with all.",
    ]
    optional = [role.name for role in bound.loss.roles if role.optional]
    if optional:
        lines.append(f"Optional data: {', '.join(f'{name}=FILE' for name in optional)}.")
    if bound.loss.torch:
        lines.append(f"PyTorch: {bound.loss.torch}")
    return "\n\n".join(lines)


def _plain(text: str) -> str:
    return text.replace("``", "")


def _option(param: Param, bound: BoundLoss) -> inspect.Parameter:
    from losscli.spec import format_value

    flag = f"--{param.name.replace('_', '-')}"
    default = bound.params[param.name]
    shown = "none" if default is None else format_value(default).lower()
    about = f"{param.help[0].upper()}{param.help[1:]}: {param.describe()}. Default {shown}."
    kind: Any = bool | None if param.kind == "bool" else str | None
    option = typer.Option(
        *([f"{flag}/--no{flag[1:]}"] if param.kind == "bool" else [flag]),
        help=about,
        metavar=None if param.kind == "bool" else _WORDS[param.kind],
        show_default=False,
        rich_help_panel=f"Parameters of {bound.name}",
    )
    return inspect.Parameter(
        param.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option]
    )


def _with_options(bound: BoundLoss, options: Mapping[str, str | bool | None]) -> BoundLoss:
    given = {name: value for name, value in options.items() if value is not None}
    return bound.replace(
        **{n: _value(bound.name, bound.loss.params[n], v) for n, v in given.items()}
    )


def _value(loss: str, param: Param, given: str | bool) -> object:
    if param.kind == "vector" and isinstance(given, str) and given.startswith("@"):
        from losscli.data.files import read_vector

        return read_vector(given[1:])
    return param.parse(loss, given) if isinstance(given, str) else given


def _compute(
    bound: Any,  # a BoundLoss: its module loads NumPy, which `--help` should not wait for
    *,
    files: Files,
    column: Columns = None,
    reduction: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How rows become one number: mean, sum, none, ...",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    sample_weight: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="The column that weighs the rows.", rich_help_panel=DATA
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Rows with one value here belong together: a query, a user, an image.",
            rich_help_panel=DATA,
        ),
    ] = None,
    all_rows: Annotated[
        bool,
        typer.Option("--one-group", help="All rows are one group.", rich_help_panel=DATA),
    ] = False,
    reading: Reading,
    threads: Threads = None,
    format: Format = ResultFormat.table,
    per_sample: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Write the loss of each row to a .csv or .parquet file.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    json_report: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Write a JSON report as well.", rich_help_panel=OUTPUT),
    ] = None,
    markdown_report: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Write a Markdown report as well.", rich_help_panel=OUTPUT
        ),
    ] = None,
) -> None:
    from losscli.api import Run, choose_reduction
    from losscli.data.files import open_files

    columns = columns_by_role(bound.loss.inputs, column)
    if sample_weight is not None:
        columns["sample_weight"] = sample_weight
    if group is not None and all_rows:
        raise UsageError("--group and --one-group exclude each other", hint="leave one of them out")
    inputs = open_files(
        bound.loss.inputs, files, columns=columns, reading=reading, group=group, all_rows=all_rows
    )
    reports = {"json": json_report, "markdown": markdown_report}
    outputs = [path for path in (per_sample, *reports.values()) if path is not None]
    reject_overwrite(outputs, inputs)
    chosen = choose_reduction(bound, reduction, grouped=inputs.groups is not None)
    if per_sample is not None and chosen == "overall":
        raise UsageError(
            f"{bound.name} is one number of all rows, so a row has no loss to write",
            hint="--reduction none takes each row by itself, --group COLUMN each group",
        )
    run = Run(
        bound,
        inputs,
        chosen,
        threads,
        detail=format is not ResultFormat.value or any(reports.values()),
    )
    with ExitStack() as stack:
        result = _evaluate(run, per_sample, stack)
        for name, path in reports.items():
            if path is not None:
                write_report(result, name, path)
        show_result(result, format)
    if result.failed:
        raise typer.Exit(_FAILED)


def _evaluate(run: Run, per_sample: str | None, stack: ExitStack) -> Result:
    """Evaluate; rows go to the file that was asked for, and aside when the output shows them."""
    from losscli.data.sink import open_rows, spool
    from losscli.report.progress import Progress

    takers = []
    with ExitStack() as files:
        if per_sample is not None:
            groups = run.inputs.groups
            key_of = None if groups is None else groups.key
            takers.append(files.enter_context(open_rows(per_sample, key_of)).write)
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
