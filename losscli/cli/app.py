"""The commands and what ``losscli --help`` says about them."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from losscli.cli.catalogue import list_losses, show_loss
from losscli.cli.check import CheckGroup, project
from losscli.cli.compare import CompareGroup
from losscli.cli.compute import ComputeGroup
from losscli.cli.explain import explain
from losscli.cli.options import expand, reading_of
from losscli.cli.recommend import recommend
from losscli.cli.verify import VerifyGroup
from losscli.version import __version__


class _Commands(TyperGroup):
    """The commands in the order of their use."""

    def list_commands(self, ctx: Any) -> list[str]:
        return ["compute", "compare", "check", "recommend", "list", "show", "explain", "verify"]


app = typer.Typer(
    name="losscli",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
compute = typer.Typer(
    cls=ComputeGroup,
    no_args_is_help=True,
    subcommand_metavar="LOSS FILE... [OPTIONS]",
)
check = typer.Typer(
    cls=CheckGroup,
    callback=project,
    invoke_without_command=True,
    subcommand_metavar="[LOSS FILE...] [OPTIONS]",
)
compare = typer.Typer(
    cls=CompareGroup,
    no_args_is_help=True,
    subcommand_metavar="LOSS [NAME=]FILE... --target FILE [OPTIONS]",
)
app.add_typer(compute, name="compute", help="Evaluate a loss on saved predictions.")
app.add_typer(compare, name="compare", help="Which model is better, and is it real?")
app.add_typer(check, name="check")
verify = typer.Typer(cls=VerifyGroup, no_args_is_help=True, subcommand_metavar="LOSS [OPTIONS]")
app.add_typer(verify, name="verify", help="Is a loss what it should be? Tries it against laws.")
app.command("recommend")(expand(recommend, reading=reading_of))
app.command("list")(list_losses)
app.command("show")(show_loss)
app.command("explain")(explain)


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
