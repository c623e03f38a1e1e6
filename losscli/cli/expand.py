"""Options that belong together, declared once for all commands, travel as one value."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")


def expand(command: Callable[..., Made], **makers: Callable[..., object]) -> Callable[..., Made]:
    """The command with some of its arguments replaced by the options that make them.

    ``expand(recommend, reading=reading_of)`` has the options of ``reading_of`` where ``recommend``
    has the argument ``reading``.
    """
    made = {name: inspect.signature(make, eval_str=True) for name, make in makers.items()}
    own = inspect.signature(command, eval_str=True)

    def run(**values: Any) -> Made:
        for name, make in makers.items():
            options = {option: values.pop(option) for option in made[name].parameters}
            values[name] = make(**options)
        return command(**values)

    parameters = [
        option
        for parameter in own.parameters.values()
        for option in (
            made[parameter.name].parameters.values() if parameter.name in made else [parameter]
        )
    ]
    run.__doc__ = command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # typer reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
