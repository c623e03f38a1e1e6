"""``losscli check``: does this model pass, or do all models of this project? The exit code says.

``losscli check LOSS FILE...`` is one check, ``losscli check`` all of a configuration file. Both
have the same options; those of the command line go before those of the file.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from losscli.cli.config import Config, Declared, find_config, read_config, select
from losscli.cli.expand import expand
from losscli.cli.gating import gate_option
from losscli.cli.jobs import Job, Outputs, Settings, outputs_of, run_jobs, settings_of
from losscli.cli.loss_group import bind, loss_group
from losscli.cli.options import Files, Threads
from losscli.cli.output import show_planned
from losscli.cli.schema import defaults_of, keys_of
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.verdict import Planned

configuration_option = partial(typer.Option, rich_help_panel="Checks of a configuration file")

UpdateBaseline: TypeAlias = Annotated[
    bool,
    gate_option("--update-baseline", help="Write the baseline instead of comparing with it."),
]


def _check(
    bound: Any,  # a BoundLoss: its module loads NumPy, which `--help` should not wait for
    *,
    files: Files,
    ctx: typer.Context,
    settings: Settings,
    update_baseline: UpdateBaseline = False,
    threads: Threads = None,
    outputs: Outputs,
) -> None:
    from losscli.engine.conventions import following

    bound = following(bound, settings.convention)
    job = Job(None, bound, files, settings).of_command(_words(ctx), update=update_baseline)
    run_jobs([job], threads, outputs)


def _words(ctx: typer.Context) -> tuple[str, ...]:
    """What the command line was."""
    return ctx.find_root().obj or ()


CheckGroup = loss_group(expand(_check, settings=settings_of, outputs=outputs_of))


def _project_of(
    *,
    config: Annotated[
        str | None,
        configuration_option(
            metavar="FILE",
            help="The file; by default losscli.toml, or pyproject.toml with a table tool.losscli.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        configuration_option(
            metavar="NAME", help="The check of this name and no other. Repeatable."
        ),
    ] = None,
    show_list: Annotated[
        bool,
        configuration_option("--list", help="Show what would be checked."),
    ] = False,
) -> None:
    """What ``losscli check`` without a loss has besides."""


def _run_of(*, threads: Threads = None, update_baseline: UpdateBaseline = False) -> None:
    """What is said once for all checks, besides where the verdicts go."""


# What a file may set for a run. What is printed, and whether a baseline is written, is for the
# command line alone.
_OF_RUN = ("threads", "json_report", "markdown_report", "junit_xml")
_ALONE = tuple(inspect.signature(_project_of).parameters)


def project(ctx: typer.Context, **given: Any) -> None:
    """Does a model pass? The exit code says so: 0 yes, 1 no, 2 could not be checked.

    With a loss and files this is one check, without them all checks of a configuration file:

        losscli check mse preds.csv targets.csv --max 0.1

        losscli check --only "price model"
    """
    said = {
        name: value
        for name, value in given.items()
        if getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }
    if ctx.invoked_subcommand is None:
        _check_project(_words(ctx), said, given)
        return
    for name in _ALONE:
        if name in said:
            raise UsageError(
                f"--{name.removeprefix('show_')} is about a configuration file, not about a loss",
                hint=f"leave out {ctx.invoked_subcommand!r} and what follows, or the option",
            )
    # What stands before the loss means the same as behind it.
    ctx.default_map = {ctx.invoked_subcommand: said}


_PARAMETERS = [
    inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
    *(
        parameter
        for maker in (_project_of, settings_of, outputs_of, _run_of)
        for parameter in inspect.signature(maker, eval_str=True).parameters.values()
    ),
]
project.__signature__ = inspect.Signature(_PARAMETERS)  # type: ignore[attr-defined] # typer reads it
project.__annotations__ = {parameter.name: parameter.annotation for parameter in _PARAMETERS}


def _check_project(
    words: tuple[str, ...], said: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    of_run = {
        key.name: key
        for maker in (outputs_of, _run_of)
        for key in keys_of(maker).values()
        if key.argument in _OF_RUN
    }
    config = read_config(find_config(given["config"]), keys_of(settings_of), of_run)
    checks = select(config.checks, given["only"] or ()) if not config.problems else config.checks
    jobs = [_job(config, check, said) for check in checks]
    outputs = outputs_of(
        **{name: {**given, **config.run, **said}[name] for name in defaults_of(outputs_of)}
    )
    for check, job in zip(checks, jobs, strict=True):
        with config.blaming(check):
            if job is not None:
                job.refuse(outputs)
    config.check()
    ready = [job for job in jobs if job is not None]
    if not ready:
        raise UsageError(f"{config.file} has no checks", hint="write one as [[checks]]")
    if given["show_list"]:
        plans = [_planned(check, job, said) for check, job in zip(checks, ready, strict=True)]
        show_planned(plans, outputs.format)
        return
    ready = _of_command(ready, words, update=given["update_baseline"])
    run_jobs(ready, {**config.run, **said}.get("threads"), outputs)


def _of_command(jobs: Sequence[Job], words: tuple[str, ...], *, update: bool) -> list[Job]:
    """The jobs with what the command says about their baselines; an update is of all there are."""
    paths = [job.settings.gating.baseline.path for job in jobs if job.settings.gating.baseline]
    if update and not paths:
        raise UsageError("there is no baseline to update", hint="no check has a key 'baseline'")
    for path in paths if update else ():
        if paths.count(path) > 1:
            raise UsageError(
                f"{paths.count(path)} checks would write the baseline {path}",
                hint="give each a file of its own",
            )
    return [
        job.of_command(words, update=update and job.settings.gating.baseline is not None)
        for job in jobs
    ]


def _planned(check: Declared, job: Job, said: Mapping[str, Any]) -> Planned:
    from losscli.verdict import Planned

    names = {key.argument: key.name for key in keys_of(settings_of).values()}
    values = {**check.values, **{name: value for name, value in said.items() if name in names}}
    settings = tuple((names[name], value) for name, value in values.items())
    return Planned(check.name, str(job.bound), check.files, settings, job.place)


def _job(config: Config, check: Declared, said: Mapping[str, Any]) -> Job | None:
    """The check with what the command line says; None where something is wrong with it."""
    from losscli.engine.conventions import following
    from losscli.verdict import Place

    defaults = defaults_of(settings_of)
    values = {**defaults, **check.values, **{k: v for k, v in said.items() if k in defaults}}
    bound = settings = None
    with config.blaming(check):
        bound = bind(check.loss, config.folder)
    with config.blaming(check):
        settings = settings_of(**values)
    with config.blaming(check):
        bound = following(bound, settings.convention) if bound and settings else None
    if bound is None or settings is None:
        return None
    return Job(
        check.name, bound, check.files, settings, Place(config.file, config.line(check.path))
    )
