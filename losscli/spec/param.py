"""Settings of a loss: what each may be, from text and from Python."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias

import numpy as np

from losscli.domain import ANY, Interval
from losscli.errors import ParameterError


class Required(Enum):
    """The default of a parameter that has none; only a user's own loss has such parameters."""

    REQUIRED = "required"

    def __repr__(self) -> str:
        return self.value


REQUIRED = Required.REQUIRED
Value: TypeAlias = float | int | bool | str | tuple[float, ...] | Required | None


@dataclass(frozen=True, slots=True)
class Param:
    """An argument that is a setting: one value for the whole run.

    ``kind`` is ``float``, ``int``, ``bool``, ``str`` (one of ``choices``, if there are any),
    ``vector``, or ``any`` of these where nobody said which; ``size`` is the axis a vector runs
    along, or an int points into: ``C`` classes, ``K`` the columns of a row.
    """

    name: str
    kind: Literal["float", "int", "bool", "str", "vector", "any"]
    default: Value
    optional: bool
    interval: Interval
    help: str
    choices: tuple[str, ...] = ()
    size: str = ""

    def check(self, loss: str, value: object) -> Value:
        """The value as this parameter stores it, or a :class:`ParameterError`."""
        if (value is None and self.optional) or (value is REQUIRED and self.default is REQUIRED):
            return typing.cast(Value, value)
        try:
            clean = self._convert(value)
        except (TypeError, ValueError, OverflowError):
            raise self._error(loss, value, f"it must be {self.describe()}") from None
        for number in clean if isinstance(clean, tuple) else (clean,):
            if isinstance(number, int | float) and number not in self.interval:
                raise self._error(loss, value, f"it must be {self.describe()}")
        return clean

    def _convert(self, value: Any) -> Value:
        if self.kind == "any" and isinstance(value, bool | int | float | str):
            return value
        if self.kind in ("vector", "any"):
            vector = np.atleast_1d(np.asarray(value, dtype=np.float64))
            if vector.ndim > 1:
                raise ValueError
            return tuple(vector.tolist())
        if self.kind == "str":
            if not isinstance(value, str) or (self.choices and value not in self.choices):
                raise ValueError
            return value
        if self.kind == "bool":
            if not isinstance(value, bool | np.bool_):
                raise TypeError
            return bool(value)
        if isinstance(value, bool | str):
            raise TypeError
        if self.kind == "int":
            if int(value) != value:
                raise ValueError
            return int(value)
        return float(value)

    def parse(self, loss: str, text: str) -> Value:
        """The value that an option's text stands for: ``2``, ``1,2,3``, ``none``.

        Raises:
            ParameterError: it is not what this parameter takes.
        """
        if self.optional and text.strip().casefold() == "none":
            return None
        if self.kind == "any":
            return self.check(loss, _guess(text))
        try:
            if self.kind == "vector":
                return self.check(loss, [float(part) for part in text.split(",")])
            numeric = {"float": float, "int": int}.get(self.kind, str)
            return self.check(loss, numeric(text))
        except ValueError:
            raise self._error(loss, text, f"it must be {self.describe()}") from None

    def _error(self, loss: str, value: object, problem: str) -> ParameterError:
        return ParameterError(f"{loss}: {self.name} = {format_value(value)}: {problem}")

    def describe(self) -> str:
        """What the value may be, in words: ``a number in (0, inf)``."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "str":
            return " or ".join(self.choices) or "text"
        if self.kind == "any":
            return "a number, a list of numbers or text"
        noun = {"float": "a number", "int": "a whole number", "vector": "a list of numbers"}[
            self.kind
        ]
        return noun if self.interval == ANY else f"{noun} in {self.interval}"


def _guess(text: str) -> float | int | bool | str | list[float]:
    """What a text most likely stands for where no type was declared."""
    word = text.strip().casefold()
    if word in ("true", "false"):
        return word == "true"
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return text


def format_value(value: object) -> str:
    """A parameter's value as it stands in a spec string; :func:`parse` reads it back."""
    if isinstance(value, tuple):
        return "[" + ", ".join(format_value(v) for v in value) + "]"
    return repr(value)
