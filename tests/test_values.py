"""What the command line takes without asking Typer is what Typer would have made of it."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from typer.core import TyperArgument, TyperOption

from losscli.cli import app

COMMANDS = (
    ["compute", "huber"],
    ["compute", "bce"],
    ["compute", "mse,mae"],
    ["compare", "mse"],
    ["check"],
    ["check", "mse"],
    ["verify", "mse"],
    ["recommend"],
    ["list"],
    ["show"],
    ["explain"],
)
TEXTS = ["", "a", "table", "Table", "json", "t", "0", "1", "-3", "2.5", " 7 ", "1e3", "inf", "nan"]
GIVEN = [None, (), ["a", "1"], ["x"], *TEXTS, *((text,) for text in TEXTS)]


def context_of(words: list[str]) -> Any:
    context: Any = typer.Context(typer.main.get_command(app), info_name="losscli")
    for word in words:
        command = context.command.get_command(context, word)
        context = typer.Context(command, info_name=word, parent=context)
    return context


def outcome(process: Any, parameter: Any, context: Any, value: Any) -> tuple[Any, ...]:
    try:
        taken = process(parameter, context, value)
    except Exception as error:
        return type(error), getattr(error, "message", str(error))
    # Typer makes one list of a tuple and a list, and none of what is empty, before it calls.
    return type(taken), list(taken) if isinstance(taken, (list, tuple)) else repr(taken)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_value_is_what_typer_makes_of_it(words: list[str]) -> None:
    context = context_of(words)
    for plain in context.command.get_params(context):
        if plain.name == "help":  # shows it
            continue
        typers = TyperOption if isinstance(plain, TyperOption) else TyperArgument
        several = plain.multiple or plain.nargs == -1
        for value in [True, False, None] if getattr(plain, "is_flag", False) else GIVEN:
            if value is not None and several is not isinstance(value, (list, tuple)):
                continue
            expected = outcome(typers.process_value, plain, context, value)
            if several and expected == (tuple, []):
                expected = type(None), "None"
            assert outcome(type(plain).process_value, plain, context, value) == expected, (
                plain.name,
                value,
            )
