"""What is given becomes a value, without what Typer loads for that where it is not needed.

Typer converts values with pydantic, and asks it even about options that nobody gave. Loading it
takes as long as loading NumPy, while most values here are texts, which stay what they are. So a
value that is plain is taken here, and Typer is asked about the rest: what it says of a value that
is wrong stays its own.
"""

from __future__ import annotations

import inspect
from enum import Enum
from functools import cached_property
from math import inf
from types import NoneType
from typing import Any, get_args, get_origin

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption


class _Plain:
    """A parameter that Typer made, which asks it only about a value that is not plain.

    ``annotation`` is the parameter's in the function of the command; None for ``--help`` and other
    flags that are Typer's own.
    """

    required: bool
    callback: Any

    def __init__(self, made: TyperOption | TyperArgument, annotation: Any) -> None:
        vars(self).update(vars(made))
        kind, about = (bool, None) if annotation is None else get_args(annotation)[:2]
        others = [one for one in get_args(kind) if one is not NoneType]
        self.kind: Any = others[0] if NoneType in get_args(kind) else kind
        bounds = (None, None) if about is None else (about.min, about.max)
        self.low = -inf if bounds[0] is None else bounds[0]
        self.high = inf if bounds[1] is None else bounds[1]

    def process_value(self, ctx: Any, value: Any) -> Any:
        try:
            taken = self._taken(value)
        except ValueError:
            return super().process_value(ctx, value)  # type: ignore[misc] # Typer's
        return taken if self.callback is None else self.callback(ctx, self, taken)

    def _taken(self, value: Any) -> Any:
        """The value, if nothing else has to be known about it.

        Raises:
            ValueError: Typer has to be asked.
        """
        if self.required and value in (None, (), []):
            raise ValueError
        if value is None:
            return None
        if get_origin(self.kind) is not list:
            return self._one(self.kind, value)
        if isinstance(value, str):
            raise ValueError
        (kind,) = get_args(self.kind)
        return [self._one(kind, one) for one in value]

    def _one(self, kind: type, value: Any) -> Any:
        if isinstance(value, kind):
            return value
        if isinstance(value, str) and issubclass(kind, Enum):
            return kind(value)
        if isinstance(value, str) and kind in (int, float):
            number = kind(value)
            if self.low <= number <= self.high:
                return number
        raise ValueError


class _PlainOption(_Plain, TyperOption):
    pass


class _PlainArgument(_Plain, TyperArgument):
    pass


class _HasPlain:
    """A command whose parameters are plain."""

    callback: Any

    def get_params(self, ctx: Any) -> list[Any]:
        return [self._plain(made) for made in super().get_params(ctx)]  # type: ignore[misc] # Typer's

    def _plain(self, made: Any) -> Any:
        # The parser and what processes the values have to see the same object.
        if made.name not in self._known:
            cls = _PlainOption if isinstance(made, TyperOption) else _PlainArgument
            self._known[made.name] = cls(made, self._annotations.get(made.name))
        return self._known[made.name]

    @cached_property
    def _known(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _annotations(self) -> dict[str, Any]:
        if self.callback is None:
            return {}
        parameters = inspect.signature(self.callback, eval_str=True).parameters
        return {name: parameter.annotation for name, parameter in parameters.items()}


class Command(_HasPlain, TyperCommand):
    """A command that does not load pydantic for values that are plain."""


class Group(_HasPlain, TyperGroup):
    """A group of commands, likewise."""
