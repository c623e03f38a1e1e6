"""What a configuration file may say: the options of a command, in TOML.

A key is the name of an option, its type that of the option. Nothing is declared twice, so a new
option of ``losscli check`` is a new key at once.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from losscli.cli.gating import InFile

# An option that takes one of these is about a file, which a configuration names from its own
# folder.
_PATHS = ("FILE", "PATH")


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name in the file, the argument it stands for, and what its value may be."""

    name: str
    argument: str
    kind: type
    is_list: bool
    is_path: bool
    takes_pairs: bool
    takes_number: bool

    def read(self, value: Any) -> Any:
        """The value as the command line would give it.

        Raises:
            ValueError: it is of another type; says what it should be.
        """
        if not self.is_list:
            return self._one(value)
        if self.takes_pairs and isinstance(value, dict):
            return [f"{name}={self._text(item)}" for name, item in value.items()]
        return [self._one(item) for item in (value if isinstance(value, list) else [value])]

    def _one(self, value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.kind is float and is_number:
            return float(value)
        if self.kind is str and self.takes_number and is_number:
            return repr(value)
        if issubclass(self.kind, Enum):
            if value in [one.value for one in self.kind]:
                return self.kind(value)
        elif type(value) is self.kind:
            return value
        raise ValueError(self.describe())

    @staticmethod
    def _text(value: Any) -> str:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return ",".join(value)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
        raise ValueError(
            "must have texts or numbers as values, and quotes around a key with a point in it"
        )

    def describe(self) -> str:
        """What the value must be, in words."""
        if issubclass(self.kind, Enum):
            return f"must be {' or '.join(repr(one.value) for one in self.kind)}"
        one = _NOUNS[self.kind] + (" or a number" if self.takes_number else "")
        if not self.is_list:
            return f"must be {one}"
        return f"must be {one} or a list of them" + (", or a table" if self.takes_pairs else "")


_NOUNS = {str: "a text", float: "a number", int: "a whole number", bool: "true or false"}


def keys_of(command: Callable[..., Any], *, without: tuple[str, ...] = ()) -> dict[str, Key]:
    """The options of a command, or of what makes a value of some, as keys by name."""
    found = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if parameter.name not in without:
            key = _key(parameter.name, parameter.annotation)
            found[key.name] = key
    return found


def _key(argument: str, annotation: Any) -> Key:
    declared, *notes = typing.get_args(annotation)
    option = next(note for note in notes if hasattr(note, "param_decls"))
    own = next((note for note in notes if isinstance(note, InFile)), InFile())
    kind, is_list = _kind(declared)
    # Inside Annotated the first flag is where a default would be.
    declarations = (option.default, *(option.param_decls or ()))
    flags = [text for text in declarations if isinstance(text, str) and text.startswith("--")]
    name = flags[0].split("/")[0].removeprefix("--") if flags else argument.replace("_", "-")
    metavar = option.metavar or ""
    return Key(
        name=name,
        argument=argument,
        kind=kind,
        is_list=is_list,
        is_path=metavar in _PATHS,
        takes_pairs=is_list and "=" in metavar,
        takes_number=own.number,
    )


def _kind(declared: Any) -> tuple[type, bool]:
    """The type of one value, and whether there may be several."""
    if isinstance(declared, types.UnionType):
        (declared,) = [one for one in typing.get_args(declared) if one is not types.NoneType]
    if typing.get_origin(declared) is list:
        return typing.get_args(declared)[0], True
    return declared, False


def defaults_of(command: Callable[..., Any]) -> Mapping[str, Any]:
    """What each option is when nobody says."""
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters}
