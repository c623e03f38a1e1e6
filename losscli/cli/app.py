"""The commands and what ``losscli --help`` says about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from losscli.version import __version__


def _single(name: str, run: Callable[..., None]) -> Any:
    app = typer.Typer(add_completion=False)
    app.command(name)(run)
    return typer.main.get_command(app)


def _group(name: str, **about: Any) -> Any:
    return typer.main.get_group(typer.Typer(name=name, add_completion=False, **about))


def _compute() -> Any:
    from losscli.cli.compute import ComputeGroup

    return _group(
        "compute",
        cls=ComputeGroup,
        help="Evaluate a loss on saved predictions.",
        no_args_is_help=True,
        subcommand_metavar="LOSS FILE... [OPTIONS]",
    )


def _compare() -> Any:
    from losscli.cli.compare import CompareGroup

    return _group(
        "compare",
        cls=CompareGroup,
        help="Which model is better, and is it real?",
        no_args_is_help=True,
        subcommand_metavar="LOSS [NAME=]FILE... --target FILE [OPTIONS]",
    )


def _check() -> Any:
    from losscli.cli.check import CheckGroup, project

    return _group(
        "check",
        cls=CheckGroup,
        callback=project,
        invoke_without_command=True,
        subcommand_metavar="[LOSS FILE...] [OPTIONS]",
    )


def _verify() -> Any:
    from losscli.cli.verify import VerifyGroup

    return _group(
        "verify",
        cls=VerifyGroup,
        help="Is a loss what it should be? Tries it against laws.",
        no_args_is_help=True,
        subcommand_metavar="LOSS [OPTIONS]",
    )


def _recommend() -> Any:
    from losscli.cli.expand import expand
    from losscli.cli.judging import judging_of
    from losscli.cli.options import reading_of
    from losscli.cli.recommend import recommend

    return _single("recommend", expand(recommend, reading=reading_of, judging=judging_of))


def _list() -> Any:
    from losscli.cli.catalogue import list_losses

    return _single("list", list_losses)


def _show() -> Any:
    from losscli.cli.catalogue import show_loss

    return _single("show", show_loss)


def _explain() -> Any:
    from losscli.cli.explain import explain

    return _single("explain", explain)


# In the order of their use.
_COMMANDS: Mapping[str, Callable[[], Any]] = {
    "compute": _compute,
    "compare": _compare,
    "check": _check,
    "recommend": _recommend,
    "list": _list,
    "show": _show,
    "explain": _explain,
    "verify": _verify,
}


class _OnDemand(Mapping[str, Any]):
    """The commands, each loaded when it is asked for: nobody waits for the others."""

    def __getitem__(self, name: str) -> Any:
        return _COMMANDS[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Commands(TyperGroup):
    def __init__(self, **about: Any) -> None:
        super().__init__(**{**about, "commands": _OnDemand()})

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)


app = typer.Typer(
    name="losscli",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"losscli {__version__}")
        raise typer.Exit


@app.callback()
def losscli(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show Python's traceback of an error (anywhere).")
    ] = False,
) -> None:
    """Evaluate loss functions on saved predictions.

    Which number, computed how, from which rows:

        losscli compute mse preds.csv targets.csv

        losscli check mse preds.csv targets.csv --max 0.1

        losscli recommend --task classification
    """
